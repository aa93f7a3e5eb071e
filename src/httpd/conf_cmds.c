/* SPDX-License-Identifier: Apache-2.0 */
/* The directives (DESIGN §8) and where each may stand:
 *   S  the server or a virtual host                        RSRC_CONF
 *   P  the same, and inside <SSOProvider>                  RSRC_CONF
 *   D  <Location>, <Directory>, <If> …, never .htaccess    ACCESS_CONF
 * None of them has an OR_* bit, so no .htaccess file can hold one. */
#include "httpd/cmd.h"

#define IN_SERVER(member) ((void *)APR_OFFSETOF(mod_sso_conf_t, member))
#define IN_PROVIDER(member) ((void *)APR_OFFSETOF(mod_sso_provider_conf_t, member))

#define S RSRC_CONF
#define P RSRC_CONF
#define D ACCESS_CONF

const command_rec mod_sso_conf_cmds[] = {
    /* who signs people in */
    AP_INIT_RAW_ARGS("<SSOProvider", mod_sso_cmd_section, NULL, S, "a named provider and our client there"),
    AP_INIT_TAKE1("SSOUse", mod_sso_cmd_use, NULL, D, "the provider of this location"),
    AP_INIT_TAKE1("SSOIssuer", mod_sso_cmd_provider_text, IN_PROVIDER(issuer), P, "the provider's issuer URL"),
    AP_INIT_TAKE_ARGV("SSOPreset", mod_sso_cmd_preset, NULL, P, "a known provider and its tenant"),
    AP_INIT_TAKE2("SSOEndpoint", mod_sso_cmd_endpoint, NULL, P, "one endpoint's URL, or none"),
    AP_INIT_TAKE1("SSOClientID", mod_sso_cmd_provider_text, IN_PROVIDER(client_id), P, "our client id there"),
    AP_INIT_TAKE1("SSOClientSecret", mod_sso_cmd_provider_text, IN_PROVIDER(client_secret), P,
                  "our client secret: VALUE, file:PATH or exec:COMMAND"),
    AP_INIT_TAKE1("SSOClientAuth", mod_sso_cmd_client_auth, NULL, P, "how we authenticate at the token endpoint"),
    AP_INIT_TAKE12("SSOClientKey", mod_sso_cmd_client_key, NULL, P, "private key (PEM) for private_key_jwt and its id"),
    AP_INIT_TAKE2("SSOClientCertificate", mod_sso_cmd_client_certificate, NULL, P,
                  "certificate and key (PEM) for mutual TLS"),
    AP_INIT_TAKE_ARGV("SSOScope", mod_sso_cmd_scope, NULL, P, "what we ask for"),
    AP_INIT_TAKE2("SSOAuthParam", mod_sso_cmd_auth_param, NULL, P | D, "one more parameter of the login request"),
    AP_INIT_TAKE12("SSOResponseType", mod_sso_cmd_response_type, NULL, P,
                  "code, id_token or \"code id_token\"; form_post behind it has a code posted too"),
    AP_INIT_TAKE_ARGV("SSOSigningAlgs", mod_sso_cmd_signing_algs, NULL, P, "signature algorithms we accept"),
    AP_INIT_TAKE_ARGV("SSOAudience", mod_sso_cmd_audience, NULL, P, "audiences we accept beside the client id"),
    AP_INIT_TAKE1("SSOClockSkew", mod_sso_cmd_clock_skew, NULL, P, "how far clocks may differ"),
    AP_INIT_TAKE1("SSOMaxAge", mod_sso_cmd_max_age, NULL, P | D, "how old the sign-in at the provider may be"),
    AP_INIT_TAKE_ARGV("SSORequireACR", mod_sso_cmd_require_acr, NULL, P | D, "authentication levels, one is needed"),
    AP_INIT_TAKE1("SSORedirectURI", mod_sso_cmd_provider_text, IN_PROVIDER(redirect_uri), P,
                  "where the provider sends people back to: a path or a URL"),
    AP_INIT_TAKE_ARGV("SSOCookie", mod_sso_cmd_cookie, NULL, P, "name and attributes of the session cookie"),
    AP_INIT_TAKE1("SSORefresh", mod_sso_cmd_refresh, NULL, P, "off, or seconds before a passed token expires"),
    AP_INIT_TAKE13("SSORemoteUser", mod_sso_cmd_remote_user, NULL, P | D, "the claim that becomes REMOTE_USER"),
    AP_INIT_TAKE12("SSOBearerIssuer", mod_sso_cmd_bearer_issuer, NULL, P | D, "whose bearer tokens count"),
    AP_INIT_TAKE_ARGV("SSOBearerAudience", mod_sso_cmd_bearer_audience, NULL, P | D, "for whom they must be made"),
    AP_INIT_FLAG("SSOIntrospect", mod_sso_cmd_introspect, NULL, P | D, "On: ask the provider about opaque tokens"),
    AP_INIT_TAKE1("SSOMaxCalls", mod_sso_cmd_max_calls, NULL, P, "calls to the provider at a time"),

    /* the server */
    AP_INIT_TAKE1("SSOLoginPath", mod_sso_cmd_path, IN_SERVER(login_path), S, "path that starts a login"),
    AP_INIT_TAKE1("SSOLogoutPath", mod_sso_cmd_path, IN_SERVER(logout_path), S, "path that signs out"),
    AP_INIT_TAKE1("SSOBasePath", mod_sso_cmd_path, IN_SERVER(base_path), S, "folder of our own endpoints"),
    AP_INIT_TAKE1("SSOKeyFile", mod_sso_cmd_file, IN_SERVER(key_file), S, "keys that seal sessions"),
    AP_INIT_TAKE1("SSOStateDir", mod_sso_cmd_file, IN_SERVER(state_dir), S, "directory of made keys and metadata"),
    AP_INIT_TAKE1("SSOSessionStore", mod_sso_cmd_session_store, NULL, S, "cookie or cache"),
    AP_INIT_TAKE1("SSOCache", mod_sso_cmd_cache, NULL, S, "shared cache, as in SSLSessionCache"),
    AP_INIT_TAKE2("SSOSessionTimeout", mod_sso_cmd_session_timeout, NULL, S, "idle time and longest time of a session"),
    AP_INIT_TAKE_ARGV("SSOSessionClaims", mod_sso_cmd_session_claims, NULL, S, "claims that are kept"),
    AP_INIT_ITERATE("SSOTrustedProxy", mod_sso_cmd_trusted_proxy, NULL, S, "whose X-Forwarded-* headers count"),
    AP_INIT_ITERATE("SSOAllowReturn", mod_sso_cmd_allow_return, NULL, S, "more hosts to come back to"),
    AP_INIT_ITERATE("SSOAllowOrigin", mod_sso_cmd_allow_origin, NULL, S, "origins whose scripts may call us"),
    AP_INIT_TAKE1("SSOOutgoingProxy", mod_sso_cmd_outgoing_proxy, NULL, S, "proxy for calls to the provider"),
    AP_INIT_TAKE1("SSOCAFile", mod_sso_cmd_file, IN_SERVER(ca_file), S, "CA certificates (PEM) for these calls"),
    AP_INIT_TAKE2("SSOTimeout", mod_sso_cmd_timeout, NULL, S, "seconds to connect, seconds for a whole call"),
    AP_INIT_TAKE1("SSOErrorPage", mod_sso_cmd_file, IN_SERVER(error_page), S, "a page of your own for errors"),
    AP_INIT_FLAG("SSODevelopment", mod_sso_cmd_development, NULL, S, "On: http on loopback hosts is allowed"),
    AP_INIT_TAKE1("SSOMintKey", mod_sso_cmd_file, IN_SERVER(mint_key), S, "RSA key (PEM) that signs minted tokens"),

    /* a location */
    AP_INIT_TAKE1("SSOClaimPrefix", mod_sso_cmd_claim_prefix, NULL, D, "prefix of automatic headers, or none"),
    AP_INIT_TAKE2("SSOClaimHeader", mod_sso_cmd_claim_header, NULL, D, "a claim and the header that carries it"),
    AP_INIT_ITERATE("SSOHeaders", mod_sso_cmd_headers, NULL, D, "headers that a known application reads"),
    AP_INIT_TAKE1("SSOClaimEnv", mod_sso_cmd_claim_env, NULL, D, "prefix of environment variables, or none"),
    AP_INIT_TAKE1("SSOClaimFormat", mod_sso_cmd_claim_format, NULL, D, "utf8, percent or base64url"),
    AP_INIT_TAKE1("SSOClaimDelimiter", mod_sso_cmd_claim_delimiter, NULL, D, "what stands between a list's values"),
    AP_INIT_TAKE12("SSOPassToken", mod_sso_cmd_pass_token, NULL, D, "id, access, minted or none, and the header"),
    AP_INIT_TAKE12("SSOAccept", mod_sso_cmd_accept, NULL, D, "session, bearer or both"),
    AP_INIT_TAKE12("SSOUnauthenticated", mod_sso_cmd_unauthenticated, NULL, D, "what happens without a session"),
    AP_INIT_TAKE12("SSOStepUp", mod_sso_cmd_step_up, NULL, D, "ask again for this level"),
    AP_INIT_TAKE_ARGV("SSOMintAudience", mod_sso_cmd_mint_audience, NULL, D, "for whom tokens are minted"),
    AP_INIT_TAKE1("SSOMintLifetime", mod_sso_cmd_mint_lifetime, NULL, D, "how long minted tokens live"),
    AP_INIT_TAKE2("SSOMintClaim", mod_sso_cmd_mint_claim, NULL, D, "a name in minted tokens and its claim"),
    AP_INIT_TAKE12("SSOBridge", mod_sso_cmd_bridge, NULL, D, "answer the login calls of a known application"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};

/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of one provider (DESIGN rule 8): from what the directives say to what the module runs with. */
#include "httpd/conf_check.h"

#include <apr_strings.h>
#include <sys/stat.h>

#include "base/text.h"
#include "httpd/secretfile.h"

#define WELL_KNOWN "/.well-known/openid-configuration"

int mod_sso_check_scheme(mod_sso_check_t *ck, const char *directive, const mod_sso_provider_conf_t *conf,
                         const char *text, const sso_url_t *url)
{
    int loopback = sso_url_host_is_loopback(url->host);
    if (strcmp(url->scheme, "https") == 0 || (ck->site->development && loopback))
        return 1;
    if (loopback)
        mod_sso_check_fail(ck, "SSO132", directive, conf,
                           "\"%s\" is http; write https, or SSODevelopment On while you "
                           "develop on this machine",
                           text);
    else
        mod_sso_check_fail(ck, "SSO133", directive, conf,
                           "\"%s\" is http, so anybody on the way could read and change "
                           "logins; write https",
                           text);
    return 0;
}

/* Names that documentation leaves for the reader to replace. A host of RFC 2606 (example.com) is not refused: it may be
 * an alias of a test bench, and cannot be reached otherwise. */
static int is_sample_host(const char *host)
{
    return strncmp(host, "your-", 5) == 0 || strncmp(host, "your.", 5) == 0 || strstr(host, "yourdomain") != NULL ||
           strstr(host, "your-domain") != NULL || strstr(host, "yourtenant") != NULL ||
           strstr(host, "your-tenant") != NULL;
}

static int same_host(apr_pool_t *pool, const char *a, const char *b)
{
    sso_url_t one, other;
    sso_err_t err = SSO_ERR_INIT;
    return sso_url_parse(pool, a, &one, &err) == SSO_OK && sso_url_parse(pool, b, &other, &err) == SSO_OK &&
           strcmp(one.host, other.host) == 0;
}

/* Tenants that are listed: metadata for all of Entra's tenants, tokens of these alone. SSOIssuer beside them is that of
 * a cloud of its own (login.microsoftonline.us). */
static const char *issuer_of_tenants(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    apr_array_header_t *tenants = NULL;
    const char *error = NULL;
    const char *whose = mod_sso_preset_tenants(ck->pconf, provider->conf->preset_args, &tenants, &error);
    if (error) {
        mod_sso_check_fail(ck, "SSO182", "SSOPreset", provider->conf, "%s", error);
        return NULL;
    }
    const char *issuer = provider->conf->issuer;
    if (!issuer)
        issuer = apr_pstrcat(ck->pconf, "https://login.microsoftonline.com/", whose, "/v2.0", NULL);
    provider->client.tenants = tenants;
    provider->client.tenant_issuer = mod_sso_preset_tenant_issuer(ck->pconf, issuer);
    provider->settings.issuer_template = provider->client.tenant_issuer;
    if (!provider->client.tenant_issuer) {
        mod_sso_check_fail(ck, "SSO183", "SSOIssuer", provider->conf,
                           "\"%s\" is not that of many tenants; beside a list of tenants write one like "
                           "https://login.microsoftonline.us/organizations/v2.0, or leave it out",
                           issuer);
        return NULL;
    }
    return issuer;
}

/* A preset's argument with an issuer on another host is a domain of one's own at that provider. On the same host it is
 * a slip of the pen, such as a slash too many, which the provider's metadata would fail on. */
static const char *preset_or_issuer(mod_sso_check_t *ck, mod_sso_provider_t *provider, const mod_sso_preset_t *preset)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    const char *error = NULL;
    if (!preset)
        return conf->issuer;
    const char *why = conf->preset_arg ? mod_sso_check_sample(ck->ptemp, conf->preset_arg, 0) : NULL;
    if (why) {
        mod_sso_check_fail(ck, "SSO152", "SSOPreset", conf, "\"%s\" %s; write for example %s", conf->preset_arg, why,
                           preset->example);
        return NULL;
    }
    if (conf->preset_args)
        return issuer_of_tenants(ck, provider);
    if (conf->issuer && !conf->preset_arg)
        return conf->issuer; /* the preset's knowledge with an issuer of one's own */
    const char *issuer = mod_sso_preset_issuer(ck->pconf, preset, conf->preset_arg, &error);
    if (error) {
        mod_sso_check_fail(ck, "SSO153", "SSOPreset", conf, "%s", error);
        return NULL;
    }
    if (!conf->issuer || strcmp(conf->issuer, issuer) == 0)
        return issuer;
    if (same_host(ck->ptemp, conf->issuer, issuer)) {
        mod_sso_check_fail(ck, "SSO151", "SSOIssuer", conf,
                           "\"%s\" contradicts SSOPreset %s, whose issuer is \"%s\"; keep "
                           "one of the two",
                           conf->issuer, preset->name, issuer);
        return NULL;
    }
    mod_sso_check_warn(ck, "SSO170", "SSOIssuer",
                       "\"%s\" counts, not \"%s\" of SSOPreset %s; with a domain of your own write the preset "
                       "without its argument (%s)",
                       conf->issuer, issuer, preset->name, conf->where);
    return conf->issuer;
}

/* OIDC Discovery 4.3 compares the issuer byte by byte, so a wrong one can be told before anybody signs in. */
static int check_issuer(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *issuer)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    const char *why = strpbrk(issuer, "{}<>") ? "still holds a placeholder in brackets" : NULL;
    if (!why && strpbrk(issuer, " \t"))
        why = "holds a blank";
    if (why) {
        mod_sso_check_fail(ck, "SSO135", "SSOIssuer", conf,
                           "\"%s\" %s; write your provider's issuer URL as its console "
                           "shows it",
                           issuer, why);
        return 0;
    }
    if (!strstr(issuer, "://")) {
        mod_sso_check_fail(ck, "SSO131", "SSOIssuer", conf,
                           "\"%s\" is no URL; write the whole issuer like https://%s, or "
                           "SSOPreset onelogin, auth0, ... with the domain",
                           issuer, issuer);
        return 0;
    }
    if (sso_url_parse(ck->ptemp, issuer, &url, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO131", "SSOIssuer", conf, "\"%s\" is not an https URL (%s)", issuer, err.detail);
        return 0;
    }
    if (url.query || url.fragment) {
        mod_sso_check_fail(ck, "SSO134", "SSOIssuer", conf,
                           "\"%s\" has a %s; an issuer has none (OIDC Discovery 2). Write "
                           "it without",
                           issuer, url.query ? "query" : "fragment");
        return 0;
    }
    apr_size_t len = strlen(issuer), n = strlen(WELL_KNOWN);
    if (len > n && strcmp(issuer + len - n, WELL_KNOWN) == 0) {
        mod_sso_check_fail(ck, "SSO136", "SSOIssuer", conf,
                           "\"%s\" is the address of the metadata; write the member "
                           "\"issuer\" of that document, probably %.*s",
                           issuer, (int)(len - n), issuer);
        return 0;
    }
    if (is_sample_host(url.host)) {
        mod_sso_check_fail(ck, "SSO135", "SSOIssuer", conf,
                           "\"%s\" is a sample of documentation; write your provider's "
                           "issuer URL as its console shows it",
                           issuer);
        return 0;
    }
    return mod_sso_check_scheme(ck, "SSOIssuer", conf, issuer, &url);
}

static int check_jwks_file(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *path)
{
    struct stat st;
    if (path[0] == '/' && stat(path, &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & S_IWOTH))
        return 1;
    mod_sso_check_fail(ck, "SSO139", "SSOEndpoint", conf,
                       "jwks \"file:%s\" must name a regular file by its full path that "
                       "not everybody can write",
                       path);
    return 0;
}

/* {client_id} {return_to} {id_token} of an end_session template as plain text, so that the rest can be read as a URL.
 */
static const char *fill_template(apr_pool_t *pool, const char *text)
{
    static const char *const names[] = {"{client_id}", "{return_to}", "{id_token}"};
    for (int i = 0; i < 3; i++) {
        const char *at;
        while ((at = strstr(text, names[i])))
            text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), "x", at + strlen(names[i]),
                               NULL);
    }
    return text;
}

static int check_endpoint(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *name, const char *text)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    if (!text || strcmp(text, "none") == 0)
        return 1;
    if (strcmp(name, "jwks") == 0 && strncmp(text, "file:", 5) == 0)
        return check_jwks_file(ck, conf, text + 5);
    const char *plain = strcmp(name, "end_session") == 0 ? fill_template(ck->ptemp, text) : text;
    if (strpbrk(plain, "{}<> \t")) {
        mod_sso_check_fail(ck, "SSO138", "SSOEndpoint", conf,
                           "%s \"%s\" still holds a placeholder or a blank; write the URL "
                           "of your provider's metadata",
                           name, text);
        return 0;
    }
    if (sso_url_parse(ck->ptemp, plain, &url, &err) != SSO_OK || url.fragment) {
        mod_sso_check_fail(ck, "SSO137", "SSOEndpoint", conf, "%s \"%s\" is not an https URL without a fragment%s%s",
                           name, text, err.detail[0] ? ": " : "", err.detail);
        return 0;
    }
    return mod_sso_check_scheme(ck, "SSOEndpoint", conf, text, &url);
}

static int check_settings(mod_sso_check_t *ck, mod_sso_provider_t *provider, const mod_sso_preset_t *preset)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_provider_settings_t *set = &provider->settings;
    int good = 1;
    const struct {
        const char *name;
        const char *text;
        const char **member;
    } all[] = {{"authorization", conf->authorization_endpoint, &set->authorization_endpoint},
               {"token", conf->token_endpoint, &set->token_endpoint},
               {"userinfo", conf->userinfo_endpoint, &set->userinfo_endpoint},
               {"jwks", conf->jwks_uri, &set->jwks_uri},
               {"end_session", conf->end_session_endpoint, &set->end_session_endpoint},
               {"revocation", conf->revocation_endpoint, &set->revocation_endpoint},
               {"introspection", conf->introspection_endpoint, &set->introspection_endpoint},
               {"par", conf->par_endpoint, &set->par_endpoint}};
    for (apr_size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        good = check_endpoint(ck, conf, all[i].name, all[i].text) && good;
        *all[i].member = all[i].text;
    }
    if (preset) {
        set->logout_path = preset->logout_path;
        set->logout_no_hint = preset->logout_no_hint;
    }
    set->allow_http_loopback = ck->site->development;
    set->needs_code = provider->client.response_type != SSO_RESPONSE_ID_TOKEN;
    if (set->needs_code && conf->token_endpoint && strcmp(conf->token_endpoint, "none") == 0) {
        mod_sso_check_fail(ck, "SSO168", "SSOEndpoint", conf,
                           "token none leaves nothing to redeem a code at; write the URL, "
                           "or SSOResponseType id_token");
        good = 0;
    }
    return good;
}

static int check_client_id(mod_sso_check_t *ck, const mod_sso_provider_t *provider)
{
    const char *id = provider->client.client_id;
    if (!id) {
        mod_sso_check_fail(ck, "SSO140", "SSOClientID", provider->conf,
                           "is missing; write SSOClientID with the client id the provider's console shows for this "
                           "application");
        return 0;
    }
    const char *why = mod_sso_check_sample(ck->ptemp, id, 0);
    if (why)
        mod_sso_check_fail(ck, "SSO141", "SSOClientID", provider->conf,
                           "\"%s\" %s; write the client id the provider's "
                           "console shows",
                           id, why);
    return why == NULL;
}

static int load_client_key(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_err_t err = SSO_ERR_INIT;
    const char *pem;
    apr_size_t len;
    if (!conf->client_key)
        return 1;
    if (mod_sso_secretfile_read(ck->pconf, conf->client_key, 64 * 1024, &pem, &len, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO163", "SSOClientKey", conf, "%s", err.detail);
        return 0;
    }
    if (sso_jwk_from_pem(ck->pconf, pem, len, conf->client_key_id, &provider->client.key, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO164", "SSOClientKey", conf, "%s is not a usable private key in PEM: %s",
                           conf->client_key, err.detail);
        return 0;
    }
    provider->client.key_id = conf->client_key_id;
    return 1;
}

/* RFC 8705 2. Read here so that `httpd -t` says what is wrong; fetch.c keeps both for the calls. */
static int check_certificate(mod_sso_check_t *ck, const mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_err_t err = SSO_ERR_INIT;
    const sso_jwk_t *key = NULL;
    apr_file_t *file;
    const char *pem;
    apr_size_t len;
    char text[64 * 1024];

    if (mod_sso_secretfile_read(ck->ptemp, conf->client_certificate_key, sizeof(text), &pem, &len, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO347", "SSOClientCertificate", conf, "%s", err.detail);
        return 0;
    }
    if (sso_jwk_from_pem(ck->ptemp, pem, len, NULL, &key, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO347", "SSOClientCertificate", conf, "%s is not a usable private key in PEM: %s",
                           conf->client_certificate_key, err.detail);
        return 0;
    }
    len = 0;
    if (apr_file_open(&file, conf->client_certificate, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, ck->ptemp) ==
        APR_SUCCESS) {
        (void)apr_file_read_full(file, text, sizeof(text) - 1, &len);
        (void)apr_file_close(file);
    }
    text[len] = '\0';
    if (strstr(text, "-----BEGIN CERTIFICATE-----"))
        return 1;
    mod_sso_check_fail(ck, "SSO347", "SSOClientCertificate", conf,
                       "%s holds no certificate in PEM; name the certificate (with what leads to its CA) first, its "
                       "key second",
                       conf->client_certificate);
    return 0;
}

static int check_tls(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    provider->settings.mtls = provider->client.auth == SSO_CLIENT_AUTH_TLS ||
                              provider->client.auth == SSO_CLIENT_AUTH_SELF_SIGNED_TLS;
    if (provider->settings.mtls && !conf->client_certificate)
        mod_sso_check_fail(ck, "SSO345", "SSOClientAuth", conf,
                           "%s needs a certificate; write SSOClientCertificate CERTIFICATE KEY",
                           provider->client.auth == SSO_CLIENT_AUTH_TLS ? "tls_client_auth"
                                                                        : "self_signed_tls_client_auth");
    else if (!provider->settings.mtls && conf->client_certificate)
        mod_sso_check_fail(ck, "SSO346", "SSOClientCertificate", conf,
                           "would never be shown; write SSOClientAuth tls_client_auth (or self_signed_tls_client_auth) "
                           "too, or remove it");
    else
        return !provider->settings.mtls || check_certificate(ck, provider);
    return 0;
}

/* Public or confidential, but not both: a secret that is configured and not sent would give a false sense of safety. */
static int check_client_auth(mod_sso_check_t *ck, mod_sso_provider_t *provider, const mod_sso_preset_t *preset)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_client_auth_t auth = provider->client.auth;
    int has_secret = conf->client_secret != NULL;
    if (auth == SSO_CLIENT_AUTH_NONE && has_secret)
        mod_sso_check_fail(ck, "SSO143", "SSOClientAuth", conf,
                           "none says that this is a public client, but SSOClientSecret "
                           "is there; remove one of the two");
    else if ((auth == SSO_CLIENT_AUTH_BASIC || auth == SSO_CLIENT_AUTH_POST || auth == SSO_CLIENT_AUTH_SECRET_JWT) &&
             !has_secret)
        mod_sso_check_fail(ck, "SSO144", "SSOClientAuth", conf,
                           "%s needs a secret; write SSOClientSecret file:PATH, or "
                           "SSOClientAuth none for a public client",
                           auth == SSO_CLIENT_AUTH_BASIC  ? "client_secret_basic"
                           : auth == SSO_CLIENT_AUTH_POST ? "client_secret_post"
                                                          : "client_secret_jwt");
    else if (auth == SSO_CLIENT_AUTH_PRIVATE_KEY_JWT && !conf->client_key)
        mod_sso_check_fail(ck, "SSO145", "SSOClientAuth", conf, "private_key_jwt needs a key; write SSOClientKey FILE");
    else if (preset && preset->needs_secret && !has_secret)
        mod_sso_check_fail(ck, "SSO155", "SSOClientSecret", conf,
                           "is missing; %s knows no client without a secret for web "
                           "servers. Write SSOClientSecret file:PATH",
                           preset->name);
    else
        return check_tls(ck, provider);
    return 0;
}

static int check_algs(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_err_t err = SSO_ERR_INIT;
    provider->client.algs = sso_alg_default_set();
    if (conf->signing_algs &&
        sso_alg_set_parse(ck->ptemp, conf->signing_algs, &provider->client.algs, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO149", "SSOSigningAlgs", conf, "%s", err.detail);
        return 0;
    }
    if ((provider->client.algs & sso_alg_hmac_set()) && !conf->client_secret) {
        mod_sso_check_fail(ck, "SSO150", "SSOSigningAlgs", conf,
                           "\"%s\" names an HS algorithm, whose key is the client "
                           "secret, but there is none; write SSOClientSecret, or "
                           "RS256 or ES256",
                           conf->signing_algs);
        return 0;
    }
    return 1;
}

static int check_scope(mod_sso_check_t *ck, mod_sso_provider_t *provider, const mod_sso_preset_t *preset)
{
    const char *scope = provider->conf->scope;
    if (!scope)
        scope = preset && preset->scope ? preset->scope : "openid profile email";
    provider->client.scope = scope;
    if (preset && preset->no_offline && sso_text_in(sso_text_split(ck->ptemp, scope, 0), "offline_access")) {
        mod_sso_check_fail(ck, "SSO154", "SSOScope", provider->conf, "offline_access makes an error at %s; remove it",
                           preset->name);
        return 0;
    }
    if (preset && preset->no_hybrid && provider->client.response_type == SSO_RESPONSE_CODE_ID_TOKEN) {
        mod_sso_check_fail(ck, "SSO165", "SSOResponseType", provider->conf,
                           "\"code id_token\" is not offered by %s; write "
                           "code",
                           preset->name);
        return 0;
    }
    return 1;
}

static int fail_redirect(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *why)
{
    mod_sso_check_fail(ck, "SSO156", "SSORedirectURI", conf,
                       "\"%s\" %s; write a path like /sso/callback or a whole URL like "
                       "https://%s/sso/callback, as registered at the provider",
                       conf->redirect_uri, why, ck->site->host);
    return 0;
}

static int check_redirect_path(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *path)
{
    if (strpbrk(path, "{}<> \t"))
        return fail_redirect(ck, conf, "still holds a placeholder or a blank");
    if (strpbrk(path, "?#"))
        return fail_redirect(ck, conf, "has a query or fragment, which a redirect URI here cannot have");
    if (strcmp(path, "/") == 0)
        return fail_redirect(ck, conf, "would take the start page of the site");
    if (strpbrk(path, "%\\;*") || strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
        return fail_redirect(ck, conf, "is not a plain path");
    return 1;
}

/* The callback: a path of this server, with or without its origin. */
static int check_redirect(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    const char *text = conf->redirect_uri;
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    if (!text) {
        const char *name = strcmp(provider->name, MOD_SSO_DEFAULT_PROVIDER) == 0 ? "" : provider->name;
        provider->redirect_path = apr_pstrcat(ck->pconf, ck->site->base_path, "callback", *name ? "/" : "", name, NULL);
        return 1;
    }
    if (text[0] == '/' && text[1] != '/') {
        provider->redirect_path = text;
        return check_redirect_path(ck, conf, text);
    }
    if (!strstr(text, "://"))
        return fail_redirect(ck, conf, "is neither a path that begins with a slash nor a URL");
    if (sso_url_parse(ck->pconf, text, &url, &err) != SSO_OK)
        return fail_redirect(ck, conf, apr_psprintf(ck->ptemp, "is not a URL (%s)", err.detail));
    if (url.query || url.fragment)
        return fail_redirect(ck, conf, "has a query or fragment, which a redirect URI here cannot have");
    if (!mod_sso_check_scheme(ck, "SSORedirectURI", conf, text, &url))
        return 0;
    if (ck->involved && !mod_sso_check_is_our_host(ck->site, url.host)) {
        mod_sso_check_fail(
            ck, "SSO157", "SSORedirectURI", conf,
            "\"%s\" has the host \"%s\", which is not a name of this server; write ServerName or ServerAlias "
            "%s here, or the URI of this server",
            text, url.host, url.host);
        return 0;
    }
    provider->redirect_uri = text;
    provider->redirect_path = url.path;
    return check_redirect_path(ck, conf, url.path);
}

static void set_defaults(mod_sso_check_t *ck, mod_sso_provider_t *provider, const mod_sso_preset_t *preset)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_client_t *client = &provider->client;
    client->client_id = conf->client_id;
    client->preset = preset ? preset->name : NULL;
    client->response_type =
        conf->response_type == MOD_SSO_UNSET ? SSO_RESPONSE_CODE : (sso_response_type_t)conf->response_type;
    client->form_post = conf->form_post;
    client->auth = conf->client_auth != MOD_SSO_UNSET ? (sso_client_auth_t)conf->client_auth
                   : conf->client_secret              ? SSO_CLIENT_AUTH_BASIC
                                                      : SSO_CLIENT_AUTH_NONE;
    client->audiences = conf->audiences;
    client->audience_by_azp = preset && preset->audience_by_azp;
    client->groups_delimiter = preset ? preset->groups_delimiter : '\0';
    client->clock_skew = conf->clock_skew == MOD_SSO_UNSET ? 60 : conf->clock_skew;
    provider->demand.max_age = conf->max_age; /* unset is -1, as in the core */
    provider->demand.acrs = conf->acrs;
    provider->auth_params = conf->auth_params;
    provider->remote_user = conf->remote_user;
    if (!provider->remote_user) {
        mod_sso_remote_user_t *sub = apr_pcalloc(ck->pconf, sizeof(*sub));
        sub->claim = "sub";
        provider->remote_user = sub;
    }
}

int mod_sso_check_provider(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    mod_sso_provider_conf_t *conf = apr_pmemdup(ck->pconf, provider->conf, sizeof(*conf));
    const mod_sso_preset_t *preset = conf->preset ? mod_sso_preset_find(conf->preset) : NULL;
    int before = ck->errors;
    provider->conf = conf;
    set_defaults(ck, provider, preset);
    const char *issuer = preset_or_issuer(ck, provider, preset);
    if (issuer && check_issuer(ck, conf, issuer))
        provider->settings.issuer = issuer;
    else if (!issuer && !preset)
        mod_sso_check_fail(ck, "SSO130", "SSOIssuer", conf,
                           "is missing; write SSOIssuer with your provider's issuer URL, or "
                           "SSOPreset with one of %s",
                           mod_sso_preset_names(ck->ptemp));
    check_algs(ck, provider);
    check_settings(ck, provider, preset);
    if (check_client_auth(ck, provider, preset))
        mod_sso_check_secret(ck, provider);
    check_client_id(ck, provider);
    load_client_key(ck, provider);
    check_scope(ck, provider, preset);
    check_redirect(ck, provider);
    mod_sso_check_bearers(ck, provider);
    return ck->errors == before;
}

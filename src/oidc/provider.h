/* SPDX-License-Identifier: Apache-2.0 */
/* What we know of an OpenID provider: its metadata (OIDC Discovery 1.0, RFC 8414) under the operator's explicit
 * settings. Plain data, read-only once made, lives in the pool it was made in. */
#ifndef SSO_OIDC_PROVIDER_H
#define SSO_OIDC_PROVIDER_H

#include <apr_pools.h>

#include "base/err.h"
#include "jose/alg.h"

#define SSO_PROVIDER_METADATA_MAX (256 * 1024)

/* What the operator set; wins over metadata. NULL = take it from metadata, "none" = we act as if it had none. */
typedef struct sso_provider_settings_t {
    const char *issuer; /* exact; required */
    const char *issuer_template; /* what the metadata of many tenants says instead, NULL: it says the issuer */
    const char *logout_path;     /* where the metadata names no end-session endpoint: a path, or a template of one, at
                                  * the authorization endpoint's origin; NULL: there is none */
    const char *logout_no_hint;  /* the same for a logout without ID Token, NULL: as with one */
    const char *authorization_endpoint;
    const char *token_endpoint;
    const char *userinfo_endpoint;
    const char *jwks_uri; /* also file:/path */
    const char *end_session_endpoint; /* may be a template with {client_id} {return_to} {id_token} */
    const char *revocation_endpoint;
    const char *introspection_endpoint;
    const char *par_endpoint;
    int allow_http_loopback; /* SSODevelopment, or the operator named such an address for keys alone */
    int keys_only;           /* nobody signs in there: only jwks_uri is required */
    int needs_code;          /* the response type in use has a code: a token endpoint is required */
    int mtls;                /* we authenticate by TLS certificate: mtls_endpoint_aliases count (RFC 8705 5) */
} sso_provider_settings_t;

typedef struct sso_provider_t {
    const char *issuer;
    const char *authorization_endpoint;
    const char *token_endpoint;          /* NULL: none */
    const char *userinfo_endpoint;       /* NULL: none */
    const char *jwks_uri;
    const char *end_session_endpoint;    /* NULL: none */
    const char *end_session_no_hint;     /* NULL: the same with and without an ID Token */
    const char *revocation_endpoint;     /* NULL: none */
    const char *introspection_endpoint;  /* NULL: none */
    const char *par_endpoint;            /* NULL: none */
    int iss_parameter;                   /* authorization_response_iss_parameter_supported (RFC 9207 3) */
    int par_required;                    /* require_pushed_authorization_requests (RFC 9126 5) */
    sso_alg_set_t id_token_algs;         /* id_token_signing_alg_values_supported; 0 = not announced */
    sso_alg_set_t token_auth_algs;       /* token_endpoint_auth_signing_alg_values_supported; 0 = not announced */
} sso_provider_t;

/* issuer (one trailing slash dropped) + "/.well-known/openid-configuration" (OIDC Discovery 4.1). */
char *sso_provider_discovery_url(apr_pool_t *pool, const char *issuer);
/* 1 when the settings name authorization, jwks and (if needed) token endpoints, so no metadata is needed. */
int sso_provider_is_static(const sso_provider_settings_t *settings);
/* A provider from settings alone. */
SSO_MUST_USE sso_rc_t sso_provider_from_settings(apr_pool_t *pool, const sso_provider_settings_t *settings,
                                                 const sso_provider_t **ret_provider, sso_err_t *err);
/* A provider from the bytes of a discovery document under the settings. The issuer must be identical (OIDC Discovery
 * 4.3); the detail says so when only a trailing slash differs. Only endpoints we use are checked (https, or http on a
 * loopback host in development; no fragment, RFC 6749 3.1). Unknown members are ignored.
 * Reasons: disc-json, disc-issuer-missing, disc-issuer-mismatch, disc-issuer-slash, disc-issuer-template (Entra's
 * {tenantid}), disc-endpoint-missing, disc-endpoint-type, disc-endpoint-url, disc-endpoint-fragment,
 * disc-response-types, disc-member-type. The class is SSO_E_CONFIG where the operator's own setting is at fault. */
SSO_MUST_USE sso_rc_t sso_provider_from_metadata(apr_pool_t *pool, const sso_provider_settings_t *settings,
                                                 const char *bytes, apr_size_t len,
                                                 const sso_provider_t **ret_provider, sso_err_t *err);

#endif

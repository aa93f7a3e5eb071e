/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the token endpoint and their answers (RFC 6749 3.2, 4.1.3, 5, 6; OIDC Core 3.1.3.1-3, 9). */
#ifndef SSO_OIDC_TOKEN_H
#define SSO_OIDC_TOKEN_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"
#include "oidc/client.h"
#include "oidc/provider.h"

#define SSO_TOKEN_RESPONSE_MAX (1024 * 1024)

/* What src/httpd sends. Holds secrets: never log. */
typedef struct sso_token_request_t {
    const char *body;          /* application/x-www-form-urlencoded */
    const char *authorization; /* value of the Authorization header, NULL: none */
} sso_token_request_t;

/* Client authentication by assertion (RFC 7523, OIDC Core 9): iss = sub = client_id, a fresh jti, five minutes at most.
 * aud is the issuer identifier alone: an assertion whose aud is a URL that a hostile provider may have announced could
 * be replayed at another one (draft-ietf-oauth-rfc7523bis). Only the preset "okta" gets its token endpoint, as
 * it documents. */
#define SSO_TOKEN_ASSERTION_LIFETIME 300

/* A request to any endpoint that asks who we are: `pairs` (name, value, …, NULL) and the client's authentication (RFC
 * 6749 2.3.1: form-encoded id and secret inside Basic; never both Basic and body). Reasons: client-no-secret,
 * client-no-key, client-key-alg, token-request-too-large, and those of jws signing. */
SSO_MUST_USE sso_rc_t sso_token_form_request(const sso_env_t *env, const sso_provider_t *provider,
                                             const sso_client_t *client, const char *const *pairs,
                                             sso_token_request_t *ret_request, sso_err_t *err);
/* The code grant. */
SSO_MUST_USE sso_rc_t sso_token_code_request(const sso_env_t *env, const sso_provider_t *provider,
                                             const sso_client_t *client, const char *code, const char *redirect_uri,
                                             const char *verifier, sso_token_request_t *ret_request, sso_err_t *err);
/* The refresh grant (RFC 6749 6). */
SSO_MUST_USE sso_rc_t sso_token_refresh_request(const sso_env_t *env, const sso_provider_t *provider,
                                                const sso_client_t *client, const char *refresh_token,
                                                sso_token_request_t *ret_request, sso_err_t *err);

typedef struct sso_tokens_t {
    const char *id_token;      /* NULL when absent (only a refresh may leave it out) */
    const char *access_token;
    const char *refresh_token; /* NULL when absent */
    const char *scope;         /* NULL when absent */
    apr_int64_t expires_in;    /* seconds, > 0; -1: not said, or not usable (zero, negative, overflow, no number) */
} sso_tokens_t;

/* Parses an answer (content_type "" or NULL: absent): status must be 200 and JSON of one object; token_type Bearer
 * (case-insensitive). An OAuth error body, whatever its status, becomes SSO_E_PROVIDER with reason token-<error> for
 * the registered codes (token-invalid-grant, token-invalid-client, token-unauthorized-client, …), token-error
 * otherwise. Reasons besides: token-status, token-content-type, token-json, token-type, token-no-access-token,
 * token-no-id-token, token-member-type, token-characters. */
SSO_MUST_USE sso_rc_t sso_token_parse(apr_pool_t *pool, int status, const char *content_type, const char *bytes,
                                      apr_size_t len, int need_id_token, sso_tokens_t *ret_tokens, sso_err_t *err);

/* 1 for application/json, text/json and application/…+json, with or without parameters. */
int sso_token_is_json_type(const char *content_type);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization request (OIDC Core 3.1.2.1, RFC 7636 4.3, RFC 6749 4.1.1). Always state, nonce and PKCE S256,
 * whatever the provider announces (RFC 9700 2.1.1). */
#ifndef SSO_OIDC_AUTHREQ_H
#define SSO_OIDC_AUTHREQ_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/err.h"
#include "base/url.h"
#include "oidc/client.h"
#include "oidc/provider.h"
#include "oidc/state.h"
#include "oidc/token.h"

#define SSO_AUTHREQ_URL_MAX 8000 /* servers and proxies refuse longer request lines */

typedef struct sso_authreq_t {
    const char *redirect_uri;
    const char *state;
    const sso_flow_secrets_t *secrets;
    const char *prompt;        /* NULL: none */
    int max_age;               /* -1: none */
    const char *acr_values;    /* NULL: none */
    const char *login_hint;    /* NULL: none */
    const apr_array_header_t *extra; /* sso_param_t, SSOAuthParam; never one of our own names; may be NULL */
} sso_authreq_t;

/* 1 when the answer shall be posted (response_mode=form_post): an ID Token always, a code where the operator wants
 * it. */
int sso_authreq_is_posted(const sso_client_t *client);
/* The URL to send the browser to. The endpoint's own query is kept. An extra parameter this request sets itself
 * (prompt, max_age, acr_values, login_hint) is left out. Reasons: authreq-reserved, authreq-too-long. */
SSO_MUST_USE sso_rc_t sso_authreq_url(apr_pool_t *pool, const sso_provider_t *provider, const sso_client_t *client,
                                      const sso_authreq_t *request, char **ret_url, sso_err_t *err);
/* The same request for the provider's own ears (RFC 9126 2.1), to be sent to its PAR endpoint: nothing of it passes
 * through the browser, and nobody can have changed it. Reasons: authreq-par-required (there is no such endpoint), those
 * above but authreq-too-long, and those of sso_token_form_request. */
SSO_MUST_USE sso_rc_t sso_authreq_push(const sso_env_t *env, const sso_provider_t *provider,
                                       const sso_client_t *client, const sso_authreq_t *request,
                                       sso_token_request_t *ret_request, sso_err_t *err);

#define SSO_AUTHREQ_ANSWER_MAX (64 * 1024)

typedef struct sso_authreq_answer_t {
    int status;
    const char *content_type;
    const char *bytes;
    apr_size_t len;
} sso_authreq_answer_t;

/* The URL to send the browser to after that: client_id and request_uri, nothing else (RFC 9126 4).
 * Reasons: par-refused, par-answer, authreq-too-long. */
SSO_MUST_USE sso_rc_t sso_authreq_pushed_url(apr_pool_t *pool, const sso_provider_t *provider,
                                             const sso_client_t *client, const sso_authreq_answer_t *answer,
                                             char **ret_url, sso_err_t *err);

/* 1 for parameter names that SSOAuthParam may not set (response_type, client_id, redirect_uri, scope, state, nonce,
 * code_challenge, code_challenge_method, response_mode, request, request_uri). */
int sso_authreq_is_reserved(const char *name);
/* "code", "id_token", "code id_token". */
const char *sso_authreq_response_type(sso_response_type_t type);

#endif

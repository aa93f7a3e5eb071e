/* SPDX-License-Identifier: Apache-2.0 */
/* A login that has begun and not come back (DESIGN §5). Two halves:
 *  - the browser secret: 32 random bytes in a sealed login cookie, shared by all tabs of a browser; and
 *  - the state parameter: everything about one login, sealed, at most SSO_STATE_TEXT_MAX characters.
 * PKCE verifier and nonce are derived from both, so neither half alone can finish a login (login CSRF, code injection:
 * RFC 9700 4.5, 4.7). Nothing is stored on the server.
 */
#ifndef SSO_OIDC_STATE_H
#define SSO_OIDC_STATE_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"
#include "jose/seal.h"

#define SSO_STATE_TEXT_MAX 600
#define SSO_STATE_RETURN_MAX 256 /* a longer return path goes to a cookie of its own */
#define SSO_STATE_STRINGS_MAX 372 /* provider name, return path and acr together; else state-too-long */
#define SSO_STATE_LIFETIME (15 * 60)
#define SSO_LOGIN_ID_LEN 8       /* bytes; in the cookie name as base64url */
#define SSO_FLOW_ID_LEN 16
#define SSO_BROWSER_SECRET_LEN 32

typedef struct sso_browser_t {
    unsigned char id[SSO_LOGIN_ID_LEN]; /* names the login cookie */
    unsigned char secret[SSO_BROWSER_SECRET_LEN];
    apr_time_t since;                   /* when this box was sealed */
} sso_browser_t;

enum {
    SSO_FLOW_LONG_RETURN = 1, /* return_path is empty: it is in the return cookie of this flow */
    SSO_FLOW_PROMPT_NONE = 2, /* asked with prompt=none: an error is not shown to the person */
    SSO_FLOW_POSTED = 4,      /* the answer comes as form_post */
    SSO_FLOW_MAX_AGE = 8,     /* max_age was sent: auth_time is required */
    SSO_FLOW_STEP_UP = 16     /* begun with a session that was too weak */
};

typedef struct sso_flow_t {
    unsigned char flow_id[SSO_FLOW_ID_LEN];
    unsigned char browser_id[SSO_LOGIN_ID_LEN];
    const char *provider;    /* name of the provider section */
    const char *return_path; /* path-absolute or an allowed absolute URL; "" with LONG_RETURN */
    apr_time_t started;      /* whole seconds survive the trip */
    int depth;               /* 0-255: restarts in a row (loop breaker) */
    unsigned flags;
    int max_age;             /* sent with SSO_FLOW_MAX_AGE */
    const char *acr;         /* asked for, "" none */
    int key_index;           /* set by open: the key that sealed it, input of sso_state_secrets */
} sso_flow_t;

/* PKCE and nonce of a flow. */
typedef struct sso_flow_secrets_t {
    char verifier[44];  /* 43 characters base64url, RFC 7636 4.1 */
    char challenge[44]; /* S256 of it */
    char nonce[44];
} sso_flow_secrets_t;

/* A new browser secret with a new id. */
SSO_MUST_USE sso_rc_t sso_browser_create(const sso_env_t *env, sso_browser_t *ret_browser, sso_err_t *err);
/* The value of the login cookie, sealed with env->now; `context` is the site's (cookie scope). */
SSO_MUST_USE sso_rc_t sso_browser_seal(sso_sealer_t *sealer, const sso_env_t *env, const void *context,
                                       apr_size_t context_len, const sso_browser_t *browser, char **ret_text,
                                       sso_err_t *err);
/* Reasons: login-cookie-expired, login-cookie-name (box of another id), login-cookie-malformed, and those of seal. */
SSO_MUST_USE sso_rc_t sso_browser_open(sso_sealer_t *sealer, const sso_env_t *env, const void *context,
                                       apr_size_t context_len, const unsigned char id[SSO_LOGIN_ID_LEN],
                                       const char *text, apr_size_t len, sso_browser_t *ret_browser, sso_err_t *err);

/* The state parameter of a flow. Draws flow->flow_id, sets flow->key_index, and flow->started to now when it is 0.
 * SSO_E_LIMIT (state-too-long) when it would exceed the maximum. */
SSO_MUST_USE sso_rc_t sso_state_seal(sso_sealer_t *sealer, const sso_env_t *env, const void *context,
                                     apr_size_t context_len, sso_flow_t *flow, char **ret_state, sso_err_t *err);
/* With SSO_E_EXPIRED, and only then among the failures, *ret_flow is set: authentic but stale, so that the login can be
 * begun anew for the same provider and return path. Its secrets are not to be used.
 * Reasons: state-missing, state-too-long, state-expired, state-future, state-malformed, and those of seal. */
SSO_MUST_USE sso_rc_t sso_state_open(sso_sealer_t *sealer, const sso_env_t *env, const void *context,
                                     apr_size_t context_len, const char *state, sso_flow_t *ret_flow, sso_err_t *err);
/* HKDF(key that sealed the state, flow id, browser secret). Reason login-cookie-name: a browser of another login. */
SSO_MUST_USE sso_rc_t sso_state_secrets(const sso_keyring_t *ring, const sso_flow_t *flow,
                                        const sso_browser_t *browser, sso_flow_secrets_t *ret_secrets, sso_err_t *err);

#endif

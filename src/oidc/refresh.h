/* SPDX-License-Identifier: Apache-2.0 */
/* Refreshing the tokens that a session passes on (RFC 6749 6, OIDC Core 12, RFC 9700 4.14): what is due when, what an
 * answer changes, what is kept between requests. Decisions only; src/httpd/refresh.c acts on them.
 *
 * The session's own record is never rewritten (DESIGN §4). What the last refresh brought lies beside it, under a key
 * that only the session's id leads to; until there is such an entry the session's own tokens count. */
#ifndef SSO_OIDC_REFRESH_H
#define SSO_OIDC_REFRESH_H

#include "oidc/idtoken.h"
#include "oidc/session.h"
#include "oidc/token.h"

#define SSO_REFRESH_REST        2    /* seconds between two refreshes, however short the provider's tokens live */
#define SSO_REFRESH_BACKOFF     5    /* seconds after the first failure; doubled by each further one … */
#define SSO_REFRESH_BACKOFF_MAX 60   /* … up to this */
#define SSO_REFRESH_RETRY_MAX   300  /* a provider's Retry-After counts up to this */
#define SSO_REFRESH_KEY_LEN     32

typedef struct sso_refresh_t {
    unsigned char id[SSO_SESSION_ID_LEN];
    apr_uint32_t serial;   /* refreshes so far; 0: the tokens of the login */
    apr_uint32_t failures; /* in a row, since */
    apr_time_t obtained;
    apr_time_t expires;    /* of what is passed on; 0: unknown */
    apr_time_t not_before; /* after a failure: no refresh before this */
    const char *tokens[SSO_TOKEN_REFRESH + 1]; /* by kind, NULL: none */
} sso_refresh_t;

typedef enum {
    SSO_REFRESH_USE,  /* pass on what there is, and ask nobody */
    SSO_REFRESH_DUE,  /* one refreshes, all others pass on what there is */
    SSO_REFRESH_MUST, /* expired: nothing may be passed on before a refresh */
    SSO_REFRESH_REFUSE /* expired, and the provider was asked in vain a moment ago */
} sso_refresh_step_t;

/* What a session has from its login. */
void sso_refresh_begin(const sso_session_t *session, sso_refresh_t *ret_state);
/* `before`: seconds before the expiry at which a refresh may start, but not in the first half of a token's life.
 * Without a refresh token or with an unknown expiry nothing is ever due. */
sso_refresh_step_t sso_refresh_decide(const sso_refresh_t *state, apr_time_t now, int before);
/* Seconds until the provider may be asked again, at least 1. */
int sso_refresh_wait(const sso_refresh_t *state, apr_time_t now);

/* The state after an answer. `keep`: 1 << sso_token_kind_t, what is passed on. `id_token` (NULL: none came) is
 * verified. A refresh token that the answer does not replace stays (RFC 6749 6). */
void sso_refresh_accept(const sso_refresh_t *state, const sso_tokens_t *tokens, const sso_idtoken_t *id_token,
                        unsigned keep, apr_time_t now, sso_refresh_t *ret_state);
/* The state after a failure. `tokens` (NULL: no answer) of an answer that could not be used: its refresh token counts
 * all the same, the old one may be spent. `retry_after`: seconds the provider asks for, -1: not said. */
void sso_refresh_fail(const sso_refresh_t *state, const sso_tokens_t *tokens, int retry_after, apr_time_t now,
                      sso_refresh_t *ret_state);
/* 1 when a failure says that the grant is over, rather than that something does not work just now: the provider refuses
 * the refresh token (RFC 6749 5.2), or answers for another person. `status`: of the token endpoint. */
int sso_refresh_is_end(const sso_err_t *err, int status);
/* 1 when somebody else has refreshed since `mine` was read. */
int sso_refresh_is_newer(const sso_refresh_t *other, const sso_refresh_t *mine);

/* What an ID Token of a refresh has to be (OIDC Core 12.2): same subject, and the nonce of the login or none. */
void sso_refresh_expect(const sso_session_t *session, const sso_tokens_t *tokens, sso_idtoken_expect_t *expect);
/* The session with the state's tokens in place of its own; everything else is shared with `session`. */
void sso_refresh_apply(const sso_session_t *session, const sso_refresh_t *state, sso_session_t *ret_session);

/* Where a session's entry lies: a one-way function of the id. */
SSO_MUST_USE sso_rc_t sso_refresh_key(const unsigned char id[SSO_SESSION_ID_LEN],
                                      unsigned char out[SSO_REFRESH_KEY_LEN], sso_err_t *err);
/* u8 'R' | u8 version=1 | id[16] | u32 serial | u32 failures | u64 obtained | u64 expires | u64 not_before
 *   | u8 token count | each: u8 kind | u32 length | bytes | NUL
 * Reasons: refresh-too-large; refresh-malformed, refresh-session (the entry of another session). Strings of a decoded
 * state point into `bytes`. */
SSO_MUST_USE sso_rc_t sso_refresh_encode(apr_pool_t *pool, const sso_refresh_t *state, unsigned char **ret_bytes,
                                         apr_size_t *ret_len, sso_err_t *err);
SSO_MUST_USE sso_rc_t sso_refresh_decode(const unsigned char *bytes, apr_size_t len,
                                         const unsigned char id[SSO_SESSION_ID_LEN], sso_refresh_t *ret_state,
                                         sso_err_t *err);

#endif

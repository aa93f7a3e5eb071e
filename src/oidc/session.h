/* SPDX-License-Identifier: Apache-2.0 */
/* The session record (DESIGN §4): flat, versioned, length-prefixed, so that a request walks it without parsing JSON
 * and keeps pointers into the opened buffer. All integers big-endian. Version 1:
 *
 *   u8 version=1 | u8 flags | u16 fixed_len(=offset of the strings)
 *   id[16] | u64 created | u64 expires | u64 auth_time | u64 token_expires  (microseconds; 0 = none)
 *   key_sid[16] | key_sub[16]          what a back-channel logout revokes (zero: none)
 *   strings: provider, sub, acr, sid   each u16 length | bytes | NUL
 *   u8 1 if deflated claims follow | u32 stored length | u32 plain length | claims
 *   u8 token count | each: u8 kind | u32 length | bytes | NUL
 *
 *   claims: u16 count | u32 values in all | each: u16 name length | name | NUL | u8 flags (1 list, 2 unsafe)
 *           | u16 value count | each value: u32 length | bytes | NUL
 *
 * Only the claims are deflated (tokens never: a length oracle, CRIME), and only where the record would hardly fit two
 * cookies as it is: inflating costs as much as all the rest of a request with a session, far more than httpd's reading
 * of the longer header. Inflating is bounded by the plain length, itself bounded.
 * An undecodable, expired or foreign record is simply no session.
 */
#ifndef SSO_OIDC_SESSION_H
#define SSO_OIDC_SESSION_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"
#include "oidc/claims.h"

#define SSO_SESSION_ID_LEN 16
#define SSO_SESSION_DEFLATE_FROM 4096 /* bytes of claims and tokens together */
#define SSO_SESSION_DEFLATE_MIN  512  /* bytes of claims: less is not worth it */
#define SSO_SESSION_BYTES_MAX (256 * 1024)

/* The nonce of the login is kept with a refresh token: an ID Token that a refresh brings may not have another. */
typedef enum { SSO_TOKEN_ID = 1, SSO_TOKEN_ACCESS = 2, SSO_TOKEN_REFRESH = 3, SSO_TOKEN_NONCE = 4 } sso_token_kind_t;
#define SSO_TOKEN_KINDS 5

typedef struct sso_session_t {
    unsigned char id[SSO_SESSION_ID_LEN];
    apr_time_t created;
    apr_time_t expires;       /* absolute limit */
    apr_time_t auth_time;     /* 0: not said */
    apr_time_t token_expires; /* of the token that is passed on; 0: unknown or none */
    unsigned char key_sid[16];
    unsigned char key_sub[16];
    const char *provider;
    const char *sub;
    const char *acr; /* "" when absent */
    const char *sid; /* "" when absent */
    sso_claims_t claims;
    const char *tokens[SSO_TOKEN_KINDS]; /* by kind, NULL: not kept */
} sso_session_t;

/* Writes a record. Reasons: session-too-large (the detail names the size and the largest claims). */
SSO_MUST_USE sso_rc_t sso_session_encode(apr_pool_t *pool, const sso_session_t *session, unsigned char **ret_bytes,
                                         apr_size_t *ret_len, sso_err_t *err);
/* The hot path: reads a record in place. `bytes` must stay as long as the session; arrays come from the pool.
 * Reasons: session-version, session-malformed, session-expired, session-future (created after now + 60 s: a clock that
 * was set back must not make sessions immortal). */
SSO_MUST_USE sso_rc_t sso_session_decode(apr_pool_t *pool, apr_time_t now, const unsigned char *bytes, apr_size_t len,
                                         sso_session_t *ret_session, sso_err_t *err);
/* "groups 5120 B, picture 900 B": the largest claims of a session, for the sentence that says what does not fit. */
char *sso_session_largest(apr_pool_t *pool, const sso_claims_t *claims, int how_many);

/* The idle stamp: id[16] | u64 seen. */
#define SSO_IDLE_LEN (SSO_SESSION_ID_LEN + 8)
void sso_session_idle_encode(const unsigned char id[SSO_SESSION_ID_LEN], apr_time_t seen,
                             unsigned char out[SSO_IDLE_LEN]);
/* 1 and the time when the stamp belongs to this session and is not from the future (now + 60 s). */
int sso_session_idle_decode(const unsigned char *bytes, apr_size_t len, const unsigned char id[SSO_SESSION_ID_LEN],
                            apr_time_t now, apr_time_t *ret_seen);
/* Last sign of life = the stamp, or the login when there is none. */
typedef enum { SSO_IDLE_FRESH, SSO_IDLE_RENEW, SSO_IDLE_EXPIRED } sso_idle_t;
sso_idle_t sso_session_idle(apr_time_t created, apr_time_t seen, apr_time_t now, int idle_seconds);

/* 1 when the session satisfies what a location demands of the authentication (max_age, acr). */
struct sso_auth_demand_t;
int sso_session_satisfies(const sso_session_t *session, const struct sso_auth_demand_t *demand, apr_time_t now,
                          int clock_skew);

#endif

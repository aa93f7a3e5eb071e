/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens of programs: a JWT in `Authorization: Bearer` (RFC 9068, and plain JWTs of providers that do not say
 * at+jwt), one small check a rule, run from a table. What signs access tokens signs other things too, so a token that
 * is something else (ID Token, logout token, refresh token, DPoP proof) or that is bound to a key is refused. */
#ifndef SSO_OIDC_BEARER_H
#define SSO_OIDC_BEARER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base/env.h"
#include "base/err.h"
#include "base/json.h"
#include "jose/jwks.h"
#include "jose/jws.h"
#include "oidc/claims.h"
#include "oidc/client.h"

#define SSO_BEARER_BYTES_MAX (64 * 1024)

/* The credentials of an Authorization header (RFC 9110 11.4, RFC 6750 2.1). */
typedef enum {
    SSO_BEARER_NONE,     /* no header, another scheme, or the scheme alone */
    SSO_BEARER_TOKEN,    /* one token68 */
    SSO_BEARER_MALFORMED /* the scheme is Bearer, but what follows is no token68 */
} sso_bearer_header_t;

/* `value`: the header as httpd gives it, NULL: none. *ret_token (only for SSO_BEARER_TOKEN) points into it. */
sso_bearer_header_t sso_bearer_read_header(const char *value, const char **ret_token);
/* 1 when there are several credentials in what httpd merged into one value: a list in which one is Bearer. */
int sso_bearer_is_several(const char *value);
/* 1 when a query string has a parameter access_token (RFC 6750 2.3): never taken, but a second method beside a header.
 * `query` may be NULL. */
int sso_bearer_is_in_query(const char *query);

/* Decoded, nothing verified. The only use of `issuer` is choosing, among the configured issuers, whose keys to ask. */
typedef struct sso_bearer_parsed_t {
    const char *issuer;
    sso_jws_parsed_t jws;
    const sso_json_t *unverified;
} sso_bearer_parsed_t;

/* Reasons: bearer-too-large, bearer-encrypted, bearer-claims, bearer-iss-missing, bearer-iss-type, and those of
 * sso_jws_parse. */
SSO_MUST_USE sso_rc_t sso_bearer_parse(apr_pool_t *pool, const char *text, sso_bearer_parsed_t *ret_parsed,
                                       sso_err_t *err);

typedef struct sso_bearer_expect_t {
    const char *issuer;                  /* exact */
    const apr_array_header_t *audiences; /* char*: one of them is in aud; empty: any or none (SSOBearerAudience none) */
    sso_alg_set_t algs;                  /* HS* never counts here: its key is no key of an issuer */
    const sso_jwks_t *keys;              /* the issuer's own */
    int clock_skew;                      /* seconds */
    int endless;                         /* a token without exp counts: OpenMetadata's bots have such */
} sso_bearer_expect_t;

/* Verified: made by sso_bearer_verify only. */
typedef struct sso_bearer_token_t {
    const char *sub;       /* NULL: none; then client_id is there */
    const char *client_id; /* NULL: not said */
    const char *acr;       /* NULL: not said */
    apr_time_t exp;       /* 0: none */
    apr_time_t auth_time; /* 0: not said */
    const sso_json_t *claims;
} sso_bearer_token_t;

/* Reasons: bearer-typ, bearer-kind, bearer-iss, bearer-aud-missing, bearer-aud-type, bearer-aud, bearer-exp-missing,
 * bearer-exp-type, bearer-exp, bearer-nbf-type, bearer-nbf, bearer-iat-type, bearer-iat, bearer-sub-type,
 * bearer-sub-missing, bearer-sub, bearer-client-type, bearer-client, bearer-bound, bearer-no-alg, and those of
 * sso_jws_verify. */
SSO_MUST_USE sso_rc_t sso_bearer_verify(const sso_env_t *env, const sso_bearer_parsed_t *parsed,
                                        const sso_bearer_expect_t *expect, sso_bearer_token_t *ret_token,
                                        sso_err_t *err);

/* The same for claims that the issuer itself has told of a token (RFC 7662 2.2), without what is only true of a JWT:
 * iss may be missing. `algs` and `keys` are not used. Reasons besides: bearer-token-type. */
SSO_MUST_USE sso_rc_t sso_bearer_check_told(const sso_env_t *env, const sso_json_t *claims,
                                            const sso_bearer_expect_t *expect, sso_bearer_token_t *ret_token,
                                            sso_err_t *err);

/* The claims as the application gets them (claims.h); `scope` and `scp`, blank-separated texts (RFC 9068 2.2.3), become
 * lists, so that a rule compares one scope. */
SSO_MUST_USE sso_rc_t sso_bearer_claims(apr_pool_t *pool, const sso_bearer_token_t *token,
                                        const sso_claims_t **ret_claims, sso_err_t *err);
/* 1 for the claims that hold scopes. */
int sso_bearer_is_scope(const char *claim);

#endif

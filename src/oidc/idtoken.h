/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of an ID Token (OIDC Core 2, 3.1.3.7, 3.2.2.11, 3.3.2.11, 12.2), one small check each, run from a table. */
#ifndef SSO_OIDC_IDTOKEN_H
#define SSO_OIDC_IDTOKEN_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"
#include "jose/jwt.h"
#include "oidc/client.h"
#include "oidc/provider.h"

typedef struct sso_idtoken_expect_t {
    const sso_provider_t *provider;
    const sso_client_t *client;
    const sso_jwks_t *keys;
    const char *nonce;             /* exact; NULL: not checked but, if present, must equal old_nonce (12.2) */
    const char *old_nonce;         /* refresh only; NULL: none known */
    const char *sub;               /* must be this one (refresh, hybrid second token); NULL: any */
    const char *access_token;      /* at_hash is checked when the claim is there; NULL: not checked */
    const char *code;              /* c_hash likewise */
    int front_channel;             /* came through the browser: c_hash required with a code (3.3.2.11), iat fresh */
    const sso_auth_demand_t *demand; /* NULL: none */
} sso_idtoken_expect_t;

typedef struct sso_idtoken_t {
    const sso_json_t *claims;
    const char *sub;
    const char *sid;       /* NULL when absent */
    const char *acr;       /* NULL when absent */
    apr_time_t iat;
    apr_time_t exp;
    apr_time_t auth_time;  /* 0 when absent */
} sso_idtoken_t;

/* Verifies signature and every rule. The algorithm must be in client->algs and, when the provider announces a list, in
 * that too; HS* only with a secret. Audiences beside client_id need azp = client_id and a place in client->audiences.
 * iat may lie at most a day back (15 minutes on the front channel), both ways with client->clock_skew.
 * Reasons: those of jwt, verify-no-alg, and idt-typ, idt-iss, idt-aud, idt-aud-untrusted, idt-azp, idt-exp, idt-iat,
 * idt-nbf, idt-nonce, idt-sub, idt-sub-changed, idt-at-hash, idt-c-hash, idt-auth-time, idt-acr, each with "-missing" /
 * "-type" variants where that is the cause. */
SSO_MUST_USE sso_rc_t sso_idtoken_verify(const sso_env_t *env, const char *text, const sso_idtoken_expect_t *expect,
                                         sso_idtoken_t *ret_token, sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for tests: a list of claims that a test changes one by one, signed as it says. */
#ifndef UNIT_OIDC_TOKENS_H
#define UNIT_OIDC_TOKENS_H

#include <apr_strings.h>
#include <apr_tables.h>

#include "base/b64.h"
#include "jose/crypto.h"
#include "jose/jwks.h"
#include "jose/jws.h"
#include "oidc/client.h"
#include "oidc/provider.h"
#include "oidc_keys.h"
#include "unit.h"

#define TOKENS_ISSUER "https://op.example"
#define TOKENS_CLIENT "s6BhdRkqt3"
#define TOKENS_SECRET "a-client-secret-of-more-than-32-bytes"

/* The world of one test. */
typedef struct tokens_t {
    apr_table_t *claims; /* name -> JSON text */
    const char *alg;
    const char *kid;
    const char *typ;
    const sso_jwk_t *key; /* signs; by default the provider's RSA key */
    const sso_jwk_t *rsa;
    const sso_jwk_t *ec;
    const sso_jwk_t *other; /* not the provider's */
    const sso_jwks_t *jwks;
    sso_provider_t provider;
    sso_client_t client;
} tokens_t;

static tokens_t tokens;

static inline const sso_jwk_t *tokens_pem_key(const char *pem)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_jwk_t *key = NULL;
    unit_assert_ok(sso_jwk_from_pem(unit_pool, pem, strlen(pem), NULL, &key, &err));
    return key;
}

static inline const sso_jwk_t *tokens_secret_key(const char *secret)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_jwk_t *key = NULL;
    unit_assert_ok(sso_jwk_from_secret(unit_pool, secret, strlen(secret), &key, &err));
    return key;
}

/* The provider publishes r1 (RSA, no alg, as OneLogin does) and e1 (EC). */
static inline void tokens_setup(void)
{
    sso_err_t err = SSO_ERR_INIT;
    char *rsa, *ec;
    tokens = (tokens_t){.alg = "RS256", .kid = "r1"};
    tokens.rsa = tokens.key = tokens_pem_key(key_rsa_pem);
    tokens.ec = tokens_pem_key(key_ec_pem);
    tokens.other = tokens_pem_key(key_other_rsa_pem);
    unit_assert_ok(sso_jwk_public_text(unit_pool, tokens.rsa, "r1", NULL, &rsa, &err));
    unit_assert_ok(sso_jwk_public_text(unit_pool, tokens.ec, "e1", "ES256", &ec, &err));
    char *set = apr_psprintf(unit_pool, "{\"keys\":[%s,%s]}", rsa, ec);
    unit_assert_ok(sso_jwks_parse(unit_pool, set, strlen(set), &tokens.jwks, &err));
    tokens.provider = (sso_provider_t){.issuer = TOKENS_ISSUER};
    tokens.client = (sso_client_t){
        .client_id = TOKENS_CLIENT, .client_secret = TOKENS_SECRET, .algs = sso_alg_default_set(), .clock_skew = 10};
    tokens.claims = apr_table_make(unit_pool, 16);
}

/* Sets a claim to a JSON text, or removes it. */
static inline void tokens_claim(const char *name, const char *json)
{
    if (json != NULL)
        apr_table_set(tokens.claims, name, json);
    else
        apr_table_unset(tokens.claims, name);
}

/* A time `seconds` from now. */
static inline void tokens_time(const char *name, apr_int64_t seconds)
{
    tokens_claim(name, apr_psprintf(unit_pool, "%" APR_INT64_T_FMT, apr_time_sec(UNIT_NOW) + seconds));
}

static inline char *tokens_sign_payload(const char *payload, apr_size_t len)
{
    sso_err_t err = SSO_ERR_INIT;
    char *text = NULL;
    unit_assert_ok(sso_jws_sign(unit_pool, tokens.key, sso_alg_find(tokens.alg), tokens.typ, tokens.kid, payload, len,
                                &text, &err));
    return text;
}

static inline char *tokens_sign(void)
{
    const apr_array_header_t *list = apr_table_elts(tokens.claims);
    char *payload = apr_pstrdup(unit_pool, "{");
    for (int i = 0; i < list->nelts; i++) {
        const apr_table_entry_t *e = &APR_ARRAY_IDX(list, i, apr_table_entry_t);
        payload = apr_pstrcat(unit_pool, payload, i > 0 ? "," : "", "\"", e->key, "\":", e->val, NULL);
    }
    payload = apr_pstrcat(unit_pool, payload, "}", NULL);
    return tokens_sign_payload(payload, strlen(payload));
}

/* An unsigned token with this header over the claims of `signed_text`. */
static inline char *tokens_with_header(const char *header, const char *signed_text, const char *signature)
{
    const char *dot = strchr(signed_text, '.');
    const char *end = strrchr(signed_text, '.');
    return apr_pstrcat(unit_pool, sso_b64url_string(unit_pool, (const unsigned char *)header, strlen(header)),
                       apr_pstrmemdup(unit_pool, dot, (apr_size_t)(end - dot)), ".", signature, NULL);
}

/* at_hash or c_hash of a value under a 256-bit algorithm, as a JSON string. */
static inline char *tokens_half_hash(const char *value)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char digest[SSO_SHA256_LEN];
    unit_assert_ok(sso_crypto_sha256(value, strlen(value), digest, &err));
    return apr_psprintf(unit_pool, "\"%s\"", sso_b64url_string(unit_pool, digest, sizeof(digest) / 2));
}

static inline apr_array_header_t *tokens_list(const char *a, const char *b)
{
    apr_array_header_t *list = apr_array_make(unit_pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(list, const char *) = a;
    if (b != NULL)
        APR_ARRAY_PUSH(list, const char *) = b;
    return list;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A provider's keys, and tokens signed with them or with what an attacker has, for the targets that verify. */
#ifndef FUZZ_TOKENS_H
#define FUZZ_TOKENS_H

#include "base/b64.h"
#include "base/json.h"
#include "fuzz.h"
#include "jose/alg.h"
#include "jose/jwks.h"
#include "jose/jws.h"
#include "jose_keys.h"
#include "oidc/client.h"
#include "oidc/provider.h"
#include "oidc_keys.h"

#define TOKENS_ISSUER "https://op.example"
#define TOKENS_CLIENT "s6BhdRkqt3"
#define TOKENS_SECRET "a-client-secret-of-more-than-32-bytes"
#define TOKENS_NONCE "n-0S6_WzA2Mj"
#define TOKENS_MINUTE (60 * APR_USEC_PER_SEC)

/* Who signs: the provider with each kind of key, the holder of the client secret, and three who may not: another RSA
 * key under the name of the provider's, a MAC under the text of the public key, one under no text at all. */
enum { SIGN_RS256, SIGN_PS256, SIGN_ES256, SIGN_EDDSA, SIGN_HS256, SIGN_OTHER, SIGN_PUBLIC, SIGN_ZEROS, SIGNERS };
#define SIGNERS_GENUINE 5

typedef struct signer_t {
    const char *alg;
    const char *kid;
    const sso_jwk_t *key;
} signer_t;

static signer_t signers[SIGNERS];
static const sso_jwks_t *tokens_jwks;
static __attribute__((unused)) sso_provider_t tokens_provider = {.issuer = TOKENS_ISSUER};
static sso_client_t tokens_client = {
    .client_id = TOKENS_CLIENT, .client_secret = TOKENS_SECRET, .auth = SSO_CLIENT_AUTH_BASIC, .clock_skew = 10};

static inline const sso_jwk_t *tokens_pem(const char *pem)
{
    const sso_jwk_t *key = NULL;
    fuzz_check(sso_jwk_from_pem(fuzz_pool, pem, strlen(pem), NULL, &key, NULL) == SSO_OK);
    return key;
}

static inline const sso_jwk_t *tokens_mac(const char *secret, apr_size_t len)
{
    const sso_jwk_t *key = NULL;
    fuzz_check(sso_jwk_from_secret(fuzz_pool, secret, len, &key, NULL) == SSO_OK);
    return key;
}

static inline const sso_jwk_t *tokens_jwk(const char *text)
{
    const sso_json_t *object = NULL;
    const sso_jwk_t *key = NULL;
    fuzz_check(sso_json_parse_object(fuzz_pool, text, strlen(text), 65536, &object, NULL) == SSO_OK);
    fuzz_check(sso_jwk_from_json(fuzz_pool, object, SSO_JWK_FOR_OURSELVES, &key, NULL) == SSO_OK);
    return key;
}

static void tokens_setup(void)
{
    static const char zeros[32];
    const sso_jwk_t *rsa = tokens_pem(key_rsa_pem), *ec = tokens_pem(key_ec_pem);
    const sso_jwk_t *okp = tokens_jwk("{" ED25519_PUB ED25519_PRIV "}");
    char *r, *e, *o;

    fuzz_check(sso_jwk_public_text(fuzz_pool, rsa, "r1", NULL, &r, NULL) == SSO_OK);
    fuzz_check(sso_jwk_public_text(fuzz_pool, ec, "e1", "ES256", &e, NULL) == SSO_OK);
    fuzz_check(sso_jwk_public_text(fuzz_pool, okp, "o1", "EdDSA", &o, NULL) == SSO_OK);
    const char *set = apr_psprintf(fuzz_pool, "{\"keys\":[%s,%s,%s]}", r, e, o);
    fuzz_check(sso_jwks_parse(fuzz_pool, set, strlen(set), &tokens_jwks, NULL) == SSO_OK);
    signers[SIGN_RS256] = (signer_t){"RS256", "r1", rsa};
    signers[SIGN_PS256] = (signer_t){"PS256", "r1", rsa};
    signers[SIGN_ES256] = (signer_t){"ES256", "e1", ec};
    signers[SIGN_EDDSA] = (signer_t){"EdDSA", "o1", okp};
    signers[SIGN_HS256] = (signer_t){"HS256", NULL, tokens_mac(TOKENS_SECRET, strlen(TOKENS_SECRET))};
    signers[SIGN_OTHER] = (signer_t){"RS256", "r1", tokens_pem(key_other_rsa_pem)};
    signers[SIGN_PUBLIC] = (signer_t){"HS256", "r1", tokens_mac(r, strlen(r))};
    signers[SIGN_ZEROS] = (signer_t){"HS256", NULL, tokens_mac(zeros, sizeof(zeros))};
    tokens_client.algs = sso_alg_default_set() | sso_alg_hmac_set();
}

static inline char *tokens_sign(unsigned who, const char *typ, const void *payload, apr_size_t len)
{
    const signer_t *signer = &signers[who % SIGNERS];
    char **text = apr_pcalloc(fuzz_pool, sizeof(*text)); /* not on the stack: gcc 12 sees it dangle at -O2 */
    fuzz_check(sso_jws_sign(fuzz_pool, signer->key, sso_alg_find(signer->alg), typ, signer->kid, payload, len, text,
                            NULL) == SSO_OK);
    return *text;
}

/* What is really signed in the committed corpora: these payloads, by each genuine signer. An input that is not signed
 * here and verifies has to be one of them. */
static inline int tokens_is_known(const char *text, const char *const *payloads, size_t count, const char *typ)
{
    const char *end = strrchr(text, '.');
    for (unsigned who = 0; end != NULL && who < SIGNERS_GENUINE; who++) {
        for (size_t i = 0; i < count; i++) {
            const char *known = tokens_sign(who, typ, payloads[i], strlen(payloads[i]));
            size_t len = (size_t)(strrchr(known, '.') - known);
            if (len == (size_t)(end - text) && memcmp(known, text, len) == 0)
                return 1;
        }
    }
    return 0;
}

/* The claim is this string, or a list that holds it. */
static inline int tokens_claim_has(const sso_json_t *claims, const char *name, const char *value)
{
    const sso_json_t *node = sso_json_member(claims, name);
    if (node == NULL)
        return 0;
    if (sso_json_type(node) == SSO_JSON_STRING)
        return strcmp(sso_json_node_string(node), value) == 0;
    if (sso_json_type(node) != SSO_JSON_ARRAY)
        return 0;
    for (apr_size_t i = 0; i < sso_json_size(node); i++) {
        const sso_json_t *item = sso_json_at(node, i);
        if (sso_json_type(item) == SSO_JSON_STRING && strcmp(sso_json_node_string(item), value) == 0)
            return 1;
    }
    return 0;
}

/* The claim as a number of seconds, -1 when it is none. */
static inline double tokens_claim_time(const sso_json_t *claims, const char *name)
{
    const sso_json_t *node = sso_json_member(claims, name);
    if (node == NULL)
        return -1;
    if (sso_json_type(node) == SSO_JSON_INT)
        return (double)sso_json_node_int(node);
    return sso_json_type(node) == SSO_JSON_REAL ? sso_json_node_real(node) : -1;
}

#define TOKENS_NOW ((double)(FUZZ_NOW / APR_USEC_PER_SEC))

#endif

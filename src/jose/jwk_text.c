/* SPDX-License-Identifier: Apache-2.0 */
/* A key's public half as text: for our own JWKS endpoint and for thumbprints. */
#include "jose/jwk.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/jwk_inner.h"

/* The members of RFC 7638 3.2 in its order, without blanks and braces. */
static sso_rc_t print_rsa(apr_pool_t *pool, const sso_jwk_t *key, char **ret_text, sso_err_t *err)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_N};
    char *values[2];
    for (int i = 0; i < 2; i++) {
        BIGNUM *got = NULL;
        if (!EVP_PKEY_get_bn_param(key->pkey, names[i], &got))
            return sso_crypto_fail(err, "reading an RSA key");
        SSO_AUTO(bn) BIGNUM *number = got;
        apr_size_t len = (apr_size_t)BN_num_bytes(number);
        unsigned char *bytes = apr_palloc(pool, len + 1);
        BN_bn2bin(number, bytes);
        values[i] = sso_b64url_string(pool, bytes, len);
    }
    *ret_text = apr_psprintf(pool, "\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"", values[0], values[1]);
    return SSO_OK;
}

static sso_rc_t print_ec(apr_pool_t *pool, const sso_jwk_t *key, char **ret_text, sso_err_t *err)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
    char *values[2];
    unsigned char bytes[66];
    for (int i = 0; i < 2; i++) {
        BIGNUM *got = NULL;
        if (!EVP_PKEY_get_bn_param(key->pkey, names[i], &got))
            return sso_crypto_fail(err, "reading an EC key");
        SSO_AUTO(bn) BIGNUM *number = got;
        if (BN_bn2binpad(number, bytes, (int)key->curve->len) < 0)
            return sso_crypto_fail(err, "reading an EC key");
        values[i] = sso_b64url_string(pool, bytes, key->curve->len);
    }
    *ret_text = apr_psprintf(pool, "\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"", key->curve->crv,
                             values[0], values[1]);
    return SSO_OK;
}

static sso_rc_t print_okp(apr_pool_t *pool, const sso_jwk_t *key, char **ret_text, sso_err_t *err)
{
    unsigned char bytes[66];
    size_t len = sizeof(bytes);
    if (!EVP_PKEY_get_raw_public_key(key->pkey, bytes, &len))
        return sso_crypto_fail(err, "reading an OKP key");
    *ret_text = apr_psprintf(pool, "\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"", key->curve->crv,
                             sso_b64url_string(pool, bytes, len));
    return SSO_OK;
}

static sso_rc_t print_members(apr_pool_t *pool, const sso_jwk_t *key, char **ret_text, sso_err_t *err)
{
    switch (key->kty) {
    case SSO_KTY_RSA:
        return print_rsa(pool, key, ret_text, err);
    case SSO_KTY_EC:
        return print_ec(pool, key, ret_text, err);
    case SSO_KTY_OKP:
        return print_okp(pool, key, ret_text, err);
    case SSO_KTY_OCT:
        break;
    }
    /* A thumbprint of a secret would let anyone test guesses (RFC 7638 7). */
    return sso_err_set(err, SSO_E_UNSUPPORTED, "jwk-symmetric", "a secret has no public half");
}

sso_rc_t sso_jwk_thumbprint(apr_pool_t *pool, const sso_jwk_t *key, char **ret_text, sso_err_t *err)
{
    char *members = NULL;
    unsigned char hash[SSO_SHA256_LEN];
    SSO_TRY(print_members(pool, key, &members, err));
    const char *canonical = apr_pstrcat(pool, "{", members, "}", NULL);
    SSO_TRY(sso_crypto_sha256(canonical, strlen(canonical), hash, err));
    *ret_text = sso_b64url_string(pool, hash, sizeof(hash));
    return SSO_OK;
}

sso_rc_t sso_jwk_public_text(apr_pool_t *pool, const sso_jwk_t *key, const char *kid, const char *alg, char **ret_text,
                             sso_err_t *err)
{
    char *members = NULL;
    SSO_TRY(print_members(pool, key, &members, err));
    *ret_text = apr_pstrcat(pool, "{", members, ",\"use\":\"sig\"", kid ? ",\"kid\":\"" : "",
                            kid ? sso_text_json(pool, kid) : "", kid ? "\"" : "", alg ? ",\"alg\":\"" : "",
                            alg ? sso_text_json(pool, alg) : "", alg ? "\"" : "", "}", NULL);
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The one way to believable claims: decrypt if need be, verify, then read them as strict JSON. */
#include "jose/jwt.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/jwe.h"
#include "jose/ossl.h"

#define ED448_HALF 57

/* RFC 7519 5.2, RFC 8725 3.3: what is inside is checked like a token that came bare. Encryption proves nothing about
 * the sender: our public key is public. */
static sso_rc_t unwrap(apr_pool_t *pool, const char *text, const sso_jwk_t *key, const char **ret_inner, sso_err_t *err)
{
    apr_size_t len = 0;
    if (!key)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwt-encrypted", "the token is encrypted and we have no key for it");
    SSO_TRY(sso_jwe_decrypt(pool, text, key, ret_inner, &len, err));
    if (strlen(*ret_inner) != len)
        return sso_err_set(err, SSO_E_SYNTAX, "jws-parts", "the decrypted text is not a signed token");
    return SSO_OK;
}

sso_rc_t sso_jwt_verify(apr_pool_t *pool, const char *text, const sso_jwt_keys_t *keys, sso_jwt_t *ret_jwt,
                        sso_err_t *err)
{
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    sso_jwt_t jwt = {.encrypted = sso_jws_is_jwe(text)};
    if (jwt.encrypted)
        SSO_TRY(unwrap(pool, text, keys->decrypt, &text, err));
    SSO_TRY(sso_jws_parse(pool, text, &parsed, err));
    SSO_TRY(sso_jws_verify(pool, &parsed, keys->verify, keys->allowed, &jws, err));

    sso_err_t why = SSO_ERR_INIT;
    sso_rc_t rc =
        sso_json_parse_object(pool, (const char *)jws.payload, jws.payload_len, SSO_JWS_BYTES_MAX, &jwt.claims, &why);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "jwt-claims", "the claims are no JSON object: %s: %s", why.reason, why.detail);
    jwt.typ = jws.typ;
    jwt.kid = jws.kid;
    jwt.alg = jws.alg;
    jwt.crv = jws.crv;
    *ret_jwt = jwt;
    return SSO_OK;
}

/* SHAKE256 with 114 bytes of output, as Ed448 has it (RFC 8032 5.2). */
static int hash_shake(const char *value, unsigned char out[2 * ED448_HALF])
{
    EVP_MD *md = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    SSO_AUTO(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = md && ctx && EVP_DigestInit_ex2(ctx, md, NULL) && EVP_DigestUpdate(ctx, value, strlen(value)) &&
             EVP_DigestFinalXOF(ctx, out, 2 * ED448_HALF);
    EVP_MD_free(md);
    if (!ok)
        ERR_clear_error();
    return ok;
}

int sso_jwt_half_hash_matches(const sso_jwt_t *jwt, const char *value, const char *claim)
{
    unsigned char hash[2 * ED448_HALF];
    char text[SSO_B64_ENCODED_LEN(ED448_HALF)];
    apr_size_t len = 0;
    if (jwt->alg->family == SSO_SIG_EDDSA && jwt->crv && strcmp(jwt->crv, "Ed448") == 0) {
        if (!hash_shake(value, hash))
            return 0;
        len = sizeof(hash);
    } else if (sso_crypto_digest(jwt->alg->hash, value, strlen(value), hash, &len, NULL) != SSO_OK) {
        return 0;
    }
    apr_size_t text_len = sso_b64url_encode(text, hash, len / 2);
    return sso_text_equal_ct(text, text_len, claim, strlen(claim));
}

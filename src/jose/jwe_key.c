/* SPDX-License-Identifier: Apache-2.0 */
/* JWE key management (RFC 7518 4.3, 4.6): RSA-OAEP and ECDH-ES, the latter alone or with AES key wrap. */
#include "jose/jwe_inner.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/rsa.h>

#include "base/b64.h"

#define PARTY_MAX 512 /* bytes of apu and apv */
#define Z_MAX     66  /* x coordinate of P-521 */

static sso_rc_t read_party(sso_jwe_t *jwe, const sso_json_t *header, const char *name, const unsigned char **ret,
                           apr_size_t *ret_len, sso_err_t *err)
{
    const char *text = NULL;
    unsigned char *bytes = NULL;
    sso_json_found_t found = sso_json_string(header, name, &text);
    if (found == SSO_JSON_ABSENT)
        return SSO_OK;
    if (found == SSO_JSON_WRONG_TYPE || strlen(text) > SSO_B64_ENCODED_LEN(PARTY_MAX) ||
        sso_b64url_decode_pool(jwe->pool, text, strlen(text), &bytes, ret_len, NULL) != SSO_OK)
        return sso_err_set(err, SSO_E_SYNTAX, "jwe-syntax", "\"%s\" is not base64url of at most %d bytes", name,
                           PARTY_MAX);
    *ret = bytes;
    return SSO_OK;
}

sso_rc_t sso_jwe_key_prepare(sso_jwe_t *jwe, const sso_json_t *header, sso_err_t *err)
{
    const sso_json_t *object = NULL;
    sso_err_t why = SSO_ERR_INIT;
    if (jwe->alg->family != SSO_JWE_ECDH)
        return SSO_OK;
    SSO_TRY(read_party(jwe, header, "apu", &jwe->apu, &jwe->apu_len, err));
    SSO_TRY(read_party(jwe, header, "apv", &jwe->apv, &jwe->apv_len, err));
    if (sso_json_object(header, "epk", &object) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwe-syntax", "\"epk\" is missing or not an object");
    /* The same door as any other foreign key: a point off the curve would give away our key bit by bit
     * (invalid curve attack; RFC 8725 2.5, 3.4). */
    if (sso_jwk_from_json(jwe->pool, object, SSO_JWK_FOR_PROVIDER, &jwe->epk, &why) != SSO_OK)
        return sso_err_set(err, SSO_E_KEY, "jwe-key", "\"epk\": %s: %s", why.reason, why.detail);
    if (jwe->epk->kty != SSO_KTY_EC || jwe->epk->curve != jwe->key->curve)
        return sso_err_set(err, SSO_E_KEY, "jwe-key", "\"epk\" is not on the curve of our key");
    return SSO_OK;
}

/* ---- RSA-OAEP ---- */

static int decrypt_oaep(const sso_jwe_t *jwe, const unsigned char *wrapped, apr_size_t len, unsigned char *out,
                        size_t *out_len)
{
    char mode[] = OSSL_PKEY_RSA_PAD_MODE_OAEP, hash[16];
    OSSL_PARAM params[4];
    SSO_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, jwe->key->pkey, NULL);
    apr_cpystrn(hash, sso_crypto_hash_name(jwe->alg->hash), sizeof(hash));
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode, 0);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, hash, 0);
    params[2] = OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, hash, 0);
    params[3] = OSSL_PARAM_construct_end();
    return ctx && EVP_PKEY_decrypt_init_ex(ctx, params) == 1 && EVP_PKEY_decrypt(ctx, out, out_len, wrapped, len) == 1;
}

/* `cek` holds random bytes; they are replaced without a branch when the padding was right. What follows takes the same
 * way either way, so neither answer nor time tells (Manger's attack on OAEP). */
static void unwrap_rsa(const sso_jwe_t *jwe, const unsigned char *wrapped, apr_size_t len, unsigned char *cek)
{
    unsigned char out[SSO_JWK_RSA_BITS_MAX / 8];
    size_t out_len = sizeof(out);
    memset(out, 0, sizeof(out));
    unsigned good = (unsigned)decrypt_oaep(jwe, wrapped, len, out, &out_len);
    good &= (unsigned)(out_len == jwe->enc->cek_len);
    const unsigned char mask = (unsigned char)(0U - good);
    for (apr_size_t i = 0; i < jwe->enc->cek_len; i++)
        cek[i] = (unsigned char)((out[i] & mask) | (cek[i] & (unsigned char)~mask));
    sso_crypto_cleanse(out, sizeof(out));
    ERR_clear_error();
}

/* ---- ECDH-ES ---- */

static apr_size_t put_u32(unsigned char *out, apr_size_t v)
{
    out[0] = (unsigned char)(v >> 24);
    out[1] = (unsigned char)(v >> 16);
    out[2] = (unsigned char)(v >> 8);
    out[3] = (unsigned char)v;
    return 4;
}

static apr_size_t put_counted(unsigned char *out, const void *bytes, apr_size_t len)
{
    apr_size_t n = put_u32(out, len);
    if (len)
        memcpy(out + n, bytes, len);
    return n + len;
}

/* Concat KDF (NIST SP 800-56A 5.8.1 as RFC 7518 4.6.2 fills it): SHA-256(round | Z | AlgorithmID | PartyUInfo |
 * PartyVInfo | key length in bits). */
static sso_rc_t concat_kdf(const sso_jwe_t *jwe, const unsigned char *z, apr_size_t z_len, unsigned char *out,
                           apr_size_t out_len, sso_err_t *err)
{
    unsigned char text[4 + Z_MAX + 4 + 32 + 4 + PARTY_MAX + 4 + PARTY_MAX + 4], hash[SSO_SHA256_LEN];
    const char *id = jwe->alg->wrap ? jwe->alg->name : jwe->enc->name;
    apr_size_t n = 4;
    memcpy(text + n, z, z_len);
    n += z_len;
    n += put_counted(text + n, id, strlen(id));
    n += put_counted(text + n, jwe->apu, jwe->apu_len);
    n += put_counted(text + n, jwe->apv, jwe->apv_len);
    n += put_u32(text + n, out_len * 8);
    sso_rc_t rc = SSO_OK;
    for (apr_size_t done = 0, round = 1; rc == SSO_OK && done < out_len; round++) {
        apr_size_t take = out_len - done < sizeof(hash) ? out_len - done : sizeof(hash);
        put_u32(text, round);
        rc = sso_crypto_sha256(text, n, hash, err);
        if (rc == SSO_OK)
            memcpy(out + done, hash, take);
        done += take;
    }
    sso_crypto_cleanse(text, sizeof(text));
    sso_crypto_cleanse(hash, sizeof(hash));
    return rc;
}

static sso_rc_t agree(const sso_jwe_t *jwe, unsigned char *out, apr_size_t out_len, sso_err_t *err)
{
    unsigned char z[Z_MAX];
    size_t z_len = sizeof(z);
    SSO_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, jwe->key->pkey, NULL);
    if (!ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer(ctx, jwe->epk->pkey) != 1 ||
        EVP_PKEY_derive(ctx, z, &z_len) != 1)
        return sso_crypto_fail(err, "ECDH");
    sso_rc_t rc = concat_kdf(jwe, z, z_len, out, out_len, err);
    sso_crypto_cleanse(z, sizeof(z));
    return rc;
}

/* RFC 3394. The wrap has a check of its own; when it fails the random bytes in `cek` stay. */
static sso_rc_t unwrap_aes(const sso_jwe_t *jwe, const unsigned char *kek, const unsigned char *wrapped, apr_size_t len,
                           unsigned char *cek, sso_err_t *err)
{
    unsigned char out[SSO_JWE_CEK_MAX + 16];
    int n = 0, last = 0;
    if (len != jwe->enc->cek_len + 8)
        return SSO_OK;
    SSO_AUTO(cipher) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, jwe->alg->wrap, NULL);
    SSO_AUTO(cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!cipher || !ctx)
        return sso_crypto_fail(err, "AES key wrap");
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_DecryptInit_ex2(ctx, cipher, kek, NULL, NULL) == 1 &&
        EVP_DecryptUpdate(ctx, out, &n, wrapped, (int)len) == 1 && EVP_DecryptFinal_ex(ctx, out + n, &last) == 1 &&
        (apr_size_t)(n + last) == jwe->enc->cek_len)
        memcpy(cek, out, jwe->enc->cek_len);
    sso_crypto_cleanse(out, sizeof(out));
    ERR_clear_error();
    return SSO_OK;
}

static sso_rc_t unwrap_ecdh(const sso_jwe_t *jwe, const unsigned char *wrapped, apr_size_t len, unsigned char *cek,
                            sso_err_t *err)
{
    unsigned char kek[32];
    /* RFC 7518 4.6: in direct agreement the encrypted key is empty */
    if (!jwe->alg->wrap)
        return len ? SSO_OK : agree(jwe, cek, jwe->enc->cek_len, err);
    SSO_TRY(agree(jwe, kek, jwe->alg->wrap_len, err));
    sso_rc_t rc = unwrap_aes(jwe, kek, wrapped, len, cek, err);
    sso_crypto_cleanse(kek, sizeof(kek));
    return rc;
}

sso_rc_t sso_jwe_key_unwrap(const sso_jwe_t *jwe, const unsigned char *wrapped, apr_size_t len,
                            unsigned char cek[SSO_JWE_CEK_MAX], sso_err_t *err)
{
    SSO_TRY(sso_crypto_random(NULL, cek, SSO_JWE_CEK_MAX, err));
    if (jwe->alg->family == SSO_JWE_ECDH)
        return unwrap_ecdh(jwe, wrapped, len, cek, err);
    unwrap_rsa(jwe, wrapped, len, cek);
    return SSO_OK;
}

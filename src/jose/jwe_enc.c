/* SPDX-License-Identifier: Apache-2.0 */
/* JWE content encryption (RFC 7518 5.2, 5.3): AES-GCM, and AES-CBC under HMAC. */
#include "jose/jwe_inner.h"

#include <string.h>

#include "base/text.h"

#define GCM_IV_LEN  12
#define GCM_TAG_LEN 16
#define CBC_BLOCK   16

/* RFC 7518 5.3: 96 bit IV, 128 bit tag. A shorter tag would be a shorter search (OpenSSL takes 4 bytes). */
static int open_gcm(sso_jwe_t *jwe, const unsigned char *cek)
{
    unsigned char tag[GCM_TAG_LEN];
    int n = 0, last = 0;
    if (jwe->iv_len != GCM_IV_LEN || jwe->tag_len != GCM_TAG_LEN)
        return 0;
    memcpy(tag, jwe->tag, sizeof(tag));
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, sizeof(tag)),
                           OSSL_PARAM_construct_end()};
    SSO_AUTO(cipher) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, jwe->enc->cipher, NULL);
    SSO_AUTO(cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!cipher || !ctx || EVP_DecryptInit_ex2(ctx, cipher, cek, jwe->iv, params) != 1 ||
        EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)jwe->aad, (int)jwe->aad_len) != 1)
        return 0;
    n = 0;
    if (jwe->body_len && EVP_DecryptUpdate(ctx, jwe->plain, &n, jwe->body, (int)jwe->body_len) != 1)
        return 0;
    if (EVP_DecryptFinal_ex(ctx, jwe->plain + n, &last) != 1)
        return 0;
    jwe->plain_len = (apr_size_t)(n + last);
    return 1;
}

/* RFC 7518 5.2.2.2: the MAC covers AAD | IV | ciphertext | length of the AAD in bits. */
static int check_mac(const sso_jwe_t *jwe, const unsigned char *mac_key)
{
    const apr_size_t text_len = jwe->aad_len + jwe->iv_len + jwe->body_len + 8;
    unsigned char *text = apr_palloc(jwe->pool, text_len), *p = text, mac[SSO_HASH_MAX];
    const apr_uint64_t bits = (apr_uint64_t)jwe->aad_len * 8;
    apr_size_t mac_len = 0;
    memcpy(p, jwe->aad, jwe->aad_len);
    p += jwe->aad_len;
    memcpy(p, jwe->iv, jwe->iv_len);
    p += jwe->iv_len;
    memcpy(p, jwe->body, jwe->body_len);
    p += jwe->body_len;
    for (int shift = 56; shift >= 0; shift -= 8)
        *p++ = (unsigned char)(bits >> shift);
    if (sso_crypto_hmac(jwe->enc->hash, mac_key, jwe->enc->mac_len, text, text_len, mac, &mac_len, NULL) != SSO_OK)
        return 0;
    return sso_text_equal_ct(mac, jwe->enc->mac_len, jwe->tag, jwe->tag_len);
}

/* RFC 7518 5.2.2: first half of the key for the MAC, second for the cipher. Nothing is decrypted before the MAC is
 * right, so the padding tells nobody anything. */
static int open_cbc(sso_jwe_t *jwe, const unsigned char *cek)
{
    int n = 0, last = 0;
    if (jwe->iv_len != CBC_BLOCK || jwe->tag_len != jwe->enc->mac_len || !jwe->body_len || jwe->body_len % CBC_BLOCK)
        return 0;
    if (!check_mac(jwe, cek))
        return 0;
    SSO_AUTO(cipher) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, jwe->enc->cipher, NULL);
    SSO_AUTO(cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!cipher || !ctx || EVP_DecryptInit_ex2(ctx, cipher, cek + jwe->enc->mac_len, jwe->iv, NULL) != 1 ||
        EVP_DecryptUpdate(ctx, jwe->plain, &n, jwe->body, (int)jwe->body_len) != 1 ||
        EVP_DecryptFinal_ex(ctx, jwe->plain + n, &last) != 1)
        return 0;
    jwe->plain_len = (apr_size_t)(n + last);
    return 1;
}

int sso_jwe_enc_open(sso_jwe_t *jwe, const unsigned char *cek)
{
    jwe->plain = apr_palloc(jwe->pool, jwe->body_len + CBC_BLOCK + 1);
    int ok = jwe->enc->mac_len ? open_cbc(jwe, cek) : open_gcm(jwe, cek);
    if (ok)
        jwe->plain[jwe->plain_len] = 0;
    else
        sso_crypto_cleanse(jwe->plain, jwe->body_len);
    return ok;
}

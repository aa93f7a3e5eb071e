/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/hasher.h"

#include "jose/ossl.h"

#define LEN_MAX (1024 * 1024 * 1024)

struct sso_hasher_t {
    EVP_CIPHER_CTX *ctx;
};

static apr_status_t free_hasher(void *data)
{
    EVP_CIPHER_CTX_free(((sso_hasher_t *)data)->ctx);
    return APR_SUCCESS;
}

sso_rc_t sso_hasher_create(apr_pool_t *pool, const unsigned char key[SSO_HASHER_KEY_LEN], sso_hasher_t **ret_hasher,
                           sso_err_t *err)
{
    const sso_crypto_algs_t *algs = sso_crypto_algs();
    sso_hasher_t *hasher = apr_pcalloc(pool, sizeof(*hasher));

    hasher->ctx = EVP_CIPHER_CTX_new();
    apr_pool_cleanup_register(pool, hasher, free_hasher, apr_pool_cleanup_null);
    if (!algs || !hasher->ctx || !EVP_EncryptInit_ex2(hasher->ctx, algs->aes256gcm, key, NULL, NULL))
        return sso_crypto_fail(err, "a keyed hash");
    *ret_hasher = hasher;
    return SSO_OK;
}

/* The nonce is always the same: that gives GHASH's key away to who sees results, and nobody does. */
sso_rc_t sso_hasher_run(sso_hasher_t *hasher, const void *a, apr_size_t a_len, const void *b, apr_size_t b_len,
                        unsigned char out[SSO_HASHER_LEN], sso_err_t *err)
{
    static const unsigned char nonce[12];
    unsigned char nothing[1];
    int n;

    if (a_len > LEN_MAX || b_len > LEN_MAX || !EVP_EncryptInit_ex2(hasher->ctx, NULL, NULL, nonce, NULL) ||
        (a_len && !EVP_EncryptUpdate(hasher->ctx, NULL, &n, a, (int)a_len)) ||
        (b_len && !EVP_EncryptUpdate(hasher->ctx, NULL, &n, b, (int)b_len)) ||
        !EVP_EncryptFinal_ex(hasher->ctx, nothing, &n) ||
        EVP_CIPHER_CTX_ctrl(hasher->ctx, EVP_CTRL_AEAD_GET_TAG, SSO_HASHER_LEN, out) != 1)
        return sso_crypto_fail(err, "a keyed hash");
    return SSO_OK;
}

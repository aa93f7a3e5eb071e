/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of src/jose: algorithms fetched once per process, and cleanup attributes for OpenSSL's handles. Only files
 * of this folder include it; no header of another layer may see an OpenSSL type. */
#ifndef SSO_JOSE_OSSL_H
#define SSO_JOSE_OSSL_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "jose/crypto.h"

typedef struct sso_crypto_algs_t {
    EVP_MD *md[SSO_HASH_SHA512 + 1];
    EVP_CIPHER *aes256gcm;
    EVP_MAC_CTX *hmac[SSO_HASH_SHA512 + 1]; /* keyless: to be copied */
    EVP_KDF *hkdf;
} sso_crypto_algs_t;

/* NULL when OpenSSL lacks one of them (a broken or restricted provider configuration). */
const sso_crypto_algs_t *sso_crypto_algs(void);
/* OpenSSL's name of a hash: "SHA256". */
const char *sso_crypto_hash_name(sso_hash_t hash);
apr_size_t sso_crypto_hash_len(sso_hash_t hash);
/* For a failure that no input can cause: reason crypto, class internal. Empties the error queue of the thread: mod_ssl
 * and libcurl read that queue after their own calls and would take our entry for theirs. */
sso_rc_t sso_crypto_fail(sso_err_t *err, const char *what);

#define SSO_OSSL_AUTO(type, name, free_fn)                                                                             \
    static inline void sso_auto_##name(type **p)                                                                       \
    {                                                                                                                  \
        free_fn(*p);                                                                                                   \
    }
SSO_OSSL_AUTO(EVP_MD_CTX, md_ctx, EVP_MD_CTX_free)
SSO_OSSL_AUTO(EVP_MAC, mac, EVP_MAC_free)
SSO_OSSL_AUTO(EVP_MAC_CTX, mac_ctx, EVP_MAC_CTX_free)
SSO_OSSL_AUTO(EVP_KDF_CTX, kdf_ctx, EVP_KDF_CTX_free)
SSO_OSSL_AUTO(EVP_CIPHER_CTX, cipher_ctx, EVP_CIPHER_CTX_free)
SSO_OSSL_AUTO(EVP_CIPHER, cipher, EVP_CIPHER_free)
SSO_OSSL_AUTO(EVP_PKEY_CTX, pkey_ctx, EVP_PKEY_CTX_free)
SSO_OSSL_AUTO(EVP_PKEY, pkey, EVP_PKEY_free)
SSO_OSSL_AUTO(BIGNUM, bn, BN_clear_free)
#define SSO_AUTO(name) __attribute__((cleanup(sso_auto_##name)))

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL 3 behind a small door. What is fetched here is read-only afterwards and shared by all threads. */
#include "jose/crypto.h"

#include <limits.h>
#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "jose/ossl.h"

static const struct {
    const char *name;
    apr_size_t len;
} hashes[] = {
    [SSO_HASH_SHA1] = {"SHA1", 20},
    [SSO_HASH_SHA256] = {"SHA256", 32},
    [SSO_HASH_SHA384] = {"SHA384", 48},
    [SSO_HASH_SHA512] = {"SHA512", 64},
};

/* The only mutable state of this layer: written once, before anyone reads it. An implicit fetch for every digest costs
 * more than the digest. */
static sso_crypto_algs_t algs;
static int algs_complete;
static pthread_once_t algs_once = PTHREAD_ONCE_INIT;

static OSSL_PARAM utf8_param(const char *key, const char *value)
{
    /* OpenSSL takes a plain char* for values it only reads. */
    union {
        const char *ro;
        char *rw;
    } text = {.ro = value};
    return OSSL_PARAM_construct_utf8_string(key, text.rw, 0);
}

static EVP_MAC_CTX *make_hmac(EVP_MAC *mac, const char *digest)
{
    OSSL_PARAM params[] = {utf8_param(OSSL_MAC_PARAM_DIGEST, digest), OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    if (ctx && EVP_MAC_CTX_set_params(ctx, params))
        return ctx;
    EVP_MAC_CTX_free(ctx);
    return NULL;
}

static void fetch_algs(void)
{
    SSO_AUTO(mac) EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    int ok = 1;
    for (unsigned i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        algs.md[i] = EVP_MD_fetch(NULL, hashes[i].name, NULL);
        algs.hmac[i] = make_hmac(hmac, hashes[i].name);
        ok &= algs.md[i] && algs.hmac[i];
    }
    algs.aes256gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algs.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    algs_complete = ok && algs.aes256gcm && algs.hkdf;
    ERR_clear_error();
}

const sso_crypto_algs_t *sso_crypto_algs(void)
{
    if (pthread_once(&algs_once, fetch_algs) != 0 || !algs_complete)
        return NULL;
    return &algs;
}

const char *sso_crypto_hash_name(sso_hash_t hash)
{
    return hashes[hash].name;
}

apr_size_t sso_crypto_hash_len(sso_hash_t hash)
{
    return hashes[hash].len;
}

sso_rc_t sso_crypto_fail(sso_err_t *err, const char *what)
{
    ERR_clear_error();
    return sso_err_set(err, SSO_E_INTERNAL, "crypto", "%s failed in OpenSSL", what);
}

sso_rc_t sso_crypto_random(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    (void)baton;
    if (len > INT_MAX || RAND_bytes(out, (int)len) != 1)
        return sso_crypto_fail(err, "RAND_bytes");
    return SSO_OK;
}

sso_rc_t sso_crypto_digest(sso_hash_t hash, const void *bytes, apr_size_t len, unsigned char *out, apr_size_t *ret_len,
                           sso_err_t *err)
{
    const sso_crypto_algs_t *a = sso_crypto_algs();
    if (!a || !EVP_Digest(bytes, len, out, NULL, a->md[hash], NULL))
        return sso_crypto_fail(err, "a digest");
    *ret_len = hashes[hash].len;
    return SSO_OK;
}

sso_rc_t sso_crypto_sha256(const void *bytes, apr_size_t len, unsigned char out[SSO_SHA256_LEN], sso_err_t *err)
{
    apr_size_t got;
    return sso_crypto_digest(SSO_HASH_SHA256, bytes, len, out, &got, err);
}

sso_rc_t sso_crypto_sha256_strings(const char *const *strings, apr_size_t count, unsigned char out[SSO_SHA256_LEN],
                                   sso_err_t *err)
{
    const sso_crypto_algs_t *a = sso_crypto_algs();
    SSO_AUTO(md_ctx) EVP_MD_CTX *ctx = a ? EVP_MD_CTX_new() : NULL;
    int ok = ctx && EVP_DigestInit_ex2(ctx, a->md[SSO_HASH_SHA256], NULL);
    for (apr_size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(ctx, strings[i], strlen(strings[i]) + 1);
    if (!ok || !EVP_DigestFinal_ex(ctx, out, NULL))
        return sso_crypto_fail(err, "a digest");
    return SSO_OK;
}

static OSSL_PARAM octets_param(const char *key, const void *value, apr_size_t len)
{
    union {
        const void *ro;
        void *rw;
    } bytes = {.ro = value};
    return OSSL_PARAM_construct_octet_string(key, bytes.rw, len);
}

sso_rc_t sso_crypto_hmac(sso_hash_t hash, const void *key, apr_size_t key_len, const void *bytes, apr_size_t len,
                         unsigned char *out, apr_size_t *ret_len, sso_err_t *err)
{
    const sso_crypto_algs_t *a = sso_crypto_algs();
    /* A copy of a context that knows its digest: naming the digest would fetch it, dearer than the work. */
    SSO_AUTO(mac_ctx) EVP_MAC_CTX *ctx = a ? EVP_MAC_CTX_dup(a->hmac[hash]) : NULL;
    size_t got = 0;
    if (!ctx || !EVP_MAC_init(ctx, key, key_len, NULL) || !EVP_MAC_update(ctx, bytes, len) ||
        !EVP_MAC_final(ctx, out, &got, SSO_HASH_MAX) || got != hashes[hash].len)
        return sso_crypto_fail(err, "HMAC");
    *ret_len = got;
    return SSO_OK;
}

sso_rc_t sso_crypto_hkdf(const void *key, apr_size_t key_len, const void *salt, apr_size_t salt_len, const void *info,
                         apr_size_t info_len, unsigned char *out, apr_size_t out_len, sso_err_t *err)
{
    const sso_crypto_algs_t *a = sso_crypto_algs();
    SSO_AUTO(kdf_ctx) EVP_KDF_CTX *ctx = a ? EVP_KDF_CTX_new(a->hkdf) : NULL;
    OSSL_PARAM params[5];
    size_t n = 0;
    params[n++] = utf8_param(OSSL_KDF_PARAM_DIGEST, hashes[SSO_HASH_SHA256].name);
    params[n++] = octets_param(OSSL_KDF_PARAM_KEY, key, key_len);
    /* RFC 5869 2.2: no salt is a salt of zeros; OpenSSL does that when the parameter is absent. */
    if (salt_len)
        params[n++] = octets_param(OSSL_KDF_PARAM_SALT, salt, salt_len);
    if (info_len)
        params[n++] = octets_param(OSSL_KDF_PARAM_INFO, info, info_len);
    params[n] = OSSL_PARAM_construct_end();
    if (!ctx || EVP_KDF_derive(ctx, out, out_len, params) <= 0)
        return sso_crypto_fail(err, "HKDF");
    return SSO_OK;
}

void sso_crypto_cleanse(void *bytes, apr_size_t len)
{
    OPENSSL_cleanse(bytes, len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL 3 behind a small door; src/jose is the only layer that sees OpenSSL. Algorithms are fetched once per process
 * and kept: an implicit fetch costs more than the work. Every failure here is reason crypto, class internal. */
#ifndef SSO_JOSE_CRYPTO_H
#define SSO_JOSE_CRYPTO_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"

#define SSO_SHA256_LEN 32
#define SSO_HASH_MAX   64

typedef enum {
    SSO_HASH_SHA1,
    SSO_HASH_SHA256,
    SSO_HASH_SHA384,
    SSO_HASH_SHA512
} sso_hash_t; /* SHA1: x5t only, never signatures */

/* The generator of the process (RAND_bytes), in the shape sso_env_t wants. */
SSO_MUST_USE sso_rc_t sso_crypto_random(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err);
/* One-shot digest; out has room for SSO_HASH_MAX; *ret_len its length. */
SSO_MUST_USE sso_rc_t sso_crypto_digest(sso_hash_t hash, const void *bytes, apr_size_t len, unsigned char *out,
                                        apr_size_t *ret_len, sso_err_t *err);
SSO_MUST_USE sso_rc_t sso_crypto_sha256(const void *bytes, apr_size_t len, unsigned char out[SSO_SHA256_LEN],
                                        sso_err_t *err);
/* SHA-256 of these strings, each with its ending NUL: no two different lists are one input, however they are cut. */
SSO_MUST_USE sso_rc_t sso_crypto_sha256_strings(const char *const *strings, apr_size_t count,
                                                unsigned char out[SSO_SHA256_LEN], sso_err_t *err);
SSO_MUST_USE sso_rc_t sso_crypto_hmac(sso_hash_t hash, const void *key, apr_size_t key_len, const void *bytes,
                                      apr_size_t len, unsigned char *out, apr_size_t *ret_len, sso_err_t *err);
/* HKDF-SHA256 (RFC 5869). */
SSO_MUST_USE sso_rc_t sso_crypto_hkdf(const void *key, apr_size_t key_len, const void *salt, apr_size_t salt_len,
                                      const void *info, apr_size_t info_len, unsigned char *out, apr_size_t out_len,
                                      sso_err_t *err);
/* Wipes memory in a way the compiler keeps. */
void sso_crypto_cleanse(void *bytes, apr_size_t len);

#endif

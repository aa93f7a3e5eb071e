/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for tables inside one process: the authenticator of AES-256-GCM (GHASH, NIST SP 800-38D) under a random key, a
 * tenth of the cost of SHA-256 for what is as long as a token. Who knows neither key nor results finds two inputs with
 * one result by guessing only, one try in 2^120 for inputs of 4 KB. So neither may leave the process: not for files,
 * cookies, caches or anything that is answered. */
#ifndef SSO_JOSE_HASHER_H
#define SSO_JOSE_HASHER_H

#include <apr_pools.h>

#include "base/err.h"

#define SSO_HASHER_KEY_LEN 32
#define SSO_HASHER_LEN     16

typedef struct sso_hasher_t sso_hasher_t; /* for one thread at a time */

SSO_MUST_USE sso_rc_t sso_hasher_create(apr_pool_t *pool, const unsigned char key[SSO_HASHER_KEY_LEN],
                                        sso_hasher_t **ret_hasher, sso_err_t *err);
/* Of `a` with `b` behind it; where one ends is not hashed. At most 1 GB each. */
SSO_MUST_USE sso_rc_t sso_hasher_run(sso_hasher_t *hasher, const void *a, apr_size_t a_len, const void *b,
                                     apr_size_t b_len, unsigned char out[SSO_HASHER_LEN], sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* JWE compact decryption (RFC 7516, RFC 7518 4-5) with our own private key. RSA-OAEP, RSA-OAEP-256, ECDH-ES,
 * ECDH-ES+A{128,192,256}KW; A{128,192,256}GCM and A{128,192}CBC-HS{256,384}, A256CBC-HS512. No RSA1_5 (padding oracle),
 * no PBES2 (CPU exhaustion), no dir, no `zip`. Every failure after the header is the same reason, jwe-decrypt. */
#ifndef SSO_JOSE_JWE_H
#define SSO_JOSE_JWE_H

#include <apr_pools.h>

#include "base/err.h"
#include "jose/jwk.h"

/* A token of SSO_JWS_BYTES_MAX in base64url, with room for the rest. */
#define SSO_JWE_BYTES_MAX (704 * 1024)

/* `key` is a private key; `ret_plain` has a NUL behind it that is not counted.
 * Reasons: jwe-syntax, jwe-alg, jwe-enc, jwe-zip, jwe-crit, jwe-kid, jwe-key, jwe-decrypt, jwe-too-large. */
SSO_MUST_USE sso_rc_t sso_jwe_decrypt(apr_pool_t *pool, const char *text, const sso_jwk_t *key,
                                      const char **ret_plain, apr_size_t *ret_len, sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A verified JWT: claims behind a signature that was checked (RFC 7519). Time and audience rules differ by kind of
 * token and live in src/oidc; this file gives the claims as strict JSON. */
#ifndef SSO_JOSE_JWT_H
#define SSO_JOSE_JWT_H

#include <apr_pools.h>

#include "base/err.h"
#include "base/json.h"
#include "jose/jws.h"

/* Made by sso_jwt_verify only; its claims may be believed as far as the signer may. */
typedef struct sso_jwt_t {
    const sso_json_t *claims; /* an object */
    const char *typ;
    const char *kid;
    const sso_alg_t *alg;
    const char *crv; /* EC, EdDSA: curve of the key; otherwise NULL */
    int encrypted;   /* it came inside a JWE */
} sso_jwt_t;

/* Everything a verification needs. */
typedef struct sso_jwt_keys_t {
    const sso_jwks_t *verify; /* the issuer's keys (or the secret, for HS*) */
    sso_alg_set_t allowed;
    const sso_jwk_t *decrypt; /* our key for JWE, NULL: encrypted tokens are refused (jwt-encrypted) */
} sso_jwt_keys_t;

/* Decrypts if need be, verifies, parses the claims. A JWE must hold a signed JWT (RFC 7519 5.2; RFC 8725 3.3).
 * Reasons: jwt-claims, jwt-encrypted, and those of jwe, jws, jwks. */
SSO_MUST_USE sso_rc_t sso_jwt_verify(apr_pool_t *pool, const char *text, const sso_jwt_keys_t *keys, sso_jwt_t *ret_jwt,
                                     sso_err_t *err);

/* base64url(left half of hash(value)) with the hash of the signing algorithm (OIDC Core 3.1.3.6, 3.3.2.11): compares in
 * constant time. Ed25519 uses SHA-512, Ed448 SHAKE256 (left half of 114 bytes). 1 = equal. */
int sso_jwt_half_hash_matches(const sso_jwt_t *jwt, const char *value, const char *claim);

#endif

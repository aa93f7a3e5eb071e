/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON Web Key as a usable key (RFC 7517, RFC 7518 6, RFC 8037 2). RSA 2048-8192 bits with odd e >= 3 of at most 64
 * bits; P-256/384/521 with the point on the curve; Ed25519/Ed448; `use`, `key_ops`, `alg` honoured. */
#ifndef SSO_JOSE_JWK_H
#define SSO_JOSE_JWK_H

#include <apr_pools.h>

#include "base/err.h"
#include "base/json.h"
#include "jose/alg.h"

typedef struct sso_jwk_t sso_jwk_t;

typedef enum {
    SSO_JWK_FOR_PROVIDER, /* a member of a provider's set: private or symmetric members make it unusable */
    SSO_JWK_FOR_OURSELVES /* our own key: private members wanted */
} sso_jwk_side_t;

/* Makes a key of a JWK object. Reasons: jwk-kty, jwk-crv, jwk-member, jwk-rsa-size, jwk-rsa-exponent, jwk-rsa-weak,
 * jwk-point, jwk-private, jwk-symmetric. Foreign handles die with the pool. */
SSO_MUST_USE sso_rc_t sso_jwk_from_json(apr_pool_t *pool, const sso_json_t *object, sso_jwk_side_t side,
                                        const sso_jwk_t **ret_key, sso_err_t *err);
/* A MAC key of raw bytes (client secret): RFC 7518 3.2 minimum length is checked at verification (jws-hmac-key-short).
 */
SSO_MUST_USE sso_rc_t sso_jwk_from_secret(apr_pool_t *pool, const void *secret, apr_size_t len,
                                          const sso_jwk_t **ret_key, sso_err_t *err);
/* A private or public key in PEM (SSOClientKey); the same size and curve rules. `kid` may be NULL.
 * Reasons: pem-syntax, pem-encrypted, plus those above. */
SSO_MUST_USE sso_rc_t sso_jwk_from_pem(apr_pool_t *pool, const char *pem, apr_size_t len, const char *kid,
                                       const sso_jwk_t **ret_key, sso_err_t *err);

/* A new private RSA key as PEM text; the caller wipes it. Takes a tenth of a second or more. */
SSO_MUST_USE sso_rc_t sso_jwk_make_rsa(apr_pool_t *pool, char **ret_pem, sso_err_t *err);

sso_kty_t sso_jwk_kty(const sso_jwk_t *key);
const char *sso_jwk_kid(const sso_jwk_t *key); /* NULL when absent */
/* May this key verify signatures of `alg`: type, curve, `alg`, `use`, `key_ops`? */
int sso_jwk_fits(const sso_jwk_t *key, const sso_alg_t *alg);
/* RFC 7638 SHA-256 thumbprint, base64url. */
SSO_MUST_USE sso_rc_t sso_jwk_thumbprint(apr_pool_t *pool, const sso_jwk_t *key, char **ret_text, sso_err_t *err);
/* The public half as a JWK object text {"kty":…,"kid":…,"use":"sig","alg":…}; `kid`, `alg` may be NULL. */
SSO_MUST_USE sso_rc_t sso_jwk_public_text(apr_pool_t *pool, const sso_jwk_t *key, const char *kid, const char *alg,
                                          char **ret_text, sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a key, for src/jose only. */
#ifndef SSO_JOSE_JWK_INNER_H
#define SSO_JOSE_JWK_INNER_H

#include <stdatomic.h>

#include "jose/jwk.h"
#include "jose/ossl.h"

/* What `use` and `key_ops` leave the key good for. */
#define SSO_JWK_MAY_VERIFY  1U
#define SSO_JWK_MAY_SIGN    2U
#define SSO_JWK_MAY_DECRYPT 4U
#define SSO_JWK_MAY_ALL     7U

#define SSO_JWK_KID_MAX      512
#define SSO_JWK_RSA_BITS_MIN 2048 /* RFC 7518 3.3 */
#define SSO_JWK_RSA_BITS_MAX 8192 /* verification time grows with the square */

/* One curve we know; the names of OpenSSL beside those of JOSE. */
typedef struct sso_jwk_curve_t {
    const char *crv; /* "P-256", "Ed25519" */
    sso_kty_t kty;
    const char *ossl; /* group of an EC key, type of an OKP key */
    apr_size_t len;   /* of a coordinate, a private value, half an ECDSA signature */
    apr_size_t sig_len;
} sso_jwk_curve_t;

/* RSA, EC: set up to verify, one for each padding and hash. Made by whichever thread is first, read-only from then on,
 * to be copied: setting one up costs more than verifying with it. */
#define SSO_JWK_KEPT 6
typedef struct sso_jwk_kept_t {
    _Atomic(EVP_PKEY_CTX *) verifiers[SSO_JWK_KEPT];
} sso_jwk_kept_t;

struct sso_jwk_t {
    sso_kty_t kty;
    const sso_jwk_curve_t *curve; /* EC, OKP */
    const char *kid;              /* NULL when absent */
    const char *alg;              /* NULL when absent: then any algorithm of the type */
    unsigned may;
    int is_private;
    EVP_PKEY *pkey;              /* RSA, EC, OKP */
    sso_jwk_kept_t *kept;        /* never NULL */
    const unsigned char *secret; /* oct */
    apr_size_t secret_len;
};

const sso_jwk_curve_t *sso_jwk_curve_find(const char *crv);
const sso_jwk_curve_t *sso_jwk_curve_by_ossl(const char *ossl);

/* A key of the pool without restrictions, to be filled in; what `pkey` and `secret` point to is freed or wiped with the
 * pool. */
sso_jwk_t *sso_jwk_new(apr_pool_t *pool, sso_kty_t kty);
/* The rules every RSA key has to keep, whatever it was read from: size, exponent. */
SSO_MUST_USE sso_rc_t sso_jwk_check_rsa(const BIGNUM *n, const BIGNUM *e, sso_err_t *err);
/* Point on the curve; the halves of a private key belong together. */
SSO_MUST_USE sso_rc_t sso_jwk_check_pkey(const sso_jwk_t *key, sso_err_t *err);
/* sso_jwk_fits for any of the SSO_JWK_MAY_ bits. */
int sso_jwk_fits_for(const sso_jwk_t *key, const sso_alg_t *alg, unsigned may);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The JWS algorithms we know (RFC 7518 3, RFC 8037, RFC 9864). "none" is not in the table, so nothing can select it. */
#ifndef SSO_JOSE_ALG_H
#define SSO_JOSE_ALG_H

#include <apr_pools.h>

#include "base/err.h"
#include "jose/crypto.h"

typedef enum { SSO_KTY_RSA, SSO_KTY_EC, SSO_KTY_OKP, SSO_KTY_OCT } sso_kty_t;
typedef enum { SSO_SIG_RSA_PKCS1, SSO_SIG_RSA_PSS, SSO_SIG_ECDSA, SSO_SIG_EDDSA, SSO_SIG_HMAC } sso_sig_family_t;

typedef struct sso_alg_t {
    const char *name;        /* "RS256" */
    unsigned bit;            /* its bit in an allow-list */
    sso_sig_family_t family;
    sso_kty_t kty;
    sso_hash_t hash;         /* unused for EdDSA */
    const char *crv;         /* EC, Ed25519, Ed448: the one curve; otherwise NULL */
    apr_size_t sig_len;      /* ECDSA: exact length of R||S; otherwise 0 */
} sso_alg_t;

/* A set of algorithms as bits. */
typedef unsigned sso_alg_set_t;

/* NULL for an unknown name (exact, case-sensitive). */
const sso_alg_t *sso_alg_find(const char *name);
/* RS/PS/ES 256-512, EdDSA, Ed25519, Ed448. */
sso_alg_set_t sso_alg_default_set(void);
/* The HS* members. */
sso_alg_set_t sso_alg_hmac_set(void);
/* "RS256 ES256" -> set; EdDSA stands for Ed25519 and Ed448 too. Reason alg-unknown names the word; "none" has a
 * sentence of its own (alg-none). */
SSO_MUST_USE sso_rc_t sso_alg_set_parse(apr_pool_t *pool, const char *list, sso_alg_set_t *ret_set, sso_err_t *err);
/* Names of a set, blank-separated. */
char *sso_alg_set_text(apr_pool_t *pool, sso_alg_set_t set);

#endif

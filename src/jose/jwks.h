/* SPDX-License-Identifier: Apache-2.0 */
/* A provider's key set (RFC 7517 5). Keys we cannot use are skipped and counted, never an error by themselves; a set
 * may hold up to SSO_JWKS_KEYS_MAX members. Read-only after parsing, shared by threads, dies with its pool. */
#ifndef SSO_JOSE_JWKS_H
#define SSO_JOSE_JWKS_H

#include <apr_pools.h>

#include "base/err.h"
#include "jose/jwk.h"

#define SSO_JWKS_BYTES_MAX (1024 * 1024)
#define SSO_JWKS_KEYS_MAX  1000

typedef struct sso_jwks_t sso_jwks_t;

/* Reasons: jwks-syntax, jwks-no-keys-member, jwks-too-many, jwks-empty (no usable key: detail says why the first one
 * was not usable). */
SSO_MUST_USE sso_rc_t sso_jwks_parse(apr_pool_t *pool, const char *bytes, apr_size_t len, const sso_jwks_t **ret_set,
                                     sso_err_t *err);
/* The same of a document that is parsed already, as somebody's set; a set of our own may hold secrets. */
SSO_MUST_USE sso_rc_t sso_jwks_from_json(apr_pool_t *pool, const sso_json_t *doc, sso_jwk_side_t side,
                                         const sso_jwks_t **ret_set, sso_err_t *err);
/* A set made of one key (a secret, a PEM key). */
const sso_jwks_t *sso_jwks_of(apr_pool_t *pool, const sso_jwk_t *key);

apr_size_t sso_jwks_size(const sso_jwks_t *set); /* usable keys */
apr_size_t sso_jwks_skipped(const sso_jwks_t *set);

/* Picks the key for a signature: by kid among the keys that fit `alg`; without a kid in the header the one key that
 * fits; several that fit without kid is an error (never "try them all"). Reasons: jwks-unknown-kid (worth one refetch),
 * jwks-no-match (no key fits alg; worth one refetch), jwks-ambiguous, jwks-alg-mismatch (the kid names a key of another
 * type, use or alg). */
SSO_MUST_USE sso_rc_t sso_jwks_select(const sso_jwks_t *set, const char *kid, const sso_alg_t *alg,
                                      const sso_jwk_t **ret_key, sso_err_t *err);

#endif

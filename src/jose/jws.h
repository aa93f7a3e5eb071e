/* SPDX-License-Identifier: Apache-2.0 */
/* JWS compact serialization (RFC 7515): parsed and verified are different types, so unverified claims cannot be used by
 * mistake. `crit` and `b64` are refused, jku/x5u/jwk in a header are ignored, never fetched or used (RFC 8725 3.10). */
#ifndef SSO_JOSE_JWS_H
#define SSO_JOSE_JWS_H

#include <apr_pools.h>

#include "base/err.h"
#include "base/json.h"
#include "jose/jwks.h"

#define SSO_JWS_BYTES_MAX  (512 * 1024)
#define SSO_JWS_HEADER_MAX (8 * 1024)
#define SSO_JWS_KID_MAX    512

/* Split and decoded, header checked, nothing verified. The only use of the fields is choosing a key. */
typedef struct sso_jws_parsed_t {
    const char *alg; /* as in the header, unknown names included */
    const char *kid; /* NULL when absent */
    const char *typ; /* NULL when absent */
    const sso_json_t *header;
    const char *signing_input;
    apr_size_t signing_input_len;
    const unsigned char *payload;
    apr_size_t payload_len;
    const unsigned char *signature;
    apr_size_t signature_len;
} sso_jws_parsed_t;

/* Verified: made by sso_jws_verify only. */
typedef struct sso_jws_t {
    const unsigned char *payload;
    apr_size_t payload_len;
    const char *typ; /* NULL when absent */
    const char *kid;
    const sso_alg_t *alg;
    const char *crv; /* EC, EdDSA: curve of the key; otherwise NULL */
} sso_jws_t;

/* 1 when the text has the five parts of a JWE (decrypt first). */
int sso_jws_is_jwe(const char *text);

/* Reasons: jws-too-large, jws-parts, jws-base64, jws-header, jws-alg-missing, jws-crit, jws-b64, jws-kid. */
SSO_MUST_USE sso_rc_t sso_jws_parse(apr_pool_t *pool, const char *text, sso_jws_parsed_t *ret_parsed, sso_err_t *err);

/* Pins the algorithm (header alg ∈ allowed ∩ what the key can do) before any cryptography, selects the key, verifies.
 * Reasons: jws-alg-none, jws-alg-unknown, jws-alg-not-allowed, jws-signature, jws-signature-length, jws-hmac-key-short,
 * plus those of sso_jwks_select. */
SSO_MUST_USE sso_rc_t sso_jws_verify(apr_pool_t *pool, const sso_jws_parsed_t *parsed, const sso_jwks_t *keys,
                                     sso_alg_set_t allowed, sso_jws_t *ret_jws, sso_err_t *err);

/* Signs payload with a private (or MAC) key: compact text. `typ` and `kid` may be NULL.
 * Reasons: jws-key (the key cannot do alg), jws-hmac-key-short. */
SSO_MUST_USE sso_rc_t sso_jws_sign(apr_pool_t *pool, const sso_jwk_t *key, const sso_alg_t *alg, const char *typ,
                                   const char *kid, const void *payload, apr_size_t len, char **ret_text,
                                   sso_err_t *err);

#endif

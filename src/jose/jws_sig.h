/* SPDX-License-Identifier: Apache-2.0 */
/* Making and checking signatures (RFC 7518 3, RFC 8037 3.1), for jws.c only: the algorithm has been pinned and the key
 * chosen before. */
#ifndef SSO_JOSE_JWS_SIG_H
#define SSO_JOSE_JWS_SIG_H

#include "jose/jws.h"

/* `key` fits `alg`. Reasons: jws-signature, jws-signature-length, jws-hmac-key-short. */
SSO_MUST_USE sso_rc_t sso_jws_sig_verify(const sso_jwk_t *key, const sso_alg_t *alg, const sso_jws_parsed_t *parsed,
                                         sso_err_t *err);
SSO_MUST_USE sso_rc_t sso_jws_sig_make(apr_pool_t *pool, const sso_jwk_t *key, const sso_alg_t *alg, const char *input,
                                       apr_size_t input_len, unsigned char **ret_sig, apr_size_t *ret_len,
                                       sso_err_t *err);

#endif

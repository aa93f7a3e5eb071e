/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 4648 5, RFC 7515 2), strict: no padding, no white space, no characters of the other
 * alphabet, unused bits of the last character zero (so that one value has one spelling). Plain base64 with padding is
 * for key files only. The decoder is on the hot path of every request with a session. */
#ifndef SSO_BASE_B64_H
#define SSO_BASE_B64_H

#include <apr_pools.h>

#include "base/err.h"

#define SSO_B64_ENCODED_LEN(n) (((n) / 3) * 4 + (((n) % 3) ? ((n) % 3) + 1 : 0))
#define SSO_B64_DECODED_MAX(n) (((n) / 4) * 3 + 3)

/* Writes SSO_B64_ENCODED_LEN(len) characters, no NUL; returns that number. */
apr_size_t sso_b64url_encode(char *out, const unsigned char *bytes, apr_size_t len);
/* The same into a NUL-terminated string of the pool. */
char *sso_b64url_string(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len);

/* Decodes `len` characters into out (room for SSO_B64_DECODED_MAX(len)). `out` may not overlap `text`, and on failure
 * holds rubbish. Reason: base64-syntax, here and below. */
SSO_MUST_USE sso_rc_t sso_b64url_decode(unsigned char *out, apr_size_t *ret_len, const char *text, apr_size_t len,
                                        sso_err_t *err);
/* The same into the pool; the result has a NUL behind it that is not counted. */
SSO_MUST_USE sso_rc_t sso_b64url_decode_pool(apr_pool_t *pool, const char *text, apr_size_t len,
                                             unsigned char **ret_bytes, apr_size_t *ret_len, sso_err_t *err);

/* Standard alphabet with padding, strict otherwise (RFC 4648 4). */
SSO_MUST_USE sso_rc_t sso_b64_decode_pool(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **ret_bytes,
                                          apr_size_t *ret_len, sso_err_t *err);
char *sso_b64_string(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Small text rules that have to be the same everywhere. */
#ifndef SSO_BASE_TEXT_H
#define SSO_BASE_TEXT_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/err.h"

/* Whole string is a decimal integer in [min, max]: no sign but a leading '-', no blanks, no leading zeros, no suffix.
 * Reasons: number-syntax, number-range. */
SSO_MUST_USE sso_rc_t sso_text_int(const char *str, apr_int64_t min, apr_int64_t max, apr_int64_t *ret_value,
                                   sso_err_t *err);
/* "90", "90s", "15m", "8h", "7d" -> seconds in [min, max]. Reasons: duration-syntax, duration-range. */
SSO_MUST_USE sso_rc_t sso_text_duration(const char *str, apr_int64_t min, apr_int64_t max, apr_int64_t *ret_seconds,
                                        sso_err_t *err);

/* Splits at blanks and tabs (and at commas when `commas`); empty items are dropped. Array of char*. */
apr_array_header_t *sso_text_split(apr_pool_t *pool, const char *list, int commas);
/* Exact, case-sensitive membership in an array of char*. */
int sso_text_in(const apr_array_header_t *list, const char *item);

/* Compares without a data-dependent branch. Lengths may leak, contents may not. 1 = equal. */
int sso_text_equal_ct(const void *a, apr_size_t alen, const void *b, apr_size_t blen);

/* & < > " ' as entities; control characters and invalid UTF-8 as U+FFFD. For pages. */
char *sso_text_html(apr_pool_t *pool, const char *str);
/* For one log line: control, 8-bit, quote and backslash characters as \xHH; cut with "..." beyond max characters. */
char *sso_text_log(apr_pool_t *pool, const char *str, apr_size_t max);
/* As the body of a JSON string, without the quotes (RFC 8259 7); also escapes '<', '>', '&' and U+2028/9. */
char *sso_text_json(apr_pool_t *pool, const char *str);

/* 1 when the bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
int sso_text_is_utf8(const char *bytes, apr_size_t len);
/* 1 when the bytes hold a C0 control, DEL, or UTF-8 encoded C1 control, U+2028 or U+2029: never sent in a header. */
int sso_text_has_control(const char *bytes, apr_size_t len);
/* How many of the bytes come before the first that is below `low` (0x20 or 0x21), above 0x7e, '"' or a backslash. */
apr_size_t sso_text_plain_len(const char *bytes, apr_size_t len, unsigned char low);
/* RFC 9110 token: 1 or more tchar. */
int sso_text_is_token(const char *str);

/* The key under which two header or environment names are the same name (DESIGN rule 4): ASCII lower case, every
 * non-alphanumeric one '-'. sso_text_same_name("X_SSO_Sub", "x-sso-sub") is 1. */
char *sso_text_name_key(apr_pool_t *pool, const char *name, apr_size_t len);
int sso_text_same_name(const char *a, apr_size_t alen, const char *b, apr_size_t blen);

#endif

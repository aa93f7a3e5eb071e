/* SPDX-License-Identifier: Apache-2.0 */
/* The only user of jansson. Strict reading of JSON from outside (RFC 8259, RFC 7519 4, RFC 8725): one document, UTF-8
 * without BOM, no duplicate member names, no NUL in strings or names, bounded size and depth, numbers a double or a
 * 64-bit integer can hold. Every getter tells "absent", "wrong type" and "value" apart.
 * Nodes are borrowed from the document, which lives in the pool it was parsed into. */
#ifndef SSO_BASE_JSON_H
#define SSO_BASE_JSON_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/err.h"

#define SSO_JSON_DEPTH_MAX 32
#define SSO_JSON_VALUES_MAX 65536 /* values in one document */

typedef struct sso_json_t sso_json_t; /* a node; opaque */

typedef enum {
    SSO_JSON_NULL, SSO_JSON_BOOL, SSO_JSON_INT, SSO_JSON_REAL, SSO_JSON_STRING, SSO_JSON_ARRAY, SSO_JSON_OBJECT
} sso_json_type_t;

/* What a typed getter found. */
typedef enum { SSO_JSON_ABSENT, SSO_JSON_WRONG_TYPE, SSO_JSON_FOUND } sso_json_found_t;

/* Reasons: json-too-large (bytes or values), json-syntax, json-duplicate, json-nul, json-depth, json-utf8,
 * json-number (an integer beyond 64 bits or a real beyond a double, such as 1e400: refused, never rounded),
 * json-not-object, json-memory. */
SSO_MUST_USE sso_rc_t sso_json_parse(apr_pool_t *pool, const char *bytes, apr_size_t len, apr_size_t max_len,
                                     const sso_json_t **ret_doc, sso_err_t *err);
/* The same, and the document must be an object. */
SSO_MUST_USE sso_rc_t sso_json_parse_object(apr_pool_t *pool, const char *bytes, apr_size_t len, apr_size_t max_len,
                                            const sso_json_t **ret_doc, sso_err_t *err);

sso_json_type_t sso_json_type(const sso_json_t *node);
/* Member of an object, NULL when absent. */
const sso_json_t *sso_json_member(const sso_json_t *object, const char *name);
/* Typed members of an object. ret is untouched unless FOUND. */
sso_json_found_t sso_json_string(const sso_json_t *object, const char *name, const char **ret);
sso_json_found_t sso_json_bool(const sso_json_t *object, const char *name, int *ret);
/* Integers, and reals that are whole (5.0); others are WRONG_TYPE. */
sso_json_found_t sso_json_int(const sso_json_t *object, const char *name, apr_int64_t *ret);
/* NumericDate (RFC 7519 2): integer or real seconds in [0, 253402300799]; fractions allowed; anything else WRONG_TYPE.
 * Microseconds. */
sso_json_found_t sso_json_date(const sso_json_t *object, const char *name, apr_int64_t *ret_usec);
sso_json_found_t sso_json_array(const sso_json_t *object, const char *name, const sso_json_t **ret);
sso_json_found_t sso_json_object(const sso_json_t *object, const char *name, const sso_json_t **ret);
/* Array of strings into array of char* (borrowed); one that is no string makes it WRONG_TYPE. */
sso_json_found_t sso_json_strings(apr_pool_t *pool, const sso_json_t *object, const char *name,
                                  apr_array_header_t **ret);

/* Value of a node of the right type; the caller has asked sso_json_type first. */
const char *sso_json_node_string(const sso_json_t *node);
int sso_json_node_bool(const sso_json_t *node);
apr_int64_t sso_json_node_int(const sso_json_t *node);
double sso_json_node_real(const sso_json_t *node);
apr_size_t sso_json_size(const sso_json_t *array_or_object);
const sso_json_t *sso_json_at(const sso_json_t *array, apr_size_t i);

/* Members of an object in document order; stops early when the callback returns 0. */
typedef int sso_json_each_fn(void *baton, const char *name, const sso_json_t *value);
void sso_json_each(const sso_json_t *object, sso_json_each_fn *fn, void *baton);

/* Compact text of a node, in the pool. */
char *sso_json_text(apr_pool_t *pool, const sso_json_t *node);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Cookie headers (RFC 6265bis), read without copying: this is on the hot path. Our own values consist of base64url
 * characters and '.', so a value ends at the first ';', ',' or blank. */
#ifndef SSO_BASE_COOKIE_H
#define SSO_BASE_COOKIE_H

#include <apr_pools.h>

#include "base/err.h"

typedef struct sso_cookie_iter_t {
    const char *next;      /* rest of the header */
    const char *pair;      /* where the current pair begins (its name) */
    const char *name;      /* spans inside the header, not NUL-terminated */
    apr_size_t name_len;
    const char *value;
    apr_size_t value_len;
    int joined;            /* 1: the pair stands behind a ',', see below */
} sso_cookie_iter_t;

/* `header` may be NULL. Pairs may be separated by ';' or, where httpd merged two Cookie lines, by ','. */
void sso_cookie_begin(sso_cookie_iter_t *it, const char *header);
/* 1 and the next name=value pair, or 0 at the end. A pair without '=' or without a name is skipped.
 * A browser sends one Cookie line and separates with ';' (RFC 6265 5.4), but lets a value hold commas: a cookie that a
 * sibling domain sets, `x=1,__Host-sso=evil`, would slip past the __Host- rule. So a pair that is `joined` counts only
 * when no other pair has its name, and never for a name whose prefix is to be relied on. */
int sso_cookie_next(sso_cookie_iter_t *it);
/* The same without pairs that are `joined`: for reading our own cookies. */
int sso_cookie_next_own(sso_cookie_iter_t *it);
/* 1 when the current pair has exactly this name. */
int sso_cookie_is(const sso_cookie_iter_t *it, const char *name);

/* 1 when the header holds a cookie whose name begins with `prefix`: a cheap test before any rewriting. */
int sso_cookie_has_prefix(const char *header, const char *prefix, apr_size_t prefix_len);

/* The header without the pairs for which `mine` says 1; the same pointer when there is none, NULL when nothing is left.
 * `header` may be NULL. */
const char *sso_cookie_cut(apr_pool_t *pool, const char *header,
                           int (*mine)(void *baton, const char *name, apr_size_t name_len), void *baton);

typedef enum { SSO_SAMESITE_LAX, SSO_SAMESITE_STRICT, SSO_SAMESITE_NONE } sso_samesite_t;

typedef struct sso_cookie_attrs_t {
    const char *domain; /* NULL: host-only */
    const char *path;   /* never NULL */
    int max_age;        /* seconds; < 0: a session cookie of the browser; 0: delete */
    int secure;
    int partitioned;
    sso_samesite_t samesite;
} sso_cookie_attrs_t;

/* A Set-Cookie value. Always HttpOnly. */
char *sso_cookie_format(apr_pool_t *pool, const char *name, const char *value, const sso_cookie_attrs_t *attrs);

/* RFC 6265bis 4.1.3: a name with prefix __Host- needs Secure, Path=/ and no Domain, __Secure- needs Secure.
 * Reasons: cookie-name, cookie-prefix, cookie-attribute (a path or domain that cannot be one). */
SSO_MUST_USE sso_rc_t sso_cookie_check(const char *name, const sso_cookie_attrs_t *attrs, sso_err_t *err);

#endif

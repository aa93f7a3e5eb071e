/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: what we fetch or name in configuration (RFC 3986, strict), and what we send a browser to (the browser's own
 * rules, WHATWG URL). A redirect is always built from the parsed parts, never from the text that was checked. */
#ifndef SSO_BASE_URL_H
#define SSO_BASE_URL_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/err.h"

#define SSO_URL_MAX 2048       /* endpoints, issuers, return URLs */
#define SSO_URL_PARAMS_MAX 64  /* name/value pairs in one query or form */

typedef struct sso_url_t {
    const char *scheme; /* "https" or "http", lower case */
    const char *host;   /* lower case; an IPv6 literal keeps its brackets */
    int port;           /* 1-65535, never 0: the scheme's default when absent */
    const char *path;   /* begins with '/' ("/" when absent), still percent-encoded */
    const char *query;  /* without '?', NULL when absent */
    const char *fragment; /* without '#', NULL when absent */
} sso_url_t;

/* An absolute http(s) URL: no userinfo, no blanks, controls, backslashes or 8-bit bytes, valid host and port.
 * Reasons: url-syntax, url-scheme, url-userinfo, url-host, url-port, url-too-long. */
SSO_MUST_USE sso_rc_t sso_url_parse(apr_pool_t *pool, const char *text, sso_url_t *ret_url, sso_err_t *err);

/* 127.0.0.0/8, [::1], localhost, *.localhost. */
int sso_url_host_is_loopback(const char *host);
/* "https://host" or "https://host:8443" (default port left out). */
char *sso_url_origin(apr_pool_t *pool, const sso_url_t *url);
int sso_url_default_port(const char *scheme);

/* Percent-encodes all but unreserved characters (RFC 3986 2.3); space as %20. For a query value or a path segment. */
char *sso_url_encode(apr_pool_t *pool, const char *str);
/* application/x-www-form-urlencoded (space as '+'), for bodies and RFC 6749 2.3.1. */
char *sso_url_form_encode(apr_pool_t *pool, const char *str);

/* Adds name=value to a URL that may have a query already; values are encoded. `pairs` is name, value, …, NULL;
 * a pair with a NULL value is left out. The fragment, if any, stays at the end. */
char *sso_url_add_query(apr_pool_t *pool, const char *url, const char *const *pairs);

typedef struct sso_param_t {
    const char *name;
    const char *value;
} sso_param_t;

/* Decodes a query string or form body ('+' and %HH). Refuses malformed escapes, NUL bytes, more than
 * SSO_URL_PARAMS_MAX pairs, invalid UTF-8. Empty pairs ("&&") are skipped. Array of sso_param_t.
 * Reasons: form-escape, form-nul, form-too-many, form-utf8. */
SSO_MUST_USE sso_rc_t sso_url_parse_form(apr_pool_t *pool, const char *text, apr_size_t len,
                                         apr_array_header_t **ret_params, sso_err_t *err);
/* The value of `name`, NULL when absent. SSO_E_SYNTAX (param-duplicate) when it is there twice (RFC 6749 3.1). */
SSO_MUST_USE sso_rc_t sso_url_param(const apr_array_header_t *params, const char *name, const char **ret_value,
                                    sso_err_t *err);

/* Where we may send a browser back to. */
typedef struct sso_return_rule_t {
    const char *scheme;                /* of the site itself */
    const char *host;                  /* of the site itself, lower case */
    int port;
    /* char*: more hosts ("host", "host:port", ".suffix" for its subdomains; no port: the scheme's default), or NULL */
    const apr_array_header_t *hosts;
    int allow_http;                    /* http targets too (SSODevelopment, loopback hosts only) */
} sso_return_rule_t;

/* The one validator of return targets (CASES areas O, lo-*): `text` is a path-absolute reference or an absolute URL, as
 * a browser would resolve it against the site: backslash is a slash, tab/CR/LF are refused rather than dropped,
 * "//host" is another host, userinfo is refused, %2f%2f and dot segments cannot make a host ("/%2f", "/%5c", "/%09" at
 * the start of a path of the site itself are refused: a server behind us may decode once and redirect). The result is
 * rebuilt: a path-absolute reference for the site itself, an absolute URL for an allowed other host. Escapes are never
 * decoded.
 * Reasons: return-syntax, return-host, return-scheme, return-too-long. */
SSO_MUST_USE sso_rc_t sso_url_check_return(apr_pool_t *pool, const char *text, const sso_return_rule_t *rule,
                                           const char **ret_url, sso_err_t *err);

#endif

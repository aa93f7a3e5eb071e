/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for each handle of libcurl, whatever it is for: what libcurl would take from the environment or decide for
 * itself is said here once. For fetch.c (HTTP) and tls_conn.c (a byte stream), the only users of libcurl. */
#ifndef MOD_SSO_CURL_BASE_H
#define MOD_SSO_CURL_BASE_H

#include <apr_pools.h>
#include <curl/curl.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or later is needed: CURLOPT_QUICK_EXIT"
#endif

/* A certificate of ours and its key, in memory: children need not be able to read the files. data NULL: none. */
typedef struct mod_sso_curl_identity_t {
    struct curl_blob certificate;
    struct curl_blob key;
} mod_sso_curl_identity_t;

/* Return from the function when something fails. curl_easy_setopt is a typed macro; all that fail mean the same: a
 * libcurl that cannot do what we rely on. */
#define MOD_SSO_CURL_TRY(expr)                                                                                         \
    do {                                                                                                               \
        CURLcode curl_try_rc = (expr);                                                                                 \
        if (curl_try_rc != CURLE_OK)                                                                                   \
            return curl_try_rc;                                                                                        \
    } while (0)
#define MOD_SSO_CURL_SET(handle, option, value) MOD_SSO_CURL_TRY(curl_easy_setopt(handle, option, value))

/* No signals, no hanging resolver threads, no redirects, no netrc, HTTP/1.1 and no descriptor for CGI programs. */
CURLcode mod_sso_curl_set_base(CURL *handle);
/* TLS 1.2 at least, chain and host name verified. `ca_file` NULL: the system's; `identity` NULL: none. Both live as
 * long as the handle is used. */
CURLcode mod_sso_curl_set_tls(CURL *handle, const char *ca_file, const mod_sso_curl_identity_t *identity);
/* A PEM file, with a NUL behind it that is not counted, wiped with the pool. */
apr_status_t mod_sso_curl_read_pem(apr_pool_t *pconf, const char *path, struct curl_blob *blob);

#endif

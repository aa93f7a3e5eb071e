/* SPDX-License-Identifier: Apache-2.0 */
/* Outgoing calls over libcurl (DESIGN §6). https only (http to loopback hosts in development), no
 * redirects, TLS verified, no cookies, no environment proxies, no compression, bounded bodies and times, idle handles
 * pooled. */
#ifndef MOD_SSO_FETCH_H
#define MOD_SSO_FETCH_H

#include "httpd/bulkhead.h"
#include "httpd/mod_sso.h"
#include "httpd/site.h"

typedef struct mod_sso_fetch_t {
    const char *url;
    const char *body;          /* POST as application/x-www-form-urlencoded; NULL: GET */
    const char *authorization; /* value of the header, NULL: none */
    const char *accept;        /* NULL: application/json */
    apr_size_t max;            /* bytes of the body */
    int (*stopping)(void); /* NULL: a request waits. Else a call in the background: takes no place of the bulkhead, and
                            * is given up within a second or so after this says 1 */
} mod_sso_fetch_t;

typedef struct mod_sso_fetched_t {
    int status;
    const char *content_type;  /* "" when absent */
    const char *cache_control; /* "" when absent */
    int retry_after;           /* seconds, -1: not said */
    const char *bytes;         /* NUL-terminated, in the pool */
    apr_size_t len;
} mod_sso_fetched_t;

/* As root, before the fork: the bulkhead for `count` providers, client certificates and keys read. Called by
 * mod_sso_meta_post_config. */
apr_status_t mod_sso_fetch_post_config(apr_pool_t *pconf, server_rec *main_server, int count);
/* Process-wide set-up in child_init; cleaned up with the pool. */
apr_status_t mod_sso_fetch_child_init(apr_pool_t *pchild, server_rec *main_server);
/* One call on behalf of a provider: its site's timeouts, CA file, proxy and bulkhead count. Any status is SSO_OK.
 * Reasons: fetch-url, fetch-dns, fetch-connect, fetch-tls, fetch-timeout (SSO_E_TIMEOUT), fetch-too-large,
 * fetch-failed, fetch-busy (SSO_E_BUSY: the bulkhead is full). The detail names host and cause, never the body. */
SSO_MUST_USE sso_rc_t mod_sso_fetch(apr_pool_t *pool, const mod_sso_provider_t *provider,
                                    const mod_sso_fetch_t *request, mod_sso_fetched_t *ret_answer, sso_err_t *err);

/* A place of the bulkhead for a worker that waits for what another one fetches. SSO_E_BUSY (fetch-busy) when there is
 * none; given back with mod_sso_bulkhead_leave. */
SSO_MUST_USE sso_rc_t mod_sso_fetch_enter(const mod_sso_provider_t *provider, mod_sso_ticket_t *ret_ticket,
                                          sso_err_t *err);
/* For the status page: places of this provider; NULL: of the server. */
mod_sso_bulkhead_view_t mod_sso_fetch_look(const mod_sso_provider_t *provider);
/* Seconds that one call may take. */
int mod_sso_fetch_timeout(const mod_sso_provider_t *provider);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* An outgoing stream of bytes over TLS, for protocols that are not HTTP. libcurl dials, shakes hands and verifies chain
 * and host name (TLS 1.2 at least, no proxy); whatever the other side does, each call ends in time. No httpd. */
#ifndef MOD_SSO_TLS_CONN_H
#define MOD_SSO_TLS_CONN_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/err.h"

typedef struct mod_sso_tls_trust_t mod_sso_tls_trust_t; /* whom we trust, who we are */
typedef struct mod_sso_tls_conn_t mod_sso_tls_conn_t;

/* As root: the certificate and its key (a secret file) are read; `ca_file` is read by children. NULL: the system's
 * authorities, no certificate. Reasons: tls-file, or those of secretfile.h. */
SSO_MUST_USE sso_rc_t mod_sso_tls_trust_read(apr_pool_t *pconf, const char *ca_file, const char *cert_file,
                                             const char *key_file, const mod_sso_tls_trust_t **ret_trust,
                                             sso_err_t *err);
/* Once in each child. Before it libcurl is set up for each connection and taken down after it, and no thread is left.
 */
void mod_sso_tls_conn_child_init(void);

typedef struct mod_sso_tls_place_t {
    const char *host; /* the name that the certificate is for; an IPv6 address without brackets */
    int port;
    const mod_sso_tls_trust_t *trust;
    apr_interval_time_t patience; /* for the name, the connection and the handshake together */
} mod_sso_tls_place_t;

/* `pool` lives as long as the connection, which nothing but mod_sso_tls_conn_close ends. Reason tls-conn (SSO_E_FETCH,
 * SSO_E_TIMEOUT); the detail is a sentence that says what is wrong with connection or certificate. */
SSO_MUST_USE sso_rc_t mod_sso_tls_conn_dial(apr_pool_t *pool, const mod_sso_tls_place_t *place,
                                            mod_sso_tls_conn_t **ret_conn, sso_err_t *err);
/* All of it. After a failure the connection is good for nothing. */
SSO_MUST_USE sso_rc_t mod_sso_tls_conn_send(mod_sso_tls_conn_t *conn, const char *bytes, apr_size_t len,
                                            apr_time_t deadline, sso_err_t *err);
/* What has come, one byte at least. */
SSO_MUST_USE sso_rc_t mod_sso_tls_conn_recv(mod_sso_tls_conn_t *conn, char *bytes, apr_size_t room, apr_size_t *ret_len,
                                            apr_time_t deadline, sso_err_t *err);
/* 1: open, and nothing has come for us. Session tickets and the like have: bytes on the socket, but none of ours. */
int mod_sso_tls_conn_is_quiet(mod_sso_tls_conn_t *conn);
void mod_sso_tls_conn_close(mod_sso_tls_conn_t *conn);

#endif

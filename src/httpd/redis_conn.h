/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a Redis server, plain or over TLS: the only user of hiredis. Replies are built in a pool by our own
 * rules, so that a server that lies about lengths, never ends or sends one byte a minute costs bounded memory and time.
 * No httpd. */
#ifndef MOD_SSO_REDIS_CONN_H
#define MOD_SSO_REDIS_CONN_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/err.h"
#include "httpd/redis_url.h"
#include "httpd/tls_conn.h"

#define MOD_SSO_REDIS_ARGS_MAX     12
#define MOD_SSO_REDIS_REPLY_MAX    (1024 * 1024) /* bytes of one reply */
#define MOD_SSO_REDIS_ELEMENTS_MAX 1024          /* of one array */

typedef enum {
    MOD_SSO_REDIS_NIL,
    MOD_SSO_REDIS_STRING,
    MOD_SSO_REDIS_STATUS,
    MOD_SSO_REDIS_ERROR,
    MOD_SSO_REDIS_INTEGER,
    MOD_SSO_REDIS_ARRAY
} mod_sso_redis_type_t;

typedef struct mod_sso_redis_reply_t mod_sso_redis_reply_t;
struct mod_sso_redis_reply_t {
    mod_sso_redis_type_t type;
    const char *str; /* NUL-terminated; "" unless STRING, STATUS, ERROR */
    apr_size_t len;
    apr_int64_t integer;
    mod_sso_redis_reply_t **element; /* `count`, none of them NULL */
    int count;
};

typedef struct mod_sso_redis_cmd_t {
    int argc;
    const char *argv[MOD_SSO_REDIS_ARGS_MAX];
    size_t len[MOD_SSO_REDIS_ARGS_MAX];
} mod_sso_redis_cmd_t;

typedef struct mod_sso_redis_conn_t mod_sso_redis_conn_t; /* in a pool of its own: it outlives requests */

/* What this module was built without, as a sentence; NULL: it is all there. */
const char *mod_sso_redis_conn_lacks(void);

void mod_sso_redis_cmd_init(mod_sso_redis_cmd_t *cmd, const char *verb);
void mod_sso_redis_cmd_add(mod_sso_redis_cmd_t *cmd, const void *bytes, apr_size_t len);
void mod_sso_redis_cmd_adds(mod_sso_redis_cmd_t *cmd, const char *str);

/* What to connect to. */
typedef struct mod_sso_redis_target_t {
    mod_sso_redis_url_t url;          /* with the passwords of its files */
    const mod_sso_tls_trust_t *trust; /* NULL: no TLS */
    apr_interval_time_t patience;     /* for each step of connecting */
    _Atomic int *sentinel;            /* the one that answered last, asked first: one that is gone costs `patience` */
} mod_sso_redis_target_t;

/* Connected to the server itself (through a Sentinel where the URL says so), signed in, database selected.
 * Classes: SSO_E_FETCH, SSO_E_TIMEOUT, SSO_E_SYNTAX, SSO_E_DENIED; the detail is a whole sentence without secrets. */
SSO_MUST_USE sso_rc_t mod_sso_redis_conn_open(apr_pool_t *pool, const mod_sso_redis_target_t *target,
                                              mod_sso_redis_conn_t **ret_conn, sso_err_t *err);
/* One command, one reply, until `deadline`. SSO_E_FETCH: the connection broke, and whether the command was done is not
 * known; SSO_E_TIMEOUT, SSO_E_SYNTAX, SSO_E_LIMIT: as said. After a failure the connection is good for nothing. */
SSO_MUST_USE sso_rc_t mod_sso_redis_conn_call(mod_sso_redis_conn_t *conn, apr_pool_t *pool,
                                              const mod_sso_redis_cmd_t *cmd, apr_time_t deadline,
                                              mod_sso_redis_reply_t **ret_reply, sso_err_t *err);
/* 1 when a connection nobody uses is open and has nothing to say, so the next reply is that of the next command. */
int mod_sso_redis_conn_is_quiet(const mod_sso_redis_conn_t *conn);
void mod_sso_redis_conn_close(mod_sso_redis_conn_t *conn);

/* The word an error reply begins with ("WRONGPASS"): the rest may quote what was sent. */
const char *mod_sso_redis_error_word(apr_pool_t *pool, const mod_sso_redis_reply_t *reply);

#endif

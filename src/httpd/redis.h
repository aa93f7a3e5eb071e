/* SPDX-License-Identifier: Apache-2.0 */
/* SSOCache redis://…: connections shared by the threads of a process, and what happens when the server does not answer.
 * No connection is held over a request or a fork. A server that is down is remembered by all processes for a moment:
 * one of them tries again each second, all others fail at once. */
#ifndef MOD_SSO_REDIS_H
#define MOD_SSO_REDIS_H

#include "httpd/mod_sso.h"
#include "httpd/redis_conn.h"

#define MOD_SSO_REDIS_PREFIX "mod_sso_oidc:" /* before every key: an ACL can say ~mod_sso_oidc:* */

typedef struct mod_sso_redis_t mod_sso_redis_t;

/* check_config: reads the URL, asks nobody. `connect`: seconds. Reasons: redis-url, redis-library, and those of
 * tls_conn.h and secretfile.h about files. */
SSO_MUST_USE sso_rc_t mod_sso_redis_create(apr_pool_t *pconf, server_rec *server, const char *spec, int connect,
                                           mod_sso_redis_t **ret_redis, sso_err_t *err);
SSO_MUST_USE sso_rc_t mod_sso_redis_post_config(mod_sso_redis_t *redis, apr_pool_t *pconf, sso_err_t *err);
apr_status_t mod_sso_redis_child_init(mod_sso_redis_t *redis, apr_pool_t *pchild);
/* "redis://10.0.0.7:6379/0": no user, no password. */
const char *mod_sso_redis_label(const mod_sso_redis_t *redis);

/* Any command. Every command may be repeated once on a new connection when the old one broke; *ret_repeated (may be
 * NULL) tells. An error reply is a failure. Reason: store-failed (SSO_E_INTERNAL). */
SSO_MUST_USE sso_rc_t mod_sso_redis_call(mod_sso_redis_t *redis, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                                         mod_sso_redis_reply_t **ret_reply, int *ret_repeated, sso_err_t *err);

/* As in store.h; `key` is the text behind the prefix. */
SSO_MUST_USE sso_rc_t mod_sso_redis_put(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, apr_time_t expires,
                                        const void *value, apr_size_t len, sso_err_t *err);
SSO_MUST_USE sso_rc_t mod_sso_redis_add(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, apr_time_t expires,
                                        const void *value, apr_size_t len, sso_err_t *err);
SSO_MUST_USE sso_rc_t mod_sso_redis_get(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key,
                                        unsigned char **ret_value, apr_size_t *ret_len, sso_err_t *err);
SSO_MUST_USE sso_rc_t mod_sso_redis_remove(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, sso_err_t *err);

#endif

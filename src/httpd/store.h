/* SPDX-License-Identifier: Apache-2.0 */
/* SSOCache: what processes or machines share (DESIGN §7). Through httpd's socache providers ("shmcb:path(size)",
 * "dbm:…", "memcache:…", "redis:…" as in SSLSessionCache) or our own Redis client ("redis://…", redis.h). Keys are
 * hashes, values sealed by the caller. */
#ifndef MOD_SSO_STORE_H
#define MOD_SSO_STORE_H

#include "httpd/mod_sso.h"
#include "httpd/store_keep.h"

typedef struct mod_sso_store_t mod_sso_store_t;
struct mod_sso_redis_t;

/* pre_config: registers our mutex name ("sso-cache") with httpd. */
int mod_sso_store_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);
/* check_config: names a missing module in one sentence (reason cache-provider); `spec` NULL = shmcb of 1 MB, and then a
 * missing mod_socache_shmcb is no error: *ret_store is NULL. Creates nothing on disk or in shared memory. */
SSO_MUST_USE sso_rc_t mod_sso_store_create(apr_pool_t *pconf, server_rec *server, const char *spec,
                                           mod_sso_store_t **ret_store, sso_err_t *err);
/* post_config, once before those of the stores. */
SSO_MUST_USE sso_rc_t mod_sso_store_begin(apr_pool_t *pconf, process_rec *process, sso_err_t *err);
/* post_config and child_init of one store. post_config runs a self-test of what it made: put, get, remove. shmcb and
 * dbm are kept as they are from one configuration to the next (store_keep.h). */
SSO_MUST_USE sso_rc_t mod_sso_store_post_config(mod_sso_store_t *store, apr_pool_t *pconf, sso_err_t *err);
apr_status_t mod_sso_store_child_init(mod_sso_store_t *store, apr_pool_t *pchild);

/* Reasons: store-absent (SSO_E_ABSENT), store-failed, store-too-large. `key` 1-64 bytes. */
SSO_MUST_USE sso_rc_t mod_sso_store_put(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key,
                                        unsigned key_len, apr_time_t expires, const void *value, apr_size_t len,
                                        sso_err_t *err);
/* The same where nothing is there yet, else SSO_E_MISMATCH (store-taken). `value` is the caller's alone. Over machines
 * that is sure with redis:// only: httpd's providers of remote caches know no such thing, so two may both have it. */
SSO_MUST_USE sso_rc_t mod_sso_store_add(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key,
                                        unsigned key_len, apr_time_t expires, const void *value, apr_size_t len,
                                        sso_err_t *err);
SSO_MUST_USE sso_rc_t mod_sso_store_get(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key,
                                        unsigned key_len, unsigned char **ret_value, apr_size_t *ret_len,
                                        sso_err_t *err);
/* Does the cache take anything? httpd's memcache and redis providers say "not found" when their server is down, too.
 * Asks the server, so only for what should be there. Reason: store-failed. */
SSO_MUST_USE sso_rc_t mod_sso_store_probe(mod_sso_store_t *store, apr_pool_t *pool, sso_err_t *err);
SSO_MUST_USE sso_rc_t mod_sso_store_remove(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key,
                                           unsigned key_len, sso_err_t *err);

/* store_watch.c: how full a shmcb is, and who says so before it drops sessions that still count. */
void mod_sso_store_watch_reset(void);
/* `use`: in shared memory, zero at first. Without a watchdog nobody will say so. */
void mod_sso_store_watch(mod_sso_store_t *store, apr_pool_t *pconf, server_rec *server, mod_sso_store_use_t *use);
void mod_sso_store_watch_child_init(apr_pool_t *pchild);
apr_size_t mod_sso_store_capacity(const mod_sso_store_t *store); /* bytes; 0: not known */
/* What is in it that has not expired, by the first byte of the key. */
typedef struct mod_sso_store_sum_t {
    apr_size_t entries[256];
    apr_size_t bytes[256];
} mod_sso_store_sum_t;
SSO_MUST_USE sso_rc_t mod_sso_store_measure(mod_sso_store_t *store, apr_pool_t *pool, mod_sso_store_sum_t *ret_sum,
                                            sso_err_t *err);

/* 1 when other machines may use it too: memcached, Redis. */
int mod_sso_store_is_remote(const mod_sso_store_t *store);
/* Our own client, NULL: one of httpd's providers. */
struct mod_sso_redis_t *mod_sso_store_redis(const mod_sso_store_t *store);

#endif

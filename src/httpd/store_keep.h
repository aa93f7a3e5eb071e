/* SPDX-License-Identifier: Apache-2.0 */
/* What of a cache of this machine (shmcb, dbm) lives as long as the server's process: its memory or file, and the mutex
 * that goes with it. Configurations come and go with every reload, and children of two of them work on the cache at
 * once during a graceful one: so both have the same mutex. httpd unloads and loads modules with the configuration: of
 * this one only data is kept, and the provider's stays loaded. */
#ifndef MOD_SSO_STORE_KEEP_H
#define MOD_SSO_STORE_KEEP_H

#include <ap_socache.h>
#include <apr_global_mutex.h>
#include <stdatomic.h>

#include "httpd/mod_sso.h"

#define MOD_SSO_STORE_MUTEX "sso-cache"
#define MOD_SSO_STORE_ENTRY (32 + 2048) /* bytes of key and value that shmcb makes its index for */

/* For store_watch.c. */
typedef struct mod_sso_store_use_t {
    _Atomic apr_uint64_t written; /* bytes since it was measured */
    _Atomic apr_int64_t next_complaint;
} mod_sso_store_use_t;

/* In memory that the processes share. */
typedef struct mod_sso_store_shared_t {
    mod_sso_store_use_t use;
    _Atomic int busy;  /* somebody is inside */
    _Atomic int doubt; /* somebody died inside: it may be half written */
} mod_sso_store_shared_t;

typedef struct mod_sso_store_keep_t {
    ap_socache_instance_t *instance;
    apr_global_mutex_t *mutex;
    mod_sso_store_shared_t *shared;
    int is_new; /* made by this configuration, not by one before */
} mod_sso_store_keep_t;

/* post_config, before the first _open: a configuration begins. What two in a row have not named is given back. */
SSO_MUST_USE sso_rc_t mod_sso_store_keep_begin(apr_pool_t *pconf, process_rec *process, sso_err_t *err);
/* The cache of this provider and argument: the one there is when nothing about it has changed, else a new one. */
SSO_MUST_USE sso_rc_t mod_sso_store_keep_open(server_rec *server, const ap_socache_provider_t *provider,
                                              const char *arg, mod_sso_store_keep_t **ret_keep, sso_err_t *err);
/* Around every call of the provider. *ret_is_doubtful: somebody died inside, and nobody has said so yet. */
apr_status_t mod_sso_store_keep_lock(mod_sso_store_keep_t *keep, int *ret_is_doubtful);
void mod_sso_store_keep_unlock(mod_sso_store_keep_t *keep);

#endif

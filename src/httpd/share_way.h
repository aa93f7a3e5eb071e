/* SPDX-License-Identifier: Apache-2.0 */
/* What share.c has for the two ways in which machines hear of each other's logouts: a stream of our own Redis client
 * (share_redis.c) and records in one of httpd's remote caches (share_cache.c). */
#ifndef MOD_SSO_SHARE_WAY_H
#define MOD_SSO_SHARE_WAY_H

#include <stdatomic.h>

#include "httpd/revoke.h"
#include "httpd/share_queue.h"
#include "httpd/share_set.h"
#include "httpd/site.h"
#include "httpd/store.h"

#define MOD_SSO_SHARE_CARE     60 /* seconds between two looks after the records, or two complaints */
#define MOD_SSO_SHARE_CATCH_UP apr_time_from_sec(5) /* a start waits no longer for what others have ended */
#define MOD_SSO_SHARE_MARKS    2

typedef enum {
    MOD_SSO_SHARE_UNHEARD,
    MOD_SSO_SHARE_UNREADABLE,
    MOD_SSO_SHARE_FULL,
    MOD_SSO_SHARE_UNSENT,
    MOD_SSO_SHARE_TROUBLES
} mod_sso_share_trouble_t;

typedef struct mod_sso_share_way_t mod_sso_share_way_t;

/* One SSOCache. Set before the fork and never after. */
typedef struct mod_sso_share_t {
    mod_sso_store_t *store;
    const mod_sso_share_way_t *way;
    void *own; /* of the way */
    server_rec *server;
    const char *label;         /* names the cache, without a password */
    apr_array_header_t *rings; /* const sso_keyring_t *: of all sites that use it */
    apr_uint64_t tag;          /* names it in the queue, which outlives configurations */
    mod_sso_queue_t *queue;    /* what the others were not told yet */
    _Atomic apr_int64_t *next_complaint;
    _Atomic int *marks; /* of the way, between processes: MOD_SSO_SHARE_MARKS, 0 at first */
    int is_start;       /* httpd starts, nothing has been heard yet */
} mod_sso_share_t;

struct mod_sso_share_way_t {
    /* post_config. */
    apr_status_t (*start)(mod_sso_share_t *share, apr_pool_t *pconf, process_rec *process);
    void (*child_init)(apr_pool_t *pchild);
    /* A request tells the others of a sealed entry. NULL: from the queue only. */
    sso_rc_t (*tell)(mod_sso_share_t *share, apr_pool_t *pool, const char *text, sso_err_t *err);
    /* SSO_E_MISMATCH: another machine has had it. NULL: it is told to the others like all that has ended. */
    sso_rc_t (*use_once)(mod_sso_share_t *share, apr_pool_t *pool, const unsigned char key[16], apr_time_t until,
                         sso_err_t *err);
};
extern const mod_sso_share_way_t mod_sso_share_redis, mod_sso_share_cache;

/* What lasts is said once a minute and machine. */
void mod_sso_share_complain(mod_sso_share_t *share, mod_sso_share_trouble_t trouble, int level, const char *id,
                            const char *what, const sso_err_t *err);
/* One for each of the rings, in their order (sso_sealer_t *). */
SSO_MUST_USE sso_rc_t mod_sso_share_sealers(mod_sso_share_t *share, apr_pool_t *pool, apr_array_header_t **ret_sealers,
                                            sso_err_t *err);
/* Reads a sealed entry; *ret_ring: of which of the rings. SSO_E_UNSUPPORTED: of a newer version of this module. */
SSO_MUST_USE sso_rc_t mod_sso_share_open(const apr_array_header_t *sealers, apr_pool_t *pool, const char *text,
                                         apr_size_t len, mod_sso_ended_t *ret_ended, int *ret_ring, sso_err_t *err);
/* Into the table of this machine. */
void mod_sso_share_take(mod_sso_share_t *share, const mod_sso_ended_t *ended);

#endif

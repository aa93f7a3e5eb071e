/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of meta: the place of one provider in this process, shared by meta.c (requests) and meta_watch.c (background).
 *
 *   request: usable snapshot --> serve it; expired --> serve it and start a background refresh [meta_watch.c]
 *            none            --> one thread flies [mod_sso_meta_fly], the others wait for its landing
 *   watchdog: a due part --> fly in the one child that has the watchdog; generation + 1
 *   other children: generation moved --> fly without fetching: the copy on disk is newer than theirs */
#ifndef MOD_SSO_META_SLOT_H
#define MOD_SSO_META_SLOT_H

#include <stdatomic.h>

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "httpd/meta_load.h"

enum { MOD_SSO_META_WANTED = 1, MOD_SSO_META_KEYS_WANTED = 2 };

enum { MOD_SSO_META_METADATA, MOD_SSO_META_KEYS }; /* the parts that can fail */

/* A failure that all children remember. Written under a sequence lock: odd while it changes. */
typedef struct mod_sso_failure_t {
    _Atomic apr_uint32_t sequence;
    _Atomic apr_int64_t until;
    sso_err_t err; /* its texts are constants of this module: the same address in every child */
} mod_sso_failure_t;

/* One provider's part of the shared memory. */
typedef struct mod_sso_meta_shared_t {
    _Atomic apr_uint32_t generation; /* moves when the copy on disk does */
    _Atomic apr_uint32_t wanted;     /* what any child was asked for: only that is kept fresh */
    _Atomic apr_int64_t bucket;      /* fetches for unknown kids (sso_fresh_take) */
    _Atomic apr_int64_t asking;      /* some child fetches keys for an unknown kid, until this time at most; 0: none */
    _Atomic apr_int64_t not_before;  /* a refresh runs in some child or failed: none before this time */
    _Atomic apr_uint32_t failures;   /* refreshes that failed in a row */
    mod_sso_failure_t failed[2];     /* how the last attempt failed, by part */
} mod_sso_meta_shared_t;

typedef struct mod_sso_slot_t {
    const mod_sso_provider_t *provider;
    mod_sso_meta_shared_t *shared;
    const char *path;          /* of the copy on disk; NULL: none is kept */
    apr_thread_mutex_t *mutex; /* for what follows; never held while fetching */
    apr_thread_cond_t *landed;
    mod_sso_snapshot_t *current;     /* NULL: none yet */
    _Atomic apr_uint32_t generation; /* of the copy that current takes into account; read without the lock too */
    _Atomic apr_uint32_t serial;     /* of current, 0: there was none yet; read without the lock too */
    int flying;                      /* a thread of this process is at it */
    int gone;                        /* the process ends */
    apr_thread_t *thread;            /* background refresh, joined before the next one; NULL: none to join */
    apr_pool_t *thread_pool;         /* it lives in */
    int thread_done;
} mod_sso_slot_t;

/* Loads with the lock held on entry and exit, not in between; `flying` must be 0. *ret_fetched (may be NULL): how many
 * parts came anew. Returns how the wanted part fared. */
sso_rc_t mod_sso_meta_fly(mod_sso_slot_t *slot, const mod_sso_meta_job_t *job, int *ret_fetched, sso_err_t *err);
/* 1 when another process wrote a newer copy to disk. */
int mod_sso_meta_is_outdated(const mod_sso_slot_t *slot);

/* meta_watch.c */
void mod_sso_meta_watch_post_config(apr_pool_t *pconf, server_rec *main_server);
void mod_sso_meta_watch_start(mod_sso_slot_t *slots, int count);
void mod_sso_meta_watch_stop(void);
/* Refreshes in a thread of this process, unless some process does so or failed just now. Lock held. */
void mod_sso_meta_refresh_behind(mod_sso_slot_t *slot);
/* The process is to end: calls in the background are given up. */
int mod_sso_meta_is_stopping(void);

#endif

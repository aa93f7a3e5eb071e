/* SPDX-License-Identifier: Apache-2.0 */
/* Refreshing before anybody waits (DESIGN §6): a watchdog in one child asks a little before a copy expires, writes the
 * new one and moves the generation. Where mod_watchdog is not loaded, or is late, the request that meets an expired
 * copy is served from it and leaves the fetch to a thread of its process.
 *
 * Only providers that were asked for are kept fresh: a server that nobody logs in at makes no calls. */
#include "httpd/meta_slot.h"

#include <apr_optional.h>
#include <apr_signal.h>
#include <ap_mpm.h>
#include <mod_watchdog.h>

#include "httpd/fetch.h"
#include "httpd/log.h"
#include "httpd/meta.h"

#define WATCHDOG_NAME     "_sso_oidc_"
#define WATCHDOG_INTERVAL apr_time_from_sec(2)
#define LEASE_SLACK       10

/* Set in child_init; the watchdog's thread may run before and after. */
static struct {
    mod_sso_slot_t *slots;
    int count;
    _Atomic int running;
} watch;

int mod_sso_meta_is_stopping(void)
{
    int state = AP_MPMQ_RUNNING;

    if (!atomic_load(&watch.running))
        return 1;
    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/* One process at a time, and none for a while after a failure. The lease ends by itself when its holder dies. */
static int claim_refresh(mod_sso_slot_t *slot)
{
    apr_time_t now = apr_time_now();
    apr_time_t lease = apr_time_from_sec(2 * mod_sso_fetch_timeout(slot->provider) + LEASE_SLACK);
    apr_int64_t not_before = atomic_load(&slot->shared->not_before);

    if (not_before > now && not_before <= now + apr_time_from_sec(3600)) /* further: a clock was set back */
        return 0;
    return atomic_compare_exchange_strong(&slot->shared->not_before, &not_before, now + lease);
}

static void end_refresh(mod_sso_slot_t *slot, sso_rc_t rc, const sso_err_t *err, int expired)
{
    mod_sso_meta_shared_t *shared = slot->shared;

    if (rc == SSO_OK) {
        atomic_store(&shared->failures, 0);
        atomic_store(&shared->not_before, 0);
        return;
    }
    if (mod_sso_meta_is_stopping()) { /* given up, not failed */
        atomic_store(&shared->not_before, 0);
        return;
    }
    unsigned failures = atomic_fetch_add(&shared->failures, 1) + 1;
    atomic_store(&shared->not_before, apr_time_now() + sso_fresh_backoff(failures));
    server_rec *server = slot->provider->site->server;
    if (expired)
        mod_sso_log_server(server, APLOG_WARNING, "SSO323", "the provider's data has expired and cannot be refreshed",
                           err);
    else
        mod_sso_log_server(server, APLOG_INFO, "SSO325", "the provider's data cannot be refreshed yet", err);
}

/* Lock held, nothing flying. */
static void refresh(mod_sso_slot_t *slot)
{
    apr_uint32_t wanted = atomic_load(&slot->shared->wanted);
    mod_sso_meta_job_t job = {.provider = slot->provider,
                              .need_keys = (wanted & MOD_SSO_META_KEYS_WANTED) != 0,
                              .from = SSO_FRESH_DUE,
                              .stopping = mod_sso_meta_is_stopping};
    sso_err_t err = SSO_ERR_INIT;
    int expired = 0;
    sso_rc_t rc = mod_sso_meta_fly(slot, &job, NULL, &err);
    const mod_sso_snapshot_t *current = slot->current;
    if (rc != SSO_OK && current != NULL) {
        apr_time_t now = apr_time_now();
        expired = (current->copy.metadata.bytes != NULL &&
                   sso_fresh_state(&current->copy.metadata.fresh, now) >= SSO_FRESH_EXPIRED) ||
                  (job.need_keys && (current->copy.keys.bytes == NULL ||
                                     sso_fresh_state(&current->copy.keys.fresh, now) >= SSO_FRESH_EXPIRED));
    }
    end_refresh(slot, rc, &err, expired);
}

/* ---- the watchdog ---- */

/* Lock held. */
static int is_due(const mod_sso_slot_t *slot, apr_uint32_t wanted, apr_time_t now)
{
    const mod_sso_snapshot_t *current = slot->current;
    if (current->copy.metadata.bytes != NULL && sso_fresh_state(&current->copy.metadata.fresh, now) >= SSO_FRESH_DUE)
        return 1;
    return (wanted & MOD_SSO_META_KEYS_WANTED) && current->copy.keys.bytes != NULL &&
           sso_fresh_state(&current->copy.keys.fresh, now) >= SSO_FRESH_DUE;
}

static void watch_slot(mod_sso_slot_t *slot)
{
    apr_uint32_t wanted = slot->provider != NULL ? atomic_load(&slot->shared->wanted) : 0;

    if (!wanted)
        return;
    apr_thread_mutex_lock(slot->mutex);
    if (!slot->flying && !slot->gone && (slot->current == NULL || mod_sso_meta_is_outdated(slot))) {
        mod_sso_meta_job_t job = {.provider = slot->provider, .from = MOD_SSO_META_NO_FETCH};
        (void)mod_sso_meta_fly(slot, &job, NULL, NULL);
    }
    /* Without a copy it is a request's turn: what nobody could get yet is no refresh. */
    if (!slot->flying && !slot->gone && slot->current != NULL && is_due(slot, wanted, apr_time_now()) &&
        claim_refresh(slot))
        refresh(slot);
    apr_thread_mutex_unlock(slot->mutex);
}

/* Anything but APR_SUCCESS would be the last call ever. */
static apr_status_t run_watchdog(int state, void *data, apr_pool_t *pool)
{
    (void)data;
    (void)pool;
    if (state != AP_WATCHDOG_STATE_RUNNING || mod_sso_meta_is_stopping())
        return APR_SUCCESS;
    for (int i = 0; i < watch.count && !mod_sso_meta_is_stopping(); i++)
        watch_slot(&watch.slots[i]);
    return APR_SUCCESS;
}

void mod_sso_meta_watch_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog = NULL;
    apr_status_t rv = APR_ENOTIMPL;

    if (get != NULL && add != NULL)
        rv = get(&watchdog, WATCHDOG_NAME, 0, 1, pconf);
    if (rv == APR_SUCCESS)
        rv = add(watchdog, WATCHDOG_INTERVAL, NULL, run_watchdog);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_INFO, rv == APR_ENOTIMPL ? 0 : rv, main_server,
                     "SSO324: no watchdog (LoadModule watchdog_module modules/mod_watchdog.so): metadata and keys are "
                     "refreshed when they are used");
}

/* ---- a thread of this process ---- */

static void *APR_THREAD_FUNC run_refresh(apr_thread_t *thread, void *data)
{
    mod_sso_slot_t *slot = data;

    (void)thread;
    (void)apr_setup_signal_thread(); /* signals are for the MPM's own threads */
    apr_thread_mutex_lock(slot->mutex);
    if (!slot->gone && !slot->flying)
        refresh(slot);
    else
        end_refresh(slot, SSO_OK, NULL, 0);
    slot->thread_done = 1;
    apr_thread_mutex_unlock(slot->mutex);
    return NULL;
}

static void join_thread(mod_sso_slot_t *slot)
{
    apr_status_t ignored;
    (void)apr_thread_join(&ignored, slot->thread);
    apr_pool_destroy(slot->thread_pool);
    slot->thread = NULL;
}

void mod_sso_meta_refresh_behind(mod_sso_slot_t *slot)
{
    if (!atomic_load(&watch.running) || (slot->thread != NULL && !slot->thread_done) || !claim_refresh(slot))
        return;
    if (slot->thread != NULL)
        join_thread(slot); /* it does nothing any more but return */
    if (apr_pool_create_unmanaged_ex(&slot->thread_pool, NULL, NULL) != APR_SUCCESS)
        return;
    slot->thread_done = 0;
    if (apr_thread_create(&slot->thread, NULL, run_refresh, slot, slot->thread_pool) != APR_SUCCESS) {
        apr_pool_destroy(slot->thread_pool);
        slot->thread = NULL;
        atomic_store(&slot->shared->not_before, 0);
    }
}

void mod_sso_meta_watch_start(mod_sso_slot_t *slots, int count)
{
    watch.slots = slots;
    watch.count = count;
    atomic_store(&watch.running, 1);
}

void mod_sso_meta_watch_stop(void)
{
    atomic_store(&watch.running, 0);
    for (int i = 0; i < watch.count; i++)
        if (watch.slots[i].thread != NULL)
            join_thread(&watch.slots[i]);
}

/* ---- the status page ---- */

/* What is remembered beyond its time too: it was the last attempt as long as none has succeeded since. */
static sso_err_t last_failure(mod_sso_slot_t *slot)
{
    sso_err_t err = SSO_ERR_INIT;
    for (int part = MOD_SSO_META_METADATA; part <= MOD_SSO_META_KEYS && err.rc == SSO_OK; part++) {
        mod_sso_failure_t *failure = &slot->shared->failed[part];
        apr_uint32_t before = atomic_load(&failure->sequence);
        if (atomic_load(&failure->until) == 0)
            continue;
        sso_err_t copy = failure->err;
        atomic_thread_fence(memory_order_acquire);
        if (!(before & 1) && atomic_load(&failure->sequence) == before)
            err = copy;
    }
    return err;
}

void mod_sso_meta_look(const mod_sso_provider_t *provider, mod_sso_meta_view_t *ret_view)
{
    mod_sso_slot_t *slot = provider->index >= 0 && provider->index < watch.count ? &watch.slots[provider->index] : NULL;
    mod_sso_meta_job_t job = {.provider = provider, .from = MOD_SSO_META_NO_FETCH};

    *ret_view = (mod_sso_meta_view_t){.failed = SSO_ERR_INIT};
    if (slot == NULL || slot->provider == NULL)
        return;
    apr_thread_mutex_lock(slot->mutex);
    if (!slot->flying && !slot->gone && mod_sso_meta_is_outdated(slot))
        (void)mod_sso_meta_fly(slot, &job, NULL, NULL);
    const mod_sso_snapshot_t *current = slot->current;
    if (current != NULL) {
        ret_view->loaded = 1;
        ret_view->metadata = current->copy.metadata.fresh;
        ret_view->keys = current->copy.keys.fresh;
        ret_view->key_count = current->meta.keys != NULL ? (unsigned)sso_jwks_size(current->meta.keys) : 0;
    }
    apr_thread_mutex_unlock(slot->mutex);
    ret_view->failures = atomic_load(&slot->shared->failures);
    ret_view->failed = last_failure(slot);
}

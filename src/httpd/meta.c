/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata and keys for requests (meta.h). The picture is in meta_slot.h. A lock is held only to look and to swap; it
 * is let go while anything is fetched, read or parsed. */
#include "httpd/meta.h"

#include <apr_shm.h>
#include <apr_strings.h>
#include <unixd.h>

#include "httpd/fetch.h"
#include "httpd/log.h"
#include "httpd/meta_slot.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics have to be lock-free: they are shared by processes");

#define ROUNDS_MAX 6 /* looking again after a landing; more means that something is wrong */

/* Before the fork, then read-only. */
static mod_sso_meta_shared_t *shared_slots;
static int shared_count;
/* Of this process: callers have nothing but the provider, whose index it is. */
static mod_sso_slot_t *slots;

/* ---- before the fork ---- */

static apr_status_t forget_shared(void *data)
{
    (void)data;
    shared_slots = NULL;
    shared_count = 0;
    return APR_SUCCESS;
}

/* The cache directories, one for each state directory. Without one everything works but the memory over restarts. */
static void make_dirs(server_rec *main_server)
{
    const char *last = NULL;
    for (server_rec *s = main_server; s != NULL; s = s->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(s);
        const mod_sso_site_t *site = conf != NULL ? conf->site : NULL;
        sso_err_t err = SSO_ERR_INIT;
        int root = geteuid() == 0;
        if (site == NULL || site->state_dir == NULL || (last != NULL && strcmp(last, site->state_dir) == 0))
            continue;
        last = site->state_dir;
        if (mod_sso_copy_make_dir(last, root ? ap_unixd_config.user_id : geteuid(),
                                  root ? ap_unixd_config.group_id : getegid(), &err) != SSO_OK)
            mod_sso_log_server(s, APLOG_NOTICE, "SSO320", "metadata is not kept over restarts", &err);
    }
}

apr_status_t mod_sso_meta_post_config(apr_pool_t *pconf, server_rec *main_server, int count)
{
    apr_shm_t *shm;

    apr_status_t rv = mod_sso_fetch_post_config(pconf, main_server, count);
    if (rv != APR_SUCCESS)
        return rv;
    rv = apr_shm_create(&shm, (apr_size_t)(count > 0 ? count : 1) * sizeof(mod_sso_meta_shared_t), NULL, pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO321: there is no shared memory for the providers' state reason=meta-memory");
        return rv;
    }
    shared_slots = apr_shm_baseaddr_get(shm); /* fresh pages are zero, which is what it begins with */
    shared_count = count;
    apr_pool_cleanup_register(pconf, NULL, forget_shared, apr_pool_cleanup_null);
    make_dirs(main_server);
    mod_sso_meta_load_begin(apr_time_now());
    mod_sso_meta_watch_post_config(pconf, main_server);
    return APR_SUCCESS;
}

/* ---- the child ---- */

static apr_status_t make_slot(apr_pool_t *pchild, const mod_sso_provider_t *provider)
{
    mod_sso_slot_t *slot = &slots[provider->index];
    sso_err_t err = SSO_ERR_INIT;

    slot->shared = &shared_slots[provider->index];
    slot->generation = APR_UINT32_MAX; /* differs from the first one, so that the disk is looked at */
    if (provider->site->state_dir != NULL &&
        mod_sso_copy_path(pchild, provider->site->state_dir, provider->settings.issuer, provider->client.client_id,
                          &slot->path, &err) != SSO_OK)
        slot->path = NULL;
    apr_status_t rv = apr_thread_mutex_create(&slot->mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
    if (rv == APR_SUCCESS)
        rv = apr_thread_cond_create(&slot->landed, pchild);
    slot->provider = rv == APR_SUCCESS ? provider : NULL;
    return rv;
}

static apr_status_t forget_slots(void *data)
{
    (void)data;
    mod_sso_meta_watch_stop();
    for (int i = 0; i < shared_count; i++) {
        mod_sso_slot_t *slot = &slots[i];
        if (slot->provider == NULL)
            continue;
        apr_thread_mutex_lock(slot->mutex);
        mod_sso_snapshot_t *old = slot->current;
        slot->current = NULL;
        slot->gone = 1;
        int last = old != NULL && --old->users == 0;
        apr_thread_mutex_unlock(slot->mutex);
        if (last)
            apr_pool_destroy(old->pool);
    }
    return APR_SUCCESS;
}

apr_status_t mod_sso_meta_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    if (shared_slots == NULL)
        return APR_SUCCESS;
    slots = apr_pcalloc(pchild, (apr_size_t)(shared_count + 1) * sizeof(*slots));
    for (server_rec *s = main_server; s != NULL; s = s->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(s);
        const mod_sso_provider_t *provider;
        for (int i = 0; conf != NULL && conf->site != NULL && (provider = mod_sso_site_slot(conf->site, i)) != NULL;
             i++) {
            if (provider->index < 0 || provider->index >= shared_count || slots[provider->index].provider != NULL)
                continue;
            apr_status_t rv = make_slot(pchild, provider);
            if (rv != APR_SUCCESS)
                return rv;
        }
    }
    apr_pool_pre_cleanup_register(pchild, NULL, forget_slots);
    mod_sso_meta_watch_start(slots, shared_count);
    return APR_SUCCESS;
}

/* ---- failures that all children remember ---- */

static void remember_failure(mod_sso_slot_t *slot, int part, const sso_err_t *err)
{
    mod_sso_failure_t *failure = &slot->shared->failed[part];
    apr_uint32_t sequence = atomic_load(&failure->sequence);

    /* A full bulkhead or the end of this process says nothing about the provider. */
    if (err->rc == SSO_E_BUSY || mod_sso_meta_is_stopping())
        return;
    if ((sequence & 1) || !atomic_compare_exchange_strong(&failure->sequence, &sequence, sequence + 1))
        return; /* another child remembers its own at this moment */
    failure->err = *err;
    atomic_store(&failure->until, apr_time_now() + apr_time_from_sec(SSO_FRESH_REMEMBER));
    atomic_store(&failure->sequence, sequence + 2);
}

static void forget_failure(mod_sso_slot_t *slot, int part)
{
    atomic_store(&slot->shared->failed[part].until, 0);
}

/* SSO_OK when nothing is remembered, else that failure. */
static sso_rc_t recall_failure(mod_sso_slot_t *slot, int part, apr_time_t now, sso_err_t *err)
{
    mod_sso_failure_t *failure = &slot->shared->failed[part];
    apr_int64_t until = atomic_load(&failure->until);
    apr_uint32_t before = atomic_load(&failure->sequence);

    /* beyond its span: a clock was set back */
    if (until <= now || until > now + apr_time_from_sec(SSO_FRESH_REMEMBER))
        return SSO_OK;
    sso_err_t copy = failure->err;
    atomic_thread_fence(memory_order_acquire);
    if ((before & 1) || atomic_load(&failure->sequence) != before)
        return SSO_OK;
    return sso_err_set(err, copy.rc, copy.reason, "%s (remembered for a moment)", copy.detail);
}

/* ---- flying ---- */

int mod_sso_meta_is_outdated(const mod_sso_slot_t *slot)
{
    return slot->path != NULL && atomic_load(&slot->shared->generation) != slot->generation;
}

/* What to begin with: the newest of what we hold and, when there may be something newer, of what lies on disk. */
static mod_sso_copy_t collect_base(apr_pool_t *pool, const mod_sso_slot_t *slot, const mod_sso_snapshot_t *held,
                                   int read_disk)
{
    mod_sso_copy_t base = {{NULL, 0, {0, 0, 0}}, {NULL, 0, {0, 0, 0}}, NULL};
    sso_err_t err = SSO_ERR_INIT;
    mod_sso_copy_t disk;

    if (held != NULL)
        base = held->copy;
    if (!read_disk)
        return base;
    if (mod_sso_copy_read(pool, slot->path, &disk, &err) == SSO_OK)
        return mod_sso_copy_newest(&base, &disk);
    if (err.rc != SSO_E_ABSENT && err.rc != SSO_E_INTERNAL) /* the directory is missing: said at the start */
        mod_sso_log_server(slot->provider->site->server, APLOG_WARNING, "SSO322",
                           "the provider's metadata on disk cannot be used", &err);
    return base;
}

/* The next generation, unless another process wrote at the same time: then its copy has to be read as well. */
static apr_uint32_t publish_copy(apr_pool_t *pool, mod_sso_slot_t *slot, const mod_sso_snapshot_t *snapshot,
                                 apr_uint32_t generation)
{
    sso_err_t err = SSO_ERR_INIT;

    if (slot->path == NULL)
        return generation;
    if (mod_sso_copy_write(pool, slot->path, &snapshot->copy, &err) != SSO_OK) {
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, slot->provider->site->server, "no copy of the metadata on disk: %s",
                     err.detail);
        return generation;
    }
    apr_uint32_t before = atomic_fetch_add(&slot->shared->generation, 1);
    return before == generation ? before + 1 : generation;
}

/* Lock held. The snapshot that falls out of use, to be destroyed without the lock. */
static mod_sso_snapshot_t *swap_current(mod_sso_slot_t *slot, mod_sso_snapshot_t *snapshot)
{
    mod_sso_snapshot_t *old = slot->current;
    if (snapshot != NULL) {
        snapshot->users++;
        snapshot->meta.serial = atomic_load(&slot->serial) + 1;
        snapshot->meta.serial += snapshot->meta.serial == 0;
        atomic_store(&slot->serial, snapshot->meta.serial);
    }
    slot->current = snapshot;
    return old != NULL && --old->users == 0 ? old : NULL;
}

static void note_outcome(mod_sso_slot_t *slot, const mod_sso_meta_job_t *job, const mod_sso_meta_result_t *result)
{
    if (result->metadata_error.rc != SSO_OK)
        remember_failure(slot, MOD_SSO_META_METADATA, &result->metadata_error);
    else if (result->fetched > 0)
        forget_failure(slot, MOD_SSO_META_METADATA);
    if (result->keys_error.rc != SSO_OK)
        remember_failure(slot, MOD_SSO_META_KEYS, &result->keys_error);
    else if (result->fetched > 0 && job->need_keys)
        forget_failure(slot, MOD_SSO_META_KEYS);
}

sso_rc_t mod_sso_meta_fly(mod_sso_slot_t *slot, const mod_sso_meta_job_t *job, int *ret_fetched, sso_err_t *err)
{
    mod_sso_snapshot_t *held = slot->current;
    int read_disk = mod_sso_meta_is_outdated(slot);
    apr_uint32_t generation = atomic_load(&slot->shared->generation);
    mod_sso_meta_result_t result;
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "no memory");
    slot->flying = 1;
    if (held != NULL)
        held->users++;
    apr_thread_mutex_unlock(slot->mutex);

    mod_sso_meta_job_t flight = *job;
    mod_sso_copy_t base = collect_base(pool, slot, held, read_disk);
    flight.base = &base;
    mod_sso_meta_load(&flight, &result);
    if (result.fetched > 0)
        generation = publish_copy(pool, slot, result.snapshot, generation);
    if (job->from != MOD_SSO_META_NO_FETCH)
        note_outcome(slot, job, &result);
    apr_pool_destroy(pool);

    apr_thread_mutex_lock(slot->mutex);
    mod_sso_snapshot_t *dead[2] = {NULL, NULL};
    if (result.snapshot != NULL && slot->gone)
        dead[0] = result.snapshot;
    else if (result.snapshot != NULL)
        dead[0] = swap_current(slot, result.snapshot);
    if (held != NULL && --held->users == 0)
        dead[1] = held;
    slot->generation = generation;
    slot->flying = 0;
    apr_thread_cond_broadcast(slot->landed);
    for (int i = 0; i < 2; i++)
        if (dead[i] != NULL)
            apr_pool_destroy(dead[i]->pool);
    if (ret_fetched != NULL)
        *ret_fetched = result.fetched;
    const sso_err_t *failed = result.metadata_error.rc != SSO_OK ? &result.metadata_error : &result.keys_error;
    if (failed->rc != SSO_OK)
        return sso_err_set(err, failed->rc, failed->reason, "%s", failed->detail);
    return SSO_OK;
}

/* ---- requests ---- */

static mod_sso_slot_t *slot_of(const mod_sso_provider_t *provider)
{
    if (slots == NULL || provider->index < 0 || provider->index >= shared_count)
        return NULL;
    return slots[provider->index].provider != NULL ? &slots[provider->index] : NULL;
}

/* The worst state of the parts that a caller wants. */
static sso_fresh_state_t state_of(const mod_sso_slot_t *slot, int need_keys, apr_time_t now)
{
    const mod_sso_snapshot_t *snapshot = slot->current;
    sso_fresh_state_t state = SSO_FRESH_GOOD;

    if (snapshot == NULL || (need_keys && snapshot->meta.keys == NULL))
        return SSO_FRESH_DEAD;
    if (snapshot->copy.metadata.bytes != NULL)
        state = sso_fresh_state(&snapshot->copy.metadata.fresh, now);
    if (need_keys) {
        sso_fresh_state_t keys = sso_fresh_state(&snapshot->copy.keys.fresh, now);
        state = keys > state ? keys : state;
    }
    return state;
}

typedef struct wait_t {
    mod_sso_ticket_t ticket; /* a waiting worker takes a place too, or a hung provider would collect them all */
    int entered;
    apr_time_t deadline; /* 0: not waited yet */
} wait_t;

/* Lock held, and let go of while waiting. */
static sso_rc_t wait_for_landing(mod_sso_slot_t *slot, apr_interval_time_t longest, wait_t *wait, sso_err_t *err)
{
    apr_time_t now = apr_time_now();

    if (!wait->entered) {
        SSO_TRY(mod_sso_fetch_enter(slot->provider, &wait->ticket, err));
        wait->entered = 1;
        wait->deadline = now + apr_time_from_sec(mod_sso_fetch_timeout(slot->provider) + 1);
    }
    if (now >= wait->deadline)
        return sso_err_set(err, SSO_E_TIMEOUT, "fetch-timeout",
                           "waited for another request's fetch from provider %s for %d s", slot->provider->name,
                           mod_sso_fetch_timeout(slot->provider) + 1);
    apr_interval_time_t left = wait->deadline - now;
    (void)apr_thread_cond_timedwait(slot->landed, slot->mutex, left < longest ? left : longest);
    return SSO_OK;
}

static void end_wait(wait_t *wait)
{
    if (wait->entered)
        mod_sso_bulkhead_leave(&wait->ticket);
    wait->entered = 0;
}

/* Lock held. The provider has said nothing since the start: what lies on disk is of before, and good only when it was
 * asked in vain. */
static int is_first_look(mod_sso_slot_t *slot, apr_time_t now)
{
    return slot->current == NULL && atomic_load(&slot->shared->generation) == 0 &&
           !mod_sso_meta_is_out_of_reach(recall_failure(slot, MOD_SSO_META_METADATA, now, NULL)) &&
           !mod_sso_meta_is_out_of_reach(recall_failure(slot, MOD_SSO_META_KEYS, now, NULL));
}

/* Lock held. SSO_OK: slot->current is what the caller wants. */
static sso_rc_t bring_current(mod_sso_slot_t *slot, int need_keys, wait_t *wait, sso_err_t *err)
{
    mod_sso_meta_job_t job = {.provider = slot->provider, .need_keys = need_keys, .from = SSO_FRESH_EXPIRED};

    for (int round = 0; round < ROUNDS_MAX; round++) {
        apr_time_t now = apr_time_now();
        sso_fresh_state_t state = state_of(slot, need_keys, now);
        int outdated = mod_sso_meta_is_outdated(slot);

        if (state < SSO_FRESH_DEAD && (slot->flying || !outdated)) {
            if (state == SSO_FRESH_EXPIRED && !slot->flying)
                mod_sso_meta_refresh_behind(slot);
            return SSO_OK;
        }
        if (slot->flying) {
            SSO_TRY(wait_for_landing(slot, APR_INT64_MAX, wait, err));
            round = -1; /* the deadline ends this */
            continue;
        }
        end_wait(wait); /* what follows takes places of its own */
        if (outdated && !is_first_look(slot, now)) {
            job.from = MOD_SSO_META_NO_FETCH;
            (void)mod_sso_meta_fly(slot, &job, NULL, NULL);
            continue;
        }
        if (state_of(slot, 0, now) == SSO_FRESH_DEAD)
            SSO_TRY(recall_failure(slot, MOD_SSO_META_METADATA, now, err));
        if (need_keys)
            SSO_TRY(recall_failure(slot, MOD_SSO_META_KEYS, now, err));
        job.from = SSO_FRESH_EXPIRED;
        sso_err_t failure = SSO_ERR_INIT;
        sso_rc_t rc = mod_sso_meta_fly(slot, &job, NULL, &failure);
        if (rc != SSO_OK && state_of(slot, need_keys, apr_time_now()) == SSO_FRESH_DEAD)
            return sso_err_set(err, rc, failure.reason, "%s", failure.detail);
    }
    return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "the state of provider %s does not settle",
                       slot->provider->name);
}

typedef struct lease_t {
    mod_sso_slot_t *slot;
    mod_sso_snapshot_t *snapshot;
} lease_t;

static apr_status_t end_lease(void *data)
{
    lease_t *lease = data;
    apr_thread_mutex_lock(lease->slot->mutex);
    int last = --lease->snapshot->users == 0;
    apr_thread_mutex_unlock(lease->slot->mutex);
    if (last)
        apr_pool_destroy(lease->snapshot->pool);
    return APR_SUCCESS;
}

/* Lock held: the current snapshot stays valid until `pool` dies. */
static const mod_sso_meta_t *lend_current(apr_pool_t *pool, mod_sso_slot_t *slot, lease_t *lease)
{
    lease->slot = slot;
    lease->snapshot = slot->current;
    lease->snapshot->users++;
    apr_pool_cleanup_register(pool, lease, end_lease, apr_pool_cleanup_null);
    return &lease->snapshot->meta;
}

static sso_rc_t get(apr_pool_t *pool, const mod_sso_provider_t *provider, int need_keys,
                    const mod_sso_meta_t **ret_meta, sso_err_t *err)
{
    mod_sso_slot_t *slot = slot_of(provider);
    lease_t *lease = apr_palloc(pool, sizeof(*lease));
    wait_t wait = {{{NULL, NULL}, 0}, 0, 0};
    apr_uint32_t wanted = MOD_SSO_META_WANTED | (need_keys ? MOD_SSO_META_KEYS_WANTED : 0);

    if (slot == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "providers were not set up in this process");
    if ((atomic_load_explicit(&slot->shared->wanted, memory_order_relaxed) & wanted) != wanted)
        (void)atomic_fetch_or(&slot->shared->wanted, wanted);
    apr_thread_mutex_lock(slot->mutex);
    sso_rc_t rc = bring_current(slot, need_keys, &wait, err);
    if (rc == SSO_OK)
        *ret_meta = lend_current(pool, slot, lease);
    apr_thread_mutex_unlock(slot->mutex);
    end_wait(&wait);
    return rc;
}

sso_rc_t mod_sso_meta_get(apr_pool_t *pool, const mod_sso_provider_t *provider, const mod_sso_meta_t **ret_meta,
                          sso_err_t *err)
{
    return get(pool, provider, 0, ret_meta, err);
}

sso_rc_t mod_sso_meta_get_keys(apr_pool_t *pool, const mod_sso_provider_t *provider, const mod_sso_meta_t **ret_meta,
                               sso_err_t *err)
{
    return get(pool, provider, 1, ret_meta, err);
}

apr_uint32_t mod_sso_meta_serial(const mod_sso_provider_t *provider)
{
    const mod_sso_slot_t *slot = slot_of(provider);
    return slot == NULL || mod_sso_meta_is_outdated(slot) ? 0 : atomic_load(&slot->serial);
}

/* ---- an unknown kid ---- */

#define LOOK_EACH apr_time_from_msec(20)

/* Whether a fetch is allowed, over all children: a flood of forged kids costs the provider one call a minute. */
static int take_token(mod_sso_slot_t *slot, int trusted)
{
    apr_int64_t bucket = atomic_load(&slot->shared->bucket);
    apr_int64_t next;
    do {
        if (!sso_fresh_take(bucket, apr_time_now(), trusted, &next))
            return 0;
    } while (!atomic_compare_exchange_weak(&slot->shared->bucket, &bucket, next));
    return 1;
}

/* The fetch of one child serves all: the others wait and read its copy. Until when it is this child's to fetch, 0:
 * another child is at it. It ends by itself when its holder dies. */
static apr_int64_t claim_asking(mod_sso_slot_t *slot)
{
    apr_time_t now = apr_time_now();
    apr_time_t until = now + apr_time_from_sec(mod_sso_fetch_timeout(slot->provider) + 1);
    apr_int64_t held = atomic_load(&slot->shared->asking);

    if (held > now && held <= until) /* further: a clock was set back */
        return 0;
    return atomic_compare_exchange_strong(&slot->shared->asking, &held, until) ? until : 0;
}

static int has_newer_keys(const mod_sso_slot_t *slot, apr_time_t seen)
{
    return slot->current != NULL && slot->current->meta.keys != NULL && slot->current->copy.keys.fresh.fetched > seen;
}

/* Lock held, nothing flying: what another child may have written meanwhile. */
static int read_newer_keys(mod_sso_slot_t *slot, apr_time_t seen)
{
    mod_sso_meta_job_t job = {.provider = slot->provider, .need_keys = 1, .from = MOD_SSO_META_NO_FETCH};
    if (mod_sso_meta_is_outdated(slot))
        (void)mod_sso_meta_fly(slot, &job, NULL, NULL);
    return has_newer_keys(slot, seen);
}

/* Lock held. SSO_OK: either keys fetched after `seen` are there, or *ret_claim says that they are ours to fetch. */
static sso_rc_t wait_for_keys(mod_sso_slot_t *slot, apr_time_t seen, wait_t *wait, apr_int64_t *ret_claim,
                              sso_err_t *err)
{
    *ret_claim = 0;
    for (;;) {
        if (has_newer_keys(slot, seen))
            return SSO_OK;
        if (slot->flying) {
            SSO_TRY(wait_for_landing(slot, APR_INT64_MAX, wait, err));
            continue;
        }
        if (read_newer_keys(slot, seen))
            return SSO_OK;
        if (slot->flying)
            continue;
        SSO_TRY(recall_failure(slot, MOD_SSO_META_KEYS, apr_time_now(), err));
        *ret_claim = claim_asking(slot);
        /* Between that look and the claim another child may have written its copy and let go. */
        if (*ret_claim != 0 || slot->path == NULL)
            return SSO_OK;
        SSO_TRY(wait_for_landing(slot, LOOK_EACH, wait, err));
    }
}

/* Lock held, nothing flying. */
static sso_rc_t fetch_newer_keys(mod_sso_slot_t *slot, apr_time_t seen, int trusted, sso_err_t *err)
{
    mod_sso_meta_job_t job = {.provider = slot->provider, .need_keys = 1, .from = SSO_FRESH_EXPIRED, .force_keys = 1};
    sso_err_t failure = SSO_ERR_INIT;

    if (!take_token(slot, trusted))
        return sso_err_set(err, SSO_E_KEY, "keys-refetch-limited",
                           "the keys of provider %s were fetched for an unknown key too often just now",
                           slot->provider->name);
    sso_rc_t rc = mod_sso_meta_fly(slot, &job, NULL, &failure);
    if (has_newer_keys(slot, seen))
        return SSO_OK;
    return sso_err_set(err, rc != SSO_OK ? rc : SSO_E_KEY, rc != SSO_OK ? failure.reason : "keys-refetch-limited", "%s",
                       failure.detail);
}

/* Lock held. SSO_OK: slot->current has keys fetched after `seen`. */
static sso_rc_t bring_newer_keys(mod_sso_slot_t *slot, apr_time_t seen, int trusted, wait_t *wait, sso_err_t *err)
{
    apr_int64_t claim;
    sso_rc_t rc = wait_for_keys(slot, seen, wait, &claim, err);

    end_wait(wait); /* what follows takes places of its own */
    if (rc == SSO_OK && !has_newer_keys(slot, seen) && !read_newer_keys(slot, seen))
        rc = slot->flying ? sso_err_set(err, SSO_E_KEY, "keys-refetch-limited", "another thread fetches keys")
                          : fetch_newer_keys(slot, seen, trusted, err);
    if (claim != 0)
        (void)atomic_compare_exchange_strong(&slot->shared->asking, &claim, 0);
    return rc;
}

static sso_rc_t refetch_keys(apr_pool_t *pool, const mod_sso_provider_t *provider, int trusted,
                             const mod_sso_meta_t *seen, const mod_sso_meta_t **ret_meta, sso_err_t *err)
{
    const mod_sso_snapshot_t *before = (const mod_sso_snapshot_t *)seen;
    mod_sso_slot_t *slot = slot_of(provider);
    lease_t *lease = apr_palloc(pool, sizeof(*lease));
    wait_t wait = {{{NULL, NULL}, 0}, 0, 0};

    if (slot == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "providers were not set up in this process");
    apr_thread_mutex_lock(slot->mutex);
    sso_rc_t rc = bring_newer_keys(slot, before->copy.keys.bytes != NULL ? before->copy.keys.fresh.fetched : 0, trusted,
                                   &wait, err);
    if (rc == SSO_OK)
        *ret_meta = lend_current(pool, slot, lease);
    apr_thread_mutex_unlock(slot->mutex);
    end_wait(&wait);
    return rc;
}

int mod_sso_meta_has_newer_keys(apr_pool_t *pool, const mod_sso_provider_t *provider, int trusted,
                                const mod_sso_meta_t **seen, sso_err_t *failure)
{
    if ((strcmp(failure->reason, "jwks-unknown-kid") != 0 && strcmp(failure->reason, "jwks-no-match") != 0) ||
        refetch_keys(pool, provider, trusted, *seen, seen, NULL) != SSO_OK)
        return 0;
    sso_err_clear(failure);
    return 1;
}

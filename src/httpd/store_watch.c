/* SPDX-License-Identifier: Apache-2.0 */
/* Says that shmcb is nearly full before it drops sessions that still count: it tells nobody when it does, so what is in
 * it is measured, each time a tenth of it was written. Other caches refuse to write or drop without a word. */
#include "httpd/store.h"

#include <stdatomic.h>

#include <apr_optional.h>
#include <mod_watchdog.h>

#include "httpd/log.h"

#define WATCHDOG_NAME "_sso_oidc_cache_"
#define INTERVAL      apr_time_from_sec(2)
#define NEARLY        80 /* percent */
#define COMPLAINT     3600 /* seconds */
#define WATCHED_MAX   8

typedef struct watched_t {
    mod_sso_store_t *store;
    server_rec *server;
    mod_sso_store_use_t *use;
} watched_t;

/* Set before the fork and never after. */
static watched_t watched[WATCHED_MAX];
static int watched_count;
static _Atomic int running; /* the watchdog's thread may run before and after */

void mod_sso_store_watch_reset(void)
{
    watched_count = 0;
}

/* How many parts shmcb has divided its memory into, each for keys of its own: as many as leave room for twice that many
 * entries of the usual size in each. */
static unsigned count_parts(apr_size_t size)
{
    apr_size_t entries = size / MOD_SSO_STORE_ENTRY;
    unsigned parts = 256;
    while (parts > 1 && entries / parts < 2 * parts)
        parts /= 2;
    return parts;
}

/* Percent of the fullest part: there the next session drops another. */
static apr_size_t find_fullest(const mod_sso_store_sum_t *sum, apr_size_t size)
{
    unsigned parts = count_parts(size);
    apr_size_t fullest = 0, room = size / parts, places = room / MOD_SSO_STORE_ENTRY + 1;

    for (unsigned part = 0; part < parts; part++) {
        apr_size_t bytes = 0, entries = 0;
        for (unsigned i = part; i < 256; i += parts) {
            bytes += sum->bytes[i];
            entries += sum->entries[i];
        }
        apr_size_t percent = bytes * 100 / room > entries * 100 / places ? bytes * 100 / room : entries * 100 / places;
        if (percent > fullest)
            fullest = percent;
    }
    return fullest;
}

static void measure(watched_t *w, apr_pool_t *pool)
{
    mod_sso_store_sum_t *sum = apr_palloc(pool, sizeof(*sum));
    apr_size_t size = mod_sso_store_capacity(w->store);
    sso_err_t err = SSO_ERR_INIT;

    if (mod_sso_store_measure(w->store, pool, sum, NULL) != SSO_OK)
        return;
    apr_size_t percent = find_fullest(sum, size);
    if (percent < NEARLY || !mod_sso_log_is_due(&w->use->next_complaint, COMPLAINT))
        return;
    sso_err_set(&err, SSO_E_LIMIT, "store-full",
                "its fullest part is at %" APR_SIZE_T_FMT " percent; when it is full the oldest sessions go, and their "
                "people sign in again; give it more, as in SSOCache \"shmcb:/path(%" APR_SIZE_T_FMT ")\"",
                percent, size * 4);
    mod_sso_log_server(w->server, APLOG_WARNING, "SSO279", "SSOCache is nearly full", &err);
}

/* Anything but APR_SUCCESS would be the last call ever. */
static apr_status_t run_watchdog(int state, void *data, apr_pool_t *pool)
{
    (void)data;
    if (state != AP_WATCHDOG_STATE_RUNNING || !atomic_load(&running))
        return APR_SUCCESS;
    for (int i = 0; i < watched_count; i++) {
        apr_uint64_t written = atomic_load(&watched[i].use->written);
        /* Whoever takes the count down to nothing has the work. */
        if (written >= mod_sso_store_capacity(watched[i].store) / 10 &&
            atomic_compare_exchange_strong(&watched[i].use->written, &written, 0))
            measure(&watched[i], pool);
    }
    return APR_SUCCESS;
}

void mod_sso_store_watch(mod_sso_store_t *store, apr_pool_t *pconf, server_rec *server, mod_sso_store_use_t *use)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog = NULL;

    if (!get || !add || watched_count == WATCHED_MAX)
        return; /* then it is not said before */
    if (watched_count == 0 && (get(&watchdog, WATCHDOG_NAME, 0, 0, pconf) != APR_SUCCESS ||
                               add(watchdog, INTERVAL, NULL, run_watchdog) != APR_SUCCESS))
        return;
    watched[watched_count++] = (watched_t){store, server, use};
}

static apr_status_t stop_running(void *data)
{
    (void)data;
    atomic_store(&running, 0);
    return APR_SUCCESS;
}

void mod_sso_store_watch_child_init(apr_pool_t *pchild)
{
    apr_pool_pre_cleanup_register(pchild, NULL, stop_running);
    atomic_store(&running, 1);
}

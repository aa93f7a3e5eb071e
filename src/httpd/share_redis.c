/* SPDX-License-Identifier: Apache-2.0 */
/* redis://: what has ended lies in a stream. Who ends a session adds to it; one process of each machine reads on once a
 * second. */
#include "httpd/share_way.h"

#include <unistd.h>

#include <apr_escape.h>
#include <apr_optional.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <mod_watchdog.h>

#include "base/text.h"
#include "httpd/lease.h"
#include "httpd/redis.h"
#include "jose/crypto.h"

#define STREAM        "mod_sso_oidc:ended" /* MOD_SSO_REDIS_PREFIX */
#define STREAM_MAX    "131072"             /* entries, about; as many as the table holds */
#define FIELD         "e"
#define BATCH         500 /* entries of one answer */
#define ROUNDS        400 /* answers of one pull: more than the stream holds */
#define INTERVAL      apr_time_from_sec(1)
#define LEASE         30 /* seconds; longer than a pull can take */
#define KEPT_DAYS     31 /* one more than SSOSessionTimeout can say */
#define WATCHDOG_NAME "_sso_oidc_ended_"

/* Of one Redis, between the processes of one configuration. */
typedef struct shared_t {
    mod_sso_lease_t lease;
    _Atomic apr_uint64_t at_ms; /* the last entry that was read, as Redis counts them: "ms-n" */
    _Atomic apr_uint64_t at_n;
    _Atomic apr_int64_t next_care;
} shared_t;

static _Atomic int running; /* the watchdog's thread may run before and after */

static mod_sso_redis_t *redis_of(const mod_sso_share_t *share)
{
    return mod_sso_store_redis(share->store);
}

static shared_t *shared_of(const mod_sso_share_t *share)
{
    return share->own;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* "1700000000000-7" */
static int parse_id(const mod_sso_redis_reply_t *reply, apr_uint64_t *ret_ms, apr_uint64_t *ret_n)
{
    const char *dash = reply->type == MOD_SSO_REDIS_STRING && reply->len <= 40 ? strchr(reply->str, '-') : NULL;
    apr_int64_t ms, n;
    char left[41];

    if (!dash)
        return 0;
    memcpy(left, reply->str, (apr_size_t)(dash - reply->str));
    left[dash - reply->str] = '\0';
    if (sso_text_int(left, 0, APR_INT64_MAX, &ms, NULL) != SSO_OK ||
        sso_text_int(dash + 1, 0, APR_INT64_MAX, &n, NULL) != SSO_OK)
        return 0;
    *ret_ms = (apr_uint64_t)ms;
    *ret_n = (apr_uint64_t)n;
    return 1;
}

static const char *id_text(apr_pool_t *pool, const shared_t *shared)
{
    return apr_psprintf(pool, "%" APR_UINT64_T_FMT "-%" APR_UINT64_T_FMT, atomic_load(&shared->at_ms),
                        atomic_load(&shared->at_n));
}

/* [id, ["e", sealed]]: what is no such thing is passed over. */
static void read_entry(mod_sso_share_t *share, apr_pool_t *pool, const apr_array_header_t *sealers,
                       const mod_sso_redis_reply_t *entry)
{
    sso_err_t err = SSO_ERR_INIT;
    mod_sso_ended_t ended;
    apr_uint64_t ms, n;

    if (entry->type != MOD_SSO_REDIS_ARRAY || entry->count != 2 || !parse_id(entry->element[0], &ms, &n))
        return;
    atomic_store(&shared_of(share)->at_ms, ms);
    atomic_store(&shared_of(share)->at_n, n);
    const mod_sso_redis_reply_t *fields = entry->element[1];
    if (fields->type != MOD_SSO_REDIS_ARRAY || fields->count != 2 || strcmp(fields->element[0]->str, FIELD))
        return;
    sso_rc_t rc =
        mod_sso_share_open(sealers, pool, fields->element[1]->str, fields->element[1]->len, &ended, NULL, &err);
    if (rc == SSO_OK)
        mod_sso_share_take(share, &ended);
    /* Old ones may be of a key that has been removed since, and with it the session. */
    else if (rc != SSO_E_UNSUPPORTED && ms + 60000 > (apr_uint64_t)apr_time_as_msec(apr_time_now()))
        mod_sso_share_complain(share, MOD_SSO_SHARE_UNREADABLE, APLOG_WARNING, "SSO275",
                               "a session that another machine ended cannot be read", &err);
}

/* XREAD COUNT n STREAMS stream id -> [[stream, [entry, …]]], or nothing. */
static sso_rc_t pull_batch(mod_sso_share_t *share, apr_pool_t *pool, int *ret_count, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;
    apr_array_header_t *sealers;

    *ret_count = 0;
    mod_sso_redis_cmd_init(&cmd, "XREAD");
    mod_sso_redis_cmd_adds(&cmd, "COUNT");
    mod_sso_redis_cmd_adds(&cmd, APR_STRINGIFY(BATCH));
    mod_sso_redis_cmd_adds(&cmd, "STREAMS");
    mod_sso_redis_cmd_adds(&cmd, STREAM);
    mod_sso_redis_cmd_adds(&cmd, id_text(pool, shared_of(share)));
    SSO_TRY(mod_sso_redis_call(redis_of(share), pool, &cmd, &reply, NULL, err));
    if (reply->type != MOD_SSO_REDIS_ARRAY || reply->count != 1)
        return SSO_OK;
    reply = reply->element[0];
    if (reply->type != MOD_SSO_REDIS_ARRAY || reply->count != 2 || reply->element[1]->type != MOD_SSO_REDIS_ARRAY)
        return SSO_OK;
    SSO_TRY(mod_sso_share_sealers(share, pool, &sealers, err));
    reply = reply->element[1];
    for (int i = 0; i < reply->count; i++)
        read_entry(share, pool, sealers, reply->element[i]);
    *ret_count = reply->count;
    return SSO_OK;
}

static sso_rc_t pull(mod_sso_share_t *share, apr_pool_t *pool, apr_time_t deadline, sso_err_t *err)
{
    sso_rc_t rc = SSO_OK;
    int count = BATCH;

    for (int i = 0; i < ROUNDS && rc == SSO_OK && count >= BATCH && apr_time_now() < deadline; i++) {
        apr_pool_t *round;
        if (apr_pool_create(&round, pool) != APR_SUCCESS)
            return sso_err_set(err, SSO_E_INTERNAL, "store-memory", "no memory");
        rc = pull_batch(share, round, &count, err);
        apr_pool_destroy(round);
    }
    return rc;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static sso_rc_t send_entry(mod_sso_share_t *share, apr_pool_t *pool, const char *text, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;

    mod_sso_redis_cmd_init(&cmd, "XADD");
    mod_sso_redis_cmd_adds(&cmd, STREAM);
    mod_sso_redis_cmd_adds(&cmd, "MAXLEN");
    mod_sso_redis_cmd_adds(&cmd, "~");
    mod_sso_redis_cmd_adds(&cmd, STREAM_MAX);
    mod_sso_redis_cmd_adds(&cmd, "*");
    mod_sso_redis_cmd_adds(&cmd, FIELD);
    mod_sso_redis_cmd_adds(&cmd, text);
    SSO_TRY(mod_sso_redis_call(redis_of(share), pool, &cmd, &reply, NULL, err));
    return SSO_OK;
}

static sso_rc_t use_once(mod_sso_share_t *share, apr_pool_t *pool, const unsigned char key[16], apr_time_t until,
                         sso_err_t *err)
{
    unsigned char mine[16];

    SSO_TRY(sso_crypto_random(NULL, mine, sizeof(mine), err));
    const char *name = apr_pstrcat(pool, "jti:", apr_pescape_hex(pool, key, 16, 0), NULL);
    return mod_sso_redis_add(redis_of(share), pool, name, until, mine, sizeof(mine), err);
}

/* --- the watchdog ------------------------------------------------------------------------------------------------- */

/* One process of the machine, the same as long as it lives: each would keep a connection. */
static int hold_lease(shared_t *shared)
{
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now()), pid = (apr_uint32_t)getpid();
    apr_uint64_t held = atomic_load(&shared->lease);

    return (mod_sso_lease_pid(held) == pid || mod_sso_lease_is_lost(held, now)) &&
           atomic_compare_exchange_strong(&shared->lease, &held, mod_sso_lease_mark(pid, now, LEASE));
}

static void send_unsent(mod_sso_share_t *share, apr_pool_t *pool)
{
    mod_sso_queue_item_t item;
    unsigned at = 0;
    sso_err_t err = SSO_ERR_INIT;

    while (mod_sso_queue_next(share->queue, share->tag, apr_time_sec(apr_time_now()), &at, &item)) {
        if (send_entry(share, pool, item.text, &err) != SSO_OK)
            return;
        mod_sso_queue_remove(share->queue, &item);
    }
}

static const char *milliseconds(apr_pool_t *pool, apr_time_t time)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_as_msec(time));
}

static int ask_care(mod_sso_share_t *share, apr_pool_t *pool, const char *const *words,
                    mod_sso_redis_reply_t **ret_reply)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_cmd_init(&cmd, words[0]);
    for (int i = 1; words[i]; i++)
        mod_sso_redis_cmd_adds(&cmd, words[i]);
    return mod_sso_redis_call(redis_of(share), pool, &cmd, ret_reply, NULL, NULL) == SSO_OK;
}

/* What is older than any session goes (Redis 6.2 and later), the stream itself when no machine is left. A Redis that
 * lost its data with its clock set back counts from further down: read it again from the start. */
static void care(mod_sso_share_t *share, apr_pool_t *pool)
{
    apr_time_t now = apr_time_now(), kept = apr_time_from_sec(KEPT_DAYS * 24 * 3600);
    const char *last[] = {"XREVRANGE", STREAM, "+", "-", "COUNT", "1", NULL};
    const char *trim[] = {"XTRIM", STREAM, "MINID", "~", milliseconds(pool, now - kept), NULL};
    const char *expire[] = {"PEXPIRE", STREAM, milliseconds(pool, kept), NULL};
    mod_sso_redis_reply_t *reply;
    apr_uint64_t ms, n, at_ms = atomic_load(&shared_of(share)->at_ms);

    if (ask_care(share, pool, last, &reply) && reply->type == MOD_SSO_REDIS_ARRAY && reply->count == 1 &&
        reply->element[0]->type == MOD_SSO_REDIS_ARRAY && reply->element[0]->count > 0 &&
        parse_id(reply->element[0]->element[0], &ms, &n) &&
        (ms < at_ms || (ms == at_ms && n < atomic_load(&shared_of(share)->at_n)))) {
        atomic_store(&shared_of(share)->at_ms, 0);
        atomic_store(&shared_of(share)->at_n, 0);
    }
    (void)ask_care(share, pool, trim, &reply);
    (void)ask_care(share, pool, expire, &reply);
}

static int listen_to(mod_sso_share_t *share, apr_pool_t *pool)
{
    sso_err_t err = SSO_ERR_INIT;
    if (pull(share, pool, apr_time_now() + MOD_SSO_SHARE_CATCH_UP, &err) == SSO_OK)
        return 1;
    mod_sso_share_complain(share, MOD_SSO_SHARE_UNHEARD, APLOG_ERR, "SSO274",
                           "sessions that other machines end are not heard of", &err);
    return 0;
}

static void watch(mod_sso_share_t *share, apr_pool_t *pool)
{
    apr_int64_t now = apr_time_sec(apr_time_now());

    if (!listen_to(share, pool))
        return;
    send_unsent(share, pool);
    if (now >= atomic_load(&shared_of(share)->next_care)) {
        atomic_store(&shared_of(share)->next_care, now + MOD_SSO_SHARE_CARE);
        care(share, pool);
    }
}

/* Anything but APR_SUCCESS would be the last call ever. */
static apr_status_t run_watchdog(int state, void *data, apr_pool_t *pool)
{
    mod_sso_share_t *share = data;
    if (state == AP_WATCHDOG_STATE_RUNNING && atomic_load(&running) && hold_lease(shared_of(share)))
        watch(share, pool);
    return APR_SUCCESS;
}

/* In every child, not in one of them: mod_watchdog takes ten seconds to notice that the one has died. */
static apr_status_t start(mod_sso_share_t *share, apr_pool_t *pconf, process_rec *process)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog = NULL;
    apr_shm_t *shm;
    (void)process;

    apr_status_t rv = apr_shm_create(&shm, sizeof(shared_t), NULL, pconf);
    if (rv != APR_SUCCESS)
        return rv;
    share->own = apr_shm_baseaddr_get(shm); /* fresh pages are zero, which is what it begins with */
    rv = get && add ? get(&watchdog, WATCHDOG_NAME, 0, 0, pconf) : APR_ENOTIMPL;
    if (rv == APR_SUCCESS)
        rv = add(watchdog, INTERVAL, share, run_watchdog);
    if (rv == APR_SUCCESS)
        (void)listen_to(share, pconf);
    return rv;
}

static apr_status_t stop_running(void *data)
{
    (void)data;
    atomic_store(&running, 0);
    return APR_SUCCESS;
}

static void child_init(apr_pool_t *pchild)
{
    apr_pool_pre_cleanup_register(pchild, NULL, stop_running);
    atomic_store(&running, 1);
}

const mod_sso_share_way_t mod_sso_share_redis = {start, child_init, send_entry, use_once};

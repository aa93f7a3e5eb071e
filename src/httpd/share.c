/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of ended sessions in Redis; see the header. An entry is sealed with the sites' keys: whoever can write to
 * Redis ends nobody's session, and learns nobody's session id. */
#include "httpd/share.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <apr_escape.h>
#include <apr_optional.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <mod_watchdog.h>

#include "base/buf.h"
#include "base/text.h"
#include "httpd/conf.h"
#include "httpd/log.h"
#include "httpd/redis.h"
#include "httpd/share_queue.h"
#include "httpd/store.h"
#include "httpd/thread.h"
#include "jose/crypto.h"
#include "jose/seal.h"

#define STREAM        "mod_sso_oidc:ended" /* MOD_SSO_REDIS_PREFIX */
#define STREAM_MAX    "131072" /* entries, about; as many as the table holds */
#define FIELD         "e"
#define BATCH         500      /* entries of one answer */
#define ROUNDS        400      /* answers of one pull: more than the stream holds */
#define CATCH_UP      apr_time_from_sec(5) /* a start waits no longer for the stream */
#define INTERVAL      apr_time_from_sec(1)
#define LEASE         30       /* seconds; longer than a pull can take */
#define CARE          60       /* seconds between two looks after the stream itself */
#define KEPT_DAYS     31       /* one more than SSOSessionTimeout can say */
#define ENTRY_VERSION 1
#define ENTRY_LEN     (2 + 16 + 8 + 8)
#define WATCHDOG_NAME "_sso_oidc_ended_"
#define USERDATA_KEY  "mod_sso_oidc-unsent-1-1024"

/* Of one Redis, between the processes of one configuration. */
typedef struct shared_t {
    _Atomic apr_uint64_t lease;  /* process id << 32 | the second it ends */
    _Atomic apr_uint64_t at_ms;  /* the last entry that was read, as Redis counts them: "ms-n" */
    _Atomic apr_uint64_t at_n;
    _Atomic apr_int64_t next_care;
    _Atomic apr_int64_t next_complaint[3];
} shared_t;

enum { COMPLAIN_PULL, COMPLAIN_ENTRY, COMPLAIN_FULL };

typedef struct share_t {
    mod_sso_redis_t *redis;
    server_rec *server;
    apr_array_header_t *rings; /* const sso_keyring_t *: of all sites that use it */
    apr_uint64_t tag;          /* names the server in the queue, which outlives configurations */
    shared_t *shared;
} share_t;

/* Set before the fork and never after. */
static share_t *shares;
static int share_count;
static mod_sso_queue_t *queue; /* what Redis did not take yet */
static _Atomic int running;    /* the watchdog's thread may run before and after */

static share_t *share_of(const mod_sso_site_t *site)
{
    mod_sso_redis_t *redis = site->cache_store ? mod_sso_store_redis(site->cache_store) : NULL;
    for (int i = 0; redis && i < share_count; i++)
        if (shares[i].redis == redis)
            return &shares[i];
    return NULL;
}

/* Once a minute and machine. */
static void complain(share_t *share, int which, int level, const char *id, const char *what, const sso_err_t *err)
{
    if (mod_sso_log_is_due(&share->shared->next_complaint[which], CARE))
        mod_sso_log_server(share->server, level, id, what, err);
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

/* u8 version | u8 kind | key[16] | u64 cutoff | u64 until */
static sso_rc_t seal_entry(const mod_sso_site_t *site, apr_pool_t *pool, mod_sso_revoked_t kind,
                           const unsigned char key[16], apr_time_t cutoff, apr_time_t until, char **ret_text,
                           sso_err_t *err)
{
    sso_env_t env = {pool, apr_time_now(), sso_crypto_random, NULL};
    sso_sealer_t *sealer;
    sso_buf_t buf;

    sso_buf_init(&buf, pool, ENTRY_LEN, ENTRY_LEN);
    sso_buf_addc(&buf, ENTRY_VERSION);
    sso_buf_addc(&buf, (unsigned char)kind);
    sso_buf_add(&buf, key, 16);
    sso_buf_add_u64(&buf, (apr_uint64_t)cutoff);
    sso_buf_add_u64(&buf, (apr_uint64_t)until);
    SSO_TRY(mod_sso_thread_sealer(site, &sealer, err));
    return sso_seal(sealer, &env, SSO_SEAL_REVOKED, "", 0, buf.data, buf.len, ret_text, err);
}

static sso_rc_t take_entry(share_t *share, apr_pool_t *pool, const apr_array_header_t *sealers,
                           const mod_sso_redis_reply_t *text, sso_err_t *err)
{
    apr_time_t now = apr_time_now();
    unsigned char *plain;
    apr_size_t len;
    sso_rd_t rd;
    sso_rc_t rc = SSO_E_KEY;

    for (int i = 0; i < sealers->nelts && rc != SSO_OK; i++) {
        sso_err_clear(err);
        rc = sso_seal_open(APR_ARRAY_IDX(sealers, i, sso_sealer_t *), pool, now, SSO_SEAL_REVOKED, "", 0, text->str,
                           text->len, &plain, &len, NULL, err);
    }
    SSO_TRY(rc);
    sso_rd_init(&rd, plain, len);
    unsigned version = sso_rd_u8(&rd), kind = sso_rd_u8(&rd);
    const unsigned char *key = sso_rd_bytes(&rd, 16);
    apr_time_t cutoff = (apr_time_t)sso_rd_u64(&rd), until = (apr_time_t)sso_rd_u64(&rd);
    if (rd.bad || version != ENTRY_VERSION ||
        (kind != MOD_SSO_REVOKED_SESSION && kind != MOD_SSO_REVOKED_SID && kind != MOD_SSO_REVOKED_SUB))
        return SSO_OK; /* of a newer version of this module */
    sso_err_t full = SSO_ERR_INIT;
    if (mod_sso_revoke_add((mod_sso_revoked_t)kind, key, cutoff, until, now, &full) != SSO_OK)
        complain(share, COMPLAIN_FULL, APLOG_ERR, "SSO276", "a session that another machine ended cannot be remembered",
                 &full);
    return SSO_OK;
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

static sso_rc_t make_sealers(share_t *share, apr_pool_t *pool, apr_array_header_t **ret_sealers, sso_err_t *err)
{
    *ret_sealers = apr_array_make(pool, share->rings->nelts, sizeof(sso_sealer_t *));
    for (int i = 0; i < share->rings->nelts; i++)
        SSO_TRY(sso_sealer_create(pool, APR_ARRAY_IDX(share->rings, i, const sso_keyring_t *),
                                  (sso_sealer_t **)apr_array_push(*ret_sealers), err));
    return SSO_OK;
}

/* [id, ["e", sealed]]: what is no such thing is passed over. */
static void read_entry(share_t *share, apr_pool_t *pool, const apr_array_header_t *sealers,
                       const mod_sso_redis_reply_t *entry)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_uint64_t ms, n;

    if (entry->type != MOD_SSO_REDIS_ARRAY || entry->count != 2 || !parse_id(entry->element[0], &ms, &n))
        return;
    atomic_store(&share->shared->at_ms, ms);
    atomic_store(&share->shared->at_n, n);
    const mod_sso_redis_reply_t *fields = entry->element[1];
    if (fields->type != MOD_SSO_REDIS_ARRAY || fields->count != 2 || strcmp(fields->element[0]->str, FIELD))
        return;
    /* Old ones may be of a key that has been removed since, and with it the session. */
    if (take_entry(share, pool, sealers, fields->element[1], &err) != SSO_OK &&
        ms + 60000 > (apr_uint64_t)apr_time_as_msec(apr_time_now()))
        complain(share, COMPLAIN_ENTRY, APLOG_WARNING, "SSO275", "a session that another machine ended cannot be read",
                 &err);
}

/* XREAD COUNT n STREAMS stream id -> [[stream, [entry, …]]], or nothing. */
static sso_rc_t pull_batch(share_t *share, apr_pool_t *pool, int *ret_count, sso_err_t *err)
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
    mod_sso_redis_cmd_adds(&cmd, id_text(pool, share->shared));
    SSO_TRY(mod_sso_redis_call(share->redis, pool, &cmd, &reply, NULL, err));
    if (reply->type != MOD_SSO_REDIS_ARRAY || reply->count != 1)
        return SSO_OK;
    reply = reply->element[0];
    if (reply->type != MOD_SSO_REDIS_ARRAY || reply->count != 2 || reply->element[1]->type != MOD_SSO_REDIS_ARRAY)
        return SSO_OK;
    SSO_TRY(make_sealers(share, pool, &sealers, err));
    reply = reply->element[1];
    for (int i = 0; i < reply->count; i++)
        read_entry(share, pool, sealers, reply->element[i]);
    *ret_count = reply->count;
    return SSO_OK;
}

static sso_rc_t pull(share_t *share, apr_pool_t *pool, apr_time_t deadline, sso_err_t *err)
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

static sso_rc_t send_entry(share_t *share, apr_pool_t *pool, const char *text, sso_err_t *err)
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
    SSO_TRY(mod_sso_redis_call(share->redis, pool, &cmd, &reply, NULL, err));
    return SSO_OK;
}

void mod_sso_share_revoked(const mod_sso_site_t *site, apr_pool_t *pool, mod_sso_revoked_t kind,
                           const unsigned char key[16], apr_time_t cutoff, apr_time_t until)
{
    share_t *share = share_of(site);
    sso_err_t err = SSO_ERR_INIT;
    char *text;

    if (!share)
        return;
    sso_rc_t rc = seal_entry(site, pool, kind, key, cutoff, until, &text, &err);
    if (rc == SSO_OK)
        rc = send_entry(share, pool, text, &err);
    else
        text = NULL;
    if (rc == SSO_OK)
        return;
    if (text && mod_sso_queue_put(queue, share->tag, text, apr_time_sec(until), apr_time_sec(apr_time_now())))
        mod_sso_log_server(site->server, APLOG_WARNING, "SSO272",
                           "other machines do not know yet that a session has ended, it will be tried again", &err);
    else
        mod_sso_log_server(site->server, APLOG_ERR, "SSO273", "other machines will not know that a session has ended",
                           &err);
}

sso_rc_t mod_sso_share_jti(const mod_sso_site_t *site, apr_pool_t *pool, const unsigned char key[16], apr_time_t until,
                           sso_err_t *err)
{
    share_t *share = share_of(site);
    sso_err_t why = SSO_ERR_INIT;
    unsigned char mine[16];

    if (!share)
        return SSO_OK;
    SSO_TRY(sso_crypto_random(NULL, mine, sizeof(mine), err));
    const char *name = apr_pstrcat(pool, "jti:", apr_pescape_hex(pool, key, 16, 0), NULL);
    sso_rc_t rc = mod_sso_redis_add(share->redis, pool, name, until, mine, sizeof(mine), &why);
    if (rc == SSO_E_MISMATCH)
        return sso_err_set(err, SSO_E_MISMATCH, "revoke-seen", "it was used before, at another machine");
    if (rc != SSO_OK)
        mod_sso_log_server(site->server, APLOG_WARNING, "SSO277",
                           "whether another machine has seen a logout token cannot be asked", &why);
    return SSO_OK;
}

/* --- the watchdog ------------------------------------------------------------------------------------------------- */

/* One process of the machine, the same as long as it lives: each would keep a connection. */
static int hold_lease(shared_t *shared)
{
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now()), pid = (apr_uint32_t)getpid();
    apr_uint64_t held = atomic_load(&shared->lease);
    apr_uint32_t holder = (apr_uint32_t)(held >> 32);

    if (held && holder != pid && (apr_uint32_t)held > now && !(kill((pid_t)holder, 0) != 0 && errno == ESRCH))
        return 0;
    return atomic_compare_exchange_strong(&shared->lease, &held, (apr_uint64_t)pid << 32 | (now + LEASE));
}

static void send_unsent(share_t *share, apr_pool_t *pool)
{
    mod_sso_queue_item_t item;
    unsigned at = 0;
    sso_err_t err = SSO_ERR_INIT;

    while (mod_sso_queue_next(queue, share->tag, apr_time_sec(apr_time_now()), &at, &item)) {
        if (send_entry(share, pool, item.text, &err) != SSO_OK)
            return;
        mod_sso_queue_remove(queue, &item);
    }
}

static const char *milliseconds(apr_pool_t *pool, apr_time_t time)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_as_msec(time));
}

static int ask_care(share_t *share, apr_pool_t *pool, const char *const *words, mod_sso_redis_reply_t **ret_reply)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_cmd_init(&cmd, words[0]);
    for (int i = 1; words[i]; i++)
        mod_sso_redis_cmd_adds(&cmd, words[i]);
    return mod_sso_redis_call(share->redis, pool, &cmd, ret_reply, NULL, NULL) == SSO_OK;
}

/* What is older than any session goes (Redis 6.2 and later), the stream itself when no machine is left. A Redis that
 * lost its data with its clock set back counts from further down: read it again from the start. */
static void care(share_t *share, apr_pool_t *pool)
{
    apr_time_t now = apr_time_now(), kept = apr_time_from_sec(KEPT_DAYS * 24 * 3600);
    const char *last[] = {"XREVRANGE", STREAM, "+", "-", "COUNT", "1", NULL};
    const char *trim[] = {"XTRIM", STREAM, "MINID", "~", milliseconds(pool, now - kept), NULL};
    const char *expire[] = {"PEXPIRE", STREAM, milliseconds(pool, kept), NULL};
    mod_sso_redis_reply_t *reply;
    apr_uint64_t ms, n, at_ms = atomic_load(&share->shared->at_ms);

    if (ask_care(share, pool, last, &reply) && reply->type == MOD_SSO_REDIS_ARRAY && reply->count == 1 &&
        reply->element[0]->type == MOD_SSO_REDIS_ARRAY && reply->element[0]->count > 0 &&
        parse_id(reply->element[0]->element[0], &ms, &n) &&
        (ms < at_ms || (ms == at_ms && n < atomic_load(&share->shared->at_n)))) {
        atomic_store(&share->shared->at_ms, 0);
        atomic_store(&share->shared->at_n, 0);
    }
    (void)ask_care(share, pool, trim, &reply);
    (void)ask_care(share, pool, expire, &reply);
}

static int listen_to(share_t *share, apr_pool_t *pool)
{
    sso_err_t err = SSO_ERR_INIT;
    if (pull(share, pool, apr_time_now() + CATCH_UP, &err) == SSO_OK)
        return 1;
    complain(share, COMPLAIN_PULL, APLOG_ERR, "SSO274", "sessions that other machines end are not heard of", &err);
    return 0;
}

static void watch(share_t *share, apr_pool_t *pool)
{
    apr_int64_t now = apr_time_sec(apr_time_now());

    if (!listen_to(share, pool))
        return;
    send_unsent(share, pool);
    if (now >= atomic_load(&share->shared->next_care)) {
        atomic_store(&share->shared->next_care, now + CARE);
        care(share, pool);
    }
}

/* Anything but APR_SUCCESS would be the last call ever. */
static apr_status_t run_watchdog(int state, void *data, apr_pool_t *pool)
{
    (void)data;
    if (state == AP_WATCHDOG_STATE_RUNNING && atomic_load(&running))
        for (int i = 0; i < share_count; i++)
            if (hold_lease(shares[i].shared))
                watch(&shares[i], pool);
    return APR_SUCCESS;
}

/* In every child, not in one of them: mod_watchdog takes ten seconds to notice that the one has died. */
static apr_status_t start_watchdog(apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog = NULL;
    apr_status_t rv = get && add ? get(&watchdog, WATCHDOG_NAME, 0, 0, pconf) : APR_ENOTIMPL;
    return rv == APR_SUCCESS ? add(watchdog, INTERVAL, NULL, run_watchdog) : rv;
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static void add_ring(share_t *share, const sso_keyring_t *ring)
{
    for (int i = 0; i < share->rings->nelts; i++)
        if (APR_ARRAY_IDX(share->rings, i, const sso_keyring_t *) == ring)
            return;
    APR_ARRAY_PUSH(share->rings, const sso_keyring_t *) = ring;
}

static sso_rc_t add_site(apr_pool_t *pconf, apr_array_header_t *list, const mod_sso_site_t *site, sso_err_t *err)
{
    mod_sso_redis_t *redis = site && site->cache_store ? mod_sso_store_redis(site->cache_store) : NULL;
    unsigned char hash[SSO_SHA256_LEN];

    if (!redis)
        return SSO_OK;
    for (int i = 0; i < list->nelts; i++)
        if (APR_ARRAY_IDX(list, i, share_t).redis == redis) {
            add_ring(&APR_ARRAY_IDX(list, i, share_t), site->ring);
            return SSO_OK;
        }
    share_t *share = apr_array_push(list);
    const char *label = mod_sso_redis_label(redis);
    SSO_TRY(sso_crypto_sha256(label, strlen(label), hash, err));
    share->redis = redis;
    share->server = site->server;
    share->rings = apr_array_make(pconf, 2, sizeof(const sso_keyring_t *));
    memcpy(&share->tag, hash, sizeof(share->tag));
    add_ring(share, site->ring);
    return SSO_OK;
}

static apr_status_t make_memory(apr_pool_t *pconf, process_rec *process)
{
    apr_shm_t *shm;
    void *base = NULL;

    apr_status_t rv = apr_shm_create(&shm, (apr_size_t)share_count * sizeof(shared_t), NULL, pconf);
    if (rv != APR_SUCCESS)
        return rv;
    for (int i = 0; i < share_count; i++) /* fresh pages are zero, which is what it begins with */
        shares[i].shared = (shared_t *)apr_shm_baseaddr_get(shm) + i;
    (void)apr_pool_userdata_get(&base, USERDATA_KEY, process->pool);
    if (!base) {
        rv = apr_shm_create(&shm, mod_sso_queue_size(), NULL, process->pool);
        if (rv != APR_SUCCESS)
            return rv;
        base = apr_shm_baseaddr_get(shm);
        /* _set, not _setn: our own text is unmapped when the module is loaded anew */
        rv = apr_pool_userdata_set(base, USERDATA_KEY, NULL, process->pool);
    }
    queue = base;
    return rv;
}

apr_status_t mod_sso_share_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    apr_array_header_t *list = apr_array_make(pconf, 2, sizeof(share_t));
    process_rec *process = main_server->process;
    sso_err_t err = SSO_ERR_INIT;

    share_count = 0;
    for (server_rec *s = main_server; s; s = s->next)
        if (add_site(pconf, list, mod_sso_conf_of(s)->site, &err) != SSO_OK)
            return APR_EGENERAL;
    if (list->nelts == 0)
        return APR_SUCCESS;
    shares = (share_t *)(void *)list->elts;
    share_count = list->nelts;
    apr_status_t rv = make_memory(pconf, process);
    if (rv == APR_SUCCESS)
        rv = start_watchdog(pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO326: sessions that other machines end cannot be heard of reason=share-start");
        return rv;
    }
    for (int i = 0; i < share_count; i++)
        (void)listen_to(&shares[i], pconf);
    return APR_SUCCESS;
}

static apr_status_t stop_running(void *data)
{
    (void)data;
    atomic_store(&running, 0);
    return APR_SUCCESS;
}

void mod_sso_share_child_init(apr_pool_t *pchild)
{
    apr_pool_pre_cleanup_register(pchild, NULL, stop_running);
    atomic_store(&running, 1);
}

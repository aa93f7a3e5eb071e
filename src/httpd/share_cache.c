/* SPDX-License-Identifier: Apache-2.0 */
/* memcached and httpd's own redis: all that such a cache can do is to keep a value under a name, so two machines that
 * write at once overwrite each other, and a value may be gone at any time. Hence sets that only grow (share_set.h):
 * every machine reads the news once a second and one bucket more, adds what it did not know, and writes what lacks
 * something. News of its own are told until they have been read back.
 *
 * A process beside the children does it (helper.h). Requests only put into the queue; what others say it writes to the
 * table of this machine, which requests read.
 *
 * Records are named after a key of SSOKeyFile and sealed with it, their name as context: machines with other keys do
 * not meet, and what somebody else writes there, or moves, is not read. A machine writes under its first key and reads
 * under all of them, so keys can be changed machine by machine. */
#include "httpd/share_way.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "httpd/helper.h"
#include "httpd/log.h"
#include "httpd/shm.h"
#include "jose/crypto.h"
#include "jose/seal.h"

#define PREFIX       "ended1:" /* the version of what is in there */
#define NEWS         MOD_SSO_SET_BUCKETS
#define TELL         5u                   /* seconds that news are written again unless they are read back */
#define LIMIT        2u                   /* seconds that the cache may take to answer */
#define PAUSE        apr_time_from_sec(5) /* after a failure; as long httpd's client takes the server for dead, too */
#define SWEEPS       3u                   /* over all buckets, when the cache has forgotten them */
#define KEPT_LONGEST apr_time_from_sec(30 * 24 * 3600 - 60) /* memcached takes more for a date */
#define USERDATA_KEY "mod_sso_oidc-ended-1-64-2048"

/* Marks of the share: a process that was ended while it waited cannot say so itself. */
enum { ASKING, SILENT };

/* The sites of one key ring. */
typedef struct group_t {
    const sso_keyring_t *ring;
    apr_uint64_t tag;
    unsigned bucket;                    /* the next one to look after */
    unsigned hurry;                     /* so many buckets now, not one a second */
    unsigned char full[SSO_SHA256_LEN]; /* the last news that were full */
} group_t;

typedef struct cache_t {
    mod_sso_share_t *share;
    mod_sso_set_t *set;
    group_t *group; /* one for each of share->rings */
    /* of the helper */
    apr_array_header_t *sealers;
    apr_time_t next_try;
} cache_t;

/* --- records ------------------------------------------------------------------------------------------------------ */

static sso_sealer_t *sealer_of(const cache_t *c, const group_t *group)
{
    return APR_ARRAY_IDX(c->sealers, (int)(group - c->group), sso_sealer_t *);
}

static const char *name_record(apr_pool_t *pool, const group_t *group, int key, unsigned record)
{
    return apr_psprintf(pool, PREFIX "%s:%u", sso_keyring_id(group->ring, key), record);
}

static void begin_asking(cache_t *c)
{
    atomic_store(&c->share->marks[ASKING], 1);
    mod_sso_helper_limit(LIMIT);
}

static void end_asking(cache_t *c)
{
    mod_sso_helper_limit(0);
    atomic_store(&c->share->marks[ASKING], 0);
}

/* NULL when there is none that can be read; such a one is taken out. */
static sso_rc_t get_record(cache_t *c, apr_pool_t *pool, const group_t *group, int key, unsigned record,
                           unsigned char **ret_plain, apr_size_t *ret_len, sso_err_t *err)
{
    const char *name = name_record(pool, group, key, record);
    unsigned name_len = (unsigned)strlen(name);
    sso_err_t why = SSO_ERR_INIT;
    unsigned char *text;
    apr_size_t len;

    *ret_plain = NULL;
    *ret_len = 0;
    begin_asking(c);
    sso_rc_t rc = mod_sso_store_get(c->share->store, pool, (const unsigned char *)name, name_len, &text, &len, err);
    end_asking(c);
    if (rc != SSO_OK)
        return rc == SSO_E_ABSENT ? SSO_OK : rc;
    if (sso_seal_open(sealer_of(c, group), pool, apr_time_now(), SSO_SEAL_REVOKED, name, name_len, (const char *)text,
                      len, ret_plain, ret_len, NULL, &why) == SSO_OK)
        return SSO_OK;
    *ret_plain = NULL;
    mod_sso_share_complain(c->share, MOD_SSO_SHARE_UNREADABLE, APLOG_WARNING, "SSO360",
                           "what SSOCache has of ended sessions cannot be read and is written anew", &why);
    begin_asking(c);
    rc = mod_sso_store_remove(c->share->store, pool, (const unsigned char *)name, name_len, err);
    end_asking(c);
    return rc;
}

static sso_rc_t put_record(cache_t *c, apr_pool_t *pool, const group_t *group, unsigned record, const sso_buf_t *plain,
                           apr_time_t until, sso_err_t *err)
{
    const char *name = name_record(pool, group, 0, record);
    sso_env_t env = {pool, apr_time_now(), sso_crypto_random, NULL};
    apr_time_t least = env.now + apr_time_from_sec(MOD_SSO_SHARE_CARE * 2), most = env.now + KEPT_LONGEST;
    char *text;

    SSO_TRY(sso_buf_check(plain, "share-full", err));
    SSO_TRY(
        sso_seal(sealer_of(c, group), &env, SSO_SEAL_REVOKED, name, strlen(name), plain->data, plain->len, &text, err));
    until = until < least ? least : until > most ? most : until;
    begin_asking(c);
    sso_rc_t rc = mod_sso_store_put(c->share->store, pool, (const unsigned char *)name, (unsigned)strlen(name), until,
                                    text, strlen(text), err);
    end_asking(c);
    return rc;
}

static void complain_full(cache_t *c)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_LIMIT, "share-full", "more than %u of them", MOD_SSO_SET_BUCKETS * MOD_SSO_SET_PLACES);
    mod_sso_share_complain(c->share, MOD_SSO_SHARE_FULL, APLOG_ERR, "SSO361",
                           "ended sessions cannot be kept for other machines", &err);
}

/* Into the set, and what is new to this machine into its table. Returns how many are in the record as in the set. */
static unsigned take_record(cache_t *c, const group_t *group, const unsigned char *plain, apr_size_t len)
{
    apr_time_t now = apr_time_now(), told;
    mod_sso_ended_t ended;
    unsigned same = 0;
    sso_rd_t rd;

    if (!plain || !mod_sso_set_read_begin(&rd, plain, len))
        return 0;
    while (mod_sso_set_read(&rd, &ended, &told)) {
        mod_sso_set_result_t result = mod_sso_set_add(c->set, group->tag, &ended, 0, now);
        same += result == MOD_SSO_SET_ADDED || result == MOD_SSO_SET_KNOWN;
        if (result == MOD_SSO_SET_FULL)
            complain_full(c);
        if (result == MOD_SSO_SET_ADDED || result == MOD_SSO_SET_FULL)
            mod_sso_share_take(c->share, &ended);
    }
    return same;
}

/* --- the round ---------------------------------------------------------------------------------------------------- */

static void take_queue(cache_t *c, apr_pool_t *pool)
{
    apr_time_t now = apr_time_now();
    mod_sso_queue_item_t item;
    mod_sso_ended_t ended;
    sso_err_t err = SSO_ERR_INIT;
    unsigned at = 0;
    int ring;

    while (mod_sso_queue_next(c->share->queue, c->share->tag, apr_time_sec(now), &at, &item)) {
        if (mod_sso_share_open(c->sealers, pool, item.text, strlen(item.text), &ended, &ring, &err) == SSO_OK &&
            mod_sso_set_add(c->set, c->group[ring].tag, &ended, TELL, now) == MOD_SSO_SET_FULL)
            complain_full(c);
        mod_sso_queue_remove(c->share->queue, &item);
    }
}

/* Full news: there may be more than they have room for. Once for each, as they may lie there for a day; and not only
 * one sweep, as who wrote them may not have written the buckets yet. */
static void look_full(group_t *group, const unsigned char *plain, apr_size_t len)
{
    unsigned char these[SSO_SHA256_LEN];

    if (len < 1 + MOD_SSO_SET_NEWS * MOD_SSO_SET_ENTRY || sso_crypto_sha256(plain, len, these, NULL) != SSO_OK ||
        memcmp(these, group->full, sizeof(these)) == 0)
        return;
    memcpy(group->full, these, sizeof(these));
    group->hurry = SWEEPS * MOD_SSO_SET_BUCKETS;
}

/* The record of all keys; *ret_plain: that of the first, which this machine writes too. */
static sso_rc_t hear(cache_t *c, apr_pool_t *pool, group_t *group, unsigned record, unsigned *ret_same,
                     unsigned char **ret_plain, apr_size_t *ret_len, sso_err_t *err)
{
    *ret_same = 0;
    *ret_plain = NULL;
    *ret_len = 0;
    for (int key = sso_keyring_size(group->ring) - 1; key >= 0; key--) {
        SSO_TRY(get_record(c, pool, group, key, record, ret_plain, ret_len, err));
        *ret_same = take_record(c, group, *ret_plain, *ret_len);
        if (record == NEWS)
            look_full(group, *ret_plain, *ret_len);
    }
    return SSO_OK;
}

/* What others know of a bucket becomes known here, and what they lack is written. */
static sso_rc_t look_after(cache_t *c, apr_pool_t *parent, group_t *group, unsigned bucket, sso_err_t *err)
{
    apr_time_t now = apr_time_now(), until;
    apr_pool_t *pool;
    unsigned char *plain;
    apr_size_t len;
    unsigned same;
    sso_buf_t buf;

    if (apr_pool_create(&pool, parent) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "store-memory", "no memory");
    sso_rc_t rc = hear(c, pool, group, bucket, &same, &plain, &len, err);
    if (rc == SSO_OK && same < mod_sso_set_count(c->set, group->tag, bucket, now)) {
        sso_buf_init(&buf, pool, 4096, MOD_SSO_SET_RECORD);
        mod_sso_set_write_bucket(c->set, group->tag, bucket, now, &buf, &until);
        rc = put_record(c, pool, group, bucket, &buf, until, err);
    }
    apr_pool_destroy(pool);
    return rc;
}

static void confirm_news(cache_t *c, const group_t *group, const unsigned char *plain, apr_size_t len)
{
    mod_sso_ended_t ended;
    apr_time_t told;
    sso_rd_t rd;

    if (plain && mod_sso_set_read_begin(&rd, plain, len))
        while (mod_sso_set_read(&rd, &ended, &told))
            mod_sso_set_confirm(c->set, group->tag, &ended);
}

/* A cache that takes what it is given and does not have it a second later: full, or somebody takes it out. */
static void complain_lost(cache_t *c)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_INTERNAL, "share-lost", "written %u times and never there a second later", TELL);
    mod_sso_share_complain(c->share, MOD_SSO_SHARE_UNSENT, APLOG_ERR, "SSO363",
                           "SSOCache does not keep what other machines are to know of ended sessions", &err);
}

/* *ret_untold: the buckets that news of this machine are in. Where there is no record at all the cache is empty, or
 * does not answer: httpd's clients call both "not found", and only writing tells. */
static sso_rc_t tell_news(cache_t *c, apr_pool_t *pool, group_t *group, apr_uint64_t *ret_untold, sso_err_t *err)
{
    apr_time_t now = apr_time_now();
    unsigned char *plain;
    apr_size_t len;
    unsigned same;
    sso_buf_t buf;

    SSO_TRY(hear(c, pool, group, NEWS, &same, &plain, &len, err));
    confirm_news(c, group, plain, len);
    *ret_untold = mod_sso_set_untold(c->set, group->tag, now);
    if (plain && !*ret_untold)
        return SSO_OK;
    sso_buf_init(&buf, pool, 4096, MOD_SSO_SET_RECORD);
    mod_sso_set_write_news(c->set, group->tag, plain, len, now, &buf);
    SSO_TRY(put_record(c, pool, group, NEWS, &buf, now + apr_time_from_sec(24 * 3600), err));
    if (mod_sso_set_told(c->set, group->tag, now) > 0)
        complain_lost(c);
    if (!plain)
        group->hurry = SWEEPS * MOD_SSO_SET_BUCKETS;
    return SSO_OK;
}

static sso_rc_t serve_group(cache_t *c, apr_pool_t *pool, group_t *group, sso_err_t *err)
{
    apr_uint64_t untold;

    SSO_TRY(tell_news(c, pool, group, &untold, err));
    for (unsigned i = 0; i < MOD_SSO_SET_BUCKETS; i++)
        if (untold >> i & 1)
            SSO_TRY(look_after(c, pool, group, i, err));
    unsigned count = group->hurry ? MOD_SSO_SET_BUCKETS : 1;
    for (unsigned i = 0; i < count; i++) {
        SSO_TRY(look_after(c, pool, group, group->bucket, err));
        group->bucket = (group->bucket + 1) % MOD_SSO_SET_BUCKETS;
        if (group->hurry)
            group->hurry--;
    }
    return SSO_OK;
}

static void rest(cache_t *c, const sso_err_t *err)
{
    int untold = 0;
    for (int i = 0; i < c->share->rings->nelts; i++)
        untold |= mod_sso_set_untold(c->set, c->group[i].tag, apr_time_now()) != 0;
    mod_sso_share_complain(c->share, MOD_SSO_SHARE_UNHEARD, APLOG_ERR, "SSO274",
                           "sessions that other machines end are not heard of", err);
    if (untold)
        mod_sso_share_complain(c->share, MOD_SSO_SHARE_UNSENT, APLOG_WARNING, "SSO272",
                               "other machines do not know yet that a session has ended, it will be tried again", err);
    atomic_store(&c->share->marks[SILENT], 1);
    c->next_try = apr_time_now() + PAUSE;
}

static void run_round(void *data, apr_pool_t *pool)
{
    cache_t *c = data;
    sso_err_t err = SSO_ERR_INIT;

    take_queue(c, pool);
    if (apr_time_now() < c->next_try)
        return;
    for (int i = 0; i < c->share->rings->nelts; i++)
        if (serve_group(c, pool, &c->group[i], &err) != SSO_OK) {
            rest(c, &err);
            return;
        }
    if (atomic_exchange(&c->share->marks[SILENT], 0))
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, c->share->server,
                     "SSO362: sessions that other machines end are heard of again");
}

static void begin(void *data, apr_pool_t *pool)
{
    cache_t *c = data;
    sso_err_t err = SSO_ERR_INIT;

    if (mod_sso_share_sealers(c->share, pool, &c->sealers, NULL) != SSO_OK)
        exit(0); /* no memory, for one: another process tries again */
    for (int i = 0; i < c->share->rings->nelts; i++)
        c->group[i].hurry = MOD_SSO_SET_BUCKETS;
    if (!atomic_exchange(&c->share->marks[ASKING], 0))
        return;
    take_queue(c, pool);
    sso_err_set(&err, SSO_E_INTERNAL, "store-failed", "SSOCache has not answered for %u seconds", LIMIT);
    rest(c, &err);
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static sso_rc_t make_groups(cache_t *c, apr_pool_t *pconf)
{
    const apr_array_header_t *rings = c->share->rings;
    unsigned char hash[SSO_SHA256_LEN];

    c->group = apr_pcalloc(pconf, (apr_size_t)rings->nelts * sizeof(group_t));
    for (int i = 0; i < rings->nelts; i++) {
        const sso_keyring_t *ring = APR_ARRAY_IDX(rings, i, const sso_keyring_t *);
        const char *name = apr_pstrcat(pconf, c->share->label, " ", sso_keyring_id(ring, 0), NULL);
        SSO_TRY(sso_crypto_sha256(name, strlen(name), hash, NULL));
        c->group[i].ring = ring;
        memcpy(&c->group[i].tag, hash, sizeof(c->group[i].tag));
    }
    return SSO_OK;
}

static apr_status_t start(mod_sso_share_t *share, apr_pool_t *pconf, process_rec *process)
{
    cache_t *c = apr_pcalloc(pconf, sizeof(*c));
    void *set;
    int is_new;

    apr_status_t rv = mod_sso_shm_keep(process, USERDATA_KEY, mod_sso_set_size(), &set, &is_new);
    if (rv != APR_SUCCESS)
        return rv;
    c->share = share;
    c->set = set;
    if (make_groups(c, pconf) != SSO_OK)
        return APR_EGENERAL;
    const mod_sso_helper_work_t work = {begin, run_round, c};
    return mod_sso_helper_start(pconf, share->server, &work, share->is_start ? MOD_SSO_SHARE_CATCH_UP : 0);
}

const mod_sso_share_way_t mod_sso_share_cache = {start, NULL, NULL, NULL};

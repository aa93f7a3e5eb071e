/* SPDX-License-Identifier: Apache-2.0 */
/* Ended sessions, told to other machines; see the header. An entry is sealed with the sites' keys: whoever can write to
 * the cache ends nobody's session, and learns nobody's session id. */
#include "httpd/share.h"

#include <apr_shm.h>

#include "base/buf.h"
#include "httpd/conf.h"
#include "httpd/log.h"
#include "httpd/redis.h"
#include "httpd/share_way.h"
#include "httpd/shm.h"
#include "httpd/thread.h"
#include "jose/crypto.h"
#include "jose/seal.h"

#define ENTRY_VERSION 1
#define ENTRY_LEN     (2 + 16 + 8 + 8)
#define USERDATA_KEY  "mod_sso_oidc-unsent-1-8192"

/* Set before the fork and never after. */
static mod_sso_share_t *shares;
static int share_count;

static mod_sso_share_t *share_of(const mod_sso_site_t *site)
{
    for (int i = 0; site->cache_store && i < share_count; i++)
        if (shares[i].store == site->cache_store)
            return &shares[i];
    return NULL;
}

void mod_sso_share_complain(mod_sso_share_t *share, mod_sso_share_trouble_t trouble, int level, const char *id,
                            const char *what, const sso_err_t *err)
{
    if (mod_sso_log_is_due(&share->next_complaint[trouble], MOD_SSO_SHARE_CARE))
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

sso_rc_t mod_sso_share_sealers(mod_sso_share_t *share, apr_pool_t *pool, apr_array_header_t **ret_sealers,
                               sso_err_t *err)
{
    *ret_sealers = apr_array_make(pool, share->rings->nelts, sizeof(sso_sealer_t *));
    for (int i = 0; i < share->rings->nelts; i++)
        SSO_TRY(sso_sealer_create(pool, APR_ARRAY_IDX(share->rings, i, const sso_keyring_t *),
                                  (sso_sealer_t **)apr_array_push(*ret_sealers), err));
    return SSO_OK;
}

sso_rc_t mod_sso_share_open(const apr_array_header_t *sealers, apr_pool_t *pool, const char *text, apr_size_t text_len,
                            mod_sso_ended_t *ret_ended, int *ret_ring, sso_err_t *err)
{
    unsigned char *plain;
    apr_size_t len;
    sso_rd_t rd;
    sso_rc_t rc = SSO_E_KEY;

    for (int i = 0; i < sealers->nelts && rc != SSO_OK; i++) {
        sso_err_clear(err);
        rc = sso_seal_open(APR_ARRAY_IDX(sealers, i, sso_sealer_t *), pool, apr_time_now(), SSO_SEAL_REVOKED, "", 0,
                           text, text_len, &plain, &len, NULL, err);
        if (ret_ring)
            *ret_ring = i;
    }
    SSO_TRY(rc);
    sso_rd_init(&rd, plain, len);
    unsigned version = sso_rd_u8(&rd);
    ret_ended->kind = sso_rd_u8(&rd);
    const unsigned char *key = sso_rd_bytes(&rd, 16);
    ret_ended->cutoff = (apr_time_t)sso_rd_u64(&rd);
    ret_ended->until = (apr_time_t)sso_rd_u64(&rd);
    if (rd.bad || version != ENTRY_VERSION)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "share-version", "an entry of a newer version");
    memcpy(ret_ended->key, key, 16);
    return SSO_OK;
}

void mod_sso_share_take(mod_sso_share_t *share, const mod_sso_ended_t *ended)
{
    sso_err_t full = SSO_ERR_INIT;
    if (ended->kind != MOD_SSO_REVOKED_SESSION && ended->kind != MOD_SSO_REVOKED_SID &&
        ended->kind != MOD_SSO_REVOKED_SUB && ended->kind != MOD_SSO_REVOKED_JTI)
        return; /* of a newer version of this module */
    if (mod_sso_revoke_add((mod_sso_revoked_t)ended->kind, ended->key, ended->cutoff, ended->until, apr_time_now(),
                           &full) != SSO_OK)
        mod_sso_share_complain(share, MOD_SSO_SHARE_FULL, APLOG_ERR, "SSO276",
                               "a session that another machine ended cannot be remembered", &full);
}

void mod_sso_share_revoked(const mod_sso_site_t *site, apr_pool_t *pool, mod_sso_revoked_t kind,
                           const unsigned char key[16], apr_time_t cutoff, apr_time_t until)
{
    mod_sso_share_t *share = share_of(site);
    sso_err_t err = SSO_ERR_INIT;
    char *text;

    if (!share)
        return;
    sso_rc_t rc = seal_entry(site, pool, kind, key, cutoff, until, &text, &err);
    if (rc != SSO_OK)
        text = NULL;
    else if (share->way->tell)
        rc = share->way->tell(share, pool, text, &err);
    if (rc == SSO_OK && share->way->tell)
        return;
    apr_int64_t end = apr_time_sec(until), now = apr_time_sec(apr_time_now());
    if (!text || !mod_sso_queue_put(share->queue, share->tag, text, end, now)) {
        if (rc == SSO_OK)
            sso_err_set(&err, SSO_E_LIMIT, "share-full", "%u of them wait already", MOD_SSO_QUEUE_PLACES);
        mod_sso_log_server(site->server, APLOG_ERR, "SSO273", "other machines will not know that a session has ended",
                           &err);
    } else if (rc != SSO_OK)
        mod_sso_log_server(site->server, APLOG_WARNING, "SSO272",
                           "other machines do not know yet that a session has ended, it will be tried again", &err);
}

sso_rc_t mod_sso_share_jti(const mod_sso_site_t *site, apr_pool_t *pool, const unsigned char key[16], apr_time_t until,
                           sso_err_t *err)
{
    mod_sso_share_t *share = share_of(site);
    sso_err_t why = SSO_ERR_INIT;

    if (!share)
        return SSO_OK;
    if (!share->way->use_once) {
        mod_sso_share_revoked(site, pool, MOD_SSO_REVOKED_JTI, key, APR_INT64_MAX, until);
        return SSO_OK;
    }
    sso_rc_t rc = share->way->use_once(share, pool, key, until, &why);
    if (rc == SSO_E_MISMATCH)
        return sso_err_set(err, SSO_E_MISMATCH, "revoke-seen", "it was used before, at another machine");
    if (rc != SSO_OK)
        mod_sso_log_server(site->server, APLOG_WARNING, "SSO277",
                           "whether another machine has seen a logout token cannot be asked", &why);
    return SSO_OK;
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static const mod_sso_share_way_t *way_of(const mod_sso_store_t *store)
{
    if (!store || !mod_sso_store_is_remote(store))
        return NULL;
    return mod_sso_store_redis(store) ? &mod_sso_share_redis : &mod_sso_share_cache;
}

static void add_ring(mod_sso_share_t *share, const sso_keyring_t *ring)
{
    for (int i = 0; i < share->rings->nelts; i++)
        if (APR_ARRAY_IDX(share->rings, i, const sso_keyring_t *) == ring)
            return;
    APR_ARRAY_PUSH(share->rings, const sso_keyring_t *) = ring;
}

static sso_rc_t add_site(apr_pool_t *pconf, apr_array_header_t *list, const mod_sso_site_t *site, sso_err_t *err)
{
    const mod_sso_share_way_t *way = site ? way_of(site->cache_store) : NULL;
    unsigned char hash[SSO_SHA256_LEN];

    if (!way)
        return SSO_OK;
    for (int i = 0; i < list->nelts; i++)
        if (APR_ARRAY_IDX(list, i, mod_sso_share_t).store == site->cache_store) {
            add_ring(&APR_ARRAY_IDX(list, i, mod_sso_share_t), site->ring);
            return SSO_OK;
        }
    mod_sso_share_t *share = apr_array_push(list);
    const mod_sso_redis_t *redis = mod_sso_store_redis(site->cache_store);
    share->store = site->cache_store;
    share->way = way;
    share->server = site->server;
    share->label = redis ? mod_sso_redis_label(redis) : site->conf->cache;
    share->rings = apr_array_make(pconf, 2, sizeof(const sso_keyring_t *));
    SSO_TRY(sso_crypto_sha256(share->label, strlen(share->label), hash, err));
    memcpy(&share->tag, hash, sizeof(share->tag));
    add_ring(share, site->ring);
    return SSO_OK;
}

/* Of one share, between the processes of one configuration. */
typedef struct memory_t {
    _Atomic apr_int64_t next_complaint[MOD_SSO_SHARE_TROUBLES];
    _Atomic int marks[MOD_SSO_SHARE_MARKS];
} memory_t;

static apr_status_t make_memory(apr_pool_t *pconf, process_rec *process)
{
    void *queue;
    apr_shm_t *shm;
    int is_new;
    apr_status_t rv = mod_sso_shm_keep(process, USERDATA_KEY, mod_sso_queue_size(), &queue, &is_new);

    if (rv == APR_SUCCESS)
        rv = apr_shm_create(&shm, (apr_size_t)share_count * sizeof(memory_t), NULL, pconf);
    for (int i = 0; rv == APR_SUCCESS && i < share_count; i++) {
        memory_t *memory = (memory_t *)apr_shm_baseaddr_get(shm) + i;
        shares[i].queue = queue;
        shares[i].next_complaint = memory->next_complaint;
        shares[i].marks = memory->marks;
        shares[i].is_start = is_new;
    }
    return rv;
}

apr_status_t mod_sso_share_post_config(apr_pool_t *pconf, server_rec *main_server)
{
    apr_array_header_t *list = apr_array_make(pconf, 2, sizeof(mod_sso_share_t));
    process_rec *process = main_server->process;
    sso_err_t err = SSO_ERR_INIT;

    share_count = 0;
    for (server_rec *s = main_server; s; s = s->next)
        if (add_site(pconf, list, mod_sso_conf_of(s)->site, &err) != SSO_OK)
            return APR_EGENERAL;
    if (list->nelts == 0)
        return APR_SUCCESS;
    shares = (mod_sso_share_t *)(void *)list->elts;
    share_count = list->nelts;
    apr_status_t rv = make_memory(pconf, process);
    for (int i = 0; rv == APR_SUCCESS && i < share_count; i++)
        rv = shares[i].way->start(&shares[i], pconf, process);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO326: sessions that other machines end cannot be heard of reason=share-start");
    return rv;
}

void mod_sso_share_child_init(apr_pool_t *pchild)
{
    for (int i = 0; i < share_count; i++)
        if (shares[i].way->child_init)
            shares[i].way->child_init(pchild);
}

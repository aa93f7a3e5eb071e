/* SPDX-License-Identifier: Apache-2.0 */
/* Redis for threads and processes; see the header. */
#include "httpd/redis.h"

#include <stdatomic.h>

#include <apr_shm.h>
#include <apr_signal.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "httpd/conf.h"
#include "httpd/log.h"
#include "httpd/secretfile.h"

#define SECRET_MAX 4096                 /* bytes of a file with a password */
#define IDLE_MAX   32                   /* connections of a process that wait for the next request */
#define PATIENCE   apr_time_from_sec(2) /* for one command */
#define REST       apr_time_from_sec(1) /* after a failure nobody asks for so long */
#define COMPLAINT  60                   /* seconds */

/* What all processes know of the server. */
typedef struct shared_t {
    _Atomic apr_int64_t down_until; /* 0: it answers */
    _Atomic apr_int64_t next_complaint;
    _Atomic int complained;
    _Atomic int sentinel;
} shared_t;

typedef struct idle_t {
    mod_sso_redis_conn_t *conn;
    unsigned generation;
} idle_t;

struct mod_sso_redis_t {
    server_rec *server;
    mod_sso_redis_target_t target;
    shared_t *shared;
    apr_thread_mutex_t *mutex; /* of this process; NULL in the parent, which keeps no connection */
    idle_t idle[IDLE_MAX];
    int idle_count;
    unsigned generation; /* connections of an older one are not used again */
};

typedef struct lent_t {
    mod_sso_redis_conn_t *conn;
    unsigned generation;
    int used; /* it has served before, so it may have died in its sleep */
} lent_t;

/* No file: nothing. */
static sso_rc_t read_password(apr_pool_t *pconf, const char *path, const char **ret_password, sso_err_t *err)
{
    const char *bytes;
    apr_size_t len;

    if (!path)
        return SSO_OK;
    SSO_TRY(mod_sso_secretfile_read(pconf, path, SECRET_MAX, &bytes, &len, err));
    const char *why = mod_sso_secretfile_line(pconf, bytes, len, ret_password);
    return why ? sso_err_set(err, SSO_E_CONFIG, "redis-url", "%s %s", path, why) : SSO_OK;
}

sso_rc_t mod_sso_redis_create(apr_pool_t *pconf, server_rec *server, const char *spec, int connect,
                              mod_sso_redis_t **ret_redis, sso_err_t *err)
{
    mod_sso_redis_t *redis = apr_pcalloc(pconf, sizeof(*redis));
    mod_sso_redis_url_t *url = &redis->target.url;

    SSO_TRY(mod_sso_redis_url_parse(pconf, spec, url, err));
    const char *lacks = mod_sso_redis_conn_lacks();
    if (lacks)
        return sso_err_set(err, SSO_E_CONFIG, "redis-library", "%s: %s", url->label, lacks);
    SSO_TRY(read_password(pconf, url->password_file, &url->password, err));
    SSO_TRY(read_password(pconf, url->sentinel_password_file, &url->sentinel_password, err));
    if (url->tls)
        SSO_TRY(mod_sso_tls_trust_read(pconf, url->ca_file ? url->ca_file : mod_sso_conf_of(server)->ca_file,
                                       url->cert_file, url->key_file, &redis->target.trust, err));
    redis->server = server;
    redis->target.patience = apr_time_from_sec(connect);
    *ret_redis = redis;
    return SSO_OK;
}

const char *mod_sso_redis_label(const mod_sso_redis_t *redis)
{
    return redis->target.url.label;
}

sso_rc_t mod_sso_redis_post_config(mod_sso_redis_t *redis, apr_pool_t *pconf, sso_err_t *err)
{
    apr_shm_t *shm;

    if (apr_shm_create(&shm, sizeof(shared_t), NULL, pconf) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "store-memory", "there is no shared memory for %s",
                           redis->target.url.label);
    redis->shared = apr_shm_baseaddr_get(shm); /* fresh pages are zero */
    redis->target.sentinel = &redis->shared->sentinel;
    return SSO_OK;
}

static apr_status_t close_idle(void *data)
{
    mod_sso_redis_t *redis = data;
    while (redis->idle_count > 0)
        mod_sso_redis_conn_close(redis->idle[--redis->idle_count].conn);
    return APR_SUCCESS;
}

apr_status_t mod_sso_redis_child_init(mod_sso_redis_t *redis, apr_pool_t *pchild)
{
    apr_status_t rv = apr_thread_mutex_create(&redis->mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
    mod_sso_tls_conn_child_init();
    if (rv == APR_SUCCESS)
        apr_pool_cleanup_register(pchild, redis, close_idle, apr_pool_cleanup_null);
    return rv;
}

/* --- a server that is down ---------------------------------------------------------------------------------------- */

/* One at a time finds out whether it is back. */
static sso_rc_t may_ask(mod_sso_redis_t *redis, sso_err_t *err)
{
    apr_int64_t until = atomic_load(&redis->shared->down_until), now = apr_time_now();
    if (until == 0)
        return SSO_OK;
    if (now >= until &&
        atomic_compare_exchange_strong(&redis->shared->down_until, &until, now + redis->target.patience + PATIENCE))
        return SSO_OK;
    return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "%s did not answer a moment ago", redis->target.url.label);
}

static void note_down(mod_sso_redis_t *redis, const sso_err_t *why)
{
    sso_err_t err = SSO_ERR_INIT;

    atomic_store(&redis->shared->down_until, apr_time_now() + REST);
    if (!mod_sso_log_is_due(&redis->shared->next_complaint, COMPLAINT))
        return;
    atomic_store(&redis->shared->complained, 1);
    sso_err_set(&err, SSO_E_INTERNAL, "store-failed", "%s: %s", redis->target.url.label, why->detail);
    mod_sso_log_server(redis->server, APLOG_ERR, "SSO270", "the Redis of SSOCache cannot be used", &err);
}

static void note_up(mod_sso_redis_t *redis)
{
    if (atomic_load(&redis->shared->down_until) != 0)
        atomic_store(&redis->shared->down_until, 0);
    if (atomic_load(&redis->shared->complained) && atomic_exchange(&redis->shared->complained, 0))
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, redis->server, "SSO271: the Redis of SSOCache answers again: %s",
                     redis->target.url.label);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void lock(mod_sso_redis_t *redis)
{
    if (redis->mutex)
        apr_thread_mutex_lock(redis->mutex);
}

static void unlock(mod_sso_redis_t *redis)
{
    if (redis->mutex)
        apr_thread_mutex_unlock(redis->mutex);
}

/* One that waits, or a new one. */
static sso_rc_t lend(mod_sso_redis_t *redis, apr_pool_t *pool, lent_t *lent, sso_err_t *err)
{
    for (;;) {
        idle_t idle = {NULL, 0};
        lock(redis);
        lent->generation = redis->generation;
        if (redis->idle_count > 0)
            idle = redis->idle[--redis->idle_count];
        unlock(redis);
        if (!idle.conn)
            break;
        if (idle.generation == lent->generation && mod_sso_redis_conn_is_quiet(idle.conn)) {
            lent->conn = idle.conn;
            lent->used = 1;
            return SSO_OK;
        }
        mod_sso_redis_conn_close(idle.conn);
    }
    lent->used = 0;
    return mod_sso_redis_conn_open(pool, &redis->target, &lent->conn, err);
}

static void give_back(mod_sso_redis_t *redis, lent_t *lent)
{
    int kept = 0;

    lock(redis);
    if (redis->mutex && redis->idle_count < IDLE_MAX && lent->generation == redis->generation) {
        redis->idle[redis->idle_count++] = (idle_t){lent->conn, lent->generation};
        kept = 1;
    }
    unlock(redis);
    if (!kept)
        mod_sso_redis_conn_close(lent->conn);
}

/* What broke one connection, a restart or a failover, has broken the others too. */
static void drop(mod_sso_redis_t *redis, lent_t *lent)
{
    lock(redis);
    if (lent->generation == redis->generation)
        redis->generation++;
    unlock(redis);
    mod_sso_redis_conn_close(lent->conn);
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

/* A server that was the master when we connected. */
static int has_moved(const mod_sso_redis_reply_t *reply)
{
    return reply->type == MOD_SSO_REDIS_ERROR &&
           (strncmp(reply->str, "READONLY", 8) == 0 || strncmp(reply->str, "MASTERDOWN", 10) == 0);
}

static sso_rc_t refuse_reply(const mod_sso_redis_t *redis, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                             const mod_sso_redis_reply_t *reply, sso_err_t *err)
{
    static const struct {
        const char *word;
        const char *means;
    } known[] = {
        {"LOADING", "it is still loading its data"},
        {"OOM", "its memory is full; raise maxmemory"},
        {"NOAUTH", "it wants a user and password in SSOCache"},
        {"NOPERM", "its ACL does not let this user"},
        {"MISCONF", "it cannot write to its disk"},
        {"MOVED", "it is part of a cluster, which is not supported"},
    };
    const char *word = mod_sso_redis_error_word(pool, reply), *means = "it refuses the command";

    for (apr_size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(word, known[i].word) == 0)
            means = known[i].means;
    return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "%s: %s: %s (%s)", redis->target.url.label, cmd->argv[0],
                       means, word);
}

/* *ret_again: worth another connection. */
static sso_rc_t try_once(mod_sso_redis_t *redis, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                         mod_sso_redis_reply_t **ret_reply, int *ret_again, sso_err_t *err)
{
    lent_t lent;

    *ret_again = 0;
    SSO_TRY(lend(redis, pool, &lent, err));
    sso_rc_t rc = mod_sso_redis_conn_call(lent.conn, pool, cmd, apr_time_now() + PATIENCE, ret_reply, err);
    if (rc == SSO_OK && has_moved(*ret_reply)) {
        rc = sso_err_set(err, SSO_E_FETCH, "redis-broken", "it is a replica and takes nothing (%s)",
                         mod_sso_redis_error_word(pool, *ret_reply));
        *ret_again = 1;
    } else if (rc == SSO_E_FETCH)
        *ret_again = lent.used;
    if (rc == SSO_OK)
        give_back(redis, &lent);
    else
        drop(redis, &lent);
    return rc;
}

/* Both attempts. */
static sso_rc_t try_twice(mod_sso_redis_t *redis, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                          mod_sso_redis_reply_t **ret_reply, int *ret_repeated, sso_err_t *err)
{
    /* The parent talks to the server before the MPM has told the kernel to spare it SIGPIPE. */
    apr_sigfunc_t *handler = redis->mutex ? NULL : apr_signal(SIGPIPE, SIG_IGN);
    int again = 0;

    sso_rc_t rc = try_once(redis, pool, cmd, ret_reply, &again, err);
    if (ret_repeated)
        *ret_repeated = again;
    if (rc != SSO_OK && again) {
        sso_err_clear(err);
        rc = try_once(redis, pool, cmd, ret_reply, &again, err);
    }
    if (!redis->mutex)
        (void)apr_signal(SIGPIPE, handler);
    return rc;
}

sso_rc_t mod_sso_redis_call(mod_sso_redis_t *redis, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                            mod_sso_redis_reply_t **ret_reply, int *ret_repeated, sso_err_t *err)
{
    sso_err_t why = SSO_ERR_INIT;

    SSO_TRY(may_ask(redis, err));
    if (try_twice(redis, pool, cmd, ret_reply, ret_repeated, &why) != SSO_OK) {
        note_down(redis, &why);
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "%s: %s", redis->target.url.label, why.detail);
    }
    note_up(redis);
    if ((*ret_reply)->type == MOD_SSO_REDIS_ERROR)
        return refuse_reply(redis, pool, cmd, *ret_reply, err);
    return SSO_OK;
}

static sso_rc_t refuse_nonsense(const mod_sso_redis_t *redis, const mod_sso_redis_cmd_t *cmd, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "%s: %s is answered with something else",
                       redis->target.url.label, cmd->argv[0]);
}

static void begin(apr_pool_t *pool, mod_sso_redis_cmd_t *cmd, const char *verb, const char *key)
{
    mod_sso_redis_cmd_init(cmd, verb);
    mod_sso_redis_cmd_adds(cmd, apr_pstrcat(pool, MOD_SSO_REDIS_PREFIX, key, NULL));
}

/* SET key value PX milliseconds */
static void begin_set(apr_pool_t *pool, mod_sso_redis_cmd_t *cmd, const char *key, apr_time_t expires,
                      const void *value, apr_size_t len)
{
    apr_int64_t left = apr_time_as_msec(expires - apr_time_now());
    begin(pool, cmd, "SET", key);
    mod_sso_redis_cmd_add(cmd, value, len);
    mod_sso_redis_cmd_adds(cmd, "PX");
    mod_sso_redis_cmd_adds(cmd, apr_psprintf(pool, "%" APR_INT64_T_FMT, left > 0 ? left : 1));
}

sso_rc_t mod_sso_redis_put(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, apr_time_t expires,
                           const void *value, apr_size_t len, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;

    begin_set(pool, &cmd, key, expires, value, len);
    SSO_TRY(mod_sso_redis_call(redis, pool, &cmd, &reply, NULL, err));
    return reply->type == MOD_SSO_REDIS_STATUS ? SSO_OK : refuse_nonsense(redis, &cmd, err);
}

sso_rc_t mod_sso_redis_get(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, unsigned char **ret_value,
                           apr_size_t *ret_len, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;

    begin(pool, &cmd, "GET", key);
    SSO_TRY(mod_sso_redis_call(redis, pool, &cmd, &reply, NULL, err));
    if (reply->type == MOD_SSO_REDIS_NIL)
        return sso_err_set(err, SSO_E_ABSENT, "store-absent", "SSOCache has no such entry");
    if (reply->type != MOD_SSO_REDIS_STRING)
        return refuse_nonsense(redis, &cmd, err);
    *ret_value = apr_pmemdup(pool, reply->str, reply->len + 1);
    *ret_len = reply->len;
    return SSO_OK;
}

sso_rc_t mod_sso_redis_add(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, apr_time_t expires,
                           const void *value, apr_size_t len, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;
    unsigned char *held;
    apr_size_t held_len;
    int repeated = 0;

    begin_set(pool, &cmd, key, expires, value, len);
    mod_sso_redis_cmd_adds(&cmd, "NX");
    SSO_TRY(mod_sso_redis_call(redis, pool, &cmd, &reply, &repeated, err));
    if (reply->type == MOD_SSO_REDIS_STATUS)
        return SSO_OK;
    if (reply->type != MOD_SSO_REDIS_NIL)
        return refuse_nonsense(redis, &cmd, err);
    /* The connection broke after the first attempt was done: then what is there is ours. */
    if (repeated && mod_sso_redis_get(redis, pool, key, &held, &held_len, NULL) == SSO_OK && held_len == len &&
        memcmp(held, value, len) == 0) /* of our own making, no secret */
        return SSO_OK;
    return sso_err_set(err, SSO_E_MISMATCH, "store-taken", "SSOCache has this entry already");
}

sso_rc_t mod_sso_redis_remove(mod_sso_redis_t *redis, apr_pool_t *pool, const char *key, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;

    begin(pool, &cmd, "DEL", key);
    SSO_TRY(mod_sso_redis_call(redis, pool, &cmd, &reply, NULL, err));
    return reply->type == MOD_SSO_REDIS_INTEGER ? SSO_OK : refuse_nonsense(redis, &cmd, err);
}

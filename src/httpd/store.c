/* SPDX-License-Identifier: Apache-2.0 */
/* SSOCache over httpd's socache providers and redis.c. A provider that is not safe for several processes gets our
 * mutex; the others (memcache, redis) bring their own order. Values are sealed by the caller: a cache that is read or
 * changed by others gives nothing away and is noticed. */
#include "httpd/store.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/wait.h>

#include <ap_provider.h>
#include <ap_socache.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include <util_mutex.h>

#include "httpd/conf.h"
#include "httpd/helper.h"
#include "httpd/log.h"
#include "httpd/redis.h"
#include "httpd/store_keep.h"
#include "httpd/store_parts.h"
#include "jose/crypto.h"

#define DEFAULT_SIZE "1048576"
#define VALUE_USUAL  (8 * 1024)
#define KEY_MAX      64
#define TEST_TIME    apr_time_from_sec(5)
#define CONNECT_TIME 5 /* seconds, unless SSOTimeout says so */

struct mod_sso_store_t {
    server_rec *server;
    mod_sso_redis_t *redis; /* NULL: `provider` does it */
    const char *name;       /* for people */
    const ap_socache_provider_t *provider;
    const char *arg;
    ap_socache_instance_t *instance;
    mod_sso_store_keep_t *keep; /* NULL: a remote one, which brings its own order */
    int in_parts;               /* dbm */
    apr_size_t capacity;        /* of shmcb */
};

int mod_sso_store_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    return ap_mutex_register(pconf, MOD_SSO_STORE_MUTEX, NULL, APR_LOCK_DEFAULT, 0) == APR_SUCCESS
               ? OK
               : HTTP_INTERNAL_SERVER_ERROR;
}

/* "NAME:ARGUMENT", where the argument may be absent. */
static const char *split_spec(apr_pool_t *pconf, const char *spec, const char **ret_arg)
{
    const char *colon = strchr(spec, ':');
    *ret_arg = colon != NULL ? colon + 1 : NULL;
    return colon != NULL ? apr_pstrmemdup(pconf, spec, (apr_size_t)(colon - spec)) : spec;
}

/* shmcb's "PATH(BYTES)"; 0: it cannot be told. */
static apr_size_t size_of(const char *arg)
{
    const char *open = arg != NULL ? strrchr(arg, '(') : NULL;
    apr_int64_t size = open != NULL ? apr_atoi64(open + 1) : 0;
    return size > 0 ? (apr_size_t)size : 512 * 1024; /* shmcb's own default */
}

static sso_rc_t create_redis(apr_pool_t *pconf, server_rec *server, const char *spec, mod_sso_store_t **ret_store,
                             sso_err_t *err)
{
    int connect = mod_sso_conf_of(server)->timeout_connect;
    mod_sso_store_t *store = apr_pcalloc(pconf, sizeof(*store));

    SSO_TRY(mod_sso_redis_create(pconf, server, spec, connect == MOD_SSO_UNSET ? CONNECT_TIME : connect, &store->redis,
                                 err));
    if (!ap_find_linked_module("mod_watchdog.c"))
        return sso_err_set(err, SSO_E_CONFIG, "cache-provider",
                           "redis:// needs mod_watchdog, which hears of the logouts of other machines; load it with "
                           "\"LoadModule watchdog_module modules/mod_watchdog.so\"");
    store->server = server;
    store->name = mod_sso_redis_label(store->redis);
    *ret_store = store;
    return SSO_OK;
}

sso_rc_t mod_sso_store_create(apr_pool_t *pconf, server_rec *server, const char *spec, mod_sso_store_t **ret_store,
                              sso_err_t *err)
{
    const char *arg;
    if (spec != NULL && mod_sso_redis_url_is(spec))
        return create_redis(pconf, server, spec, ret_store, err);
    const char *name = split_spec(pconf, spec != NULL ? spec : "shmcb", &arg);
    const ap_socache_provider_t *provider =
        ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name, AP_SOCACHE_PROVIDER_VERSION);

    if (provider == NULL && spec == NULL) {
        *ret_store = NULL;
        return SSO_OK;
    }
    if (provider == NULL)
        return sso_err_set(err, SSO_E_CONFIG, "cache-provider",
                           "%s: httpd has no cache of this name; load it with \"LoadModule socache_%s_module "
                           "modules/mod_socache_%s.so\" (Debian: a2enmod socache_%s)",
                           name, name, name, name);
    int is_shmcb = strcmp(provider->name, "shmcb") == 0;
    if ((arg == NULL || arg[0] == '\0') && (provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE))
        arg = apr_pstrcat(pconf, ap_runtime_dir_relative(pconf, MOD_SSO_STORE_MUTEX),
                          is_shmcb ? "(" DEFAULT_SIZE ")" : NULL, NULL);
    mod_sso_store_t *store = apr_pcalloc(pconf, sizeof(*store));
    store->server = server;
    store->name = provider->name;
    store->capacity = is_shmcb ? size_of(arg) : 0;
    store->in_parts = strcmp(provider->name, "dbm") == 0;
    store->provider = provider;
    store->arg = arg;
    const char *complaint = provider->create(&store->instance, arg, pconf, pconf);
    if (complaint != NULL)
        return sso_err_set(err, SSO_E_CONFIG, "cache-provider", "%s: %s", name, complaint);
    *ret_store = store;
    return SSO_OK;
}

static apr_status_t destroy_instance(void *data)
{
    mod_sso_store_t *store = data;
    store->provider->destroy(store->instance, store->server);
    return APR_SUCCESS;
}

/* Puts, gets and takes out a value of the size that sessions have: a cache that is too small or not there is found at
 * the start and not at somebody's login. */
static sso_rc_t test_store(mod_sso_store_t *store, apr_pool_t *pool, sso_err_t *err)
{
    unsigned char key[32], value[4096];
    unsigned char *back;
    apr_size_t len;

    SSO_TRY(sso_crypto_random(NULL, key, sizeof(key), err));
    SSO_TRY(sso_crypto_random(NULL, value, sizeof(value), err));
    SSO_TRY(mod_sso_store_put(store, pool, key, sizeof(key), apr_time_now() + apr_time_from_sec(60), value,
                              sizeof(value), err));
    SSO_TRY(mod_sso_store_get(store, pool, key, sizeof(key), &back, &len, err));
    if (len != sizeof(value) || memcmp(back, value, len) != 0) /* random bytes of a moment ago, no secret */
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "SSOCache %s gave back something else", store->name);
    return mod_sso_store_remove(store, pool, key, sizeof(key), err);
}

static sso_rc_t set_up_remote(mod_sso_store_t *store, apr_pool_t *pconf, sso_err_t *err)
{
    char text[120];
    apr_status_t rv = store->provider->init(store->instance, "mod_sso_oidc", NULL, store->server, pconf);
    if (rv != APR_SUCCESS)
        return sso_err_set(err, SSO_E_CONFIG, "store-failed", "SSOCache %s cannot be set up: %s", store->name,
                           apr_strerror(rv, text, sizeof(text)));
    apr_pool_cleanup_register(pconf, store, destroy_instance, apr_pool_cleanup_null);
    return SSO_OK;
}

/* The one that was made for the check of the configuration was never used. */
static sso_rc_t set_up_local(mod_sso_store_t *store, apr_pool_t *pconf, sso_err_t *err)
{
    SSO_TRY(mod_sso_store_keep_open(store->server, store->provider, store->arg, &store->keep, err));
    store->instance = store->keep->instance;
    if (store->capacity > 0)
        mod_sso_store_watch(store, pconf, store->server, &store->keep->shared->use);
    return SSO_OK;
}

/* The same in a process of its own: httpd's clients of remote caches keep the connection, and all children would speak
 * over it at once and read each other's answers. They know no time-out either, nor does the lock of a file that a child
 * of the last configuration uses. */
static sso_rc_t test_apart(mod_sso_store_t *store, apr_pool_t *pool, sso_err_t *err)
{
    sso_err_t answer = SSO_ERR_INIT;
    int fd[2], status;

    if (pipe(fd) != 0)
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "SSOCache %s: no pipe", store->name);
    pid_t pid = fork();
    if (pid == 0) {
        if (test_store(store, pool, &answer) == SSO_OK)
            answer.rc = SSO_OK;
        _exit(write(fd[1], &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
    }
    close(fd[1]);
    int in_time = pid > 0 && mod_sso_helper_wait(fd[0], TEST_TIME);
    int whole = in_time && read(fd[0], &answer, sizeof(answer)) == (ssize_t)sizeof(answer);
    close(fd[0]);
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (!whole)
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "SSOCache %s does not answer", store->name);
    if (answer.rc != SSO_OK && err != NULL) /* its texts are constants at the same place in both processes */
        *err = answer;
    return answer.rc;
}

sso_rc_t mod_sso_store_begin(apr_pool_t *pconf, process_rec *process, sso_err_t *err)
{
    mod_sso_store_watch_reset();
    return mod_sso_store_keep_begin(pconf, process, err);
}

sso_rc_t mod_sso_store_post_config(mod_sso_store_t *store, apr_pool_t *pconf, sso_err_t *err)
{
    int is_remote = mod_sso_store_is_remote(store);
    apr_pool_t *pool;

    if (store->redis)
        SSO_TRY(mod_sso_redis_post_config(store->redis, pconf, err));
    else
        SSO_TRY(is_remote ? set_up_remote(store, pconf, err) : set_up_local(store, pconf, err));
    if (store->keep && !store->keep->is_new)
        return SSO_OK; /* tested when it was made */
    if (apr_pool_create(&pool, pconf) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "no memory");
    sso_err_t failure = SSO_ERR_INIT;
    sso_rc_t rc = store->redis ? test_store(store, pool, &failure) : test_apart(store, pool, &failure);
    apr_pool_destroy(pool);
    /* A server of its own that is down now may be up when it is needed; until then its sessions are refused (503). Not
     * to start would take down every other site as well. */
    if (rc == SSO_OK || is_remote) {
        if (rc != SSO_OK)
            mod_sso_log_server(store->server, APLOG_ERR, "SSO315", "the server behind SSOCache does not answer yet",
                               &failure);
        return SSO_OK;
    }
    if (err != NULL)
        *err = failure;
    return rc;
}

apr_status_t mod_sso_store_child_init(mod_sso_store_t *store, apr_pool_t *pchild)
{
    if (store->redis)
        return mod_sso_redis_child_init(store->redis, pchild);
    if (!store->keep)
        return APR_SUCCESS;
    apr_global_mutex_t **mutex = &store->keep->mutex;
    apr_status_t rv = apr_global_mutex_child_init(mutex, apr_global_mutex_lockfile(*mutex), pchild);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, store->server,
                     "SSO314: the mutex of SSOCache cannot be used in this process reason=store-mutex");
    return rv;
}

static sso_rc_t fail_with(const mod_sso_store_t *store, apr_status_t rv, const char *verb, sso_err_t *err)
{
    char text[120];
    return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "SSOCache %s: %s failed: %s", store->name, verb,
                       apr_strerror(rv, text, sizeof(text)));
}

static sso_rc_t check_key(unsigned key_len, sso_err_t *err)
{
    if (key_len == 0 || key_len > KEY_MAX)
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "a key of %u bytes", key_len);
    return SSO_OK;
}

int mod_sso_store_is_remote(const mod_sso_store_t *store)
{
    return store->redis || !(store->provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE);
}

mod_sso_redis_t *mod_sso_store_redis(const mod_sso_store_t *store)
{
    return store->redis;
}

/* What a key is called in Redis. */
static const char *name_key(apr_pool_t *pool, const unsigned char *key, unsigned key_len)
{
    return apr_pescape_hex(pool, key, key_len, 0);
}

static sso_rc_t lock_store(mod_sso_store_t *store, sso_err_t *err)
{
    int is_doubtful = 0;
    apr_status_t rv = store->keep ? mod_sso_store_keep_lock(store->keep, &is_doubtful) : APR_SUCCESS;
    if (is_doubtful)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, store->server,
                     "SSO365: a process died while it wrote to SSOCache; the next restart or reload makes it anew "
                     "reason=store-doubt");
    return rv == APR_SUCCESS ? SSO_OK : fail_with(store, rv, "its lock", err);
}

static void unlock_store(mod_sso_store_t *store)
{
    if (store->keep)
        mod_sso_store_keep_unlock(store->keep);
}

static sso_rc_t check_size(apr_size_t len, sso_err_t *err)
{
    if (len > MOD_SSO_STORE_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "store-too-large",
                           "%" APR_SIZE_T_FMT " bytes are more than the %d that SSOCache takes", len,
                           MOD_SSO_STORE_MAX);
    return SSO_OK;
}

/* One access to the provider: store_parts.c puts its records with it, values that go in one piece take it directly. */
typedef struct call_t {
    const mod_sso_store_t *store;
    apr_pool_t *pool;
    apr_time_t expires;
} call_t;

static apr_status_t put_record(void *baton, const unsigned char *key, unsigned key_len, unsigned char *bytes,
                               unsigned len)
{
    const call_t *call = baton;
    const mod_sso_store_t *store = call->store;
    return store->provider->store(store->instance, store->server, key, key_len, call->expires, bytes, len, call->pool);
}

static apr_status_t get_record(void *baton, const unsigned char *key, unsigned key_len, unsigned char *bytes,
                               unsigned *len)
{
    const call_t *call = baton;
    const mod_sso_store_t *store = call->store;
    apr_status_t rv = store->provider->retrieve(store->instance, store->server, key, key_len, bytes, len, call->pool);
    return rv == APR_EGENERAL ? APR_NOTFOUND : rv; /* how mod_socache_dbm says that there is nothing */
}

static apr_status_t remove_record(void *baton, const unsigned char *key, unsigned key_len)
{
    const call_t *call = baton;
    const mod_sso_store_t *store = call->store;
    return store->provider->remove(store->instance, store->server, key, key_len, call->pool);
}

static mod_sso_store_records_t records_of(call_t *call)
{
    return (mod_sso_store_records_t){put_record, get_record, remove_record, call};
}

static apr_status_t provider_put(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                                 apr_time_t expires, const void *value, apr_size_t len)
{
    call_t call = {store, pool, expires};
    mod_sso_store_records_t records = records_of(&call);
    if (store->in_parts)
        return mod_sso_store_parts_put(&records, key, key_len, value, len);
    /* providers want it writable, though they only read */
    unsigned char *bytes = apr_pmemdup(pool, value, len);
    if (store->keep)
        atomic_fetch_add(&store->keep->shared->use.written, len);
    return put_record(&call, key, key_len, bytes, (unsigned)len);
}

static sso_rc_t end_put(const mod_sso_store_t *store, apr_status_t rv, apr_size_t len, sso_err_t *err)
{
    char text[120];
    if (rv == APR_SUCCESS)
        return SSO_OK;
    if (APR_STATUS_IS_ENOSPC(rv) || APR_STATUS_IS_ENOMEM(rv))
        return sso_err_set(err, SSO_E_LIMIT, "store-too-large",
                           "SSOCache %s has no room for %" APR_SIZE_T_FMT " bytes%s", store->name, len,
                           store->capacity ? "; give it more, as in SSOCache \"shmcb:/path(10485760)\"" : "");
    return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "SSOCache %s: put of %" APR_SIZE_T_FMT " bytes failed: %s",
                       store->name, len, apr_strerror(rv, text, sizeof(text)));
}

sso_rc_t mod_sso_store_put(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                           apr_time_t expires, const void *value, apr_size_t len, sso_err_t *err)
{
    SSO_TRY(check_key(key_len, err));
    SSO_TRY(check_size(len, err));
    if (store->redis)
        return mod_sso_redis_put(store->redis, pool, name_key(pool, key, key_len), expires, value, len, err);
    SSO_TRY(lock_store(store, err));
    apr_status_t rv = provider_put(store, pool, key, key_len, expires, value, len);
    unlock_store(store);
    return end_put(store, rv, len, err);
}

/* Whether there is anything under the key: its value is not looked at. */
static apr_status_t peek(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len)
{
    call_t call = {store, pool, 0};
    mod_sso_store_records_t records = records_of(&call);
    unsigned char held[KEY_MAX], *value;
    unsigned held_len = sizeof(held);
    apr_size_t len;

    if (store->in_parts)
        return mod_sso_store_parts_get(&records, pool, key, key_len, &value, &len);
    return store->provider->retrieve(store->instance, store->server, key, key_len, held, &held_len, pool);
}

sso_rc_t mod_sso_store_add(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                           apr_time_t expires, const void *value, apr_size_t len, sso_err_t *err)
{
    SSO_TRY(check_key(key_len, err));
    SSO_TRY(check_size(len, err));
    if (store->redis)
        return mod_sso_redis_add(store->redis, pool, name_key(pool, key, key_len), expires, value, len, err);
    SSO_TRY(lock_store(store, err));
    apr_status_t rv = peek(store, pool, key, key_len);
    int is_free = APR_STATUS_IS_NOTFOUND(rv);
    if (is_free)
        rv = provider_put(store, pool, key, key_len, expires, value, len);
    unlock_store(store);
    if (!is_free)
        return sso_err_set(err, SSO_E_MISMATCH, "store-taken", "SSOCache has this entry already");
    return end_put(store, rv, len, err);
}

apr_size_t mod_sso_store_capacity(const mod_sso_store_t *store)
{
    return store->capacity;
}

static apr_status_t add_entry(ap_socache_instance_t *instance, server_rec *server, void *data, const unsigned char *key,
                              unsigned key_len, const unsigned char *value, unsigned len, apr_pool_t *pool)
{
    mod_sso_store_sum_t *sum = data;
    (void)instance;
    (void)server;
    (void)value;
    (void)pool;
    sum->entries[key[0]]++;
    sum->bytes[key[0]] += key_len + len;
    return APR_SUCCESS;
}

sso_rc_t mod_sso_store_measure(mod_sso_store_t *store, apr_pool_t *pool, mod_sso_store_sum_t *ret_sum, sso_err_t *err)
{
    memset(ret_sum, 0, sizeof(*ret_sum));
    SSO_TRY(lock_store(store, err));
    apr_status_t rv = store->provider->iterate(store->instance, store->server, ret_sum, add_entry, pool);
    unlock_store(store);
    if (rv != APR_SUCCESS)
        return fail_with(store, rv, "iterate", err);
    return SSO_OK;
}

sso_rc_t mod_sso_store_probe(mod_sso_store_t *store, apr_pool_t *pool, sso_err_t *err)
{
    static const unsigned char key[] = "mod_sso_oidc probe";
    if (store->redis || !mod_sso_store_is_remote(store))
        return SSO_OK; /* memory of this machine, or a client that tells "down" from "not there" */
    return mod_sso_store_put(store, pool, key, sizeof(key) - 1, apr_time_now() + apr_time_from_sec(60), "", 1, err);
}

static apr_status_t retrieve(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                             unsigned room, unsigned char **ret_value, apr_size_t *ret_len)
{
    unsigned len = room;
    *ret_value = apr_palloc(pool, (apr_size_t)room + 1);
    apr_status_t rv = store->provider->retrieve(store->instance, store->server, key, key_len, *ret_value, &len, pool);
    if (rv == APR_SUCCESS && len > room)
        rv = APR_EGENERAL; /* a provider that lies about lengths */
    *ret_len = len;
    return rv;
}

static apr_status_t provider_get(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                                 unsigned char **ret_value, apr_size_t *ret_len)
{
    call_t call = {store, pool, 0};
    mod_sso_store_records_t records = records_of(&call);
    int is_remote = mod_sso_store_is_remote(store);

    if (store->in_parts)
        return mod_sso_store_parts_get(&records, pool, key, key_len, ret_value, ret_len);
    /* Room that does not suffice is told in many ways; shmcb says "not found". Remote caches are not asked twice. */
    apr_status_t rv =
        retrieve(store, pool, key, key_len, is_remote ? MOD_SSO_STORE_MAX : VALUE_USUAL, ret_value, ret_len);
    if (rv != APR_SUCCESS && !is_remote)
        rv = retrieve(store, pool, key, key_len, MOD_SSO_STORE_MAX, ret_value, ret_len);
    return rv;
}

sso_rc_t mod_sso_store_get(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                           unsigned char **ret_value, apr_size_t *ret_len, sso_err_t *err)
{
    SSO_TRY(check_key(key_len, err));
    if (store->redis)
        return mod_sso_redis_get(store->redis, pool, name_key(pool, key, key_len), ret_value, ret_len, err);
    SSO_TRY(lock_store(store, err));
    apr_status_t rv = provider_get(store, pool, key, key_len, ret_value, ret_len);
    unlock_store(store);
    if (APR_STATUS_IS_NOTFOUND(rv))
        return sso_err_set(err, SSO_E_ABSENT, "store-absent", "SSOCache has no such entry");
    if (rv != APR_SUCCESS)
        return fail_with(store, rv, "get", err);
    (*ret_value)[*ret_len] = '\0';
    return SSO_OK;
}

sso_rc_t mod_sso_store_remove(mod_sso_store_t *store, apr_pool_t *pool, const unsigned char *key, unsigned key_len,
                              sso_err_t *err)
{
    call_t call = {store, pool, 0};
    mod_sso_store_records_t records = records_of(&call);

    SSO_TRY(check_key(key_len, err));
    if (store->redis)
        return mod_sso_redis_remove(store->redis, pool, name_key(pool, key, key_len), err);
    SSO_TRY(lock_store(store, err));
    apr_status_t rv = store->in_parts ? mod_sso_store_parts_remove(&records, key, key_len)
                                      : remove_record(&call, key, key_len);
    unlock_store(store);
    if (rv == APR_SUCCESS || APR_STATUS_IS_NOTFOUND(rv))
        return SSO_OK; /* gone is gone */
    return fail_with(store, rv, "remove", err);
}

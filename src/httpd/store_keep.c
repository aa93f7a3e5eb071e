/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. One entry for each "NAME:ARGUMENT", in a list that hangs on the process's pool. */
#include "httpd/store_keep.h"

#include <dlfcn.h>

#include <apr_dbm.h>
#include <apr_file_info.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_main.h>
#include <unixd.h>
#include <util_mutex.h>

#define TRIES     50
#define TRY_AGAIN apr_time_from_msec(20)
/* Names the layout as well: another version of this module makes a list of its own. */
#define USERDATA_KEY "mod_sso_oidc-store-1"

typedef struct entry_t {
    mod_sso_store_keep_t keep; /* first */
    struct entry_t *next;
    apr_pool_t *pool;
    const char *provider, *arg;
    unsigned generation; /* the last configuration that named it */
    apr_pool_t *made;    /* below it: the instance; by whom, for whom */
    const ap_socache_provider_t *maker;
    uid_t user;
} entry_t;

typedef struct list_t {
    entry_t *first;
    unsigned generation;
    unsigned serial;
} list_t;

/* Set before the fork and never after. */
static list_t *list;

/* --- the list ---------------------------------------------------------------------------------------------------- */

/* The instance holds what only its own code understands, and has registered cleanups with its pool (shmcb does): so
 * that code must stay where it is when httpd unloads it with the configuration. A provider that is built into httpd
 * does anyway. */
static int keep_loaded(const ap_socache_provider_t *provider)
{
    Dl_info code, httpd;

    if (!dladdr(provider, &code) || !dladdr(&ap_server_conf, &httpd))
        return 0;
    return code.dli_fbase == httpd.dli_fbase || dlopen(code.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}

/* Gives back memory and file. Children that still use the memory keep it. */
static void forget_instance(entry_t *e)
{
    if (e->keep.instance)
        e->maker->destroy(e->keep.instance, ap_server_conf);
    e->keep.instance = NULL;
    apr_pool_clear(e->made);
}

static void drop(entry_t **at)
{
    entry_t *e = *at;
    *at = e->next;
    forget_instance(e);
    apr_pool_destroy(e->pool);
}

/* Of each configuration: with the last one of the process, while providers are still loaded, ends what was kept. */
static apr_status_t end_configuration(void *data)
{
    (void)data;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING)
        while (list->first)
            drop(&list->first);
    return APR_SUCCESS;
}

sso_rc_t mod_sso_store_keep_begin(apr_pool_t *pconf, process_rec *process, sso_err_t *err)
{
    void *data = NULL;

    (void)apr_pool_userdata_get(&data, USERDATA_KEY, process->pool);
    list = data;
    if (!list) {
        list = apr_pcalloc(process->pool, sizeof(*list));
        /* _set, not _setn: our own text is unmapped when the module is loaded anew */
        if (apr_pool_userdata_set(list, USERDATA_KEY, NULL, process->pool) != APR_SUCCESS)
            return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "no memory");
    }
    list->generation++;
    apr_pool_cleanup_register(pconf, NULL, end_configuration, apr_pool_cleanup_null);
    for (entry_t **at = &list->first; *at;)
        if (list->generation - (*at)->generation > 2)
            drop(at);
        else
            at = &(*at)->next;
    return SSO_OK;
}

static entry_t *find_entry(const ap_socache_provider_t *provider, const char *arg)
{
    entry_t *e = list->first;
    while (e && !(strcmp(e->provider, provider->name) == 0 && strcmp(e->arg, arg) == 0))
        e = e->next;
    return e;
}

/* --- making one -------------------------------------------------------------------------------------------------- */

static sso_rc_t add_entry(server_rec *server, const ap_socache_provider_t *provider, const char *arg, entry_t **ret_e,
                          sso_err_t *err)
{
    apr_pool_t *pool;
    apr_shm_t *shm;
    char text[120];

    /* Not below the process's pool: that ends those below it one by one before end_configuration is called. */
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "no memory");
    entry_t *e = apr_pcalloc(pool, sizeof(*e));
    *e = (entry_t){.pool = pool, .provider = apr_pstrdup(pool, provider->name), .arg = apr_pstrdup(pool, arg)};
    /* The number keeps the names of lock files apart: that of an entry before may still be there. */
    apr_status_t rv = ap_global_mutex_create(&e->keep.mutex, NULL, MOD_SSO_STORE_MUTEX,
                                             apr_psprintf(pool, "%u", ++list->serial), server, pool, 0);
    if (rv != APR_SUCCESS)
        sso_err_set(err, SSO_E_INTERNAL, "store-failed",
                    "no mutex for SSOCache (see Mutex " MOD_SSO_STORE_MUTEX "): %s",
                    apr_strerror(rv, text, sizeof(text)));
    else if ((rv = apr_shm_create(&shm, sizeof(mod_sso_store_shared_t), NULL, pool)) != APR_SUCCESS ||
             (rv = apr_pool_create(&e->made, pool)) != APR_SUCCESS)
        sso_err_set(err, SSO_E_INTERNAL, "store-failed", "no shared memory for SSOCache: %s",
                    apr_strerror(rv, text, sizeof(text)));
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return SSO_E_INTERNAL;
    }
    e->keep.shared = apr_shm_baseaddr_get(shm); /* fresh pages are zero */
    e->next = list->first;
    list->first = *ret_e = e;
    return SSO_OK;
}

/* Not for ever: a process that was stopped inside must not stop the server's start as well. */
static int lock_for_a_while(apr_global_mutex_t *mutex)
{
    for (int i = 0; i < TRIES; i++) {
        if (apr_global_mutex_trylock(mutex) == APR_SUCCESS)
            return 1;
        apr_sleep(TRY_AGAIN);
    }
    return 0;
}

static sso_rc_t init_instance(entry_t *e, server_rec *server, const ap_socache_provider_t *provider, sso_err_t *err)
{
    struct ap_socache_hints hints = {32, MOD_SSO_STORE_ENTRY - 32, apr_time_from_sec(300)};
    char text[120];

    e->maker = provider;
    e->user = ap_unixd_config.user_id;
    if (!keep_loaded(provider))
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "SSOCache %s does not stay loaded", provider->name);
    const char *complaint = provider->create(&e->keep.instance, e->arg, e->made, e->made);
    if (complaint) {
        e->keep.instance = NULL;
        return sso_err_set(err, SSO_E_CONFIG, "cache-provider", "%s: %s", provider->name, complaint);
    }
    apr_status_t rv = provider->init(e->keep.instance, "mod_sso_oidc", &hints, server, e->made);
    if (rv == APR_SUCCESS && strcmp(provider->name, "shmcb") != 0) {
        /* A file of ours, since it could be opened; who left it was killed, and it may be half written. */
        provider->destroy(e->keep.instance, server);
        rv = provider->init(e->keep.instance, "mod_sso_oidc", &hints, server, e->made);
    }
    if (rv == APR_SUCCESS)
        return SSO_OK;
    e->keep.instance = NULL; /* what lies there is not ours to take away at the end */
    return sso_err_set(err, SSO_E_CONFIG, "store-failed", "SSOCache %s:%s cannot be set up: %s", provider->name, e->arg,
                       apr_strerror(rv, text, sizeof(text)));
}

/* Anew, under the mutex of before: children of the last configuration may open the same file. */
static sso_rc_t make_instance(entry_t *e, server_rec *server, const ap_socache_provider_t *provider, sso_err_t *err)
{
    int is_locked = lock_for_a_while(e->keep.mutex);
    forget_instance(e);
    atomic_store(&e->keep.shared->doubt, 0);
    sso_rc_t rc = init_instance(e, server, provider, err);
    if (is_locked)
        mod_sso_store_keep_unlock(&e->keep);
    if (rc == SSO_OK && ap_unixd_set_global_mutex_perms(e->keep.mutex) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "store-failed", "the mutex of SSOCache cannot be given to User");
    return rc;
}

/* dbm: whoever cleans up, or another server that names the same file, may have removed it, and children may not make a
 * file there. */
static int has_file(const entry_t *e)
{
    const char *used[2] = {NULL, NULL};
    apr_finfo_t info;
    apr_pool_t *pool;

    if (apr_pool_create(&pool, e->made) != APR_SUCCESS)
        return 1;
    const char *path = ap_server_root_relative(pool, e->arg);
    int is_there = path != NULL;
    if (path)
        apr_dbm_get_usednames(pool, path, &used[0], &used[1]);
    for (int i = 0; i < 2 && is_there && used[i]; i++)
        is_there = apr_stat(&info, used[i], APR_FINFO_TYPE, pool) == APR_SUCCESS;
    apr_pool_destroy(pool);
    return is_there;
}

/* Did somebody die inside whom nobody came after (a restart that is not graceful kills children wherever they are), or
 * is the file gone? */
static int is_damaged(server_rec *server, entry_t *e)
{
    if (!lock_for_a_while(e->keep.mutex))
        return 0;
    int is_busy = atomic_load(&e->keep.shared->busy);
    int is_gone = strcmp(e->provider, "dbm") == 0 && !has_file(e);
    mod_sso_store_keep_unlock(&e->keep);
    if (is_busy)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "SSO365: a process died while it wrote to SSOCache; it is made anew reason=store-doubt");
    if (is_gone)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "SSO373: the file of SSOCache is gone; it is made anew reason=store-gone");
    return is_busy || is_gone;
}

sso_rc_t mod_sso_store_keep_open(server_rec *server, const ap_socache_provider_t *provider, const char *arg,
                                 mod_sso_store_keep_t **ret_keep, sso_err_t *err)
{
    entry_t *e = find_entry(provider, arg);

    if (!e)
        SSO_TRY(add_entry(server, provider, arg, &e, err));
    int is_usable = e->keep.instance && !atomic_load(&e->keep.shared->doubt) && e->maker == provider &&
                    e->user == ap_unixd_config.user_id;
    /* The same for all who name it. */
    e->keep.is_new = e->generation != list->generation && (!is_usable || is_damaged(server, e));
    e->generation = list->generation;
    if (e->keep.is_new)
        SSO_TRY(make_instance(e, server, provider, err));
    *ret_keep = &e->keep;
    return SSO_OK;
}

/* --- using it ---------------------------------------------------------------------------------------------------- */

apr_status_t mod_sso_store_keep_lock(mod_sso_store_keep_t *keep, int *ret_is_doubtful)
{
    apr_status_t rv = apr_global_mutex_lock(keep->mutex);
    if (rv == APR_SUCCESS)
        *ret_is_doubtful = atomic_exchange(&keep->shared->busy, 1) && !atomic_exchange(&keep->shared->doubt, 1);
    return rv;
}

void mod_sso_store_keep_unlock(mod_sso_store_keep_t *keep)
{
    atomic_store(&keep->shared->busy, 0);
    (void)apr_global_mutex_unlock(keep->mutex);
}

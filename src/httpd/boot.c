/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up in the parent (as root, before the fork) and in each child. A provider that is down stops nothing here:
 * nobody asks it before the first login. */
#include "httpd/boot.h"

#include "httpd/bearer.h"
#include "httpd/fetch.h"
#include "httpd/identity.h"
#include "httpd/keys.h"
#include "httpd/log.h"
#include "httpd/meta.h"
#include "httpd/mint.h"
#include "httpd/refresh.h"
#include "httpd/revoke.h"
#include "httpd/share.h"
#include "httpd/site.h"
#include "httpd/status.h"
#include "httpd/store.h"
#include "httpd/thread.h"

int mod_sso_boot_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    return mod_sso_store_pre_config(pconf, plog, ptemp);
}

static int fail_start(server_rec *s, const char *id, const char *what, const sso_err_t *err)
{
    mod_sso_log_server(s, APLOG_EMERG, id, what, err);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int is_first_with_store(server_rec *main_server, const server_rec *s, const struct mod_sso_store_t *store)
{
    for (server_rec *t = main_server; t != s; t = t->next) {
        const mod_sso_site_t *site = mod_sso_conf_of(t)->site;
        if (site && site->cache_store == store)
            return 0;
    }
    return 1;
}

int mod_sso_boot_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    sso_err_t err = SSO_ERR_INIT;
    int count = mod_sso_conf_provider_total(main_server);
    (void)plog;
    mod_sso_scrub_prepare(pconf);
    /* The first pass of a start only reads the configuration. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK;
    if (mod_sso_store_begin(pconf, main_server->process, &err) != SSO_OK) /* there may be one of the time before */
        return fail_start(main_server, "SSO013", "SSOCache does not work", &err);
    if (!count)
        return OK;
    if (mod_sso_keys_load(pconf, ptemp, main_server) != APR_SUCCESS) /* says why itself */
        return HTTP_INTERNAL_SERVER_ERROR;
    if (mod_sso_mint_load(pconf, ptemp, main_server) != APR_SUCCESS) /* and this one */
        return HTTP_INTERNAL_SERVER_ERROR;
    if (mod_sso_conf_exec_secrets(pconf, main_server, &err) != SSO_OK)
        return fail_start(main_server, "SSO011", "no client secret", &err);
    if (mod_sso_revoke_post_config(main_server->process, main_server) != APR_SUCCESS ||
        mod_sso_refresh_post_config(main_server->process, main_server) != APR_SUCCESS ||
        mod_sso_meta_post_config(pconf, main_server, count) != APR_SUCCESS ||
        mod_sso_status_post_config(pconf, main_server, count) != APR_SUCCESS) {
        sso_err_set(&err, SSO_E_INTERNAL, "shared-memory", "no shared memory");
        return fail_start(main_server, "SSO012", "the server cannot start", &err);
    }
    for (server_rec *s = main_server; s; s = s->next) {
        const mod_sso_site_t *site = mod_sso_conf_of(s)->site;
        if (site && site->cache_store && is_first_with_store(main_server, s, site->cache_store) &&
            mod_sso_store_post_config(site->cache_store, pconf, &err) != SSO_OK)
            return fail_start(s, "SSO013", "SSOCache does not work", &err);
        if (site && site->development)
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "SSO002: SSODevelopment is On: http is allowed for loopback hosts; not for production");
    }
    if (mod_sso_share_post_config(pconf, main_server) != APR_SUCCESS) /* says why itself */
        return HTTP_INTERNAL_SERVER_ERROR;
    return OK;
}

void mod_sso_boot_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t rv = mod_sso_thread_child_init(pchild);
    mod_sso_refresh_child_init();
    if (rv == APR_SUCCESS)
        rv = mod_sso_fetch_child_init(pchild, main_server);
    if (rv == APR_SUCCESS)
        rv = mod_sso_meta_child_init(pchild, main_server);
    if (rv == APR_SUCCESS)
        rv = mod_sso_bearer_child_init(pchild, main_server);
    if (rv == APR_SUCCESS)
        rv = mod_sso_mint_child_init(pchild, main_server);
    for (server_rec *s = main_server; s && rv == APR_SUCCESS; s = s->next) {
        const mod_sso_site_t *site = mod_sso_conf_of(s)->site;
        if (site && site->cache_store && is_first_with_store(main_server, s, site->cache_store))
            rv = mod_sso_store_child_init(site->cache_store, pchild);
    }
    if (rv == APR_SUCCESS) {
        mod_sso_share_child_init(pchild);
        mod_sso_store_watch_child_init(pchild);
    }
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "SSO014: a child cannot start; requests are refused");
}

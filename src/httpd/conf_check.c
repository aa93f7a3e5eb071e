/* SPDX-License-Identifier: Apache-2.0 */
/* The check_config hook: builds every server's site and refuses a configuration that cannot work (DESIGN rule 8). */
#include "httpd/conf_check.h"

#include <apr_strings.h>

#include "httpd/keys.h"
#include "httpd/mint.h"

static const char *place(mod_sso_check_t *ck, const mod_sso_provider_conf_t *provider)
{
    const char *server = ck->server ? mod_sso_check_server_name(ck->ptemp, ck->server) : "the server";
    if (!provider)
        return server;
    return apr_psprintf(ck->ptemp, "%s, provider \"%s\" at %s", server, provider->name,
                        provider->where ? provider->where : "an unknown line");
}

/* What many virtual hosts inherit of one provider is said once. 1 when it is new. */
static int is_new(mod_sso_check_t *ck, const char *id, const char *directive, const mod_sso_provider_conf_t *provider,
                  const char *text)
{
    const char *key = apr_pstrcat(ck->ptemp, id, directive,
                                  provider && provider->where ? provider->where : place(ck, NULL), text, NULL);
    if (apr_hash_get(ck->said, key, APR_HASH_KEY_STRING))
        return 0;
    apr_hash_set(ck->said, key, APR_HASH_KEY_STRING, "");
    return 1;
}

void mod_sso_check_fail(mod_sso_check_t *ck, const char *id, const char *directive,
                        const mod_sso_provider_conf_t *provider, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = apr_pvsprintf(ck->ptemp, fmt, ap);
    va_end(ap);
    ck->errors++;
    if (is_new(ck, id, directive, provider, text))
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, NULL, "%s: %s: %s (%s)", id, directive, text,
                     place(ck, provider));
}

void mod_sso_check_warn(mod_sso_check_t *ck, const char *id, const char *directive, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = apr_pvsprintf(ck->ptemp, fmt, ap);
    va_end(ap);
    if (is_new(ck, id, directive, NULL, text))
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, NULL, "%s: %s: %s (%s)", id, directive, text,
                     place(ck, NULL));
}

/* httpd shares the main server's conf with a virtual host that has none of our directives; a site is one server's. */
static mod_sso_conf_t *own_conf(mod_sso_check_t *ck, server_rec *s)
{
    mod_sso_conf_t *conf = mod_sso_conf_of(s);
    if (!conf || conf->server == s)
        return conf;
    mod_sso_conf_t *copy = apr_pmemdup(ck->pconf, conf, sizeof(*conf));
    copy->server = s;
    copy->own = 0;
    copy->site = NULL;
    copy->uses = apr_array_make(ck->pconf, 1, sizeof(mod_sso_use_t));
    ap_set_module_config(s->module_config, &sso_oidc_module, copy);
    return copy;
}

static void check_mint_key(mod_sso_check_t *ck, server_rec *s)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    sso_err_t err = SSO_ERR_INIT;
    if (!conf || !conf->site || !conf->site->mints || mod_sso_mint_check(ck->ptemp, conf->site, &err) == SSO_OK)
        return;
    ck->server = s;
    mod_sso_check_fail(ck, "SSO181", "SSOMintKey", NULL, "%s reason=%s", err.detail, err.reason);
}

static void check_keys(mod_sso_check_t *ck)
{
    for (server_rec *s = ck->main_server; s; s = s->next)
        check_mint_key(ck, s);
    for (server_rec *s = ck->main_server; s; s = s->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(s);
        sso_err_t err = SSO_ERR_INIT;
        if (!conf || !conf->site || mod_sso_keys_check(ck->ptemp, conf->site, &err) == SSO_OK)
            continue;
        ck->server = s;
        mod_sso_check_fail(ck, "SSO180", conf->key_file ? "SSOKeyFile" : "SSOStateDir", NULL, "%s reason=%s",
                           err.detail, err.reason);
    }
}

/* Trailers are merged into the request's headers after every hook ran: a client could send our names there (§3).
 */
static void check_trailers(mod_sso_check_t *ck)
{
    for (server_rec *s = ck->main_server; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);
        if (core->merge_trailers != AP_MERGE_TRAILERS_ENABLE)
            continue;
        ck->server = s;
        mod_sso_check_fail(
            ck, "SSO110", "MergeTrailers", NULL,
            "On would let a client send identity headers after they were removed; write MergeTrailers Off");
    }
}

/* A cache that answers before our hooks run would serve one person's page to another. */
static void check_quick_cache(mod_sso_check_t *ck)
{
    const mod_sso_facts_t *main_facts = mod_sso_check_facts(ck, ck->main_server);
    for (server_rec *s = ck->main_server; s; s = s->next) {
        const mod_sso_facts_t *facts = mod_sso_check_facts(ck, s);
        const char *cache = facts->cache ? facts->cache : main_facts->cache;
        int quick = facts->cache_quick >= 0 ? facts->cache_quick : main_facts->cache_quick;
        if (!cache || quick == 0 || (facts->guards->nelts == 0 && main_facts->guards->nelts == 0))
            continue;
        ck->server = s;
        mod_sso_check_warn(ck, "SSO114", "CacheQuickHandler",
                           "CacheEnable (%s) answers before AuthType sso-oidc is asked; write CacheQuickHandler off",
                           cache);
    }
}

int mod_sso_conf_provider_total(const server_rec *main_server)
{
    return mod_sso_conf_of(main_server)->provider_total;
}

int mod_sso_conf_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    mod_sso_check_t ck = {.pconf = pconf, .ptemp = ptemp, .main_server = main_server};
    int sites = 0;
    (void)plog;
    ck.facts = apr_hash_make(ptemp);
    ck.said = apr_hash_make(ptemp);
    ck.stores = apr_hash_make(ptemp);
    mod_sso_check_tree(&ck);
    for (server_rec *s = main_server; s; s = s->next) {
        mod_sso_conf_t *conf = own_conf(&ck, s);
        if (!conf)
            continue;
        ck.server = s;
        ck.conf = conf;
        mod_sso_check_site(&ck, conf);
        sites += conf->site != NULL;
    }
    mod_sso_check_dirs(&ck);
    if (sites > 0) {
        mod_sso_conf_reserve(pconf, "X-SSO-*"); /* the default of SSOClaimPrefix */
        mod_sso_check_shared_cookies(&ck);
        check_trailers(&ck);
        check_quick_cache(&ck);
        mod_sso_check_open(&ck);
        if (ck.errors == 0)
            check_keys(&ck);
    }
    mod_sso_conf_of(main_server)->provider_total = ck.providers;
    return ck.errors == 0 ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

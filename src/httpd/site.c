/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in the sites that conf_check built. A server has a handful of providers: a walk is the fastest table. */
#include "httpd/site.h"

const mod_sso_provider_t *mod_sso_site_slot(const mod_sso_site_t *site, int i)
{
    if (i < site->count)
        return site->providers[i];
    i -= site->count;
    return i < site->issuer_count ? site->issuers[i] : NULL;
}

mod_sso_provider_t *mod_sso_site_provider(const mod_sso_site_t *site, const char *name)
{
    if (!name || strcmp(name, MOD_SSO_DEFAULT_PROVIDER) == 0)
        return site->default_provider;
    for (int i = 0; i < site->count; i++) {
        if (strcmp(site->providers[i]->name, name) == 0)
            return site->providers[i];
    }
    return NULL;
}

mod_sso_site_t *mod_sso_site_of(const request_rec *r)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(r->server);
    return conf ? conf->site : NULL;
}

mod_sso_provider_t *mod_sso_site_provider_of(const request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    return site ? mod_sso_site_provider(site, dir ? dir->use : NULL) : NULL;
}

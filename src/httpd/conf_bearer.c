/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of bearer tokens (DESIGN §8): whose tokens count at a provider's locations and for whom they are made. An
 * issuer that is not the provider itself gets a place of its own in the site, for its keys only. */
#include "httpd/conf_check.h"

#include <apr_strings.h>
#include <sys/stat.h>

#define KEYS_FILE "file:"

static int fail_issuer(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *text, const char *why)
{
    mod_sso_check_fail(ck, "SSO166", "SSOBearerIssuer", conf, "\"%s\" %s", text, why);
    return 0;
}

static int check_discovered(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf,
                            const apr_array_header_t *audiences, const char *issuer)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;

    if (audiences && audiences->nelts == 0) {
        mod_sso_check_fail(ck, "SSO125", "SSOBearerAudience", conf,
                           "none is only possible beside an explicit JWKS-URL; write SSOBearerIssuer %s JWKS-URL, or "
                           "the audience its tokens are made for",
                           issuer);
        return 0;
    }
    if (sso_url_parse(ck->ptemp, issuer, &url, &err) != SSO_OK || url.query || url.fragment)
        return fail_issuer(ck, conf, issuer,
                           "is not an issuer URL, so its keys cannot be found; write the URL of its keys behind it");
    return mod_sso_check_scheme(ck, "SSOBearerIssuer", conf, issuer, &url);
}

/* *ret_loopback: 1 when the keys may come over http, as those of the application itself on this machine do. */
static int check_keys(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf, const char *uri, int *ret_loopback)
{
    sso_err_t err = SSO_ERR_INIT;
    struct stat st;
    sso_url_t url;

    if (strncmp(uri, KEYS_FILE, strlen(KEYS_FILE)) == 0) {
        const char *path = uri + strlen(KEYS_FILE);
        if (path[0] == '/' && stat(path, &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & S_IWOTH))
            return 1;
        return fail_issuer(ck, conf, uri, "must name a regular file by its full path that not everybody can write");
    }
    if (sso_url_parse(ck->ptemp, uri, &url, &err) != SSO_OK || url.fragment)
        return fail_issuer(ck, conf, uri, "is not the URL of a key set");
    *ret_loopback = sso_url_host_is_loopback(url.host);
    return *ret_loopback || mod_sso_check_scheme(ck, "SSOBearerIssuer", conf, uri, &url);
}

/* A provider in the site that nobody can sign in at. */
static const mod_sso_provider_t *add_issuer(mod_sso_check_t *ck, const mod_sso_provider_t *provider,
                                            const mod_sso_bearer_t *bearer, int loopback)
{
    mod_sso_site_t *site = ck->site;
    mod_sso_provider_t *keys = apr_pcalloc(ck->pconf, sizeof(*keys));
    mod_sso_provider_t **grown = apr_palloc(ck->pconf, ((apr_size_t)site->issuer_count + 1) * sizeof(*grown));

    keys->name = bearer->issuer;
    keys->index = ck->providers++;
    keys->site = site;
    keys->conf = provider->conf;
    keys->settings.issuer = bearer->issuer;
    keys->settings.jwks_uri = bearer->jwks_uri;
    keys->settings.keys_only = 1;
    keys->settings.allow_http_loopback = loopback || site->development;
    /* Part of the name under which the last good copy is kept: not that of a client at the same issuer. */
    keys->client.client_id = apr_pstrcat(ck->pconf, "bearer ", bearer->jwks_uri, NULL);
    if (site->issuer_count > 0)
        memcpy(grown, site->issuers, (apr_size_t)site->issuer_count * sizeof(*grown));
    grown[site->issuer_count++] = keys;
    site->issuers = grown;
    return keys;
}

/* `audiences`: NULL: those of a section around this one. */
static int check_bearer(mod_sso_check_t *ck, const mod_sso_provider_t *provider, const mod_sso_bearer_t *bearer,
                        const apr_array_header_t *audiences, mod_sso_bearer_issuer_t *issuer)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    int loopback = 0;

    issuer->issuer = bearer->issuer;
    issuer->has_url = bearer->jwks_uri != NULL;
    if (!bearer->jwks_uri) {
        int own = provider->settings.issuer && strcmp(bearer->issuer, provider->settings.issuer) == 0;
        if (!check_discovered(ck, conf, audiences, bearer->issuer))
            return 0;
        issuer->keys = own ? provider : add_issuer(ck, provider, bearer, 0);
        return 1;
    }
    if (!check_keys(ck, conf, bearer->jwks_uri, &loopback))
        return 0;
    issuer->keys = add_issuer(ck, provider, bearer, loopback);
    if (audiences && audiences->nelts == 0)
        mod_sso_check_warn(ck, "SSO126", "SSOBearerAudience",
                           "none: every token that \"%s\" signs is accepted here, whomever it was made for",
                           bearer->issuer);
    return 1;
}

/* RFC 7662 2.1: who asks has to say who he is. */
static void check_introspect(mod_sso_check_t *ck, const mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    if (conf->introspect != 1)
        return;
    if (!conf->bearers)
        mod_sso_check_fail(ck, "SSO348", "SSOIntrospect", conf,
                           "needs SSOBearerIssuer and SSOBearerAudience; without them any token would do");
    else if (provider->client.auth == SSO_CLIENT_AUTH_NONE)
        mod_sso_check_fail(ck, "SSO349", "SSOIntrospect", conf,
                           "needs a client that can say who it is; write SSOClientSecret file:PATH, or SSOClientAuth "
                           "private_key_jwt or tls_client_auth");
    else if (conf->introspection_endpoint && strcmp(conf->introspection_endpoint, "none") == 0)
        mod_sso_check_fail(ck, "SSO350", "SSOIntrospect", conf,
                           "On contradicts SSOEndpoint introspection none; keep the one that is meant");
}

/* RFC 9068 4, RFC 8725 3.9: a token counts for whom it was made; without issuer and audience any token would do. */
void mod_sso_check_bearers(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    const apr_array_header_t *bearers = conf->bearers;

    check_introspect(ck, provider);
    if (!bearers) {
        if (conf->bearer_audiences)
            mod_sso_check_fail(ck, "SSO123", "SSOBearerAudience", conf,
                               "stands without SSOBearerIssuer; write whose tokens count");
        return;
    }
    if (!conf->bearer_audiences) {
        mod_sso_check_fail(ck, "SSO124", "SSOBearerIssuer", conf,
                           "needs SSOBearerAudience: without it a token made for any other application would be "
                           "accepted");
        return;
    }
    if ((provider->client.algs & ~sso_alg_hmac_set()) == 0) {
        mod_sso_check_fail(ck, "SSO129", "SSOSigningAlgs", conf,
                           "leaves no algorithm for the tokens of SSOBearerIssuer, for which HS* does not count; add "
                           "RS256 or what the issuer signs with");
        return;
    }
    mod_sso_bearer_issuer_t *issuers = apr_pcalloc(ck->pconf, (apr_size_t)bearers->nelts * sizeof(*issuers));
    for (int i = 0; i < bearers->nelts; i++)
        (void)check_bearer(ck, provider, &APR_ARRAY_IDX(bearers, i, mod_sso_bearer_t), conf->bearer_audiences,
                           &issuers[i]);
    provider->bearers = issuers;
    provider->bearer_count = bearers->nelts;
    provider->bearer_audiences = conf->bearer_audiences;
}

/* The provider at this site whose issuer it is, else any: add_issuer takes its settings of calls. */
static const mod_sso_provider_t *provider_for(const mod_sso_site_t *site, const char *issuer)
{
    for (int i = 0; i < site->count; i++) {
        if (site->providers[i]->settings.issuer && strcmp(site->providers[i]->settings.issuer, issuer) == 0)
            return site->providers[i];
    }
    return site->providers[0];
}

void mod_sso_check_dir_bearers(mod_sso_check_t *ck, mod_sso_site_t *site, const mod_sso_use_t *use)
{
    const apr_array_header_t *written = use->dir->bearers;
    mod_sso_bearer_issuer_t *issuers = apr_pcalloc(ck->pconf, (apr_size_t)written->nelts * sizeof(*issuers));
    apr_array_header_t *all = apr_array_make(ck->pconf, 4, sizeof(mod_sso_bearers_t));
    const mod_sso_bearers_t mine = {written, issuers, written->nelts};

    ck->site = site;
    for (int i = 0; i < written->nelts; i++) {
        const mod_sso_bearer_t *bearer = &APR_ARRAY_IDX(written, i, mod_sso_bearer_t);
        (void)check_bearer(ck, provider_for(site, bearer->issuer), bearer, use->dir->bearer_audiences, &issuers[i]);
    }
    if (site->dir_bearers)
        apr_array_cat(all, site->dir_bearers);
    APR_ARRAY_PUSH(all, mod_sso_bearers_t) = mine;
    site->dir_bearers = all;
}

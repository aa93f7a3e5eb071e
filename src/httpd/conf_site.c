/* SPDX-License-Identifier: Apache-2.0 */
/* One server's site: the only place where defaults are applied. */
#include "httpd/conf_check.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/store.h"

#define COOKIE_MAX     4050 /* name and value: browsers keep 4,096 bytes with attributes */
#define HEADER_RESERVE 2048 /* what other cookies of the host may need of LimitRequestFieldSize */
#define BUDGET_MIN     1500 /* below this not even a small session fits */
#define DEFAULT_IDLE   (8 * 60 * 60)
#define DEFAULT_MAX    (24 * 60 * 60)

static const char *const reserved_names[] = {"session", "backchannel-logout", "frontchannel-logout", "jwks", NULL};

const char *mod_sso_check_server_name(apr_pool_t *pool, const server_rec *server)
{
    if (!server->is_virtual)
        return "the main server";
    return apr_psprintf(pool, "virtual host %s at %s:%u",
                        server->server_hostname ? server->server_hostname : "without name", server->defn_name,
                        server->defn_line_number);
}

int mod_sso_check_is_our_host(const mod_sso_site_t *site, const char *host)
{
    const server_rec *s = site->server;
    if (strcasecmp(host, site->host) == 0)
        return 1;
    for (int i = 0; s->names && i < s->names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(s->names, i, const char *);
        if (name && strcasecmp(host, name) == 0)
            return 1;
    }
    for (int i = 0; s->wild_names && i < s->wild_names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(s->wild_names, i, const char *);
        if (name && ap_strcasecmp_match(host, name) == 0)
            return 1;
    }
    return 0;
}

/* The first absolute SSORedirectURI: it says how the browser sees this server. */
static int absolute_redirect(mod_sso_check_t *ck, sso_url_t *ret_url)
{
    for (int i = 0; i < ck->conf->providers->nelts; i++) {
        const mod_sso_provider_conf_t *p = APR_ARRAY_IDX(ck->conf->providers, i, mod_sso_provider_conf_t *);
        sso_err_t err = SSO_ERR_INIT;
        if (p->redirect_uri && strstr(p->redirect_uri, "://") &&
            sso_url_parse(ck->pconf, p->redirect_uri, ret_url, &err) == SSO_OK)
            return 1;
    }
    return 0;
}

static int has_server_name(mod_sso_check_t *ck)
{
    const server_rec *s = ck->server;
    if (mod_sso_check_facts(ck, s)->has_name)
        return 1;
    /* A <VirtualHost *:port> without a name gets the main server's. */
    return s->is_virtual && mod_sso_check_facts(ck, ck->main_server)->has_name && s->server_hostname &&
           ck->main_server->server_hostname && strcmp(s->server_hostname, ck->main_server->server_hostname) == 0;
}

/* Scheme, host and port as the browser sees them (DESIGN §5). */
static int set_origin(mod_sso_check_t *ck)
{
    const server_rec *s = ck->server;
    mod_sso_site_t *site = ck->site;
    sso_url_t fixed;
    int has_fixed = absolute_redirect(ck, &fixed), named = has_server_name(ck);
    int tls = mod_sso_check_facts(ck, s)->tls;
    if (tls < 0)
        tls = mod_sso_check_facts(ck, ck->main_server)->tls;
    if (!named && !has_fixed) {
        if (ck->involved)
            mod_sso_check_fail(
                ck, "SSO101", "ServerName", NULL,
                "is missing, and sessions are bound to it; write ServerName https://host here, as browsers "
                "see it, or a whole URL in SSORedirectURI");
        return 0;
    }
    site->host = named ? s->server_hostname : fixed.host;
    char *lower = apr_pstrdup(ck->pconf, site->host);
    ap_str_tolower(lower);
    site->host = lower;
    if (s->server_scheme)
        site->scheme = strcasecmp(s->server_scheme, "http") == 0 ? "http" : "https";
    else if (has_fixed)
        site->scheme = fixed.scheme;
    else
        site->scheme = tls > 0 || s->port == 443 ? "https" : "http";
    if (has_fixed && (!named || !s->server_scheme))
        site->port = fixed.port;
    else if (s->port)
        site->port = s->port;
    else if (s->addrs && s->addrs->host_port && !s->server_scheme)
        site->port = s->addrs->host_port;
    else
        site->port = sso_url_default_port(site->scheme);
    site->scope = site->host;
    return 1;
}

/* A server that people reach over plain http could not keep anybody's session secret. */
static void check_scheme(mod_sso_check_t *ck)
{
    mod_sso_site_t *site = ck->site;
    int http = strcmp(site->scheme, "http") == 0, loopback = sso_url_host_is_loopback(site->host);
    site->secure = !(http && loopback && site->development);
    if (!http || !ck->involved || (ck->conf->trusted_proxies && !site->development))
        return;
    if (loopback && !site->development)
        mod_sso_check_fail(
            ck, "SSO103", "SSODevelopment", NULL,
            "this server is plain http on the loopback host \"%s\"; write SSODevelopment On while you develop "
            "on this machine, or ServerName https://... for real",
            site->host);
    else if (!loopback && site->development)
        mod_sso_check_fail(ck, "SSO104", "SSODevelopment", NULL,
                           "On allows http for loopback hosts only, and this server is http://%s; write ServerName "
                           "https://%s and SSODevelopment Off",
                           site->host, site->host);
    else if (!loopback)
        mod_sso_check_fail(
            ck, "SSO102", "ServerName", NULL,
            "this server is plain http, so sessions could be stolen on the way; write SSLEngine on with a "
            "certificate, or ServerName https://%s when a proxy in front does TLS",
            site->host);
}

static void check_path(mod_sso_check_t *ck, const char *directive, const char *path)
{
    const mod_sso_site_t *site = ck->site;
    for (int i = 0; reserved_names[i]; i++) {
        const char *ours = apr_pstrcat(ck->ptemp, site->base_path, reserved_names[i], NULL);
        if (strcmp(path, ours) == 0)
            mod_sso_check_fail(ck, "SSO106", directive, NULL,
                               "\"%s\" is the address of another endpoint of this module; "
                               "choose another path",
                               path);
    }
    if (strlen(path) + 1 == strlen(site->base_path) && strncmp(path, site->base_path, strlen(path)) == 0)
        mod_sso_check_fail(ck, "SSO106", directive, NULL, "\"%s\" is SSOBasePath itself; choose a path below it", path);
}

static void set_paths(mod_sso_check_t *ck)
{
    mod_sso_site_t *site = ck->site;
    const mod_sso_conf_t *conf = ck->conf;
    site->base_path = conf->base_path ? conf->base_path : "/sso/";
    site->login_path = conf->login_path ? conf->login_path : apr_pstrcat(ck->pconf, site->base_path, "login", NULL);
    site->logout_path = conf->logout_path ? conf->logout_path : apr_pstrcat(ck->pconf, site->base_path, "logout", NULL);
    site->session_path = apr_pstrcat(ck->pconf, site->base_path, "session", NULL);
    check_path(ck, "SSOLoginPath", site->login_path);
    check_path(ck, "SSOLogoutPath", site->logout_path);
    if (strcmp(site->login_path, site->logout_path) == 0)
        mod_sso_check_fail(ck, "SSO105", "SSOLogoutPath", NULL, "\"%s\" is SSOLoginPath too; write two different paths",
                           site->logout_path);
}

/* Each callback is an endpoint of its own; two providers behind one could be mixed up (RFC 9700 4.4). */
static void check_callbacks(mod_sso_check_t *ck)
{
    const mod_sso_site_t *site = ck->site;
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *a = site->providers[i];
        const char *path = a->redirect_path;
        if (!path)
            continue;
        check_path(ck, "SSORedirectURI", path);
        if (strcmp(path, site->login_path) == 0 || strcmp(path, site->logout_path) == 0)
            mod_sso_check_fail(ck, "SSO158", "SSORedirectURI", a->conf,
                               "\"%s\" is the login or logout path too; choose "
                               "another one",
                               path);
        for (int k = 0; k < i; k++) {
            if (site->providers[k]->redirect_path && strcmp(path, site->providers[k]->redirect_path) == 0)
                mod_sso_check_fail(
                    ck, "SSO159", "SSORedirectURI", a->conf,
                    "\"%s\" is that of provider \"%s\" too, so answers could be mixed up (RFC 9700 4.4); give "
                    "each provider its own path",
                    path, site->providers[k]->name);
        }
    }
}

static void set_session(mod_sso_check_t *ck)
{
    mod_sso_site_t *site = ck->site;
    const mod_sso_conf_t *conf = ck->conf;
    int field = ck->server->limit_req_fieldsize > 0 ? ck->server->limit_req_fieldsize : DEFAULT_LIMIT_REQUEST_FIELDSIZE;
    site->idle = conf->session_idle == MOD_SSO_UNSET ? DEFAULT_IDLE : conf->session_idle;
    site->max = conf->session_max == MOD_SSO_UNSET ? DEFAULT_MAX : conf->session_max;
    site->store = conf->session_store == MOD_SSO_UNSET ? MOD_SSO_STORE_COOKIE : conf->session_store;
    site->session_claims = conf->session_claims;
    site->session_budget = field - HEADER_RESERVE < 2 * COOKIE_MAX ? field - HEADER_RESERVE : 2 * COOKIE_MAX;
    if (site->session_budget < BUDGET_MIN)
        mod_sso_check_fail(ck, "SSO112", "LimitRequestFieldSize", NULL,
                           "%d leaves no room for a session cookie; write LimitRequestFieldSize 8190", field);
}

static void set_store(mod_sso_check_t *ck)
{
    const char *spec = ck->conf->cache, *key = spec ? spec : "";
    sso_err_t err = SSO_ERR_INIT;
    struct mod_sso_store_t *store = apr_hash_get(ck->stores, key, APR_HASH_KEY_STRING);
    if (!store) {
        if (mod_sso_store_create(ck->pconf, ck->server, spec, &store, &err) != SSO_OK) {
            mod_sso_check_fail(ck, "SSO109", "SSOCache", NULL, "%s", err.detail);
            return;
        }
        if (store)
            apr_hash_set(ck->stores, apr_pstrdup(ck->ptemp, key), APR_HASH_KEY_STRING, store);
    }
    ck->site->cache_store = store;
    if (!store && ck->site->store == MOD_SSO_STORE_CACHE)
        mod_sso_check_fail(
            ck, "SSO108", "SSOSessionStore", NULL,
            "cache needs a shared cache; run a2enmod socache_shmcb (LoadModule socache_shmcb_module ...), or "
            "name one with SSOCache");
}

static int is_readable(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, R_OK) == 0;
}

static void check_files(mod_sso_check_t *ck)
{
    const char *file = ck->conf->error_page;
    if (file && !is_readable(file))
        mod_sso_check_fail(ck, "SSO115", "SSOErrorPage", NULL,
                           "%s cannot be read; name a file of HTML that the server's user "
                           "can read",
                           file);
    file = ck->conf->ca_file;
    if (file && !is_readable(file))
        mod_sso_check_fail(ck, "SSO111", "SSOCAFile", NULL,
                           "%s cannot be read; name a file with CA certificates in PEM", file);
}

static void check_origins(mod_sso_check_t *ck)
{
    const apr_array_header_t *origins = ck->conf->allow_origin;
    for (int i = 0; origins && i < origins->nelts; i++) {
        const char *text = APR_ARRAY_IDX(origins, i, const char *);
        sso_err_t err = SSO_ERR_INIT;
        sso_url_t url;
        if (sso_url_parse(ck->ptemp, text, &url, &err) != SSO_OK || strcmp(url.scheme, "https") == 0 ||
            (ck->site->development && sso_url_host_is_loopback(url.host)))
            continue;
        mod_sso_check_fail(ck, "SSO107", "SSOAllowOrigin", NULL, "\"%s\" is http; write https%s", text,
                           sso_url_host_is_loopback(url.host) ? ", or SSODevelopment On while you develop" : "");
    }
}

/* Providers that this server only inherits and that are not whole yet are for virtual hosts to complete. */
static int is_template(const mod_sso_check_t *ck, const mod_sso_provider_conf_t *p)
{
    return !ck->involved && (!(p->issuer || p->preset) || !(p->client_id || p->client_secret));
}

static void set_providers(mod_sso_check_t *ck)
{
    mod_sso_site_t *site = ck->site;
    const apr_array_header_t *confs = ck->conf->providers;
    site->providers = apr_pcalloc(ck->pconf, (apr_size_t)confs->nelts * sizeof(*site->providers));
    for (int i = 0; i < confs->nelts; i++) {
        const mod_sso_provider_conf_t *conf = APR_ARRAY_IDX(confs, i, mod_sso_provider_conf_t *);
        if (is_template(ck, conf))
            continue;
        mod_sso_provider_t *provider = apr_pcalloc(ck->pconf, sizeof(*provider));
        provider->name = conf->name;
        provider->site = site;
        provider->conf = conf;
        provider->index = ck->providers++;
        if (mod_sso_check_provider(ck, provider))
            mod_sso_check_cookies(ck, provider);
        else
            continue;
        site->providers[site->count++] = provider;
        if (strcmp(conf->name, MOD_SSO_DEFAULT_PROVIDER) == 0)
            site->default_provider = provider;
    }
}

static int is_involved(mod_sso_check_t *ck)
{
    const mod_sso_facts_t *facts = mod_sso_check_facts(ck, ck->server);
    return facts->guards->nelts > 0 || (ck->server->is_virtual ? ck->conf->own : ck->main_server->next == NULL);
}

void mod_sso_check_site(mod_sso_check_t *ck, mod_sso_conf_t *conf)
{
    int before = ck->errors;
    conf->site = NULL;
    if (conf->providers->nelts == 0)
        return;
    mod_sso_site_t *site = apr_pcalloc(ck->pconf, sizeof(*site));
    ck->site = site;
    ck->involved = is_involved(ck);
    site->server = ck->server;
    site->conf = conf;
    site->development = conf->development == 1;
    site->key_file = conf->key_file;
    site->state_dir = conf->state_dir ? conf->state_dir : SSO_STATEDIR;
    if (!set_origin(ck))
        return;
    check_scheme(ck);
    set_paths(ck);
    set_session(ck);
    set_providers(ck);
    check_callbacks(ck);
    mod_sso_check_site_cookies(ck);
    check_files(ck);
    check_origins(ck);
    if (site->count == 0)
        return;
    set_store(ck);
    if (ck->errors == before)
        conf->site = site;
}

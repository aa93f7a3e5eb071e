/* SPDX-License-Identifier: Apache-2.0 */
/* Names and attributes of our cookies (DESIGN §4) and what the boxes in them are bound to. */
#include "httpd/conf_check.h"

#include <apr_strings.h>

#include "base/buf.h"

/* The name without __Host- or __Secure-. */
static const char *bare_name(const char *name)
{
    if (strncmp(name, "__Host-", 7) == 0)
        return name + 7;
    if (strncmp(name, "__Secure-", 9) == 0)
        return name + 9;
    return name;
}

static int is_default(const mod_sso_provider_t *provider)
{
    return strcmp(provider->name, MOD_SSO_DEFAULT_PROVIDER) == 0;
}

/* Browsers do not keep Secure cookies of plain http reliably and never look at ports, so in development the port is
 * part of the name and there is no prefix. */
static const char *cookie_name(mod_sso_check_t *ck, const mod_sso_provider_t *provider)
{
    const char *chosen = provider->conf->cookie_name;
    const char *suffix = is_default(provider) ? "" : apr_pstrcat(ck->ptemp, "-", provider->name, NULL);
    if (ck->site->secure)
        return chosen ? chosen : apr_pstrcat(ck->pconf, "__Host-sso", suffix, NULL);
    if (chosen)
        return apr_psprintf(ck->pconf, "%s-%d", bare_name(chosen), ck->site->port);
    return apr_psprintf(ck->pconf, "sso-%d%s", ck->site->port, suffix);
}

static void add_part(sso_buf_t *buf, const char *text)
{
    sso_buf_add_u16(buf, (unsigned)strlen(text));
    sso_buf_adds(buf, text);
}

/* Length-prefixed, so that no two lists of parts are the same bytes. */
static void make_context(mod_sso_check_t *ck, const char *const *parts, const void **ret_bytes, apr_size_t *ret_len)
{
    sso_buf_t buf;
    sso_buf_init(&buf, ck->pconf, 256, 64 * 1024);
    for (int i = 0; parts[i]; i++)
        add_part(&buf, parts[i]);
    *ret_bytes = buf.data;
    *ret_len = buf.len;
}

static int check_domain(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf)
{
    const char *host = ck->site->host, *domain = conf->cookie_domain;
    apr_size_t h = strlen(host), d = strlen(domain);
    if (strncmp(conf->cookie_name, "__Host-", 7) == 0) {
        mod_sso_check_fail(ck, "SSO160", "SSOCookie", conf,
                           "Domain=%s is not possible with a __Host- name (browsers refuse "
                           "it); write a name like __Secure-%s",
                           domain, bare_name(conf->cookie_name));
        return 0;
    }
    if (h == d ? strcmp(host, domain) == 0 : h > d && host[h - d - 1] == '.' && strcmp(host + h - d, domain) == 0)
        return 1;
    if (ck->involved)
        mod_sso_check_fail(ck, "SSO161", "SSOCookie", conf,
                           "Domain=%s is not the domain of \"%s\", so browsers would refuse "
                           "the cookie; write a domain this host belongs to",
                           domain, host);
    return !ck->involved;
}

void mod_sso_check_cookies(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    mod_sso_site_t *site = ck->site;
    sso_err_t err = SSO_ERR_INIT;
    sso_cookie_attrs_t *attrs = &provider->attrs;
    provider->cookie = cookie_name(ck, provider);
    provider->cookie2 = apr_pstrcat(ck->pconf, provider->cookie, ".1", NULL);
    provider->cookie_idle = apr_pstrcat(ck->pconf, provider->cookie, "-t", NULL);
    provider->cookie_depth = apr_pstrcat(ck->pconf, provider->cookie, "-d", NULL);
    provider->cookie_out = apr_pstrcat(ck->pconf, provider->cookie, "-out", NULL);
    provider->cookie_new = apr_pstrcat(ck->pconf, provider->cookie, "-new", NULL);
    provider->cookie_hint =
        apr_pstrcat(ck->pconf, site->secure ? "__Secure-" : "", bare_name(provider->cookie), "-hint", NULL);
    provider->hint_path =
        strncmp(site->logout_path, site->base_path, strlen(site->base_path)) == 0 ? site->base_path : site->logout_path;
    attrs->domain = conf->cookie_domain;
    attrs->path = "/";
    attrs->max_age = -1;
    attrs->secure = site->secure;
    attrs->partitioned = conf->cookie_partitioned == 1;
    attrs->samesite = conf->cookie_samesite == MOD_SSO_UNSET ? SSO_SAMESITE_LAX : (sso_samesite_t)conf->cookie_samesite;
    if (conf->cookie_domain && !check_domain(ck, conf))
        return;
    if ((attrs->samesite == SSO_SAMESITE_NONE || attrs->partitioned) && !site->secure)
        mod_sso_check_fail(ck, "SSO162", "SSOCookie", conf,
                           "%s works with Secure cookies only, and this server is plain "
                           "http; use https, or leave it out while you develop",
                           attrs->partitioned ? "Partitioned" : "SameSite=None");
    else if (sso_cookie_check(provider->cookie, attrs, &err) != SSO_OK)
        mod_sso_check_fail(ck, "SSO160", "SSOCookie", conf, "%s", err.detail);
    const char *const parts[] = {provider->cookie, conf->cookie_domain ? conf->cookie_domain : site->scope,
                                 provider->settings.issuer ? provider->settings.issuer : "",
                                 provider->client.client_id ? provider->client.client_id : "", NULL};
    make_context(ck, parts, &provider->context, &provider->context_len);
}

/* 1 when a cookie of `a` has the name of one of `b`. */
static int overlap(const mod_sso_provider_t *a, const mod_sso_provider_t *b)
{
    const char *const left[] = {a->cookie,     a->cookie2,    a->cookie_idle, a->cookie_depth,
                                a->cookie_out, a->cookie_new, a->cookie_hint};
    const char *const right[] = {b->cookie,     b->cookie2,    b->cookie_idle, b->cookie_depth,
                                 b->cookie_out, b->cookie_new, b->cookie_hint};
    for (int i = 0; i < 7; i++) {
        for (int k = 0; k < 7; k++) {
            if (strcmp(left[i], right[k]) == 0)
                return 1;
        }
    }
    return 0;
}

static int begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

void mod_sso_check_site_cookies(mod_sso_check_t *ck)
{
    mod_sso_site_t *site = ck->site;
    const char *base = site->secure ? "__Host-sso" : apr_psprintf(ck->pconf, "sso-%d", site->port);
    const char *const parts[] = {site->scope, NULL};
    site->cookie_prefix_all = base;
    site->login_cookie = apr_pstrcat(ck->pconf, base, "-login-", NULL);
    site->return_cookie = apr_pstrcat(ck->pconf, base, "-return-", NULL);
    make_context(ck, parts, &site->login_context, &site->login_context_len);
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *a = site->providers[i];
        if (begins_with(a->cookie, site->login_cookie) || begins_with(a->cookie, site->return_cookie))
            mod_sso_check_fail(ck, "SSO167", "SSOCookie", a->conf,
                               "\"%s\" is a name of our login cookies; choose another "
                               "one",
                               a->cookie);
        for (int k = 0; k < i; k++) {
            if (overlap(a, site->providers[k]))
                mod_sso_check_fail(ck, "SSO167", "SSOCookie", a->conf,
                                   "\"%s\" has the cookies of provider \"%s\" too; give each provider its own name",
                                   a->cookie, site->providers[k]->name);
        }
    }
}

/* The same client may serve one host on two ports; another one would overwrite its sessions (cookies ignore ports). */
static int conflict(const mod_sso_provider_t *a, const mod_sso_provider_t *b)
{
    const char *scope_a = a->conf->cookie_domain ? a->conf->cookie_domain : a->site->scope;
    const char *scope_b = b->conf->cookie_domain ? b->conf->cookie_domain : b->site->scope;
    return strcmp(a->cookie, b->cookie) == 0 && strcmp(scope_a, scope_b) == 0 &&
           (strcmp(a->settings.issuer, b->settings.issuer) != 0 ||
            strcmp(a->client.client_id, b->client.client_id) != 0);
}

static void check_pair(mod_sso_check_t *ck, const mod_sso_site_t *one, const mod_sso_site_t *two)
{
    for (int i = 0; i < one->count; i++) {
        for (int k = 0; k < two->count; k++) {
            const mod_sso_provider_t *a = one->providers[i], *b = two->providers[k];
            if (!conflict(a, b))
                continue;
            ck->server = two->server;
            mod_sso_check_fail(
                ck, "SSO113", "SSOCookie", b->conf,
                "the session cookie \"%s\" is that of %s too, which has another issuer or client id; each "
                "would end the other's sessions. Write another name with SSOCookie",
                b->cookie, mod_sso_check_server_name(ck->ptemp, one->server));
        }
    }
}

void mod_sso_check_shared_cookies(mod_sso_check_t *ck)
{
    for (server_rec *s = ck->main_server; s; s = s->next) {
        const mod_sso_conf_t *two = mod_sso_conf_of(s);
        for (server_rec *t = ck->main_server; two && two->site && t != s; t = t->next) {
            const mod_sso_conf_t *one = mod_sso_conf_of(t);
            if (one && one->site)
                check_pair(ck, one->site, two->site);
        }
    }
}

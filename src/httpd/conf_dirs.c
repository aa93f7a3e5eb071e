/* SPDX-License-Identifier: Apache-2.0 */
/* What locations say against what their server has. A section of the main server holds for every virtual host too. */
#include "httpd/conf_check.h"

#include <apr_strings.h>

#include "oidc/session.h"

#define DEFAULT_REFRESH 60 /* seconds */

/* The provider conf a location means, in one server. */
static const mod_sso_provider_conf_t *named(const server_rec *s, const char *name)
{
    mod_sso_conf_t *conf = mod_sso_conf_of(s);
    return conf ? mod_sso_conf_provider(conf, name ? name : MOD_SSO_DEFAULT_PROVIDER) : NULL;
}

/* The first server for which a section of `s` names a provider that is not there; NULL: none. The main server itself
 * may be without where virtual hosts answer everything. */
static const server_rec *without(mod_sso_check_t *ck, const server_rec *s, const char *name)
{
    if (named(s, name))
        return NULL;
    if (s->is_virtual || !s->next)
        return s;
    for (const server_rec *v = ck->main_server->next; v; v = v->next) {
        if (!named(v, name))
            return v;
    }
    return NULL;
}

static const char *provider_names(mod_sso_check_t *ck, const server_rec *s)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    const char *names = NULL;
    for (int i = 0; conf && i < conf->providers->nelts; i++) {
        const char *name = APR_ARRAY_IDX(conf->providers, i, mod_sso_provider_conf_t *)->name;
        names = names ? apr_pstrcat(ck->ptemp, names, ", ", name, NULL) : name;
    }
    return names;
}

static void check_use(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    const server_rec *lacking = without(ck, s, use->dir->use);
    if (!lacking)
        return;
    const char *there = provider_names(ck, lacking);
    mod_sso_check_fail(ck, "SSO120", "SSOUse", NULL,
                       "there is no provider \"%s\" for %s at %s in %s (%s); write <SSOProvider "
                       "%s> there, or SSOUse with a name that exists",
                       use->dir->use, use->section, use->where, mod_sso_check_server_name(ck->ptemp, lacking),
                       there ? apr_pstrcat(ck->ptemp, "it has ", there, NULL) : "it has none", use->dir->use);
}

static int has_directive(const mod_sso_conf_t *conf, const char *directive);

/* Does any provider of the server (or just this one) take bearer tokens, or a location? */
static int takes_bearer(const server_rec *s, const char *name)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    if (has_directive(conf, "SSOBearerIssuer"))
        return 1;
    for (int i = 0; conf && i < conf->providers->nelts; i++) {
        const mod_sso_provider_conf_t *p = APR_ARRAY_IDX(conf->providers, i, mod_sso_provider_conf_t *);
        if (p->bearers && (!name || strcmp(p->name, name) == 0))
            return 1;
    }
    return 0;
}

/* SSOUse may stand in another section around this one, so without a name any provider will do here; the request decides
 * by its own. */
static void check_accept(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    if (use->dir->accept == MOD_SSO_UNSET || !(use->dir->accept & MOD_SSO_ACCEPT_BEARER))
        return;
    int found = takes_bearer(s, use->dir->use);
    for (const server_rec *v = s->is_virtual ? NULL : s->next; v && !found; v = v->next)
        found = takes_bearer(v, use->dir->use);
    if (!found)
        mod_sso_check_fail(ck, "SSO128", "SSOAccept", NULL,
                           "bearer in %s at %s needs SSOBearerIssuer and SSOBearerAudience "
                           "with %s%s; without them any token would do",
                           use->section, use->where, use->dir->use ? "provider " : "the provider",
                           use->dir->use ? use->dir->use : "");
}

static int names_audience(const server_rec *s)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    for (int i = 0; conf && i < conf->providers->nelts; i++) {
        if (APR_ARRAY_IDX(conf->providers, i, mod_sso_provider_conf_t *)->bearer_audiences)
            return 1;
    }
    return has_directive(conf, "SSOBearerAudience");
}

/* A section of the main server reaches every site. Audience and issuer may stand in different sections; where not both
 * reach a request, no token counts. */
static void check_bearer_issuer(mod_sso_check_t *ck, server_rec *s, const mod_sso_use_t *use)
{
    int found = names_audience(s) || names_audience(ck->main_server);
    for (server_rec *v = s; v; v = s->is_virtual ? NULL : v->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(v);
        found = found || names_audience(v);
        if (conf && conf->site && conf->site->count > 0)
            mod_sso_check_dir_bearers(ck, conf->site, use);
    }
    if (!found)
        mod_sso_check_fail(ck, "SSO351", "SSOBearerIssuer", NULL,
                           "in %s at %s needs SSOBearerAudience: without it a token made for any other application "
                           "would be accepted",
                           use->section, use->where);
}

static void check_introspect(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    int found = takes_bearer(s, use->dir->use);
    for (const server_rec *v = s->is_virtual ? NULL : s->next; v && !found; v = v->next)
        found = takes_bearer(v, use->dir->use);
    if (use->dir->introspect == 1 && !found)
        mod_sso_check_fail(ck, "SSO348", "SSOIntrospect", NULL,
                           "in %s at %s needs SSOBearerIssuer and SSOBearerAudience with the provider; without them "
                           "any token would do",
                           use->section, use->where);
}

/* The ID Token alone brings no access token. */
static void check_pass(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    const mod_sso_provider_conf_t *p = named(s, use->dir->use);
    if (p && use->dir->pass_token == MOD_SSO_PASS_ACCESS && p->response_type == SSO_RESPONSE_ID_TOKEN)
        mod_sso_check_fail(ck, "SSO127", "SSOPassToken", p,
                           "access in %s at %s has nothing to pass: SSOResponseType id_token "
                           "brings no access token. Write SSOResponseType code",
                           use->section, use->where);
}

/* Renewing is on where tokens are passed. What the provider says has to lie where every process finds it: a second use
 * of a refresh token may revoke everything (RFC 9700 4.14.2). */
static void set_refresh(mod_sso_check_t *ck, mod_sso_provider_t *p)
{
    int seconds = p->conf->refresh == MOD_SSO_UNSET ? DEFAULT_REFRESH : p->conf->refresh;
    if (p->refresh || !seconds || p->client.response_type == SSO_RESPONSE_ID_TOKEN)
        return;
    if (p->site->cache_store)
        p->refresh = seconds;
    else
        mod_sso_check_fail(ck, "SSO172", "SSORefresh", p->conf,
                           "SSOPassToken renews tokens, and that needs a shared cache; run a2enmod socache_shmcb "
                           "(LoadModule socache_shmcb_module ...), or name one with SSOCache, or write SSORefresh off");
}

/* A token that no location passes on is not kept: it would only make the session larger and worth stealing. */
static void keep_tokens(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    const mod_sso_site_t *site = conf ? conf->site : NULL;
    unsigned bit = use->dir->pass_token == MOD_SSO_PASS_ID       ? 1u << SSO_TOKEN_ID
                   : use->dir->pass_token == MOD_SSO_PASS_ACCESS ? 1u << SSO_TOKEN_ACCESS
                                                                 : 0;
    int bridge = use->dir->bridge > MOD_SSO_BRIDGE_OFF;
    if (site && (bridge || use->dir->pass_token == MOD_SSO_PASS_MINTED))
        conf->site->mints = 1;
    if (site && bridge)
        conf->site->bridges = 1;
    for (int i = 0; site && i < site->count; i++) {
        if (!bit || (use->dir->use && strcmp(site->providers[i]->name, use->dir->use) != 0))
            continue;
        site->providers[i]->keep_tokens |= bit;
        set_refresh(ck, site->providers[i]);
    }
}

static int has_directive(const mod_sso_conf_t *conf, const char *directive)
{
    for (int i = 0; conf && i < conf->uses->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(conf->uses, i, mod_sso_use_t).directive, directive) == 0)
            return 1;
    }
    return 0;
}

/* The audience may stand in a section around this one. Where it does not reach, the request is refused. */
static void check_mint(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    int bridge = strcasecmp(use->directive, "SSOBridge") == 0;
    if ((use->dir->pass_token != MOD_SSO_PASS_MINTED && !bridge) || use->dir->mint_audiences ||
        has_directive(mod_sso_conf_of(s), "SSOMintAudience") ||
        has_directive(mod_sso_conf_of(ck->main_server), "SSOMintAudience"))
        return;
    mod_sso_check_fail(ck, "SSO116", "SSOMintAudience", NULL,
                       "is missing for %s in %s at %s; write the id by which the application knows itself "
                       "(OpenMetadata: AUTHENTICATION_CLIENT_ID), so that its tokens count nowhere else",
                       bridge ? "SSOBridge" : "SSOPassToken minted", use->section, use->where);
}

static void check_pass_token(mod_sso_check_t *ck, server_rec *s, const mod_sso_use_t *use)
{
    check_pass(ck, s, use);
    check_mint(ck, s, use);
    if (strcasecmp(use->directive, "SSOBridge") == 0)
        mod_sso_check_bridge(ck, s, use);
    keep_tokens(ck, s, use);
    for (server_rec *v = s->is_virtual ? NULL : s->next; v; v = v->next)
        keep_tokens(ck, v, use);
}

static void check_uses(mod_sso_check_t *ck, server_rec *s)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    for (int i = 0; conf && i < conf->uses->nelts; i++) {
        const mod_sso_use_t *use = &APR_ARRAY_IDX(conf->uses, i, mod_sso_use_t);
        if (strcasecmp(use->directive, "SSOUse") == 0)
            check_use(ck, s, use);
        else if (strcasecmp(use->directive, "SSOAccept") == 0)
            check_accept(ck, s, use);
        else if (strcasecmp(use->directive, "SSOBearerIssuer") == 0)
            check_bearer_issuer(ck, s, use);
        else if (strcasecmp(use->directive, "SSOIntrospect") == 0)
            check_introspect(ck, s, use);
        else if (strcasecmp(use->directive, "SSOPassToken") == 0 || strcasecmp(use->directive, "SSOBridge") == 0)
            check_pass_token(ck, s, use);
    }
}

/* A guarded section without SSOUse: it means `default`, unless an SSOUse of another section reaches it. */
static void check_guard(mod_sso_check_t *ck, const server_rec *s, const mod_sso_guard_t *guard)
{
    if (guard->has_use)
        return;
    const server_rec *lacking = without(ck, s, NULL);
    if (!lacking)
        return;
    const char *there = provider_names(ck, lacking);
    if (!there)
        mod_sso_check_fail(
            ck, "SSO121", "AuthType", NULL,
            "sso-oidc in %s at %s has no provider to sign in at: %s has none. Write SSOIssuer and SSOClientID "
            "there, or for the whole server",
            guard->section, guard->where, mod_sso_check_server_name(ck->ptemp, lacking));
    else if (!has_directive(mod_sso_conf_of(s), "SSOUse") &&
             !has_directive(mod_sso_conf_of(ck->main_server), "SSOUse"))
        mod_sso_check_fail(
            ck, "SSO122", "AuthType", NULL,
            "sso-oidc in %s at %s does not say which provider: %s has only named ones (%s). Write SSOUse with "
            "one of these names in this section",
            guard->section, guard->where, mod_sso_check_server_name(ck->ptemp, lacking), there);
}

void mod_sso_check_dirs(mod_sso_check_t *ck)
{
    for (server_rec *s = ck->main_server; s; s = s->next) {
        const mod_sso_facts_t *facts = mod_sso_check_facts(ck, s);
        ck->server = s;
        check_uses(ck, s);
        for (int i = 0; i < facts->guards->nelts; i++)
            check_guard(ck, s, &APR_ARRAY_IDX(facts->guards, i, mod_sso_guard_t));
    }
}

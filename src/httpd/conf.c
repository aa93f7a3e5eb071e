/* SPDX-License-Identifier: Apache-2.0 */
/* Create and merge of what directives say. Unset differs from every value a directive can set, so an explicit value
 * equal to a default still wins over an outer section. Defaults are applied in conf_site.c only. */
#include "httpd/conf.h"

#include <apr_strings.h>

#include "base/text.h"

/* Macros of both merges: `m` is the new struct, `b` the outer section, `a` the inner one. */
#define MERGE_PTR(member) m->member = a->member ? a->member : b->member
#define MERGE_INT(member) m->member = a->member != MOD_SSO_UNSET ? a->member : b->member

static mod_sso_provider_conf_t *create_provider(apr_pool_t *pool, const char *name)
{
    mod_sso_provider_conf_t *p = apr_pcalloc(pool, sizeof(*p));
    p->name = name;
    p->client_auth = MOD_SSO_UNSET;
    p->response_type = MOD_SSO_UNSET;
    p->clock_skew = MOD_SSO_UNSET;
    p->max_age = MOD_SSO_UNSET;
    p->cookie_samesite = MOD_SSO_UNSET;
    p->cookie_partitioned = MOD_SSO_UNSET;
    p->refresh = MOD_SSO_UNSET;
    p->introspect = MOD_SSO_UNSET;
    p->max_calls = MOD_SSO_UNSET;
    return p;
}

mod_sso_provider_conf_t *mod_sso_conf_provider(mod_sso_conf_t *conf, const char *name)
{
    for (int i = 0; i < conf->providers->nelts; i++) {
        mod_sso_provider_conf_t *p = APR_ARRAY_IDX(conf->providers, i, mod_sso_provider_conf_t *);
        if (strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

mod_sso_provider_conf_t *mod_sso_conf_provider_add(apr_pool_t *pool, mod_sso_conf_t *conf, const char *name)
{
    mod_sso_provider_conf_t *p = create_provider(pool, name);
    APR_ARRAY_PUSH(conf->providers, mod_sso_provider_conf_t *) = p;
    return p;
}

/* auth_params of both: an inner one replaces the outer one of its name. */
static apr_array_header_t *merge_auth_params(apr_pool_t *pool, apr_array_header_t *base, apr_array_header_t *add)
{
    if (!base || !add)
        return add ? add : base;
    apr_array_header_t *merged = apr_array_copy(pool, add);
    for (int i = 0; i < base->nelts; i++) {
        const mod_sso_auth_param_t *outer = &APR_ARRAY_IDX(base, i, mod_sso_auth_param_t);
        int replaced = 0;
        for (int k = 0; k < add->nelts && !replaced; k++)
            replaced = strcmp(APR_ARRAY_IDX(add, k, mod_sso_auth_param_t).name, outer->name) == 0;
        if (!replaced)
            APR_ARRAY_PUSH(merged, mod_sso_auth_param_t) = *outer;
    }
    return merged;
}

static mod_sso_provider_conf_t *merge_provider(apr_pool_t *pool, const mod_sso_provider_conf_t *b,
                                               const mod_sso_provider_conf_t *a)
{
    mod_sso_provider_conf_t *m = create_provider(pool, a->name);
    MERGE_PTR(where);
    MERGE_PTR(issuer);
    /* A preset and its argument belong together. */
    m->preset = a->preset ? a->preset : b->preset;
    m->preset_arg = a->preset ? a->preset_arg : b->preset_arg;
    m->preset_args = a->preset ? a->preset_args : b->preset_args;
    MERGE_PTR(authorization_endpoint);
    MERGE_PTR(token_endpoint);
    MERGE_PTR(userinfo_endpoint);
    MERGE_PTR(jwks_uri);
    MERGE_PTR(end_session_endpoint);
    MERGE_PTR(revocation_endpoint);
    MERGE_PTR(introspection_endpoint);
    MERGE_PTR(par_endpoint);
    MERGE_PTR(client_id);
    MERGE_PTR(client_secret);
    MERGE_INT(client_auth);
    m->client_key = a->client_key ? a->client_key : b->client_key;
    m->client_key_id = a->client_key ? a->client_key_id : b->client_key_id;
    m->client_certificate = a->client_certificate ? a->client_certificate : b->client_certificate;
    m->client_certificate_key = a->client_certificate ? a->client_certificate_key : b->client_certificate_key;
    MERGE_PTR(scope);
    m->auth_params = merge_auth_params(pool, b->auth_params, a->auth_params);
    MERGE_INT(response_type);
    m->form_post = a->response_type != MOD_SSO_UNSET ? a->form_post : b->form_post;
    MERGE_PTR(signing_algs);
    MERGE_PTR(audiences);
    MERGE_INT(clock_skew);
    MERGE_INT(max_age);
    MERGE_PTR(acrs);
    MERGE_PTR(redirect_uri);
    /* SSOCookie is one directive: its attributes go with its name. */
    const mod_sso_provider_conf_t *cookie = a->cookie_name ? a : b;
    m->cookie_name = cookie->cookie_name;
    m->cookie_domain = cookie->cookie_domain;
    m->cookie_samesite = cookie->cookie_samesite;
    m->cookie_partitioned = cookie->cookie_partitioned;
    MERGE_INT(refresh);
    MERGE_PTR(remote_user);
    MERGE_PTR(bearers);
    MERGE_PTR(bearer_audiences);
    MERGE_INT(introspect);
    MERGE_INT(max_calls);
    return m;
}

void *mod_sso_conf_create_server(apr_pool_t *pool, server_rec *server)
{
    mod_sso_conf_t *conf = apr_pcalloc(pool, sizeof(*conf));
    conf->server = server;
    conf->providers = apr_array_make(pool, 2, sizeof(mod_sso_provider_conf_t *));
    conf->uses = apr_array_make(pool, 4, sizeof(mod_sso_use_t));
    conf->seen = apr_array_make(pool, 8, sizeof(char *));
    conf->session_store = MOD_SSO_UNSET;
    conf->session_idle = MOD_SSO_UNSET;
    conf->session_max = MOD_SSO_UNSET;
    conf->timeout_connect = MOD_SSO_UNSET;
    conf->timeout_total = MOD_SSO_UNSET;
    conf->development = MOD_SSO_UNSET;
    return conf;
}

static void merge_providers(apr_pool_t *pool, mod_sso_conf_t *m, mod_sso_conf_t *b, mod_sso_conf_t *a)
{
    for (int i = 0; i < b->providers->nelts; i++) {
        mod_sso_provider_conf_t *outer = APR_ARRAY_IDX(b->providers, i, mod_sso_provider_conf_t *);
        mod_sso_provider_conf_t *inner = mod_sso_conf_provider(a, outer->name);
        APR_ARRAY_PUSH(m->providers, mod_sso_provider_conf_t *) = inner ? merge_provider(pool, outer, inner) : outer;
    }
    for (int i = 0; i < a->providers->nelts; i++) {
        mod_sso_provider_conf_t *inner = APR_ARRAY_IDX(a->providers, i, mod_sso_provider_conf_t *);
        if (!mod_sso_conf_provider(b, inner->name))
            APR_ARRAY_PUSH(m->providers, mod_sso_provider_conf_t *) = inner;
    }
}

void *mod_sso_conf_merge_server(apr_pool_t *pool, void *base, void *add)
{
    mod_sso_conf_t *b = base, *a = add;
    mod_sso_conf_t *m = mod_sso_conf_create_server(pool, a->server);
    merge_providers(pool, m, b, a);
    MERGE_PTR(login_path);
    MERGE_PTR(logout_path);
    MERGE_PTR(base_path);
    MERGE_PTR(key_file);
    MERGE_PTR(state_dir);
    MERGE_PTR(mint_key);
    MERGE_INT(session_store);
    MERGE_PTR(cache);
    MERGE_INT(session_idle);
    MERGE_INT(session_max);
    MERGE_PTR(session_claims);
    MERGE_PTR(trusted_proxies);
    MERGE_PTR(allow_return);
    MERGE_PTR(allow_origin);
    MERGE_PTR(outgoing_proxy);
    MERGE_PTR(ca_file);
    MERGE_INT(timeout_connect);
    MERGE_INT(timeout_total);
    MERGE_PTR(error_page);
    MERGE_INT(development);
    m->uses = a->uses;
    m->seen = a->seen;
    m->own = a->own;
    return m;
}

void *mod_sso_conf_create_dir(apr_pool_t *pool, char *path)
{
    mod_sso_dir_t *dir = apr_pcalloc(pool, sizeof(*dir));
    (void)path;
    dir->claim_format = MOD_SSO_UNSET;
    dir->claim_delimiter = MOD_SSO_UNSET;
    dir->pass_token = MOD_SSO_UNSET;
    dir->mint_lifetime = MOD_SSO_UNSET;
    dir->bridge = MOD_SSO_UNSET;
    dir->accept = MOD_SSO_UNSET;
    dir->introspect = MOD_SSO_UNSET;
    dir->max_age = MOD_SSO_UNSET;
    dir->step_up_max_age = MOD_SSO_UNSET;
    return dir;
}

/* claim_headers of both: an inner pair replaces the outer one of the same header name. */
static apr_array_header_t *merge_claim_headers(apr_pool_t *pool, apr_array_header_t *base, apr_array_header_t *add)
{
    if (!base || !add)
        return add ? add : base;
    apr_array_header_t *merged = apr_array_copy(pool, add);
    for (int i = 0; i < base->nelts; i++) {
        const mod_sso_claim_header_t *outer = &APR_ARRAY_IDX(base, i, mod_sso_claim_header_t);
        int replaced = 0;
        for (int k = 0; k < add->nelts && !replaced; k++) {
            const char *name = APR_ARRAY_IDX(add, k, mod_sso_claim_header_t).header;
            replaced = sso_text_same_name(name, strlen(name), outer->header, strlen(outer->header));
        }
        if (!replaced)
            APR_ARRAY_PUSH(merged, mod_sso_claim_header_t) = *outer;
    }
    return merged;
}

/* mint_claims of both: an inner name replaces the outer one. */
static apr_array_header_t *merge_mint_claims(apr_pool_t *pool, apr_array_header_t *base, apr_array_header_t *add)
{
    if (!base || !add)
        return add ? add : base;
    apr_array_header_t *merged = apr_array_copy(pool, add);
    for (int i = 0; i < base->nelts; i++) {
        const sso_mint_claim_t *outer = &APR_ARRAY_IDX(base, i, sso_mint_claim_t);
        int replaced = 0;
        for (int k = 0; k < add->nelts && !replaced; k++)
            replaced = sso_mint_same_name(APR_ARRAY_IDX(add, k, sso_mint_claim_t).name, outer->name);
        if (!replaced)
            APR_ARRAY_PUSH(merged, sso_mint_claim_t) = *outer;
    }
    return merged;
}

void *mod_sso_conf_merge_dir(apr_pool_t *pool, void *base, void *add)
{
    mod_sso_dir_t *b = base, *a = add;
    mod_sso_dir_t *m = mod_sso_conf_create_dir(pool, NULL);
    MERGE_PTR(use);
    MERGE_PTR(claim_prefix);
    MERGE_PTR(claim_env);
    m->claim_headers = merge_claim_headers(pool, b->claim_headers, a->claim_headers);
    MERGE_INT(claim_format);
    MERGE_INT(claim_delimiter);
    /* SSOPassToken and SSOStepUp are one directive each: their second half goes with the first. */
    /* A bridge has its own token, whatever is passed around it. */
    const mod_sso_dir_t *pass = a->pass_token != MOD_SSO_UNSET || a->bridge > MOD_SSO_BRIDGE_OFF ? a : b;
    m->pass_token = pass->pass_token;
    m->pass_header = pass->pass_header;
    MERGE_PTR(mint_audiences);
    MERGE_INT(mint_lifetime);
    m->mint_claims = merge_mint_claims(pool, b->mint_claims, a->mint_claims);
    m->bridge = a->bridge != MOD_SSO_UNSET ? a->bridge : b->bridge;
    m->bridge_base = a->bridge != MOD_SSO_UNSET ? a->bridge_base : b->bridge_base;
    MERGE_INT(accept);
    MERGE_PTR(bearers);
    MERGE_PTR(bearer_audiences);
    MERGE_INT(introspect);
    MERGE_PTR(unauthenticated);
    MERGE_PTR(remote_user);
    m->auth_params = merge_auth_params(pool, b->auth_params, a->auth_params);
    MERGE_INT(max_age);
    MERGE_PTR(acrs);
    m->step_up_acr = a->step_up_acr ? a->step_up_acr : b->step_up_acr;
    m->step_up_max_age = a->step_up_acr ? a->step_up_max_age : b->step_up_max_age;
    return m;
}

mod_sso_conf_t *mod_sso_conf_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &sso_oidc_module);
}

int mod_sso_dir_accepts(const mod_sso_dir_t *dir, int what)
{
    return (dir->accept == MOD_SSO_UNSET ? MOD_SSO_ACCEPT_SESSION : dir->accept) & what;
}

mod_sso_dir_t *mod_sso_dir_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &sso_oidc_module);
}

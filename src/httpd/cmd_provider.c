/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of what belongs to one provider: the flat directives and those inside <SSOProvider NAME>. */
#include "httpd/cmd.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"
#include "httpd/preset.h"
#include "oidc/authreq.h"

/* A name stands in cookie names and in a path, so it keeps to a few letters. The reserved ones would make two of our
 * own cookies equal: __Host-sso-t is the idle stamp of `default` (DESIGN §4, §5). */
static const char *check_name(cmd_parms *cmd, const char *name)
{
    static const char *const reserved[] = {"t", "login", "return", "hint", "out", NULL};
    apr_size_t len = strlen(name);
    for (apr_size_t i = 0; i < len; i++) {
        if (!apr_isalnum(name[i]) && (i == 0 || !strchr("-_", name[i])))
            return mod_sso_cmd_error(cmd, "\"%s\" cannot name a provider: write letters, digits, - and _ only", name);
    }
    if (len == 0 || len > 32)
        return mod_sso_cmd_error(cmd, "a provider's name has 1 to 32 characters");
    for (int i = 0; reserved[i]; i++) {
        apr_size_t n = strlen(reserved[i]);
        if (strcasecmp(name, reserved[i]) == 0 || (n > 1 && strncasecmp(name, reserved[i], n) == 0 && name[n] == '-'))
            return mod_sso_cmd_error(cmd, "\"%s\" is a name of our own cookies; choose another one", name);
    }
    if (len > 2 && strcasecmp(name + len - 2, "-t") == 0)
        return mod_sso_cmd_error(cmd, "a provider's name may not end in -t (its cookies would be mixed up)");
    return NULL;
}

const char *mod_sso_cmd_section(cmd_parms *cmd, void *dir, const char *arg)
{
    mod_sso_conf_t *conf;
    (void)dir;
    const char *end = strrchr(arg, '>');
    if (!end)
        return mod_sso_cmd_error(cmd, "the closing > is missing");
    const char *rest = apr_pstrmemdup(cmd->pool, arg, (apr_size_t)(end - arg));
    char *name = ap_getword_conf(cmd->pool, &rest);
    if (!*name || *rest)
        return mod_sso_cmd_error(cmd, "needs exactly one name, like <SSOProvider corporate>");
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_LIMIT);
    if (!error)
        error = mod_sso_cmd_server(cmd, &conf);
    if (!error)
        error = check_name(cmd, name);
    if (error)
        return error;
    for (int i = 0; i < conf->providers->nelts; i++) {
        const mod_sso_provider_conf_t *other = APR_ARRAY_IDX(conf->providers, i, mod_sso_provider_conf_t *);
        if (strcasecmp(other->name, name) == 0)
            return mod_sso_cmd_error(cmd, "\"%s\" is there already as \"%s\" (%s); one server has each provider once",
                                     name, other->name, other->where);
    }
    for (const ap_directive_t *d = cmd->directive->first_child; d; d = d->next) {
        if (strncasecmp(d->directive, "SSO", 3) != 0)
            return apr_psprintf(cmd->pool, "%s (line %d) cannot stand inside <SSOProvider %s>: only SSO directives can",
                                d->directive, d->line_num, name);
    }
    conf->current = mod_sso_conf_provider_add(cmd->pool, conf, name);
    conf->current->where = mod_sso_cmd_where(cmd);
    error = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    conf->current = NULL;
    return error;
}

static const char *provider_once(cmd_parms *cmd, mod_sso_provider_conf_t **ret_provider)
{
    mod_sso_provider_conf_t *provider = mod_sso_cmd_provider(cmd);
    *ret_provider = provider;
    return mod_sso_cmd_once(cmd, &provider->seen);
}

/* A member of mod_sso_provider_conf_t by the offset in cmd->info. */
const char *mod_sso_cmd_provider_text(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    *(const char **)(void *)((char *)provider + (apr_size_t)cmd->info) = arg;
    return NULL;
}

const char *mod_sso_cmd_preset(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    mod_sso_provider_conf_t *provider;
    const char *name = argc > 0 ? argv[0] : "";
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    const mod_sso_preset_t *preset = mod_sso_preset_find(name);
    if (!preset)
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write one of %s, or SSOIssuer for any other provider", name,
                                 mod_sso_preset_names(cmd->pool));
    if (argc > 1 && !preset->argument)
        return mod_sso_cmd_error(cmd, "%s takes no argument", preset->name);
    if (argc > 2 && !preset->tenants)
        return mod_sso_cmd_error(cmd, "%s takes one argument; write for example %s", preset->name, preset->example);
    provider->preset = preset->name;
    provider->preset_arg = argc > 1 ? argv[1] : NULL;
    provider->preset_args = argc > 2 ? mod_sso_cmd_list(cmd, argc - 1, argv + 1) : NULL;
    return NULL;
}

static const struct {
    const char *name;
    apr_size_t offset;
} endpoints[] = {
    {"authorization", APR_OFFSETOF(mod_sso_provider_conf_t, authorization_endpoint)},
    {"token", APR_OFFSETOF(mod_sso_provider_conf_t, token_endpoint)},
    {"userinfo", APR_OFFSETOF(mod_sso_provider_conf_t, userinfo_endpoint)},
    {"jwks", APR_OFFSETOF(mod_sso_provider_conf_t, jwks_uri)},
    {"end_session", APR_OFFSETOF(mod_sso_provider_conf_t, end_session_endpoint)},
    {"revocation", APR_OFFSETOF(mod_sso_provider_conf_t, revocation_endpoint)},
    {"introspection", APR_OFFSETOF(mod_sso_provider_conf_t, introspection_endpoint)},
    {"par", APR_OFFSETOF(mod_sso_provider_conf_t, par_endpoint)},
};

const char *mod_sso_cmd_endpoint(cmd_parms *cmd, void *unused, const char *name, const char *url)
{
    mod_sso_provider_conf_t *provider = mod_sso_cmd_provider(cmd);
    (void)unused;
    for (apr_size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        if (strcasecmp(name, endpoints[i].name) != 0)
            continue;
        const char **member = (const char **)(void *)((char *)provider + endpoints[i].offset);
        if (*member)
            return mod_sso_cmd_error(cmd, "%s stands twice in this section; keep the one that is meant", name);
        if (strcasecmp(url, "none") == 0) {
            if (strcasecmp(name, "authorization") == 0 || strcasecmp(name, "jwks") == 0)
                return mod_sso_cmd_error(cmd, "%s cannot be none: nobody could sign in", name);
            url = "none";
        } else if (strcasecmp(name, "revocation") == 0 && !MOD_SSO_HAS_REVOCATION) {
            return mod_sso_cmd_later(cmd, apr_psprintf(cmd->pool, "SSOEndpoint %s", endpoints[i].name));
        }
        *member = url;
        return NULL;
    }
    return mod_sso_cmd_error(cmd,
                             "\"%s\" is unknown; write authorization, token, userinfo, jwks, end_session, "
                             "introspection or par",
                             name);
}

const char *mod_sso_cmd_client_auth(cmd_parms *cmd, void *unused, const char *arg)
{
    static const char *const names[] = {"none",
                                        "client_secret_basic",
                                        "client_secret_post",
                                        "client_secret_jwt",
                                        "private_key_jwt",
                                        "tls_client_auth",
                                        "self_signed_tls_client_auth"};
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    for (int i = SSO_CLIENT_AUTH_NONE; i <= SSO_CLIENT_AUTH_SELF_SIGNED_TLS; i++) {
        if (strcasecmp(arg, names[i]) != 0)
            continue;
        provider->client_auth = i;
        return NULL;
    }
    return mod_sso_cmd_error(cmd,
                             "\"%s\" is unknown; write none, client_secret_basic, client_secret_post, "
                             "client_secret_jwt, private_key_jwt, tls_client_auth or self_signed_tls_client_auth",
                             arg);
}

const char *mod_sso_cmd_client_key(cmd_parms *cmd, void *unused, const char *file, const char *kid)
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    provider->client_key = ap_server_root_relative(cmd->pool, file);
    provider->client_key_id = kid;
    return provider->client_key ? NULL : mod_sso_cmd_error(cmd, "\"%s\" is not a path", file);
}

const char *mod_sso_cmd_client_certificate(cmd_parms *cmd, void *unused, const char *certificate, const char *key)
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    provider->client_certificate = ap_server_root_relative(cmd->pool, certificate);
    provider->client_certificate_key = ap_server_root_relative(cmd->pool, key);
    if (!provider->client_certificate || !provider->client_certificate_key)
        return mod_sso_cmd_error(cmd, "\"%s\" \"%s\" are not paths", certificate, key);
    return NULL;
}

const char *mod_sso_cmd_scope(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    apr_array_header_t *list = mod_sso_cmd_list(cmd, argc, argv);
    /* OIDC Core 3.1.2.1: without `openid` it is no OpenID Connect request and there is no ID Token. */
    if (!sso_text_in(list, "openid"))
        return mod_sso_cmd_error(cmd, "openid is missing; without it there is no ID Token. Write SSOScope \"openid "
                                      "profile email\"");
    for (int i = 0; i < list->nelts; i++) {
        /* RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
        for (const char *p = APR_ARRAY_IDX(list, i, const char *); *p; p++) {
            if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
                return mod_sso_cmd_error(cmd, "\"%s\" is not a scope", APR_ARRAY_IDX(list, i, const char *));
        }
    }
    provider->scope = apr_array_pstrcat(cmd->pool, list, ' ');
    return NULL;
}

const char *mod_sso_cmd_auth_param(cmd_parms *cmd, void *dirp, const char *name, const char *expr)
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    apr_array_header_t **params = dir ? &dir->auth_params : &mod_sso_cmd_provider(cmd)->auth_params;
    const char *error;
    if (sso_authreq_is_reserved(name))
        return mod_sso_cmd_error(cmd, "%s is made by the module itself and cannot be set", name);
    for (const char *p = name; *p; p++) {
        if (!apr_isalnum(*p) && !strchr("-._", *p))
            return mod_sso_cmd_error(cmd, "\"%s\" is not the name of a parameter", name);
    }
    if (!*params)
        *params = apr_array_make(cmd->pool, 2, sizeof(mod_sso_auth_param_t));
    for (int i = 0; i < (*params)->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(*params, i, mod_sso_auth_param_t).name, name) == 0)
            return mod_sso_cmd_error(cmd, "%s stands twice in this section; keep the one that is meant", name);
    }
    mod_sso_auth_param_t *param = apr_array_push(*params);
    param->name = name;
    param->value = ap_expr_parse_cmd(cmd, expr, AP_EXPR_FLAG_STRING_RESULT, &error, NULL);
    if (error)
        return mod_sso_cmd_error(cmd, "the expression \"%s\" cannot be read: %s", expr, error);
    if (dir)
        mod_sso_cmd_note(cmd, dir);
    return NULL;
}

const char *mod_sso_cmd_response_type(cmd_parms *cmd, void *unused, const char *arg, const char *mode)
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    if (strcasecmp(arg, "code") == 0)
        provider->response_type = SSO_RESPONSE_CODE;
    else if (strcasecmp(arg, "id_token") == 0)
        provider->response_type = SSO_RESPONSE_ID_TOKEN;
    else if (strcasecmp(arg, "code id_token") == 0)
        provider->response_type = SSO_RESPONSE_CODE_ID_TOKEN;
    else
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is unknown; write code (the safest), id_token or \"code id_token\". Types "
                                 "with \"token\" send an access token through the browser and are refused",
                                 arg);
    if (mode && strcasecmp(mode, "form_post") != 0)
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write form_post or leave it out", mode);
    provider->form_post = mode != NULL;
    return NULL;
}

const char *mod_sso_cmd_signing_algs(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    mod_sso_provider_conf_t *provider;
    sso_err_t err = SSO_ERR_INIT;
    sso_alg_set_t set;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    provider->signing_algs = apr_array_pstrcat(cmd->pool, mod_sso_cmd_list(cmd, argc, argv), ' ');
    if (sso_alg_set_parse(cmd->pool, provider->signing_algs, &set, &err) != SSO_OK)
        return mod_sso_cmd_error(cmd, "%s", err.detail);
    if (!set)
        return mod_sso_cmd_error(cmd, "names no algorithm; write for example RS256 ES256");
    return NULL;
}

const char *mod_sso_cmd_audience(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    provider->audiences = mod_sso_cmd_list(cmd, argc, argv);
    if (provider->audiences->nelts == 0)
        return mod_sso_cmd_error(cmd, "names no audience");
    return mod_sso_cmd_check_audiences(cmd, provider->audiences);
}

const char *mod_sso_cmd_clock_skew(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    return error ? error : mod_sso_cmd_seconds(cmd, arg, 0, 600, &provider->clock_skew);
}

const char *mod_sso_cmd_max_age(cmd_parms *cmd, void *dirp, const char *arg)
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    mod_sso_provider_conf_t *provider = dir ? NULL : mod_sso_cmd_provider(cmd);
    const char *error = mod_sso_cmd_once(cmd, dir ? &dir->seen : &provider->seen);
    if (!error)
        /* Below ten seconds a slow provider's answer would be too old on arrival: a loop. */
        error = mod_sso_cmd_seconds(cmd, arg, 10, 365 * 24 * 60 * 60, dir ? &dir->max_age : &provider->max_age);
    if (!error && dir)
        mod_sso_cmd_note(cmd, dir);
    return error;
}

const char *mod_sso_cmd_require_acr(cmd_parms *cmd, void *dirp, int argc, char *const argv[])
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    mod_sso_provider_conf_t *provider = dir ? NULL : mod_sso_cmd_provider(cmd);
    const char *error = mod_sso_cmd_once(cmd, dir ? &dir->seen : &provider->seen);
    if (error)
        return error;
    apr_array_header_t *acrs = mod_sso_cmd_list(cmd, argc, argv);
    if (acrs->nelts == 0)
        return mod_sso_cmd_error(cmd, "names no acr value");
    if (dir) {
        dir->acrs = acrs;
        mod_sso_cmd_note(cmd, dir);
    } else {
        provider->acrs = acrs;
    }
    return NULL;
}

static const char *set_cookie_attribute(cmd_parms *cmd, mod_sso_provider_conf_t *provider, const char *arg)
{
    if (strncasecmp(arg, "Domain=", 7) == 0) {
        char *domain = apr_pstrdup(cmd->pool, arg[7] == '.' ? arg + 8 : arg + 7);
        ap_str_tolower(domain);
        for (const char *p = domain; *p; p++) {
            if (!apr_isalnum(*p) && !strchr("-.", *p))
                return mod_sso_cmd_error(cmd, "\"%s\" is not a domain; write Domain=example.com", arg);
        }
        if (!strchr(domain, '.') || domain[0] == '.' || domain[strlen(domain) - 1] == '.')
            return mod_sso_cmd_error(cmd, "\"%s\" is not a domain with a dot inside; write Domain=example.com", arg);
        provider->cookie_domain = domain;
        return NULL;
    }
    if (strncasecmp(arg, "SameSite=", 9) == 0) {
        if (strcasecmp(arg + 9, "Lax") == 0)
            provider->cookie_samesite = SSO_SAMESITE_LAX;
        else if (strcasecmp(arg + 9, "None") == 0)
            provider->cookie_samesite = SSO_SAMESITE_NONE;
        else if (strcasecmp(arg + 9, "Strict") == 0)
            return mod_sso_cmd_error(cmd, "SameSite=Strict would keep the session from the page that follows a login, "
                                          "because browsers count it as coming from the provider; write SameSite=Lax");
        else
            return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write SameSite=Lax or SameSite=None", arg);
        return NULL;
    }
    if (strcasecmp(arg, "Partitioned") == 0) {
        provider->cookie_partitioned = 1;
        return NULL;
    }
    return mod_sso_cmd_error(cmd,
                             "\"%s\" is unknown; after the name come Domain=..., SameSite=... or Partitioned "
                             "(Secure, HttpOnly and Path=/ are always set)",
                             arg);
}

const char *mod_sso_cmd_cookie(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    if (argc < 1 || !sso_text_is_token(argv[0]) || strlen(argv[0]) > 64 || strchr(argv[0], '='))
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" cannot name a cookie; write a name of letters, digits, - and _ first, like "
                                 "__Host-app",
                                 argc < 1 ? "" : argv[0]);
    provider->cookie_name = argv[0];
    for (int i = 1; i < argc && !error; i++)
        error = set_cookie_attribute(cmd, provider, argv[i]);
    return error;
}

const char *mod_sso_cmd_refresh(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_provider_conf_t *provider;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    if (strcasecmp(arg, "off") == 0) {
        provider->refresh = 0;
        return NULL;
    }
    return MOD_SSO_HAS_REFRESH ? mod_sso_cmd_seconds(cmd, arg, 1, 60 * 60, &provider->refresh)
                               : mod_sso_cmd_later(cmd, "SSORefresh with seconds");
}

/* $N of the substitution must be a group of the expression. */
static int groups_exist(const char *subst, int groups)
{
    for (const char *p = subst; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '$' && apr_isdigit(p[1]) && p[1] - '0' > groups)
            return 0;
    }
    return 1;
}

const char *mod_sso_cmd_remote_user(cmd_parms *cmd, void *dirp, const char *claim, const char *regex, const char *subst)
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    mod_sso_provider_conf_t *provider = dir ? NULL : mod_sso_cmd_provider(cmd);
    const char *error = mod_sso_cmd_once(cmd, dir ? &dir->seen : &provider->seen);
    if (error)
        return error;
    mod_sso_remote_user_t *user = apr_pcalloc(cmd->pool, sizeof(*user));
    if (!mod_sso_cmd_is_claim(claim))
        return mod_sso_cmd_error(cmd, "\"%s\" is not the name of a claim", claim);
    user->claim = claim;
    if (regex) {
        apr_size_t len = strlen(regex);
        /* An unanchored expression would take "admin@corp.example.attacker.example" for one of corp.example. */
        if (len < 2 || regex[0] != '^' || regex[len - 1] != '$' || (len > 2 && regex[len - 2] == '\\'))
            return mod_sso_cmd_error(cmd,
                                     "\"%s\" does not match the whole value; begin it with ^ and end it with $, like "
                                     "\"^(.*)@example\\.com$\" $1",
                                     regex);
        user->regex = ap_pregcomp(cmd->pool, regex, AP_REG_EXTENDED);
        if (!user->regex)
            return mod_sso_cmd_error(cmd, "\"%s\" is not a regular expression", regex);
        user->subst = subst ? subst : "$0";
        if (!groups_exist(user->subst, user->regex->re_nsub))
            return mod_sso_cmd_error(cmd, "\"%s\" names a group that \"%s\" does not have", user->subst, regex);
    }
    if (dir) {
        dir->remote_user = user;
        mod_sso_cmd_note(cmd, dir);
    } else {
        provider->remote_user = user;
    }
    return NULL;
}

const char *mod_sso_cmd_bearer_issuer(cmd_parms *cmd, void *dirp, const char *issuer, const char *jwks)
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    apr_array_header_t **list = dir ? &dir->bearers : &mod_sso_cmd_provider(cmd)->bearers;
    if (!*list) {
        *list = apr_array_make(cmd->pool, 2, sizeof(mod_sso_bearer_t));
        if (dir)
            mod_sso_cmd_note(cmd, dir);
    }
    for (int i = 0; i < (*list)->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(*list, i, mod_sso_bearer_t).issuer, issuer) == 0)
            return mod_sso_cmd_error(cmd, "\"%s\" stands twice in this section; keep the one that is meant", issuer);
    }
    mod_sso_bearer_t *bearer = apr_array_push(*list);
    bearer->issuer = issuer;
    bearer->jwks_uri = jwks;
    return NULL;
}

const char *mod_sso_cmd_bearer_audience(cmd_parms *cmd, void *dirp, int argc, char *const argv[])
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    mod_sso_provider_conf_t *provider = dir ? NULL : mod_sso_cmd_provider(cmd);
    const char *error = mod_sso_cmd_once(cmd, dir ? &dir->seen : &provider->seen);
    if (error)
        return error;
    apr_array_header_t *list = mod_sso_cmd_list(cmd, argc, argv);
    if (list->nelts == 0)
        return mod_sso_cmd_error(cmd, "names no audience");
    if (sso_text_in(list, "none")) {
        if (list->nelts > 1)
            return mod_sso_cmd_error(cmd, "none stands alone or not at all");
        apr_array_clear(list);
    }
    if (dir) {
        dir->bearer_audiences = list;
        mod_sso_cmd_note(cmd, dir);
    } else {
        provider->bearer_audiences = list;
    }
    return mod_sso_cmd_check_audiences(cmd, list);
}

const char *mod_sso_cmd_introspect(cmd_parms *cmd, void *dirp, int on)
{
    mod_sso_dir_t *dir = cmd->path ? dirp : NULL;
    mod_sso_provider_conf_t *provider = dir ? NULL : mod_sso_cmd_provider(cmd);
    const char *error = mod_sso_cmd_once(cmd, dir ? &dir->seen : &provider->seen);
    if (error)
        return error;
    if (!dir) {
        provider->introspect = on != 0;
        return NULL;
    }
    dir->introspect = on != 0;
    mod_sso_cmd_note(cmd, dir);
    return NULL;
}

const char *mod_sso_cmd_max_calls(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_provider_conf_t *provider;
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t calls;
    const char *error = provider_once(cmd, &provider);
    (void)unused;
    if (error)
        return error;
    if (sso_text_int(arg, 1, 10000, &calls, &err) != SSO_OK)
        return mod_sso_cmd_error(cmd, "\"%s\" is not a number from 1 to 10000", arg);
    provider->max_calls = (int)calls;
    return NULL;
}

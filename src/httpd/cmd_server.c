/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of the server's and virtual host's own directives. */
#include "httpd/cmd.h"

#include <apr_lib.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include "base/text.h"

#define DAY (24 * 60 * 60)

/* A member of mod_sso_conf_t by the offset in cmd->info. */
static const char **text_member(cmd_parms *cmd, mod_sso_conf_t *conf)
{
    return (const char **)(void *)((char *)conf + (apr_size_t)cmd->info);
}

/* Paths of our endpoints are compared byte by byte with r->uri, so they must have one spelling. */
static const char *check_path(cmd_parms *cmd, const char *path)
{
    if (path[0] != '/')
        return mod_sso_cmd_error(cmd, "\"%s\" does not begin with a slash; write a path of this server like %s", path,
                                 strcasecmp(cmd->cmd->name, "SSOBasePath") == 0 ? "/sso/" : "/sso/login");
    for (const char *p = path; *p; p++) {
        if (!apr_isalnum(*p) && !strchr("/-._~", *p))
            return mod_sso_cmd_error(cmd,
                                     "\"%s\" holds a character that such a path may not have; only letters, "
                                     "digits, / - . _ ~ may stand in it (no query, no %%)",
                                     path);
    }
    if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../") || strlen(path) > 200)
        return mod_sso_cmd_error(cmd, "\"%s\" is not a plain path: no //, no dot segments, at most 200 characters",
                                 path);
    return NULL;
}

const char *mod_sso_cmd_path(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (!error)
        error = check_path(cmd, arg);
    if (error)
        return error;
    if (strcasecmp(cmd->cmd->name, "SSOBasePath") == 0) {
        if (strcmp(arg, "/") == 0)
            return mod_sso_cmd_error(cmd, "\"/\" would take the whole server; write a folder of its own like /sso/");
        if (arg[strlen(arg) - 1] != '/')
            arg = apr_pstrcat(cmd->pool, arg, "/", NULL);
    } else if (arg[strlen(arg) - 1] == '/') {
        return mod_sso_cmd_error(cmd, "\"%s\" ends in a slash; write the path without it", arg);
    }
    *text_member(cmd, conf) = arg;
    return NULL;
}

const char *mod_sso_cmd_file(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    const char *path = ap_server_root_relative(cmd->pool, arg);
    if (!path || !*arg)
        return mod_sso_cmd_error(cmd, "\"%s\" is not a path", arg);
    *text_member(cmd, conf) = path;
    return NULL;
}

const char *mod_sso_cmd_session_store(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    if (strcasecmp(arg, "cookie") == 0)
        conf->session_store = MOD_SSO_STORE_COOKIE;
    else if (strcasecmp(arg, "cache") == 0)
        conf->session_store = MOD_SSO_STORE_CACHE;
    else
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write cookie or cache", arg);
    return NULL;
}

const char *mod_sso_cmd_cache(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    conf->cache = arg;
    return NULL;
}

const char *mod_sso_cmd_session_timeout(cmd_parms *cmd, void *unused, const char *idle, const char *max)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (!error)
        error = mod_sso_cmd_seconds(cmd, idle, 1, 30 * DAY, &conf->session_idle);
    if (!error)
        error = mod_sso_cmd_seconds(cmd, max, 1, 30 * DAY, &conf->session_max);
    if (error)
        return error;
    if (conf->session_idle > conf->session_max)
        return mod_sso_cmd_error(cmd,
                                 "the idle time %s is longer than the whole session %s; write the shorter one "
                                 "first, like SSOSessionTimeout 8h 24h",
                                 idle, max);
    return NULL;
}

const char *mod_sso_cmd_session_claims(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    conf->session_claims = mod_sso_cmd_list(cmd, argc, argv);
    if (conf->session_claims->nelts == 0)
        return mod_sso_cmd_error(cmd, "names no claim; write the claims to keep, like SSOSessionClaims email groups");
    for (int i = 0; i < conf->session_claims->nelts; i++) {
        const char *name = APR_ARRAY_IDX(conf->session_claims, i, const char *);
        if (!mod_sso_cmd_is_claim(name))
            return mod_sso_cmd_error(cmd, "\"%s\" is not the name of a claim", name);
    }
    return NULL;
}

const char *mod_sso_cmd_trusted_proxy(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    char *address = apr_pstrdup(cmd->pool, arg);
    char *mask = strchr(address, '/');
    if (mask)
        *mask++ = '\0';
    if (mask && strspn(mask, "0.") == strlen(mask))
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" would trust every client's X-Forwarded-* headers; write the address of "
                                 "your own proxy",
                                 arg);
    apr_ipsubnet_t *subnet;
    if (apr_ipsubnet_create(&subnet, address, mask, cmd->pool) != APR_SUCCESS)
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is not an address or network; write the proxy's address like 10.0.0.5, "
                                 "10.0.0.0/24 or 2001:db8::/64",
                                 arg);
    if (!conf->trusted_proxies)
        conf->trusted_proxies = apr_array_make(cmd->pool, 4, sizeof(apr_ipsubnet_t *));
    APR_ARRAY_PUSH(conf->trusted_proxies, apr_ipsubnet_t *) = subnet;
    return NULL;
}

const char *mod_sso_cmd_allow_return(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    const char *error = mod_sso_cmd_server(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    const char *host = arg[0] == '.' ? arg + 1 : arg;
    /* As a URL it must be nothing but a host and perhaps a port. */
    if (strpbrk(host, "/?#@*\\") ||
        sso_url_parse(cmd->pool, apr_pstrcat(cmd->pool, "https://", host, "/", NULL), &url, &err) != SSO_OK)
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is not a host; write app.example.com, app.example.com:8443 or "
                                 ".example.com for its subdomains (no scheme, no path, no *)",
                                 arg);
    if (arg[0] == '.' && !strchr(host, '.'))
        return mod_sso_cmd_error(cmd, "\"%s\" would allow every host of a top-level domain; write the domain you own",
                                 arg);
    if (!conf->allow_return)
        conf->allow_return = apr_array_make(cmd->pool, 4, sizeof(char *));
    char *lower = apr_pstrdup(cmd->pool, arg);
    ap_str_tolower(lower);
    APR_ARRAY_PUSH(conf->allow_return, const char *) = lower;
    return NULL;
}

const char *mod_sso_cmd_allow_origin(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    const char *error = mod_sso_cmd_server(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    if (!MOD_SSO_HAS_ORIGINS)
        return mod_sso_cmd_later(cmd, "SSOAllowOrigin");
    if (sso_url_parse(cmd->pool, arg, &url, &err) != SSO_OK || strcasecmp(arg, sso_url_origin(cmd->pool, &url)) != 0)
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is not an origin; write scheme and host as a browser sends them, like "
                                 "https://app.example.com (no path, no *, no default port)",
                                 arg);
    if (!conf->allow_origin)
        conf->allow_origin = apr_array_make(cmd->pool, 4, sizeof(char *));
    APR_ARRAY_PUSH(conf->allow_origin, const char *) = sso_url_origin(cmd->pool, &url);
    return NULL;
}

const char *mod_sso_cmd_outgoing_proxy(cmd_parms *cmd, void *unused, const char *arg)
{
    mod_sso_conf_t *conf;
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (error)
        return error;
    if (sso_url_parse(cmd->pool, arg, &url, &err) != SSO_OK || url.query || url.fragment || strcmp(url.path, "/") != 0)
        return mod_sso_cmd_error(cmd, "\"%s\" is not the URL of a proxy; write http://proxy.example.com:3128", arg);
    conf->outgoing_proxy = arg;
    return NULL;
}

const char *mod_sso_cmd_timeout(cmd_parms *cmd, void *unused, const char *connect, const char *total)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (!error)
        error = mod_sso_cmd_seconds(cmd, connect, 1, 60, &conf->timeout_connect);
    if (!error)
        error = mod_sso_cmd_seconds(cmd, total, 1, 120, &conf->timeout_total);
    if (!error && conf->timeout_connect > conf->timeout_total)
        error = mod_sso_cmd_error(cmd,
                                  "the time to connect (%s) is longer than the whole call (%s); write the shorter "
                                  "one first, like SSOTimeout 5 10",
                                  connect, total);
    return error;
}

const char *mod_sso_cmd_development(cmd_parms *cmd, void *unused, int on)
{
    mod_sso_conf_t *conf;
    const char *error = mod_sso_cmd_server_once(cmd, &conf);
    (void)unused;
    if (!error)
        conf->development = on;
    return error;
}

const char *mod_sso_cmd_not_yet(cmd_parms *cmd, void *unused, const char *args)
{
    (void)unused;
    (void)args;
    return mod_sso_cmd_later(cmd, cmd->cmd->name);
}

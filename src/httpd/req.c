/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about a request: whose origin it is, where to come back to, what its body says. */
#include "httpd/req.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_vhost.h>

#include "base/text.h"
#include "base/url.h"
#include "httpd/thread.h"
#include "jose/crypto.h"
#include "oidc/nav.h"

mod_sso_req_t *mod_sso_req(request_rec *r)
{
    mod_sso_req_t *req = ap_get_module_config(r->request_config, &sso_oidc_module);
    if (!req) {
        req = apr_pcalloc(r->pool, sizeof(*req));
        ap_set_module_config(r->request_config, &sso_oidc_module, req);
    }
    return req;
}

static request_rec *root_of(request_rec *r)
{
    while (r->main || r->prev)
        r = r->main ? r->main : r->prev;
    return r;
}

mod_sso_req_t *mod_sso_req_root(request_rec *r)
{
    return mod_sso_req(root_of(r));
}

const char *mod_sso_req_cookies(request_rec *r)
{
    const char *kept = mod_sso_req_root(r)->fold_cookie;
    return kept ? kept : apr_table_get(root_of(r)->headers_in, "Cookie");
}

int mod_sso_req_is_nested(const request_rec *r)
{
    return r->main || (r->prev && ap_is_HTTP_ERROR(r->prev->status));
}

sso_env_t mod_sso_req_env(request_rec *r)
{
    sso_env_t env = {r->pool, r->request_time, mod_sso_thread_random, NULL};
    return env;
}

const char *mod_sso_req_id(request_rec *r)
{
    r = root_of(r);
    mod_sso_req_t *req = mod_sso_req(r);
    if (!req->id)
        req->id = apr_table_get(r->subprocess_env, "UNIQUE_ID");
    if (!req->id) {
        unsigned char raw[6] = {0};
        sso_err_t err = SSO_ERR_INIT;
        /* Only a label: if the generator fails, the zeros are as good. */
        if (mod_sso_thread_random(NULL, raw, sizeof(raw), &err) != SSO_OK)
            ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "no random request id: %s", err.reason);
        req->id = apr_psprintf(r->pool, "%02x%02x%02x%02x%02x%02x", raw[0], raw[1], raw[2], raw[3], raw[4], raw[5]);
    }
    return req->id;
}

/* --- the public origin --- */

typedef struct forwarded_t {
    const char *proto;
    const char *host;
    const char *port;
} forwarded_t;

/* The last proxy is the one we trust; what it appended is the last item of each list. */
static const char *last_item(apr_pool_t *pool, const char *list)
{
    if (!list)
        return NULL;
    const char *comma = strrchr(list, ',');
    char *item = apr_pstrdup(pool, comma ? comma + 1 : list);
    apr_collapse_spaces(item, item);
    return *item ? item : NULL;
}

/* Forwarded (RFC 7239 4): proto= and host= of the last element. */
static void read_forwarded(apr_pool_t *pool, const char *header, forwarded_t *fwd)
{
    char *state;
    const char *element = last_item(pool, header);
    for (char *pair = element ? apr_strtok(apr_pstrdup(pool, element), ";", &state) : NULL; pair;
         pair = apr_strtok(NULL, ";", &state)) {
        char *value = strchr(pair, '=');
        if (!value)
            continue;
        *value++ = '\0';
        apr_size_t len = strlen(value);
        if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
            value[len - 1] = '\0';
            value++;
        }
        if (!ap_cstr_casecmp(pair, "proto"))
            fwd->proto = value;
        else if (!ap_cstr_casecmp(pair, "host"))
            fwd->host = value;
    }
}

/* Only what a proxy in SSOTrustedProxy says counts. The *peer* is asked, not the client address that mod_remoteip may
 * have rewritten from a header. */
static int is_from_trusted_proxy(request_rec *r, const mod_sso_conf_t *conf)
{
    if (!conf->trusted_proxies)
        return 0;
    for (int i = 0; i < conf->trusted_proxies->nelts; i++)
        if (apr_ipsubnet_test(APR_ARRAY_IDX(conf->trusted_proxies, i, apr_ipsubnet_t *), r->connection->client_addr))
            return 1;
    return 0;
}

static forwarded_t forwarded_of(request_rec *r, const mod_sso_conf_t *conf)
{
    forwarded_t fwd = {NULL, NULL, NULL};
    if (!is_from_trusted_proxy(r, conf))
        return fwd;
    read_forwarded(r->pool, apr_table_get(r->headers_in, "Forwarded"), &fwd);
    const char *proto = last_item(r->pool, apr_table_get(r->headers_in, "X-Forwarded-Proto"));
    const char *host = last_item(r->pool, apr_table_get(r->headers_in, "X-Forwarded-Host"));
    fwd.port = last_item(r->pool, apr_table_get(r->headers_in, "X-Forwarded-Port"));
    if (proto)
        fwd.proto = proto;
    if (host)
        fwd.host = host;
    return fwd;
}

static int is_name_of_server(const server_rec *s, const char *host)
{
    if (s->server_hostname && !ap_cstr_casecmp(host, s->server_hostname))
        return 1;
    for (int i = 0; s->names && i < s->names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(s->names, i, const char *);
        if (name && !ap_cstr_casecmp(host, name))
            return 1;
    }
    for (int i = 0; s->wild_names && i < s->wild_names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(s->wild_names, i, const char *);
        if (name && !ap_strcasecmp_match(host, name))
            return 1;
    }
    return 0;
}

/* "host", "host:port", "[v6]:port" -> parts; 0 when it is none of these. */
static int split_host(apr_pool_t *pool, const char *text, const char **ret_host, int *ret_port)
{
    const char *end = *text == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(end ? end : text, ':');
    char *host = colon ? apr_pstrmemdup(pool, text, (apr_size_t)(colon - text)) : apr_pstrdup(pool, text);
    apr_int64_t port = 0;
    if (!*host || (colon && sso_text_int(colon + 1, 1, 65535, &port, NULL) != SSO_OK))
        return 0;
    ap_str_tolower(host);
    *ret_host = host;
    *ret_port = (int)port;
    return 1;
}

static sso_rc_t refuse_host(sso_err_t *err, const char *host)
{
    return sso_err_set(err, SSO_E_MISMATCH, "host-unknown",
                       "the request is for host '%s', which is neither ServerName nor a ServerAlias of this vhost",
                       host);
}

/* ServerName's scheme and port, Host's name; see req.h. */
static sso_rc_t origin_of_request(request_rec *r, const mod_sso_site_t *site, sso_url_t *origin, sso_err_t *err)
{
    const server_rec *s = r->server;
    forwarded_t fwd = forwarded_of(r, site->conf);
    const char *host_text = fwd.host ? fwd.host : apr_table_get(r->headers_in, "Host");
    const char *scheme = s->server_scheme ? s->server_scheme : fwd.proto ? fwd.proto : ap_http_scheme(r);
    int port = 0;

    if (ap_cstr_casecmp(scheme, "https") && ap_cstr_casecmp(scheme, "http"))
        return sso_err_set(err, SSO_E_SYNTAX, "host-unknown", "the proxy's protocol '%s' is neither https nor http",
                           scheme);
    origin->scheme = ap_cstr_casecmp(scheme, "https") ? "http" : "https";
    origin->host = site->host;
    if (host_text) {
        if (!split_host(r->pool, host_text, &origin->host, &port) || !is_name_of_server(s, origin->host))
            return refuse_host(err, host_text);
    }
    /* Who says the scheme says the port: ServerName https://host is port 443, whatever port the request came to. */
    if (!s->server_scheme && fwd.port) {
        apr_int64_t value;
        SSO_TRY(sso_text_int(fwd.port, 1, 65535, &value, err));
        port = (int)value;
    } else if (s->server_scheme || !(fwd.proto || fwd.host)) {
        port = s->port || s->server_scheme ? s->port : port;
    }
    origin->port = port ? port : sso_url_default_port(origin->scheme);
    return SSO_OK;
}

sso_rc_t mod_sso_req_origin(request_rec *r, const mod_sso_provider_t *provider, sso_url_t *ret_url, sso_err_t *err)
{
    sso_url_t origin = {NULL, NULL, 0, "/", NULL, NULL};
    if (provider->redirect_uri)
        SSO_TRY(sso_url_parse(r->pool, provider->redirect_uri, &origin, err));
    else
        SSO_TRY(origin_of_request(r, provider->site, &origin, err));
    if (!strcmp(origin.scheme, "http") && !(provider->site->development && sso_url_host_is_loopback(origin.host)))
        return sso_err_set(err, SSO_E_DENIED, "scheme-http",
                           "a login does not start over plain http; when TLS ends before httpd, write the scheme in "
                           "ServerName (ServerName https://%s) or name the proxy in SSOTrustedProxy",
                           origin.host);
    origin.path = "/";
    origin.query = origin.fragment = NULL;
    *ret_url = origin;
    return SSO_OK;
}

sso_rc_t mod_sso_req_origin_text(request_rec *r, const mod_sso_provider_t *provider, const char **ret_text,
                                 sso_err_t *err)
{
    sso_url_t origin;
    SSO_TRY(mod_sso_req_origin(r, provider, &origin, err));
    *ret_text = sso_url_origin(r->pool, &origin);
    return SSO_OK;
}

sso_rc_t mod_sso_req_redirect_uri(request_rec *r, const mod_sso_provider_t *provider, const char **ret_uri,
                                  sso_err_t *err)
{
    const char *origin;
    SSO_TRY(mod_sso_req_origin_text(r, provider, &origin, err));
    *ret_uri =
        provider->redirect_uri ? provider->redirect_uri : apr_pstrcat(r->pool, origin, provider->redirect_path, NULL);
    return SSO_OK;
}

sso_rc_t mod_sso_req_check_return(request_rec *r, const mod_sso_provider_t *provider, const char *text,
                                  const char **ret_url, sso_err_t *err)
{
    sso_url_t origin;
    SSO_TRY(mod_sso_req_origin(r, provider, &origin, err));
    sso_return_rule_t rule = {origin.scheme, origin.host, origin.port, provider->site->conf->allow_return,
                              provider->site->development};
    return sso_url_check_return(r->pool, text, &rule, ret_url, err);
}

const char *mod_sso_req_return_path(request_rec *r, const mod_sso_provider_t *provider)
{
    request_rec *root = root_of(r);
    const char *url;
    if (root->unparsed_uri && mod_sso_req_check_return(r, provider, root->unparsed_uri, &url, NULL) == SSO_OK)
        return url;
    /* A request target that a browser would take elsewhere ("//evil.example/../x"): come back to where httpd went. */
    const char *path = ap_os_escape_path(r->pool, root->uri, 1);
    if (root->args)
        path = apr_pstrcat(r->pool, path, "?", root->args, NULL);
    return mod_sso_req_check_return(r, provider, path, &url, NULL) == SSO_OK ? url : "/";
}

/* --- body and navigation --- */

static int is_form(const char *content_type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    apr_size_t n = sizeof(form) - 1;
    return content_type && !ap_cstr_casecmpn(content_type, form, n) &&
           (!content_type[n] || content_type[n] == ';' || apr_isspace(content_type[n]));
}

sso_rc_t mod_sso_req_body(request_rec *r, apr_size_t max, const char **ret_bytes, apr_size_t *ret_len, sso_err_t *err)
{
    if (!is_form(apr_table_get(r->headers_in, "Content-Type")))
        return sso_err_set(err, SSO_E_SYNTAX, "body-type", "the body is not application/x-www-form-urlencoded");
    if (ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK) != OK)
        return sso_err_set(err, SSO_E_SYNTAX, "body-read", "the body cannot be read");
    if (r->remaining > 0 && (apr_uint64_t)r->remaining > max)
        return sso_err_set(err, SSO_E_LIMIT, "body-too-large", "the body is larger than %" APR_SIZE_T_FMT " bytes",
                           max);
    char *bytes = apr_palloc(r->pool, max + 1);
    apr_size_t len = 0;
    long got = 0;
    if (ap_should_client_block(r)) {
        /* one byte more than allowed tells "too large" from "just fits" */
        while (len <= max && (got = ap_get_client_block(r, bytes + len, max + 1 - len)) > 0)
            len += (apr_size_t)got;
    }
    if (got < 0)
        return sso_err_set(err, SSO_E_SYNTAX, "body-read", "the body broke off");
    if (len > max)
        return sso_err_set(err, SSO_E_LIMIT, "body-too-large", "the body is larger than %" APR_SIZE_T_FMT " bytes",
                           max);
    bytes[len] = '\0';
    *ret_bytes = bytes;
    *ret_len = len;
    return SSO_OK;
}

static sso_nav_facts_t facts_of(request_rec *r)
{
    const char *purpose = apr_table_get(r->headers_in, "Sec-Purpose");
    if (!purpose)
        purpose = apr_table_get(r->headers_in, "Purpose");
    if (!purpose)
        purpose = apr_table_get(r->headers_in, "X-Moz");
    sso_nav_facts_t facts = {r->method,
                             apr_table_get(r->headers_in, "Accept"),
                             apr_table_get(r->headers_in, "Sec-Fetch-Dest"),
                             apr_table_get(r->headers_in, "Sec-Fetch-Mode"),
                             purpose,
                             apr_table_get(r->headers_in, "Upgrade"),
                             apr_table_get(r->headers_in, "X-Requested-With"),
                             apr_table_get(r->headers_in, "Sec-Fetch-Site")};
    return facts;
}

int mod_sso_req_is_navigation(request_rec *r)
{
    sso_nav_facts_t facts = facts_of(r);
    return sso_nav_is_navigation(&facts);
}

int mod_sso_req_is_activity(request_rec *r)
{
    sso_nav_facts_t facts = facts_of(r);
    return sso_nav_is_activity(&facts);
}

int mod_sso_req_is_deliberate(request_rec *r)
{
    sso_nav_facts_t facts = facts_of(r);
    return sso_nav_is_deliberate(&facts);
}

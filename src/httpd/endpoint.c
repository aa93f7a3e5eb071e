/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our endpoints a request is for, and keeping everything else away from it. */
#include "httpd/endpoint.h"

#include <apr_strings.h>

#include "base/text.h"
#include "httpd/cors.h"
#include "httpd/log.h"
#include "httpd/mint.h"
#include "httpd/resp.h"
#include "httpd/session_io.h"

static mod_sso_endpoint_t below_base(const char *rest)
{
    static const struct {
        const char *name;
        mod_sso_endpoint_t endpoint;
    } names[] = {{"session", MOD_SSO_EP_SESSION},
                 {"backchannel-logout", MOD_SSO_EP_BACKCHANNEL},
                 {"frontchannel-logout", MOD_SSO_EP_FRONTCHANNEL},
                 {"jwks", MOD_SSO_EP_JWKS}};
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(rest, names[i].name))
            return names[i].endpoint;
    return MOD_SSO_EP_UNKNOWN;
}

static mod_sso_endpoint_t find_endpoint(const mod_sso_site_t *site, const char *path,
                                        const mod_sso_provider_t **ret_callback)
{
    for (int i = 0; i < site->count; i++) {
        if (!strcmp(path, site->providers[i]->redirect_path)) {
            *ret_callback = site->providers[i];
            return MOD_SSO_EP_CALLBACK;
        }
    }
    if (!strcmp(path, site->login_path))
        return MOD_SSO_EP_LOGIN;
    if (!strcmp(path, site->logout_path))
        return MOD_SSO_EP_LOGOUT;
    apr_size_t base = strlen(site->base_path);
    return strncmp(path, site->base_path, base) ? MOD_SSO_EP_NONE : below_base(path + base);
}

int mod_sso_endpoint_translate(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const mod_sso_provider_t *callback = NULL;
    int mint_jwks = r->uri && mod_sso_mint_is_jwks(r);
    /* A sub-request must not log anybody out; it only gets to see that there is no such file. */
    if ((!site && !mint_jwks) || r->main || !r->uri || r->uri[0] != '/')
        return DECLINED;
    mod_sso_endpoint_t endpoint = mint_jwks ? MOD_SSO_EP_JWKS : find_endpoint(site, r->uri, &callback);
    if (endpoint == MOD_SSO_EP_NONE)
        return DECLINED;
    if (mod_sso_req_is_nested(r))
        return DECLINED; /* nor may an ErrorDocument */
    mod_sso_req_t *req = mod_sso_req(r);
    req->endpoint = endpoint;
    req->callback = callback;
    r->proxyreq = PROXYREQ_NONE; /* mod_proxy's mapping= ran in pre_translate_name */
    r->filename = apr_pstrdup(r->pool, "sso-oidc:");
    r->handler = "sso-oidc";
    return OK;
}

int mod_sso_endpoint_map_to_storage(request_rec *r)
{
    return mod_sso_req(r)->endpoint ? OK : DECLINED; /* no directory walk, no TRACE echo */
}

int mod_sso_endpoint_post_perdir(request_rec *r)
{
    if (!mod_sso_req(r)->endpoint)
        return DECLINED;
    r->per_dir_config = r->server->lookup_defaults; /* no Location, Directory or If touches an endpoint */
    return OK;
}

/* Who is signed in here, for a page's script: never a token, never a claim but the user name. */
static int answer_session(request_rec *r, const mod_sso_site_t *site)
{
    for (int i = 0; i < site->count; i++) {
        const mod_sso_opened_t *opened = mod_sso_session_open(r, site->providers[i]);
        if (!opened->session)
            continue;
        return mod_sso_resp_json(
            r, HTTP_OK,
            apr_psprintf(r->pool,
                         "{\"signed_in\":true,\"provider\":\"%s\",\"sub\":\"%s\",\"expires\":%" APR_TIME_T_FMT "}\n",
                         sso_text_json(r->pool, opened->session->provider),
                         sso_text_json(r->pool, opened->session->sub), apr_time_sec(opened->session->expires)));
    }
    return mod_sso_resp_json(r, HTTP_OK, "{\"signed_in\":false}\n");
}

static int method_allowed(request_rec *r, mod_sso_endpoint_t endpoint)
{
    int posts = endpoint == MOD_SSO_EP_CALLBACK || endpoint == MOD_SSO_EP_LOGIN || endpoint == MOD_SSO_EP_LOGOUT;
    if (endpoint == MOD_SSO_EP_BACKCHANNEL)
        return r->method_number == M_POST;
    return r->method_number == M_GET || (posts && r->method_number == M_POST);
}

int mod_sso_endpoint_handler(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    mod_sso_endpoint_t endpoint = mod_sso_req(r)->endpoint;
    if (endpoint == MOD_SSO_EP_NONE)
        return DECLINED;
    if (mod_sso_cors_is_preflight(r))
        return mod_sso_resp_preflight(r);
    r->allowed |= (AP_METHOD_BIT << M_GET) | (AP_METHOD_BIT << M_POST);
    if (!method_allowed(r, endpoint)) {
        sso_err_t err = SSO_ERR_INIT;
        sso_err_set(&err, SSO_E_UNSUPPORTED, "method", "method %s", r->method);
        mod_sso_log_refusal(r, APLOG_WARNING, "SSO220", "an endpoint does not take this method", &err);
        apr_table_setn(r->err_headers_out, "Allow", endpoint == MOD_SSO_EP_BACKCHANNEL ? "POST" : "GET, HEAD, POST");
        /* Back-Channel Logout 2.5, 2.8: anything but a proper POST is a bad request. */
        return endpoint == MOD_SSO_EP_BACKCHANNEL
                   ? mod_sso_resp_json(r, HTTP_BAD_REQUEST, "{\"error\":\"invalid_request\"}\n")
                   : mod_sso_resp_page(r, HTTP_METHOD_NOT_ALLOWED, MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
    }
    switch (endpoint) {
    case MOD_SSO_EP_LOGIN:
        return mod_sso_login_endpoint(r);
    case MOD_SSO_EP_CALLBACK:
        return mod_sso_callback_endpoint(r);
    case MOD_SSO_EP_LOGOUT:
        return mod_sso_logout_endpoint(r);
    case MOD_SSO_EP_SESSION:
        return answer_session(r, site);
    case MOD_SSO_EP_BACKCHANNEL:
        return mod_sso_logout_backchannel(r);
    case MOD_SSO_EP_FRONTCHANNEL:
        return mod_sso_logout_frontchannel(r);
    case MOD_SSO_EP_JWKS:
        return mod_sso_resp_json(r, HTTP_OK, mod_sso_mint_jwks(r));
    case MOD_SSO_EP_UNKNOWN:
    case MOD_SSO_EP_NONE:
        break;
    }
    return mod_sso_resp_page(r, HTTP_NOT_FOUND, MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
}

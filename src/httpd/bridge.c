/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge's answers and its gate. */
#include "httpd/bridge.h"

#include <apr_strings.h>

#include "base/url.h"
#include "httpd/bearer.h"
#include "httpd/cors.h"
#include "httpd/endpoint.h"
#include "httpd/identity.h"
#include "httpd/log.h"
#include "httpd/login.h"
#include "httpd/mint.h"
#include "httpd/resp.h"
#include "httpd/session_io.h"
#include "httpd/thread.h"
#include "httpd/trail.h"
#include "oidc/bearer.h"

#define PATH_LIFETIME 3600 /* seconds */
#define PATH_MAX_LEN  2048 /* characters; beyond it the interface begins at its start page */
#define RETRY_AFTER   5
#define LINE_RESERVE  32                /* of LimitRequestLine: method and protocol */
#define UI_PATH       "redirectUrlPath" /* the cookie in which the interface itself keeps where to go after a login */

/* --- answers ----------------------------------------------------------------------------------------------------- */

static int answer(request_rec *r, int status, const char *body)
{
    if (!mod_sso_req_is_nested(r))
        apr_table_setn(r->err_headers_out, "Pragma", "no-cache");
    return mod_sso_resp_json(r, status, body);
}

static int answer_code(request_rec *r, int status, const char *message)
{
    return answer(r, status, apr_psprintf(r->pool, "{\"code\":%d,\"message\":\"%s\"}\n", status, message));
}

int mod_sso_bridge_unauthorized(request_rec *r, const char *id, const char *what, int level, const sso_err_t *why)
{
    mod_sso_log_refusal(r, level, id, what, why);
    if (!mod_sso_req_is_nested(r))
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Bearer");
    return answer_code(r, HTTP_UNAUTHORIZED, "Expired token!");
}

int mod_sso_bridge_forbid(request_rec *r)
{
    return sso_bridge_is_api(mod_sso_req(r)->bridge) ? answer_code(r, HTTP_FORBIDDEN, "Forbidden") : DECLINED;
}

static int refuse_method(request_rec *r, const char *allow)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_UNSUPPORTED, "method", "method %s", r->method);
    mod_sso_log_refusal(r, APLOG_INFO, "SSO255", "a login call does not take this method", &err);
    apr_table_setn(r->err_headers_out, "Allow", allow);
    return answer_code(r, HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed");
}

static int refuse_unavailable(request_rec *r)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_FETCH, "store-failed", "SSOCache does not answer");
    mod_sso_log_refusal(r, APLOG_ERR, "SSO257", "a session cannot be looked up for a call", &err);
    apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, RETRY_AFTER));
    return answer_code(r, HTTP_SERVICE_UNAVAILABLE, "Service Unavailable");
}

static int refuse_nobody(request_rec *r, const mod_sso_provider_t *p)
{
    const mod_sso_opened_t *opened = mod_sso_session_open(r, p);
    sso_err_t err = SSO_ERR_INIT;
    if (opened->store_failed)
        return refuse_unavailable(r);
    sso_err_set(&err, SSO_E_ABSENT, "no-session", "session: %s", opened->session ? "too weak" : opened->why);
    return mod_sso_bridge_unauthorized(r, "SSO251", "a call without a session is answered 401", APLOG_INFO, &err);
}

/* What was wrong on our side, or with the person's claims. */
static int refuse_token(request_rec *r, const sso_err_t *err)
{
    int denied = err->rc == SSO_E_DENIED;
    mod_sso_log_refusal(r, denied ? APLOG_WARNING : APLOG_ERR, "SSO256", "no token can be made for the browser", err);
    if (mod_sso_req(r)->bridge == SSO_BRIDGE_REFRESH)
        return answer_code(r, denied ? HTTP_FORBIDDEN : HTTP_INTERNAL_SERVER_ERROR, "No token can be made");
    return denied ? mod_sso_resp_page(r, HTTP_FORBIDDEN, MOD_SSO_PAGE_FORBIDDEN, NULL, -1)
                  : mod_sso_resp_page(r, HTTP_INTERNAL_SERVER_ERROR, MOD_SSO_PAGE_UNAVAILABLE, NULL, -1);
}

/* --- the marker -------------------------------------------------------------------------------------------------- */

static sso_rc_t seal_of(const mod_sso_provider_t *p, sso_bridge_seal_t *seal, sso_err_t *err)
{
    seal->context = p->context;
    seal->context_len = p->context_len;
    return mod_sso_thread_sealer(p->site, &seal->sealer, err);
}

static apr_time_t expires_of(request_rec *r, const sso_session_t *session)
{
    int lifetime = mod_sso_dir_of(r)->mint_lifetime;
    return sso_bridge_expires(session, lifetime == MOD_SSO_UNSET ? SSO_BRIDGE_LIFETIME : lifetime, r->request_time);
}

static sso_rc_t make_marker(request_rec *r, const mod_sso_provider_t *p, const sso_session_t *session,
                            apr_time_t expires, const char **ret_marker, sso_err_t *err)
{
    const sso_env_t env = mod_sso_req_env(r);
    sso_bridge_seal_t seal;
    SSO_TRY(seal_of(p, &seal, err));
    return sso_bridge_make_marker(&env, &seal, p->site->mint_issuer, session, expires, ret_marker, err);
}

/* The token of the Authorization header, NULL when there is none or it is malformed. */
static const char *shown_token(request_rec *r)
{
    int count;
    const char *token = NULL;
    return sso_bearer_read_header(mod_sso_bearer_authorization(r, &count), &token) == SSO_BEARER_TOKEN && count == 1
               ? token
               : NULL;
}

static int has_authorization(request_rec *r)
{
    int count;
    const char *header = mod_sso_bearer_authorization(r, &count);
    return header && *header;
}

int mod_sso_bridge_is_session_only(request_rec *r)
{
    const char *token;
    switch (mod_sso_req(r)->bridge) {
    case SSO_BRIDGE_NONE:
        return 0;
    case SSO_BRIDGE_CONFIG:
    case SSO_BRIDGE_SIGN_IN:
    case SSO_BRIDGE_REFRESH: /* it sends its old token along */
        return 1;
    default:
        token = shown_token(r);
        return !has_authorization(r) || (token && sso_bridge_is_marker(token));
    }
}

/* `session` NULL: made by us, for whomever and whenever. */
static sso_rc_t check_marker(request_rec *r, const mod_sso_provider_t *p, const sso_session_t *session, sso_err_t *err)
{
    const char *token = shown_token(r);
    sso_bridge_seal_t seal;
    if (!token)
        return sso_err_set(err, SSO_E_ABSENT, has_authorization(r) ? "marker-foreign" : "marker-missing",
                           "the call has no bearer token of this site");
    SSO_TRY(seal_of(p, &seal, err));
    return sso_bridge_check_marker(r->pool, r->request_time, &seal, token, session, err);
}

/* --- where the interface lives ----------------------------------------------------------------------------------- */

static sso_rc_t origin_of(request_rec *r, const mod_sso_provider_t *p, const char **ret_origin, sso_err_t *err)
{
    return mod_sso_req_origin_text(r, p, ret_origin, err);
}

static const char *below(request_rec *r, const char *path)
{
    return apr_pstrcat(r->pool, mod_sso_dir_of(r)->bridge_base, path, NULL);
}

static int is_same_origin(request_rec *r, const mod_sso_provider_t *p)
{
    const char *own;
    return origin_of(r, p, &own, NULL) == SSO_OK &&
           sso_bridge_is_same_origin(apr_table_get(r->headers_in, "Origin"),
                                     apr_table_get(r->headers_in, "Sec-Fetch-Site"), own);
}

static int refuse_origin(request_rec *r, const sso_err_t *err)
{
    mod_sso_log_refusal(r, APLOG_ERR, "SSO252", "a login call is refused", err);
    return strcmp(err->reason, "host-unknown") ? answer_code(r, HTTP_FORBIDDEN, "Not over plain http")
                                               : answer_code(r, HTTP_MISDIRECTED_REQUEST, "Unknown host");
}

/* --- GET /api/v1/system/config/auth ------------------------------------------------------------------------------ */

static int answer_config(request_rec *r, const mod_sso_provider_t *p)
{
    const apr_array_header_t *audiences = mod_sso_dir_of(r)->mint_audiences;
    sso_bridge_config_t config = {.base = mod_sso_dir_of(r)->bridge_base};
    sso_err_t err = SSO_ERR_INIT;
    if (r->method_number != M_GET)
        return refuse_method(r, "GET, HEAD");
    if (origin_of(r, p, &config.origin, &err) != SSO_OK)
        return refuse_origin(r, &err);
    config.provider_name = strcmp(p->name, MOD_SSO_DEFAULT_PROVIDER) ? p->name : "SSO";
    config.client_id = audiences ? APR_ARRAY_IDX(audiences, 0, const char *) : "openmetadata";
    return answer(r, HTTP_OK, sso_bridge_config_json(r->pool, &config));
}

/* --- GET /api/v1/auth/login -------------------------------------------------------------------------------------- */

/* Ends a login: the browser goes to the interface's callback page with its marker. */
static int hand_over(request_rec *r, const mod_sso_provider_t *p, const sso_session_t *session, apr_time_t expires,
                     const char *trusted)
{
    const sso_mint_rule_t rule = mod_sso_mint_rule(p->site, mod_sso_dir_of(r));
    sso_bridge_person_t person = {NULL, NULL};
    int line = r->server->limit_req_line > 0 ? r->server->limit_req_line : DEFAULT_LIMIT_REQUEST_LINE;
    apr_size_t max = line > LINE_RESERVE ? (apr_size_t)(line - LINE_RESERVE) : 0;
    const char *marker, *url;
    sso_err_t err = SSO_ERR_INIT;
    if (sso_mint_person(r->pool, session, &rule, &person.email, &person.name, &err) != SSO_OK ||
        make_marker(r, p, session, expires, &marker, &err) != SSO_OK ||
        sso_bridge_hand_over(r->pool, trusted, mod_sso_dir_of(r)->bridge == MOD_SSO_BRIDGE_FRAGMENT, marker, &person,
                             max, &url, &err) != SSO_OK)
        return refuse_token(r, &err);
    mod_sso_trail_end(r, p);
    apr_table_setn(r->err_headers_out, "Pragma", "no-cache");
    return mod_sso_resp_redirect(r, url);
}

static int refuse_redirect_uri(request_rec *r, const sso_err_t *err)
{
    mod_sso_log_refusal(r, APLOG_WARNING, "SSO252", "a login call is refused", err);
    return answer_code(r, HTTP_BAD_REQUEST, "Redirect URI must exactly match a trusted redirect URI");
}

static int start_login(request_rec *r, const mod_sso_provider_t *p, const char *trusted, int silent)
{
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    const char *again = apr_pstrcat(r->pool, dir->bridge_base,
                                    SSO_BRIDGE_LOGIN "?redirectUri=", sso_url_encode(r->pool, trusted), NULL);
    mod_sso_login_t login = {.provider = p,
                             .return_path = again,
                             .depth = -1,
                             .prompt_none = silent,
                             .step_up = mod_sso_req(r)->step_up,
                             .demand = mod_sso_identity_demand(r, p, dir),
                             .dir = dir};
    sso_err_t err = SSO_ERR_INIT;
    if (silent && mod_sso_trail_is_out(r, p)) {
        sso_err_set(&err, SSO_E_DENIED, "signed-out", "the person signed out a moment ago");
        return mod_sso_trail_end_silent(r, below(r, "/signin"), &err);
    }
    return mod_sso_login_start(r, &login);
}

static int answer_sign_in(request_rec *r, const mod_sso_provider_t *p)
{
    const mod_sso_opened_t *current = mod_sso_req(r)->current;
    const char *origin, *trusted;
    int silent = 0;
    sso_err_t err = SSO_ERR_INIT;
    if (r->method_number != M_GET)
        return refuse_method(r, "GET, HEAD");
    if (!mod_sso_req_is_deliberate(r)) /* an image or a prefetch must not begin logins */
        return refuse_nobody(r, p);
    if (origin_of(r, p, &origin, &err) != SSO_OK)
        return refuse_origin(r, &err);
    trusted = apr_pstrcat(r->pool, origin, below(r, "/auth/callback"), NULL);
    if (sso_bridge_read_sign_in(r->pool, r->args, trusted, &silent, &err) != SSO_OK)
        return refuse_redirect_uri(r, &err);
    apr_time_t expires = current ? expires_of(r, current->session) : 0;
    if (expires)
        return hand_over(r, p, current->session, expires, trusted);
    if (!current && mod_sso_session_open(r, p)->store_failed) {
        sso_err_set(&err, SSO_E_FETCH, "store-failed", "SSOCache does not answer");
        return silent ? mod_sso_trail_end_silent(r, below(r, "/signin"), &err) : DECLINED; /* authn.c says 503 */
    }
    return start_login(r, p, trusted, silent);
}

/* --- /api/v1/auth/refresh ---------------------------------------------------------------------------------------- */

/* Never a redirect and never a page: the interface would follow it silently and sign the person out. */
static int answer_refresh(request_rec *r, const mod_sso_provider_t *p)
{
    const mod_sso_opened_t *current = mod_sso_req(r)->current;
    const char *marker;
    sso_err_t err = SSO_ERR_INIT;
    if (r->method_number != M_GET && r->method_number != M_POST)
        return refuse_method(r, "GET, POST");
    if (!current)
        return refuse_nobody(r, p);
    apr_time_t expires = expires_of(r, current->session);
    if (!expires) {
        sso_err_set(&err, SSO_E_EXPIRED, "session-ending", "less than %d s of the session are left",
                    SSO_BRIDGE_LEFT_MIN);
        return mod_sso_bridge_unauthorized(r, "SSO251", "a call without a session is answered 401", APLOG_INFO, &err);
    }
    if (make_marker(r, p, current->session, expires, &marker, &err) != SSO_OK)
        return refuse_token(r, &err);
    return answer(r, HTTP_OK, sso_bridge_refresh_json(r->pool, marker, expires));
}

/* --- /api/v1/auth/logout ----------------------------------------------------------------------------------------- */

/* A page of another site, or an image in what users write, signs nobody out. */
static int answer_sign_out(request_rec *r, const mod_sso_provider_t *p)
{
    const char *dest = apr_table_get(r->headers_in, "Sec-Fetch-Dest");
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");
    int same = is_same_origin(r, p), ours = check_marker(r, p, NULL, NULL) == SSO_OK;
    sso_err_t err = SSO_ERR_INIT;
    if (r->method_number == M_POST ? !(same || ours || (!origin && !site))
                                   : !(ours || (same && (!dest || strcmp(dest, "empty") == 0)))) {
        if (r->method_number != M_POST)
            return refuse_method(r, "POST");
        sso_err_set(&err, SSO_E_DENIED, "logout-not-asked", "the call comes from a page of another site");
        mod_sso_log_refusal(r, APLOG_WARNING, "SSO254", "a logout call is refused", &err);
        return answer_code(r, HTTP_FORBIDDEN, "Forbidden");
    }
    if (r->method_number != M_POST && r->method_number != M_GET)
        return refuse_method(r, "POST");
    mod_sso_logout_here(r, p->site);
    return answer(r, HTTP_OK, "{}\n");
}

/* --- the gate ---------------------------------------------------------------------------------------------------- */

static int is_reading(const request_rec *r)
{
    return r->method_number == M_GET;
}

/* The first page after a login that the interface did not ask for: it knows nothing of the session yet and would show
 * its sign-in page. It is handed its marker, and where it wanted to go in the cookie it looks at itself. */
static int bring_in(request_rec *r, const mod_sso_provider_t *p, const sso_session_t *session)
{
    const char *base = mod_sso_dir_of(r)->bridge_base, *path = mod_sso_req_return_path(r, p), *origin;
    apr_time_t expires = expires_of(r, session);
    if (!expires || origin_of(r, p, &origin, NULL) != SSO_OK)
        return DECLINED;
    apr_size_t skip = strncmp(path, base, strlen(base)) == 0 ? strlen(base) : 0;
    const char *wanted = sso_url_encode(r->pool, path + skip);
    if (strlen(path + skip) > 1 && strlen(wanted) <= PATH_MAX_LEN)
        apr_table_addn(r->err_headers_out, "Set-Cookie",
                       apr_psprintf(r->pool, UI_PATH "=%s; Path=/; Max-Age=%d; SameSite=Lax%s", wanted, PATH_LIFETIME,
                                    p->site->secure ? "; Secure" : ""));
    return hand_over(r, p, session, expires, apr_pstrcat(r->pool, origin, below(r, "/auth/callback"), NULL));
}

/* Somebody is signed in. Without the marker nothing under /api/ and nothing that changes anything gets through. */
static int decide_session(request_rec *r, const mod_sso_provider_t *p)
{
    mod_sso_req_t *req = mod_sso_req(r);
    const sso_session_t *session = req->current->session;
    sso_err_t err = SSO_ERR_INIT;
    if (!sso_bridge_is_api(req->bridge) && is_reading(r)) {
        int new = req->bridge == SSO_BRIDGE_PAGE &&mod_sso_trail_is_new(r, p) && mod_sso_req_is_navigation(r) &&
                  !mod_sso_req_is_nested(r);
        return new ? bring_in(r, p, session) : DECLINED;
    }
    if (check_marker(r, p, session, &err) == SSO_OK) {
        req->bridge_token = 1;
        return DECLINED;
    }
    if (req->bridge == SSO_BRIDGE_OPEN && is_reading(r))
        return DECLINED;
    if (req->bridge == SSO_BRIDGE_FEED && !has_authorization(r) && is_same_origin(r, p)) {
        req->bridge_token = 1;
        return DECLINED;
    }
    return mod_sso_bridge_unauthorized(r, "SSO250", "a call without the browser's token is answered 401",
                                       err.rc == SSO_E_SIGNATURE ? APLOG_WARNING : APLOG_INFO, &err);
}

/* Nobody is. OK lets the request through without a user. */
static int decide_nobody(request_rec *r, const mod_sso_provider_t *p)
{
    sso_bridge_call_t call = mod_sso_req(r)->bridge;
    if (is_reading(r) && (call == SSO_BRIDGE_OPEN || call == SSO_BRIDGE_STATIC))
        return OK;
    return sso_bridge_is_api(call) || !is_reading(r) ? refuse_nobody(r, p) : DECLINED;
}

int mod_sso_bridge_begin(request_rec *r, const mod_sso_provider_t *p)
{
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    sso_err_t err = SSO_ERR_INIT;
    if (!p || dir->bridge <= MOD_SSO_BRIDGE_OFF)
        return DECLINED;
    sso_bridge_call_t call = sso_bridge_call(dir->bridge_base, r->uri);
    /* A sub-request or an ErrorDocument signs nobody in or out; as a call like any other it needs its marker. */
    if (mod_sso_req_is_nested(r) &&
        (call == SSO_BRIDGE_CONFIG || call == SSO_BRIDGE_SIGN_IN || call == SSO_BRIDGE_REFRESH ||
         call == SSO_BRIDGE_SIGN_OUT || call == SSO_BRIDGE_LEAVE || call == SSO_BRIDGE_OFF))
        call = SSO_BRIDGE_API;
    mod_sso_req(r)->bridge = call;
    switch (call) {
    case SSO_BRIDGE_SIGN_OUT:
        return answer_sign_out(r, p);
    case SSO_BRIDGE_LEAVE:
        return is_reading(r) ? mod_sso_logout_endpoint(r) : refuse_method(r, "GET, HEAD");
    case SSO_BRIDGE_OFF:
        sso_err_set(&err, SSO_E_ABSENT, "bridge-own-login", "the application's own login is off");
        mod_sso_log_refusal(r, APLOG_INFO, "SSO258", "a login call is not found", &err);
        return answer_code(r, HTTP_NOT_FOUND, "Not Found");
    default:
        return DECLINED;
    }
}

int mod_sso_bridge_decide(request_rec *r, const mod_sso_provider_t *p)
{
    const mod_sso_req_t *req = mod_sso_req(r);
    int by_session = req->current && !req->current->bearer;
    switch (req->bridge) {
    case SSO_BRIDGE_NONE:
        return DECLINED;
    case SSO_BRIDGE_CONFIG:
        return answer_config(r, p);
    case SSO_BRIDGE_SIGN_IN:
        return answer_sign_in(r, p);
    case SSO_BRIDGE_REFRESH:
        return answer_refresh(r, p);
    default:
        break;
    }
    if (mod_sso_cors_is_preflight(r) || (req->current && !by_session))
        return DECLINED;
    return by_session ? decide_session(r, p) : decide_nobody(r, p);
}

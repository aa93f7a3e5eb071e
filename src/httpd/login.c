/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a login: browser secret, state, authorization request, loop breaker. */
#include "httpd/login.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "base/cookie.h"
#include "base/text.h"
#include "httpd/endpoint.h"
#include "httpd/fetch.h"
#include "httpd/log.h"
#include "httpd/meta.h"
#include "httpd/resp.h"
#include "httpd/revoke.h"
#include "httpd/session_io.h"
#include "httpd/status.h"
#include "httpd/thread.h"
#include "httpd/trail.h"
#include "oidc/authreq.h"

#define LOGIN_COOKIES_MAX 4
#define ENDED_MAX 16          /* logins of one browser that a logout remembers as ended */
#define LOOP_DEPTH 3
#define LOOP_WINDOW 60        /* seconds */
#define RETURN_COOKIE_MAX 2048 /* characters of a return path; beyond it the login ends at "/" */
#define COOKIE_RESERVE 512     /* of LimitRequestFieldSize: what the application may set meanwhile */
#define BODY_MAX (16 * 1024)
#define RETRY_AFTER 10

/* --- refusals --- */

/* What a person's browser is told, by the class of the failure. */
static int status_of(const sso_err_t *err, mod_sso_page_t *page)
{
    *page = strncmp(err->reason, "store-", 6) ? MOD_SSO_PAGE_LOGIN_FAILED : MOD_SSO_PAGE_UNAVAILABLE;
    if (*page == MOD_SSO_PAGE_UNAVAILABLE)
        return HTTP_SERVICE_UNAVAILABLE; /* our own cache: a 503 rather than a login loop */
    switch (err->rc) {
    case SSO_E_BUSY:
        *page = MOD_SSO_PAGE_UNAVAILABLE;
        return HTTP_SERVICE_UNAVAILABLE;
    case SSO_E_TIMEOUT:
        *page = MOD_SSO_PAGE_UNAVAILABLE;
        return HTTP_GATEWAY_TIME_OUT;
    case SSO_E_FETCH:
        *page = MOD_SSO_PAGE_UNAVAILABLE;
        return HTTP_BAD_GATEWAY;
    case SSO_E_DENIED:
        return HTTP_FORBIDDEN;
    case SSO_E_CONFIG:
    case SSO_E_INTERNAL:
        return HTTP_INTERNAL_SERVER_ERROR;
    default:
        return HTTP_BAD_GATEWAY;
    }
}

int mod_sso_login_refuse(request_rec *r, const char *id, const char *what, const sso_err_t *err, const char *retry_url)
{
    mod_sso_page_t page;
    int status = status_of(err, &page);
    mod_sso_log_refusal(r, APLOG_ERR, id, what, err);
    return mod_sso_resp_page(r, status, page, retry_url, page == MOD_SSO_PAGE_UNAVAILABLE ? RETRY_AFTER : -1);
}

/* --- the loop breaker --- */

void mod_sso_login_mark_depth(request_rec *r, const mod_sso_provider_t *provider, int depth)
{
    sso_cookie_attrs_t attrs = provider->attrs;
    attrs.domain = NULL;
    attrs.max_age = depth < 0 ? 0 : LOOP_WINDOW;
    mod_sso_resp_cookie(r, provider->cookie_depth,
                        depth < 0 ? ""
                                  : apr_psprintf(r->pool, "%d.%" APR_TIME_T_FMT, depth, apr_time_sec(apr_time_now())),
                        &attrs);
}

/* The marker is not sealed: whoever forges it only stops his own logins. */
static int read_depth(request_rec *r, const mod_sso_provider_t *p)
{
    sso_cookie_iter_t it;
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        char *state, *value;
        apr_int64_t depth, since;
        if (!sso_cookie_is(&it, p->cookie_depth) || it.value_len > 32)
            continue;
        value = apr_strtok(apr_pstrmemdup(r->pool, it.value, it.value_len), ".", &state);
        if (value && sso_text_int(value, 0, 255, &depth, NULL) == SSO_OK && (value = apr_strtok(NULL, ".", &state)) &&
            sso_text_int(value, 0, APR_INT64_C(1) << 40, &since, NULL) == SSO_OK &&
            apr_time_sec(r->request_time) - since <= LOOP_WINDOW)
            return (int)depth;
    }
    return 0;
}

/* A session that has become too old (max_age) is no sign of a loop. One without the class that was asked for is: the
 * provider may never give it. */
static int first_depth(request_rec *r, const mod_sso_login_t *login)
{
    const mod_sso_provider_t *p = login->provider;
    const sso_session_t *session = login->step_up ? mod_sso_session_open(r, p)->session : NULL;
    sso_auth_demand_t acr_only = {-1, login->demand.acrs};
    if (session && sso_session_satisfies(session, &acr_only, r->request_time, p->client.clock_skew))
        return 0;
    return read_depth(r, p);
}

static const char *loop_cause(const mod_sso_opened_t *opened)
{
    const char *why = opened->why;
    if (opened->session)
        return "the provider does not sign in the way this location asks (SSOStepUp, SSORequireACR)";
    if (!strcmp(why, "absent"))
        return "the browser does not send the session cookie back (too large, blocked, or Secure over http)";
    if (!strcmp(why, "session-half"))
        return "the browser does not send the second session cookie back";
    if (!strcmp(why, "box-unknown-key"))
        return "the session was sealed with a key that this server does not have (replicas need one SSOKeyFile)";
    if (!strcmp(why, "session-expired") || !strcmp(why, "session-future") || !strcmp(why, "session-idle"))
        return "the clocks of the servers disagree, or SSOSessionTimeout is too short";
    if (!strncmp(why, "store-", 6))
        return "SSOCache does not keep the session";
    return "the session cookie is not accepted";
}

/* Where a login that must not show a page ends without one; NULL for all others. */
static const char *silent_end(request_rec *r, const mod_sso_login_t *login)
{
    return login->prompt_none ? sso_bridge_sign_in_page(r->pool, login->return_path) : NULL;
}

static int stop_loop(request_rec *r, const mod_sso_login_t *login)
{
    sso_err_t err = SSO_ERR_INIT;
    const mod_sso_opened_t *opened = mod_sso_session_open(r, login->provider);
    sso_err_set(&err, SSO_E_DENIED, "login-loop", "%s (session: %s)", loop_cause(opened),
                opened->session ? "too weak" : opened->why);
    mod_sso_log_refusal(r, APLOG_ERR, "SSO203", "a login loop was stopped", &err);
    mod_sso_login_mark_depth(r, login->provider, -1);
    if (silent_end(r, login))
        return mod_sso_resp_redirect(r, silent_end(r, login));
    return mod_sso_resp_page(r, HTTP_FORBIDDEN, MOD_SSO_PAGE_LOOP_STOPPED, login->return_path, -1);
}

/* --- the browser secret --- */

static int is_login_cookie(const mod_sso_site_t *site, const sso_cookie_iter_t *it, unsigned char id[16])
{
    apr_size_t prefix = strlen(site->login_cookie), len;
    return it->name_len == prefix + SSO_B64_ENCODED_LEN(SSO_LOGIN_ID_LEN) &&
           !memcmp(it->name, site->login_cookie, prefix) &&
           sso_b64url_decode(id, &len, it->name + prefix, it->name_len - prefix, NULL) == SSO_OK;
}

sso_rc_t mod_sso_login_browser(request_rec *r, const mod_sso_site_t *site, const unsigned char id[SSO_LOGIN_ID_LEN],
                               sso_browser_t *ret_browser, sso_err_t *err)
{
    sso_env_t env = mod_sso_req_env(r);
    sso_sealer_t *sealer;
    unsigned char found[16];
    int others = 0;
    sso_cookie_iter_t it;
    SSO_TRY(mod_sso_thread_sealer(site, &sealer, err));
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        if (!is_login_cookie(site, &it, found))
            continue;
        if (memcmp(found, id, SSO_LOGIN_ID_LEN) != 0) {
            others++;
            continue;
        }
        /* Of several with its name (a tossed one must not lock the real one out) the first that opens. */
        sso_err_clear(err);
        if (sso_browser_open(sealer, &env, site->login_context, site->login_context_len, id, it.value, it.value_len,
                             ret_browser, err) == SSO_OK)
            return SSO_OK;
    }
    if (err != NULL && err->rc != SSO_OK)
        return err->rc;
    return sso_err_set(err, SSO_E_ABSENT, others ? "login-cookie-other" : "login-cookie-absent",
                       "the browser sent %d login cookies, none of them of this login", others);
}

void mod_sso_login_end_pending(request_rec *r, const mod_sso_site_t *site)
{
    sso_cookie_attrs_t gone = {NULL, "/", 0, site->secure, 0, SSO_SAMESITE_LAX};
    sso_env_t env = mod_sso_req_env(r);
    unsigned char id[16] = {0};
    sso_sealer_t *sealer;
    sso_browser_t browser;
    sso_cookie_iter_t it;
    int room = mod_sso_thread_sealer(site, &sealer, NULL) == SSO_OK ? ENDED_MAX : 0;
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        if (!is_login_cookie(site, &it, id))
            continue;
        /* Only what we made ourselves: made-up names would fill the table for everybody. */
        if (room > 0 && sso_browser_open(sealer, &env, site->login_context, site->login_context_len, id, it.value,
                                         it.value_len, &browser, NULL) == SSO_OK) {
            mod_sso_revoke_request(r, MOD_SSO_REVOKED_LOGIN, id,
                                   r->request_time + apr_time_from_sec(SSO_STATE_LIFETIME));
            room--;
        }
        mod_sso_resp_cookie(r, apr_pstrmemdup(r->pool, it.name, it.name_len), "", &gone);
    }
}

static sso_cookie_attrs_t login_attrs(const mod_sso_provider_t *p)
{
    sso_cookie_attrs_t attrs = {NULL, "/", SSO_STATE_LIFETIME, p->site->secure, 0, SSO_SAMESITE_LAX};
    /* A cross-site POST carries no Lax cookies (form_post). */
    if (sso_authreq_is_posted(&p->client) && p->site->secure)
        attrs.samesite = SSO_SAMESITE_NONE;
    return attrs;
}

/* Takes the youngest secret this browser has, or a new one; removes what is more than LOGIN_COOKIES_MAX. */
static sso_rc_t take_browser(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, const sso_env_t *env,
                             sso_browser_t *ret_browser, sso_err_t *err)
{
    const mod_sso_site_t *site = p->site;
    sso_cookie_attrs_t attrs = login_attrs(p), gone = attrs;
    sso_cookie_iter_t it;
    int kept = 0, have = 0;
    unsigned char id[16];
    char *text;
    gone.max_age = 0;
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        sso_browser_t browser;
        if (!is_login_cookie(site, &it, id))
            continue;
        if (kept >= LOGIN_COOKIES_MAX - 1 ||
            sso_browser_open(sealer, env, site->login_context, site->login_context_len, id, it.value, it.value_len,
                             &browser, NULL) != SSO_OK) {
            mod_sso_resp_cookie(r, apr_pstrmemdup(r->pool, it.name, it.name_len), "", &gone);
            continue;
        }
        kept++;
        if (!have || browser.since > ret_browser->since)
            *ret_browser = browser;
        have = 1;
    }
    if (!have)
        SSO_TRY(sso_browser_create(env, ret_browser, err));
    /* Sealed anew each time: its fifteen minutes begin with the last login that uses it. */
    SSO_TRY(sso_browser_seal(sealer, env, site->login_context, site->login_context_len, ret_browser, &text, err));
    mod_sso_resp_cookie(
        r,
        apr_pstrcat(r->pool, site->login_cookie, sso_b64url_string(r->pool, ret_browser->id, SSO_LOGIN_ID_LEN), NULL),
        text, &attrs);
    return SSO_OK;
}

/* --- long return paths --- */

static const char *return_cookie_name(apr_pool_t *pool, const mod_sso_site_t *site, const sso_flow_t *flow)
{
    return apr_pstrcat(pool, site->return_cookie, sso_b64url_string(pool, flow->flow_id, 8), NULL);
}

/* The bytes that this answer's cookies will add to the browser's Cookie header. */
static int add_set_cookie(void *baton, const char *key, const char *line)
{
    apr_size_t *bytes = baton;
    (void)key;
    if (!strstr(line, "; Max-Age=0;"))
        *bytes += strcspn(line, ";") + 2;
    return 1;
}

int mod_sso_login_make_room(request_rec *r, const mod_sso_site_t *site, apr_size_t need)
{
    const char *header = mod_sso_req_cookies(r);
    apr_size_t limit = r->server->limit_req_fieldsize > 0 ? (apr_size_t)r->server->limit_req_fieldsize
                                                          : DEFAULT_LIMIT_REQUEST_FIELDSIZE;
    apr_size_t prefix = strlen(site->return_cookie);
    sso_cookie_attrs_t gone = {NULL, "/", 0, site->secure, 0, SSO_SAMESITE_LAX};
    sso_cookie_iter_t it;
    need += COOKIE_RESERVE + (header ? strlen(header) : 0);
    apr_table_do(add_set_cookie, &need, r->err_headers_out, "Set-Cookie", NULL);
    sso_cookie_begin(&it, header); /* browsers send the oldest first (RFC 6265 5.4) */
    while (need > limit && sso_cookie_next_own(&it)) {
        if (it.name_len < prefix || memcmp(it.name, site->return_cookie, prefix))
            continue;
        need -= it.name_len + it.value_len + 1;
        mod_sso_resp_cookie(r, apr_pstrmemdup(r->pool, it.name, it.name_len), "", &gone);
    }
    return need <= limit;
}

static sso_rc_t keep_long_return(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer,
                                 const sso_env_t *env, const sso_flow_t *flow, const char *path, sso_err_t *err)
{
    sso_cookie_attrs_t attrs = login_attrs(p);
    char *text;
    SSO_TRY(sso_seal(sealer, env, SSO_SEAL_RETURN, p->site->login_context, p->site->login_context_len, path,
                     strlen(path), &text, err));
    mod_sso_resp_cookie(r, return_cookie_name(r->pool, p->site, flow), text, &attrs);
    return SSO_OK;
}

const char *mod_sso_login_long_return(request_rec *r, const mod_sso_site_t *site, const sso_flow_t *flow)
{
    const char *name = return_cookie_name(r->pool, site, flow);
    apr_size_t plain_len;
    sso_cookie_attrs_t gone = {NULL, "/", 0, site->secure, 0, SSO_SAMESITE_LAX};
    unsigned char *plain;
    sso_sealer_t *sealer;
    sso_cookie_iter_t it;
    if (mod_sso_thread_sealer(site, &sealer, NULL) != SSO_OK)
        return NULL;
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        if (sso_cookie_is(&it, name) &&
            sso_seal_open(sealer, r->pool, r->request_time, SSO_SEAL_RETURN, site->login_context,
                          site->login_context_len, it.value, it.value_len, &plain, &plain_len, NULL, NULL) == SSO_OK) {
            mod_sso_resp_cookie(r, name, "", &gone);
            return (const char *)plain;
        }
    }
    return NULL;
}

/* --- the authorization request --- */

static sso_rc_t add_params(request_rec *r, const apr_array_header_t *params, apr_array_header_t *extra, sso_err_t *err)
{
    for (int i = 0; params && i < params->nelts; i++) {
        const mod_sso_auth_param_t *param = &APR_ARRAY_IDX(params, i, mod_sso_auth_param_t);
        const char *why = NULL, *value = ap_expr_str_exec(r, param->value, &why);
        if (!value || why)
            return sso_err_set(err, SSO_E_CONFIG, "auth-param", "SSOAuthParam %s: %s", param->name,
                               why ? why : "no value");
        if (!*value)
            continue; /* an expression that comes out empty asks for nothing */
        sso_param_t *pair = NULL;
        for (int k = 0; k < extra->nelts && !pair; k++)
            if (!strcmp(APR_ARRAY_IDX(extra, k, sso_param_t).name, param->name))
                pair = &APR_ARRAY_IDX(extra, k, sso_param_t); /* the location's wins over the provider's */
        if (!pair)
            pair = &APR_ARRAY_PUSH(extra, sso_param_t);
        pair->name = param->name;
        pair->value = value;
    }
    return SSO_OK;
}

/* RFC 9126: pushed where the operator names the endpoint, or the provider takes nothing else. */
static int is_pushed(const mod_sso_provider_t *p, const sso_provider_t *provider)
{
    return provider->par_required || (p->conf->par_endpoint && provider->par_endpoint);
}

static sso_rc_t push(request_rec *r, const mod_sso_provider_t *p, const sso_provider_t *provider,
                     const sso_authreq_t *request, char **ret_url, sso_err_t *err)
{
    const sso_env_t env = mod_sso_req_env(r);
    sso_token_request_t form = {NULL, NULL};
    mod_sso_fetched_t got;
    SSO_TRY(sso_authreq_push(&env, provider, &p->client, request, &form, err));
    const mod_sso_fetch_t call = {.url = provider->par_endpoint,
                                  .body = form.body,
                                  .authorization = form.authorization,
                                  .max = SSO_AUTHREQ_ANSWER_MAX};
    SSO_TRY(mod_sso_fetch(r->pool, p, &call, &got, err));
    const sso_authreq_answer_t answer = {got.status, got.content_type, got.bytes, got.len};
    return sso_authreq_pushed_url(r->pool, provider, &p->client, &answer, ret_url, err);
}

static sso_rc_t make_request(request_rec *r, const mod_sso_login_t *login, const mod_sso_meta_t *meta,
                             const char *redirect_uri, char **ret_url, sso_err_t *err)
{
    const mod_sso_provider_t *p = login->provider;
    sso_env_t env = mod_sso_req_env(r);
    sso_sealer_t *sealer;
    sso_browser_t browser;
    sso_flow_secrets_t secrets;
    const char *return_path = login->return_path;
    char *state;

    SSO_TRY(mod_sso_thread_sealer(p->site, &sealer, err));
    SSO_TRY(take_browser(r, p, sealer, &env, &browser, err));
    if (strlen(return_path) > RETURN_COOKIE_MAX)
        return_path = "/";
    const char *acr = login->demand.acrs ? APR_ARRAY_IDX(login->demand.acrs, 0, const char *) : "";
    int is_long = strlen(return_path) > SSO_STATE_RETURN_MAX ||
                  strlen(return_path) + strlen(p->name) + strlen(acr) > SSO_STATE_STRINGS_MAX;
    sso_flow_t flow = {.provider = p->name,
                       .return_path = is_long ? "" : return_path,
                       .started = env.now,
                       .depth = login->depth,
                       .max_age = login->demand.max_age,
                       .acr = acr};
    flow.flags = (is_long ? SSO_FLOW_LONG_RETURN : 0u) | (login->prompt_none ? SSO_FLOW_PROMPT_NONE : 0u) |
                 (sso_authreq_is_posted(&p->client) ? SSO_FLOW_POSTED : 0u) |
                 (login->demand.max_age >= 0 ? SSO_FLOW_MAX_AGE : 0u) | (login->step_up ? SSO_FLOW_STEP_UP : 0u);
    memcpy(flow.browser_id, browser.id, sizeof(flow.browser_id));
    SSO_TRY(sso_state_seal(sealer, &env, p->site->login_context, p->site->login_context_len, &flow, &state, err));
    apr_size_t need = strlen(p->site->return_cookie) + SSO_SEAL_TEXT_LEN(strlen(return_path)) + 32;
    if (is_long && mod_sso_login_make_room(r, p->site, need))
        SSO_TRY(keep_long_return(r, p, sealer, &env, &flow, return_path, err));
    SSO_TRY(sso_state_secrets(p->site->ring, &flow, &browser, &secrets, err));

    apr_array_header_t *extra = apr_array_make(r->pool, 4, sizeof(sso_param_t));
    SSO_TRY(add_params(r, p->auth_params, extra, err));
    SSO_TRY(add_params(r, login->dir ? login->dir->auth_params : NULL, extra, err));
    sso_authreq_t request = {.redirect_uri = redirect_uri,
                             .state = state,
                             .secrets = &secrets,
                             .prompt = login->prompt_none ? "none" : mod_sso_trail_prompt(r, p),
                             .max_age = login->demand.max_age,
                             .acr_values =
                                 login->demand.acrs ? apr_array_pstrcat(r->pool, login->demand.acrs, ' ') : NULL,
                             .extra = extra};
    return is_pushed(p, meta->provider)
               ? push(r, p, meta->provider, &request, ret_url, err)
               : sso_authreq_url(r->pool, meta->provider, &p->client, &request, ret_url, err);
}

int mod_sso_login_start(request_rec *r, const mod_sso_login_t *login)
{
    mod_sso_login_t begun = *login;
    const mod_sso_meta_t *meta;
    const char *redirect_uri;
    sso_err_t err = SSO_ERR_INIT;
    char *url;

    if (mod_sso_req_is_nested(r))
        return HTTP_UNAUTHORIZED;
    if (begun.depth < 0)
        begun.depth = first_depth(r, login);
    if (begun.depth >= LOOP_DEPTH)
        return stop_loop(r, login);
    if (mod_sso_req_redirect_uri(r, login->provider, &redirect_uri, &err) != SSO_OK) {
        if (silent_end(r, login))
            return mod_sso_trail_end_silent(r, silent_end(r, login), &err);
        mod_sso_log_refusal(r, APLOG_ERR, "SSO201", "a login cannot start", &err);
        return mod_sso_resp_page(r, strcmp(err.reason, "host-unknown") ? HTTP_FORBIDDEN : HTTP_MISDIRECTED_REQUEST,
                                 MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
    }
    if (mod_sso_meta_get(r->pool, login->provider, &meta, &err) != SSO_OK ||
        make_request(r, &begun, meta, redirect_uri, &url, &err) != SSO_OK) {
        if (silent_end(r, login))
            return mod_sso_trail_end_silent(r, silent_end(r, login), &err);
        mod_sso_status_count(login->provider, MOD_SSO_COUNT_REFUSED);
        return mod_sso_login_refuse(r, "SSO201", "a login cannot start", &err, login->return_path);
    }
    mod_sso_status_count(login->provider, MOD_SSO_COUNT_STARTED);
    return mod_sso_resp_redirect(r, url);
}

/* --- the endpoint --- */

static int bad_request(request_rec *r, const sso_err_t *err)
{
    mod_sso_log_refusal(r, APLOG_WARNING, "SSO202", "a login link is refused", err);
    return mod_sso_resp_page(r, HTTP_BAD_REQUEST, MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
}

static sso_rc_t read_params(request_rec *r, apr_array_header_t **ret_params, sso_err_t *err)
{
    const char *text = r->args ? r->args : "";
    apr_size_t len = strlen(text);
    if (r->method_number == M_POST)
        SSO_TRY(mod_sso_req_body(r, BODY_MAX, &text, &len, err));
    return sso_url_parse_form(r->pool, text, len, ret_params, err);
}

/* provider=NAME, or iss= of third-party initiated login (OIDC Core 4): only a configured issuer, none is ever asked. */
static sso_rc_t choose_provider(const mod_sso_site_t *site, const char *name, const char *iss,
                                const mod_sso_provider_t **ret_provider, sso_err_t *err)
{
    if (!name && !iss) {
        *ret_provider = site->default_provider ? site->default_provider : site->providers[0];
        return SSO_OK;
    }
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *p = site->providers[i];
        if ((!name || !strcmp(name, p->name)) && (!iss || (p->settings.issuer && !strcmp(iss, p->settings.issuer)))) {
            *ret_provider = p;
            return SSO_OK;
        }
    }
    return sso_err_set(err, SSO_E_ABSENT, "provider-unknown",
                       "no provider of this site is meant by provider '%s' iss '%s'", name ? name : "", iss ? iss : "");
}

static sso_rc_t read_login(request_rec *r, mod_sso_login_t *login, sso_err_t *err)
{
    apr_array_header_t *params;
    const char *target, *target_link, *name, *iss;
    SSO_TRY(read_params(r, &params, err));
    SSO_TRY(sso_url_param(params, "return", &target, err));
    SSO_TRY(sso_url_param(params, "target_link_uri", &target_link, err));
    SSO_TRY(sso_url_param(params, "provider", &name, err));
    SSO_TRY(sso_url_param(params, "iss", &iss, err));
    SSO_TRY(choose_provider(mod_sso_site_of(r), name, iss, &login->provider, err));
    if (!target)
        target = target_link ? target_link : "/";
    return mod_sso_req_check_return(r, login->provider, target, &login->return_path, err);
}

int mod_sso_login_endpoint(request_rec *r)
{
    mod_sso_login_t login = {.depth = -1, .demand = {.max_age = -1, .acrs = NULL}};
    sso_err_t err = SSO_ERR_INIT;
    if (read_login(r, &login, &err) != SSO_OK)
        return bad_request(r, &err);
    login.demand = login.provider->demand;
    const sso_session_t *session = mod_sso_session_open(r, login.provider)->session;
    login.step_up = session != NULL;
    if (session && sso_session_satisfies(session, &login.demand, r->request_time, login.provider->client.clock_skew)) {
        mod_sso_trail_arrive(r, login.provider, 1);
        return mod_sso_resp_redirect(r, login.return_path); /* signed in already */
    }
    return mod_sso_login_start(r, &login);
}

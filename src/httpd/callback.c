/* SPDX-License-Identifier: Apache-2.0 */
/* The callback: from an authorization response to a session (DESIGN §5, OIDC Core 3.1.2.5-3.1.3.8, 3.3).
 *
 *   parameters ─ state opens? ──no──────────────> 400
 *                    │yes
 *        session younger than the flow? ──yes──> return path, the code is not spent
 *                    │no
 *         state or login cookie too old ──first time──> start once more; not of this browser ──> page
 *                    │fine
 *   response checked > [front-channel ID Token] > code redeemed > ID Token > userinfo > claims > session > return path
 *
 * Each step is one function of the table below; the first that fails is answered once and nothing of it stays.
 */
#include "httpd/endpoint.h"

#include <apr_strings.h>

#include "base/text.h"
#include "base/url.h"
#include "httpd/fetch.h"
#include "httpd/identity.h"
#include "httpd/log.h"
#include "httpd/login.h"
#include "httpd/meta.h"
#include "httpd/resp.h"
#include "httpd/revoke.h"
#include "httpd/session_io.h"
#include "httpd/status.h"
#include "httpd/thread.h"
#include "httpd/trail.h"
#include "oidc/authresp.h"
#include "oidc/claims.h"
#include "oidc/idtoken.h"
#include "oidc/logout.h"
#include "oidc/token.h"
#include "oidc/userinfo.h"

typedef struct callback_t {
    request_rec *r;
    const mod_sso_site_t *site;
    const mod_sso_provider_t *p;
    sso_env_t env;
    sso_authresp_t response;
    sso_flow_t flow;
    sso_browser_t browser;
    sso_flow_secrets_t secrets;
    const char *redirect_uri;
    const char *return_path;
    const mod_sso_meta_t *meta;
    sso_tokens_t tokens;
    sso_idtoken_t id_token;
    const char *id_token_text;
    const sso_json_t *userinfo;
    sso_session_t session;
} callback_t;

/* --- before the flow is known --- */

static sso_rc_t read_response(callback_t *cb, sso_err_t *err)
{
    request_rec *r = cb->r;
    const char *text = r->args ? r->args : "";
    apr_size_t len = strlen(text);
    int posted = r->method_number == M_POST;
    if (posted)
        SSO_TRY(mod_sso_req_body(r, SSO_AUTHRESP_BYTES_MAX, &text, &len, err));
    return sso_authresp_parse(r->pool, text, len, posted, &cb->response, err);
}

/* The state names the provider; it must be one whose callback this is (mix-up, RFC 9700 4.4). */
static sso_rc_t open_flow(callback_t *cb, sso_err_t *err)
{
    sso_sealer_t *sealer;
    SSO_TRY(mod_sso_thread_sealer(cb->site, &sealer, err));
    sso_rc_t rc = sso_state_open(sealer, &cb->env, cb->site->login_context, cb->site->login_context_len,
                                 cb->response.state, &cb->flow, err);
    if (rc != SSO_OK && rc != SSO_E_EXPIRED)
        return rc;
    const mod_sso_provider_t *p = cb->flow.provider ? mod_sso_site_provider(cb->site, cb->flow.provider) : NULL;
    if (!p || strcmp(p->redirect_path, mod_sso_req(cb->r)->callback->redirect_path))
        return sso_err_set(err, SSO_E_MISMATCH, "state-provider", "the state belongs to another provider's callback");
    cb->p = p;
    return rc;
}

static int is_answered_by_session(const callback_t *cb)
{
    const sso_session_t *session = mod_sso_session_open(cb->r, cb->p)->session;
    sso_auth_demand_t demand = {(cb->flow.flags & SSO_FLOW_MAX_AGE) ? cb->flow.max_age : -1, NULL};
    if (!session || session->created < cb->flow.started)
        return 0;
    /* The state has room for the first of the classes that were asked for. */
    if (*cb->flow.acr && strcmp(cb->flow.acr, session->acr) &&
        !(cb->p->demand.acrs && sso_text_in(cb->p->demand.acrs, session->acr)))
        return 0;
    return sso_session_satisfies(session, &demand, cb->env.now, cb->p->client.clock_skew);
}

/* --- the steps --- */

static sso_rc_t get_provider(callback_t *cb, sso_err_t *err)
{
    return mod_sso_meta_get_keys(cb->r->pool, cb->p, &cb->meta, err);
}

static sso_rc_t check_response(callback_t *cb, sso_err_t *err)
{
    return sso_authresp_check(&cb->response, cb->meta->provider, &cb->p->client, &cb->flow, err);
}

static sso_rc_t derive_secrets(callback_t *cb, sso_err_t *err)
{
    SSO_TRY(sso_state_secrets(cb->site->ring, &cb->flow, &cb->browser, &cb->secrets, err));
    return mod_sso_req_redirect_uri(cb->r, cb->p, &cb->redirect_uri, err);
}

static sso_rc_t verify_id_token(callback_t *cb, const char *text, sso_idtoken_expect_t *expect, sso_err_t *err)
{
    sso_auth_demand_t demand = cb->p->demand;
    sso_err_t first = SSO_ERR_INIT;
    if (cb->flow.flags & SSO_FLOW_MAX_AGE)
        demand.max_age = cb->flow.max_age;
    cb->env.now = apr_time_now(); /* the token was made while we waited for it */
    expect->provider = cb->meta->provider;
    expect->client = &cb->p->client;
    expect->keys = cb->meta->keys;
    expect->demand = &demand;
    sso_rc_t rc = sso_idtoken_verify(&cb->env, text, expect, &cb->id_token, &first);
    if (rc != SSO_OK && mod_sso_meta_has_newer_keys(cb->r->pool, cb->p, !expect->front_channel, &cb->meta, &first)) {
        expect->provider = cb->meta->provider;
        expect->keys = cb->meta->keys;
        rc = sso_idtoken_verify(&cb->env, text, expect, &cb->id_token, &first);
    }
    if (rc != SSO_OK && err)
        *err = first;
    else
        cb->id_token_text = text;
    return rc;
}

/* The ID Token that came through the browser (id_token, code id_token): 3.2.2.11, 3.3.2.11. */
static sso_rc_t check_front_channel(callback_t *cb, sso_err_t *err)
{
    if (cb->p->client.response_type == SSO_RESPONSE_CODE)
        return SSO_OK;
    sso_idtoken_expect_t expect = {.nonce = cb->secrets.nonce,
                                   .code = cb->response.code,
                                   .access_token = cb->tokens.access_token,
                                   .front_channel = 1};
    return verify_id_token(cb, cb->response.id_token, &expect, err);
}

static sso_rc_t redeem_code(callback_t *cb, sso_err_t *err)
{
    const sso_provider_t *provider = cb->meta->provider;
    sso_token_request_t request;
    mod_sso_fetched_t answer;
    if (cb->p->client.response_type == SSO_RESPONSE_ID_TOKEN)
        return SSO_OK;
    SSO_TRY(sso_token_code_request(&cb->env, provider, &cb->p->client, cb->response.code, cb->redirect_uri,
                                   cb->secrets.verifier, &request, err));
    mod_sso_fetch_t fetch = {.url = provider->token_endpoint,
                             .body = request.body,
                             .authorization = request.authorization,
                             .max = SSO_TOKEN_RESPONSE_MAX};
    SSO_TRY(mod_sso_fetch(cb->r->pool, cb->p, &fetch, &answer, err));
    sso_rc_t rc = sso_token_parse(cb->r->pool, answer.status, answer.content_type, answer.bytes, answer.len, 1,
                                  &cb->tokens, err);
    const char *const secrets[] = {cb->response.code, cb->secrets.verifier, cb->p->client.client_secret};
    for (apr_size_t i = 0; rc != SSO_OK && i < sizeof(secrets) / sizeof(secrets[0]); i++)
        sso_err_hide(err, secrets[i]);
    return rc;
}

static sso_rc_t check_id_token(callback_t *cb, sso_err_t *err)
{
    if (cb->p->client.response_type == SSO_RESPONSE_ID_TOKEN)
        return SSO_OK;
    /* Once more, now that we have the only access token that an at_hash of the first one can speak of (3.3.2.11). */
    SSO_TRY(check_front_channel(cb, err));
    sso_idtoken_expect_t expect = {.nonce = cb->secrets.nonce,
                                   .access_token = cb->tokens.access_token,
                                   .sub = cb->id_token.sub /* hybrid: both tokens, one subject (3.3.3.6) */};
    return verify_id_token(cb, cb->tokens.id_token, &expect, err);
}

static sso_rc_t parse_userinfo(callback_t *cb, const mod_sso_fetched_t *answer, sso_err_t *err)
{
    return sso_userinfo_parse(&cb->env, answer->status, answer->content_type, answer->bytes, answer->len,
                              cb->id_token.sub, cb->meta->provider, &cb->p->client, cb->meta->keys, &cb->userinfo,
                              err);
}

static sso_rc_t fetch_userinfo(callback_t *cb, sso_err_t *err)
{
    sso_err_t first = SSO_ERR_INIT;
    const sso_provider_t *provider = cb->meta->provider;
    mod_sso_fetched_t answer;
    if (!provider->userinfo_endpoint || !cb->tokens.access_token)
        return SSO_OK;
    mod_sso_fetch_t fetch = {.url = provider->userinfo_endpoint,
                             .authorization = apr_pstrcat(cb->r->pool, "Bearer ", cb->tokens.access_token, NULL),
                             .accept = "application/json, application/jwt",
                             .max = SSO_USERINFO_MAX};
    SSO_TRY(mod_sso_fetch(cb->r->pool, cb->p, &fetch, &answer, err));
    sso_rc_t rc = parse_userinfo(cb, &answer, &first);
    /* A signed answer may be of another key than the ID Token, and as new (OIDC Core 10.1.1). */
    if (rc != SSO_OK && mod_sso_meta_has_newer_keys(cb->r->pool, cb->p, 1, &cb->meta, &first))
        rc = parse_userinfo(cb, &answer, &first);
    if (rc != SSO_OK)
        *err = first;
    return rc;
}

/* Claims whose header name another claim has already (oidc/claims.h) are not kept; the operator should know. */
static void note_dropped(callback_t *cb, const sso_claims_t *claims)
{
    sso_err_t err = SSO_ERR_INIT;
    if (!claims->dropped)
        return;
    sso_err_set(&err, SSO_E_LIMIT, "claims-dropped", "%d, the first is '%s'", claims->dropped, claims->first_dropped);
    mod_sso_log_refusal(cb->r, APLOG_INFO, "SSO219",
                        "claims are left out that look like others, or have too long names", &err);
}

/* What locations of this site pass on, and what renews it. token_expires is that of the one which expires first. */
static void keep_tokens(callback_t *cb)
{
    sso_session_t *session = &cb->session;
    unsigned keep = cb->p->keep_tokens;
    if (keep & (1u << SSO_TOKEN_ACCESS)) {
        session->tokens[SSO_TOKEN_ACCESS] = cb->tokens.access_token;
        if (cb->tokens.expires_in > 0)
            session->token_expires = session->created + apr_time_from_sec(cb->tokens.expires_in);
    }
    if (keep & (1u << SSO_TOKEN_ID)) {
        session->tokens[SSO_TOKEN_ID] = cb->id_token_text;
        if (!session->token_expires || cb->id_token.exp < session->token_expires)
            session->token_expires = cb->id_token.exp;
    }
    if (cb->p->refresh && session->token_expires && cb->tokens.refresh_token) {
        session->tokens[SSO_TOKEN_REFRESH] = cb->tokens.refresh_token;
        session->tokens[SSO_TOKEN_NONCE] = cb->secrets.nonce;
    }
}

static sso_rc_t make_session(callback_t *cb, sso_err_t *err)
{
    sso_session_t *session = &cb->session;
    const sso_client_t *client = &cb->p->client;
    const char *issuer = cb->meta->provider->issuer, *why = "user-absent";
    const sso_claims_t *claims;

    SSO_TRY(sso_claims_flatten(cb->r->pool, cb->id_token.claims, cb->userinfo, cb->site->session_claims, &claims, err));
    note_dropped(cb, claims);
    if (client->groups_delimiter)
        SSO_TRY(sso_claims_split(cb->r->pool, claims, "groups", client->groups_delimiter, &claims, err));
    SSO_TRY(sso_env_random(&cb->env, session->id, sizeof(session->id), err));
    SSO_TRY(sso_logout_key(issuer, client->client_id, "sub", cb->id_token.sub, session->key_sub, err));
    const char *sid = cb->id_token.sid;
    SSO_TRY(sso_logout_key(issuer, client->client_id, sid ? "sid" : SSO_LOGOUT_NO_SID, sid ? sid : cb->id_token.sub,
                           session->key_sid, err));
    session->created = apr_time_now();
    session->expires = session->created + apr_time_from_sec(cb->site->max);
    session->auth_time = cb->id_token.auth_time;
    session->provider = cb->p->name;
    session->sub = cb->id_token.sub;
    session->acr = cb->id_token.acr ? cb->id_token.acr : "";
    session->sid = cb->id_token.sid ? cb->id_token.sid : "";
    session->claims = *claims;
    keep_tokens(cb);
    if (!mod_sso_identity_user(cb->r->pool, session, cb->p->remote_user, &why))
        return sso_err_set(err, SSO_E_DENIED, why, "the login has no usable value for SSORemoteUser %s",
                           cb->p->remote_user->claim);
    return SSO_OK;
}

/* A logout that happened while this login waited for the provider has the last word. */
static sso_rc_t save_session(callback_t *cb, sso_err_t *err)
{
    unsigned char key[16] = {0};
    memcpy(key, cb->flow.browser_id, sizeof(cb->flow.browser_id));
    if (mod_sso_revoke_has(MOD_SSO_REVOKED_LOGIN, key, cb->flow.started, apr_time_now()))
        return sso_err_set(err, SSO_E_DENIED, "login-ended", "the browser signed out while this login was under way");
    return mod_sso_session_save(cb->r, cb->p, &cb->session, cb->id_token_text, err);
}

static const struct {
    sso_rc_t (*run)(callback_t *cb, sso_err_t *err);
    const char *id, *what;
    int browser_fault; /* a bad request rather than a bad provider: 400 */
} steps[] = {
    {get_provider, "SSO218", "the provider is not usable", 0},
    {check_response, "SSO205", "the provider's answer is refused", 1},
    {derive_secrets, "SSO205", "the provider's answer is refused", 0},
    {check_front_channel, "SSO207", "the ID Token is refused", 0},
    {redeem_code, "SSO206", "the code could not be redeemed", 0},
    {check_id_token, "SSO207", "the ID Token is refused", 0},
    {fetch_userinfo, "SSO208", "userinfo is refused", 0},
    {make_session, "SSO209", "no session can be made of this login", 0},
    {save_session, "SSO209", "no session can be made of this login", 0},
};

/* --- answers --- */

static int answer_bad_callback(callback_t *cb, const sso_err_t *err)
{
    mod_sso_log_refusal(cb->r, APLOG_WARNING, "SSO204", "a callback is refused", err);
    return mod_sso_resp_page(cb->r, HTTP_BAD_REQUEST, MOD_SSO_PAGE_LOGIN_FAILED, cb->return_path, -1);
}

/* A login that was to show nothing (prompt=none) ends where the interface's own sign-in begins; NULL for others. */
static const char *silent_end(const callback_t *cb)
{
    return cb->flow.flags & SSO_FLOW_PROMPT_NONE ? sso_bridge_sign_in_page(cb->r->pool, cb->return_path) : NULL;
}

static int answer_failure(callback_t *cb, const char *id, const char *what, int browser_fault, const sso_err_t *err)
{
    /* What was set for a session that is not to be: a refused login leaves no cookie of its own. */
    apr_table_unset(cb->r->err_headers_out, "Set-Cookie");
    if (silent_end(cb))
        return mod_sso_trail_end_silent(cb->r, silent_end(cb), err);
    mod_sso_status_count(cb->p, MOD_SSO_COUNT_REFUSED);
    if (err->rc == SSO_E_DENIED && !strcmp(err->reason, "provider-access-denied")) {
        mod_sso_log_refusal(cb->r, APLOG_INFO, id, what, err);
        return mod_sso_resp_page(cb->r, HTTP_FORBIDDEN, MOD_SSO_PAGE_LOGIN_FAILED, cb->return_path, -1);
    }
    if (browser_fault && err->rc != SSO_E_DENIED)
        return answer_bad_callback(cb, err);
    return mod_sso_login_refuse(cb->r, id, what, err, cb->return_path);
}

static int start_once_more(callback_t *cb)
{
    mod_sso_login_t login = {.provider = cb->p,
                             .return_path = cb->return_path,
                             .depth = cb->flow.depth + 1,
                             .prompt_none = (cb->flow.flags & SSO_FLOW_PROMPT_NONE) != 0,
                             .demand = {(cb->flow.flags & SSO_FLOW_MAX_AGE) ? cb->flow.max_age : -1, NULL}};
    return mod_sso_login_start(cb->r, &login);
}

/* Who was too slow gets one fresh start: the provider usually answers at once. Where the login cookie is not there, or
 * not the one of this login, somebody else may have begun it and lured this browser here (login CSRF, RFC 9700 4.7): a
 * page, and the person decides. */
static int answer_lost_login(callback_t *cb, const sso_err_t *err)
{
    mod_sso_page_t page =
        strcmp(err->reason, "login-cookie-absent") ? MOD_SSO_PAGE_LOGIN_FAILED : MOD_SSO_PAGE_COOKIES_BLOCKED;
    if (err->rc == SSO_E_EXPIRED && cb->flow.depth == 0) {
        mod_sso_log_refusal(cb->r, APLOG_INFO, "SSO213", "a login is started once more", err);
        return start_once_more(cb);
    }
    if (silent_end(cb))
        return mod_sso_trail_end_silent(cb->r, silent_end(cb), err);
    mod_sso_status_count(cb->p, MOD_SSO_COUNT_REFUSED);
    mod_sso_log_refusal(cb->r, APLOG_WARNING, "SSO204", "a callback is refused", err);
    return mod_sso_resp_page(cb->r, HTTP_BAD_REQUEST, page, cb->return_path, -1);
}

int mod_sso_callback_endpoint(request_rec *r)
{
    callback_t cb = {.r = r, .site = mod_sso_site_of(r), .return_path = "/", .env = mod_sso_req_env(r)};
    sso_err_t err = SSO_ERR_INIT;
    sso_rc_t rc = read_response(&cb, &err);
    if (rc == SSO_OK)
        rc = open_flow(&cb, &err);
    if (rc != SSO_OK && !cb.p)
        return answer_bad_callback(&cb, &err);
    const char *kept = (cb.flow.flags & SSO_FLOW_LONG_RETURN) ? mod_sso_login_long_return(r, cb.site, &cb.flow)
                                                              : cb.flow.return_path;
    if (kept)
        cb.return_path = kept;
    if (is_answered_by_session(&cb)) {
        mod_sso_trail_arrive(r, cb.p, 1);
        return mod_sso_resp_redirect(r, cb.return_path);
    }
    if (rc == SSO_OK)
        rc = mod_sso_login_browser(r, cb.site, cb.flow.browser_id, &cb.browser, &err);
    if (rc != SSO_OK)
        return answer_lost_login(&cb, &err);
    for (apr_size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i].run(&cb, &err) != SSO_OK)
            return answer_failure(&cb, steps[i].id, steps[i].what, steps[i].browser_fault, &err);
    mod_sso_status_count(cb.p, MOD_SSO_COUNT_DONE);
    mod_sso_login_mark_depth(r, cb.p, cb.flow.depth + 1);
    mod_sso_trail_arrive(r, cb.p, (cb.flow.flags & SSO_FLOW_PROMPT_NONE) != 0);
    (void)mod_sso_login_make_room(r, cb.site, 0); /* the session goes before the return paths of other tabs */
    return mod_sso_resp_redirect(r, cb.return_path);
}

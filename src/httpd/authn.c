/* SPDX-License-Identifier: Apache-2.0 */
/* Session to user, or the unauthenticated action.
 *
 * mod_authz_core asks Require twice: without a user in access_checker_ex, with one in auth_checker. We open the session
 * before the first, so that optional identity and `Require not sso-claim` under `Require all granted` see it. A denial
 * of the first that only came about because nobody could be signed in yet (Require expr with our functions) is
 * deferred: OK here, OK from force_authn, and check_authn does its work. */
#include "httpd/authn.h"

#include "httpd/bearer.h"
#include "httpd/bridge.h"
#include "httpd/cors.h"
#include "httpd/identity.h"
#include "httpd/log.h"
#include "httpd/login.h"
#include "httpd/refresh.h"
#include "httpd/resp.h"
#include "httpd/session_io.h"
#include "oidc/session.h"

static int is_ours(request_rec *r)
{
    const char *type = ap_auth_type(r);
    return type && !ap_cstr_casecmp(type, MOD_SSO_AUTH_TYPE);
}

static const char *user_of(request_rec *r, mod_sso_opened_t *opened, const mod_sso_remote_user_t *rule)
{
    if (opened->remote_user != rule) {
        const char *why = "user-absent";
        const request_rec *top = r; /* the result is kept longer than a sub-request lives */
        while (top->main)
            top = top->main;
        opened->remote_user = rule;
        opened->user = mod_sso_identity_user(top->pool, opened->session, rule, &why);
        if (!opened->user) {
            sso_err_t err = SSO_ERR_INIT;
            sso_err_set(&err, SSO_E_DENIED, why, "SSORemoteUser %s", rule->claim);
            mod_sso_log_refusal(r, APLOG_WARNING, "SSO221", "the session has no user for this location", &err);
        }
    }
    return opened->user;
}

/* What proves who somebody is: a bearer token that this location takes, else the session. A program that shows a token
 * wants to act by that token and no other; so a bad one is refused even beside a good session. */
static int open_credential(request_rec *r, const mod_sso_provider_t *p, const mod_sso_dir_t *dir,
                           mod_sso_opened_t **ret_opened)
{
    *ret_opened = NULL;
    if (mod_sso_dir_accepts(dir, MOD_SSO_ACCEPT_BEARER) && !mod_sso_bridge_is_session_only(r)) {
        int status = mod_sso_bearer_open(r, p, ret_opened);
        if (status != OK || *ret_opened)
            return status;
    }
    if (mod_sso_dir_accepts(dir, MOD_SSO_ACCEPT_SESSION))
        *ret_opened = mod_sso_session_open(r, p);
    return OK;
}

/* OK: a user, or nobody signed in. 403: somebody is, but is nobody here. Any other: answered. */
static int identify(request_rec *r, mod_sso_req_t *req)
{
    const mod_sso_provider_t *p = mod_sso_site_provider_of(r);
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    mod_sso_opened_t *opened;
    if (!p)
        return OK;
    int status = open_credential(r, p, dir, &opened);
    if (status != OK || !opened || !opened->session)
        return status;
    sso_auth_demand_t demand = mod_sso_identity_demand(r, p, dir);
    if (!sso_session_satisfies(opened->session, &demand, r->request_time, p->client.clock_skew)) {
        if (opened->bearer)
            return mod_sso_bearer_refuse_weak(r, p, &demand);
        req->step_up = 1;
        return OK;
    }
    const char *user = user_of(r, opened, dir->remote_user ? dir->remote_user : p->remote_user);
    if (!user)
        return HTTP_FORBIDDEN;
    if (dir->pass_token == MOD_SSO_PASS_ID || dir->pass_token == MOD_SSO_PASS_ACCESS) {
        status = opened->bearer ? OK : mod_sso_refresh_session(r, p, opened);
        if (status != OK || !opened->session)
            return status;
    }
    r->user = (char *)user;
    r->ap_auth_type = (char *)MOD_SSO_AUTH_TYPE;
    req->current = opened;
    return OK;
}

/* A token that lacks a scope is told which one; every other refusal is httpd's own 403. */
static int deny(request_rec *r, const mod_sso_req_t *req)
{
    int status;
    if (req->current && req->current->bearer && req->scopes)
        return mod_sso_bearer_refuse_scope(r, req->current->provider, req->scopes);
    status = mod_sso_bridge_forbid(r);
    return status == DECLINED ? HTTP_FORBIDDEN : status;
}

/* "Not in the group" cannot be said of somebody whose groups the provider left out. */
static int check_unknown(request_rec *r, int status)
{
    const char *claim = mod_sso_req_root(r)->unknown;
    if (!claim || status != OK)
        return status;
    mod_sso_identity_log_unknown(r, claim);
    return HTTP_FORBIDDEN;
}

int mod_sso_authn_access_checker_ex(request_rec *r)
{
    mod_sso_req_t *req = mod_sso_req(r);
    if (req->endpoint)
        return OK; /* our endpoints need no Location and obey none */
    if (req->in_authz || !is_ours(r))
        return DECLINED;
    req->guarded = 1;
    r->user = NULL; /* whoever set it before us: only our session counts here */
    const mod_sso_provider_t *p = mod_sso_site_provider_of(r);
    int status = mod_sso_bridge_begin(r, p);
    if (status != DECLINED)
        return status;
    status = identify(r, req);
    if (status != OK)
        return status == HTTP_FORBIDDEN ? deny(r, req) : status;
    mod_sso_req_root(r)->expr_used = 0;
    mod_sso_req_root(r)->unknown = NULL;
    req->in_authz = 1;
    status = check_unknown(r, ap_run_access_checker_ex(r));
    req->in_authz = 0;
    int defer = status == HTTP_FORBIDDEN && !r->user && mod_sso_req_root(r)->expr_used;
    if (status != OK && status != DECLINED && !defer)
        return status == HTTP_FORBIDDEN ? deny(r, req) : status;
    int bridged = mod_sso_bridge_decide(r, p);
    if (bridged != DECLINED)
        return bridged;
    req->defer = defer;
    return defer ? OK : status;
}

int mod_sso_authn_force(request_rec *r)
{
    return mod_sso_req(r)->defer ? OK : DECLINED;
}

/* --- nobody is signed in --- */

static mod_sso_unauth_t unauthenticated_action(request_rec *r, const mod_sso_dir_t *dir)
{
    for (int i = 0; dir->unauthenticated && i < dir->unauthenticated->nelts; i++) {
        const mod_sso_unauth_rule_t *rule = &APR_ARRAY_IDX(dir->unauthenticated, i, mod_sso_unauth_rule_t);
        const char *why = NULL;
        if (!rule->when || (ap_expr_exec(r, rule->when, &why) > 0 && !why))
            return rule->action;
    }
    return MOD_SSO_UNAUTH_AUTO;
}

static int start_login(request_rec *r, const mod_sso_provider_t *p, const mod_sso_dir_t *dir)
{
    mod_sso_login_t login = {.provider = p,
                             .return_path = mod_sso_req_return_path(r, p),
                             .depth = -1,
                             .step_up = mod_sso_req(r)->step_up,
                             .demand = mod_sso_identity_demand(r, p, dir),
                             .dir = dir};
    return mod_sso_login_start(r, &login);
}

static int refuse_program(request_rec *r, const mod_sso_provider_t *p, const mod_sso_opened_t *opened)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_ABSENT, "no-session", "session: %s", opened->why);
    mod_sso_log_refusal(r, APLOG_INFO, "SSO222", "a request without a session is answered 401", &err);
    return mod_sso_resp_unauthorized(r, p);
}

static int answer_unauthenticated(request_rec *r, const mod_sso_provider_t *p)
{
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    if (mod_sso_cors_is_preflight(r))
        return mod_sso_resp_preflight(r);
    mod_sso_unauth_t action = unauthenticated_action(r, dir);
    if (!mod_sso_dir_accepts(dir, MOD_SSO_ACCEPT_SESSION)) /* a login would bring nothing that counts here */
        return action == MOD_SSO_UNAUTH_403 ? HTTP_FORBIDDEN : mod_sso_bearer_challenge(r, p);
    const mod_sso_opened_t *opened = mod_sso_session_open(r, p);
    if (opened->store_failed) {
        sso_err_t err = SSO_ERR_INIT;
        sso_err_set(&err, SSO_E_FETCH, opened->why, "SSOCache does not answer");
        mod_sso_log_refusal(r, APLOG_ERR, "SSO223", "a session cannot be looked up", &err);
        return mod_sso_resp_page(r, HTTP_SERVICE_UNAVAILABLE, MOD_SSO_PAGE_UNAVAILABLE, NULL, 5);
    }
    if (action == MOD_SSO_UNAUTH_AUTO)
        action = mod_sso_req_is_navigation(r) ? MOD_SSO_UNAUTH_REDIRECT : MOD_SSO_UNAUTH_401;
    switch (action) {
    case MOD_SSO_UNAUTH_REDIRECT:
        return start_login(r, p, dir);
    case MOD_SSO_UNAUTH_403:
        return HTTP_FORBIDDEN;
    case MOD_SSO_UNAUTH_AUTO:
    case MOD_SSO_UNAUTH_PASS: /* Require did not let it through without a user, so it ends here */
    case MOD_SSO_UNAUTH_401:
        break;
    }
    return refuse_program(r, p, opened);
}

int mod_sso_authn_check(request_rec *r)
{
    mod_sso_req_t *req = mod_sso_req(r);
    if (!is_ours(r))
        return DECLINED;
    if (r->user && req->current)
        return OK;
    const mod_sso_provider_t *p = mod_sso_site_provider_of(r);
    if (!p) {
        sso_err_t err = SSO_ERR_INIT;
        sso_err_set(&err, SSO_E_CONFIG, "no-provider", "AuthType sso-oidc, but this vhost has no such provider");
        mod_sso_log_refusal(r, APLOG_ERR, "SSO224", "a request cannot be decided", &err);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return answer_unauthenticated(r, p);
}

int mod_sso_authn_auth_checker(request_rec *r)
{
    mod_sso_req_t *req = mod_sso_req(r);
    if (req->in_authz || !is_ours(r))
        return DECLINED;
    req->in_authz = 1;
    mod_sso_req_root(r)->unknown = NULL;
    int status = check_unknown(r, ap_run_auth_checker(r));
    req->in_authz = 0;
    if (status == HTTP_UNAUTHORIZED && r->user)
        status = HTTP_FORBIDDEN;
    return status == HTTP_FORBIDDEN ? deny(r, req) : status;
}

void mod_sso_authn_inherit(request_rec *r)
{
    mod_sso_req_t *req = mod_sso_req(r);
    request_rec *parent = r->main ? r->main : r->prev;
    if (req->guarded || req->current || !parent || !r->user || !is_ours(r))
        return;
    req->current = mod_sso_req(parent)->current;
}

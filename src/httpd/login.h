/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a login (DESIGN §5). */
#ifndef MOD_SSO_LOGIN_H
#define MOD_SSO_LOGIN_H

#include "httpd/req.h"
#include "oidc/state.h"

typedef struct mod_sso_login_t {
    const mod_sso_provider_t *provider;
    const char *return_path; /* validated: mod_sso_req_return_path or mod_sso_req_check_return */
    int depth;               /* restarts so far; -1: read the marker cookie (a login that is not a restart) */
    int prompt_none;
    int step_up;             /* the session there is, is too weak */
    sso_auth_demand_t demand; /* what is asked for; max_age -1 and acrs NULL: nothing */
    const mod_sso_dir_t *dir; /* for the location's SSOAuthParam; NULL: none */
} mod_sso_login_t;

/* Sends the browser to the provider, or answers with a page that says why not. Finishes the request. */
int mod_sso_login_start(request_rec *r, const mod_sso_login_t *login);

/* The marker of the loop breaker: how many logins in a row finished here. Written by a finished callback (depth >= 0,
 * lives a minute), removed by a logout (depth < 0). */
void mod_sso_login_mark_depth(request_rec *r, const mod_sso_provider_t *provider, int depth);

/* The browser secret `id` out of this request's cookies. Reasons: login-cookie-absent (no login cookie at all),
 * login-cookie-other (only of other ids), and those of sso_browser_open. */
SSO_MUST_USE sso_rc_t mod_sso_login_browser(request_rec *r, const mod_sso_site_t *site,
                                            const unsigned char id[SSO_LOGIN_ID_LEN], sso_browser_t *ret_browser,
                                            sso_err_t *err);
/* The long return path of a flow out of its cookie; the cookie is removed with this answer. NULL when it is not
 * there. */
const char *mod_sso_login_long_return(request_rec *r, const mod_sso_site_t *site, const sso_flow_t *flow);

/* Removes the oldest cookies of long return paths until what this answer sets, and `need` bytes more, fit into a Cookie
 * header that httpd takes (LimitRequestFieldSize): beyond it every page of the site would answer 400, logout too. A
 * login whose cookie is gone ends at "/". 0 when there is not enough room even so. */
int mod_sso_login_make_room(request_rec *r, const mod_sso_site_t *site, apr_size_t need);

/* Ends every login this browser has begun on the site and not finished: one that began before a logout must not end
 * after it, even when its callback is under way already. */
void mod_sso_login_end_pending(request_rec *r, const mod_sso_site_t *site);

/* A refusal around a login: one log line, one page, the status of the failure's class. */
int mod_sso_login_refuse(request_rec *r, const char *id, const char *what, const sso_err_t *err, const char *retry_url);

#endif

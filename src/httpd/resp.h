/* SPDX-License-Identifier: Apache-2.0 */
/* Our own answers, all made the same way (DESIGN §3): ErrorDocument stays out, `Header always` stays in, HEAD and
 * keep-alive are right, nothing is cacheable, cookies go to err_headers_out. Each function finishes the request and
 * returns what the hook has to return (DONE, or a status inside a sub-request). */
#ifndef MOD_SSO_RESP_H
#define MOD_SSO_RESP_H

#include "httpd/req.h"

typedef enum {
    MOD_SSO_PAGE_LOGIN_FAILED,
    MOD_SSO_PAGE_SIGNED_OUT,
    MOD_SSO_PAGE_COOKIES_BLOCKED,
    MOD_SSO_PAGE_LOOP_STOPPED,
    MOD_SSO_PAGE_FORBIDDEN,
    MOD_SSO_PAGE_UNAVAILABLE,
    MOD_SSO_PAGE_BAD_REQUEST
} mod_sso_page_t;

/* 302 (or 303 after POST) to `url`, built by us. */
int mod_sso_resp_redirect(request_rec *r, const char *url);
/* A page for a person (page.c), with our words for `page` and, for MOD_SSO_PAGE_*, the request id. `retry_url` (may be
 * NULL) is offered as a link; `retry_after` < 0: no such header. */
int mod_sso_resp_page(request_rec *r, int status, mod_sso_page_t page, const char *retry_url, int retry_after);
/* JSON; `body` is complete text. */
int mod_sso_resp_json(request_rec *r, int status, const char *body);
/* Any body; NULL body: none. */
int mod_sso_resp_body(request_rec *r, int status, const char *content_type, const char *body);
/* 401 for programs: JSON that names the login URL, WWW-Authenticate. */
int mod_sso_resp_unauthorized(request_rec *r, const mod_sso_provider_t *provider);
/* 204 for a preflight that cors.h allows. */
int mod_sso_resp_preflight(request_rec *r);
/* Adds a Set-Cookie to this answer. */
void mod_sso_resp_cookie(request_rec *r, const char *name, const char *value, const sso_cookie_attrs_t *attrs);

/* The HTML of a page (page.c). */
char *mod_sso_page_html(apr_pool_t *pool, mod_sso_page_t page, const char *id, const char *retry_url);
/* An operator's page: {title}, {text}, {id} and {retry} replaced by escaped text; {retry} is "/" when there is none. */
char *mod_sso_page_fill(apr_pool_t *pool, const char *html, mod_sso_page_t page, const char *id,
                        const char *retry_url);

#endif

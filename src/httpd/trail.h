/* SPDX-License-Identifier: Apache-2.0 */
/* What a login and a logout leave behind in the browser for a bridge (SSOBridge): two cookies that are signs, not
 * secrets. Nothing happens at a site without one. */
#ifndef MOD_SSO_TRAIL_H
#define MOD_SSO_TRAIL_H

#include "httpd/req.h"

/* The person signed out here a few minutes ago: nobody signs in again without being asked. Forgotten when a login has
 * come back that the person saw, not when one begins: it may be left standing, or be another tab's. */
int mod_sso_trail_is_out(request_rec *r, const mod_sso_provider_t *p);
/* What a login asks the provider for then, whose own session may live on; NULL otherwise. */
const char *mod_sso_trail_prompt(request_rec *r, const mod_sso_provider_t *p);
void mod_sso_trail_mark_out(request_rec *r, const mod_sso_provider_t *p);

/* A login has come back; `silent`: the person was not asked. The interface is to get its token at the next page. */
void mod_sso_trail_arrive(request_rec *r, const mod_sso_provider_t *p, int silent);
int mod_sso_trail_is_new(request_rec *r, const mod_sso_provider_t *p);
/* It has its token. */
void mod_sso_trail_end(request_rec *r, const mod_sso_provider_t *p);

/* A login that must not show a page has failed: logs, and sends the browser to the interface's sign-in page. */
int mod_sso_trail_end_silent(request_rec *r, const char *sign_in_page, const sso_err_t *err);

#endif

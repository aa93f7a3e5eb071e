/* SPDX-License-Identifier: Apache-2.0 */
/* Who is signed in, and what the application is told: REMOTE_USER, claims as headers and environment, `Require sso-claim`,
 * expressions, the scrubbing of incoming names. */
#ifndef MOD_SSO_IDENTITY_H
#define MOD_SSO_IDENTITY_H

#include "httpd/req.h"

/* REMOTE_USER of a session by a rule; NULL when the claim is absent, a list, not matching, or an unverified e-mail
 * (email_verified is false, OIDC Core 5.7): then nobody is signed in here. *ret_why (may be NULL): reason slug. */
const char *mod_sso_identity_user(apr_pool_t *pool, const sso_session_t *session, const mod_sso_remote_user_t *rule,
                                  const char **ret_why);

/* scrub.c: post_read_request. Removes every name we may set, by normalised name, from the request's headers. */
int mod_sso_scrub_request(request_rec *r);
/* After the configuration is complete: sorts the reserved names for the request's one pass. */
void mod_sso_scrub_prepare(apr_pool_t *pconf);

/* expose.c: fixups. Sets headers and environment of the decided session, cuts our cookies out of the Cookie header of
 * every request of the server (guarded or not), keeps an Authorization header unless ours replaces it. */
int mod_sso_expose_fixups(request_rec *r);
/* Cuts our cookies out of headers_in; called for proxied, unguarded and sub-requests too. */
void mod_sso_expose_cut_cookies(request_rec *r, const mod_sso_site_t *site);

/* authz.c: `Require sso-claim NAME VALUE…` (registered by mod_sso_authz_register). */
void mod_sso_authz_register(apr_pool_t *pool);
/* expr.c: %{SSO_CLAIM:name}, sso_claim('name') as string and list. */
int mod_sso_expr_lookup(ap_expr_lookup_parms *parms);

#endif

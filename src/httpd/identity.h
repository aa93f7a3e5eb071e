/* SPDX-License-Identifier: Apache-2.0 */
/* Who is signed in, and what the application is told: REMOTE_USER, claims as headers and environment, `Require
 * sso-claim`, expressions, the scrubbing of incoming names. */
#ifndef MOD_SSO_IDENTITY_H
#define MOD_SSO_IDENTITY_H

#include "httpd/req.h"

#define MOD_SSO_CLAIM_PREFIX "X-SSO-" /* SSOClaimPrefix unless said otherwise */

/* REMOTE_USER of a session by a rule; NULL when the claim is absent, a list, not matching, or an unverified e-mail
 * (email_verified is false, OIDC Core 5.7): then nobody is signed in here. Never empty, never with a control character
 * or a blank at either end. *ret_why (may be NULL): user-claim-missing, user-claim-list, user-claim-unsafe,
 * user-claim-empty, user-claim-too-long, user-email-unverified, user-no-match. */
const char *mod_sso_identity_user(apr_pool_t *pool, const sso_session_t *session, const mod_sso_remote_user_t *rule,
                                  const char **ret_why);
/* 0 when the session's `email` must not stand for a person: email_verified is there and not true. */
int mod_sso_identity_email_verified(const sso_session_t *session);
/* The session an expression reads: the one this request was decided with; where nothing is decided (yet), the browser's
 * session at this location's provider if it satisfies the location. NULL when there is none, or it has no user here. */
const sso_session_t *mod_sso_identity_session(request_rec *r);
/* What this location asks of the authentication: its own demand, else the provider's; SSOStepUp on top. */
sso_auth_demand_t mod_sso_identity_demand(request_rec *r, const mod_sso_provider_t *p, const mod_sso_dir_t *dir);
/* SSOClaimDelimiter with its default. */
char mod_sso_identity_delimiter(const mod_sso_dir_t *dir);

/* scrub.c: post_read_request. Removes every name we may set, by normalised name, from the request's headers. Refuses
 * the request (500) when mod_sso_scrub_prepare was not called. */
int mod_sso_scrub_request(request_rec *r);
/* After the configuration is complete (post_config): sorts the reserved names for the request's one pass. */
void mod_sso_scrub_prepare(apr_pool_t *pconf);

/* expose.c: fixups (REALLY_FIRST). Sets headers and environment of the decided session, cuts our cookies out of the
 * Cookie header of every request of the server (guarded or not), keeps an Authorization header unless ours replaces it.
 * An identity header (SSOHeaders) that would carry an unverified e-mail refuses the request. */
int mod_sso_expose_fixups(request_rec *r);
/* Cuts our cookies out of headers_in; called for proxied, unguarded and sub-requests too. */
void mod_sso_expose_cut_cookies(request_rec *r, const mod_sso_site_t *site);

/* authz.c: `Require sso-claim NAME VALUE…` (registered by mod_sso_authz_register). */
void mod_sso_authz_register(apr_pool_t *pool);
/* expr.c: %{SSO_CLAIM:name}, sso_claim('name') as string and list. */
int mod_sso_expr_lookup(ap_expr_lookup_parms *parms);

/* A rule asks for a claim that the provider left out (groups overage): one line, whatever the rule is. */
void mod_sso_identity_log_unknown(request_rec *r, const char *claim);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* SSOBridge: the login calls of OpenMetadata's interface, answered at the location it lives at, and the rule which of
 * its requests get a token for the application (oidc/bridge.h).
 *
 * A request of such a location takes these steps in the access check; authn.c calls them in this order:
 *   begin     which call it is; those that need nobody are answered
 *   (the session or the bearer token is opened, the location's Require is asked)
 *   decide    the other login calls; the marker; who gets in without a session
 * The token itself is put in by expose.c where `bridge_token` was set. */
#ifndef MOD_SSO_BRIDGE_H
#define MOD_SSO_BRIDGE_H

#include "httpd/req.h"

/* DECLINED, or what the hook has to return: the request is answered. */
int mod_sso_bridge_begin(request_rec *r, const mod_sso_provider_t *p);
int mod_sso_bridge_decide(request_rec *r, const mod_sso_provider_t *p);
/* 1 when the session alone can be the credential: a login call, or Authorization holds our marker or nothing. */
int mod_sso_bridge_is_session_only(request_rec *r);
/* Answers for scripts: JSON instead of httpd's page. DECLINED where the request is none of a script. */
int mod_sso_bridge_forbid(request_rec *r);
/* 401 with the words that make the interface renew its token. `why` is logged. */
int mod_sso_bridge_unauthorized(request_rec *r, const char *id, const char *what, int level, const sso_err_t *why);

#endif

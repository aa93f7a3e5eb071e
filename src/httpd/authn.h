/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that decides (DESIGN rule 1): a request that AuthType sso-oidc guards is given a verified user or gets
 * our own answer. The four hooks of httpd's authorization, in the order they run. */
#ifndef MOD_SSO_AUTHN_H
#define MOD_SSO_AUTHN_H

#include "httpd/req.h"

int mod_sso_authn_access_checker_ex(request_rec *r); /* REALLY_FIRST: session first, then Require */
int mod_sso_authn_force(request_rec *r);             /* force_authn: a Require expr was asked too early */
int mod_sso_authn_check(request_rec *r);             /* check_authn: user, or the unauthenticated action */
int mod_sso_authn_auth_checker(request_rec *r);      /* REALLY_FIRST: 401 for a signed-in user becomes 403 */

/* A sub-request or internal redirect that httpd let inherit its parent's user, without asking the hooks, inherits the
 * session too; before fixups read mod_sso_req(r)->current. */
void mod_sso_authn_inherit(request_rec *r);

#endif

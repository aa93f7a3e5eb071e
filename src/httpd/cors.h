/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts of other origins (SSOAllowOrigin; Fetch Standard 3.2): their preflights, which carry no cookie and so could
 * never be signed in, and the headers that let them read our own answers. What the application answers is its own. */
#ifndef MOD_SSO_CORS_H
#define MOD_SSO_CORS_H

#include "httpd/req.h"

/* 1 for a preflight of an origin that SSOAllowOrigin names. */
int mod_sso_cors_is_preflight(request_rec *r);
/* What the answer to one says besides: the method and the headers it asked for. */
void mod_sso_cors_allow(request_rec *r);
/* Lets an allowed origin read this answer of ours. */
void mod_sso_cors_set_headers(request_rec *r);

#endif

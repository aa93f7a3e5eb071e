/* SPDX-License-Identifier: Apache-2.0 */
/* Our own URLs of a site: recognised in translate_name before any mapping of the operator's, answered in the handler
 * phase (DESIGN §3). */
#ifndef MOD_SSO_ENDPOINT_H
#define MOD_SSO_ENDPOINT_H

#include "httpd/req.h"

int mod_sso_endpoint_translate(request_rec *r);     /* translate_name, REALLY_FIRST */
int mod_sso_endpoint_map_to_storage(request_rec *r);
int mod_sso_endpoint_post_perdir(request_rec *r);
int mod_sso_endpoint_handler(request_rec *r);       /* handler, REALLY_FIRST */

/* The answers behind it. */
int mod_sso_login_endpoint(request_rec *r);         /* login.c */
int mod_sso_callback_endpoint(request_rec *r);      /* callback.c */
int mod_sso_logout_endpoint(request_rec *r);        /* logout.c */
void mod_sso_logout_here(request_rec *r, const mod_sso_site_t *site); /* logout.c: the sessions, and no answer */
int mod_sso_logout_backchannel(request_rec *r);     /* logout.c */
int mod_sso_logout_frontchannel(request_rec *r);    /* logout.c */

#endif

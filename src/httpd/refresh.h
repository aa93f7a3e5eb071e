/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that a location passes on are renewed before they expire (SSORefresh). One worker of the server asks the
 * provider; what it says lies sealed in SSOCache beside the session until that ends (DESIGN §7): a refresh token may be
 * good once, and a second use may revoke everything. */
#ifndef MOD_SSO_REFRESH_H
#define MOD_SSO_REFRESH_H

#include "httpd/req.h"

/* post_config: the places of the process, kept over restarts. child_init frees those of a dead child of the same id. */
apr_status_t mod_sso_refresh_post_config(process_rec *process, server_rec *main_server);
void mod_sso_refresh_child_init(void);

/* For a request whose location passes a token: replaces the tokens of opened->session when they were refreshed, or are
 * to be. OK, or answered (503: the token has expired and no other can be had now). The session may have ended here:
 * opened->session is NULL then. */
int mod_sso_refresh_session(request_rec *r, const mod_sso_provider_t *p, mod_sso_opened_t *opened);

#endif

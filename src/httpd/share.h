/* SPDX-License-Identifier: Apache-2.0 */
/* Logouts on every machine that has the same SSOCache, redis:// or one of httpd's remote caches. What ends is written
 * there, sealed; one process of each machine reads what is new once a second and fills the machine's own table
 * (revoke.h), so a request with a session still costs no lock and no network. A start reads all of it before it serves:
 * ended sessions stay ended over a full restart. */
#ifndef MOD_SSO_SHARE_H
#define MOD_SSO_SHARE_H

#include "httpd/revoke.h"
#include "httpd/site.h"

/* post_config, after keys, table and stores. Does nothing unless a site has an SSOCache that machines share. */
apr_status_t mod_sso_share_post_config(apr_pool_t *pconf, server_rec *main_server);
void mod_sso_share_child_init(apr_pool_t *pchild);

/* Tells the other machines what was just added to the table of this one. When the cache does not answer it is tried
 * again until it does, and the log says so. */
void mod_sso_share_revoked(const mod_sso_site_t *site, apr_pool_t *pool, mod_sso_revoked_t kind,
                           const unsigned char key[16], apr_time_t cutoff, apr_time_t until);
/* SSO_E_MISMATCH (revoke-seen) when another machine has taken this jti. A Redis that does not answer is logged and
 * refuses nobody: the table of this machine has been asked before. Caches of httpd are not asked, only told: there what
 * another machine took is in that table a moment later. */
SSO_MUST_USE sso_rc_t mod_sso_share_jti(const mod_sso_site_t *site, apr_pool_t *pool, const unsigned char key[16],
                                        apr_time_t until, sso_err_t *err);

#endif

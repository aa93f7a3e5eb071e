/* SPDX-License-Identifier: Apache-2.0 */
/* From configuration to running server: what the parent makes before it forks, what each child makes for itself. */
#ifndef MOD_SSO_BOOT_H
#define MOD_SSO_BOOT_H

#include "httpd/mod_sso.h"

int mod_sso_boot_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);
int mod_sso_boot_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);
void mod_sso_boot_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that seal sessions and the directory they live in (DESIGN §4). */
#ifndef MOD_SSO_KEYS_H
#define MOD_SSO_KEYS_H

#include "httpd/site.h"

/* check_config: what can be known of a site's key file without making anything. An explicit file must be there and
 * good; the default one must be good when it is there, and makeable when it is not. The detail is a whole sentence.
 * Reasons: keyfile-*, file-*, statedir-*. */
SSO_MUST_USE sso_rc_t mod_sso_keys_check(apr_pool_t *ptemp, const mod_sso_site_t *site, sso_err_t *err);

/* post_config, in the parent: makes the state directory and the default key file where they are missing, reads the key
 * files, sets site->ring and site->ring_index of every site; sites of one file share a ring. Logs the ids of the keys.
 * A failure is logged here. */
apr_status_t mod_sso_keys_load(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one thread: keyed cipher contexts, one sealer for each key ring. They hang on a thread key with a
 * destructor, because HTTP/2 workers end while the process lives. */
#ifndef MOD_SSO_THREAD_H
#define MOD_SSO_THREAD_H

#include "httpd/site.h"

apr_status_t mod_sso_thread_child_init(apr_pool_t *pchild);

/* The sealer of this thread for the site's keys; made at first use, borrowed. */
SSO_MUST_USE sso_rc_t mod_sso_thread_sealer(const mod_sso_site_t *site, sso_sealer_t **ret_sealer, sso_err_t *err);

#endif

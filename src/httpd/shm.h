/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory that outlives configurations: children of two generations have it in common during a graceful restart,
 * and what lies in it survives reloads. */
#ifndef MOD_SSO_SHM_H
#define MOD_SSO_SHM_H

#include "httpd/mod_sso.h"

/* post_config. The memory of this `key`, made at first use as part of `process` and all zeros then (*ret_new). A key
 * names layout and size as well: another version of this module makes a segment of its own. */
apr_status_t mod_sso_shm_keep(process_rec *process, const char *key, apr_size_t size, void **ret_base, int *ret_new);

#endif

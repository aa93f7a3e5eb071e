/* SPDX-License-Identifier: Apache-2.0 */
/* SSOStateDir: a directory that only root writes, and the key files that are made in it once (DESIGN §4). */
#ifndef MOD_SSO_STATEDIR_H
#define MOD_SSO_STATEDIR_H

#include <apr_pools.h>

#include "base/err.h"

/* check_config: the directory is good, or can be made. Makes nothing. Reasons: statedir-type, statedir-owner,
 * statedir-mode, statedir-access. */
SSO_MUST_USE sso_rc_t mod_sso_statedir_check(apr_pool_t *ptemp, const char *dir, sso_err_t *err);

/* Makes the content of a key file; it is wiped once it is written. */
typedef sso_rc_t mod_sso_statedir_make_fn(apr_pool_t *ptemp, char **ret_text, sso_err_t *err);

/* post_config: the bytes of the file `name` in the directory; both are made where they are missing. The bytes are wiped
 * with the pool. Reasons: those above, file-*. */
SSO_MUST_USE sso_rc_t mod_sso_statedir_secret(apr_pool_t *pconf, apr_pool_t *ptemp, const char *dir, const char *name,
                                              apr_size_t max, mod_sso_statedir_make_fn *make, const char **ret_bytes,
                                              apr_size_t *ret_len, sso_err_t *err);

#endif

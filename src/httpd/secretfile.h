/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of files that hold secrets: keys, client secrets, private keys. */
#ifndef MOD_SSO_SECRETFILE_H
#define MOD_SSO_SECRETFILE_H

#include <apr_pools.h>

#include "base/err.h"

/* Reads a file that must be a regular one (no link is followed), belong to root or to the user who starts httpd, and
 * give no bit to group and others. The bytes are wiped with the pool and have a NUL behind them that is not counted.
 * Reasons: file-absent (SSO_E_ABSENT), file-open, file-type, file-owner, file-mode, file-too-large, file-read. The
 * detail is a sentence that says what to do. */
SSO_MUST_USE sso_rc_t mod_sso_secretfile_read(apr_pool_t *pool, const char *path, apr_size_t max,
                                              const char **ret_bytes, apr_size_t *ret_len, sso_err_t *err);
/* The same for a file below an open directory (`name` has no slash); `path` is for sentences. */
SSO_MUST_USE sso_rc_t mod_sso_secretfile_read_at(apr_pool_t *pool, int dirfd, const char *name, const char *path,
                                                 apr_size_t max, const char **ret_bytes, apr_size_t *ret_len,
                                                 sso_err_t *err);
/* The one line of text that such a file, or a program's output, holds, without its end; the copy is wiped with the
 * pool. NULL, or what is wrong: "is empty", "is binary; …". */
const char *mod_sso_secretfile_line(apr_pool_t *pool, const char *bytes, apr_size_t len, const char **ret_line);

#endif

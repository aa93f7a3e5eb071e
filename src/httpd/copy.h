/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider published when it last answered, as bytes with their freshness, and the file that keeps it (DESIGN
 * §6): after a restart with the provider down the last good copy serves. The bytes are the provider's own and are
 * judged anew by the same parsers each time; the file is read and written by children, never by root. */
#ifndef MOD_SSO_COPY_H
#define MOD_SSO_COPY_H

#include <apr_pools.h>

#include <sys/types.h>

#include "base/err.h"
#include "oidc/fresh.h"

typedef struct mod_sso_part_t {
    const char *bytes; /* NULL: we do not have it */
    apr_size_t len;
    sso_fresh_t fresh;
} mod_sso_part_t;

typedef struct mod_sso_copy_t {
    mod_sso_part_t metadata;
    mod_sso_part_t keys;
    const char *keys_uri; /* where the keys came from; NULL with them */
} mod_sso_copy_t;

/* The same with everything in `pool`. */
mod_sso_copy_t mod_sso_copy_dup(apr_pool_t *pool, const mod_sso_copy_t *copy);
/* Each part from whichever has the newer one. Borrows from both. */
mod_sso_copy_t mod_sso_copy_newest(const mod_sso_copy_t *a, const mod_sso_copy_t *b);

/* As root before the fork: <state dir>/cache for the user the children run as, 0700. A directory that others could
 * write to is refused: they would choose the keys we trust. Reason copy-dir. */
SSO_MUST_USE sso_rc_t mod_sso_copy_make_dir(const char *state_dir, uid_t uid, gid_t gid, sso_err_t *err);
/* The file for one issuer and client. */
SSO_MUST_USE sso_rc_t mod_sso_copy_path(apr_pool_t *pool, const char *state_dir, const char *issuer,
                                        const char *client_id, const char **ret_path, sso_err_t *err);
/* Reasons: copy-absent (SSO_E_ABSENT), copy-unsafe (no regular file of ours alone), copy-damaged, copy-failed. */
SSO_MUST_USE sso_rc_t mod_sso_copy_read(apr_pool_t *pool, const char *path, mod_sso_copy_t *ret_copy, sso_err_t *err);
/* Replaces the file at once or not at all. Reasons: copy-failed, copy-too-large. */
SSO_MUST_USE sso_rc_t mod_sso_copy_write(apr_pool_t *pool, const char *path, const mod_sso_copy_t *copy,
                                         sso_err_t *err);

#endif

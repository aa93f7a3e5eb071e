/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt to get a provider's metadata and keys up to date: no locks, no memory of earlier attempts; that is
 * meta.c's. */
#ifndef MOD_SSO_META_LOAD_H
#define MOD_SSO_META_LOAD_H

#include "httpd/copy.h"
#include "httpd/meta_type.h"
#include "httpd/site.h"

/* What a process holds of a provider. Immutable but for `users`. */
typedef struct mod_sso_snapshot_t {
    mod_sso_meta_t meta; /* first: callers hold a pointer to it */
    apr_pool_t *pool;    /* its own, without parent; it dies with the snapshot */
    mod_sso_copy_t copy; /* the bytes it was made of */
    int users;           /* guarded by meta.c */
} mod_sso_snapshot_t;

typedef struct mod_sso_meta_job_t {
    const mod_sso_provider_t *provider;
    const mod_sso_copy_t *base; /* what we have already; NULL: nothing */
    int need_keys;              /* keys are wanted too; those in base are kept in any case */
    int force_keys;             /* fetch them however fresh they are */
    sso_fresh_state_t from;     /* fetch parts that are in this state or worse; > SSO_FRESH_DEAD: fetch nothing */
    int (*stopping)(void);      /* as in mod_sso_fetch_t */
} mod_sso_meta_job_t;

#define MOD_SSO_META_NO_FETCH ((sso_fresh_state_t)(SSO_FRESH_DEAD + 1))

typedef struct mod_sso_meta_result_t {
    mod_sso_snapshot_t *snapshot; /* NULL: not even metadata could be had; users is 0 */
    int fetched;                  /* parts that came anew */
    sso_err_t metadata_error;     /* rc is SSO_OK when nothing went wrong with that part */
    sso_err_t keys_error;
} mod_sso_meta_result_t;

/* Before the fork: copies of before `now` serve only while the provider cannot be reached. */
void mod_sso_meta_load_begin(apr_time_t now);
/* Not reached, or answering with an error status: the provider has said nothing that a copy could contradict. */
int mod_sso_meta_is_out_of_reach(sso_rc_t rc);
/* Reasons besides fetch's and oidc/provider.h's: disc-status, jwks-status, jwks-file, and those of jose/jwks.h. */
void mod_sso_meta_load(const mod_sso_meta_job_t *job, mod_sso_meta_result_t *ret_result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's metadata and keys in this process (DESIGN §6). A snapshot is immutable and counted; it stays valid
 * for the request that took it while newer ones replace it. */
#ifndef MOD_SSO_META_H
#define MOD_SSO_META_H

#include "httpd/meta_type.h"
#include "httpd/site.h"
#include "oidc/fresh.h"

/* post_config, before fork: room for `count` providers. */
apr_status_t mod_sso_meta_post_config(apr_pool_t *pconf, server_rec *main_server, int count);
apr_status_t mod_sso_meta_child_init(apr_pool_t *pchild, server_rec *main_server);

/* Metadata for an authorization request or a logout: from memory, else one fetch (single flight; a failure is
 * remembered for a few seconds and answered at once). Released with `pool`. Errors: those of fetch and
 * oidc/provider.h, disc-status, copy-absent. */
SSO_MUST_USE sso_rc_t mod_sso_meta_get(apr_pool_t *pool, const mod_sso_provider_t *provider,
                                       const mod_sso_meta_t **ret_meta, sso_err_t *err);
/* The same with keys. Errors besides: jwks-status, jwks-file and those of jose/jwks.h. */
SSO_MUST_USE sso_rc_t mod_sso_meta_get_keys(apr_pool_t *pool, const mod_sso_provider_t *provider,
                                            const mod_sso_meta_t **ret_meta, sso_err_t *err);
/* After a verification that failed with *failure under the keys of *seen: 1 when it failed for want of a key
 * (jwks-unknown-kid, jwks-no-match; OIDC Core 10.1.1) and there are newer keys; then *seen is the newer snapshot,
 * *failure is forgotten, and the verification is worth repeating once. Fetches the keys unless that was done too
 * recently (rate limit with a small burst) or a newer snapshot is there already; one fetch serves all children.
 * `trusted`: the token came from the provider itself, not from a browser (oidc/fresh.h). */
int mod_sso_meta_has_newer_keys(apr_pool_t *pool, const mod_sso_provider_t *provider, int trusted,
                                const mod_sso_meta_t **seen, sso_err_t *failure);
/* The serial of what this process holds now, without lock or fetch: what was decided with another one has to be decided
 * anew. 0 when there is nothing yet, or another process wrote something newer. */
apr_uint32_t mod_sso_meta_serial(const mod_sso_provider_t *provider);

/* For the status page: what the process that answers has of a provider, after a look at the copy on disk. */
typedef struct mod_sso_meta_view_t {
    int loaded;
    sso_fresh_t metadata; /* fetched is 0: not fetched, or written in the configuration */
    sso_fresh_t keys;
    unsigned key_count;
    unsigned failures; /* refreshes that failed in a row, in any process */
    sso_err_t failed;  /* how the last attempt of any process failed; rc is SSO_OK when it did not */
} mod_sso_meta_view_t;
void mod_sso_meta_look(const mod_sso_provider_t *provider, mod_sso_meta_view_t *ret_view);

#endif

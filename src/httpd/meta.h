/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's metadata and keys in this process (DESIGN §6). A snapshot is immutable and counted; it stays valid
 * for the request that took it while newer ones replace it. */
#ifndef MOD_SSO_META_H
#define MOD_SSO_META_H

#include "httpd/meta_type.h"
#include "httpd/site.h"

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
/* After jwks-unknown-kid or jwks-no-match: fetches the keys again unless that was done too recently (rate limit with a
 * small burst), then as mod_sso_meta_get_keys. `seen` is the snapshot the caller failed with: when a newer one is there
 * already, no fetch is made. Reason keys-refetch-limited when nothing newer can be had. */
SSO_MUST_USE sso_rc_t mod_sso_meta_refetch_keys(apr_pool_t *pool, const mod_sso_provider_t *provider,
                                                const mod_sso_meta_t *seen, const mod_sso_meta_t **ret_meta,
                                                sso_err_t *err);
/* The serial of what this process holds now, without lock or fetch: what was decided with another one has to be decided
 * anew. 0 when there is nothing yet, or another process wrote something newer. */
apr_uint32_t mod_sso_meta_serial(const mod_sso_provider_t *provider);

#endif

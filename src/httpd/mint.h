/* SPDX-License-Identifier: Apache-2.0 */
/* SSOPassToken minted: keys of the tokens that we make, their public halves, and the tokens of a request. */
#ifndef MOD_SSO_MINT_H
#define MOD_SSO_MINT_H

#include "httpd/req.h"

/* check_config: what can be known of a site's key without making anything. Reasons: mint-key, file-*, statedir-*, and
 * those of sso_jwk_from_pem. */
SSO_MUST_USE sso_rc_t mod_sso_mint_check(apr_pool_t *ptemp, const mod_sso_site_t *site, sso_err_t *err);

/* post_config, in the parent: reads the keys of all sites that mint, makes the default one where it is missing, and
 * tells every server of the process where the public halves are. A failure is logged here. */
apr_status_t mod_sso_mint_load(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server);
apr_status_t mod_sso_mint_child_init(apr_pool_t *pchild, server_rec *main_server);

/* 1 when the request is for the public keys: in every virtual host, also in one that has no provider, because the
 * application fetches them over the loopback. */
int mod_sso_mint_is_jwks(const request_rec *r);
/* The JWKS, never NULL. */
const char *mod_sso_mint_jwks(const request_rec *r);

/* What a location says about its tokens; sso_mint_rule_t.audiences is NULL where SSOMintAudience does not reach. */
sso_mint_rule_t mod_sso_mint_rule(const mod_sso_site_t *site, const mod_sso_dir_t *dir);
/* The token of this session for this location; the one that was made for it before while that has half of its life to
 * go. Reasons: mint-no-key, those of sso_mint_body and sso_mint_sign. */
SSO_MUST_USE sso_rc_t mod_sso_mint_token(request_rec *r, const sso_session_t *session, const char **ret_token,
                                         sso_err_t *err);

#endif

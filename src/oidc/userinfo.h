/* SPDX-License-Identifier: Apache-2.0 */
/* The UserInfo response (OIDC Core 5.3): JSON, or a JWT signed (and encrypted) as 5.3.2 and 5.3.4 say. `sub` must be
 * that of the ID Token. Aggregated and distributed claims (5.6.2) are never followed. */
#ifndef SSO_OIDC_USERINFO_H
#define SSO_OIDC_USERINFO_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"
#include "jose/jwt.h"
#include "oidc/client.h"
#include "oidc/provider.h"

#define SSO_USERINFO_MAX (512 * 1024)

/* content_type is "" or NULL when absent. Reasons: userinfo-status, userinfo-content-type, userinfo-json,
 * userinfo-sub-missing, userinfo-sub-mismatch, userinfo-iss, userinfo-aud, userinfo-exp, userinfo-typ, verify-no-alg,
 * and those of jwt. */
SSO_MUST_USE sso_rc_t sso_userinfo_parse(const sso_env_t *env, int status, const char *content_type, const char *bytes,
                                         apr_size_t len, const char *sub, const sso_provider_t *provider,
                                         const sso_client_t *client, const sso_jwks_t *keys,
                                         const sso_json_t **ret_claims, sso_err_t *err);

#endif

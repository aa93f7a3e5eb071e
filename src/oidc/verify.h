/* SPDX-License-Identifier: Apache-2.0 */
/* What the JWTs of a provider (ID Token, UserInfo, logout token) have in common: which keys and algorithms may speak
 * for it, whose name it signs with, and who is meant. The rules of each kind live with that kind. */
#ifndef SSO_OIDC_VERIFY_H
#define SSO_OIDC_VERIFY_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base/err.h"
#include "jose/jwt.h"
#include "oidc/client.h"
#include "oidc/provider.h"

/* Verifies under client->algs, within `announced` where that is not 0. HS* counts only with a client secret and is
 * verified with that secret alone, the rest with the provider's keys alone: no key can be used with an algorithm of the
 * other kind (RFC 8725 3.1). Reasons: verify-no-alg, and those of jwt. */
SSO_MUST_USE sso_rc_t sso_verify_jwt(apr_pool_t *pool, const char *text, sso_alg_set_t announced,
                                     const sso_client_t *client, const sso_jwks_t *keys, sso_jwt_t *ret_jwt,
                                     sso_err_t *err);

/* 1 when `iss` is the provider: exactly, or Google's old spelling without scheme where the preset says Google. With
 * tenants it is Entra's issuer of one of them, and nothing else. */
int sso_verify_is_issuer(const sso_provider_t *provider, const sso_client_t *client, const char *iss);
/* The id inside a tenant's issuer when it is one of client->tenants (which must not be NULL), NULL otherwise. */
const char *sso_verify_tenant(const sso_client_t *client, const char *iss);

/* The aud claim as a list: a string is a list of one, an array must hold strings only (RFC 7519 4.1.3). */
sso_json_found_t sso_verify_audience(apr_pool_t *pool, const sso_json_t *claims, apr_array_header_t **ret_list);

/* 1 when a JOSE typ says `want`, with or without "application/" (RFC 7515 4.1.9), in any case. */
int sso_verify_is_typ(const char *typ, const char *want);

/* 1 for a subject or session id as it should be: 1-255 bytes without control characters (OIDC Core 2). */
int sso_verify_is_id(const char *text);

/* How far clocks may differ, in microseconds, never negative. */
apr_time_t sso_verify_skew(const sso_client_t *client);

#define SSO_VERIFY_LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* RP-Initiated Logout 1.0 (the URL), Back-Channel Logout 1.0 (the logout token). */
#ifndef SSO_OIDC_LOGOUT_H
#define SSO_OIDC_LOGOUT_H

#include <apr_pools.h>

#include "base/env.h"
#include "base/err.h"
#include "jose/jwt.h"
#include "oidc/client.h"
#include "oidc/provider.h"

#define SSO_LOGOUT_URL_MAX 6000 /* beyond it the ID Token hint is left out (RPIL 2: client_id stands in) */

/* Where to send the browser after the local session ended; NULL when the provider has no end-session endpoint.
 * A template of the operator has {client_id} {return_to} {id_token} replaced (encoded); metadata's endpoint gets
 * id_token_hint, client_id, post_logout_redirect_uri, state. `id_token`, `return_to`, `state` may be NULL. */
char *sso_logout_url(apr_pool_t *pool, const sso_provider_t *provider, const sso_client_t *client,
                     const char *id_token, const char *return_to, const char *state);

typedef struct sso_logout_token_t {
    const char *sub; /* NULL when absent */
    const char *sid; /* NULL when absent; one of the two is there */
    const char *jti;
    apr_time_t iat;
    apr_time_t exp;
} sso_logout_token_t;

/* Whose token it says it is, nothing verified: good for choosing whose keys to ask, and nothing else. NULL when it is
 * encrypted. Reasons: blt-iss, jwt-claims and those of jose/jws.h. */
SSO_MUST_USE sso_rc_t sso_logout_token_issuer(apr_pool_t *pool, const char *text, const char **ret_iss,
                                              sso_err_t *err);

/* Back-Channel Logout 2.6. Reasons: blt-typ, blt-iss, blt-aud, blt-iat, blt-exp, blt-nbf, blt-events, blt-nonce,
 * blt-no-subject, blt-jti, verify-no-alg, and those of jwt. iat and exp are required; iat may lie a day back. */
SSO_MUST_USE sso_rc_t sso_logout_token_verify(const sso_env_t *env, const char *text, const sso_provider_t *provider,
                                              const sso_client_t *client, const sso_jwks_t *keys,
                                              sso_logout_token_t *ret_token, sso_err_t *err);

/* The kind of key, made of the sub, by which a session is known whose ID Token had no sid. */
#define SSO_LOGOUT_NO_SID "sub-without-sid"

/* The 16 bytes under which a revocation of (issuer, client, kind, value) is known; kind "sid", "sub"
 * or SSO_LOGOUT_NO_SID. */
SSO_MUST_USE sso_rc_t sso_logout_key(const char *issuer, const char *client_id, const char *kind, const char *value,
                                     unsigned char out[16], sso_err_t *err);

#endif

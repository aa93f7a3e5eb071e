/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the provider about access tokens that say nothing themselves (RFC 7662). Only about opaque ones: a JWT is
 * verified or refused here, so that no token gets a second opinion. */
#ifndef SSO_OIDC_INTROSPECT_H
#define SSO_OIDC_INTROSPECT_H

#include "oidc/bearer.h"
#include "oidc/token.h"

#define SSO_INTROSPECT_TOKEN_MAX  (8 * 1024)
#define SSO_INTROSPECT_ANSWER_MAX (64 * 1024)

/* 1 when the text is no JWS: it has not three parts, or the first is not the beginning of a JSON object in base64url.
 * An encrypted one counts as opaque: it is encrypted for its issuer. */
int sso_introspect_is_opaque(apr_pool_t *pool, const char *text);

/* The request, authenticated as at the token endpoint (RFC 7662 2.1). Reasons: bearer-too-large, and those of
 * sso_token_form_request. */
SSO_MUST_USE sso_rc_t sso_introspect_request(const sso_env_t *env, const sso_provider_t *provider,
                                             const sso_client_t *client, const char *token,
                                             sso_token_request_t *ret_request, sso_err_t *err);

typedef struct sso_introspect_answer_t {
    int status;
    const char *content_type;
    const char *bytes;
    apr_size_t len;
} sso_introspect_answer_t;

/* What the provider says of the token. SSO_E_PROVIDER (introspect-refused, introspect-answer): nothing that can be
 * used, and no word on the token. Else introspect-inactive, or the reasons of sso_bearer_check_told. */
SSO_MUST_USE sso_rc_t sso_introspect_read(const sso_env_t *env, const sso_introspect_answer_t *answer,
                                          const sso_bearer_expect_t *expect, sso_bearer_token_t *ret_token,
                                          sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization response (RFC 6749 4.1.2, OIDC Core 3.1.2.5-7, RFC 9207). Split in two: parameters first (they name
 * the flow), then the checks that need the provider of the flow. */
#ifndef SSO_OIDC_AUTHRESP_H
#define SSO_OIDC_AUTHRESP_H

#include <apr_pools.h>

#include "base/err.h"
#include "oidc/client.h"
#include "oidc/provider.h"
#include "oidc/state.h"

#define SSO_AUTHRESP_BYTES_MAX (64 * 1024)

typedef struct sso_authresp_t {
    const char *state;
    const char *code;              /* NULL when absent */
    const char *id_token;          /* NULL when absent */
    const char *access_token;      /* NULL when absent; never used, its presence is an error */
    const char *iss;               /* NULL when absent */
    const char *error;             /* NULL when absent */
    const char *error_description; /* NULL when absent; hostile text */
    int posted;                    /* came as a form body */
} sso_authresp_t;

/* Parses query or form. Duplicate protocol parameters are refused.
 * Reasons: param-duplicate, form-*, callback-too-large, state-missing. */
SSO_MUST_USE sso_rc_t sso_authresp_parse(apr_pool_t *pool, const char *text, apr_size_t len, int posted,
                                         sso_authresp_t *ret_response, sso_err_t *err);

/* Checks against the flow's provider before anything is spent: iss equal when present, required when announced (also on
 * errors), GET or POST as asked for, an error from the provider (SSO_E_DENIED, reason provider-<error> for the
 * registered codes, provider-error otherwise), code present and not empty, no parameters of another response type.
 * Reasons: iss-mismatch, iss-missing, response-mode, code-missing, id-token-missing, response-type-mixed,
 * provider-access-denied, provider-login-required, …, provider-error. */
SSO_MUST_USE sso_rc_t sso_authresp_check(const sso_authresp_t *response, const sso_provider_t *provider,
                                         const sso_client_t *client, const sso_flow_t *flow, sso_err_t *err);

#endif

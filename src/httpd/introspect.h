/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a provider about an opaque bearer token (oidc/introspect.h): one call, through the bulkhead. */
#ifndef MOD_SSO_INTROSPECT_H
#define MOD_SSO_INTROSPECT_H

#include "httpd/mod_sso.h"
#include "httpd/site.h"
#include "oidc/bearer.h"

/* Does this request's location (else its provider) have opaque tokens asked about? */
int mod_sso_introspect_is_on(request_rec *r, const mod_sso_provider_t *provider);
/* `audiences`: one of them is in the answer's aud; empty: any or none. *ret_answered: 1 when the provider has decided,
 * so that an error is the token's fault; 0: nobody knows. `r`: the outermost request, whose pool keeps the claims.
 * Reasons: introspect-no-endpoint, those of oidc/introspect.h, of meta.h and of fetch.h. */
SSO_MUST_USE sso_rc_t mod_sso_introspect(request_rec *r, const mod_sso_provider_t *provider,
                                         const apr_array_header_t *audiences, const char *text,
                                         sso_bearer_token_t *ret_token, int *ret_answered, sso_err_t *err);

#endif

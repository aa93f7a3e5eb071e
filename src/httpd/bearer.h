/* SPDX-License-Identifier: Apache-2.0 */
/* A request with `Authorization: Bearer` at a location that takes it (SSOAccept bearer): from the header to a session
 * like one of a cookie, so that rules, expressions and headers need not know the difference; and the answers of
 * RFC 6750 and RFC 9470. Verified tokens are kept in the process (bearer_cache.h). */
#ifndef MOD_SSO_BEARER_H
#define MOD_SSO_BEARER_H

#include "httpd/req.h"

apr_status_t mod_sso_bearer_child_init(apr_pool_t *pchild, server_rec *main_server);

/* OK: *ret_opened is the token's session, or NULL when the request has no bearer token. Anything else: the request has
 * one that does not count (400, 401) or that cannot be judged now (503), and has been answered; to be returned from the
 * hook. Tokens in a query or a form are none. */
int mod_sso_bearer_open(request_rec *r, const mod_sso_provider_t *provider, mod_sso_opened_t **ret_opened);

/* The Authorization header as the client sent it, also where ours has replaced it for the application. *ret_count: how
 * many there were. */
const char *mod_sso_bearer_authorization(request_rec *r, int *ret_count);

/* Answers; each finishes the request and returns what the hook has to return. */
/* 401 without an error code: nothing was shown (RFC 6750 3.1). */
int mod_sso_bearer_challenge(request_rec *r, const mod_sso_provider_t *provider);
/* 403 insufficient_scope. `scopes`: char*, one of them was wanted. */
int mod_sso_bearer_refuse_scope(request_rec *r, const mod_sso_provider_t *provider, const apr_array_header_t *scopes);
/* 401 insufficient_user_authentication (RFC 9470 3). */
int mod_sso_bearer_refuse_weak(request_rec *r, const mod_sso_provider_t *provider, const sso_auth_demand_t *demand);

#endif

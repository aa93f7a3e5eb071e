/* SPDX-License-Identifier: Apache-2.0 */
/* Our registration at a provider: who we are there and what we insist on. Plain data, made by the glue at start. */
#ifndef SSO_OIDC_CLIENT_H
#define SSO_OIDC_CLIENT_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/err.h"
#include "jose/alg.h"
#include "jose/jwk.h"

typedef enum {
    SSO_CLIENT_AUTH_NONE,
    SSO_CLIENT_AUTH_BASIC,
    SSO_CLIENT_AUTH_POST,
    SSO_CLIENT_AUTH_SECRET_JWT,
    SSO_CLIENT_AUTH_PRIVATE_KEY_JWT,
    SSO_CLIENT_AUTH_TLS,
    SSO_CLIENT_AUTH_SELF_SIGNED_TLS
} sso_client_auth_t;

typedef enum { SSO_RESPONSE_CODE, SSO_RESPONSE_ID_TOKEN, SSO_RESPONSE_CODE_ID_TOKEN } sso_response_type_t;

typedef struct sso_client_t {
    const char *client_id;
    const char *client_secret; /* NULL: public client */
    sso_client_auth_t auth;
    sso_response_type_t response_type;
    int form_post;                       /* a code is posted too; the other types always are */
    const char *scope;
    const char *preset;                  /* "onelogin", …, NULL: none */
    const apr_array_header_t *tenants;   /* char*: ids that may stand in tenant_issuer, NULL: no tenants */
    const char *tenant_issuer;           /* with {tenantid} in it, set where tenants is */
    int audience_by_azp;                 /* the provider adds audiences of its own; azp says who asked */
    char groups_delimiter;               /* a claim `groups` that is one text is a list, cut here; 0: it is not */
    const apr_array_header_t *audiences; /* char*: accepted beside client_id, may be NULL */
    sso_alg_set_t algs;                  /* what we accept for ID Tokens */
    int clock_skew;                      /* seconds */
    const sso_jwk_t *key;                /* private_key_jwt, JWE; NULL: none */
    const char *key_id;
} sso_client_t;

/* What one location or step-up asks of the authentication itself; enforced, not only sent. */
typedef struct sso_auth_demand_t {
    int max_age;                    /* seconds, -1: none */
    const apr_array_header_t *acrs; /* char*: one of these, NULL: none */
} sso_auth_demand_t;

#endif

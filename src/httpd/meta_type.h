/* SPDX-License-Identifier: Apache-2.0 */
/* What callers see of a provider: the part of a snapshot that does not change. In a header of its own because those who
 * load it (meta_load.c) do not know those who hand it out (meta.c). */
#ifndef MOD_SSO_META_TYPE_H
#define MOD_SSO_META_TYPE_H

#include "jose/jwks.h"
#include "oidc/provider.h"

typedef struct mod_sso_meta_t {
    const sso_provider_t *provider;
    const sso_jwks_t *keys; /* NULL: not asked for yet */
    apr_uint32_t serial;    /* which one it is in this process; never 0 once it is handed out */
} mod_sso_meta_t;

#endif

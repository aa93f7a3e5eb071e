/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the injected world. */
#include "base/env.h"

sso_rc_t sso_env_random(const sso_env_t *env, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    sso_rc_t rc;

    if (env == NULL || env->random == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "random", "no random number generator");
    rc = env->random(env->random_baton, out, len, err);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "random", "the random number generator failed");
    return SSO_OK;
}

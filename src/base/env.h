/* SPDX-License-Identifier: Apache-2.0 */
/* The world as the core sees it: where to allocate, what time it is, where randomness comes from.
 * Tests and fuzzers pass a fixed clock and a fixed generator. */
#ifndef SSO_BASE_ENV_H
#define SSO_BASE_ENV_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/err.h"

typedef struct sso_env_t {
    apr_pool_t *pool; /* results live here unless a function says otherwise */
    apr_time_t now;   /* microseconds since the epoch, taken once per request */
    /* Fills `len` bytes with unpredictable data or fails; never short. */
    sso_rc_t (*random)(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err);
    void *random_baton;
} sso_env_t;

/* Draws `len` random bytes from env. */
SSO_MUST_USE sso_rc_t sso_env_random(const sso_env_t *env, unsigned char *out, apr_size_t len, sso_err_t *err);

#endif

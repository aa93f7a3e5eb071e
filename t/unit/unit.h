/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test needs: cmocka with TAP output, a pool, a fixed clock, a generator that repeats.
 * A test file has one `main` that ends in `return unit_run(tests, n)`. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "base/env.h"
#include "base/err.h"

#define UNIT_NOW (APR_INT64_C(1767225600) * APR_USEC_PER_SEC) /* 2026-01-01T00:00:00Z */

static apr_pool_t *unit_pool;

/* Bytes 1, 2, 3, …: different from call to call, the same from run to run. */
static inline sso_rc_t unit_random(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    static unsigned char next;
    (void)baton;
    (void)err;
    for (apr_size_t i = 0; i < len; i++)
        out[i] = ++next;
    return SSO_OK;
}

static inline sso_env_t unit_env(void)
{
    sso_env_t env = {unit_pool, UNIT_NOW, unit_random, NULL};
    return env;
}

/* Asserts class and reason, and resets err. */
#define unit_assert_err(call, want_rc, want_reason)          \
    do {                                                     \
        sso_err_clear(&err);                                 \
        assert_int_equal((call), (want_rc));                 \
        assert_string_equal(err.reason, (want_reason));      \
    } while (0)
#define unit_assert_ok(call)                                                              \
    do {                                                                                  \
        sso_err_clear(&err);                                                              \
        if ((call) != SSO_OK)                                                             \
            fail_msg("%s: %s (%s)", #call, err.reason, err.detail);                       \
    } while (0)

static inline int unit_setup(void **state)
{
    (void)state;
    return apr_pool_create(&unit_pool, NULL);
}

static inline int unit_teardown(void **state)
{
    (void)state;
    apr_pool_destroy(unit_pool);
    return 0;
}

#undef unit_test /* an old macro of cmocka.h */
#define unit_test(f) cmocka_unit_test_setup_teardown((f), unit_setup, unit_teardown)

#define unit_run(tests) unit_run_group(#tests, (tests), sizeof(tests) / sizeof((tests)[0]))
static inline int unit_run_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    apr_terminate();
    return failed;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The injected world: randomness comes from the generator given, and its failure is a failure. */
#include "unit.h"

static sso_rc_t broken(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    (void)baton;
    (void)out;
    (void)len;
    (void)err;
    return SSO_E_INTERNAL;
}

static sso_rc_t count_bytes(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    apr_size_t *count = baton;

    (void)err;
    memset(out, 0x5a, len);
    *count += len;
    return SSO_OK;
}

static void random_bytes_come_from_the_generator_given(void **state)
{
    apr_size_t count = 0;
    sso_env_t env = {unit_pool, UNIT_NOW, count_bytes, &count};
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[17] = {0};

    (void)state;
    unit_assert_ok(sso_env_random(&env, out, 16, &err));
    assert_int_equal(count, 16);
    assert_int_equal(out[15], 0x5a);
    assert_int_equal(out[16], 0);
}

static void a_broken_generator_is_an_error_with_a_reason(void **state)
{
    sso_env_t env = {unit_pool, UNIT_NOW, broken, NULL};
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[4];

    (void)state;
    unit_assert_err(sso_env_random(&env, out, sizeof(out), &err), SSO_E_INTERNAL, "random");
}

static void no_generator_is_an_error(void **state)
{
    sso_env_t env = {unit_pool, UNIT_NOW, NULL, NULL};
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[4];

    (void)state;
    unit_assert_err(sso_env_random(&env, out, sizeof(out), &err), SSO_E_INTERNAL, "random");
    unit_assert_err(sso_env_random(NULL, out, sizeof(out), &err), SSO_E_INTERNAL, "random");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(random_bytes_come_from_the_generator_given),
        unit_test(a_broken_generator_is_an_error_with_a_reason),
        unit_test(no_generator_is_an_error),
    };
    return unit_run(tests);
}

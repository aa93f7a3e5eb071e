/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithm table and allow-lists. */
#include "unit.h"

#include "jose/alg.h"

static sso_err_t err = SSO_ERR_INIT;

static const char *const all[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                  "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512", "Ed25519", "Ed448"};
#define ALL (sizeof(all) / sizeof(all[0]))

static void every_name_is_found_with_a_bit_of_its_own(void **state)
{
    (void)state;
    sso_alg_set_t seen = 0;
    for (unsigned i = 0; i < ALL; i++) {
        const sso_alg_t *alg = sso_alg_find(all[i]);
        assert_non_null(alg);
        assert_string_equal(alg->name, all[i]);
        assert_int_equal(seen & alg->bit, 0);
        seen |= alg->bit;
    }
    assert_int_equal(seen, sso_alg_default_set() | sso_alg_hmac_set());
}

static void none_and_unknown_names_are_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "None", "NONE", "", "rs256", "RS1", "RS256 ", "ES256K", "HS1", "dir"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_null(sso_alg_find(names[i]));
    assert_null(sso_alg_find(NULL));
}

static void default_set_holds_no_hmac(void **state)
{
    (void)state;
    assert_int_equal(sso_alg_default_set() & sso_alg_hmac_set(), 0);
    assert_string_equal(sso_alg_set_text(unit_pool, sso_alg_default_set()),
                        "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519 Ed448");
    assert_string_equal(sso_alg_set_text(unit_pool, sso_alg_hmac_set()), "HS256 HS384 HS512");
    assert_string_equal(sso_alg_set_text(unit_pool, 0), "");
}

static void lists_are_read_with_blanks_and_commas(void **state)
{
    (void)state;
    sso_alg_set_t set = 0;
    unit_assert_ok(sso_alg_set_parse(unit_pool, "RS256 ES256", &set, &err));
    assert_string_equal(sso_alg_set_text(unit_pool, set), "RS256 ES256");
    unit_assert_ok(sso_alg_set_parse(unit_pool, "  EdDSA,HS512,\tEdDSA ", &set, &err));
    assert_string_equal(sso_alg_set_text(unit_pool, set), "EdDSA HS512 Ed25519 Ed448");
}

static void eddsa_stands_for_both_curves_and_each_curve_for_itself(void **state)
{
    (void)state;
    sso_alg_set_t set = 0;
    unit_assert_ok(sso_alg_set_parse(unit_pool, "EdDSA", &set, &err));
    assert_string_equal(sso_alg_set_text(unit_pool, set), "EdDSA Ed25519 Ed448");
    unit_assert_ok(sso_alg_set_parse(unit_pool, "Ed25519", &set, &err));
    assert_string_equal(sso_alg_set_text(unit_pool, set), "Ed25519");
    unit_assert_ok(sso_alg_set_parse(unit_pool, "Ed448 RS256", &set, &err));
    assert_string_equal(sso_alg_set_text(unit_pool, set), "RS256 Ed448");
}

static void bad_lists_are_refused_and_leave_the_set_alone(void **state)
{
    (void)state;
    sso_alg_set_t set = 77;
    unit_assert_err(sso_alg_set_parse(unit_pool, "RS256 none", &set, &err), SSO_E_UNSUPPORTED, "alg-none");
    unit_assert_err(sso_alg_set_parse(unit_pool, "nOnE", &set, &err), SSO_E_UNSUPPORTED, "alg-none");
    unit_assert_err(sso_alg_set_parse(unit_pool, "RS256 rs384", &set, &err), SSO_E_CONFIG, "alg-unknown");
    assert_non_null(strstr(err.detail, "rs384"));
    unit_assert_err(sso_alg_set_parse(unit_pool, "", &set, &err), SSO_E_CONFIG, "alg-unknown");
    unit_assert_err(sso_alg_set_parse(unit_pool, " , ", &set, &err), SSO_E_CONFIG, "alg-unknown");
    assert_int_equal(set, 77);
}

static void ecdsa_algorithms_name_their_curve_and_length(void **state)
{
    (void)state;
    assert_string_equal(sso_alg_find("ES256")->crv, "P-256");
    assert_int_equal(sso_alg_find("ES256")->sig_len, 64);
    assert_string_equal(sso_alg_find("ES384")->crv, "P-384");
    assert_int_equal(sso_alg_find("ES384")->sig_len, 96);
    assert_string_equal(sso_alg_find("ES512")->crv, "P-521");
    assert_int_equal(sso_alg_find("ES512")->sig_len, 132);
    assert_null(sso_alg_find("RS256")->crv);
}

int main(void)
{
    const struct CMUnitTest alg_tests[] = {
        unit_test(every_name_is_found_with_a_bit_of_its_own),
        unit_test(none_and_unknown_names_are_not_found),
        unit_test(default_set_holds_no_hmac),
        unit_test(lists_are_read_with_blanks_and_commas),
        unit_test(eddsa_stands_for_both_curves_and_each_curve_for_itself),
        unit_test(bad_lists_are_refused_and_leave_the_set_alone),
        unit_test(ecdsa_algorithms_name_their_curve_and_length),
    };
    return unit_run(alg_tests);
}

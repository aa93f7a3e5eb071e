/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets: what makes a set unusable, what is skipped, and the choice of the one key. */
#include "jose_kit.h"

static sso_rc_t parse(const char *text, const sso_jwks_t **set)
{
    sso_err_clear(&err);
    return sso_jwks_parse(unit_pool, text, strlen(text), set, &err);
}

static void set_of_usable_keys_is_counted(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA_PUB ",\"kid\":\"a\"", P256_PUB ",\"kid\":\"b\"", ED25519_PUB, NULL);
    assert_int_equal(sso_jwks_size(set), 3);
    assert_int_equal(sso_jwks_skipped(set), 0);
}

static void keys_we_cannot_use_are_skipped_and_counted(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA1024_PUB, "\"kty\":\"oct\",\"k\":\"AAAA\"", "\"kty\":\"new\"",
                                    P256_PUB P256_PRIV, X25519_PUB, P384_PUB, NULL);
    assert_int_equal(sso_jwks_size(set), 1);
    assert_int_equal(sso_jwks_skipped(set), 5);
    unit_assert_ok(parse("{\"keys\":[5,null,\"x\",[],{},{" P256_PUB "}]}", &set));
    assert_int_equal(sso_jwks_size(set), 1);
    assert_int_equal(sso_jwks_skipped(set), 5);
}

static void texts_that_are_no_set_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", "jwks-syntax"},
        {"<html>Sign in</html>", "jwks-syntax"},
        {"[]", "jwks-syntax"},
        {"{\"keys\":[]} x", "jwks-syntax"},
        {"{\"keys\":[],\"keys\":[]}", "jwks-syntax"},
        {"\xef\xbb\xbf{\"keys\":[]}", "jwks-syntax"},
        {"{}", "jwks-no-keys-member"},
        {"{\"keys\":{}}", "jwks-no-keys-member"},
        {"{" RSA_PUB "}", "jwks-no-keys-member"},
        {"{\"keys\":[]}", "jwks-empty"},
        {"{\"keys\":[{" RSA1024_PUB "}]}", "jwks-empty"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const sso_jwks_t *set = NULL;
        assert_int_not_equal(parse(cases[i].text, &set), SSO_OK);
        assert_string_equal(err.reason, cases[i].reason);
        assert_null(set);
    }
}

static void empty_set_says_why_its_first_key_was_refused(void **state)
{
    (void)state;
    const sso_jwks_t *set = NULL;
    assert_int_equal(parse("{\"keys\":[{" RSA1024_PUB "},{\"kty\":\"oct\"}]}", &set), SSO_E_KEY);
    assert_non_null(strstr(err.detail, "jwk-rsa-size"));
    assert_non_null(strstr(err.detail, "1024"));
}

static void sets_hold_at_most_1000_keys(void **state)
{
    (void)state;
    const sso_jwks_t *set = NULL;
    apr_array_header_t *keys = apr_array_make(unit_pool, 1001, sizeof(char *));
    for (int i = 0; i < 1000; i++)
        APR_ARRAY_PUSH(keys, const char *) = "{" ED25519_PUB "}";
    unit_assert_ok(
        parse(apr_pstrcat(unit_pool, "{\"keys\":[", apr_array_pstrcat(unit_pool, keys, ','), "]}", NULL), &set));
    assert_int_equal(sso_jwks_size(set), 1000);
    APR_ARRAY_PUSH(keys, const char *) = "{}";
    char *full = apr_pstrcat(unit_pool, "{\"keys\":[", apr_array_pstrcat(unit_pool, keys, ','), "]}", NULL);
    assert_int_equal(parse(full, &set), SSO_E_LIMIT);
    assert_string_equal(err.reason, "jwks-too-many");
}

static void sets_over_one_mebibyte_are_refused(void **state)
{
    (void)state;
    const sso_jwks_t *set = NULL;
    char *text = apr_palloc(unit_pool, SSO_JWKS_BYTES_MAX + 2);
    memset(text, ' ', SSO_JWKS_BYTES_MAX + 1);
    text[SSO_JWKS_BYTES_MAX + 1] = 0;
    assert_int_equal(parse(text, &set), SSO_E_LIMIT);
    assert_string_equal(err.reason, "jwks-syntax");
}

static const char *selected(const sso_jwks_t *set, const char *kid, const char *alg)
{
    const sso_jwk_t *key = NULL;
    sso_err_clear(&err);
    if (sso_jwks_select(set, kid, sso_alg_find(alg), &key, &err) != SSO_OK)
        return err.reason;
    return sso_jwk_kid(key) ? sso_jwk_kid(key) : "(no kid)";
}

static void kid_selects_among_the_keys_that_fit(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA_PUB ",\"kid\":\"r1\"", RSA2_PUB ",\"kid\":\"r2\"", P256_PUB ",\"kid\":\"e1\"",
                                    P256B_PUB ",\"kid\":\"enc\",\"use\":\"enc\"", NULL);
    assert_string_equal(selected(set, "r1", "RS256"), "r1");
    assert_string_equal(selected(set, "r2", "PS512"), "r2");
    assert_string_equal(selected(set, "e1", "ES256"), "e1");
    assert_string_equal(selected(set, "e1", "RS256"), "jwks-alg-mismatch");
    assert_string_equal(selected(set, "r1", "ES256"), "jwks-alg-mismatch");
    assert_string_equal(selected(set, "e1", "ES384"), "jwks-alg-mismatch");
    assert_string_equal(selected(set, "r1", "HS256"), "jwks-alg-mismatch");
    assert_string_equal(selected(set, "enc", "ES256"), "jwks-alg-mismatch");
    assert_string_equal(selected(set, "R1", "RS256"), "jwks-unknown-kid");
    assert_string_equal(selected(set, "", "RS256"), "jwks-unknown-kid");
    assert_string_equal(selected(set, "../../../../dev/null", "HS256"), "jwks-unknown-kid");
}

static void without_a_kid_the_one_key_that_fits_is_taken(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA_PUB ",\"kid\":\"r1\"", RSA2_PUB ",\"kid\":\"r2\"", P256_PUB ",\"kid\":\"e1\"",
                                    P256B_PUB ",\"kid\":\"enc\",\"use\":\"enc\"", NULL);
    assert_string_equal(selected(set, NULL, "ES256"), "e1");
    assert_string_equal(selected(set, NULL, "RS256"), "jwks-ambiguous");
    assert_string_equal(selected(set, NULL, "EdDSA"), "jwks-no-match");
    assert_string_equal(selected(set, NULL, "HS256"), "jwks-no-match");
}

static void one_kid_on_two_keys_is_fine_only_when_one_fits(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA_PUB ",\"kid\":\"k\"", P256_PUB ",\"kid\":\"k\"", NULL);
    assert_string_equal(selected(set, "k", "RS256"), "k");
    assert_string_equal(selected(set, "k", "ES256"), "k");
    set = kit_set(RSA_PUB ",\"kid\":\"k\"", RSA2_PUB ",\"kid\":\"k\"", NULL);
    assert_string_equal(selected(set, "k", "RS256"), "jwks-ambiguous");
    set = kit_set(RSA_PUB ",\"kid\":\"k\",\"alg\":\"RS256\"", RSA2_PUB ",\"kid\":\"k\",\"alg\":\"PS256\"", NULL);
    assert_string_equal(selected(set, "k", "RS256"), "k");
    assert_string_equal(selected(set, "k", "RS512"), "jwks-alg-mismatch");
}

static void the_same_key_published_twice_is_not_ambiguous(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA_PUB ",\"kid\":\"k\"", RSA_PUB ",\"kid\":\"k\"", NULL);
    assert_string_equal(selected(set, "k", "RS256"), "k");
}

static void keys_without_kid_are_not_taken_for_a_kid(void **state)
{
    (void)state;
    assert_string_equal(selected(kit_set(RSA_PUB, NULL), "k", "RS256"), "jwks-unknown-kid");
    assert_string_equal(selected(kit_set(RSA_PUB, NULL), NULL, "RS256"), "(no kid)");
}

static void a_private_key_of_an_attacker_does_not_shadow_a_good_one(void **state)
{
    (void)state;
    const sso_jwks_t *set = kit_set(RSA_PUB ",\"kid\":\"k1\"", P256_PUB P256_PRIV ",\"kid\":\"k1\"", NULL);
    assert_int_equal(sso_jwks_skipped(set), 1);
    assert_string_equal(selected(set, "k1", "ES256"), "jwks-alg-mismatch");
    assert_string_equal(selected(set, "k1", "RS256"), "k1");
}

static void a_secret_stands_for_any_kid_but_only_for_hmac(void **state)
{
    (void)state;
    const sso_jwks_t *set = sso_jwks_of(unit_pool, kit_secret(64));
    assert_int_equal(sso_jwks_size(set), 1);
    assert_string_equal(selected(set, "any", "HS256"), "(no kid)");
    assert_string_equal(selected(set, NULL, "HS512"), "(no kid)");
    assert_string_equal(selected(set, NULL, "RS256"), "jwks-no-match");
    assert_string_equal(selected(set, "any", "RS256"), "jwks-alg-mismatch");
}

static void a_set_of_one_key_with_kid_wants_that_kid(void **state)
{
    (void)state;
    const sso_jwk_t *key = NULL;
    unit_assert_ok(sso_jwk_from_pem(unit_pool, PEM_P256_PUBLIC, strlen(PEM_P256_PUBLIC), "mine", &key, &err));
    const sso_jwks_t *set = sso_jwks_of(unit_pool, key);
    assert_string_equal(selected(set, "mine", "ES256"), "mine");
    assert_string_equal(selected(set, "other", "ES256"), "jwks-unknown-kid");
}

int main(void)
{
    const struct CMUnitTest jwks_tests[] = {
        unit_test(set_of_usable_keys_is_counted),
        unit_test(keys_we_cannot_use_are_skipped_and_counted),
        unit_test(texts_that_are_no_set_are_refused),
        unit_test(empty_set_says_why_its_first_key_was_refused),
        unit_test(sets_hold_at_most_1000_keys),
        unit_test(sets_over_one_mebibyte_are_refused),
        unit_test(kid_selects_among_the_keys_that_fit),
        unit_test(without_a_kid_the_one_key_that_fits_is_taken),
        unit_test(one_kid_on_two_keys_is_fine_only_when_one_fits),
        unit_test(the_same_key_published_twice_is_not_ambiguous),
        unit_test(keys_without_kid_are_not_taken_for_a_kid),
        unit_test(a_private_key_of_an_attacker_does_not_shadow_a_good_one),
        unit_test(a_secret_stands_for_any_kid_but_only_for_hmac),
        unit_test(a_set_of_one_key_with_kid_wants_that_kid),
    };
    return unit_run(jwks_tests);
}

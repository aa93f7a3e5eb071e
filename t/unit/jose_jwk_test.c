/* SPDX-License-Identifier: Apache-2.0 */
/* JWKs and PEM keys: what is accepted, every refusal, use and key_ops, thumbprints, the public text. */
#include "unit.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "base/json.h"
#include "jose/jwk.h"
#include "jose_keys.h"

static sso_err_t err = SSO_ERR_INIT;

static const sso_json_t *json(const char *text)
{
    const sso_json_t *doc = NULL;
    unit_assert_ok(sso_json_parse(unit_pool, text, strlen(text), 65536, &doc, &err));
    return doc;
}

static sso_rc_t import(const char *members, sso_jwk_side_t side, const sso_jwk_t **key)
{
    const sso_json_t *doc = json(apr_pstrcat(unit_pool, "{", members, "}", NULL));
    sso_err_clear(&err);
    return sso_jwk_from_json(unit_pool, doc, side, key, &err);
}

static const sso_jwk_t *provider_key(const char *members)
{
    const sso_jwk_t *key = NULL;
    unit_assert_ok(import(members, SSO_JWK_FOR_PROVIDER, &key));
    return key;
}

static void refused(const char *members, sso_jwk_side_t side, const char *reason)
{
    const sso_jwk_t *key = NULL;
    assert_int_not_equal(import(members, side, &key), SSO_OK);
    assert_string_equal(err.reason, reason);
    assert_null(key);
}

static void check_fits(const char *members, const char *algs)
{
    static const char *const all[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                      "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"};
    const sso_jwk_t *key = provider_key(members);
    char *got = apr_pstrdup(unit_pool, "");
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (sso_jwk_fits(key, sso_alg_find(all[i])))
            got = apr_pstrcat(unit_pool, got, *got ? " " : "", all[i], NULL);
    assert_string_equal(got, algs);
}

static void public_keys_fit_the_algorithms_of_their_type_and_curve(void **state)
{
    (void)state;
    check_fits(RSA_PUB, "RS256 RS384 RS512 PS256 PS384 PS512");
    check_fits(P256_PUB, "ES256");
    check_fits(P384_PUB, "ES384");
    check_fits(P521_PUB, "ES512");
    check_fits(ED25519_PUB, "EdDSA");
    check_fits(ED448_PUB, "EdDSA");
}

static void use_key_ops_and_alg_narrow(void **state)
{
    (void)state;
    check_fits(RSA_PUB ",\"alg\":\"PS256\"", "PS256");
    check_fits(RSA_PUB ",\"alg\":\"RSA-OAEP\"", "");
    check_fits(RSA_PUB ",\"alg\":\"none\"", "");
    check_fits(P256_PUB ",\"use\":\"sig\"", "ES256");
    check_fits(P256_PUB ",\"use\":\"enc\"", "");
    check_fits(P256_PUB ",\"use\":\"SIG\"", "");
    check_fits(P256_PUB ",\"use\":\"\"", "");
    check_fits(P256_PUB ",\"key_ops\":[\"verify\"]", "ES256");
    check_fits(P256_PUB ",\"key_ops\":[\"encrypt\",\"verify\"]", "ES256");
    check_fits(P256_PUB ",\"key_ops\":[\"sign\"]", "");
    check_fits(P256_PUB ",\"key_ops\":[]", "");
    check_fits(P256_PUB ",\"use\":\"enc\",\"key_ops\":[\"verify\"]", "");
    check_fits(P256_PUB ",\"use\":\"sig\",\"key_ops\":[\"deriveKey\"]", "");
    check_fits(RSA_PUB ",\"x5c\":[\"junk\"],\"x5u\":\"http://127.0.0.1/\",\"extra\":{\"a\":1}",
               "RS256 RS384 RS512 PS256 PS384 PS512");
}

static void members_of_wrong_type_make_the_key_unusable(void **state)
{
    (void)state;
    refused(RSA_PUB ",\"kid\":5", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(RSA_PUB ",\"use\":[\"sig\"]", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(RSA_PUB ",\"alg\":null", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(RSA_PUB ",\"key_ops\":\"verify\"", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(RSA_PUB ",\"key_ops\":[1]", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused("\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\"", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused("\"kty\":\"RSA\",\"n\":\"AQAB\"", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused("\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"", SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused("\"kty\":\"RSA\",\"n\":\"AQAB=\",\"e\":\"AQAB\"", SSO_JWK_FOR_PROVIDER, "jwk-member");
}

static void kid_is_kept_and_bounded(void **state)
{
    (void)state;
    assert_null(sso_jwk_kid(provider_key(P256_PUB)));
    assert_string_equal(sso_jwk_kid(provider_key(P256_PUB ",\"kid\":\"k 1\"")), "k 1");
    char *longest = apr_pcalloc(unit_pool, 514);
    memset(longest, 'k', 512);
    assert_string_equal(sso_jwk_kid(provider_key(apr_pstrcat(unit_pool, P256_PUB ",\"kid\":\"", longest, "\"", NULL))),
                        longest);
    longest[512] = 'k';
    refused(apr_pstrcat(unit_pool, P256_PUB ",\"kid\":\"", longest, "\"", NULL), SSO_JWK_FOR_PROVIDER, "jwk-member");
}

static void unknown_types_and_curves_are_refused(void **state)
{
    (void)state;
    refused("\"n\":\"AQAB\"", SSO_JWK_FOR_PROVIDER, "jwk-kty");
    refused("\"kty\":\"rsa\"", SSO_JWK_FOR_PROVIDER, "jwk-kty");
    refused("\"kty\":1", SSO_JWK_FOR_PROVIDER, "jwk-kty");
    refused("\"kty\":\"AKP\"", SSO_JWK_FOR_PROVIDER, "jwk-kty");
    refused(SECP256K1_PUB, SSO_JWK_FOR_PROVIDER, "jwk-crv");
    refused(X25519_PUB, SSO_JWK_FOR_PROVIDER, "jwk-crv");
    refused("\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"y\":\"AA\"", SSO_JWK_FOR_PROVIDER, "jwk-crv");
    refused("\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"AA\"", SSO_JWK_FOR_PROVIDER, "jwk-crv");
    refused("\"kty\":\"EC\",\"x\":\"AA\",\"y\":\"AA\"", SSO_JWK_FOR_PROVIDER, "jwk-crv");
    const sso_jwk_t *key = NULL;
    unit_assert_err(sso_jwk_from_json(unit_pool, json("[1]"), SSO_JWK_FOR_PROVIDER, &key, &err), SSO_E_SYNTAX,
                    "jwk-kty");
}

/* A modulus of `len` bytes: 0x80, zeros, 0x01. */
static char *rsa_of(apr_size_t len, const char *e)
{
    unsigned char *n = apr_pcalloc(unit_pool, len);
    n[0] = 0x80;
    n[len - 1] = 1;
    return apr_pstrcat(unit_pool, "\"kty\":\"RSA\",\"n\":\"", sso_b64url_string(unit_pool, n, len), "\",\"e\":\"", e,
                       "\"", NULL);
}

static void rsa_sizes_are_bounded_on_both_sides(void **state)
{
    (void)state;
    refused(RSA1024_PUB, SSO_JWK_FOR_PROVIDER, "jwk-rsa-size");
    refused(rsa_of(255, "AQAB"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-size");
    assert_int_equal(sso_jwk_kty(provider_key(rsa_of(256, "AQAB"))), SSO_KTY_RSA);
    assert_int_equal(sso_jwk_kty(provider_key(rsa_of(1024, "AQAB"))), SSO_KTY_RSA);
    refused(rsa_of(1025, "AQAB"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-size");
    refused(rsa_of(2048, "AQAB"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-size");
    refused(rsa_of(8192, "AQAB"), SSO_JWK_FOR_PROVIDER, "jwk-member");
}

static void rsa_exponents_are_odd_at_least_3_and_at_most_64_bits(void **state)
{
    (void)state;
    provider_key(rsa_of(256, "Aw"));
    provider_key(rsa_of(256, "__________8")); /* 2^64 - 1 */
    refused(rsa_of(256, "AQ"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-exponent");
    refused(rsa_of(256, "AA"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-exponent");
    refused(rsa_of(256, "AQAA"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-exponent");
    refused(rsa_of(256, "AQAAAAAAAAAB"), SSO_JWK_FOR_PROVIDER, "jwk-rsa-exponent");
    char *huge = rsa_of(256, "AQAB");
    huge = strstr(huge, "\"n\":\"") + 5;
    refused(rsa_of(2048, apr_pstrndup(unit_pool, huge, 342)), SSO_JWK_FOR_PROVIDER, "jwk-rsa-size");
    refused(rsa_of(256, apr_pstrndup(unit_pool, huge, 342)), SSO_JWK_FOR_PROVIDER, "jwk-rsa-exponent");
}

static void even_rsa_moduli_are_refused(void **state)
{
    (void)state;
    unsigned char n[256] = {0x80};
    refused(apr_pstrcat(unit_pool, "\"kty\":\"RSA\",\"n\":\"", sso_b64url_string(unit_pool, n, 256),
                        "\",\"e\":\"AQAB\"", NULL),
            SSO_JWK_FOR_PROVIDER, "jwk-member");
}

static void leading_zero_of_an_rsa_number_changes_nothing(void **state)
{
    (void)state;
    unsigned char n[257] = {0, 0x80};
    n[256] = 1;
    const sso_jwk_t *padded = provider_key(apr_pstrcat(
        unit_pool, "\"kty\":\"RSA\",\"n\":\"", sso_b64url_string(unit_pool, n, 257), "\",\"e\":\"AAEAAQ\"", NULL));
    char *a, *b;
    unit_assert_ok(sso_jwk_thumbprint(unit_pool, padded, &a, &err));
    unit_assert_ok(sso_jwk_thumbprint(unit_pool, provider_key(rsa_of(256, "AQAB")), &b, &err));
    assert_string_equal(a, b);
}

static char *ec_of(const char *crv, const unsigned char *x, const unsigned char *y, apr_size_t len)
{
    return apr_psprintf(unit_pool, "\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"", crv,
                        sso_b64url_string(unit_pool, x, len), sso_b64url_string(unit_pool, y, len));
}

static void points_off_the_curve_are_refused(void **state)
{
    (void)state;
    unsigned char zero[66] = {0}, ones[66];
    memset(ones, 0xff, sizeof(ones));
    refused(ec_of("P-256", zero, zero, 32), SSO_JWK_FOR_PROVIDER, "jwk-point");
    refused(ec_of("P-256", ones, ones, 32), SSO_JWK_FOR_PROVIDER, "jwk-point");
    refused(ec_of("P-384", zero, ones, 48), SSO_JWK_FOR_PROVIDER, "jwk-point");
    refused(ec_of("P-521", ones, zero, 66), SSO_JWK_FOR_PROVIDER, "jwk-point");
    /* a good point of one curve is none of another; x of one key with y of another */
    const char *x = strstr(P256_PUB, "\"x\""), *y = strstr(P256B_PUB, "\"y\"");
    refused(apr_pstrcat(unit_pool, "\"kty\":\"EC\",\"crv\":\"P-256\",", apr_pstrndup(unit_pool, x, 50), y, NULL),
            SSO_JWK_FOR_PROVIDER, "jwk-point");
}

static void coordinates_have_the_full_length(void **state)
{
    (void)state;
    unsigned char x[66] = {1};
    refused(ec_of("P-256", x, x, 31), SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(ec_of("P-256", x, x, 33), SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(ec_of("P-521", x, x, 65), SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused(ec_of("P-256", x, x, 66), SSO_JWK_FOR_PROVIDER, "jwk-member");
    refused("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"", SSO_JWK_FOR_PROVIDER, "jwk-member");
}

static void private_and_symmetric_members_make_a_providers_key_unusable(void **state)
{
    (void)state;
    refused(RSA_PUB RSA_PRIV, SSO_JWK_FOR_PROVIDER, "jwk-private");
    refused(P256_PUB P256_PRIV, SSO_JWK_FOR_PROVIDER, "jwk-private");
    refused(ED25519_PUB ED25519_PRIV, SSO_JWK_FOR_PROVIDER, "jwk-private");
    refused(RSA_PUB ",\"oth\":[]", SSO_JWK_FOR_PROVIDER, "jwk-private");
    refused(RSA_PUB ",\"qi\":null", SSO_JWK_FOR_PROVIDER, "jwk-private");
    refused("\"kty\":\"oct\",\"k\":\"AAAA\"", SSO_JWK_FOR_PROVIDER, "jwk-symmetric");
    refused(RSA_PUB ",\"k\":\"AAAA\"", SSO_JWK_FOR_PROVIDER, "jwk-symmetric");
}

static void our_own_private_keys_are_read(void **state)
{
    (void)state;
    static const char *const keys[] = {RSA_PUB RSA_PRIV,
                                       P256_PUB P256_PRIV,
                                       P384_PUB P384_PRIV,
                                       P521_PUB P521_PRIV,
                                       ED25519_PUB ED25519_PRIV,
                                       ED448_PUB ED448_PRIV,
                                       "\"kty\":\"oct\",\"k\":\"AAAA\""};
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const sso_jwk_t *key = NULL;
        unit_assert_ok(import(keys[i], SSO_JWK_FOR_OURSELVES, &key));
        assert_non_null(key);
    }
}

static void our_own_keys_have_to_be_private_complete_and_consistent(void **state)
{
    (void)state;
    refused(RSA_PUB, SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused(P256_PUB, SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused(ED25519_PUB, SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused(RSA1024_PUB RSA1024_PRIV, SSO_JWK_FOR_OURSELVES, "jwk-rsa-size");
    refused(RSA2_PUB RSA_PRIV, SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused(P256B_PUB P256_PRIV, SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused(RSA_PUB RSA_PRIV ",\"oth\":[]", SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused(P256_PUB ",\"d\":\"AAAA\"", SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"" ED25519_PRIV,
            SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused("\"kty\":\"oct\"", SSO_JWK_FOR_OURSELVES, "jwk-member");
    refused("\"kty\":\"oct\",\"k\":\"\"", SSO_JWK_FOR_OURSELVES, "jwk-member");
}

static void secrets_have_1_to_4096_bytes(void **state)
{
    (void)state;
    const sso_jwk_t *key = NULL;
    unit_assert_ok(sso_jwk_from_secret(unit_pool, "s", 1, &key, &err));
    assert_int_equal(sso_jwk_kty(key), SSO_KTY_OCT);
    char *big = apr_pcalloc(unit_pool, 4097);
    unit_assert_ok(sso_jwk_from_secret(unit_pool, big, 4096, &key, &err));
    unit_assert_err(sso_jwk_from_secret(unit_pool, big, 4097, &key, &err), SSO_E_LIMIT, "jwk-member");
    unit_assert_err(sso_jwk_from_secret(unit_pool, "", 0, &key, &err), SSO_E_LIMIT, "jwk-member");
}

static void thumbprints_match_rfc_7638_and_rfc_8037(void **state)
{
    (void)state;
    char *text = NULL;
    const sso_jwk_t *key =
        provider_key("\"kty\":\"RSA\",\"n\":"
                     "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebW"
                     "KRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
                     "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb"
                     "9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
                     "xBniIqbw0Ls1jF44-cs"
                     "FCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"");
    unit_assert_ok(sso_jwk_thumbprint(unit_pool, key, &text, &err));
    assert_string_equal(text, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    key = provider_key("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"");
    unit_assert_ok(sso_jwk_thumbprint(unit_pool, key, &text, &err));
    assert_string_equal(text, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    unit_assert_ok(sso_jwk_from_secret(unit_pool, "s", 1, &key, &err));
    unit_assert_err(sso_jwk_thumbprint(unit_pool, key, &text, &err), SSO_E_UNSUPPORTED, "jwk-symmetric");
}

static void public_text_is_a_key_that_can_be_read_again_and_holds_nothing_private(void **state)
{
    (void)state;
    static const char *const keys[] = {RSA_PUB RSA_PRIV,   P256_PUB P256_PRIV,       P384_PUB P384_PRIV,
                                       P521_PUB P521_PRIV, ED25519_PUB ED25519_PRIV, ED448_PUB ED448_PRIV};
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const sso_jwk_t *own = NULL, *again = NULL;
        char *text = NULL, *a, *b;
        unit_assert_ok(import(keys[i], SSO_JWK_FOR_OURSELVES, &own));
        unit_assert_ok(sso_jwk_public_text(unit_pool, own, "a\"b", NULL, &text, &err));
        unit_assert_ok(sso_jwk_from_json(unit_pool, json(text), SSO_JWK_FOR_PROVIDER, &again, &err));
        assert_string_equal(sso_jwk_kid(again), "a\"b");
        unit_assert_ok(sso_jwk_thumbprint(unit_pool, own, &a, &err));
        unit_assert_ok(sso_jwk_thumbprint(unit_pool, again, &b, &err));
        assert_string_equal(a, b);
    }
    char *text = NULL;
    unit_assert_ok(sso_jwk_public_text(unit_pool,
                                       provider_key("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                                                    "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""),
                                       "k1", "EdDSA", &text, &err));
    assert_string_equal(text,
                        "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
                        "\"use\":\"sig\",\"kid\":\"k1\",\"alg\":\"EdDSA\"}");
}

static sso_rc_t pem(const char *text, const sso_jwk_t **key)
{
    sso_err_clear(&err);
    return sso_jwk_from_pem(unit_pool, text, strlen(text), "our-kid", key, &err);
}

static void pem_keys_are_the_same_as_their_jwks(void **state)
{
    (void)state;
    static const struct {
        const char *pem, *members;
    } cases[] = {
        {PEM_RSA, RSA_PUB},          {PEM_RSA_TRADITIONAL, RSA_PUB}, {PEM_P256, P256_PUB},
        {PEM_P256_PUBLIC, P256_PUB}, {PEM_ED25519, ED25519_PUB},     {PEM_CERTIFICATE PEM_P256, P256_PUB},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const sso_jwk_t *key = NULL;
        char *a, *b;
        unit_assert_ok(pem(cases[i].pem, &key));
        assert_string_equal(sso_jwk_kid(key), "our-kid");
        unit_assert_ok(sso_jwk_thumbprint(unit_pool, key, &a, &err));
        unit_assert_ok(sso_jwk_thumbprint(unit_pool, provider_key(cases[i].members), &b, &err));
        assert_string_equal(a, b);
    }
}

static void pem_with_ec_parameters_in_front_is_read(void **state)
{
    (void)state;
    const sso_jwk_t *key = NULL;
    unit_assert_ok(pem(PEM_EC_WITH_PARAMETERS, &key));
    assert_int_equal(sso_jwk_kty(key), SSO_KTY_EC);
}

static void pem_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *pem, *reason;
    } cases[] = {
        {"", "pem-syntax"},
        {"not a key", "pem-syntax"},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "pem-syntax"},
        {PEM_CERTIFICATE, "pem-syntax"},
        {PEM_ENCRYPTED, "pem-encrypted"},
        {PEM_ENCRYPTED_TRADITIONAL, "pem-encrypted"},
        {PEM_RSA1024, "jwk-rsa-size"},
        {PEM_RSA_PSS, "jwk-kty"},
        {PEM_X25519, "jwk-kty"},
        {PEM_SECP256K1, "jwk-crv"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const sso_jwk_t *key = NULL;
        assert_int_not_equal(pem(cases[i].pem, &key), SSO_OK);
        assert_string_equal(err.reason, cases[i].reason);
        assert_null(key);
    }
}

static void pem_files_are_bounded(void **state)
{
    (void)state;
    const sso_jwk_t *key = NULL;
    char *big = apr_pcalloc(unit_pool, 70000);
    memset(big, '\n', 69999);
    assert_int_equal(pem(apr_pstrcat(unit_pool, PEM_P256, big, NULL), &key), SSO_E_LIMIT);
    unit_assert_ok(pem(apr_pstrcat(unit_pool, "# comment\n\n", PEM_P256, "\n\n", NULL), &key));
}

int main(void)
{
    const struct CMUnitTest jwk_tests[] = {
        unit_test(public_keys_fit_the_algorithms_of_their_type_and_curve),
        unit_test(use_key_ops_and_alg_narrow),
        unit_test(members_of_wrong_type_make_the_key_unusable),
        unit_test(kid_is_kept_and_bounded),
        unit_test(unknown_types_and_curves_are_refused),
        unit_test(rsa_sizes_are_bounded_on_both_sides),
        unit_test(rsa_exponents_are_odd_at_least_3_and_at_most_64_bits),
        unit_test(even_rsa_moduli_are_refused),
        unit_test(leading_zero_of_an_rsa_number_changes_nothing),
        unit_test(points_off_the_curve_are_refused),
        unit_test(coordinates_have_the_full_length),
        unit_test(private_and_symmetric_members_make_a_providers_key_unusable),
        unit_test(our_own_private_keys_are_read),
        unit_test(our_own_keys_have_to_be_private_complete_and_consistent),
        unit_test(secrets_have_1_to_4096_bytes),
        unit_test(thumbprints_match_rfc_7638_and_rfc_8037),
        unit_test(public_text_is_a_key_that_can_be_read_again_and_holds_nothing_private),
        unit_test(pem_keys_are_the_same_as_their_jwks),
        unit_test(pem_with_ec_parameters_in_front_is_read),
        unit_test(pem_refusals),
        unit_test(pem_files_are_bounded),
    };
    return unit_run(jwk_tests);
}

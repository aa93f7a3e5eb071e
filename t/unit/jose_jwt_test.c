/* SPDX-License-Identifier: Apache-2.0 */
/* The one verifier: signed and nested tokens, claims as strict JSON, half hashes. */
#include "jose_kit.h"

#include "jose/jwt.h"

#define CLAIMS "{\"iss\":\"https://op.example.com\",\"sub\":\"alice\"}"
/* of "token" */
#define HALF_384   "Cm6hANx1qgPTYYSWu3KFaieklEAsPkh3"
#define HALF_512   "ImXaughy_DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Ww"
#define HALF_SHAKE "ZpsVsPHyCxw-L854tH1BSHo_uyeotZeU9GcDngReCYbbGANfhQ0WKs70DNeb3r5aEWB26f_H-CGq"

static sso_jwt_t jwt;

/* "ok" or the reason. */
static const char *verified(const char *text, const sso_jwks_t *verify, const sso_jwk_t *decrypt)
{
    const sso_jwt_keys_t keys = {verify, sso_alg_default_set(), decrypt};
    sso_err_clear(&err);
    memset(&jwt, 0, sizeof(jwt));
    return sso_jwt_verify(unit_pool, text, &keys, &jwt, &err) == SSO_OK ? "ok" : err.reason;
}

static const char *signed_token(const char *payload)
{
    return kit_sign(kit_key(ED25519_PUB ED25519_PRIV), "EdDSA", NULL, payload);
}

static const sso_jwks_t *keys(void)
{
    return kit_set(ED25519_PUB, NULL);
}

static void signed_claims_are_believed(void **state)
{
    (void)state;
    const char *sub = NULL;
    assert_string_equal(verified(signed_token(CLAIMS), keys(), NULL), "ok");
    assert_int_equal(sso_json_string(jwt.claims, "sub", &sub), SSO_JSON_FOUND);
    assert_string_equal(sub, "alice");
    assert_string_equal(jwt.typ, "JWT");
    assert_null(jwt.kid);
    assert_string_equal(jwt.alg->name, "EdDSA");
    assert_string_equal(jwt.crv, "Ed25519");
    assert_false(jwt.encrypted);
}

static void claims_are_strict_json_objects(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{} x",
        "{}{}",
        "{\"sub\":\"a\",\"sub\":\"b\"}",
        "{\"exp\":1,\"exp\":9999999999}",
        "{\"sub\":\"admin\\u0000.evil\"}",
        "{\"sub\\u0000x\":\"a\"}",
        "{\"sub\":\"\xc0\x80\"}",
        "{\"sub\":\"\xff\"}",
        "{'sub':'a'}",
        "{\"sub\":\"a\",}",
        "{\"sub\":\"a\"/**/}",
        "\xef\xbb\xbf{}",
        "{\"exp\":1e999}",
        "{\"exp\":NaN}",
    };
    for (unsigned i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        assert_string_equal(verified(signed_token(payloads[i]), keys(), NULL), "jwt-claims");
}

static void deep_nesting_is_refused_without_harm(void **state)
{
    (void)state;
    char *deep = apr_palloc(unit_pool, 200010);
    memcpy(deep, "{\"a\":", 5);
    memset(deep + 5, '[', 100000);
    memset(deep + 100005, ']', 100000);
    memcpy(deep + 200005, "}", 2);
    assert_string_equal(verified(signed_token(deep), keys(), NULL), "jwt-claims");
}

static void nothing_is_read_before_the_signature(void **state)
{
    (void)state;
    const char *token = kit_token("{\"alg\":\"EdDSA\"}", "not json", strrchr(signed_token(CLAIMS), '.') + 1);
    assert_string_equal(verified(token, keys(), NULL), "jws-signature");
    assert_null(jwt.claims);
}

static void unsigned_tokens_are_refused(void **state)
{
    (void)state;
    assert_string_equal(verified(kit_token("{\"alg\":\"none\"}", CLAIMS, ""), keys(), NULL), "jws-alg-none");
    assert_string_equal(verified(CLAIMS, keys(), NULL), "jws-parts");
    assert_string_equal(verified("", keys(), NULL), "jws-parts");
}

static void another_issuers_key_does_not_verify(void **state)
{
    (void)state;
    const sso_jwks_t *other = kit_set("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                                      "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
                                      NULL);
    assert_string_equal(verified(signed_token(CLAIMS), other, NULL), "jws-signature");
}

static void nested_tokens_are_decrypted_and_verified(void **state)
{
    (void)state;
    const char *sub = NULL;
    assert_string_equal(verified(JWE_NESTED, keys(), kit_key(RSA_PUB RSA_PRIV)), "ok");
    assert_true(jwt.encrypted);
    assert_int_equal(sso_json_string(jwt.claims, "sub", &sub), SSO_JSON_FOUND);
    assert_string_equal(sub, "alice");
    assert_string_equal(verified(JWE_NESTED_ECDH, keys(), kit_key(P256_PUB P256_PRIV)), "ok");
    assert_string_equal(verified(JWE_NESTED, keys(), kit_key(RSA_PUB RSA_PRIV ",\"use\":\"sig\"")), "jwe-key");
}

static void encrypted_tokens_without_a_key_of_ours_are_refused(void **state)
{
    (void)state;
    assert_string_equal(verified(JWE_NESTED, keys(), NULL), "jwt-encrypted");
}

static void encryption_alone_proves_nothing(void **state)
{
    (void)state;
    const sso_jwk_t *rsa = kit_key(RSA_PUB RSA_PRIV);
    assert_string_equal(verified(JWE_OF_NONE, keys(), rsa), "jws-alg-none");
    assert_string_equal(verified(JWE_OF_CLAIMS, keys(), rsa), "jws-parts");
    assert_string_equal(verified(JWE_OF_JWE, keys(), rsa), "jws-parts");
    assert_string_equal(verified(JWE_OF_NUL, keys(), rsa), "jws-parts");
    assert_string_equal(verified(JWE_NESTED, kit_set(RSA_PUB, NULL), rsa), "jwks-no-match");
}

static const sso_jwt_t *jwt_of(const char *alg, const char *crv)
{
    memset(&jwt, 0, sizeof(jwt));
    jwt.alg = sso_alg_find(alg);
    jwt.crv = crv;
    return &jwt;
}

/* The values of OIDC Core appendix A.4 (at_hash of "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") and A.6 (c_hash), and
 * values computed apart from this code. */
static void half_hashes_match(void **state)
{
    (void)state;
    assert_true(sso_jwt_half_hash_matches(jwt_of("RS256", NULL), "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
                                          "77QmUPtjPfzWtF2AnpK9RQ"));
    assert_true(sso_jwt_half_hash_matches(jwt_of("ES256", "P-256"),
                                          "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
                                          "LDktKdoQak3Pk0cnXxCltA"));
    assert_true(sso_jwt_half_hash_matches(jwt_of("PS384", NULL), "token", HALF_384));
    assert_true(sso_jwt_half_hash_matches(jwt_of("ES512", "P-521"), "token", HALF_512));
    assert_true(sso_jwt_half_hash_matches(jwt_of("EdDSA", "Ed25519"), "token", HALF_512));
    assert_true(sso_jwt_half_hash_matches(jwt_of("EdDSA", NULL), "token", HALF_512));
    assert_true(sso_jwt_half_hash_matches(jwt_of("EdDSA", "Ed448"), "token", HALF_SHAKE));
}

static void half_hashes_of_something_else_do_not_match(void **state)
{
    (void)state;
    assert_false(sso_jwt_half_hash_matches(jwt_of("RS256", NULL), "token", HALF_384));
    assert_false(sso_jwt_half_hash_matches(jwt_of("PS384", NULL), "Token", HALF_384));
    assert_false(sso_jwt_half_hash_matches(jwt_of("PS384", NULL), "token", HALF_384 "="));
    assert_false(sso_jwt_half_hash_matches(jwt_of("PS384", NULL), "token", ""));
    assert_false(sso_jwt_half_hash_matches(jwt_of("EdDSA", "Ed448"), "token", HALF_512));
    assert_false(sso_jwt_half_hash_matches(jwt_of("EdDSA", "Ed25519"), "token", HALF_SHAKE));
}

int main(void)
{
    const struct CMUnitTest jwt_tests[] = {
        unit_test(signed_claims_are_believed),
        unit_test(claims_are_strict_json_objects),
        unit_test(deep_nesting_is_refused_without_harm),
        unit_test(nothing_is_read_before_the_signature),
        unit_test(unsigned_tokens_are_refused),
        unit_test(another_issuers_key_does_not_verify),
        unit_test(nested_tokens_are_decrypted_and_verified),
        unit_test(encrypted_tokens_without_a_key_of_ours_are_refused),
        unit_test(encryption_alone_proves_nothing),
        unit_test(half_hashes_match),
        unit_test(half_hashes_of_something_else_do_not_match),
    };
    return unit_run(jwt_tests);
}

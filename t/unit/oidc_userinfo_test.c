/* SPDX-License-Identifier: Apache-2.0 */
/* UserInfo counts only when it is about the person of the ID Token, whatever form it comes in. */
#include "oidc/userinfo.h"
#include "oidc_tokens.h"

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static const sso_json_t *got;

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    tokens_setup();
    tokens_claim("sub", "\"user-1\"");
    tokens_claim("email", "\"u@example.com\"");
    got = NULL;
    return rc;
}
#define userinfo_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t parse_len(int status, const char *type, const char *body, apr_size_t len)
{
    return sso_userinfo_parse(&env, status, type, body, len, "user-1", &tokens.provider, &tokens.client, tokens.jwks,
                              &got, &err);
}

static sso_rc_t parse(const char *type, const char *body)
{
    return parse_len(200, type, body, strlen(body));
}

static sso_rc_t parse_jwt(void)
{
    return parse("application/jwt", tokens_sign());
}

#define refuse(call, rc, reason)                                                                                       \
    do {                                                                                                               \
        got = NULL;                                                                                                    \
        unit_assert_err(call, rc, reason);                                                                             \
        assert_null(got);                                                                                              \
    } while (0)

static void assert_email(void)
{
    const char *email = "";
    assert_non_null(got);
    assert_int_equal(sso_json_string(got, "email", &email), SSO_JSON_FOUND);
    assert_string_equal(email, "u@example.com");
}

/* case 5, 111 */
static void a_json_answer_about_the_same_person_is_accepted(void **state)
{
    const char *body = "{\"sub\":\"user-1\",\"email\":\"u@example.com\"}";
    (void)state;
    unit_assert_ok(parse("application/json;charset=utf-8", body));
    assert_email();
    unit_assert_ok(parse(NULL, body));
    unit_assert_ok(parse("", body));
    unit_assert_ok(parse("text/json", body));
}

/* case 24, 389, 390 */
static void an_answer_about_another_person_or_nobody_is_refused(void **state)
{
    (void)state;
    refuse(parse("application/json", "{\"sub\":\"user-2\"}"), SSO_E_MISMATCH, "userinfo-sub-mismatch");
    refuse(parse("application/json", "{\"sub\":\"USER-1\"}"), SSO_E_MISMATCH, "userinfo-sub-mismatch");
    refuse(parse("application/json", "{\"sub\":\"user-1 \"}"), SSO_E_MISMATCH, "userinfo-sub-mismatch");
    refuse(parse("application/json", "{\"sub\":\"\"}"), SSO_E_MISMATCH, "userinfo-sub-mismatch");
    refuse(parse("application/json", "{\"email\":\"u@example.com\"}"), SSO_E_ABSENT, "userinfo-sub-missing");
    refuse(parse("application/json", "{\"sub\":null}"), SSO_E_ABSENT, "userinfo-sub-missing");
    refuse(parse("application/json", "{\"sub\":[\"user-1\"]}"), SSO_E_ABSENT, "userinfo-sub-missing");
}

static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    refuse(parse("application/json", "[{\"sub\":\"user-1\"}]"), SSO_E_SYNTAX, "userinfo-json");
    refuse(parse("application/json", ""), SSO_E_SYNTAX, "userinfo-json");
    refuse(parse("application/json", "{\"sub\":\"user-1\",\"sub\":\"user-1\"}"), SSO_E_SYNTAX, "userinfo-json");
    refuse(parse("application/json", "{\"sub\":\"user-1\\u0000x\"}"), SSO_E_SYNTAX, "userinfo-json");
    refuse(parse("application/json", tokens_sign()), SSO_E_SYNTAX, "userinfo-json");
}

/* case 400, 399 */
static void a_deep_or_huge_answer_is_refused(void **state)
{
    apr_size_t deep = 200000;
    char *body = apr_palloc(unit_pool, SSO_USERINFO_MAX + 2);
    (void)state;
    memset(body, '[', deep);
    memcpy(body, "{\"sub\":", 7);
    refuse(parse_len(200, "application/json", body, deep), SSO_E_LIMIT, "userinfo-json");
    memset(body, ' ', SSO_USERINFO_MAX + 1);
    memcpy(body, "{\"sub\":\"user-1\"}", 16);
    unit_assert_ok(parse_len(200, "application/json", body, SSO_USERINFO_MAX));
    refuse(parse_len(200, "application/json", body, SSO_USERINFO_MAX + 1), SSO_E_LIMIT, "userinfo-json");
    memset(body, 'A', SSO_USERINFO_MAX + 1);
    refuse(parse_len(200, "application/jwt", body, SSO_USERINFO_MAX + 1), SSO_E_LIMIT, "userinfo-json");
    refuse(parse_len(200, "application/jwt", "a\0b", 3), SSO_E_LIMIT, "userinfo-json");
}

static void another_status_or_type_is_refused(void **state)
{
    const char *body = "{\"sub\":\"user-1\"}";
    (void)state;
    refuse(parse_len(401, "application/json", body, strlen(body)), SSO_E_PROVIDER, "userinfo-status");
    refuse(parse_len(302, "application/json", body, strlen(body)), SSO_E_PROVIDER, "userinfo-status");
    refuse(parse("text/html", body), SSO_E_SYNTAX, "userinfo-content-type");
    refuse(parse("application/jwtx", tokens_sign()), SSO_E_SYNTAX, "userinfo-content-type");
}

static void a_signed_answer_is_accepted(void **state)
{
    (void)state;
    unit_assert_ok(parse_jwt());
    assert_email();
    tokens_claim("iss", "\"" TOKENS_ISSUER "\"");
    tokens_claim("aud", "[\"other\",\"" TOKENS_CLIENT "\"]");
    tokens_time("exp", -9);
    unit_assert_ok(parse("Application/JWT; charset=utf-8", tokens_sign()));
    /* Its algorithm is registered apart from that of ID Tokens. */
    tokens.provider.id_token_algs = sso_alg_find("ES256")->bit;
    unit_assert_ok(parse_jwt());
}

/* case 393, 397 */
static void a_signature_that_is_not_the_providers_is_refused(void **state)
{
    (void)state;
    refuse(parse("application/jwt", tokens_with_header("{\"alg\":\"none\"}", tokens_sign(), "")), SSO_E_UNSUPPORTED,
           "jws-alg-none");
    tokens.key = tokens.other;
    refuse(parse_jwt(), SSO_E_SIGNATURE, "jws-signature");
    tokens.kid = "evil";
    refuse(parse_jwt(), SSO_E_KEY, "jwks-unknown-kid");
    tokens.kid = NULL;
    tokens.alg = "HS256";
    tokens.key = tokens_secret_key(TOKENS_SECRET);
    refuse(parse_jwt(), SSO_E_DENIED, "jws-alg-not-allowed");
}

/* Core 5.3.2 */
static void a_signed_answer_of_or_for_somebody_else_is_refused(void **state)
{
    (void)state;
    tokens_claim("iss", "\"https://evil.example\"");
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-iss");
    tokens_claim("iss", "null");
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-iss");
    tokens_claim("iss", NULL);
    tokens_claim("aud", "\"other\"");
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-aud");
    tokens_claim("aud", "7");
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-aud");
    tokens_claim("aud", NULL);
    tokens_time("exp", -10);
    refuse(parse_jwt(), SSO_E_EXPIRED, "userinfo-exp");
    tokens_claim("exp", "\"9999999999\"");
    refuse(parse_jwt(), SSO_E_EXPIRED, "userinfo-exp");
    tokens_claim("exp", NULL);
    tokens_claim("sub", "\"user-2\"");
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-sub-mismatch");
}

static void another_kind_of_token_is_refused(void **state)
{
    (void)state;
    tokens.typ = "at+jwt";
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-typ");
    tokens.typ = "logout+jwt";
    refuse(parse_jwt(), SSO_E_MISMATCH, "userinfo-typ");
    tokens.typ = "JWT";
    unit_assert_ok(parse_jwt());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        userinfo_test(a_json_answer_about_the_same_person_is_accepted),
        userinfo_test(an_answer_about_another_person_or_nobody_is_refused),
        userinfo_test(what_is_no_json_object_is_refused),
        userinfo_test(a_deep_or_huge_answer_is_refused),
        userinfo_test(another_status_or_type_is_refused),
        userinfo_test(a_signed_answer_is_accepted),
        userinfo_test(a_signature_that_is_not_the_providers_is_refused),
        userinfo_test(a_signed_answer_of_or_for_somebody_else_is_refused),
        userinfo_test(another_kind_of_token_is_refused),
    };
    return unit_run(tests);
}

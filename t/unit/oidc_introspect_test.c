/* SPDX-License-Identifier: Apache-2.0 */
/* Introspection: which tokens are opaque, what is asked, which answers count (RFC 7662). */
#include "oidc/introspect.h"
#include "oidc_tokens.h"

#define AUDIENCE "https://api.example"
#define GOOD     "\"active\":true,\"sub\":\"user-1\",\"client_id\":\"robot\",\"aud\":\"" AUDIENCE "\""

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_bearer_expect_t expect;
static sso_bearer_token_t got;

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    tokens_setup();
    expect = (sso_bearer_expect_t){
        .issuer = TOKENS_ISSUER, .audiences = tokens_list("other", AUDIENCE), .clock_skew = 10, .endless = 1};
    got = (sso_bearer_token_t){.sub = "untouched"};
    return rc;
}
#define introspect_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t read_as(int status, const char *type, const char *bytes)
{
    const sso_introspect_answer_t answer = {status, type, bytes, strlen(bytes)};
    sso_err_clear(&err);
    got.sub = "untouched";
    return sso_introspect_read(&env, &answer, &expect, &got, &err);
}

/* The members of an object, with nothing around them. */
static sso_rc_t read_members(const char *members)
{
    return read_as(200, "application/json", apr_pstrcat(unit_pool, "{", members, "}", NULL));
}

#define refuse(members, rc, reason)                                                                                    \
    do {                                                                                                               \
        unit_assert_err(read_members(members), rc, reason);                                                            \
        assert_string_equal(got.sub, "untouched");                                                                     \
    } while (0)

static void only_what_is_no_jws_is_opaque(void **state)
{
    static const char *const opaque[] = {
        "x",    "2YotnFZFEjr1zCsicMWpAA",    "a.b", "a.b.c.d", "a.b.c",     "v2.local.abc",
        "....", "eyJhbGciOiJkaXIifQ..a.b.c", "..",  "!!.b.c",  "Inh4Ig.b.c"};
    static const char *const jws[] = {"eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "e30..",
                                      "eyJicm9rZW4.e30.AAAA", "eyJhIjoxLCJhIjoyfQ.e30.AAAA"};
    (void)state;
    for (apr_size_t i = 0; i < sizeof(opaque) / sizeof(opaque[0]); i++)
        if (!sso_introspect_is_opaque(unit_pool, opaque[i]))
            fail_msg("%s is opaque", opaque[i]);
    for (apr_size_t i = 0; i < sizeof(jws) / sizeof(jws[0]); i++)
        if (sso_introspect_is_opaque(unit_pool, jws[i]))
            fail_msg("%s is a JWS", jws[i]);
    assert_false(sso_introspect_is_opaque(unit_pool, tokens_sign()));
}

static void the_token_is_one_form_value_and_we_say_who_we_are(void **state)
{
    sso_token_request_t request;
    (void)state;
    tokens.client.auth = SSO_CLIENT_AUTH_POST;
    unit_assert_ok(sso_introspect_request(&env, &tokens.provider, &tokens.client, "a&token=b=", &request, &err));
    assert_string_equal(request.body, "token=a%26token%3Db%3D&token_type_hint=access_token&client_id=" TOKENS_CLIENT
                                      "&client_secret=" TOKENS_SECRET);
    assert_null(request.authorization);
    tokens.client.auth = SSO_CLIENT_AUTH_BASIC;
    unit_assert_ok(sso_introspect_request(&env, &tokens.provider, &tokens.client, "t", &request, &err));
    assert_string_equal(request.body, "token=t&token_type_hint=access_token");
    assert_non_null(request.authorization);
    char *large = apr_psprintf(unit_pool, "%0*d", SSO_INTROSPECT_TOKEN_MAX + 1, 0);
    unit_assert_err(sso_introspect_request(&env, &tokens.provider, &tokens.client, large, &request, &err), SSO_E_LIMIT,
                    "bearer-too-large");
}

static void an_active_token_is_who_it_says(void **state)
{
    (void)state;
    unit_assert_ok(read_members(GOOD));
    assert_string_equal(got.sub, "user-1");
    assert_string_equal(got.client_id, "robot");
    assert_int_equal(got.exp, 0);
    char *whole = apr_psprintf(unit_pool,
                               GOOD ",\"iss\":\"" TOKENS_ISSUER "\",\"token_type\":\"bearer\",\"scope\":\"a b\","
                                    "\"username\":\"someone else\",\"exp\":%" APR_INT64_T_FMT ",\"iat\":1,\"nbf\":1",
                               apr_time_sec(UNIT_NOW) + 60);
    unit_assert_ok(read_members(whole));
    assert_int_equal(got.exp, UNIT_NOW + apr_time_from_sec(60));
    unit_assert_ok(read_members("\"active\":true,\"client_id\":\"robot\",\"aud\":[\"x\",\"" AUDIENCE "\"]"));
    assert_null(got.sub);
    expect.audiences = apr_array_make(unit_pool, 1, sizeof(char *));
    unit_assert_ok(read_members("\"active\":true,\"sub\":\"user-1\""));
}

static void what_is_no_answer_says_nothing_of_the_token(void **state)
{
    static const struct {
        int status;
        const char *type, *bytes, *reason;
    } cases[] = {
        {401, "application/json", "{\"active\":true}", "introspect-refused"},
        {403, "application/json", "{" GOOD "}", "introspect-refused"},
        {204, "application/json", "", "introspect-refused"},
        {302, "application/json", "{" GOOD "}", "introspect-refused"},
        {500, "text/html", "oops", "introspect-refused"},
        {200, "text/html", "{" GOOD "}", "introspect-answer"},
        {200, "", "{" GOOD "}", "introspect-answer"},
        {200, "application/token-introspection+jwt", "eyJhbGciOiJub25lIn0.e30.", "introspect-answer"},
        {200, "application/json", "", "introspect-answer"},
        {200, "application/json", "true", "introspect-answer"},
        {200, "application/json", "[{" GOOD "}]", "introspect-answer"},
        {200, "application/json", "{" GOOD, "introspect-answer"},
        {200, "application/json", "{\"active\":false," GOOD "}", "introspect-answer"},
        {200, "application/json", "{}", "introspect-answer"},
        {200, "application/json", "{\"active\":\"true\"}", "introspect-answer"},
        {200, "application/json", "{\"active\":1}", "introspect-answer"},
        {200, "application/json", "{\"active\":null}", "introspect-answer"},
    };
    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (read_as(cases[i].status, cases[i].type, cases[i].bytes) != SSO_E_PROVIDER ||
            strcmp(err.reason, cases[i].reason) != 0)
            fail_msg("%d %s %s: %s", cases[i].status, cases[i].type, cases[i].bytes, err.reason);
        assert_string_equal(got.sub, "untouched");
    }
}

static void a_token_that_does_not_count_is_refused(void **state)
{
    (void)state;
    refuse("\"active\":false", SSO_E_DENIED, "introspect-inactive");
    refuse("\"active\":false,\"sub\":\"user-1\",\"aud\":\"" AUDIENCE "\"", SSO_E_DENIED, "introspect-inactive");
    refuse("\"active\":true,\"sub\":\"user-1\"", SSO_E_ABSENT, "bearer-aud-missing");
    refuse("\"active\":true,\"sub\":\"user-1\",\"aud\":\"elsewhere\"", SSO_E_MISMATCH, "bearer-aud");
    refuse("\"active\":true,\"sub\":\"user-1\",\"aud\":1", SSO_E_SYNTAX, "bearer-aud-type");
    refuse("\"active\":true,\"aud\":\"" AUDIENCE "\"", SSO_E_ABSENT, "bearer-sub-missing");
    refuse("\"active\":true,\"aud\":\"" AUDIENCE "\",\"sub\":\"a\\nb\"", SSO_E_SYNTAX, "bearer-sub");
    refuse(GOOD ",\"iss\":\"https://other.example\"", SSO_E_MISMATCH, "bearer-iss");
    refuse(GOOD ",\"iss\":7", SSO_E_MISMATCH, "bearer-iss");
    refuse(GOOD ",\"exp\":1", SSO_E_EXPIRED, "bearer-exp");
    refuse(GOOD ",\"exp\":\"never\"", SSO_E_SYNTAX, "bearer-exp-type");
    refuse(GOOD ",\"nbf\":99999999999", SSO_E_EXPIRED, "bearer-nbf");
    refuse(GOOD ",\"iat\":99999999999", SSO_E_EXPIRED, "bearer-iat");
    refuse(GOOD ",\"token_type\":\"DPoP\"", SSO_E_UNSUPPORTED, "bearer-token-type");
    refuse(GOOD ",\"token_type\":\"refresh_token\"", SSO_E_UNSUPPORTED, "bearer-token-type");
    refuse(GOOD ",\"token_type\":null", SSO_E_UNSUPPORTED, "bearer-token-type");
    refuse(GOOD ",\"cnf\":{\"jkt\":\"x\"}", SSO_E_UNSUPPORTED, "bearer-bound");
    refuse(GOOD ",\"cnf\":null", SSO_E_UNSUPPORTED, "bearer-bound");
    refuse(GOOD ",\"token_use\":\"refresh_token\"", SSO_E_MISMATCH, "bearer-kind");
    refuse(GOOD ",\"typ\":\"Refresh\"", SSO_E_MISMATCH, "bearer-kind");
    unit_assert_ok(read_members(GOOD ",\"token_use\":\"access_token\""));
}

int main(void)
{
    const struct CMUnitTest introspect[] = {
        introspect_test(only_what_is_no_jws_is_opaque),
        introspect_test(the_token_is_one_form_value_and_we_say_who_we_are),
        introspect_test(an_active_token_is_who_it_says),
        introspect_test(what_is_no_answer_says_nothing_of_the_token),
        introspect_test(a_token_that_does_not_count_is_refused),
    };
    return unit_run(introspect);
}

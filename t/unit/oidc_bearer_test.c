/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens: where they come from, every rule with what it takes and what it refuses, scopes as lists. */
#include "oidc/bearer.h"
#include "oidc_tokens.h"

#define AUDIENCE "https://api.example"

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_bearer_expect_t expect;
static sso_bearer_token_t got;

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    tokens_setup();
    tokens.typ = "at+jwt";
    tokens_claim("iss", "\"" TOKENS_ISSUER "\"");
    tokens_claim("sub", "\"user-1\"");
    tokens_claim("aud", "\"" AUDIENCE "\"");
    tokens_claim("client_id", "\"robot\"");
    tokens_time("iat", -2);
    tokens_time("exp", 600);
    expect = (sso_bearer_expect_t){.issuer = TOKENS_ISSUER,
                                   .audiences = tokens_list("other", AUDIENCE),
                                   .algs = sso_alg_default_set(),
                                   .keys = tokens.jwks,
                                   .clock_skew = 10};
    got = (sso_bearer_token_t){.sub = "untouched"};
    return rc;
}
#define bearer_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t verify_text(const char *text)
{
    sso_bearer_parsed_t parsed;
    SSO_TRY(sso_bearer_parse(unit_pool, text, &parsed, &err));
    return sso_bearer_verify(&env, &parsed, &expect, &got, &err);
}

static sso_rc_t verify(void)
{
    return verify_text(tokens_sign());
}

#define refuse(rc, reason) refuse_text(tokens_sign(), rc, reason)
#define refuse_text(text, rc, reason)                                                                                  \
    do {                                                                                                               \
        got.sub = "untouched";                                                                                         \
        unit_assert_err(verify_text(text), rc, reason);                                                                \
        assert_string_equal(got.sub, "untouched");                                                                     \
    } while (0)

/* Refused with the claim set to a value, or without it, and accepted again as it was. */
static void refuse_with(const char *name, const char *json, sso_rc_t rc, const char *reason)
{
    const char *was = apr_table_get(tokens.claims, name);
    tokens_claim(name, json);
    sso_err_clear(&err);
    sso_rc_t is = verify();
    if (is != rc || strcmp(err.reason, reason) != 0)
        fail_msg("%s = %s: %s/%s, not %s/%s", name, json != NULL ? json : "(none)", sso_rc_name(is), err.reason,
                 sso_rc_name(rc), reason);
    tokens_claim(name, was);
    unit_assert_ok(verify());
}

static void accept_with(const char *name, const char *json)
{
    const char *was = apr_table_get(tokens.claims, name);
    tokens_claim(name, json);
    unit_assert_ok(verify());
    tokens_claim(name, was);
}

static const char *seconds(apr_int64_t from_now)
{
    return apr_psprintf(unit_pool, "%" APR_INT64_T_FMT, apr_time_sec(UNIT_NOW) + from_now);
}

/* ---- the header ---- */

static void the_scheme_is_compared_without_case(void **state)
{
    const char *token = NULL;
    (void)state;
    assert_int_equal(sso_bearer_read_header("Bearer a.b-c_d~e+f/g==", &token), SSO_BEARER_TOKEN);
    assert_string_equal(token, "a.b-c_d~e+f/g==");
    assert_int_equal(sso_bearer_read_header("bEaReR \t x", &token), SSO_BEARER_TOKEN);
    assert_string_equal(token, "x");
}

static void no_token_is_no_token(void **state)
{
    static const char *const none[] = {"",          "Bearer", "Bearer  ", "Basic YTpi",
                                       "Bearerx y", "DPoP x", "Bear",     " Bearer x"};
    const char *token = "untouched";
    (void)state;
    assert_int_equal(sso_bearer_read_header(NULL, &token), SSO_BEARER_NONE);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(sso_bearer_read_header(none[i], &token), SSO_BEARER_NONE);
    assert_string_equal(token, "untouched");
}

static void what_is_not_token68_is_malformed(void **state)
{
    static const char *const bad[] = {"Bearer a b", "Bearer a,b",   "Bearer \"a\"", "Bearer a=b", "Bearer =",
                                      "Bearer a\n", "Bearer a\x80", "Bearer a%20",  "Bearer a ",  "Bearer x:y"};
    const char *token = "untouched";
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(sso_bearer_read_header(bad[i], &token), SSO_BEARER_MALFORMED);
    assert_string_equal(token, "untouched");
}

static void several_credentials_are_noticed(void **state)
{
    (void)state;
    assert_true(sso_bearer_is_several("Bearer a, Bearer b"));
    assert_true(sso_bearer_is_several("Bearer a,b"));
    assert_true(sso_bearer_is_several("Basic YTpi, bearer b"));
    assert_true(sso_bearer_is_several("Basic YTpi,x,\tBEARER"));
    assert_false(sso_bearer_is_several("Bearer a"));
    assert_false(sso_bearer_is_several("Digest a=\"b\", c=d, bearers=e"));
    assert_false(sso_bearer_is_several("Basic YTpi"));
    assert_false(sso_bearer_is_several(NULL));
}

static void a_token_in_the_query_is_noticed(void **state)
{
    (void)state;
    assert_true(sso_bearer_is_in_query("access_token=x"));
    assert_true(sso_bearer_is_in_query("a=b&access_token=x&c"));
    assert_true(sso_bearer_is_in_query("&&access_token"));
    assert_true(sso_bearer_is_in_query("access_token&a"));
    assert_false(sso_bearer_is_in_query("access_tokens=x&my_access_token=y&a=access_token"));
    assert_false(sso_bearer_is_in_query(""));
    assert_false(sso_bearer_is_in_query(NULL));
}

/* ---- before the signature ---- */

static void the_issuer_is_read_before_the_signature(void **state)
{
    sso_bearer_parsed_t parsed;
    (void)state;
    tokens.key = tokens.other;
    unit_assert_ok(sso_bearer_parse(unit_pool, tokens_sign(), &parsed, &err));
    assert_string_equal(parsed.issuer, TOKENS_ISSUER);
    refuse(SSO_E_SIGNATURE, "jws-signature");
}

static void bytes_that_are_no_token_are_refused(void **state)
{
    char *huge = apr_palloc(unit_pool, SSO_BEARER_BYTES_MAX + 2);
    (void)state;
    memset(huge, 'A', SSO_BEARER_BYTES_MAX + 1);
    huge[SSO_BEARER_BYTES_MAX + 1] = '\0';
    refuse_text(huge, SSO_E_LIMIT, "bearer-too-large");
    refuse_text("opaque", SSO_E_SYNTAX, "jws-parts");
    refuse_text("e30.e30.AA", SSO_E_SYNTAX, "jws-alg-missing");
    refuse_text("a.b.c.d.e", SSO_E_UNSUPPORTED, "bearer-encrypted");
    refuse_text(tokens_sign_payload("[]", 2), SSO_E_SYNTAX, "bearer-claims");
    refuse_text(tokens_sign_payload("{\"iss\":\"a\",\"iss\":\"b\"}", 21), SSO_E_SYNTAX, "bearer-claims");
    refuse_text(tokens_sign_payload("{}", 2), SSO_E_ABSENT, "bearer-iss-missing");
    refuse_text(tokens_sign_payload("{\"iss\":1}", 9), SSO_E_SYNTAX, "bearer-iss-type");
}

/* ---- the rules ---- */

static void a_plain_token_is_accepted(void **state)
{
    (void)state;
    tokens_claim("acr", "\"gold\"");
    tokens_time("auth_time", -100);
    unit_assert_ok(verify());
    assert_string_equal(got.sub, "user-1");
    assert_string_equal(got.client_id, "robot");
    assert_string_equal(got.acr, "gold");
    assert_int_equal(got.exp, UNIT_NOW + apr_time_from_sec(600));
    assert_int_equal(got.auth_time, UNIT_NOW - apr_time_from_sec(100));
    assert_non_null(sso_json_member(got.claims, "aud"));
}

static void the_issuers_keys_alone_verify(void **state)
{
    (void)state;
    tokens.alg = "ES256";
    tokens.kid = "e1";
    tokens.key = tokens.ec;
    unit_assert_ok(verify());
    expect.algs = sso_alg_find("RS256")->bit;
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    expect.keys = sso_jwks_of(unit_pool, tokens.other);
    tokens.alg = "RS256";
    tokens.kid = NULL;
    tokens.key = tokens.rsa;
    refuse(SSO_E_SIGNATURE, "jws-signature");
}

static void a_mac_is_never_accepted(void **state)
{
    sso_err_t ignored = SSO_ERR_INIT;
    const sso_jwk_t *secret;
    (void)state;
    assert_int_equal(sso_jwk_from_secret(unit_pool, TOKENS_SECRET, strlen(TOKENS_SECRET), &secret, &ignored), SSO_OK);
    tokens.key = secret;
    tokens.alg = "HS256";
    tokens.kid = NULL;
    expect.keys = sso_jwks_of(unit_pool, secret);
    expect.algs |= sso_alg_hmac_set();
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    expect.algs = sso_alg_hmac_set();
    refuse(SSO_E_CONFIG, "bearer-no-alg");
}

static void only_access_tokens_by_typ(void **state)
{
    static const char *const fine[] = {NULL, "JWT", "jwt", "application/JWT", "AT+JWT", "application/at+jwt"};
    static const char *const bad[] = {"logout+jwt",   "application/logout+jwt", "dpop+jwt", "id_token", "id_token+jwt",
                                      "secevent+jwt", "oauth-authz-req+jwt",    "",         "at+jwt ",  "application/"};
    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        tokens.typ = fine[i];
        unit_assert_ok(verify());
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tokens.typ = bad[i];
        refuse(SSO_E_MISMATCH, "bearer-typ");
    }
}

static void without_at_jwt_the_claims_tell_the_kind(void **state)
{
    static const char *const marks[][2] = {{"nonce", "\"n\""},          {"nonce", "null"},      {"at_hash", "\"h\""},
                                           {"c_hash", "\"h\""},         {"s_hash", "\"h\""},    {"events", "{}"},
                                           {"token_use", "\"id\""},     {"typ", "\"ID\""},      {"typ", "\"id\""},
                                           {"typ", "\"Refresh\""},      {"typ", "\"Offline\""}, {"typ", "\"Logout\""},
                                           {"token_use", "\"refresh\""}};
    (void)state;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        tokens.typ = i % 2 ? NULL : "JWT";
        refuse_with(marks[i][0], marks[i][1], SSO_E_MISMATCH, "bearer-kind");
    }
    accept_with("typ", "\"Bearer\"");
    accept_with("token_use", "\"access\"");
    tokens.typ = "at+jwt";
    accept_with("nonce", "\"n\"");
}

static void the_issuer_is_exact(void **state)
{
    (void)state;
    refuse_with("iss", "\"https://op.example/\"", SSO_E_MISMATCH, "bearer-iss");
    refuse_with("iss", "\"https://OP.example\"", SSO_E_MISMATCH, "bearer-iss");
    refuse_with("iss", "\"\"", SSO_E_MISMATCH, "bearer-iss");
}

static void one_audience_has_to_be_ours(void **state)
{
    (void)state;
    accept_with("aud", "[\"x\",\"" AUDIENCE "\"]");
    accept_with("aud", "\"other\"");
    refuse_with("aud", NULL, SSO_E_ABSENT, "bearer-aud-missing");
    refuse_with("aud", "null", SSO_E_SYNTAX, "bearer-aud-type");
    refuse_with("aud", "1", SSO_E_SYNTAX, "bearer-aud-type");
    refuse_with("aud", "[\"" AUDIENCE "\",1]", SSO_E_SYNTAX, "bearer-aud-type");
    refuse_with("aud", "{\"a\":\"" AUDIENCE "\"}", SSO_E_SYNTAX, "bearer-aud-type");
    refuse_with("aud", "\"" AUDIENCE "/\"", SSO_E_MISMATCH, "bearer-aud");
    refuse_with("aud", "\"" AUDIENCE " other\"", SSO_E_MISMATCH, "bearer-aud");
    refuse_with("aud", "[]", SSO_E_MISMATCH, "bearer-aud");
    refuse_with("aud", "\"\"", SSO_E_MISMATCH, "bearer-aud");
    expect.audiences = apr_array_make(unit_pool, 1, sizeof(char *)); /* none */
    accept_with("aud", NULL);
    accept_with("aud", "\"x\"");
}

static void times_are_checked_with_the_skew(void **state)
{
    (void)state;
    accept_with("exp", seconds(-9));
    refuse_with("exp", seconds(-10), SSO_E_EXPIRED, "bearer-exp");
    refuse_with("exp", NULL, SSO_E_ABSENT, "bearer-exp-missing");
    expect.endless = 1;
    accept_with("exp", NULL);
    refuse_with("exp", seconds(-10), SSO_E_EXPIRED, "bearer-exp");
    refuse_with("exp", "null", SSO_E_SYNTAX, "bearer-exp-type");
    expect.endless = 0;
    refuse_with("exp", "\"1767226000\"", SSO_E_SYNTAX, "bearer-exp-type");
    refuse_with("exp", "1e300", SSO_E_SYNTAX, "bearer-exp-type");
    refuse_with("exp", "-1", SSO_E_SYNTAX, "bearer-exp-type");
    refuse_with("exp", "null", SSO_E_SYNTAX, "bearer-exp-type");
    accept_with("nbf", seconds(10));
    refuse_with("nbf", seconds(11), SSO_E_EXPIRED, "bearer-nbf");
    refuse_with("nbf", "\"x\"", SSO_E_SYNTAX, "bearer-nbf-type");
    accept_with("iat", NULL);
    accept_with("iat", seconds(10));
    accept_with("iat", seconds(-10 * 365 * 86400));
    refuse_with("iat", seconds(11), SSO_E_EXPIRED, "bearer-iat");
    refuse_with("iat", "true", SSO_E_SYNTAX, "bearer-iat-type");
    expect.clock_skew = -1;
    refuse_with("nbf", seconds(1), SSO_E_EXPIRED, "bearer-nbf");
}

static void somebody_has_to_be_named(void **state)
{
    char *long_name = apr_pstrcat(unit_pool, "\"", apr_psprintf(unit_pool, "%0256d", 1), "\"", NULL);
    (void)state;
    refuse_with("sub", "\"\"", SSO_E_SYNTAX, "bearer-sub");
    refuse_with("sub", long_name, SSO_E_SYNTAX, "bearer-sub");
    refuse_with("sub", "\"a\\nb\"", SSO_E_SYNTAX, "bearer-sub");
    refuse_with("sub", "7", SSO_E_SYNTAX, "bearer-sub-type");
    refuse_with("client_id", "\"\"", SSO_E_SYNTAX, "bearer-client");
    refuse_with("client_id", "[]", SSO_E_SYNTAX, "bearer-client-type");
    accept_with("client_id", NULL);
    tokens_claim("sub", NULL);
    unit_assert_ok(verify());
    assert_null(got.sub); /* never made of the client */
    assert_string_equal(got.client_id, "robot");
    tokens_claim("client_id", NULL);
    refuse(SSO_E_ABSENT, "bearer-sub-missing");
}

static void a_bound_token_is_no_bearer_token(void **state)
{
    (void)state;
    refuse_with("cnf", "{\"jkt\":\"x\"}", SSO_E_UNSUPPORTED, "bearer-bound");
    refuse_with("cnf", "{\"x5t#S256\":\"x\"}", SSO_E_UNSUPPORTED, "bearer-bound");
    refuse_with("cnf", "{\"jwk\":{}}", SSO_E_UNSUPPORTED, "bearer-bound");
    refuse_with("cnf", "{}", SSO_E_UNSUPPORTED, "bearer-bound");
    refuse_with("cnf", "null", SSO_E_UNSUPPORTED, "bearer-bound");
}

static void an_authentication_of_the_future_is_not_said(void **state)
{
    (void)state;
    tokens_time("auth_time", 11);
    tokens_claim("acr", "1");
    unit_assert_ok(verify());
    assert_int_equal(got.auth_time, 0);
    assert_null(got.acr);
}

/* ---- claims ---- */

static const sso_claim_t *claim_of(const char *name)
{
    const sso_claims_t *claims;
    unit_assert_ok(verify());
    unit_assert_ok(sso_bearer_claims(unit_pool, &got, &claims, &err));
    return sso_claims_find(claims, name);
}

static void scopes_become_a_list(void **state)
{
    const sso_claim_t *scope;
    (void)state;
    tokens_claim("scope", "\" read  write \"");
    tokens_claim("scp", "[\"a b\",\"c\"]");
    tokens_claim("name", "\"read write\"");
    scope = claim_of("scope");
    assert_true(scope->is_list);
    assert_int_equal(scope->count, 2);
    assert_true(sso_claim_has(scope, "read") && sso_claim_has(scope, "write"));
    assert_false(sso_claim_has(scope, "read write"));
    assert_int_equal(scope->values[1].len, 5);
    assert_true(sso_claim_has(claim_of("scp"), "a b")); /* a list is one already */
    assert_false(claim_of("name")->is_list);
    tokens_claim("scope", "\"\"");
    assert_int_equal(claim_of("scope")->count, 0);
    tokens_claim("scope", "5");
    assert_true(sso_claim_has(claim_of("scope"), "5"));
}

static void the_names_of_scopes_are_known(void **state)
{
    (void)state;
    assert_true(sso_bearer_is_scope("scope") && sso_bearer_is_scope("scp"));
    assert_false(sso_bearer_is_scope("scopes") || sso_bearer_is_scope("Scope") || sso_bearer_is_scope("groups"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bearer_test(the_scheme_is_compared_without_case),
        bearer_test(no_token_is_no_token),
        bearer_test(what_is_not_token68_is_malformed),
        bearer_test(several_credentials_are_noticed),
        bearer_test(a_token_in_the_query_is_noticed),
        bearer_test(the_issuer_is_read_before_the_signature),
        bearer_test(bytes_that_are_no_token_are_refused),
        bearer_test(a_plain_token_is_accepted),
        bearer_test(the_issuers_keys_alone_verify),
        bearer_test(a_mac_is_never_accepted),
        bearer_test(only_access_tokens_by_typ),
        bearer_test(without_at_jwt_the_claims_tell_the_kind),
        bearer_test(the_issuer_is_exact),
        bearer_test(one_audience_has_to_be_ours),
        bearer_test(times_are_checked_with_the_skew),
        bearer_test(somebody_has_to_be_named),
        bearer_test(a_bound_token_is_no_bearer_token),
        bearer_test(an_authentication_of_the_future_is_not_said),
        bearer_test(scopes_become_a_list),
        bearer_test(the_names_of_scopes_are_known),
    };
    return unit_run(tests);
}

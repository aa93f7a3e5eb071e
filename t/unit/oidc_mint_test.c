/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of our own: what is in them, what never is, how long they live. */
#include "oidc_tokens.h"

#include "oidc/mint.h"

#define AUDIENCE "openmetadata"

static sso_session_t session;
static sso_mint_rule_t rule;

/* Claims as a provider's JSON. */
static void become(const char *json)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;
    const sso_claims_t *claims = NULL;
    unit_assert_ok(sso_json_parse_object(unit_pool, json, strlen(json), 65536, &doc, &err));
    unit_assert_ok(sso_claims_flatten(unit_pool, doc, NULL, NULL, &claims, &err));
    session.claims = *claims;
}

static void add_rule(const char *name, const char *claim)
{
    const sso_mint_claim_t pair = {name, claim};
    apr_array_header_t *list =
        rule.claims ? apr_array_copy(unit_pool, rule.claims) : apr_array_make(unit_pool, 4, sizeof(sso_mint_claim_t));
    APR_ARRAY_PUSH(list, sso_mint_claim_t) = pair;
    rule.claims = list;
}

static int begin(void **state)
{
    apr_array_header_t *audiences;
    if (unit_setup(state) != 0)
        return -1;
    memset(&session, 0, sizeof(session));
    memset(&rule, 0, sizeof(rule));
    session.created = UNIT_NOW;
    session.expires = UNIT_NOW + apr_time_from_sec(3600);
    audiences = apr_array_make(unit_pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(audiences, const char *) = AUDIENCE;
    rule.issuer = "https://data.example/sso";
    rule.audiences = audiences;
    rule.lifetime = SSO_MINT_LIFETIME;
    become("{\"sub\":\"u-1\",\"email\":\"Alice@Example.com\",\"email_verified\":true,\"name\":\"Alice M\\u00fcller\","
           "\"groups\":[\"admins\",\"staff\"],\"sessionId\":\"x\",\"isBot\":true}");
    return 0;
}

/* The payload of a body, parsed. */
static const sso_json_t *body_of(const char **ret_text)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *body = NULL;
    const sso_json_t *doc = NULL;
    unit_assert_ok(sso_mint_body(unit_pool, &session, &rule, &body, &err));
    const char *text = apr_pstrcat(unit_pool, "{", body, "}", NULL);
    unit_assert_ok(sso_json_parse_object(unit_pool, text, strlen(text), 65536, &doc, &err));
    if (ret_text)
        *ret_text = text;
    return doc;
}

static void assert_member(const sso_json_t *doc, const char *name, const char *want)
{
    const char *got = NULL;
    sso_json_found_t found = sso_json_string(doc, name, &got);
    if (!want) {
        assert_int_equal(found, SSO_JSON_ABSENT);
        return;
    }
    assert_int_equal(found, SSO_JSON_FOUND);
    assert_string_equal(got, want);
}

static void refused(sso_rc_t rc, const char *reason)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *body = NULL;
    unit_assert_err(sso_mint_body(unit_pool, &session, &rule, &body, &err), rc, reason);
    assert_null(body);
}

static void a_person_is_the_address_in_lower_case(void **state)
{
    apr_array_header_t *audiences = NULL;
    int verified = 0;
    (void)state;
    const sso_json_t *doc = body_of(NULL);
    assert_member(doc, "iss", "https://data.example/sso");
    assert_member(doc, "sub", "alice");
    assert_member(doc, "email", "alice@example.com");
    assert_member(doc, "preferred_username", "alice@example.com");
    assert_member(doc, "name", "Alice M\xc3\xbcller");
    assert_int_equal(sso_json_bool(doc, "email_verified", &verified), SSO_JSON_FOUND);
    assert_true(verified);
    assert_int_equal(sso_json_strings(unit_pool, doc, "aud", &audiences), SSO_JSON_FOUND);
    assert_int_equal(audiences->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(audiences, 0, const char *), AUDIENCE);
}

static void nothing_of_the_provider_gets_in_unnamed(void **state)
{
    (void)state;
    const sso_json_t *doc = body_of(NULL);
    assert_int_equal(sso_json_size(doc), 7);
    assert_null(sso_json_member(doc, "sessionId"));
    assert_null(sso_json_member(doc, "isBot"));
    assert_null(sso_json_member(doc, "groups"));
}

static void email_verified_is_true_or_absent(void **state)
{
    (void)state;
    become("{\"sub\":\"u\",\"email\":\"a@b.example\"}");
    assert_null(sso_json_member(body_of(NULL), "email_verified"));
    become("{\"sub\":\"u\",\"email\":\"a@b.example\",\"email_verified\":\"true\"}");
    assert_non_null(sso_json_member(body_of(NULL), "email_verified"));
}

static void an_address_that_may_be_somebody_elses_is_refused(void **state)
{
    static const char *const bad[] = {"{\"sub\":\"u\"}",
                                      "{\"sub\":\"u\",\"email\":\"a@b.example\",\"email_verified\":false}",
                                      "{\"sub\":\"u\",\"email\":\"a@b.example\",\"email_verified\":\"no\"}",
                                      "{\"sub\":\"u\",\"email\":\"a@b.example\",\"email_verified\":[true,true]}",
                                      "{\"sub\":\"u\",\"email\":[\"a@b.example\"]}",
                                      "{\"sub\":\"u\",\"email\":\"a@b@c.example\"}",
                                      "{\"sub\":\"u\",\"email\":\"@b.example\"}",
                                      "{\"sub\":\"u\",\"email\":\"a@\"}",
                                      "{\"sub\":\"u\",\"email\":\"alice\"}",
                                      "{\"sub\":\"u\",\"email\":\"\"}",
                                      "{\"sub\":\"u\",\"email\":\" a@b.example\"}",
                                      "{\"sub\":\"u\",\"email\":\"a@b.example\\n\"}",
                                      "{\"sub\":\"u\",\"email\":\"mi\\u212ae@b.example\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        become(bad[i]);
        refused(SSO_E_DENIED, "mint-user");
    }
}

static void an_address_has_a_longest_length(void **state)
{
    char local[255];
    (void)state;
    memset(local, 'a', sizeof(local));
    local[254 - 6] = '\0';
    become(apr_psprintf(unit_pool, "{\"sub\":\"u\",\"email\":\"%s@b.org\"}", local));
    assert_member(body_of(NULL), "sub", local);
    become(apr_psprintf(unit_pool, "{\"sub\":\"u\",\"email\":\"a%s@b.org\"}", local));
    refused(SSO_E_DENIED, "mint-user");
}

static void the_operator_names_other_claims(void **state)
{
    apr_array_header_t *groups = NULL;
    (void)state;
    add_rule("sub", "sub");
    add_rule("preferred_username", "groups"); /* a list names nobody */
    add_rule("teams", "groups");
    add_rule("department", "dept"); /* not there */
    const sso_json_t *doc = body_of(NULL);
    assert_member(doc, "sub", "u-1");
    assert_member(doc, "preferred_username", NULL);
    assert_member(doc, "department", NULL);
    assert_int_equal(sso_json_strings(unit_pool, doc, "teams", &groups), SSO_JSON_FOUND);
    assert_int_equal(groups->nelts, 2);
}

static void without_an_address_sub_has_to_be_named(void **state)
{
    (void)state;
    become("{\"sub\":\"u-1\",\"email\":\"a@b.example\",\"email_verified\":false}");
    add_rule("sub", "sub");
    const sso_json_t *doc = body_of(NULL);
    assert_member(doc, "sub", "u-1");
    assert_member(doc, "email", NULL);
    assert_member(doc, "preferred_username", NULL);
    rule.claims = NULL;
    add_rule("sub", "email"); /* not past the rule by another name */
    refused(SSO_E_DENIED, "mint-user");
    rule.claims = NULL;
    add_rule("sub", "sub");
    add_rule("contact", "email");
    assert_member(body_of(NULL), "contact", NULL);
    rule.claims = NULL;
    add_rule("sub", "absent");
    refused(SSO_E_DENIED, "mint-user");
}

static void roles_are_a_list_and_never_empty(void **state)
{
    apr_array_header_t *roles = NULL;
    (void)state;
    add_rule("roles", "role");
    become("{\"sub\":\"u\",\"email\":\"a@b.example\",\"role\":\"Admin\"}");
    assert_int_equal(sso_json_strings(unit_pool, body_of(NULL), "roles", &roles), SSO_JSON_FOUND);
    assert_int_equal(roles->nelts, 1);
    become("{\"sub\":\"u\",\"email\":\"a@b.example\",\"role\":[]}");
    assert_null(sso_json_member(body_of(NULL), "roles"));
}

static void values_cannot_leave_their_string(void **state)
{
    (void)state;
    become("{\"sub\":\"u\",\"email\":\"a\\\"x@b.example\",\"name\":\"A\\\",\\\"isBot\\\":\\\"\"}");
    const sso_json_t *doc = body_of(NULL);
    assert_member(doc, "email", "a\"x@b.example");
    assert_member(doc, "name", "A\",\"isBot\":\"");
    assert_null(sso_json_member(doc, "isBot"));
}

static void the_person_to_look_at_is_the_one_of_the_token(void **state)
{
    const char *email = NULL, *name = NULL;
    sso_err_t err = SSO_ERR_INIT;
    (void)state;
    unit_assert_ok(sso_mint_person(unit_pool, &session, &rule, &email, &name, &err));
    assert_string_equal(email, "alice@example.com");
    assert_string_equal(name, "Alice M\xc3\xbcller");
    become("{\"sub\":\"u-1\",\"email\":\"bob@example.com\"}");
    unit_assert_ok(sso_mint_person(unit_pool, &session, &rule, &email, &name, &err));
    assert_string_equal(name, "bob");
    become("{\"sub\":\"u-1\",\"email\":\"eve@example.com\",\"email_verified\":false}");
    assert_int_equal(sso_mint_person(unit_pool, &session, &rule, &email, &name, &err), SSO_E_DENIED);
    assert_string_equal(err.reason, "mint-user");
    add_rule("sub", "sub");
    unit_assert_ok(sso_mint_person(unit_pool, &session, &rule, &email, &name, &err));
    assert_null(email);
    assert_string_equal(name, "u-1");
}

static void a_body_has_a_limit(void **state)
{
    (void)state;
    char *big = apr_palloc(unit_pool, SSO_MINT_BODY_MAX + 1);
    memset(big, 'x', SSO_MINT_BODY_MAX);
    big[SSO_MINT_BODY_MAX] = '\0';
    become(apr_psprintf(unit_pool, "{\"sub\":\"u\",\"email\":\"a@b.example\",\"note\":\"%s\"}", big));
    body_of(NULL);
    add_rule("note", "note");
    refused(SSO_E_LIMIT, "mint-too-large");
}

static void no_audience_no_token(void **state)
{
    (void)state;
    rule.audiences = NULL;
    refused(SSO_E_CONFIG, "mint-audience");
}

static void names_with_power_are_refused_in_any_spelling(void **state)
{
    static const char *const bad[] = {"sessionId",
                                      "SESSIONID",
                                      "session_id",
                                      "session-id",
                                      "isBot",
                                      "is_bot",
                                      "tokenType",
                                      "impersonateduser",
                                      "iss",
                                      "Aud",
                                      "exp",
                                      "iat",
                                      "nbf",
                                      "jti",
                                      "email",
                                      "E-Mail",
                                      "email_verified",
                                      "Sub",
                                      "preferredUsername",
                                      "NAME"};
    static const char *const good[] = {"sub", "name", "preferred_username", "roles", "groups", "sid", "https://a.b/x"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(sso_mint_refuses(bad[i]));
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_null(sso_mint_refuses(good[i]));
    assert_true(sso_mint_same_name("My_Teams", "my-teams"));
    assert_false(sso_mint_same_name("teams", "team"));
}

static void a_token_never_outlives_the_session(void **state)
{
    (void)state;
    assert_true(sso_mint_expires(&session, &rule, UNIT_NOW) == UNIT_NOW + apr_time_from_sec(300));
    session.expires = UNIT_NOW + apr_time_from_sec(90) + 999999;
    assert_true(sso_mint_expires(&session, &rule, UNIT_NOW) == UNIT_NOW + apr_time_from_sec(90));
}

static void a_token_is_signed_with_the_published_key(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_env_t env = unit_env();
    sso_mint_key_t key;
    char *text = NULL;
    const char *body = NULL, *token = NULL, *second = NULL, *jti = NULL, *jti2 = NULL;
    const sso_json_t *doc = NULL;
    const sso_jwks_t *keys = NULL;
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    apr_int64_t iat = 0, exp = 0;
    (void)state;
    unit_assert_ok(sso_mint_key_parse(unit_pool, key_rsa_pem, strlen(key_rsa_pem), &key, &err));
    assert_memory_equal(key.kid, "mod-sso-oidc-", 13);
    unit_assert_ok(sso_mint_key_text(unit_pool, &key, &text, &err));
    assert_null(strstr(text, "\"d\""));
    text = apr_pstrcat(unit_pool, "{\"keys\":[", text, "]}", NULL);
    unit_assert_ok(sso_jwks_parse(unit_pool, text, strlen(text), &keys, &err));
    unit_assert_ok(sso_mint_body(unit_pool, &session, &rule, &body, &err));
    unit_assert_ok(sso_mint_sign(&env, &key, body, UNIT_NOW + apr_time_from_sec(300), &token, &err));
    unit_assert_ok(sso_jws_parse(unit_pool, token, &parsed, &err));
    assert_string_equal(parsed.kid, key.kid);
    assert_string_equal(parsed.typ, "JWT");
    unit_assert_ok(sso_jws_verify(unit_pool, &parsed, keys, sso_alg_find("RS256")->bit, &jws, &err));
    unit_assert_ok(sso_json_parse_object(unit_pool, (const char *)jws.payload, jws.payload_len, 65536, &doc, &err));
    assert_int_equal(sso_json_int(doc, "iat", &iat), SSO_JSON_FOUND);
    assert_int_equal(sso_json_int(doc, "exp", &exp), SSO_JSON_FOUND);
    assert_true(exp - iat == 300 && iat == apr_time_sec(UNIT_NOW));
    assert_int_equal(sso_json_string(doc, "jti", &jti), SSO_JSON_FOUND);
    assert_int_equal(strlen(jti), 22);
    unit_assert_ok(sso_mint_sign(&env, &key, body, UNIT_NOW + apr_time_from_sec(300), &second, &err));
    unit_assert_ok(sso_jws_parse(unit_pool, second, &parsed, &err));
    unit_assert_ok(
        sso_json_parse_object(unit_pool, (const char *)parsed.payload, parsed.payload_len, 65536, &doc, &err));
    assert_int_equal(sso_json_string(doc, "jti", &jti2), SSO_JSON_FOUND);
    assert_string_not_equal(jti, jti2);
    unit_assert_err(sso_mint_sign(&env, &key, body, UNIT_NOW, &second, &err), SSO_E_EXPIRED, "mint-expired");
}

static void only_a_private_rsa_key_signs(void **state)
{
    static const char ec[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgRVDl0Iw7ZqvpPQbe\n"
                             "-----END PRIVATE KEY-----\n";
    sso_err_t err = SSO_ERR_INIT;
    sso_mint_key_t key = {NULL, NULL};
    char *pem = NULL;
    (void)state;
    unit_assert_err(sso_mint_key_parse(unit_pool, ec, strlen(ec), &key, &err), SSO_E_SYNTAX, "pem-syntax");
    unit_assert_err(sso_mint_key_parse(unit_pool, key_ec_pem, strlen(key_ec_pem), &key, &err), SSO_E_CONFIG,
                    "mint-key");
    assert_null(key.kid);
    unit_assert_ok(sso_jwk_make_rsa(unit_pool, &pem, &err));
    unit_assert_ok(sso_mint_key_parse(unit_pool, pem, strlen(pem), &key, &err));
}

#define mint_test(f) cmocka_unit_test_setup_teardown((f), begin, unit_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        mint_test(a_person_is_the_address_in_lower_case),
        mint_test(nothing_of_the_provider_gets_in_unnamed),
        mint_test(email_verified_is_true_or_absent),
        mint_test(an_address_that_may_be_somebody_elses_is_refused),
        mint_test(an_address_has_a_longest_length),
        mint_test(the_operator_names_other_claims),
        mint_test(without_an_address_sub_has_to_be_named),
        mint_test(roles_are_a_list_and_never_empty),
        mint_test(values_cannot_leave_their_string),
        mint_test(the_person_to_look_at_is_the_one_of_the_token),
        mint_test(a_body_has_a_limit),
        mint_test(no_audience_no_token),
        mint_test(names_with_power_are_refused_in_any_spelling),
        mint_test(a_token_never_outlives_the_session),
        mint_test(a_token_is_signed_with_the_published_key),
        mint_test(only_a_private_rsa_key_signs),
    };
    return unit_run(tests);
}

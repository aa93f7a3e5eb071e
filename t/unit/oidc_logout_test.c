/* SPDX-License-Identifier: Apache-2.0 */
/* Logout at the provider (the URL) and from it (the logout token, area P of the cases). */
#include "base/url.h"
#include "oidc/logout.h"
#include "oidc_tokens.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_logout_token_t got;

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    tokens_setup();
    tokens.typ = "logout+jwt";
    tokens_claim("iss", "\"" TOKENS_ISSUER "\"");
    tokens_claim("aud", "\"" TOKENS_CLIENT "\"");
    tokens_time("iat", -1);
    tokens_time("exp", 120);
    tokens_claim("jti", "\"j-1\"");
    tokens_claim("sub", "\"user-1\"");
    tokens_claim("sid", "\"s-1\"");
    tokens_claim("events", "{\"" EVENT "\":{}}");
    got = (sso_logout_token_t){.jti = "untouched"};
    return rc;
}
#define logout_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t verify_text(const char *text)
{
    return sso_logout_token_verify(&env, text, &tokens.provider, &tokens.client, tokens.jwks, &got, &err);
}

static sso_rc_t verify(void)
{
    return verify_text(tokens_sign());
}

#define refuse_text(text, rc, reason)                                                                                  \
    do {                                                                                                               \
        got.jti = "untouched";                                                                                         \
        unit_assert_err(verify_text(text), rc, reason);                                                                \
        assert_string_equal(got.jti, "untouched");                                                                     \
    } while (0)
#define refuse(rc, reason) refuse_text(tokens_sign(), rc, reason)

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

/* case 475, 476 */
static void a_logout_token_is_accepted(void **state)
{
    (void)state;
    unit_assert_ok(verify());
    assert_string_equal(got.sub, "user-1");
    assert_string_equal(got.sid, "s-1");
    assert_string_equal(got.jti, "j-1");
    assert_int_equal(got.iat, UNIT_NOW - apr_time_from_sec(1));
    assert_int_equal(got.exp, UNIT_NOW + apr_time_from_sec(120));
    tokens_claim("sub", NULL);
    unit_assert_ok(verify());
    assert_null(got.sub);
    tokens_claim("sub", "\"user-1\"");
    tokens_claim("sid", NULL);
    unit_assert_ok(verify());
    assert_null(got.sid);
}

/* case 499, 501 */
static void further_audiences_and_events_are_accepted(void **state)
{
    (void)state;
    tokens_claim("aud", "[\"" TOKENS_CLIENT "\",\"other\"]");
    tokens_claim("events", "{\"" EVENT "\":{\"x\":1},\"urn:other\":{}}");
    unit_assert_ok(verify());
}

/* case 500, 491 */
static void typ_may_be_missing_but_not_another(void **state)
{
    (void)state;
    tokens.typ = NULL;
    unit_assert_ok(verify());
    tokens.typ = "JWT";
    unit_assert_ok(verify());
    tokens.typ = "application/Logout+JWT";
    unit_assert_ok(verify());
    tokens.typ = "at+jwt";
    refuse(SSO_E_MISMATCH, "blt-typ");
    tokens.typ = "id_token";
    refuse(SSO_E_MISMATCH, "blt-typ");
}

/* case 478, 479, 503, 48, 49 */
static void a_token_the_provider_did_not_sign_is_refused(void **state)
{
    char *text = tokens_sign();
    (void)state;
    refuse_text(tokens_with_header("{\"alg\":\"none\",\"typ\":\"logout+jwt\"}", text, ""), SSO_E_UNSUPPORTED,
                "jws-alg-none");
    tokens.kid = "r2";
    refuse(SSO_E_KEY, "jwks-unknown-kid");
    tokens.kid = "r1";
    tokens.key = tokens.other;
    refuse(SSO_E_SIGNATURE, "jws-signature");
    tokens.alg = "HS256";
    tokens.kid = NULL;
    tokens.key = tokens_secret_key(TOKENS_SECRET);
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    tokens.alg = "RS384";
    tokens.kid = "r1";
    tokens.key = tokens.rsa;
    tokens.provider.id_token_algs = sso_alg_find("RS256")->bit;
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
}

/* case 497 */
static void garbage_is_refused(void **state)
{
    (void)state;
    refuse_text("", SSO_E_SYNTAX, "jws-parts");
    refuse_text("junk", SSO_E_SYNTAX, "jws-parts");
    refuse_text("a.b.c", SSO_E_SYNTAX, "jws-base64");
}

/* case 481, 482, 50, 51 */
static void the_token_must_be_of_the_provider_and_for_us(void **state)
{
    (void)state;
    refuse_with("iss", "\"https://evil.example\"", SSO_E_MISMATCH, "blt-iss");
    refuse_with("iss", "\"https://op.example/\"", SSO_E_MISMATCH, "blt-iss");
    refuse_with("iss", NULL, SSO_E_MISMATCH, "blt-iss");
    refuse_with("aud", "\"other\"", SSO_E_MISMATCH, "blt-aud");
    refuse_with("aud", "[]", SSO_E_MISMATCH, "blt-aud");
    refuse_with("aud", "[\"" TOKENS_CLIENT "\",7]", SSO_E_MISMATCH, "blt-aud");
    refuse_with("aud", NULL, SSO_E_MISMATCH, "blt-aud");
}

/* case 488 */
static void the_token_must_be_recent(void **state)
{
    (void)state;
    refuse_with("iat", NULL, SSO_E_ABSENT, "blt-iat");
    refuse_with("iat", "\"1767225600\"", SSO_E_ABSENT, "blt-iat");
    tokens_time("iat", 10);
    unit_assert_ok(verify());
    tokens_time("iat", 11);
    refuse(SSO_E_EXPIRED, "blt-iat");
    tokens_time("iat", -86411);
    refuse(SSO_E_EXPIRED, "blt-iat");
    tokens_time("iat", -86410);
    unit_assert_ok(verify());
    refuse_with("exp", NULL, SSO_E_ABSENT, "blt-exp");
    refuse_with("exp", "null", SSO_E_ABSENT, "blt-exp");
    tokens_time("exp", -9);
    unit_assert_ok(verify());
    tokens_time("exp", -10);
    refuse(SSO_E_EXPIRED, "blt-exp");
}

static void a_token_is_not_good_before_its_nbf(void **state)
{
    (void)state;
    tokens_time("nbf", 10);
    unit_assert_ok(verify());
    tokens_time("nbf", 11);
    refuse(SSO_E_EXPIRED, "blt-nbf");
    tokens_time("nbf", 0);
    refuse_with("nbf", "\"1767225600\"", SSO_E_EXPIRED, "blt-nbf");
    refuse_with("nbf", "null", SSO_E_EXPIRED, "blt-nbf");
}

/* Whose keys to ask is decided by what the token says of itself, and by nothing else of it. */
static void the_issuer_is_read_before_anything_is_verified(void **state)
{
    const char *iss = "untouched";
    (void)state;
    sso_err_clear(&err);
    tokens.key = tokens.other;
    unit_assert_ok(sso_logout_token_issuer(unit_pool, tokens_sign(), &iss, &err));
    assert_string_equal(iss, tokens.provider.issuer);
    unit_assert_ok(sso_logout_token_issuer(unit_pool, "a.b.c.d.e", &iss, &err));
    assert_null(iss);
    assert_int_not_equal(sso_logout_token_issuer(unit_pool, "junk", &iss, &err), SSO_OK);
    assert_string_equal(err.reason, "jws-parts");
    sso_err_clear(&err);
    assert_int_not_equal(sso_logout_token_issuer(unit_pool, "eyJhbGciOiJSUzI1NiJ9.W10.AAAA", &iss, &err), SSO_OK);
    assert_string_equal(err.reason, "jwt-claims");
    sso_err_clear(&err);
    assert_int_not_equal(sso_logout_token_issuer(unit_pool, "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", &iss, &err), SSO_OK);
    assert_string_equal(err.reason, "blt-iss");
}

/* case 484, 485, 52 */
static void the_token_must_announce_a_logout(void **state)
{
    (void)state;
    refuse_with("events", NULL, SSO_E_MISMATCH, "blt-events");
    refuse_with("events", "{}", SSO_E_MISMATCH, "blt-events");
    refuse_with("events", "{\"urn:other\":{}}", SSO_E_MISMATCH, "blt-events");
    refuse_with("events", "{\"" EVENT "\":true}", SSO_E_MISMATCH, "blt-events");
    refuse_with("events", "{\"" EVENT "\":null}", SSO_E_MISMATCH, "blt-events");
    refuse_with("events", "[\"" EVENT "\"]", SSO_E_MISMATCH, "blt-events");
    refuse_with("events", "\"" EVENT "\"", SSO_E_MISMATCH, "blt-events");
}

/* case 483, 54: an ID Token must not log anybody out */
static void a_token_with_a_nonce_is_refused(void **state)
{
    (void)state;
    refuse_with("nonce", "\"n\"", SSO_E_MISMATCH, "blt-nonce");
    refuse_with("nonce", "\"\"", SSO_E_MISMATCH, "blt-nonce");
    refuse_with("nonce", "null", SSO_E_MISMATCH, "blt-nonce");
}

/* case 487 */
static void the_token_must_name_a_subject_and_itself(void **state)
{
    (void)state;
    refuse_with("sub", "7", SSO_E_SYNTAX, "blt-no-subject");
    refuse_with("sub", "\"\"", SSO_E_SYNTAX, "blt-no-subject");
    refuse_with("sid", "null", SSO_E_SYNTAX, "blt-no-subject");
    refuse_with("jti", NULL, SSO_E_ABSENT, "blt-jti");
    refuse_with("jti", "\"\"", SSO_E_SYNTAX, "blt-jti");
    refuse_with("jti", "7", SSO_E_SYNTAX, "blt-jti");
    tokens_claim("sub", NULL);
    tokens_claim("sid", NULL);
    refuse(SSO_E_ABSENT, "blt-no-subject");
}

/* ---- the URL ---- */

static const char *param(const char *url, const char *name)
{
    apr_array_header_t *params;
    const char *value;
    const char *query = strchr(url, '?');
    assert_non_null(query);
    unit_assert_ok(sso_url_parse_form(unit_pool, query + 1, strlen(query + 1), &params, &err));
    unit_assert_ok(sso_url_param(params, name, &value, &err));
    return value;
}

static char *url_of(const char *endpoint, const char *id_token, const char *return_to, const char *state)
{
    tokens.provider.end_session_endpoint = endpoint;
    return sso_logout_url(unit_pool, &tokens.provider, &tokens.client, id_token, return_to, state);
}

static void a_provider_without_end_session_gets_no_visit(void **state)
{
    (void)state;
    assert_null(url_of(NULL, "i.j.k", "https://rp.example/", "s"));
}

/* case 44, 45, 462 */
static void the_url_carries_hint_client_return_and_state(void **state)
{
    (void)state;
    char *url = url_of("https://op.example/logout?tenant=1", "i.j.k", "https://rp.example/bye?a=1&b=2", "s+s");
    assert_int_equal(strncmp(url, "https://op.example/logout?tenant=1&", 35), 0);
    assert_string_equal(param(url, "id_token_hint"), "i.j.k");
    assert_string_equal(param(url, "client_id"), TOKENS_CLIENT);
    assert_string_equal(param(url, "post_logout_redirect_uri"), "https://rp.example/bye?a=1&b=2");
    assert_string_equal(param(url, "state"), "s+s");
    url = url_of("https://op.example/logout", NULL, NULL, NULL);
    assert_string_equal(url, "https://op.example/logout?client_id=" TOKENS_CLIENT);
}

static void a_hint_that_makes_the_url_too_long_is_left_out(void **state)
{
    apr_size_t fits = SSO_LOGOUT_URL_MAX - strlen("https://op.example/logout?id_token_hint=&client_id=" TOKENS_CLIENT);
    char *token = apr_palloc(unit_pool, SSO_LOGOUT_URL_MAX * 2);
    (void)state;
    memset(token, 'x', SSO_LOGOUT_URL_MAX * 2);
    token[fits] = '\0';
    assert_int_equal(strlen(url_of("https://op.example/logout", token, NULL, NULL)), SSO_LOGOUT_URL_MAX);
    token[fits] = 'x';
    token[fits + 1] = '\0';
    assert_null(strstr(url_of("https://op.example/logout", token, NULL, NULL), "hint"));
    token[fits + 1] = 'x';
    token[SSO_LOGOUT_URL_MAX * 2 - 1] = '\0';
    assert_null(strstr(url_of("https://op.example/logout", token, NULL, NULL), "hint"));
}

static void a_template_is_filled_with_encoded_values(void **state)
{
    const char *template = "https://op.example/v2/logout?client_id={client_id}&returnTo={return_to}&t={id_token}{x}";
    (void)state;
    assert_string_equal(url_of(template, "i.j", "https://rp.example/?a={client_id}&b", "s"),
                        "https://op.example/v2/logout?client_id=" TOKENS_CLIENT
                        "&returnTo=https%3A%2F%2Frp.example%2F%3Fa%3D%7Bclient_id%7D%26b&t=i.j{x}");
    assert_string_equal(url_of(template, NULL, NULL, NULL),
                        "https://op.example/v2/logout?client_id=" TOKENS_CLIENT "&returnTo=&t={x}");
}

/* ---- revocation keys ---- */

static void a_revocation_key_depends_on_every_part_and_its_borders(void **state)
{
    static const char *const parts[][4] = {
        {"iss", "client", "sid", "v"}, {"iss2", "client", "sid", "v"}, {"iss", "client2", "sid", "v"},
        {"iss", "client", "sub", "v"}, {"iss", "client", "sid", "w"},  {"issc", "lient", "sid", "v"},
        {"iss", "clients", "id", "v"}, {"iss", "client", "sidv", ""},  {"iss", "client", "sid", ""},
    };
    enum { N = sizeof(parts) / sizeof(parts[0]) };
    unsigned char keys[N][16], again[16];
    (void)state;
    for (int i = 0; i < N; i++) {
        unit_assert_ok(sso_logout_key(parts[i][0], parts[i][1], parts[i][2], parts[i][3], keys[i], &err));
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], 16);
    }
    unit_assert_ok(sso_logout_key("iss", "client", "sid", "v", again, &err));
    assert_memory_equal(again, keys[0], 16);
}

static void without_a_hint_the_other_address_is_taken_where_there_is_one(void **state)
{
    (void)state;
    tokens.provider.end_session_endpoint = "https://op.example/oidc/logout";
    tokens.provider.end_session_no_hint = "https://op.example/v2/logout?client_id={client_id}&returnTo={return_to}";
    const char *with = sso_logout_url(unit_pool, &tokens.provider, &tokens.client, "e.y.j", "https://a/out", "s");
    const char *without = sso_logout_url(unit_pool, &tokens.provider, &tokens.client, NULL, "https://a/out", "s");
    assert_non_null(strstr(with, "https://op.example/oidc/logout?id_token_hint=e.y.j&"));
    assert_string_equal(without,
                        "https://op.example/v2/logout?client_id=" TOKENS_CLIENT "&returnTo=https%3A%2F%2Fa%2Fout");
    tokens.provider.end_session_no_hint = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        logout_test(a_logout_token_is_accepted),
        logout_test(further_audiences_and_events_are_accepted),
        logout_test(typ_may_be_missing_but_not_another),
        logout_test(a_token_the_provider_did_not_sign_is_refused),
        logout_test(garbage_is_refused),
        logout_test(the_token_must_be_of_the_provider_and_for_us),
        logout_test(the_token_must_be_recent),
        logout_test(a_token_is_not_good_before_its_nbf),
        logout_test(the_issuer_is_read_before_anything_is_verified),
        logout_test(the_token_must_announce_a_logout),
        logout_test(a_token_with_a_nonce_is_refused),
        logout_test(the_token_must_name_a_subject_and_itself),
        logout_test(a_provider_without_end_session_gets_no_visit),
        logout_test(the_url_carries_hint_client_return_and_state),
        logout_test(a_hint_that_makes_the_url_too_long_is_left_out),
        logout_test(a_template_is_filled_with_encoded_values),
        logout_test(without_a_hint_the_other_address_is_taken_where_there_is_one),
        logout_test(a_revocation_key_depends_on_every_part_and_its_borders),
    };
    return unit_run(tests);
}

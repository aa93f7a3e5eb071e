/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint: one way of authentication a request, encoded as RFC 6749 2.3.1 says, and answers that are taken
 * apart without trust. */
#include "unit.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "base/json.h"
#include "base/url.h"
#include "jose/jwt.h"
#include "oidc/token.h"
#include "oidc_keys.h"

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_provider_t provider;
static sso_client_t client;
static sso_token_request_t request;
static sso_tokens_t got;

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    provider = (sso_provider_t){.issuer = "https://op.example", .token_endpoint = "https://op.example/token"};
    client = (sso_client_t){.client_id = "app"};
    request = (sso_token_request_t){NULL, NULL};
    got = (sso_tokens_t){.expires_in = -77};
    return rc;
}
#define token_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t ask(void)
{
    return sso_token_code_request(&env, &provider, &client, "c/o+d e", "https://rp.example/sso/callback", "verifier",
                                  &request, &err);
}

static const char *param(const char *name)
{
    apr_array_header_t *params;
    const char *value;
    unit_assert_ok(sso_url_parse_form(unit_pool, request.body, strlen(request.body), &params, &err));
    unit_assert_ok(sso_url_param(params, name, &value, &err));
    return value;
}

/* What stands behind "Basic ", decoded. */
static const char *basic(void)
{
    unsigned char *bytes;
    apr_size_t len;
    assert_non_null(request.authorization);
    assert_int_equal(strncmp(request.authorization, "Basic ", 6), 0);
    unit_assert_ok(sso_b64_decode_pool(unit_pool, request.authorization + 6, strlen(request.authorization) - 6, &bytes,
                                       &len, &err));
    return (const char *)bytes;
}

static const sso_jwk_t *pem_key(const char *pem, const char *kid)
{
    const sso_jwk_t *key;
    unit_assert_ok(sso_jwk_from_pem(unit_pool, pem, strlen(pem), kid, &key, &err));
    return key;
}

static void a_public_client_sends_its_id_and_the_verifier(void **state)
{
    (void)state;
    unit_assert_ok(ask());
    assert_null(request.authorization);
    assert_string_equal(param("grant_type"), "authorization_code");
    assert_string_equal(param("code"), "c/o+d e");
    assert_string_equal(param("redirect_uri"), "https://rp.example/sso/callback");
    assert_string_equal(param("code_verifier"), "verifier");
    assert_string_equal(param("client_id"), "app");
    assert_null(param("client_secret"));
    assert_null(param("client_assertion"));
}

/* case 4, 348-350 */
static void basic_holds_form_encoded_id_and_secret_and_the_body_none(void **state)
{
    (void)state;
    client = (sso_client_t){
        .client_id = "a:b c", .client_secret = "p%w+\xc3\xa9\xf0\x9f\x98\x80", .auth = SSO_CLIENT_AUTH_BASIC};
    unit_assert_ok(ask());
    assert_string_equal(basic(), "a%3Ab+c:p%25w%2B%C3%A9%F0%9F%98%80");
    assert_null(param("client_id"));
    assert_null(param("client_secret"));
}

/* case 98 */
static void post_holds_id_and_secret_and_no_header(void **state)
{
    (void)state;
    client = (sso_client_t){.client_id = "a:b", .client_secret = "p&client_id=x", .auth = SSO_CLIENT_AUTH_POST};
    unit_assert_ok(ask());
    assert_null(request.authorization);
    assert_string_equal(param("client_id"), "a:b");
    assert_string_equal(param("client_secret"), "p&client_id=x");
}

static void mtls_names_the_client_in_the_body(void **state)
{
    (void)state;
    client.auth = SSO_CLIENT_AUTH_TLS;
    unit_assert_ok(ask());
    assert_null(request.authorization);
    assert_string_equal(param("client_id"), "app");
    client.auth = SSO_CLIENT_AUTH_SELF_SIGNED_TLS;
    unit_assert_ok(ask());
    assert_string_equal(param("client_id"), "app");
    assert_null(param("client_secret"));
}

/* Verifies the assertion of `request` and checks its claims. */
static void check_assertion(const sso_jwk_t *key, const char *alg, const char *aud, const char *kid)
{
    sso_jwt_keys_t keys = {sso_jwks_of(unit_pool, key), sso_alg_find(alg)->bit, NULL};
    sso_jwt_t jwt;
    const char *text;
    apr_int64_t iat, exp;
    assert_null(request.authorization);
    assert_null(param("client_secret"));
    assert_string_equal(param("client_id"), client.client_id);
    assert_string_equal(param("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    unit_assert_ok(sso_jwt_verify(unit_pool, param("client_assertion"), &keys, &jwt, &err));
    if (kid == NULL)
        assert_null(jwt.kid);
    else
        assert_string_equal(jwt.kid, kid);
    assert_int_equal(sso_json_string(jwt.claims, "iss", &text), SSO_JSON_FOUND);
    assert_string_equal(text, client.client_id);
    assert_int_equal(sso_json_string(jwt.claims, "sub", &text), SSO_JSON_FOUND);
    assert_string_equal(text, client.client_id);
    assert_int_equal(sso_json_string(jwt.claims, "aud", &text), SSO_JSON_FOUND);
    assert_string_equal(text, aud);
    assert_int_equal(sso_json_string(jwt.claims, "jti", &text), SSO_JSON_FOUND);
    assert_int_equal(strlen(text), 22);
    assert_int_equal(sso_json_date(jwt.claims, "iat", &iat), SSO_JSON_FOUND);
    assert_int_equal(sso_json_date(jwt.claims, "exp", &exp), SSO_JSON_FOUND);
    assert_int_equal(iat, UNIT_NOW);
    assert_int_equal(exp - iat, apr_time_from_sec(300));
}

/* case 100, 351 */
static void private_key_jwt_signs_for_the_issuer_with_the_key(void **state)
{
    (void)state;
    client = (sso_client_t){
        .client_id = "a\"b", .auth = SSO_CLIENT_AUTH_PRIVATE_KEY_JWT, .key = pem_key(key_ec_pem, NULL), .key_id = "k1"};
    unit_assert_ok(ask());
    check_assertion(client.key, "ES256", "https://op.example", "k1");
    client.key = pem_key(key_rsa_pem, "client-key");
    client.key_id = NULL;
    unit_assert_ok(ask());
    check_assertion(client.key, "RS256", "https://op.example", "client-key");
}

static void the_assertion_uses_an_algorithm_the_provider_announces(void **state)
{
    (void)state;
    client.auth = SSO_CLIENT_AUTH_PRIVATE_KEY_JWT;
    client.key = pem_key(key_rsa_pem, "client-key");
    provider.token_auth_algs = sso_alg_find("PS256")->bit | sso_alg_find("ES256")->bit;
    unit_assert_ok(ask());
    check_assertion(client.key, "PS256", "https://op.example", "client-key");
    provider.token_auth_algs = sso_alg_find("ES256")->bit; /* not ours: ours is tried all the same */
    unit_assert_ok(ask());
    check_assertion(client.key, "RS256", "https://op.example", "client-key");
}

static void okta_gets_its_token_endpoint_as_audience(void **state)
{
    (void)state;
    client = (sso_client_t){.client_id = "app",
                            .auth = SSO_CLIENT_AUTH_PRIVATE_KEY_JWT,
                            .key = pem_key(key_ec_pem, "client-key"),
                            .preset = "okta"};
    unit_assert_ok(ask());
    check_assertion(client.key, "ES256", "https://op.example/token", "client-key");
}

static void every_assertion_has_a_jti_of_its_own(void **state)
{
    const char *first;
    (void)state;
    client = (sso_client_t){
        .client_id = "app", .client_secret = "0123456789abcdef0123456789abcdef", .auth = SSO_CLIENT_AUTH_SECRET_JWT};
    unit_assert_ok(ask());
    first = param("client_assertion");
    unit_assert_ok(ask());
    assert_string_not_equal(first, param("client_assertion"));
}

static void client_secret_jwt_signs_with_the_secret_and_never_sends_it(void **state)
{
    const sso_jwk_t *key;
    (void)state;
    client = (sso_client_t){
        .client_id = "app", .client_secret = "0123456789abcdef0123456789abcdef", .auth = SSO_CLIENT_AUTH_SECRET_JWT};
    unit_assert_ok(ask());
    unit_assert_ok(sso_jwk_from_secret(unit_pool, client.client_secret, 32, &key, &err));
    check_assertion(key, "HS256", "https://op.example", NULL);
    assert_null(strstr(request.body, client.client_secret));
    request = (sso_token_request_t){NULL, NULL};
    client.client_secret = "short";
    unit_assert_err(ask(), SSO_E_KEY, "jws-hmac-key-short");
    assert_null(request.body);
}

/* case 354 */
static void a_missing_credential_is_never_replaced_by_a_weaker_way(void **state)
{
    static const sso_client_auth_t with_secret[] = {SSO_CLIENT_AUTH_BASIC, SSO_CLIENT_AUTH_POST,
                                                    SSO_CLIENT_AUTH_SECRET_JWT};
    (void)state;
    for (apr_size_t i = 0; i < 3; i++) {
        client.auth = with_secret[i];
        client.client_secret = NULL;
        unit_assert_err(ask(), SSO_E_CONFIG, "client-no-secret");
        client.client_secret = "";
        unit_assert_err(ask(), SSO_E_CONFIG, "client-no-secret");
    }
    client.auth = SSO_CLIENT_AUTH_PRIVATE_KEY_JWT;
    unit_assert_err(ask(), SSO_E_CONFIG, "client-no-key");
    assert_null(request.body);
}

static void the_refresh_grant_sends_the_token_and_authenticates(void **state)
{
    (void)state;
    client = (sso_client_t){.client_id = "app", .client_secret = "s", .auth = SSO_CLIENT_AUTH_BASIC};
    unit_assert_ok(sso_token_refresh_request(&env, &provider, &client, "r+t/=&x", &request, &err));
    assert_string_equal(param("grant_type"), "refresh_token");
    assert_string_equal(param("refresh_token"), "r+t/=&x");
    assert_string_equal(basic(), "app:s");
    assert_null(param("code_verifier"));
}

/* ---- answers ---- */

static sso_rc_t answer(int status, const char *type, const char *body)
{
    return sso_token_parse(unit_pool, status, type, body, strlen(body), 1, &got, &err);
}
#define JSON   "application/json"
#define BEARER "\"token_type\":\"Bearer\""
#define FULL   "\"access_token\":\"a\"," BEARER ",\"id_token\":\"i.j.k\""

static void a_full_answer_is_accepted(void **state)
{
    (void)state;
    unit_assert_ok(answer(200, JSON ";charset=UTF-8",
                          "{" FULL
                          ",\"refresh_token\":\"r\",\"scope\":\"openid email\",\"expires_in\":3600,\"x\":[]}"));
    assert_string_equal(got.access_token, "a");
    assert_string_equal(got.id_token, "i.j.k");
    assert_string_equal(got.refresh_token, "r");
    assert_string_equal(got.scope, "openid email");
    assert_int_equal(got.expires_in, 3600);
}

/* case 77, 117 */
static void optional_members_may_be_missing_or_null(void **state)
{
    (void)state;
    unit_assert_ok(answer(200, NULL, "{" FULL "}"));
    unit_assert_ok(answer(200, "", "{" FULL "}"));
    assert_int_equal(got.expires_in, -1);
    assert_null(got.refresh_token);
    assert_null(got.scope);
    unit_assert_ok(answer(200, JSON, "{" FULL ",\"refresh_token\":null,\"scope\":null,\"expires_in\":null}"));
    assert_null(got.refresh_token);
    assert_int_equal(got.expires_in, -1);
}

static void token_type_is_bearer_in_any_case_and_nothing_else(void **state)
{
    (void)state;
    unit_assert_ok(answer(200, JSON, "{\"access_token\":\"a\",\"token_type\":\"bEaReR\",\"id_token\":\"i\"}"));
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\",\"token_type\":\"DPoP\",\"id_token\":\"i\"}"),
                    SSO_E_UNSUPPORTED, "token-type");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\",\"id_token\":\"i\"}"), SSO_E_ABSENT, "token-type");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\",\"token_type\":1,\"id_token\":\"i\"}"), SSO_E_ABSENT,
                    "token-type");
}

/* case 361, 362, 384 */
static void an_id_token_is_required_at_login_only(void **state)
{
    const char *without = "{\"access_token\":\"a\"," BEARER "}";
    (void)state;
    unit_assert_err(answer(200, JSON, without), SSO_E_ABSENT, "token-no-id-token");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\"," BEARER ",\"id_token\":null}"), SSO_E_ABSENT,
                    "token-no-id-token");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\"," BEARER ",\"id_token\":\"\"}"), SSO_E_ABSENT,
                    "token-no-id-token");
    assert_int_equal(got.expires_in, -77);
    unit_assert_ok(sso_token_parse(unit_pool, 200, JSON, without, strlen(without), 0, &got, &err));
    assert_null(got.id_token);
}

static void members_of_another_type_are_refused(void **state)
{
    (void)state;
    unit_assert_err(answer(200, JSON, "{\"access_token\":7," BEARER ",\"id_token\":\"i\"}"), SSO_E_SYNTAX,
                    "token-member-type");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\"," BEARER ",\"id_token\":{\"payload\":\"x\"}}"),
                    SSO_E_SYNTAX, "token-member-type");
    unit_assert_err(answer(200, JSON, "{" FULL ",\"refresh_token\":[\"r\"]}"), SSO_E_SYNTAX, "token-member-type");
    unit_assert_err(answer(200, JSON, "{" BEARER ",\"id_token\":\"i\"}"), SSO_E_ABSENT, "token-no-access-token");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"\"," BEARER ",\"id_token\":\"i\"}"), SSO_E_ABSENT,
                    "token-no-access-token");
}

static void a_token_that_could_break_a_header_is_refused(void **state)
{
    (void)state;
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a\\r\\nX: y\"," BEARER ",\"id_token\":\"i\"}"), SSO_E_SYNTAX,
                    "token-characters");
    unit_assert_err(answer(200, JSON, "{\"access_token\":\"a b\"," BEARER ",\"id_token\":\"i\"}"), SSO_E_SYNTAX,
                    "token-characters");
    unit_assert_err(answer(200, JSON, "{" FULL ",\"refresh_token\":\"\\u00e9\"}"), SSO_E_SYNTAX, "token-characters");
}

/* case 364, 366, 367, 375 and strictness */
static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    unit_assert_err(answer(200, JSON, "[{" FULL "}]"), SSO_E_SYNTAX, "token-json");
    unit_assert_err(answer(200, JSON, ""), SSO_E_SYNTAX, "token-json");
    unit_assert_err(answer(200, JSON, "access_token=a&token_type=bearer"), SSO_E_SYNTAX, "token-json");
    unit_assert_err(answer(200, JSON, "{" FULL ",\"expires_in\":1e308,\"expires_in\":-1}"), SSO_E_SYNTAX, "token-json");
    unit_assert_err(answer(200, JSON, "{" FULL ",\"access_token\":\"b\"}"), SSO_E_SYNTAX, "token-json");
    unit_assert_err(answer(200, JSON, "{" FULL "}x"), SSO_E_SYNTAX, "token-json");
    unit_assert_err(answer(204, NULL, ""), SSO_E_PROVIDER, "token-status");
    unit_assert_err(answer(201, JSON, "{" FULL "}"), SSO_E_PROVIDER, "token-status");
    unit_assert_err(answer(302, JSON, "{" FULL "}"), SSO_E_PROVIDER, "token-status");
    char *big = apr_palloc(unit_pool, SSO_TOKEN_RESPONSE_MAX + 1);
    memset(big, ' ', SSO_TOKEN_RESPONSE_MAX + 1);
    memcpy(big, "{" FULL "}", sizeof("{" FULL "}") - 1);
    unit_assert_err(sso_token_parse(unit_pool, 200, JSON, big, SSO_TOKEN_RESPONSE_MAX + 1, 1, &got, &err), SSO_E_LIMIT,
                    "token-json");
    unit_assert_ok(sso_token_parse(unit_pool, 200, JSON, big, SSO_TOKEN_RESPONSE_MAX, 1, &got, &err));
}

static void a_type_that_is_not_json_is_refused(void **state)
{
    (void)state;
    unit_assert_ok(answer(200, "text/json", "{" FULL "}"));
    unit_assert_ok(answer(200, "APPLICATION/JSON ; charset=utf-8", "{" FULL "}"));
    unit_assert_ok(answer(200, "application/vnd.oauth+json", "{" FULL "}"));
    unit_assert_err(answer(200, "text/html", "{" FULL "}"), SSO_E_SYNTAX, "token-content-type");
    unit_assert_err(answer(200, "application/jsonp", "{" FULL "}"), SSO_E_SYNTAX, "token-content-type");
    assert_false(sso_token_is_json_type("application/+json"));
    assert_false(sso_token_is_json_type("text/x+json"));
    assert_false(sso_token_is_json_type("application/0123456789012345678901234567890123456789012345678901234567+json"));
}

static void errors_of_the_provider_have_their_own_reason(void **state)
{
    static const char *const errors[] = {"invalid_request",        "invalid_client",         "invalid_grant",
                                         "unauthorized_client",    "unsupported_grant_type", "invalid_scope",
                                         "invalid_target",         "invalid_dpop_proof",     "use_dpop_nonce",
                                         "access_denied",          "interaction_required",   "server_error",
                                         "temporarily_unavailable"};
    (void)state;
    for (apr_size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        char *reason = apr_pstrcat(unit_pool, "token-", errors[i], NULL);
        for (char *c = reason; *c != '\0'; c++)
            if (*c == '_')
                *c = '-';
        unit_assert_err(answer(400, JSON, apr_psprintf(unit_pool, "{\"error\":\"%s\"}", errors[i])), SSO_E_PROVIDER,
                        reason);
    }
    unit_assert_err(answer(401, "text/plain", "{\"error\":\"invalid_client\"}"), SSO_E_PROVIDER,
                    "token-invalid-client");
    unit_assert_err(answer(400, JSON, "{\"error\":\"made_up\",\"error_description\":7}"), SSO_E_PROVIDER,
                    "token-error");
    unit_assert_err(answer(400, JSON, "{\"error\":{\"code\":1}}"), SSO_E_PROVIDER, "token-error");
    static const char *const odd[] = {"{\"code\":1}", "[]", "7", "1.5", "true"};
    for (apr_size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        unit_assert_err(answer(200, JSON, apr_psprintf(unit_pool, "{" FULL ",\"error\":%s}", odd[i])), SSO_E_PROVIDER,
                        "token-error");
    static const char *const none[] = {"null", "false", "\"\""};
    for (apr_size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        unit_assert_ok(answer(200, JSON, apr_psprintf(unit_pool, "{" FULL ",\"error\":%s}", none[i])));
    unit_assert_err(answer(503, "text/html", "<h1>busy</h1>"), SSO_E_PROVIDER, "token-status");
    unit_assert_err(answer(200, JSON, "{" FULL ",\"error\":\"invalid_grant\"}"), SSO_E_PROVIDER, "token-invalid-grant");
}

/* case 374, 576 */
static void the_text_of_an_error_cannot_break_a_log_line(void **state)
{
    (void)state;
    unit_assert_err(
        answer(400, JSON, "{\"error\":\"a\\nb\",\"error_description\":\"\\u001b[2J<script>\\r\\n\\u00e9\"}"),
        SSO_E_PROVIDER, "token-error");
    for (const char *c = err.detail; *c != '\0'; c++)
        assert_in_range(*c, 0x20, 0x7e);
}

/* case 376, 387 */
static void an_odd_lifetime_is_never_a_failed_login(void **state)
{
    static const struct {
        const char *json;
        apr_int64_t want;
    } cases[] = {
        {"3600", 3600},
        {"\"3600\"", 3600},
        {"3600.9", 3600},
        {"1", 1},
        {"0", -1},
        {"-1", -1},
        {"1e308", -1},
        {"\"1e308\"", -1},
        {"-1e308", -1},
        {"\"-5\"", -1},
        {"\"\"", -1},
        {"\"soon\"", -1},
        {"\" 3600\"", -1},
        {"true", -1},
        {"null", -1},
        {"[3600]", -1},
        {"{}", -1},
        {"0.5", -1},
        {"9223372036854775807", -1},
        {"316224000", 316224000},
        {"316224001", -1},
        {"\"9223372036854775808\"", -1},
        {"1.5e9", -1},
        {"3.6e3", 3600},
    };
    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unit_assert_ok(answer(200, JSON, apr_psprintf(unit_pool, "{" FULL ",\"expires_in\":%s}", cases[i].json)));
        if (got.expires_in != cases[i].want)
            fail_msg("expires_in %s gives %ld", cases[i].json, (long)got.expires_in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        token_test(a_public_client_sends_its_id_and_the_verifier),
        token_test(basic_holds_form_encoded_id_and_secret_and_the_body_none),
        token_test(post_holds_id_and_secret_and_no_header),
        token_test(mtls_names_the_client_in_the_body),
        token_test(private_key_jwt_signs_for_the_issuer_with_the_key),
        token_test(the_assertion_uses_an_algorithm_the_provider_announces),
        token_test(okta_gets_its_token_endpoint_as_audience),
        token_test(every_assertion_has_a_jti_of_its_own),
        token_test(client_secret_jwt_signs_with_the_secret_and_never_sends_it),
        token_test(a_missing_credential_is_never_replaced_by_a_weaker_way),
        token_test(the_refresh_grant_sends_the_token_and_authenticates),
        token_test(a_full_answer_is_accepted),
        token_test(optional_members_may_be_missing_or_null),
        token_test(token_type_is_bearer_in_any_case_and_nothing_else),
        token_test(an_id_token_is_required_at_login_only),
        token_test(members_of_another_type_are_refused),
        token_test(a_token_that_could_break_a_header_is_refused),
        token_test(what_is_no_json_object_is_refused),
        token_test(a_type_that_is_not_json_is_refused),
        token_test(errors_of_the_provider_have_their_own_reason),
        token_test(the_text_of_an_error_cannot_break_a_log_line),
        token_test(an_odd_lifetime_is_never_a_failed_login),
    };
    return unit_run(tests);
}

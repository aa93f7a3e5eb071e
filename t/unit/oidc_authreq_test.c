/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization request: what is always in it, what never is, and that values are encoded exactly once. */
#include "unit.h"

#include <apr_strings.h>

#include "base/url.h"
#include "oidc/authreq.h"

static sso_err_t err = SSO_ERR_INIT;
static sso_flow_secrets_t secrets = {"verifier-verifier-verifier-verifier-verifie", "challenge", "the-nonce"};
static sso_provider_t provider;
static sso_client_t client;
static sso_authreq_t request;
static char *url;

static int setup(void **state)
{
    provider = (sso_provider_t){.issuer = "https://op.example", .authorization_endpoint = "https://op.example/auth"};
    client = (sso_client_t){.client_id = "app", .client_secret = "very-secret", .scope = "openid email"};
    request = (sso_authreq_t){
        .redirect_uri = "https://rp.example/sso/callback", .state = "sealed.state", .secrets = &secrets, .max_age = -1};
    url = NULL;
    return unit_setup(state);
}
#define authreq_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static void build(void)
{
    unit_assert_ok(sso_authreq_url(unit_pool, &provider, &client, &request, &url, &err));
}

/* The decoded value of a parameter of `url`, NULL when absent; fails the test when it is there twice. */
static const char *param(const char *name)
{
    apr_array_header_t *params;
    const char *value;
    const char *query = strchr(url, '?');
    assert_non_null(query);
    unit_assert_ok(sso_url_parse_form(unit_pool, query + 1, strlen(query + 1), &params, &err));
    unit_assert_ok(sso_url_param(params, name, &value, &err));
    return value;
}

static void add_extra(const char *name, const char *value)
{
    apr_array_header_t *extra = apr_array_make(unit_pool, 2, sizeof(sso_param_t));
    sso_param_t one = {name, value};
    if (request.extra != NULL)
        extra = apr_array_copy(unit_pool, request.extra);
    APR_ARRAY_PUSH(extra, sso_param_t) = one;
    request.extra = extra;
}

/* case 3, 316, 296, 321 */
static void state_nonce_and_s256_are_always_sent(void **state)
{
    (void)state;
    build();
    assert_string_equal(param("response_type"), "code");
    assert_string_equal(param("client_id"), "app");
    assert_string_equal(param("redirect_uri"), "https://rp.example/sso/callback");
    assert_string_equal(param("scope"), "openid email");
    assert_string_equal(param("state"), "sealed.state");
    assert_string_equal(param("nonce"), "the-nonce");
    assert_string_equal(param("code_challenge"), "challenge");
    assert_string_equal(param("code_challenge_method"), "S256");
    assert_null(param("response_mode"));
    assert_null(param("prompt"));
    assert_null(param("max_age"));
    assert_null(param("acr_values"));
    assert_null(param("login_hint"));
}

/* case 318 */
static void no_secret_is_in_the_url(void **state)
{
    (void)state;
    build();
    assert_null(strstr(url, "very-secret"));
    assert_null(strstr(url, secrets.verifier));
}

/* case 325 */
static void the_query_of_the_endpoint_is_kept(void **state)
{
    (void)state;
    provider.authorization_endpoint = "https://op.example/auth?tenant=1";
    build();
    assert_int_equal(strncmp(url, "https://op.example/auth?tenant=1&", 33), 0);
    assert_string_equal(param("tenant"), "1");
    assert_string_equal(param("client_id"), "app");
}

/* case 324, 335 */
static void values_are_encoded_exactly_once(void **state)
{
    (void)state;
    client.client_id = "a b&c=d%20e\xc3\xa9\r\n";
    client.scope = "openid https://api.example/x?a=1&b=2";
    request.acr_values = "urn:a b";
    request.login_hint = "x&redirect_uri=https://evil.example";
    build();
    assert_string_equal(param("client_id"), "a b&c=d%20e\xc3\xa9\r\n");
    assert_string_equal(param("scope"), "openid https://api.example/x?a=1&b=2");
    assert_string_equal(param("acr_values"), "urn:a b");
    assert_string_equal(param("login_hint"), "x&redirect_uri=https://evil.example");
    assert_string_equal(param("redirect_uri"), "https://rp.example/sso/callback");
    assert_null(strpbrk(url, " \r\n\"<>"));
}

static void demands_of_the_location_are_sent(void **state)
{
    (void)state;
    request.prompt = "none";
    request.max_age = 0;
    request.acr_values = "phr";
    build();
    assert_string_equal(param("prompt"), "none");
    assert_string_equal(param("max_age"), "0");
    assert_string_equal(param("acr_values"), "phr");
}

static void a_token_in_the_front_channel_is_asked_for_by_post(void **state)
{
    (void)state;
    client.response_type = SSO_RESPONSE_ID_TOKEN;
    build();
    assert_string_equal(param("response_type"), "id_token");
    assert_string_equal(param("response_mode"), "form_post");
    assert_string_equal(param("nonce"), "the-nonce");
    assert_null(param("code_challenge"));
    client.response_type = SSO_RESPONSE_CODE_ID_TOKEN;
    build();
    assert_string_equal(param("response_type"), "code id_token");
    assert_string_equal(param("response_mode"), "form_post");
    assert_string_equal(param("code_challenge_method"), "S256");
}

static void a_code_is_posted_where_the_operator_wants_it(void **state)
{
    (void)state;
    client.form_post = 1;
    build();
    assert_string_equal(param("response_type"), "code");
    assert_string_equal(param("response_mode"), "form_post");
    assert_string_equal(param("code_challenge_method"), "S256");
}

static void extra_parameters_are_added_but_never_twice(void **state)
{
    (void)state;
    add_extra("audience", "https://api.example/");
    add_extra("prompt", "consent");
    add_extra("access_type", "offline");
    build();
    assert_string_equal(param("audience"), "https://api.example/");
    assert_string_equal(param("prompt"), "consent");
    assert_string_equal(param("access_type"), "offline");
    request.prompt = "none";
    build();
    assert_string_equal(param("prompt"), "none");
}

static void extra_parameters_may_not_replace_ours(void **state)
{
    static const char *const names[] = {"response_type", "client_id", "redirect_uri",   "scope",
                                        "state",         "nonce",     "code_challenge", "code_challenge_method",
                                        "response_mode", "request",   "request_uri"};
    (void)state;
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(sso_authreq_is_reserved(names[i]));
        request.extra = NULL;
        add_extra(names[i], "x");
        unit_assert_err(sso_authreq_url(unit_pool, &provider, &client, &request, &url, &err), SSO_E_CONFIG,
                        "authreq-reserved");
        assert_null(url);
    }
    assert_false(sso_authreq_is_reserved("audience"));
    assert_false(sso_authreq_is_reserved("prompt"));
}

static const sso_env_t *env_of(void)
{
    static sso_env_t env;
    env = (sso_env_t){.pool = unit_pool, .now = UNIT_NOW};
    return &env;
}

/* case 332 */
static void a_request_is_pushed_with_all_it_says_and_who_we_are(void **state)
{
    sso_token_request_t push;
    (void)state;
    provider.par_required = 1;
    unit_assert_err(sso_authreq_push(env_of(), &provider, &client, &request, &push, &err), SSO_E_CONFIG,
                    "authreq-par-required");
    provider.par_endpoint = "https://op.example/par";
    client.auth = SSO_CLIENT_AUTH_POST;
    request.max_age = 60;
    unit_assert_ok(sso_authreq_push(env_of(), &provider, &client, &request, &push, &err));
    assert_null(push.authorization);
    url = apr_pstrcat(unit_pool, "?", push.body, NULL); /* param fails where a name stands twice */
    assert_string_equal(param("client_id"), "app");
    assert_string_equal(param("client_secret"), "very-secret");
    assert_string_equal(param("state"), "sealed.state");
    assert_string_equal(param("code_challenge_method"), "S256");
    assert_string_equal(param("max_age"), "60");
    client.auth = SSO_CLIENT_AUTH_BASIC;
    unit_assert_ok(sso_authreq_push(env_of(), &provider, &client, &request, &push, &err));
    assert_non_null(push.authorization);
    url = apr_pstrcat(unit_pool, "?", push.body, NULL);
    assert_string_equal(param("client_id"), "app");
    assert_null(param("client_secret"));
    client.auth = SSO_CLIENT_AUTH_NONE;
    unit_assert_ok(sso_authreq_push(env_of(), &provider, &client, &request, &push, &err));
    assert_null(push.authorization);
    url = apr_pstrcat(unit_pool, "?", push.body, NULL);
    assert_string_equal(param("client_id"), "app");
}

static sso_rc_t answer_with(int status, const char *type, const char *bytes)
{
    const sso_authreq_answer_t answer = {status, type, bytes, strlen(bytes)};
    return sso_authreq_pushed_url(unit_pool, &provider, &client, &answer, &url, &err);
}

static void the_browser_gets_what_was_pushed_by_its_name_only(void **state)
{
    (void)state;
    unit_assert_ok(answer_with(201, "application/json", "{\"request_uri\":\"urn:x:a&c=d\",\"expires_in\":60}"));
    assert_string_equal(url, "https://op.example/auth?client_id=app&request_uri=urn%3Ax%3Aa%26c%3Dd");
    unit_assert_ok(answer_with(200, "application/json; charset=utf-8", "{\"request_uri\":\"urn:x\"}"));
}

static void an_answer_to_a_pushed_request_that_is_none_ends_the_login(void **state)
{
    static const struct {
        int status;
        const char *type, *bytes, *reason;
    } cases[] = {
        {400, "application/json", "{\"error\":\"invalid_request\"}", "par-refused"},
        {401, "text/html", "no", "par-refused"},
        {303, "application/json", "{\"request_uri\":\"urn:x\"}", "par-refused"},
        {201, "text/html", "{\"request_uri\":\"urn:x\"}", "par-answer"},
        {201, "application/json", "[]", "par-answer"},
        {201, "application/json", "{}", "par-answer"},
        {201, "application/json", "{\"request_uri\":1}", "par-answer"},
        {201, "application/json", "{\"request_uri\":\"\"}", "par-answer"},
        {201, "application/json", "{\"request_uri\":\"nouri\"}", "par-answer"},
        {201, "application/json", "{\"request_uri\":\"urn:a\\nb\"}", "par-answer"},
        {201, "application/json", "{\"request_uri\":\"urn:a\",\"request_uri\":\"urn:b\"}", "par-answer"},
    };
    (void)state;
    for (apr_size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_err_clear(&err);
        assert_int_not_equal(answer_with(cases[i].status, cases[i].type, cases[i].bytes), SSO_OK);
        assert_string_equal(err.reason, cases[i].reason);
    }
    char *uri = apr_psprintf(unit_pool, "{\"request_uri\":\"urn:%0600d\"}", 0);
    unit_assert_err(answer_with(201, "application/json", uri), SSO_E_SYNTAX, "par-answer");
}

static void a_request_that_servers_would_refuse_is_not_made(void **state)
{
    char *hint = apr_palloc(unit_pool, SSO_AUTHREQ_URL_MAX + 1);
    (void)state;
    memset(hint, 'x', SSO_AUTHREQ_URL_MAX);
    hint[SSO_AUTHREQ_URL_MAX] = '\0';
    request.login_hint = hint;
    unit_assert_err(sso_authreq_url(unit_pool, &provider, &client, &request, &url, &err), SSO_E_LIMIT,
                    "authreq-too-long");
}

int main(void)
{
    const struct CMUnitTest authreq[] = {
        authreq_test(state_nonce_and_s256_are_always_sent),
        authreq_test(no_secret_is_in_the_url),
        authreq_test(the_query_of_the_endpoint_is_kept),
        authreq_test(values_are_encoded_exactly_once),
        authreq_test(demands_of_the_location_are_sent),
        authreq_test(a_token_in_the_front_channel_is_asked_for_by_post),
        authreq_test(a_code_is_posted_where_the_operator_wants_it),
        authreq_test(extra_parameters_are_added_but_never_twice),
        authreq_test(extra_parameters_may_not_replace_ours),
        authreq_test(a_request_is_pushed_with_all_it_says_and_who_we_are),
        authreq_test(the_browser_gets_what_was_pushed_by_its_name_only),
        authreq_test(an_answer_to_a_pushed_request_that_is_none_ends_the_login),
        authreq_test(a_request_that_servers_would_refuse_is_not_made),
    };
    return unit_run(authreq);
}

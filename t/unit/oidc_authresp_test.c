/* SPDX-License-Identifier: Apache-2.0 */
/* The callback's parameters: what is taken, and each way in which a response can be another's, broken or hostile. */
#include "unit.h"

#include <apr_strings.h>

#include "oidc/authresp.h"

static sso_err_t err = SSO_ERR_INIT;
static sso_provider_t provider;
static sso_client_t client;
static sso_flow_t flow;
static sso_authresp_t got;

static int setup(void **state)
{
    provider = (sso_provider_t){.issuer = "https://op.example"};
    client = (sso_client_t){.client_id = "app"};
    flow = (sso_flow_t){.flags = 0};
    got = (sso_authresp_t){0};
    return unit_setup(state);
}
#define authresp_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t parse(const char *text, int posted)
{
    return sso_authresp_parse(unit_pool, text, strlen(text), posted, &got, &err);
}

/* Parses a query and checks it. */
static sso_rc_t check(const char *text)
{
    sso_rc_t rc = parse(text, (flow.flags & SSO_FLOW_POSTED) != 0);
    return rc != SSO_OK ? rc : sso_authresp_check(&got, &provider, &client, &flow, &err);
}

static void a_plain_code_response_is_accepted(void **state)
{
    (void)state;
    unit_assert_ok(check("code=a%2Bb+c&state=sealed.state&session_state=x&scope=openid"));
    assert_string_equal(got.code, "a+b c");
    assert_string_equal(got.state, "sealed.state");
    assert_null(got.error);
    assert_null(got.iss);
    assert_int_equal(got.posted, 0);
}

static void unknown_parameters_are_ignored_even_twice(void **state)
{
    (void)state;
    unit_assert_ok(check("code=c&state=s&foo=1&foo=2"));
}

/* RFC 6749 3.1 */
static void a_protocol_parameter_that_comes_twice_is_refused(void **state)
{
    static const char *const names[] = {
        "state",     "code",          "id_token", "access_token", "iss",        "error",   "error_description",
        "error_uri", "session_state", "scope",    "token_type",   "expires_in", "response"};
    (void)state;
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unit_assert_err(parse(apr_psprintf(unit_pool, "%s=a&%s=a%s", names[i], names[i],
                                           strcmp(names[i], "state") == 0 ? "" : "&state=s"),
                              0),
                        SSO_E_SYNTAX, "param-duplicate");
        assert_null(got.state);
    }
}

/* case 405 */
static void a_response_without_state_is_refused(void **state)
{
    (void)state;
    unit_assert_err(parse("code=c", 0), SSO_E_ABSENT, "state-missing");
    unit_assert_err(parse("code=c&state=", 0), SSO_E_ABSENT, "state-missing");
    unit_assert_err(parse("code=c&state", 0), SSO_E_ABSENT, "state-missing");
    unit_assert_err(parse("", 0), SSO_E_ABSENT, "state-missing");
    unit_assert_err(parse("&", 0), SSO_E_ABSENT, "state-missing");
    unit_assert_err(parse("code=c&State=s", 0), SSO_E_ABSENT, "state-missing");
}

/* case 429, 426, 427 */
static void a_broken_or_huge_response_is_refused(void **state)
{
    char *big = apr_palloc(unit_pool, SSO_AUTHRESP_BYTES_MAX + 2);
    (void)state;
    unit_assert_err(parse("code=%zz&state=s", 0), SSO_E_SYNTAX, "form-escape");
    unit_assert_err(parse("code=c&state=s%", 0), SSO_E_SYNTAX, "form-escape");
    unit_assert_err(parse("code=%00&state=s", 0), SSO_E_SYNTAX, "form-nul");
    unit_assert_err(parse("code=%ff&state=s", 0), SSO_E_SYNTAX, "form-utf8");
    unit_assert_err(parse("&&==&=x&", 0), SSO_E_ABSENT, "state-missing");
    memset(big, 'x', SSO_AUTHRESP_BYTES_MAX + 1);
    memcpy(big, "state=", 6);
    big[SSO_AUTHRESP_BYTES_MAX + 1] = '\0';
    unit_assert_err(parse(big, 1), SSO_E_LIMIT, "callback-too-large");
    big[SSO_AUTHRESP_BYTES_MAX] = '\0';
    unit_assert_ok(parse(big, 1));
    for (int i = 0; i < SSO_AUTHRESP_BYTES_MAX; i += 4)
        memcpy(big + i, "a=1&", 4);
    unit_assert_err(parse(big, 1), SSO_E_LIMIT, "form-too-many");
}

/* case 401, 402, 73, 74, 114 */
static void the_issuer_parameter_must_be_ours(void **state)
{
    (void)state;
    unit_assert_ok(check("code=c&state=s&iss=https%3A%2F%2Fop.example"));
    unit_assert_err(check("code=c&state=s&iss=https%3A%2F%2Fevil.example"), SSO_E_MISMATCH, "iss-mismatch");
    unit_assert_err(check("code=c&state=s&iss=https%3A%2F%2Fop.example%2F"), SSO_E_MISMATCH, "iss-mismatch");
    unit_assert_err(check("code=c&state=s&iss="), SSO_E_MISMATCH, "iss-mismatch");
    provider.iss_parameter = 1;
    unit_assert_ok(check("code=c&state=s&iss=https%3A%2F%2Fop.example"));
    unit_assert_err(check("code=c&state=s"), SSO_E_ABSENT, "iss-missing");
}

/* RFC 9207 2.4 holds for errors too: another issuer's error is not believed either. */
static void the_issuer_is_checked_before_an_error(void **state)
{
    (void)state;
    unit_assert_err(check("error=access_denied&state=s&iss=https%3A%2F%2Fevil.example"), SSO_E_MISMATCH,
                    "iss-mismatch");
    provider.iss_parameter = 1;
    unit_assert_err(check("error=access_denied&state=s"), SSO_E_ABSENT, "iss-missing");
    unit_assert_err(check("error=access_denied&state=s&iss=https%3A%2F%2Fop.example"), SSO_E_DENIED,
                    "provider-access-denied");
}

static void the_response_must_come_the_way_it_was_asked_for(void **state)
{
    (void)state;
    unit_assert_ok(parse("code=c&state=s", 1));
    unit_assert_err(sso_authresp_check(&got, &provider, &client, &flow, &err), SSO_E_MISMATCH, "response-mode");
    flow.flags = SSO_FLOW_POSTED;
    unit_assert_ok(sso_authresp_check(&got, &provider, &client, &flow, &err));
    unit_assert_ok(parse("code=c&state=s", 0));
    unit_assert_err(sso_authresp_check(&got, &provider, &client, &flow, &err), SSO_E_MISMATCH, "response-mode");
}

static void errors_of_the_provider_have_their_own_reason(void **state)
{
    static const char *const errors[] = {"invalid_request",
                                         "unauthorized_client",
                                         "access_denied",
                                         "unsupported_response_type",
                                         "invalid_scope",
                                         "server_error",
                                         "temporarily_unavailable",
                                         "interaction_required",
                                         "login_required",
                                         "account_selection_required",
                                         "consent_required",
                                         "invalid_request_uri",
                                         "invalid_request_object",
                                         "request_not_supported",
                                         "request_uri_not_supported",
                                         "registration_not_supported",
                                         "unmet_authentication_requirements",
                                         "invalid_target"};
    (void)state;
    for (apr_size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        char *reason = apr_pstrcat(unit_pool, "provider-", errors[i], NULL);
        for (char *c = reason; *c != '\0'; c++)
            if (*c == '_')
                *c = '-';
        unit_assert_err(check(apr_pstrcat(unit_pool, "state=s&error=", errors[i], NULL)), SSO_E_DENIED, reason);
    }
    unit_assert_err(check("state=s&error=made_up"), SSO_E_DENIED, "provider-error");
    unit_assert_err(check("state=s&error=Access_Denied"), SSO_E_DENIED, "provider-error");
    unit_assert_err(check("state=s&error=access_denied&code=c"), SSO_E_DENIED, "provider-access-denied");
}

/* case 414, 576 */
static void the_text_of_an_error_cannot_break_a_log_line(void **state)
{
    (void)state;
    unit_assert_err(check("state=s&error=%0d%0aSSO000%3a&error_description=%1b%5b2J%0a%22%3cscript%3e"), SSO_E_DENIED,
                    "provider-error");
    for (const char *c = err.detail; *c != '\0'; c++)
        assert_in_range(*c, 0x20, 0x7e);
}

/* case 411, 412 */
static void a_response_without_code_is_refused(void **state)
{
    (void)state;
    unit_assert_err(check("state=s"), SSO_E_ABSENT, "code-missing");
    unit_assert_err(check("state=s&code="), SSO_E_ABSENT, "code-missing");
    unit_assert_err(check("state=s&error="), SSO_E_ABSENT, "code-missing");
}

/* case 425 */
static void tokens_nobody_asked_for_are_refused(void **state)
{
    (void)state;
    unit_assert_err(check("state=s&code=c&access_token=a"), SSO_E_MISMATCH, "response-type-mixed");
    unit_assert_err(check("state=s&code=c&id_token=a"), SSO_E_MISMATCH, "response-type-mixed");
    unit_assert_err(check("state=s&code=c&id_token="), SSO_E_MISMATCH, "response-type-mixed");
    flow.flags = SSO_FLOW_POSTED;
    client.response_type = SSO_RESPONSE_ID_TOKEN;
    unit_assert_err(check("state=s&id_token=t&code=c"), SSO_E_MISMATCH, "response-type-mixed");
    unit_assert_err(check("state=s&id_token=t&access_token=c"), SSO_E_MISMATCH, "response-type-mixed");
    client.response_type = SSO_RESPONSE_CODE_ID_TOKEN;
    unit_assert_err(check("state=s&id_token=t&code=c&access_token=a"), SSO_E_MISMATCH, "response-type-mixed");
}

static void each_response_type_needs_its_members(void **state)
{
    (void)state;
    flow.flags = SSO_FLOW_POSTED;
    client.response_type = SSO_RESPONSE_ID_TOKEN;
    unit_assert_ok(check("state=s&id_token=t"));
    assert_string_equal(got.id_token, "t");
    assert_int_equal(got.posted, 1);
    unit_assert_err(check("state=s"), SSO_E_ABSENT, "id-token-missing");
    client.response_type = SSO_RESPONSE_CODE_ID_TOKEN;
    unit_assert_ok(check("state=s&id_token=t&code=c"));
    unit_assert_err(check("state=s&id_token=t"), SSO_E_ABSENT, "code-missing");
    unit_assert_err(check("state=s&code=c"), SSO_E_ABSENT, "id-token-missing");
}

static void a_flow_that_is_off_for_the_client_is_answered_with_what_to_write(void **state)
{
    (void)state;
    unit_assert_err(check("error=unauthorized_client&state=s"), SSO_E_DENIED, "provider-unauthorized-client");
    assert_non_null(strstr(err.detail, "write SSOResponseType id_token"));
    sso_err_clear(&err);
    unit_assert_err(check("error=unsupported_response_type&state=s"), SSO_E_DENIED,
                    "provider-unsupported-response-type");
    assert_non_null(strstr(err.detail, "write SSOResponseType id_token"));
    sso_err_clear(&err);
    unit_assert_err(check("error=invalid_scope&state=s"), SSO_E_DENIED, "provider-invalid-scope");
    assert_null(strstr(err.detail, "SSOResponseType"));
    client.response_type = SSO_RESPONSE_ID_TOKEN;
    sso_err_clear(&err);
    unit_assert_err(check("error=unsupported_response_type&state=s"), SSO_E_DENIED,
                    "provider-unsupported-response-type");
    assert_non_null(strstr(err.detail, "write SSOResponseType code"));
}

int main(void)
{
    const struct CMUnitTest authresp[] = {
        authresp_test(a_plain_code_response_is_accepted),
        authresp_test(unknown_parameters_are_ignored_even_twice),
        authresp_test(a_protocol_parameter_that_comes_twice_is_refused),
        authresp_test(a_response_without_state_is_refused),
        authresp_test(a_broken_or_huge_response_is_refused),
        authresp_test(the_issuer_parameter_must_be_ours),
        authresp_test(the_issuer_is_checked_before_an_error),
        authresp_test(the_response_must_come_the_way_it_was_asked_for),
        authresp_test(errors_of_the_provider_have_their_own_reason),
        authresp_test(the_text_of_an_error_cannot_break_a_log_line),
        authresp_test(a_response_without_code_is_refused),
        authresp_test(tokens_nobody_asked_for_are_refused),
        authresp_test(each_response_type_needs_its_members),
        authresp_test(a_flow_that_is_off_for_the_client_is_answered_with_what_to_write),
    };
    return unit_run(authresp);
}

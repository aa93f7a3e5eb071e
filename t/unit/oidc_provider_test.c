/* SPDX-License-Identifier: Apache-2.0 */
/* Provider facts: recorded documents of real providers must pass, each broken or hostile one fails with its own name.
 */
#include "unit.h"

#include <apr_strings.h>

#include "oidc/provider.h"
#include "oidc_discovery_docs.h"

#define ISSUER  "https://op.example"
#define AUTHZ   "\"authorization_endpoint\":\"https://op.example/auth\""
#define TOKEN   "\"token_endpoint\":\"https://op.example/token\""
#define JWKS    "\"jwks_uri\":\"https://op.example/jwks\""
#define ISS     "\"issuer\":\"https://op.example\""
#define MINIMAL ISS "," AUTHZ "," TOKEN "," JWKS

static sso_err_t err = SSO_ERR_INIT;
static const sso_provider_t *got;
static sso_provider_settings_t settings;

static int setup(void **state)
{
    settings = (sso_provider_settings_t){.issuer = ISSUER, .needs_code = 1};
    got = NULL;
    return unit_setup(state);
}
#define provider_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t read_doc(const char *doc)
{
    return sso_provider_from_metadata(unit_pool, &settings, doc, strlen(doc), &got, &err);
}

#define refuse(doc, rc, reason)                                                                                        \
    do {                                                                                                               \
        unit_assert_err(read_doc(doc), rc, reason);                                                                    \
        assert_null(got);                                                                                              \
    } while (0)

static void the_recorded_document_of_onelogin_is_accepted(void **state)
{
    (void)state;
    settings.issuer = "https://common.onelogin.com/oidc/2";
    unit_assert_ok(read_doc(discovery_onelogin));
    assert_string_equal(got->issuer, "https://common.onelogin.com/oidc/2");
    assert_string_equal(got->authorization_endpoint, "https://common.onelogin.com/oidc/2/auth");
    assert_string_equal(got->token_endpoint, "https://common.onelogin.com/oidc/2/token");
    assert_string_equal(got->userinfo_endpoint, "https://common.onelogin.com/oidc/2/me");
    assert_string_equal(got->jwks_uri, "https://common.onelogin.com/oidc/2/certs");
    assert_string_equal(got->end_session_endpoint, "https://common.onelogin.com/oidc/2/logout");
    assert_string_equal(got->revocation_endpoint, "https://common.onelogin.com/oidc/2/token/revocation");
    assert_string_equal(got->introspection_endpoint, "https://common.onelogin.com/oidc/2/token/introspection");
    assert_null(got->par_endpoint);
    assert_int_equal(got->iss_parameter, 0);
    assert_string_equal(sso_alg_set_text(unit_pool, got->id_token_algs),
                        sso_alg_set_text(unit_pool, sso_alg_find("RS256")->bit | sso_alg_find("PS256")->bit |
                                                        sso_alg_find("HS256")->bit));
}

static void the_recorded_document_of_auth0_is_accepted_with_its_slash(void **state)
{
    (void)state;
    settings.issuer = "https://common.auth0.com/";
    unit_assert_ok(read_doc(discovery_auth0));
    assert_string_equal(got->issuer, "https://common.auth0.com/");
    assert_string_equal(got->token_endpoint, "https://common.auth0.com/oauth/token");
    assert_null(got->end_session_endpoint);
}

static void the_hint_names_a_slash_that_alone_differs(void **state)
{
    (void)state;
    settings.issuer = "https://common.auth0.com";
    refuse(discovery_auth0, SSO_E_MISMATCH, "disc-issuer-slash");
    assert_non_null(strstr(err.detail, "https://common.auth0.com/"));
    settings.issuer = "https://common.onelogin.com/oidc/2/";
    refuse(discovery_onelogin, SSO_E_MISMATCH, "disc-issuer-slash");
}

static void endpoints_we_do_not_use_are_not_looked_at(void **state)
{
    (void)state;
    unit_assert_ok(read_doc("{" MINIMAL
                            ",\"global_token_revocation_endpoint\":\"https://op.example/x/{connectionName}\""
                            ",\"registration_endpoint\":7,\"check_session_iframe\":\"file:///etc/passwd\"}"));
}

/* case 273, 275, 307 */
static void another_or_no_issuer_is_refused(void **state)
{
    (void)state;
    refuse("{\"issuer\":\"https://evil.example\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH,
           "disc-issuer-mismatch");
    refuse("{\"issuer\":\"https://OP.example\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH, "disc-issuer-mismatch");
    refuse("{\"issuer\":\"https://op.example:443\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH,
           "disc-issuer-mismatch");
    refuse("{\"issuer\":\"https://op.example.\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH, "disc-issuer-mismatch");
    refuse("{\"issuer\":\"https://op.exampl\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH, "disc-issuer-mismatch");
    refuse("{" AUTHZ "," TOKEN "," JWKS "}", SSO_E_ABSENT, "disc-issuer-missing");
    refuse("{\"issuer\":null," AUTHZ "," TOKEN "," JWKS "}", SSO_E_ABSENT, "disc-issuer-missing");
    refuse("{\"issuer\":[\"https://op.example\"]," AUTHZ "," TOKEN "," JWKS "}", SSO_E_ABSENT, "disc-issuer-missing");
    refuse("{\"issuer\":\"https://op.example/x\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH,
           "disc-issuer-mismatch");
    refuse("{\"issuer\":\"https://xx.example/\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH, "disc-issuer-mismatch");
    settings.issuer = NULL;
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-issuer-missing");
}

static void an_issuer_is_compared_as_it_was_configured(void **state)
{
    (void)state;
    settings.issuer = "https://OP.example.:443";
    unit_assert_ok(read_doc("{\"issuer\":\"https://OP.example.:443\"," AUTHZ "," TOKEN "," JWKS "}"));
}

static void an_issuer_template_is_named_as_such(void **state)
{
    (void)state;
    settings.issuer = "https://login.microsoftonline.com/common/v2.0";
    refuse("{\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\"," AUTHZ "," TOKEN "," JWKS "}",
           SSO_E_MISMATCH, "disc-issuer-template");
    settings.issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    refuse("{\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\"," AUTHZ "," TOKEN "," JWKS "}",
           SSO_E_MISMATCH, "disc-issuer-template");
}

/* case 277, 305, 366 and strictness */
static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    refuse("[{" MINIMAL "}]", SSO_E_SYNTAX, "disc-json");
    refuse("<html></html>", SSO_E_SYNTAX, "disc-json");
    refuse("", SSO_E_SYNTAX, "disc-json");
    refuse("\xef\xbb\xbf{" MINIMAL "}", SSO_E_SYNTAX, "disc-json");
    refuse("{" MINIMAL "," ISS "}", SSO_E_SYNTAX, "disc-json");
    assert_non_null(strstr(err.detail, "json-duplicate"));
    unit_assert_err(sso_provider_from_metadata(unit_pool, &settings, "{\0\"\0i\0", 6, &got, &err), SSO_E_SYNTAX,
                    "disc-json");
}

static void a_document_over_the_limit_is_refused(void **state)
{
    (void)state;
    char *big = apr_palloc(unit_pool, SSO_PROVIDER_METADATA_MAX + 2);
    memset(big, ' ', SSO_PROVIDER_METADATA_MAX + 1);
    memcpy(big, "{" MINIMAL "}", sizeof("{" MINIMAL "}") - 1);
    big[SSO_PROVIDER_METADATA_MAX] = '\0';
    unit_assert_ok(read_doc(big));
    got = NULL;
    big[SSO_PROVIDER_METADATA_MAX] = ' ';
    big[SSO_PROVIDER_METADATA_MAX + 1] = '\0';
    refuse(big, SSO_E_LIMIT, "disc-json");
}

/* case 293 */
static void a_missing_endpoint_is_refused_when_it_is_needed(void **state)
{
    (void)state;
    refuse("{" ISS "," AUTHZ "," TOKEN "}", SSO_E_ABSENT, "disc-endpoint-missing");
    assert_non_null(strstr(err.detail, "jwks_uri"));
    refuse("{" ISS "," TOKEN "," JWKS "}", SSO_E_ABSENT, "disc-endpoint-missing");
    refuse("{" ISS "," AUTHZ "," JWKS "}", SSO_E_ABSENT, "disc-endpoint-missing");
    refuse("{" ISS "," AUTHZ ",\"token_endpoint\":null," JWKS "}", SSO_E_ABSENT, "disc-endpoint-missing");
    settings.needs_code = 0;
    unit_assert_ok(read_doc("{" ISS "," AUTHZ "," JWKS "}"));
    assert_null(got->token_endpoint);
}

/* case 294 */
static void endpoints_of_another_type_are_refused(void **state)
{
    (void)state;
    refuse("{" ISS ",\"authorization_endpoint\":7," TOKEN "," JWKS "}", SSO_E_SYNTAX, "disc-endpoint-type");
    refuse("{" ISS "," AUTHZ ",\"token_endpoint\":[\"https://op.example/token\"]," JWKS "}", SSO_E_SYNTAX,
           "disc-endpoint-type");
    refuse("{" ISS "," AUTHZ "," TOKEN ",\"jwks_uri\":{\"a\":1}}", SSO_E_SYNTAX, "disc-endpoint-type");
    refuse("{" MINIMAL ",\"userinfo_endpoint\":true}", SSO_E_SYNTAX, "disc-endpoint-type");
    refuse("{" MINIMAL ",\"end_session_endpoint\":1.5}", SSO_E_SYNTAX, "disc-endpoint-type");
}

/* case 289-291 */
static void endpoints_that_would_lead_elsewhere_are_refused(void **state)
{
    static const char *const urls[] = {
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "http://op.example/x",
        "//op.example/x",
        "/relative",
        "javascript:alert(1)",
        "https://user:pw@op.example/x",
        "https://op.example\\x",
        "https://op.example/{tenant}",
        "https://:443/x",
        "https://op.example:0/x",
    };
    static const char *const members[] = {"token_endpoint",
                                          "jwks_uri",
                                          "userinfo_endpoint", "end_session_endpoint"};
    (void)state;
    for (apr_size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
        for (apr_size_t u = 0; u < sizeof(urls) / sizeof(urls[0]); u++) {
            const char *doc =
                apr_psprintf(unit_pool, "{" ISS "," AUTHZ "%s%s,\"%s\":\"%s\"}",
                             strcmp(members[m], "token_endpoint") == 0 ? "" : "," TOKEN,
                             strcmp(members[m], "jwks_uri") == 0 ? "" : "," JWKS, members[m],
                             urls[u][0] == 'h' && strchr(urls[u], '\\') ? "https://op.example\\\\x" : urls[u]);
            refuse(doc, SSO_E_SYNTAX, "disc-endpoint-url");
            assert_non_null(strstr(err.detail, members[m]));
        }
    }
    refuse("{" ISS ",\"authorization_endpoint\":\"https://op.example/auth#x\"," TOKEN "," JWKS "}", SSO_E_SYNTAX,
           "disc-endpoint-fragment");
    refuse("{" ISS ",\"authorization_endpoint\":\"https://op.example/auth#\"," TOKEN "," JWKS "}", SSO_E_SYNTAX,
           "disc-endpoint-fragment");
}

/* Real documents have "" for what is not there, and addresses of other machines' side that no login needs. */
static void what_no_login_needs_shuts_nobody_out(void **state)
{
    static const char *const members[] = {"revocation_endpoint", "introspection_endpoint",
                                          "pushed_authorization_request_endpoint"};
    static const char *const values[] = {"\"\"", "\"/relative\"", "\"http://op.example/x\"", "\"https://a/{t}\"", "7", "[]"};
    (void)state;
    for (apr_size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
        for (apr_size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            unit_assert_ok(read_doc(apr_psprintf(unit_pool, "{" ISS "," AUTHZ "," TOKEN "," JWKS ",\"%s\":%s}", members[m],
                                                 values[v])));
            assert_null(got->revocation_endpoint);
            assert_null(got->introspection_endpoint);
            assert_null(got->par_endpoint);
        }
    }
    unit_assert_ok(read_doc("{" ISS "," AUTHZ "," TOKEN "," JWKS
                            ",\"userinfo_endpoint\":\"\",\"end_session_endpoint\":\"\"}"));
    assert_null(got->userinfo_endpoint);
    assert_null(got->end_session_endpoint);
    got = NULL;
    refuse("{" ISS "," AUTHZ ",\"token_endpoint\":\"\"," JWKS "}", SSO_E_ABSENT, "disc-endpoint-missing");
}

/* case 312: other hosts and a query are normal */
static void endpoints_on_another_host_or_with_a_query_are_accepted(void **state)
{
    (void)state;
    unit_assert_ok(read_doc("{" ISS ",\"authorization_endpoint\":\"https://login.example:8443/a?tenant=1\","
                            "\"token_endpoint\":\"https://[2001:db8::1]/t\"," JWKS "}"));
    assert_string_equal(got->authorization_endpoint, "https://login.example:8443/a?tenant=1");
}

static void http_passes_on_loopback_in_development_only(void **state)
{
    const char *doc = "{" ISS ",\"authorization_endpoint\":\"http://127.0.0.1:8080/a\"," TOKEN "," JWKS "}";
    (void)state;
    refuse(doc, SSO_E_SYNTAX, "disc-endpoint-url");
    settings.allow_http_loopback = 1;
    unit_assert_ok(read_doc(doc));
    got = NULL;
    refuse("{" ISS ",\"authorization_endpoint\":\"http://op.example/a\"," TOKEN "," JWKS "}", SSO_E_SYNTAX,
           "disc-endpoint-url");
}

/* case 295 */
static void a_provider_without_our_response_type_is_refused(void **state)
{
    (void)state;
    refuse("{" MINIMAL ",\"response_types_supported\":[\"token\"]}", SSO_E_UNSUPPORTED, "disc-response-types");
    refuse("{" MINIMAL ",\"response_types_supported\":[\"id_token\",\"id_token token\"]}", SSO_E_UNSUPPORTED,
           "disc-response-types");
    refuse("{" MINIMAL ",\"response_types_supported\":[]}", SSO_E_UNSUPPORTED, "disc-response-types");
    refuse("{" MINIMAL ",\"response_types_supported\":\"code\"}", SSO_E_SYNTAX, "disc-member-type");
    unit_assert_ok(read_doc("{" MINIMAL ",\"response_types_supported\":null}"));
    unit_assert_ok(read_doc("{" MINIMAL ",\"response_types_supported\":[\"code id_token\"]}"));
    settings.needs_code = 0;
    unit_assert_ok(read_doc("{" MINIMAL ",\"response_types_supported\":[\"id_token\"]}"));
    got = NULL;
    refuse("{" MINIMAL ",\"response_types_supported\":[\"code\"]}", SSO_E_UNSUPPORTED, "disc-response-types");
}

/* case 315 */
static void the_operators_word_wins_over_metadata(void **state)
{
    (void)state;
    settings.token_endpoint = "https://other.example/token";
    settings.userinfo_endpoint = "none";
    settings.jwks_uri = "file:/etc/sso/jwks.json";
    settings.end_session_endpoint = "https://op.example/v2/logout?client_id={client_id}&returnTo={return_to}";
    unit_assert_ok(read_doc("{" ISS "," AUTHZ ",\"token_endpoint\":7,\"userinfo_endpoint\":\"https://op.example/me\","
                            "\"jwks_uri\":[]}"));
    assert_string_equal(got->token_endpoint, "https://other.example/token");
    assert_null(got->userinfo_endpoint);
    assert_string_equal(got->jwks_uri, "file:/etc/sso/jwks.json");
    assert_string_equal(got->end_session_endpoint,
                        "https://op.example/v2/logout?client_id={client_id}&returnTo={return_to}");
}

static void a_key_file_may_be_named_by_the_operator_only(void **state)
{
    (void)state;
    refuse("{" ISS "," AUTHZ "," TOKEN ",\"jwks_uri\":\"file:/etc/sso/jwks.json\"}", SSO_E_SYNTAX, "disc-endpoint-url");
    settings.token_endpoint = "file:/etc/passwd";
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-endpoint-url");
    settings.token_endpoint = NULL;
    settings.jwks_uri = "gopher://op.example/jwks";
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-endpoint-url");
}

static void a_template_may_be_given_by_the_operator_for_logout_only(void **state)
{
    (void)state;
    refuse("{" MINIMAL ",\"end_session_endpoint\":\"https://op.example/l?c={client_id}\"}", SSO_E_SYNTAX,
           "disc-endpoint-url");
    settings.token_endpoint = "https://op.example/t?c={client_id}";
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-endpoint-url");
}

static void a_setting_that_is_wrong_is_the_operators_error(void **state)
{
    (void)state;
    settings.userinfo_endpoint = "http://op.example/me";
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-endpoint-url");
    settings.userinfo_endpoint = NULL;
    settings.end_session_endpoint = "https://op.example/{elsewhere}";
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-endpoint-url");
    settings.end_session_endpoint = NULL;
    settings.token_endpoint = "none";
    refuse("{" MINIMAL "}", SSO_E_CONFIG, "disc-endpoint-missing");
}

static void protections_that_are_announced_are_read(void **state)
{
    (void)state;
    unit_assert_ok(read_doc("{" MINIMAL ",\"authorization_response_iss_parameter_supported\":true,"
                            "\"require_pushed_authorization_requests\":true,"
                            "\"pushed_authorization_request_endpoint\":\"https://op.example/par\"}"));
    assert_int_equal(got->iss_parameter, 1);
    assert_int_equal(got->par_required, 1);
    assert_string_equal(got->par_endpoint, "https://op.example/par");
    unit_assert_ok(read_doc("{" MINIMAL ",\"authorization_response_iss_parameter_supported\":null}"));
    assert_int_equal(got->iss_parameter, 0);
    got = NULL;
    refuse("{" MINIMAL ",\"authorization_response_iss_parameter_supported\":\"true\"}", SSO_E_SYNTAX,
           "disc-member-type");
    refuse("{" MINIMAL ",\"require_pushed_authorization_requests\":1}", SSO_E_SYNTAX, "disc-member-type");
}

static void announced_algorithms_we_do_not_know_are_passed_over(void **state)
{
    (void)state;
    unit_assert_ok(read_doc("{" MINIMAL ",\"id_token_signing_alg_values_supported\":[\"none\",\"RS1\",\"ES256\"],"
                            "\"token_endpoint_auth_signing_alg_values_supported\":[\"PS256\"]}"));
    assert_int_equal(got->id_token_algs, sso_alg_find("ES256")->bit);
    assert_int_equal(got->token_auth_algs, sso_alg_find("PS256")->bit);
    unit_assert_ok(read_doc("{" MINIMAL "}"));
    assert_int_equal(got->id_token_algs, 0);
    got = NULL;
    refuse("{" MINIMAL ",\"id_token_signing_alg_values_supported\":\"RS256\"}", SSO_E_SYNTAX, "disc-member-type");
    refuse("{" MINIMAL ",\"id_token_signing_alg_values_supported\":[1]}", SSO_E_SYNTAX, "disc-member-type");
}

/* case 353 */
static void mtls_aliases_count_for_a_client_with_a_certificate_only(void **state)
{
    const char *doc = "{" MINIMAL ",\"mtls_endpoint_aliases\":{\"token_endpoint\":\"https://mtls.op.example/token\"}}";
    (void)state;
    unit_assert_ok(read_doc(doc));
    assert_string_equal(got->token_endpoint, "https://op.example/token");
    settings.mtls = 1;
    unit_assert_ok(read_doc(doc));
    assert_string_equal(got->token_endpoint, "https://mtls.op.example/token");
    unit_assert_ok(read_doc("{" MINIMAL ",\"userinfo_endpoint\":\"https://op.example/me\",\"mtls_endpoint_aliases\":"
                            "{\"userinfo_endpoint\":\"https://mtls.op.example/me\"}}"));
    assert_string_equal(got->token_endpoint, "https://op.example/token");
    assert_string_equal(got->userinfo_endpoint, "https://op.example/me");
    got = NULL;
    refuse("{" MINIMAL ",\"mtls_endpoint_aliases\":{\"token_endpoint\":\"file:///etc/passwd\"}}", SSO_E_SYNTAX,
           "disc-endpoint-url");
}

/* case 308 and Auth0's slash */
static void the_discovery_url_follows_the_path_of_the_issuer(void **state)
{
    (void)state;
    assert_string_equal(sso_provider_discovery_url(unit_pool, "https://h/a/b"),
                        "https://h/a/b/.well-known/openid-configuration");
    assert_string_equal(sso_provider_discovery_url(unit_pool, "https://h/"),
                        "https://h/.well-known/openid-configuration");
    assert_string_equal(sso_provider_discovery_url(unit_pool, ""), "/.well-known/openid-configuration");
    assert_string_equal(sso_provider_discovery_url(unit_pool, "https://h"),
                        "https://h/.well-known/openid-configuration");
}

static void settings_alone_make_a_provider_when_they_are_complete(void **state)
{
    (void)state;
    settings.authorization_endpoint = "https://op.example/auth";
    settings.jwks_uri = "file:/etc/sso/jwks.json";
    assert_false(sso_provider_is_static(&settings));
    unit_assert_err(sso_provider_from_settings(unit_pool, &settings, &got, &err), SSO_E_CONFIG,
                    "disc-endpoint-missing");
    settings.token_endpoint = "none";
    assert_false(sso_provider_is_static(&settings));
    settings.token_endpoint = "https://op.example/token";
    assert_true(sso_provider_is_static(&settings));
    unit_assert_ok(sso_provider_from_settings(unit_pool, &settings, &got, &err));
    assert_string_equal(got->issuer, ISSUER);
    assert_null(got->userinfo_endpoint);
    settings.token_endpoint = NULL;
    settings.needs_code = 0;
    assert_true(sso_provider_is_static(&settings));
    settings.issuer = NULL;
    unit_assert_err(sso_provider_from_settings(unit_pool, &settings, &got, &err), SSO_E_CONFIG, "disc-issuer-missing");
    settings.issuer = "";
    unit_assert_err(read_doc("{" MINIMAL "}"), SSO_E_CONFIG, "disc-issuer-missing");
    unit_assert_err(sso_provider_from_settings(unit_pool, &settings, &got, &err), SSO_E_CONFIG, "disc-issuer-missing");
}

static void a_template_of_tenants_counts_only_where_tenants_are_named(void **state)
{
    static const char doc[] =
        "{\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\"," AUTHZ "," TOKEN "," JWKS "}";
    (void)state;
    settings.issuer = "https://login.microsoftonline.com/organizations/v2.0";
    refuse(doc, SSO_E_MISMATCH, "disc-issuer-template");
    settings.issuer_template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    sso_err_clear(&err);
    unit_assert_ok(read_doc(doc));
    assert_string_equal(got->issuer, settings.issuer);
    got = NULL;
    refuse("{\"issuer\":\"https://evil.example/{tenantid}/v2.0\"," AUTHZ "," TOKEN "," JWKS "}", SSO_E_MISMATCH,
           "disc-issuer-template");
}

static void a_logout_that_is_known_but_not_announced_is_at_the_authorization_endpoint(void **state)
{
    (void)state;
    settings.logout_path = "/oidc/logout";
    settings.logout_no_hint = "/v2/logout?client_id={client_id}";
    unit_assert_ok(read_doc("{" MINIMAL "}"));
    assert_string_equal(got->end_session_endpoint, "https://op.example/oidc/logout");
    assert_string_equal(got->end_session_no_hint, "https://op.example/v2/logout?client_id={client_id}");
    unit_assert_ok(read_doc("{" MINIMAL ",\"end_session_endpoint\":\"https://op.example/end\"}"));
    assert_string_equal(got->end_session_endpoint, "https://op.example/end");
    settings.end_session_endpoint = "none";
    unit_assert_ok(read_doc("{" MINIMAL "}"));
    assert_null(got->end_session_endpoint);
    assert_null(got->end_session_no_hint);
}

int main(void)
{
    const struct CMUnitTest provider[] = {
        provider_test(the_recorded_document_of_onelogin_is_accepted),
        provider_test(the_recorded_document_of_auth0_is_accepted_with_its_slash),
        provider_test(the_hint_names_a_slash_that_alone_differs),
        provider_test(endpoints_we_do_not_use_are_not_looked_at),
        provider_test(another_or_no_issuer_is_refused),
        provider_test(an_issuer_is_compared_as_it_was_configured),
        provider_test(an_issuer_template_is_named_as_such),
        provider_test(what_is_no_json_object_is_refused),
        provider_test(a_document_over_the_limit_is_refused),
        provider_test(a_missing_endpoint_is_refused_when_it_is_needed),
        provider_test(endpoints_of_another_type_are_refused),
        provider_test(endpoints_that_would_lead_elsewhere_are_refused),
        provider_test(what_no_login_needs_shuts_nobody_out),
        provider_test(endpoints_on_another_host_or_with_a_query_are_accepted),
        provider_test(http_passes_on_loopback_in_development_only),
        provider_test(a_provider_without_our_response_type_is_refused),
        provider_test(the_operators_word_wins_over_metadata),
        provider_test(a_key_file_may_be_named_by_the_operator_only),
        provider_test(a_template_may_be_given_by_the_operator_for_logout_only),
        provider_test(a_setting_that_is_wrong_is_the_operators_error),
        provider_test(protections_that_are_announced_are_read),
        provider_test(announced_algorithms_we_do_not_know_are_passed_over),
        provider_test(mtls_aliases_count_for_a_client_with_a_certificate_only),
        provider_test(the_discovery_url_follows_the_path_of_the_issuer),
        provider_test(settings_alone_make_a_provider_when_they_are_complete),
        provider_test(a_template_of_tenants_counts_only_where_tenants_are_named),
        provider_test(a_logout_that_is_known_but_not_announced_is_at_the_authorization_endpoint),
    };
    return unit_run(provider);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge without httpd: which call a path is, which redirectUri counts, what the marker is bound to. */
#include "unit.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "base/json.h"
#include "oidc/bridge.h"

#define CONTEXT     "sso\0host\0https://op.example\0app"
#define CONTEXT_LEN sizeof(CONTEXT)
#define ISSUER      "https://data.example/sso"
#define TRUSTED     "https://data.example/auth/callback"

static const char ring_text[] = "vvdTB9EStpw0Q2gYMdBNvY5u6lZlMFvfrxWxnpvFGZ0=\n";
static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_bridge_seal_t seal;
static sso_session_t session;

static int begin(void **state)
{
    sso_keyring_t *ring = NULL;
    if (unit_setup(state) != 0)
        return -1;
    err = (sso_err_t)SSO_ERR_INIT;
    env = unit_env();
    unit_assert_ok(sso_keyring_parse(unit_pool, ring_text, sizeof(ring_text) - 1, &ring, &err));
    unit_assert_ok(sso_sealer_create(unit_pool, ring, &seal.sealer, &err));
    seal.context = CONTEXT;
    seal.context_len = CONTEXT_LEN;
    memset(&session, 0, sizeof(session));
    memset(session.id, 7, sizeof(session.id));
    session.created = UNIT_NOW;
    session.expires = UNIT_NOW + apr_time_from_sec(3600);
    return 0;
}

/* --- calls --- */

static void exact_paths_are_calls(void **state)
{
    static const struct {
        const char *path;
        sso_bridge_call_t call;
    } table[] = {{"/api/v1/system/config/auth", SSO_BRIDGE_CONFIG},
                 {"/api/v1/auth/login", SSO_BRIDGE_SIGN_IN},
                 {"/api/v1/auth/refresh", SSO_BRIDGE_REFRESH},
                 {"/api/v1/auth/logout", SSO_BRIDGE_SIGN_OUT},
                 {"/api/v1/auth/callback", SSO_BRIDGE_OFF},
                 {"/logout", SSO_BRIDGE_LEAVE},
                 {"/api/v1/push/feed", SSO_BRIDGE_FEED},
                 {"/api/v1/push/feed/", SSO_BRIDGE_FEED},
                 {"/api/v1/push/feed/x", SSO_BRIDGE_API},
                 {"/api/v1/push/feedx", SSO_BRIDGE_API},
                 {"/api/v1/system/health", SSO_BRIDGE_OPEN},
                 {"/api/v1/system/health/", SSO_BRIDGE_API},
                 {"/api/v1/system/config/auth/", SSO_BRIDGE_API},
                 {"/api/v1/auth/login/", SSO_BRIDGE_API},
                 {"/api/v1/auth/login;x", SSO_BRIDGE_API},
                 {"/api/v1/users/login", SSO_BRIDGE_API},
                 {"/api", SSO_BRIDGE_API},
                 {"/api/", SSO_BRIDGE_API},
                 {"/API/v1/tables", SSO_BRIDGE_API},
                 {"/api;a=b/v1/tables", SSO_BRIDGE_API},
                 {"//api/v1/auth/login", SSO_BRIDGE_SIGN_IN},
                 {"///api/v1/tables", SSO_BRIDGE_API},
                 {"/apiary", SSO_BRIDGE_PAGE},
                 {"/", SSO_BRIDGE_PAGE},
                 {"", SSO_BRIDGE_PAGE},
                 {"/logout/x", SSO_BRIDGE_PAGE},
                 {"/signin", SSO_BRIDGE_STATIC},
                 {"/signin/", SSO_BRIDGE_PAGE},
                 {"/auth/callback", SSO_BRIDGE_STATIC},
                 {"/silent-callback", SSO_BRIDGE_STATIC}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *below = apr_pstrcat(unit_pool, "/om", table[i].path, NULL);
        if (sso_bridge_call("", table[i].path) != table[i].call || sso_bridge_call("/om", below) != table[i].call)
            fail_msg("%s is call %d", table[i].path, (int)sso_bridge_call("", table[i].path));
    }
    assert_int_equal(sso_bridge_call("/om", "/api/v1/auth/login"), SSO_BRIDGE_PAGE);
    assert_int_equal(sso_bridge_call("/om", "/omx/api/v1/auth/login"), SSO_BRIDGE_PAGE);
}

static void only_plain_files_of_the_interface_are_static(void **state)
{
    static const char *const open[] = {
        "/app-worker.js", "/manifest.json",          "/favicon.ico",  "/logo192.png",       "/main.a1-B2_c3.js.map",
        "/assets/a.js",   "/assets/x/y/inter.woff2", "/images/a.svg", "/static/js/main.js", "/fonts/a.ttf",
        "/locales/de.js", "/favicons/a.png"};
    static const char *const shut[] = {
        "/report.pdf",      "/data.json",          "/assets/data.json", "/assets/",
        "/assets/js",       "/other/a.js",         "/assets/../x.js",   "/assets/..;/x.js",
        "/assets/%2e/x.js", "/assets/./x.js",      "/assets//x.js",     "/assets/.git/x.js",
        "/.x.js",           "/assets/a;b.js",      "/assets/a\\b.js",   "/assets/a b.js",
        "/a.js/",           "/assets/a.js/secret", "/assets/a.JS",      "/Assets/a.js",
        "/x/manifest.json", "/assets/\xc3\xa4.js"};
    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (sso_bridge_call("", open[i]) != SSO_BRIDGE_STATIC)
            fail_msg("%s is not static", open[i]);
    for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++)
        if (sso_bridge_call("", shut[i]) != SSO_BRIDGE_PAGE)
            fail_msg("%s is open", shut[i]);
}

static void scripts_get_json(void **state)
{
    (void)state;
    for (int call = SSO_BRIDGE_NONE; call <= SSO_BRIDGE_PAGE; call++) {
        int page = call == SSO_BRIDGE_NONE || call == SSO_BRIDGE_SIGN_IN || call == SSO_BRIDGE_LEAVE ||
                   call == SSO_BRIDGE_STATIC || call == SSO_BRIDGE_PAGE;
        assert_int_equal(sso_bridge_is_api((sso_bridge_call_t)call), !page);
    }
}

/* --- signing in --- */

static void read_refused(const char *query, const char *reason)
{
    int silent = 7;
    sso_err_t why = SSO_ERR_INIT;
    assert_int_not_equal(sso_bridge_read_sign_in(unit_pool, query, TRUSTED, &silent, &why), SSO_OK);
    if (strcmp(why.reason, reason) != 0)
        fail_msg("%s: %s", query ? query : "(none)", why.reason);
    assert_int_equal(silent, 7);
}

static int read_silent(const char *query)
{
    int silent = 7;
    unit_assert_ok(sso_bridge_read_sign_in(unit_pool, query, TRUSTED, &silent, &err));
    return silent;
}

static void the_redirect_uri_is_one(void **state)
{
    (void)state;
    assert_int_equal(read_silent("redirectUri=https%3A%2F%2Fdata.example%2Fauth%2Fcallback"), 0);
    assert_int_equal(read_silent("redirectUri=" TRUSTED), 0);
    assert_int_equal(read_silent("redirectUri=" TRUSTED "&prompt=none"), 1);
    assert_int_equal(read_silent("prompt=none&redirectUri=" TRUSTED), 1);
    assert_int_equal(read_silent("redirectUri=" TRUSTED "&prompt=login"), 0);
    assert_int_equal(read_silent("redirectUri=" TRUSTED "&prompt="), 0);
    read_refused(NULL, "bridge-redirect-uri");
    read_refused("", "bridge-redirect-uri");
    read_refused("redirectUri=", "bridge-redirect-uri");
    read_refused("redirectUri=" TRUSTED "/", "bridge-redirect-uri");
    read_refused("redirectUri=" TRUSTED "%00", "form-nul");
    read_refused("redirectUri=" TRUSTED "&redirectUri=" TRUSTED, "param-duplicate");
    read_refused("redirectUri=" TRUSTED "&prompt=none&prompt=none", "param-duplicate");
    read_refused("redirectUri=" TRUSTED "%", "form-escape");
    read_refused("redirectUri=https%253A%252F%252Fdata.example%252Fauth%252Fcallback", "bridge-redirect-uri");
    read_refused("redirecturi=" TRUSTED, "bridge-redirect-uri");
}

static void the_url_fits_the_request_line(void **state)
{
    const sso_bridge_person_t alice = {"alice@example.com", "Alice M\xc3\xbcller & Co"};
    const sso_bridge_person_t nobody = {NULL, NULL};
    const char *url = NULL;
    (void)state;
    unit_assert_ok(sso_bridge_hand_over(unit_pool, TRUSTED, 0, "a.b.c", &alice, 8000, &url, &err));
    assert_string_equal(url, TRUSTED "?id_token=a.b.c&email=alice%40example.com&name=Alice%20M%C3%BCller%20%26%20Co");
    unit_assert_ok(sso_bridge_hand_over(unit_pool, TRUSTED, 1, "a.b.c", &nobody, 8000, &url, &err));
    assert_string_equal(url, TRUSTED "#id_token=a.b.c&email=");
    unit_assert_ok(sso_bridge_hand_over(unit_pool, TRUSTED, 0, "a.b.c", &alice, 80, &url, &err));
    assert_string_equal(url, TRUSTED "?id_token=a.b.c&email=alice%40example.com");
    assert_int_equal(sso_bridge_hand_over(unit_pool, TRUSTED, 0, "a.b.c", &alice, 60, &url, &err), SSO_E_LIMIT);
    assert_string_equal(err.reason, "bridge-too-long");
}

static void a_silent_login_has_a_page_to_end_at(void **state)
{
    (void)state;
    assert_string_equal(sso_bridge_sign_in_page(unit_pool, "/api/v1/auth/login?redirectUri=x"), "/signin");
    assert_string_equal(sso_bridge_sign_in_page(unit_pool, "/om/api/v1/auth/login?redirectUri=x"), "/om/signin");
    assert_null(sso_bridge_sign_in_page(unit_pool, "/"));
    assert_null(sso_bridge_sign_in_page(unit_pool, "/my-data"));
}

/* --- words --- */

static void answers_are_json(void **state)
{
    const sso_bridge_config_t config = {"A \"provider\" </script>", "openmetadata", "https://data.example", "/om"};
    const sso_json_t *doc = NULL;
    const char *text = sso_bridge_config_json(unit_pool, &config), *value = NULL;
    apr_int64_t number = 0;
    (void)state;
    unit_assert_ok(sso_json_parse_object(unit_pool, text, strlen(text), 4096, &doc, &err));
    assert_int_equal(sso_json_string(doc, "providerName", &value), SSO_JSON_FOUND);
    assert_string_equal(value, config.provider_name);
    assert_null(strstr(text, "</script>"));
    assert_int_equal(sso_json_string(doc, "callbackUrl", &value), SSO_JSON_FOUND);
    assert_string_equal(value, "https://data.example/om/callback");
    text = sso_bridge_refresh_json(unit_pool, "a.b.c", UNIT_NOW + 500);
    unit_assert_ok(sso_json_parse_object(unit_pool, text, strlen(text), 4096, &doc, &err));
    assert_int_equal(sso_json_int(doc, "expiryDuration", &number), SSO_JSON_FOUND);
    assert_int_equal(number, apr_time_as_msec(UNIT_NOW + 500));
}

static void origins_are_compared_exactly(void **state)
{
    static const char own[] = "https://data.example";
    (void)state;
    assert_true(sso_bridge_is_same_origin(own, NULL, own));
    assert_true(sso_bridge_is_same_origin(NULL, "same-origin", own));
    assert_false(sso_bridge_is_same_origin(NULL, NULL, own));
    assert_false(sso_bridge_is_same_origin(NULL, "same-site", own));
    assert_false(sso_bridge_is_same_origin(NULL, "none", own));
    assert_false(sso_bridge_is_same_origin("null", "same-origin", own));
    assert_false(sso_bridge_is_same_origin("https://data.example.evil", "same-origin", own));
    assert_false(sso_bridge_is_same_origin("http://data.example", NULL, own));
    assert_false(sso_bridge_is_same_origin("https://data.example:444", NULL, own));
}

/* --- the marker --- */

static const char *make(apr_time_t expires)
{
    const char *marker = NULL;
    unit_assert_ok(sso_bridge_make_marker(&env, &seal, ISSUER, &session, expires, &marker, &err));
    return marker;
}

static const char *check(const char *marker, const sso_session_t *of, apr_time_t now)
{
    sso_err_t why = SSO_ERR_INIT;
    return sso_bridge_check_marker(unit_pool, now, &seal, marker, of, &why) == SSO_OK ? "ok" : why.reason;
}

static void a_marker_is_a_jwt_to_look_at(void **state)
{
    const char *marker = make(UNIT_NOW + apr_time_from_sec(900));
    const char *dot = strchr(marker, '.');
    unsigned char *bytes = NULL;
    apr_size_t len = 0;
    const sso_json_t *doc = NULL;
    const char *text = NULL;
    apr_int64_t exp = 0;
    (void)state;
    assert_true(strlen(marker) < SSO_BRIDGE_MARKER_MAX);
    unit_assert_ok(sso_b64url_decode_pool(unit_pool, marker, (apr_size_t)(dot - marker), &bytes, &len, &err));
    assert_string_equal((char *)bytes,
                        "{\"alg\":\"mod-sso-oidc-box\",\"typ\":\"JWT\",\"kid\":\"mod-sso-oidc-marker\"}");
    unit_assert_ok(
        sso_b64url_decode_pool(unit_pool, dot + 1, (apr_size_t)(strrchr(marker, '.') - dot - 1), &bytes, &len, &err));
    unit_assert_ok(sso_json_parse_object(unit_pool, (char *)bytes, len, 4096, &doc, &err));
    assert_int_equal(sso_json_string(doc, "aud", &text), SSO_JSON_FOUND);
    assert_string_equal(text, "browser");
    assert_int_equal(sso_json_string(doc, "iss", &text), SSO_JSON_FOUND);
    assert_string_equal(text, ISSUER);
    assert_int_equal(sso_json_int(doc, "exp", &exp), SSO_JSON_FOUND);
    assert_int_equal(exp, apr_time_sec(UNIT_NOW) + 900);
    assert_true(sso_bridge_is_marker(marker));
    assert_string_not_equal(marker, make(UNIT_NOW + apr_time_from_sec(900)));
}

static void a_marker_belongs_to_one_session_until_its_end(void **state)
{
    apr_time_t end = UNIT_NOW + apr_time_from_sec(900);
    const char *marker = make(end);
    sso_session_t other = session;
    other.id[15] ^= 1;
    (void)state;
    assert_string_equal(check(marker, &session, UNIT_NOW), "ok");
    assert_string_equal(check(marker, &session, end - 1), "ok");
    assert_string_equal(check(marker, &session, end), "marker-expired");
    assert_string_equal(check(marker, &other, UNIT_NOW), "marker-session");
    assert_string_equal(check(marker, &other, end), "marker-session");
    assert_string_equal(check(marker, NULL, end), "ok");
}

static void no_byte_of_a_marker_can_be_changed(void **state)
{
    const char *marker = make(UNIT_NOW + apr_time_from_sec(900));
    apr_size_t len = strlen(marker);
    (void)state;
    for (apr_size_t i = 0; i < len; i++) {
        char *changed = apr_pstrdup(unit_pool, marker);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_string_not_equal(check(changed, &session, UNIT_NOW), "ok");
        assert_string_not_equal(check(apr_pstrmemdup(unit_pool, marker, i), &session, UNIT_NOW), "ok");
    }
    assert_string_not_equal(check(apr_pstrcat(unit_pool, marker, "A", NULL), &session, UNIT_NOW), "ok");
    assert_string_not_equal(check(apr_pstrcat(unit_pool, marker, ".", NULL), &session, UNIT_NOW), "ok");
    assert_string_equal(check("", &session, UNIT_NOW), "marker-foreign");
    assert_string_equal(check("a.b.c", &session, UNIT_NOW), "marker-foreign");
    const char *second = make(UNIT_NOW + apr_time_from_sec(300));
    const char *mixed =
        apr_pstrcat(unit_pool, apr_pstrmemdup(unit_pool, second, (apr_size_t)(strrchr(second, '.') - second)),
                    strrchr(marker, '.'), NULL);
    assert_string_equal(check(mixed, &session, UNIT_NOW), "box-tampered");
}

static void a_marker_of_another_site_is_none(void **state)
{
    const char *marker = make(UNIT_NOW + apr_time_from_sec(900));
    char *box = NULL;
    (void)state;
    seal.context_len--;
    assert_string_equal(check(marker, &session, UNIT_NOW), "box-tampered");
    seal.context_len++;
    /* A box of the right kind with something else in it. */
    const char *shown = apr_pstrmemdup(unit_pool, marker, (apr_size_t)(strrchr(marker, '.') - marker));
    char *bound = apr_palloc(unit_pool, CONTEXT_LEN + strlen(shown));
    memcpy(bound, CONTEXT, CONTEXT_LEN);
    memcpy(bound + CONTEXT_LEN, shown, strlen(shown));
    unit_assert_ok(
        sso_seal(seal.sealer, &env, SSO_SEAL_MARKER, bound, CONTEXT_LEN + strlen(shown), "short", 5, &box, &err));
    assert_string_equal(check(apr_pstrcat(unit_pool, shown, ".", box, NULL), &session, UNIT_NOW), "marker-foreign");
    assert_string_equal(check(apr_pstrcat(unit_pool, shown, ".", box, NULL), NULL, UNIT_NOW), "marker-foreign");
}

static void a_marker_never_outlives_the_session(void **state)
{
    (void)state;
    assert_int_equal(sso_bridge_expires(&session, 900, UNIT_NOW), UNIT_NOW + apr_time_from_sec(900));
    session.expires = UNIT_NOW + apr_time_from_sec(300) + 999999;
    assert_int_equal(sso_bridge_expires(&session, 900, UNIT_NOW), UNIT_NOW + apr_time_from_sec(300));
    assert_int_equal(sso_bridge_expires(&session, 200, UNIT_NOW), UNIT_NOW + apr_time_from_sec(200));
    session.expires = UNIT_NOW + apr_time_from_sec(120);
    assert_int_equal(sso_bridge_expires(&session, 900, UNIT_NOW), UNIT_NOW + apr_time_from_sec(120));
    session.expires = UNIT_NOW + apr_time_from_sec(120) - 1;
    assert_int_equal(sso_bridge_expires(&session, 900, UNIT_NOW), 0);
    session.expires = UNIT_NOW - apr_time_from_sec(5);
    assert_int_equal(sso_bridge_expires(&session, 900, UNIT_NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exact_paths_are_calls, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(only_plain_files_of_the_interface_are_static, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(scripts_get_json, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(the_redirect_uri_is_one, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(the_url_fits_the_request_line, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(a_silent_login_has_a_page_to_end_at, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(answers_are_json, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(origins_are_compared_exactly, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(a_marker_is_a_jwt_to_look_at, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(a_marker_belongs_to_one_session_until_its_end, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(no_byte_of_a_marker_can_be_changed, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(a_marker_of_another_site_is_none, begin, unit_teardown),
        cmocka_unit_test_setup_teardown(a_marker_never_outlives_the_session, begin, unit_teardown),
    };
    return unit_run(tests);
}

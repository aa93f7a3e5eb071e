/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, forms, and where a browser may be sent back to. */
#include "unit.h"

#include <stdarg.h>

#include <apr_strings.h>

#include "base/url.h"

/* ---- absolute URLs, as configured or fetched ---- */

static void good_urls_come_apart(void **state)
{
    static const struct {
        const char *text;
        sso_url_t want;
        const char *origin;
    } rows[] = {
        {"https://op.example", {"https", "op.example", 443, "/", NULL, NULL}, "https://op.example"},
        {"https://op.example/", {"https", "op.example", 443, "/", NULL, NULL}, "https://op.example"},
        {"HTTPS://OP.Example:443/A/b", {"https", "op.example", 443, "/A/b", NULL, NULL}, "https://op.example"},
        {"http://localhost:8080/x?y=1&z#f", {"http", "localhost", 8080, "/x", "y=1&z", "f"}, "http://localhost:8080"},
        {"http://127.0.0.1", {"http", "127.0.0.1", 80, "/", NULL, NULL}, "http://127.0.0.1"},
        {"https://[::1]:9443/p", {"https", "[::1]", 9443, "/p", NULL, NULL}, "https://[::1]:9443"},
        {"https://[2001:DB8::A]", {"https", "[2001:db8::a]", 443, "/", NULL, NULL}, "https://[2001:db8::a]"},
        {"https://op.example?", {"https", "op.example", 443, "/", "", NULL}, "https://op.example"},
        {"https://op.example#", {"https", "op.example", 443, "/", NULL, ""}, "https://op.example"},
        {"https://op.example?a=?/b#c?d/e", {"https", "op.example", 443, "/", "a=?/b", "c?d/e"}, "https://op.example"},
        {"https://h/%41%2f?%20#%C3%A9", {"https", "h", 443, "/%41%2f", "%20", "%C3%A9"}, "https://h"},
        {"https://my_service-1.ns:65535/~a;b=1,(c)!*'$&+@:",
         {"https", "my_service-1.ns", 65535, "/~a;b=1,(c)!*'$&+@:", NULL, NULL},
         "https://my_service-1.ns:65535"},
        {"https://xn--bcher-kva.example/",
         {"https", "xn--bcher-kva.example", 443, "/", NULL, NULL},
         "https://xn--bcher-kva.example"},
        {"http://op.example:443", {"http", "op.example", 443, "/", NULL, NULL}, "http://op.example:443"},
        {"https://1password.example2.x1/",
         {"https", "1password.example2.x1", 443, "/", NULL, NULL},
         "https://1password.example2.x1"},
    };
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const sso_url_t *want = &rows[i].want;
        sso_url_t url;
        unit_assert_ok(sso_url_parse(unit_pool, rows[i].text, &url, &err));
        assert_string_equal(url.scheme, want->scheme);
        assert_string_equal(url.host, want->host);
        assert_int_equal(url.port, want->port);
        assert_string_equal(url.path, want->path);
        assert_string_equal(url.query != NULL ? url.query : "-", want->query != NULL ? want->query : "-");
        assert_string_equal(url.fragment != NULL ? url.fragment : "-", want->fragment != NULL ? want->fragment : "-");
        assert_string_equal(sso_url_origin(unit_pool, &url), rows[i].origin);
    }
}

static void bad_urls_are_refused_for_the_right_reason(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        {NULL, "url-syntax"},
        {"", "url-syntax"},
        {"op.example", "url-scheme"},
        {"/path", "url-scheme"},
        {"//op.example", "url-scheme"},
        {"ftp://op.example", "url-scheme"},
        {"javascript:alert(1)", "url-scheme"},
        {"file:///etc/passwd", "url-scheme"},
        {"gopher://127.0.0.1:6379/_x", "url-scheme"},
        {" https://op.example", "url-scheme"},
        {"httpss://op.example", "url-scheme"},
        {"https:op.example", "url-syntax"},
        {"https:/op.example", "url-syntax"},
        {"https:\\\\op.example", "url-syntax"},
        {"https:///path", "url-host"},
        {"https://", "url-host"},
        {"https://:443/", "url-host"},
        {"https://user@op.example/", "url-userinfo"},
        {"https://user:pw@op.example/", "url-userinfo"},
        {"https://op.example@evil.example/", "url-userinfo"},
        {"https://@op.example/", "url-userinfo"},
        {"https://op example/", "url-host"},
        {"https://op.example\\@evil.example/", "url-userinfo"},
        {"https://op.example\\.evil.example/", "url-host"},
        {"https://op%2eexample/", "url-host"},
        {"https://op..example/", "url-host"},
        {"https://.op.example/", "url-host"},
        {"https://op.example./", "url-host"},
        {"https://b\xc3\xbc"
         "cher.example/",
         "url-host"},
        {"https://op.example\xe3\x80\x82"
         "evil/",
         "url-host"},
        {"https://op.example\n/", "url-host"},
        {"https://op<b>/", "url-host"},
        {"https://0x7f.1/", "url-host"},
        {"https://127.1/", "url-host"},
        {"https://2130706433/", "url-host"},
        {"https://0177.0.0.1/", "url-host"},
        {"https://127.0.0.01/", "url-host"},
        {"https://127.0.0.256/", "url-host"},
        {"https://1.2.3.4.5/", "url-host"},
        {"https://1.2.3.0x4/", "url-host"},
        {"https://evil.0x/", "url-host"},
        {"https://foo.123/", "url-host"},
        {"https://[::1/", "url-host"},
        {"https://::1/", "url-host"},
        {"https://[::g]/", "url-host"},
        {"https://[]/", "url-host"},
        {"https://[fe80::1%25eth0]/", "url-host"},
        {"https://[::1]x/", "url-host"},
        {"https://[v1.a]/", "url-host"},
        {"https://[1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1:2:3:4:5:6:7:8]/", "url-host"},
        {"https://op.example:/", "url-port"},
        {"https://op.example:0/", "url-port"},
        {"https://op.example:0443/", "url-port"},
        {"https://op.example:65536/", "url-port"},
        {"https://op.example:4294967739/", "url-port"},
        {"https://op.example:+443/", "url-port"},
        {"https://op.example:44a/", "url-port"},
        {"https://op.example:443:443/", "url-port"},
        {"https://[::1]:/", "url-port"},
        {"https://op.example/a b", "url-syntax"},
        {"https://op.example/a\\b", "url-syntax"},
        {"https://op.example/\r\nX: y", "url-syntax"},
        {"https://op.example/\x7f", "url-syntax"},
        {"https://op.example/\xc3\xa9", "url-syntax"},
        {"https://op.example/%", "url-syntax"},
        {"https://op.example/%4", "url-syntax"},
        {"https://op.example/%zz", "url-syntax"},
        {"https://op.example/\"", "url-syntax"},
        {"https://op.example/<x>", "url-syntax"},
        {"https://op.example/{tenant}/", "url-syntax"},
        {"https://op.example/#a#b", "url-syntax"},
        {"https://op.example/ ", "url-syntax"},
    };
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url = {"untouched", NULL, 0, NULL, NULL, NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sso_err_clear(&err);
        if (sso_url_parse(unit_pool, rows[i].text, &url, &err) == SSO_OK || strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("%s: %s", rows[i].text, err.reason);
    }
    assert_string_equal(url.scheme, "untouched");
}

/* `prefix`, then 'a' up to `len` characters. */
static char *padded(const char *prefix, apr_size_t len)
{
    char *text = apr_palloc(unit_pool, len + 1);

    memset(text, 'a', len);
    memcpy(text, prefix, strlen(prefix));
    text[len] = '\0';
    return text;
}

static void url_lengths_have_a_limit(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    char host[300];

    (void)state;
    unit_assert_ok(sso_url_parse(unit_pool, padded("https://h/", SSO_URL_MAX), &url, &err));
    unit_assert_err(sso_url_parse(unit_pool, padded("https://h/", SSO_URL_MAX + 1), &url, &err), SSO_E_LIMIT,
                    "url-too-long");
    unit_assert_ok(sso_url_parse(unit_pool, padded("https://", 8 + 63), &url, &err));
    unit_assert_err(sso_url_parse(unit_pool, padded("https://", 8 + 64), &url, &err), SSO_E_SYNTAX, "url-host");
    memcpy(host, "https://", 9);
    for (int i = 0; i < 126; i++)
        memcpy(host + 8 + 2 * i, "a.", 3);
    memcpy(host + 8 + 252, "b", 2);
    unit_assert_ok(sso_url_parse(unit_pool, host, &url, &err));
    memcpy(host + 8 + 252, "bb", 3);
    unit_assert_err(sso_url_parse(unit_pool, host, &url, &err), SSO_E_SYNTAX, "url-host");
}

static void loopback_is_what_never_leaves_the_machine(void **state)
{
    static const char *const yes[] = {"localhost",   "LOCALHOST", "a.localhost",      "127.0.0.1",
                                      "127.255.0.3", "[::1]",     "[0:0:0:0:0:0:0:1]"};
    static const char *const no[] = {"",
                                     ".localhost",
                                     "localhost.",
                                     "localhost.example",
                                     "alocalhost",
                                     "127.0.0.1.example",
                                     "127.1",
                                     "128.0.0.1",
                                     "0.0.0.0",
                                     "10.0.0.1",
                                     "[::]",
                                     "[::2]",
                                     "[::ffff:127.0.0.1]",
                                     "::1",
                                     "[::1",
                                     "127.0.0.256",
                                     "127.evil.example"};

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_int_equal(sso_url_host_is_loopback(yes[i]), 1);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_int_equal(sso_url_host_is_loopback(no[i]), 0);
}

/* ---- encoding, queries and forms ---- */

static void all_but_unreserved_characters_are_encoded(void **state)
{
    (void)state;
    assert_string_equal(sso_url_encode(unit_pool, "aZ09-._~"), "aZ09-._~");
    assert_string_equal(sso_url_encode(unit_pool, "a b&c=d/e?f#g+h%i*"), "a%20b%26c%3Dd%2Fe%3Ff%23g%2Bh%25i%2A");
    assert_string_equal(sso_url_encode(unit_pool, "\r\n\xc3\xa9\"'<>\\"), "%0D%0A%C3%A9%22%27%3C%3E%5C");
    assert_string_equal(sso_url_encode(unit_pool, ""), "");
    assert_string_equal(sso_url_form_encode(unit_pool, "a b&c=d+e%:\xff"), "a+b%26c%3Dd%2Be%25%3A%FF");
    assert_string_equal(sso_url_form_encode(unit_pool, "a-._~*"), "a-._~*");
}

static void query_pairs_are_added_where_the_query_is(void **state)
{
    static const char *const pairs[] = {"a", "1 2", "skipped", NULL, "b&", "=", NULL};
    static const char *const none[] = {"x", NULL, NULL};
    static const struct {
        const char *url;
        const char *want;
    } rows[] = {
        {"https://h/p", "https://h/p?a=1%202&b%26=%3D"},
        {"https://h/p?", "https://h/p?a=1%202&b%26=%3D"},
        {"https://h/p?x=1", "https://h/p?x=1&a=1%202&b%26=%3D"},
        {"https://h/p?x=1&", "https://h/p?x=1&a=1%202&b%26=%3D"},
        {"https://h/p#f?g", "https://h/p?a=1%202&b%26=%3D#f?g"},
        {"https://h/p?x#f", "https://h/p?x&a=1%202&b%26=%3D#f"},
        {"", "?a=1%202&b%26=%3D"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(sso_url_add_query(unit_pool, rows[i].url, pairs), rows[i].want);
    assert_string_equal(sso_url_add_query(unit_pool, "https://h/p#f", none), "https://h/p#f");
}

static apr_array_header_t *parse_form(const char *text)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_array_header_t *params = NULL;

    unit_assert_ok(sso_url_parse_form(unit_pool, text, strlen(text), &params, &err));
    return params;
}

static const char *param(const apr_array_header_t *params, const char *name)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *value = "untouched";

    unit_assert_ok(sso_url_param(params, name, &value, &err));
    return value;
}

static void forms_are_decoded(void **state)
{
    apr_array_header_t *params = parse_form("&&a=1+2&b=%C3%A9%2b%26&c&d=&=e&f=x=y&%67=h&");

    (void)state;
    assert_int_equal(params->nelts, 7);
    assert_string_equal(param(params, "a"), "1 2");
    assert_string_equal(param(params, "b"), "\xc3\xa9+&");
    assert_string_equal(param(params, "c"), "");
    assert_string_equal(param(params, "d"), "");
    assert_string_equal(param(params, ""), "e");
    assert_string_equal(param(params, "f"), "x=y");
    assert_string_equal(param(params, "g"), "h");
    assert_null(param(params, "A"));
    assert_null(param(params, "zz"));
    assert_null(param(NULL, "a"));
    assert_int_equal(parse_form("")->nelts, 0);
    assert_int_equal(parse_form("&&&&")->nelts, 0);
}

static void bad_forms_are_refused(void **state)
{
    static const struct {
        const char *text;
        apr_size_t len;
        const char *reason;
    } rows[] = {
        {"a=%", 3, "form-escape"},      {"a=%4", 4, "form-escape"},       {"a=%zz", 5, "form-escape"},
        {"a=%4&b=1", 8, "form-escape"}, {"%g1=1", 5, "form-escape"},      {"a=%%41", 6, "form-escape"},
        {"a=%41", 4, "form-escape"},    {"a=%00", 5, "form-nul"},         {"%00=1", 5, "form-nul"},
        {"a=b\0c", 5, "form-nul"},      {"a=%ff", 5, "form-utf8"},        {"a=\xff", 3, "form-utf8"},
        {"%c0%af=1", 8, "form-utf8"},   {"a=%ed%a0%80", 11, "form-utf8"}, {"a=%c3&b=%a9", 11, "form-utf8"},
    };
    sso_err_t err = SSO_ERR_INIT;
    apr_array_header_t *params = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        unit_assert_err(sso_url_parse_form(unit_pool, rows[i].text, rows[i].len, &params, &err), SSO_E_SYNTAX,
                        rows[i].reason);
    assert_null(params);
}

static void the_number_of_parameters_is_limited(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_array_header_t *params = NULL;
    char text[2 * SSO_URL_PARAMS_MAX + 8];

    (void)state;
    for (int i = 0; i < SSO_URL_PARAMS_MAX + 1; i++)
        memcpy(text + 2 * i, "a&", 2);
    unit_assert_ok(sso_url_parse_form(unit_pool, text, 2 * SSO_URL_PARAMS_MAX, &params, &err));
    assert_int_equal(params->nelts, SSO_URL_PARAMS_MAX);
    unit_assert_err(sso_url_parse_form(unit_pool, text, 2 * SSO_URL_PARAMS_MAX + 1, &params, &err), SSO_E_LIMIT,
                    "form-too-many");
}

static void a_parameter_that_is_there_twice_is_an_error(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_array_header_t *params = parse_form("code=1&state=2&%63ode=1&x=&x=");
    const char *value = "untouched";

    (void)state;
    assert_string_equal(param(params, "state"), "2");
    unit_assert_err(sso_url_param(params, "code", &value, &err), SSO_E_SYNTAX, "param-duplicate");
    unit_assert_err(sso_url_param(params, "x", &value, &err), SSO_E_SYNTAX, "param-duplicate");
    assert_string_equal(value, "untouched");
}

/* ---- return targets ---- */

/* The site is https://www.example.com; app.example.net, port 8443 of api.example.net, every subdomain of trusted.test
 * and [2001:db8::1] may be returned to as well. */
static sso_return_rule_t site_rule(void)
{
    sso_return_rule_t rule = {"https", "www.example.com", 443, NULL, 0};
    apr_array_header_t *hosts = apr_array_make(unit_pool, 8, sizeof(char *));

    APR_ARRAY_PUSH(hosts, const char *) = "app.example.net";
    APR_ARRAY_PUSH(hosts, const char *) = "api.example.net:8443";
    APR_ARRAY_PUSH(hosts, const char *) = ".trusted.test";
    APR_ARRAY_PUSH(hosts, const char *) = "[2001:db8::1]";
    APR_ARRAY_PUSH(hosts, const char *) = "localhost:3000";
    rule.hosts = hosts;
    return rule;
}

static void good_return_targets_are_rebuilt(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"/", "/"},
        {"/app", "/app"},
        {"/app/", "/app/"},
        {"/app?x=1&y=%20#frag", "/app?x=1&y=%20#frag"},
        {"/?", "/?"},
        {"/#", "/#"},
        {"/a//b", "/a//b"},
        {"/a/./b/../c", "/a/c"},
        {"/a/b/..", "/a/"},
        {"/a/b/.", "/a/b/"},
        {"/../../../a", "/a"},
        {"/a/%2e%2E/b", "/b"},
        {"/a/.%2e/%2e/b", "/b"},
        {"/...", "/..."},
        {"/.well-known/x", "/.well-known/x"},
        {"/%2e%2e%2e/x", "/%2e%2e%2e/x"},
        {"/a\\b", "/a/b"},
        {"/a\\..\\b", "/b"},
        {"/a b?c d#e f", "/a%20b?c%20d#e%20f"},
        {"/caf\xc3\xa9?q=\xe2\x82\xac", "/caf%C3%A9?q=%E2%82%AC"},
        {"/a%09%0d%0ab", "/a%09%0d%0ab"},
        {"/a%5cb%2f%2fc", "/a%5cb%2f%2fc"},
        {"/x?return=//evil.example", "/x?return=//evil.example"},
        {"/x?u=https://evil.example/\\evil", "/x?u=https://evil.example/%5Cevil"},
        {"/x#//evil.example", "/x#//evil.example"},
        {"/x?q=100%", "/x?q=100%"},
        {"/x?a[]=1", "/x?a[]=1"},
        {"/a\"<b>`{|}^", "/a%22%3Cb%3E%60%7B%7C%7D%5E"},
        {"/x#a#b", "/x#a%23b"},
        {"/@evil.example", "/@evil.example"},
        {"/https://evil.example/", "/https://evil.example/"},
        {"/javascript:alert(1)", "/javascript:alert(1)"},
        {"https://www.example.com", "/"},
        {"https://www.example.com/", "/"},
        {"HTTPS://WWW.Example.COM:443/a?b#c", "/a?b#c"},
        {"https://www.example.com?x=1", "/?x=1"},
        {"https://www.example.com#x", "/#x"},
        {"https://www.example.com/a/../b", "/b"},
        {"https://app.example.net", "https://app.example.net/"},
        {"https://APP.example.net/x?y#z", "https://app.example.net/x?y#z"},
        {"https://app.example.net//x", "https://app.example.net//x"},
        {"https://app.example.net/%2fx", "https://app.example.net/%2fx"},
        {"https://api.example.net:8443/v1/../v2", "https://api.example.net:8443/v2"},
        {"https://a.trusted.test/", "https://a.trusted.test/"},
        {"https://a.b.TRUSTED.test/x", "https://a.b.trusted.test/x"},
        {"https://[2001:DB8::1]/x", "https://[2001:db8::1]/x"},
        {"https://localhost:3000/x", "https://localhost:3000/x"},
    };
    sso_return_rule_t rule = site_rule();
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = NULL;
        const char *again = NULL;
        unit_assert_ok(sso_url_check_return(unit_pool, rows[i].text, &rule, &got, &err));
        assert_string_equal(got, rows[i].want);
        /* What was accepted is accepted again, and unchanged: no second reading of it differs from the first. */
        unit_assert_ok(sso_url_check_return(unit_pool, got, &rule, &again, &err));
        assert_string_equal(again, got);
    }
}

static void hostile_return_targets_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {
        {NULL, "return-syntax"},
        {"", "return-syntax"},
        /* Another host by two slashes, in every spelling a browser takes for one. */
        {"//evil.example", "return-host"},
        {"//evil.example/%2f..", "return-host"},
        {"///evil.example", "return-host"},
        {"////evil.example", "return-host"},
        {"/////evil.example/", "return-host"},
        {"/\\evil.example", "return-host"},
        {"\\/evil.example", "return-host"},
        {"\\\\evil.example", "return-host"},
        {"\\/\\/evil.example/", "return-host"},
        {"/\\/evil.example", "return-host"},
        {"//www.example.com@evil.example/", "return-host"},
        {"////\\;@evil.example", "return-host"},
        {"//%09/evil.example", "return-host"},
        {"//%5cevil.example", "return-host"},
        {"//https:///evil.example/%2e%2e", "return-host"},
        {"//", "return-host"},
        {"/\\", "return-host"},
        {"//www.example.com/ours-but-not-a-path", "return-host"},
        /* Dot segments that leave two slashes. */
        {"/.//evil.example", "return-host"},
        {"/..//evil.example", "return-host"},
        {"/../\\evil.example", "return-host"},
        {"/a/..//evil.example", "return-host"},
        {"/a/b/../..//evil.example", "return-host"},
        {"/%2e//evil.example", "return-host"},
        {"/%2E%2e//evil.example", "return-host"},
        {"/.%2e//evil.example", "return-host"},
        {"/.\\/evil.example", "return-host"},
        {"\\..\\\\evil.example", "return-host"},
        {"https://www.example.com//evil.example", "return-host"},
        {"https://www.example.com/..//evil.example", "return-host"},
        {"https://www.example.com/.\\/evil.example", "return-host"},
        {"/a/../..//..//evil.example/x", "return-host"},
        /* Encoded once more at the start of the path. */
        {"/%2fevil.example", "return-host"},
        {"/%2f%2fevil.example", "return-host"},
        {"/%2F%5C%2fevil.example/", "return-host"},
        {"/%5cevil.example", "return-host"},
        {"/%5Cevil.example", "return-host"},
        {"/%09/evil.example", "return-host"},
        {"/%0d/evil.example", "return-host"},
        {"/%0a/evil.example", "return-host"},
        {"/%00/evil.example", "return-host"},
        {"/%20/evil.example", "return-host"},
        {"/x/../%2fevil.example", "return-host"},
        {"https://www.example.com/%5cevil.example", "return-host"},
        /* Characters that browsers drop. */
        {"/\t/evil.example", "return-syntax"},
        {"/\n/evil.example", "return-syntax"},
        {"/\r\n/evil.example", "return-syntax"},
        {"\t//evil.example", "return-syntax"},
        {" //evil.example", "return-syntax"},
        {" /app", "return-syntax"},
        {"/app ", "return-syntax"},
        {"\x01/app", "return-syntax"},
        {"/app\x1f", "return-syntax"},
        {"/a\r\nSet-Cookie: x=y", "return-syntax"},
        {"/a\x7f", "return-syntax"},
        {"/a\xc2\x85", "return-syntax"},
        {"/a\xe2\x80\xa8", "return-syntax"},
        {"ht\ntps://evil.example", "return-syntax"},
        {"java\tscript:alert(1)", "return-syntax"},
        /* Bytes that are no UTF-8. */
        {"/a\xff", "return-syntax"},
        {"/\xc0\xaf\xc0\xaf"
         "evil.example",
         "return-syntax"},
        /* Not a path from the root. */
        {"app", "return-syntax"},
        {"./app", "return-syntax"},
        {"../app", "return-syntax"},
        {"?x", "return-syntax"},
        {"#x", "return-syntax"},
        {"evil.example", "return-syntax"},
        {"%2f%2fevil.example", "return-syntax"},
        {"%68ttps://evil.example", "return-syntax"},
        {"<>//evil.example", "return-syntax"},
        {"\xe3\x80\xb1"
         "evil.example",
         "return-syntax"},
        {"://evil.example", "return-syntax"},
        {"\";alert(0);//", "return-syntax"},
        /* Other schemes. */
        {"javascript:alert(1)", "return-scheme"},
        {"JavaScript://www.example.com/%0aalert(1)", "return-scheme"},
        {"data:text/html,x", "return-scheme"},
        {"vbscript:x", "return-scheme"},
        {"ftp://www.example.com/", "return-scheme"},
        {"file:///etc/passwd", "return-scheme"},
        {"blob:https://www.example.com/x", "return-scheme"},
        {"view-source:https://www.example.com/", "return-scheme"},
        {"evil.example:443/x", "return-scheme"},
        {"http://www.example.com/", "return-scheme"},
        {"http://app.example.net/", "return-scheme"},
        {"http://evil.example/", "return-scheme"},
        {"http://localhost:3000/x", "return-scheme"},
        /* Odd numbers of slashes behind the scheme. */
        {"https:evil.example", "return-syntax"},
        {"https:/evil.example", "return-syntax"},
        {"https:///evil.example", "return-syntax"},
        {"https:////evil.example", "return-syntax"},
        {"https:\\\\evil.example", "return-syntax"},
        {"https:/\\evil.example", "return-syntax"},
        {"https://\\evil.example", "return-syntax"},
        {"https:www.example.com", "return-syntax"},
        {"https:/app", "return-syntax"},
        {"https:", "return-syntax"},
        /* Another host, dressed up. */
        {"https://evil.example", "return-host"},
        {"https://", "return-host"},
        {"https://www.example.com@evil.example/", "return-host"},
        {"https://www.example.com:x@evil.example/", "return-host"},
        {"https://user@www.example.com/", "return-host"},
        {"https://:@www.example.com/", "return-host"},
        {"https://www.example.com\\@evil.example/", "return-host"},
        {"https://evil.example\\@www.example.com/", "return-host"},
        {"https://evil.example#@www.example.com/", "return-host"},
        {"https://evil.example?@www.example.com/", "return-host"},
        {"https://www.example.com.evil.example/", "return-host"},
        {"https://evilwww.example.com/", "return-host"},
        {"https://example.com/", "return-host"},
        {"https://www.example.com./", "return-host"},
        {"https://www.example.com:8443/", "return-host"},
        {"https://www.example.com:80/", "return-host"},
        {"https://www.example.com:/", "return-host"},
        {"https://www.example.com:0443/", "return-host"},
        {"https://www.example.com:65979/", "return-host"},
        {"https://www.example.com%2f.evil.example/", "return-host"},
        {"https://www.example.com%00.evil.example/", "return-host"},
        {"https://www%2eexample.com/", "return-host"},
        {"https://www.example.com\xe3\x80\x82"
         "evil.example/",
         "return-host"},
        {"https://evil.example\xef\xbc\x8fwww.example.com/", "return-host"},
        {"https://www.ex\xc3\xa4mple.com/", "return-host"},
        {"https://www.example.com /", "return-host"},
        {"https://www.example.com\"/", "return-host"},
        {"https://0x7f.1/", "return-host"},
        {"https://0xd83ad6ce/", "return-host"},
        {"https://3627734734/", "return-host"},
        {"https://0330.072.0326.0316/", "return-host"},
        {"https://[::ffff:216.58.214.206]/", "return-host"},
        {"https://[2001:db8::1/", "return-host"},
        {"https://[2001:db8::1]evil.example/", "return-host"},
        {"https://2001:db8::1/", "return-host"},
        /* Close to the allowed hosts. */
        {"https://app.example.net:8443/", "return-host"},
        {"https://x.app.example.net/", "return-host"},
        {"https://api.example.net/", "return-host"},
        {"https://trusted.test/", "return-host"},
        {"https://.trusted.test/", "return-host"},
        {"https://eviltrusted.test/", "return-host"},
        {"https://a.trusted.test:8443/", "return-host"},
        {"https://a.trusted.test.evil.example/", "return-host"},
        {"https://localhost/", "return-host"},
        {"https://app.example.net\\.evil.example/", "return-host"},
    };
    sso_return_rule_t rule = site_rule();
    sso_err_t err = SSO_ERR_INIT;
    const char *got = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sso_err_clear(&err);
        if (sso_url_check_return(unit_pool, rows[i].text, &rule, &got, &err) == SSO_OK)
            fail_msg("%s: accepted as %s", rows[i].text, got);
        if (strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("%s: %s", rows[i].text, err.reason);
    }
    assert_null(got);
}

static void without_a_list_only_the_site_itself_is_allowed(void **state)
{
    sso_return_rule_t rule = {"https", "www.example.com", 8443, NULL, 0};
    sso_err_t err = SSO_ERR_INIT;
    const char *got = NULL;

    (void)state;
    unit_assert_ok(sso_url_check_return(unit_pool, "https://www.example.com:8443/x", &rule, &got, &err));
    assert_string_equal(got, "/x");
    unit_assert_err(sso_url_check_return(unit_pool, "https://www.example.com/x", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
    unit_assert_err(sso_url_check_return(unit_pool, "https://app.example.net/", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
}

static void entries_that_name_nothing_match_nothing(void **state)
{
    static const char *const entries[] = {"",
                                          ".",
                                          ":",
                                          ":443",
                                          ".:443",
                                          "com",
                                          "*",
                                          "*.example.net",
                                          "app.example.net:",
                                          "app.example.net:0",
                                          "app.example.net:x",
                                          "https://app.example.net",
                                          ".4"};
    sso_return_rule_t rule = {"https", "www.example.com", 443, NULL, 0};
    apr_array_header_t *hosts = apr_array_make(unit_pool, 16, sizeof(char *));
    sso_err_t err = SSO_ERR_INIT;
    const char *got = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        APR_ARRAY_PUSH(hosts, const char *) = entries[i];
    rule.hosts = hosts;
    unit_assert_err(sso_url_check_return(unit_pool, "https://app.example.net/", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
    unit_assert_err(sso_url_check_return(unit_pool, "https://1.2.3.4/", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
}

static void development_allows_http_on_the_loopback_only(void **state)
{
    sso_return_rule_t rule = site_rule();
    sso_err_t err = SSO_ERR_INIT;
    const char *got = NULL;

    (void)state;
    rule.allow_http = 1;
    unit_assert_ok(sso_url_check_return(unit_pool, "http://localhost:3000/x", &rule, &got, &err));
    assert_string_equal(got, "http://localhost:3000/x");
    unit_assert_err(sso_url_check_return(unit_pool, "http://localhost:3001/x", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
    unit_assert_err(sso_url_check_return(unit_pool, "http://app.example.net/", &rule, &got, &err), SSO_E_UNSUPPORTED,
                    "return-scheme");
    unit_assert_err(sso_url_check_return(unit_pool, "http://www.example.com/", &rule, &got, &err), SSO_E_UNSUPPORTED,
                    "return-scheme");
}

static void a_development_site_over_http_takes_its_own_urls(void **state)
{
    sso_return_rule_t rule = {"http", "localhost", 8080, NULL, 1};
    sso_err_t err = SSO_ERR_INIT;
    const char *got = NULL;

    (void)state;
    unit_assert_ok(sso_url_check_return(unit_pool, "http://localhost:8080/x?y", &rule, &got, &err));
    assert_string_equal(got, "/x?y");
    unit_assert_err(sso_url_check_return(unit_pool, "http://localhost/x", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
    unit_assert_err(sso_url_check_return(unit_pool, "https://localhost:8080/x", &rule, &got, &err), SSO_E_DENIED,
                    "return-host");
}

static void return_targets_have_a_limit_before_and_after_encoding(void **state)
{
    sso_return_rule_t rule = site_rule();
    sso_err_t err = SSO_ERR_INIT;
    const char *got = NULL;
    char *text = padded("/", SSO_URL_MAX);

    (void)state;
    unit_assert_ok(sso_url_check_return(unit_pool, text, &rule, &got, &err));
    assert_string_equal(got, text);
    unit_assert_err(sso_url_check_return(unit_pool, padded("/", SSO_URL_MAX + 1), &rule, &got, &err), SSO_E_LIMIT,
                    "return-too-long");
    text[100] = ' ';
    unit_assert_err(sso_url_check_return(unit_pool, text, &rule, &got, &err), SSO_E_LIMIT, "return-too-long");
    text[100] = '?';
    text[1000] = '"';
    unit_assert_err(sso_url_check_return(unit_pool, text, &rule, &got, &err), SSO_E_LIMIT, "return-too-long");
    /* Dropped segments do not count in the result. */
    text = padded("/aaaaaaaaaaaaaaaaaaaaa/../\"", SSO_URL_MAX);
    unit_assert_ok(sso_url_check_return(unit_pool, text, &rule, &got, &err));
}

/* Every five hostile pieces behind "/": whatever is accepted begins like a path, holds nothing a
 * browser drops or turns, and has no dot segment left. */
static void no_combination_of_hostile_characters_makes_a_host(void **state)
{
    static const char *const parts[] = {"/", "\\", ".", "%2e", "%2f", "%5c", "%09", "a", "?", "@", ":"};
    enum { PARTS = sizeof(parts) / sizeof(parts[0]), LENGTH = 5 };
    sso_return_rule_t rule = site_rule();
    apr_pool_t *pool;
    int accepted = 0;
    int refused = 0;
    int total = 1;

    (void)state;
    for (int i = 0; i < LENGTH; i++)
        total *= PARTS;
    apr_pool_create(&pool, unit_pool);
    for (int n = 0; n < total; n++) {
        char text[64] = "/";
        char *p = text + 1;
        const char *got = NULL;
        sso_err_t err = SSO_ERR_INIT;
        for (int i = 0, rest = n; i < LENGTH; i++, rest /= PARTS) {
            memcpy(p, parts[rest % PARTS], strlen(parts[rest % PARTS]) + 1);
            p += strlen(p);
        }
        memcpy(p, "evil", 5);
        if (n % 1024 == 0)
            apr_pool_clear(pool);
        if (sso_url_check_return(pool, text, &rule, &got, &err) != SSO_OK) {
            refused++;
            continue;
        }
        accepted++;
        assert_int_equal(got[0], '/');
        if (got[1] == '/' || strchr(got, '\\') != NULL || strncmp(got, "/%2f", 4) == 0 ||
            strncmp(got, "/%5c", 4) == 0 || strncmp(got, "/%09", 4) == 0 || strncmp(got, "/./", 3) == 0 ||
            strncmp(got, "/../", 4) == 0)
            fail_msg("%s became %s", text, got);
    }
    assert_true(accepted > total / 10 && refused > total / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(good_urls_come_apart),
        unit_test(bad_urls_are_refused_for_the_right_reason),
        unit_test(url_lengths_have_a_limit),
        unit_test(loopback_is_what_never_leaves_the_machine),
        unit_test(all_but_unreserved_characters_are_encoded),
        unit_test(query_pairs_are_added_where_the_query_is),
        unit_test(forms_are_decoded),
        unit_test(bad_forms_are_refused),
        unit_test(the_number_of_parameters_is_limited),
        unit_test(a_parameter_that_is_there_twice_is_an_error),
        unit_test(good_return_targets_are_rebuilt),
        unit_test(hostile_return_targets_are_refused),
        unit_test(without_a_list_only_the_site_itself_is_allowed),
        unit_test(entries_that_name_nothing_match_nothing),
        unit_test(development_allows_http_on_the_loopback_only),
        unit_test(a_development_site_over_http_takes_its_own_urls),
        unit_test(return_targets_have_a_limit_before_and_after_encoding),
        unit_test(no_combination_of_hostile_characters_makes_a_host),
    };
    return unit_run(tests);
}

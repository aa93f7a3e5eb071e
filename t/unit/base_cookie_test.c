/* SPDX-License-Identifier: Apache-2.0 */
/* Cookie headers as browsers, proxies and attackers write them; Set-Cookie values. */
#include "unit.h"

#include <stdio.h>

#include <apr_strings.h>

#include "base/cookie.h"

/* All pairs as "name=value|name=value"; a joined pair is marked with a '+' in front. */
static const char *read_all(const char *header)
{
    sso_cookie_iter_t it;
    const char *out = "";

    sso_cookie_begin(&it, header);
    while (sso_cookie_next(&it)) {
        assert_ptr_equal(it.pair, it.name);
        assert_int_equal(it.name[it.name_len], '=');
        assert_ptr_equal(it.value, it.name + it.name_len + 1);
        out = apr_pstrcat(unit_pool, out, *out != '\0' ? "|" : "", it.joined ? "+" : "",
                          apr_pstrmemdup(unit_pool, it.name, it.name_len), "=",
                          apr_pstrmemdup(unit_pool, it.value, it.value_len), NULL);
    }
    assert_int_equal(sso_cookie_next(&it), 0);
    return out;
}

static void headers_are_read_pair_by_pair(void **state)
{
    static const struct {
        const char *header;
        const char *want;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"a=1", "a=1"},
        {"a=1; b=2; c=3", "a=1|b=2|c=3"},
        {"a=1;b=2;c=3", "a=1|b=2|c=3"},
        {"  ;; a=1 ;\t; b=2;", "a=1|b=2"},
        {"a=", "a="},
        {"a=; b=2", "a=|b=2"},
        {"a=b=c; d==", "a=b=c|d=="},
        {"noequals; a=1; nor-this", "a=1"},
        {"=v; a=1", "a=1"},
        {"=; ==; a=1", "a=1"},
        {"a", ""},
        {";", ""},
        {"a = 1; b=2", "b=2"},
        {"a= 1; b=2", "a=|b=2"},
        {"a=1 ; b=2", "a=1|b=2"},
        {"a=1\t; b=2", "a=1|b=2"},
        /* Quotes are part of the value, a ';' inside ends it (RFC 6265 5.4 sends it as it came). */
        {"a=\"x; y\"; b=2", "a=\"x|b=2"},
        {"a=\"xy\"; b=2", "a=\"xy\"|b=2"},
        /* Case matters, prefixes are no wildcards: names come out as they are. */
        {"__host-sso=1; __Host-sso=2", "__host-sso=1|__Host-sso=2"},
        /* Duplicates, in the order sent: the caller tries each. */
        {"__Host-sso=bad; __Host-sso=good", "__Host-sso=bad|__Host-sso=good"},
        {"a=0123456789abcdef; b=0123456789abcdefg; c=0123456789abcde", "a=0123456789abcdef|b=0123456789abcdefg|"
                                                                       "c=0123456789abcde"},
        {"a=\xc3\xa9\x01; b=2", "a=\xc3\xa9\x01|b=2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(read_all(rows[i].header), rows[i].want);
}

static void two_cookie_lines_merged_by_a_comma_are_read_and_marked(void **state)
{
    (void)state;
    assert_string_equal(read_all("a=1; b=2, c=3; d=4"), "a=1|b=2|+c=3|d=4");
    assert_string_equal(read_all("a=1,b=2"), "a=1|+b=2");
    assert_string_equal(read_all("a=1 , b=2"), "a=1|+b=2");
    assert_string_equal(read_all("a=1, , b=2"), "a=1|+b=2");
    assert_string_equal(read_all("a=1,; b=2"), "a=1|b=2");
    assert_string_equal(read_all(", b=2"), "+b=2");
}

static void a_foreign_value_cannot_plant_an_unmarked_pair(void **state)
{
    (void)state;
    assert_string_equal(read_all("x=1 __Host-sso=evil; a=1"), "x=1|a=1");
    assert_string_equal(read_all("x=1\t__Host-sso=evil; a=1"), "x=1|a=1");
    assert_string_equal(read_all("x= __Host-sso=evil"), "x=");
    assert_string_equal(read_all("x=1,__Host-sso=evil"), "x=1|+__Host-sso=evil");
    assert_string_equal(read_all("x=1 y, __Host-sso=evil"), "x=1|+__Host-sso=evil");
    assert_string_equal(read_all("x,__Host-sso=evil"), "+__Host-sso=evil");
    assert_string_equal(read_all("x __Host-sso=evil"), "");
    assert_string_equal(read_all("=__Host-sso=evil"), "");
    assert_string_equal(read_all("\"__Host-sso=evil\""), "\"__Host-sso=evil\"");
}

static void a_header_of_100_kb_is_read_to_its_end(void **state)
{
    apr_size_t size = 100 * 1024;
    char *header = apr_palloc(unit_pool, size + 64);
    sso_cookie_iter_t it;
    int n = 0;

    (void)state;
    memset(header, 'v', size);
    memcpy(header, "big=", 4);
    memcpy(header + size, "; last=1", 9);
    sso_cookie_begin(&it, header);
    assert_int_equal(sso_cookie_next(&it), 1);
    assert_int_equal(it.value_len, size - 4);
    assert_int_equal(sso_cookie_next(&it), 1);
    assert_memory_equal(it.name, "last", it.name_len);
    assert_int_equal(sso_cookie_next(&it), 0);

    for (apr_size_t i = 0; i < size; i += 8)
        memcpy(header + i, "ab=cde; ", 8);
    header[size] = '\0';
    sso_cookie_begin(&it, header);
    while (sso_cookie_next(&it))
        n++;
    assert_int_equal(n, size / 8);

    memset(header, ';', size);
    assert_string_equal(read_all(header), "");
    memset(header, 'x', size);
    assert_string_equal(read_all(header), "");
}

static void a_prefix_is_looked_for_in_names_only(void **state)
{
    (void)state;
    assert_int_equal(sso_cookie_has_prefix("a=1; __Host-sso-t=x", "__Host-sso", 10), 1);
    assert_int_equal(sso_cookie_has_prefix("a=1, __Host-sso=x", "__Host-sso", 10), 1);
    assert_int_equal(sso_cookie_has_prefix("a=__Host-sso=1; x__Host-sso=2", "__Host-sso", 10), 0);
    assert_int_equal(sso_cookie_has_prefix("__Host-ss=1", "__Host-sso", 10), 0);
    assert_int_equal(sso_cookie_has_prefix("__HOST-SSO=1", "__Host-sso", 10), 0);
    assert_int_equal(sso_cookie_has_prefix("", "__Host-sso", 10), 0);
    assert_int_equal(sso_cookie_has_prefix(NULL, "__Host-sso", 10), 0);
}

static int is_mine(void *baton, const char *name, apr_size_t name_len)
{
    (*(int *)baton)++;
    return name_len >= 3 && memcmp(name, "sso", 3) == 0;
}

static void our_pairs_are_cut_and_foreign_ones_keep_their_bytes(void **state)
{
    static const struct {
        const char *header;
        const char *want; /* NULL: nothing left */
    } rows[] = {
        {"sso=1", NULL},
        {"sso=1; sso-t=2;", NULL},
        {"a=1; sso=x; b=2", "a=1; b=2"},
        {"sso=x; a=1", "a=1"},
        {"a=1; sso=x", "a=1"},
        {"a=1;sso=x;b=2", "a=1;b=2"},
        {"a=1; sso=x; sso=y; sso-t=z", "a=1"},
        {"a=1,2; sso=x; b=\"q r\"", "a=1,2; b=\"q r\""},
        {"a=1, sso=x, b=2", "a=1, b=2"},
        {"a=1,sso=x", "a=1"},
        {"sso=x y z; a=1", "a=1"},
        {"a=1; sso=x junk", "a=1"},
        {"flag; sso=x; b", "flag; b"},
        {" sso=x ; a=1 ;", " a=1"},
    };
    int calls = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = sso_cookie_cut(unit_pool, rows[i].header, is_mine, &calls);
        if (rows[i].want == NULL)
            assert_null(got);
        else
            assert_string_equal(got, rows[i].want);
    }
    assert_true(calls > 10);
}

static void a_header_without_our_pairs_is_the_same_pointer(void **state)
{
    static const char *const rows[] = {"", "a=1", "a=1; b=sso=1; xsso=2;", " ;a=sso; ", "ss=1", "sso"};
    int calls = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_ptr_equal(sso_cookie_cut(unit_pool, rows[i], is_mine, &calls), rows[i]);
    assert_null(sso_cookie_cut(unit_pool, NULL, is_mine, &calls));
}

static void what_is_cut_is_not_found_again(void **state)
{
    const char *header = "sso=1, sso=2; sso=3 , x=1;sso=4";
    int calls = 0;

    (void)state;
    header = sso_cookie_cut(unit_pool, header, is_mine, &calls);
    assert_int_equal(sso_cookie_has_prefix(header, "sso", 3), 0);
    assert_non_null(strstr(header, "x=1"));
}

static void set_cookie_values_carry_their_attributes(void **state)
{
    sso_cookie_attrs_t attrs = {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX};

    (void)state;
    assert_string_equal(sso_cookie_format(unit_pool, "__Host-sso", "v", &attrs),
                        "__Host-sso=v; Path=/; Secure; HttpOnly; SameSite=Lax");
    attrs.max_age = 900;
    attrs.samesite = SSO_SAMESITE_NONE;
    attrs.partitioned = 1;
    assert_string_equal(sso_cookie_format(unit_pool, "__Host-sso", "v", &attrs),
                        "__Host-sso=v; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=None; Partitioned");
    attrs = (sso_cookie_attrs_t){"example.com", "/sso/", 0, 0, 0, SSO_SAMESITE_STRICT};
    assert_string_equal(sso_cookie_format(unit_pool, "sso-8080", "", &attrs),
                        "sso-8080=; Path=/sso/; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
                        "HttpOnly; SameSite=Strict");
}

static void names_must_keep_what_their_prefix_promises(void **state)
{
    static const struct {
        const char *name;
        sso_cookie_attrs_t attrs;
        const char *reason; /* NULL: accepted */
    } rows[] = {
        {"__Host-sso", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, NULL},
        {"__Host-sso", {NULL, "/", -1, 0, 0, SSO_SAMESITE_LAX}, "cookie-prefix"},
        {"__Host-sso", {NULL, "/app", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-prefix"},
        {"__Host-sso", {"example.com", "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-prefix"},
        {"__hOST-sso", {"example.com", "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-prefix"},
        {"__Secure-sso", {"example.com", "/app", -1, 1, 0, SSO_SAMESITE_LAX}, NULL},
        {"__Secure-sso", {NULL, "/", -1, 0, 0, SSO_SAMESITE_LAX}, "cookie-prefix"},
        {"__SECURE-sso", {NULL, "/", -1, 0, 0, SSO_SAMESITE_LAX}, "cookie-prefix"},
        {"sso-8080", {NULL, "/", -1, 0, 0, SSO_SAMESITE_LAX}, NULL},
        {"", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-name"},
        {"a b", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-name"},
        {"a;b", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-name"},
        {"a=b", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-name"},
        {"a,b", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-name"},
        {"a\r\nb", {NULL, "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-name"},
        {"a", {NULL, NULL, -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
        {"a", {NULL, "app", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
        {"a", {NULL, "/;x", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
        {"a", {NULL, "/\r\n", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
        {"a", {"", "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
        {"a", {"x; y", "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
        {"a", {"\xc3\xa9.example", "/", -1, 1, 0, SSO_SAMESITE_LAX}, "cookie-attribute"},
    };
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].reason == NULL)
            unit_assert_ok(sso_cookie_check(rows[i].name, &rows[i].attrs, &err));
        else
            unit_assert_err(sso_cookie_check(rows[i].name, &rows[i].attrs, &err), SSO_E_CONFIG, rows[i].reason);
    }
}

static void our_own_cookies_are_read_without_joined_pairs(void **state)
{
    static const char *const headers[] = {"a=1,b=2; c=3", "a=1; c=3", ",b=2; a=1,b=3,b=4; c=3", "a=1;;c=3,",
                                          "x,b=2;a=1;c=3"};
    sso_cookie_iter_t it;

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        sso_cookie_begin(&it, headers[i]);
        assert_int_equal(sso_cookie_next_own(&it), 1);
        assert_true(sso_cookie_is(&it, "a"));
        assert_int_equal(it.joined, 0);
        assert_int_equal(sso_cookie_next_own(&it), 1);
        assert_true(sso_cookie_is(&it, "c"));
        assert_int_equal(sso_cookie_next_own(&it), 0);
        assert_int_equal(sso_cookie_next_own(&it), 0);
    }
    sso_cookie_begin(&it, NULL);
    assert_int_equal(sso_cookie_next_own(&it), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(headers_are_read_pair_by_pair),
        unit_test(two_cookie_lines_merged_by_a_comma_are_read_and_marked),
        unit_test(a_foreign_value_cannot_plant_an_unmarked_pair),
        unit_test(our_own_cookies_are_read_without_joined_pairs),
        unit_test(a_header_of_100_kb_is_read_to_its_end),
        unit_test(a_prefix_is_looked_for_in_names_only),
        unit_test(our_pairs_are_cut_and_foreign_ones_keep_their_bytes),
        unit_test(a_header_without_our_pairs_is_the_same_pointer),
        unit_test(what_is_cut_is_not_found_again),
        unit_test(set_cookie_values_carry_their_attributes),
        unit_test(names_must_keep_what_their_prefix_promises),
    };
    return unit_run(tests);
}

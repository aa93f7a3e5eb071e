/* SPDX-License-Identifier: Apache-2.0 */
/* Text rules: strict numbers, lists, UTF-8, escaping, names. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

static void integers_within_the_range_are_read(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t want;
    } rows[] = {
        {"0", 0},
        {"7", 7},
        {"-1", -1},
        {"65535", 65535},
        {"9223372036854775807", APR_INT64_MAX},
        {"10", 10},
        {"-90", -90},
        {"-9223372036854775807", -APR_INT64_MAX},
    };
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_int64_t value = 99;
        unit_assert_ok(sso_text_int(rows[i].text, APR_INT64_MIN, APR_INT64_MAX, &value, &err));
        assert_true(value == rows[i].want);
    }
}

static void anything_but_a_plain_integer_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "01",
        "-01",
        "00",
        "-0",
        "0x10",
        "1e3",
        "1.0",
        "1s",
        "--1",
        "1-",
        "\xd9\xa1",
        "1\n",
        "1,000",
        "18446744073709551616",
        NULL,
    };
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t value = 99;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        unit_assert_err(sso_text_int(rows[i], 0, 1000, &value, &err), SSO_E_SYNTAX, "number-syntax");
    assert_int_equal(value, 99);
}

static void integers_outside_the_range_are_refused(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t value = 99;

    (void)state;
    unit_assert_ok(sso_text_int("5", 5, 5, &value, &err));
    unit_assert_err(sso_text_int("4", 5, 6, &value, &err), SSO_E_LIMIT, "number-range");
    unit_assert_err(sso_text_int("7", 5, 6, &value, &err), SSO_E_LIMIT, "number-range");
    unit_assert_err(sso_text_int("-1", 0, 6, &value, &err), SSO_E_LIMIT, "number-range");
    unit_assert_err(sso_text_int("9223372036854775808", 0, APR_INT64_MAX, &value, &err), SSO_E_LIMIT, "number-range");
    unit_assert_err(sso_text_int("18446744073709551615", 0, 6, &value, &err), SSO_E_LIMIT, "number-range");
    assert_int_equal(value, 5);
}

static void durations_take_one_unit(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t want;
    } rows[] = {{"90", 90}, {"90s", 90}, {"15m", 900}, {"8h", 28800}, {"7d", 604800}, {"0", 0}, {"0d", 0}};
    static const char *const bad[] = {"",      "s",   "1w",  "1S",   "1 h", "h1", "1hh",
                                      "1h30m", "-1s", "01m", "1.5h", "1ms", NULL};
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t value = 99;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_assert_ok(sso_text_duration(rows[i].text, 0, 604800, &value, &err));
        assert_true(value == rows[i].want);
    }
    value = 99;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        unit_assert_err(sso_text_duration(bad[i], 0, 604800, &value, &err), SSO_E_SYNTAX, "duration-syntax");
    unit_assert_err(sso_text_duration("604801", 0, 604800, &value, &err), SSO_E_LIMIT, "duration-range");
    unit_assert_err(sso_text_duration("8d", 0, 604800, &value, &err), SSO_E_LIMIT, "duration-range");
    unit_assert_err(sso_text_duration("59s", 60, 604800, &value, &err), SSO_E_LIMIT, "duration-range");
    unit_assert_err(sso_text_duration("9223372036854775807d", 0, APR_INT64_MAX, &value, &err), SSO_E_LIMIT,
                    "duration-range");
    unit_assert_err(sso_text_duration("213503982334602d", 0, APR_INT64_MAX, &value, &err), SSO_E_LIMIT,
                    "duration-range");
    assert_int_equal(value, 99);
}

static void lists_split_and_drop_empty_items(void **state)
{
    apr_array_header_t *list = sso_text_split(unit_pool, "  openid\tprofile   a,b ", 0);

    (void)state;
    assert_int_equal(list->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(list, 0, char *), "openid");
    assert_string_equal(APR_ARRAY_IDX(list, 2, char *), "a,b");
    assert_int_equal(sso_text_in(list, "profile"), 1);
    assert_int_equal(sso_text_in(list, "Profile"), 0);
    assert_int_equal(sso_text_in(list, "prof"), 0);
    assert_int_equal(sso_text_in(list, ""), 0);
    assert_int_equal(sso_text_in(list, NULL), 0);
    assert_int_equal(sso_text_in(NULL, "x"), 0);
    list = sso_text_split(unit_pool, ",a, b,,c,", 1);
    assert_int_equal(list->nelts, 3);
    assert_string_equal(APR_ARRAY_IDX(list, 1, char *), "b");
    assert_int_equal(sso_text_split(unit_pool, "", 1)->nelts, 0);
    assert_int_equal(sso_text_split(unit_pool, " , ", 1)->nelts, 0);
    assert_int_equal(sso_text_split(unit_pool, NULL, 1)->nelts, 0);
}

static void constant_time_comparison_compares_everything(void **state)
{
    unsigned char a[33];
    unsigned char b[33];

    (void)state;
    memset(a, 0x41, sizeof(a));
    memset(b, 0x41, sizeof(b));
    assert_int_equal(sso_text_equal_ct(a, 32, b, 32), 1);
    assert_int_equal(sso_text_equal_ct(a, 32, b, 33), 0);
    assert_int_equal(sso_text_equal_ct(a, 0, b, 0), 1);
    for (int i = 0; i < 32; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b[i] = (unsigned char)(b[i] ^ 1 << bit);
            assert_int_equal(sso_text_equal_ct(a, 32, b, 32), 0);
            b[i] = (unsigned char)(b[i] ^ 1 << bit);
        }
    }
    assert_int_equal(sso_text_equal_ct("a\0b", 3, "a\0c", 3), 0);
}

#define FFFD "\xef\xbf\xbd"

static void pages_get_entities_and_no_controls(void **state)
{
    (void)state;
    assert_string_equal(sso_text_html(unit_pool, "<a href=\"x\">'&amp;"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;");
    assert_string_equal(sso_text_html(unit_pool, "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80"),
                        "J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_string_equal(sso_text_html(unit_pool, "a\x01\n\x7f\xc2\x85z"), "a" FFFD FFFD FFFD FFFD "z");
    /* A lead byte must not swallow the '<' behind it. */
    assert_string_equal(sso_text_html(unit_pool, "\xc3<\xff\xe2\x82"), FFFD "&lt;" FFFD FFFD FFFD);
    assert_string_equal(sso_text_html(unit_pool, ""), "");
    assert_string_equal(sso_text_html(unit_pool, NULL), "");
}

static void log_text_is_one_line_of_bounded_length(void **state)
{
    (void)state;
    assert_string_equal(sso_text_log(unit_pool, "plain text", 100), "plain text");
    assert_string_equal(sso_text_log(unit_pool, "a\r\nb\"c\\d'e\x7f\xc3\xa9", 100),
                        "a\\x0d\\x0ab\\x22c\\x5cd\\x27e\\x7f\\xc3\\xa9");
    assert_string_equal(sso_text_log(unit_pool, "0123456789", 10), "0123456789");
    assert_string_equal(sso_text_log(unit_pool, "0123456789a", 10), "0123456789...");
    /* An escape is written whole or not at all. */
    assert_string_equal(sso_text_log(unit_pool, "ab\n", 6), "ab\\x0a");
    assert_string_equal(sso_text_log(unit_pool, "ab\n", 5), "ab...");
    assert_string_equal(sso_text_log(unit_pool, "a", 0), "...");
    assert_string_equal(sso_text_log(unit_pool, NULL, 10), "");
}

static void json_text_is_safe_inside_a_script(void **state)
{
    (void)state;
    assert_string_equal(sso_text_json(unit_pool, "a\"b\\c\b\f\n\r\t\x01"), "a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001");
    assert_string_equal(sso_text_json(unit_pool, "</script>&"), "\\u003c/script\\u003e\\u0026");
    assert_string_equal(sso_text_json(unit_pool, "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\x7f"),
                        "\\u2028\\u2029\\u0085\\u007f");
    assert_string_equal(sso_text_json(unit_pool, "J\xc3\xb6rg\xff"), "J\xc3\xb6rg\\ufffd");
    assert_string_equal(sso_text_json(unit_pool, NULL), "");
}

static void well_formed_utf8_is_told_from_the_rest(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xff",
        "\xfe",
        "a\xc3(",
        "\xf8\x88\x80\x80\x80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(sso_text_is_utf8(good[i], strlen(good[i])), 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(sso_text_is_utf8(bad[i], strlen(bad[i])), 0);
    /* The length counts, not the NUL: a sequence cut by the length is malformed. */
    assert_int_equal(sso_text_is_utf8("\xe2\x82\xac", 2), 0);
    assert_int_equal(sso_text_is_utf8("a\0b", 3), 1);
}

static void controls_are_found_in_every_coding(void **state)
{
    static const char *const bad[] = {"\r",        "a\nb",     "\t",       "\x1f",         "\x7f",
                                      "x\xc2\x80", "\xc2\x85", "\xc2\x9f", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    static const char *const good[] = {"", "a b~", "\xc2\xa0", "\xe2\x80\xa7", "\xe2\x80\xaa", "J\xc3\xb6rg"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(sso_text_has_control(bad[i], strlen(bad[i])), 1);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(sso_text_has_control(good[i], strlen(good[i])), 0);
    assert_int_equal(sso_text_has_control("\\ is plain enough for \"a header\"", 32), 0);
    assert_int_equal(sso_text_has_control("quotes \" do not end it \\ \n", 26), 1);
    assert_int_equal(sso_text_has_control("a\0b", 3), 1);
    /* A broken lead byte does not hide the line feed behind it. */
    assert_int_equal(sso_text_has_control("\xe2\n", 2), 1);
}

/* Every byte at every place of texts of every length, in blocks of exactly their size. */
static void plain_text_ends_where_the_first_other_byte_stands(void **state)
{
    (void)state;
    for (apr_size_t len = 0; len <= 26; len++) {
        char *text = malloc(len + !len);
        assert_non_null(text);
        for (apr_size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                int plain = c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
                memset(text, at % 2 ? '~' : '!', len);
                text[at] = (char)c;
                assert_int_equal(sso_text_plain_len(text, len, 0x20), plain ? len : at);
                assert_int_equal(sso_text_plain_len(text, len, 0x21), plain && c != ' ' ? len : at);
                if (at + 1 < len) /* a borrow from the byte before must not hide or invent one */
                    text[at + 1] = '\x1f';
                assert_int_equal(sso_text_plain_len(text, len, 0x20), !plain ? at : at + 1 < len ? at + 1 : len);
            }
        }
        assert_int_equal(sso_text_plain_len(text, 0, 0x20), 0);
        free(text);
    }
}

static void tokens_are_tchar_only(void **state)
{
    (void)state;
    assert_int_equal(sso_text_is_token("X-SSO_sub.1!#$%&'*+^`|~"), 1);
    assert_int_equal(sso_text_is_token(""), 0);
    assert_int_equal(sso_text_is_token(NULL), 0);
    for (int c = 1; c < 256; c++) {
        const char text[3] = {'a', (char)c, '\0'};
        int want = c > 0x20 && c < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
        assert_int_equal(sso_text_is_token(text), want);
    }
}

static void names_that_reach_the_same_variable_are_the_same(void **state)
{
    (void)state;
    assert_string_equal(sso_text_name_key(unit_pool, "X_SSO.Sub9", 10), "x-sso-sub9");
    assert_string_equal(sso_text_name_key(unit_pool, "a\xc3\xa9", 3), "a--");
    assert_string_equal(sso_text_name_key(unit_pool, "", 0), "");
    assert_int_equal(sso_text_same_name("X_SSO_Sub", 9, "x-sso-sub", 9), 1);
    assert_int_equal(sso_text_same_name("X SSO\tSub", 9, "x.sso:sub", 9), 1);
    assert_int_equal(sso_text_same_name("X-SSO-Su", 8, "x-sso-sub", 9), 0);
    assert_int_equal(sso_text_same_name("X-SSO-Suc", 9, "x-sso-sub", 9), 0);
    assert_int_equal(sso_text_same_name("X1", 2, "x2", 2), 0);
    assert_int_equal(sso_text_same_name("", 0, "", 0), 1);
    /* '@' and '[' are next to the letters, '`' and '{' too. */
    assert_int_equal(sso_text_same_name("@[`{/:", 6, "------", 6), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(integers_within_the_range_are_read),
        unit_test(anything_but_a_plain_integer_is_refused),
        unit_test(integers_outside_the_range_are_refused),
        unit_test(durations_take_one_unit),
        unit_test(lists_split_and_drop_empty_items),
        unit_test(constant_time_comparison_compares_everything),
        unit_test(pages_get_entities_and_no_controls),
        unit_test(log_text_is_one_line_of_bounded_length),
        unit_test(json_text_is_safe_inside_a_script),
        unit_test(well_formed_utf8_is_told_from_the_rest),
        unit_test(controls_are_found_in_every_coding),
        unit_test(plain_text_ends_where_the_first_other_byte_stands),
        unit_test(tokens_are_tchar_only),
        unit_test(names_that_reach_the_same_variable_are_the_same),
    };
    return unit_run(tests);
}

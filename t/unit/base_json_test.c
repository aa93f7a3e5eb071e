/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON: what is refused and why, and getters that tell absent, wrong type and value apart. */
#include "unit.h"

#include <apr_strings.h>

#include "base/json.h"

#define MAX 100000

static const sso_json_t *parse(const char *text)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;

    unit_assert_ok(sso_json_parse(unit_pool, text, strlen(text), MAX, &doc, &err));
    return doc;
}

static void bad_documents_are_refused_for_the_right_reason(void **state)
{
    static const struct {
        const char *text;
        sso_rc_t rc;
        const char *reason;
    } rows[] = {
        {"", SSO_E_SYNTAX, "json-syntax"},
        {" ", SSO_E_SYNTAX, "json-syntax"},
        {"{", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1}}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1} x", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1}{\"a\":1}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1,}", SSO_E_SYNTAX, "json-syntax"},
        {"[1,]", SSO_E_SYNTAX, "json-syntax"},
        {"[1 2]", SSO_E_SYNTAX, "json-syntax"},
        {"{a:1}", SSO_E_SYNTAX, "json-syntax"},
        {"{'a':1}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1}// comment", SSO_E_SYNTAX, "json-syntax"},
        {"/* c */{\"a\":1}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":01}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":+1}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":.5}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1.}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":0x1}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":NaN}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":Infinity}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":True}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"\\x41\"}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"\\ud800\"}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"\\udc00\\ud800\"}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"\\u12\"}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"line\nbreak\"}", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"open", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":\"open\\", SSO_E_SYNTAX, "json-syntax"},
        {"<html><body>502</body></html>", SSO_E_SYNTAX, "json-syntax"},
        {"{\"a\":1,\"a\":2}", SSO_E_SYNTAX, "json-duplicate"},
        {"{\"a\":1,\"\\u0061\":1}", SSO_E_SYNTAX, "json-duplicate"},
        {"{\"x\":{\"y\":[{\"exp\":1,\"exp\":2}]}}", SSO_E_SYNTAX, "json-duplicate"},
        {"{\"\":1,\"\":2}", SSO_E_SYNTAX, "json-duplicate"},
        {"{\"a\":\"x\\u0000y\"}", SSO_E_SYNTAX, "json-nul"},
        {"{\"a\\u0000b\":1}", SSO_E_SYNTAX, "json-nul"},
        {"{\"a\":\"\xff\"}", SSO_E_SYNTAX, "json-utf8"},
        {"{\"a\":\"\xc0\xaf\"}", SSO_E_SYNTAX, "json-utf8"},
        {"{\"a\":\"\xed\xa0\x80\"}", SSO_E_SYNTAX, "json-utf8"},
        {"{\"\xc3\":1}", SSO_E_SYNTAX, "json-utf8"},
        {"\xef\xbb\xbf{\"a\":1}", SSO_E_SYNTAX, "json-utf8"},
        {"\xff\xfe{", SSO_E_SYNTAX, "json-utf8"},
        {"\xfe\xff", SSO_E_SYNTAX, "json-utf8"},
        {"{\"a\":1e400}", SSO_E_LIMIT, "json-number"},
        {"{\"a\":-1e400}", SSO_E_LIMIT, "json-number"},
        {"{\"a\":9223372036854775808}", SSO_E_LIMIT, "json-number"},
        {"{\"a\":-9223372036854775809}", SSO_E_LIMIT, "json-number"},
        {"{\"a\":123456789012345678901234567890}", SSO_E_LIMIT, "json-number"},
    };
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sso_err_clear(&err);
        if (sso_json_parse(unit_pool, rows[i].text, strlen(rows[i].text), MAX, &doc, &err) != rows[i].rc ||
            strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("%s: %s %s", rows[i].text, sso_rc_name(err.rc), err.reason);
    }
    assert_null(doc);
}

static void utf16_and_raw_nuls_are_refused(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;

    (void)state;
    unit_assert_err(sso_json_parse(unit_pool, "{\0}\0", 4, MAX, &doc, &err), SSO_E_SYNTAX, "json-utf8");
    unit_assert_err(sso_json_parse(unit_pool, "\0{\0}", 4, MAX, &doc, &err), SSO_E_SYNTAX, "json-utf8");
    unit_assert_err(sso_json_parse(unit_pool, "{}\0", 3, MAX, &doc, &err), SSO_E_SYNTAX, "json-syntax");
    unit_assert_err(sso_json_parse(unit_pool, "{\"a\":\"b\0\"}", 10, MAX, &doc, &err), SSO_E_SYNTAX, "json-syntax");
    unit_assert_err(sso_json_parse(unit_pool, NULL, 0, MAX, &doc, &err), SSO_E_SYNTAX, "json-syntax");
}

static void size_is_limited_by_the_caller(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;

    (void)state;
    unit_assert_ok(sso_json_parse(unit_pool, "[12345]", 7, 7, &doc, &err));
    unit_assert_err(sso_json_parse(unit_pool, "[12345]", 7, 6, &doc, &err), SSO_E_LIMIT, "json-too-large");
}

/* `depth` times "[" and, when `close`, as many "]". */
static char *nest(apr_size_t depth, const char *open, const char *close)
{
    apr_size_t one = strlen(open);
    char *text = apr_palloc(unit_pool, depth * (one + 1) + 1);
    char *p = text;

    for (apr_size_t i = 0; i < depth; i++, p += one)
        memcpy(p, open, one);
    for (apr_size_t i = 0; i < depth && close != NULL; i++)
        *p++ = *close;
    *p = '\0';
    return text;
}

static void depth_is_limited_before_anything_recurses(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;
    char *text = nest(SSO_JSON_DEPTH_MAX, "[", "]");

    (void)state;
    unit_assert_ok(sso_json_parse(unit_pool, text, strlen(text), MAX, &doc, &err));
    text = nest(SSO_JSON_DEPTH_MAX + 1, "[", "]");
    unit_assert_err(sso_json_parse(unit_pool, text, strlen(text), MAX, &doc, &err), SSO_E_LIMIT, "json-depth");
    text = nest(100000, "[", NULL);
    unit_assert_err(sso_json_parse(unit_pool, text, strlen(text), 1000000, &doc, &err), SSO_E_LIMIT, "json-depth");
    text = nest(50000, "{\"a\":", NULL);
    unit_assert_err(sso_json_parse(unit_pool, text, strlen(text), 1000000, &doc, &err), SSO_E_LIMIT, "json-depth");
}

static void brackets_and_commas_inside_strings_do_not_count(void **state)
{
    const sso_json_t *doc =
        parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\\\\\"}");
    const char *value = NULL;

    (void)state;
    assert_int_equal(sso_json_string(doc, "a", &value), SSO_JSON_FOUND);
    assert_int_equal(value[strlen(value) - 1], '\\');
    /* Siblings do not add up. */
    doc = parse(
        "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]");
    assert_int_equal(sso_json_size(doc), 34);
}

static void a_string_does_not_hide_depth_behind_an_escaped_quote(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;
    char *text = nest(40, "[", NULL);
    char all[64] = "[\"\\\\\",";

    (void)state;
    memcpy(all + strlen(all), text, 41);
    unit_assert_err(sso_json_parse(unit_pool, all, strlen(all), MAX, &doc, &err), SSO_E_LIMIT, "json-depth");
}

static void the_number_of_values_is_limited(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;
    char *text = apr_palloc(unit_pool, 2 * SSO_JSON_VALUES_MAX + 8);

    (void)state;
    /* n numbers and their array */
    for (int n = SSO_JSON_VALUES_MAX - 1; n <= SSO_JSON_VALUES_MAX; n++) {
        char *p = text;
        *p++ = '[';
        for (int i = 0; i < n; i++, p += 2)
            memcpy(p, "1,", 2);
        p[-1] = ']';
        if (n < SSO_JSON_VALUES_MAX)
            unit_assert_ok(sso_json_parse(unit_pool, text, (apr_size_t)(p - text), 1000000, &doc, &err));
        else
            unit_assert_err(sso_json_parse(unit_pool, text, (apr_size_t)(p - text), 1000000, &doc, &err), SSO_E_LIMIT,
                            "json-too-large");
    }
}

static void empty_lists_count_as_values_too(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;
    char *text = apr_palloc(unit_pool, 3 * SSO_JSON_VALUES_MAX + 8);

    (void)state;
    /* n empty lists and theirs: two brackets and n - 1 commas */
    for (int n = SSO_JSON_VALUES_MAX / 2 - 1; n <= SSO_JSON_VALUES_MAX / 2; n++) {
        char *p = text;
        *p++ = '[';
        for (int i = 0; i < n; i++, p += 3)
            memcpy(p, "[],", 3);
        p[-1] = ']';
        if (n < SSO_JSON_VALUES_MAX / 2)
            unit_assert_ok(sso_json_parse(unit_pool, text, (apr_size_t)(p - text), 1000000, &doc, &err));
        else
            unit_assert_err(sso_json_parse(unit_pool, text, (apr_size_t)(p - text), 1000000, &doc, &err), SSO_E_LIMIT,
                            "json-too-large");
    }
}

static void an_error_tells_the_place_but_not_the_text(void **state)
{
    static const char *const rows[] = {
        "{\"access_token\":\"SECRET\",\n \"x\": SECRET}",
        "{\"SECRET\":1,\"SECRET\":2}",
        "{\"a\":\"SECRET\" \"SECRET\"}",
        "SECRET",
        "{\"a\":\"SECRET\xff\"}",
    };
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sso_err_clear(&err);
        assert_int_not_equal(sso_json_parse(unit_pool, rows[i], strlen(rows[i]), MAX, &doc, &err), SSO_OK);
        assert_non_null(strstr(err.detail, i == 0 ? "line 2" : "line 1"));
        assert_null(strstr(err.detail, "SECRET"));
    }
}

static void a_document_may_be_any_value_an_object_document_may_not(void **state)
{
    static const char *const rows[] = {"[]", "[{\"issuer\":\"x\"}]", "null", "\"x\"", "3", "true"};
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_assert_ok(sso_json_parse(unit_pool, rows[i], strlen(rows[i]), MAX, &doc, &err));
        doc = NULL;
        unit_assert_err(sso_json_parse_object(unit_pool, rows[i], strlen(rows[i]), MAX, &doc, &err), SSO_E_SYNTAX,
                        "json-not-object");
        assert_null(doc);
    }
    unit_assert_ok(sso_json_parse_object(unit_pool, " {} \n", 5, MAX, &doc, &err));
    assert_int_equal(sso_json_type(doc), SSO_JSON_OBJECT);
    unit_assert_err(sso_json_parse_object(unit_pool, "{}x", 3, MAX, &doc, &err), SSO_E_SYNTAX, "json-syntax");
}

static const char *const all_types =
    "{\"n\":null,\"t\":true,\"f\":false,\"i\":-7,\"r\":2.5,\"s\":\"x\",\"a\":[1,\"b\"],"
    "\"o\":{\"k\":\"v\"},\"e\":\"\"}";

static void types_are_told_apart(void **state)
{
    const sso_json_t *doc = parse(all_types);

    (void)state;
    assert_int_equal(sso_json_type(sso_json_member(doc, "n")), SSO_JSON_NULL);
    assert_int_equal(sso_json_type(sso_json_member(doc, "t")), SSO_JSON_BOOL);
    assert_int_equal(sso_json_type(sso_json_member(doc, "f")), SSO_JSON_BOOL);
    assert_int_equal(sso_json_type(sso_json_member(doc, "i")), SSO_JSON_INT);
    assert_int_equal(sso_json_type(sso_json_member(doc, "r")), SSO_JSON_REAL);
    assert_int_equal(sso_json_type(sso_json_member(doc, "s")), SSO_JSON_STRING);
    assert_int_equal(sso_json_type(sso_json_member(doc, "a")), SSO_JSON_ARRAY);
    assert_int_equal(sso_json_type(sso_json_member(doc, "o")), SSO_JSON_OBJECT);
    assert_null(sso_json_member(doc, "zz"));
    assert_null(sso_json_member(sso_json_member(doc, "s"), "k"));
    assert_null(sso_json_member(NULL, "k"));
    assert_int_equal(sso_json_type(NULL), SSO_JSON_NULL);
}

static void a_getter_takes_its_own_type_only(void **state)
{
    static const char *const names[] = {"n", "t", "f", "i", "r", "s", "a", "o", "e"};
    const sso_json_t *doc = parse(all_types);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *n = names[i];
        const char *str = NULL;
        const sso_json_t *node = NULL;
        apr_array_header_t *list = NULL;
        apr_int64_t number = 99;
        int flag = 99;
        int is_int = strcmp(n, "i") == 0;
        assert_int_equal(sso_json_string(doc, n, &str) == SSO_JSON_FOUND, strcmp(n, "s") == 0 || strcmp(n, "e") == 0);
        assert_int_equal(sso_json_bool(doc, n, &flag) == SSO_JSON_FOUND, strcmp(n, "t") == 0 || strcmp(n, "f") == 0);
        assert_int_equal(sso_json_int(doc, n, &number) == SSO_JSON_FOUND, is_int);
        assert_int_equal(number, is_int ? -7 : 99);
        assert_int_equal(sso_json_date(doc, n, &number) == SSO_JSON_FOUND, strcmp(n, "r") == 0);
        assert_int_equal(sso_json_array(doc, n, &node) == SSO_JSON_FOUND, strcmp(n, "a") == 0);
        assert_int_equal(sso_json_object(doc, n, &node) == SSO_JSON_FOUND, strcmp(n, "o") == 0);
        assert_int_equal(sso_json_strings(unit_pool, doc, n, &list), SSO_JSON_WRONG_TYPE);
        assert_null(list);
    }
}

static void absent_is_not_wrong_and_touches_nothing(void **state)
{
    const sso_json_t *doc = parse(all_types);
    const char *str = "before";
    const sso_json_t *node = doc;
    apr_array_header_t *list = NULL;
    apr_int64_t number = 99;
    int flag = 99;

    (void)state;
    assert_int_equal(sso_json_string(doc, "zz", &str), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_bool(doc, "zz", &flag), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_int(doc, "zz", &number), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_date(doc, "zz", &number), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_array(doc, "zz", &node), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_object(doc, "zz", &node), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_strings(unit_pool, doc, "zz", &list), SSO_JSON_ABSENT);
    assert_int_equal(sso_json_string(doc, "i", &str), SSO_JSON_WRONG_TYPE);
    assert_int_equal(sso_json_string(doc, "n", &str), SSO_JSON_WRONG_TYPE);
    assert_string_equal(str, "before");
    assert_ptr_equal(node, doc);
    assert_null(list);
    assert_int_equal(number, 99);
    assert_int_equal(flag, 99);
}

static void integers_may_be_written_as_whole_reals(void **state)
{
    static const struct {
        const char *text;
        int found;
        apr_int64_t want;
    } rows[] = {
        {"{\"v\":5.0}", 1, 5},
        {"{\"v\":-5e2}", 1, -500},
        {"{\"v\":0}", 1, 0},
        {"{\"v\":-0.0}", 1, 0},
        {"{\"v\":9223372036854775807}", 1, APR_INT64_MAX},
        {"{\"v\":9007199254740992.0}", 1, APR_INT64_C(9007199254740992)},
        {"{\"v\":5.5}", 0, 0},
        {"{\"v\":1e19}", 0, 0},
        {"{\"v\":1e308}", 0, 0},
        {"{\"v\":-1e308}", 0, 0},
        {"{\"v\":\"5\"}", 0, 0},
        {"{\"v\":true}", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_int64_t value = 99;
        sso_json_found_t found = sso_json_int(parse(rows[i].text), "v", &value);
        assert_int_equal(found, rows[i].found ? SSO_JSON_FOUND : SSO_JSON_WRONG_TYPE);
        assert_true(value == (rows[i].found ? rows[i].want : 99));
    }
}

static void dates_are_seconds_with_fractions_in_range(void **state)
{
    static const struct {
        const char *text;
        int found;
        apr_int64_t want;
    } rows[] = {
        {"{\"v\":0}", 1, 0},
        {"{\"v\":1767225600}", 1, APR_INT64_C(1767225600000000)},
        {"{\"v\":1767225600.5}", 1, APR_INT64_C(1767225600500000)},
        {"{\"v\":1.7672256e9}", 1, APR_INT64_C(1767225600000000)},
        {"{\"v\":253402300799}", 1, APR_INT64_C(253402300799000000)},
        {"{\"v\":253402300800}", 0, 0},
        {"{\"v\":253402300800.0}", 0, 0},
        {"{\"v\":-1}", 0, 0},
        {"{\"v\":-0.5}", 0, 0},
        {"{\"v\":1e308}", 0, 0},
        {"{\"v\":9223372036854775807}", 0, 0},
        {"{\"v\":\"1767225600\"}", 0, 0},
        {"{\"v\":null}", 0, 0},
        {"{\"v\":true}", 0, 0},
        {"{\"v\":[1767225600]}", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_int64_t value = 99;
        sso_json_found_t found = sso_json_date(parse(rows[i].text), "v", &value);
        assert_int_equal(found, rows[i].found ? SSO_JSON_FOUND : SSO_JSON_WRONG_TYPE);
        assert_true(value == (rows[i].found ? rows[i].want : 99));
    }
}

static void lists_of_strings_hold_strings_only(void **state)
{
    const sso_json_t *doc =
        parse("{\"good\":[\"a\",\"b c\"],\"none\":[],\"mixed\":[\"a\",1],\"null\":[null],\"s\":\"a\"}");
    apr_array_header_t *list = NULL;

    (void)state;
    assert_int_equal(sso_json_strings(unit_pool, doc, "good", &list), SSO_JSON_FOUND);
    assert_int_equal(list->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(list, 1, const char *), "b c");
    assert_int_equal(sso_json_strings(unit_pool, doc, "none", &list), SSO_JSON_FOUND);
    assert_int_equal(list->nelts, 0);
    list = NULL;
    assert_int_equal(sso_json_strings(unit_pool, doc, "mixed", &list), SSO_JSON_WRONG_TYPE);
    assert_int_equal(sso_json_strings(unit_pool, doc, "null", &list), SSO_JSON_WRONG_TYPE);
    assert_int_equal(sso_json_strings(unit_pool, doc, "s", &list), SSO_JSON_WRONG_TYPE);
    assert_null(list);
}

static void nodes_give_their_values(void **state)
{
    const sso_json_t *doc = parse(all_types);
    const sso_json_t *array = sso_json_member(doc, "a");

    (void)state;
    assert_string_equal(sso_json_node_string(sso_json_member(doc, "s")), "x");
    assert_int_equal(sso_json_node_bool(sso_json_member(doc, "t")), 1);
    assert_int_equal(sso_json_node_bool(sso_json_member(doc, "f")), 0);
    assert_int_equal(sso_json_node_int(sso_json_member(doc, "i")), -7);
    assert_true(sso_json_node_real(sso_json_member(doc, "r")) > 2.49 &&
                sso_json_node_real(sso_json_member(doc, "r")) < 2.51);
    assert_int_equal(sso_json_size(array), 2);
    assert_int_equal(sso_json_size(doc), 9);
    assert_int_equal(sso_json_size(NULL), 0);
    assert_string_equal(sso_json_node_string(sso_json_at(array, 1)), "b");
    assert_null(sso_json_at(array, 2));
    assert_null(sso_json_at(doc, 0));
}

typedef struct {
    char names[64];
    int stop_after;
} walk_t;

static int note_name(void *baton, const char *name, const sso_json_t *value)
{
    walk_t *walk = baton;

    assert_non_null(value);
    memcpy(walk->names + strlen(walk->names), name, strlen(name) + 1);
    return --walk->stop_after != 0;
}

/* An escape at the end hands the whole document to the other reader. */
static void both_readers_read_the_same(void **state)
{
    static const struct {
        const char *item;
        const char *reason; /* NULL: taken */
    } rows[] = {
        {"{}", NULL},
        {"[]", NULL},
        {" [ ] , { } ", NULL},
        {"{\"b\":1,\"a\":[true,false,null,{\"c\":\"\"}]}", NULL},
        {"\t{ \"a\"\r\n: \"b c\" , \"d\" :[ 1 , -2 ] }\n", NULL},
        {"0,-0,10,-10,123456789012345,1234567890123456,9223372036854775807", NULL},
        {"1.5,1e3,-1.0,0.0", NULL},
        {"\"\x7f\",\"\xc3\xa4\",{\"\xc3\xa4\":1}", NULL},
        {"{\"a-name-that-is-longer-than-those-of-plain-documents-may-be-to-be-read-here\":1}", NULL},
        {"\"\xf0\x9f\x90\xa7 \xe2\x82\xac\"", NULL},
        {"9223372036854775808", "json-number"},
        {"{\"a\":1,\"b\":{\"a\":1,\"a\":1}}", "json-duplicate"},
        {"\"\xff\"", "json-utf8"},
        {"\"\xc3\"", "json-utf8"},
        {"\"\xed\xa0\x80\"", "json-utf8"},
        {"\"\xc0\xaf\"", "json-utf8"},
        {"\"\x1f\"", "json-syntax"},
        {"\x0b""1", "json-syntax"},
        {"00", "json-syntax"},
        {"-01", "json-syntax"},
        {"-", "json-syntax"},
        {"1x", "json-syntax"},
        {"truex", "json-syntax"},
        {"tru", "json-syntax"},
        {"1 2", "json-syntax"},
        {"{\"a\"}", "json-syntax"},
        {"{\"a\",1}", "json-syntax"},
        {"{\"a\":}", "json-syntax"},
        {"{\"a\":1,}", "json-syntax"},
        {"{,}", "json-syntax"},
        {"{1:1}", "json-syntax"},
        {"[1,],2", "json-syntax"},
        {"[1}", "json-syntax"},
        {"{\"a\":1]", "json-syntax"},
        {"1,,2", "json-syntax"},
        {"1],[2", "json-syntax"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *texts[2] = {NULL, NULL};
        for (int escaped = 0; escaped < 2; escaped++) {
            const char *text = apr_psprintf(unit_pool, "[%s,\"%s\"]", rows[i].item, escaped ? "\\u0041" : "A");
            sso_err_t err = SSO_ERR_INIT;
            const sso_json_t *doc = NULL;
            if (sso_json_parse(unit_pool, text, strlen(text), MAX, &doc, &err) == SSO_OK)
                texts[escaped] = sso_json_text(unit_pool, doc);
            else
                assert_string_equal(err.reason, rows[i].reason ? rows[i].reason : "taken");
        }
        if (rows[i].reason != NULL) {
            assert_null(texts[0]);
            assert_null(texts[1]);
        } else {
            assert_string_equal(texts[0], texts[1]);
        }
    }
}

static void members_come_in_document_order_until_the_callback_stops(void **state)
{
    const sso_json_t *doc = parse("{\"z\":1,\"a\":2,\"m\":3,\"b\":4,\"k\":5,\"c\":6,\"y\":7,\"d\":8,\"x\":9,\"e\":0}");
    walk_t walk = {"", 0};

    (void)state;
    sso_json_each(doc, note_name, &walk);
    assert_string_equal(walk.names, "zambkcydxe");
    walk = (walk_t){"", 3};
    sso_json_each(doc, note_name, &walk);
    assert_string_equal(walk.names, "zam");
    walk = (walk_t){"", 0};
    sso_json_each(parse("[1]"), note_name, &walk);
    sso_json_each(NULL, note_name, &walk);
    assert_string_equal(walk.names, "");
}

static void text_of_a_node_is_compact_and_reads_back(void **state)
{
    const sso_json_t *doc = parse("{ \"z\" : [ 1, -2, 2.5, true, null ],\n \"a\" : { \"k\" : \"\\\"\\u00e9\\n\" } }");

    (void)state;
    assert_string_equal(sso_json_text(unit_pool, doc),
                        "{\"z\":[1,-2,2.5,true,null],\"a\":{\"k\":\"\\\"\xc3\xa9\\n\"}}");
    assert_string_equal(sso_json_text(unit_pool, sso_json_at(sso_json_member(doc, "z"), 1)), "-2");
    assert_string_equal(sso_json_text(unit_pool, parse("\"x\"")), "\"x\"");
    assert_string_equal(sso_json_text(unit_pool, NULL), "null");
    assert_string_equal(sso_json_text(unit_pool, parse("[]")), "[]");
}

static void text_of_a_long_node_is_whole(void **state)
{
    char *text = apr_palloc(unit_pool, 20004);

    (void)state;
    memset(text, 'x', 20004);
    memcpy(text, "[\"", 2);
    memcpy(text + 20001, "\"]", 3);
    assert_string_equal(sso_json_text(unit_pool, parse(text)), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(bad_documents_are_refused_for_the_right_reason),
        unit_test(utf16_and_raw_nuls_are_refused),
        unit_test(size_is_limited_by_the_caller),
        unit_test(depth_is_limited_before_anything_recurses),
        unit_test(brackets_and_commas_inside_strings_do_not_count),
        unit_test(a_string_does_not_hide_depth_behind_an_escaped_quote),
        unit_test(the_number_of_values_is_limited),
        unit_test(empty_lists_count_as_values_too),
        unit_test(an_error_tells_the_place_but_not_the_text),
        unit_test(a_document_may_be_any_value_an_object_document_may_not),
        unit_test(types_are_told_apart),
        unit_test(a_getter_takes_its_own_type_only),
        unit_test(absent_is_not_wrong_and_touches_nothing),
        unit_test(integers_may_be_written_as_whole_reals),
        unit_test(dates_are_seconds_with_fractions_in_range),
        unit_test(lists_of_strings_hold_strings_only),
        unit_test(nodes_give_their_values),
        unit_test(both_readers_read_the_same),
        unit_test(members_come_in_document_order_until_the_callback_stops),
        unit_test(text_of_a_node_is_compact_and_reads_back),
        unit_test(text_of_a_long_node_is_whole),
    };
    return unit_run(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is taken keeps the promises of the header, and its compact text reads back as the same document. */
#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"

typedef struct walk_t {
    int depth;
    int values;
    int members; /* of the current object */
    int colons;  /* members in all */
} walk_t;

static void check_node(walk_t *walk, const sso_json_t *node);

static int check_member(void *baton, const char *name, const sso_json_t *value)
{
    walk_t *walk = baton;
    fuzz_check(sso_text_is_utf8(name, strlen(name)));
    walk->members++;
    walk->colons++;
    check_node(walk, value);
    return 1;
}

/* Each getter agrees with the type of the member. */
static int check_getters(void *baton, const char *name, const sso_json_t *value)
{
    const sso_json_t *object = baton, *node = NULL;
    const char *text = NULL;
    apr_int64_t number = -7;
    apr_array_header_t *list = NULL;
    int flag = -7;
    sso_json_type_t type = sso_json_type(value);

    fuzz_check(sso_json_member(object, name) == value);
    fuzz_check((sso_json_string(object, name, &text) == SSO_JSON_FOUND) == (type == SSO_JSON_STRING));
    fuzz_check((text != NULL) == (type == SSO_JSON_STRING));
    fuzz_check((sso_json_bool(object, name, &flag) == SSO_JSON_FOUND) == (type == SSO_JSON_BOOL));
    fuzz_check((flag != -7) == (type == SSO_JSON_BOOL));
    fuzz_check((sso_json_array(object, name, &node) == SSO_JSON_FOUND) == (type == SSO_JSON_ARRAY));
    fuzz_check((sso_json_object(object, name, &node) == SSO_JSON_FOUND) == (type == SSO_JSON_OBJECT));
    if (sso_json_int(object, name, &number) == SSO_JSON_FOUND)
        fuzz_check(type == SSO_JSON_INT || type == SSO_JSON_REAL);
    else
        fuzz_check(type != SSO_JSON_INT && number == -7);
    number = -7;
    if (sso_json_date(object, name, &number) == SSO_JSON_FOUND)
        fuzz_check(number >= 0 && number < APR_INT64_C(253402300800) * APR_USEC_PER_SEC);
    else
        fuzz_check(number == -7);
    if (sso_json_strings(fuzz_pool, object, name, &list) == SSO_JSON_FOUND)
        fuzz_check(type == SSO_JSON_ARRAY && (apr_size_t)list->nelts == sso_json_size(value));
    return 1;
}

static void check_object(walk_t *walk, const sso_json_t *node)
{
    int outer = walk->members;
    const char *text = "untouched";
    walk->members = 0;
    sso_json_each(node, check_member, walk);
    fuzz_check((apr_size_t)walk->members == sso_json_size(node));
    walk->members = outer;
    if (sso_json_size(node) < 64)
        sso_json_each(node, check_getters, (void *)(uintptr_t)node);
    if (sso_json_member(node, "no such member") == NULL)
        fuzz_check(sso_json_string(node, "no such member", &text) == SSO_JSON_ABSENT);
}

static void check_node(walk_t *walk, const sso_json_t *node)
{
    const char *text;

    walk->values++;
    walk->depth++;
    fuzz_check(walk->depth <= SSO_JSON_DEPTH_MAX + 1);
    switch (sso_json_type(node)) {
    case SSO_JSON_STRING:
        text = sso_json_node_string(node);
        fuzz_check(sso_text_is_utf8(text, strlen(text)));
        break;
    case SSO_JSON_REAL:
        fuzz_check(sso_json_node_real(node) - sso_json_node_real(node) == 0.0); /* neither infinite nor NaN */
        break;
    case SSO_JSON_ARRAY:
        for (apr_size_t i = 0; i < sso_json_size(node); i++)
            check_node(walk, sso_json_at(node, i));
        fuzz_check(sso_json_at(node, sso_json_size(node)) == NULL);
        break;
    case SSO_JSON_OBJECT:
        check_object(walk, node);
        break;
    case SSO_JSON_NULL:
    case SSO_JSON_BOOL:
    case SSO_JSON_INT:
        break;
    }
    walk->depth--;
}

/* Colons outside of strings: one a member, as often as a name stands there. */
static int count_colons(const uint8_t *data, size_t size)
{
    int colons = 0, inside = 0;
    for (size_t i = 0; i < size; i++) {
        if (inside && data[i] == '\\')
            i++;
        else if (data[i] == '"')
            inside = !inside;
        else
            colons += !inside && data[i] == ':';
    }
    return colons;
}

static void check_document(const uint8_t *data, size_t size, apr_size_t max)
{
    const sso_json_t *doc = NULL, *again = NULL;
    walk_t walk = {0};
    sso_err_t err = SSO_ERR_INIT;

    if (!fuzz_ok(sso_json_parse(fuzz_pool, (char *)fuzz_bytes(data, size), size, max, &doc, &err), &err)) {
        fuzz_check(doc == NULL);
        return;
    }
    fuzz_check(size <= max);
    check_node(&walk, doc);
    fuzz_check(walk.values <= SSO_JSON_VALUES_MAX);
    fuzz_check(walk.colons == count_colons(data, size));
    char *text = sso_json_text(fuzz_pool, doc);
    if (!fuzz_ok(sso_json_parse(fuzz_pool, text, strlen(text), 8 * FUZZ_INPUT_MAX, &again, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "our own text is JSON");
    fuzz_check(strcmp(sso_json_text(fuzz_pool, again), text) == 0);
    fuzz_check((sso_json_parse_object(fuzz_pool, text, strlen(text), 8 * FUZZ_INPUT_MAX, &again, NULL) == SSO_OK) ==
               (sso_json_type(doc) == SSO_JSON_OBJECT));
}

/* An escape anywhere hands the whole document to the other reader; both must say the same. */
static void check_readers_agree(const uint8_t *data, size_t size)
{
    static const char *const ends[] = {",\"A\"]", ",\"\\u0041\"]"};
    const char *text[2] = {NULL, NULL};

    for (int i = 0; i < 2; i++) {
        size_t end = strlen(ends[i]);
        char *document = apr_palloc(fuzz_pool, size + end + 1);
        const sso_json_t *doc = NULL;
        document[0] = '[';
        memcpy(document + 1, data, size);
        memcpy(document + 1 + size, ends[i], end);
        if (sso_json_parse(fuzz_pool, document, size + end + 1, 2 * FUZZ_INPUT_MAX, &doc, NULL) == SSO_OK)
            text[i] = sso_json_text(fuzz_pool, doc);
    }
    fuzz_check((text[0] == NULL) == (text[1] == NULL));
    fuzz_check(text[0] == NULL || strcmp(text[0], text[1]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    check_document(data, size, FUZZ_INPUT_MAX);
    check_document(data, size, 100);
    check_readers_agree(data, size);
    fuzz_end();
    return 0;
}

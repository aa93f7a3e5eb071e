/* SPDX-License-Identifier: Apache-2.0 */
/* Strict JSON on top of jansson. Depth and number of values are bounded, so that neither recursion (stack) nor
 * allocations (about 250 bytes for "{}") are in the hands of whoever wrote the document. Plain documents are read here,
 * jansson's reader takes each byte through three calls; it reads, and judges, all others, after a scan for the bounds.
 * jansson's own error text quotes the input, which may be a token: only its code and position are passed on. */
#include "base/json.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/text.h"

/* Beyond this a double does not hold every integer. */
#define REAL_INT_MAX 9007199254740992.0
#define DATE_MAX     253402300799 /* 9999-12-31T23:59:59Z */

static const json_t *in(const sso_json_t *node)
{
    return (const json_t *)(const void *)node;
}

static const sso_json_t *out(const json_t *node)
{
    return (const sso_json_t *)(const void *)node;
}

static apr_status_t free_document(void *doc)
{
    json_decref(doc);
    return APR_SUCCESS;
}

/* RFC 8259 8.1: UTF-8, no byte order mark. UTF-16 and UTF-32 betray themselves by a BOM or NULs at the start. */
static int is_other_encoding(const unsigned char *p, apr_size_t len)
{
    return (len >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) ||
           (len >= 2 && ((p[0] == 0xfe && p[1] == 0xff) || (p[0] == 0xff && p[1] == 0xfe))) ||
           (len >= 2 && (p[0] == 0 || p[1] == 0));
}

/* Needs no more of the grammar than where strings end: on text that is no JSON jansson has the last word. */
static sso_rc_t check_shape(const char *bytes, apr_size_t len, sso_err_t *err)
{
    apr_size_t depth = 0;
    apr_size_t values = 1;

    for (apr_size_t i = 0; i < len; i++) {
        switch (bytes[i]) {
        case '"':
            for (i++; i < len && bytes[i] != '"'; i++) {
                if (bytes[i] == '\\')
                    i++;
            }
            break;
        case '[':
        case '{':
            values++;
            if (++depth > SSO_JSON_DEPTH_MAX)
                return sso_err_set(err, SSO_E_LIMIT, "json-depth", "nested deeper than %d", SSO_JSON_DEPTH_MAX);
            break;
        case ']':
        case '}':
            depth -= depth > 0;
            break;
        case ',':
            values++;
            break;
        default:
            break;
        }
        if (values > SSO_JSON_VALUES_MAX)
            return sso_err_set(err, SSO_E_LIMIT, "json-too-large", "more than %d values", SSO_JSON_VALUES_MAX);
    }
    return SSO_OK;
}

static sso_rc_t report(const json_error_t *error, sso_err_t *err)
{
    static const struct {
        enum json_error_code code;
        sso_rc_t rc;
        const char *reason;
        const char *kind;
    } kinds[] = {
        {json_error_duplicate_key, SSO_E_SYNTAX, "json-duplicate", "a member name twice"},
        {json_error_null_character, SSO_E_SYNTAX, "json-nul", "a NUL in a string"},
        {json_error_null_byte_in_key, SSO_E_SYNTAX, "json-nul", "a NUL in a member name"},
        {json_error_invalid_utf8, SSO_E_SYNTAX, "json-utf8", "invalid UTF-8"},
        {json_error_numeric_overflow, SSO_E_LIMIT, "json-number", "a number out of range"},
        {json_error_stack_overflow, SSO_E_LIMIT, "json-depth", "nested too deep"},
        {json_error_out_of_memory, SSO_E_INTERNAL, "json-memory", "out of memory"},
        {json_error_premature_end_of_input, SSO_E_SYNTAX, "json-syntax", "the end is missing"},
        {json_error_end_of_input_expected, SSO_E_SYNTAX, "json-syntax", "more behind the document"},
    };
    enum json_error_code code = json_error_code(error);

    for (apr_size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].code == code)
            return sso_err_set(err, kinds[i].rc, kinds[i].reason, "line %d column %d: %s", error->line, error->column,
                               kinds[i].kind);
    }
    return sso_err_set(err, SSO_E_SYNTAX, "json-syntax", "line %d column %d: invalid JSON", error->line, error->column);
}

/* ---- plain documents: no escapes, short ASCII names, each once, whole numbers of up to 15 digits ---- */

#define PLAIN_NAME_MAX   63
#define PLAIN_DIGITS_MAX 15

/* NULL wherever something is not plain, not JSON or too much: nothing is refused here. */
typedef struct plain_t {
    const char *at;
    const char *end;
    int depth;
    int values; /* as check_shape counts them */
} plain_t;

static void skip_space(plain_t *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

/* The next byte that is no space, '\0' at the end. */
static char peek(plain_t *p)
{
    skip_space(p);
    return p->at < p->end ? *p->at : '\0';
}

static int take(plain_t *p, char c)
{
    if (peek(p) != c || p->at == p->end)
        return 0;
    p->at++;
    return 1;
}

/* The bytes between two quotes, the first is next; *ret_bits: all of them or-ed. */
static const char *read_plain_text(plain_t *p, apr_size_t *ret_len, unsigned *ret_bits)
{
    const char *start = ++p->at;
    unsigned bits = 0;
    for (;; p->at++) {
        p->at += sso_text_plain_len(p->at, (apr_size_t)(p->end - p->at), 0x20);
        if (p->at == p->end || *p->at == '\\' || (unsigned char)*p->at < 0x20)
            return NULL;
        if (*p->at == '"')
            break;
        bits |= (unsigned char)*p->at;
    }
    *ret_len = (apr_size_t)(p->at++ - start);
    *ret_bits = bits;
    return start;
}

static json_t *read_plain_string(plain_t *p)
{
    apr_size_t len;
    unsigned bits;
    const char *text = read_plain_text(p, &len, &bits);
    if (text == NULL)
        return NULL;
    return bits < 0x80 ? json_stringn_nocheck(text, len) : json_stringn(text, len);
}

static json_t *read_plain_number(plain_t *p)
{
    json_int_t value = 0;
    int digits = 0;
    int negative = *p->at == '-';

    p->at += negative;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        if (++digits > PLAIN_DIGITS_MAX || (digits > 1 && value == 0))
            return NULL;
        value = value * 10 + (*p->at - '0');
    }
    /* A fraction or an exponent is not taken by what comes next either. */
    return digits > 0 ? json_integer(negative ? -value : value) : NULL;
}

static json_t *read_plain_word(plain_t *p)
{
    static const char *const words[] = {"true", "false", "null"};
    apr_size_t left = (apr_size_t)(p->end - p->at);

    for (int i = 0; i < 3; i++) {
        apr_size_t len = strlen(words[i]);
        if (left >= len && memcmp(p->at, words[i], len) == 0) {
            p->at += len;
            return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
        }
    }
    return NULL;
}

static json_t *read_plain(plain_t *p);

/* 0: not plain. A name that is there already adds no member. */
static int read_plain_member(plain_t *p, json_t *object)
{
    char name[PLAIN_NAME_MAX + 1];
    size_t before = json_object_size(object);
    apr_size_t len;
    unsigned bits;
    const char *text = peek(p) == '"' ? read_plain_text(p, &len, &bits) : NULL;

    if (text == NULL || bits >= 0x80 || len > PLAIN_NAME_MAX || !take(p, ':'))
        return 0;
    memcpy(name, text, len);
    name[len] = '\0';
    return json_object_set_new_nocheck(object, name, read_plain(p)) == 0 && json_object_size(object) == before + 1;
}

static int read_plain_item(plain_t *p, json_t *list)
{
    return json_is_object(list) ? read_plain_member(p, list) : json_array_append_new(list, read_plain(p)) == 0;
}

static int read_plain_items(plain_t *p, json_t *list, char closing)
{
    p->at++;
    if (++p->depth > SSO_JSON_DEPTH_MAX)
        return 0;
    if (take(p, closing)) {
        p->values++;
    } else {
        do {
            if (++p->values > SSO_JSON_VALUES_MAX || !read_plain_item(p, list))
                return 0;
        } while (take(p, ','));
        if (!take(p, closing))
            return 0;
    }
    p->depth--;
    return 1;
}

/* One value; adding NULL to a list or an object fails. */
static json_t *read_plain(plain_t *p)
{
    char first = peek(p);

    if (first == '"')
        return read_plain_string(p);
    if (first == '-' || (first >= '0' && first <= '9'))
        return read_plain_number(p);
    if (first != '{' && first != '[')
        return read_plain_word(p);
    json_t *list = first == '{' ? json_object() : json_array();
    if (list != NULL && read_plain_items(p, list, first == '{' ? '}' : ']'))
        return list;
    json_decref(list);
    return NULL;
}

static json_t *read_plain_document(const char *bytes, apr_size_t len)
{
    plain_t p = {bytes, bytes + len, 0, 1};
    json_t *doc = read_plain(&p);

    skip_space(&p);
    if (p.at == p.end && p.values <= SSO_JSON_VALUES_MAX)
        return doc;
    json_decref(doc);
    return NULL;
}

sso_rc_t sso_json_parse(apr_pool_t *pool, const char *bytes, apr_size_t len, apr_size_t max_len,
                        const sso_json_t **ret_doc, sso_err_t *err)
{
    json_error_t error;
    json_t *doc;

    if (len > max_len)
        return sso_err_set(err, SSO_E_LIMIT, "json-too-large", "%zu bytes, at most %zu are read", (size_t)len,
                           (size_t)max_len);
    if (bytes == NULL || len == 0)
        return sso_err_set(err, SSO_E_SYNTAX, "json-syntax", "empty document");
    if (is_other_encoding((const unsigned char *)bytes, len))
        return sso_err_set(err, SSO_E_SYNTAX, "json-utf8", "a byte order mark, UTF-16 or UTF-32");
    doc = read_plain_document(bytes, len);
    if (doc == NULL) {
        SSO_TRY(check_shape(bytes, len, err));
        doc = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    }
    if (doc == NULL)
        return report(&error, err);
    apr_pool_cleanup_register(pool, doc, free_document, apr_pool_cleanup_null);
    *ret_doc = out(doc);
    return SSO_OK;
}

sso_rc_t sso_json_parse_object(apr_pool_t *pool, const char *bytes, apr_size_t len, apr_size_t max_len,
                               const sso_json_t **ret_doc, sso_err_t *err)
{
    const sso_json_t *doc = NULL;

    SSO_TRY(sso_json_parse(pool, bytes, len, max_len, &doc, err));
    if (!json_is_object(in(doc)))
        return sso_err_set(err, SSO_E_SYNTAX, "json-not-object", "JSON, but not an object");
    *ret_doc = doc;
    return SSO_OK;
}

sso_json_type_t sso_json_type(const sso_json_t *node)
{
    if (node == NULL)
        return SSO_JSON_NULL;
    switch (json_typeof(in(node))) {
    case JSON_OBJECT:
        return SSO_JSON_OBJECT;
    case JSON_ARRAY:
        return SSO_JSON_ARRAY;
    case JSON_STRING:
        return SSO_JSON_STRING;
    case JSON_INTEGER:
        return SSO_JSON_INT;
    case JSON_REAL:
        return SSO_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return SSO_JSON_BOOL;
    case JSON_NULL:
    default:
        return SSO_JSON_NULL;
    }
}

const sso_json_t *sso_json_member(const sso_json_t *object, const char *name)
{
    return out(json_object_get(in(object), name));
}

/* The member when it is there and of the type; *found tells why not. */
static const json_t *typed_member(const sso_json_t *object, const char *name, sso_json_type_t type,
                                  sso_json_found_t *found)
{
    const sso_json_t *node = sso_json_member(object, name);

    if (node == NULL)
        *found = SSO_JSON_ABSENT;
    else
        *found = sso_json_type(node) == type ? SSO_JSON_FOUND : SSO_JSON_WRONG_TYPE;
    return *found == SSO_JSON_FOUND ? in(node) : NULL;
}

sso_json_found_t sso_json_string(const sso_json_t *object, const char *name, const char **ret)
{
    sso_json_found_t found;
    const json_t *node = typed_member(object, name, SSO_JSON_STRING, &found);

    if (node != NULL)
        *ret = json_string_value(node);
    return found;
}

sso_json_found_t sso_json_bool(const sso_json_t *object, const char *name, int *ret)
{
    sso_json_found_t found;
    const json_t *node = typed_member(object, name, SSO_JSON_BOOL, &found);

    if (node != NULL)
        *ret = json_is_true(node);
    return found;
}

sso_json_found_t sso_json_int(const sso_json_t *object, const char *name, apr_int64_t *ret)
{
    const json_t *node = in(sso_json_member(object, name));
    double real;

    if (node == NULL)
        return SSO_JSON_ABSENT;
    if (json_is_integer(node)) {
        *ret = json_integer_value(node);
        return SSO_JSON_FOUND;
    }
    if (!json_is_real(node))
        return SSO_JSON_WRONG_TYPE;
    real = json_real_value(node);
    /* The range first: converting a double that does not fit is undefined. */
    if (!(real >= -REAL_INT_MAX && real <= REAL_INT_MAX))
        return SSO_JSON_WRONG_TYPE;
    if ((double)(apr_int64_t)real < real || (double)(apr_int64_t)real > real)
        return SSO_JSON_WRONG_TYPE;
    *ret = (apr_int64_t)real;
    return SSO_JSON_FOUND;
}

sso_json_found_t sso_json_date(const sso_json_t *object, const char *name, apr_int64_t *ret_usec)
{
    const json_t *node = in(sso_json_member(object, name));

    if (node == NULL)
        return SSO_JSON_ABSENT;
    if (json_is_integer(node)) {
        apr_int64_t seconds = json_integer_value(node);
        if (seconds < 0 || seconds > DATE_MAX)
            return SSO_JSON_WRONG_TYPE;
        *ret_usec = seconds * 1000000;
        return SSO_JSON_FOUND;
    }
    if (json_is_real(node)) {
        double seconds = json_real_value(node);
        if (!(seconds >= 0 && seconds <= (double)DATE_MAX))
            return SSO_JSON_WRONG_TYPE;
        *ret_usec = (apr_int64_t)(seconds * 1e6);
        return SSO_JSON_FOUND;
    }
    return SSO_JSON_WRONG_TYPE;
}

sso_json_found_t sso_json_array(const sso_json_t *object, const char *name, const sso_json_t **ret)
{
    sso_json_found_t found;
    const json_t *node = typed_member(object, name, SSO_JSON_ARRAY, &found);

    if (node != NULL)
        *ret = out(node);
    return found;
}

sso_json_found_t sso_json_object(const sso_json_t *object, const char *name, const sso_json_t **ret)
{
    sso_json_found_t found;
    const json_t *node = typed_member(object, name, SSO_JSON_OBJECT, &found);

    if (node != NULL)
        *ret = out(node);
    return found;
}

sso_json_found_t sso_json_strings(apr_pool_t *pool, const sso_json_t *object, const char *name,
                                  apr_array_header_t **ret)
{
    sso_json_found_t found;
    const json_t *node = typed_member(object, name, SSO_JSON_ARRAY, &found);
    apr_array_header_t *strings;

    if (node == NULL)
        return found;
    for (size_t i = 0; i < json_array_size(node); i++) {
        if (!json_is_string(json_array_get(node, i)))
            return SSO_JSON_WRONG_TYPE;
    }
    strings = apr_array_make(pool, (int)json_array_size(node), sizeof(char *));
    for (size_t i = 0; i < json_array_size(node); i++)
        APR_ARRAY_PUSH(strings, const char *) = json_string_value(json_array_get(node, i));
    *ret = strings;
    return SSO_JSON_FOUND;
}

const char *sso_json_node_string(const sso_json_t *node)
{
    return json_string_value(in(node));
}

int sso_json_node_bool(const sso_json_t *node)
{
    return json_is_true(in(node));
}

apr_int64_t sso_json_node_int(const sso_json_t *node)
{
    return json_integer_value(in(node));
}

double sso_json_node_real(const sso_json_t *node)
{
    return json_number_value(in(node));
}

apr_size_t sso_json_size(const sso_json_t *array_or_object)
{
    const json_t *node = in(array_or_object);

    return json_is_array(node) ? json_array_size(node) : json_object_size(node);
}

const sso_json_t *sso_json_at(const sso_json_t *array, apr_size_t i)
{
    return out(json_array_get(in(array), i));
}

void sso_json_each(const sso_json_t *object, sso_json_each_fn *fn, void *baton)
{
    /* jansson's iterators want a json_t that is not const, but only read it. */
    json_t *node = (json_t *)in(object);

    for (void *it = json_object_iter(node); it != NULL; it = json_object_iter_next(node, it)) {
        if (!fn(baton, json_object_iter_key(it), out(json_object_iter_value(it))))
            return;
    }
}

static int add_text(const char *bytes, size_t len, void *baton)
{
    sso_buf_add(baton, bytes, len);
    return 0;
}

char *sso_json_text(apr_pool_t *pool, const sso_json_t *node)
{
    sso_buf_t text;

    sso_buf_init(&text, pool, 256, APR_SIZE_MAX);
    if (node == NULL || json_dump_callback(in(node), add_text, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        return apr_pstrdup(pool, "null");
    return (char *)text.data;
}

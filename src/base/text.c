/* SPDX-License-Identifier: Apache-2.0 */
/* Text rules: numbers, lists, UTF-8, escaping for pages, logs and JSON, and when two header names are the same. */
#include "base/text.h"

#include <string.h>

#include <apr_strings.h>

#include "base/buf.h"

/* Growth is bounded by the input: no escape is longer than eight characters. */
#define ESCAPED_MAX(len) ((len)*8 + 16)

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits into *ret; the number of characters, 0 when there are none, they overflow or begin with a zero. */
static apr_size_t read_digits(const char *str, apr_uint64_t *ret)
{
    apr_uint64_t v = 0;
    apr_size_t n = 0;

    for (; is_digit(str[n]); n++) {
        unsigned digit = (unsigned)(str[n] - '0');
        if ((n == 1 && v == 0) || v > (APR_UINT64_MAX - digit) / 10)
            return 0;
        v = v * 10 + digit;
    }
    *ret = v;
    return n;
}

sso_rc_t sso_text_int(const char *str, apr_int64_t min, apr_int64_t max, apr_int64_t *ret_value, sso_err_t *err)
{
    int negative = str != NULL && str[0] == '-';
    apr_uint64_t magnitude = 0;
    apr_size_t n = str != NULL ? read_digits(str + negative, &magnitude) : 0;
    apr_int64_t value;

    if (n == 0 || str[(apr_size_t)negative + n] != '\0' || (negative && magnitude == 0))
        return sso_err_set(err, SSO_E_SYNTAX, "number-syntax", "not a decimal integer");
    if (magnitude > (apr_uint64_t)APR_INT64_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "number-range", "number out of range");
    value = negative ? -(apr_int64_t)magnitude : (apr_int64_t)magnitude;
    if (value < min || value > max)
        return sso_err_set(err, SSO_E_LIMIT, "number-range",
                           "%" APR_INT64_T_FMT " is not between %" APR_INT64_T_FMT " and %" APR_INT64_T_FMT, value, min,
                           max);
    *ret_value = value;
    return SSO_OK;
}

sso_rc_t sso_text_duration(const char *str, apr_int64_t min, apr_int64_t max, apr_int64_t *ret_seconds, sso_err_t *err)
{
    static const struct {
        char unit[2];
        apr_uint32_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    apr_uint64_t count = 0;
    apr_size_t n = str != NULL ? read_digits(str, &count) : 0;

    for (apr_size_t i = 0; n > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(str + n, units[i].unit) != 0)
            continue;
        if (count > (apr_uint64_t)APR_INT64_MAX / units[i].seconds || (apr_int64_t)(count * units[i].seconds) < min ||
            (apr_int64_t)(count * units[i].seconds) > max)
            return sso_err_set(err, SSO_E_LIMIT, "duration-range",
                               "%s is not between %" APR_INT64_T_FMT " and %" APR_INT64_T_FMT " seconds", str, min,
                               max);
        *ret_seconds = (apr_int64_t)(count * units[i].seconds);
        return SSO_OK;
    }
    return sso_err_set(err, SSO_E_SYNTAX, "duration-syntax", "not a duration such as 90, 90s, 15m, 8h or 7d");
}

apr_array_header_t *sso_text_split(apr_pool_t *pool, const char *list, int commas)
{
    const char *seps = commas ? " \t," : " \t";
    apr_array_header_t *items = apr_array_make(pool, 8, sizeof(char *));

    if (list == NULL)
        return items;
    for (list += strspn(list, seps); *list != '\0'; list += strspn(list, seps)) {
        apr_size_t len = strcspn(list, seps);
        APR_ARRAY_PUSH(items, char *) = apr_pstrmemdup(pool, list, len);
        list += len;
    }
    return items;
}

int sso_text_in(const apr_array_header_t *list, const char *item)
{
    if (list == NULL || item == NULL)
        return 0;
    for (int i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), item) == 0)
            return 1;
    }
    return 0;
}

int sso_text_equal_ct(const void *a, apr_size_t alen, const void *b, apr_size_t blen)
{
    /* volatile: no compiler may turn this into a loop that ends early. */
    const volatile unsigned char *pa = a;
    const volatile unsigned char *pb = b;
    volatile unsigned char diff = 0;

    if (alen != blen)
        return 0;
    for (apr_size_t i = 0; i < alen; i++)
        diff = (unsigned char)(diff | (pa[i] ^ pb[i]));
    return diff == 0;
}

#define EACH(byte)     (APR_UINT64_C(0x0101010101010101) * (byte)) /* the byte in all eight places */
#define HAS_ZERO(word) (((word) - EACH(1)) & ~(word) & EACH(0x80))

/* The top bits of bytes that are not plain; the lowest of them is sure, a borrow may set others above it. */
static apr_uint64_t find_not_plain(apr_uint64_t word, unsigned char low)
{
    apr_uint64_t below = (word - EACH(low)) & ~word & EACH(0x80);
    return below | (word & EACH(0x80)) | HAS_ZERO(word ^ EACH(0x7f)) | HAS_ZERO(word ^ EACH('"')) |
           HAS_ZERO(word ^ EACH('\\'));
}

apr_size_t sso_text_plain_len(const char *bytes, apr_size_t len, unsigned char low)
{
    apr_size_t at = 0;
    apr_uint64_t word, found;

    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
#if APR_IS_BIGENDIAN
        word = __builtin_bswap64(word);
#endif
        found = find_not_plain(word, low);
        if (found != 0)
            return at + (apr_size_t)__builtin_ctzll(found) / 8;
    }
    for (; at < len; at++) {
        unsigned char c = (unsigned char)bytes[at];
        if (c < low || c > 0x7e || c == '"' || c == '\\')
            break;
    }
    return at;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629 4), 0 when there is none. */
static apr_size_t utf8_len(const unsigned char *p, apr_size_t left)
{
    apr_size_t len;
    unsigned low = 0x80;
    unsigned high = 0xbf;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (left < len)
        return 0;
    /* The second byte alone tells overlong forms, surrogates and values above U+10FFFF apart. */
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (apr_size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

/* One character of a string: its length in bytes (never 0) and whether it is a control (C0, DEL, C1) or malformed. */
typedef struct {
    const unsigned char *p;
    apr_size_t len;
    int control;
    int malformed;
    int line_end; /* U+2028, U+2029 */
} rune_t;

static rune_t rune_at(const char *p, apr_size_t left)
{
    rune_t r = {(const unsigned char *)p, 1, 0, 0, 0};
    apr_size_t len = utf8_len(r.p, left);

    if (len == 0) {
        r.malformed = 1;
        return r;
    }
    r.len = len;
    r.control = (len == 1 && (r.p[0] < 0x20 || r.p[0] == 0x7f)) || (len == 2 && r.p[0] == 0xc2 && r.p[1] < 0xa0);
    r.line_end = len == 3 && r.p[0] == 0xe2 && r.p[1] == 0x80 && (r.p[2] == 0xa8 || r.p[2] == 0xa9);
    return r;
}

int sso_text_is_utf8(const char *bytes, apr_size_t len)
{
    while (len > 0) {
        apr_size_t n = utf8_len((const unsigned char *)bytes, len);
        if (n == 0)
            return 0;
        bytes += n;
        len -= n;
    }
    return 1;
}

int sso_text_has_control(const char *bytes, apr_size_t len)
{
    const char *end = bytes + len;

    for (;;) {
        bytes += sso_text_plain_len(bytes, (apr_size_t)(end - bytes), 0x20);
        if (bytes == end)
            return 0;
        rune_t r = rune_at(bytes, (apr_size_t)(end - bytes));
        if (r.control || r.line_end)
            return 1;
        bytes += r.len;
    }
}

static const char *html_entity(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

char *sso_text_html(apr_pool_t *pool, const char *str)
{
    apr_size_t left = str != NULL ? strlen(str) : 0;
    sso_buf_t out;

    sso_buf_init(&out, pool, left + 16, ESCAPED_MAX(left));
    while (left > 0) {
        rune_t r = rune_at(str, left);
        const char *entity = html_entity(*r.p);
        if (r.control || r.malformed)
            sso_buf_adds(&out, "\xef\xbf\xbd");
        else if (entity != NULL)
            sso_buf_adds(&out, entity);
        else
            sso_buf_add(&out, r.p, r.len);
        str += r.len;
        left -= r.len;
    }
    return (char *)out.data;
}

char *sso_text_log(apr_pool_t *pool, const char *str, apr_size_t max)
{
    static const char hex[] = "0123456789abcdef";
    apr_size_t left = str != NULL ? strlen(str) : 0;
    apr_size_t room = left < max ? left : max;
    sso_buf_t out;

    sso_buf_init(&out, pool, room + 16, ESCAPED_MAX(left));
    for (; left > 0; str++, left--) {
        unsigned char c = (unsigned char)*str;
        int plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\'' && c != '\\';
        const unsigned char escaped[4] = {'\\', 'x', (unsigned char)hex[c >> 4], (unsigned char)hex[c & 15]};
        if ((plain ? 1u : 4u) > max - out.len) {
            sso_buf_adds(&out, "...");
            break;
        }
        sso_buf_add(&out, plain ? &c : escaped, plain ? 1 : 4);
    }
    return (char *)out.data;
}

static void add_json_rune(sso_buf_t *out, const rune_t *r)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    unsigned char c = r->p[0];

    if (r->malformed) {
        sso_buf_adds(out, "\\ufffd");
        return;
    }
    if (r->line_end) {
        sso_buf_adds(out, r->p[2] == 0xa8 ? "\\u2028" : "\\u2029");
        return;
    }
    for (apr_size_t i = 0; r->len == 1 && i + 1 < sizeof(shorts); i += 2) {
        if (c == (unsigned char)shorts[i]) {
            sso_buf_addc(out, '\\');
            sso_buf_addc(out, (unsigned char)shorts[i + 1]);
            return;
        }
    }
    /* < > & so that the text may stand inside a script element. */
    if (r->control || c == '<' || c == '>' || c == '&')
        sso_buf_addf(out, "\\u%04x", r->len == 1 ? c : r->p[1]);
    else
        sso_buf_add(out, r->p, r->len);
}

char *sso_text_json(apr_pool_t *pool, const char *str)
{
    apr_size_t left = str != NULL ? strlen(str) : 0;
    sso_buf_t out;

    sso_buf_init(&out, pool, left + 16, ESCAPED_MAX(left));
    while (left > 0) {
        rune_t r = rune_at(str, left);
        add_json_rune(&out, &r);
        str += r.len;
        left -= r.len;
    }
    return (char *)out.data;
}

static int is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int sso_text_is_token(const char *str)
{
    if (str == NULL || *str == '\0')
        return 0;
    for (; *str != '\0'; str++) {
        if (!is_alnum((unsigned char)*str) && strchr("!#$%&'*+-.^_`|~", *str) == NULL)
            return 0;
    }
    return 1;
}

/* Names are compared on every request with every header: a table instead of comparisons. */
#define KEY(c)                                                                                                         \
    (unsigned char)((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A' + 'a'                                                       \
                    : (c) >= 'a' && (c) <= 'z' ? (c)                                                                   \
                    : (c) >= '0' && (c) <= '9' ? (c)                                                                   \
                                               : '-')
#define KEY4(c)  KEY(c), KEY((c) + 1), KEY((c) + 2), KEY((c) + 3)
#define KEY16(c) KEY4(c), KEY4((c) + 4), KEY4((c) + 8), KEY4((c) + 12)
#define KEY64(c) KEY16(c), KEY16((c) + 16), KEY16((c) + 32), KEY16((c) + 48)
static const unsigned char name_key[256] = {KEY64(0), KEY64(64), KEY64(128), KEY64(192)};

char *sso_text_name_key(apr_pool_t *pool, const char *name, apr_size_t len)
{
    char *key = apr_palloc(pool, len + 1);

    for (apr_size_t i = 0; i < len; i++)
        key[i] = (char)name_key[(unsigned char)name[i]];
    key[len] = '\0';
    return key;
}

int sso_text_same_name(const char *a, apr_size_t alen, const char *b, apr_size_t blen)
{
    if (alen != blen)
        return 0;
    for (apr_size_t i = 0; i < alen; i++) {
        if (name_key[(unsigned char)a[i]] != name_key[(unsigned char)b[i]])
            return 0;
    }
    return 1;
}

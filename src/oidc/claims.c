/* SPDX-License-Identifier: Apache-2.0 */
/* Merging and flattening of claims (claims.h). Runs once a login; what it makes is walked by every request. */
#include "oidc/claims.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "base/b64.h"
#include "base/text.h"
#include "base/url.h"

#define WHOLE_REAL_MAX 1e15 /* below it a double holds every integer */
#define LOG_NAME_MAX   60

/* Names whose exact spelling wins over a look-alike: OIDC Core 2 and 5.1, Front-Channel Logout 3 (sid), RFC 9068 2.2.3.
 */
/* clang-format off */
static const char *const registered_names[] = {
    "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "name", "given_name", "family_name",
    "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email", "email_verified",
    "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", "updated_at",
    "groups", "roles", "entitlements", "scope", "client_id", NULL};
/* clang-format on */

/* Of use to the protocol only. */
static const char *const protocol_names[] = {"nonce", "at_hash", "c_hash", "s_hash",         "azp",
                                             "jti",   "nbf",     "rat",    "_claim_sources", NULL};

/* Claims of the provider that are left out because they would be too much (OIDC Core 5.6.2). */
#define UNKNOWN_NAMES "_claim_names"

typedef struct builder_t {
    apr_pool_t *pool;
    const apr_array_header_t *keep;
    apr_array_header_t *claims; /* sso_claim_t */
    apr_hash_t *by_key;         /* name key -> index of the claim + 1 */
    int dropped;
    const char *first_dropped;
    const char *limit; /* what was exceeded, NULL: nothing */
} builder_t;

typedef struct level_t {
    builder_t *builder;
    const char *prefix;         /* path of the object, NULL at the top */
    int kept;                   /* an outer name was in the keep list */
    const sso_json_t *stronger; /* top of UserInfo: the ID Token, whose claims win */
} level_t;

static int is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++) {
        if (strcmp(*names, name) == 0)
            return 1;
    }
    return 0;
}

static void note_dropped(builder_t *b, const char *name)
{
    b->dropped++;
    if (!b->first_dropped)
        b->first_dropped = sso_text_log(b->pool, name, LOG_NAME_MAX);
}

static int is_kept(const builder_t *b, const char *path, int top)
{
    if (!b->keep || sso_text_in(b->keep, path))
        return 1;
    if (!top)
        return 0;
    /* Without its companion an unverified address would look like a verified one (OIDC Core 5.7). */
    return strcmp(path, "sub") == 0 || strcmp(path, UNKNOWN_NAMES) == 0 ||
           (strcmp(path, "email_verified") == 0 && sso_text_in(b->keep, "email"));
}

/* "prefix.name" with the separator escaped inside name, so that two paths are never one text. */
static const char *join_path(apr_pool_t *pool, const char *prefix, const char *name)
{
    apr_size_t plen = strlen(prefix);
    apr_size_t nlen = strlen(name);
    char *path = apr_palloc(pool, plen + 1 + 2 * nlen + 1);
    char *out = path + plen;

    memcpy(path, prefix, plen);
    *out++ = '.';
    for (; *name; name++) {
        if (*name == '.' || *name == '\\')
            *out++ = '\\';
        *out++ = *name;
    }
    *out = '\0';
    return path;
}

static const char *real_text(apr_pool_t *pool, const sso_json_t *node)
{
    double v = sso_json_node_real(node);
    if (v > -WHOLE_REAL_MAX && v < WHOLE_REAL_MAX) {
        apr_int64_t whole = (apr_int64_t)v;
        if ((double)whole >= v && (double)whole <= v)
            return apr_psprintf(pool, "%" APR_INT64_T_FMT, whole);
    }
    return sso_json_text(pool, node);
}

static const char *scalar_text(apr_pool_t *pool, const sso_json_t *node)
{
    switch (sso_json_type(node)) {
    case SSO_JSON_STRING:
        return apr_pstrdup(pool, sso_json_node_string(node));
    case SSO_JSON_BOOL:
        return sso_json_node_bool(node) ? "true" : "false";
    case SSO_JSON_INT:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, sso_json_node_int(node));
    case SSO_JSON_REAL:
        return real_text(pool, node);
    default:
        return sso_json_text(pool, node);
    }
}

static void set_value(sso_claim_t *claim, sso_claim_value_t *slot, const char *text)
{
    slot->bytes = text;
    slot->len = strlen(text);
    if (sso_text_has_control(text, slot->len))
        claim->unsafe = 1;
}

static int holds_composite(const sso_json_t *array)
{
    apr_size_t n = sso_json_size(array);
    for (apr_size_t i = 0; i < n; i++) {
        sso_json_type_t type = sso_json_type(sso_json_at(array, i));
        if (type == SSO_JSON_ARRAY || type == SSO_JSON_OBJECT)
            return 1;
    }
    return 0;
}

static int fill_list(builder_t *b, sso_claim_t *claim, const sso_json_t *array)
{
    apr_size_t n = sso_json_size(array);
    sso_claim_value_t *values;

    claim->is_list = 1;
    if (n > SSO_CLAIM_VALUES_MAX) {
        b->limit = apr_psprintf(b->pool, "claim %s has more than %d values",
                                sso_text_log(b->pool, claim->name, LOG_NAME_MAX), SSO_CLAIM_VALUES_MAX);
        return 0;
    }
    values = apr_palloc(b->pool, (n + 1) * sizeof(*values));
    for (apr_size_t i = 0; i < n; i++) {
        const sso_json_t *item = sso_json_at(array, i);
        if (sso_json_type(item) != SSO_JSON_NULL)
            set_value(claim, &values[claim->count++], scalar_text(b->pool, item));
    }
    claim->values = values;
    return 1;
}

/* Under the key of a header name there is one claim only. */
static int put_claim(builder_t *b, const sso_claim_t *claim)
{
    const char *key = sso_text_name_key(b->pool, claim->name, claim->name_len);
    int *index = apr_hash_get(b->by_key, key, APR_HASH_KEY_STRING);

    if (index) {
        sso_claim_t *held = &APR_ARRAY_IDX(b->claims, *index, sso_claim_t);
        if (is_one_of(registered_names, claim->name) && strcmp(held->name, claim->name) != 0) {
            note_dropped(b, held->name);
            *held = *claim;
        } else {
            note_dropped(b, claim->name);
        }
        return 1;
    }
    if (b->claims->nelts >= SSO_CLAIMS_MAX) {
        b->limit = apr_psprintf(b->pool, "more than %d claims", SSO_CLAIMS_MAX);
        return 0;
    }
    index = apr_palloc(b->pool, sizeof(*index));
    *index = b->claims->nelts;
    apr_hash_set(b->by_key, key, APR_HASH_KEY_STRING, index);
    APR_ARRAY_PUSH(b->claims, sso_claim_t) = *claim;
    return 1;
}

static int add_leaf(builder_t *b, const char *path, const sso_json_t *node)
{
    sso_claim_t claim = {path, strlen(path), 0, 0, 0, NULL};

    if (sso_json_type(node) == SSO_JSON_ARRAY && !holds_composite(node)) {
        if (!fill_list(b, &claim, node))
            return 0;
    } else {
        sso_claim_value_t *value = apr_palloc(b->pool, sizeof(*value));
        set_value(&claim, value, scalar_text(b->pool, node));
        claim.count = 1;
        claim.values = value;
    }
    return put_claim(b, &claim);
}

typedef struct names_t {
    builder_t *builder;
    sso_claim_t *claim;
    sso_claim_value_t *values;
} names_t;

static int add_name(void *baton, const char *name, const sso_json_t *node)
{
    names_t *names = baton;
    (void)node;
    set_value(names->claim, &names->values[names->claim->count++], apr_pstrdup(names->builder->pool, name));
    return 1;
}

/* An object whose members' names are what matters, as a list of them. */
static int add_names(builder_t *b, const char *path, const sso_json_t *object)
{
    apr_size_t n = sso_json_size(object);
    sso_claim_t claim = {path, strlen(path), 1, 0, 0, NULL};
    names_t names = {b, &claim, NULL};

    if (n > SSO_CLAIM_VALUES_MAX) {
        b->limit = apr_psprintf(b->pool, "claim %s has more than %d members", sso_text_log(b->pool, path, LOG_NAME_MAX),
                                SSO_CLAIM_VALUES_MAX);
        return 0;
    }
    claim.values = names.values = apr_palloc(b->pool, (n + 1) * sizeof(*names.values));
    sso_json_each(object, add_name, &names);
    return put_claim(b, &claim);
}

/* urn:zitadel:iam:org:project:roles and urn:zitadel:iam:org:project:ID:roles: {"ROLE": {"ORG": "DOMAIN"}}. */
static int is_zitadel_roles(const char *name)
{
    static const char prefix[] = "urn:zitadel:iam:org:project:", suffix[] = "roles";
    apr_size_t len = strlen(name), before = sizeof(prefix) - 1, after = sizeof(suffix) - 1;
    return len >= before + after && strncmp(name, prefix, before) == 0 && strcmp(name + len - after, suffix) == 0 &&
           name[len - after - 1] == ':';
}

/* Depth is bounded by the JSON reader (SSO_JSON_DEPTH_MAX). 0 stops the walk: b->limit says why. */
static int add_member(void *baton, const char *name, const sso_json_t *node)
{
    level_t *level = baton;
    builder_t *b = level->builder;
    int top = level->prefix == NULL;
    const char *path;
    int kept;

    if (sso_json_type(node) == SSO_JSON_NULL || (top && is_one_of(protocol_names, name)))
        return 1;
    if (level->stronger) {
        const sso_json_t *other = sso_json_member(level->stronger, name);
        if (other && sso_json_type(other) != SSO_JSON_NULL)
            return 1;
    }
    path = top ? apr_pstrdup(b->pool, name) : join_path(b->pool, level->prefix, name);
    kept = level->kept || is_kept(b, path, top);
    if (!*name || strlen(path) > SSO_CLAIM_NAME_MAX) {
        if (kept)
            note_dropped(b, path);
        return 1;
    }
    if (sso_json_type(node) == SSO_JSON_OBJECT && top && (strcmp(name, UNKNOWN_NAMES) == 0 || is_zitadel_roles(name)))
        return kept ? add_names(b, path, node) : 1;
    /* Of whatever type, it must not vanish: without it an address counts as verified. */
    if (sso_json_type(node) == SSO_JSON_OBJECT && !(top && strcmp(name, "email_verified") == 0)) {
        level_t below = {b, path, kept, NULL};
        sso_json_each(node, add_member, &below);
        return b->limit == NULL;
    }
    return kept ? add_leaf(b, path, node) : 1;
}

static apr_size_t claim_size(const sso_claim_t *claim)
{
    apr_size_t size = claim->name_len;
    for (int i = 0; i < claim->count; i++)
        size += claim->values[i].len;
    return size;
}

sso_rc_t sso_claims_flatten(apr_pool_t *pool, const sso_json_t *id_token, const sso_json_t *userinfo,
                            const apr_array_header_t *keep, const sso_claims_t **ret_claims, sso_err_t *err)
{
    builder_t b = {pool, keep, apr_array_make(pool, 32, sizeof(sso_claim_t)), apr_hash_make(pool), 0, NULL, NULL};
    level_t first = {&b, NULL, 0, NULL};
    level_t second = {&b, NULL, 0, id_token};
    sso_claims_t *claims = apr_pcalloc(pool, sizeof(*claims));
    apr_size_t total = 0;

    sso_json_each(id_token, add_member, &first);
    if (userinfo && !b.limit)
        sso_json_each(userinfo, add_member, &second);

    claims->count = b.claims->nelts;
    claims->claims = (const sso_claim_t *)b.claims->elts;
    claims->dropped = b.dropped;
    claims->first_dropped = b.first_dropped;
    for (int i = 0; i < claims->count; i++)
        total += claim_size(&claims->claims[i]);
    if (!b.limit && total > SSO_CLAIMS_BYTES_MAX)
        b.limit = apr_psprintf(pool, "%" APR_SIZE_T_FMT " bytes of claims, at most %d", total, SSO_CLAIMS_BYTES_MAX);
    if (b.limit)
        return sso_err_set(err, SSO_E_LIMIT, "claims-too-large", "%s; largest: %s", b.limit,
                           sso_claims_largest(pool, claims, 3));
    *ret_claims = claims;
    return SSO_OK;
}

const sso_claim_t *sso_claims_find(const sso_claims_t *claims, const char *name)
{
    apr_size_t len = strlen(name);
    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        if (claim->name_len == len && memcmp(claim->name, name, len) == 0)
            return claim;
    }
    return NULL;
}

char *sso_claims_largest(apr_pool_t *pool, const sso_claims_t *claims, int how_many)
{
    char *used = apr_pcalloc(pool, (apr_size_t)claims->count + 1);
    char *text = apr_pstrdup(pool, "");

    for (int n = 0; n < how_many && n < claims->count; n++) {
        int best = -1;
        for (int i = 0; i < claims->count; i++) {
            if (!used[i] && (best < 0 || claim_size(&claims->claims[i]) > claim_size(&claims->claims[best])))
                best = i;
        }
        used[best] = 1;
        text = apr_psprintf(pool, "%s%s%s %" APR_SIZE_T_FMT " B", text, n ? ", " : "",
                            sso_text_log(pool, claims->claims[best].name, LOG_NAME_MAX),
                            claim_size(&claims->claims[best]));
    }
    return text;
}

int sso_claims_is_unknown(const sso_claims_t *claims, const char *name)
{
    const sso_claim_t *unknown = sso_claims_find(claims, UNKNOWN_NAMES);
    const sso_claim_t *has = NULL;

    if (!unknown && strcmp(name, "groups") == 0) {
        /* Entra's implicit flow says only that there are some. */
        has = sso_claims_find(claims, "hasgroups");
        if (!has || !sso_claim_has(has, "true"))
            return 0;
    } else if (!unknown || !sso_claim_has(unknown, name)) {
        return 0;
    }
    return sso_claims_find(claims, name) == NULL;
}

static int cut_values(apr_pool_t *pool, sso_claim_t *claim, char delimiter)
{
    const char *p = claim->values[0].bytes;
    apr_size_t most = 1;

    for (const char *c = p; *c; c++)
        most += *c == delimiter;
    if (most > SSO_CLAIM_VALUES_MAX)
        return 0;
    sso_claim_value_t *values = apr_palloc(pool, most * sizeof(*values));
    claim->count = 0;
    while (p) {
        const char *end = strchr(p, delimiter), *next = end ? end + 1 : NULL;
        if (!end)
            end = p + strlen(p);
        while (p < end && *p == ' ')
            p++;
        while (end > p && end[-1] == ' ')
            end--;
        if (end > p)
            set_value(claim, &values[claim->count++], apr_pstrmemdup(pool, p, (apr_size_t)(end - p)));
        p = next;
    }
    claim->values = values;
    claim->is_list = 1;
    return 1;
}

sso_rc_t sso_claims_split(apr_pool_t *pool, const sso_claims_t *claims, const char *name, char delimiter,
                          const sso_claims_t **ret_claims, sso_err_t *err)
{
    const sso_claim_t *found = sso_claims_find(claims, name);

    *ret_claims = claims;
    if (!found || found->is_list || found->count != 1)
        return SSO_OK;
    sso_claims_t *copy = apr_pmemdup(pool, claims, sizeof(*claims));
    sso_claim_t *list = apr_pmemdup(pool, claims->claims, (apr_size_t)claims->count * sizeof(*list));
    if (!cut_values(pool, &list[found - claims->claims], delimiter))
        return sso_err_set(err, SSO_E_LIMIT, "claims-too-large", "claim %s has more than %d values",
                           sso_text_log(pool, name, LOG_NAME_MAX), SSO_CLAIM_VALUES_MAX);
    copy->claims = list;
    *ret_claims = copy;
    return SSO_OK;
}

/* Behind the last slash of a name that is a URL, 0 for any other name. */
static apr_size_t last_segment(const sso_claim_t *claim)
{
    const char *slash;
    if (claim->name_len < 8 || memcmp(claim->name, "http", 4) != 0 || !strstr(claim->name, "://"))
        return 0;
    slash = strrchr(claim->name, '/');
    return slash[1] && slash[-1] != '/' ? (apr_size_t)(slash + 1 - claim->name) : 0;
}

/* "https://acme.test/email" must not pass for the address that the provider vouches for. */
static int is_about_person(const char *name, apr_size_t len)
{
    static const char *const not_identity[] = {"groups", "roles", "entitlements", NULL};
    for (const char *const *known = registered_names; *known; known++) {
        if (sso_text_same_name(*known, strlen(*known), name, len) && !is_one_of(not_identity, *known))
            return 1;
    }
    return 0;
}

apr_size_t sso_claims_short_name(const sso_claims_t *claims, const sso_claim_t *claim)
{
    apr_size_t at = last_segment(claim);
    if (!at || is_about_person(claim->name + at, claim->name_len - at))
        return 0;
    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *other = &claims->claims[i];
        apr_size_t theirs = other != claim ? last_segment(other) : 0;
        if (other != claim &&
            sso_text_same_name(other->name + theirs, other->name_len - theirs, claim->name + at, claim->name_len - at))
            return 0;
    }
    return at;
}

int sso_claim_has(const sso_claim_t *claim, const char *value)
{
    apr_size_t len = strlen(value);
    for (int i = 0; i < claim->count; i++) {
        if (claim->values[i].len == len && memcmp(claim->values[i].bytes, value, len) == 0)
            return 1;
    }
    return 0;
}

/* --- for the application ----------------------------------------------------------------------------------------- */

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static char *add_escaped(char *out, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    *out++ = '%';
    *out++ = digits[((unsigned char)c >> 4) & 0xf];
    *out++ = digits[(unsigned char)c & 0xf];
    return out;
}

/* One item of a list; out has room for three times its length. What a reader splits, trims or decodes gives the same
 * values back: otherwise "x,admins" or " admins" would be a way into a group. */
static char *add_item(char *out, const sso_claim_value_t *value, char delimiter)
{
    const char *v = value->bytes;
    apr_size_t len = value->len;

    if (!memchr(v, delimiter, len) && !memchr(v, '%', len) && v[0] != ' ' && v[len - 1] != ' ') {
        memcpy(out, v, len);
        return out + len;
    }
    for (apr_size_t i = 0; i < len; i++) {
        int edge = v[i] == ' ' && (i == 0 || i == len - 1);
        int escape = v[i] == '%' && i + 2 < len && is_hex(v[i + 1]) && is_hex(v[i + 2]);
        if (v[i] == delimiter || edge || escape)
            out = add_escaped(out, v[i]);
        else
            *out++ = v[i];
    }
    return out;
}

static sso_claim_value_t encode_value(apr_pool_t *pool, const sso_claim_value_t *value, sso_claim_format_t format)
{
    sso_claim_value_t encoded = *value;
    if (format == SSO_CLAIM_PERCENT)
        encoded.bytes = sso_url_encode(pool, value->bytes);
    else if (format == SSO_CLAIM_BASE64URL)
        encoded.bytes = sso_b64url_string(pool, (const unsigned char *)value->bytes, value->len);
    if (format != SSO_CLAIM_UTF8)
        encoded.len = strlen(encoded.bytes);
    return encoded;
}

static const char *join_values(apr_pool_t *pool, const sso_claim_t *claim, sso_claim_format_t format, char delimiter)
{
    apr_size_t room = 1;
    char *text;
    char *out;

    for (int i = 0; i < claim->count; i++)
        room += 3 * claim->values[i].len + 2;
    out = text = apr_palloc(pool, room);
    for (int i = 0; i < claim->count; i++) {
        if (claim->values[i].len == 0)
            continue;
        if (out != text)
            *out++ = delimiter;
        if (format == SSO_CLAIM_UTF8) {
            out = add_item(out, &claim->values[i], delimiter);
        } else {
            sso_claim_value_t encoded = encode_value(pool, &claim->values[i], format);
            memcpy(out, encoded.bytes, encoded.len);
            out += encoded.len;
        }
    }
    *out = '\0';
    return out != text ? text : NULL;
}

/* A single value is text as it is, but a blank at an end would be cut off by whoever reads the header: "admin " as a
 * user name that somebody chose for himself would be admin there. */
static const char *guard_edges(apr_pool_t *pool, const sso_claim_value_t *value)
{
    const char *v = value->bytes;
    apr_size_t len = value->len;
    int first = v[0] == ' ', last = len > 1 && v[len - 1] == ' ';

    if (!first && !last)
        return v;
    return apr_pstrcat(pool, first ? "%20" : "", apr_pstrmemdup(pool, v + first, len - (apr_size_t)(first + last)),
                       last ? "%20" : "", NULL);
}

const char *sso_claim_text(apr_pool_t *pool, const sso_claim_t *claim, sso_claim_format_t format, char delimiter)
{
    if (claim->unsafe || claim->count == 0)
        return NULL;
    if (claim->is_list)
        return join_values(pool, claim, format, delimiter);
    if (claim->values[0].len == 0)
        return NULL;
    if (format == SSO_CLAIM_UTF8)
        return guard_edges(pool, &claim->values[0]);
    return encode_value(pool, &claim->values[0], format).bytes;
}

/* By the character before: a letter or digit (0), or none (1), which begins a word. A header name's bytes are ASCII. */
#define NAME_BYTE(first, c)                                                                                            \
    ((char)((c) >= '0' && (c) <= '9'   ? (c)                                                                           \
            : (c) >= 'A' && (c) <= 'Z' ? (c)                                                                           \
            : (c) >= 'a' && (c) <= 'z' ? ((first) ? (c) - 'a' + 'A' : (c))                                             \
                                       : '-'))
#define NAME_ROW4(f, c)  NAME_BYTE(f, c), NAME_BYTE(f, (c) + 1), NAME_BYTE(f, (c) + 2), NAME_BYTE(f, (c) + 3)
#define NAME_ROW16(f, c) NAME_ROW4(f, c), NAME_ROW4(f, (c) + 4), NAME_ROW4(f, (c) + 8), NAME_ROW4(f, (c) + 12)
#define NAME_ROW64(f, c) NAME_ROW16(f, c), NAME_ROW16(f, (c) + 16), NAME_ROW16(f, (c) + 32), NAME_ROW16(f, (c) + 48)
#define NAME_ROW256(f)   NAME_ROW64(f, 0), NAME_ROW64(f, 64), NAME_ROW64(f, 128), NAME_ROW64(f, 192)

void sso_claim_header_name(const sso_claim_t *claim, apr_size_t from, char *out)
{
    static const char table[2][256] = {{NAME_ROW256(0)}, {NAME_ROW256(1)}};
    const char *row = table[1];

    for (apr_size_t i = from; i < claim->name_len; i++) {
        char c = row[(unsigned char)claim->name[i]];
        *out++ = c;
        row = table[c == '-'];
    }
}

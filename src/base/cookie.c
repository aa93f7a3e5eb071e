/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Cookie headers in place and writing Set-Cookie values. The reader looks at each byte once, through a table;
 * long values, which are ours, are left to strcspn, which the C library does many bytes at a time. */
#include "base/cookie.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "base/text.h"

#define SHORT_VALUE 16

enum { STOP_NAME = 1, STOP_VALUE = 2, BETWEEN = 4 };

static const unsigned char stops[256] = {
    ['\0'] = STOP_NAME | STOP_VALUE,          ['='] = STOP_NAME,
    [';'] = STOP_NAME | STOP_VALUE | BETWEEN, [','] = STOP_NAME | STOP_VALUE | BETWEEN,
    [' '] = STOP_NAME | STOP_VALUE | BETWEEN, ['\t'] = STOP_NAME | STOP_VALUE | BETWEEN,
};

static int stops_at(char c, unsigned char which)
{
    return (stops[(unsigned char)c] & which) != 0;
}

static const char *value_end(const char *p)
{
    for (int i = 0; i < SHORT_VALUE; i++, p++) {
        if (stops_at(*p, STOP_VALUE))
            return p;
    }
    return p + strcspn(p, ";, \t");
}

void sso_cookie_begin(sso_cookie_iter_t *it, const char *header)
{
    static const sso_cookie_iter_t none;

    *it = none;
    it->next = header != NULL ? header : "";
}

int sso_cookie_next(sso_cookie_iter_t *it)
{
    const char *p = it->next;

    for (;;) {
        const char *name;
        int joined = 0;
        while (stops_at(*p, BETWEEN)) {
            joined = *p == ',' ? 1 : *p == ';' ? 0 : joined;
            p++;
        }
        if (*p == '\0') {
            it->next = p;
            return 0;
        }
        name = p;
        while (!stops_at(*p, STOP_NAME))
            p++;
        if (*p == '=' && p != name) {
            it->pair = name;
            it->name = name;
            it->name_len = (apr_size_t)(p - name);
            it->value = p + 1;
            it->joined = joined;
            p = value_end(p + 1);
            it->value_len = (apr_size_t)(p - it->value);
            /* What follows a blank is part of a foreign value, not a new pair. */
            it->next = p + (*p == ' ' || *p == '\t' ? strcspn(p, ";,") : 0);
            return 1;
        }
        p += strcspn(p, ";,");
    }
}

int sso_cookie_next_own(sso_cookie_iter_t *it)
{
    while (sso_cookie_next(it)) {
        if (!it->joined)
            return 1;
    }
    return 0;
}

int sso_cookie_is(const sso_cookie_iter_t *it, const char *name)
{
    return !strncmp(it->name, name, it->name_len) && !name[it->name_len];
}

int sso_cookie_has_prefix(const char *header, const char *prefix, apr_size_t prefix_len)
{
    sso_cookie_iter_t it;

    sso_cookie_begin(&it, header);
    while (sso_cookie_next(&it)) {
        if (it.name_len >= prefix_len && memcmp(it.name, prefix, prefix_len) == 0)
            return 1;
    }
    return 0;
}

const char *sso_cookie_cut(apr_pool_t *pool, const char *header,
                           int (*mine)(void *baton, const char *name, apr_size_t name_len), void *baton)
{
    sso_cookie_iter_t it;
    const char *kept = header; /* everything before is copied or cut */
    char *out = NULL;
    char *p = NULL;

    sso_cookie_begin(&it, header);
    while (sso_cookie_next(&it)) {
        if (!mine(baton, it.name, it.name_len))
            continue;
        if (out == NULL)
            p = out = apr_palloc(pool, strlen(header) + 1);
        memcpy(p, kept, (apr_size_t)(it.pair - kept));
        p += it.pair - kept;
        kept = it.next;
        while (stops_at(*kept, BETWEEN))
            kept++;
    }
    if (out == NULL)
        return header;
    memcpy(p, kept, strlen(kept) + 1);
    p += strlen(kept);
    while (p > out && stops_at(p[-1], BETWEEN))
        *--p = '\0';
    return *out != '\0' ? out : NULL;
}

char *sso_cookie_format(apr_pool_t *pool, const char *name, const char *value, const sso_cookie_attrs_t *attrs)
{
    static const char *const samesites[] = {
        [SSO_SAMESITE_LAX] = "; SameSite=Lax",
        [SSO_SAMESITE_STRICT] = "; SameSite=Strict",
        [SSO_SAMESITE_NONE] = "; SameSite=None",
    };
    const char *age = "";

    if (attrs->max_age == 0)
        age = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    else if (attrs->max_age > 0)
        age = apr_psprintf(pool, "; Max-Age=%d", attrs->max_age);
    return apr_pstrcat(pool, name, "=", value, "; Path=", attrs->path, attrs->domain != NULL ? "; Domain=" : "",
                       attrs->domain != NULL ? attrs->domain : "", age, attrs->secure ? "; Secure" : "", "; HttpOnly",
                       samesites[attrs->samesite], attrs->partitioned ? "; Partitioned" : "", NULL);
}

/* What may stand in an attribute: a ';' would begin another attribute. */
static int is_attribute(const char *str)
{
    for (; *str != '\0'; str++) {
        if (*str <= ' ' || *str > '~' || *str == ';' || *str == ',')
            return 0;
    }
    return 1;
}

sso_rc_t sso_cookie_check(const char *name, const sso_cookie_attrs_t *attrs, sso_err_t *err)
{
    if (!sso_text_is_token(name))
        return sso_err_set(err, SSO_E_CONFIG, "cookie-name", "a cookie name consists of letters, digits and - . _");
    if (attrs->path == NULL || attrs->path[0] != '/' || !is_attribute(attrs->path))
        return sso_err_set(err, SSO_E_CONFIG, "cookie-attribute", "cookie %s: not a path", name);
    if (attrs->domain != NULL && (attrs->domain[0] == '\0' || !is_attribute(attrs->domain)))
        return sso_err_set(err, SSO_E_CONFIG, "cookie-attribute", "cookie %s: not a domain", name);
    /* RFC 6265bis 4.1.3; browsers compare the prefix without regard to case. */
    if (strncasecmp(name, "__Host-", 7) == 0 &&
        (!attrs->secure || attrs->domain != NULL || strcmp(attrs->path, "/") != 0))
        return sso_err_set(err, SSO_E_CONFIG, "cookie-prefix", "cookie %s needs Secure, Path=/ and no Domain", name);
    if (strncasecmp(name, "__Secure-", 9) == 0 && !attrs->secure)
        return sso_err_set(err, SSO_E_CONFIG, "cookie-prefix", "cookie %s needs Secure", name);
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Where a browser goes for a reference: the part of the WHATWG URL parser that finds scheme, host and port, written for
 * the fuzzers without a look at src/base/url.c, which has to come to the same end. Base: an http(s) page. */
#ifndef FUZZ_BROWSER_H
#define FUZZ_BROWSER_H

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "fuzz.h"

typedef struct browser_t {
    char scheme[16];
    char host[512]; /* lower case, percent-decoded, as it stands */
    int port;       /* -1: not one */
    const char *path; /* what follows the authority, or the whole reference */
} browser_t;

static inline int browser_slash(char c)
{
    return c == '/' || c == '\\';
}

/* WHATWG URL 4.4, before the state machine: C0 and blanks at the ends go, then every tab, CR and LF. */
static inline char *browser_clean(const char *text)
{
    size_t len = strlen(text), n = 0;
    while (len > 0 && (unsigned char)*text <= ' ')
        text++, len--;
    while (len > 0 && (unsigned char)text[len - 1] <= ' ')
        len--;
    char *out = apr_palloc(fuzz_pool, len + 1);
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
            out[n++] = text[i];
    }
    out[n] = '\0';
    return out;
}

static inline int browser_hex(const char *p)
{
    const char digits[3] = {p[0], p[0] != '\0' ? p[1] : '\0', '\0'};
    int both = isxdigit((unsigned char)digits[0]) && isxdigit((unsigned char)digits[1]);
    return both ? (int)strtol(digits, NULL, 16) : -1;
}

/* Authority state, host state, port state; `p` is behind the slashes. */
static inline void browser_authority(const char *p, browser_t *where)
{
    const char *end = p + strcspn(p, "/\\?#"), *at = p, *colon = NULL;
    size_t n = 0;
    int bracket = 0;
    for (const char *q = p; q < end; q++) {
        if (*q == '@')
            at = q + 1;
    }
    for (const char *q = at; q < end && colon == NULL; q++) {
        bracket = *q == '[' ? 1 : *q == ']' ? 0 : bracket;
        if (*q == ':' && !bracket)
            colon = q;
    }
    for (const char *q = at; q < (colon != NULL ? colon : end) && n < sizeof(where->host) - 1; q++) {
        int c = *q == '%' ? browser_hex(q + 1) : -1;
        q += c >= 0 ? 2 : 0;
        where->host[n++] = (char)tolower(c >= 0 ? c : (unsigned char)*q);
    }
    where->host[n] = '\0';
    where->port = strcmp(where->scheme, "https") == 0 ? 443 : strcmp(where->scheme, "http") == 0 ? 80 : -1;
    if (colon != NULL && colon + 1 < end) {
        where->port = 0;
        for (const char *q = colon + 1; q < end && where->port >= 0; q++)
            where->port = isdigit((unsigned char)*q) && where->port < 65536 ? where->port * 10 + (*q - '0') : -1;
    }
    where->path = end;
}

/* Scheme start, scheme, no scheme, special relative or authority, relative, relative slash states. */
static inline browser_t browser_resolve(const char *reference, const browser_t *base)
{
    browser_t where = *base;
    const char *p = browser_clean(reference);
    size_t len = 0;

    if (isalpha((unsigned char)*p)) {
        while (isalnum((unsigned char)p[len]) || (p[len] != '\0' && strchr("+-.", p[len]) != NULL))
            len++;
    }
    if (len > 0 && p[len] == ':') {
        size_t i = 0;
        for (; i < len && i < sizeof(where.scheme) - 1; i++)
            where.scheme[i] = (char)tolower((unsigned char)p[i]);
        where.scheme[i] = '\0';
        p += len + 1;
        if (strcmp(where.scheme, "http") != 0 && strcmp(where.scheme, "https") != 0) {
            where.host[0] = '\0';
            where.port = -1;
            where.path = p;
            return where;
        }
        if (strcmp(where.scheme, base->scheme) != 0 || (p[0] == '/' && p[1] == '/')) {
            while (browser_slash(*p))
                p++;
            browser_authority(p, &where);
            return where;
        }
    }
    if (browser_slash(p[0]) && browser_slash(p[1])) {
        while (browser_slash(*p))
            p++;
        browser_authority(p, &where);
        return where;
    }
    where.path = p;
    return where;
}

/* A browser resolves dot segments after it has read the path as segments; a path whose first segments vanish may begin
 * with two slashes then, which names no host, but would if somebody redirected to it. */
static inline int browser_path_is_tame(const char *path)
{
    int c;
    if (!browser_slash(path[0]))
        return 0;
    path++;
    if (browser_slash(*path))
        return 0;
    c = *path == '%' ? browser_hex(path + 1) : -1;
    return c < 0 || (c > ' ' && c != 0x7f && c != '/' && c != '\\');
}

#endif

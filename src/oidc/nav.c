/* SPDX-License-Identifier: Apache-2.0 */
/* Navigation or program (nav.h). Sec-Fetch-* (W3C Fetch Metadata) cannot be set by scripts, so it is believed first;
 * Accept is what is left for browsers and tools that do not send it. */
#include "oidc/nav.h"

#include <string.h>
#include <strings.h>

static int is_given(const char *header)
{
    return header && *header;
}

/* The media range at *pos without its parameters; *ret_zero: q=0, "not acceptable" (RFC 9110 12.4.2). */
static const char *next_range(const char **pos, size_t *ret_len, int *ret_zero)
{
    const char *p = *pos + strspn(*pos, ", \t");
    const char *end = p + strcspn(p, ",");
    size_t len = strcspn(p, ",; \t");

    *ret_zero = 0;
    for (const char *q = p + len; q < end; q++) {
        if (*q == ';') {
            q += 1 + strspn(q + 1, " \t");
            if ((q[0] == 'q' || q[0] == 'Q') && q[1] == '=' && q[2] == '0') {
                char digit = q[3 + strspn(q + 3, ".0")];
                *ret_zero = digit < '1' || digit > '9';
            }
            q--;
        }
    }
    *pos = end;
    *ret_len = len;
    return len ? p : NULL;
}

static int accepts_html(const char *accept)
{
    const char *range;
    size_t len;
    int zero;

    if (!accept)
        return 0;
    while ((range = next_range(&accept, &len, &zero)) != NULL) {
        if (len == 9 && strncasecmp(range, "text/html", len) == 0 && !zero)
            return 1;
    }
    return 0;
}

static int is_prefetch_or_upgrade(const sso_nav_facts_t *facts)
{
    return is_given(facts->sec_purpose) || is_given(facts->upgrade);
}

int sso_nav_is_navigation(const sso_nav_facts_t *facts)
{
    if (!facts->method || (strcmp(facts->method, "GET") != 0 && strcmp(facts->method, "HEAD") != 0))
        return 0;
    if (is_prefetch_or_upgrade(facts))
        return 0;
    if (is_given(facts->sec_fetch_dest))
        return strcmp(facts->sec_fetch_dest, "document") == 0;
    if (is_given(facts->sec_fetch_mode) && strcmp(facts->sec_fetch_mode, "navigate") != 0)
        return 0;
    return accepts_html(facts->accept) && !is_given(facts->x_requested_with);
}

int sso_nav_is_activity(const sso_nav_facts_t *facts)
{
    static const char *const people[] = {"document", "iframe", "frame", "empty", NULL};
    static const char *const parts[] = {"image/",
                                        "font/",
                                        "text/css",
                                        "application/font",
                                        "text/javascript",
                                        "application/javascript",
                                        "application/x-javascript",
                                        NULL};

    if (is_prefetch_or_upgrade(facts))
        return 0;
    if (is_given(facts->sec_fetch_dest)) {
        for (const char *const *p = people; *p; p++) {
            if (strcmp(facts->sec_fetch_dest, *p) == 0)
                return 1;
        }
        return 0;
    }
    /* A browser names the kind it wants first. */
    if (facts->accept) {
        const char *first = facts->accept + strspn(facts->accept, ", \t");
        for (const char *const *p = parts; *p; p++) {
            if (strncasecmp(first, *p, strlen(*p)) == 0)
                return 0;
        }
    }
    return 1;
}

int sso_nav_is_deliberate(const sso_nav_facts_t *facts)
{
    static const char *const askers[] = {"empty", "iframe", "frame", NULL};

    if (is_given(facts->sec_purpose))
        return 0;
    if (!is_given(facts->sec_fetch_dest) || strcmp(facts->sec_fetch_dest, "document") == 0)
        return 1;
    for (const char *const *a = askers; *a; a++) {
        if (strcmp(facts->sec_fetch_dest, *a) == 0)
            return !is_given(facts->sec_fetch_site) || strcmp(facts->sec_fetch_site, "cross-site") != 0;
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Freshness of what the provider publishes, and the rate of asking again (RFC 9111 5.2.2, OIDC Core 10.1.1). */
#include "oidc/fresh.h"

#include <string.h>
#include <strings.h>

#define CLOCK_SLACK apr_time_from_sec(300) /* clocks of machines that share a disk copy */

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* delta-seconds of "max-age=N" or max-age="N"; digits beyond the cap do not overflow. -1: no number. */
static int read_seconds(const char *p, const char *end)
{
    int value = 0;

    if (p < end && *p == '"')
        p++;
    if (p >= end || *p < '0' || *p > '9')
        return -1;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (*p - '0');
        if (value > SSO_FRESH_CAP)
            return SSO_FRESH_CAP;
    }
    return value;
}

static int directive_is(const char *p, const char *end, const char *name)
{
    apr_size_t len = strlen(name);
    return (apr_size_t)(end - p) >= len && strncasecmp(p, name, len) == 0 &&
           (p + len == end || p[len] == '=' || is_blank(p[len]));
}

/* What one directive says about the lifetime: seconds, or -1 when it says nothing. */
static int read_directive(const char *p, const char *end)
{
    if (directive_is(p, end, "no-store") || directive_is(p, end, "no-cache"))
        return 0;
    if (directive_is(p, end, "max-age")) {
        int value = -1;
        const char *eq = memchr(p, '=', (apr_size_t)(end - p));
        if (eq != NULL)
            value = read_seconds(eq + 1, end);
        return value < 0 ? 0 : value; /* RFC 9111 4.2.1: not understood is stale */
    }
    return -1;
}

int sso_fresh_lifetime(const char *cache_control)
{
    int lifetime = -1;

    for (const char *p = cache_control; p != NULL && *p != '\0';) {
        const char *end = p + strcspn(p, ",");
        while (p < end && is_blank(*p))
            p++;
        int said = read_directive(p, end);
        if (said >= 0 && (lifetime < 0 || said < lifetime))
            lifetime = said; /* contradictions: the shorter one */
        p = *end == ',' ? end + 1 : end;
    }
    if (lifetime < 0)
        lifetime = SSO_FRESH_DEFAULT;
    if (lifetime < SSO_FRESH_FLOOR)
        lifetime = SSO_FRESH_FLOOR;
    return lifetime > SSO_FRESH_CAP ? SSO_FRESH_CAP : lifetime;
}

sso_fresh_t sso_fresh_stamp(apr_time_t now, const char *cache_control, unsigned spread)
{
    apr_interval_time_t lifetime = apr_time_from_sec(sso_fresh_lifetime(cache_control));
    sso_fresh_t fresh = {now, 0, now + lifetime};
    /* between 70 and 90 % of the lifetime */
    fresh.due = now + lifetime / 10 * 7 + lifetime / 5 * (apr_interval_time_t)(spread % 1000) / 1000;
    return fresh;
}

sso_fresh_state_t sso_fresh_state(const sso_fresh_t *fresh, apr_time_t now)
{
    if (fresh->fetched > now + CLOCK_SLACK)
        return SSO_FRESH_EXPIRED;
    if (now < fresh->due)
        return SSO_FRESH_GOOD;
    if (now < fresh->expires)
        return SSO_FRESH_DUE;
    return now < fresh->expires + apr_time_from_sec(SSO_FRESH_GRACE) ? SSO_FRESH_EXPIRED : SSO_FRESH_DEAD;
}

int sso_fresh_is_sane(const sso_fresh_t *fresh)
{
    return fresh->fetched > 0 && fresh->fetched < APR_INT64_MAX / 2 && fresh->due >= fresh->fetched &&
           fresh->expires >= fresh->due && fresh->expires - fresh->fetched <= apr_time_from_sec(SSO_FRESH_CAP);
}

int sso_fresh_take(apr_int64_t bucket, apr_time_t now, int trusted, apr_int64_t *ret_bucket)
{
    const apr_int64_t refill = apr_time_from_sec(SSO_FRESH_REFILL);
    apr_int64_t arrival = bucket;

    /* In the past: the bucket is full. Further ahead than it can get: the clock was set back. */
    if (arrival < now || arrival > now + SSO_FRESH_BURST * refill)
        arrival = now;
    if (arrival > now + (SSO_FRESH_BURST - (trusted ? 1 : 2)) * refill)
        return 0;
    *ret_bucket = arrival + refill;
    return 1;
}

apr_interval_time_t sso_fresh_backoff(unsigned failures)
{
    unsigned doublings = failures > 0 ? failures - 1 : 0;
    return apr_time_from_sec(doublings >= 5 ? 300 : SSO_FRESH_REMEMBER << doublings);
}

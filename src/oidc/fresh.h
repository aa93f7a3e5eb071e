/* SPDX-License-Identifier: Apache-2.0 */
/* How long metadata and keys are good, and how often we may ask again (DESIGN §6). Decisions only: numbers in, numbers
 * out; src/httpd/meta.c acts on them. */
#ifndef SSO_OIDC_FRESH_H
#define SSO_OIDC_FRESH_H

#include <apr_time.h>

#include "base/err.h"

/* Seconds. The floor keeps a provider's `no-cache` from making us fetch for every login, the cap a `max-age` of years
 * from keeping a withdrawn key for good. */
#ifndef SSO_FRESH_FLOOR
#define SSO_FRESH_FLOOR 300
#endif
#define SSO_FRESH_DEFAULT 3600 /* the provider says nothing */
#define SSO_FRESH_CAP     86400
#define SSO_FRESH_GRACE   86400 /* an expired copy serves as long as that while the provider cannot be reached */

#define SSO_FRESH_REMEMBER 10 /* a failed first fetch is answered from memory */

#define SSO_FRESH_BURST  3  /* fetches of the keys for an unknown kid: this many at once, … */
#define SSO_FRESH_REFILL 60 /* … then one each so many seconds */

typedef struct sso_fresh_t {
    apr_time_t fetched;
    apr_time_t due;     /* a background refresh may start */
    apr_time_t expires; /* a refresh is wanted, the copy goes on serving meanwhile */
} sso_fresh_t;

typedef enum {
    SSO_FRESH_GOOD,
    SSO_FRESH_DUE,
    SSO_FRESH_EXPIRED, /* usable only because nothing newer can be had */
    SSO_FRESH_DEAD     /* not usable */
} sso_fresh_state_t;

/* Lifetime in seconds that a Cache-Control value (may be NULL or "") asks for, within floor and cap (RFC 9111 5.2.2).
 */
int sso_fresh_lifetime(const char *cache_control);
/* Stamps something fetched at `now`. `spread`: any random number; it moves `due` so that servers do not ask in step. */
sso_fresh_t sso_fresh_stamp(apr_time_t now, const char *cache_control, unsigned spread);
/* State at `now`. A stamp from the future (a clock that was set back) counts as expired. */
sso_fresh_state_t sso_fresh_state(const sso_fresh_t *fresh, apr_time_t now);
/* A stamp read from disk: 1 when it could have been made by sso_fresh_stamp. */
int sso_fresh_is_sane(const sso_fresh_t *fresh);

/* The rate limit as one number (the theoretical arrival time of the generic cell rate algorithm), so that it can be
 * kept in one atomic word: 1 and the word's next value, or 0. A fresh bucket is 0. `trusted`: the token came from the
 * provider itself. One fetch is kept for such: a flood of forged kids cannot keep the first real rotation unseen. */
int sso_fresh_take(apr_int64_t bucket, apr_time_t now, int trusted, apr_int64_t *ret_bucket);
/* How long to wait after the n-th failed refresh in a row (n >= 1). */
apr_interval_time_t sso_fresh_backoff(unsigned failures);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. A place: free -> busy -> full -> free; a full one changes only by leaving that state. */
#include "httpd/share_queue.h"

#include <stdatomic.h>
#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics have to be lock-free: they are shared by processes");

enum { FREE = 0, BUSY, FULL, STATES = 4 };

typedef struct place_t {
    _Atomic apr_uint64_t mark; /* turn * STATES + state: tells whether a place changed hands */
    apr_uint64_t tag;
    _Atomic apr_int64_t until;
    char text[MOD_SSO_QUEUE_TEXT_MAX + 1];
} place_t;

struct mod_sso_queue_t {
    place_t place[MOD_SSO_QUEUE_PLACES];
};

apr_size_t mod_sso_queue_size(void)
{
    return sizeof(mod_sso_queue_t);
}

int mod_sso_queue_put(mod_sso_queue_t *queue, apr_uint64_t tag, const char *text, apr_int64_t until, apr_int64_t now)
{
    apr_size_t len = strlen(text);

    if (len > MOD_SSO_QUEUE_TEXT_MAX)
        return 0;
    for (unsigned i = 0; i < MOD_SSO_QUEUE_PLACES; i++) {
        place_t *place = &queue->place[i];
        apr_uint64_t mark = atomic_load(&place->mark);
        unsigned state = (unsigned)(mark % STATES);
        if (state != FREE && !(state == FULL && atomic_load(&place->until) <= now))
            continue;
        apr_uint64_t mine = (mark / STATES + 1) * STATES + BUSY;
        if (!atomic_compare_exchange_strong(&place->mark, &mark, mine))
            continue;
        place->tag = tag;
        atomic_store(&place->until, until);
        memcpy(place->text, text, len + 1);
        atomic_store(&place->mark, mine - BUSY + FULL);
        return 1;
    }
    return 0;
}

int mod_sso_queue_next(mod_sso_queue_t *queue, apr_uint64_t tag, apr_int64_t now, unsigned *at,
                       mod_sso_queue_item_t *ret_item)
{
    for (; *at < MOD_SSO_QUEUE_PLACES; (*at)++) {
        place_t *place = &queue->place[*at];
        apr_uint64_t mark = atomic_load(&place->mark);
        if (mark % STATES != FULL || place->tag != tag || atomic_load(&place->until) <= now)
            continue;
        memcpy(ret_item->text, place->text, sizeof(ret_item->text));
        ret_item->text[MOD_SSO_QUEUE_TEXT_MAX] = '\0';
        if (atomic_load(&place->mark) != mark)
            continue;
        ret_item->place = (*at)++;
        ret_item->mark = mark;
        return 1;
    }
    return 0;
}

void mod_sso_queue_remove(mod_sso_queue_t *queue, const mod_sso_queue_item_t *item)
{
    apr_uint64_t mark = item->mark; /* not what has taken its place meanwhile */
    (void)atomic_compare_exchange_strong(&queue->place[item->place].mark, &mark, mark - FULL + FREE);
}

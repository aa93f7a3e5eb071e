/* SPDX-License-Identifier: Apache-2.0 */
/* One owner a key; see the header. */
#include "httpd/flight.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include <sys/types.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics have to be lock-free: they are shared by processes");

/* 0: free; else process id << 32 | the second it is given up at. */
typedef _Atomic apr_uint64_t slot_t;

struct mod_sso_flight_t {
    apr_uint64_t slots;
    slot_t slot[];
};

apr_size_t mod_sso_flight_size(apr_uint32_t slots)
{
    return sizeof(mod_sso_flight_t) + slots * sizeof(slot_t);
}

mod_sso_flight_t *mod_sso_flight_init(void *zeroed, apr_uint32_t slots)
{
    mod_sso_flight_t *flight = zeroed;
    flight->slots = slots;
    return flight;
}

static slot_t *slot_of(mod_sso_flight_t *flight, const unsigned char *key)
{
    apr_uint32_t n = (apr_uint32_t)key[0] << 24 | (apr_uint32_t)key[1] << 16 | (apr_uint32_t)key[2] << 8 | key[3];
    return &flight->slot[n & (flight->slots - 1)];
}

static int is_lost(apr_uint64_t mark, apr_uint32_t now)
{
    return (apr_uint32_t)mark <= now || (kill((pid_t)(mark >> 32), 0) != 0 && errno == ESRCH);
}

int mod_sso_flight_take(mod_sso_flight_t *flight, const unsigned char *key, apr_uint32_t pid, apr_uint32_t now,
                        unsigned lease, mod_sso_flight_ticket_t *ret_ticket)
{
    slot_t *slot = slot_of(flight, key);
    apr_uint64_t mark = (apr_uint64_t)pid << 32 | (apr_uint32_t)(now + lease);
    apr_uint64_t held = atomic_load(slot);

    if ((held != 0 && !is_lost(held, now)) || !atomic_compare_exchange_strong(slot, &held, mark))
        return 0;
    *ret_ticket = (mod_sso_flight_ticket_t){slot, mark};
    return 1;
}

int mod_sso_flight_is_taken(mod_sso_flight_t *flight, const unsigned char *key, apr_uint32_t now)
{
    apr_uint64_t held = atomic_load(slot_of(flight, key));
    return held != 0 && !is_lost(held, now);
}

int mod_sso_flight_holds(const mod_sso_flight_ticket_t *ticket)
{
    return ticket->slot != NULL && atomic_load((slot_t *)ticket->slot) == ticket->mark;
}

void mod_sso_flight_leave(mod_sso_flight_ticket_t *ticket)
{
    apr_uint64_t held = ticket->mark; /* a place that was given up for lost belongs to somebody else by now */
    if (ticket->slot != NULL)
        (void)atomic_compare_exchange_strong((slot_t *)ticket->slot, &held, 0);
    ticket->slot = NULL;
}

void mod_sso_flight_forget(mod_sso_flight_t *flight, apr_uint32_t pid)
{
    for (apr_uint64_t i = 0; i < flight->slots; i++) {
        apr_uint64_t held = atomic_load(&flight->slot[i]);
        if (held != 0 && (apr_uint32_t)(held >> 32) == pid)
            (void)atomic_compare_exchange_strong(&flight->slot[i], &held, 0);
    }
}

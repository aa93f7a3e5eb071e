/* SPDX-License-Identifier: Apache-2.0 */
/* One owner a key; see the header. */
#include "httpd/flight.h"

#include "httpd/lease.h"

struct mod_sso_flight_t {
    apr_uint64_t slots;
    mod_sso_lease_t slot[];
};

apr_size_t mod_sso_flight_size(apr_uint32_t slots)
{
    return sizeof(mod_sso_flight_t) + slots * sizeof(mod_sso_lease_t);
}

mod_sso_flight_t *mod_sso_flight_init(void *zeroed, apr_uint32_t slots)
{
    mod_sso_flight_t *flight = zeroed;
    flight->slots = slots;
    return flight;
}

static mod_sso_lease_t *slot_of(mod_sso_flight_t *flight, const unsigned char *key)
{
    apr_uint32_t n = (apr_uint32_t)key[0] << 24 | (apr_uint32_t)key[1] << 16 | (apr_uint32_t)key[2] << 8 | key[3];
    return &flight->slot[n & (flight->slots - 1)];
}

int mod_sso_flight_take(mod_sso_flight_t *flight, const unsigned char *key, apr_uint32_t pid, apr_uint32_t now,
                        unsigned lease, mod_sso_flight_ticket_t *ret_ticket)
{
    mod_sso_lease_t *slot = slot_of(flight, key);
    apr_uint64_t mark = mod_sso_lease_mark(pid, now, lease);
    apr_uint64_t held = atomic_load(slot);

    if (!mod_sso_lease_is_lost(held, now) || !atomic_compare_exchange_strong(slot, &held, mark))
        return 0;
    *ret_ticket = (mod_sso_flight_ticket_t){slot, mark};
    return 1;
}

int mod_sso_flight_is_taken(mod_sso_flight_t *flight, const unsigned char *key, apr_uint32_t now)
{
    apr_uint64_t held = atomic_load(slot_of(flight, key));
    return !mod_sso_lease_is_lost(held, now);
}

int mod_sso_flight_holds(const mod_sso_flight_ticket_t *ticket)
{
    return ticket->slot != NULL && atomic_load((mod_sso_lease_t *)ticket->slot) == ticket->mark;
}

void mod_sso_flight_leave(mod_sso_flight_ticket_t *ticket)
{
    if (ticket->slot != NULL)
        mod_sso_lease_leave(ticket->slot, ticket->mark);
    ticket->slot = NULL;
}

void mod_sso_flight_forget(mod_sso_flight_t *flight, apr_uint32_t pid)
{
    for (apr_uint64_t i = 0; i < flight->slots; i++)
        mod_sso_lease_forget(&flight->slot[i], pid);
}

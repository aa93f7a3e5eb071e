/* SPDX-License-Identifier: Apache-2.0 */
/* Places for workers that wait for a provider; see the header. */
#include "httpd/bulkhead.h"

#include <string.h>

#include "httpd/lease.h"

typedef struct range_t {
    unsigned first;
    unsigned count;
    _Atomic apr_uint32_t refused;
} range_t;

struct mod_sso_bulkhead_t {
    unsigned providers;
    range_t total;
    range_t own[]; /* one a provider; the slots lie behind */
};

static apr_size_t slots_offset(unsigned count)
{
    apr_size_t head = sizeof(mod_sso_bulkhead_t) + count * sizeof(range_t);
    return (head + sizeof(mod_sso_lease_t) - 1) / sizeof(mod_sso_lease_t) * sizeof(mod_sso_lease_t);
}

static mod_sso_lease_t *slots_of(mod_sso_bulkhead_t *bulkhead)
{
    return (mod_sso_lease_t *)(void *)((char *)bulkhead + slots_offset(bulkhead->providers));
}

apr_size_t mod_sso_bulkhead_size(unsigned total, const unsigned *limits, unsigned count)
{
    apr_size_t slots = total;
    for (unsigned i = 0; i < count; i++)
        slots += limits[i];
    return slots_offset(count) + slots * sizeof(mod_sso_lease_t);
}

mod_sso_bulkhead_t *mod_sso_bulkhead_init(void *zeroed, unsigned total, const unsigned *limits, unsigned count)
{
    mod_sso_bulkhead_t *bulkhead = zeroed;
    unsigned next = total;

    bulkhead->providers = count;
    bulkhead->total.count = total;
    for (unsigned i = 0; i < count; i++) {
        bulkhead->own[i].first = next;
        bulkhead->own[i].count = limits[i];
        next += limits[i];
    }
    return bulkhead;
}

static mod_sso_lease_t *claim_slot(mod_sso_bulkhead_t *bulkhead, const range_t *range, apr_uint64_t mark,
                                   apr_uint32_t now, int ask_system)
{
    mod_sso_lease_t *slot = slots_of(bulkhead) + range->first;
    for (unsigned i = 0; i < range->count; i++, slot++) {
        apr_uint64_t held = atomic_load(slot);
        int is_free = ask_system ? mod_sso_lease_is_lost(held, now) : mod_sso_lease_is_over(held, now);
        if (is_free && atomic_compare_exchange_strong(slot, &held, mark))
            return slot;
    }
    return NULL;
}

/* Only a full range is worth a system call for each of its slots. */
static mod_sso_lease_t *claim(mod_sso_bulkhead_t *bulkhead, range_t *range, apr_uint64_t mark, apr_uint32_t now)
{
    mod_sso_lease_t *slot = claim_slot(bulkhead, range, mark, now, 0);
    if (slot == NULL)
        slot = claim_slot(bulkhead, range, mark, now, 1);
    if (slot == NULL)
        (void)atomic_fetch_add_explicit(&range->refused, 1, memory_order_relaxed);
    return slot;
}

int mod_sso_bulkhead_enter(mod_sso_bulkhead_t *bulkhead, unsigned provider, apr_uint32_t pid, apr_uint32_t now,
                           unsigned lease, mod_sso_ticket_t *ret_ticket)
{
    apr_uint64_t mark = mod_sso_lease_mark(pid, now, lease);

    if (provider >= bulkhead->providers)
        return 0;
    mod_sso_lease_t *own = claim(bulkhead, &bulkhead->own[provider], mark, now);
    if (own == NULL)
        return 0;
    mod_sso_lease_t *total = claim(bulkhead, &bulkhead->total, mark, now);
    if (total == NULL) {
        mod_sso_lease_leave(own, mark);
        (void)atomic_fetch_add_explicit(&bulkhead->own[provider].refused, 1, memory_order_relaxed);
        return 0;
    }
    *ret_ticket = (mod_sso_ticket_t){{own, total}, mark};
    return 1;
}

void mod_sso_bulkhead_leave(mod_sso_ticket_t *ticket)
{
    for (int i = 0; i < 2; i++) {
        if (ticket->slot[i] != NULL)
            mod_sso_lease_leave(ticket->slot[i], ticket->mark);
        ticket->slot[i] = NULL;
    }
}

static unsigned count_slots(const mod_sso_bulkhead_t *bulkhead)
{
    unsigned count = bulkhead->total.count;
    for (unsigned i = 0; i < bulkhead->providers; i++)
        count += bulkhead->own[i].count;
    return count;
}

void mod_sso_bulkhead_forget(mod_sso_bulkhead_t *bulkhead, apr_uint32_t pid)
{
    mod_sso_lease_t *slot = slots_of(bulkhead);
    for (unsigned i = 0, n = count_slots(bulkhead); i < n; i++, slot++)
        mod_sso_lease_forget(slot, pid);
}

mod_sso_bulkhead_view_t mod_sso_bulkhead_look(mod_sso_bulkhead_t *bulkhead, unsigned provider)
{
    const range_t *range = provider < bulkhead->providers ? &bulkhead->own[provider] : &bulkhead->total;
    const mod_sso_lease_t *slot = slots_of(bulkhead) + range->first;
    mod_sso_bulkhead_view_t view = {0, range->count, atomic_load(&range->refused)};
    for (unsigned i = 0; i < range->count; i++, slot++) {
        apr_uint64_t held = atomic_load(slot);
        view.used += held != 0 && !mod_sso_lease_is_orphan(held);
    }
    return view;
}

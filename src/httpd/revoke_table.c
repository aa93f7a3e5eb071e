/* SPDX-License-Identifier: Apache-2.0 */
/* Lock-free revocation table; the states are drawn in the header. */
#include "httpd/revoke_table.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics have to be lock-free: they are shared by processes");

enum { STATE_FREE = 0, STATE_BUSY, STATE_TENTATIVE, STATE_LIVE };

#define UPDATE_MARGIN                                                                                                  \
    60 /* seconds an entry must still have to be changed in place: it is not reclaimed under our hands */
#define SPINS 1000

/* until:32 | sequence:16 | kind:8 | state:8. The sequence tells a reader that a slot changed hands. */
typedef struct slot_t {
    _Atomic apr_uint64_t control;
    _Atomic apr_uint64_t key[2];
    _Atomic apr_int64_t cutoff;
} slot_t;

_Static_assert(sizeof(slot_t) == 32, "slots of 32 bytes");

struct mod_sso_revoke_table_t {
    apr_uint64_t salt[2];
    apr_uint32_t slots;
    _Atomic apr_uint32_t latest; /* no entry counts after this second: one load tells that the table is empty */
    slot_t slot[];
};

typedef struct entry_t {
    unsigned kind;
    apr_uint64_t key[2];
    apr_int64_t cutoff;
    apr_uint32_t until;
    apr_uint32_t now;
} entry_t;

static unsigned state_of(apr_uint64_t control)
{
    return (unsigned)(control & 0xff);
}

static unsigned kind_of(apr_uint64_t control)
{
    return (unsigned)(control >> 8 & 0xff);
}

static apr_uint32_t until_of(apr_uint64_t control)
{
    return (apr_uint32_t)(control >> 32);
}

static apr_uint64_t make_control(apr_uint64_t old, apr_uint32_t until, unsigned kind, unsigned state)
{
    apr_uint64_t sequence = ((old >> 16) + 1) & 0xffff;
    return (apr_uint64_t)until << 32 | sequence << 16 | (apr_uint64_t)kind << 8 | state;
}

/* The same slot in the same hands: until may have been raised. */
static int is_same_holder(apr_uint64_t a, apr_uint64_t b)
{
    return (a & 0xffffffff) == (b & 0xffffffff);
}

static int is_counting(apr_uint64_t control, apr_uint32_t now)
{
    unsigned state = state_of(control);
    return (state == STATE_LIVE || state == STATE_TENTATIVE) && until_of(control) > now;
}

static int is_claimable(apr_uint64_t control, apr_uint32_t now)
{
    unsigned state = state_of(control);
    return state == STATE_FREE || ((state == STATE_LIVE || state == STATE_TENTATIVE) && until_of(control) <= now);
}

static apr_uint64_t mix(apr_uint64_t x)
{
    x ^= x >> 32;
    x *= APR_UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 29;
    x *= APR_UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ x >> 32;
}

static slot_t *slot_at(mod_sso_revoke_table_t *table, apr_uint32_t place)
{
    return &table->slot[place & (table->slots - 1)];
}

static apr_uint32_t place_of(const mod_sso_revoke_table_t *table, const entry_t *e)
{
    apr_uint64_t h = mix(e->key[0] ^ table->salt[0]);
    h = mix(h ^ e->key[1] ^ table->salt[1] ^ e->kind);
    return (apr_uint32_t)h & (table->slots - 1);
}

/* Is this slot a counting entry of e's kind and key? *ret_control: what it was when that was true. */
static int is_match(slot_t *slot, const entry_t *e, apr_uint64_t *ret_control)
{
    for (int tries = 0; tries < 4; tries++) {
        apr_uint64_t before = atomic_load_explicit(&slot->control, memory_order_acquire);
        if (!is_counting(before, e->now) || kind_of(before) != e->kind)
            return 0;
        int same = atomic_load_explicit(&slot->key[0], memory_order_relaxed) == e->key[0] &&
                   atomic_load_explicit(&slot->key[1], memory_order_relaxed) == e->key[1];
        atomic_thread_fence(memory_order_acquire);
        apr_uint64_t after = atomic_load_explicit(&slot->control, memory_order_relaxed);
        if (is_same_holder(before, after)) {
            *ret_control = after;
            return same;
        }
    }
    return 0;
}

static void raise_latest(mod_sso_revoke_table_t *table, apr_uint32_t until)
{
    apr_uint32_t old = atomic_load(&table->latest);
    while (old < until && !atomic_compare_exchange_weak(&table->latest, &old, until))
        ;
}

static void raise_cutoff(slot_t *slot, apr_int64_t cutoff)
{
    apr_int64_t old = atomic_load(&slot->cutoff);
    while (old < cutoff && !atomic_compare_exchange_weak(&slot->cutoff, &old, cutoff))
        ;
}

/* Claims the first slot of e's window that may be had, fills it and publishes it in `state`. *ret_at: which of the
 * window. 0 when there is none. */
static int insert_entry(mod_sso_revoke_table_t *table, const entry_t *e, unsigned state, apr_uint32_t *ret_at)
{
    apr_uint32_t place = place_of(table, e);

    raise_latest(table, e->until);
    for (apr_uint32_t i = 0; i < MOD_SSO_REVOKE_PROBE; i++) {
        slot_t *slot = slot_at(table, place + i);
        apr_uint64_t old = atomic_load(&slot->control);
        while (is_claimable(old, e->now)) {
            apr_uint64_t busy = make_control(old, 0, e->kind, STATE_BUSY);
            if (!atomic_compare_exchange_weak(&slot->control, &old, busy))
                continue;
            atomic_thread_fence(memory_order_release);
            atomic_store_explicit(&slot->key[0], e->key[0], memory_order_relaxed);
            atomic_store_explicit(&slot->key[1], e->key[1], memory_order_relaxed);
            atomic_store_explicit(&slot->cutoff, e->cutoff, memory_order_relaxed);
            atomic_store(&slot->control, make_control(busy, e->until, e->kind, state));
            *ret_at = i;
            return 1;
        }
    }
    return 0;
}

/* Makes a live entry count longer and for more, where it is sure to stay ours. 0: it is not. */
static int prolong_entry(slot_t *slot, apr_uint64_t control, const entry_t *e)
{
    while (state_of(control) == STATE_LIVE && until_of(control) > e->now + UPDATE_MARGIN) {
        raise_cutoff(slot, e->cutoff);
        if (until_of(control) >= e->until)
            return 1;
        apr_uint64_t longer = (apr_uint64_t)e->until << 32 | (control & 0xffffffff);
        apr_uint64_t seen = control;
        if (atomic_compare_exchange_strong(&slot->control, &seen, longer))
            return 1;
        if (!is_same_holder(seen, control))
            return 0;
        control = seen;
    }
    return 0;
}

static entry_t make_entry(unsigned kind, const unsigned char *key, apr_int64_t cutoff, apr_uint32_t until,
                          apr_uint32_t now)
{
    entry_t e = {kind & 0xff, {0, 0}, cutoff, until, now};
    memcpy(e.key, key, sizeof(e.key));
    return e;
}

apr_size_t mod_sso_revoke_table_size(apr_uint32_t slots)
{
    return sizeof(mod_sso_revoke_table_t) + (apr_size_t)slots * sizeof(slot_t);
}

mod_sso_revoke_table_t *mod_sso_revoke_table_init(void *zeroed, apr_uint32_t slots, const apr_uint64_t salt[2])
{
    mod_sso_revoke_table_t *table = zeroed;
    table->salt[0] = salt[0];
    table->salt[1] = salt[1];
    table->slots = slots;
    return table;
}

mod_sso_revoke_result_t mod_sso_revoke_table_add(mod_sso_revoke_table_t *table, unsigned kind, const unsigned char *key,
                                                 apr_int64_t cutoff, apr_uint32_t until, apr_uint32_t now)
{
    entry_t e = make_entry(kind, key, cutoff, until, now);
    apr_uint32_t place = place_of(table, &e);
    apr_uint32_t at;

    if (until <= now)
        return MOD_SSO_REVOKE_ADDED;
    raise_latest(table, until);
    for (apr_uint32_t i = 0; i < MOD_SSO_REVOKE_PROBE; i++) {
        slot_t *slot = slot_at(table, place + i);
        apr_uint64_t control;
        if (is_match(slot, &e, &control) && prolong_entry(slot, control, &e))
            return MOD_SSO_REVOKE_ADDED;
    }
    return insert_entry(table, &e, STATE_LIVE, &at) ? MOD_SSO_REVOKE_ADDED : MOD_SSO_REVOKE_FULL;
}

/* Waits until a slot is neither busy nor (when `tentative`) undecided; what it is then, or still is after a while. */
static apr_uint64_t await_slot(slot_t *slot, int tentative)
{
    apr_uint64_t control = atomic_load(&slot->control);
    for (int i = 0; i < SPINS; i++) {
        unsigned state = state_of(control);
        if (state != STATE_BUSY && !(tentative && state == STATE_TENTATIVE))
            break;
        sched_yield();
        control = atomic_load(&slot->control);
    }
    return control;
}

/* Does the entry at `mine` of the window win against every other of its key? Both of two that meet have published
 * before they look, so at least one sees the other: the later one in the window gives way, the earlier one waits for
 * that. */
static int settle_entry(mod_sso_revoke_table_t *table, const entry_t *e, apr_uint32_t mine)
{
    apr_uint32_t place = place_of(table, e);

    for (apr_uint32_t i = 0; i < MOD_SSO_REVOKE_PROBE; i++) {
        slot_t *slot = slot_at(table, place + i);
        apr_uint64_t control;
        if (i == mine)
            continue;
        (void)await_slot(slot, 0);
        if (!is_match(slot, e, &control))
            continue;
        if (state_of(control) == STATE_LIVE || i < mine)
            return 0;
        (void)await_slot(slot, 1);
        if (is_match(slot, e, &control))
            return 0; /* decided for it, or never decided: refusing is the safe side */
    }
    return 1;
}

mod_sso_revoke_result_t mod_sso_revoke_table_add_new(mod_sso_revoke_table_t *table, unsigned kind,
                                                     const unsigned char *key, apr_uint32_t until, apr_uint32_t now)
{
    entry_t e = make_entry(kind, key, APR_INT64_MAX, until, now);
    apr_uint32_t place = place_of(table, &e);
    apr_uint32_t at;

    if (until <= now)
        return MOD_SSO_REVOKE_SEEN; /* nothing could be remembered: the caller must not rely on it */
    for (apr_uint32_t i = 0; i < MOD_SSO_REVOKE_PROBE; i++) {
        apr_uint64_t control;
        if (is_match(slot_at(table, place + i), &e, &control) && state_of(control) == STATE_LIVE)
            return MOD_SSO_REVOKE_SEEN;
    }
    if (!insert_entry(table, &e, STATE_TENTATIVE, &at))
        return MOD_SSO_REVOKE_FULL;
    slot_t *slot = slot_at(table, place + at);
    int won = settle_entry(table, &e, at);
    /* Nobody but us changes a tentative entry that counts. A loser leaves an expired one: a free one ends probes. */
    apr_uint64_t control = atomic_load(&slot->control);
    atomic_store(&slot->control, make_control(control, won ? until : 0, e.kind, STATE_LIVE));
    return won ? MOD_SSO_REVOKE_ADDED : MOD_SSO_REVOKE_SEEN;
}

int mod_sso_revoke_table_has(mod_sso_revoke_table_t *table, unsigned kind, const unsigned char *key,
                             apr_int64_t created, apr_uint32_t now)
{
    if (now >= atomic_load_explicit(&table->latest, memory_order_acquire))
        return 0;
    entry_t e = make_entry(kind, key, 0, 0, now);
    apr_uint32_t place = place_of(table, &e);
    for (apr_uint32_t i = 0; i < MOD_SSO_REVOKE_PROBE; i++) {
        slot_t *slot = slot_at(table, place + i);
        apr_uint64_t control = atomic_load_explicit(&slot->control, memory_order_acquire);
        if (control == 0)
            return 0; /* never used: no entry of this key can lie behind it */
        if (is_match(slot, &e, &control) && created <= atomic_load(&slot->cutoff))
            return 1;
    }
    return 0;
}

apr_uint32_t mod_sso_revoke_table_count(mod_sso_revoke_table_t *table, apr_uint32_t now)
{
    apr_uint32_t count = 0;
    if (now >= atomic_load(&table->latest))
        return 0;
    for (apr_uint32_t i = 0; i < table->slots; i++)
        if (is_counting(atomic_load_explicit(&table->slot[i].control, memory_order_relaxed), now))
            count++;
    return count;
}

apr_uint32_t mod_sso_revoke_table_slots(const mod_sso_revoke_table_t *table)
{
    return table->slots;
}

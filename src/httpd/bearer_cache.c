/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/bearer_cache.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "base/text.h"

#define WAYS      4
#define LOCKS     32
#define ROOM_STEP 512 /* records of a slot grow and shrink without a new buffer */

typedef struct slot_t {
    mod_sso_bearer_key_t key;
    mod_sso_bearer_entry_t entry; /* bytes: the buffer below */
    unsigned char *buffer;        /* kept when the slot is used again; NULL: none yet */
    apr_size_t room;
    apr_time_t used; /* 0: free */
} slot_t;

struct mod_sso_bearer_cache_t {
    slot_t *slots;
    apr_uint32_t sets;
    apr_thread_mutex_t *locks[LOCKS];
    apr_thread_mutex_t *room_lock; /* for what follows: a pool is not for several threads */
    apr_pool_t *pool;
    apr_size_t budget;
};

apr_status_t mod_sso_bearer_cache_create(apr_pool_t *pool, unsigned slots, apr_size_t budget,
                                         mod_sso_bearer_cache_t **ret_cache)
{
    mod_sso_bearer_cache_t *cache = apr_pcalloc(pool, sizeof(*cache));

    cache->sets = (slots + WAYS - 1) / WAYS;
    cache->sets += cache->sets == 0;
    cache->slots = apr_pcalloc(pool, (apr_size_t)cache->sets * WAYS * sizeof(slot_t));
    cache->budget = budget;
    apr_status_t rv = apr_pool_create(&cache->pool, pool);
    if (rv == APR_SUCCESS)
        rv = apr_thread_mutex_create(&cache->room_lock, APR_THREAD_MUTEX_DEFAULT, pool);
    for (int i = 0; i < LOCKS && rv == APR_SUCCESS; i++)
        rv = apr_thread_mutex_create(&cache->locks[i], APR_THREAD_MUTEX_DEFAULT, pool);
    if (rv == APR_SUCCESS)
        *ret_cache = cache;
    return rv;
}

/* The set of a token. Its hash is as good as random to everybody. */
static apr_uint32_t set_of(const mod_sso_bearer_cache_t *cache, const mod_sso_bearer_key_t *key)
{
    apr_uint32_t number;
    memcpy(&number, key->hash, sizeof(number));
    return number % cache->sets;
}

static int is_key(const slot_t *slot, const mod_sso_bearer_key_t *key)
{
    return slot->used != 0 && slot->key.provider == key->provider &&
           sso_text_equal_ct(slot->key.hash, sizeof(key->hash), key->hash, sizeof(key->hash));
}

int mod_sso_bearer_cache_get(mod_sso_bearer_cache_t *cache, apr_pool_t *pool, const mod_sso_bearer_key_t *key,
                             apr_time_t now, mod_sso_bearer_entry_t *ret_entry)
{
    apr_uint32_t set = set_of(cache, key);
    slot_t *slots = &cache->slots[(apr_size_t)set * WAYS];
    int found = 0;

    apr_thread_mutex_lock(cache->locks[set % LOCKS]);
    for (int i = 0; i < WAYS && !found; i++) {
        slot_t *slot = &slots[i];
        if (!is_key(slot, key))
            continue;
        /* before it began: the clock was set back, and nobody knows for how long it would count */
        if (now < slot->entry.since || now >= slot->entry.until)
            break;
        slot->used = now;
        *ret_entry = slot->entry;
        ret_entry->bytes = apr_pmemdup(pool, slot->buffer, slot->entry.len);
        found = 1;
    }
    apr_thread_mutex_unlock(cache->locks[set % LOCKS]);
    return found;
}

/* Lock of the set held. 0: no room. */
static int make_room(mod_sso_bearer_cache_t *cache, slot_t *slot, apr_size_t len)
{
    apr_size_t room = (len + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
    unsigned char *buffer = NULL;

    if (slot->buffer != NULL && slot->room >= len)
        return 1;
    apr_thread_mutex_lock(cache->room_lock);
    if (room <= cache->budget) {
        cache->budget -= room;
        buffer = apr_palloc(cache->pool, room);
    }
    apr_thread_mutex_unlock(cache->room_lock);
    if (buffer == NULL)
        return 0;
    slot->buffer = buffer;
    slot->room = room;
    return 1;
}

/* The key's own slot, else a free or expired one, else the least recently used. */
static slot_t *choose(slot_t *slots, const mod_sso_bearer_key_t *key, apr_time_t now)
{
    slot_t *best = &slots[0];
    for (int i = 0; i < WAYS; i++) {
        if (is_key(&slots[i], key))
            return &slots[i];
        if (slots[i].used != 0 && slots[i].entry.until <= now)
            slots[i].used = 0;
        if (slots[i].used < best->used)
            best = &slots[i];
    }
    return best;
}

void mod_sso_bearer_cache_put(mod_sso_bearer_cache_t *cache, const mod_sso_bearer_key_t *key,
                              const mod_sso_bearer_entry_t *entry)
{
    apr_uint32_t set = set_of(cache, key);

    if (entry->len == 0 || entry->len > MOD_SSO_BEARER_RECORD_MAX || entry->until <= entry->since)
        return;
    apr_thread_mutex_lock(cache->locks[set % LOCKS]);
    slot_t *slot = choose(&cache->slots[(apr_size_t)set * WAYS], key, entry->since);
    slot->used = 0;
    if (make_room(cache, slot, entry->len)) {
        slot->key = *key;
        slot->entry = *entry;
        memcpy(slot->buffer, entry->bytes, entry->len);
        slot->entry.bytes = slot->buffer;
        slot->used = entry->since;
    }
    apr_thread_mutex_unlock(cache->locks[set % LOCKS]);
}

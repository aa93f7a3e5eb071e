/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. Places of a bucket are looked through one by one: a bucket is small, and only the process that speaks
 * with the cache does. A place is free when its time is over. */
#include "httpd/share_set.h"

#include <stdatomic.h>
#include <string.h>

#define VERSION 1

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics have to be lock-free: they are shared by processes");

typedef struct place_t {
    _Atomic apr_int64_t until; /* last to be written: a place that is half made is free */
    apr_int64_t cutoff;
    apr_uint64_t tag;
    unsigned char key[16];
    unsigned char kind;
    unsigned char tell;
} place_t;

typedef struct bucket_t {
    _Atomic apr_uint32_t used; /* places behind were never used */
    place_t place[MOD_SSO_SET_PLACES];
} bucket_t;

struct mod_sso_set_t {
    bucket_t bucket[MOD_SSO_SET_BUCKETS];
};

apr_size_t mod_sso_set_size(void)
{
    return sizeof(mod_sso_set_t);
}

unsigned mod_sso_set_bucket(const mod_sso_ended_t *ended)
{
    return ended->key[15] % MOD_SSO_SET_BUCKETS;
}

static int is_of(const place_t *place, apr_uint64_t tag, apr_time_t now)
{
    return atomic_load(&place->until) > now && place->tag == tag;
}

static int is_same(const place_t *place, apr_uint64_t tag, const mod_sso_ended_t *ended)
{
    return place->tag == tag && place->kind == ended->kind && memcmp(place->key, ended->key, 16) == 0;
}

static place_t *find(mod_sso_set_t *set, apr_uint64_t tag, const mod_sso_ended_t *ended, apr_time_t now,
                     place_t **ret_free)
{
    bucket_t *bucket = &set->bucket[mod_sso_set_bucket(ended)];
    unsigned used = atomic_load(&bucket->used);

    *ret_free = NULL;
    for (unsigned i = 0; i < used && i < MOD_SSO_SET_PLACES; i++) {
        place_t *place = &bucket->place[i];
        if (atomic_load(&place->until) <= now)
            *ret_free = place;
        else if (is_same(place, tag, ended))
            return place;
    }
    if (!*ret_free && used < MOD_SSO_SET_PLACES) {
        *ret_free = &bucket->place[used];
        atomic_store(&bucket->used, used + 1);
    }
    return NULL;
}

mod_sso_set_result_t mod_sso_set_add(mod_sso_set_t *set, apr_uint64_t tag, const mod_sso_ended_t *ended, unsigned tell,
                                     apr_time_t now)
{
    place_t *empty, *place;

    if (ended->until <= now || ended->kind == 0 || ended->kind > 255)
        return MOD_SSO_SET_OVER;
    place = find(set, tag, ended, now, &empty);
    if (place && place->cutoff >= ended->cutoff && atomic_load(&place->until) >= ended->until)
        return place->cutoff > ended->cutoff || atomic_load(&place->until) > ended->until ? MOD_SSO_SET_MORE
                                                                                          : MOD_SSO_SET_KNOWN;
    if (place) {
        if (place->cutoff < ended->cutoff)
            place->cutoff = ended->cutoff;
        if (tell)
            place->tell = (unsigned char)tell;
        if (atomic_load(&place->until) < ended->until)
            atomic_store(&place->until, ended->until);
        return MOD_SSO_SET_ADDED;
    }
    if (!empty)
        return MOD_SSO_SET_FULL;
    atomic_store(&empty->until, 0);
    empty->cutoff = ended->cutoff;
    empty->tag = tag;
    memcpy(empty->key, ended->key, 16);
    empty->kind = (unsigned char)ended->kind;
    empty->tell = (unsigned char)tell;
    atomic_store(&empty->until, ended->until);
    return MOD_SSO_SET_ADDED;
}

void mod_sso_set_confirm(mod_sso_set_t *set, apr_uint64_t tag, const mod_sso_ended_t *ended)
{
    bucket_t *bucket = &set->bucket[mod_sso_set_bucket(ended)];
    for (unsigned i = 0, used = atomic_load(&bucket->used); i < used; i++) {
        place_t *place = &bucket->place[i];
        if (is_same(place, tag, ended) && place->cutoff == ended->cutoff && atomic_load(&place->until) == ended->until)
            place->tell = 0;
    }
}

/* Calls `visit` for what counts of a bucket. */
typedef void visit_fn(const place_t *place, void *data);
static void visit_bucket(const mod_sso_set_t *set, apr_uint64_t tag, unsigned bucket, apr_time_t now, visit_fn *visit,
                         void *data)
{
    const bucket_t *b = &set->bucket[bucket];
    for (unsigned i = 0, used = atomic_load(&b->used); i < used; i++)
        if (is_of(&b->place[i], tag, now))
            visit(&b->place[i], data);
}

static void count_place(const place_t *place, void *data)
{
    (void)place;
    ++*(unsigned *)data;
}

unsigned mod_sso_set_count(const mod_sso_set_t *set, apr_uint64_t tag, unsigned bucket, apr_time_t now)
{
    unsigned count = 0;
    visit_bucket(set, tag, bucket, now, count_place, &count);
    return count;
}

static void look_untold(const place_t *place, void *data)
{
    if (place->tell)
        *(int *)data = 1;
}

apr_uint64_t mod_sso_set_untold(const mod_sso_set_t *set, apr_uint64_t tag, apr_time_t now)
{
    apr_uint64_t buckets = 0;
    for (unsigned i = 0; i < MOD_SSO_SET_BUCKETS; i++) {
        int any = 0;
        visit_bucket(set, tag, i, now, look_untold, &any);
        buckets |= (apr_uint64_t)any << i;
    }
    return buckets;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

typedef struct writer_t {
    sso_buf_t *buf;
    apr_uint32_t told;
    unsigned room;
    apr_time_t until;
} writer_t;

static void write_entry(sso_buf_t *buf, apr_uint32_t told, unsigned kind, const unsigned char key[16],
                        apr_time_t cutoff, apr_time_t until)
{
    sso_buf_add_u32(buf, told);
    sso_buf_addc(buf, (unsigned char)kind);
    sso_buf_add(buf, key, 16);
    sso_buf_add_u64(buf, (apr_uint64_t)cutoff);
    sso_buf_add_u64(buf, (apr_uint64_t)until);
}

static void write_place(const place_t *place, void *data)
{
    writer_t *w = data;
    apr_time_t until = atomic_load(&place->until);

    if (w->room == 0)
        return;
    w->room--;
    if (w->until < until)
        w->until = until;
    write_entry(w->buf, w->told, place->kind, place->key, place->cutoff, until);
}

static void write_untold(const place_t *place, void *data)
{
    if (place->tell)
        write_place(place, data);
}

static apr_uint32_t seconds_of(apr_time_t time)
{
    return (apr_uint32_t)apr_time_sec(time);
}

void mod_sso_set_write_bucket(const mod_sso_set_t *set, apr_uint64_t tag, unsigned bucket, apr_time_t now,
                              sso_buf_t *buf, apr_time_t *ret_until)
{
    writer_t w = {buf, seconds_of(now), MOD_SSO_SET_PLACES, now};
    sso_buf_addc(buf, VERSION);
    visit_bucket(set, tag, bucket, now, write_place, &w);
    *ret_until = w.until;
}

void mod_sso_set_write_news(const mod_sso_set_t *set, apr_uint64_t tag, const unsigned char *old, apr_size_t old_len,
                            apr_time_t now, sso_buf_t *buf)
{
    writer_t w = {buf, seconds_of(now), MOD_SSO_SET_NEWS, now};
    mod_sso_ended_t ended;
    apr_time_t told;
    sso_rd_t rd;

    sso_buf_addc(buf, VERSION);
    for (unsigned i = 0; i < MOD_SSO_SET_BUCKETS; i++)
        visit_bucket(set, tag, i, now, write_untold, &w);
    if (!mod_sso_set_read_begin(&rd, old, old_len))
        return;
    for (; w.room > 0 && mod_sso_set_read(&rd, &ended, &told); w.room--)
        if (told > now - MOD_SSO_SET_NEWS_TIME && told < now + MOD_SSO_SET_NEWS_TIME && ended.until > now)
            write_entry(buf, seconds_of(told), ended.kind, ended.key, ended.cutoff, ended.until);
}

unsigned mod_sso_set_told(mod_sso_set_t *set, apr_uint64_t tag, apr_time_t now)
{
    unsigned room = MOD_SSO_SET_NEWS, lost = 0;
    for (unsigned i = 0; i < MOD_SSO_SET_BUCKETS; i++) { /* in the order in which they were written */
        bucket_t *b = &set->bucket[i];
        for (unsigned j = 0, used = atomic_load(&b->used); j < used && room > 0; j++)
            if (is_of(&b->place[j], tag, now) && b->place[j].tell) {
                room--;
                lost += --b->place[j].tell == 0;
            }
    }
    return lost;
}

int mod_sso_set_read_begin(sso_rd_t *rd, const unsigned char *record, apr_size_t len)
{
    sso_rd_init(rd, record, len);
    return len > 0 && sso_rd_u8(rd) == VERSION;
}

int mod_sso_set_read(sso_rd_t *rd, mod_sso_ended_t *ret_ended, apr_time_t *ret_told)
{
    if (rd->p == rd->end)
        return 0;
    *ret_told = apr_time_from_sec((apr_time_t)sso_rd_u32(rd));
    ret_ended->kind = sso_rd_u8(rd);
    const unsigned char *key = sso_rd_bytes(rd, 16);
    ret_ended->cutoff = (apr_time_t)sso_rd_u64(rd);
    ret_ended->until = (apr_time_t)sso_rd_u64(rd);
    if (rd->bad)
        return 0;
    memcpy(ret_ended->key, key, 16);
    return 1;
}

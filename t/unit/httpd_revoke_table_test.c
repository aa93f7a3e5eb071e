/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "httpd/revoke_table.h"

#define SLOTS 1024
#define NOW   1767225600u

static mod_sso_revoke_table_t *new_table(void)
{
    static const apr_uint64_t salt[2] = {0x1234567890abcdefu, 0xfedcba0987654321u};
    return mod_sso_revoke_table_init(apr_pcalloc(unit_pool, mod_sso_revoke_table_size(SLOTS)), SLOTS, salt);
}

static const unsigned char *key_of(unsigned n)
{
    static _Thread_local unsigned char key[16];
    memset(key, 0x5a, sizeof(key));
    memcpy(key, &n, sizeof(n));
    return key;
}

static int add(mod_sso_revoke_table_t *t, unsigned n, apr_int64_t cutoff, apr_uint32_t until, apr_uint32_t now)
{
    return (int)mod_sso_revoke_table_add(t, 1, key_of(n), cutoff, until, now);
}

static void an_empty_table_revokes_nothing(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_false(mod_sso_revoke_table_has(t, 1, key_of(1), 0, NOW));
}

static void an_entry_counts_for_its_kind_and_key_until_its_time(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(add(t, 1, APR_INT64_MAX, NOW + 100, NOW), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 5, NOW));
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 5, NOW + 99));
    assert_false(mod_sso_revoke_table_has(t, 1, key_of(1), 5, NOW + 100));
    assert_false(mod_sso_revoke_table_has(t, 2, key_of(1), 5, NOW));
    assert_false(mod_sso_revoke_table_has(t, 1, key_of(2), 5, NOW));
}

static void entries_are_counted_while_they_count(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(mod_sso_revoke_table_slots(t), SLOTS);
    assert_int_equal(mod_sso_revoke_table_count(t, NOW), 0);
    assert_int_equal(add(t, 1, APR_INT64_MAX, NOW + 100, NOW), MOD_SSO_REVOKE_ADDED);
    assert_int_equal(add(t, 1, APR_INT64_MAX, NOW + 100, NOW), MOD_SSO_REVOKE_ADDED);
    assert_int_equal(add(t, 2, APR_INT64_MAX, NOW + 50, NOW), MOD_SSO_REVOKE_ADDED);
    assert_int_equal(mod_sso_revoke_table_count(t, NOW), 2);
    assert_int_equal(mod_sso_revoke_table_count(t, NOW + 50), 1);
    assert_int_equal(mod_sso_revoke_table_count(t, NOW + 100), 0);
}

static void an_entry_ends_only_what_was_created_by_its_cutoff(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(add(t, 1, 1000, NOW + 100, NOW), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 1000, NOW));
    assert_false(mod_sso_revoke_table_has(t, 1, key_of(1), 1001, NOW));
}

static void adding_again_raises_cutoff_and_end_and_lowers_neither(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(add(t, 1, 1000, NOW + 100, NOW), MOD_SSO_REVOKE_ADDED);
    assert_int_equal(add(t, 1, 2000, NOW + 500, NOW), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 2000, NOW + 499));
    assert_int_equal(add(t, 1, 10, NOW + 70, NOW), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 2000, NOW + 499));
    /* shortly before its end a second entry takes over */
    assert_int_equal(add(t, 1, 3000, NOW + 900, NOW + 470), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 3000, NOW + 899));
}

static void adding_again_takes_no_more_room(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    for (int i = 0; i < 5000; i++)
        assert_int_equal(add(t, 1, i, NOW + 500, NOW), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 1, key_of(1), 4999, NOW));
}

static void what_ended_before_now_is_not_kept(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(add(t, 1, 1, NOW, NOW), MOD_SSO_REVOKE_ADDED);
    assert_false(mod_sso_revoke_table_has(t, 1, key_of(1), 1, NOW - 1));
}

static void a_full_table_refuses_and_evicts_nothing(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    unsigned added = 0;
    unsigned char kept[SLOTS * 3] = {0};
    for (unsigned i = 0; i < SLOTS * 3; i++) {
        kept[i] = add(t, i, APR_INT64_MAX, NOW + 1000, NOW) == MOD_SSO_REVOKE_ADDED;
        added += kept[i];
    }
    assert_int_equal(added, SLOTS);
    for (unsigned i = 0; i < SLOTS * 3; i++)
        assert_int_equal(mod_sso_revoke_table_has(t, 1, key_of(i), 0, NOW), kept[i]);
    assert_int_equal(mod_sso_revoke_table_add_new(t, 2, key_of(9), NOW + 10, NOW), MOD_SSO_REVOKE_FULL);
}

static void expired_entries_make_room(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    for (unsigned i = 0; i < SLOTS * 3; i++)
        (void)add(t, i, APR_INT64_MAX, NOW + 10, NOW);
    for (unsigned i = 0; i < SLOTS / 2; i++) {
        assert_int_equal(add(t, 100000 + i, APR_INT64_MAX, NOW + 500, NOW + 10), MOD_SSO_REVOKE_ADDED);
        assert_true(mod_sso_revoke_table_has(t, 1, key_of(100000 + i), 0, NOW + 10));
    }
}

static void add_new_sees_a_replay_until_the_entry_ends(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(mod_sso_revoke_table_add_new(t, 5, key_of(1), NOW + 10, NOW), MOD_SSO_REVOKE_ADDED);
    assert_int_equal(mod_sso_revoke_table_add_new(t, 5, key_of(1), NOW + 10, NOW), MOD_SSO_REVOKE_SEEN);
    assert_int_equal(mod_sso_revoke_table_add_new(t, 5, key_of(1), NOW + 30, NOW + 9), MOD_SSO_REVOKE_SEEN);
    assert_int_equal(mod_sso_revoke_table_add_new(t, 6, key_of(1), NOW + 10, NOW), MOD_SSO_REVOKE_ADDED);
    assert_int_equal(mod_sso_revoke_table_add_new(t, 5, key_of(1), NOW + 30, NOW + 10), MOD_SSO_REVOKE_ADDED);
    assert_true(mod_sso_revoke_table_has(t, 5, key_of(1), APR_INT64_MAX, NOW + 10));
}

static void add_new_of_something_already_over_is_no_first_time(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(mod_sso_revoke_table_add_new(t, 5, key_of(1), NOW, NOW), MOD_SSO_REVOKE_SEEN);
}

/* Threads that present the same keys at the same time, with clocks that disagree about what has expired. */
#define THREADS 6
#define KEYS    4000
typedef struct race_t {
    mod_sso_revoke_table_t *table;
    _Atomic unsigned char *won;
    apr_uint32_t now;
    atomic_int *ready;
} race_t;

static void *run_race(void *data)
{
    race_t *race = data;
    atomic_fetch_add(race->ready, 1);
    while (atomic_load(race->ready) < THREADS)
        ;
    for (unsigned i = 0; i < KEYS; i++) {
        if (mod_sso_revoke_table_add_new(race->table, 5, key_of(i), race->now + 3 + i % 5, race->now) ==
            MOD_SSO_REVOKE_ADDED)
            atomic_fetch_add(&race->won[i], 1);
    }
    return NULL;
}

static void one_of_many_concurrent_presentations_wins(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = mod_sso_revoke_table_init(apr_pcalloc(unit_pool, mod_sso_revoke_table_size(8192)), 8192,
                                                          (const apr_uint64_t[2]){7, 9});
    for (unsigned i = 0; i < 3000; i++) /* slots that are expired for some of the threads only */
        (void)mod_sso_revoke_table_add(t, 1, key_of(1000000 + i), 0, NOW + i % 3, NOW - 50);
    _Atomic unsigned char *won = apr_pcalloc(unit_pool, KEYS);
    atomic_int ready = 0;
    pthread_t thread[THREADS];
    race_t race[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        race[i] = (race_t){t, won, NOW + i % 2, &ready};
        assert_int_equal(pthread_create(&thread[i], NULL, run_race, &race[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(won[i], 1);
}

static atomic_int stop_reading;
static void *watch_key(void *data)
{
    static int flickered;
    while (!atomic_load(&stop_reading))
        if (!mod_sso_revoke_table_has(data, 1, key_of(1), 10, NOW))
            flickered = 1;
    return &flickered;
}

static void a_revoked_key_never_flickers_while_it_is_added_again(void **state)
{
    (void)state;
    mod_sso_revoke_table_t *t = new_table();
    assert_int_equal(add(t, 1, 10, NOW + 100, NOW), MOD_SSO_REVOKE_ADDED);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, watch_key, t), 0);
    for (unsigned i = 0; i < 200000; i++)
        assert_int_equal(add(t, 1, 10 + (int)i, NOW + 100 + i / 100, NOW), MOD_SSO_REVOKE_ADDED);
    atomic_store(&stop_reading, 1);
    void *flickered;
    pthread_join(thread, &flickered);
    assert_int_equal(*(int *)flickered, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(an_empty_table_revokes_nothing),
        unit_test(an_entry_counts_for_its_kind_and_key_until_its_time),
        unit_test(entries_are_counted_while_they_count),
        unit_test(an_entry_ends_only_what_was_created_by_its_cutoff),
        unit_test(adding_again_raises_cutoff_and_end_and_lowers_neither),
        unit_test(adding_again_takes_no_more_room),
        unit_test(what_ended_before_now_is_not_kept),
        unit_test(a_full_table_refuses_and_evicts_nothing),
        unit_test(expired_entries_make_room),
        unit_test(add_new_sees_a_replay_until_the_entry_ends),
        unit_test(add_new_of_something_already_over_is_no_first_time),
        unit_test(one_of_many_concurrent_presentations_wins),
        unit_test(a_revoked_key_never_flickers_while_it_is_added_again),
    };
    return unit_run(tests);
}

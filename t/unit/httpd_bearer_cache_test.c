/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of verified tokens: what is found, what is not, and that it never holds more than it may. */
#include "httpd/bearer_cache.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "unit.h"

#define SECOND APR_USEC_PER_SEC

static mod_sso_bearer_cache_t *cache;

static void make_cache(unsigned slots, apr_size_t budget)
{
    assert_int_equal(mod_sso_bearer_cache_create(unit_pool, slots, budget, &cache), APR_SUCCESS);
}

/* Key number n; `same_set`: all of them in one set. */
static mod_sso_bearer_key_t key_of(int n, int same_set)
{
    mod_sso_bearer_key_t key = {.provider = 0};
    memcpy(key.hash + (same_set ? 8 : 0), &n, sizeof(n));
    return key;
}

static mod_sso_bearer_entry_t entry_of(const char *text)
{
    mod_sso_bearer_entry_t entry = {.issuer = 1,
                                    .serial = 7,
                                    .since = UNIT_NOW,
                                    .until = UNIT_NOW + 10 * SECOND,
                                    .bytes = (const unsigned char *)text,
                                    .len = strlen(text) + 1};
    return entry;
}

static void put(const mod_sso_bearer_key_t *key, const char *text)
{
    mod_sso_bearer_entry_t entry = entry_of(text);
    mod_sso_bearer_cache_put(cache, key, &entry);
}

/* The text, NULL when it is not there. */
static const char *get_at(const mod_sso_bearer_key_t *key, apr_time_t now)
{
    mod_sso_bearer_entry_t entry;
    return mod_sso_bearer_cache_get(cache, unit_pool, key, now, &entry) ? (const char *)entry.bytes : NULL;
}

static void what_was_put_is_found(void **state)
{
    mod_sso_bearer_key_t key = key_of(1, 0);
    mod_sso_bearer_entry_t entry;
    (void)state;
    make_cache(16, 1024 * 1024);
    assert_null(get_at(&key, UNIT_NOW));
    put(&key, "one");
    assert_true(mod_sso_bearer_cache_get(cache, unit_pool, &key, UNIT_NOW, &entry));
    assert_string_equal((const char *)entry.bytes, "one");
    assert_int_equal(entry.len, 4);
    assert_int_equal(entry.issuer, 1);
    assert_int_equal(entry.serial, 7);
    put(&key, "another");
    assert_string_equal((const char *)entry.bytes, "one"); /* a copy */
    assert_string_equal(get_at(&key, UNIT_NOW), "another");
}

static void every_bit_of_the_key_counts(void **state)
{
    mod_sso_bearer_key_t key = key_of(1, 0);
    (void)state;
    make_cache(1, 1024 * 1024); /* one set, so that nothing but the key tells */
    put(&key, "one");
    for (int bit = 0; bit < SSO_HASHER_LEN * 8; bit++) {
        mod_sso_bearer_key_t near = key;
        near.hash[bit / 8] = (unsigned char)(near.hash[bit / 8] ^ (1 << bit % 8));
        assert_null(get_at(&near, UNIT_NOW));
    }
    mod_sso_bearer_key_t of_other = key;
    of_other.provider = 1;
    assert_null(get_at(&of_other, UNIT_NOW));
    assert_non_null(get_at(&key, UNIT_NOW));
}

static void an_entry_has_its_time(void **state)
{
    mod_sso_bearer_key_t key = key_of(1, 0), ended = key_of(2, 0);
    mod_sso_bearer_entry_t entry = entry_of("x");
    (void)state;
    make_cache(16, 1024 * 1024);
    put(&key, "one");
    assert_non_null(get_at(&key, UNIT_NOW + 10 * SECOND - 1));
    assert_null(get_at(&key, UNIT_NOW + 10 * SECOND));
    assert_null(get_at(&key, UNIT_NOW - 1)); /* the clock was set back */
    entry.until = entry.since;
    mod_sso_bearer_cache_put(cache, &ended, &entry);
    assert_null(get_at(&ended, UNIT_NOW));
}

static void the_least_used_makes_room(void **state)
{
    mod_sso_bearer_key_t keys[5];
    (void)state;
    make_cache(64, 1024 * 1024);
    for (int i = 0; i < 4; i++) {
        keys[i] = key_of(i, 1);
        put(&keys[i], "x");
    }
    for (int i = 0; i < 4; i++)
        if (i != 2)
            assert_non_null(get_at(&keys[i], UNIT_NOW + SECOND));
    keys[4] = key_of(4, 1);
    put(&keys[4], "y");
    for (int i = 0; i < 5; i++)
        assert_int_equal(get_at(&keys[i], UNIT_NOW + SECOND) != NULL, i != 2);
}

static void an_expired_one_goes_first(void **state)
{
    mod_sso_bearer_key_t keys[5];
    (void)state;
    make_cache(64, 1024 * 1024);
    for (int i = 0; i < 4; i++) {
        mod_sso_bearer_entry_t entry = entry_of("x");
        entry.until = UNIT_NOW + (i == 3 ? 1 : 100) * SECOND;
        keys[i] = key_of(i, 1);
        mod_sso_bearer_cache_put(cache, &keys[i], &entry);
    }
    assert_non_null(get_at(&keys[3], UNIT_NOW + SECOND - 1)); /* used last, but over */
    mod_sso_bearer_entry_t late = entry_of("y");
    late.since = UNIT_NOW + 2 * SECOND;
    keys[4] = key_of(4, 1);
    mod_sso_bearer_cache_put(cache, &keys[4], &late);
    for (int i = 0; i < 5; i++)
        assert_int_equal(get_at(&keys[i], UNIT_NOW + 2 * SECOND) != NULL, i != 3);
}

static void memory_is_bounded(void **state)
{
    mod_sso_bearer_key_t first = key_of(1, 0), second = key_of(2, 0), large = key_of(3, 0);
    char *text = apr_palloc(unit_pool, MOD_SSO_BEARER_RECORD_MAX + 1);
    (void)state;
    memset(text, 'a', MOD_SSO_BEARER_RECORD_MAX);
    text[MOD_SSO_BEARER_RECORD_MAX] = '\0';
    make_cache(16, 1024 * 1024);
    put(&large, text); /* one byte too long */
    assert_null(get_at(&large, UNIT_NOW));
    put(&large, text + 1);
    assert_non_null(get_at(&large, UNIT_NOW));

    make_cache(16, 1024); /* two buffers of 512 */
    put(&first, "one");
    put(&second, "two");
    put(&large, "three");
    assert_non_null(get_at(&first, UNIT_NOW));
    assert_non_null(get_at(&second, UNIT_NOW));
    assert_null(get_at(&large, UNIT_NOW));
    put(&first, "uno"); /* its buffer is used again */
    assert_string_equal(get_at(&first, UNIT_NOW), "uno");
    put(&second, text + MOD_SSO_BEARER_RECORD_MAX - 600); /* grown beyond: not kept, and nothing old either */
    assert_null(get_at(&second, UNIT_NOW));
}

#define THREADS 4
#define ROUNDS  20000

/* Every record is its key's number over and over: a torn copy would show. */
static void *APR_THREAD_FUNC hammer(apr_thread_t *thread, void *data)
{
    apr_pool_t *pool;
    int *wrong = data;
    unsigned char bytes[400];
    if (apr_pool_create(&pool, apr_thread_pool_get(thread)) != APR_SUCCESS)
        return NULL;
    for (int i = 0; i < ROUNDS; i++) {
        int n = i * 7 % 61;
        mod_sso_bearer_key_t key = key_of(n, 0);
        mod_sso_bearer_entry_t entry = entry_of("");
        if (mod_sso_bearer_cache_get(cache, pool, &key, UNIT_NOW, &entry)) {
            for (apr_size_t k = 0; k < entry.len; k++)
                *wrong += entry.bytes[k] != n;
        } else {
            memset(bytes, n, sizeof(bytes));
            entry.bytes = bytes;
            entry.len = (apr_size_t)(100 + i % 300);
            mod_sso_bearer_cache_put(cache, &key, &entry);
        }
        apr_pool_clear(pool);
    }
    return NULL;
}

static void threads_never_see_halves(void **state)
{
    apr_thread_t *threads[THREADS];
    int wrong[THREADS] = {0};
    apr_status_t ignored;
    (void)state;
    make_cache(16, 64 * 1024);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(apr_thread_create(&threads[i], NULL, hammer, &wrong[i], unit_pool), APR_SUCCESS);
    for (int i = 0; i < THREADS; i++)
        apr_thread_join(&ignored, threads[i]);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(wrong[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(what_was_put_is_found),     unit_test(every_bit_of_the_key_counts), unit_test(an_entry_has_its_time),
        unit_test(the_least_used_makes_room), unit_test(an_expired_one_goes_first),   unit_test(memory_is_bounded),
        unit_test(threads_never_see_halves),
    };
    return unit_run(tests);
}

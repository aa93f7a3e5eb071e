/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "httpd/store_parts.h"

#define LIMIT 950 /* of key and value, as in mod_socache_dbm */

typedef struct record_t {
    unsigned char bytes[LIMIT];
    unsigned len;
} record_t;

typedef struct place_t {
    apr_hash_t *records;
    int puts_left; /* then it fails */
} place_t;

static apr_status_t put(void *baton, const unsigned char *key, unsigned key_len, unsigned char *bytes, unsigned len)
{
    place_t *place = baton;
    assert_true(key_len + len < LIMIT);
    if (place->puts_left-- == 0)
        return APR_ENOSPC;
    record_t *record = apr_pcalloc(unit_pool, sizeof(*record));
    memcpy(record->bytes, bytes, len);
    record->len = len;
    apr_hash_set(place->records, apr_pmemdup(unit_pool, key, key_len), (apr_ssize_t)key_len, record);
    return APR_SUCCESS;
}

static apr_status_t get(void *baton, const unsigned char *key, unsigned key_len, unsigned char *bytes, unsigned *len)
{
    place_t *place = baton;
    record_t *record = apr_hash_get(place->records, key, (apr_ssize_t)key_len);
    if (!record)
        return APR_NOTFOUND;
    assert_true(record->len <= *len);
    memcpy(bytes, record->bytes, record->len);
    *len = record->len;
    return APR_SUCCESS;
}

static apr_status_t take_out(void *baton, const unsigned char *key, unsigned key_len)
{
    place_t *place = baton;
    apr_hash_set(place->records, key, (apr_ssize_t)key_len, NULL);
    return APR_SUCCESS;
}

static unsigned char key[64];
static unsigned char value[MOD_SSO_STORE_MAX + 1];
static place_t place;
static const mod_sso_store_records_t at = {put, get, take_out, &place};

static void begin(void)
{
    place = (place_t){apr_hash_make(unit_pool), -1};
    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (unsigned char)(i * 7 + i / 251);
}

static apr_status_t put_bytes(apr_size_t len)
{
    return mod_sso_store_parts_put(&at, key, sizeof(key), value, len);
}

/* -1: not there, or not what was put */
static long look(void)
{
    unsigned char *back;
    apr_size_t len;
    apr_status_t rv = mod_sso_store_parts_get(&at, unit_pool, key, sizeof(key), &back, &len);
    return rv == APR_SUCCESS && memcmp(back, value, len) == 0 ? (long)len : -1;
}

static record_t *record(unsigned number)
{
    unsigned char name[66];
    memcpy(name, key, 64);
    name[64] = (unsigned char)(number >> 8);
    name[65] = (unsigned char)number;
    return apr_hash_get(place.records, name, number ? 66 : 64);
}

static void values_of_every_length_come_back(void **state)
{
    (void)state;
    static const apr_size_t lengths[] = {0, 1, 867, 868, 869, 1739, 1740, 1741, 4096, 100000, MOD_SSO_STORE_MAX};
    begin();
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_int_equal(put_bytes(lengths[i]), APR_SUCCESS);
        assert_int_equal(look(), lengths[i]);
    }
    for (size_t i = sizeof(lengths) / sizeof(lengths[0]); i-- > 0;) { /* over a longer one */
        assert_int_equal(put_bytes(lengths[i]), APR_SUCCESS);
        assert_int_equal(look(), lengths[i]);
    }
    assert_int_equal(put_bytes(MOD_SSO_STORE_MAX + 1), APR_EINVAL);
}

static void what_is_removed_leaves_nothing(void **state)
{
    (void)state;
    begin();
    assert_int_equal(put_bytes(100000), APR_SUCCESS);
    assert_int_equal(apr_hash_count(place.records), 115);
    assert_int_equal(mod_sso_store_parts_remove(&at, key, sizeof(key)), APR_SUCCESS);
    assert_int_equal(apr_hash_count(place.records), 0);
    assert_int_equal(look(), -1);
}

static void a_put_that_breaks_off_leaves_no_mixture(void **state)
{
    (void)state;
    begin();
    for (int done = 0; done < 3; done++) {
        assert_int_equal(put_bytes(2000), APR_SUCCESS);
        value[1000]++;
        place.puts_left = done;
        assert_int_equal(put_bytes(2000), APR_ENOSPC);
        place.puts_left = -1;
        value[1000]--;
        assert_int_equal(look(), done ? -1 : 2000);
    }
}

static void a_record_that_is_missing_or_another_is_no_value(void **state)
{
    (void)state;
    begin();
    for (unsigned number = 0; number < 3; number++) {
        for (unsigned i = 0; i < (number ? 8 : 12); i++) { /* mark and length */
            assert_int_equal(put_bytes(2000), APR_SUCCESS);
            record(number)->bytes[i] ^= 1;
            assert_int_equal(look(), -1);
        }
        for (unsigned len = 0; len < 20; len += 4) {
            assert_int_equal(put_bytes(2000), APR_SUCCESS);
            record(number)->len = len;
            assert_int_equal(look(), -1);
        }
        assert_int_equal(put_bytes(2000), APR_SUCCESS);
        *record(number) = *record(number ? 0 : 1);
        assert_int_equal(look(), -1);
    }
    assert_int_equal(put_bytes(2000), APR_SUCCESS);
    record(0)->bytes[8] = 0xff; /* a length beyond all */
    assert_int_equal(look(), -1);
    assert_int_equal(mod_sso_store_parts_remove(&at, key, sizeof(key)), APR_SUCCESS);
    assert_int_equal(look(), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(values_of_every_length_come_back),
        unit_test(what_is_removed_leaves_nothing),
        unit_test(a_put_that_breaks_off_leaves_no_mixture),
        unit_test(a_record_that_is_missing_or_another_is_no_value),
    };
    return unit_run(tests);
}

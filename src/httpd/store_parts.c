/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. A record: mark (8 bytes), in the first one the length (4 bytes), then bytes of the value. */
#include "httpd/store_parts.h"

#include <string.h>

#include "base/buf.h"
#include "jose/crypto.h"

#define MARK      8
#define FIRST_MIN (MARK + 4)
#define KEY_MAX   64

_Static_assert(MOD_SSO_STORE_MAX / (MOD_SSO_STORE_RECORD - MARK) < 65535, "numbers of two bytes");

static apr_size_t count_records(apr_size_t len)
{
    apr_size_t all = len + 4, room = MOD_SSO_STORE_RECORD - MARK;
    return (all + room - 1) / room;
}

/* The key of a record; *ret_len bytes. */
static void name_record(const unsigned char *key, unsigned key_len, apr_size_t number, unsigned char out[KEY_MAX + 2],
                        unsigned *ret_len)
{
    memcpy(out, key, key_len);
    out[key_len] = (unsigned char)(number >> 8);
    out[key_len + 1] = (unsigned char)number;
    *ret_len = number == 0 ? key_len : key_len + 2;
}

static apr_status_t put_record(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len,
                               apr_size_t number, unsigned char *bytes, apr_size_t len)
{
    unsigned char name[KEY_MAX + 2];
    unsigned name_len;
    name_record(key, key_len, number, name, &name_len);
    return at->put(at->baton, name, name_len, bytes, (unsigned)len);
}

static apr_status_t get_record(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len,
                               apr_size_t number, unsigned char out[MOD_SSO_STORE_RECORD], apr_size_t *ret_len)
{
    unsigned char name[KEY_MAX + 2];
    unsigned name_len, len = MOD_SSO_STORE_RECORD;
    name_record(key, key_len, number, name, &name_len);
    apr_status_t rv = at->get(at->baton, name, name_len, out, &len);
    if (rv == APR_SUCCESS && (len < MARK || len > MOD_SSO_STORE_RECORD))
        return APR_NOTFOUND;
    *ret_len = len;
    return rv;
}

static apr_size_t length_in(const unsigned char *first)
{
    sso_rd_t rd;
    sso_rd_init(&rd, first + MARK, 4);
    return sso_rd_u32(&rd);
}

apr_status_t mod_sso_store_parts_put(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len,
                                     const void *value, apr_size_t len)
{
    unsigned char record[MOD_SSO_STORE_RECORD];
    apr_size_t room = MOD_SSO_STORE_RECORD - MARK, first = len < room - 4 ? len : room - 4;

    if (key_len > KEY_MAX || len > MOD_SSO_STORE_MAX)
        return APR_EINVAL;
    if (sso_crypto_random(NULL, record, MARK, NULL) != SSO_OK)
        return APR_EGENERAL;
    for (apr_size_t done = first, number = 1; done < len; number++) {
        apr_size_t piece = len - done < room ? len - done : room;
        memcpy(record + MARK, (const unsigned char *)value + done, piece);
        apr_status_t rv = put_record(at, key, key_len, number, record, MARK + piece);
        if (rv != APR_SUCCESS)
            return rv;
        done += piece;
    }
    for (int i = 0; i < 4; i++)
        record[MARK + i] = (unsigned char)(len >> (24 - 8 * i));
    memcpy(record + FIRST_MIN, value, first);
    return put_record(at, key, key_len, 0, record, FIRST_MIN + first);
}

apr_status_t mod_sso_store_parts_get(const mod_sso_store_records_t *at, apr_pool_t *pool, const unsigned char *key,
                                     unsigned key_len, unsigned char **ret_value, apr_size_t *ret_len)
{
    unsigned char first[MOD_SSO_STORE_RECORD], record[MOD_SSO_STORE_RECORD];
    apr_size_t got;

    apr_status_t rv = get_record(at, key, key_len, 0, first, &got);
    if (rv != APR_SUCCESS)
        return rv;
    if (got < FIRST_MIN)
        return APR_NOTFOUND;
    apr_size_t len = length_in(first), done = got - FIRST_MIN;
    if (len > MOD_SSO_STORE_MAX || done > len)
        return APR_NOTFOUND;
    unsigned char *value = apr_palloc(pool, len + 1);
    memcpy(value, first + FIRST_MIN, done);
    for (apr_size_t number = 1, count = count_records(len); number < count; number++) {
        rv = get_record(at, key, key_len, number, record, &got);
        if (rv != APR_SUCCESS)
            return rv;
        if (memcmp(record, first, MARK) != 0 || got - MARK > len - done) /* a mark is no secret */
            return APR_NOTFOUND;
        memcpy(value + done, record + MARK, got - MARK);
        done += got - MARK;
    }
    if (done != len)
        return APR_NOTFOUND;
    *ret_value = value;
    *ret_len = len;
    return APR_SUCCESS;
}

apr_status_t mod_sso_store_parts_remove(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len)
{
    unsigned char first[MOD_SSO_STORE_RECORD], name[KEY_MAX + 2];
    unsigned name_len;
    apr_size_t got, count = 1;

    if (get_record(at, key, key_len, 0, first, &got) == APR_SUCCESS && got >= FIRST_MIN &&
        length_in(first) <= MOD_SSO_STORE_MAX)
        count = count_records(length_in(first));
    /* The first one is what counts; the others end by themselves when one of them cannot be removed. */
    apr_status_t rv = at->remove(at->baton, key, key_len);
    for (apr_size_t number = 1; number < count; number++) {
        name_record(key, key_len, number, name, &name_len);
        (void)at->remove(at->baton, name, name_len);
    }
    return rv;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Values of any size in a place of small records: mod_socache_dbm takes no key and value of 950 bytes or more. The
 * first record lies under the key and says how many bytes there are; the others under the key and a number. All carry
 * a mark of the put they came with, and the first is written last: what a process left that died in between is not
 * there. The caller holds the lock. No httpd in here. */
#ifndef MOD_SSO_STORE_PARTS_H
#define MOD_SSO_STORE_PARTS_H

#include <apr_pools.h>

#define MOD_SSO_STORE_MAX    (256 * 1024) /* bytes of a value, in any cache */
#define MOD_SSO_STORE_RECORD 880          /* of a record; with a key of 64 bytes and a number it is below the limit */

/* The place: as a socache provider does, but nothing there is APR_NOTFOUND. `get`: *len is the room, then the length.
 */
typedef struct mod_sso_store_records_t {
    apr_status_t (*put)(void *baton, const unsigned char *key, unsigned key_len, unsigned char *bytes, unsigned len);
    apr_status_t (*get)(void *baton, const unsigned char *key, unsigned key_len, unsigned char *bytes, unsigned *len);
    apr_status_t (*remove)(void *baton, const unsigned char *key, unsigned key_len);
    void *baton;
} mod_sso_store_records_t;

/* Each of them as of the place; a key has 1-64 bytes. */
apr_status_t mod_sso_store_parts_put(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len,
                                     const void *value, apr_size_t len);
apr_status_t mod_sso_store_parts_get(const mod_sso_store_records_t *at, apr_pool_t *pool, const unsigned char *key,
                                     unsigned key_len, unsigned char **ret_value, apr_size_t *ret_len);
apr_status_t mod_sso_store_parts_remove(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Values of any size in a provider of small records: mod_socache_dbm takes no key and value of 950 bytes or more. The
 * first record lies under the key and says how many bytes there are; the others under the key and a number. All carry
 * a mark of the put they came with, and the first is written last: what a process left that died in between is not
 * there. The caller holds the lock. */
#ifndef MOD_SSO_STORE_PARTS_H
#define MOD_SSO_STORE_PARTS_H

#include <ap_socache.h>

#include "httpd/mod_sso.h"

typedef struct mod_sso_store_records_t {
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    server_rec *server;
    apr_pool_t *pool;
    apr_time_t expires;
} mod_sso_store_records_t;

#define MOD_SSO_STORE_MAX    (256 * 1024) /* bytes of a value, in any cache */
#define MOD_SSO_STORE_RECORD 880 /* bytes of a record; with a key of 64 bytes and a number it stays below the limit */

/* Each of them as of the provider: APR_NOTFOUND when there is nothing. */
apr_status_t mod_sso_store_parts_put(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len,
                                     const void *value, apr_size_t len);
apr_status_t mod_sso_store_parts_get(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len,
                                     unsigned char **ret_value, apr_size_t *ret_len);
apr_status_t mod_sso_store_parts_remove(const mod_sso_store_records_t *at, const unsigned char *key, unsigned key_len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens that this process has verified, so that one seen before costs a hash and a copy instead of a signature
 * check. Sets of four slots, found by the token's hash; what is least used makes room. A record is copied out under
 * the lock of its set, which is held for nothing else: a request never waits for a verification.
 *
 * Memory is bounded twice: by the number of slots and by a budget for their records; a record that finds no room is not
 * kept and verified again. Needs no httpd, so that it can be tested alone. */
#ifndef MOD_SSO_BEARER_CACHE_H
#define MOD_SSO_BEARER_CACHE_H

#include <apr_pools.h>
#include <apr_time.h>

#include "jose/hasher.h"

#define MOD_SSO_BEARER_RECORD_MAX (16 * 1024)

typedef struct mod_sso_bearer_cache_t mod_sso_bearer_cache_t;

/* What a verification depended on. The whole hash is compared, so two tokens never share an entry. */
typedef struct mod_sso_bearer_key_t {
    unsigned char hash[SSO_HASHER_LEN]; /* mod_sso_thread_hash of the rules that count and the token */
    int provider;                       /* mod_sso_provider_t.index */
} mod_sso_bearer_key_t;

typedef struct mod_sso_bearer_entry_t {
    int issuer;          /* which of the provider's bearer issuers */
    apr_uint32_t serial; /* of the keys it was verified with: mod_sso_meta_t.serial */
    apr_time_t since;
    apr_time_t until;
    const unsigned char *bytes;
    apr_size_t len;
} mod_sso_bearer_entry_t;

/* `slots` is rounded up to whole sets; `budget` bytes for records in all. */
apr_status_t mod_sso_bearer_cache_create(apr_pool_t *pool, unsigned slots, apr_size_t budget,
                                         mod_sso_bearer_cache_t **ret_cache);
/* 1 and a copy in the pool when the token is known at this time. */
int mod_sso_bearer_cache_get(mod_sso_bearer_cache_t *cache, apr_pool_t *pool, const mod_sso_bearer_key_t *key,
                             apr_time_t now, mod_sso_bearer_entry_t *ret_entry);
/* Keeps a copy; replaces what is there for the key. */
void mod_sso_bearer_cache_put(mod_sso_bearer_cache_t *cache, const mod_sso_bearer_key_t *key,
                              const mod_sso_bearer_entry_t *entry);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind revoke.h: open addressing over slots of 32 bytes in memory that processes share. Plain C11 atomics,
 * no httpd, so that it can be tested alone.
 *
 * A slot's control word says until when it counts, what kind it is and its state:
 *   free -> busy -> live                 add
 *   free -> busy -> tentative -> live    add_new; tentative entries of the same key settle among themselves
 * Only a free or an expired slot is claimed, by compare-and-swap, so a live entry never flickers: what is revoked stays
 * revoked for every reader. A process that dies between claim and publishing costs one slot. */
#ifndef MOD_SSO_REVOKE_TABLE_H
#define MOD_SSO_REVOKE_TABLE_H

#include <apr.h>

#define MOD_SSO_REVOKE_KEY_LEN 16
#define MOD_SSO_REVOKE_PROBE   128 /* slots looked at from a key's place */

typedef struct mod_sso_revoke_table_t mod_sso_revoke_table_t;
typedef enum { MOD_SSO_REVOKE_ADDED, MOD_SSO_REVOKE_SEEN, MOD_SSO_REVOKE_FULL } mod_sso_revoke_result_t;

/* Bytes of a table of `slots` (a power of two, at least MOD_SSO_REVOKE_PROBE). */
apr_size_t mod_sso_revoke_table_size(apr_uint32_t slots);
/* Makes an empty table of zeroed memory. `salt`: random, so that nobody can aim at one place of the table. */
mod_sso_revoke_table_t *mod_sso_revoke_table_init(void *zeroed, apr_uint32_t slots, const apr_uint64_t salt[2]);

/* Times are seconds since the epoch; cutoff is in the caller's own unit. `kind` 1-255. */
mod_sso_revoke_result_t mod_sso_revoke_table_add(mod_sso_revoke_table_t *table, unsigned kind, const unsigned char *key,
                                                 apr_int64_t cutoff, apr_uint32_t until, apr_uint32_t now);
/* SEEN when the key is there, or when another thread or process adds it at this very moment and comes first. */
mod_sso_revoke_result_t mod_sso_revoke_table_add_new(mod_sso_revoke_table_t *table, unsigned kind,
                                                     const unsigned char *key, apr_uint32_t until, apr_uint32_t now);
int mod_sso_revoke_table_has(mod_sso_revoke_table_t *table, unsigned kind, const unsigned char *key,
                             apr_int64_t created, apr_uint32_t now);

/* How many entries count at `now`, over all slots: for the status page. */
apr_uint32_t mod_sso_revoke_table_count(mod_sso_revoke_table_t *table, apr_uint32_t now);
apr_uint32_t mod_sso_revoke_table_slots(const mod_sso_revoke_table_t *table);

#endif

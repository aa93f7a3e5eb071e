/* SPDX-License-Identifier: Apache-2.0 */
/* What has ended as several machines know it, each with a copy in memory that its processes share, and the records in a
 * cache by which they make each other's copies complete. Nothing is ever taken out before its time, so copies and
 * records can be merged in any order, and a record that was lost, rolled back or overwritten is written again by
 * whoever knows more. One process writes at a time; it may be killed while it does. No httpd in here.
 *
 * Two kinds of record: news (the last MOD_SSO_SET_NEWS entries, whatever bucket they are in) and one for each bucket.
 *   record = u8 version=1 | entries
 *   entry  = u32 told (seconds; when it became news) | u8 kind | key[16] | u64 cutoff | u64 until */
#ifndef MOD_SSO_SHARE_SET_H
#define MOD_SSO_SHARE_SET_H

#include <apr_time.h>

#include "base/buf.h"

#define MOD_SSO_SET_BUCKETS   64u
#define MOD_SSO_SET_PLACES    2048u /* of one bucket; in all as many as the table of ended sessions has */
#define MOD_SSO_SET_NEWS      1024u
#define MOD_SSO_SET_NEWS_TIME apr_time_from_sec(120)                       /* what is older is no news */
#define MOD_SSO_SET_ENTRY     (4 + 1 + 16 + 8 + 8)                         /* bytes in a record */
#define MOD_SSO_SET_RECORD    (1 + MOD_SSO_SET_PLACES * MOD_SSO_SET_ENTRY) /* at most */

typedef struct mod_sso_set_t mod_sso_set_t;

/* What has ended, until when that counts; kind and cutoff as in revoke.h. */
typedef struct mod_sso_ended_t {
    unsigned kind;
    unsigned char key[16];
    apr_time_t cutoff;
    apr_time_t until;
} mod_sso_ended_t;

/* Bytes of a set; zeroed memory of that size is an empty one. */
apr_size_t mod_sso_set_size(void);
/* Which bucket a key is in. */
unsigned mod_sso_set_bucket(const mod_sso_ended_t *ended);

typedef enum {
    MOD_SSO_SET_KNOWN, /* just so */
    MOD_SSO_SET_MORE,  /* the set had it until later, or with a later cutoff */
    MOD_SSO_SET_ADDED, /* it was new, or reaches further than what was known */
    MOD_SSO_SET_OVER,  /* it does not count any more */
    MOD_SSO_SET_FULL
} mod_sso_set_result_t;
/* `tag`: whose it is; several caches use one set. `tell`: how often it is to be among the news that this machine
 * writes, 0 when others have told it. */
mod_sso_set_result_t mod_sso_set_add(mod_sso_set_t *set, apr_uint64_t tag, const mod_sso_ended_t *ended, unsigned tell,
                                     apr_time_t now);
/* It has been seen among the news: need not be told again. */
void mod_sso_set_confirm(mod_sso_set_t *set, apr_uint64_t tag, const mod_sso_ended_t *ended);
/* How many of a bucket count. */
unsigned mod_sso_set_count(const mod_sso_set_t *set, apr_uint64_t tag, unsigned bucket, apr_time_t now);
/* The buckets with something to tell: bit 0 is bucket 0. */
apr_uint64_t mod_sso_set_untold(const mod_sso_set_t *set, apr_uint64_t tag, apr_time_t now);

/* A bucket's record. *ret_until: the last time any of it counts. */
void mod_sso_set_write_bucket(const mod_sso_set_t *set, apr_uint64_t tag, unsigned bucket, apr_time_t now,
                              sso_buf_t *buf, apr_time_t *ret_until);
/* What is to be told, then what is still news of an earlier record (`old_len` bytes, 0: none). */
void mod_sso_set_write_news(const mod_sso_set_t *set, apr_uint64_t tag, const unsigned char *old, apr_size_t old_len,
                            apr_time_t now, sso_buf_t *buf);
/* Such news were written: once less to tell. Returns how many were told for the last time, and never confirmed. */
unsigned mod_sso_set_told(mod_sso_set_t *set, apr_uint64_t tag, apr_time_t now);

/* Reads a record: 1 for each entry. 0: the end, or no record of ours (rd->bad). *ret_told may be asked for. */
int mod_sso_set_read_begin(sso_rd_t *rd, const unsigned char *record, apr_size_t len);
int mod_sso_set_read(sso_rd_t *rd, mod_sso_ended_t *ret_ended, apr_time_t *ret_told);

#endif

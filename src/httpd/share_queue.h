/* SPDX-License-Identifier: Apache-2.0 */
/* Short texts that could not be sent, in memory that processes share: written by any of them, sent by one. Bounded;
 * lock-free. A process that dies while it writes costs one place. No httpd in here. */
#ifndef MOD_SSO_SHARE_QUEUE_H
#define MOD_SSO_SHARE_QUEUE_H

#include <apr.h>

#define MOD_SSO_QUEUE_PLACES   8192u
#define MOD_SSO_QUEUE_TEXT_MAX 127

typedef struct mod_sso_queue_t mod_sso_queue_t;

typedef struct mod_sso_queue_item_t {
    unsigned place;
    apr_uint64_t mark;
    char text[MOD_SSO_QUEUE_TEXT_MAX + 1];
} mod_sso_queue_item_t;

/* Bytes of a queue; zeroed memory of that size is an empty one. */
apr_size_t mod_sso_queue_size(void);
/* 0: no room, or too long. `tag`: who it is for; times in seconds, after `until` it need not be sent any more. */
int mod_sso_queue_put(mod_sso_queue_t *queue, apr_uint64_t tag, const char *text, apr_int64_t until, apr_int64_t now);
/* The next text for `tag` from place *at on; 0: none. */
int mod_sso_queue_next(mod_sso_queue_t *queue, apr_uint64_t tag, apr_int64_t now, unsigned *at,
                       mod_sso_queue_item_t *ret_item);
void mod_sso_queue_remove(mod_sso_queue_t *queue, const mod_sso_queue_item_t *item);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* How many workers may wait for providers at the same time (DESIGN §6): so many in all, and so many for one provider,
 * so that one which hangs can neither take the server down nor the other providers' logins.
 *
 * A place is a slot in memory that all children share, marked with its owner's process id and the second at which it
 * is given up for lost: the places of a child that died come back. Two slots make one entry, the provider's and the
 * server's; each is claimed by compare-and-swap, so neither limit is ever exceeded. No httpd in here. */
#ifndef MOD_SSO_BULKHEAD_H
#define MOD_SSO_BULKHEAD_H

#include <apr.h>

typedef struct mod_sso_bulkhead_t mod_sso_bulkhead_t;

typedef struct mod_sso_ticket_t {
    void *slot[2]; /* NULL: none held */
    apr_uint64_t mark;
} mod_sso_ticket_t;

/* `limits`: places of each of `count` providers. */
apr_size_t mod_sso_bulkhead_size(unsigned total, const unsigned *limits, unsigned count);
mod_sso_bulkhead_t *mod_sso_bulkhead_init(void *zeroed, unsigned total, const unsigned *limits, unsigned count);

/* Takes a place for the provider with this index: 1, or at once 0 when there is none. `now`: seconds; the place is
 * anybody's again `lease` seconds later. */
int mod_sso_bulkhead_enter(mod_sso_bulkhead_t *bulkhead, unsigned provider, apr_uint32_t pid, apr_uint32_t now,
                           unsigned lease, mod_sso_ticket_t *ret_ticket);
/* Gives it back; an empty ticket is fine. */
void mod_sso_bulkhead_leave(mod_sso_ticket_t *ticket);
/* Frees every place of a process: a new child calls it for its own id, which a dead one may have had. */
void mod_sso_bulkhead_forget(mod_sso_bulkhead_t *bulkhead, apr_uint32_t pid);
/* For the status page: places of one provider, or with MOD_SSO_BULKHEAD_ALL of the server. */
#define MOD_SSO_BULKHEAD_ALL (~0U)
typedef struct mod_sso_bulkhead_view_t {
    unsigned used;
    unsigned limit;
    apr_uint32_t refused; /* since the start: there was no place, of this provider or of the server */
} mod_sso_bulkhead_view_t;
mod_sso_bulkhead_view_t mod_sso_bulkhead_look(mod_sso_bulkhead_t *bulkhead, unsigned provider);

#endif

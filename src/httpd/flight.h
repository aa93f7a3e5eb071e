/* SPDX-License-Identifier: Apache-2.0 */
/* Single flight over the threads and processes of one server: of all who want to do the same thing, one does it.
 *
 * A key's place is a slot in memory that all children share, marked with its owner's process id and the second at which
 * it is given up for lost; taken by compare-and-swap. Two keys that share a slot wait for each other, which is rare and
 * harmless; one key never has two owners. No httpd in here. */
#ifndef MOD_SSO_FLIGHT_H
#define MOD_SSO_FLIGHT_H

#include <apr.h>

typedef struct mod_sso_flight_t mod_sso_flight_t;

typedef struct mod_sso_flight_ticket_t {
    void *slot; /* NULL: none held */
    apr_uint64_t mark;
} mod_sso_flight_ticket_t;

/* `slots`: a power of two. */
apr_size_t mod_sso_flight_size(apr_uint32_t slots);
mod_sso_flight_t *mod_sso_flight_init(void *zeroed, apr_uint32_t slots);

/* `key`: at least four bytes that nobody can choose. 1 and a ticket when nobody has the place. `now`: seconds; the
 * place is anybody's again `lease` seconds later, or when its process is gone. */
int mod_sso_flight_take(mod_sso_flight_t *flight, const unsigned char *key, apr_uint32_t pid, apr_uint32_t now,
                        unsigned lease, mod_sso_flight_ticket_t *ret_ticket);
/* 1 while somebody has the key's place. */
int mod_sso_flight_is_taken(mod_sso_flight_t *flight, const unsigned char *key, apr_uint32_t now);
/* 0 when the place was given up for lost meanwhile. */
int mod_sso_flight_holds(const mod_sso_flight_ticket_t *ticket);
/* Gives it back; an empty ticket is fine. */
void mod_sso_flight_leave(mod_sso_flight_ticket_t *ticket);
/* Frees every place of a process: a new child calls it for its own id, which a dead one may have had. */
void mod_sso_flight_forget(mod_sso_flight_t *flight, apr_uint32_t pid);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds something that processes share, and until when: one word that is changed by compare-and-swap. A holder that
 * has died, or took longer than it said, holds nothing any more. No httpd in here. */
#ifndef MOD_SSO_LEASE_H
#define MOD_SSO_LEASE_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include <sys/types.h>

#include <apr.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics have to be lock-free: they are shared by processes");

/* 0: nobody's; else process id << 32 | the second at which it is given up. */
typedef _Atomic apr_uint64_t mod_sso_lease_t;

static inline apr_uint64_t mod_sso_lease_mark(apr_uint32_t pid, apr_uint32_t now, unsigned seconds)
{
    return (apr_uint64_t)pid << 32 | (apr_uint32_t)(now + seconds);
}

static inline apr_uint32_t mod_sso_lease_pid(apr_uint64_t mark)
{
    return (apr_uint32_t)(mark >> 32);
}

/* Free, or its time is over: no system call. */
static inline int mod_sso_lease_is_over(apr_uint64_t mark, apr_uint32_t now)
{
    return (apr_uint32_t)mark <= now;
}

/* Held by a process that has died. */
static inline int mod_sso_lease_is_orphan(apr_uint64_t mark)
{
    return mark != 0 && kill((pid_t)mod_sso_lease_pid(mark), 0) != 0 && errno == ESRCH;
}

/* Anybody may take it. */
static inline int mod_sso_lease_is_lost(apr_uint64_t mark, apr_uint32_t now)
{
    return mod_sso_lease_is_over(mark, now) || mod_sso_lease_is_orphan(mark);
}

/* Gives up what has this mark: what was given up for lost belongs to somebody else by now. */
static inline void mod_sso_lease_leave(mod_sso_lease_t *lease, apr_uint64_t mark)
{
    (void)atomic_compare_exchange_strong(lease, &mark, 0);
}

/* The process is gone, whatever it says. */
static inline void mod_sso_lease_forget(mod_sso_lease_t *lease, apr_uint32_t pid)
{
    apr_uint64_t held = atomic_load(lease);
    if (held != 0 && mod_sso_lease_pid(held) == pid)
        mod_sso_lease_leave(lease, held);
}

#endif

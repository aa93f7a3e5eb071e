/* SPDX-License-Identifier: Apache-2.0 */
/* A process beside the children, for work that may hang: httpd's client of memcached knows no time-out, and a thread of
 * a child that hangs in it would keep the child from ending. It runs as the server's user, is started again when it
 * dies, and ends with the configuration that started it. */
#ifndef MOD_SSO_HELPER_H
#define MOD_SSO_HELPER_H

#include "httpd/mod_sso.h"

typedef struct mod_sso_helper_work_t {
    /* Once in each process, before the first round. */
    void (*begin)(void *data, apr_pool_t *pool);
    /* Once a second, and once more when httpd ends or reads its configuration anew: then three seconds are left. */
    void (*round)(void *data, apr_pool_t *pool);
    void *data;
} mod_sso_helper_work_t;

/* post_config. Waits for the end of the first round, at most `patience`. */
apr_status_t mod_sso_helper_start(apr_pool_t *pconf, server_rec *server, const mod_sso_helper_work_t *work,
                                  apr_time_t patience);
/* Hook monitor: a process that the system refused to start (EAGAIN) is tried again. */
void mod_sso_helper_register(void);
/* In the helper: what comes now may take so many seconds, else the process ends and another begins. 0: it is done. */
void mod_sso_helper_limit(unsigned seconds);

/* In the parent: until there is something to read, or its end, at most `patience`. 1: there is. Signals that come
 * meanwhile, as for the next reload, break nothing off. */
int mod_sso_helper_wait(int fd, apr_time_t patience);

#endif

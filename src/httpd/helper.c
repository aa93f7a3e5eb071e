/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "httpd/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <ap_listen.h>
#include <ap_mpm.h>
#include <apr_signal.h>
#include <apr_thread_proc.h>
#include <mpm_common.h>

typedef struct helper_t {
    struct helper_t *next;
    server_rec *server;
    apr_pool_t *pconf;
    apr_pool_t *pool; /* of the process that runs; NULL: none could be started */
    apr_proc_t proc;
    mod_sso_helper_work_t work;
} helper_t;

/* In the parent: those of this configuration. */
static helper_t *helpers;

static void end_now(int signal)
{
    (void)signal;
    _exit(0);
}

void mod_sso_helper_limit(unsigned seconds)
{
    (void)alarm(seconds);
}

/* SIGTERM is waited for, not handled, so that it never comes in between. The terminal's and the parent's other signals
 * are for the parent. */
static void set_signals(sigset_t *ret_end)
{
    static const int ignored[] = {SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};
    sigset_t alarms;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)apr_signal(ignored[i], SIG_IGN);
    (void)apr_signal(SIGCHLD, SIG_DFL);
    (void)apr_signal(SIGTERM, SIG_DFL);
    (void)apr_signal(SIGALRM, end_now);
    sigemptyset(ret_end);
    sigaddset(ret_end, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, ret_end, NULL);
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    (void)sigprocmask(SIG_UNBLOCK, &alarms, NULL);
}

/* `ready`: where the parent waits for the first round; -1: it does not. */
static __attribute__((noreturn)) void serve(helper_t *helper, pid_t parent, int ready)
{
    static const struct timespec second = {1, 0};
    apr_pool_t *pool, *round;
    sigset_t end;
    int is_last = 0;

    set_signals(&end);
    ap_close_listeners();
    if (ready < 0) /* what ends at once is not begun again at once */
        is_last = sigtimedwait(&end, NULL, &second) == SIGTERM;
    if (ap_run_drop_privileges(helper->pool, helper->server) != OK || apr_pool_create(&pool, NULL) != APR_SUCCESS ||
        apr_pool_create(&round, pool) != APR_SUCCESS)
        exit(0); /* httpd has said why */
    helper->work.begin(helper->work.data, pool);
    while (1) {
        helper->work.round(helper->work.data, round);
        apr_pool_clear(round);
        if (ready >= 0)
            (void)close(ready);
        ready = -1;
        if (is_last || getppid() != parent)
            exit(0);
        is_last = sigtimedwait(&end, NULL, &second) == SIGTERM;
    }
}

static apr_status_t spawn(helper_t *helper, int ready, int unused);

static int is_stopping(void)
{
    int state;
    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

static void maintain(int reason, void *data, apr_wait_t status)
{
    helper_t *helper = data;
    (void)status;

    if (reason == APR_OC_REASON_UNREGISTER || reason == APR_OC_REASON_RUNNING)
        return;
    apr_proc_other_child_unregister(helper);
    if ((reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) || is_stopping())
        return;
    apr_pool_destroy(helper->pool);
    apr_status_t rv = spawn(helper, -1, -1);
    if (rv != APR_SUCCESS)
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, helper->server,
                     "SSO374: no process to hear of sessions that other machines end; it is tried again "
                     "reason=share-start");
}

/* `unused`: the parent's end of the pipe. */
static apr_status_t spawn(helper_t *helper, int ready, int unused)
{
    pid_t parent = getpid();
    helper->pool = NULL;
    apr_status_t rv = apr_pool_create(&helper->pool, helper->pconf);
    if (rv != APR_SUCCESS)
        return rv;
    pid_t pid = fork();
    if (pid == 0) {
        if (unused >= 0)
            (void)close(unused);
        serve(helper, parent, ready);
    }
    if (pid < 0) {
        rv = errno;
        apr_pool_destroy(helper->pool);
        helper->pool = NULL;
        return rv;
    }
    helper->proc = (apr_proc_t){.pid = pid};
    apr_pool_note_subprocess(helper->pool, &helper->proc, APR_KILL_AFTER_TIMEOUT);
    apr_proc_other_child_register(&helper->proc, maintain, helper, NULL, helper->pool);
    return APR_SUCCESS;
}

static int monitor(apr_pool_t *pool, server_rec *server)
{
    (void)pool;
    (void)server;
    for (helper_t *helper = helpers; helper; helper = helper->next)
        if (!helper->pool && !is_stopping())
            (void)spawn(helper, -1, -1);
    return OK;
}

void mod_sso_helper_register(void)
{
    ap_hook_monitor(monitor, NULL, NULL, APR_HOOK_MIDDLE);
}

static apr_status_t forget_helpers(void *data)
{
    (void)data;
    helpers = NULL;
    return APR_SUCCESS;
}

int mod_sso_helper_wait(int fd, apr_time_t patience)
{
    struct pollfd wait = {fd, POLLIN, 0};
    apr_time_t end = apr_time_now() + patience, left = patience;
    int count;

    do
        count = poll(&wait, 1, left > 0 ? (int)apr_time_as_msec(left) : 0);
    while (count < 0 && errno == EINTR && (left = end - apr_time_now()) > 0);
    return count == 1;
}

apr_status_t mod_sso_helper_start(apr_pool_t *pconf, server_rec *server, const mod_sso_helper_work_t *work,
                                  apr_time_t patience)
{
    helper_t *helper = apr_pcalloc(pconf, sizeof(*helper));
    int fd[2];

    helper->server = server;
    helper->pconf = pconf;
    helper->work = *work;
    helper->next = helpers;
    helpers = helper;
    apr_pool_cleanup_register(pconf, NULL, forget_helpers, apr_pool_cleanup_null);
    if (patience <= 0)
        return spawn(helper, -1, -1);
    if (pipe(fd) != 0)
        return errno;
    apr_status_t rv = spawn(helper, fd[1], fd[0]);
    (void)close(fd[1]);
    if (rv == APR_SUCCESS)
        (void)mod_sso_helper_wait(fd[0], patience);
    (void)close(fd[0]);
    return rv;
}

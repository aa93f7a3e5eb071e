/* SPDX-License-Identifier: Apache-2.0 */
/* Says to callgrind from inside httpd where a measurement begins and ends: GET /-/count-on, GET /-/count-off. Loaded
 * into every server that is measured, also the plain one. (callgrind_control stops the process from outside, which
 * neither works everywhere nor at a known point.) */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

#include <valgrind/callgrind.h>

static int answer(request_rec *r)
{
    if (r->uri[0] != '/' || r->uri[1] != '-' || r->uri[2] != '/')
        return DECLINED;
    if (strcmp(r->uri, "/-/count-on") == 0) {
        CALLGRIND_START_INSTRUMENTATION; /* counts are zero: at the start, and after each dump */
    } else if (strcmp(r->uri, "/-/count-off") == 0) {
        CALLGRIND_DUMP_STATS;
        CALLGRIND_STOP_INSTRUMENTATION;
    } else {
        return DECLINED;
    }
    ap_set_content_type(r, "text/plain");
    ap_rputs("ok\n", r);
    return OK;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA bench_mark_module = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL,
                                                   register_hooks,          0};

/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that writes refusals. Constant words, a cleaned detail and the id the person sees: nothing that came
 * from outside is a format string, and sso_err_t.detail holds no secrets (err.h). */
#include "httpd/log.h"

#include "httpd/req.h"

/* What is there of an error, never NULL; a refusal without one still has a line. */
static const char *detail_of(const sso_err_t *err)
{
    return err != NULL ? err->detail : "";
}

static const char *reason_of(const sso_err_t *err)
{
    return err != NULL && err->reason != NULL && err->reason[0] != '\0' ? err->reason : "unknown";
}

void mod_sso_log_refusal(request_rec *r, int level, const char *id, const char *what, const sso_err_t *err)
{
    const char *detail = detail_of(err);
    ap_log_rerror(APLOG_MARK, level, 0, r, "%s: %s%s%s reason=%s id=%s", id, what, detail[0] ? ": " : "", detail,
                  reason_of(err), mod_sso_req_id(r));
}

void mod_sso_log_server(server_rec *s, int level, const char *id, const char *what, const sso_err_t *err)
{
    const char *detail = detail_of(err);
    ap_log_error(APLOG_MARK, level, 0, s, "%s: %s%s%s reason=%s", id, what, detail[0] ? ": " : "", detail,
                 reason_of(err));
}

int mod_sso_log_is_due(_Atomic apr_int64_t *next, int seconds)
{
    apr_int64_t now = apr_time_sec(apr_time_now()), due = atomic_load(next);
    return now >= due && atomic_compare_exchange_strong(next, &due, now + seconds);
}

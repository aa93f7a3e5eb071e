/* SPDX-License-Identifier: Apache-2.0 */
/* One line for each refusal: "SSOnnn: sentence: detail reason=<slug> id=<request id>" (DESIGN rule 9). Ids are listed
 * with cause and remedy in docs/messages.md; a style test keeps ids, slugs and that list in step. */
#ifndef MOD_SSO_LOG_H
#define MOD_SSO_LOG_H

#include <stdatomic.h>

#include "httpd/mod_sso.h"

/* Logs a refusal at `level` (APLOG_ERR for the operator's or provider's fault, APLOG_WARNING for a hostile or broken
 * request, APLOG_INFO for the ordinary). `what` is a constant sentence without the id; `id` like "SSO201". */
void mod_sso_log_refusal(request_rec *r, int level, const char *id, const char *what, const sso_err_t *err);
/* The same for the server (start, background). */
void mod_sso_log_server(server_rec *s, int level, const char *id, const char *what, const sso_err_t *err);
/* 1 for one caller every `seconds` of all who share `next` (0 at first): a trouble that lasts is not said each time. */
int mod_sso_log_is_due(_Atomic apr_int64_t *next, int seconds);

#endif

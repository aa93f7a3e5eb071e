/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator sees of a running server: our part of mod_status (when that is loaded), and `SetHandler sso-metrics`
 * in the operator's own Location, so that his Require guards it. Nothing here is asked while a page is served: logins
 * count, requests with a session do not. */
#ifndef MOD_SSO_STATUS_H
#define MOD_SSO_STATUS_H

#include "httpd/site.h"

typedef enum {
    MOD_SSO_COUNT_STARTED, /* a browser was sent to the provider */
    MOD_SSO_COUNT_DONE,    /* it came back and has a session */
    MOD_SSO_COUNT_REFUSED, /* it got a page that says why not */
    MOD_SSO_COUNTS
} mod_sso_count_t;

void mod_sso_status_register(void);
/* post_config, before the fork: counters for `count` providers; they begin anew with each restart. */
apr_status_t mod_sso_status_post_config(apr_pool_t *pconf, server_rec *main_server, int count);
int mod_sso_status_handler(request_rec *r);
void mod_sso_status_count(const mod_sso_provider_t *provider, mod_sso_count_t what);

#endif

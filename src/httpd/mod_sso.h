/* SPDX-License-Identifier: Apache-2.0 */
/* What every file of the glue needs: the module record, the log tag, the per-request context. */
#ifndef MOD_SSO_H
#define MOD_SSO_H

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include "base/env.h"
#include "base/err.h"

/* The only symbol that is exported: everything else is hidden, so that two modules with the same names do not meet. */
extern module AP_MODULE_DECLARE_DATA sso_oidc_module __attribute__((visibility("default")));
APLOG_USE_MODULE(sso_oidc);

#define MOD_SSO_AUTH_TYPE "sso-oidc"

typedef struct mod_sso_conf_t mod_sso_conf_t;         /* what a server says (conf.h) */
typedef struct mod_sso_dir_t mod_sso_dir_t;           /* what a location says (conf.h) */
typedef struct mod_sso_site_t mod_sso_site_t;         /* a server at run time (site.h) */
typedef struct mod_sso_provider_t mod_sso_provider_t; /* a provider of a site at run time (site.h) */
typedef struct mod_sso_req_t mod_sso_req_t;           /* our state of one request (req.h) */

#endif

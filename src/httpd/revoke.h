/* SPDX-License-Identifier: Apache-2.0 */
/* What has ended before its time: sessions after logout, pending logins of a browser that signed out, subjects and sids
 * named by a back-channel logout, replayed jti (DESIGN §7). A table of fixed size in anonymous shared memory of the
 * parent: it survives graceful restarts, leaves nothing behind at a stop, refuses when full instead of evicting.
 *
 * Lock-free: a writer claims a slot by compare-and-swap; a reader costs one load while the table is empty. */
#ifndef MOD_SSO_REVOKE_H
#define MOD_SSO_REVOKE_H

#include "httpd/mod_sso.h"

typedef enum { MOD_SSO_REVOKED_SESSION = 1, MOD_SSO_REVOKED_LOGIN, MOD_SSO_REVOKED_SID, MOD_SSO_REVOKED_SUB,
               MOD_SSO_REVOKED_JTI } mod_sso_revoked_t;

/* post_config: the table of the process, kept over restarts. `process` is server->process. */
apr_status_t mod_sso_revoke_post_config(process_rec *process, server_rec *main_server);
/* Adds (kind, key) until `until`; for SID/SUB only sessions created at or before `cutoff` are meant, for the others
 * pass APR_INT64_MAX. Reason revoke-full (logged once a minute by the caller). Adding twice is fine. */
SSO_MUST_USE sso_rc_t mod_sso_revoke_add(mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t cutoff,
                                         apr_time_t until, apr_time_t now, sso_err_t *err);
/* The same for a request, for all times; a full table is logged here: the logout goes on without it. */
void mod_sso_revoke_request(request_rec *r, mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t until);
/* The same, but SSO_E_MISMATCH (revoke-seen) when it is there already: replayed jti. */
SSO_MUST_USE sso_rc_t mod_sso_revoke_add_new(mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t until,
                                             apr_time_t now, sso_err_t *err);
/* 1 when (kind, key) is revoked for something created at `created`. */
int mod_sso_revoke_has(mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t created, apr_time_t now);

/* For the status page: how full the table is that holds entries of this kind. */
typedef struct mod_sso_revoke_view_t {
    apr_uint32_t used;
    apr_uint32_t slots;
} mod_sso_revoke_view_t;
mod_sso_revoke_view_t mod_sso_revoke_look(mod_sso_revoked_t kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions between browser, cache and request (DESIGN §4).
 *
 * The session cookie's value is one character and a box:
 *   "1" box                 the whole record
 *   "2" first half          the rest is in the second cookie; the halves are one box, so a wrong half does not open
 *   "r" box                 a reference: 32 random bytes, the record lies sealed in SSOCache under their SHA-256
 */
#ifndef MOD_SSO_SESSION_IO_H
#define MOD_SSO_SESSION_IO_H

#include "httpd/req.h"

/* The session of this request's browser at a provider: opened once a request, remembered at the root request. Never
 * NULL; ->session is NULL when there is none, ->why then says why. Revoked and idle sessions are none. */
mod_sso_opened_t *mod_sso_session_open(request_rec *r, const mod_sso_provider_t *provider);

/* Hands a new session to the browser: Set-Cookie for session, hint and the removal of what is old. `id_token` (may be
 * NULL) is kept for logout when it fits. Reasons: session-too-large, session-store (SSO_E_FETCH: the cache did not take
 * it), and those of seal. */
SSO_MUST_USE sso_rc_t mod_sso_session_save(request_rec *r, const mod_sso_provider_t *provider,
                                           const sso_session_t *session, const char *id_token, sso_err_t *err);

/* Ends the browser's session here: removes its cookies, revokes the id and takes the record out of the cache, so that a
 * replayed cookie signs nobody in again (nor a slow callback: mod_sso_login_end_pending).
 * *ret_id_token (may be NULL): the ID Token kept for logout, NULL when there is none. */
void mod_sso_session_end(request_rec *r, const mod_sso_provider_t *provider, const char **ret_id_token);

/* Inserts the filter that renews the idle stamp with the answer, when that is due. */
void mod_sso_session_renew_idle(request_rec *r, const mod_sso_opened_t *opened);
void mod_sso_session_register(void);

#endif

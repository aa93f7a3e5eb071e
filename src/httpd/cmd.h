/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of the directives: what the command table in conf_cmds.c names. A setter refuses by returning a sentence;
 * httpd adds file and line. Rules that need more than the line itself are in conf_check.c. */
#ifndef MOD_SSO_CMD_H
#define MOD_SSO_CMD_H

#include "httpd/conf.h"

/* What this version has of the promised directives. One of a part that is missing is refused, never silently accepted.
 */
enum {
    MOD_SSO_HAS_REFRESH = 1,   /* SSORefresh SECONDS */
    MOD_SSO_HAS_ORIGINS = 1,   /* SSOAllowOrigin */
    MOD_SSO_HAS_REVOCATION = 0 /* SSOEndpoint revocation */
};

/* cmd.c: what setters share. */
/* "Directive: sentence", in the command's pool. */
char *mod_sso_cmd_error(cmd_parms *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The refusal of something this version does not have. `what`: "SSOEndpoint par". */
char *mod_sso_cmd_later(cmd_parms *cmd, const char *what);
/* "file:line" of the directive. */
const char *mod_sso_cmd_where(cmd_parms *cmd);
/* A sentence when this directive was seen in this section before; remembers it otherwise. */
const char *mod_sso_cmd_once(cmd_parms *cmd, apr_array_header_t **seen);
/* The server's conf; a sentence when the directive stands inside <SSOProvider>. */
const char *mod_sso_cmd_server(cmd_parms *cmd, mod_sso_conf_t **ret_conf);
/* The same, for a directive that may stand once. */
const char *mod_sso_cmd_server_once(cmd_parms *cmd, mod_sso_conf_t **ret_conf);
/* The provider this directive belongs to: the open section's, else the flat one. */
mod_sso_provider_conf_t *mod_sso_cmd_provider(cmd_parms *cmd);
/* Remembers the location for conf_check. */
void mod_sso_cmd_note(cmd_parms *cmd, mod_sso_dir_t *dir);
/* Arguments as an array of char*; an argument that holds blanks is several. */
apr_array_header_t *mod_sso_cmd_list(cmd_parms *cmd, int argc, char *const argv[]);
/* Seconds of "90", "90s", "15m", "8h", "7d"; a sentence when it is none or out of [min, max]. */
const char *mod_sso_cmd_seconds(cmd_parms *cmd, const char *arg, int min, int max, int *ret);
/* A sentence when one of these ids still is what documentation leaves for the reader to replace. */
const char *mod_sso_cmd_check_audiences(cmd_parms *cmd, const apr_array_header_t *list);
/* 1 for the letters of a claim's name: anything printable in ASCII without blanks, at most SSO_CLAIM_NAME_MAX. */
int mod_sso_cmd_is_claim(const char *name);

/* cmd_server.c */
const char *mod_sso_cmd_path(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_file(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_session_store(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_cache(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_session_timeout(cmd_parms *cmd, void *unused, const char *idle, const char *max);
const char *mod_sso_cmd_session_claims(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *mod_sso_cmd_trusted_proxy(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_allow_return(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_allow_origin(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_outgoing_proxy(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_timeout(cmd_parms *cmd, void *unused, const char *connect, const char *total);
const char *mod_sso_cmd_development(cmd_parms *cmd, void *unused, int on);
/* Every directive that this version does not have yet. */
const char *mod_sso_cmd_not_yet(cmd_parms *cmd, void *unused, const char *args);

/* cmd_provider.c */
const char *mod_sso_cmd_section(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_provider_text(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_preset(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *mod_sso_cmd_endpoint(cmd_parms *cmd, void *unused, const char *name, const char *url);
const char *mod_sso_cmd_client_auth(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_client_key(cmd_parms *cmd, void *unused, const char *file, const char *kid);
const char *mod_sso_cmd_client_certificate(cmd_parms *cmd, void *unused, const char *certificate, const char *key);
const char *mod_sso_cmd_scope(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *mod_sso_cmd_auth_param(cmd_parms *cmd, void *dir, const char *name, const char *expr);
const char *mod_sso_cmd_response_type(cmd_parms *cmd, void *unused, const char *arg, const char *mode);
const char *mod_sso_cmd_signing_algs(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *mod_sso_cmd_audience(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *mod_sso_cmd_clock_skew(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_max_age(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_require_acr(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *mod_sso_cmd_cookie(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *mod_sso_cmd_refresh(cmd_parms *cmd, void *unused, const char *arg);
const char *mod_sso_cmd_remote_user(cmd_parms *cmd, void *dir, const char *claim, const char *regex, const char *subst);
const char *mod_sso_cmd_bearer_issuer(cmd_parms *cmd, void *dir, const char *issuer, const char *jwks);
const char *mod_sso_cmd_bearer_audience(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *mod_sso_cmd_introspect(cmd_parms *cmd, void *dir, int on);
const char *mod_sso_cmd_max_calls(cmd_parms *cmd, void *unused, const char *arg);

/* cmd_dir.c */
const char *mod_sso_cmd_use(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_claim_env(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_claim_format(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_claim_delimiter(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_pass_token(cmd_parms *cmd, void *dir, const char *kind, const char *header);
const char *mod_sso_cmd_accept(cmd_parms *cmd, void *dir, const char *one, const char *two);
const char *mod_sso_cmd_unauthenticated(cmd_parms *cmd, void *dir, const char *action, const char *expr);
const char *mod_sso_cmd_step_up(cmd_parms *cmd, void *dir, const char *acr, const char *max_age);

/* cmd_mint.c */
const char *mod_sso_cmd_mint_audience(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *mod_sso_cmd_mint_lifetime(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_mint_claim(cmd_parms *cmd, void *dir, const char *name, const char *claim);

/* cmd_bridge.c */
const char *mod_sso_cmd_bridge(cmd_parms *cmd, void *dir, const char *application, const char *delivery);

/* cmd_header.c: which header may carry a claim. */
const char *mod_sso_cmd_claim_prefix(cmd_parms *cmd, void *dir, const char *arg);
const char *mod_sso_cmd_claim_header(cmd_parms *cmd, void *dir, const char *claim, const char *header);
const char *mod_sso_cmd_headers(cmd_parms *cmd, void *dir, const char *preset);
/* A sentence when a header of this name must not be set by us. */
const char *mod_sso_cmd_check_header(cmd_parms *cmd, const char *header);

#endif

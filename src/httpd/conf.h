/* SPDX-License-Identifier: Apache-2.0 */
/* The directives as they were written (DESIGN §8): structs, create and merge. Members carry the directive's name in
 * snake case. Unset is NULL for pointers and MOD_SSO_UNSET for numbers, which no directive can produce; defaults are
 * applied in one place, when conf_check.c turns a conf into a site. All of it lives in pconf and is read-only after
 * the start. */
#ifndef MOD_SSO_CONF_H
#define MOD_SSO_CONF_H

#include <ap_expr.h>
#include <ap_regex.h>

#include "base/cookie.h"
#include "base/url.h"
#include "httpd/mod_sso.h"
#include "jose/alg.h"
#include "oidc/client.h"
#include "oidc/mint.h"

#define MOD_SSO_UNSET (-1)
#define MOD_SSO_DEFAULT_PROVIDER "default"

/* SSORemoteUser CLAIM [REGEX SUBST] */
typedef struct mod_sso_remote_user_t {
    const char *claim;
    ap_regex_t *regex; /* NULL: the claim as it is */
    const char *subst;
} mod_sso_remote_user_t;

/* SSOAuthParam NAME EXPR */
typedef struct mod_sso_auth_param_t {
    const char *name;
    ap_expr_info_t *value; /* a string expression */
} mod_sso_auth_param_t;

/* SSOBearerIssuer ISSUER [JWKS-URL] */
typedef struct mod_sso_bearer_t {
    const char *issuer;
    const char *jwks_uri; /* NULL: by discovery */
} mod_sso_bearer_t;

/* One <SSOProvider NAME>, or the flat directives (name "default"). */
typedef struct mod_sso_provider_conf_t {
    const char *name;
    const char *where; /* "file:line" of the section or its first directive, for error sentences */
    const char *issuer;
    const char *preset;
    const char *preset_arg;
    apr_array_header_t *preset_args;    /* char*: all of them where there are several, else NULL */
    const char *authorization_endpoint; /* SSOEndpoint NAME URL|none */
    const char *token_endpoint;
    const char *userinfo_endpoint;
    const char *jwks_uri;
    const char *end_session_endpoint;
    const char *revocation_endpoint;
    const char *introspection_endpoint;
    const char *par_endpoint;
    const char *client_id;
    const char *client_secret; /* as written: VALUE, file:PATH or exec:CMD */
    int client_auth;           /* sso_client_auth_t */
    const char *client_key;
    const char *client_key_id;
    const char *client_certificate;
    const char *client_certificate_key;
    const char *scope;
    apr_array_header_t *auth_params; /* mod_sso_auth_param_t */
    int response_type;               /* sso_response_type_t */
    int form_post;                   /* set with response_type */
    const char *signing_algs;
    apr_array_header_t *audiences;   /* char* */
    int clock_skew;
    int max_age;
    apr_array_header_t *acrs;        /* char* */
    const char *redirect_uri;
    const char *cookie_name;
    const char *cookie_domain;
    int cookie_samesite;             /* sso_samesite_t */
    int cookie_partitioned;
    int refresh;                     /* 0: off, n: seconds before expiry */
    mod_sso_remote_user_t *remote_user;
    apr_array_header_t *bearers;     /* mod_sso_bearer_t */
    apr_array_header_t *bearer_audiences; /* char*; empty: "none" */
    int introspect;
    int max_calls;
    apr_array_header_t *seen;        /* char*: directives read so far, so that a second one is refused */
} mod_sso_provider_conf_t;

enum { MOD_SSO_STORE_COOKIE, MOD_SSO_STORE_CACHE };

/* A server or vhost. */
struct mod_sso_conf_t {
    server_rec *server;
    apr_array_header_t *providers; /* mod_sso_provider_conf_t*; at most one a name */
    const char *login_path;
    const char *logout_path;
    const char *base_path;
    const char *key_file;
    const char *state_dir;
    const char *mint_key;
    int session_store;
    const char *cache;
    int session_idle; /* seconds */
    int session_max;
    apr_array_header_t *session_claims;  /* char*, NULL: all */
    apr_array_header_t *trusted_proxies; /* apr_ipsubnet_t* */
    apr_array_header_t *allow_return;    /* char* */
    apr_array_header_t *allow_origin;    /* char* */
    const char *outgoing_proxy;
    const char *ca_file;
    int timeout_connect; /* seconds */
    int timeout_total;
    const char *error_page;
    int development;
    apr_array_header_t *uses; /* mod_sso_use_t: the locations of this server (never inherited), for conf_check */
    mod_sso_site_t *site;     /* made by conf_check; NULL: this server has no provider */

    /* While directives are read. */
    mod_sso_provider_conf_t *current; /* the <SSOProvider> that is open, NULL: none */
    apr_array_header_t *seen;         /* char*: directives of this very server so far */
    int own;                          /* this very server has at least one of our server directives */
    /* Made at the start. */
    const char *jwks;      /* public halves of all keys of minted tokens; NULL: nobody mints */
    const char *jwks_path; /* where this server shows them */
    /* Main server only, made by conf_check. */
    int provider_total; /* providers of all sites: mod_sso_provider_t.index counts up to it */
};

/* One of our directives in a location, remembered so that conf_check can name file and line. */
typedef struct mod_sso_use_t {
    mod_sso_dir_t *dir;
    const char *directive; /* "SSOUse" */
    const char *section;   /* "<Location \"/x\">", for sentences */
    const char *where;     /* "file:line" */
} mod_sso_use_t;

typedef enum {
    MOD_SSO_UNAUTH_AUTO, MOD_SSO_UNAUTH_REDIRECT, MOD_SSO_UNAUTH_401, MOD_SSO_UNAUTH_PASS, MOD_SSO_UNAUTH_403
} mod_sso_unauth_t;

/* One SSOUnauthenticated line; the first whose expression is true (or NULL) counts. */
typedef struct mod_sso_unauth_rule_t {
    mod_sso_unauth_t action;
    ap_expr_info_t *when;
} mod_sso_unauth_rule_t;

#define MOD_SSO_CLAIM_USER "REMOTE_USER"

/* One claim -> header pair, of SSOClaimHeader or an SSOHeaders preset. */
typedef struct mod_sso_claim_header_t {
    const char *claim;   /* MOD_SSO_CLAIM_USER: REMOTE_USER instead of a claim */
    const char *header;
    int lower_case;  /* the value is sent in lower case (SSOHeaders openmetadata) */
    int identity;    /* carries the identity: an e-mail is only used when it is verified */
    char delimiter;  /* of a list; 0: SSOClaimDelimiter */
} mod_sso_claim_header_t;

enum { MOD_SSO_FORMAT_UTF8, MOD_SSO_FORMAT_PERCENT, MOD_SSO_FORMAT_BASE64URL };
enum { MOD_SSO_ACCEPT_SESSION = 1, MOD_SSO_ACCEPT_BEARER = 2 };
enum { MOD_SSO_BRIDGE_OFF, MOD_SSO_BRIDGE_QUERY, MOD_SSO_BRIDGE_FRAGMENT };
enum { MOD_SSO_PASS_NONE, MOD_SSO_PASS_ID, MOD_SSO_PASS_ACCESS, MOD_SSO_PASS_MINTED };

/* A location. */
struct mod_sso_dir_t {
    const char *use;
    const char *claim_prefix;          /* "" = none */
    const char *claim_env;             /* "" = none */
    apr_array_header_t *claim_headers; /* mod_sso_claim_header_t */
    int claim_format;
    int claim_delimiter;               /* a character */
    int pass_token;
    const char *pass_header;           /* NULL: Authorization: Bearer */
    apr_array_header_t *mint_audiences; /* char* */
    int mint_lifetime;                 /* seconds */
    apr_array_header_t *mint_claims;   /* sso_mint_claim_t */
    int bridge;                        /* MOD_SSO_BRIDGE_* */
    const char *bridge_base;           /* path of the location, without a slash at the end */
    int accept;                        /* MOD_SSO_ACCEPT_* bits */
    apr_array_header_t *bearers;       /* mod_sso_bearer_t; NULL: as the provider has it, and so the next two */
    apr_array_header_t *bearer_audiences; /* char*; empty: "none" */
    int introspect;                    /* SSOIntrospect */
    apr_array_header_t *unauthenticated; /* mod_sso_unauth_rule_t */
    mod_sso_remote_user_t *remote_user;
    apr_array_header_t *auth_params;   /* mod_sso_auth_param_t */
    int max_age;
    apr_array_header_t *acrs;          /* char* */
    const char *step_up_acr;
    int step_up_max_age;
    apr_array_header_t *seen; /* char*: directives of this section so far */
};

/* Everything scrubbed from requests: filled while directives are read (DESIGN rule 4). Names come as written; a prefix
 * ends in "*". One list a process, because a name of one vhost must not get in through another. */
void mod_sso_conf_reserve(apr_pool_t *pconf, const char *name);

void *mod_sso_conf_create_server(apr_pool_t *pool, server_rec *server);
void *mod_sso_conf_merge_server(apr_pool_t *pool, void *base, void *add);
void *mod_sso_conf_create_dir(apr_pool_t *pool, char *path);
void *mod_sso_conf_merge_dir(apr_pool_t *pool, void *base, void *add);

/* The provider of this name as this very conf says it, NULL: none; and a new one. */
mod_sso_provider_conf_t *mod_sso_conf_provider(mod_sso_conf_t *conf, const char *name);
mod_sso_provider_conf_t *mod_sso_conf_provider_add(apr_pool_t *pool, mod_sso_conf_t *conf, const char *name);

mod_sso_conf_t *mod_sso_conf_of(const server_rec *server);
mod_sso_dir_t *mod_sso_dir_of(const request_rec *r);
/* SSOAccept with its default: does this location take sessions, or bearer tokens (MOD_SSO_ACCEPT_*)? */
int mod_sso_dir_accepts(const mod_sso_dir_t *dir, int what);

extern const command_rec mod_sso_conf_cmds[]; /* conf_cmds.c */

/* conf_check.c: the check_config hook. Builds every server's site (site.h) and refuses what rule 8 refuses. */
int mod_sso_conf_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);
/* Providers of all sites, after mod_sso_conf_check. */
int mod_sso_conf_provider_total(const server_rec *main_server);

/* conf_secret.c, post_config: runs each "exec:" secret once a start and checks what came out; not in httpd's first
 * pass, which only reads the configuration. Reason secret-exec. */
SSO_MUST_USE sso_rc_t mod_sso_conf_exec_secrets(apr_pool_t *pconf, server_rec *main_server, sso_err_t *err);

#endif

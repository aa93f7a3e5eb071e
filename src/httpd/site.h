/* SPDX-License-Identifier: Apache-2.0 */
/* A server as it runs: directives with defaults applied, presets expanded, names made. Built by conf_check.c in pconf
 * at each (re)start, completed by boot.c (keys, shared memory) and read-only afterwards. */
#ifndef MOD_SSO_SITE_H
#define MOD_SSO_SITE_H

#include "base/url.h"
#include "httpd/conf.h"
#include "jose/seal.h"
#include "oidc/client.h"
#include "oidc/provider.h"

/* Whose bearer tokens count, and whose keys verify them: the provider itself, or one of site->issuers. */
typedef struct mod_sso_bearer_issuer_t {
    const char *issuer; /* exact */
    const mod_sso_provider_t *keys;
    int has_url; /* the operator named its keys: without that, SSOBearerAudience none does not reach it */
} mod_sso_bearer_issuer_t;

/* SSOBearerIssuer of a location, in one site. */
typedef struct mod_sso_bearers_t {
    const apr_array_header_t *written; /* as mod_sso_dir_t has it, which names the entry */
    const mod_sso_bearer_issuer_t *issuers;
    int count;
} mod_sso_bearers_t;

struct mod_sso_provider_t {
    const char *name;
    int index; /* counts over all sites of the process: index of per-process tables (meta.c, bulkhead) */
    const mod_sso_site_t *site;
    const mod_sso_provider_conf_t *conf;
    sso_provider_settings_t settings;
    sso_client_t client;
    const char *redirect_uri;  /* absolute, or NULL: origin of the request + redirect_path */
    const char *redirect_path; /* path of the callback */
    sso_auth_demand_t demand;
    const mod_sso_remote_user_t *remote_user;
    apr_array_header_t *auth_params; /* mod_sso_auth_param_t, NULL: none */

    /* Cookies (DESIGN §4). Development over http: no prefix, no Secure, the port in the name. */
    const char *cookie;        /* "__Host-sso": first part of a session */
    const char *cookie2;       /* cookie + ".1": second part */
    const char *cookie_idle;   /* "__Host-sso-t" */
    const char *cookie_depth;  /* "__Host-sso-d": marker of the loop breaker */
    const char *cookie_out;    /* "__Host-sso-out": signed out a moment ago (SSOBridge) */
    const char *cookie_new;    /* "__Host-sso-new": signed in a moment ago (SSOBridge) */
    const char *cookie_hint;   /* "__Secure-sso-hint" */
    const char *hint_path;     /* Path of the hint: base path, or the logout path where that lies elsewhere */
    sso_cookie_attrs_t attrs;  /* of the session cookies */
    const void *context;       /* for boxes: cookie name, scope, issuer, client id; length-prefixed */
    apr_size_t context_len;
    unsigned keep_tokens;      /* 1 << sso_token_kind_t: what a location of this site passes on (SSOPassToken) */
    int refresh;               /* SSORefresh: seconds before a passed token expires; 0: none is passed, or off */

    /* Bearer tokens at this provider's locations. */
    const mod_sso_bearer_issuer_t *bearers;
    int bearer_count;
    const apr_array_header_t *bearer_audiences; /* char*; empty: SSOBearerAudience none */
};

struct mod_sso_store_t;

struct mod_sso_site_t {
    server_rec *server;
    const mod_sso_conf_t *conf;
    int count;
    mod_sso_provider_t **providers;
    mod_sso_provider_t *default_provider; /* NULL: only named ones */
    /* Issuers of bearer tokens that are no provider of their own: for their keys only (meta.h), nobody signs in there.
     * Nothing of a client, cookies or endpoints is set. */
    int issuer_count;
    const apr_array_header_t *dir_bearers; /* mod_sso_bearers_t: of locations; NULL: none */
    mod_sso_provider_t **issuers;

    const char *scheme; /* public, of ServerName; "https" or "http" */
    const char *host;   /* ServerName without port, lower case */
    int port;
    const char *scope;  /* host: what sessions are bound to */

    const char *login_path;
    const char *logout_path;
    const char *base_path; /* with both slashes: "/sso/" */
    const char *session_path; /* base + "session" */
    const char *login_cookie; /* "__Host-sso-login-", a prefix */
    const char *return_cookie; /* "__Host-sso-return-", a prefix */
    const void *login_context; /* for boxes of state, login and return cookies: scope */
    apr_size_t login_context_len;

    int idle;  /* seconds */
    int max;
    int store; /* MOD_SSO_STORE_* */
    struct mod_sso_store_t *cache_store; /* SSOCache; sites of the same spec share one; NULL: none */
    const apr_array_header_t *session_claims;
    int session_budget; /* bytes all session cookies together may have in a Cookie header */
    int development;
    int secure;         /* cookies are Secure: always, but for development over http */
    const char *cookie_prefix_all; /* what the application never sees begins with this: "__Host-sso", "sso-8080" … */

    int mints;                 /* a location passes minted tokens on */
    int bridges;               /* a location has SSOBridge */
    const sso_mint_key_t *mint_key; /* mint.c, post_config; NULL unless mints */
    const char *mint_issuer;
    const char *key_file;      /* SSOKeyFile, NULL: the default one */
    const char *state_dir;
    const sso_keyring_t *ring; /* keys.c, post_config */
    int ring_index;            /* which of the process's rings: thread.c keeps one sealer for each */
};

/* Providers, then issuers: everything of a site that has an index. NULL behind the last. */
const mod_sso_provider_t *mod_sso_site_slot(const mod_sso_site_t *site, int i);
/* The provider of this name in a site, NULL when there is none. NULL or "default" names the flat one. */
mod_sso_provider_t *mod_sso_site_provider(const mod_sso_site_t *site, const char *name);
/* The site of a request, NULL when its server has no provider. */
mod_sso_site_t *mod_sso_site_of(const request_rec *r);
/* The provider that this request's location uses, NULL when there is none. */
mod_sso_provider_t *mod_sso_site_provider_of(const request_rec *r);

#endif

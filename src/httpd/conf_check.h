/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the start check share (DESIGN rule 8). Every refusal is one line
 *   SSOnnn: <Directive>: <what is wrong, what to write> (<virtual host, provider, file:line>)
 * and all of them are printed, not only the first. Nothing is made on disk: this runs under `httpd -t`, and twice at a
 * start. */
#ifndef MOD_SSO_CONF_CHECK_H
#define MOD_SSO_CONF_CHECK_H

#include <apr_hash.h>

#include "httpd/preset.h"
#include "httpd/site.h"

/* A section with AuthType sso-oidc. */
typedef struct mod_sso_guard_t {
    const char *section; /* "<Location "/x">" */
    const char *where;   /* "file:line" of AuthType */
    const ap_directive_t *node; /* the section; NULL: no section */
    int has_use;         /* SSOUse stands in it or around it */
} mod_sso_guard_t;

/* ProxyPass: who is asked, for which paths. */
typedef struct mod_sso_backend_t {
    const char *path;  /* as it begins; NULL: any */
    const char *url;   /* as written */
    const char *where; /* "file:line" */
} mod_sso_backend_t;

/* What the configuration of one server says to other modules, read from httpd's tree (conf_tree.c). */
typedef struct mod_sso_facts_t {
    int has_name;               /* a ServerName of its own */
    int tls;                    /* 1 SSLEngine on, 0 off, -1 not said */
    int cache_quick;            /* 0 CacheQuickHandler off, -1 not said */
    const char *cache;          /* "file:line" of CacheEnable, NULL: none */
    int proxy_certificate;      /* httpd shows a certificate to applications: they can tell it from others */
    int has_htaccess;           /* AllowOverride lets files we cannot see say AuthType */
    apr_array_header_t *guards; /* mod_sso_guard_t */
    apr_array_header_t *sections; /* ap_directive_t*: outermost sections in the order of the file */
    apr_array_header_t *backends; /* mod_sso_backend_t */
} mod_sso_facts_t;

typedef struct mod_sso_check_t {
    apr_pool_t *pconf;
    apr_pool_t *ptemp;
    server_rec *main_server;
    apr_hash_t *facts;  /* server_rec* -> mod_sso_facts_t* */
    apr_hash_t *said;   /* lines printed: what a virtual host inherits is said once */
    apr_hash_t *stores; /* SSOCache spec -> mod_sso_store_t* */
    int errors;
    int providers; /* of all sites so far */

    /* The server being built. */
    server_rec *server;
    const mod_sso_conf_t *conf;
    mod_sso_site_t *site;
    int involved; /* a provider or a guarded location stands in this very server, or it is the only one */
} mod_sso_check_t;

/* Counts and prints a refusal. `provider` may be NULL. */
void mod_sso_check_fail(mod_sso_check_t *ck, const char *id, const char *directive,
                        const mod_sso_provider_conf_t *provider, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same without stopping the start. */
void mod_sso_check_warn(mod_sso_check_t *ck, const char *id, const char *directive, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* conf_tree.c */
void mod_sso_check_tree(mod_sso_check_t *ck);
mod_sso_facts_t *mod_sso_check_facts(mod_sso_check_t *ck, const server_rec *server);

/* conf_site.c: makes conf->site of ck->server; leaves it NULL when there is no provider or something is wrong. */
void mod_sso_check_site(mod_sso_check_t *ck, mod_sso_conf_t *conf);
/* "host[:port]" or "file:line" of a server, for sentences. */
const char *mod_sso_check_server_name(apr_pool_t *pool, const server_rec *server);
/* 1 when the host is one of the server's names. */
int mod_sso_check_is_our_host(const mod_sso_site_t *site, const char *host);

/* conf_rules.c: fills provider from its conf. 0 when something was wrong. */
int mod_sso_check_provider(mod_sso_check_t *ck, mod_sso_provider_t *provider);
/* http is for loopback hosts under SSODevelopment On only. 0 and a message when the URL may not be used. */
int mod_sso_check_scheme(mod_sso_check_t *ck, const char *directive, const mod_sso_provider_conf_t *conf,
                         const char *text, const sso_url_t *url);

/* conf_bearer.c: whose bearer tokens count at a provider's locations; needs the rest of the provider. */
void mod_sso_check_bearers(mod_sso_check_t *ck, mod_sso_provider_t *provider);

/* conf_cookie.c: names, attributes and box contexts. */
void mod_sso_check_cookies(mod_sso_check_t *ck, mod_sso_provider_t *provider);
void mod_sso_check_site_cookies(mod_sso_check_t *ck);
/* Between sites: same host and cookie, other client. */
void mod_sso_check_shared_cookies(mod_sso_check_t *ck);

/* conf_bridge.c: SSOBridge in a section of `s`. */
void mod_sso_check_bridge(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use);

/* conf_secret.c */
/* A sentence when the value is a placeholder or a sample of somebody's documentation, NULL when it may be real. */
const char *mod_sso_check_sample(apr_pool_t *pool, const char *value, int is_secret);
/* client_secret (and client_id, when only a console's JSON file says it) of the provider. 0 when something was wrong.
 */
int mod_sso_check_secret(mod_sso_check_t *ck, mod_sso_provider_t *provider);
/* 1 while the secret comes from "exec:", which runs in post_config. */
int mod_sso_check_is_exec(const mod_sso_provider_conf_t *conf);

/* conf_open.c: warnings about ways in that were hardly meant. */
void mod_sso_check_open(mod_sso_check_t *ck);
/* The path of <Location PATH> or <Directory PATH>; NULL when it is another section, or a pattern. */
const char *mod_sso_check_path_of(apr_pool_t *pool, const ap_directive_t *section);

/* conf_bearer.c: SSOBearerIssuer of a location, for one site it reaches. */
void mod_sso_check_dir_bearers(mod_sso_check_t *ck, mod_sso_site_t *site, const mod_sso_use_t *use);

/* conf_dirs.c: SSOUse, AuthType and what else locations say. */
void mod_sso_check_dirs(mod_sso_check_t *ck);

#endif

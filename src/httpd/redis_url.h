/* SPDX-License-Identifier: Apache-2.0 */
/* What SSOCache says about a Redis server. No httpd, no network.
 *
 *   redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]                      rediss://…  the same over TLS
 *   redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT],…/SERVICE[/DATABASE]   rediss+sentinel://…
 *   redis+unix://[[USER]:PASSWORD@]/PATH[?db=DATABASE]
 *
 * and behind all of them ?NAME=VALUE&…: password-file (then USER@ stands without a password); over TLS ca-file,
 * cert-file, key-file; with Sentinels that want to know who asks sentinel-user, sentinel-password,
 * sentinel-password-file.
 */
#ifndef MOD_SSO_REDIS_URL_H
#define MOD_SSO_REDIS_URL_H

#include <apr_pools.h>

#include "base/err.h"

#define MOD_SSO_REDIS_HOSTS_MAX 8

typedef struct mod_sso_redis_host_t {
    const char *name; /* an IPv6 address without brackets */
    int port;
} mod_sso_redis_host_t;

typedef struct mod_sso_redis_url_t {
    int tls;
    const char *path;    /* of a Unix socket; NULL: hosts */
    const char *service; /* what the Sentinels at `hosts` call it; NULL: hosts[0] is the server */
    mod_sso_redis_host_t hosts[MOD_SSO_REDIS_HOSTS_MAX];
    int count;
    const char *user;     /* NULL: none */
    const char *password; /* NULL: none */
    int database;
    /* Options, NULL: not said. Files by their full path, read by the caller. */
    const char *password_file; /* then `password` is NULL */
    const char *sentinel_user;
    const char *sentinel_password;
    const char *sentinel_password_file; /* then `sentinel_password` is NULL */
    const char *ca_file;
    const char *cert_file; /* both or none of them */
    const char *key_file;
    const char *label; /* for people: without users, passwords and options */
} mod_sso_redis_url_t;

/* 1 when this SSOCache is ours to read, and not one of httpd's providers ("redis:host:6379"). */
int mod_sso_redis_url_is(const char *spec);
/* Reason redis-url; the detail holds nothing of user, password and options' values. */
SSO_MUST_USE sso_rc_t mod_sso_redis_url_parse(apr_pool_t *pool, const char *text, mod_sso_redis_url_t *ret_url,
                                              sso_err_t *err);

#endif

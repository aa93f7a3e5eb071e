/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and tokens of our own. A signature costs as much as hundreds of requests, so a token serves until half of its
 * life is over; it is found again by everything that is in it, so a session whose claims changed gets a new one. */
#include "httpd/mint.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <errno.h>
#include <sys/stat.h>

#include "httpd/bearer_cache.h"
#include "httpd/secretfile.h"
#include "httpd/statedir.h"
#include "httpd/thread.h"
#include "jose/crypto.h"
#include "oidc/mint.h"

#define KEY_NAME    "mint-key.pem"
#define KEY_MAX     (64 * 1024)
#define CACHE_SLOTS 4096
#define CACHE_BYTES (8 * 1024 * 1024)
#define NO_KEYS     "{\"keys\":[]}\n"

/* Made in child_init, before any worker thread exists; NULL: nobody mints. */
static mod_sso_bearer_cache_t *cache;

/* --- keys -------------------------------------------------------------------------------------------------------- */

static const char *key_path(apr_pool_t *pool, const mod_sso_site_t *site)
{
    return site->conf->mint_key ? site->conf->mint_key : apr_pstrcat(pool, site->state_dir, "/" KEY_NAME, NULL);
}

static sso_rc_t parse_key(apr_pool_t *pool, const char *path, const char *pem, apr_size_t len, sso_mint_key_t *ret_key,
                          sso_err_t *err)
{
    sso_err_t cause = SSO_ERR_INIT;
    sso_rc_t rc = sso_mint_key_parse(pool, pem, len, ret_key, &cause);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, cause.reason, "%s: %s. Make a key with: (umask 077; openssl genrsa -out %s 2048)",
                           path, cause.detail, path);
    return SSO_OK;
}

sso_rc_t mod_sso_mint_check(apr_pool_t *ptemp, const mod_sso_site_t *site, sso_err_t *err)
{
    const char *path = key_path(ptemp, site);
    const char *pem = NULL;
    apr_size_t len = 0;
    sso_mint_key_t key;
    struct stat st;
    if (!site->conf->mint_key) {
        SSO_TRY(mod_sso_statedir_check(ptemp, site->state_dir, err));
        if (lstat(path, &st) != 0 && errno == ENOENT)
            return SSO_OK;
    }
    SSO_TRY(mod_sso_secretfile_read(ptemp, path, KEY_MAX, &pem, &len, err));
    return parse_key(ptemp, path, pem, len, &key, err);
}

static sso_rc_t load_key(apr_pool_t *pconf, apr_pool_t *ptemp, const mod_sso_site_t *site, sso_mint_key_t *ret_key,
                         sso_err_t *err)
{
    const char *path = key_path(ptemp, site);
    const char *pem = NULL;
    apr_size_t len = 0;
    if (site->conf->mint_key)
        SSO_TRY(mod_sso_secretfile_read(ptemp, path, KEY_MAX, &pem, &len, err));
    else
        SSO_TRY(mod_sso_statedir_secret(ptemp, ptemp, site->state_dir, KEY_NAME, KEY_MAX, sso_jwk_make_rsa, &pem, &len,
                                        err));
    return parse_key(pconf, path, pem, len, ret_key, err);
}

static const char *issuer_of(apr_pool_t *pool, const mod_sso_site_t *site)
{
    int standard = site->port == (strcmp(site->scheme, "https") == 0 ? 443 : 80);
    const char *port = standard ? "" : apr_psprintf(pool, ":%d", site->port);
    const char *host = strchr(site->host, ':') ? apr_pstrcat(pool, "[", site->host, "]", NULL) : site->host;
    return apr_pstrcat(pool, site->scheme, "://", host, port,
                       apr_pstrmemdup(pool, site->base_path, strlen(site->base_path) - 1), NULL);
}

/* One key a file, however many sites sign with it. */
static sso_rc_t load_site(apr_pool_t *pconf, apr_pool_t *ptemp, apr_hash_t *keys, mod_sso_site_t *site, sso_err_t *err)
{
    const char *path = key_path(ptemp, site);
    sso_mint_key_t *key = apr_hash_get(keys, path, APR_HASH_KEY_STRING);
    if (!key) {
        key = apr_pcalloc(pconf, sizeof(*key));
        SSO_TRY(load_key(pconf, ptemp, site, key, err));
        apr_hash_set(keys, path, APR_HASH_KEY_STRING, key);
    }
    site->mint_key = key;
    site->mint_issuer = issuer_of(pconf, site);
    return SSO_OK;
}

static sso_rc_t make_jwks(apr_pool_t *pconf, apr_pool_t *ptemp, apr_hash_t *keys, const char **ret_text, sso_err_t *err)
{
    apr_hash_t *said = apr_hash_make(ptemp); /* two files may hold one key */
    const char *list = "";
    for (apr_hash_index_t *i = apr_hash_first(ptemp, keys); i; i = apr_hash_next(i)) {
        const sso_mint_key_t *key = apr_hash_this_val(i);
        char *text = NULL;
        if (apr_hash_get(said, key->kid, APR_HASH_KEY_STRING))
            continue;
        apr_hash_set(said, key->kid, APR_HASH_KEY_STRING, "");
        SSO_TRY(sso_mint_key_text(ptemp, key, &text, err));
        list = apr_pstrcat(ptemp, list, *list ? "," : "", text, NULL);
    }
    *ret_text = apr_pstrcat(pconf, "{\"keys\":[", list, "]}\n", NULL);
    return SSO_OK;
}

static void publish(apr_pool_t *pconf, server_rec *main_server, const char *jwks)
{
    for (server_rec *s = main_server; s; s = s->next) {
        mod_sso_conf_t *conf = mod_sso_conf_of(s);
        conf->jwks = jwks;
        conf->jwks_path = apr_pstrcat(pconf, conf->base_path ? conf->base_path : "/sso/", "jwks", NULL);
    }
}

static sso_rc_t load_all(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server, apr_hash_t *keys,
                         sso_err_t *err)
{
    const char *jwks = NULL;
    for (server_rec *s = main_server; s; s = s->next) {
        mod_sso_site_t *site = mod_sso_conf_of(s)->site;
        if (site && site->mints)
            SSO_TRY(load_site(pconf, ptemp, keys, site, err));
    }
    if (apr_hash_count(keys) == 0)
        return SSO_OK;
    SSO_TRY(make_jwks(pconf, ptemp, keys, &jwks, err));
    publish(pconf, main_server, jwks);
    return SSO_OK;
}

apr_status_t mod_sso_mint_load(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    apr_hash_t *keys = apr_hash_make(ptemp);
    sso_err_t err = SSO_ERR_INIT;
    if (load_all(pconf, ptemp, main_server, keys, &err) != SSO_OK) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, main_server,
                     "SSO004: the key of minted tokens cannot be used: %s reason=%s", err.detail, err.reason);
        return APR_EGENERAL;
    }
    for (apr_hash_index_t *i = apr_hash_first(ptemp, keys); i; i = apr_hash_next(i)) {
        const sso_mint_key_t *key = apr_hash_this_val(i);
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, main_server, "SSO005: minted tokens are signed: %s has %s",
                     (const char *)apr_hash_this_key(i), key->kid);
    }
    return APR_SUCCESS;
}

apr_status_t mod_sso_mint_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    cache = NULL;
    if (!mod_sso_conf_of(main_server)->jwks)
        return APR_SUCCESS;
    return mod_sso_bearer_cache_create(pchild, CACHE_SLOTS, CACHE_BYTES, &cache);
}

int mod_sso_mint_is_jwks(const request_rec *r)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(r->server);
    return conf && conf->jwks && strcmp(r->uri, conf->jwks_path) == 0;
}

const char *mod_sso_mint_jwks(const request_rec *r)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(r->server);
    return conf && conf->jwks ? conf->jwks : NO_KEYS;
}

/* --- tokens ------------------------------------------------------------------------------------------------------ */

/* A token is the same one only for the same session, key, words and end. The lifetime is in it because another location
 * may want a shorter one. */
static sso_rc_t cache_key(request_rec *r, const sso_session_t *session, const sso_mint_rule_t *rule, const char *body,
                          mod_sso_bearer_key_t *ret_key, sso_err_t *err)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    unsigned char id[SSO_SESSION_ID_LEN * 2 + 1];
    for (apr_size_t i = 0; i < SSO_SESSION_ID_LEN; i++) {
        id[2 * i] = (unsigned char)('a' + (session->id[i] >> 4));
        id[2 * i + 1] = (unsigned char)('a' + (session->id[i] & 15));
    }
    id[2 * SSO_SESSION_ID_LEN] = '\0';
    const char *text = apr_psprintf(r->pool, "%s %s %d %" APR_TIME_T_FMT " ", (const char *)id, site->mint_key->kid,
                                    rule->lifetime, session->expires);
    memset(ret_key, 0, sizeof(*ret_key));
    return mod_sso_thread_hash(text, strlen(text), body, strlen(body), ret_key->hash, err);
}

static sso_rc_t make_token(request_rec *r, const sso_session_t *session, const sso_mint_rule_t *rule, const char *body,
                           const mod_sso_bearer_key_t *key, const char **ret_token, sso_err_t *err)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const sso_env_t env = mod_sso_req_env(r);
    apr_time_t expires = sso_mint_expires(session, rule, env.now);
    SSO_TRY(sso_mint_sign(&env, site->mint_key, body, expires, ret_token, err));
    const mod_sso_bearer_entry_t entry = {.since = env.now,
                                          .until = env.now + (expires - env.now) / 2,
                                          .bytes = (const unsigned char *)*ret_token,
                                          .len = strlen(*ret_token) + 1};
    mod_sso_bearer_cache_put(cache, key, &entry);
    return SSO_OK;
}

sso_mint_rule_t mod_sso_mint_rule(const mod_sso_site_t *site, const mod_sso_dir_t *dir)
{
    const sso_mint_rule_t rule = {site->mint_issuer, dir->mint_audiences, dir->mint_claims,
                                  dir->mint_lifetime == MOD_SSO_UNSET ? SSO_MINT_LIFETIME : dir->mint_lifetime};
    return rule;
}

sso_rc_t mod_sso_mint_token(request_rec *r, const sso_session_t *session, const char **ret_token, sso_err_t *err)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const char *body = NULL;
    mod_sso_bearer_key_t key;
    mod_sso_bearer_entry_t entry;
    if (!site || !site->mint_key || !cache)
        return sso_err_set(err, SSO_E_CONFIG, "mint-no-key", "no key was loaded for this virtual host at the start");
    const sso_mint_rule_t rule = mod_sso_mint_rule(site, mod_sso_dir_of(r));
    SSO_TRY(sso_mint_body(r->pool, session, &rule, &body, err));
    SSO_TRY(cache_key(r, session, &rule, body, &key, err));
    if (mod_sso_bearer_cache_get(cache, r->pool, &key, r->request_time, &entry)) {
        *ret_token = (const char *)entry.bytes;
        return SSO_OK;
    }
    return make_token(r, session, &rule, body, &key, ret_token, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Key files. The default one, STATE/keys, is made once with 32 random bytes (statedir.h). */
#include "httpd/keys.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <errno.h>
#include <sys/stat.h>

#include "httpd/secretfile.h"
#include "httpd/statedir.h"
#include "jose/crypto.h"

#define KEY_FILE_MAX  4096
#define KEY_FILE_NAME "keys"

static const char *default_path(apr_pool_t *pool, const mod_sso_site_t *site)
{
    return apr_pstrcat(pool, site->state_dir, "/" KEY_FILE_NAME, NULL);
}

static sso_rc_t parse_ring(apr_pool_t *pool, const char *path, const char *bytes, apr_size_t len,
                           sso_keyring_t **ret_ring, sso_err_t *err)
{
    sso_err_t cause = SSO_ERR_INIT;
    sso_rc_t rc = sso_keyring_parse(pool, bytes, len, ret_ring, &cause);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, cause.reason, "%s: %s. Make a key with: openssl rand -base64 32", path,
                           cause.detail);
    return SSO_OK;
}

sso_rc_t mod_sso_keys_check(apr_pool_t *ptemp, const mod_sso_site_t *site, sso_err_t *err)
{
    const char *path = site->key_file ? site->key_file : default_path(ptemp, site);
    const char *bytes;
    apr_size_t len;
    sso_keyring_t *ring;
    if (!site->key_file) {
        struct stat st;
        SSO_TRY(mod_sso_statedir_check(ptemp, site->state_dir, err));
        if (lstat(path, &st) != 0 && errno == ENOENT)
            return SSO_OK;
    }
    sso_rc_t rc = mod_sso_secretfile_read(ptemp, path, KEY_FILE_MAX, &bytes, &len, err);
    if (rc == SSO_E_ABSENT) {
        sso_err_clear(err);
        return sso_err_set(err, rc, "file-absent",
                           "%s does not exist; a file that is named is never made, because each "
                           "machine would make its own. Make it with: (umask 077; openssl rand "
                           "-base64 32 > %s)",
                           path, path);
    }
    if (rc != SSO_OK)
        return rc;
    return parse_ring(ptemp, path, bytes, len, &ring, err);
}

static sso_rc_t make_key(apr_pool_t *ptemp, char **ret_text, sso_err_t *err)
{
    const sso_env_t env = {ptemp, apr_time_now(), sso_crypto_random, NULL};
    return sso_keyring_generate_line(&env, ret_text, err);
}

static sso_rc_t load_ring(apr_pool_t *pconf, apr_pool_t *ptemp, const mod_sso_site_t *site, sso_keyring_t **ret_ring,
                          sso_err_t *err)
{
    const char *bytes;
    apr_size_t len;
    if (!site->key_file) {
        SSO_TRY(mod_sso_statedir_secret(pconf, ptemp, site->state_dir, KEY_FILE_NAME, KEY_FILE_MAX, make_key, &bytes,
                                        &len, err));
        return parse_ring(pconf, default_path(ptemp, site), bytes, len, ret_ring, err);
    }
    SSO_TRY(mod_sso_secretfile_read(pconf, site->key_file, KEY_FILE_MAX, &bytes, &len, err));
    return parse_ring(pconf, site->key_file, bytes, len, ret_ring, err);
}

/* The ids tell an operator whether two machines have the same keys. */
static void log_ids(apr_pool_t *ptemp, server_rec *s, const char *path, const sso_keyring_t *ring)
{
    const char *ids = "";
    for (int i = 0; i < sso_keyring_size(ring); i++)
        ids = apr_pstrcat(ptemp, ids, i ? ", " : "", sso_keyring_id(ring, i), i ? "" : " (seals)", NULL);
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "SSO001: session keys: %s has %s", path, ids);
}

typedef struct ring_entry_t {
    sso_keyring_t *ring;
    int index;
} ring_entry_t;

apr_status_t mod_sso_keys_load(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main_server)
{
    apr_hash_t *rings = apr_hash_make(ptemp);
    int trial = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
    for (server_rec *s = main_server; s; s = s->next) {
        mod_sso_site_t *site = mod_sso_conf_of(s)->site;
        if (!site)
            continue;
        const char *path = site->key_file ? site->key_file : default_path(ptemp, site);
        ring_entry_t *entry = apr_hash_get(rings, path, APR_HASH_KEY_STRING);
        if (!entry) {
            sso_err_t err = SSO_ERR_INIT;
            entry = apr_pcalloc(ptemp, sizeof(*entry));
            entry->index = (int)apr_hash_count(rings);
            if (load_ring(pconf, ptemp, site, &entry->ring, &err) != SSO_OK) {
                ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s,
                             "SSO003: the session keys cannot be used: %s: %s reason=%s",
                             site->key_file ? "SSOKeyFile" : "SSOStateDir", err.detail, err.reason);
                return APR_EGENERAL;
            }
            apr_hash_set(rings, path, APR_HASH_KEY_STRING, entry);
            if (!trial)
                log_ids(ptemp, main_server, path, entry->ring);
        }
        site->ring = entry->ring;
        site->ring_index = entry->index;
    }
    return APR_SUCCESS;
}

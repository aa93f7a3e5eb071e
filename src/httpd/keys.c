/* SPDX-License-Identifier: Apache-2.0 */
/* Key files. The default one, STATE/keys, is made once with 32 random bytes: written to a file of its own, flushed, and
 * put in place with link(2), which fails when another start was faster; then that one's keys are read. */
#include "httpd/keys.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/secretfile.h"
#include "jose/crypto.h"

#define KEY_FILE_MAX  4096
#define KEY_FILE_NAME "keys"

static const char *default_path(apr_pool_t *pool, const mod_sso_site_t *site)
{
    return apr_pstrcat(pool, site->state_dir, "/" KEY_FILE_NAME, NULL);
}

/* The directory must be ours alone to write: who can write there can replace the keys. */
static sso_rc_t check_dir_stat(const char *path, const struct stat *st, sso_err_t *err)
{
    if (!S_ISDIR(st->st_mode))
        return sso_err_set(err, SSO_E_CONFIG, "statedir-type", "%s is not a directory", path);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return sso_err_set(err, SSO_E_CONFIG, "statedir-owner",
                           "%s belongs to user %lu; it must belong to root or to "
                           "the user who starts httpd: run chown root %s",
                           path, (unsigned long)st->st_uid, path);
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return sso_err_set(err, SSO_E_CONFIG, "statedir-mode",
                           "%s can be written by others (mode %03o); run chmod 711 %s", path,
                           (unsigned)(st->st_mode & 0777), path);
    return SSO_OK;
}

static sso_rc_t fail_dir(const char *path, const char *what, int os, sso_err_t *err)
{
    char text[128];
    return sso_err_set(err, SSO_E_CONFIG, "statedir-access",
                       "%s %s (%s); run install -d -m 711 %s as root, make the user "
                       "who starts httpd its owner, or name another directory with "
                       "SSOStateDir",
                       path, what, apr_strerror(os, text, sizeof(text)), path);
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

static sso_rc_t check_default(apr_pool_t *ptemp, const mod_sso_site_t *site, sso_err_t *err)
{
    struct stat st;
    const char *dir = site->state_dir;
    if (lstat(dir, &st) == 0) {
        SSO_TRY(check_dir_stat(dir, &st, err));
        return access(dir, W_OK | X_OK) == 0 ? SSO_OK : fail_dir(dir, "cannot be written", errno, err);
    }
    if (errno != ENOENT)
        return fail_dir(dir, "cannot be reached", errno, err);
    /* It will be made at the start, one level only. */
    char *parent = apr_pstrdup(ptemp, dir);
    char *slash = strrchr(parent, '/');
    if (!slash)
        return sso_err_set(err, SSO_E_CONFIG, "statedir-type", "%s is not an absolute path", dir);
    slash[slash == parent ? 1 : 0] = '\0';
    if (access(parent, W_OK | X_OK) != 0)
        return fail_dir(dir, "does not exist and cannot be made", errno, err);
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
        SSO_TRY(check_default(ptemp, site, err));
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

/* Opens the state directory, made where it is missing. 0711: the server's user must get through to its cache below it.
 */
static sso_rc_t open_state_dir(const char *dir, int *ret_fd, sso_err_t *err)
{
    struct stat st;
    int made = mkdir(dir, 0711) == 0;
    if (!made && errno != EEXIST)
        return fail_dir(dir, "cannot be made", errno, err);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_dir(dir, "cannot be opened", errno, err);
    if ((made && fchmod(fd, 0711) != 0) || fstat(fd, &st) != 0) {
        sso_rc_t rc = fail_dir(dir, "cannot be examined", errno, err);
        close(fd);
        return rc;
    }
    sso_rc_t rc = check_dir_stat(dir, &st, err);
    if (rc != SSO_OK) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return SSO_OK;
}

static int write_all(int fd, const char *bytes, apr_size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        bytes += n;
        len -= (apr_size_t)n;
    }
    return 1;
}

/* Puts a new key file in place unless there is one. */
static sso_rc_t make_key_file(apr_pool_t *ptemp, int dirfd, const char *dir, sso_err_t *err)
{
    const sso_env_t env = {ptemp, apr_time_now(), sso_crypto_random, NULL};
    const char *temp = apr_psprintf(ptemp, ".keys.%ld.%" APR_TIME_T_FMT, (long)getpid(), env.now);
    char *line;
    SSO_TRY(sso_keyring_generate_line(&env, &line, err));
    int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_dir(dir, "cannot take a new key file", errno, err);
    int written = write_all(fd, line, strlen(line)) && fsync(fd) == 0;
    int os = errno;
    sso_crypto_cleanse(line, strlen(line));
    written = close(fd) == 0 && written;
    int linked = written && linkat(dirfd, temp, dirfd, KEY_FILE_NAME, 0) == 0;
    if (written && !linked && errno == EEXIST)
        linked = 1; /* another start was faster: its keys count */
    else if (written)
        os = errno;
    unlinkat(dirfd, temp, 0);
    if (!linked)
        return fail_dir(dir, "cannot take a new key file", os, err);
    (void)fsync(dirfd);
    return SSO_OK;
}

static sso_rc_t read_default(apr_pool_t *pconf, apr_pool_t *ptemp, const mod_sso_site_t *site, const char **ret_bytes,
                             apr_size_t *ret_len, sso_err_t *err)
{
    const char *path = default_path(ptemp, site);
    int dirfd = -1;
    SSO_TRY(open_state_dir(site->state_dir, &dirfd, err));
    sso_rc_t rc = mod_sso_secretfile_read_at(pconf, dirfd, KEY_FILE_NAME, path, KEY_FILE_MAX, ret_bytes, ret_len, err);
    if (rc == SSO_E_ABSENT) {
        sso_err_clear(err);
        rc = make_key_file(ptemp, dirfd, site->state_dir, err);
        if (rc == SSO_OK)
            rc = mod_sso_secretfile_read_at(pconf, dirfd, KEY_FILE_NAME, path, KEY_FILE_MAX, ret_bytes, ret_len, err);
    }
    close(dirfd);
    return rc;
}

static sso_rc_t load_ring(apr_pool_t *pconf, apr_pool_t *ptemp, const mod_sso_site_t *site, sso_keyring_t **ret_ring,
                          sso_err_t *err)
{
    const char *bytes;
    apr_size_t len;
    if (!site->key_file) {
        SSO_TRY(read_default(pconf, ptemp, site, &bytes, &len, err));
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

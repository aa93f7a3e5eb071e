/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory. A key file is made once: written to a file of its own, flushed, and put in place with link(2),
 * which fails when another start was faster; then that one's keys are read. */
#include "httpd/statedir.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/secretfile.h"
#include "jose/crypto.h"

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

sso_rc_t mod_sso_statedir_check(apr_pool_t *ptemp, const char *dir, sso_err_t *err)
{
    struct stat st;
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

/* Puts a new file in place unless there is one. */
static sso_rc_t make_file(apr_pool_t *ptemp, int dirfd, const char *dir, const char *name, char *text, sso_err_t *err)
{
    const char *temp = apr_psprintf(ptemp, ".%s.%ld.%" APR_TIME_T_FMT, name, (long)getpid(), apr_time_now());
    int fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_dir(dir, "cannot take a new key file", errno, err);
    int written = write_all(fd, text, strlen(text)) && fsync(fd) == 0;
    int os = errno;
    written = close(fd) == 0 && written;
    int linked = written && linkat(dirfd, temp, dirfd, name, 0) == 0;
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

static sso_rc_t make_secret(apr_pool_t *ptemp, int dirfd, const char *dir, const char *name,
                            mod_sso_statedir_make_fn *make, sso_err_t *err)
{
    char *text = NULL;
    SSO_TRY(make(ptemp, &text, err));
    sso_rc_t rc = make_file(ptemp, dirfd, dir, name, text, err);
    sso_crypto_cleanse(text, strlen(text));
    return rc;
}

sso_rc_t mod_sso_statedir_secret(apr_pool_t *pconf, apr_pool_t *ptemp, const char *dir, const char *name,
                                 apr_size_t max, mod_sso_statedir_make_fn *make, const char **ret_bytes,
                                 apr_size_t *ret_len, sso_err_t *err)
{
    const char *path = apr_pstrcat(ptemp, dir, "/", name, NULL);
    int dirfd = -1;
    SSO_TRY(open_state_dir(dir, &dirfd, err));
    sso_rc_t rc = mod_sso_secretfile_read_at(pconf, dirfd, name, path, max, ret_bytes, ret_len, err);
    if (rc == SSO_E_ABSENT) {
        sso_err_clear(err);
        rc = make_secret(ptemp, dirfd, dir, name, make, err);
        if (rc == SSO_OK)
            rc = mod_sso_secretfile_read_at(pconf, dirfd, name, path, max, ret_bytes, ret_len, err);
    }
    close(dirfd);
    return rc;
}

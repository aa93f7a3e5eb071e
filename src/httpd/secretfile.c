/* SPDX-License-Identifier: Apache-2.0 */
/* Files with secrets are checked on the open descriptor, so that nothing can be put in their place in between. */
#include "httpd/secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jose/crypto.h"

typedef struct wiped_t {
    char *bytes;
    apr_size_t len;
} wiped_t;

static apr_status_t wipe(void *data)
{
    wiped_t *w = data;
    sso_crypto_cleanse(w->bytes, w->len);
    return APR_SUCCESS;
}

/* Zeros, one more than `len` says. */
static char *make_wiped(apr_pool_t *pool, apr_size_t len)
{
    wiped_t *w = apr_pcalloc(pool, sizeof(*w));
    w->len = len;
    w->bytes = apr_pcalloc(pool, len + 1);
    apr_pool_cleanup_register(pool, w, wipe, apr_pool_cleanup_null);
    return w->bytes;
}

static sso_rc_t fail_open(const char *path, int os, sso_err_t *err)
{
    char text[128];
    if (os == ENOENT || os == ENOTDIR)
        return sso_err_set(err, SSO_E_ABSENT, "file-absent", "%s does not exist", path);
    if (os == ELOOP)
        return sso_err_set(err, SSO_E_CONFIG, "file-type", "%s is a symbolic link; name the file itself", path);
    return sso_err_set(err, SSO_E_CONFIG, "file-open",
                       "%s cannot be opened (%s); it must be readable for the user who "
                       "starts httpd",
                       path, apr_strerror(os, text, sizeof(text)));
}

static sso_rc_t check_stat(const char *path, const struct stat *st, apr_size_t max, sso_err_t *err)
{
    if (!S_ISREG(st->st_mode))
        return sso_err_set(err, SSO_E_CONFIG, "file-type", "%s is not a regular file", path);
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return sso_err_set(err, SSO_E_CONFIG, "file-owner",
                           "%s belongs to user %lu; it must belong to root or to the "
                           "user who starts httpd: run chown root %s",
                           path, (unsigned long)st->st_uid, path);
    if (st->st_mode & (S_IRWXG | S_IRWXO))
        return sso_err_set(err, SSO_E_CONFIG, "file-mode", "%s can be used by others (mode %03o); run chmod 600 %s",
                           path, (unsigned)(st->st_mode & 0777), path);
    if (st->st_size < 0 || (apr_size_t)st->st_size > max)
        return sso_err_set(err, SSO_E_LIMIT, "file-too-large", "%s has more than %lu bytes", path, (unsigned long)max);
    return SSO_OK;
}

/* Reads until the end; a file that grew past `room` meanwhile is cut and noticed by the caller's parser. */
static sso_rc_t read_all(int fd, const char *path, char *bytes, apr_size_t room, apr_size_t *ret_len, sso_err_t *err)
{
    apr_size_t len = 0;
    while (len < room) {
        ssize_t n = read(fd, bytes + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sso_err_set(err, SSO_E_CONFIG, "file-read", "%s cannot be read", path);
        if (n == 0)
            break;
        len += (apr_size_t)n;
    }
    *ret_len = len;
    return SSO_OK;
}

sso_rc_t mod_sso_secretfile_read_at(apr_pool_t *pool, int dirfd, const char *name, const char *path, apr_size_t max,
                                    const char **ret_bytes, apr_size_t *ret_len, sso_err_t *err)
{
    struct stat st;
    sso_rc_t rc;
    apr_size_t len = 0;
    /* O_NONBLOCK: a FIFO in the file's place must not stop the start. */
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_open(path, errno, err);
    if (fstat(fd, &st) != 0) {
        close(fd);
        return sso_err_set(err, SSO_E_CONFIG, "file-read", "%s cannot be examined", path);
    }
    rc = check_stat(path, &st, max, err);
    if (rc != SSO_OK) {
        close(fd);
        return rc;
    }
    char *bytes = make_wiped(pool, (apr_size_t)st.st_size);
    rc = read_all(fd, path, bytes, (apr_size_t)st.st_size, &len, err);
    close(fd);
    if (rc != SSO_OK)
        return rc;
    *ret_bytes = bytes;
    *ret_len = len;
    return SSO_OK;
}

sso_rc_t mod_sso_secretfile_read(apr_pool_t *pool, const char *path, apr_size_t max, const char **ret_bytes,
                                 apr_size_t *ret_len, sso_err_t *err)
{
    return mod_sso_secretfile_read_at(pool, AT_FDCWD, path, path, max, ret_bytes, ret_len, err);
}

const char *mod_sso_secretfile_line(apr_pool_t *pool, const char *bytes, apr_size_t len, const char **ret_line)
{
    if (len > 0 && bytes[len - 1] == '\n')
        len--;
    if (len > 0 && bytes[len - 1] == '\r')
        len--;
    if (len == 0)
        return "is empty";
    if (memchr(bytes, '\0', len))
        return "is binary; write the secret as text on one line";
    if (memchr(bytes, '\n', len))
        return "has more than one line; write the secret alone on one line";
    char *line = make_wiped(pool, len);
    memcpy(line, bytes, len);
    *ret_line = line;
    return NULL;
}

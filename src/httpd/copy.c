/* SPDX-License-Identifier: Apache-2.0 */
/* The last good copy of metadata and keys on disk:
 *
 *   "SSOCOPY1" | part metadata | length(4) keys URI | part keys | SHA-256 of all that
 *   part = fetched(8) due(8) expires(8) length(4) bytes
 *
 * The digest finds a damaged file; against an attacker who can write here the directory's mode protects. */
#include "httpd/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "base/buf.h"
#include "base/url.h"
#include "jose/crypto.h"
#include "jose/jwks.h"
#include "oidc/provider.h"

#define MAGIC     "SSOCOPY1"
#define MAGIC_LEN 8
#define FILE_MAX  (SSO_PROVIDER_METADATA_MAX + SSO_JWKS_BYTES_MAX + SSO_URL_MAX + 256)
#define DIR_NAME  "cache"

static mod_sso_part_t dup_part(apr_pool_t *pool, const mod_sso_part_t *part)
{
    mod_sso_part_t dup = *part;
    if (part->bytes != NULL)
        dup.bytes = apr_pstrmemdup(pool, part->bytes, part->len);
    return dup;
}

mod_sso_copy_t mod_sso_copy_dup(apr_pool_t *pool, const mod_sso_copy_t *copy)
{
    mod_sso_copy_t dup = {dup_part(pool, &copy->metadata), dup_part(pool, &copy->keys),
                          copy->keys_uri != NULL ? apr_pstrdup(pool, copy->keys_uri) : NULL};
    return dup;
}

static int is_newer(const mod_sso_part_t *a, const mod_sso_part_t *b)
{
    return a->bytes != NULL && (b->bytes == NULL || a->fresh.fetched > b->fresh.fetched);
}

mod_sso_copy_t mod_sso_copy_newest(const mod_sso_copy_t *a, const mod_sso_copy_t *b)
{
    mod_sso_copy_t newest = *a;
    if (is_newer(&b->metadata, &a->metadata))
        newest.metadata = b->metadata;
    if (is_newer(&b->keys, &a->keys)) {
        newest.keys = b->keys;
        newest.keys_uri = b->keys_uri;
    }
    return newest;
}

/* ---- the directory ---- */

static sso_rc_t fail_dir(const char *state_dir, const char *what, int error, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_CONFIG, "copy-dir", "%s/" DIR_NAME ": %s%s%s", state_dir, what, error ? ": " : "",
                       error ? strerror(error) : "");
}

/* `parent` is a descriptor of the state directory: nothing is looked up by path twice. */
static sso_rc_t make_cache(int parent, const char *state_dir, uid_t uid, gid_t gid, sso_err_t *err)
{
    sso_rc_t rc = SSO_OK;
    struct stat st;

    if (mkdirat(parent, DIR_NAME, 0700) != 0 && errno != EEXIST)
        return fail_dir(state_dir, "cannot be made", errno, err);
    int fd = openat(parent, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_dir(state_dir, "cannot be opened", errno, err);
    if (fstat(fd, &st) != 0)
        rc = fail_dir(state_dir, "cannot be looked at", errno, err);
    else if (st.st_uid != uid && geteuid() == 0 && fchown(fd, uid, gid) != 0)
        rc = fail_dir(state_dir, "cannot be given to the server's user", errno, err);
    else if (st.st_uid != uid && geteuid() != 0)
        rc = fail_dir(state_dir, "belongs to another user", 0, err);
    else if ((st.st_mode & 07777) != 0700 && fchmod(fd, 0700) != 0)
        rc = fail_dir(state_dir, "cannot be closed to others", errno, err);
    (void)close(fd);
    return rc;
}

sso_rc_t mod_sso_copy_make_dir(const char *state_dir, uid_t uid, gid_t gid, sso_err_t *err)
{
    struct stat st;
    sso_rc_t rc;

    if (mkdir(state_dir, 0711) != 0 && errno != EEXIST)
        return fail_dir(state_dir, "SSOStateDir cannot be made", errno, err);
    int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_dir(state_dir, "SSOStateDir cannot be opened", errno, err);
    if (fstat(fd, &st) != 0)
        rc = fail_dir(state_dir, "SSOStateDir cannot be looked at", errno, err);
    else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022) != 0)
        rc = fail_dir(state_dir, "SSOStateDir can be written to by others", 0, err);
    else
        rc = make_cache(fd, state_dir, uid, gid, err);
    (void)close(fd);
    return rc;
}

sso_rc_t mod_sso_copy_path(apr_pool_t *pool, const char *state_dir, const char *issuer, const char *client_id,
                           const char **ret_path, sso_err_t *err)
{
    const char *name = apr_psprintf(pool, "%" APR_SIZE_T_FMT ":%s%s", strlen(issuer), issuer, client_id);
    unsigned char digest[SSO_SHA256_LEN];
    char hex[33];

    SSO_TRY(sso_crypto_sha256(name, strlen(name), digest, err));
    for (int i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    *ret_path = apr_pstrcat(pool, state_dir, "/" DIR_NAME "/", hex, NULL);
    return SSO_OK;
}

/* ---- reading ---- */

static sso_rc_t fail_file(const char *path, const char *verb, int error, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_INTERNAL, "copy-failed", "%s: %s: %s", path, verb, strerror(error));
}

/* A link, a pipe or a file of somebody else under our name is not our copy. */
static sso_rc_t check_file(int fd, const char *path, apr_size_t *ret_len, sso_err_t *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_file(path, "stat", errno, err);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return sso_err_set(err, SSO_E_CONFIG, "copy-unsafe", "%s: not a regular file that is ours alone", path);
    if (st.st_size > FILE_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "copy-damaged", "%s: too large", path);
    *ret_len = (apr_size_t)st.st_size;
    return SSO_OK;
}

static sso_rc_t read_all(int fd, const char *path, unsigned char *bytes, apr_size_t len, sso_err_t *err)
{
    apr_size_t have = 0;
    while (have < len) {
        ssize_t n = read(fd, bytes + have, len - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_file(path, "read", errno, err);
        if (n == 0)
            return sso_err_set(err, SSO_E_SYNTAX, "copy-damaged", "%s: ends early", path);
        have += (apr_size_t)n;
    }
    return SSO_OK;
}

static sso_rc_t read_file(apr_pool_t *pool, const char *path, unsigned char **ret_bytes, apr_size_t *ret_len,
                          sso_err_t *err)
{
    apr_size_t len = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return sso_err_set(err, SSO_E_ABSENT, "copy-absent", "%s: not there", path);
    if (fd < 0 && errno == ELOOP)
        return sso_err_set(err, SSO_E_CONFIG, "copy-unsafe", "%s: a symbolic link", path);
    if (fd < 0)
        return fail_file(path, "open", errno, err);
    sso_rc_t rc = check_file(fd, path, &len, err);
    if (rc == SSO_OK) {
        *ret_bytes = apr_palloc(pool, len + 1);
        *ret_len = len;
        rc = read_all(fd, path, *ret_bytes, len, err);
    }
    (void)close(fd);
    return rc;
}

static void read_part(sso_rd_t *rd, mod_sso_part_t *part)
{
    part->fresh.fetched = (apr_time_t)sso_rd_u64(rd);
    part->fresh.due = (apr_time_t)sso_rd_u64(rd);
    part->fresh.expires = (apr_time_t)sso_rd_u64(rd);
    part->len = sso_rd_u32(rd);
    part->bytes = part->len > 0 ? (const char *)sso_rd_bytes(rd, part->len) : NULL;
}

static int is_part_sane(const mod_sso_part_t *part)
{
    return part->bytes == NULL || sso_fresh_is_sane(&part->fresh);
}

sso_rc_t mod_sso_copy_read(apr_pool_t *pool, const char *path, mod_sso_copy_t *ret_copy, sso_err_t *err)
{
    unsigned char digest[SSO_SHA256_LEN];
    mod_sso_copy_t copy = {{NULL, 0, {0, 0, 0}}, {NULL, 0, {0, 0, 0}}, NULL};
    unsigned char *bytes = NULL;
    apr_size_t len = 0;
    sso_rd_t rd;

    SSO_TRY(read_file(pool, path, &bytes, &len, err));
    if (len < MAGIC_LEN + sizeof(digest) || memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
        return sso_err_set(err, SSO_E_SYNTAX, "copy-damaged", "%s: not a copy of ours", path);
    len -= sizeof(digest);
    SSO_TRY(sso_crypto_sha256(bytes, len, digest, err));
    if (memcmp(bytes + len, digest, sizeof(digest)) != 0) /* a checksum, no secret */
        return sso_err_set(err, SSO_E_SYNTAX, "copy-damaged", "%s: the checksum is wrong", path);
    sso_rd_init(&rd, bytes + MAGIC_LEN, len - MAGIC_LEN);
    read_part(&rd, &copy.metadata);
    apr_size_t uri_len = sso_rd_u32(&rd);
    const unsigned char *uri = uri_len <= SSO_URL_MAX ? sso_rd_bytes(&rd, uri_len) : NULL;
    read_part(&rd, &copy.keys);
    if (uri == NULL || rd.bad || rd.p != rd.end || !is_part_sane(&copy.metadata) || !is_part_sane(&copy.keys))
        return sso_err_set(err, SSO_E_SYNTAX, "copy-damaged", "%s: its parts do not fit", path);
    if (copy.keys.bytes != NULL)
        copy.keys_uri = apr_pstrmemdup(pool, (const char *)uri, uri_len);
    *ret_copy = mod_sso_copy_dup(pool, &copy); /* ends each part with a NUL */
    return SSO_OK;
}

/* ---- writing ---- */

static void add_part(sso_buf_t *buf, const mod_sso_part_t *part)
{
    sso_buf_add_u64(buf, (apr_uint64_t)part->fresh.fetched);
    sso_buf_add_u64(buf, (apr_uint64_t)part->fresh.due);
    sso_buf_add_u64(buf, (apr_uint64_t)part->fresh.expires);
    sso_buf_add_u32(buf, part->bytes != NULL ? (apr_uint32_t)part->len : 0);
    if (part->bytes != NULL)
        sso_buf_add(buf, part->bytes, part->len);
}

static sso_rc_t encode_copy(sso_buf_t *buf, const mod_sso_copy_t *copy, sso_err_t *err)
{
    const char *uri = copy->keys.bytes != NULL && copy->keys_uri != NULL ? copy->keys_uri : "";
    unsigned char digest[SSO_SHA256_LEN];

    sso_buf_add(buf, MAGIC, MAGIC_LEN);
    add_part(buf, &copy->metadata);
    sso_buf_add_u32(buf, (apr_uint32_t)strlen(uri));
    sso_buf_adds(buf, uri);
    add_part(buf, &copy->keys);
    SSO_TRY(sso_buf_check(buf, "copy-too-large", err));
    SSO_TRY(sso_crypto_sha256(buf->data, buf->len, digest, err));
    sso_buf_add(buf, digest, sizeof(digest));
    return sso_buf_check(buf, "copy-too-large", err);
}

static int write_all(int fd, const unsigned char *bytes, apr_size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        bytes += n;
        len -= (apr_size_t)n;
    }
    return 0;
}

sso_rc_t mod_sso_copy_write(apr_pool_t *pool, const char *path, const mod_sso_copy_t *copy, sso_err_t *err)
{
    char *temporary = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    sso_buf_t buf;

    sso_buf_init(&buf, pool, copy->metadata.len + copy->keys.len + 512, FILE_MAX);
    SSO_TRY(encode_copy(&buf, copy, err));
    int fd = mkostemp(temporary, O_CLOEXEC); /* 0600, O_EXCL */
    if (fd < 0)
        return fail_file(path, "make", errno, err);
    int error = write_all(fd, buf.data, buf.len);
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error == 0)
        return SSO_OK;
    (void)unlink(temporary);
    return fail_file(path, "write", error, err);
}

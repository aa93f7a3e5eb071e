/* SPDX-License-Identifier: Apache-2.0 */
/* Options of libcurl that all handles have; see the header. */
#include "httpd/curl_base.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <apr_file_io.h>

#include "jose/crypto.h"

#define PEM_MAX (64 * 1024)

#define SET(option, value) MOD_SSO_CURL_SET(handle, option, value)

static apr_status_t wipe_blob(void *data)
{
    struct curl_blob *blob = data;
    sso_crypto_cleanse(blob->data, blob->len);
    blob->len = 0;
    return APR_SUCCESS;
}

apr_status_t mod_sso_curl_read_pem(apr_pool_t *pconf, const char *path, struct curl_blob *blob)
{
    apr_file_t *file;
    /* NONBLOCK: a pipe in the file's place must not stop the start. */
    apr_int32_t flags = APR_FOPEN_READ | APR_FOPEN_BINARY | APR_FOPEN_NONBLOCK;
    apr_status_t rv = apr_file_open(&file, path, flags, APR_FPROT_OS_DEFAULT, pconf);
    if (rv != APR_SUCCESS)
        return rv;
    blob->data = apr_palloc(pconf, PEM_MAX);
    blob->flags = CURL_BLOB_NOCOPY;
    apr_size_t len = 0;
    rv = apr_file_read_full(file, blob->data, PEM_MAX, &len);
    blob->len = len;
    apr_pool_cleanup_register(pconf, blob, wipe_blob, apr_pool_cleanup_null);
    (void)apr_file_close(file);
    if (rv == APR_SUCCESS)
        return APR_EINVAL; /* filled to the brim: no PEM file of ours */
    ((char *)blob->data)[len] = '\0';
    return APR_STATUS_IS_EOF(rv) && len > 0 ? APR_SUCCESS : rv;
}

/* No descriptor of ours for CGI programs that this process starts. */
static curl_socket_t open_socket(void *baton, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)baton;
    (void)purpose;
    curl_socket_t fd = socket(address->family, address->socktype, address->protocol);
    if (fd != CURL_SOCKET_BAD)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

CURLcode mod_sso_curl_set_base(CURL *handle)
{
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* RFC 9700 4.12; a redirect could also name another host (SSRF) */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    return CURLE_OK;
}

CURLcode mod_sso_curl_set_tls(CURL *handle, const char *ca_file, const mod_sso_curl_identity_t *identity)
{
    char *standard = NULL;

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    if (ca_file != NULL) {
        SET(CURLOPT_CAINFO, ca_file);
        SET(CURLOPT_PROXY_CAINFO, ca_file);
    }
    /* One file and no folder beside it: SSOCAFile is all that is trusted, and libcurl keeps what it parsed. */
    if (ca_file != NULL || (curl_easy_getinfo(handle, CURLINFO_CAINFO, &standard) == CURLE_OK && standard)) {
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_PROXY_CAPATH, NULL);
    }
    if (identity != NULL && identity->certificate.data != NULL && identity->key.data != NULL) {
        SET(CURLOPT_SSLCERT_BLOB, &identity->certificate);
        SET(CURLOPT_SSLKEY_BLOB, &identity->key);
        SET(CURLOPT_KEYPASSWD, ""); /* OpenSSL would ask on the terminal */
    }
    return CURLE_OK;
}

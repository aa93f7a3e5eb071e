/* SPDX-License-Identifier: Apache-2.0 */
/* TLS without HTTP over libcurl (CURLOPT_CONNECT_ONLY); see the header.
 *
 * The parent, which the self-test of a start runs in, may unload this module and libcurl at the next reload: so there
 * libcurl waits for its resolver thread and is taken down with each connection. */
#include "httpd/tls_conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "httpd/curl_base.h"
#include "httpd/secretfile.h"
#include "jose/jwk.h"

#define KEY_MAX (64 * 1024)

struct mod_sso_tls_trust_t {
    const char *ca_file;
    mod_sso_curl_identity_t identity;
};

struct mod_sso_tls_conn_t {
    CURL *handle;
    curl_socket_t fd;
    int has_identity;
    int was_connected;
    int has_spoken; /* the server, since the handshake */
    const char *host;
    char text[CURL_ERROR_SIZE];
};

static int in_child;

void mod_sso_tls_conn_child_init(void)
{
    in_child = 1;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

#define refuse_file(err, ...) sso_err_set((err), SSO_E_CONFIG, "tls-file", __VA_ARGS__)

static sso_rc_t read_certificate(apr_pool_t *pconf, const char *path, struct curl_blob *blob, sso_err_t *err)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";

    if (mod_sso_curl_read_pem(pconf, path, blob) != APR_SUCCESS)
        return refuse_file(err, "%s cannot be read; name a certificate in PEM", path);
    if (!strstr(blob->data, begin))
        return refuse_file(err, "%s holds no certificate in PEM", path);
    return SSO_OK;
}

static sso_rc_t read_key(apr_pool_t *pconf, const char *path, struct curl_blob *blob, sso_err_t *err)
{
    sso_err_t why = SSO_ERR_INIT;
    const sso_jwk_t *key;
    const char *pem;
    apr_size_t len;

    SSO_TRY(mod_sso_secretfile_read(pconf, path, KEY_MAX, &pem, &len, err));
    if (sso_jwk_from_pem(pconf, pem, len, NULL, &key, &why) != SSO_OK)
        return refuse_file(err, "%s is not a usable private key in PEM: %s", path, why.detail);
    blob->data = (void *)(apr_uintptr_t)pem;
    blob->len = len;
    blob->flags = CURL_BLOB_NOCOPY;
    return SSO_OK;
}

sso_rc_t mod_sso_tls_trust_read(apr_pool_t *pconf, const char *ca_file, const char *cert_file, const char *key_file,
                                const mod_sso_tls_trust_t **ret_trust, sso_err_t *err)
{
    mod_sso_tls_trust_t *trust = apr_pcalloc(pconf, sizeof(*trust));
    struct stat st;

    if (ca_file && (stat(ca_file, &st) != 0 || !S_ISREG(st.st_mode) || access(ca_file, R_OK) != 0))
        return refuse_file(err,
                           "%s cannot be read; name a file with CA certificates in PEM that the server's user can "
                           "read",
                           ca_file);
    trust->ca_file = ca_file;
    if (cert_file && key_file) {
        SSO_TRY(read_certificate(pconf, cert_file, &trust->identity.certificate, err));
        SSO_TRY(read_key(pconf, key_file, &trust->identity.key, err));
    }
    *ret_trust = trust;
    return SSO_OK;
}

/* --- dialing ------------------------------------------------------------------------------------------------------ */

#define SET(option, value) MOD_SSO_CURL_SET(conn->handle, option, value)
#define TRY(expr)          MOD_SSO_CURL_TRY(expr)

/* What libcurl does not say: whether it was the handshake that did not end. */
static int close_socket(void *baton, curl_socket_t fd)
{
    mod_sso_tls_conn_t *conn = baton;
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
        conn->was_connected = 1;
    return close(fd);
}

static CURLcode set_all(mod_sso_tls_conn_t *conn, apr_pool_t *pool, const mod_sso_tls_place_t *place)
{
    int literal = strchr(place->host, ':') != NULL;
    long patience = (long)apr_time_as_msec(place->patience);

    TRY(mod_sso_curl_set_base(conn->handle));
    TRY(mod_sso_curl_set_tls(conn->handle, place->trust->ca_file, &place->trust->identity));
    SET(CURLOPT_QUICK_EXIT, (long)in_child);
    SET(CURLOPT_ERRORBUFFER, conn->text);
    SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, conn);
    SET(CURLOPT_URL,
        apr_psprintf(pool, "https://%s%s%s:%d/", literal ? "[" : "", place->host, literal ? "]" : "", place->port));
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_PROXY, ""); /* nor the environment's */
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_SSL_ENABLE_ALPN, 0L); /* it is not HTTP */
    SET(CURLOPT_CONNECTTIMEOUT_MS, patience);
    SET(CURLOPT_TIMEOUT_MS, patience);
    return CURLE_OK;
}

static const char *ask_for_identity(const mod_sso_tls_conn_t *conn)
{
    return conn->has_identity ? "does it know the authority of our client certificate?"
                              : "does it want a client certificate (cert-file, key-file)?";
}

static sso_rc_t fail_dial(const mod_sso_tls_conn_t *conn, const char *host, CURLcode rc, sso_err_t *err)
{
    const char *text = conn->text[0] ? conn->text : curl_easy_strerror(rc);
    char os_text[120];
    long os = 0;

    switch ((int)rc) {
    case CURLE_OPERATION_TIMEDOUT:
        return sso_err_set(err, SSO_E_TIMEOUT, "tls-conn",
                           conn->was_connected ? "%s takes the connection but does not complete the TLS handshake in "
                                                 "time; does it speak TLS at this port?"
                                               : "no connection to %s in time",
                           host);
    case CURLE_COULDNT_CONNECT:
        if (curl_easy_getinfo(conn->handle, CURLINFO_OS_ERRNO, &os) == CURLE_OK && os)
            text = apr_strerror((apr_status_t)os, os_text, sizeof(os_text));
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "no connection to %s: %.80s", host, text);
    case CURLE_COULDNT_RESOLVE_HOST:
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "no connection to %s: there is no address of this name", host);
    case CURLE_PEER_FAILED_VERIFICATION: /* libcurl says which: expired, self-signed, issuer not known, another name */
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "the certificate of %s is refused: %.120s", host, text);
    case CURLE_SSL_CACERT_BADFILE:
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "the file of CA certificates cannot be used: %.120s", text);
    case CURLE_SSL_CERTPROBLEM:
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "the client certificate or its key cannot be used: %.120s",
                           text);
    default:
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "no TLS with %s: %.120s%s%s", host, text,
                           strstr(text, "alert") ? "; " : "", strstr(text, "alert") ? ask_for_identity(conn) : "");
    }
}

static sso_rc_t connect_to(mod_sso_tls_conn_t *conn, apr_pool_t *pool, const mod_sso_tls_place_t *place, sso_err_t *err)
{
    CURLcode rc = set_all(conn, pool, place);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(conn->handle);
    if (rc != CURLE_OK)
        return fail_dial(conn, place->host, rc, err);
    if (curl_easy_getinfo(conn->handle, CURLINFO_ACTIVESOCKET, &conn->fd) != CURLE_OK || conn->fd == CURL_SOCKET_BAD)
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "%s closed the connection", place->host);
    return SSO_OK;
}

sso_rc_t mod_sso_tls_conn_dial(apr_pool_t *pool, const mod_sso_tls_place_t *place, mod_sso_tls_conn_t **ret_conn,
                               sso_err_t *err)
{
    mod_sso_tls_conn_t *conn = apr_pcalloc(pool, sizeof(*conn));

    if (!in_child && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sso_err_set(err, SSO_E_INTERNAL, "tls-conn", "libcurl cannot be set up");
    conn->host = apr_pstrdup(pool, place->host);
    conn->has_identity = place->trust->identity.key.data != NULL;
    conn->handle = curl_easy_init();
    sso_rc_t rc = conn->handle ? connect_to(conn, pool, place, err)
                               : sso_err_set(err, SSO_E_INTERNAL, "tls-conn", "libcurl gives no handle");
    if (rc == SSO_OK)
        *ret_conn = conn;
    else
        mod_sso_tls_conn_close(conn);
    return rc;
}

void mod_sso_tls_conn_close(mod_sso_tls_conn_t *conn)
{
    curl_easy_cleanup(conn->handle);
    if (!in_child)
        curl_global_cleanup();
}

/* --- the stream --------------------------------------------------------------------------------------------------- */

static sso_rc_t fail_late(sso_err_t *err)
{
    return sso_err_set(err, SSO_E_TIMEOUT, "tls-conn", "it does not answer in time");
}

static sso_rc_t wait_for(const mod_sso_tls_conn_t *conn, short events, apr_time_t deadline, sso_err_t *err)
{
    struct pollfd wait = {conn->fd, events, 0};
    for (;;) {
        apr_interval_time_t left = deadline - apr_time_now();
        int n = left < apr_time_from_msec(1) ? 0 : poll(&wait, 1, (int)apr_time_as_msec(left));
        if (n > 0)
            return SSO_OK;
        if (n == 0)
            return fail_late(err);
        if (errno != EINTR)
            return sso_err_set(err, SSO_E_FETCH, "tls-conn", "its connection cannot be watched");
    }
}

/* `rc` CURLE_OK: it was closed. */
static sso_rc_t fail_stream(const mod_sso_tls_conn_t *conn, CURLcode rc, sso_err_t *err)
{
    const char *text = rc == CURLE_OK ? "closed" : conn->text[0] ? conn->text : curl_easy_strerror(rc);
    /* RFC 8446 4.4.2.4: our handshake is over before a TLS 1.3 server has seen who we are. */
    if (!conn->has_spoken)
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "%s ends the connection after the TLS handshake (%.120s); %s",
                           conn->host, text, ask_for_identity(conn));
    if (rc == CURLE_OK)
        return sso_err_set(err, SSO_E_FETCH, "tls-conn", "it closed the connection");
    return sso_err_set(err, SSO_E_FETCH, "tls-conn", "its TLS broke: %.120s", text);
}

sso_rc_t mod_sso_tls_conn_send(mod_sso_tls_conn_t *conn, const char *bytes, apr_size_t len, apr_time_t deadline,
                               sso_err_t *err)
{
    for (int vain = 0; len > 0;) {
        size_t sent = 0;
        conn->text[0] = '\0';
        CURLcode rc = curl_easy_send(conn->handle, bytes, len, &sent);
        if (rc != CURLE_OK && rc != CURLE_AGAIN)
            return fail_stream(conn, rc, err);
        bytes += sent;
        len -= sent;
        if (rc == CURLE_AGAIN) {
            SSO_TRY(wait_for(conn, POLLOUT, deadline, err));
            /* Room, and not a byte taken: a handshake anew (TLS 1.2) has to read first, which libcurl does not tell. */
            if (vain++)
                apr_sleep(apr_time_from_msec(1));
        } else {
            vain = 0;
        }
    }
    return SSO_OK;
}

sso_rc_t mod_sso_tls_conn_recv(mod_sso_tls_conn_t *conn, char *bytes, apr_size_t room, apr_size_t *ret_len,
                               apr_time_t deadline, sso_err_t *err)
{
    for (;;) {
        size_t n = 0;
        conn->text[0] = '\0';
        if (apr_time_now() >= deadline) /* who sends without a pause is never waited for */
            return fail_late(err);
        /* Before poll: what has been deciphered already makes no socket readable. */
        CURLcode rc = curl_easy_recv(conn->handle, bytes, room, &n);
        if (rc == CURLE_OK && n > 0) {
            conn->has_spoken = 1;
            *ret_len = n;
            return SSO_OK;
        }
        if (rc != CURLE_AGAIN)
            return fail_stream(conn, rc, err);
        SSO_TRY(wait_for(conn, POLLIN, deadline, err));
    }
}

/* To look at the socket would not do: a session ticket (RFC 8446 4.6.1) makes it readable, and an answer that came in
 * one record with the last one does not. */
int mod_sso_tls_conn_is_quiet(mod_sso_tls_conn_t *conn)
{
    char byte;
    size_t n = 0;
    return curl_easy_recv(conn->handle, &byte, 1, &n) == CURLE_AGAIN;
}

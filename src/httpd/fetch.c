/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP over libcurl. Everything libcurl would take from the environment or decide for itself is set here (proxy,
 * no_proxy, protocols) or in curl_base.c.
 *
 * Easy handles wait in a stack between calls, the last used on top, so that its connection to the provider is still
 * open. A handle whose call failed is thrown away: a resolver thread may hang on it (QUICK_EXIT lets go of that). */
#include "httpd/fetch.h"

#include <stdlib.h>
#include <unistd.h>

#include <apr_shm.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <ap_mpm.h>

#include "base/buf.h"
#include "base/url.h"
#include "httpd/curl_base.h"
#include "httpd/log.h"
#include "jose/crypto.h"

#define CONNECT_TIMEOUT 5 /* seconds, SSOTimeout */
#define TOTAL_TIMEOUT   10
#define LEASE_SLACK     30 /* a place is lost that long after its call should have ended */
#define IDLE_MAX        32 /* handles kept between calls */
#define HEADERS_MAX     (64 * 1024)

/* Made before the fork, read-only after it but for the bulkhead. */
static struct {
    mod_sso_bulkhead_t *bulkhead;
    const mod_sso_curl_identity_t *identities; /* by provider index, for tls_client_auth (RFC 8705 2) */
    int count;
} shared;

/* One a process: mod_sso_fetch has callers everywhere and they have only the provider. */
static struct {
    apr_thread_mutex_t *mutex;
    CURL *idle[IDLE_MAX];
    int idle_count;
    apr_uint32_t pid;
    const char *user_agent;
} process;

/* ---- before the fork ---- */

static int default_to(int value, int standard)
{
    return value > 0 ? value : standard;
}

static apr_status_t read_identity(apr_pool_t *pconf, const mod_sso_provider_t *provider,
                                  mod_sso_curl_identity_t *identity)
{
    const char *files[2] = {provider->conf->client_certificate, provider->conf->client_certificate_key};
    struct curl_blob *blobs[2] = {&identity->certificate, &identity->key};

    if (provider->client.auth != SSO_CLIENT_AUTH_TLS && provider->client.auth != SSO_CLIENT_AUTH_SELF_SIGNED_TLS)
        return APR_SUCCESS;
    for (int i = 0; i < 2; i++) {
        apr_status_t rv = files[i] != NULL ? mod_sso_curl_read_pem(pconf, files[i], blobs[i]) : APR_ENOENT;
        if (rv != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, rv, provider->site->server,
                         "SSO311: SSOClientCertificate of provider %s cannot be read: %s reason=client-certificate",
                         provider->name, files[i] != NULL ? files[i] : "not set");
            return rv;
        }
    }
    return APR_SUCCESS;
}

/* Runs `fn` for each provider of the process. */
static apr_status_t for_each_provider(server_rec *main_server, int count, void *baton,
                                      apr_status_t (*fn)(void *baton, const mod_sso_provider_t *provider))
{
    for (server_rec *s = main_server; s != NULL; s = s->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(s);
        const mod_sso_site_t *site = conf != NULL ? conf->site : NULL;
        const mod_sso_provider_t *provider;
        for (int i = 0; site != NULL && (provider = mod_sso_site_slot(site, i)) != NULL; i++) {
            if (provider->index < 0 || provider->index >= count)
                return APR_EINVAL;
            apr_status_t rv = fn(baton, provider);
            if (rv != APR_SUCCESS)
                return rv;
        }
    }
    return APR_SUCCESS;
}

typedef struct prepare_t {
    apr_pool_t *pconf;
    unsigned total;
    unsigned *limits;
    mod_sso_curl_identity_t *identities;
} prepare_t;

static apr_status_t prepare_provider(void *baton, const mod_sso_provider_t *provider)
{
    prepare_t *p = baton;
    unsigned limit = p->total / 2 > 0 ? p->total / 2 : 1;

    if (provider->conf->max_calls > 0)
        limit = (unsigned)provider->conf->max_calls;
    p->limits[provider->index] = limit < p->total ? limit : p->total;
    return read_identity(p->pconf, provider, &p->identities[provider->index]);
}

/* max(1, MaxRequestWorkers / 4): three quarters of the workers never wait for a provider. */
static unsigned count_places(void)
{
    int daemons = 0, threads = 0;
    (void)ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &daemons);
    (void)ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    int workers = default_to(daemons, 1) * default_to(threads, 1);
    return workers / 4 > 0 ? (unsigned)(workers / 4) : 1;
}

static apr_status_t forget_shared(void *data)
{
    (void)data;
    shared.bulkhead = NULL;
    shared.identities = NULL;
    shared.count = 0;
    return APR_SUCCESS;
}

apr_status_t mod_sso_fetch_post_config(apr_pool_t *pconf, server_rec *main_server, int count)
{
    apr_size_t room = count > 0 ? (apr_size_t)count : 1;
    prepare_t p = {pconf, count_places(), apr_pcalloc(pconf, room * sizeof(unsigned)),
                   apr_pcalloc(pconf, room * sizeof(mod_sso_curl_identity_t))};
    apr_shm_t *shm;

    apr_status_t rv = for_each_provider(main_server, count, &p, prepare_provider);
    if (rv != APR_SUCCESS)
        return rv;
    rv = apr_shm_create(&shm, mod_sso_bulkhead_size(p.total, p.limits, (unsigned)count), NULL, pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO312: there is no shared memory for counting outgoing calls reason=fetch-memory");
        return rv;
    }
    shared.bulkhead = mod_sso_bulkhead_init(apr_shm_baseaddr_get(shm), p.total, p.limits, (unsigned)count);
    shared.identities = p.identities;
    shared.count = count;
    apr_pool_cleanup_register(pconf, NULL, forget_shared, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

/* ---- the child ---- */

static apr_status_t forget_process(void *data)
{
    (void)data;
    while (process.idle_count > 0)
        curl_easy_cleanup(process.idle[--process.idle_count]);
    process.mutex = NULL;
    return APR_SUCCESS; /* no curl_global_cleanup: other modules of this process may use libcurl */
}

apr_status_t mod_sso_fetch_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t rv = apr_thread_mutex_create(&process.mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
    if (rv == APR_SUCCESS && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        rv = APR_EGENERAL;
    if (rv != APR_SUCCESS) {
        process.mutex = NULL;
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO313: libcurl cannot be set up: no provider can be asked reason=fetch-init");
        return rv;
    }
    process.pid = (apr_uint32_t)getpid();
    process.user_agent = "mod_sso_oidc/" MOD_SSO_VERSION;
    if (shared.bulkhead != NULL)
        mod_sso_bulkhead_forget(shared.bulkhead, process.pid);
    apr_pool_cleanup_register(pchild, NULL, forget_process, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static CURL *take_handle(void)
{
    CURL *handle = NULL;

    apr_thread_mutex_lock(process.mutex);
    if (process.idle_count > 0)
        handle = process.idle[--process.idle_count];
    apr_thread_mutex_unlock(process.mutex);
    return handle != NULL ? handle : curl_easy_init();
}

static void return_handle(CURL *handle, int reusable)
{
    if (reusable) {
        curl_easy_reset(handle); /* forgets options, keeps connections */
        apr_thread_mutex_lock(process.mutex);
        if (process.idle_count < IDLE_MAX) {
            process.idle[process.idle_count++] = handle;
            handle = NULL;
        }
        apr_thread_mutex_unlock(process.mutex);
    }
    if (handle != NULL) {
        (void)curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
        curl_easy_cleanup(handle);
    }
}

int mod_sso_fetch_timeout(const mod_sso_provider_t *provider)
{
    return default_to(provider->site->conf->timeout_total, TOTAL_TIMEOUT);
}

sso_rc_t mod_sso_fetch_enter(const mod_sso_provider_t *provider, mod_sso_ticket_t *ret_ticket, sso_err_t *err)
{
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now());

    if (shared.bulkhead == NULL || process.mutex == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "outgoing calls were not set up in this process");
    if (!mod_sso_bulkhead_enter(shared.bulkhead, (unsigned)provider->index, process.pid, now,
                                (unsigned)mod_sso_fetch_timeout(provider) + LEASE_SLACK, ret_ticket))
        return sso_err_set(err, SSO_E_BUSY, "fetch-busy",
                           "too many requests wait for provider %s already; SSOMaxCalls limits them", provider->name);
    return SSO_OK;
}

mod_sso_bulkhead_view_t mod_sso_fetch_look(const mod_sso_provider_t *provider)
{
    mod_sso_bulkhead_view_t none = {0, 0, 0};
    if (shared.bulkhead == NULL)
        return none;
    return mod_sso_bulkhead_look(shared.bulkhead, provider != NULL ? (unsigned)provider->index : MOD_SSO_BULKHEAD_ALL);
}

/* ---- one call ---- */

typedef struct call_t {
    const mod_sso_provider_t *provider;
    const mod_sso_fetch_t *request;
    const char *url;
    sso_url_t parts;
    CURL *handle;
    struct curl_slist *headers;
    sso_buf_t body;
    apr_size_t header_bytes;
    char text[CURL_ERROR_SIZE];
} call_t;

/* The same address that was checked, put together again; a fragment is not sent (RFC 9110 4.2.5). */
static sso_rc_t check_url(apr_pool_t *pool, call_t *call, sso_err_t *err)
{
    sso_err_t cause = SSO_ERR_INIT;
    const sso_url_t *url = &call->parts;

    if (sso_url_parse(pool, call->request->url, &call->parts, &cause) != SSO_OK)
        return sso_err_set(err, SSO_E_SYNTAX, "fetch-url", "not an address to call (%s)", cause.reason);
    if (strcmp(url->scheme, "https") != 0 &&
        !(call->provider->settings.allow_http_loopback && sso_url_host_is_loopback(url->host)))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "fetch-url",
                           "%s is not https; http is for loopback hosts under SSODevelopment", url->host);
    call->url = apr_pstrcat(pool, sso_url_origin(pool, url), url->path, url->query != NULL ? "?" : "",
                            url->query != NULL ? url->query : "", NULL);
    return SSO_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *baton)
{
    call_t *call = baton;
    size_t len = size * count; /* size is 1 */

    sso_buf_add(&call->body, bytes, len);
    return call->body.overflow ? 0 : len;
}

/* libcurl keeps every header line; endless headers must not fill the memory. */
static size_t take_header(char *bytes, size_t size, size_t count, void *baton)
{
    call_t *call = baton;
    (void)bytes;
    call->header_bytes += size * count;
    return call->header_bytes <= HEADERS_MAX ? size * count : 0;
}

static int ask_stopping(void *baton, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const call_t *call = baton;
    (void)a, (void)b, (void)c, (void)d;
    return call->request->stopping();
}

static CURLcode add_header(call_t *call, apr_pool_t *pool, const char *name, const char *value)
{
    struct curl_slist *more = curl_slist_append(call->headers, apr_pstrcat(pool, name, ": ", value, NULL));
    if (more == NULL)
        return CURLE_OUT_OF_MEMORY;
    call->headers = more;
    return CURLE_OK;
}

#define SET(option, value) MOD_SSO_CURL_SET(call->handle, option, value)
#define TRY(expr)          MOD_SSO_CURL_TRY(expr)

static CURLcode set_transfer(call_t *call)
{
    const mod_sso_conf_t *conf = call->provider->site->conf;

    TRY(mod_sso_curl_set_base(call->handle));
    SET(CURLOPT_ERRORBUFFER, call->text);
    SET(CURLOPT_URL, call->url);
    SET(CURLOPT_PROTOCOLS_STR, call->parts.scheme);
    SET(CURLOPT_CONNECTTIMEOUT_MS, default_to(conf->timeout_connect, CONNECT_TIMEOUT) * 1000L);
    SET(CURLOPT_TIMEOUT_MS, mod_sso_fetch_timeout(call->provider) * 1000L);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->request->max);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_MAXCONNECTS, 4L);
    if (call->request->stopping != NULL) {
        SET(CURLOPT_NOPROGRESS, 0L);
        SET(CURLOPT_XFERINFOFUNCTION, ask_stopping);
        SET(CURLOPT_XFERINFODATA, call);
    }
    return CURLE_OK;
}

/* Never the environment's proxy. Loopback hosts are this machine's, not the proxy's. */
static CURLcode set_proxy(call_t *call)
{
    const char *proxy = call->provider->site->conf->outgoing_proxy;
    int direct = proxy == NULL || sso_url_host_is_loopback(call->parts.host);

    SET(CURLOPT_PROXY, direct ? "" : proxy);
    SET(CURLOPT_NOPROXY, direct ? "*" : "");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return CURLE_OK;
}

static CURLcode set_tls(call_t *call)
{
    int has_identity = shared.identities != NULL && call->provider->index < shared.count;

    return mod_sso_curl_set_tls(call->handle, call->provider->site->conf->ca_file,
                                has_identity ? &shared.identities[call->provider->index] : NULL);
}

static CURLcode set_request(call_t *call, apr_pool_t *pool)
{
    const mod_sso_fetch_t *request = call->request;

    SET(CURLOPT_USERAGENT, process.user_agent);
    TRY(add_header(call, pool, "Accept", request->accept != NULL ? request->accept : "application/json"));
    TRY(add_header(call, pool, "Accept-Encoding", "identity"));
    if (request->body != NULL) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
        SET(CURLOPT_POSTFIELDS, request->body); /* and a Content-Type for forms; no Expect up to 1 MB */
    }
    if (request->authorization != NULL)
        TRY(add_header(call, pool, "Authorization", request->authorization));
    SET(CURLOPT_HTTPHEADER, call->headers);
    return CURLE_OK;
}

static CURLcode set_all(call_t *call, apr_pool_t *pool)
{
    TRY(set_transfer(call));
    TRY(set_proxy(call));
    TRY(set_tls(call));
    return set_request(call, pool);
}

static sso_rc_t map_failure(const call_t *call, CURLcode rc, sso_err_t *err)
{
    const char *host = call->parts.host;
    const char *text = call->text[0] != '\0' ? call->text : curl_easy_strerror(rc);

    if (call->header_bytes > HEADERS_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "fetch-too-large", "%s: the answer's headers are larger than %d bytes",
                           host, HEADERS_MAX);
    if (call->body.overflow)
        rc = CURLE_FILESIZE_EXCEEDED; /* the same, said without Content-Length */
    switch ((int)rc) {
    case CURLE_URL_MALFORMAT:
        return sso_err_set(err, SSO_E_SYNTAX, "fetch-url", "%s: %s", host, text);
    case CURLE_FILESIZE_EXCEEDED:
        return sso_err_set(err, SSO_E_LIMIT, "fetch-too-large",
                           "%s: the answer is larger than %" APR_SIZE_T_FMT " bytes", host, call->request->max);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return sso_err_set(err, SSO_E_FETCH, "fetch-dns", "%s: %s", host, text);
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
        return sso_err_set(err, SSO_E_FETCH, "fetch-connect", "%s: %s", host, text);
    case CURLE_OPERATION_TIMEDOUT:
        return sso_err_set(err, SSO_E_TIMEOUT, "fetch-timeout", "%s: %s", host, text);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        return sso_err_set(err, SSO_E_FETCH, "fetch-tls", "%s: %s", host, text);
    default:
        return sso_err_set(err, SSO_E_FETCH, "fetch-failed", "%s: %s (libcurl error %d)", host, text, (int)rc);
    }
}

/* The last value of a header of the final answer, "" when absent. */
static const char *get_header(apr_pool_t *pool, const call_t *call, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(call->handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return "";
    return apr_pstrdup(pool, header->value);
}

/* Cache-Control may come in several lines (RFC 9110 5.3). */
static const char *join_headers(apr_pool_t *pool, const call_t *call, const char *name)
{
    struct curl_header *header;
    const char *all = "";
    for (size_t i = 0; i < 16 && curl_easy_header(call->handle, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++)
        all = apr_pstrcat(pool, all, i > 0 ? "," : "", header->value, NULL);
    return all;
}

/* delta-seconds only (RFC 9110 10.2.3); within a day. */
static int parse_retry_after(const char *value)
{
    apr_size_t len = strspn(value, "0123456789");
    if (len == 0 || value[len] != '\0')
        return -1;
    long seconds = len > 6 ? 86400 : strtol(value, NULL, 10);
    return seconds > 86400 ? 86400 : (int)seconds;
}

static sso_rc_t read_answer(apr_pool_t *pool, call_t *call, mod_sso_fetched_t *ret_answer, sso_err_t *err)
{
    mod_sso_fetched_t answer = {0};
    long status = 0;

    /* We asked for no coding; what is coded nevertheless could be a bomb and is not decoded. */
    const char *coding = get_header(pool, call, "Content-Encoding");
    if (coding[0] != '\0' && strcasecmp(coding, "identity") != 0)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "fetch-failed",
                           "%s: the answer is %s-encoded though we asked for none", call->parts.host, coding);
    if (curl_easy_getinfo(call->handle, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 100 || status > 999)
        return sso_err_set(err, SSO_E_FETCH, "fetch-failed", "%s: the answer has no status", call->parts.host);
    answer.status = (int)status;
    answer.content_type = get_header(pool, call, "Content-Type");
    answer.cache_control = join_headers(pool, call, "Cache-Control");
    answer.retry_after = parse_retry_after(get_header(pool, call, "Retry-After"));
    answer.bytes = (const char *)call->body.data;
    answer.len = call->body.len;
    *ret_answer = answer;
    return SSO_OK;
}

/* Freed memory keeps its contents: take the credentials out first. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *h = headers; h != NULL; h = h->next)
        sso_crypto_cleanse(h->data, strlen(h->data));
    curl_slist_free_all(headers);
}

static sso_rc_t run_call(apr_pool_t *pool, call_t *call, mod_sso_fetched_t *ret_answer, sso_err_t *err)
{
    call->handle = take_handle();
    if (call->handle == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "libcurl gives no handle");
    sso_buf_init(&call->body, pool, call->request->max < 8192 ? call->request->max : 8192, call->request->max);
    CURLcode rc = set_all(call, pool);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(call->handle);
    sso_rc_t result = rc == CURLE_OK ? read_answer(pool, call, ret_answer, err) : map_failure(call, rc, err);
    return_handle(call->handle, result == SSO_OK);
    free_headers(call->headers);
    return result;
}

sso_rc_t mod_sso_fetch(apr_pool_t *pool, const mod_sso_provider_t *provider, const mod_sso_fetch_t *request,
                       mod_sso_fetched_t *ret_answer, sso_err_t *err)
{
    call_t call = {.provider = provider, .request = request};
    mod_sso_ticket_t ticket = {{NULL, NULL}, 0};

    SSO_TRY(check_url(pool, &call, err));
    if (request->stopping == NULL)
        SSO_TRY(mod_sso_fetch_enter(provider, &ticket, err));
    else if (process.mutex == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "fetch-failed", "outgoing calls were not set up in this process");
    sso_rc_t rc = run_call(pool, &call, ret_answer, err);
    mod_sso_bulkhead_leave(&ticket);
    return rc;
}

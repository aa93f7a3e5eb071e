/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching and parsing metadata and keys (OIDC Discovery 1.0 4, RFC 7517 5). A part that cannot be had anew is replaced
 * by the old one as long as that is usable; the two fail independently, because a login needs the metadata first and
 * the keys only when the browser comes back. */
#include "httpd/meta_load.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#include "base/url.h"
#include "httpd/fetch.h"
#include "jose/crypto.h"

#define ACCEPT_KEYS "application/jwk-set+json, application/json"
#define FILE_PREFIX "file:"

static unsigned draw_spread(void)
{
    unsigned char bytes[2] = {0, 0};
    if (sso_crypto_random(NULL, bytes, sizeof(bytes), NULL) != SSO_OK)
        return 0;
    return (unsigned)bytes[0] << 8 | bytes[1];
}

/* Set before the fork. Who restarts httpd wants what the provider says now: a copy of before is for a provider that
 * cannot be reached, and for no other. */
static apr_time_t started;

void mod_sso_meta_load_begin(apr_time_t now)
{
    started = now;
}

static int is_of_before(const mod_sso_part_t *part)
{
    return part->fresh.fetched < started;
}

/* Is this part missing, of before the start, or in the state from which the job fetches? */
static int needs_fetch(const mod_sso_meta_job_t *job, const mod_sso_part_t *part, apr_time_t now)
{
    if (job->from == MOD_SSO_META_NO_FETCH)
        return 0;
    return part->bytes == NULL || is_of_before(part) || sso_fresh_state(&part->fresh, now) >= job->from;
}

int mod_sso_meta_is_out_of_reach(sso_rc_t rc)
{
    return rc == SSO_E_FETCH || rc == SSO_E_TIMEOUT || rc == SSO_E_BUSY || rc == SSO_E_INTERNAL;
}

/* Usable though nothing newer can be had? */
static int is_alive(const mod_sso_part_t *part, apr_time_t now)
{
    return part->bytes != NULL && sso_fresh_state(&part->fresh, now) != SSO_FRESH_DEAD;
}

static sso_rc_t fetch_part(apr_pool_t *pool, const mod_sso_meta_job_t *job, const mod_sso_fetch_t *request,
                           const char *reason, mod_sso_part_t *ret_part, sso_err_t *err)
{
    mod_sso_fetched_t answer;

    SSO_TRY(mod_sso_fetch(pool, job->provider, request, &answer, err));
    if (answer.status != 200)
        return sso_err_set(err, SSO_E_FETCH, reason, "%s answered with status %d%s", request->url, answer.status,
                           answer.status / 100 == 3   ? "; redirects are not followed"
                           : answer.status / 100 == 4 ? "; is the issuer right?"
                                                      : "");
    if (answer.len == 0)
        return sso_err_set(err, SSO_E_FETCH, reason, "%s answered with nothing", request->url);
    *ret_part = (mod_sso_part_t){answer.bytes, answer.len,
                                 sso_fresh_stamp(apr_time_now(), answer.cache_control, draw_spread())};
    return SSO_OK;
}

/* "file:/path" or "file:///path", only ever as the operator wrote it. */
static sso_rc_t read_keys_file(apr_pool_t *pool, const char *uri, mod_sso_part_t *ret_part, sso_err_t *err)
{
    const char *path = uri + strlen(FILE_PREFIX);
    char text[120];
    apr_file_t *file;

    if (strncmp(path, "//", 2) == 0)
        path += 2;
    if (path[0] != '/')
        return sso_err_set(err, SSO_E_CONFIG, "jwks-file", "%s: the path has to begin with a slash", uri);
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);
    if (rv != APR_SUCCESS)
        return sso_err_set(err, SSO_E_CONFIG, "jwks-file", "%s: %s", path, apr_strerror(rv, text, sizeof(text)));
    char *bytes = apr_palloc(pool, SSO_JWKS_BYTES_MAX + 1);
    apr_size_t len = 0;
    rv = apr_file_read_full(file, bytes, SSO_JWKS_BYTES_MAX + 1, &len);
    (void)apr_file_close(file);
    if (rv == APR_SUCCESS)
        return sso_err_set(err, SSO_E_LIMIT, "jwks-file", "%s: larger than %d bytes", path, SSO_JWKS_BYTES_MAX);
    if (!APR_STATUS_IS_EOF(rv) || len == 0)
        return sso_err_set(err, SSO_E_CONFIG, "jwks-file", "%s: %s", path,
                           len == 0 ? "empty" : apr_strerror(rv, text, sizeof(text)));
    *ret_part = (mod_sso_part_t){bytes, len, sso_fresh_stamp(apr_time_now(), "max-age=0", draw_spread())};
    return SSO_OK;
}

/* Metadata under the job's rules into the snapshot; an error in `err` beside SSO_OK: the old one serves. */
static sso_rc_t load_metadata(const mod_sso_meta_job_t *job, mod_sso_snapshot_t *snapshot, int *fetched, sso_err_t *err)
{
    const sso_provider_settings_t *settings = &job->provider->settings;
    mod_sso_part_t *part = &snapshot->copy.metadata;
    apr_pool_t *pool = snapshot->pool;
    sso_err_t stale = SSO_ERR_INIT;
    mod_sso_part_t fresh;

    if (sso_provider_is_static(settings)) {
        part->bytes = NULL;
        return sso_provider_from_settings(pool, settings, &snapshot->meta.provider, err);
    }
    /* A copy that this configuration cannot use (an endpoint was set to "none", say) is as good as none. */
    if (part->bytes != NULL &&
        sso_provider_from_metadata(pool, settings, part->bytes, part->len, &snapshot->meta.provider, &stale) != SSO_OK)
        part->bytes = NULL;
    if (needs_fetch(job, part, apr_time_now())) {
        mod_sso_fetch_t request = {.url = sso_provider_discovery_url(pool, settings->issuer),
                                   .max = SSO_PROVIDER_METADATA_MAX,
                                   .stopping = job->stopping};
        sso_rc_t rc = fetch_part(pool, job, &request, "disc-status", &fresh, err);
        if (rc == SSO_OK)
            rc = sso_provider_from_metadata(pool, settings, fresh.bytes, fresh.len, &snapshot->meta.provider, err);
        if (rc == SSO_OK) {
            *part = fresh;
            ++*fetched;
            return SSO_OK;
        }
        int may_serve = !is_of_before(part) || mod_sso_meta_is_out_of_reach(rc);
        return may_serve && is_alive(part, apr_time_now()) ? SSO_OK : rc;
    }
    if (part->bytes == NULL)
        return sso_err_set(err, SSO_E_ABSENT, "copy-absent", "there is no copy of the metadata");
    return SSO_OK;
}

static sso_rc_t get_keys(apr_pool_t *pool, const mod_sso_meta_job_t *job, const char *uri, mod_sso_part_t *ret_part,
                         sso_err_t *err)
{
    if (job->provider->settings.jwks_uri != NULL && strncmp(uri, FILE_PREFIX, strlen(FILE_PREFIX)) == 0)
        return read_keys_file(pool, uri, ret_part, err);
    mod_sso_fetch_t request = {.url = uri, .accept = ACCEPT_KEYS, .max = SSO_JWKS_BYTES_MAX, .stopping = job->stopping};
    return fetch_part(pool, job, &request, "jwks-status", ret_part, err);
}

/* OpenMetadata is shipped with a key pair whose private half is on everybody's disk, under this id. Somebody may have
 * changed the key and kept the id, so it is said and not refused. */
static void look_for_shipped_key(const mod_sso_meta_job_t *job, const char *uri, const sso_jwks_t *keys)
{
    static const char kid[] = "Gb389a-9f76-gdjs-a92j-0242bk94356";
    const sso_jwk_t *key;
    sso_err_t err = SSO_ERR_INIT;

    if (sso_jwks_select(keys, kid, sso_alg_find("RS256"), &key, &err) == SSO_OK)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, job->provider->site->server,
                     "SSO265: an application has the key id that OpenMetadata is shipped with: %s (%s). With the "
                     "shipped private key anybody can be any user and bot there; give OpenMetadata a key pair and a "
                     "JWT_KEY_ID of its own reason=key-shipped",
                     uri, kid);
}

static void load_keys(const mod_sso_meta_job_t *job, mod_sso_snapshot_t *snapshot, int *fetched, sso_err_t *err)
{
    const char *uri = snapshot->meta.provider->jwks_uri;
    mod_sso_part_t *part = &snapshot->copy.keys;
    sso_err_t stale = SSO_ERR_INIT;
    mod_sso_part_t fresh;

    /* Keys of another address are not this provider's any more. */
    if (uri == NULL || snapshot->copy.keys_uri == NULL || strcmp(uri, snapshot->copy.keys_uri) != 0)
        part->bytes = NULL;
    if (part->bytes != NULL &&
        sso_jwks_parse(snapshot->pool, part->bytes, part->len, &snapshot->meta.keys, &stale) != SSO_OK)
        part->bytes = NULL;
    int wanted = job->need_keys || part->bytes != NULL;
    if (uri != NULL && wanted && (job->force_keys || needs_fetch(job, part, apr_time_now()))) {
        sso_rc_t rc = get_keys(snapshot->pool, job, uri, &fresh, err);
        if (rc == SSO_OK)
            rc = sso_jwks_parse(snapshot->pool, fresh.bytes, fresh.len, &snapshot->meta.keys, err);
        if (rc == SSO_OK) {
            *part = fresh;
            ++*fetched;
            look_for_shipped_key(job, uri, snapshot->meta.keys);
        } else if (is_of_before(part) && !mod_sso_meta_is_out_of_reach(rc)) {
            part->bytes = NULL;
        }
    }
    snapshot->copy.keys_uri = part->bytes != NULL ? uri : NULL;
    if (part->bytes == NULL)
        snapshot->meta.keys = NULL;
}

void mod_sso_meta_load(const mod_sso_meta_job_t *job, mod_sso_meta_result_t *ret_result)
{
    mod_sso_meta_result_t result = {NULL, 0, SSO_ERR_INIT, SSO_ERR_INIT};
    apr_pool_t *pool;

    /* Without parent: made and destroyed by any thread, whatever else happens to the process's pools meanwhile. */
    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS) {
        sso_err_set(&result.metadata_error, SSO_E_INTERNAL, "fetch-failed", "no memory");
        *ret_result = result;
        return;
    }
    apr_pool_tag(pool, "sso-snapshot");
    mod_sso_snapshot_t *snapshot = apr_pcalloc(pool, sizeof(*snapshot));
    snapshot->pool = pool;
    if (job->base != NULL)
        snapshot->copy = mod_sso_copy_dup(pool, job->base);
    if (load_metadata(job, snapshot, &result.fetched, &result.metadata_error) == SSO_OK) {
        load_keys(job, snapshot, &result.fetched, &result.keys_error);
        result.snapshot = snapshot;
    } else
        apr_pool_destroy(pool);
    *ret_result = result;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* mod_status and metrics: two ways to write the same figures. No token, claim, key or address of a person is among
 * them; names and errors are escaped, because issuers and the texts of failures come from outside. */
#include "httpd/status.h"

#include <stdatomic.h>
#include <string.h>

#include <apr_optional_hooks.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_main.h>
#include <http_protocol.h>
#include <mod_status.h>

#include "httpd/fetch.h"
#include "httpd/meta.h"
#include "httpd/revoke.h"

#define HANDLER "sso-metrics"

typedef _Atomic apr_uint32_t counter_t;

/* Made before the fork. Of one provider: MOD_SSO_COUNTS counters, side by side. */
static counter_t *counters;
static int counters_count;

static apr_status_t forget_counters(void *data)
{
    (void)data;
    counters = NULL;
    counters_count = 0;
    return APR_SUCCESS;
}

apr_status_t mod_sso_status_post_config(apr_pool_t *pconf, server_rec *main_server, int count)
{
    apr_shm_t *shm;
    apr_status_t rv = apr_shm_create(&shm, (apr_size_t)count * MOD_SSO_COUNTS * sizeof(counter_t), NULL, pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO340: there is no shared memory for counting logins reason=status-memory");
        return rv;
    }
    counters = apr_shm_baseaddr_get(shm); /* fresh pages are zero */
    counters_count = count;
    apr_pool_cleanup_register(pconf, NULL, forget_counters, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static counter_t *counter_of(const mod_sso_provider_t *provider, mod_sso_count_t what)
{
    if (!counters || provider->index < 0 || provider->index >= counters_count)
        return NULL;
    return &counters[provider->index * MOD_SSO_COUNTS + (int)what];
}

void mod_sso_status_count(const mod_sso_provider_t *provider, mod_sso_count_t what)
{
    counter_t *counter = counter_of(provider, what);
    if (counter)
        (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static unsigned count_of(const mod_sso_provider_t *provider, mod_sso_count_t what)
{
    counter_t *counter = counter_of(provider, what);
    return counter ? atomic_load_explicit(counter, memory_order_relaxed) : 0;
}

/* Calls `fn` for every provider and bearer issuer of every site. */
static void for_each_provider(request_rec *r,
                              void (*fn)(request_rec *r, const mod_sso_provider_t *provider, void *data), void *data)
{
    for (server_rec *s = ap_server_conf; s; s = s->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(s);
        const mod_sso_provider_t *provider;
        for (int i = 0; conf && conf->site && (provider = mod_sso_site_slot(conf->site, i)) != NULL; i++)
            fn(r, provider, data);
    }
}

static long seconds_since(apr_time_t then)
{
    apr_time_t now = apr_time_now();
    return then > 0 && then < now ? (long)apr_time_sec(now - then) : 0;
}

/* When the first part that is past its time was to be renewed; 0: none is. */
static apr_time_t stale_since(const mod_sso_meta_view_t *view)
{
    apr_time_t now = apr_time_now(), first = 0;
    const sso_fresh_t *parts[] = {&view->metadata, &view->keys};
    for (int i = 0; i < 2; i++)
        if (parts[i]->fetched && parts[i]->expires <= now && (!first || parts[i]->expires < first))
            first = parts[i]->expires;
    return first;
}

/* --- mod_status --- */

static const char *age_text(request_rec *r, apr_time_t fetched)
{
    return fetched ? apr_psprintf(r->pool, "%ld s", seconds_since(fetched)) : "-";
}

static void show_row(request_rec *r, const mod_sso_provider_t *provider, void *data)
{
    mod_sso_bulkhead_view_t calls = mod_sso_fetch_look(provider);
    mod_sso_meta_view_t view;
    (void)data;
    mod_sso_meta_look(provider, &view);
    apr_time_t stale = stale_since(&view);
    ap_rprintf(r, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%u</td><td>%s</td>",
               ap_escape_html(r->pool, provider->site->host), ap_escape_html(r->pool, provider->name),
               ap_escape_html(r->pool, provider->settings.issuer ? provider->settings.issuer : "-"),
               age_text(r, view.metadata.fetched), age_text(r, view.keys.fetched), view.key_count,
               stale ? apr_psprintf(r->pool, "for %ld s", seconds_since(stale)) : "no");
    ap_rprintf(r, "<td>%u of %u, %u refused</td><td>%u / %u / %u</td><td>%s</td></tr>\n", calls.used, calls.limit,
               calls.refused, count_of(provider, MOD_SSO_COUNT_STARTED), count_of(provider, MOD_SSO_COUNT_DONE),
               count_of(provider, MOD_SSO_COUNT_REFUSED),
               view.failed.rc == SSO_OK ? "-"
                                        : apr_pstrcat(r->pool, ap_escape_html(r->pool, view.failed.reason), ": ",
                                                      ap_escape_html(r->pool, view.failed.detail), NULL));
}

static void show_html(request_rec *r, const mod_sso_bulkhead_view_t *calls)
{
    ap_rprintf(r,
               "<hr />\n<h2>mod_sso_oidc %s</h2>\n<p>Calls to providers: %u of %u, %u refused. Ended sessions "
               "remembered: %u of %u, pending logins: %u of %u, logout tokens: %u of %u.</p>\n",
               MOD_SSO_VERSION, calls->used, calls->limit, calls->refused,
               mod_sso_revoke_look(MOD_SSO_REVOKED_SESSION).used, mod_sso_revoke_look(MOD_SSO_REVOKED_SESSION).slots,
               mod_sso_revoke_look(MOD_SSO_REVOKED_LOGIN).used, mod_sso_revoke_look(MOD_SSO_REVOKED_LOGIN).slots,
               mod_sso_revoke_look(MOD_SSO_REVOKED_JTI).used, mod_sso_revoke_look(MOD_SSO_REVOKED_JTI).slots);
    ap_rputs("<table border=\"1\">\n<tr><th>Site</th><th>Provider</th><th>Issuer</th><th>Metadata</th><th>Keys fetched"
             "</th><th>Keys</th><th>Stale</th><th>Calls</th><th>Logins begun / done / refused</th><th>Last failure"
             "</th></tr>\n",
             r);
    for_each_provider(r, show_row, NULL);
    ap_rputs("</table>\n", r);
}

typedef struct sums_t {
    unsigned counts[MOD_SSO_COUNTS];
    unsigned stale;
} sums_t;

static void add_up(request_rec *r, const mod_sso_provider_t *provider, void *data)
{
    sums_t *sums = data;
    mod_sso_meta_view_t view;
    (void)r;
    mod_sso_meta_look(provider, &view);
    sums->stale += stale_since(&view) != 0;
    for (int i = 0; i < MOD_SSO_COUNTS; i++)
        sums->counts[i] += count_of(provider, (mod_sso_count_t)i);
}

/* server-status?auto: a word and a number a line. */
static void show_short(request_rec *r, const mod_sso_bulkhead_view_t *calls)
{
    sums_t sums = {{0}, 0};
    for_each_provider(r, add_up, &sums);
    ap_rprintf(r, "SsoCalls: %u\nSsoCallsLimit: %u\nSsoCallsRefused: %u\nSsoProvidersStale: %u\n", calls->used,
               calls->limit, calls->refused, sums.stale);
    ap_rprintf(r, "SsoLoginsStarted: %u\nSsoLogins: %u\nSsoLoginsRefused: %u\n", sums.counts[MOD_SSO_COUNT_STARTED],
               sums.counts[MOD_SSO_COUNT_DONE], sums.counts[MOD_SSO_COUNT_REFUSED]);
}

static int show_status(request_rec *r, int flags)
{
    if (!counters)
        return DECLINED; /* no provider in this server */
    mod_sso_bulkhead_view_t calls = mod_sso_fetch_look(NULL);
    if (flags & AP_STATUS_SHORT)
        show_short(r, &calls);
    else
        show_html(r, &calls);
    return OK;
}

void mod_sso_status_register(void)
{
    /* An optional hook: without mod_status nobody calls it. */
    APR_OPTIONAL_HOOK(ap, status_hook, show_status, NULL, NULL, APR_HOOK_MIDDLE);
}

/* --- metrics: Prometheus' text format 0.0.4 --- */

/* A label's value: backslash, quote and line feed are escaped, other control characters have no business there. */
static const char *label(apr_pool_t *pool, const char *text)
{
    char *out = apr_palloc(pool, 2 * strlen(text) + 1), *p = out;
    for (; *text; text++) {
        if (*text == '\\' || *text == '"' || *text == '\n')
            *p++ = '\\';
        *p++ = *text == '\n' ? 'n' : (unsigned char)*text < ' ' ? '?' : *text;
    }
    *p = '\0';
    return out;
}

/* In the order of read_figures. */
static const struct {
    const char *name, *type, *help;
} metrics[] = {
    {"sso_provider_loaded", "gauge", "1 when the provider's metadata is there"},
    {"sso_provider_metadata_age_seconds", "gauge", "Since the metadata was fetched"},
    {"sso_provider_keys_age_seconds", "gauge", "Since the keys were fetched"},
    {"sso_provider_keys", "gauge", "Usable keys of the provider"},
    {"sso_provider_stale_seconds", "gauge", "Since metadata or keys should have been renewed"},
    {"sso_provider_refresh_failures", "gauge", "Refreshes that failed in a row"},
    {"sso_provider_calls", "gauge", "Requests that wait for the provider"},
    {"sso_provider_calls_limit", "gauge", "So many may"},
    {"sso_provider_calls_refused_total", "counter", "Requests that found no place to wait"},
    {"sso_logins_started_total", "counter", "Browsers sent to the provider"},
    {"sso_logins_total", "counter", "Browsers that came back and were signed in"},
    {"sso_logins_refused_total", "counter", "Logins that were refused"},
};
#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

static void read_figures(const mod_sso_provider_t *provider, long out[METRICS])
{
    mod_sso_bulkhead_view_t calls = mod_sso_fetch_look(provider);
    mod_sso_meta_view_t meta;
    mod_sso_meta_look(provider, &meta);
    const long figures[METRICS] = {meta.loaded,
                                   seconds_since(meta.metadata.fetched),
                                   seconds_since(meta.keys.fetched),
                                   (long)meta.key_count,
                                   seconds_since(stale_since(&meta)),
                                   (long)meta.failures,
                                   (long)calls.used,
                                   (long)calls.limit,
                                   (long)calls.refused,
                                   (long)count_of(provider, MOD_SSO_COUNT_STARTED),
                                   (long)count_of(provider, MOD_SSO_COUNT_DONE),
                                   (long)count_of(provider, MOD_SSO_COUNT_REFUSED)};
    memcpy(out, figures, sizeof(figures));
}

typedef struct sample_t {
    const char *labels;
    long figures[METRICS];
} sample_t;

static void collect_sample(request_rec *r, const mod_sso_provider_t *provider, void *data)
{
    sample_t *sample = apr_array_push(data);
    const char *issuer = provider->settings.issuer ? provider->settings.issuer : "";
    sample->labels =
        apr_psprintf(r->pool, "site=\"%s:%d\",provider=\"%s\",issuer=\"%s\"", label(r->pool, provider->site->host),
                     provider->site->port, label(r->pool, provider->name), label(r->pool, issuer));
    read_figures(provider, sample->figures);
}

static void print_head(request_rec *r, const char *name, const char *type, const char *help)
{
    ap_rprintf(r, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void print_revocations(request_rec *r)
{
    static const struct {
        const char *name;
        mod_sso_revoked_t kind;
    } tables[] = {{"sessions", MOD_SSO_REVOKED_SESSION},
                  {"logins", MOD_SSO_REVOKED_LOGIN},
                  {"logout_tokens", MOD_SSO_REVOKED_JTI}};
    print_head(r, "sso_revoked", "gauge", "What has ended before its time and is remembered");
    for (int i = 0; i < 3; i++)
        ap_rprintf(r, "sso_revoked{table=\"%s\"} %u\n", tables[i].name, mod_sso_revoke_look(tables[i].kind).used);
    print_head(r, "sso_revoked_limit", "gauge", "So much can be remembered");
    for (int i = 0; i < 3; i++)
        ap_rprintf(r, "sso_revoked_limit{table=\"%s\"} %u\n", tables[i].name,
                   mod_sso_revoke_look(tables[i].kind).slots);
}

int mod_sso_status_handler(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, HANDLER))
        return DECLINED;
    r->allowed |= AP_METHOD_BIT << M_GET;
    if (r->method_number != M_GET)
        return HTTP_METHOD_NOT_ALLOWED;
    ap_set_content_type(r, "text/plain; version=0.0.4; charset=utf-8");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    if (r->header_only)
        return OK;
    print_head(r, "sso_info", "gauge", "The module");
    ap_rprintf(r, "sso_info{version=\"%s\"} 1\n", MOD_SSO_VERSION);
    if (!counters)
        return OK; /* no provider in this server */
    /* The format wants all samples of a metric together. */
    apr_array_header_t *samples = apr_array_make(r->pool, 8, sizeof(sample_t));
    for_each_provider(r, collect_sample, samples);
    for (apr_size_t i = 0; i < METRICS; i++) {
        print_head(r, metrics[i].name, metrics[i].type, metrics[i].help);
        for (int k = 0; k < samples->nelts; k++) {
            const sample_t *sample = &APR_ARRAY_IDX(samples, k, sample_t);
            ap_rprintf(r, "%s{%s} %ld\n", metrics[i].name, sample->labels, sample->figures[i]);
        }
    }
    mod_sso_bulkhead_view_t all = mod_sso_fetch_look(NULL);
    print_head(r, "sso_calls", "gauge", "Requests that wait for any provider");
    ap_rprintf(r, "sso_calls %u\n", all.used);
    print_head(r, "sso_calls_limit", "gauge", "So many may");
    ap_rprintf(r, "sso_calls_limit %u\n", all.limit);
    print_head(r, "sso_calls_refused_total", "counter", "Requests that found no place to wait");
    ap_rprintf(r, "sso_calls_refused_total %u\n", all.refused);
    print_revocations(r);
    return OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions between browser, cache and request. Opening is the hot path: one walk over the Cookie header, one AEAD open,
 * a walk over a flat record; nothing is copied out of it. */
#include "httpd/session_io.h"

#include <apr_strings.h>
#include <util_filter.h>

#include "base/b64.h"
#include "base/cookie.h"
#include "httpd/log.h"
#include "httpd/resp.h"
#include "httpd/revoke.h"
#include "httpd/share.h"
#include "httpd/store.h"
#include "httpd/thread.h"
#include "jose/crypto.h"
#include "oidc/refresh.h"

#define COOKIE_BYTES_MAX 4050 /* name and value; browsers drop a cookie above 4,096 */
#define CANDIDATES_MAX 3      /* cookies of one name that are tried: a tossed one must not lock the real one out */
#define REF_LEN 32
#define IDLE_FILTER "SSO_OIDC_IDLE"

typedef struct span_t {
    const char *text;
    apr_size_t len;
} span_t;

typedef struct cookies_t {
    span_t session[CANDIDATES_MAX];
    int sessions;
    span_t second;
    span_t idle[CANDIDATES_MAX];
    int idles;
} cookies_t;

static void collect_cookies(const char *header, const mod_sso_provider_t *p, cookies_t *found)
{
    apr_size_t len = strlen(p->cookie);
    sso_cookie_iter_t it;
    memset(found, 0, sizeof(*found));
    sso_cookie_begin(&it, header);
    while (sso_cookie_next_own(&it)) {
        span_t value = {it.value, it.value_len};
        if (it.name_len < len || memcmp(it.name, p->cookie, len))
            continue;
        if (it.name_len == len && found->sessions < CANDIDATES_MAX)
            found->session[found->sessions++] = value;
        else if (sso_cookie_is(&it, p->cookie_idle) && found->idles < CANDIDATES_MAX)
            found->idle[found->idles++] = value;
        else if (sso_cookie_is(&it, p->cookie2) && !found->second.text)
            found->second = value;
    }
}

/* --- opening --- */

/* A record is good at its own place only: who can write to the cache must not put another person's there. */
static const void *record_context(apr_pool_t *pool, const mod_sso_provider_t *p, const unsigned char *key,
                                  apr_size_t *ret_len)
{
    unsigned char *context = apr_palloc(pool, p->context_len + SSO_SHA256_LEN);
    memcpy(context, p->context, p->context_len);
    memcpy(context + p->context_len, key, SSO_SHA256_LEN);
    *ret_len = p->context_len + SSO_SHA256_LEN;
    return context;
}

/* The record a reference names, out of the cache. */
static sso_rc_t open_reference(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, span_t box,
                               mod_sso_opened_t *opened, unsigned char **ret_bytes, apr_size_t *ret_len, sso_err_t *err)
{
    unsigned char *ref, *text;
    apr_size_t ref_len, text_len;
    SSO_TRY(sso_seal_open(sealer, r->pool, r->request_time, SSO_SEAL_SESSION_REF, p->context, p->context_len, box.text,
                          box.len, &ref, &ref_len, NULL, err));
    if (ref_len != REF_LEN || !p->site->cache_store)
        return sso_err_set(err, SSO_E_ABSENT, "session-reference",
                           "the session lies in a cache that is not configured");
    opened->cache_key = apr_palloc(r->pool, SSO_SHA256_LEN);
    SSO_TRY(sso_crypto_sha256(ref, ref_len, opened->cache_key, err));
    sso_rc_t rc =
        mod_sso_store_get(p->site->cache_store, r->pool, opened->cache_key, SSO_SHA256_LEN, &text, &text_len, err);
    if (rc == SSO_E_ABSENT) { /* or the cache is down: then it is no reason to sign in again */
        sso_err_t absent = *err;
        sso_err_clear(err);
        SSO_TRY(mod_sso_store_probe(p->site->cache_store, r->pool, err));
        *err = absent;
    }
    SSO_TRY(rc);
    apr_size_t context_len;
    const void *context = record_context(r->pool, p, opened->cache_key, &context_len);
    return sso_seal_open(sealer, r->pool, r->request_time, SSO_SEAL_CACHE, context, context_len, (const char *)text,
                         text_len, ret_bytes, ret_len, NULL, err);
}

static sso_rc_t open_record(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, span_t value,
                            span_t second, mod_sso_opened_t *opened, unsigned char **ret_bytes, apr_size_t *ret_len,
                            sso_err_t *err)
{
    span_t box = {value.text + 1, value.len - 1};
    opened->cache_key = NULL;
    if (value.len < 2)
        return sso_err_set(err, SSO_E_SYNTAX, "session-cookie", "the session cookie is empty");
    switch (value.text[0]) {
    case 'r':
        return open_reference(r, p, sealer, box, opened, ret_bytes, ret_len, err);
    case '2':
        if (!second.text)
            return sso_err_set(err, SSO_E_ABSENT, "session-half", "the second session cookie is missing");
        box.text = apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, box.text, box.len),
                               apr_pstrmemdup(r->pool, second.text, second.len), NULL);
        box.len += second.len;
        break;
    case '1':
        break;
    default:
        return sso_err_set(err, SSO_E_SYNTAX, "session-cookie", "the session cookie is not one of ours");
    }
    return sso_seal_open(sealer, r->pool, r->request_time, SSO_SEAL_SESSION, p->context, p->context_len, box.text,
                         box.len, ret_bytes, ret_len, NULL, err);
}

static int is_zero(const unsigned char key[16])
{
    static const unsigned char zero[16];
    return !memcmp(key, zero, sizeof(zero));
}

static int is_revoked(const sso_session_t *session, apr_time_t now)
{
    return mod_sso_revoke_has(MOD_SSO_REVOKED_SESSION, session->id, session->created, now) ||
           (!is_zero(session->key_sid) &&
            mod_sso_revoke_has(MOD_SSO_REVOKED_SID, session->key_sid, session->created, now)) ||
           (!is_zero(session->key_sub) &&
            mod_sso_revoke_has(MOD_SSO_REVOKED_SUB, session->key_sub, session->created, now));
}

static sso_rc_t check_idle(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, const cookies_t *cookies,
                           const sso_session_t *session, int *ret_renew, sso_err_t *err)
{
    apr_time_t now = r->request_time, seen = session->created;
    int young = now < session->created + apr_time_from_sec(p->site->idle);
    /* Where nothing can have expired and nothing will be renewed, no stamp is opened. */
    if (p->site->idle <= 0 || (young && !mod_sso_req_is_activity(r)))
        return SSO_OK;
    for (int i = 0; i < cookies->idles; i++) {
        unsigned char *stamp;
        apr_size_t len;
        if (sso_seal_open(sealer, r->pool, now, SSO_SEAL_IDLE, p->context, p->context_len, cookies->idle[i].text,
                          cookies->idle[i].len, &stamp, &len, NULL, NULL) == SSO_OK &&
            sso_session_idle_decode(stamp, len, session->id, now, &seen))
            break;
    }
    sso_idle_t idle = sso_session_idle(session->created, seen, now, p->site->idle);
    if (idle == SSO_IDLE_EXPIRED)
        return sso_err_set(err, SSO_E_EXPIRED, "session-idle",
                           "nothing was asked for longer than SSOSessionTimeout allows");
    *ret_renew = idle == SSO_IDLE_RENEW;
    return SSO_OK;
}

static sso_rc_t open_candidate(request_rec *r, const mod_sso_provider_t *p, const cookies_t *cookies, int i,
                               mod_sso_opened_t *opened, sso_err_t *err)
{
    sso_sealer_t *sealer;
    unsigned char *bytes;
    apr_size_t len;
    int renew = 0;
    SSO_TRY(mod_sso_thread_sealer(p->site, &sealer, err));
    SSO_TRY(open_record(r, p, sealer, cookies->session[i], cookies->second, opened, &bytes, &len, err));
    sso_session_t *session = apr_palloc(r->pool, sizeof(*session));
    SSO_TRY(sso_session_decode(r->pool, r->request_time, bytes, len, session, err));
    if (strcmp(session->provider, p->name))
        return sso_err_set(err, SSO_E_MISMATCH, "session-provider", "the session is one of provider '%s'",
                           session->provider);
    if (is_revoked(session, r->request_time))
        return sso_err_set(err, SSO_E_EXPIRED, "session-revoked", "the session was ended by a logout");
    SSO_TRY(check_idle(r, p, sealer, cookies, session, &renew, err));
    opened->session = session;
    opened->renew_idle = renew;
    return SSO_OK;
}

mod_sso_opened_t *mod_sso_session_open(request_rec *r, const mod_sso_provider_t *provider)
{
    mod_sso_req_t *root = mod_sso_req_root(r);
    for (mod_sso_opened_t *o = root->opened; o; o = o->next)
        if (o->provider == provider)
            return o;
    /* It outlives a sub-request, whose pool ends with it. */
    while (r->main)
        r = r->main;

    mod_sso_opened_t *opened = apr_pcalloc(r->pool, sizeof(*opened));
    cookies_t cookies;
    opened->provider = provider;
    opened->why = "absent";
    opened->next = root->opened;
    root->opened = opened;
    collect_cookies(mod_sso_req_cookies(r), provider, &cookies);
    for (int i = 0; i < cookies.sessions && !opened->session; i++) {
        sso_err_t err = SSO_ERR_INIT;
        if (open_candidate(r, provider, &cookies, i, opened, &err) == SSO_OK) {
            opened->store_failed = 0;
            break;
        }
        opened->why = err.reason;
        opened->store_failed |= !strcmp(err.reason, "store-failed");
        mod_sso_log_refusal(r, APLOG_INFO, "SSO210", "a session cookie is not accepted", &err);
    }
    return opened;
}

/* --- saving --- */

static sso_cookie_attrs_t deleted(const sso_cookie_attrs_t *attrs)
{
    sso_cookie_attrs_t gone = *attrs;
    gone.max_age = 0;
    return gone;
}

static sso_cookie_attrs_t hint_attrs(const mod_sso_provider_t *p)
{
    sso_cookie_attrs_t attrs = p->attrs;
    attrs.domain = NULL;
    attrs.path = p->hint_path;
    return attrs;
}

/* The bytes a cookie takes in a Cookie header: "name=value; ". */
static apr_size_t header_bytes(const char *name, apr_size_t value_len)
{
    return strlen(name) + value_len + 3;
}

/* The record itself as one or two cookies; *ret_used = bytes in a Cookie header, 0 when it does not fit. */
static sso_rc_t save_in_cookies(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, const sso_env_t *env,
                                span_t record, apr_size_t *ret_used, sso_err_t *err)
{
    apr_size_t room = COOKIE_BYTES_MAX - strlen(p->cookie) - 2, room2 = COOKIE_BYTES_MAX - strlen(p->cookie2) - 1;
    apr_size_t text_len = SSO_SEAL_TEXT_LEN(record.len);
    apr_size_t total = header_bytes(p->cookie, text_len + 1) + (text_len > room ? header_bytes(p->cookie2, 0) : 0);
    char *text;
    *ret_used = 0;
    if (text_len > room + room2 || total > (apr_size_t)p->site->session_budget)
        return SSO_OK;
    SSO_TRY(sso_seal(sealer, env, SSO_SEAL_SESSION, p->context, p->context_len, record.text, record.len, &text, err));
    sso_cookie_attrs_t gone = deleted(&p->attrs);
    if (text_len <= room) {
        mod_sso_resp_cookie(r, p->cookie, apr_pstrcat(r->pool, "1", text, NULL), &p->attrs);
        mod_sso_resp_cookie(r, p->cookie2, "", &gone);
    } else {
        mod_sso_resp_cookie(r, p->cookie, apr_pstrcat(r->pool, "2", apr_pstrmemdup(r->pool, text, room), NULL),
                            &p->attrs);
        mod_sso_resp_cookie(r, p->cookie2, text + room, &p->attrs);
    }
    *ret_used = total;
    return SSO_OK;
}

static sso_rc_t save_in_cache(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, const sso_env_t *env,
                              span_t record, apr_time_t expires, apr_size_t *ret_used, sso_err_t *err)
{
    unsigned char ref[REF_LEN], key[SSO_SHA256_LEN];
    char *text, *ref_text;
    SSO_TRY(sso_env_random(env, ref, sizeof(ref), err));
    SSO_TRY(sso_crypto_sha256(ref, sizeof(ref), key, err));
    apr_size_t context_len;
    const void *context = record_context(r->pool, p, key, &context_len);
    SSO_TRY(sso_seal(sealer, env, SSO_SEAL_CACHE, context, context_len, record.text, record.len, &text, err));
    SSO_TRY(mod_sso_store_put(p->site->cache_store, r->pool, key, sizeof(key), expires, text, strlen(text), err));
    SSO_TRY(sso_seal(sealer, env, SSO_SEAL_SESSION_REF, p->context, p->context_len, ref, sizeof(ref), &ref_text, err));
    sso_cookie_attrs_t gone = deleted(&p->attrs);
    mod_sso_resp_cookie(r, p->cookie, apr_pstrcat(r->pool, "r", ref_text, NULL), &p->attrs);
    mod_sso_resp_cookie(r, p->cookie2, "", &gone);
    *ret_used = header_bytes(p->cookie, strlen(ref_text) + 1);
    return SSO_OK;
}

static sso_rc_t refuse_size(apr_pool_t *pool, const mod_sso_provider_t *p, const sso_session_t *session, apr_size_t len,
                            sso_err_t *err)
{
    return sso_err_set(err, SSO_E_CONFIG, "session-too-large",
                       "the session of %" APR_SIZE_T_FMT " bytes does not fit into two cookies (%d bytes); largest "
                       "claims: %s; keep fewer with SSOSessionClaims, or load mod_socache_shmcb, or set SSOCache",
                       len, p->site->session_budget, sso_session_largest(pool, &session->claims, 3));
}

/* The ID Token for logout, where ordinary requests do not carry it; left out when the cookies would get too big for
 * LimitRequestFieldSize, because then even the logout page would answer 400. */
static sso_rc_t save_hint(request_rec *r, const mod_sso_provider_t *p, sso_sealer_t *sealer, const sso_env_t *env,
                          const char *id_token, apr_size_t used, sso_err_t *err)
{
    sso_cookie_attrs_t attrs = hint_attrs(p), gone = deleted(&attrs);
    apr_size_t len = id_token ? strlen(id_token) : 0;
    apr_size_t bytes = header_bytes(p->cookie_hint, SSO_SEAL_TEXT_LEN(len));
    char *text;
    if (!len || bytes > COOKIE_BYTES_MAX || used + bytes > (apr_size_t)p->site->session_budget) {
        mod_sso_resp_cookie(r, p->cookie_hint, "", &gone);
        return SSO_OK;
    }
    SSO_TRY(sso_seal(sealer, env, SSO_SEAL_HINT, p->context, p->context_len, id_token, len, &text, err));
    mod_sso_resp_cookie(r, p->cookie_hint, text, &attrs);
    return SSO_OK;
}

sso_rc_t mod_sso_session_save(request_rec *r, const mod_sso_provider_t *provider, const sso_session_t *session,
                              const char *id_token, sso_err_t *err)
{
    sso_env_t env = mod_sso_req_env(r);
    sso_sealer_t *sealer;
    unsigned char *bytes;
    apr_size_t len, used = 0;
    env.now = apr_time_now();
    SSO_TRY(mod_sso_thread_sealer(provider->site, &sealer, err));
    SSO_TRY(sso_session_encode(r->pool, session, &bytes, &len, err));
    span_t record = {(const char *)bytes, len};
    if (provider->site->store == MOD_SSO_STORE_COOKIE)
        SSO_TRY(save_in_cookies(r, provider, sealer, &env, record, &used, err));
    if (!used && !provider->site->cache_store)
        return refuse_size(r->pool, provider, session, len, err);
    if (!used)
        SSO_TRY(save_in_cache(r, provider, sealer, &env, record, session->expires, &used, err));
    SSO_TRY(save_hint(r, provider, sealer, &env, id_token, used, err));
    sso_cookie_attrs_t gone = deleted(&provider->attrs);
    mod_sso_resp_cookie(r, provider->cookie_idle, "", &gone);
    return SSO_OK;
}

/* --- ending --- */

static void read_hint(request_rec *r, const mod_sso_provider_t *p, const char **ret_id_token)
{
    sso_sealer_t *sealer;
    sso_cookie_iter_t it;
    unsigned char *plain;
    apr_size_t len;
    if (mod_sso_thread_sealer(p->site, &sealer, NULL) != SSO_OK)
        return;
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        if (sso_cookie_is(&it, p->cookie_hint) &&
            sso_seal_open(sealer, r->pool, r->request_time, SSO_SEAL_HINT, p->context, p->context_len, it.value,
                          it.value_len, &plain, &len, NULL, NULL) == SSO_OK) {
            *ret_id_token = (const char *)plain;
            return;
        }
    }
}

static void forget(request_rec *r, const mod_sso_provider_t *provider, const unsigned char key[SSO_SHA256_LEN])
{
    sso_err_t err = SSO_ERR_INIT;
    if (mod_sso_store_remove(provider->site->cache_store, r->pool, key, SSO_SHA256_LEN, &err) != SSO_OK &&
        err.rc != SSO_E_ABSENT)
        mod_sso_log_refusal(r, APLOG_WARNING, "SSO212", "a session cannot be removed from SSOCache", &err);
}

/* What refreshes have left beside the session (refresh.c). */
static void forget_tokens(request_rec *r, const mod_sso_provider_t *provider, const sso_session_t *session)
{
    unsigned char key[SSO_REFRESH_KEY_LEN];
    if (provider->refresh && provider->site->cache_store && session->tokens[SSO_TOKEN_REFRESH] &&
        sso_refresh_key(session->id, key, NULL) == SSO_OK)
        forget(r, provider, key);
}

void mod_sso_session_end(request_rec *r, const mod_sso_provider_t *provider, const char **ret_id_token)
{
    mod_sso_opened_t *opened = mod_sso_session_open(r, provider);
    sso_cookie_attrs_t gone = deleted(&provider->attrs), hint = hint_attrs(provider), hint_gone = deleted(&hint);
    if (ret_id_token) {
        *ret_id_token = NULL;
        read_hint(r, provider, ret_id_token);
    }
    if (opened->session) {
        const sso_session_t *session = opened->session;
        mod_sso_revoke_request(r, MOD_SSO_REVOKED_SESSION, session->id, session->expires);
        mod_sso_share_revoked(provider->site, r->pool, MOD_SSO_REVOKED_SESSION, session->id, APR_INT64_MAX,
                              session->expires);
    }
    if (opened->session)
        forget_tokens(r, provider, opened->session);
    if (opened->cache_key && provider->site->cache_store)
        forget(r, provider, opened->cache_key);
    mod_sso_resp_cookie(r, provider->cookie, "", &gone);
    mod_sso_resp_cookie(r, provider->cookie2, "", &gone);
    mod_sso_resp_cookie(r, provider->cookie_idle, "", &gone);
    mod_sso_resp_cookie(r, provider->cookie_hint, "", &hint_gone);
    opened->session = NULL;
    opened->why = "session-ended";
}

/* --- the idle stamp --- */

/* A page that carries a Set-Cookie belongs to one person. */
static void make_private(request_rec *r)
{
    const char *old = apr_table_get(r->headers_out, "Cache-Control");
    char *state, *item, *kept = apr_pstrdup(r->pool, "private");
    if (old && (ap_find_token(r->pool, old, "no-store") || ap_find_token(r->pool, old, "private")))
        return;
    for (item = old ? apr_strtok(apr_pstrdup(r->pool, old), ",", &state) : NULL; item;
         item = apr_strtok(NULL, ",", &state)) {
        while (*item == ' ' || *item == '\t')
            item++;
        if (*item && ap_cstr_casecmp(item, "public") && ap_cstr_casecmpn(item, "s-maxage", 8))
            kept = apr_pstrcat(r->pool, kept, ", ", item, NULL);
    }
    apr_table_setn(r->headers_out, "Cache-Control", kept);
}

static apr_status_t filter_idle(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    request_rec *r = f->r;
    const mod_sso_opened_t *opened = f->ctx;
    ap_remove_output_filter(f);
    if (r->status != HTTP_NOT_MODIFIED && r->status != HTTP_PARTIAL_CONTENT) {
        const mod_sso_provider_t *p = opened->provider;
        sso_env_t env = mod_sso_req_env(r);
        sso_err_t err = SSO_ERR_INIT;
        unsigned char stamp[SSO_IDLE_LEN];
        sso_sealer_t *sealer;
        char *text;
        sso_session_idle_encode(opened->session->id, env.now, stamp);
        if (mod_sso_thread_sealer(p->site, &sealer, &err) == SSO_OK &&
            sso_seal(sealer, &env, SSO_SEAL_IDLE, p->context, p->context_len, stamp, sizeof(stamp), &text, &err) ==
                SSO_OK) {
            apr_table_addn(r->err_headers_out, "Set-Cookie",
                           sso_cookie_format(r->pool, p->cookie_idle, text, &p->attrs));
            make_private(r);
        }
    }
    return ap_pass_brigade(f->next, brigade);
}

void mod_sso_session_renew_idle(request_rec *r, const mod_sso_opened_t *opened)
{
    /* A part of a page (Range) may be cached apart from the whole; a sub-request's headers go nowhere. */
    if (r->main || !opened->session || !opened->renew_idle || apr_table_get(r->headers_in, "Range") ||
        !mod_sso_req_is_activity(r))
        return;
    ap_add_output_filter(IDLE_FILTER, (void *)opened, r, r->connection);
}

void mod_sso_session_register(void)
{
    /* Before mod_cache's CACHE_SAVE, which has to see the Cache-Control. */
    ap_register_output_filter(IDLE_FILTER, filter_idle, NULL, AP_FTYPE_RESOURCE);
}

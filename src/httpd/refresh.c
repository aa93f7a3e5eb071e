/* SPDX-License-Identifier: Apache-2.0 */
/* Renewing tokens for requests (refresh.h). What is due is decided in oidc/refresh.c.
 *
 *   not due ───────────────────────────────────────────────> the session's own tokens: no cache, no lock, no provider
 *   due: entry in SSOCache, else the session's own
 *        not due any more ─────────────────────────────────> its tokens
 *        the place is free: take it, look again, ask the provider
 *            answer ──> cache ─────────────────────────────> new tokens
 *            refused, and nobody refreshed meanwhile ──────> the session ends
 *            anything else ──> back-off in the cache ──────> the old tokens while they are good, then 503
 *        somebody has the place: the old tokens while they are good, else wait, then from the top
 *
 * The place is one of this machine. Where other machines share SSOCache, who has it also needs the lock that lies there
 * (sure with redis://, as good as it gets with httpd's remote providers); all others of its machine wait for it. */
#include "httpd/refresh.h"

#include <unistd.h>

#include <apr_strings.h>

#include "httpd/fetch.h"
#include "httpd/flight.h"
#include "httpd/log.h"
#include "httpd/meta.h"
#include "httpd/resp.h"
#include "httpd/revoke.h"
#include "httpd/session_io.h"
#include "httpd/shm.h"
#include "httpd/store.h"
#include "httpd/thread.h"
#include "jose/crypto.h"
#include "oidc/refresh.h"

#define SLOTS  4096u
#define PROBE_LIFE 10 /* seconds */
#define ROUNDS 3                            /* looking again after somebody else's attempt */
#define POLL   apr_time_from_msec(20)
#define POLL_MACHINES apr_time_from_msec(100) /* asks SSOCache each time */
#define FREE_WAIT apr_time_from_msec(1500)  /* a healthy provider answers meanwhile; longer takes a place (fetch.h) */

/* Names the layout as well: another version of this module makes a segment of its own. */
#define USERDATA_KEY "mod_sso_oidc-refresh-1-4096"

enum { BESIDE_PROBE = 1, BESIDE_LOCK = 2 };

/* Set before the fork and never after. Children of two generations share it during a graceful restart. */
static mod_sso_flight_t *flight;

apr_status_t mod_sso_refresh_post_config(process_rec *process, server_rec *main_server)
{
    void *base;
    int is_new;

    apr_status_t rv = mod_sso_shm_keep(process, USERDATA_KEY, mod_sso_flight_size(SLOTS), &base, &is_new);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO316: there is no shared memory for refreshing tokens reason=refresh-memory");
        return rv;
    }
    flight = is_new ? mod_sso_flight_init(base, SLOTS) : base;
    return APR_SUCCESS;
}

void mod_sso_refresh_child_init(void)
{
    if (flight)
        mod_sso_flight_forget(flight, (apr_uint32_t)getpid());
}

/* One request's work. */
typedef struct job_t {
    request_rec *r;
    apr_pool_t *pool; /* of the root request: the opened session outlives a sub-request */
    const mod_sso_provider_t *p;
    mod_sso_opened_t *opened;
    sso_sealer_t *sealer;
    unsigned char key[SSO_REFRESH_KEY_LEN];
    sso_refresh_t state;
    mod_sso_flight_ticket_t ticket;
    apr_time_t lock_until; /* of the lock in SSOCache; 0: there is none to hold */
} job_t;

static apr_uint32_t now_seconds(void)
{
    return (apr_uint32_t)apr_time_sec(apr_time_now());
}

/* --- the cache --------------------------------------------------------------------------------------------------- */

/* The state of now. An entry that is there but cannot be read is as good as none; a cache that does not answer is not:
 * the session's own refresh token may be spent. */
static sso_rc_t load(job_t *job, sso_refresh_t *ret_state, sso_err_t *err)
{
    const mod_sso_provider_t *p = job->p;
    const sso_session_t *session = job->opened->session;
    unsigned char *text, *bytes;
    apr_size_t text_len, len;
    sso_err_t why = SSO_ERR_INIT;

    sso_rc_t rc = mod_sso_store_get(p->site->cache_store, job->pool, job->key, sizeof(job->key), &text, &text_len,
                                    &why);
    if (rc == SSO_E_ABSENT) {
        sso_refresh_begin(session, ret_state);
        return SSO_OK;
    }
    if (rc != SSO_OK) {
        if (err)
            *err = why;
        return rc;
    }
    rc = sso_seal_open(job->sealer, job->pool, apr_time_now(), SSO_SEAL_CACHE, p->context, p->context_len,
                       (const char *)text, text_len, &bytes, &len, NULL, &why);
    if (rc == SSO_OK)
        rc = sso_refresh_decode(bytes, len, session->id, ret_state, &why);
    if (rc != SSO_OK) {
        mod_sso_log_refusal(job->r, APLOG_WARNING, "SSO244", "refreshed tokens cannot be read", &why);
        sso_refresh_begin(session, ret_state);
    }
    return SSO_OK;
}

static sso_rc_t put(job_t *job, const unsigned char *key, const sso_refresh_t *state, apr_time_t expires,
                    sso_err_t *err)
{
    sso_env_t env = mod_sso_req_env(job->r);
    unsigned char *bytes;
    apr_size_t len;
    char *text;

    env.now = apr_time_now();
    SSO_TRY(sso_refresh_encode(job->pool, state, &bytes, &len, err));
    SSO_TRY(sso_seal(job->sealer, &env, SSO_SEAL_CACHE, job->p->context, job->p->context_len, bytes, len, &text, err));
    return mod_sso_store_put(job->p->site->cache_store, job->pool, key, SSO_REFRESH_KEY_LEN, expires, text,
                             strlen(text), err);
}

static sso_rc_t save(job_t *job, const sso_refresh_t *state, sso_err_t *err)
{
    return put(job, job->key, state, job->opened->session->expires, err);
}

/* A place beside the entry. */
static void key_beside(const job_t *job, unsigned char which, unsigned char key[SSO_REFRESH_KEY_LEN])
{
    memcpy(key, job->key, SSO_REFRESH_KEY_LEN);
    key[SSO_REFRESH_KEY_LEN - 1] ^= which;
}

/* Does the cache take what is about to come? Tried at a place beside the entry, which another machine may just have
 * written anew. */
static sso_rc_t probe(job_t *job, sso_err_t *err)
{
    unsigned char key[SSO_REFRESH_KEY_LEN];
    key_beside(job, BESIDE_PROBE, key);
    return put(job, key, &job->state, apr_time_now() + apr_time_from_sec(PROBE_LIFE), err);
}

/* --- one machine of many ------------------------------------------------------------------------------------------ */

static int is_shared(const job_t *job)
{
    return mod_sso_store_is_remote(job->p->site->cache_store);
}

/* SSO_E_MISMATCH: another machine has it. */
static sso_rc_t take_lock(job_t *job, unsigned lease, sso_err_t *err)
{
    unsigned char key[SSO_REFRESH_KEY_LEN], mine[16];
    apr_time_t until = apr_time_now() + apr_time_from_sec(lease);

    if (!is_shared(job))
        return SSO_OK;
    key_beside(job, BESIDE_LOCK, key);
    SSO_TRY(sso_crypto_random(NULL, mine, sizeof(mine), err));
    SSO_TRY(mod_sso_store_add(job->p->site->cache_store, job->pool, key, sizeof(key), until, mine, sizeof(mine), err));
    job->lock_until = until;
    return SSO_OK;
}

/* The lock may be another machine's by now when its time is over. */
static int is_lock_over(const job_t *job)
{
    return job->lock_until && apr_time_now() >= job->lock_until - apr_time_from_sec(1);
}

static void leave_lock(job_t *job)
{
    unsigned char key[SSO_REFRESH_KEY_LEN];
    sso_err_t err = SSO_ERR_INIT;

    key_beside(job, BESIDE_LOCK, key);
    if (job->lock_until && !is_lock_over(job) && /* else it ends by itself */
        mod_sso_store_remove(job->p->site->cache_store, job->pool, key, sizeof(key), &err) != SSO_OK)
        mod_sso_log_refusal(job->r, APLOG_INFO, "SSO278", "other machines wait for a refresh that is done", &err);
    job->lock_until = 0;
}

static int is_locked(job_t *job)
{
    unsigned char key[SSO_REFRESH_KEY_LEN], *held;
    apr_size_t len;

    key_beside(job, BESIDE_LOCK, key);
    return mod_sso_store_get(job->p->site->cache_store, job->pool, key, sizeof(key), &held, &len, NULL) == SSO_OK;
}

/* --- outcomes ---------------------------------------------------------------------------------------------------- */

static int take_state(job_t *job)
{
    sso_session_t *session = apr_palloc(job->pool, sizeof(*session));
    sso_refresh_apply(job->opened->session, &job->state, session);
    job->opened->session = session;
    job->opened->refreshed = 1;
    return OK;
}

static int answer_unavailable(job_t *job, int seconds)
{
    return mod_sso_resp_page(job->r, HTTP_SERVICE_UNAVAILABLE, MOD_SSO_PAGE_UNAVAILABLE, NULL, seconds);
}

/* Something does not work just now: the session goes on as long as its token does. */
static int go_on(job_t *job)
{
    apr_time_t now = apr_time_now();
    if (job->state.expires <= 0 || now < job->state.expires)
        return take_state(job);
    return answer_unavailable(job, sso_refresh_wait(&job->state, now));
}

static int give_up_cache(job_t *job, const sso_err_t *err)
{
    mod_sso_log_refusal(job->r, APLOG_ERR, "SSO243", "tokens are not refreshed without SSOCache", err);
    return go_on(job);
}

static int has_newer(job_t *job)
{
    sso_refresh_t other;
    return load(job, &other, NULL) == SSO_OK && sso_refresh_is_newer(&other, &job->state);
}

/* The provider is remembered as failing, so that not every request asks it again. `tokens`: see sso_refresh_fail. */
static int fail_for_now(job_t *job, const sso_tokens_t *tokens, int retry_after, const sso_err_t *why)
{
    sso_err_t err = SSO_ERR_INIT;

    mod_sso_log_refusal(job->r, APLOG_WARNING, "SSO240", "the token could not be refreshed", why);
    if (has_newer(job)) /* of a machine that shares the cache: not to be overwritten with what is older */
        return DECLINED;
    if (why->rc != SSO_E_BUSY) {
        sso_refresh_fail(&job->state, tokens, retry_after, apr_time_now(), &job->state);
        if (save(job, &job->state, &err) != SSO_OK)
            mod_sso_log_refusal(job->r, APLOG_ERR, "SSO243", "tokens are not refreshed without SSOCache", &err);
    }
    return go_on(job);
}

/* A machine that shares the cache may have been quicker: then the refused token is merely the one before. */
static int end_session(job_t *job, const sso_err_t *why)
{
    if (has_newer(job))
        return DECLINED;
    mod_sso_log_refusal(job->r, APLOG_NOTICE, "SSO241", "the provider has ended the session", why);
    mod_sso_session_end(job->r, job->p, NULL);
    job->opened->why = "refresh-refused";
    return OK;
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static sso_rc_t verify_id_token(job_t *job, const mod_sso_meta_t *meta, const sso_tokens_t *tokens,
                                sso_idtoken_t *ret_token, sso_err_t *err)
{
    sso_env_t env = mod_sso_req_env(job->r);
    sso_idtoken_expect_t expect = {.provider = meta->provider, .client = &job->p->client, .keys = meta->keys};
    sso_err_t first = SSO_ERR_INIT;

    env.now = apr_time_now();
    env.pool = job->pool;
    sso_refresh_expect(job->opened->session, tokens, &expect);
    sso_rc_t rc = sso_idtoken_verify(&env, tokens->id_token, &expect, ret_token, &first);
    if (rc != SSO_OK && mod_sso_meta_has_newer_keys(job->pool, job->p, 1, &meta, &first)) {
        expect.provider = meta->provider;
        expect.keys = meta->keys;
        rc = sso_idtoken_verify(&env, tokens->id_token, &expect, ret_token, &first);
    }
    if (rc != SSO_OK && err)
        *err = first;
    return rc;
}

static sso_rc_t call_provider(job_t *job, const mod_sso_meta_t *meta, mod_sso_fetched_t *answer, sso_tokens_t *tokens,
                              sso_err_t *err)
{
    sso_env_t env = mod_sso_req_env(job->r);
    sso_token_request_t request;

    env.now = apr_time_now();
    env.pool = job->pool;
    SSO_TRY(sso_token_refresh_request(&env, meta->provider, &job->p->client, job->state.tokens[SSO_TOKEN_REFRESH],
                                      &request, err));
    mod_sso_fetch_t fetch = {.url = meta->provider->token_endpoint,
                             .body = request.body,
                             .authorization = request.authorization,
                             .max = SSO_TOKEN_RESPONSE_MAX};
    SSO_TRY(mod_sso_fetch(job->pool, job->p, &fetch, answer, err));
    sso_rc_t rc =
        sso_token_parse(job->pool, answer->status, answer->content_type, answer->bytes, answer->len, 0, tokens, err);
    if (rc != SSO_OK) { /* what the provider repeats of them is no business of the log's */
        sso_err_hide(err, job->state.tokens[SSO_TOKEN_REFRESH]);
        sso_err_hide(err, job->p->client.client_secret);
    }
    return rc;
}

static void note_old_id_token(job_t *job)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_ABSENT, "refresh-no-id-token", "the one that is passed on expires");
    mod_sso_log_refusal(job->r, APLOG_WARNING, "SSO245", "the provider refreshes no ID Token", &err);
}

/* New tokens: kept first, used then (RFC 9700 4.14.2). */
static int take_answer(job_t *job, const sso_tokens_t *tokens, const sso_idtoken_t *id_token)
{
    const sso_session_t *session = job->opened->session;
    sso_err_t err = SSO_ERR_INIT;

    /* A logout meanwhile has the last word. */
    if (mod_sso_revoke_has(MOD_SSO_REVOKED_SESSION, session->id, session->created, apr_time_now())) {
        mod_sso_session_end(job->r, job->p, NULL);
        job->opened->why = "session-revoked";
        return OK;
    }
    /* Given up for lost: whoever took over may have come further. */
    if ((!mod_sso_flight_holds(&job->ticket) || is_lock_over(job)) && has_newer(job))
        return DECLINED;
    sso_refresh_accept(&job->state, tokens, id_token, job->p->keep_tokens, apr_time_now(), &job->state);
    if (save(job, &job->state, &err) != SSO_OK)
        mod_sso_log_refusal(job->r, APLOG_ERR, "SSO242", "a refreshed token cannot be kept", &err);
    if ((job->p->keep_tokens & (1u << SSO_TOKEN_ID)) && !id_token)
        note_old_id_token(job);
    return take_state(job);
}

/* With the place taken. A cache that takes nothing is found before the refresh token is spent. */
static int refresh(job_t *job)
{
    const mod_sso_meta_t *meta;
    mod_sso_fetched_t answer = {.retry_after = -1};
    sso_tokens_t tokens;
    sso_idtoken_t id_token;
    sso_err_t err = SSO_ERR_INIT;

    if (probe(job, &err) != SSO_OK)
        return give_up_cache(job, &err);
    if (mod_sso_meta_get_keys(job->pool, job->p, &meta, &err) != SSO_OK)
        return fail_for_now(job, NULL, -1, &err);
    if (call_provider(job, meta, &answer, &tokens, &err) != SSO_OK)
        return sso_refresh_is_end(&err, answer.status) ? end_session(job, &err)
                                                       : fail_for_now(job, NULL, answer.retry_after, &err);
    if (!tokens.id_token)
        return take_answer(job, &tokens, NULL);
    if (verify_id_token(job, meta, &tokens, &id_token, &err) != SSO_OK)
        return sso_refresh_is_end(&err, answer.status) ? end_session(job, &err) : fail_for_now(job, &tokens, -1, &err);
    return take_answer(job, &tokens, &id_token);
}

/* Long enough for everything that refresh() may wait for: metadata, keys, tokens, keys once more. */
static unsigned lease_of(const mod_sso_provider_t *p)
{
    return (unsigned)(4 * mod_sso_fetch_timeout(p) + 10);
}

static int is_place_taken(job_t *job)
{
    return mod_sso_flight_is_taken(flight, job->key, now_seconds());
}

/* Until the place or the lock is free. A worker that waits for a provider which hangs takes a place of the bulkhead. */
static int wait_for_other(job_t *job, int (*is_busy)(job_t *), apr_interval_time_t poll, sso_err_t *err)
{
    apr_time_t start = apr_time_now(), end = start + apr_time_from_sec(mod_sso_fetch_timeout(job->p) + 1);
    mod_sso_ticket_t place = {{NULL, NULL}, 0};
    int placed = 0, is_free = 0;

    for (;;) {
        apr_time_t now = apr_time_now();
        is_free = !is_busy(job);
        if (is_free || now >= end)
            break;
        if (!placed && now >= start + FREE_WAIT) {
            if (mod_sso_fetch_enter(job->p, &place, err) != SSO_OK)
                break;
            placed = 1;
        }
        apr_sleep(poll);
    }
    mod_sso_bulkhead_leave(&place);
    if (!is_free)
        sso_err_set(err, SSO_E_TIMEOUT, "refresh-wait", "another worker is still refreshing it");
    return is_free;
}

static int refuse_wait(job_t *job, const sso_err_t *err)
{
    mod_sso_log_refusal(job->r, APLOG_WARNING, "SSO240", "the token could not be refreshed", err);
    return answer_unavailable(job, 1);
}

static int take_place(job_t *job)
{
    return mod_sso_flight_take(flight, job->key, (apr_uint32_t)getpid(), now_seconds(), lease_of(job->p), &job->ticket);
}

/* What the cache says now, and what that asks for. DECLINED: *ret_step is set; else done. */
static int look(job_t *job, sso_refresh_step_t *ret_step)
{
    sso_err_t err = SSO_ERR_INIT;
    if (load(job, &job->state, &err) != SSO_OK)
        return give_up_cache(job, &err);
    *ret_step = sso_refresh_decide(&job->state, apr_time_now(), job->p->refresh);
    return DECLINED;
}

/* With the place taken: who of all machines asks the provider. OK, answered, or DECLINED: look again. */
static int refresh_alone(job_t *job)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_refresh_step_t step = SSO_REFRESH_USE;

    sso_rc_t rc = take_lock(job, lease_of(job->p), &err);
    if (rc != SSO_OK && rc != SSO_E_MISMATCH)
        return give_up_cache(job, &err);
    int status = look(job, &step); /* between the first look and the place somebody may have finished */
    if (status == DECLINED && (step == SSO_REFRESH_DUE || step == SSO_REFRESH_MUST)) {
        if (rc == SSO_OK)
            status = refresh(job);
        else if (step == SSO_REFRESH_DUE)
            status = take_state(job);
        else {
            sso_err_clear(&err);
            if (!wait_for_other(job, is_locked, POLL_MACHINES, &err))
                status = refuse_wait(job, &err);
        }
    }
    leave_lock(job);
    return status;
}

/* OK, answered, or DECLINED: look again. */
static int try_once(job_t *job)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_refresh_step_t step = SSO_REFRESH_USE;
    int status = look(job, &step);

    if (status != DECLINED)
        return status;
    if ((step == SSO_REFRESH_DUE || step == SSO_REFRESH_MUST) && take_place(job)) {
        status = refresh_alone(job);
        mod_sso_flight_leave(&job->ticket);
        return status;
    }
    switch (step) {
    case SSO_REFRESH_USE:
    case SSO_REFRESH_DUE:
        return take_state(job);
    case SSO_REFRESH_REFUSE:
        return go_on(job);
    case SSO_REFRESH_MUST:
        break;
    }
    return wait_for_other(job, is_place_taken, POLL, &err) ? DECLINED : refuse_wait(job, &err);
}

int mod_sso_refresh_session(request_rec *r, const mod_sso_provider_t *p, mod_sso_opened_t *opened)
{
    job_t job = {.r = r, .pool = r->pool, .p = p, .opened = opened};
    sso_err_t err = SSO_ERR_INIT;
    int status = DECLINED;

    if (!p->refresh || opened->refreshed || !opened->session || !p->site->cache_store || !flight)
        return OK;
    sso_refresh_begin(opened->session, &job.state);
    if (sso_refresh_decide(&job.state, apr_time_now(), p->refresh) == SSO_REFRESH_USE)
        return OK;
    for (const request_rec *top = r; top; top = top->main)
        job.pool = top->pool;
    if (mod_sso_thread_sealer(p->site, &job.sealer, &err) != SSO_OK ||
        sso_refresh_key(opened->session->id, job.key, &err) != SSO_OK)
        return give_up_cache(&job, &err);
    for (int i = 0; i < ROUNDS && status == DECLINED; i++)
        status = try_once(&job);
    return status == DECLINED ? answer_unavailable(&job, 1) : status;
}

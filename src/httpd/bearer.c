/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens of requests.
 *
 *   header -> seen before? [bearer_cache.c] -> record -> session
 *          -> parse -> whose? (a configured issuer, exactly) -> that issuer's keys [meta.c] -> verify -> session
 *          -> opaque, where SSOIntrospect is on: ask the provider [introspect.c] -> session, or remembered as refused
 *
 * An issuer that is not configured is never asked for anything. */
#include "httpd/bearer.h"

#include <apr_strings.h>

#include "base/text.h"
#include "httpd/bearer_cache.h"
#include "httpd/introspect.h"
#include "httpd/log.h"
#include "httpd/meta.h"
#include "httpd/resp.h"
#include "httpd/thread.h"
#include "oidc/bearer.h"
#include "oidc/introspect.h"

#define CACHE_SLOTS  2048
#define CACHE_BYTES  (16 * 1024 * 1024)
#define KEEP_AT_MOST 300 /* seconds: a key that its issuer withdraws is not trusted longer than that */
#define TOLD_AT_MOST 60  /* seconds: a token that its issuer revokes is not taken longer than that */
#define TOLD_REFUSED 10  /* seconds for which an inactive token is not asked about again */
#define RETRY_AFTER  5

/* In place of an issuer's number: told by introspection to be good, or not to be. */
enum { ISSUER_TOLD = -1, ISSUER_REFUSED = -2 };

/* Set once in child_init, before any worker thread exists; NULL where no location can take bearer tokens. */
static mod_sso_bearer_cache_t *cache;

apr_status_t mod_sso_bearer_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    int wanted = 0;
    cache = NULL;
    for (server_rec *s = main_server; s; s = s->next) {
        const mod_sso_site_t *site = mod_sso_conf_of(s)->site;
        for (int i = 0; site && i < site->count; i++)
            wanted |= site->providers[i]->bearer_count > 0 || site->dir_bearers;
    }
    return wanted ? mod_sso_bearer_cache_create(pchild, CACHE_SLOTS, CACHE_BYTES, &cache) : APR_SUCCESS;
}

/* --- answers --- */

/* `error` and what follows are constants or cleaned; NULL error: no code (RFC 6750 3.1). */
static int answer(request_rec *r, const mod_sso_provider_t *p, int status, const char *error, const char *more)
{
    const char *challenge = error ? apr_pstrcat(r->pool, "Bearer error=\"", error, "\"", more, NULL)
                                  : apr_pstrcat(r->pool, "Bearer realm=\"", p->site->host, "\"", NULL);
    if (!mod_sso_req_is_nested(r))
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", challenge);
    /* At a bridge it may be an old token of the interface, which reads only these words as "renew it". */
    const char *words = mod_sso_req(r)->bridge != SSO_BRIDGE_NONE && status == HTTP_UNAUTHORIZED
                            ? "\"code\":401,\"message\":\"Expired token!\","
                            : "";
    return mod_sso_resp_json(r, status,
                             apr_psprintf(r->pool, "{%s\"error\":\"%s\",\"id\":\"%s\"}\n", words,
                                          error ? error : "token_required", sso_text_json(r->pool, mod_sso_req_id(r))));
}

static int refuse(request_rec *r, const mod_sso_provider_t *p, const sso_err_t *err)
{
    int expired = !strcmp(err->reason, "bearer-exp");
    mod_sso_log_refusal(r, expired ? APLOG_INFO : APLOG_WARNING, "SSO401", "a bearer token is refused", err);
    return answer(r, p, HTTP_UNAUTHORIZED, "invalid_token",
                  expired ? ", error_description=\"the token has expired\"" : "");
}

static int refuse_request(request_rec *r, const mod_sso_provider_t *p, const sso_err_t *err)
{
    mod_sso_log_refusal(r, APLOG_WARNING, "SSO402", "a request with a bearer token is malformed", err);
    return answer(r, p, HTTP_BAD_REQUEST, "invalid_request", "");
}

/* Not the client's fault, and a 401 would make it throw a good token away. */
static int refuse_unavailable(request_rec *r, const sso_err_t *err)
{
    mod_sso_log_refusal(r, APLOG_ERR, "SSO403", "a bearer token cannot be verified now", err);
    if (!mod_sso_req_is_nested(r))
        apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, RETRY_AFTER));
    return mod_sso_resp_json(r, HTTP_SERVICE_UNAVAILABLE,
                             apr_psprintf(r->pool, "{\"error\":\"temporarily_unavailable\",\"id\":\"%s\"}\n",
                                          sso_text_json(r->pool, mod_sso_req_id(r))));
}

int mod_sso_bearer_challenge(request_rec *r, const mod_sso_provider_t *provider)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_ABSENT, "bearer-absent", "there is no bearer token");
    mod_sso_log_refusal(r, APLOG_INFO, "SSO404", "a request without a bearer token is answered 401", &err);
    return answer(r, provider, HTTP_UNAUTHORIZED, NULL, "");
}

/* Words as they may stand in a quoted parameter: scope-token of RFC 6749 3.3. The operator wrote them. */
static const char *join_words(apr_pool_t *pool, const apr_array_header_t *words)
{
    char *text = apr_array_pstrcat(pool, words, ' ');
    for (char *at = text; *at; at++) {
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
            *at = '?';
    }
    return text;
}

int mod_sso_bearer_refuse_scope(request_rec *r, const mod_sso_provider_t *provider, const apr_array_header_t *scopes)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *words = join_words(r->pool, scopes);
    sso_err_set(&err, SSO_E_DENIED, "bearer-scope", "wanted: %.200s", words);
    mod_sso_log_refusal(r, APLOG_INFO, "SSO405", "a bearer token has not the scope", &err);
    return answer(r, provider, HTTP_FORBIDDEN, "insufficient_scope",
                  apr_pstrcat(r->pool, ", scope=\"", words, "\"", NULL));
}

int mod_sso_bearer_refuse_weak(request_rec *r, const mod_sso_provider_t *provider, const sso_auth_demand_t *demand)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *more = "";
    if (demand->acrs && demand->acrs->nelts > 0)
        more = apr_pstrcat(r->pool, ", acr_values=\"", join_words(r->pool, demand->acrs), "\"", NULL);
    if (demand->max_age >= 0)
        more = apr_psprintf(r->pool, "%s, max_age=\"%d\"", more, demand->max_age);
    sso_err_set(&err, SSO_E_DENIED, "bearer-weak", "the token's acr or auth_time is not what this location asks for");
    mod_sso_log_refusal(r, APLOG_INFO, "SSO406", "a bearer token is of too weak a sign-in", &err);
    return answer(r, provider, HTTP_UNAUTHORIZED, "insufficient_user_authentication", more);
}

/* --- from the header to the token --- */

static int count_header(void *count, const char *name, const char *value)
{
    (void)name;
    (void)value;
    ++*(int *)count;
    return 1;
}

/* As the client sent it, before redirects and rewrites of our own. */
static request_rec *request_of_client(request_rec *r)
{
    while (r->main || r->prev)
        r = r->main ? r->main : r->prev;
    return r;
}

const char *mod_sso_bearer_authorization(request_rec *r, int *ret_count)
{
    const char *kept = mod_sso_req_root(r)->fold_authorization;
    *ret_count = 1;
    if (kept)
        return kept;
    r = request_of_client(r);
    *ret_count = 0;
    apr_table_do(count_header, ret_count, r->headers_in, "Authorization", NULL);
    return apr_table_get(r->headers_in, "Authorization");
}

/* --- whose tokens count, and for whom --- */

/* Of the location where it says something, else of the provider. */
typedef struct rules_t {
    const mod_sso_bearer_issuer_t *issuers;
    int count;
    const apr_array_header_t *audiences;
    const void *key[2]; /* same rules, same addresses */
} rules_t;

static void find_rules(request_rec *r, const mod_sso_provider_t *p, rules_t *rules)
{
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    const apr_array_header_t *all = p->site->dir_bearers;
    *rules = (rules_t){.issuers = p->bearers, .count = p->bearer_count, .audiences = p->bearer_audiences};
    if (dir->bearers)
        rules->count = 0;
    for (int i = 0; dir->bearers && all && i < all->nelts; i++) {
        const mod_sso_bearers_t *found = &APR_ARRAY_IDX(all, i, mod_sso_bearers_t);
        if (found->written == dir->bearers) {
            rules->issuers = found->issuers;
            rules->count = found->count;
        }
    }
    if (dir->bearer_audiences)
        rules->audiences = dir->bearer_audiences;
    if (!rules->audiences) /* nowhere: no token counts */
        rules->count = 0;
    rules->key[0] = rules->issuers;
    rules->key[1] = rules->audiences;
}

/* What a token was found to be under some rules says nothing under others. */
static sso_rc_t make_key(const rules_t *rules, const char *text, mod_sso_bearer_key_t *key, sso_err_t *err)
{
    return mod_sso_thread_hash(rules->key, sizeof(rules->key), text, strlen(text), key->hash, err);
}

/* --- known tokens --- */

/* 1: known. *ret_session is NULL when it is known to be refused. */
static int recall(request_rec *r, const rules_t *rules, const mod_sso_bearer_key_t *key, int introspects,
                  sso_session_t **ret_session)
{
    mod_sso_bearer_entry_t entry;
    *ret_session = NULL;
    if (!cache || !mod_sso_bearer_cache_get(cache, r->pool, key, r->request_time, &entry))
        return 0;
    if (entry.issuer < 0 && !introspects)
        return 0;
    if (entry.issuer == ISSUER_REFUSED)
        return 1;
    /* Other keys since then: perhaps the one that signed it is gone. */
    if (entry.issuer >= 0 && (entry.issuer >= rules->count ||
                              mod_sso_meta_serial(rules->issuers[entry.issuer].keys) != entry.serial))
        return 0;
    sso_session_t *session = apr_palloc(r->pool, sizeof(*session));
    if (sso_session_decode(r->pool, r->request_time, entry.bytes, entry.len, session, NULL) != SSO_OK)
        return 0;
    *ret_session = session;
    return 1;
}

static void remember(request_rec *r, const mod_sso_bearer_key_t *key, const sso_session_t *session, int issuer,
                     apr_uint32_t serial)
{
    apr_time_t limit = r->request_time + apr_time_from_sec(issuer == ISSUER_TOLD ? TOLD_AT_MOST : KEEP_AT_MOST);
    mod_sso_bearer_entry_t entry = {.issuer = issuer,
                                    .serial = serial,
                                    .since = r->request_time,
                                    .until = session->token_expires && session->token_expires < limit
                                                 ? session->token_expires
                                                 : limit};
    unsigned char *bytes;
    if (!cache || sso_session_encode(r->pool, session, &bytes, &entry.len, NULL) != SSO_OK)
        return;
    entry.bytes = bytes;
    mod_sso_bearer_cache_put(cache, key, &entry);
}

static void remember_refused(request_rec *r, const mod_sso_bearer_key_t *key)
{
    static const unsigned char nothing[1];
    const mod_sso_bearer_entry_t entry = {.issuer = ISSUER_REFUSED,
                                          .since = r->request_time,
                                          .until = r->request_time + apr_time_from_sec(TOLD_REFUSED),
                                          .bytes = nothing,
                                          .len = sizeof(nothing)};
    if (cache)
        mod_sso_bearer_cache_put(cache, key, &entry);
}

/* --- new tokens --- */

typedef struct verify_t {
    request_rec *r; /* the outermost: the session outlives a sub-request, whose pool ends with it */
    const mod_sso_provider_t *p;
    const rules_t *rules;
    sso_bearer_parsed_t parsed;
    int issuer; /* of the rules */
    const mod_sso_meta_t *meta;
    sso_bearer_token_t token;
} verify_t;

static sso_rc_t choose_issuer(verify_t *v, sso_err_t *err)
{
    for (v->issuer = 0; v->issuer < v->rules->count; v->issuer++) {
        const mod_sso_bearer_issuer_t *issuer = &v->rules->issuers[v->issuer];
        if (!strcmp(issuer->issuer, v->parsed.issuer) && (issuer->has_url || v->rules->audiences->nelts > 0))
            return SSO_OK;
    }
    return sso_err_set(err, SSO_E_MISMATCH, "bearer-iss-unknown", "no SSOBearerIssuer here is %.140s",
                       v->parsed.issuer);
}

static sso_rc_t verify_with(verify_t *v, sso_err_t *err)
{
    const sso_env_t env = mod_sso_req_env(v->r);
    const sso_bearer_expect_t expect = {.issuer = v->rules->issuers[v->issuer].issuer,
                                        .audiences = v->rules->audiences,
                                        .algs = v->p->client.algs,
                                        .keys = v->meta->keys,
                                        .clock_skew = v->p->client.clock_skew,
                                        /* SSOBearerAudience none: only beside an issuer whose keys are named */
                                        .endless = v->rules->audiences->nelts == 0};
    return sso_bearer_verify(&env, &v->parsed, &expect, &v->token, err);
}

static sso_rc_t verify(verify_t *v, sso_err_t *err)
{
    sso_err_t first = SSO_ERR_INIT;
    sso_rc_t rc = verify_with(v, &first);
    if (rc != SSO_OK && mod_sso_meta_has_newer_keys(v->r->pool, v->rules->issuers[v->issuer].keys, 0, &v->meta, &first))
        rc = verify_with(v, &first);
    if (rc != SSO_OK)
        *err = first;
    return rc;
}

/* The token's claims as a session. Without a sub it has none: nobody is called by a client's id unless SSORemoteUser
 * says so (RFC 9068 5). */
static sso_rc_t make_session(const verify_t *v, sso_session_t *session, sso_err_t *err)
{
    const sso_claims_t *claims;
    SSO_TRY(sso_bearer_claims(v->r->pool, &v->token, &claims, err));
    session->created = v->r->request_time;
    session->expires = v->token.exp ? v->token.exp + apr_time_from_sec(v->p->client.clock_skew)
                                    : session->created + apr_time_from_sec(v->p->site->max);
    session->token_expires = v->token.exp;
    session->auth_time = v->token.auth_time;
    session->provider = v->p->name;
    session->sub = v->token.sub ? v->token.sub : "";
    session->acr = v->token.acr ? v->token.acr : "";
    session->sid = "";
    session->claims = *claims;
    return SSO_OK;
}

/* The same for a token that only its issuer understands. */
static int ask_about(request_rec *r, verify_t *v, const char *text, const mod_sso_bearer_key_t *key,
                     sso_session_t **ret_session)
{
    sso_session_t *session = apr_pcalloc(v->r->pool, sizeof(*session));
    sso_err_t err = SSO_ERR_INIT;
    int answered = 0;

    if (mod_sso_introspect(v->r, v->p, v->rules->audiences, text, &v->token, &answered, &err) != SSO_OK) {
        if (!answered)
            return refuse_unavailable(r, &err);
        remember_refused(v->r, key);
        return refuse(r, v->p, &err);
    }
    if (make_session(v, session, &err) != SSO_OK)
        return refuse(r, v->p, &err);
    remember(v->r, key, session, ISSUER_TOLD, 0);
    *ret_session = session;
    return OK;
}

static int refuse_again(request_rec *r, const mod_sso_provider_t *p)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_err_set(&err, SSO_E_DENIED, "introspect-inactive", "the provider refused the token a moment ago");
    return refuse(r, p, &err);
}

/* OK with a session, or the status of the answer. */
static int verify_new(request_rec *r, verify_t *v, const char *text, const mod_sso_bearer_key_t *key,
                      sso_session_t **ret_session)
{
    apr_pool_t *pool = v->r->pool;
    sso_session_t *session = apr_pcalloc(pool, sizeof(*session));
    sso_err_t err = SSO_ERR_INIT;

    if (sso_bearer_parse(pool, text, &v->parsed, &err) != SSO_OK || choose_issuer(v, &err) != SSO_OK)
        return refuse(r, v->p, &err);
    if (mod_sso_meta_get_keys(pool, v->rules->issuers[v->issuer].keys, &v->meta, &err) != SSO_OK)
        return refuse_unavailable(r, &err);
    if (verify(v, &err) != SSO_OK || make_session(v, session, &err) != SSO_OK)
        return refuse(r, v->p, &err);
    remember(v->r, key, session, v->issuer, v->meta->serial);
    *ret_session = session;
    return OK;
}

static mod_sso_opened_t *find_opened(request_rec *r, const mod_sso_provider_t *p, const rules_t *rules)
{
    for (mod_sso_opened_t *o = mod_sso_req_root(r)->bearers; o; o = o->next) {
        if (o->provider == p && o->bearer_rules[0] == rules->key[0] && o->bearer_rules[1] == rules->key[1])
            return o;
    }
    return NULL;
}

static mod_sso_opened_t *keep_opened(request_rec *r, const mod_sso_provider_t *p, const rules_t *rules,
                                     sso_session_t *session, const char *text)
{
    mod_sso_req_t *root = mod_sso_req_root(r);
    mod_sso_opened_t *opened = apr_pcalloc(r->pool, sizeof(*opened));
    session->tokens[SSO_TOKEN_ACCESS] = text; /* SSOPassToken access HEADER. NOLINT(clang-analyzer-*): never NULL */
    opened->provider = p;
    opened->session = session;
    opened->why = "";
    opened->bearer = 1;
    memcpy(opened->bearer_rules, rules->key, sizeof(rules->key));
    opened->next = root->bearers;
    root->bearers = opened;
    return opened;
}

/* OK with the token, or NULL; or the status of the answer. */
static int read_token(request_rec *r, const mod_sso_provider_t *provider, const char **ret_text)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *text = NULL;
    int count;
    const char *header = mod_sso_bearer_authorization(r, &count);
    /* RFC 6750 2, 3.1: more than one token, or one in more than one way. Which of them somebody in front of us has
     * looked at, nobody knows. */
    if (count > 1 || sso_bearer_is_several(header)) {
        sso_err_set(&err, SSO_E_SYNTAX, "bearer-several", "there are several Authorization headers");
        return refuse_request(r, provider, &err);
    }
    switch (sso_bearer_read_header(header, &text)) {
    case SSO_BEARER_NONE:
        return OK;
    case SSO_BEARER_MALFORMED:
        sso_err_set(&err, SSO_E_SYNTAX, "bearer-syntax", "what follows Bearer is not a token");
        return refuse(r, provider, &err);
    case SSO_BEARER_TOKEN:
        break;
    }
    if (sso_bearer_is_in_query(request_of_client(r)->parsed_uri.query)) {
        sso_err_set(&err, SSO_E_SYNTAX, "bearer-two-ways", "there is a token in the query too");
        return refuse_request(r, provider, &err);
    }
    *ret_text = text;
    return OK;
}

int mod_sso_bearer_open(request_rec *r, const mod_sso_provider_t *provider, mod_sso_opened_t **ret_opened)
{
    request_rec *top = r;
    rules_t rules;
    mod_sso_bearer_key_t key = {.provider = provider->index};
    sso_session_t *session;
    sso_err_t err = SSO_ERR_INIT;
    const char *text = NULL;

    find_rules(r, provider, &rules);
    *ret_opened = find_opened(r, provider, &rules);
    if (*ret_opened || rules.count == 0)
        return OK;
    int status = read_token(r, provider, &text);
    if (status != OK || !text)
        return status;
    while (top->main)
        top = top->main;
    if (make_key(&rules, text, &key, &err) != SSO_OK)
        return refuse_unavailable(r, &err);
    int introspects = mod_sso_introspect_is_on(r, provider);
    if (!recall(top, &rules, &key, introspects, &session)) {
        verify_t v = {.r = top, .p = provider, .rules = &rules};
        int opaque = introspects && sso_introspect_is_opaque(top->pool, text);
        status = (opaque ? ask_about : verify_new)(r, &v, text, &key, &session);
        if (status != OK)
            return status;
    } else if (!session) {
        return refuse_again(r, provider);
    }
    *ret_opened = keep_opened(top, provider, &rules, session, apr_pstrdup(top->pool, text));
    return OK;
}

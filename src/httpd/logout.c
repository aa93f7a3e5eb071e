/* SPDX-License-Identifier: Apache-2.0 */
/* Ending sessions: by the person (RP-Initiated Logout), by the provider through the browser (Front-Channel Logout) or
 * behind it (Back-Channel Logout). The local session ends first, whatever the provider says or is. */
#include "httpd/endpoint.h"

#include <apr_strings.h>

#include "base/url.h"
#include "httpd/log.h"
#include "httpd/login.h"
#include "httpd/meta.h"
#include "httpd/resp.h"
#include "httpd/revoke.h"
#include "httpd/share.h"
#include "httpd/session_io.h"
#include "httpd/thread.h"
#include "httpd/trail.h"
#include "jose/crypto.h"
#include "oidc/logout.h"
#include "oidc/verify.h"

#define BODY_MAX (64 * 1024)
#define STATE_RETURN_MAX 1024

/* --- the person's logout --- */

/* What comes back from the provider's end-session endpoint: our sealed return target. */
static const char *return_of_state(request_rec *r, const mod_sso_site_t *site, const char *state)
{
    sso_sealer_t *sealer;
    unsigned char *plain;
    apr_size_t len;
    if (mod_sso_thread_sealer(site, &sealer, NULL) != SSO_OK ||
        sso_seal_open(sealer, r->pool, r->request_time, SSO_SEAL_LOGOUT, site->login_context, site->login_context_len,
                      state, strlen(state), &plain, &len, NULL, NULL) != SSO_OK)
        return NULL;
    return (const char *)plain;
}

static const char *state_of_return(request_rec *r, const mod_sso_site_t *site, const char *target)
{
    sso_env_t env = mod_sso_req_env(r);
    sso_sealer_t *sealer;
    char *state;
    if (!target || strlen(target) > STATE_RETURN_MAX || mod_sso_thread_sealer(site, &sealer, NULL) != SSO_OK ||
        sso_seal(sealer, &env, SSO_SEAL_LOGOUT, site->login_context, site->login_context_len, target, strlen(target),
                 &state, NULL) != SSO_OK)
        return NULL;
    return state;
}

/* Where the provider's session ends; NULL when it cannot be ended there. A provider that is down does not keep anybody
 * signed in here: the local logout is done by then. */
static const char *provider_logout_url(request_rec *r, const mod_sso_provider_t *p, const char *id_token,
                                       const char *target)
{
    sso_err_t err = SSO_ERR_INIT;
    const mod_sso_meta_t *meta;
    const char *origin;
    if (mod_sso_meta_get(r->pool, p, &meta, &err) != SSO_OK || mod_sso_req_origin_text(r, p, &origin, &err) != SSO_OK) {
        mod_sso_log_refusal(r, APLOG_WARNING, "SSO214", "a logout stays local", &err);
        return NULL;
    }
    return sso_logout_url(r->pool, meta->provider, &p->client, id_token,
                          apr_pstrcat(r->pool, origin, p->site->logout_path, NULL),
                          state_of_return(r, p->site, target));
}

static int answer_signed_out(request_rec *r, const char *target)
{
    if (target)
        return mod_sso_resp_redirect(r, target);
    return mod_sso_resp_page(r, HTTP_OK, MOD_SSO_PAGE_SIGNED_OUT, "/", -1);
}

typedef struct logout_params_t {
    const char *target; /* validated; NULL: none */
    const char *state;
} logout_params_t;

static sso_rc_t read_params(request_rec *r, const mod_sso_provider_t *p, logout_params_t *params, sso_err_t *err)
{
    const char *text = r->args ? r->args : "", *target;
    apr_size_t len = strlen(text);
    apr_array_header_t *list;
    if (r->method_number == M_POST && apr_table_get(r->headers_in, "Content-Type"))
        SSO_TRY(mod_sso_req_body(r, BODY_MAX, &text, &len, err));
    SSO_TRY(sso_url_parse_form(r->pool, text, len, &list, err));
    SSO_TRY(sso_url_param(list, "return", &target, err));
    SSO_TRY(sso_url_param(list, "state", &params->state, err));
    params->target = NULL;
    return target ? mod_sso_req_check_return(r, p, target, &params->target, err) : SSO_OK;
}

/* The first provider of the site with a session, or an ID Token kept for logout, ends at the provider too; all end
 * here. */
static const mod_sso_provider_t *end_all(request_rec *r, const mod_sso_site_t *site, const char **ret_id_token)
{
    const mod_sso_provider_t *ended = NULL;
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *p = site->providers[i];
        int had = mod_sso_session_open(r, p)->session != NULL;
        const char *id_token;
        mod_sso_session_end(r, p, &id_token);
        mod_sso_login_mark_depth(r, p, -1);
        mod_sso_trail_mark_out(r, p);
        if (!ended && (had || id_token)) {
            ended = p;
            *ret_id_token = id_token;
        }
    }
    mod_sso_login_end_pending(r, site);
    return ended;
}

void mod_sso_logout_here(request_rec *r, const mod_sso_site_t *site)
{
    const char *id_token;
    (void)end_all(r, site, &id_token);
}

int mod_sso_logout_endpoint(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const mod_sso_provider_t *first = site->default_provider ? site->default_provider : site->providers[0];
    logout_params_t params = {NULL, NULL};
    sso_err_t err = SSO_ERR_INIT;
    const char *id_token = NULL, *url = NULL;
    if (!mod_sso_req_is_deliberate(r)) {
        /* Logout CSRF: an <img> in what users write, or a browser that loads links in advance, signs nobody out. */
        sso_err_set(&err, SSO_E_DENIED, "logout-not-asked", "a prefetch, a part of a page or a frame of another site");
        mod_sso_log_refusal(r, APLOG_INFO, "SSO215", "a logout link is refused", &err);
        return mod_sso_resp_page(r, HTTP_FORBIDDEN, MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
    }
    if (read_params(r, first, &params, &err) != SSO_OK) {
        mod_sso_log_refusal(r, APLOG_WARNING, "SSO215", "a logout link is refused", &err);
        return mod_sso_resp_page(r, HTTP_BAD_REQUEST, MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
    }
    if (params.state && !params.target)
        params.target = return_of_state(r, site, params.state);
    const mod_sso_provider_t *ended = end_all(r, site, &id_token);
    if (ended)
        url = provider_logout_url(r, ended, id_token, params.target);
    return url ? mod_sso_resp_redirect(r, url) : answer_signed_out(r, params.target);
}

/* --- Front-Channel Logout 1.0 --- */

/* A third-party frame: its request carries no Lax cookies in today's browsers, but where it does, iss and sid must be
 * those of the session (section 2). The provider's frame may show the page, so no frame-ancestors here. */
int mod_sso_logout_frontchannel(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    apr_array_header_t *list;
    const char *iss, *sid;
    sso_err_t err = SSO_ERR_INIT;
    if (sso_url_parse_form(r->pool, r->args ? r->args : "", r->args ? strlen(r->args) : 0, &list, &err) != SSO_OK ||
        sso_url_param(list, "iss", &iss, &err) != SSO_OK || sso_url_param(list, "sid", &sid, &err) != SSO_OK) {
        mod_sso_log_refusal(r, APLOG_WARNING, "SSO216", "a front-channel logout is refused", &err);
        return mod_sso_resp_page(r, HTTP_BAD_REQUEST, MOD_SSO_PAGE_BAD_REQUEST, NULL, -1);
    }
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *p = site->providers[i];
        const sso_session_t *session = mod_sso_session_open(r, p)->session;
        if (session && iss && sid && p->settings.issuer && !strcmp(iss, p->settings.issuer) && *session->sid &&
            !strcmp(sid, session->sid)) {
            mod_sso_session_end(r, p, NULL);
        }
    }
    return mod_sso_resp_body(r, HTTP_OK, "text/html; charset=utf-8", "<!DOCTYPE html><title>Signed out</title>\n");
}

/* --- Back-Channel Logout 1.0 --- */

/* Named here and told to the other machines. */
static sso_rc_t end_named(apr_pool_t *pool, const mod_sso_provider_t *p, mod_sso_revoked_t list, const char *kind,
                          const char *value, sso_err_t *err)
{
    apr_time_t now = apr_time_now(), until = now + apr_time_from_sec(p->site->max);
    unsigned char key[16];
    SSO_TRY(sso_logout_key(p->settings.issuer, p->client.client_id, kind, value, key, err));
    sso_rc_t rc = mod_sso_revoke_add(list, key, now, until, now, err);
    mod_sso_share_revoked(p->site, pool, list, key, now, until);
    return rc;
}

/* A sid names one session, and is the narrower of the two (2.4). Sessions of ID Tokens without a sid cannot be told
 * apart by it: of those, all of the person end. */
static sso_rc_t revoke_subject(apr_pool_t *pool, const mod_sso_provider_t *p, const sso_logout_token_t *token,
                               sso_err_t *err)
{
    if (!token->sid)
        return end_named(pool, p, MOD_SSO_REVOKED_SUB, "sub", token->sub, err);
    if (token->sub)
        SSO_TRY(end_named(pool, p, MOD_SSO_REVOKED_SID, SSO_LOGOUT_NO_SID, token->sub, err));
    return end_named(pool, p, MOD_SSO_REVOKED_SID, "sid", token->sid, err);
}

static sso_rc_t verify_logout_token(request_rec *r, const mod_sso_provider_t *p, const char *text,
                                    sso_logout_token_t *token, sso_err_t *err)
{
    sso_env_t env = mod_sso_req_env(r);
    const mod_sso_meta_t *meta;
    sso_err_t first = SSO_ERR_INIT;
    SSO_TRY(mod_sso_meta_get_keys(r->pool, p, &meta, err));
    sso_rc_t rc = sso_logout_token_verify(&env, text, meta->provider, &p->client, meta->keys, token, &first);
    if (rc != SSO_OK && mod_sso_meta_has_newer_keys(r->pool, p, 0, &meta, &first))
        rc = sso_logout_token_verify(&env, text, meta->provider, &p->client, meta->keys, token, &first);
    if (rc != SSO_OK && err)
        *err = first;
    return rc;
}

/* A jti is good once (2.6, 8). Remembered until the token could not be accepted anyway. */
static sso_rc_t remember_jti(request_rec *r, const mod_sso_provider_t *p, const sso_logout_token_t *token,
                             sso_err_t *err)
{
    unsigned char key[16];
    SSO_TRY(sso_logout_key(p->settings.issuer, p->client.client_id, "jti", token->jti, key, err));
    apr_time_t until = token->exp + apr_time_from_sec(p->client.clock_skew);
    SSO_TRY(mod_sso_revoke_add_new(MOD_SSO_REVOKED_JTI, key, until, r->request_time, err));
    return mod_sso_share_jti(p->site, r->pool, key, until, err);
}

static sso_rc_t read_logout_token(request_rec *r, const char **ret_token, sso_err_t *err)
{
    const char *body;
    apr_size_t len;
    apr_array_header_t *params;
    SSO_TRY(mod_sso_req_body(r, BODY_MAX, &body, &len, err));
    SSO_TRY(sso_url_parse_form(r->pool, body, len, &params, err));
    SSO_TRY(sso_url_param(params, "logout_token", ret_token, err));
    if (!*ret_token || !**ret_token)
        return sso_err_set(err, SSO_E_ABSENT, "blt-missing", "there is no logout_token");
    return SSO_OK;
}

/* Before anything is verified, and so that nothing is asked of a provider whose token it cannot be: anybody can post a
 * token that says anything. Only who has a key of ours can have encrypted one. */
static int may_be_of(const mod_sso_provider_t *p, const char *iss)
{
    const sso_provider_t named = {.issuer = p->settings.issuer};
    return iss ? named.issuer && sso_verify_is_issuer(&named, &p->client, iss) : p->client.key != NULL;
}

/* 1 when a token was refused for what it says itself, not for being another provider's. */
static int is_ours_but_wrong(const sso_err_t *err)
{
    return strncmp(err->reason, "blt-", 4) == 0 && strcmp(err->reason, "blt-iss") != 0 &&
           strcmp(err->reason, "blt-aud") != 0;
}

/* Several providers of the site may have this issuer; the one whose verifier takes the token counts. */
static sso_rc_t end_by_token(request_rec *r, const mod_sso_site_t *site, const char *text, sso_err_t *err)
{
    const char *iss;
    SSO_TRY(sso_logout_token_issuer(r->pool, text, &iss, err));
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *p = site->providers[i];
        sso_logout_token_t token;
        if (!may_be_of(p, iss))
            continue;
        sso_err_clear(err);
        sso_rc_t rc = verify_logout_token(r, p, text, &token, err);
        if (rc != SSO_OK && is_ours_but_wrong(err))
            return rc;
        if (rc != SSO_OK)
            continue;
        SSO_TRY(remember_jti(r, p, &token, err));
        return revoke_subject(r->pool, p, &token, err);
    }
    if (err->rc != SSO_OK)
        return err->rc;
    if (!iss)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwt-encrypted", "the logout token is encrypted");
    return sso_err_set(err, SSO_E_MISMATCH, "blt-iss", "the logout token is of %.200s, no provider here", iss);
}

int mod_sso_logout_backchannel(request_rec *r)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *text;
    sso_rc_t rc = read_logout_token(r, &text, &err);
    if (rc == SSO_OK)
        rc = end_by_token(r, mod_sso_site_of(r), text, &err);
    if (rc == SSO_OK)
        return mod_sso_resp_body(r, HTTP_OK, NULL, NULL);
    mod_sso_log_refusal(r, APLOG_WARNING, "SSO217", "a back-channel logout is refused", &err);
    return mod_sso_resp_json(r, HTTP_BAD_REQUEST, "{\"error\":\"invalid_request\"}\n");
}

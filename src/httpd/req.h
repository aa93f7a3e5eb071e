/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about a request, and what we remember about it. */
#ifndef MOD_SSO_REQ_H
#define MOD_SSO_REQ_H

#include "httpd/conf.h"
#include "httpd/site.h"
#include "oidc/bridge.h"
#include "oidc/session.h"

/* The endpoint that a request is for. */
typedef enum {
    MOD_SSO_EP_NONE,
    MOD_SSO_EP_LOGIN,
    MOD_SSO_EP_CALLBACK,
    MOD_SSO_EP_LOGOUT,
    MOD_SSO_EP_SESSION,
    MOD_SSO_EP_BACKCHANNEL,
    MOD_SSO_EP_FRONTCHANNEL,
    MOD_SSO_EP_JWKS,
    MOD_SSO_EP_UNKNOWN /* below the base path, but none of ours: 404 */
} mod_sso_endpoint_t;

/* The session of one provider as opened for this request; kept at the root request (r->main, r->prev). */
typedef struct mod_sso_opened_t {
    const mod_sso_provider_t *provider;
    const sso_session_t *session; /* NULL: none */
    const char *why;              /* reason slug when there is none: "absent", "session-expired", "box-tampered", … */
    int renew_idle;               /* the idle stamp is due */
    int refreshed;                /* its tokens were looked after in this request (refresh.h) */
    int store_failed;             /* the cache did not answer: 503 instead of a new login (no loop) */
    int bearer;                   /* made of a bearer token (bearer.h), not of a cookie */
    const void *bearer_rules[2];  /* … by these issuers and audiences */
    unsigned char *cache_key;     /* 32 bytes: the record lies in SSOCache; NULL: in the cookie */
    const char *user;             /* REMOTE_USER by the rule `remote_user`, NULL: no claim, or no match */
    const mod_sso_remote_user_t *remote_user; /* the rule `user` was made with */
    struct mod_sso_opened_t *next;
} mod_sso_opened_t;

/* request_config of our module. */
struct mod_sso_req_t {
    mod_sso_endpoint_t endpoint;  /* set in translate_name of this very request, never inherited */
    const mod_sso_provider_t *callback; /* EP_CALLBACK: first provider whose redirect path it is */
    mod_sso_opened_t *opened;     /* root request only: sessions of cookies */
    mod_sso_opened_t *bearers;    /* root request only: the bearer token, as each provider takes it */
    const apr_array_header_t *scopes; /* char*: what a Require wanted of a bearer token that has it not; NULL: none */
    const mod_sso_opened_t *current; /* the session this request was decided with; NULL: none */
    int guarded;                  /* AuthType sso-oidc was seen for this request */
    int in_authz;                 /* re-entrancy guard of the authz hooks */
    int expr_used;                /* one of our expression functions was evaluated */
    const char *unknown;          /* root: the claim that an expression asked for and the provider left out, or NULL */
    int defer;                    /* Require expr was asked before anyone could sign in: check_authn decides */
    sso_bridge_call_t bridge;     /* which call this is where SSOBridge stands */
    int bridge_token;             /* the application gets a token with it */
    int step_up;                  /* there is a session, but it is too weak for this location */
    const char *id;               /* request id as shown to the person and logged */
    const char *fold_cookie;      /* the Cookie header of the root request before ours were cut out */
    const char *fold_authorization; /* root: the client's Authorization before SSOPassToken replaced it; "": none */
};

/* Ours of this request, made when first asked for. Never NULL. */
mod_sso_req_t *mod_sso_req(request_rec *r);
/* Ours of the root request: follows r->main, then r->prev. */
mod_sso_req_t *mod_sso_req_root(request_rec *r);
/* The Cookie header as the browser sent it: also after an internal redirect or in a sub-request, whose headers_in have
 * lost our cookies already (expose.c). NULL: none. */
const char *mod_sso_req_cookies(request_rec *r);
/* env of the core for this request: r->pool, r->request_time, the process's generator. */
sso_env_t mod_sso_req_env(request_rec *r);
/* The id of this request: mod_unique_id's, or a random one. */
const char *mod_sso_req_id(request_rec *r);

/* The origin the browser sees, by DESIGN §5: the provider's absolute SSORedirectURI, else ServerName, else Host when it
 * is ServerName or a ServerAlias (SSOTrustedProxy's X-Forwarded-* counted). *ret_url: scheme, host, port.
 * Reasons: host-unknown (421), scheme-http (a login does not start over plain http off the loopback). */
SSO_MUST_USE sso_rc_t mod_sso_req_origin(request_rec *r, const mod_sso_provider_t *provider, sso_url_t *ret_url,
                                         sso_err_t *err);
/* "https://host[:port]" of it. */
SSO_MUST_USE sso_rc_t mod_sso_req_origin_text(request_rec *r, const mod_sso_provider_t *provider, const char **ret_text,
                                              sso_err_t *err);
/* The redirect URI of this provider for this request: the same at the authorization and at the token endpoint (RFC 6749
 * 4.1.3). Fails as mod_sso_req_origin does. */
SSO_MUST_USE sso_rc_t mod_sso_req_redirect_uri(request_rec *r, const mod_sso_provider_t *provider, const char **ret_uri,
                                               sso_err_t *err);
/* Reads a form body of at most `max` bytes. Reasons: body-too-large, body-type, body-read. */
SSO_MUST_USE sso_rc_t mod_sso_req_body(request_rec *r, apr_size_t max, const char **ret_bytes, apr_size_t *ret_len,
                                       sso_err_t *err);
/* A sub-request, or the ErrorDocument of another answer: no place to begin or end a session. */
int mod_sso_req_is_nested(const request_rec *r);
/* oidc/nav.h asked with this request's headers. */
int mod_sso_req_is_navigation(request_rec *r);
int mod_sso_req_is_activity(request_rec *r);
int mod_sso_req_is_deliberate(request_rec *r);
/* sso_url_check_return with this site's origin, SSOAllowReturn and SSODevelopment. */
SSO_MUST_USE sso_rc_t mod_sso_req_check_return(request_rec *r, const mod_sso_provider_t *provider, const char *text,
                                               const char **ret_url, sso_err_t *err);
/* The path and query to come back to, as the browser asked for it (unparsed_uri of the root request); never NULL. */
const char *mod_sso_req_return_path(request_rec *r, const mod_sso_provider_t *provider);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The login calls that the web interface of OpenMetadata makes, answered in its place (SSOBridge): which request is
 * which, what the answers say, and the marker.
 *
 * The marker is what the browser gets for a token: a JWT to look at, without power. It opens nothing alone, because it
 * counts only beside the session it was made for; and the session does nothing under /api/ without it, because a page
 * of another site makes a browser send cookies but never an Authorization header. The application sees neither. */
#ifndef SSO_OIDC_BRIDGE_H
#define SSO_OIDC_BRIDGE_H

#include "base/env.h"
#include "jose/seal.h"
#include "oidc/session.h"

#define SSO_BRIDGE_LIFETIME   900 /* seconds a marker lives: interfaces of 2023 renew five minutes before the end */
#define SSO_BRIDGE_LEFT_MIN   120 /* with less, the interface would renew without end */
#define SSO_BRIDGE_MARKER_MAX 2048
#define SSO_BRIDGE_LOGIN      "/api/v1/auth/login"

/* What a request below the base path is. */
typedef enum {
    SSO_BRIDGE_NONE, /* the location has no bridge */
    SSO_BRIDGE_CONFIG,
    SSO_BRIDGE_SIGN_IN,
    SSO_BRIDGE_REFRESH,
    SSO_BRIDGE_SIGN_OUT,
    SSO_BRIDGE_LEAVE,  /* a person at /logout */
    SSO_BRIDGE_OFF,    /* the application's own login, which the bridge replaces */
    SSO_BRIDGE_FEED,   /* its WebSocket: browsers send no Authorization there */
    SSO_BRIDGE_OPEN,   /* calls that the application answers to everybody */
    SSO_BRIDGE_API,    /* every other call */
    SSO_BRIDGE_STATIC, /* the interface's own files and the pages of its sign-in: nobody's data */
    SSO_BRIDGE_PAGE    /* everything else */
} sso_bridge_call_t;

/* `base` is the location's path without a slash at its end, `path` the decoded path of the request. Only exact, plain
 * paths are OPEN or STATIC; what begins with /api is a call however it goes on. */
sso_bridge_call_t sso_bridge_call(const char *base, const char *path);
/* 1 for calls of scripts, which want JSON and never a page or a redirect. */
int sso_bridge_is_api(sso_bridge_call_t call);

/* The query of a sign-in call. `trusted` is the only redirectUri there is; it may come encoded or not.
 * *ret_silent: prompt=none was asked for; no other prompt counts.
 * Reasons: bridge-redirect-uri, and those of sso_url_parse_form and sso_url_param. */
SSO_MUST_USE sso_rc_t sso_bridge_read_sign_in(apr_pool_t *pool, const char *query, const char *trusted, int *ret_silent,
                                              sso_err_t *err);

typedef struct sso_bridge_person_t {
    const char *email; /* NULL: none that may stand for a person */
    const char *name;
} sso_bridge_person_t;

/* Where the browser takes its marker from. A name that would make the URL longer than `max` is left out.
 * Reason bridge-too-long. */
SSO_MUST_USE sso_rc_t sso_bridge_hand_over(apr_pool_t *pool, const char *trusted, int in_fragment, const char *marker,
                                           const sso_bridge_person_t *person, apr_size_t max, const char **ret_url,
                                           sso_err_t *err);
/* "/signin" of the interface whose sign-in call `path` is; NULL when it is none. */
const char *sso_bridge_sign_in_page(apr_pool_t *pool, const char *path);

typedef struct sso_bridge_config_t {
    const char *provider_name; /* on the button */
    const char *client_id;
    const char *origin;
    const char *base;
} sso_bridge_config_t;

char *sso_bridge_config_json(apr_pool_t *pool, const sso_bridge_config_t *config);
char *sso_bridge_refresh_json(apr_pool_t *pool, const char *marker, apr_time_t expires);

/* 1 when a script of our own pages sent the request: Origin is the site's, or there is none and the browser says so. */
int sso_bridge_is_same_origin(const char *origin, const char *sec_fetch_site, const char *own);

/* --- the marker: header.claims.box ---
 * The box (seal.h) holds session id and end; header and claims are authenticated with it. */
typedef struct sso_bridge_seal_t {
    sso_sealer_t *sealer;
    const void *context; /* of the provider: cookie, scope, issuer, client */
    apr_size_t context_len;
} sso_bridge_seal_t;

/* When a marker made now ends: after `lifetime` seconds, never later than the session. 0 when too little is left. */
apr_time_t sso_bridge_expires(const sso_session_t *session, int lifetime, apr_time_t now);
SSO_MUST_USE sso_rc_t sso_bridge_make_marker(const sso_env_t *env, const sso_bridge_seal_t *seal, const char *issuer,
                                             const sso_session_t *session, apr_time_t expires, const char **ret_marker,
                                             sso_err_t *err);
/* 1 when the token says it is a marker; anybody can write that. */
int sso_bridge_is_marker(const char *token);
/* The hot path: no JSON is read. `session` NULL: any, also one that has ended.
 * Reasons: marker-foreign, marker-session, marker-expired, and those of sso_seal_open. */
SSO_MUST_USE sso_rc_t sso_bridge_check_marker(apr_pool_t *pool, apr_time_t now, const sso_bridge_seal_t *seal,
                                              const char *token, const sso_session_t *session, sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge without httpd: names of calls, words of answers, the marker. */
#include "oidc/bridge.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/b64.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/url.h"

#define JTI_LEN   16
#define PLAIN_LEN (SSO_SESSION_ID_LEN + 8)

/* {"alg":"mod-sso-oidc-box","typ":"JWT","kid":"mod-sso-oidc-marker"} and the dot: no algorithm that a library has, and
 * an id that no key set holds, so that nobody takes it for a credential. */
#define MARKER_HEAD "eyJhbGciOiJtb2Qtc3NvLW9pZGMtYm94IiwidHlwIjoiSldUIiwia2lkIjoibW9kLXNzby1vaWRjLW1hcmtlciJ9."

/* --- which call -------------------------------------------------------------------------------------------------- */

/* OPEN is the part of what OpenMetadata's own filter lets through that says nothing but how to sign in and whether it
 * runs; its calls for users with passwords are not in it. */
static const struct {
    const char *path;
    sso_bridge_call_t call;
} calls[] = {
    {"/api/v1/system/config/auth", SSO_BRIDGE_CONFIG},
    {SSO_BRIDGE_LOGIN, SSO_BRIDGE_SIGN_IN},
    {"/api/v1/auth/refresh", SSO_BRIDGE_REFRESH},
    {"/api/v1/auth/logout", SSO_BRIDGE_SIGN_OUT},
    {"/logout", SSO_BRIDGE_LEAVE},
    {"/api/v1/auth/callback", SSO_BRIDGE_OFF},
    {"/api/v1/system/config/authorizer", SSO_BRIDGE_OPEN},
    {"/api/v1/system/config/customUiThemePreference", SSO_BRIDGE_OPEN},
    {"/api/v1/system/config/jwks", SSO_BRIDGE_OPEN},
    {"/api/v1/system/config/rdf", SSO_BRIDGE_OPEN},
    {"/api/v1/system/health", SSO_BRIDGE_OPEN},
    {"/api/v1/system/version", SSO_BRIDGE_OPEN},
    {"/signin", SSO_BRIDGE_STATIC},
    {"/auth/callback", SSO_BRIDGE_STATIC},
    {"/silent-callback", SSO_BRIDGE_STATIC},
};

static const char *after(const char *text, const char *prefix)
{
    apr_size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* Nothing that the application might read otherwise than we do: no escapes, no parameters, no dot segments. */
static int is_plain(const char *path)
{
    for (const char *at = path; *at; at++) {
        if (!apr_isalnum(*at) && !strchr("/._-@+~", *at))
            return 0;
        if (*at == '/' && (at[1] == '.' || at[1] == '/'))
            return 0;
    }
    return 1;
}

static int is_static_type(const char *path)
{
    static const char *const types[] = {".js",  ".mjs",  ".css", ".map",  ".svg",   ".png", ".jpg",         ".jpeg",
                                        ".gif", ".webp", ".ico", ".woff", ".woff2", ".ttf", ".webmanifest", NULL};
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    for (int i = 0; dot && slash && dot > slash && types[i]; i++) {
        if (strcmp(dot, types[i]) == 0)
            return 1;
    }
    return strcmp(path, "/manifest.json") == 0;
}

/* Where the builds of the interface put their files. Nowhere else, because another application may live below. */
static int is_static(const char *path)
{
    static const char *const folders[] = {"/assets/", "/static/", "/images/", "/favicons/", "/fonts/", "/locales/"};
    if (!is_plain(path) || !is_static_type(path))
        return 0;
    if (!strchr(path + 1, '/'))
        return 1;
    for (apr_size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (after(path, folders[i]))
            return 1;
    }
    return 0;
}

sso_bridge_call_t sso_bridge_call(const char *base, const char *path)
{
    const char *rest = after(path, base);
    if (!rest || *rest != '/')
        return SSO_BRIDGE_PAGE;
    while (rest[1] == '/') /* MergeSlashes Off */
        rest++;
    for (apr_size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(rest, calls[i].path) == 0)
            return calls[i].call;
    }
    const char *feed = after(rest, "/api/v1/push/feed");
    if (feed && (*feed == '\0' || strcmp(feed, "/") == 0))
        return SSO_BRIDGE_FEED;
    if (strncasecmp(rest, "/api", 4) == 0 && !apr_isalnum(rest[4]))
        return SSO_BRIDGE_API;
    return is_static(rest) ? SSO_BRIDGE_STATIC : SSO_BRIDGE_PAGE;
}

int sso_bridge_is_api(sso_bridge_call_t call)
{
    switch (call) {
    case SSO_BRIDGE_CONFIG:
    case SSO_BRIDGE_REFRESH:
    case SSO_BRIDGE_SIGN_OUT:
    case SSO_BRIDGE_OFF:
    case SSO_BRIDGE_FEED:
    case SSO_BRIDGE_OPEN:
    case SSO_BRIDGE_API:
        return 1;
    case SSO_BRIDGE_NONE:
    case SSO_BRIDGE_SIGN_IN:
    case SSO_BRIDGE_LEAVE:
    case SSO_BRIDGE_STATIC:
    case SSO_BRIDGE_PAGE:
        break;
    }
    return 0;
}

/* --- signing in -------------------------------------------------------------------------------------------------- */

sso_rc_t sso_bridge_read_sign_in(apr_pool_t *pool, const char *query, const char *trusted, int *ret_silent,
                                 sso_err_t *err)
{
    apr_array_header_t *params;
    const char *uri, *prompt;
    SSO_TRY(sso_url_parse_form(pool, query ? query : "", query ? strlen(query) : 0, &params, err));
    SSO_TRY(sso_url_param(params, "redirectUri", &uri, err));
    SSO_TRY(sso_url_param(params, "prompt", &prompt, err));
    /* Byte for byte: no pattern, no prefix, no other spelling of the same URL (RFC 9700 4.1.3). */
    if (!uri || strcmp(uri, trusted) != 0)
        return sso_err_set(err, SSO_E_DENIED, "bridge-redirect-uri", "redirectUri is %.200s, the only one is %.200s",
                           uri ? uri : "missing", trusted);
    *ret_silent = prompt && strcmp(prompt, "none") == 0;
    return SSO_OK;
}

sso_rc_t sso_bridge_hand_over(apr_pool_t *pool, const char *trusted, int in_fragment, const char *marker,
                              const sso_bridge_person_t *person, apr_size_t max, const char **ret_url, sso_err_t *err)
{
    const char *email = person->email ? sso_url_encode(pool, person->email) : "";
    const char *url = apr_pstrcat(pool, trusted, in_fragment ? "#" : "?", "id_token=", marker, "&email=", email, NULL);
    const char *name = person->name ? apr_pstrcat(pool, "&name=", sso_url_encode(pool, person->name), NULL) : "";
    if (strlen(url) > max)
        return sso_err_set(err, SSO_E_LIMIT, "bridge-too-long",
                           "the address with the browser's token has %" APR_SIZE_T_FMT " characters, LimitRequestLine "
                           "allows about %" APR_SIZE_T_FMT,
                           strlen(url), max);
    *ret_url = strlen(url) + strlen(name) <= max ? apr_pstrcat(pool, url, name, NULL) : url;
    return SSO_OK;
}

const char *sso_bridge_sign_in_page(apr_pool_t *pool, const char *path)
{
    const char *call = strstr(path, SSO_BRIDGE_LOGIN "?redirectUri=");
    if (!call)
        return NULL;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, path, (apr_size_t)(call - path)), "/signin", NULL);
}

/* --- words of answers -------------------------------------------------------------------------------------------- */

char *sso_bridge_config_json(apr_pool_t *pool, const sso_bridge_config_t *config)
{
    const char *origin = sso_text_json(pool, config->origin);
    return apr_psprintf(pool,
                        "{\"provider\":\"custom-oidc\",\"providerName\":\"%s\",\"clientType\":\"confidential\","
                        "\"enableSelfSignup\":true,\"enableAutoRedirect\":true,"
                        "\"jwtPrincipalClaims\":[\"email\",\"preferred_username\",\"sub\"],"
                        "\"jwtPrincipalClaimsMapping\":[],\"clientId\":\"%s\",\"authority\":\"%s\","
                        "\"callbackUrl\":\"%s%s/callback\"}\n",
                        sso_text_json(pool, config->provider_name), sso_text_json(pool, config->client_id), origin,
                        origin, sso_text_json(pool, config->base));
}

char *sso_bridge_refresh_json(apr_pool_t *pool, const char *marker, apr_time_t expires)
{
    return apr_psprintf(pool,
                        "{\"accessToken\":\"%s\",\"tokenType\":\"Bearer\",\"expiryDuration\":%" APR_INT64_T_FMT "}\n",
                        marker, (apr_int64_t)apr_time_as_msec(expires));
}

int sso_bridge_is_same_origin(const char *origin, const char *sec_fetch_site, const char *own)
{
    if (origin)
        return strcmp(origin, own) == 0;
    return sec_fetch_site && strcmp(sec_fetch_site, "same-origin") == 0;
}

/* --- the marker -------------------------------------------------------------------------------------------------- */

apr_time_t sso_bridge_expires(const sso_session_t *session, int lifetime, apr_time_t now)
{
    apr_time_t end = now + apr_time_from_sec(lifetime);
    if (session->expires - now < apr_time_from_sec(SSO_BRIDGE_LEFT_MIN))
        return 0;
    return apr_time_from_sec(apr_time_sec(end < session->expires ? end : session->expires));
}

/* What the box is bound to beside its plain text: the provider's context and all the marker shows. */
static void *bound_to(apr_pool_t *pool, const sso_bridge_seal_t *seal, const char *shown, apr_size_t len)
{
    char *bytes = apr_palloc(pool, seal->context_len + len);
    memcpy(bytes, seal->context, seal->context_len);
    memcpy(bytes + seal->context_len, shown, len);
    return bytes;
}

sso_rc_t sso_bridge_make_marker(const sso_env_t *env, const sso_bridge_seal_t *seal, const char *issuer,
                                const sso_session_t *session, apr_time_t expires, const char **ret_marker,
                                sso_err_t *err)
{
    unsigned char random[JTI_LEN];
    sso_buf_t plain;
    char *box;
    SSO_TRY(sso_env_random(env, random, sizeof(random), err));
    const char *claims = apr_psprintf(
        env->pool,
        "{\"iss\":\"%s\",\"aud\":\"browser\",\"iat\":%" APR_INT64_T_FMT ",\"exp\":%" APR_INT64_T_FMT ",\"jti\":\"%s\"}",
        sso_text_json(env->pool, issuer), (apr_int64_t)apr_time_sec(env->now), (apr_int64_t)apr_time_sec(expires),
        sso_b64url_string(env->pool, random, sizeof(random)));
    const char *shown = apr_pstrcat(env->pool, MARKER_HEAD,
                                    sso_b64url_string(env->pool, (const unsigned char *)claims, strlen(claims)), NULL);
    apr_size_t len = strlen(shown);
    sso_buf_init(&plain, env->pool, PLAIN_LEN + 1, PLAIN_LEN);
    sso_buf_add(&plain, session->id, SSO_SESSION_ID_LEN);
    sso_buf_add_u64(&plain, (apr_uint64_t)expires);
    SSO_TRY(sso_seal(seal->sealer, env, SSO_SEAL_MARKER, bound_to(env->pool, seal, shown, len), seal->context_len + len,
                     plain.data, plain.len, &box, err));
    *ret_marker = apr_pstrcat(env->pool, shown, ".", box, NULL);
    return SSO_OK;
}

int sso_bridge_is_marker(const char *token)
{
    return after(token, MARKER_HEAD) != NULL;
}

sso_rc_t sso_bridge_check_marker(apr_pool_t *pool, apr_time_t now, const sso_bridge_seal_t *seal, const char *token,
                                 const sso_session_t *session, sso_err_t *err)
{
    const char *claims = after(token, MARKER_HEAD);
    const char *dot = claims ? strchr(claims, '.') : NULL;
    unsigned char *plain;
    apr_size_t len, total = strlen(token);
    sso_rd_t rd;
    if (!dot || total > SSO_BRIDGE_MARKER_MAX)
        return sso_err_set(err, SSO_E_MISMATCH, "marker-foreign", "the token in Authorization is none of this site");
    apr_size_t shown = (apr_size_t)(dot - token);
    SSO_TRY(sso_seal_open(seal->sealer, pool, now, SSO_SEAL_MARKER, bound_to(pool, seal, token, shown),
                          seal->context_len + shown, dot + 1, total - shown - 1, &plain, &len, NULL, err));
    sso_rd_init(&rd, plain, len);
    const unsigned char *id = sso_rd_bytes(&rd, SSO_SESSION_ID_LEN);
    apr_time_t expires = (apr_time_t)sso_rd_u64(&rd);
    if (rd.bad || !id || expires < 0)
        return sso_err_set(err, SSO_E_SYNTAX, "marker-foreign", "the box holds %" APR_SIZE_T_FMT " bytes", len);
    if (!session)
        return SSO_OK;
    if (!sso_text_equal_ct(id, SSO_SESSION_ID_LEN, session->id, SSO_SESSION_ID_LEN))
        return sso_err_set(err, SSO_E_MISMATCH, "marker-session", "the browser's token belongs to another session");
    if (now >= expires)
        return sso_err_set(err, SSO_E_EXPIRED, "marker-expired", "the browser's token ended %" APR_INT64_T_FMT " s ago",
                           (apr_int64_t)apr_time_sec(now - expires));
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Logout at the provider and from the provider. */
#include "oidc/logout.h"

#include <string.h>

#include <apr_strings.h>

#include "base/text.h"
#include "base/url.h"
#include "jose/crypto.h"
#include "jose/jws.h"
#include "oidc/verify.h"

#define IAT_AGE (24 * 3600) /* a logout token is delivered at once; a day allows for a provider that retries */

/* ---- RP-Initiated Logout 1.0 ---- */

typedef struct placeholder_t {
    const char *name;
    const char *value;
} placeholder_t;

static int is_template(const char *url)
{
    return strstr(url, "{client_id}") != NULL || strstr(url, "{return_to}") != NULL ||
           strstr(url, "{id_token}") != NULL;
}

/* One pass from left to right, so that nothing inside a value is taken for a placeholder. */
static char *fill_template(apr_pool_t *pool, const char *text, const placeholder_t *values, apr_size_t count)
{
    char *out = apr_pstrdup(pool, "");
    const char *brace;

    while ((brace = strchr(text, '{')) != NULL) {
        apr_size_t i = 0;
        while (i < count && strncmp(brace, values[i].name, strlen(values[i].name)) != 0)
            i++;
        const char *value = i < count ? sso_url_encode(pool, values[i].value != NULL ? values[i].value : "") : "{";
        const char *rest = brace + (i < count ? strlen(values[i].name) : 1);
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, text, (apr_size_t)(brace - text)), value, NULL);
        text = rest;
    }
    return apr_pstrcat(pool, out, text, NULL);
}

static char *build_url(apr_pool_t *pool, const char *endpoint, const char *client_id, const char *id_token,
                       const char *return_to, const char *state)
{
    if (is_template(endpoint)) {
        const placeholder_t values[] = {
            {"{client_id}", client_id}, {"{return_to}", return_to}, {"{id_token}", id_token}};
        return fill_template(pool, endpoint, values, sizeof(values) / sizeof(values[0]));
    }
    const char *pairs[] = {"id_token_hint", id_token, "client_id", client_id, "post_logout_redirect_uri",
                           return_to,       "state",  state,       NULL};
    return sso_url_add_query(pool, endpoint, pairs);
}

char *sso_logout_url(apr_pool_t *pool, const sso_provider_t *provider, const sso_client_t *client, const char *id_token,
                     const char *return_to, const char *state)
{
    if (provider->end_session_endpoint == NULL)
        return NULL;
    /* An ID Token longer than the whole URL may be is not even tried. */
    if (id_token != NULL && strlen(id_token) < SSO_LOGOUT_URL_MAX) {
        char *url = build_url(pool, provider->end_session_endpoint, client->client_id, id_token, return_to, state);
        if (strlen(url) <= SSO_LOGOUT_URL_MAX)
            return url;
    }
    const char *endpoint =
        provider->end_session_no_hint != NULL ? provider->end_session_no_hint : provider->end_session_endpoint;
    return build_url(pool, endpoint, client->client_id, NULL, return_to, state);
}

/* ---- Back-Channel Logout 1.0 ---- */

/* 2.4: typ is recommended, not required; any other kind of JWT is refused (4.1, RFC 8725 3.11). */
static sso_rc_t check_typ(const sso_jwt_t *jwt, sso_err_t *err)
{
    if (jwt->typ == NULL || sso_verify_is_typ(jwt->typ, "logout+jwt") || sso_verify_is_typ(jwt->typ, "JWT"))
        return SSO_OK;
    return sso_err_set(err, SSO_E_MISMATCH, "blt-typ", "a token of type %.80s is no logout token", jwt->typ);
}

/* 2.6 (4), as for an ID Token, but further audiences are no matter: the token only ends sessions. */
static sso_rc_t check_parties(const sso_env_t *env, const sso_json_t *claims, const sso_provider_t *provider,
                              const sso_client_t *client, sso_err_t *err)
{
    apr_array_header_t *aud;
    const char *iss;
    if (sso_json_string(claims, "iss", &iss) != SSO_JSON_FOUND || !sso_verify_is_issuer(provider, client, iss))
        return sso_err_set(err, SSO_E_MISMATCH, "blt-iss", "the logout token is not of %.200s", provider->issuer);
    if (sso_verify_audience(env->pool, claims, &aud) != SSO_JSON_FOUND || !sso_text_in(aud, client->client_id))
        return sso_err_set(err, SSO_E_MISMATCH, "blt-aud", "the logout token is not for us");
    return SSO_OK;
}

/* 2.4, 2.6 (4): iat and exp are required. */
static sso_rc_t check_times(const sso_env_t *env, const sso_json_t *claims, const sso_client_t *client,
                            sso_logout_token_t *token, sso_err_t *err)
{
    apr_time_t skew = sso_verify_skew(client);
    apr_int64_t nbf;
    if (sso_json_date(claims, "iat", &token->iat) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_ABSENT, "blt-iat", "the logout token has no iat");
    if (token->iat > env->now + skew || token->iat < env->now - apr_time_from_sec(IAT_AGE) - skew)
        return sso_err_set(err, SSO_E_EXPIRED, "blt-iat", "the logout token is from the future or older than a day");
    if (sso_json_date(claims, "exp", &token->exp) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_ABSENT, "blt-exp", "the logout token has no exp");
    if (env->now >= token->exp + skew)
        return sso_err_set(err, SSO_E_EXPIRED, "blt-exp", "the logout token is expired");
    /* RFC 7519 4.1.5: not required here, but before it the token must not be accepted. */
    if (sso_json_member(claims, "nbf") != NULL &&
        (sso_json_date(claims, "nbf", &nbf) != SSO_JSON_FOUND || nbf > env->now + skew))
        return sso_err_set(err, SSO_E_EXPIRED, "blt-nbf", "the logout token is not valid yet");
    return SSO_OK;
}

/* A claim that may be missing, but has to be a usable id where it is there. */
static sso_rc_t read_id(const sso_json_t *claims, const char *name, const char *reason, const char **ret_id,
                        sso_err_t *err)
{
    if (sso_json_member(claims, name) == NULL)
        return SSO_OK;
    if (sso_json_string(claims, name, ret_id) != SSO_JSON_FOUND || !sso_verify_is_id(*ret_id))
        return sso_err_set(err, SSO_E_SYNTAX, reason, "%s of the logout token is not usable", name);
    return SSO_OK;
}

/* 2.6 (5)-(8); whether jti was seen before is the caller's to know. */
static sso_rc_t check_contents(const sso_json_t *claims, sso_logout_token_t *token, sso_err_t *err)
{
    const sso_json_t *events, *event;

    if (sso_json_object(claims, "events", &events) != SSO_JSON_FOUND ||
        sso_json_object(events, SSO_VERIFY_LOGOUT_EVENT, &event) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_MISMATCH, "blt-events", "the token does not announce a back-channel logout");
    if (sso_json_member(claims, "nonce") != NULL)
        return sso_err_set(err, SSO_E_MISMATCH, "blt-nonce", "a token with a nonce is no logout token");
    SSO_TRY(read_id(claims, "sub", "blt-no-subject", &token->sub, err));
    SSO_TRY(read_id(claims, "sid", "blt-no-subject", &token->sid, err));
    if (token->sub == NULL && token->sid == NULL)
        return sso_err_set(err, SSO_E_ABSENT, "blt-no-subject", "the logout token has neither sub nor sid");
    SSO_TRY(read_id(claims, "jti", "blt-jti", &token->jti, err));
    if (token->jti == NULL)
        return sso_err_set(err, SSO_E_ABSENT, "blt-jti", "the logout token has no jti");
    return SSO_OK;
}

sso_rc_t sso_logout_token_issuer(apr_pool_t *pool, const char *text, const char **ret_iss, sso_err_t *err)
{
    const sso_json_t *unverified;
    sso_err_t why = SSO_ERR_INIT;
    sso_jws_parsed_t jws;
    const char *iss;

    if (sso_jws_is_jwe(text)) {
        *ret_iss = NULL;
        return SSO_OK;
    }
    SSO_TRY(sso_jws_parse(pool, text, &jws, err));
    sso_rc_t rc = sso_json_parse_object(pool, (const char *)jws.payload, jws.payload_len, SSO_JWS_BYTES_MAX,
                                        &unverified, &why);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "jwt-claims", "the claims are no JSON object: %s: %s", why.reason, why.detail);
    if (sso_json_string(unverified, "iss", &iss) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_ABSENT, "blt-iss", "the logout token does not say whose it is");
    *ret_iss = iss;
    return SSO_OK;
}

sso_rc_t sso_logout_token_verify(const sso_env_t *env, const char *text, const sso_provider_t *provider,
                                 const sso_client_t *client, const sso_jwks_t *keys, sso_logout_token_t *ret_token,
                                 sso_err_t *err)
{
    sso_logout_token_t token = {0};
    sso_jwt_t jwt;

    /* 2.6 (1)-(3): decrypted, signed and with the algorithms of ID Tokens. */
    SSO_TRY(sso_verify_jwt(env->pool, text, provider->id_token_algs, client, keys, &jwt, err));
    SSO_TRY(check_typ(&jwt, err));
    SSO_TRY(check_parties(env, jwt.claims, provider, client, err));
    SSO_TRY(check_times(env, jwt.claims, client, &token, err));
    SSO_TRY(check_contents(jwt.claims, &token, err));
    *ret_token = token;
    return SSO_OK;
}

sso_rc_t sso_logout_key(const char *issuer, const char *client_id, const char *kind, const char *value,
                        unsigned char out[16], sso_err_t *err)
{
    const char *const parts[] = {"mod_sso_oidc revocation v2", issuer, client_id, kind, value};
    unsigned char whole[SSO_SHA256_LEN];

    SSO_TRY(sso_crypto_sha256_strings(parts, sizeof(parts) / sizeof(parts[0]), whole, err));
    memcpy(out, whole, 16);
    return SSO_OK;
}

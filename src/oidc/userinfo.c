/* SPDX-License-Identifier: Apache-2.0 */
/* The UserInfo answer. Whatever form it has, it counts only when it is about the person of the ID Token: the access
 * token that fetched it may have been exchanged on the way (OIDC Core 5.3.2, 16.11). */
#include "oidc/userinfo.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "base/text.h"
#include "oidc/token.h"
#include "oidc/verify.h"

static int is_jwt_type(const char *content_type)
{
    static const char type[] = "application/jwt";
    apr_size_t len = strcspn(content_type, "; \t");
    return len == sizeof(type) - 1 && apr_cstr_casecmpn(content_type, type, len) == 0;
}

/* 5.3.2: a signed answer says whose it is and for whom; where it says so, it has to be right. exp likewise. */
static sso_rc_t check_signed(const sso_env_t *env, const sso_json_t *claims, const sso_provider_t *provider,
                             const sso_client_t *client, sso_err_t *err)
{
    apr_array_header_t *aud;
    const char *iss;
    apr_int64_t exp;

    if (sso_json_member(claims, "iss") != NULL &&
        (sso_json_string(claims, "iss", &iss) != SSO_JSON_FOUND || !sso_verify_is_issuer(provider, client, iss)))
        return sso_err_set(err, SSO_E_MISMATCH, "userinfo-iss", "the signed UserInfo answer is of another issuer");
    if (sso_json_member(claims, "aud") != NULL &&
        (sso_verify_audience(env->pool, claims, &aud) != SSO_JSON_FOUND || !sso_text_in(aud, client->client_id)))
        return sso_err_set(err, SSO_E_MISMATCH, "userinfo-aud", "the signed UserInfo answer is not for us");
    if (sso_json_member(claims, "exp") != NULL &&
        (sso_json_date(claims, "exp", &exp) != SSO_JSON_FOUND || env->now >= exp + sso_verify_skew(client)))
        return sso_err_set(err, SSO_E_EXPIRED, "userinfo-exp", "the signed UserInfo answer is expired");
    return SSO_OK;
}

/* RFC 8725 3.11: no other kind of JWT of the provider passes for a UserInfo answer. */
static sso_rc_t check_typ(const sso_jwt_t *jwt, sso_err_t *err)
{
    static const char *const fine[] = {"JWT", "userinfo+jwt", "userinfo"};
    int known = jwt->typ == NULL;
    for (apr_size_t i = 0; !known && i < sizeof(fine) / sizeof(fine[0]); i++)
        known = sso_verify_is_typ(jwt->typ, fine[i]);
    if (!known)
        return sso_err_set(err, SSO_E_MISMATCH, "userinfo-typ", "a token of type %.80s is no UserInfo answer",
                           jwt->typ);
    return SSO_OK;
}

static sso_rc_t check_sub(const sso_json_t *claims, const char *want, sso_err_t *err)
{
    const char *sub;
    if (sso_json_string(claims, "sub", &sub) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_ABSENT, "userinfo-sub-missing",
                           "the UserInfo answer does not say who it is about");
    if (strcmp(sub, want) != 0)
        return sso_err_set(err, SSO_E_MISMATCH, "userinfo-sub-mismatch", "the UserInfo answer is about another person");
    return SSO_OK;
}

sso_rc_t sso_userinfo_parse(const sso_env_t *env, int status, const char *content_type, const char *bytes,
                            apr_size_t len, const char *sub, const sso_provider_t *provider, const sso_client_t *client,
                            const sso_jwks_t *keys, const sso_json_t **ret_claims, sso_err_t *err)
{
    const sso_json_t *claims;
    sso_err_t cause = SSO_ERR_INIT;
    sso_jwt_t jwt;

    if (status != 200)
        return sso_err_set(err, SSO_E_PROVIDER, "userinfo-status", "the UserInfo endpoint answered with status %d",
                           status);
    if (content_type != NULL && is_jwt_type(content_type)) {
        if (len > SSO_USERINFO_MAX || memchr(bytes, '\0', len) != NULL)
            return sso_err_set(err, SSO_E_LIMIT, "userinfo-json",
                               "the UserInfo answer is too large or holds NUL bytes");
        /* userinfo_signed_response_alg is registered apart from the ID Token's, so only our own list counts. */
        SSO_TRY(sso_verify_jwt(env->pool, apr_pstrmemdup(env->pool, bytes, len), 0, client, keys, &jwt, err));
        SSO_TRY(check_typ(&jwt, err));
        SSO_TRY(check_signed(env, jwt.claims, provider, client, err));
        claims = jwt.claims;
    } else if (content_type == NULL || content_type[0] == '\0' || sso_token_is_json_type(content_type)) {
        if (sso_json_parse_object(env->pool, bytes, len, SSO_USERINFO_MAX, &claims, &cause) != SSO_OK)
            return sso_err_set(err, cause.rc, "userinfo-json", "the UserInfo answer is no JSON object (%s): %s",
                               cause.reason, cause.detail);
    } else {
        return sso_err_set(err, SSO_E_SYNTAX, "userinfo-content-type", "the UserInfo answer is %.100s", content_type);
    }
    SSO_TRY(check_sub(claims, sub, err));
    *ret_claims = claims;
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/verify.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "base/text.h"

#define ID_MAX 255

static sso_rc_t verify_with_secret(apr_pool_t *pool, const char *text, sso_alg_set_t allowed,
                                   const sso_client_t *client, sso_jwt_t *ret_jwt, sso_err_t *err)
{
    const sso_jwk_t *secret;
    /* OIDC Core 10.1: the octets of the client secret are the key. */
    SSO_TRY(sso_jwk_from_secret(pool, client->client_secret, strlen(client->client_secret), &secret, err));
    sso_jwt_keys_t with = {sso_jwks_of(pool, secret), allowed, client->key};
    return sso_jwt_verify(pool, text, &with, ret_jwt, err);
}

sso_rc_t sso_verify_jwt(apr_pool_t *pool, const char *text, sso_alg_set_t announced, const sso_client_t *client,
                        const sso_jwks_t *keys, sso_jwt_t *ret_jwt, sso_err_t *err)
{
    int has_secret = client->client_secret != NULL && client->client_secret[0] != '\0';
    sso_alg_set_t allowed = announced != 0 ? client->algs & announced : client->algs;
    sso_alg_set_t hmac = has_secret ? allowed & sso_alg_hmac_set() : 0;
    sso_alg_set_t asymmetric = allowed & ~sso_alg_hmac_set();
    sso_err_t first = SSO_ERR_INIT;
    sso_jwt_t jwt;

    if (hmac == 0 && asymmetric == 0)
        return sso_err_set(err, SSO_E_CONFIG, "verify-no-alg",
                           "no algorithm is both accepted here (%s) and announced by the provider (%s)",
                           sso_alg_set_text(pool, client->algs), sso_alg_set_text(pool, announced));
    if (asymmetric == 0)
        return verify_with_secret(pool, text, hmac, client, ret_jwt, err);

    sso_jwt_keys_t with = {keys, asymmetric, client->key};
    if (hmac == 0)
        return sso_jwt_verify(pool, text, &with, ret_jwt, err);
    sso_rc_t rc = sso_jwt_verify(pool, text, &with, &jwt, &first);
    if (rc == SSO_OK) {
        *ret_jwt = jwt;
        return SSO_OK;
    }
    /* Both kinds are accepted here and the header names one of the other kind, or of neither. */
    if (strcmp(first.reason, "jws-alg-not-allowed") != 0)
        return sso_err_set(err, rc, first.reason, "%s", first.detail);
    sso_err_t second = SSO_ERR_INIT;
    rc = verify_with_secret(pool, text, hmac, client, &jwt, &second);
    if (rc == SSO_OK) {
        *ret_jwt = jwt;
        return SSO_OK;
    }
    if (strcmp(second.reason, "jws-alg-not-allowed") == 0)
        return sso_err_set(err, rc, second.reason, "the token's alg is none of %s", sso_alg_set_text(pool, allowed));
    return sso_err_set(err, rc, second.reason, "%s", second.detail);
}

#define TENANT_MARK "{tenantid}"

const char *sso_verify_tenant(const sso_client_t *client, const char *iss)
{
    const char *mark = strstr(client->tenant_issuer, TENANT_MARK);
    if (mark == NULL)
        return NULL;
    apr_size_t before = (apr_size_t)(mark - client->tenant_issuer);
    for (int i = 0; i < client->tenants->nelts; i++) {
        const char *tenant = APR_ARRAY_IDX(client->tenants, i, const char *);
        apr_size_t len = strlen(tenant);
        if (strncmp(iss, client->tenant_issuer, before) == 0 && strncmp(iss + before, tenant, len) == 0 &&
            strcmp(iss + before + len, mark + sizeof(TENANT_MARK) - 1) == 0)
            return tenant;
    }
    return NULL;
}

int sso_verify_is_issuer(const sso_provider_t *provider, const sso_client_t *client, const char *iss)
{
    if (client->tenants != NULL)
        return sso_verify_tenant(client, iss) != NULL;
    if (strcmp(iss, provider->issuer) == 0)
        return 1;
    return client->preset != NULL && strcmp(client->preset, "google") == 0 &&
           strcmp(provider->issuer, "https://accounts.google.com") == 0 && strcmp(iss, "accounts.google.com") == 0;
}

sso_json_found_t sso_verify_audience(apr_pool_t *pool, const sso_json_t *claims, apr_array_header_t **ret_list)
{
    const char *one;
    if (sso_json_string(claims, "aud", &one) != SSO_JSON_FOUND)
        return sso_json_strings(pool, claims, "aud", ret_list);
    *ret_list = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(*ret_list, const char *) = one;
    return SSO_JSON_FOUND;
}

int sso_verify_is_typ(const char *typ, const char *want)
{
    static const char prefix[] = "application/";
    if (apr_cstr_casecmpn(typ, prefix, sizeof(prefix) - 1) == 0)
        typ += sizeof(prefix) - 1;
    return apr_cstr_casecmp(typ, want) == 0;
}

int sso_verify_is_id(const char *text)
{
    apr_size_t len = strlen(text);
    return len > 0 && len <= ID_MAX && !sso_text_has_control(text, len);
}

apr_time_t sso_verify_skew(const sso_client_t *client)
{
    return client->clock_skew > 0 ? apr_time_from_sec(client->clock_skew) : 0;
}

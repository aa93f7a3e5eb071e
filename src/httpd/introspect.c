/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/introspect.h"

#include "httpd/fetch.h"
#include "httpd/meta.h"
#include "httpd/req.h"
#include "oidc/introspect.h"

int mod_sso_introspect_is_on(request_rec *r, const mod_sso_provider_t *provider)
{
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    return (dir->introspect != MOD_SSO_UNSET ? dir->introspect : provider->conf->introspect) == 1;
}

sso_rc_t mod_sso_introspect(request_rec *r, const mod_sso_provider_t *p, const apr_array_header_t *audiences,
                            const char *text, sso_bearer_token_t *ret_token, int *ret_answered, sso_err_t *err)
{
    const sso_env_t env = mod_sso_req_env(r);
    const mod_sso_meta_t *meta = NULL;
    sso_token_request_t form = {NULL, NULL};
    mod_sso_fetched_t got;

    *ret_answered = 0;
    SSO_TRY(mod_sso_meta_get(r->pool, p, &meta, err));
    if (!meta->provider->introspection_endpoint)
        return sso_err_set(err, SSO_E_CONFIG, "introspect-no-endpoint",
                           "the metadata names no introspection endpoint; write SSOEndpoint introspection URL");
    sso_rc_t rc = sso_introspect_request(&env, meta->provider, &p->client, text, &form, err);
    if (rc != SSO_OK) {
        *ret_answered = rc == SSO_E_LIMIT; /* too long: the client's doing */
        return rc;
    }
    const mod_sso_fetch_t call = {.url = meta->provider->introspection_endpoint,
                                  .body = form.body,
                                  .authorization = form.authorization,
                                  .max = SSO_INTROSPECT_ANSWER_MAX};
    SSO_TRY(mod_sso_fetch(r->pool, p, &call, &got, err));
    const sso_introspect_answer_t answer = {got.status, got.content_type, got.bytes, got.len};
    const sso_bearer_expect_t expect = {.issuer = meta->provider->issuer,
                                        .audiences = audiences,
                                        .clock_skew = p->client.clock_skew,
                                        .endless = 1}; /* RFC 7662 2.2: exp is optional; we ask again anyway */
    rc = sso_introspect_read(&env, &answer, &expect, ret_token, err);
    *ret_answered = rc != SSO_E_PROVIDER;
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Introspection: which tokens it is for, what is asked, what counts as an answer. The claims of an answer pass the
 * rules of bearer tokens (bearer.c). */
#include "oidc/introspect.h"

#include <string.h>

#include "base/b64.h"
#include "base/json.h"

int sso_introspect_is_opaque(apr_pool_t *pool, const char *text)
{
    const char *dot = strchr(text, '.');
    unsigned char *header = NULL;
    apr_size_t len = 0;
    int dots = 0;

    for (const char *at = dot; at != NULL; at = strchr(at + 1, '.'))
        dots++;
    if (dots != 2 || sso_b64url_decode_pool(pool, text, (apr_size_t)(dot - text), &header, &len, NULL) != SSO_OK)
        return 1;
    /* a broken object is a broken JWS */
    return header[strspn((const char *)header, " \t\r\n")] != '{';
}

sso_rc_t sso_introspect_request(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                                const char *token, sso_token_request_t *ret_request, sso_err_t *err)
{
    const char *const pairs[] = {"token", token, "token_type_hint", "access_token", NULL};
    if (strlen(token) > SSO_INTROSPECT_TOKEN_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "bearer-too-large", "the token is longer than %d bytes",
                           SSO_INTROSPECT_TOKEN_MAX);
    return sso_token_form_request(env, provider, client, pairs, ret_request, err);
}

sso_rc_t sso_introspect_read(const sso_env_t *env, const sso_introspect_answer_t *answer,
                             const sso_bearer_expect_t *expect, sso_bearer_token_t *ret_token, sso_err_t *err)
{
    const sso_json_t *doc = NULL;
    sso_err_t why = SSO_ERR_INIT;
    int active = 0;

    /* RFC 7662 2.3: a 401 is about us, not about the token */
    if (answer->status != 200)
        return sso_err_set(err, SSO_E_PROVIDER, "introspect-refused",
                           "the introspection endpoint answered with status %d", answer->status);
    /* RFC 9701 answers are JWTs of a type of their own, for those who asked for one */
    if (!sso_token_is_json_type(answer->content_type))
        return sso_err_set(err, SSO_E_PROVIDER, "introspect-answer", "the answer is %.100s, not JSON",
                           answer->content_type);
    if (sso_json_parse_object(env->pool, answer->bytes, answer->len, SSO_INTROSPECT_ANSWER_MAX, &doc, &why) != SSO_OK)
        return sso_err_set(err, SSO_E_PROVIDER, "introspect-answer", "the answer is no JSON object: %s: %s", why.reason,
                           why.detail);
    /* RFC 7662 2.2: a boolean. "false" is true to those who only look whether there is something. */
    if (sso_json_bool(doc, "active", &active) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_PROVIDER, "introspect-answer", "\"active\" is missing or not a boolean");
    if (!active)
        return sso_err_set(err, SSO_E_DENIED, "introspect-inactive", "the provider says that the token is not active");
    return sso_bearer_check_told(env, doc, expect, ret_token, err);
}

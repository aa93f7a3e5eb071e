/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization request (OIDC Core 3.1.2.1). Every value is form-encoded exactly once (RFC 6749 appendix B), and
 * nothing secret is in it: the browser, its history and the provider's logs see this URL. */
#include "oidc/authreq.h"

#include <string.h>

#include <apr_strings.h>

#include "base/json.h"

#define REQUEST_URI_MAX 512

static const char *const reserved_names[] = {
    "response_type",         "client_id",     "redirect_uri", "scope",       "state", "nonce", "code_challenge",
    "code_challenge_method", "response_mode", "request",      "request_uri",
};

int sso_authreq_is_reserved(const char *name)
{
    for (apr_size_t i = 0; i < sizeof(reserved_names) / sizeof(reserved_names[0]); i++)
        if (strcmp(name, reserved_names[i]) == 0)
            return 1;
    return 0;
}

const char *sso_authreq_response_type(sso_response_type_t type)
{
    switch (type) {
    case SSO_RESPONSE_ID_TOKEN:
        return "id_token";
    case SSO_RESPONSE_CODE_ID_TOKEN:
        return "code id_token";
    case SSO_RESPONSE_CODE:
        break;
    }
    return "code";
}

int sso_authreq_is_posted(const sso_client_t *client)
{
    return client->response_type != SSO_RESPONSE_CODE || client->form_post;
}

static void add_pair(apr_array_header_t *pairs, const char *name, const char *value)
{
    if (value == NULL)
        return;
    APR_ARRAY_PUSH(pairs, const char *) = name;
    APR_ARRAY_PUSH(pairs, const char *) = value;
}

static int has_name(const apr_array_header_t *pairs, const char *name)
{
    for (int i = 0; i + 1 < pairs->nelts; i += 2)
        if (strcmp(APR_ARRAY_IDX(pairs, i, const char *), name) == 0)
            return 1;
    return 0;
}

static void add_own(apr_pool_t *pool, apr_array_header_t *pairs, const sso_client_t *client,
                    const sso_authreq_t *request)
{
    add_pair(pairs, "response_type", sso_authreq_response_type(client->response_type));
    add_pair(pairs, "client_id", client->client_id);
    add_pair(pairs, "redirect_uri", request->redirect_uri);
    add_pair(pairs, "scope", client->scope);
    add_pair(pairs, "state", request->state);
    add_pair(pairs, "nonce", request->secrets->nonce);
    /* Never "plain" and never left out because the metadata does not mention it: that is the downgrade of RFC 9700
     * 4.8. Without a code there is nothing to bind. */
    if (client->response_type != SSO_RESPONSE_ID_TOKEN) {
        add_pair(pairs, "code_challenge", request->secrets->challenge);
        add_pair(pairs, "code_challenge_method", "S256");
    }
    /* A token in a query or fragment would end in histories and logs (RFC 9700 4.3.2). */
    if (sso_authreq_is_posted(client))
        add_pair(pairs, "response_mode", "form_post");
    add_pair(pairs, "prompt", request->prompt);
    if (request->max_age >= 0)
        add_pair(pairs, "max_age", apr_itoa(pool, request->max_age));
    add_pair(pairs, "acr_values", request->acr_values);
    add_pair(pairs, "login_hint", request->login_hint);
}

/* The operator's own parameters; what this one request says itself (prompt=none, a step-up's max_age) is not said
 * twice. */
static sso_rc_t add_extra(apr_array_header_t *pairs, const apr_array_header_t *extra, sso_err_t *err)
{
    for (int i = 0; extra != NULL && i < extra->nelts; i++) {
        const sso_param_t *param = &APR_ARRAY_IDX(extra, i, sso_param_t);
        if (sso_authreq_is_reserved(param->name))
            return sso_err_set(err, SSO_E_CONFIG, "authreq-reserved", "the parameter %s is ours", param->name);
        if (!has_name(pairs, param->name))
            add_pair(pairs, param->name, param->value);
    }
    return SSO_OK;
}

static sso_rc_t collect(apr_pool_t *pool, const sso_client_t *client, const sso_authreq_t *request,
                        apr_array_header_t **ret_pairs, sso_err_t *err)
{
    apr_array_header_t *pairs = apr_array_make(pool, 32, sizeof(const char *));
    add_own(pool, pairs, client, request);
    SSO_TRY(add_extra(pairs, request->extra, err));
    APR_ARRAY_PUSH(pairs, const char *) = NULL;
    *ret_pairs = pairs;
    return SSO_OK;
}

static sso_rc_t make_url(apr_pool_t *pool, const sso_provider_t *provider, const char *const *pairs, char **ret_url,
                         sso_err_t *err)
{
    char *url = sso_url_add_query(pool, provider->authorization_endpoint, pairs);
    if (strlen(url) > SSO_AUTHREQ_URL_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "authreq-too-long",
                           "the authorization request has %" APR_SIZE_T_FMT " characters", strlen(url));
    *ret_url = url;
    return SSO_OK;
}

sso_rc_t sso_authreq_url(apr_pool_t *pool, const sso_provider_t *provider, const sso_client_t *client,
                         const sso_authreq_t *request, char **ret_url, sso_err_t *err)
{
    apr_array_header_t *pairs = NULL;
    SSO_TRY(collect(pool, client, request, &pairs, err));
    return make_url(pool, provider, (const char *const *)pairs->elts, ret_url, err);
}

/* ---- pushed (RFC 9126) ---- */

sso_rc_t sso_authreq_push(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                          const sso_authreq_t *request, sso_token_request_t *ret_request, sso_err_t *err)
{
    apr_array_header_t *pairs = NULL;
    /* RFC 9126 5: the provider would refuse a plain request, and less clearly than we can. */
    if (provider->par_endpoint == NULL)
        return sso_err_set(err, SSO_E_CONFIG, "authreq-par-required",
                           "the provider takes pushed authorization requests only, but names no endpoint for them");
    SSO_TRY(collect(env->pool, client, request, &pairs, err));
    /* authenticate adds it once, for the ways that need it in the body (RFC 9126 2.1 wants it there) */
    const char **list = (const char **)(void *)pairs->elts;
    int kept = 0;
    for (int i = 0; list[i] != NULL; i += 2) {
        if (strcmp(list[i], "client_id") == 0 && client->auth != SSO_CLIENT_AUTH_BASIC)
            continue;
        list[kept] = list[i];
        list[kept + 1] = list[i + 1];
        kept += 2;
    }
    list[kept] = NULL;
    return sso_token_form_request(env, provider, client, (const char *const *)list, ret_request, err);
}

/* A request_uri goes into a URL of ours, where it is encoded; what no URI could be is no answer. */
static int is_uri(const char *text)
{
    apr_size_t len = strlen(text);
    for (apr_size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return 0;
    return len > 0 && len <= REQUEST_URI_MAX && strchr(text, ':') != NULL;
}

sso_rc_t sso_authreq_pushed_url(apr_pool_t *pool, const sso_provider_t *provider, const sso_client_t *client,
                                const sso_authreq_answer_t *answer, char **ret_url, sso_err_t *err)
{
    const sso_json_t *doc = NULL;
    const char *uri = NULL, *error = "(no text)";
    sso_err_t why = SSO_ERR_INIT;
    sso_rc_t rc = sso_json_parse_object(pool, answer->bytes, answer->len, SSO_AUTHREQ_ANSWER_MAX, &doc, &why);

    /* RFC 9126 2.2 wants 201; Keycloak before version 19 and others say 200. */
    if (answer->status != 201 && answer->status != 200) {
        if (rc == SSO_OK)
            (void)sso_json_string(doc, "error", &error);
        return sso_err_set(err, SSO_E_PROVIDER, "par-refused", "the endpoint answered with status %d: %.64s",
                           answer->status, error);
    }
    if (rc != SSO_OK || !sso_token_is_json_type(answer->content_type))
        return sso_err_set(err, SSO_E_SYNTAX, "par-answer", "the answer is no JSON object");
    if (sso_json_string(doc, "request_uri", &uri) != SSO_JSON_FOUND || !is_uri(uri))
        return sso_err_set(err, SSO_E_SYNTAX, "par-answer", "the answer has no request_uri, or one that is no URI");
    const char *const pairs[] = {"client_id", client->client_id, "request_uri", uri, NULL};
    return make_url(pool, provider, pairs, ret_url, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Token endpoint: our requests and its answers. One way of client authentication per request, never two (RFC 6749 2.3),
 * and an answer is taken apart member by member: a provider that is broken or hostile fails here with a name, and what
 * passes can be put into a header as it is. */
#include "oidc/token.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "base/b64.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/url.h"
#include "jose/jws.h"

#define REQUEST_MAX (1024 * 1024)
#define EXPIRES_IN_MAX                                                                                                 \
    (APR_INT64_C(10) * 366 * 86400) /* ten years: more says nothing, and sums stay far from overflow */
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static void add_pair(apr_pool_t *pool, sso_buf_t *body, const char *name, const char *value)
{
    if (body->len > 0)
        sso_buf_addc(body, '&');
    sso_buf_adds(body, name);
    sso_buf_addc(body, '=');
    sso_buf_adds(body, sso_url_form_encode(pool, value));
}

/* RFC 6749 2.3.1: id and secret are form-encoded before they are joined, so a ':' in the id cannot move the border. */
static char *make_basic(apr_pool_t *pool, const sso_client_t *client)
{
    const char *pair = apr_pstrcat(pool, sso_url_form_encode(pool, client->client_id), ":",
                                   sso_url_form_encode(pool, client->client_secret), NULL);
    return apr_pstrcat(pool, "Basic ", sso_b64_string(pool, (const unsigned char *)pair, strlen(pair)), NULL);
}

/* The algorithm our key signs assertions with: one the provider announces where it announces any. */
static const sso_alg_t *choose_alg(const sso_jwk_t *key, sso_alg_set_t announced)
{
    static const char *const order[] = {"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448",
                                        "RS256", "PS256", "RS384", "PS384", "RS512", "PS512"};
    const sso_alg_t *first = NULL;
    for (apr_size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const sso_alg_t *alg = sso_alg_find(order[i]);
        if (alg == NULL || !sso_jwk_fits(key, alg))
            continue;
        if (announced == 0 || (announced & alg->bit))
            return alg;
        if (first == NULL)
            first = alg;
    }
    return first;
}

static char *make_assertion_claims(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                                   const char *jti)
{
    apr_int64_t now = apr_time_sec(env->now);
    int okta = client->preset != NULL && strcmp(client->preset, "okta") == 0;
    const char *aud = okta && provider->token_endpoint != NULL ? provider->token_endpoint : provider->issuer;
    const char *id = sso_text_json(env->pool, client->client_id);
    return apr_psprintf(env->pool,
                        "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"jti\":\"%s\",\"iat\":%" APR_INT64_T_FMT
                        ",\"exp\":%" APR_INT64_T_FMT "}",
                        id, id, sso_text_json(env->pool, aud), jti, now, now + SSO_TOKEN_ASSERTION_LIFETIME);
}

static sso_rc_t make_assertion(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                               char **ret_text, sso_err_t *err)
{
    unsigned char jti[16];
    const sso_jwk_t *key = client->key;
    const sso_alg_t *alg;
    const char *kid = NULL;

    if (client->auth == SSO_CLIENT_AUTH_SECRET_JWT) {
        SSO_TRY(sso_jwk_from_secret(env->pool, client->client_secret, strlen(client->client_secret), &key, err));
        alg = sso_alg_find("HS256");
    } else {
        alg = choose_alg(key, provider->token_auth_algs);
        kid = client->key_id != NULL ? client->key_id : sso_jwk_kid(key);
    }
    if (alg == NULL)
        return sso_err_set(err, SSO_E_CONFIG, "client-key-alg", "the client key fits no signature algorithm");
    SSO_TRY(sso_env_random(env, jti, sizeof(jti), err));
    const char *claims = make_assertion_claims(env, provider, client, sso_b64url_string(env->pool, jti, sizeof(jti)));
    return sso_jws_sign(env->pool, key, alg, "JWT", kid, claims, strlen(claims), ret_text, err);
}

static sso_rc_t check_credential(const sso_client_t *client, sso_err_t *err)
{
    switch (client->auth) {
    case SSO_CLIENT_AUTH_BASIC:
    case SSO_CLIENT_AUTH_POST:
    case SSO_CLIENT_AUTH_SECRET_JWT:
        if (client->client_secret == NULL || client->client_secret[0] == '\0')
            return sso_err_set(err, SSO_E_CONFIG, "client-no-secret",
                               "this way of client authentication needs a client secret");
        return SSO_OK;
    case SSO_CLIENT_AUTH_PRIVATE_KEY_JWT:
        if (client->key == NULL)
            return sso_err_set(err, SSO_E_CONFIG, "client-no-key", "private_key_jwt needs a client key");
        return SSO_OK;
    case SSO_CLIENT_AUTH_NONE:
    case SSO_CLIENT_AUTH_TLS:
    case SSO_CLIENT_AUTH_SELF_SIGNED_TLS:
        return SSO_OK;
    }
    return sso_err_set(err, SSO_E_INTERNAL, "internal", "unknown client authentication %d", (int)client->auth);
}

/* Appends the client's authentication and finishes the request. */
static sso_rc_t authenticate(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                             sso_buf_t *body, sso_token_request_t *ret_request, sso_err_t *err)
{
    sso_token_request_t request = {NULL, NULL};

    SSO_TRY(check_credential(client, err));
    /* With Basic the id stands in the header only; everywhere else the body names the client (RFC 6749 3.2.1, RFC 8705
     * 2; optional but allowed beside an assertion, RFC 7521 4.2). */
    if (client->auth == SSO_CLIENT_AUTH_BASIC)
        request.authorization = make_basic(env->pool, client);
    else
        add_pair(env->pool, body, "client_id", client->client_id);
    if (client->auth == SSO_CLIENT_AUTH_POST)
        add_pair(env->pool, body, "client_secret", client->client_secret);
    if (client->auth == SSO_CLIENT_AUTH_SECRET_JWT || client->auth == SSO_CLIENT_AUTH_PRIVATE_KEY_JWT) {
        char *assertion;
        SSO_TRY(make_assertion(env, provider, client, &assertion, err));
        add_pair(env->pool, body, "client_assertion_type", ASSERTION_TYPE);
        add_pair(env->pool, body, "client_assertion", assertion);
    }
    SSO_TRY(sso_buf_check(body, "token-request-too-large", err));
    request.body = (const char *)body->data;
    *ret_request = request;
    return SSO_OK;
}

sso_rc_t sso_token_form_request(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                                const char *const *pairs, sso_token_request_t *ret_request, sso_err_t *err)
{
    sso_buf_t body;
    sso_buf_init(&body, env->pool, 2048, REQUEST_MAX);
    for (; pairs[0] != NULL; pairs += 2)
        add_pair(env->pool, &body, pairs[0], pairs[1]);
    return authenticate(env, provider, client, &body, ret_request, err);
}

sso_rc_t sso_token_code_request(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                                const char *code, const char *redirect_uri, const char *verifier,
                                sso_token_request_t *ret_request, sso_err_t *err)
{
    const char *const pairs[] = {"grant_type",   "authorization_code", "code",          code,
                                 "redirect_uri", redirect_uri,         "code_verifier", verifier,
                                 NULL};
    return sso_token_form_request(env, provider, client, pairs, ret_request, err);
}

sso_rc_t sso_token_refresh_request(const sso_env_t *env, const sso_provider_t *provider, const sso_client_t *client,
                                   const char *refresh_token, sso_token_request_t *ret_request, sso_err_t *err)
{
    const char *const pairs[] = {"grant_type", "refresh_token", "refresh_token", refresh_token, NULL};
    return sso_token_form_request(env, provider, client, pairs, ret_request, err);
}

/* ---- answers ---- */

/* RFC 6749 5.2, RFC 9449 5 and 8, RFC 8707, and what providers borrow from the authorization endpoint. */
static const struct {
    const char *error;
    const char *reason;
} token_errors[] = {
    {"invalid_request", "token-invalid-request"},
    {"invalid_client", "token-invalid-client"},
    {"invalid_grant", "token-invalid-grant"},
    {"unauthorized_client", "token-unauthorized-client"},
    {"unsupported_grant_type", "token-unsupported-grant-type"},
    {"invalid_scope", "token-invalid-scope"},
    {"invalid_target", "token-invalid-target"},
    {"invalid_dpop_proof", "token-invalid-dpop-proof"},
    {"use_dpop_nonce", "token-use-dpop-nonce"},
    {"access_denied", "token-access-denied"},
    {"interaction_required", "token-interaction-required"},
    {"server_error", "token-server-error"},
    {"temporarily_unavailable", "token-temporarily-unavailable"},
};

int sso_token_is_json_type(const char *content_type)
{
    static const char prefix[] = "application/", suffix[] = "+json";
    char type[64];
    apr_size_t len = strcspn(content_type, "; \t");

    if (len >= sizeof(type))
        return 0;
    apr_cpystrn(type, content_type, len + 1);
    if (apr_cstr_casecmp(type, "application/json") == 0 || apr_cstr_casecmp(type, "text/json") == 0)
        return 1;
    return len > sizeof(prefix) + sizeof(suffix) && apr_cstr_casecmpn(type, prefix, sizeof(prefix) - 1) == 0 &&
           apr_cstr_casecmp(type + len - (sizeof(suffix) - 1), suffix) == 0;
}

/* Does the answer say that something went wrong? Absent, null, false and "" do not; an object or a number does, though
 * no standard knows it: tokens beside an error are none. */
static int has_error(const sso_json_t *doc)
{
    const sso_json_t *node = sso_json_member(doc, "error");
    if (node == NULL || sso_json_type(node) == SSO_JSON_NULL)
        return 0;
    if (sso_json_type(node) == SSO_JSON_BOOL)
        return sso_json_node_bool(node);
    return sso_json_type(node) != SSO_JSON_STRING || sso_json_node_string(node)[0] != '\0';
}

static sso_rc_t fail_with_error(const sso_json_t *doc, sso_err_t *err)
{
    const char *error = "(no text)";
    const char *reason = "token-error";
    const char *description = "(no description)";
    (void)sso_json_string(doc, "error", &error);
    for (apr_size_t i = 0; i < sizeof(token_errors) / sizeof(token_errors[0]); i++)
        if (strcmp(error, token_errors[i].error) == 0)
            reason = token_errors[i].reason;
    (void)sso_json_string(doc, "error_description", &description);
    return sso_err_set(err, SSO_E_PROVIDER, reason, "the token endpoint answered %.64s: %.200s", error, description);
}

/* A string, or NULL where the member is absent or null. Tokens end up in headers and forms: visible ASCII only (RFC
 * 6749 appendix A.12, A.17), so no answer can smuggle a line into a request of ours. */
static sso_rc_t read_token(const sso_json_t *doc, const char *name, const char **ret_token, sso_err_t *err)
{
    const sso_json_t *node = sso_json_member(doc, name);
    if (node == NULL || sso_json_type(node) == SSO_JSON_NULL)
        return SSO_OK;
    if (sso_json_type(node) != SSO_JSON_STRING)
        return sso_err_set(err, SSO_E_SYNTAX, "token-member-type", "%s is not a string", name);
    const char *text = sso_json_node_string(node), *c = text, *end = text + strlen(text);
    for (; (c += sso_text_plain_len(c, (apr_size_t)(end - c), 0x21)) < end; c++)
        if (*c != '"' && *c != '\\')
            return sso_err_set(err, SSO_E_SYNTAX, "token-characters", "%s holds blanks, controls or 8-bit bytes", name);
    if (text[0] != '\0')
        *ret_token = text;
    return SSO_OK;
}

/* Never a reason to fail a login: numbers, whole or not, and numbers in a string (old Entra) are taken, the rest is
 * "not said". */
static apr_int64_t read_expires_in(const sso_json_t *doc)
{
    const sso_json_t *node = sso_json_member(doc, "expires_in");
    apr_int64_t seconds = -1;
    double real;

    if (node == NULL)
        return -1;
    switch (sso_json_type(node)) {
    case SSO_JSON_INT:
        seconds = sso_json_node_int(node);
        break;
    case SSO_JSON_REAL:
        real = sso_json_node_real(node);
        if (real >= 1 && real <= (double)EXPIRES_IN_MAX)
            seconds = (apr_int64_t)real;
        break;
    case SSO_JSON_STRING:
        if (sso_text_int(sso_json_node_string(node), 1, EXPIRES_IN_MAX, &seconds, NULL) != SSO_OK)
            seconds = -1;
        break;
    case SSO_JSON_NULL:
    case SSO_JSON_BOOL:
    case SSO_JSON_ARRAY:
    case SSO_JSON_OBJECT:
        break;
    }
    return seconds >= 1 && seconds <= EXPIRES_IN_MAX ? seconds : -1;
}

static sso_rc_t read_tokens(const sso_json_t *doc, int need_id_token, sso_tokens_t *tokens, sso_err_t *err)
{
    const char *type;
    const sso_json_t *node;

    SSO_TRY(read_token(doc, "access_token", &tokens->access_token, err));
    if (tokens->access_token == NULL)
        return sso_err_set(err, SSO_E_ABSENT, "token-no-access-token", "the answer has no access token");
    /* RFC 6749 7.1: a token of a type we do not understand must not be used. */
    if (sso_json_string(doc, "token_type", &type) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_ABSENT, "token-type", "the answer has no token_type");
    if (apr_cstr_casecmp(type, "bearer") != 0)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "token-type", "token_type is %.64s, not Bearer", type);
    SSO_TRY(read_token(doc, "id_token", &tokens->id_token, err));
    if (tokens->id_token == NULL && need_id_token)
        return sso_err_set(err, SSO_E_ABSENT, "token-no-id-token",
                           "the answer has no ID token (is the scope openid asked for?)");
    SSO_TRY(read_token(doc, "refresh_token", &tokens->refresh_token, err));
    node = sso_json_member(doc, "scope");
    if (node != NULL && sso_json_type(node) == SSO_JSON_STRING)
        tokens->scope = sso_json_node_string(node);
    tokens->expires_in = read_expires_in(doc);
    return SSO_OK;
}

sso_rc_t sso_token_parse(apr_pool_t *pool, int status, const char *content_type, const char *bytes, apr_size_t len,
                         int need_id_token, sso_tokens_t *ret_tokens, sso_err_t *err)
{
    const sso_json_t *doc = NULL;
    sso_tokens_t tokens = {NULL, NULL, NULL, NULL, -1};
    sso_err_t cause = SSO_ERR_INIT;
    sso_rc_t rc = sso_json_parse_object(pool, bytes, len, SSO_TOKEN_RESPONSE_MAX, &doc, &cause);

    /* Some providers answer 200 with an error object. */
    if (rc == SSO_OK && has_error(doc))
        return fail_with_error(doc, err);
    if (status != 200)
        return sso_err_set(err, SSO_E_PROVIDER, "token-status", "the token endpoint answered with status %d", status);
    if (content_type != NULL && content_type[0] != '\0' && !sso_token_is_json_type(content_type))
        return sso_err_set(err, SSO_E_SYNTAX, "token-content-type", "the answer is %.100s, not JSON", content_type);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "token-json", "the answer is no JSON object (%s): %s", cause.reason, cause.detail);
    SSO_TRY(read_tokens(doc, need_id_token, &tokens, err));
    *ret_tokens = tokens;
    return SSO_OK;
}

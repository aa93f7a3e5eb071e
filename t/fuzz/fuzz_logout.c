/* SPDX-License-Identifier: Apache-2.0 */
/* Logout tokens, and the URL of a logout at the provider. First byte as in fuzz_idtoken.c, or 'u': the rest is the
 * end-session endpoint, and what we put into it does not change where it leads. */
#include "base/url.h"
#include "fuzz.h"
#include "fuzz_browser.h"
#include "fuzz_tokens.h"
#include "oidc/logout.h"

static const char *const payloads[] = {
    "{\"iss\":\"https://op.example\",\"aud\":\"s6BhdRkqt3\",\"iat\":1767225598,\"exp\":1767225700,\"jti\":\"bWJq\","
    "\"sid\":\"s-1\",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}}",
};

static void check_accepted(const sso_logout_token_t *token)
{
    fuzz_check(token->sub != NULL || token->sid != NULL);
    fuzz_check(token->sub == NULL || (*token->sub != '\0' && strlen(token->sub) <= 255));
    fuzz_check(token->sid == NULL || (*token->sid != '\0' && strlen(token->sid) <= 255));
    fuzz_check(token->jti != NULL && *token->jti != '\0');
    fuzz_check(token->iat <= FUZZ_NOW + apr_time_from_sec(10) && token->exp > FUZZ_NOW - apr_time_from_sec(10));
}

static void check_token(unsigned kind, const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    sso_logout_token_t token = {.sub = "untouched"};
    unsigned char key[16];
    int raw = kind < '0' || kind >= '0' + SIGNERS;
    char *text = raw ? fuzz_text(data, size) : tokens_sign(kind - '0', "logout+jwt", fuzz_bytes(data, size), size);

    if (!fuzz_ok(sso_logout_token_verify(&env, text, &tokens_provider, &tokens_client, tokens_jwks, &token, &err),
                 &err)) {
        fuzz_check(strcmp(token.sub, "untouched") == 0);
        return;
    }
    if (raw)
        fuzz_check(tokens_is_known(text, payloads, sizeof(payloads) / sizeof(payloads[0]), "logout+jwt"));
    else
        fuzz_check(kind - '0' < SIGNERS_GENUINE);
    check_accepted(&token);
    fuzz_check(sso_logout_key(TOKENS_ISSUER, TOKENS_CLIENT, token.sid ? "sid" : "sub",
                              token.sid ? token.sid : token.sub, key, NULL) == SSO_OK);
}

static void check_url(const uint8_t *data, size_t size)
{
    static const browser_t nowhere = {"https", "nowhere.example", 443, "/"};
    sso_provider_t provider = tokens_provider;
    sso_url_t parts;
    char *endpoint = fuzz_text(data, size);
    char *naked = apr_pstrdup(fuzz_pool, endpoint);
    for (char *p = naked; *p != '\0'; p++)
        *p = *p == '{' || *p == '}' ? '_' : *p;
    if (sso_url_parse(fuzz_pool, naked, &parts, NULL) != SSO_OK)
        return;
    provider.end_session_endpoint = endpoint;
    const char *url = sso_logout_url(fuzz_pool, &provider, &tokens_client, "a.b.c", "https://site.example/?a=b&c#d",
                                     "st{id_token}ate");
    browser_t where = browser_resolve(url, &nowhere);
    fuzz_check(strstr(url, "site.example/") == NULL || strstr(endpoint, "site.example/") != NULL);
    if (strchr(parts.host, '_') == NULL)
        fuzz_check(strcmp(where.scheme, parts.scheme) == 0 && strcmp(where.host, parts.host) == 0 &&
                   where.port == parts.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    fuzz_begin(tokens_setup);
    unsigned kind = fuzz_choice(&data, &size);
    if (kind == 'u')
        check_url(data, size);
    else
        check_token(kind, data, size);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens. First byte as in fuzz_idtoken.c, of type at+jwt, or 'A' to 'H' for the same signers without a type (no
 * MAC counts), or 'h': the rest is an Authorization header, up to a line's end, and a query string. */
#include "fuzz.h"
#include "fuzz_tokens.h"
#include "oidc/bearer.h"

static const char *const payloads[] = {
    "{\"iss\":\"https://op.example\",\"sub\":\"user-1\",\"aud\":\"api\",\"client_id\":\"cli\",\"iat\":1767225598,"
    "\"exp\":1767226200,\"scope\":\"read write\"}",
};

static void check_header(const uint8_t *data, size_t size)
{
    const char *value = fuzz_until(&data, &size, '\n'), *token = NULL;
    const char *query = fuzz_text(data, size);
    if (sso_bearer_read_header(value, &token) == SSO_BEARER_TOKEN) {
        fuzz_check(token > value && token < value + strlen(value));
        fuzz_check(*token != '\0' && token[strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                                         "-._~+/=")] == '\0');
        fuzz_check(!sso_bearer_is_several(value));
    } else {
        fuzz_check(token == NULL);
    }
    (void)sso_bearer_is_in_query(query);
}

static void check_accepted(const sso_bearer_token_t *token, int typed, int endless)
{
    const sso_claims_t *claims = NULL;
    sso_err_t err = SSO_ERR_INIT;
    fuzz_check(tokens_claim_has(token->claims, "iss", TOKENS_ISSUER));
    fuzz_check(tokens_claim_has(token->claims, "aud", "api"));
    fuzz_check(sso_json_member(token->claims, "exp") ? tokens_claim_time(token->claims, "exp") > TOKENS_NOW - 10 : endless);
    fuzz_check(sso_json_member(token->claims, "nbf") == NULL ||
               tokens_claim_time(token->claims, "nbf") <= TOKENS_NOW + 10);
    fuzz_check(sso_json_member(token->claims, "cnf") == NULL);
    fuzz_check(typed || sso_json_member(token->claims, "nonce") == NULL);
    fuzz_check(token->sub != NULL ? tokens_claim_has(token->claims, "sub", token->sub) : token->client_id != NULL);
    (void)fuzz_ok(sso_bearer_claims(fuzz_pool, token, &claims, &err), &err);
}

static void check_token(unsigned kind, const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    sso_bearer_parsed_t parsed = {.issuer = "untouched"};
    sso_bearer_token_t token = {.sub = "untouched"};
    apr_array_header_t *audiences = apr_array_make(fuzz_pool, 1, sizeof(const char *));
    sso_bearer_expect_t expect = {TOKENS_ISSUER, audiences, tokens_client.algs, tokens_jwks, 10, size & 1};
    int untyped = kind >= 'A' && kind < 'A' + SIGNERS, typed = kind >= '0' && kind < '0' + SIGNERS;
    unsigned who = untyped ? kind - 'A' : kind - '0';
    char *text = typed || untyped ? tokens_sign(who, typed ? "at+jwt" : NULL, fuzz_bytes(data, size), size)
                                  : fuzz_text(data, size);

    APR_ARRAY_PUSH(audiences, const char *) = "api";
    if (!fuzz_ok(sso_bearer_parse(fuzz_pool, text, &parsed, &err), &err)) {
        fuzz_check(strcmp(parsed.issuer, "untouched") == 0);
        return;
    }
    if (!fuzz_ok(sso_bearer_verify(&env, &parsed, &expect, &token, &err), &err)) {
        fuzz_check(strcmp(token.sub, "untouched") == 0);
        return;
    }
    if (!typed && !untyped)
        fuzz_check(tokens_is_known(text, payloads, sizeof(payloads) / sizeof(payloads[0]), "at+jwt"));
    else
        fuzz_check(who < SIGNERS_GENUINE && who != SIGN_HS256);
    check_accepted(&token, !untyped, expect.endless);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    fuzz_begin(tokens_setup);
    unsigned kind = fuzz_choice(&data, &size);
    if (kind == 'h')
        check_header(data, size);
    else
        check_token(kind, data, size);
    fuzz_end();
    return 0;
}

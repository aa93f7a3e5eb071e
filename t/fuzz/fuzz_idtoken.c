/* SPDX-License-Identifier: Apache-2.0 */
/* ID Tokens. First byte: who signs the rest as claims, '0' to '7' (fuzz_tokens.h), or 'r': the rest is a whole token,
 * and nothing verifies that was not signed. Second byte: what the login expects. What is accepted is checked again. */
#include "fuzz.h"
#include "fuzz_tokens.h"
#include "oidc/idtoken.h"

enum { EXPECT_FRONT = 1, EXPECT_DEMAND = 2, EXPECT_REFRESH = 4, EXPECT_HASHES = 8 };

static const char *const payloads[] = {
    "{\"iss\":\"https://op.example\",\"sub\":\"user-1\",\"aud\":\"s6BhdRkqt3\",\"nonce\":\"n-0S6_WzA2Mj\","
    "\"iat\":1767225598,\"exp\":1767226200}",
};

static sso_idtoken_expect_t make_expectation(unsigned how)
{
    static sso_auth_demand_t demand = {.max_age = 300};
    apr_array_header_t *others = apr_array_make(fuzz_pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(others, const char *) = "x";
    tokens_client.audiences = others;
    sso_idtoken_expect_t expect = {.provider = &tokens_provider, .client = &tokens_client, .keys = tokens_jwks,
                                   .nonce = TOKENS_NONCE};
    if (how & EXPECT_FRONT)
        expect.front_channel = 1;
    if (how & EXPECT_DEMAND) {
        apr_array_header_t *acrs = apr_array_make(fuzz_pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH(acrs, const char *) = "phr";
        demand.acrs = acrs;
        expect.demand = &demand;
    }
    if (how & EXPECT_REFRESH) {
        expect.nonce = NULL;
        expect.old_nonce = TOKENS_NONCE;
        expect.sub = "user-1";
    }
    if (how & EXPECT_HASHES) {
        expect.access_token = "access";
        expect.code = "code";
    }
    return expect;
}

/* Nobody but us and the trusted "x"; with "x" the token says that it was issued to us. */
static void check_audience(const sso_json_t *claims)
{
    const sso_json_t *aud = sso_json_member(claims, "aud");
    if (sso_json_type(aud) != SSO_JSON_ARRAY)
        return;
    for (apr_size_t i = 0; i < sso_json_size(aud); i++) {
        const char *one = sso_json_node_string(sso_json_at(aud, i));
        fuzz_check(strcmp(one, TOKENS_CLIENT) == 0 || strcmp(one, "x") == 0);
        fuzz_check(strcmp(one, TOKENS_CLIENT) == 0 || tokens_claim_has(claims, "azp", TOKENS_CLIENT));
    }
}

/* Once more, with the naked eye. */
static void check_accepted(const sso_idtoken_t *token, unsigned how)
{
    double exp = tokens_claim_time(token->claims, "exp"), iat = tokens_claim_time(token->claims, "iat");
    double auth_time = tokens_claim_time(token->claims, "auth_time");
    fuzz_check(tokens_claim_has(token->claims, "iss", TOKENS_ISSUER));
    fuzz_check(tokens_claim_has(token->claims, "aud", TOKENS_CLIENT));
    check_audience(token->claims);
    fuzz_check(exp > TOKENS_NOW - 10 && iat >= 0 && iat <= TOKENS_NOW + 10);
    fuzz_check(token->sub != NULL && *token->sub != '\0' && strlen(token->sub) <= 255);
    fuzz_check(tokens_claim_has(token->claims, "sub", token->sub));
    if (!(how & EXPECT_REFRESH) || sso_json_member(token->claims, "nonce") != NULL)
        fuzz_check(tokens_claim_has(token->claims, "nonce", TOKENS_NONCE));
    if (how & EXPECT_REFRESH)
        fuzz_check(strcmp(token->sub, "user-1") == 0);
    if (how & EXPECT_DEMAND)
        fuzz_check(auth_time >= TOKENS_NOW - 310 && auth_time <= TOKENS_NOW + 10 &&
                   tokens_claim_has(token->claims, "acr", "phr"));
    if (how & EXPECT_FRONT)
        fuzz_check(iat >= TOKENS_NOW - 910);
    if ((how & EXPECT_FRONT) && (how & EXPECT_HASHES))
        fuzz_check(sso_json_member(token->claims, "c_hash") != NULL);
    if (sso_json_member(token->claims, "nbf") != NULL)
        fuzz_check(tokens_claim_time(token->claims, "nbf") <= TOKENS_NOW + 10);
    if (sso_json_member(token->claims, "azp") != NULL)
        fuzz_check(tokens_claim_has(token->claims, "azp", TOKENS_CLIENT));
}

static void check_token(unsigned kind, unsigned how, const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    sso_idtoken_expect_t expect = make_expectation(how);
    sso_idtoken_t token = {.sub = "untouched"};
    int raw = kind < '0' || kind >= '0' + SIGNERS;
    char *text = raw ? fuzz_text(data, size) : tokens_sign(kind - '0', NULL, fuzz_bytes(data, size), size);

    if (!fuzz_ok(sso_idtoken_verify(&env, text, &expect, &token, &err), &err)) {
        fuzz_check(strcmp(token.sub, "untouched") == 0);
        return;
    }
    if (raw)
        fuzz_check(tokens_is_known(text, payloads, sizeof(payloads) / sizeof(payloads[0]), NULL));
    else
        fuzz_check(kind - '0' < SIGNERS_GENUINE);
    check_accepted(&token, how);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    fuzz_begin(tokens_setup);
    unsigned kind = fuzz_choice(&data, &size);
    unsigned how = fuzz_choice(&data, &size);
    check_token(kind, how, data, size);
    fuzz_end();
    return 0;
}

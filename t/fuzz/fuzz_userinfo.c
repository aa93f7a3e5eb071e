/* SPDX-License-Identifier: Apache-2.0 */
/* UserInfo answers. First byte as in fuzz_idtoken.c (then the answer is a JWT), or 'j': JSON, 'x': of a type that the
 * input names up to the first line's end. What is accepted is about the person asked for. */
#include "fuzz.h"
#include "fuzz_tokens.h"
#include "oidc/userinfo.h"

static const char *const payloads[] = {
    "{\"sub\":\"user-1\",\"email\":\"a@example.com\"}",
};

static void check_answer(unsigned kind, const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *claims = NULL;
    int is_signed = kind >= '0' && kind < '0' + SIGNERS;
    const char *type = kind == 'j' ? "application/json;charset=UTF-8" : "application/jwt";
    const char *text;

    if (kind == 'x')
        type = fuzz_until(&data, &size, '\n');
    text = (const char *)fuzz_bytes(data, size);
    if (is_signed) {
        text = tokens_sign(kind - '0', NULL, text, size);
        size = strlen(text);
    }
    if (!fuzz_ok(sso_userinfo_parse(&env, 200, type, text, size, "user-1", &tokens_provider, &tokens_client,
                                    tokens_jwks, &claims, &err),
                 &err)) {
        fuzz_check(claims == NULL);
        return;
    }
    fuzz_check(sso_json_type(claims) == SSO_JSON_OBJECT && tokens_claim_has(claims, "sub", "user-1"));
    if (is_signed) {
        fuzz_check(kind - '0' < SIGNERS_GENUINE);
        fuzz_check(sso_json_member(claims, "aud") == NULL || tokens_claim_has(claims, "aud", TOKENS_CLIENT));
        fuzz_check(sso_json_member(claims, "iss") == NULL || tokens_claim_has(claims, "iss", TOKENS_ISSUER));
        fuzz_check(sso_json_member(claims, "exp") == NULL ||
                   tokens_claim_time(claims, "exp") > TOKENS_NOW - 10);
    } else if (size > 0 && *text != '{' && kind != 'j' && memchr(text, '{', size) == NULL) {
        fuzz_check(tokens_is_known(apr_pstrmemdup(fuzz_pool, text, size), payloads, 1, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    fuzz_begin(tokens_setup);
    unsigned kind = fuzz_choice(&data, &size);
    check_answer(kind, data, size);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the token endpoint. First byte: bit 0 an ID Token is needed, bits 1-2 the status; content type up to the
 * first line's end. What is accepted can be sent on in a header. */
#include "fuzz.h"
#include "oidc/token.h"

static void check_sendable(const char *token)
{
    for (const char *p = token; p != NULL && *p != '\0'; p++)
        fuzz_check(*p >= 0x20 && *p < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 401, 503};
    sso_err_t err = SSO_ERR_INIT;
    sso_tokens_t tokens = {.scope = "untouched"};
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    unsigned choice = fuzz_choice(&data, &size);
    const char *type = fuzz_until(&data, &size, '\n');
    const char *bytes = (const char *)fuzz_bytes(data, size);
    int status = statuses[(choice >> 1) & 3], need = (int)(choice & 1);
    if (fuzz_ok(sso_token_parse(fuzz_pool, status, *type != '\0' ? type : NULL, bytes, size, need, &tokens, &err),
                &err)) {
        fuzz_check(status == 200);
        fuzz_check(!need || (tokens.id_token != NULL && *tokens.id_token != '\0'));
        fuzz_check(tokens.access_token != NULL && *tokens.access_token != '\0');
        fuzz_check(tokens.expires_in == -1 || tokens.expires_in > 0);
        fuzz_check(*type == '\0' || sso_token_is_json_type(type));
        check_sendable(tokens.id_token);
        check_sendable(tokens.access_token);
        check_sendable(tokens.refresh_token);
    } else {
        fuzz_check(strcmp(tokens.scope, "untouched") == 0);
    }
    fuzz_end();
    return 0;
}

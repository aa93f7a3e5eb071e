/* SPDX-License-Identifier: Apache-2.0 */
/* JWE. First byte: which of our keys, '0' to '3'; the rest is a token. Nothing decrypts but the tokens of t/vectors,
 * character for character. */
#include "../jose-tool.h"
#include "fuzz.h"

static const char *const folders[] = {
    "interop-rsa-oaep-256", "interop-ecdh-es-p256", "interop-ecdh-es-p384", "interop-ecdh-es-p521",
    "interop-rsa-oaep-a128cbc-hs256", "interop-rsa-oaep-a128gcm", "interop-rsa-oaep-a192cbc-hs384",
    "interop-rsa-oaep-a192gcm", "interop-rsa-oaep-a256cbc-hs512", "interop-rsa-oaep-a256gcm",
    "interop-ecdh-es-a128kw", "interop-ecdh-es-a192kw", "interop-ecdh-es-a256kw"};
#define KEYS 4
#define TOKENS (sizeof(folders) / sizeof(folders[0]))

static const sso_jwk_t *keys[KEYS];
static const char *tokens[TOKENS];

static const char *read_vector(const char *folder, const char *name)
{
    const char *text = NULL;
    const char *path = apr_pstrcat(fuzz_pool, SSO_SRCDIR "/t/vectors/jose/", folder, "/", name, NULL);
    fuzz_check(tool_read_token(fuzz_pool, path, &text, NULL) == SSO_OK);
    return text;
}

static void setup(void)
{
    for (size_t i = 0; i < TOKENS; i++)
        tokens[i] = read_vector(folders[i], "token.txt");
    for (size_t i = 0; i < KEYS; i++) {
        const char *text = read_vector(folders[i], "key.json");
        const sso_json_t *object = NULL;
        fuzz_check(sso_json_parse_object(fuzz_pool, text, strlen(text), 65536, &object, NULL) == SSO_OK);
        fuzz_check(sso_jwk_from_json(fuzz_pool, object, SSO_JWK_FOR_OURSELVES, &keys[i], NULL) == SSO_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *plain = NULL;
    apr_size_t len = 0;
    int known = 0;
    if (size > 16384)
        return 0;
    fuzz_begin(setup);
    unsigned which = fuzz_choice(&data, &size) % KEYS;
    const char *text = fuzz_text(data, size);
    for (size_t i = 0; i < TOKENS; i++)
        known |= strcmp(tokens[i], text) == 0;
    if (fuzz_ok(sso_jwe_decrypt(fuzz_pool, text, keys[which], &plain, &len, &err), &err))
        fuzz_check(known && plain[len] == '\0' && len > 0);
    else
        fuzz_check(plain == NULL);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* jose-decrypt KEYFILE TOKENFILE: decrypts a compact JWE as the module does, for tests against other implementations.
 *   KEYFILE    a private JWK, a set of them (the first that fits), or a PEM key
 *   TOKENFILE  the token; one line end at its end is not part of it
 * Prints the plain text as it is or, on stderr, "reason=SLUG: detail". Exits 0 when it was decrypted, 1 when the token
 * or the key is refused, 2 for a wrong call or a file that cannot be opened. */
#include "jose-tool.h"

static sso_rc_t decrypt(apr_pool_t *pool, char **args, sso_err_t *err)
{
    const char *key_text = NULL, *token = NULL, *plain = NULL;
    apr_size_t len = 0, plain_len = 0;
    apr_array_header_t *keys = NULL;
    SSO_TRY(tool_read(pool, args[0], &key_text, &len, err));
    SSO_TRY(tool_read_token(pool, args[1], &token, err));
    SSO_TRY(tool_decrypt_keys(pool, key_text, len, &keys, err));
    SSO_TRY(tool_decrypt(pool, keys, token, &plain, &plain_len, err));
    fwrite(plain, 1, plain_len, stdout);
    return SSO_OK;
}

int main(int argc, char **argv)
{
    return tool_main(argc, argv, 2, "usage: jose-decrypt KEYFILE TOKENFILE\n", decrypt, stderr);
}

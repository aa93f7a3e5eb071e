/* SPDX-License-Identifier: Apache-2.0 */
/* jose-decrypt KEYFILE TOKENFILE: decrypts a compact JWE with a private JWK, the first fitting one of a JWK set, or a
 * PEM key, for tests against other implementations. Prints the plain text or, on stderr, "reason=SLUG: detail"; exits
 * 0, 1, or 2 for wrong usage. */
#include <stdio.h>
#include <string.h>

#include <apr_general.h>

#include "jose-tool.h"

static sso_rc_t decrypt(apr_pool_t *pool, const char *key_path, const char *token_path, sso_err_t *err)
{
    const char *key_text, *token, *plain = NULL;
    apr_size_t len, plain_len = 0;
    SSO_TRY(tool_read(pool, key_path, &key_text, &len, err));
    SSO_TRY(tool_read(pool, token_path, &token, NULL, err));
    SSO_TRY(tool_decrypt(pool, key_text, len, token, &plain, &plain_len, err));
    fwrite(plain, 1, plain_len, stdout);
    return SSO_OK;
}

int main(int argc, char **argv)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_pool_t *pool;
    if (argc != 3) {
        fputs("usage: jose-decrypt KEYFILE TOKENFILE\n", stderr);
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 2;
    sso_rc_t rc = decrypt(pool, argv[1], argv[2], &err);
    if (rc != SSO_OK)
        fprintf(stderr, "reason=%s: %s\n", err.reason, err.detail);
    apr_pool_destroy(pool);
    apr_terminate();
    return rc == SSO_OK ? 0 : 1;
}

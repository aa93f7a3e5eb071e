/* SPDX-License-Identifier: Apache-2.0 */
/* jose-verify KEYFILE TOKENFILE ALGS: verifies a compact JWS with a JWK or JWK set, for tests against other
 * implementations. Prints "ok" or "reason=SLUG: detail"; exits 0, 1, or 2 for wrong usage. */
#include <stdio.h>
#include <string.h>

#include <apr_general.h>

#include "jose-tool.h"

static sso_rc_t verify(apr_pool_t *pool, const char *key_path, const char *token_path, const char *algs, sso_err_t *err)
{
    const char *keys_text, *token;
    apr_size_t len;
    const sso_jwks_t *keys = NULL;
    sso_alg_set_t allowed = 0;
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    SSO_TRY(tool_read(pool, key_path, &keys_text, &len, err));
    SSO_TRY(tool_read(pool, token_path, &token, NULL, err));
    SSO_TRY(sso_alg_set_parse(pool, algs, &allowed, err));
    SSO_TRY(tool_verify_keys(pool, keys_text, len, &keys, err));
    SSO_TRY(sso_jws_parse(pool, token, &parsed, err));
    return sso_jws_verify(pool, &parsed, keys, allowed, &jws, err);
}

int main(int argc, char **argv)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_pool_t *pool;
    if (argc != 4) {
        fputs("usage: jose-verify KEYFILE TOKENFILE ALGS\n", stderr);
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 2;
    sso_rc_t rc = verify(pool, argv[1], argv[2], argv[3], &err);
    if (rc == SSO_OK)
        puts("ok");
    else
        printf("reason=%s: %s\n", err.reason, err.detail);
    apr_pool_destroy(pool);
    apr_terminate();
    return rc == SSO_OK ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* jose-verify KEYFILE TOKENFILE ALGS: verifies a compact JWS as the module does, for tests against other
 * implementations.
 *   KEYFILE    one JWK (public, private or a secret), a JWK set as a provider publishes it (private and symmetric
 *              members are left out; a set of secrets only is taken as ours), or a PEM key
 *   TOKENFILE  the token; one line end at its end is not part of it
 *   ALGS       the algorithms that are accepted: "RS256,ES256", "RS256 ES256" or a JSON array
 * Prints "ok" or "reason=SLUG: detail". Exits 0 when the signature verifies, 1 when the token, the keys or the list are
 * refused, 2 for a wrong call or a file that cannot be opened. */
#include "jose-tool.h"

static sso_rc_t verify(apr_pool_t *pool, char **args, sso_err_t *err)
{
    const char *keys_text = NULL, *token = NULL;
    apr_size_t len = 0;
    const sso_jwks_t *keys = NULL;
    sso_jws_t jws;
    SSO_TRY(tool_read(pool, args[0], &keys_text, &len, err));
    SSO_TRY(tool_read_token(pool, args[1], &token, err));
    SSO_TRY(tool_verify_keys(pool, keys_text, len, &keys, err));
    SSO_TRY(tool_verify(pool, keys, token, args[2], &jws, err));
    puts("ok");
    return SSO_OK;
}

int main(int argc, char **argv)
{
    return tool_main(argc, argv, 3, "usage: jose-verify KEYFILE TOKENFILE ALGS\n", verify, stdout);
}

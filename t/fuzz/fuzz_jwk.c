/* SPDX-License-Identifier: Apache-2.0 */
/* Keys. First byte 'p': the rest is PEM; else a JWK. A key that is taken fits algorithms of its own type only, and its
 * public half reads back as the same key. */
#include "base/json.h"
#include "fuzz.h"
#include "jose/alg.h"
#include "jose/jwk.h"

static const char *const names[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                    "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"};

static void check_public(const sso_jwk_t *key)
{
    const sso_json_t *object = NULL;
    const sso_jwk_t *again = NULL;
    char *text, *print, *print_again;
    sso_err_t err = SSO_ERR_INIT;

    if (!fuzz_ok(sso_jwk_public_text(fuzz_pool, key, "k\"1", NULL, &text, &err), &err))
        return;
    fuzz_check(sso_jwk_kty(key) != SSO_KTY_OCT);
    fuzz_check(strstr(text, "\"d\"") == NULL && strstr(text, "\"p\"") == NULL);
    fuzz_check(sso_json_parse_object(fuzz_pool, text, strlen(text), 65536, &object, NULL) == SSO_OK);
    if (!fuzz_ok(sso_jwk_from_json(fuzz_pool, object, SSO_JWK_FOR_PROVIDER, &again, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "the public half is a key");
    fuzz_check(strcmp(sso_jwk_kid(again), "k\"1") == 0);
    fuzz_check(sso_jwk_thumbprint(fuzz_pool, key, &print, NULL) == SSO_OK);
    fuzz_check(sso_jwk_thumbprint(fuzz_pool, again, &print_again, NULL) == SSO_OK);
    fuzz_check(strlen(print) == 43 && strcmp(print, print_again) == 0);
}

static void check_key(const sso_jwk_t *key, sso_jwk_side_t side)
{
    fuzz_check(side == SSO_JWK_FOR_OURSELVES || sso_jwk_kty(key) != SSO_KTY_OCT);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const sso_alg_t *alg = sso_alg_find(names[i]);
        fuzz_check(!sso_jwk_fits(key, alg) || alg->kty == sso_jwk_kty(key));
    }
    check_public(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *object = NULL;
    const sso_jwk_t *key = NULL;
    if (size > 16384)
        return 0;
    fuzz_begin(NULL);
    unsigned kind = fuzz_choice(&data, &size);
    const char *text = (const char *)fuzz_bytes(data, size);
    if (kind == 'p') {
        if (fuzz_ok(sso_jwk_from_pem(fuzz_pool, text, size, NULL, &key, &err), &err))
            check_key(key, SSO_JWK_FOR_OURSELVES);
    } else if (fuzz_ok(sso_json_parse_object(fuzz_pool, text, size, 16384, &object, &err), &err)) {
        for (int side = SSO_JWK_FOR_PROVIDER; side <= (int)SSO_JWK_FOR_OURSELVES; side++) {
            if (fuzz_ok(sso_jwk_from_json(fuzz_pool, object, (sso_jwk_side_t)side, &key, &err), &err))
                check_key(key, (sso_jwk_side_t)side);
        }
    }
    fuzz_end();
    return 0;
}

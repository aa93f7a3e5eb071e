/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets: no set is empty or holds a key twice counted, and a key that is picked fits the algorithm and the name. */
#include "base/json.h"
#include "fuzz.h"
#include "jose/jwks.h"

static const char *const names[] = {"RS256", "PS384", "ES256", "ES512", "EdDSA", "HS256"};

static void check_select(const sso_jwks_t *set, const char *kid)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const sso_alg_t *alg = sso_alg_find(names[i]);
        const sso_jwk_t *key = NULL;
        sso_err_t err = SSO_ERR_INIT;
        if (!fuzz_ok(sso_jwks_select(set, kid, alg, &key, &err), &err)) {
            fuzz_check(key == NULL);
            continue;
        }
        fuzz_check(sso_jwk_fits(key, alg) && sso_jwk_kty(key) == alg->kty && alg->kty != SSO_KTY_OCT);
        fuzz_check(kid == NULL || sso_jwk_kid(key) == NULL || strcmp(sso_jwk_kid(key), kid) == 0);
    }
}

/* Asks for every kid of the document. */
static void select_each(const sso_jwks_t *set, const sso_json_t *doc)
{
    const sso_json_t *keys = NULL;
    const char *kid = NULL;
    fuzz_check(sso_json_array(doc, "keys", &keys) == SSO_JSON_FOUND);
    fuzz_check(sso_jwks_size(set) + sso_jwks_skipped(set) == sso_json_size(keys));
    for (apr_size_t i = 0; i < sso_json_size(keys) && i < 16; i++) {
        const sso_json_t *key = sso_json_at(keys, i);
        if (sso_json_type(key) == SSO_JSON_OBJECT && sso_json_string(key, "kid", &kid) == SSO_JSON_FOUND)
            check_select(set, kid);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_jwks_t *set = NULL;
    const sso_json_t *doc = NULL;
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    const char *text = (const char *)fuzz_bytes(data, size);
    if (fuzz_ok(sso_jwks_parse(fuzz_pool, text, size, &set, &err), &err)) {
        fuzz_check(sso_jwks_size(set) >= 1 && sso_jwks_size(set) <= SSO_JWKS_KEYS_MAX);
        fuzz_check(sso_json_parse_object(fuzz_pool, text, size, FUZZ_INPUT_MAX, &doc, NULL) == SSO_OK);
        check_select(set, NULL);
        check_select(set, "");
        select_each(set, doc);
    } else {
        fuzz_check(set == NULL);
    }
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* JWS. First byte 'r': the rest is a whole token, and nothing verifies that was not signed; '0' to '7': a header up to
 * the first line's end and a payload, signed as they are by one of fuzz_tokens.h: whatever the header says, no key
 * verifies for another algorithm than its own. */
#include "fuzz.h"
#include "fuzz_tokens.h"
#include "jose/jws_sig.h"

static const char *const payloads[] = {"{\"sub\":\"user-1\"}", ""};

/* As sso_jws_sign does it, with a header of the caller's choice. */
static char *sign_raw(unsigned who, const uint8_t *data, size_t size)
{
    const signer_t *signer = &signers[who];
    unsigned char *signature = NULL;
    apr_size_t len = 0;
    const char *header = fuzz_until(&data, &size, '\n');
    const char *input = apr_pstrcat(fuzz_pool, sso_b64url_string(fuzz_pool, (const unsigned char *)header,
                                                                 strlen(header)),
                                    ".", sso_b64url_string(fuzz_pool, fuzz_bytes(data, size), size), NULL);
    fuzz_check(sso_jws_sig_make(fuzz_pool, signer->key, sso_alg_find(signer->alg), input, strlen(input), &signature,
                                &len, NULL) == SSO_OK);
    return apr_pstrcat(fuzz_pool, input, ".", sso_b64url_string(fuzz_pool, signature, len), NULL);
}

static void check_parsed(const char *text, const sso_jws_parsed_t *parsed)
{
    const char *alg = NULL;
    fuzz_check(sso_json_string(parsed->header, "alg", &alg) == SSO_JSON_FOUND && strcmp(alg, parsed->alg) == 0);
    fuzz_check(sso_json_member(parsed->header, "crit") == NULL && sso_json_member(parsed->header, "b64") == NULL);
    fuzz_check(parsed->signing_input == text && text[parsed->signing_input_len] == '.');
    fuzz_check(memchr(text + parsed->signing_input_len + 1, '.', strlen(text) - parsed->signing_input_len - 1) == NULL);
    fuzz_check(parsed->payload_len + parsed->signature_len < strlen(text));
    fuzz_check(!sso_jws_is_jwe(text));
}

static void check_verified(int raw, unsigned who, const char *text, const sso_jws_t *jws)
{
    if (raw) {
        fuzz_check(tokens_is_known(text, payloads, 2, NULL) || tokens_is_known(text, payloads, 2, "JWT"));
        return;
    }
    fuzz_check(who < SIGNERS_GENUINE && strcmp(jws->alg->name, signers[who].alg) == 0);
    fuzz_check(who == SIGN_HS256 || jws->kid == NULL || strcmp(jws->kid, signers[who].kid) == 0);
}

static void check_token(unsigned kind, const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_jws_parsed_t parsed = {.alg = "untouched"};
    sso_jws_t jws = {.payload = NULL};
    int raw = kind < '0' || kind >= '0' + SIGNERS;
    unsigned who = raw ? 0 : kind - '0';
    char *text = raw ? fuzz_text(data, size) : sign_raw(who, data, size);

    if (!fuzz_ok(sso_jws_parse(fuzz_pool, text, &parsed, &err), &err)) {
        fuzz_check(strcmp(parsed.alg, "untouched") == 0);
        return;
    }
    check_parsed(text, &parsed);
    if (fuzz_ok(sso_jws_verify(fuzz_pool, &parsed, tokens_jwks, sso_alg_default_set() | sso_alg_hmac_set(), &jws, &err),
                &err)) {
        fuzz_check(who != SIGN_HS256);
        check_verified(raw, who, text, &jws);
    }
    const sso_jwks_t *secret = sso_jwks_of(fuzz_pool, signers[SIGN_HS256].key);
    if (fuzz_ok(sso_jws_verify(fuzz_pool, &parsed, secret, sso_alg_default_set() | sso_alg_hmac_set(), &jws, &err),
                &err)) {
        fuzz_check(raw || who == SIGN_HS256);
        check_verified(raw, who, text, &jws);
    }
    fuzz_check(sso_jws_verify(fuzz_pool, &parsed, tokens_jwks, 0, &jws, NULL) != SSO_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    fuzz_begin(tokens_setup);
    unsigned kind = fuzz_choice(&data, &size);
    check_token(kind, data, size);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* JWS: strict parsing, the algorithm pinned before any cryptography, signatures of every kind and their forgeries. */
#include "jose_kit.h"

#define CLAIMS "{\"sub\":\"alice\"}"

static sso_rc_t parse(const char *text, sso_jws_parsed_t *parsed)
{
    sso_err_clear(&err);
    return sso_jws_parse(unit_pool, text, parsed, &err);
}

/* "ok" or the reason. */
static const char *verified(const char *text, const sso_jwks_t *keys, const char *algs)
{
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    sso_alg_set_t allowed = 0;
    unit_assert_ok(sso_alg_set_parse(unit_pool, algs, &allowed, &err));
    if (parse(text, &parsed) != SSO_OK)
        return err.reason;
    return sso_jws_verify(unit_pool, &parsed, keys, allowed, &jws, &err) == SSO_OK ? "ok" : err.reason;
}

static const sso_jwks_t *all_keys(void)
{
    return kit_set(RSA_PUB ",\"kid\":\"rsa\"", P256_PUB ",\"kid\":\"p256\"", P384_PUB ",\"kid\":\"p384\"",
                   P521_PUB ",\"kid\":\"p521\"", ED25519_PUB ",\"kid\":\"ed25519\"", ED448_PUB ",\"kid\":\"ed448\"",
                   NULL);
}

static const struct {
    const char *alg, *kid, *members;
} signers[] = {
    {"RS256", "rsa", RSA_PUB RSA_PRIV},       {"RS384", "rsa", RSA_PUB RSA_PRIV},
    {"RS512", "rsa", RSA_PUB RSA_PRIV},       {"PS256", "rsa", RSA_PUB RSA_PRIV},
    {"PS384", "rsa", RSA_PUB RSA_PRIV},       {"PS512", "rsa", RSA_PUB RSA_PRIV},
    {"ES256", "p256", P256_PUB P256_PRIV},    {"ES384", "p384", P384_PUB P384_PRIV},
    {"ES512", "p521", P521_PUB P521_PRIV},    {"EdDSA", "ed25519", ED25519_PUB ED25519_PRIV},
    {"EdDSA", "ed448", ED448_PUB ED448_PRIV},
};
#define SIGNERS (sizeof(signers) / sizeof(signers[0]))

static void what_is_signed_verifies_and_no_bit_of_it_may_change(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIGNERS; i++) {
        const char *token = kit_sign(kit_key(signers[i].members), signers[i].alg, signers[i].kid, CLAIMS);
        assert_string_equal(verified(token, all_keys(), signers[i].alg), "ok");
        unsigned char *sig;
        apr_size_t len;
        const char *dot = strrchr(token, '.');
        unit_assert_ok(sso_b64url_decode_pool(unit_pool, dot + 1, strlen(dot + 1), &sig, &len, &err));
        for (apr_size_t at = 0; at < len; at += len / 5) {
            sig[at] ^= 0x10;
            const char *forged = apr_pstrcat(unit_pool, apr_pstrndup(unit_pool, token, (apr_size_t)(dot - token)), ".",
                                             sso_b64url_string(unit_pool, sig, len), NULL);
            assert_string_equal(verified(forged, all_keys(), signers[i].alg), "jws-signature");
            sig[at] ^= 0x10;
        }
        const char *other =
            kit_sign(kit_key(signers[i].members), signers[i].alg, signers[i].kid, "{\"sub\":\"mallory\"}");
        const char *swapped = apr_pstrcat(
            unit_pool, apr_pstrndup(unit_pool, other, (apr_size_t)(strrchr(other, '.') - other)), dot, NULL);
        assert_string_equal(verified(swapped, all_keys(), signers[i].alg), "jws-signature");
    }
}

static void signatures_of_another_length_are_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIGNERS; i++) {
        const char *token = kit_sign(kit_key(signers[i].members), signers[i].alg, signers[i].kid, CLAIMS);
        const char *dot = strrchr(token, '.');
        unsigned char *sig;
        apr_size_t len;
        unit_assert_ok(sso_b64url_decode_pool(unit_pool, dot + 1, strlen(dot + 1), &sig, &len, &err));
        unsigned char *longer = apr_pcalloc(unit_pool, len + 1);
        memcpy(longer, sig, len);
        const char *input = apr_pstrndup(unit_pool, token, (apr_size_t)(dot - token + 1));
        const char *shown = apr_pstrcat(unit_pool, input, sso_b64url_string(unit_pool, longer, len + 1), NULL);
        assert_string_equal(verified(shown, all_keys(), signers[i].alg), "jws-signature-length");
        shown = apr_pstrcat(unit_pool, input, sso_b64url_string(unit_pool, sig, len - 1), NULL);
        assert_string_equal(verified(shown, all_keys(), signers[i].alg), "jws-signature-length");
        assert_string_equal(verified(input, all_keys(), signers[i].alg), "jws-signature-length");
    }
}

static void hmac_verifies_with_the_secret_only(void **state)
{
    (void)state;
    static const char *const algs[] = {"HS256", "HS384", "HS512"};
    for (unsigned i = 0; i < 3; i++) {
        const char *token = kit_sign(kit_secret(64), algs[i], NULL, CLAIMS);
        assert_string_equal(verified(token, sso_jwks_of(unit_pool, kit_secret(64)), algs[i]), "ok");
        assert_string_equal(verified(token, sso_jwks_of(unit_pool, kit_secret(65)), algs[i]), "jws-signature");
        assert_string_equal(verified(token, sso_jwks_of(unit_pool, kit_secret(64)), "RS256"), "jws-alg-not-allowed");
        const char *sig = strrchr(token, '.') + 1;
        apr_size_t cut = strlen(sig) - (strlen(sig) - 1) / 4 * 4;
        assert_string_equal(verified(apr_pstrndup(unit_pool, token, strlen(token) - cut),
                                     sso_jwks_of(unit_pool, kit_secret(64)), algs[i]),
                            "jws-signature-length");
    }
}

static void hmac_needs_a_secret_as_long_as_the_hash(void **state)
{
    (void)state;
    static const struct {
        const char *alg;
        apr_size_t len;
    } cases[] = {{"HS256", 32}, {"HS384", 48}, {"HS512", 64}};
    for (unsigned i = 0; i < 3; i++) {
        char *text = NULL;
        const char *token = kit_sign(kit_secret(cases[i].len), cases[i].alg, NULL, CLAIMS);
        assert_string_equal(verified(token, sso_jwks_of(unit_pool, kit_secret(cases[i].len)), cases[i].alg), "ok");
        assert_string_equal(verified(token, sso_jwks_of(unit_pool, kit_secret(cases[i].len - 1)), cases[i].alg),
                            "jws-hmac-key-short");
        unit_assert_err(sso_jws_sign(unit_pool, kit_secret(cases[i].len - 1), sso_alg_find(cases[i].alg), NULL, NULL,
                                     "x", 1, &text, &err),
                        SSO_E_KEY, "jws-hmac-key-short");
    }
}

static void unsigned_tokens_are_refused_however_none_is_spelled(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "None", "NONE", "nOnE"};
    for (unsigned i = 0; i < 4; i++) {
        const char *header = apr_psprintf(unit_pool, "{\"alg\":\"%s\"}", names[i]);
        assert_string_equal(verified(kit_token(header, CLAIMS, ""), all_keys(), "RS256 ES256 EdDSA"), "jws-alg-none");
        assert_string_equal(verified(kit_token(header, CLAIMS, "AAAA"), all_keys(), "RS256 HS256"), "jws-alg-none");
    }
}

static void algorithm_is_pinned_before_any_key_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        const char *header, *algs, *reason;
    } cases[] = {
        {"{\"alg\":\"RS1\",\"kid\":\"rsa\"}", "RS256", "jws-alg-unknown"},
        {"{\"alg\":\"rs256\",\"kid\":\"rsa\"}", "RS256", "jws-alg-unknown"},
        {"{\"alg\":\"RS256 \",\"kid\":\"rsa\"}", "RS256", "jws-alg-unknown"},
        {"{\"alg\":\"ES256K\",\"kid\":\"p256\"}", "ES256", "jws-alg-unknown"},
        {"{\"alg\":\"dir\",\"kid\":\"rsa\"}", "RS256", "jws-alg-unknown"},
        {"{\"alg\":\"RS384\",\"kid\":\"rsa\"}", "RS256", "jws-alg-not-allowed"},
        {"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", "RS256", "jws-alg-not-allowed"},
        {"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", "RS256 HS256", "jwks-alg-mismatch"},
        {"{\"alg\":\"HS256\"}", "RS256 HS256", "jwks-no-match"},
        {"{\"alg\":\"ES256\",\"kid\":\"rsa\"}", "RS256 ES256", "jwks-alg-mismatch"},
        {"{\"alg\":\"ES256\",\"kid\":\"p384\"}", "ES256", "jwks-alg-mismatch"},
        {"{\"alg\":\"RS256\",\"kid\":\"attacker\"}", "RS256", "jwks-unknown-kid"},
        {"{\"alg\":\"EdDSA\"}", "EdDSA", "jwks-ambiguous"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(verified(kit_token(cases[i].header, CLAIMS, "AAAA"), all_keys(), cases[i].algs),
                            cases[i].reason);
}

static void a_public_key_is_never_a_mac_key(void **state)
{
    (void)state;
    const sso_jwk_t *pem = NULL;
    unit_assert_ok(sso_jwk_from_secret(unit_pool, PEM_P256_PUBLIC, strlen(PEM_P256_PUBLIC), &pem, &err));
    const char *token = kit_sign(pem, "HS256", "p256", CLAIMS);
    assert_string_equal(verified(token, all_keys(), "HS256 ES256"), "jwks-alg-mismatch");
    token = kit_sign(pem, "HS256", NULL, CLAIMS);
    assert_string_equal(verified(token, all_keys(), "HS256 ES256"), "jwks-no-match");
}

static void keys_inside_or_named_by_the_token_are_ignored(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{\"alg\":\"RS256\",\"jku\":\"https://evil.example/jwks\"}",
        "{\"alg\":\"RS256\",\"x5u\":\"http://127.0.0.1:1/\"}",
        "{\"alg\":\"RS256\",\"jwk\":{" RSA2_PUB "}}",
        "{\"alg\":\"RS256\",\"x5c\":[\"AAAA\"]}",
    };
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(verified(kit_token(headers[i], CLAIMS, "AAAA"), kit_set(RSA_PUB, NULL), "RS256"),
                            "jws-signature-length");
}

static void foreign_signatures_that_do_not_fit_their_header_are_refused(void **state)
{
    (void)state;
    const sso_jwks_t *keys = kit_set(RSA_PUB, P256_PUB, NULL);
    assert_string_equal(verified(TOKEN_PS256_SALT_20, keys, "PS256"), "jws-signature");
    assert_string_equal(verified(TOKEN_PS256_SALT_MAX, keys, "PS256"), "jws-signature");
    assert_string_equal(verified(TOKEN_PS256_MGF_SHA1, keys, "PS256"), "jws-signature");
    assert_string_equal(verified(TOKEN_RS256_OF_SHA1, keys, "RS256"), "jws-signature");
    assert_string_equal(verified(TOKEN_RS256_THAT_IS_PSS, keys, "RS256 PS256"), "jws-signature");
    assert_string_equal(verified(TOKEN_ES256_DER, keys, "ES256"), "jws-signature-length");
}

static void ecdsa_numbers_outside_1_to_n_minus_1_are_refused(void **state)
{
    (void)state;
    static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                            0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const unsigned char zero[32] = {0}, one[32] = {[31] = 1};
    const unsigned char *values[] = {zero, one, order};
    const sso_jwks_t *keys = kit_set(P256_PUB, NULL);
    for (int r = 0; r < 3; r++)
        for (int s = 0; s < 3; s++) {
            unsigned char sig[64];
            memcpy(sig, values[r], 32);
            memcpy(sig + 32, values[s], 32);
            const char *token = kit_token("{\"alg\":\"ES256\"}", CLAIMS, sso_b64url_string(unit_pool, sig, 64));
            assert_string_equal(verified(token, keys, "ES256"), "jws-signature");
        }
}

static void keys_for_encryption_do_not_verify(void **state)
{
    (void)state;
    const char *token = kit_sign(kit_key(RSA_PUB RSA_PRIV), "RS256", "k", CLAIMS);
    assert_string_equal(verified(token, kit_set(RSA_PUB ",\"kid\":\"k\"", NULL), "RS256"), "ok");
    assert_string_equal(verified(token, kit_set(RSA_PUB ",\"kid\":\"k\",\"use\":\"enc\"", NULL), "RS256"),
                        "jwks-alg-mismatch");
    assert_string_equal(verified(token, kit_set(RSA_PUB ",\"kid\":\"k\",\"key_ops\":[\"encrypt\"]", NULL), "RS256"),
                        "jwks-alg-mismatch");
    assert_string_equal(verified(token, kit_set(RSA_PUB ",\"kid\":\"k\",\"alg\":\"RS512\"", NULL), "RS256"),
                        "jwks-alg-mismatch");
}

static void headers_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *header, *reason;
    } cases[] = {
        {"{}", "jws-alg-missing"},
        {"{\"alg\":\"\"}", "jws-alg-missing"},
        {"{\"alg\":5}", "jws-alg-missing"},
        {"{\"alg\":null}", "jws-alg-missing"},
        {"{\"alg\":[\"RS256\"]}", "jws-alg-missing"},
        {"{\"alg\":\"RS256\",\"crit\":[\"x\"],\"x\":1}", "jws-crit"},
        {"{\"alg\":\"RS256\",\"crit\":[]}", "jws-crit"},
        {"{\"alg\":\"RS256\",\"crit\":null}", "jws-crit"},
        {"{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}", "jws-crit"},
        {"{\"alg\":\"RS256\",\"b64\":false}", "jws-b64"},
        {"{\"alg\":\"RS256\",\"b64\":true}", "jws-b64"},
        {"{\"alg\":\"RS256\",\"kid\":5}", "jws-kid"},
        {"{\"alg\":\"RS256\",\"kid\":null}", "jws-kid"},
        {"{\"alg\":\"RS256\",\"typ\":5}", "jws-header"},
        {"{\"alg\":\"RS256\",\"alg\":\"none\"}", "jws-header"},
        {"{\"alg\":\"RS256\",\"kid\":\"a\",\"kid\":\"b\"}", "jws-header"},
        {"{\"alg\":\"RS256\"} ", NULL},
        {"{\"alg\":\"RS256\"}x", "jws-header"},
        {"{\"alg\":\"RS256\"}{}", "jws-header"},
        {"{\"alg\":\"RS256\",}", "jws-header"},
        {"{'alg':'RS256'}", "jws-header"},
        {"[\"RS256\"]", "jws-header"},
        {"\"RS256\"", "jws-header"},
        {"", "jws-header"},
        {"\xef\xbb\xbf{\"alg\":\"RS256\"}", "jws-header"},
        {"{\"alg\":\"RS256\\u0000\"}", "jws-header"},
        {"{\"alg\":\"RS256\",\"x\":\"\xff\"}", "jws-header"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_jws_parsed_t parsed;
        sso_rc_t rc = parse(kit_token(cases[i].header, CLAIMS, "AAAA"), &parsed);
        if (cases[i].reason) {
            assert_int_not_equal(rc, SSO_OK);
            assert_string_equal(err.reason, cases[i].reason);
        } else {
            assert_int_equal(rc, SSO_OK);
        }
    }
}

static void kid_of_512_bytes_is_taken_and_one_more_is_not(void **state)
{
    (void)state;
    sso_jws_parsed_t parsed;
    char *kid = apr_pcalloc(unit_pool, 514);
    memset(kid, 'k', 512);
    unit_assert_ok(
        parse(kit_token(apr_psprintf(unit_pool, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid), CLAIMS, "AAAA"), &parsed));
    assert_string_equal(parsed.kid, kid);
    kid[512] = 'k';
    assert_int_equal(
        parse(kit_token(apr_psprintf(unit_pool, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid), CLAIMS, "AAAA"), &parsed),
        SSO_E_LIMIT);
    assert_string_equal(err.reason, "jws-kid");
}

static void texts_that_are_not_three_strict_base64url_parts_are_refused(void **state)
{
    (void)state;
    const char *good = kit_sign(kit_key(ED25519_PUB ED25519_PRIV), "EdDSA", NULL, CLAIMS);
    static const struct {
        const char *before, *after, *reason;
    } cases[] = {
        {"", "", NULL},
        {"", ".AAAA", "jws-parts"},
        {"", ".", "jws-parts"},
        {".", "", "jws-parts"},
        {" ", "", "jws-base64"},
        {"", " ", "jws-base64"},
        {"", "\n", "jws-base64"},
        {"", "=", "jws-base64"},
        {"", "==", "jws-base64"},
        {"", "!!!!", "jws-base64"},
        {"", "AAA", "jws-base64"}, /* one character over */
        {"+", "", "jws-base64"},
        {"{\"payload\":\"", "\"}", "jws-parts"},
        {" {\"payload\":\"", "\"}", "jws-parts"},
        {"Bearer ", "", "jws-base64"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_jws_parsed_t parsed;
        sso_rc_t rc = parse(apr_pstrcat(unit_pool, cases[i].before, good, cases[i].after, NULL), &parsed);
        if (cases[i].reason) {
            assert_int_not_equal(rc, SSO_OK);
            assert_string_equal(err.reason, cases[i].reason);
        } else {
            assert_int_equal(rc, SSO_OK);
        }
    }
    static const char *const texts[] = {"", ".", "a", "a.b", "....", "a.b.c.d.e", "{}"};
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        sso_jws_parsed_t parsed;
        assert_int_equal(parse(texts[i], &parsed), SSO_E_SYNTAX);
        assert_string_equal(err.reason, "jws-parts");
    }
}

static void unused_bits_of_the_last_character_must_be_zero(void **state)
{
    (void)state;
    char *token = apr_pstrdup(unit_pool, kit_sign(kit_key(ED25519_PUB ED25519_PRIV), "EdDSA", NULL, CLAIMS));
    char *last = token + strlen(token) - 1;
    assert_non_null(strchr("AQgw", *last)); /* 64 bytes leave four unused bits */
    (*last)++;
    sso_jws_parsed_t parsed;
    assert_int_equal(parse(token, &parsed), SSO_E_SYNTAX);
    assert_string_equal(err.reason, "jws-base64");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    sso_jws_parsed_t parsed;
    const apr_size_t n = SSO_JWS_BYTES_MAX;
    char *text = apr_palloc(unit_pool, n + 2);
    const char *head = kit_token("{\"alg\":\"RS256\"}", CLAIMS, "");
    memset(text, 'A', n + 1);
    memcpy(text, head, strlen(head));
    text[n + 1] = 0;
    assert_int_equal(parse(text, &parsed), SSO_E_LIMIT);
    assert_string_equal(err.reason, "jws-too-large");
    text[n - 1] = 0;
    if ((n - 1 - strlen(head)) % 4 == 1)
        text[n - 2] = 0;
    assert_int_equal(parse(text, &parsed), SSO_OK);

    char *header = apr_pcalloc(unit_pool, SSO_JWS_HEADER_MAX + 200);
    memset(header, ' ', SSO_JWS_HEADER_MAX + 100);
    memcpy(header, "{\"alg\":\"RS256\"}", 15);
    assert_int_equal(parse(kit_token(header, CLAIMS, "AAAA"), &parsed), SSO_E_LIMIT);
    assert_string_equal(err.reason, "jws-too-large");
}

static void five_parts_are_told_apart_as_encrypted(void **state)
{
    (void)state;
    assert_true(sso_jws_is_jwe("a.b.c.d.e"));
    assert_true(sso_jws_is_jwe("a..c.d.e"));
    assert_false(sso_jws_is_jwe("a.b.c"));
    assert_false(sso_jws_is_jwe("a.b.c.d.e.f"));
    assert_false(sso_jws_is_jwe(""));
}

static void verified_token_carries_payload_typ_kid_alg_and_curve(void **state)
{
    (void)state;
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    unit_assert_ok(parse(kit_sign(kit_key(ED448_PUB ED448_PRIV), "EdDSA", "ed448", CLAIMS), &parsed));
    unit_assert_ok(sso_jws_verify(unit_pool, &parsed, all_keys(), sso_alg_default_set(), &jws, &err));
    assert_string_equal((const char *)jws.payload, CLAIMS);
    assert_int_equal(jws.payload_len, strlen(CLAIMS));
    assert_string_equal(jws.typ, "JWT");
    assert_string_equal(jws.kid, "ed448");
    assert_string_equal(jws.alg->name, "EdDSA");
    assert_string_equal(jws.crv, "Ed448");
}

static void signing_needs_a_key_that_may_and_can(void **state)
{
    (void)state;
    char *text = NULL;
    const sso_jwk_t *public = NULL;
    unit_assert_err(
        sso_jws_sign(unit_pool, kit_key(P256_PUB P256_PRIV), sso_alg_find("ES384"), NULL, NULL, "x", 1, &text, &err),
        SSO_E_CONFIG, "jws-key");
    unit_assert_err(
        sso_jws_sign(unit_pool, kit_key(P256_PUB P256_PRIV), sso_alg_find("RS256"), NULL, NULL, "x", 1, &text, &err),
        SSO_E_CONFIG, "jws-key");
    unit_assert_err(sso_jws_sign(unit_pool, kit_key(P256_PUB P256_PRIV ",\"use\":\"enc\""), sso_alg_find("ES256"), NULL,
                                 NULL, "x", 1, &text, &err),
                    SSO_E_CONFIG, "jws-key");
    unit_assert_ok(sso_jwk_from_pem(unit_pool, PEM_P256_PUBLIC, strlen(PEM_P256_PUBLIC), NULL, &public, &err));
    unit_assert_err(sso_jws_sign(unit_pool, public, sso_alg_find("ES256"), NULL, NULL, "x", 1, &text, &err),
                    SSO_E_CONFIG, "jws-key");
    unit_assert_ok(sso_jws_sign(unit_pool, kit_key(P256_PUB P256_PRIV ",\"key_ops\":[\"sign\"]"), sso_alg_find("ES256"),
                                NULL, NULL, "x", 1, &text, &err));
    assert_int_equal(strncmp(text, "eyJhbGciOiJFUzI1NiJ9.eA.", 24), 0);
}

static void header_texts_are_escaped_when_signing(void **state)
{
    (void)state;
    sso_jws_parsed_t parsed;
    unit_assert_ok(parse(kit_sign(kit_secret(32), "HS256", "a\",\"alg\":\"none", CLAIMS), &parsed));
    assert_string_equal(parsed.alg, "HS256");
    assert_string_equal(parsed.kid, "a\",\"alg\":\"none");
}

int main(void)
{
    const struct CMUnitTest jws_tests[] = {
        unit_test(what_is_signed_verifies_and_no_bit_of_it_may_change),
        unit_test(signatures_of_another_length_are_refused),
        unit_test(hmac_verifies_with_the_secret_only),
        unit_test(hmac_needs_a_secret_as_long_as_the_hash),
        unit_test(unsigned_tokens_are_refused_however_none_is_spelled),
        unit_test(algorithm_is_pinned_before_any_key_is_looked_at),
        unit_test(a_public_key_is_never_a_mac_key),
        unit_test(keys_inside_or_named_by_the_token_are_ignored),
        unit_test(foreign_signatures_that_do_not_fit_their_header_are_refused),
        unit_test(ecdsa_numbers_outside_1_to_n_minus_1_are_refused),
        unit_test(keys_for_encryption_do_not_verify),
        unit_test(headers_are_strict),
        unit_test(kid_of_512_bytes_is_taken_and_one_more_is_not),
        unit_test(texts_that_are_not_three_strict_base64url_parts_are_refused),
        unit_test(unused_bits_of_the_last_character_must_be_zero),
        unit_test(sizes_are_bounded),
        unit_test(five_parts_are_told_apart_as_encrypted),
        unit_test(verified_token_carries_payload_typ_kid_alg_and_curve),
        unit_test(signing_needs_a_key_that_may_and_can),
        unit_test(header_texts_are_escaped_when_signing),
    };
    return unit_run(jws_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* JWE decryption: every header rule, and that whatever is wrong behind the header looks the same. The pairs of
 * algorithms are in t/vectors/jose. */
#include "jose_kit.h"

#include "jose/jwe.h"

static const char *plain;
static apr_size_t plain_len;

/* "ok" or the reason. */
static const char *decrypted(const char *token, const sso_jwk_t *key)
{
    plain = NULL;
    sso_err_clear(&err);
    return sso_jwe_decrypt(unit_pool, token, key, &plain, &plain_len, &err) == SSO_OK ? "ok" : err.reason;
}

static const sso_jwk_t *rsa(void)
{
    return kit_key(RSA_PUB RSA_PRIV);
}

static const sso_jwk_t *p256(void)
{
    return kit_key(P256_PUB P256_PRIV);
}

static const char *const tokens[] = {JWE_RSA_OAEP_GCM, JWE_RSA_OAEP_CBC, JWE_ECDH_GCM, JWE_ECDH_WRAPPED};

/* The token with byte `at` of part `part` changed, or with the part cut to `at` bytes. */
static const char *change(const char *token, int part, apr_size_t at, int cut)
{
    char *copy = apr_pstrdup(unit_pool, token), *parts[5], *p = copy;
    for (int i = 0; i < 5; i++) {
        parts[i] = p;
        p = strchr(p, '.');
        if (p)
            *p++ = 0;
    }
    unsigned char *bytes;
    apr_size_t len;
    unit_assert_ok(sso_b64url_decode_pool(unit_pool, parts[part], strlen(parts[part]), &bytes, &len, &err));
    assert_in_range(at, 0, len - 1);
    if (cut)
        len = at;
    else
        bytes[at] ^= 1;
    parts[part] = sso_b64url_string(unit_pool, bytes, len);
    return apr_pstrcat(unit_pool, parts[0], ".", parts[1], ".", parts[2], ".", parts[3], ".", parts[4], NULL);
}

static void tokens_are_decrypted(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_string_equal(decrypted(tokens[i], i < 2 ? rsa() : p256()), "ok");
        assert_int_equal(plain_len, 10);
        assert_string_equal(plain, "plain text");
    }
    assert_string_equal(decrypted(JWE_EMPTY, rsa()), "ok");
    assert_string_equal(plain, "");
    assert_string_equal(decrypted(JWE_EMPTY_CBC, rsa()), "ok");
    assert_int_equal(plain_len, 0);
}

static void any_change_behind_the_header_gives_the_one_reason(void **state)
{
    (void)state;
    const sso_jwk_t *keys[] = {rsa(), rsa(), p256(), p256()};
    for (int i = 0; i < 4; i++)
        for (int part = 1; part < 5; part++) {
            if (part == 1 && i == 2)
                continue; /* direct agreement: no encrypted key */
            assert_string_equal(decrypted(change(tokens[i], part, 0, 0), keys[i]), "jwe-decrypt");
            assert_string_equal(decrypted(change(tokens[i], part, 9, 0), keys[i]), "jwe-decrypt");
            assert_null(plain);
            char *first = apr_pstrdup(unit_pool, err.detail);
            assert_string_equal(decrypted(change(tokens[i], part, 4, 1), keys[i]), "jwe-decrypt");
            assert_string_equal(decrypted(change(tokens[i], part, 0, 1), keys[i]), "jwe-decrypt");
            assert_string_equal(first, err.detail);
        }
}

static void short_gcm_tags_are_refused(void **state)
{
    (void)state;
    static const apr_size_t lens[] = {4, 8, 12, 13, 14, 15};
    for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
        assert_string_equal(decrypted(change(JWE_RSA_OAEP_GCM, 4, lens[i], 1), rsa()), "jwe-decrypt");
}

static void header_is_authenticated(void **state)
{
    (void)state;
    const char *rest = strchr(JWE_RSA_OAEP_GCM, '.');
    const char *token =
        apr_pstrcat(unit_pool, kit_b64("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"x\":1}"), rest, NULL);
    assert_string_equal(decrypted(token, rsa()), "jwe-decrypt");
}

static void token_for_another_key_looks_like_any_other_failure(void **state)
{
    (void)state;
    assert_string_equal(decrypted(JWE_FOR_RSA2, rsa()), "jwe-decrypt");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(P256B_PUB P256B_PRIV)), "jwe-decrypt");
    assert_string_equal(decrypted(JWE_ECDH_WRAPPED, kit_key(P256B_PUB P256B_PRIV)), "jwe-decrypt");
    assert_string_equal(decrypted(JWE_SHORT_CEK, rsa()), "jwe-decrypt");
}

static void direct_agreement_has_no_encrypted_key(void **state)
{
    (void)state;
    const char *dot = strchr(JWE_ECDH_GCM, '.');
    const char *token = apr_pstrcat(
        unit_pool, apr_pstrndup(unit_pool, JWE_ECDH_GCM, (apr_size_t)(dot - JWE_ECDH_GCM) + 1), "AAAA", dot + 1, NULL);
    assert_string_equal(decrypted(token, p256()), "jwe-decrypt");
}

#define EPK_P256 "\"epk\":{" P256B_PUB "}"

static void headers_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *header, *reason;
        int ec;
    } cases[] = {
        {"", "jwe-syntax", 0},
        {"[]", "jwe-syntax", 0},
        {"{\"alg\":\"RSA-OAEP\",\"alg\":\"dir\",\"enc\":\"A256GCM\"}", "jwe-syntax", 0},
        {"{\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":5,\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"dir\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"A128KW\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"A128GCMKW\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\",\"p2c\":2000000000,\"p2s\":\"AAAA\"}", "jwe-alg", 0},
        {"{\"alg\":\"RSA-OAEP-512\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"rsa-oaep\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"none\",\"enc\":\"A256GCM\"}", "jwe-alg", 0},
        {"{\"alg\":\"RSA-OAEP\"}", "jwe-enc", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":null}", "jwe-enc", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256CBC\"}", "jwe-enc", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"none\"}", "jwe-enc", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}", "jwe-zip", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"zip\":null}", "jwe-zip", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"crit\":[\"exp\"],\"exp\":1}", "jwe-crit", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"crit\":[]}", "jwe-crit", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"kid\":5}", "jwe-kid", 0},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}", "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"," EPK_P256 "}", "jwe-key", 0},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"}", "jwe-syntax", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":\"x\"}", "jwe-syntax", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":{}}", "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":{" P256B_PUB P256B_PRIV "}}", "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":{" P384_PUB "}}", "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":{" RSA_PUB "}}", "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":{" X25519_PUB "}}", "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}}",
         "jwe-key", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"," EPK_P256 ",\"apu\":5}", "jwe-syntax", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"," EPK_P256 ",\"apv\":\"a=\"}", "jwe-syntax", 1},
        {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"," EPK_P256 "}", "jwe-decrypt", 1},
    };
    const sso_jwk_t *keys[] = {rsa(), p256()};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *token = apr_pstrcat(unit_pool, kit_b64(cases[i].header), ".AAAA.AAAA.AAAA.AAAA", NULL);
        assert_string_equal(decrypted(token, keys[cases[i].ec]), cases[i].reason);
    }
}

static void party_info_is_bounded(void **state)
{
    (void)state;
    unsigned char *bytes = apr_pcalloc(unit_pool, 513);
    for (apr_size_t n = 512; n <= 513; n++) {
        const char *header = apr_psprintf(
            unit_pool, "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\"," EPK_P256 ",\"apu\":\"%s\",\"apv\":\"%s\"}",
            sso_b64url_string(unit_pool, bytes, n), sso_b64url_string(unit_pool, bytes, n));
        assert_string_equal(decrypted(apr_pstrcat(unit_pool, kit_b64(header), "..AAAA.AAAA.AAAA", NULL), p256()),
                            n == 512 ? "jwe-decrypt" : "jwe-syntax");
    }
}

static void kid_must_be_ours_when_both_have_one(void **state)
{
    (void)state;
    assert_string_equal(decrypted(JWE_WITH_KID, rsa()), "ok");
    assert_string_equal(decrypted(JWE_WITH_KID, kit_key(RSA_PUB RSA_PRIV ",\"kid\":\"our-key\"")), "ok");
    assert_string_equal(decrypted(JWE_WITH_KID, kit_key(RSA_PUB RSA_PRIV ",\"kid\":\"another\"")), "jwe-kid");
    assert_string_equal(decrypted(JWE_RSA_OAEP_GCM, kit_key(RSA_PUB RSA_PRIV ",\"kid\":\"our-key\"")), "ok");
    char *kid = apr_pcalloc(unit_pool, 514);
    memset(kid, 'k', 513);
    const char *header = apr_psprintf(unit_pool, "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\",\"kid\":\"%s\"}", kid);
    assert_string_equal(decrypted(apr_pstrcat(unit_pool, kit_b64(header), ".AAAA.AAAA.AAAA.AAAA", NULL), rsa()),
                        "jwe-kid");
}

static void key_must_be_private_and_for_decryption(void **state)
{
    (void)state;
    const sso_jwk_t *public = NULL;
    unit_assert_ok(sso_jwk_from_pem(unit_pool, PEM_P256_PUBLIC, strlen(PEM_P256_PUBLIC), NULL, &public, &err));
    assert_string_equal(decrypted(JWE_ECDH_GCM, public), "jwe-key");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(ED25519_PUB ED25519_PRIV)), "jwe-key");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_secret(32)), "jwe-key");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(P256_PUB P256_PRIV ",\"use\":\"sig\"")), "jwe-key");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(P256_PUB P256_PRIV ",\"key_ops\":[\"sign\"]")), "jwe-key");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(P256_PUB P256_PRIV ",\"alg\":\"ECDH-ES+A128KW\"")), "jwe-key");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(P256_PUB P256_PRIV ",\"use\":\"enc\",\"alg\":\"ECDH-ES\"")),
                        "ok");
    assert_string_equal(decrypted(JWE_ECDH_GCM, kit_key(P256_PUB P256_PRIV ",\"key_ops\":[\"deriveBits\"]")), "ok");
}

static void texts_that_are_not_five_strict_base64url_parts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "a.b.c",
                                        "....",
                                        "a.b.c.d",
                                        "a.b.c.d.e.f",
                                        "{\"protected\":\"x\"}",
                                        JWE_RSA_OAEP_GCM ".",
                                        JWE_RSA_OAEP_GCM "=",
                                        JWE_RSA_OAEP_GCM "\n",
                                        " " JWE_RSA_OAEP_GCM};
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_string_equal(decrypted(texts[i], rsa()), "jwe-syntax");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    char *big = apr_palloc(unit_pool, SSO_JWE_BYTES_MAX + 2);
    memset(big, 'A', SSO_JWE_BYTES_MAX + 1);
    big[SSO_JWE_BYTES_MAX + 1] = 0;
    assert_string_equal(decrypted(big, rsa()), "jwe-too-large");
    big[2000] = 0;
    assert_string_equal(decrypted(apr_pstrcat(unit_pool, "AAAA.", big, ".AAAA.AAAA.AAAA", NULL), rsa()),
                        "jwe-too-large");
    memset(big, 'A', 12000);
    big[12000] = 0;
    assert_string_equal(decrypted(apr_pstrcat(unit_pool, big, ".AAAA.AAAA.AAAA.AAAA", NULL), rsa()), "jwe-too-large");
}

int main(void)
{
    const struct CMUnitTest jwe_tests[] = {
        unit_test(tokens_are_decrypted),
        unit_test(any_change_behind_the_header_gives_the_one_reason),
        unit_test(short_gcm_tags_are_refused),
        unit_test(header_is_authenticated),
        unit_test(token_for_another_key_looks_like_any_other_failure),
        unit_test(direct_agreement_has_no_encrypted_key),
        unit_test(headers_are_strict),
        unit_test(party_info_is_bounded),
        unit_test(kid_must_be_ours_when_both_have_one),
        unit_test(key_must_be_private_and_for_decryption),
        unit_test(texts_that_are_not_five_strict_base64url_parts_are_refused),
        unit_test(sizes_are_bounded),
    };
    return unit_run(jwe_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenSSL door against published test vectors (FIPS 180-4 examples, RFC 4231, RFC 5869). */
#include "unit.h"

#include <stdio.h>

#include "jose/crypto.h"

static sso_err_t err = SSO_ERR_INIT;

static const char *hex(const unsigned char *bytes, apr_size_t len)
{
    static char text[2 * SSO_HASH_MAX + 1];
    for (apr_size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static void digests_match_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        sso_hash_t hash;
        const char *want;
    } cases[] = {
        {SSO_HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {SSO_HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {SSO_HASH_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                          "8086072ba1e7cc2358baeca134c825a7"},
        {SSO_HASH_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char out[SSO_HASH_MAX];
        apr_size_t len = 0;
        unit_assert_ok(sso_crypto_digest(cases[i].hash, "abc", 3, out, &len, &err));
        assert_int_equal(len * 2, strlen(cases[i].want));
        assert_string_equal(hex(out, len), cases[i].want);
    }
}

static void sha256_of_nothing_is_defined(void **state)
{
    (void)state;
    unsigned char out[SSO_SHA256_LEN];
    unit_assert_ok(sso_crypto_sha256("", 0, out, &err));
    assert_string_equal(hex(out, 32), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hmac_matches_rfc_4231(void **state)
{
    (void)state;
    unsigned char out[SSO_HASH_MAX];
    apr_size_t len = 0;
    unit_assert_ok(sso_crypto_hmac(SSO_HASH_SHA256, "Jefe", 4, "what do ya want for nothing?", 28, out, &len, &err));
    assert_string_equal(hex(out, len), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    unit_assert_ok(sso_crypto_hmac(SSO_HASH_SHA384, "Jefe", 4, "what do ya want for nothing?", 28, out, &len, &err));
    assert_string_equal(hex(out, len), "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47"
                                       "e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
    unit_assert_ok(sso_crypto_hmac(SSO_HASH_SHA512, "Jefe", 4, "what do ya want for nothing?", 28, out, &len, &err));
    assert_string_equal(hex(out, len), "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                                       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

static void hkdf_matches_rfc_5869(void **state)
{
    (void)state;
    unsigned char ikm[22], salt[13], info[10], out[42];
    memset(ikm, 0x0b, sizeof(ikm));
    for (unsigned char i = 0; i < sizeof(salt); i++)
        salt[i] = i;
    for (unsigned char i = 0; i < sizeof(info); i++)
        info[i] = (unsigned char)(0xf0 + i);
    unit_assert_ok(sso_crypto_hkdf(ikm, sizeof(ikm), salt, sizeof(salt), info, sizeof(info), out, sizeof(out), &err));
    assert_string_equal(hex(out, sizeof(out)), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                                               "34007208d5b887185865");
    unit_assert_ok(sso_crypto_hkdf(ikm, sizeof(ikm), NULL, 0, NULL, 0, out, sizeof(out), &err));
    assert_string_equal(hex(out, sizeof(out)), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                                               "9d201395faa4b61a96c8");
}

static void hkdf_refuses_more_than_255_blocks(void **state)
{
    (void)state;
    unsigned char *out = apr_palloc(unit_pool, 255 * 32 + 1);
    unit_assert_ok(sso_crypto_hkdf("k", 1, NULL, 0, NULL, 0, out, 255 * 32, &err));
    unit_assert_err(sso_crypto_hkdf("k", 1, NULL, 0, NULL, 0, out, 255 * 32 + 1, &err), SSO_E_INTERNAL, "crypto");
}

static void random_fills_the_whole_buffer_and_differs(void **state)
{
    (void)state;
    unsigned char a[64] = {0}, b[64] = {0}, zero[16] = {0};
    unit_assert_ok(sso_crypto_random(NULL, a, sizeof(a), &err));
    unit_assert_ok(sso_crypto_random(NULL, b, sizeof(b), &err));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 48, zero, 16);
    unit_assert_ok(sso_crypto_random(NULL, a, 0, &err));
}

static void cleanse_wipes(void **state)
{
    (void)state;
    char secret[] = "secret", zero[sizeof(secret)] = {0};
    sso_crypto_cleanse(secret, sizeof(secret));
    assert_memory_equal(secret, zero, sizeof(secret));
}

int main(void)
{
    const struct CMUnitTest crypto_tests[] = {
        unit_test(digests_match_the_published_ones),
        unit_test(sha256_of_nothing_is_defined),
        unit_test(hmac_matches_rfc_4231),
        unit_test(hkdf_matches_rfc_5869),
        unit_test(hkdf_refuses_more_than_255_blocks),
        unit_test(random_fills_the_whole_buffer_and_differs),
        unit_test(cleanse_wipes),
    };
    return unit_run(crypto_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* base64url: one value has one spelling, and only that one decodes. */
#include "unit.h"

#include <stdlib.h>

#include "base/b64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void known_values_of_rfc_4648_and_7515(void **state)
{
    static const struct {
        const char *bytes;
        apr_size_t len;
        const char *url;
        const char *std;
    } rows[] = {
        {"", 0, "", ""},
        {"f", 1, "Zg", "Zg=="},
        {"fo", 2, "Zm8", "Zm8="},
        {"foo", 3, "Zm9v", "Zm9v"},
        {"foob", 4, "Zm9vYg", "Zm9vYg=="},
        {"fooba", 5, "Zm9vYmE", "Zm9vYmE="},
        {"foobar", 6, "Zm9vYmFy", "Zm9vYmFy"},
        {"\x03\xec\xff\xe0\xc1", 5, "A-z_4ME", "A+z/4ME="}, /* RFC 7515 C */
        {"\0\0\0", 3, "AAAA", "AAAA"},
    };
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned char *bytes = (const unsigned char *)rows[i].bytes;
        unsigned char *out = NULL;
        apr_size_t len = 99;
        assert_string_equal(sso_b64url_string(unit_pool, bytes, rows[i].len), rows[i].url);
        assert_string_equal(sso_b64_string(unit_pool, bytes, rows[i].len), rows[i].std);
        unit_assert_ok(sso_b64url_decode_pool(unit_pool, rows[i].url, strlen(rows[i].url), &out, &len, &err));
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(out, bytes, len);
        assert_int_equal(out[len], 0);
        unit_assert_ok(sso_b64_decode_pool(unit_pool, rows[i].std, strlen(rows[i].std), &out, &len, &err));
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(out, bytes, len);
    }
}

/* Exactly sized heap blocks, so that a sanitizer sees a byte written or read too far. */
static void every_length_round_trips_without_touching_a_byte_too_many(void **state)
{
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    for (size_t n = 0; n < 200; n++) {
        unsigned char *bytes = malloc(n + 1);
        char *text = malloc(SSO_B64_ENCODED_LEN(n) + 1);
        unsigned char *out = malloc(SSO_B64_DECODED_MAX(SSO_B64_ENCODED_LEN(n)));
        apr_size_t len = 0;
        assert_true(bytes != NULL && text != NULL && out != NULL);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(i * 167 + n * 13);
        assert_int_equal(sso_b64url_encode(text, bytes, n), SSO_B64_ENCODED_LEN(n));
        unit_assert_ok(sso_b64url_decode(out, &len, text, SSO_B64_ENCODED_LEN(n), &err));
        assert_int_equal(len, n);
        assert_memory_equal(out, bytes, n);
        free(bytes);
        free(text);
        free(out);
    }
}

static void each_wrong_character_at_each_place_is_refused(void **state)
{
    /* Short ones and, for the processors with a way of their own for long ones, several blocks and a rest. */
    static const apr_size_t lens[] = {2, 3, 4, 6, 7, 8, 20, 24, 40, 59, 60};
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[SSO_B64_DECODED_MAX(60)];
    apr_size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        const apr_size_t text_len = lens[i];
        for (apr_size_t at = 0; at < text_len; at++) {
            for (int c = 0; c < 256; c++) {
                char text[60];
                if (c != 0 && strchr(alphabet, c) != NULL)
                    continue;
                memset(text, 'A', sizeof(text));
                text[at] = (char)c;
                len = 77;
                unit_assert_err(sso_b64url_decode(out, &len, text, text_len, &err), SSO_E_SYNTAX, "base64-syntax");
                assert_int_equal(len, 77);
            }
        }
    }
}

static void each_character_is_its_value_at_each_place_both_ways(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[SSO_B64_DECODED_MAX(60)];
    apr_size_t len;

    (void)state;
    for (unsigned at = 0; at < 60; at++) {
        for (unsigned v = 0; v < 64; v++) {
            char text[60], back[60];
            unsigned want = v << 6 * (3 - at % 4);
            const unsigned char *group = out + at / 4 * 3;
            memset(text, 'A', sizeof(text));
            text[at] = alphabet[v];
            unit_assert_ok(sso_b64url_decode(out, &len, text, 60, &err));
            assert_int_equal(len, 45);
            assert_int_equal(group[0] << 16 | group[1] << 8 | group[2], want);
            for (unsigned i = 0; i < 45; i++)
                assert_true(i / 3 == at / 4 || out[i] == 0);
            assert_int_equal(sso_b64url_encode(back, out, 45), 60);
            assert_memory_equal(back, text, 60);
            unit_assert_ok(sso_b64url_decode(out, &len, text + at / 4 * 4, 4, &err));
            assert_int_equal(len, 3);
            assert_int_equal(out[0] << 16 | out[1] << 8 | out[2], want);
        }
    }
}

static void a_second_spelling_of_a_value_is_refused(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[6];
    apr_size_t len;
    int two = 0;
    int three = 0;

    (void)state;
    for (int v = 0; v < 64; v++) {
        char text[4] = "AAA";
        text[1] = alphabet[v];
        two += sso_b64url_decode(out, &len, text, 2, &err) == SSO_OK;
        text[1] = 'A';
        text[2] = alphabet[v];
        three += sso_b64url_decode(out, &len, text, 3, &err) == SSO_OK;
    }
    assert_int_equal(two, 4);
    assert_int_equal(three, 16);
}

static void bad_texts_are_refused(void **state)
{
    static const char *const rows[] = {
        "A",     "AAAAA", "Zg==", "Zm8=",  "Zm9v=", "=",   "====",  "Zm9v\n", "Zm9v ",    " Zm9v",
        "Zm 9v", "Zm+v",  "Zm/v", "Zm9v.", "Zh",    "Zm9", "Zm-8.", "Zm9vY",  "\xc3\xa9", "Zm9vYm==",
    };
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *out = NULL;
    apr_size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        unit_assert_err(sso_b64url_decode_pool(unit_pool, rows[i], strlen(rows[i]), &out, &len, &err), SSO_E_SYNTAX,
                        "base64-syntax");
    assert_null(out);
}

static void bad_standard_texts_are_refused(void **state)
{
    static const char *const rows[] = {
        "Zg",   "Zg=",  "Zm8",    "=",      "==",    "===",      "====",  "Zg=a", "Z===",  "Zh==",   "Zm9=",
        "Zm-v", "Zm_v", "Zm9v\n", "Zm\n9v", " Zm9v", "Zg==Zg==", "Zm9v=", "A",    "Zm9vA", "Zg==\n",
    };
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *out = NULL;
    apr_size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        unit_assert_err(sso_b64_decode_pool(unit_pool, rows[i], strlen(rows[i]), &out, &len, &err), SSO_E_SYNTAX,
                        "base64-syntax");
    assert_null(out);
}

static void the_error_does_not_quote_the_text(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char out[32];
    apr_size_t len;

    (void)state;
    unit_assert_err(sso_b64url_decode(out, &len, "c2VjcmV0=", 9, &err), SSO_E_SYNTAX, "base64-syntax");
    assert_null(strstr(err.detail, "c2Vj"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(known_values_of_rfc_4648_and_7515),
        unit_test(every_length_round_trips_without_touching_a_byte_too_many),
        unit_test(each_wrong_character_at_each_place_is_refused),
        unit_test(each_character_is_its_value_at_each_place_both_ways),
        unit_test(a_second_spelling_of_a_value_is_refused),
        unit_test(bad_texts_are_refused),
        unit_test(bad_standard_texts_are_refused),
        unit_test(the_error_does_not_quote_the_text),
    };
    return unit_run(tests);
}

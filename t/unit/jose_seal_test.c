/* SPDX-License-Identifier: Apache-2.0 */
/* Key files and sealed boxes: round trips, every way a box can be wrong, key rotation, the context cache. */
#include "unit.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "jose/crypto.h"
#include "jose/seal.h"

#define KEY_A "8dn3KYLBQh5k0Xo1iGkAvsWzP9nYq3JRuEcm27hTfMI=\n"
#define KEY_B "Qm1s9ZyY0dDqS3vGkT5hXwJr2fUa8BnePz7LciVo4tE=\n"
#define KEY_C "b0mHqV5x9TgWkR1cE8sLzYd3nUaJp7fXvQ2iOt6wCrA=\n"
#define DAY   (APR_INT64_C(86400) * APR_USEC_PER_SEC)

static sso_err_t err = SSO_ERR_INIT;

static sso_keyring_t *ring_of(const char *text)
{
    sso_keyring_t *ring = NULL;
    unit_assert_ok(sso_keyring_parse(unit_pool, text, strlen(text), &ring, &err));
    return ring;
}

static sso_sealer_t *sealer_of(const char *text)
{
    sso_sealer_t *sealer = NULL;
    unit_assert_ok(sso_sealer_create(unit_pool, ring_of(text), &sealer, &err));
    return sealer;
}

static char *seal(sso_sealer_t *sealer, sso_seal_purpose_t purpose, const char *context, const char *plain)
{
    sso_env_t env = unit_env();
    char *text = NULL;
    unit_assert_ok(sso_seal(sealer, &env, purpose, context, strlen(context), plain, strlen(plain), &text, &err));
    return text;
}

static sso_rc_t open_at(sso_sealer_t *sealer, apr_time_t now, const char *context, const char *text, char **plain)
{
    apr_size_t len = 0;
    unsigned char *bytes = NULL;
    sso_rc_t rc = sso_seal_open(sealer, unit_pool, now, SSO_SEAL_SESSION, context, strlen(context), text, strlen(text),
                                &bytes, &len, NULL, &err);
    if (rc == SSO_OK) {
        assert_int_equal(strlen((char *)bytes), len);
        *plain = (char *)bytes;
    }
    return rc;
}

static void box_round_trip(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *plain = NULL;
    unit_assert_ok(open_at(sealer, UNIT_NOW, "ctx", seal(sealer, SSO_SEAL_SESSION, "ctx", "hello"), &plain));
    assert_string_equal(plain, "hello");
    unit_assert_ok(open_at(sealer, UNIT_NOW, "ctx", seal(sealer, SSO_SEAL_SESSION, "ctx", ""), &plain));
    assert_string_equal(plain, "");
    unit_assert_ok(open_at(sealer, UNIT_NOW, "", seal(sealer, SSO_SEAL_SESSION, "", "no context"), &plain));
    assert_string_equal(plain, "no context");
}

static void box_has_the_documented_length_and_form(void **state)
{
    (void)state;
    char *text = seal(sealer_of(KEY_A), SSO_SEAL_SESSION, "ctx", "0123456789");
    assert_int_equal(strlen(text), SSO_SEAL_TEXT_LEN(10));
    unsigned char *box;
    apr_size_t len;
    unit_assert_ok(sso_b64url_decode_pool(unit_pool, text, strlen(text), &box, &len, &err));
    assert_int_equal(box[0], 1);
    assert_int_equal(box[5] << 8 | box[6], 1767225600 / 86400);
}

static void two_boxes_of_one_text_differ(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    assert_string_not_equal(seal(sealer, SSO_SEAL_SESSION, "c", "same"), seal(sealer, SSO_SEAL_SESSION, "c", "same"));
}

static void box_of_another_context_or_purpose_is_refused(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *plain = NULL;
    char *text = seal(sealer, SSO_SEAL_SESSION, "site-a", "x");
    unit_assert_err(open_at(sealer, UNIT_NOW, "site-b", text, &plain), SSO_E_SIGNATURE, "box-tampered");
    unit_assert_err(open_at(sealer, UNIT_NOW, "site-", text, &plain), SSO_E_SIGNATURE, "box-tampered");
    unit_assert_err(open_at(sealer, UNIT_NOW, "", text, &plain), SSO_E_SIGNATURE, "box-tampered");
    text = seal(sealer, SSO_SEAL_STATE, "site-a", "x");
    unit_assert_err(open_at(sealer, UNIT_NOW, "site-a", text, &plain), SSO_E_SIGNATURE, "box-tampered");
    assert_null(plain);
    /* a failure leaves the kept context usable */
    unit_assert_ok(open_at(sealer, UNIT_NOW, "site-a", seal(sealer, SSO_SEAL_SESSION, "site-a", "x"), &plain));
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *text = seal(sealer, SSO_SEAL_SESSION, "ctx", "attack at dawn");
    unsigned char *box;
    apr_size_t len;
    unit_assert_ok(sso_b64url_decode_pool(unit_pool, text, strlen(text), &box, &len, &err));
    for (apr_size_t bit = 0; bit < len * 8; bit++) {
        char *plain = NULL;
        box[bit / 8] ^= (unsigned char)(1U << (bit % 8));
        sso_err_clear(&err);
        assert_int_not_equal(open_at(sealer, UNIT_NOW, "ctx", sso_b64url_string(unit_pool, box, len), &plain), SSO_OK);
        assert_null(plain);
        box[bit / 8] ^= (unsigned char)(1U << (bit % 8));
    }
}

static void cut_or_lengthened_boxes_are_refused(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *text = seal(sealer, SSO_SEAL_SESSION, "ctx", "attack at dawn"), *plain = NULL;
    for (apr_size_t n = 0; n < strlen(text); n++) {
        sso_err_clear(&err);
        assert_int_not_equal(open_at(sealer, UNIT_NOW, "ctx", apr_pstrndup(unit_pool, text, n), &plain), SSO_OK);
    }
    unit_assert_err(open_at(sealer, UNIT_NOW, "ctx", apr_pstrcat(unit_pool, text, "AAAA", NULL), &plain),
                    SSO_E_SIGNATURE, "box-tampered");
    unit_assert_err(open_at(sealer, UNIT_NOW, "ctx", "", &plain), SSO_E_SYNTAX, "box-malformed");
    unit_assert_err(open_at(sealer, UNIT_NOW, "ctx", apr_pstrcat(unit_pool, text, "=", NULL), &plain), SSO_E_SYNTAX,
                    "box-malformed");
    assert_null(plain);
}

static void another_version_is_malformed(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *text = seal(sealer, SSO_SEAL_SESSION, "ctx", "x"), *plain = NULL;
    text[0] = 'B'; /* the first six bits of the version byte */
    unit_assert_err(open_at(sealer, UNIT_NOW, "ctx", text, &plain), SSO_E_SYNTAX, "box-malformed");
}

static void too_long_texts_are_refused_before_decoding(void **state)
{
    (void)state;
    apr_size_t n = SSO_SEAL_TEXT_LEN(SSO_SEAL_PLAIN_MAX) + 1;
    char *text = apr_palloc(unit_pool, n + 1), *plain = NULL;
    memset(text, 'A', n);
    text[n] = 0;
    unit_assert_err(open_at(sealer_of(KEY_A), UNIT_NOW, "ctx", text, &plain), SSO_E_SYNTAX, "box-malformed");
}

static void largest_box_round_trips_and_one_byte_more_is_refused(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *big = apr_palloc(unit_pool, SSO_SEAL_PLAIN_MAX + 2), *plain = NULL, *text = NULL;
    memset(big, 'x', SSO_SEAL_PLAIN_MAX + 1);
    big[SSO_SEAL_PLAIN_MAX + 1] = 0;
    sso_env_t env = unit_env();
    unit_assert_err(sso_seal(sealer, &env, SSO_SEAL_SESSION, "c", 1, big, SSO_SEAL_PLAIN_MAX + 1, &text, &err),
                    SSO_E_LIMIT, "box-too-large");
    unit_assert_ok(open_at(sealer, UNIT_NOW, "c", seal(sealer, SSO_SEAL_SESSION, "c", big + 1), &plain));
    assert_string_equal(plain, big + 1);
}

static void days_up_to_tomorrow_open_and_later_ones_do_not(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *text = seal(sealer, SSO_SEAL_SESSION, "ctx", "x"), *plain = NULL;
    unit_assert_ok(open_at(sealer, UNIT_NOW + 400 * DAY, "ctx", text, &plain));
    unit_assert_ok(open_at(sealer, UNIT_NOW - DAY, "ctx", text, &plain));
    unit_assert_err(open_at(sealer, UNIT_NOW - DAY - 1, "ctx", text, &plain), SSO_E_EXPIRED, "box-future");
}

static void rotation_opens_with_every_key_and_seals_with_the_first(void **state)
{
    (void)state;
    sso_sealer_t *old = sealer_of(KEY_A), *both = sealer_of(KEY_B KEY_A), *fresh = sealer_of(KEY_B);
    char *text = seal(old, SSO_SEAL_SESSION, "ctx", "kept"), *plain = NULL;
    unsigned char *bytes;
    apr_size_t len;
    int index = -1;
    unit_assert_ok(sso_seal_open(both, unit_pool, UNIT_NOW, SSO_SEAL_SESSION, "ctx", 3, text, strlen(text), &bytes,
                                 &len, &index, &err));
    assert_int_equal(index, 1);
    assert_string_equal((char *)bytes, "kept");
    text = seal(both, SSO_SEAL_SESSION, "ctx", "new");
    unit_assert_ok(open_at(fresh, UNIT_NOW, "ctx", text, &plain));
    unit_assert_err(open_at(old, UNIT_NOW, "ctx", text, &plain), SSO_E_KEY, "box-unknown-key");
}

static void many_purposes_and_days_share_the_kept_contexts(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    char *text[60][SSO_SEAL_PURPOSES];
    sso_env_t env = unit_env();
    for (int d = 0; d < 60; d++) {
        for (int p = 0; p < SSO_SEAL_PURPOSES; p++) {
            char *plain = apr_psprintf(unit_pool, "%d %d", d, p);
            unit_assert_ok(
                sso_seal(sealer, &env, (sso_seal_purpose_t)p, "c", 1, plain, strlen(plain), &text[d][p], &err));
        }
        env.now += DAY;
    }
    for (int d = 59; d >= 0; d--)
        for (int p = 0; p < SSO_SEAL_PURPOSES; p++) {
            unsigned char *bytes = NULL;
            apr_size_t len;
            unit_assert_ok(sso_seal_open(sealer, unit_pool, env.now, (sso_seal_purpose_t)p, "c", 1, text[d][p],
                                         strlen(text[d][p]), &bytes, &len, NULL, &err));
            assert_string_equal((char *)bytes, apr_psprintf(unit_pool, "%d %d", d, p));
        }
}

static void keyfile_takes_comments_blank_lines_and_crlf(void **state)
{
    (void)state;
    sso_keyring_t *ring = ring_of("# first\r\n\n  \n8dn3KYLBQh5k0Xo1iGkAvsWzP9nYq3JRuEcm27hTfMI=\r\n#\n" KEY_B);
    assert_int_equal(sso_keyring_size(ring), 2);
    assert_int_equal(strlen(sso_keyring_id(ring, 0)), 8);
    assert_string_not_equal(sso_keyring_id(ring, 0), sso_keyring_id(ring, 1));
    assert_string_equal(sso_keyring_id(ring, 0), sso_keyring_id(ring_of(KEY_A), 0));
    assert_string_equal(sso_keyring_id(ring, 2), "");
}

static void keyfile_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
        sso_rc_t rc;
    } cases[] = {
        {"", "keyfile-empty", SSO_E_CONFIG},
        {"# nothing\n\n", "keyfile-empty", SSO_E_CONFIG},
        {"not base64!\n", "keyfile-syntax", SSO_E_SYNTAX},
        {KEY_A "8dn3KYLBQh5k0Xo1iGkAvsWzP9nYq3JRuEcm27hTfMI\n", "keyfile-syntax", SSO_E_SYNTAX},
        {"8dn3KYLBQh5k0Xo1iGkAvsWzP9nYq3JRuEcm27hTfA==\n", "keyfile-length", SSO_E_CONFIG},
        {"8dn3KYLBQh5k0Xo1iGkAvsWzP9nYq3JRuEcm27hTfMIA\n", "keyfile-length", SSO_E_CONFIG},
        {KEY_A KEY_B KEY_A, "keyfile-duplicate", SSO_E_CONFIG},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "keyfile-weak", SSO_E_CONFIG},
        {"//////////////////////////////////////////8=\n", "keyfile-weak", SSO_E_CONFIG},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", "keyfile-weak", SSO_E_CONFIG},
        {"Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=\n", "keyfile-weak", SSO_E_CONFIG},
        {"jJ/9sz0g0OHxsfxOoSfdFdmk3ysNmPRnH3TUAbz3IHA=\n", "keyfile-weak", SSO_E_CONFIG},
        {"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n", "keyfile-weak", SSO_E_CONFIG},
        {"3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8=\n", "keyfile-weak", SSO_E_CONFIG},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_keyring_t *ring = NULL;
        unit_assert_err(sso_keyring_parse(unit_pool, cases[i].text, strlen(cases[i].text), &ring, &err), cases[i].rc,
                        cases[i].reason);
        assert_null(ring);
    }
}

static void keyfile_holds_at_most_eight_keys(void **state)
{
    (void)state;
    sso_keyring_t *ring = NULL;
    char *text = apr_pstrdup(unit_pool, "");
    for (unsigned char i = 0; i < SSO_KEYRING_MAX + 1; i++) {
        unsigned char key[32];
        for (unsigned char j = 0; j < 32; j++)
            key[j] = (unsigned char)(j * j * 3 + i * 7 + j);
        if (i == SSO_KEYRING_MAX)
            unit_assert_ok(sso_keyring_parse(unit_pool, text, strlen(text), &ring, &err));
        text = apr_pstrcat(unit_pool, text, sso_b64_string(unit_pool, key, 32), "\n", NULL);
    }
    assert_int_equal(sso_keyring_size(ring), SSO_KEYRING_MAX);
    unit_assert_err(sso_keyring_parse(unit_pool, text, strlen(text), &ring, &err), SSO_E_LIMIT, "keyfile-too-many");
}

static void error_details_name_the_line_and_never_the_key(void **state)
{
    (void)state;
    sso_keyring_t *ring = NULL;
    const char *text = KEY_A "\njJ/9sz0g0OHxsfxOoSfdFdmk3ysNmPRnH3TUAbz3IHA=\n";
    unit_assert_err(sso_keyring_parse(unit_pool, text, strlen(text), &ring, &err), SSO_E_CONFIG, "keyfile-weak");
    assert_non_null(strstr(err.detail, "line 3"));
    assert_null(strstr(err.detail, "jJ/9"));
}

static void generated_lines_are_key_files(void **state)
{
    (void)state;
    sso_env_t env = {unit_pool, UNIT_NOW, sso_crypto_random, NULL};
    char *a, *b;
    unit_assert_ok(sso_keyring_generate_line(&env, &a, &err));
    unit_assert_ok(sso_keyring_generate_line(&env, &b, &err));
    assert_int_equal(sso_keyring_size(ring_of(apr_pstrcat(unit_pool, a, b, NULL))), 2);
}

/* RFC 5869: Extract without salt, one block of Expand. */
static void derived_values_are_hkdf_sha512(void **state)
{
    (void)state;
    static const char info[] = "mod_sso_oidc derive v2\0pkce\0flow\x01";
    unsigned char *key, zeros[64] = {0}, prk[SSO_HASH_MAX], want[SSO_HASH_MAX], got[SSO_DERIVED_LEN];
    apr_size_t n;
    unit_assert_ok(sso_b64_decode_pool(unit_pool, KEY_A, 44, &key, &n, &err));
    assert_int_equal(n, 32);
    unit_assert_ok(sso_crypto_hmac(SSO_HASH_SHA512, zeros, 64, key, 32, prk, &n, &err));
    unit_assert_ok(sso_crypto_hmac(SSO_HASH_SHA512, prk, 64, info, sizeof(info) - 1, want, &n, &err));
    unit_assert_ok(sso_keyring_derive(ring_of(KEY_A), 0, "pkce", "flow", 4, got, &err));
    assert_memory_equal(want, got, sizeof(got));
}

static void derived_values_depend_on_key_label_and_info(void **state)
{
    (void)state;
    sso_keyring_t *ring = ring_of(KEY_A KEY_B);
    unsigned char a[SSO_DERIVED_LEN], b[SSO_DERIVED_LEN];
    unit_assert_ok(sso_keyring_derive(ring, 0, "pkce", "flow", 4, a, &err));
    unit_assert_ok(sso_keyring_derive(ring, 0, "pkce", "flow", 4, b, &err));
    assert_memory_equal(a, b, sizeof(a));
    unit_assert_ok(sso_keyring_derive(ring, 1, "pkce", "flow", 4, b, &err));
    assert_memory_not_equal(a, b, sizeof(a));
    unit_assert_ok(sso_keyring_derive(ring, 0, "nonce", "flow", 4, b, &err));
    assert_memory_not_equal(a, b, sizeof(a));
    unit_assert_ok(sso_keyring_derive(ring, 0, "pkce", "flo", 3, b, &err));
    assert_memory_not_equal(a, b, sizeof(a));
    unit_assert_ok(sso_keyring_derive(ring, 0, "pkc", "eflow", 5, b, &err));
    assert_memory_not_equal(a, b, sizeof(a));
    /* the derivation does not depend on the place in the ring */
    unit_assert_ok(sso_keyring_derive(ring_of(KEY_B KEY_A), 1, "pkce", "flow", 4, b, &err));
    assert_memory_equal(a, b, sizeof(a));
    unit_assert_err(sso_keyring_derive(ring, 2, "pkce", "flow", 4, b, &err), SSO_E_INTERNAL, "crypto");
    unit_assert_err(sso_keyring_derive(ring, -1, "pkce", "flow", 4, b, &err), SSO_E_INTERNAL, "crypto");
}

/* The format is a promise to running browsers: a change must be deliberate. Computed apart from this code, from the
 * description in seal.h, with the nonce 100, 101, …, 111. */
#define KNOWN_BOX "AWeYKiRP5mRlZmdoaWprbG1ub88DOpvSClYUw78sn6Qp3gQdI7z8tkAxjgCySU0c5ZYu"

static void format_is_stable(void **state)
{
    (void)state;
    char *plain = NULL;
    unit_assert_ok(open_at(sealer_of(KEY_C), UNIT_NOW, "known context", KNOWN_BOX, &plain));
    assert_string_equal(plain, "known plain text");
}

static void what_no_caller_may_ask_for_is_refused(void **state)
{
    (void)state;
    sso_sealer_t *sealer = sealer_of(KEY_A);
    sso_keyring_t *ring = ring_of(KEY_A);
    sso_env_t env = unit_env();
    char *text = NULL, *plain = NULL, *long_context = apr_pcalloc(unit_pool, 8193);
    unsigned char out[SSO_DERIVED_LEN], *bytes;
    apr_size_t len;
    memset(long_context, 'c', 8192);
    unit_assert_ok(sso_seal(sealer, &env, SSO_SEAL_SESSION, long_context, 8192, "x", 1, &text, &err));
    unit_assert_ok(open_at(sealer, UNIT_NOW, long_context, text, &plain));
    long_context[8192] = 'c';
    unit_assert_err(sso_seal(sealer, &env, SSO_SEAL_SESSION, long_context, 8193, "x", 1, &text, &err), SSO_E_LIMIT,
                    "box-too-large");
    unit_assert_err(sso_seal(sealer, &env, SSO_SEAL_PURPOSES, "c", 1, "x", 1, &text, &err), SSO_E_INTERNAL, "crypto");
    assert_int_not_equal(sso_seal_open(sealer, unit_pool, UNIT_NOW, SSO_SEAL_SESSION, long_context, 8193, text,
                                       strlen(text), &bytes, &len, NULL, NULL),
                         SSO_OK);
    assert_int_not_equal(sso_seal_open(sealer, unit_pool, UNIT_NOW, SSO_SEAL_PURPOSES, "c", 1, text, strlen(text),
                                       &bytes, &len, NULL, NULL),
                         SSO_OK);
    env.now = -DAY;
    unit_assert_err(sso_seal(sealer, &env, SSO_SEAL_SESSION, "c", 1, "x", 1, &text, &err), SSO_E_INTERNAL, "crypto");
    env.now = APR_INT64_C(65536) * DAY;
    unit_assert_err(sso_seal(sealer, &env, SSO_SEAL_SESSION, "c", 1, "x", 1, &text, &err), SSO_E_INTERNAL, "crypto");
    unit_assert_err(sso_keyring_derive(ring, 0, apr_pstrmemdup(unit_pool, long_context, 65), "", 0, out, &err),
                    SSO_E_INTERNAL, "crypto");
    assert_string_equal(sso_keyring_id(ring, 1), "");
    assert_string_equal(sso_keyring_id(ring, -1), "");
}

static sso_rc_t no_random(void *baton, unsigned char *out, apr_size_t len, sso_err_t *ret_err)
{
    (void)baton;
    (void)out;
    (void)len;
    return sso_err_set(ret_err, SSO_E_INTERNAL, "crypto", "no entropy");
}

static void without_randomness_nothing_is_sealed(void **state)
{
    (void)state;
    sso_env_t env = unit_env();
    char *text = NULL;
    env.random = no_random;
    unit_assert_err(sso_seal(sealer_of(KEY_A), &env, SSO_SEAL_SESSION, "c", 1, "x", 1, &text, &err), SSO_E_INTERNAL,
                    "crypto");
    unit_assert_err(sso_keyring_generate_line(&env, &text, &err), SSO_E_INTERNAL, "crypto");
    assert_null(text);
}

static void a_key_file_has_a_largest_size(void **state)
{
    (void)state;
    char *text = apr_palloc(unit_pool, 65537);
    sso_keyring_t *ring = NULL;
    memset(text, '\n', 65537);
    memcpy(text, KEY_A, sizeof(KEY_A) - 1);
    unit_assert_ok(sso_keyring_parse(unit_pool, text, 65536, &ring, &err));
    unit_assert_err(sso_keyring_parse(unit_pool, text, 65537, &ring, &err), SSO_E_LIMIT, "keyfile-syntax");
}

int main(void)
{
    const struct CMUnitTest seal_tests[] = {
        unit_test(box_round_trip),
        unit_test(box_has_the_documented_length_and_form),
        unit_test(two_boxes_of_one_text_differ),
        unit_test(box_of_another_context_or_purpose_is_refused),
        unit_test(every_flipped_bit_is_noticed),
        unit_test(cut_or_lengthened_boxes_are_refused),
        unit_test(another_version_is_malformed),
        unit_test(too_long_texts_are_refused_before_decoding),
        unit_test(largest_box_round_trips_and_one_byte_more_is_refused),
        unit_test(days_up_to_tomorrow_open_and_later_ones_do_not),
        unit_test(rotation_opens_with_every_key_and_seals_with_the_first),
        unit_test(many_purposes_and_days_share_the_kept_contexts),
        unit_test(keyfile_takes_comments_blank_lines_and_crlf),
        unit_test(keyfile_refusals),
        unit_test(keyfile_holds_at_most_eight_keys),
        unit_test(error_details_name_the_line_and_never_the_key),
        unit_test(generated_lines_are_key_files),
        unit_test(derived_values_are_hkdf_sha512),
        unit_test(derived_values_depend_on_key_label_and_info),
        unit_test(format_is_stable),
        unit_test(what_no_caller_may_ask_for_is_refused),
        unit_test(without_randomness_nothing_is_sealed),
        unit_test(a_key_file_has_a_largest_size),
    };
    return unit_run(seal_tests);
}

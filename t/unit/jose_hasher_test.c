/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes for tables: AES-256-GCM's tag over the input and no text. */
#include "unit.h"

#include "jose/hasher.h"

static sso_hasher_t *make(unsigned char first)
{
    unsigned char key[SSO_HASHER_KEY_LEN] = {first};
    sso_err_t err = SSO_ERR_INIT;
    sso_hasher_t *hasher = NULL;
    unit_assert_ok(sso_hasher_create(unit_pool, key, &hasher, &err));
    return hasher;
}

static void run(sso_hasher_t *hasher, const char *a, const char *b, unsigned char *out)
{
    sso_err_t err = SSO_ERR_INIT;
    unit_assert_ok(sso_hasher_run(hasher, a, strlen(a), b, strlen(b), out, &err));
}

/* The GCM specification's test case 13: key and nonce of zeros, nothing to hash. */
static void nothing_hashes_to_the_known_tag(void **state)
{
    static const unsigned char want[SSO_HASHER_LEN] = {0x53, 0x0f, 0x8a, 0xfb, 0xc7, 0x45, 0x36, 0xb9,
                                                       0xa9, 0x63, 0xb4, 0xf1, 0xc4, 0xcb, 0x73, 0x8b};
    unsigned char out[SSO_HASHER_LEN];
    (void)state;
    run(make(0), "", "", out);
    assert_memory_equal(out, want, sizeof(want));
}

static void the_same_input_is_the_same_hash_however_it_is_cut(void **state)
{
    sso_hasher_t *hasher = make(1);
    unsigned char whole[SSO_HASHER_LEN], out[SSO_HASHER_LEN];
    (void)state;
    run(hasher, "abcdefghijklmnopqrstuvwxyz", "", whole);
    run(hasher, "another", "one between", out);
    run(hasher, "abcdefghi", "jklmnopqrstuvwxyz", out);
    assert_memory_equal(out, whole, sizeof(out));
    run(make(1), "", "abcdefghijklmnopqrstuvwxyz", out);
    assert_memory_equal(out, whole, sizeof(out));
}

static void another_byte_length_or_key_is_another_hash(void **state)
{
    static const char *const others[] = {"abcdefghijklmnopqrstuvwxyZ", "abcdefghijklmnopqrstuvwxy",
                                         "abcdefghijklmnopqrstuvwxyz ", "Abcdefghijklmnopqrstuvwxyz"};
    unsigned char whole[SSO_HASHER_LEN], out[SSO_HASHER_LEN];
    sso_hasher_t *hasher = make(1);
    sso_err_t err = SSO_ERR_INIT;
    (void)state;
    run(hasher, "abcdefghijklmnopqrstuvwxyz", "", whole);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        run(hasher, others[i], "", out);
        assert_memory_not_equal(out, whole, sizeof(out));
    }
    /* A zero behind it is not the padding. */
    unit_assert_ok(sso_hasher_run(hasher, "abcdefghijklmnopqrstuvwxyz", 27, "", 0, out, &err));
    assert_memory_not_equal(out, whole, sizeof(out));
    run(make(2), "abcdefghijklmnopqrstuvwxyz", "", out);
    assert_memory_not_equal(out, whole, sizeof(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(nothing_hashes_to_the_known_tag),
        unit_test(the_same_input_is_the_same_hash_however_it_is_cut),
        unit_test(another_byte_length_or_key_is_another_hash),
    };
    return unit_run(tests);
}

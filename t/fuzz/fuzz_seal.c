/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes and key files. First byte: '0' opens the input as a box (nothing opens but the boxes made at the start),
 * '1' seals the input, opens it again, and opens it changed, '2' reads the input as a key file. */
#include "fuzz.h"
#include "jose/seal.h"

#define CONTEXT "__Host-sso site.example https://op.example client"
#define CONTEXT_LEN (sizeof(CONTEXT) - 1)

static const char ring_text[] = "vvdTB9EStpw0Q2gYMdBNvY5u6lZlMFvfrxWxnpvFGZ0=\n"
                                "nUYoMrZqxqkqcYmU1UQzGZAVYd7rFG5rM2mHKsFhx+Q=\n";
static const char *const known_plain[] = {"", "a", "session record", "0123456789012345678901234567890123456789"};
#define KNOWN (sizeof(known_plain) / sizeof(known_plain[0]))

static sso_sealer_t *sealer;
static char *known[KNOWN];

static void setup(void)
{
    sso_keyring_t *ring;
    sso_env_t env = fuzz_env();
    fuzz_check(sso_keyring_parse(fuzz_pool, ring_text, sizeof(ring_text) - 1, &ring, NULL) == SSO_OK);
    fuzz_check(sso_sealer_create(fuzz_pool, ring, &sealer, NULL) == SSO_OK);
    for (size_t i = 0; i < KNOWN; i++)
        fuzz_check(sso_seal(sealer, &env, SSO_SEAL_SESSION, CONTEXT, CONTEXT_LEN, known_plain[i],
                            strlen(known_plain[i]), &known[i], NULL) == SSO_OK);
}

static int open_box(sso_seal_purpose_t purpose, apr_size_t context_len, const char *text, apr_size_t len,
                    const char *want)
{
    unsigned char *plain = NULL;
    apr_size_t plain_len = 0;
    int index = -1;
    sso_err_t err = SSO_ERR_INIT;
    if (!fuzz_ok(sso_seal_open(sealer, fuzz_pool, FUZZ_NOW, purpose, CONTEXT, context_len, text, len, &plain,
                               &plain_len, &index, &err),
                 &err)) {
        fuzz_check(plain == NULL);
        return 0;
    }
    fuzz_check(plain[plain_len] == '\0' && (index == 0 || index == 1));
    if (want != NULL)
        fuzz_check(plain_len == strlen(want) && memcmp(plain, want, plain_len) == 0);
    return 1;
}

static void check_foreign(const uint8_t *data, size_t size)
{
    const char *text = (const char *)fuzz_bytes(data, size);
    const char *plain = NULL;
    for (size_t i = 0; i < KNOWN; i++) {
        if (size == strlen(known[i]) && memcmp(text, known[i], size) == 0)
            plain = known_plain[i];
    }
    fuzz_check(open_box(SSO_SEAL_SESSION, CONTEXT_LEN, text, size, plain) == (plain != NULL));
    fuzz_check(!open_box(SSO_SEAL_IDLE, CONTEXT_LEN, text, size, NULL));
    fuzz_check(!open_box(SSO_SEAL_SESSION, CONTEXT_LEN - 1, text, size, NULL));
}

/* `change` says what is done to the box before it is opened: a bit, a character more or less. */
static void check_trip(unsigned change, const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    sso_seal_purpose_t purpose = (sso_seal_purpose_t)(change % SSO_SEAL_PURPOSES);
    char *text = NULL;
    unsigned char *plain;
    apr_size_t len;

    if (!fuzz_ok(sso_seal(sealer, &env, purpose, CONTEXT, CONTEXT_LEN, fuzz_bytes(data, size), size, &text, &err),
                 &err))
        fuzz_fail(__FILE__, __LINE__, "a box can be sealed");
    len = strlen(text);
    fuzz_check(len == SSO_SEAL_TEXT_LEN(size));
    fuzz_check(sso_seal_open(sealer, fuzz_pool, env.now, purpose, CONTEXT, CONTEXT_LEN, text, len, &plain, &len,
                             NULL, NULL) == SSO_OK);
    fuzz_check(len == size && (size == 0 || memcmp(plain, data, size) == 0));
    len = strlen(text);
    sso_seal_purpose_t other = (sso_seal_purpose_t)((purpose + 1U) % SSO_SEAL_PURPOSES);
    fuzz_check(!open_box(other, CONTEXT_LEN, text, len, NULL));
    fuzz_check(!open_box(purpose, CONTEXT_LEN - 1, text, len, NULL));
    fuzz_check(!open_box(purpose, CONTEXT_LEN, text, len - 1 - change % len, NULL));
    char *changed = apr_pstrcat(fuzz_pool, text, "A", NULL);
    fuzz_check(!open_box(purpose, CONTEXT_LEN, changed, len + 1, NULL));
    changed[(change * 31U + size) % len] ^= (char)(1U << (change % 7U));
    fuzz_check(!open_box(purpose, CONTEXT_LEN, changed, len, NULL));
}

static void check_keyfile(const uint8_t *data, size_t size)
{
    sso_keyring_t *ring = NULL;
    sso_err_t err = SSO_ERR_INIT;
    if (!fuzz_ok(sso_keyring_parse(fuzz_pool, (const char *)fuzz_bytes(data, size), size, &ring, &err), &err)) {
        fuzz_check(ring == NULL);
        return;
    }
    fuzz_check(sso_keyring_size(ring) >= 1 && sso_keyring_size(ring) <= SSO_KEYRING_MAX);
    for (int i = 0; i < sso_keyring_size(ring); i++) {
        fuzz_check(strlen(sso_keyring_id(ring, i)) == 2 * SSO_KEY_ID_LEN);
        for (int k = 0; k < i; k++)
            fuzz_check(strcmp(sso_keyring_id(ring, i), sso_keyring_id(ring, k)) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(setup);
    switch (fuzz_choice(&data, &size)) {
    case '0':
        check_foreign(data, size);
        break;
    case '1': {
        unsigned change = fuzz_choice(&data, &size);
        check_trip(change, data, size);
        break;
    }
    default:
        check_keyfile(data, size);
        break;
    }
    fuzz_end();
    return 0;
}

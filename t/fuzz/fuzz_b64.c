/* SPDX-License-Identifier: Apache-2.0 */
/* base64: one value has one spelling, so what decodes encodes to the same text; and every value survives the trip. */
#include "base/b64.h"
#include "fuzz.h"

static void check_decode(const char *text, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *bytes = NULL;
    apr_size_t len = 0, len_again = 0;
    unsigned char *out = apr_palloc(fuzz_pool, SSO_B64_DECODED_MAX(size));

    if (fuzz_ok(sso_b64url_decode_pool(fuzz_pool, text, size, &bytes, &len, &err), &err)) {
        fuzz_check(bytes[len] == '\0' && SSO_B64_ENCODED_LEN(len) == size);
        const char *again = sso_b64url_string(fuzz_pool, bytes, len);
        fuzz_check(strlen(again) == size && memcmp(again, text, size) == 0);
        fuzz_check(sso_b64url_decode(out, &len_again, text, size, NULL) == SSO_OK);
        fuzz_check(len_again == len && memcmp(out, bytes, len) == 0);
    } else {
        fuzz_check(bytes == NULL && sso_b64url_decode(out, &len_again, text, size, NULL) != SSO_OK);
    }
    bytes = NULL;
    if (fuzz_ok(sso_b64_decode_pool(fuzz_pool, text, size, &bytes, &len, &err), &err)) {
        const char *again = sso_b64_string(fuzz_pool, bytes, len);
        fuzz_check(strlen(again) == size && memcmp(again, text, size) == 0);
    } else {
        fuzz_check(bytes == NULL);
    }
}

static void check_trip(const unsigned char *bytes, size_t size)
{
    unsigned char *back;
    apr_size_t len;
    char *exact = apr_palloc(fuzz_pool, SSO_B64_ENCODED_LEN(size));
    char *text = sso_b64url_string(fuzz_pool, bytes, size);

    fuzz_check(sso_b64url_encode(exact, bytes, size) == SSO_B64_ENCODED_LEN(size));
    fuzz_check(strlen(text) == SSO_B64_ENCODED_LEN(size) && memcmp(text, exact, strlen(text)) == 0);
    fuzz_check(sso_b64url_decode_pool(fuzz_pool, exact, strlen(text), &back, &len, NULL) == SSO_OK);
    fuzz_check(len == size && memcmp(back, bytes, size) == 0);
    text = sso_b64_string(fuzz_pool, bytes, size);
    fuzz_check(sso_b64_decode_pool(fuzz_pool, text, strlen(text), &back, &len, NULL) == SSO_OK);
    fuzz_check(len == size && memcmp(back, bytes, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    const unsigned char *bytes = fuzz_bytes(data, size);
    check_decode((const char *)bytes, size);
    check_trip(bytes, size);
    fuzz_end();
    return 0;
}

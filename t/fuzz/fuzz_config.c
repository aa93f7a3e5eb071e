/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the configuration: integers, durations, lists of algorithms, lists. */
#include "base/text.h"
#include "fuzz.h"
#include "jose/alg.h"

static void check_int(const char *text, apr_int64_t min, apr_int64_t max)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t value = -77;
    if (fuzz_ok(sso_text_int(text, min, max, &value, &err), &err)) {
        fuzz_check(value >= min && value <= max);
        fuzz_check(strcmp(apr_psprintf(fuzz_pool, "%" APR_INT64_T_FMT, value), text) == 0);
    } else {
        fuzz_check(value == -77);
    }
}

static void check_duration(const char *text, apr_int64_t min, apr_int64_t max)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t value = -77, seconds = 0;
    apr_size_t digits = strspn(text, "0123456789");
    if (!fuzz_ok(sso_text_duration(text, min, max, &value, &err), &err)) {
        fuzz_check(value == -77);
        return;
    }
    fuzz_check(value >= min && value <= max && digits > 0);
    const char *number = apr_pstrmemdup(fuzz_pool, text, digits);
    fuzz_check(sso_text_int(number, 0, APR_INT64_MAX, &seconds, NULL) == SSO_OK);
    switch (text[digits]) {
    case 'm':
        seconds *= 60;
        break;
    case 'h':
        seconds *= 3600;
        break;
    case 'd':
        seconds *= 86400;
        break;
    default:
        fuzz_check(text[digits] == '\0' || text[digits] == 's');
        break;
    }
    fuzz_check(seconds == value && (text[digits] == '\0' || text[digits + 1] == '\0'));
}

static void check_algs(const char *text)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_alg_set_t set = 0, again = 0;
    if (!fuzz_ok(sso_alg_set_parse(fuzz_pool, text, &set, &err), &err)) {
        fuzz_check(set == 0);
        return;
    }
    fuzz_check((set & ~(sso_alg_default_set() | sso_alg_hmac_set())) == 0);
    const char *names = sso_alg_set_text(fuzz_pool, set);
    const apr_array_header_t *words = sso_text_split(fuzz_pool, text, 1);
    for (int i = 0; i < words->nelts; i++) {
        const sso_alg_t *alg = sso_alg_find(APR_ARRAY_IDX(words, i, const char *));
        fuzz_check(alg != NULL && (set & alg->bit));
    }
    if (set != 0)
        fuzz_check(sso_alg_set_parse(fuzz_pool, names, &again, NULL) == SSO_OK && again == set);
}

static void check_split(const char *text, int commas)
{
    const apr_array_header_t *words = sso_text_split(fuzz_pool, text, commas);
    for (int i = 0; i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);
        fuzz_check(*word != '\0' && strpbrk(word, commas ? " \t," : " \t") == NULL && sso_text_in(words, word));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    fuzz_begin(NULL);
    const char *text = fuzz_text(data, size);
    check_int(text, APR_INT64_MIN, APR_INT64_MAX);
    check_int(text, 1, 65535);
    check_duration(text, APR_INT64_MIN, APR_INT64_MAX);
    check_duration(text, 30, 86400);
    check_algs(text);
    check_split(text, 0);
    check_split(text, 1);
    fuzz_end();
    return 0;
}

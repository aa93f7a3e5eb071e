/* SPDX-License-Identifier: Apache-2.0 */
/* Form bodies and queries: names and values are clean text, and what is encoded anew decodes to the same. */
#include "base/text.h"
#include "base/url.h"
#include "fuzz.h"

/* Each name is found once, or refused as a duplicate. */
static void check_lookups(const apr_array_header_t *params)
{
    for (int i = 0; i < params->nelts; i++) {
        const sso_param_t *param = &APR_ARRAY_IDX(params, i, sso_param_t);
        const char *value = NULL;
        sso_err_t err = SSO_ERR_INIT;
        int times = 0;
        for (int k = 0; k < params->nelts; k++)
            times += strcmp(APR_ARRAY_IDX(params, k, sso_param_t).name, param->name) == 0;
        int ok = fuzz_ok(sso_url_param(params, param->name, &value, &err), &err);
        fuzz_check(ok == (times == 1));
        fuzz_check(!ok || value == param->value);
    }
}

static void check_form(const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_array_header_t *params = NULL, *again = NULL;
    char *text = apr_pstrdup(fuzz_pool, ""), *query = text;

    if (!fuzz_ok(sso_url_parse_form(fuzz_pool, (char *)fuzz_bytes(data, size), size, &params, &err), &err)) {
        fuzz_check(params == NULL);
        return;
    }
    fuzz_check(params->nelts <= SSO_URL_PARAMS_MAX);
    for (int i = 0; i < params->nelts; i++) {
        const sso_param_t *param = &APR_ARRAY_IDX(params, i, sso_param_t);
        fuzz_check(sso_text_is_utf8(param->name, strlen(param->name)));
        fuzz_check(sso_text_is_utf8(param->value, strlen(param->value)));
        text = apr_pstrcat(fuzz_pool, text, i > 0 ? "&" : "", sso_url_form_encode(fuzz_pool, param->name), "=",
                           sso_url_form_encode(fuzz_pool, param->value), NULL);
        query = apr_pstrcat(fuzz_pool, query, i > 0 ? "&" : "", sso_url_encode(fuzz_pool, param->name), "=",
                            sso_url_encode(fuzz_pool, param->value), NULL);
    }
    fuzz_check(text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~*%+=&")] == '\0');
    check_lookups(params);
    for (int round = 0; round < 2; round++) {
        const char *encoded = round == 0 ? text : query;
        fuzz_check(sso_url_parse_form(fuzz_pool, encoded, strlen(encoded), &again, NULL) == SSO_OK);
        fuzz_check(again->nelts == params->nelts);
        for (int i = 0; i < params->nelts; i++) {
            const sso_param_t *a = &APR_ARRAY_IDX(params, i, sso_param_t), *b = &APR_ARRAY_IDX(again, i, sso_param_t);
            fuzz_check(strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    check_form(data, size);
    fuzz_end();
    return 0;
}

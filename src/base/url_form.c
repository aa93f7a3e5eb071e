/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding, query strings and form bodies (application/x-www-form-urlencoded). */
#include <string.h>

#include <apr_strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/url.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum { KEEP_URL = 1, KEEP_FORM = 2 };

static const unsigned char kept_by[256] = {
    ['0' ... '9'] = KEEP_URL | KEEP_FORM, ['A' ... 'Z'] = KEEP_URL | KEEP_FORM, ['a' ... 'z'] = KEEP_URL | KEEP_FORM,
    ['-'] = KEEP_URL | KEEP_FORM,         ['.'] = KEEP_URL | KEEP_FORM,         ['_'] = KEEP_URL | KEEP_FORM,
    ['~'] = KEEP_URL | KEEP_FORM,         ['*'] = KEEP_FORM,
};

/* Writes at most three times the length of `str`, no NUL; a blank of a form becomes '+', what is not kept %HH. Most of
 * what we encode is base64url: eight characters a step where all are kept. */
static char *encode(char *out, const char *str, unsigned char set)
{
    static const char hex[] = "0123456789ABCDEF";
    const unsigned char *p = (const unsigned char *)str, *end = p + strlen(str);

    while (p < end) {
        if (end - p >= 8 && (kept_by[p[0]] & kept_by[p[1]] & kept_by[p[2]] & kept_by[p[3]] & kept_by[p[4]] &
                             kept_by[p[5]] & kept_by[p[6]] & kept_by[p[7]] & set)) {
            memcpy(out, p, 8);
            out += 8;
            p += 8;
            continue;
        }
        unsigned char c = *p++;
        if (kept_by[c] & set) {
            *out++ = (char)c;
        } else if (c == ' ' && set == KEEP_FORM) {
            *out++ = '+';
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    return out;
}

static char *encode_pool(apr_pool_t *pool, const char *str, unsigned char set)
{
    char *out = apr_palloc(pool, strlen(str) * 3 + 1);
    *encode(out, str, set) = '\0';
    return out;
}

char *sso_url_encode(apr_pool_t *pool, const char *str)
{
    return encode_pool(pool, str, KEEP_URL);
}

char *sso_url_form_encode(apr_pool_t *pool, const char *str)
{
    /* As little as the standard allows: some providers forget to decode the two halves of RFC 6749 2.3.1. */
    return encode_pool(pool, str, KEEP_FORM);
}

char *sso_url_add_query(apr_pool_t *pool, const char *url, const char *const *pairs)
{
    apr_size_t len = strcspn(url, "#");
    apr_size_t room = strlen(url) + 1;
    char *out, *p;
    /* After "?" or "&" at the end no separator is due. */
    char sep = memchr(url, '?', len) == NULL ? '?' : url[len - 1] == '?' || url[len - 1] == '&' ? '\0' : '&';

    for (const char *const *pair = pairs; pair[0] != NULL; pair += 2)
        room += pair[1] != NULL ? 3 * (strlen(pair[0]) + strlen(pair[1])) + 2 : 0;
    p = out = apr_palloc(pool, room);
    memcpy(p, url, len);
    p += len;
    for (; pairs[0] != NULL; pairs += 2) {
        if (pairs[1] == NULL)
            continue;
        if (sep != '\0')
            *p++ = sep;
        sep = '&';
        p = encode(p, pairs[0], KEEP_URL);
        *p++ = '=';
        p = encode(p, pairs[1], KEEP_URL);
    }
    memcpy(p, url + len, strlen(url + len) + 1);
    return out;
}

static sso_rc_t decode(apr_pool_t *pool, const char *text, apr_size_t len, const char **ret, sso_err_t *err)
{
    char *out = apr_palloc(pool, len + 1);
    char *p = out;

    for (apr_size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0)
                return sso_err_set(err, SSO_E_SYNTAX, "form-escape", "%% without two hexadecimal digits");
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return sso_err_set(err, SSO_E_SYNTAX, "form-nul", "a NUL in a parameter");
        *p++ = c;
    }
    *p = '\0';
    if (!sso_text_is_utf8(out, (apr_size_t)(p - out)))
        return sso_err_set(err, SSO_E_SYNTAX, "form-utf8", "a parameter is not UTF-8");
    *ret = out;
    return SSO_OK;
}

sso_rc_t sso_url_parse_form(apr_pool_t *pool, const char *text, apr_size_t len, apr_array_header_t **ret_params,
                            sso_err_t *err)
{
    apr_array_header_t *params = apr_array_make(pool, 8, sizeof(sso_param_t));

    while (len > 0) {
        const char *amp = memchr(text, '&', len);
        apr_size_t pair_len = amp != NULL ? (apr_size_t)(amp - text) : len;
        const char *eq = pair_len > 0 ? memchr(text, '=', pair_len) : NULL;
        apr_size_t name_len = eq != NULL ? (apr_size_t)(eq - text) : pair_len;
        sso_param_t param = {"", ""};

        if (pair_len > 0) {
            if (params->nelts >= SSO_URL_PARAMS_MAX)
                return sso_err_set(err, SSO_E_LIMIT, "form-too-many", "more than %d parameters", SSO_URL_PARAMS_MAX);
            SSO_TRY(decode(pool, text, name_len, &param.name, err));
            if (eq != NULL)
                SSO_TRY(decode(pool, eq + 1, pair_len - name_len - 1, &param.value, err));
            APR_ARRAY_PUSH(params, sso_param_t) = param;
        }
        if (amp != NULL)
            pair_len++;
        text += pair_len;
        len -= pair_len;
    }
    *ret_params = params;
    return SSO_OK;
}

sso_rc_t sso_url_param(const apr_array_header_t *params, const char *name, const char **ret_value, sso_err_t *err)
{
    const char *value = NULL;

    for (int i = 0; params != NULL && i < params->nelts; i++) {
        const sso_param_t *param = &APR_ARRAY_IDX(params, i, sso_param_t);
        if (strcmp(param->name, name) != 0)
            continue;
        /* RFC 6749 3.1: a parameter must not be there more than once. */
        if (value != NULL)
            return sso_err_set(err, SSO_E_SYNTAX, "param-duplicate", "parameter %s is there twice", name);
        value = param->value;
    }
    *ret_value = value;
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What jose-verify, jose-decrypt and the vectors test share: files, and keys of test files. */
#ifndef JOSE_TOOL_H
#define JOSE_TOOL_H

#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "base/json.h"
#include "jose/jwe.h"
#include "jose/jwk.h"
#include "jose/jwks.h"
#include "jose/jws.h"

#define TOOL_FILE_MAX (2 * 1024 * 1024)

/* A whole file, without white space at its end. */
static inline sso_rc_t tool_read(apr_pool_t *pool, const char *path, const char **ret, apr_size_t *ret_len,
                                 sso_err_t *err)
{
    apr_file_t *file;
    char *text = apr_palloc(pool, TOOL_FILE_MAX + 1);
    apr_size_t len = 0;
    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_ABSENT, "file", "cannot open %s", path);
    apr_status_t rv = apr_file_read_full(file, text, TOOL_FILE_MAX, &len);
    apr_file_close(file);
    if (rv != APR_EOF)
        return sso_err_set(err, SSO_E_LIMIT, "file", "cannot read %s or it is too large", path);
    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    text[len] = 0;
    *ret = text;
    if (ret_len)
        *ret_len = len;
    return SSO_OK;
}

/* A JWK set or one JWK: of a provider, or a secret of our own (kty oct, not in a set). */
static inline sso_rc_t tool_verify_keys(apr_pool_t *pool, const char *text, apr_size_t len, const sso_jwks_t **ret,
                                        sso_err_t *err)
{
    const sso_json_t *doc = NULL;
    const sso_jwk_t *key = NULL;
    const char *kty = NULL;
    SSO_TRY(sso_json_parse_object(pool, text, len, SSO_JWKS_BYTES_MAX, &doc, err));
    if (sso_json_member(doc, "keys"))
        return sso_jwks_parse(pool, text, len, ret, err);
    (void)sso_json_string(doc, "kty", &kty);
    sso_jwk_side_t side = kty && strcmp(kty, "oct") == 0 ? SSO_JWK_FOR_OURSELVES : SSO_JWK_FOR_PROVIDER;
    SSO_TRY(sso_jwk_from_json(pool, doc, side, &key, err));
    *ret = sso_jwks_of(pool, key);
    return SSO_OK;
}

/* Decrypts with a PEM key, a private JWK, or the first of a set that does it. */
static inline sso_rc_t tool_decrypt(apr_pool_t *pool, const char *keys, apr_size_t len, const char *token,
                                    const char **ret_plain, apr_size_t *ret_len, sso_err_t *err)
{
    const sso_json_t *doc = NULL, *list = NULL;
    const sso_jwk_t *key = NULL;
    if (*keys == '-') {
        SSO_TRY(sso_jwk_from_pem(pool, keys, len, NULL, &key, err));
        return sso_jwe_decrypt(pool, token, key, ret_plain, ret_len, err);
    }
    SSO_TRY(sso_json_parse_object(pool, keys, len, SSO_JWKS_BYTES_MAX, &doc, err));
    if (sso_json_array(doc, "keys", &list) != SSO_JSON_FOUND) {
        SSO_TRY(sso_jwk_from_json(pool, doc, SSO_JWK_FOR_OURSELVES, &key, err));
        return sso_jwe_decrypt(pool, token, key, ret_plain, ret_len, err);
    }
    sso_rc_t rc = sso_err_set(err, SSO_E_KEY, "jwks-empty", "the set holds no key");
    for (apr_size_t i = 0; i < sso_json_size(list); i++) {
        sso_err_clear(err);
        rc = sso_jwk_from_json(pool, sso_json_at(list, i), SSO_JWK_FOR_OURSELVES, &key, err);
        if (rc == SSO_OK)
            rc = sso_jwe_decrypt(pool, token, key, ret_plain, ret_len, err);
        if (rc == SSO_OK)
            break;
    }
    return rc;
}

#endif

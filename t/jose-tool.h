/* SPDX-License-Identifier: Apache-2.0 */
/* What jose-verify, jose-decrypt and the vectors test share: files, and keys of test files. */
#ifndef JOSE_TOOL_H
#define JOSE_TOOL_H

#include <stdio.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jwe.h"
#include "jose/jwk.h"
#include "jose/jwks.h"
#include "jose/jws.h"

#define TOOL_FILE_MAX (2 * 1024 * 1024)

/* A whole file. Reason "file": it cannot be read or is too large. */
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
    text[len] = 0;
    *ret = text;
    *ret_len = len;
    return SSO_OK;
}

/* A token's file without the line end a text file has. Nothing else is forgiven: a blank before or behind a token, or a
 * NUL in it, is part of what is tested. */
static inline sso_rc_t tool_read_token(apr_pool_t *pool, const char *path, const char **ret, sso_err_t *err)
{
    const char *text = NULL;
    apr_size_t len = 0;
    SSO_TRY(tool_read(pool, path, &text, &len, err));
    if (len && text[len - 1] == '\n')
        len -= len > 1 && text[len - 2] == '\r' ? 2 : 1;
    *ret = apr_pstrmemdup(pool, text, len);
    if (strlen(*ret) != len)
        return sso_err_set(err, SSO_E_SYNTAX, "token-nul", "the token has a NUL in it");
    return SSO_OK;
}

/* Is this a set of secrets only? One among public keys would be a provider's mistake; it is left out there. */
static inline int tool_is_secrets(const sso_json_t *doc)
{
    const sso_json_t *list = NULL;
    if (sso_json_array(doc, "keys", &list) != SSO_JSON_FOUND || !sso_json_size(list))
        return 0;
    for (apr_size_t i = 0; i < sso_json_size(list); i++) {
        const sso_json_t *key = sso_json_at(list, i);
        const char *kty = NULL;
        if (sso_json_type(key) != SSO_JSON_OBJECT || sso_json_string(key, "kty", &kty) != SSO_JSON_FOUND ||
            strcmp(kty, "oct") != 0)
            return 0;
    }
    return 1;
}

/* A PEM key; one JWK, public, private or a secret; a provider's JWK set; or a set of secrets. */
static inline sso_rc_t tool_verify_keys(apr_pool_t *pool, const char *text, apr_size_t len, const sso_jwks_t **ret,
                                        sso_err_t *err)
{
    const sso_json_t *doc = NULL;
    const sso_jwk_t *key = NULL;
    const char *kty = NULL;
    if (*text == '-') {
        SSO_TRY(sso_jwk_from_pem(pool, text, len, NULL, &key, err));
        *ret = sso_jwks_of(pool, key);
        return SSO_OK;
    }
    SSO_TRY(sso_json_parse_object(pool, text, len, SSO_JWKS_BYTES_MAX, &doc, err));
    if (tool_is_secrets(doc))
        return sso_jwks_from_json(pool, doc, SSO_JWK_FOR_OURSELVES, ret, err);
    if (sso_json_member(doc, "keys"))
        return sso_jwks_from_json(pool, doc, SSO_JWK_FOR_PROVIDER, ret, err);
    (void)sso_json_string(doc, "kty", &kty);
    const int ours = sso_json_member(doc, "d") || (kty && strcmp(kty, "oct") == 0);
    SSO_TRY(sso_jwk_from_json(pool, doc, ours ? SSO_JWK_FOR_OURSELVES : SSO_JWK_FOR_PROVIDER, &key, err));
    *ret = sso_jwks_of(pool, key);
    return SSO_OK;
}

/* Names of algorithms, separated by blanks or commas, with or without the brackets and quotes of JSON. Those nobody
 * here knows are passed over when others are left: no token can be of them. */
static inline sso_rc_t tool_algs(apr_pool_t *pool, const char *list, sso_alg_set_t *ret, sso_err_t *err)
{
    char *text = apr_pstrdup(pool, list);
    sso_alg_set_t set = 0;
    for (char *p = text; *p; p++)
        if (strchr("[]\"'\n\r", *p))
            *p = ' ';
    apr_array_header_t *words = sso_text_split(pool, text, 1);
    for (int i = 0; i < words->nelts; i++) {
        sso_alg_set_t one = 0;
        sso_err_clear(err);
        if (sso_alg_set_parse(pool, APR_ARRAY_IDX(words, i, char *), &one, err) == SSO_OK)
            set |= one;
        else if (strcmp(err->reason, "alg-none") == 0)
            return SSO_E_UNSUPPORTED;
    }
    if (!set)
        return sso_alg_set_parse(pool, text, ret, err);
    sso_err_clear(err);
    *ret = set;
    return SSO_OK;
}

static inline sso_rc_t tool_verify(apr_pool_t *pool, const sso_jwks_t *keys, const char *token, const char *algs,
                                   sso_jws_t *ret, sso_err_t *err)
{
    sso_alg_set_t allowed = 0;
    sso_jws_parsed_t parsed;
    SSO_TRY(tool_algs(pool, algs, &allowed, err));
    SSO_TRY(sso_jws_parse(pool, token, &parsed, err));
    return sso_jws_verify(pool, &parsed, keys, allowed, ret, err);
}

/* A PEM key, a private JWK, or those of a set that can be read. Array of const sso_jwk_t*. */
static inline sso_rc_t tool_decrypt_keys(apr_pool_t *pool, const char *text, apr_size_t len, apr_array_header_t **ret,
                                         sso_err_t *err)
{
    const sso_json_t *doc = NULL, *list = NULL;
    const sso_jwk_t *key = NULL;
    sso_err_t why = SSO_ERR_INIT;
    *ret = apr_array_make(pool, 2, sizeof(sso_jwk_t *));
    if (*text == '-') {
        SSO_TRY(sso_jwk_from_pem(pool, text, len, NULL, &key, err));
        APR_ARRAY_PUSH(*ret, const sso_jwk_t *) = key;
        return SSO_OK;
    }
    SSO_TRY(sso_json_parse_object(pool, text, len, SSO_JWKS_BYTES_MAX, &doc, err));
    if (sso_json_array(doc, "keys", &list) != SSO_JSON_FOUND) {
        SSO_TRY(sso_jwk_from_json(pool, doc, SSO_JWK_FOR_OURSELVES, &key, err));
        APR_ARRAY_PUSH(*ret, const sso_jwk_t *) = key;
        return SSO_OK;
    }
    for (apr_size_t i = 0; i < sso_json_size(list); i++)
        if (sso_jwk_from_json(pool, sso_json_at(list, i), SSO_JWK_FOR_OURSELVES, &key, &why) == SSO_OK)
            APR_ARRAY_PUSH(*ret, const sso_jwk_t *) = key;
    return (*ret)->nelts ? SSO_OK : sso_err_set(err, SSO_E_KEY, "jwks-empty", "none of the keys is a private one");
}

/* Decrypts with the first key that does it. */
static inline sso_rc_t tool_decrypt(apr_pool_t *pool, const apr_array_header_t *keys, const char *token,
                                    const char **ret_plain, apr_size_t *ret_len, sso_err_t *err)
{
    sso_rc_t rc = SSO_E_KEY;
    for (int i = 0; i < keys->nelts && rc != SSO_OK; i++) {
        sso_err_clear(err);
        rc = sso_jwe_decrypt(pool, token, APR_ARRAY_IDX(keys, i, const sso_jwk_t *), ret_plain, ret_len, err);
    }
    return rc;
}

typedef sso_rc_t tool_fn(apr_pool_t *pool, char **args, sso_err_t *err);

/* Runs `work` on the arguments: 0, 1 with the reason, or 2 when it was called wrongly. */
static inline int tool_main(int argc, char **argv, int want, const char *usage, tool_fn *work, FILE *reasons)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_pool_t *pool;
    if (argc != want + 1) {
        fputs(usage, stderr);
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 2;
    sso_rc_t rc = work(pool, argv + 1, &err);
    if (rc != SSO_OK)
        fprintf(reasons, "reason=%s: %s\n", err.reason, err.detail);
    int unread = rc == SSO_E_ABSENT && strcmp(err.reason, "file") == 0;
    apr_pool_destroy(pool);
    apr_terminate();
    if (unread)
        return 2;
    return rc == SSO_OK ? 0 : 1;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* JWE compact decryption: header and order of the steps (RFC 7516 5.2). Unwrapping the content key is in jwe_key.c,
 * the content encryption in jwe_enc.c. After the header there is one way to fail, whatever failed: a sender who could
 * tell a wrong padding from a wrong tag would have an oracle (RFC 7516 11.5, RFC 8725 2.3). */
#include "jose/jwe.h"

#include <string.h>

#include "base/b64.h"
#include "base/json.h"
#include "jose/jwe_inner.h"
#include "jose/jwk_inner.h"

#define PARTS             5
#define ENCRYPTED_KEY_MAX (SSO_JWK_RSA_BITS_MAX / 8)

static const sso_jwe_alg_t algs[] = {
    {"RSA-OAEP", SSO_JWE_RSA_OAEP, SSO_KTY_RSA, SSO_HASH_SHA1, 0, NULL},
    {"RSA-OAEP-256", SSO_JWE_RSA_OAEP, SSO_KTY_RSA, SSO_HASH_SHA256, 0, NULL},
    {"ECDH-ES", SSO_JWE_ECDH, SSO_KTY_EC, SSO_HASH_SHA256, 0, NULL},
    {"ECDH-ES+A128KW", SSO_JWE_ECDH, SSO_KTY_EC, SSO_HASH_SHA256, 16, "AES-128-WRAP"},
    {"ECDH-ES+A192KW", SSO_JWE_ECDH, SSO_KTY_EC, SSO_HASH_SHA256, 24, "AES-192-WRAP"},
    {"ECDH-ES+A256KW", SSO_JWE_ECDH, SSO_KTY_EC, SSO_HASH_SHA256, 32, "AES-256-WRAP"},
};

static const sso_jwe_enc_t encs[] = {
    {"A128GCM", "AES-128-GCM", 16, 0, SSO_HASH_SHA256},
    {"A192GCM", "AES-192-GCM", 24, 0, SSO_HASH_SHA256},
    {"A256GCM", "AES-256-GCM", 32, 0, SSO_HASH_SHA256},
    {"A128CBC-HS256", "AES-128-CBC", 32, 16, SSO_HASH_SHA256},
    {"A192CBC-HS384", "AES-192-CBC", 48, 24, SSO_HASH_SHA384},
    {"A256CBC-HS512", "AES-256-CBC", 64, 32, SSO_HASH_SHA512},
};

typedef struct part_t {
    const char *text;
    apr_size_t text_len;
    unsigned char *bytes;
    apr_size_t len;
} part_t;

/* header, encrypted key, initialization vector, ciphertext, tag */
static sso_rc_t split(apr_pool_t *pool, const char *text, part_t *parts, sso_err_t *err)
{
    if (!memchr(text, 0, SSO_JWE_BYTES_MAX + 1))
        return sso_err_set(err, SSO_E_LIMIT, "jwe-too-large", "longer than %d bytes", SSO_JWE_BYTES_MAX);
    for (int i = 0; i < PARTS; i++) {
        const char *end = i < PARTS - 1 ? strchr(text, '.') : text + strlen(text);
        if (!end || (i == PARTS - 1 && strchr(text, '.')))
            return sso_err_set(err, SSO_E_SYNTAX, "jwe-syntax", "not five parts separated by dots");
        parts[i].text = text;
        parts[i].text_len = (apr_size_t)(end - text);
        text = end + 1;
    }
    if (parts[0].text_len > SSO_B64_ENCODED_LEN(SSO_JWS_HEADER_MAX) ||
        parts[1].text_len > SSO_B64_ENCODED_LEN(ENCRYPTED_KEY_MAX))
        return sso_err_set(err, SSO_E_LIMIT, "jwe-too-large", "the header or the encrypted key is too long");
    for (int i = 0; i < PARTS; i++)
        if (sso_b64url_decode_pool(pool, parts[i].text, parts[i].text_len, &parts[i].bytes, &parts[i].len, NULL) !=
            SSO_OK)
            return sso_err_set(err, SSO_E_SYNTAX, "jwe-syntax", "part %d is not base64url without padding", i + 1);
    return SSO_OK;
}

static sso_rc_t find_algs(const sso_json_t *header, sso_jwe_t *jwe, sso_err_t *err)
{
    const char *alg = NULL, *enc = NULL;
    if (sso_json_string(header, "alg", &alg) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwe-alg", "\"alg\" is missing or not a string");
    if (sso_json_string(header, "enc", &enc) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwe-enc", "\"enc\" is missing or not a string");
    for (unsigned i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
        if (strcmp(algs[i].name, alg) == 0)
            jwe->alg = &algs[i];
    for (unsigned i = 0; i < sizeof(encs) / sizeof(encs[0]); i++)
        if (strcmp(encs[i].name, enc) == 0)
            jwe->enc = &encs[i];
    if (!jwe->alg)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwe-alg", "key management \"%.40s\" is not supported", alg);
    if (!jwe->enc)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwe-enc", "content encryption \"%.40s\" is not supported", enc);
    return SSO_OK;
}

static sso_rc_t read_header(const sso_json_t *header, const sso_jwk_t *key, sso_jwe_t *jwe, sso_err_t *err)
{
    const char *kid = NULL;
    if (sso_json_member(header, "crit"))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwe-crit", "the header has \"crit\": extensions are not supported");
    /* RFC 8725 3.6: lengths of compressed text betray it, and a small token could fill the memory */
    if (sso_json_member(header, "zip"))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwe-zip", "compressed tokens are not accepted");
    SSO_TRY(find_algs(header, jwe, err));
    if (sso_json_string(header, "kid", &kid) == SSO_JSON_WRONG_TYPE)
        return sso_err_set(err, SSO_E_SYNTAX, "jwe-kid", "\"kid\" is not a string");
    if (kid && strlen(kid) > SSO_JWK_KID_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "jwe-kid", "\"kid\" is longer than %d bytes", SSO_JWK_KID_MAX);
    if (kid && key->kid && strcmp(kid, key->kid) != 0)
        return sso_err_set(err, SSO_E_MISMATCH, "jwe-kid", "encrypted for key \"%.80s\", ours is \"%.80s\"", kid,
                           key->kid);
    if (!key->is_private || key->kty != jwe->alg->kty || !(key->may & SSO_JWK_MAY_DECRYPT) ||
        (key->alg && strcmp(key->alg, jwe->alg->name) != 0))
        return sso_err_set(err, SSO_E_KEY, "jwe-key", "our key is not for %s (its type, use, key_ops or alg)",
                           jwe->alg->name);
    jwe->key = key;
    return SSO_OK;
}

sso_rc_t sso_jwe_decrypt(apr_pool_t *pool, const char *text, const sso_jwk_t *key, const char **ret_plain,
                         apr_size_t *ret_len, sso_err_t *err)
{
    part_t parts[PARTS];
    const sso_json_t *header = NULL;
    sso_jwe_t jwe = {.pool = pool};
    sso_err_t why = SSO_ERR_INIT;
    SSO_TRY(split(pool, text, parts, err));
    sso_rc_t rc =
        sso_json_parse_object(pool, (const char *)parts[0].bytes, parts[0].len, SSO_JWS_HEADER_MAX, &header, &why);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "jwe-syntax", "the header is no JSON object: %s: %s", why.reason, why.detail);
    SSO_TRY(read_header(header, key, &jwe, err));
    SSO_TRY(sso_jwe_key_prepare(&jwe, header, err));

    unsigned char cek[SSO_JWE_CEK_MAX];
    jwe.aad = parts[0].text;
    jwe.aad_len = parts[0].text_len;
    jwe.iv = parts[2].bytes;
    jwe.iv_len = parts[2].len;
    jwe.body = parts[3].bytes;
    jwe.body_len = parts[3].len;
    jwe.tag = parts[4].bytes;
    jwe.tag_len = parts[4].len;
    rc = sso_jwe_key_unwrap(&jwe, parts[1].bytes, parts[1].len, cek, err);
    int ok = 0;
    if (rc == SSO_OK)
        ok = sso_jwe_enc_open(&jwe, cek);
    sso_crypto_cleanse(cek, sizeof(cek));
    ERR_clear_error();
    SSO_TRY(rc);
    if (!ok)
        return sso_err_set(err, SSO_E_SIGNATURE, "jwe-decrypt", "the token cannot be decrypted with our key");
    *ret_plain = (const char *)jwe.plain;
    *ret_len = jwe.plain_len;
    return SSO_OK;
}

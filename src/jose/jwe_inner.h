/* SPDX-License-Identifier: Apache-2.0 */
/* What the three files of JWE decryption share. */
#ifndef SSO_JOSE_JWE_INNER_H
#define SSO_JOSE_JWE_INNER_H

#include "base/json.h"
#include "jose/jwe.h"
#include "jose/jws.h"
#include "jose/jwk_inner.h"

#define SSO_JWE_CEK_MAX 64

typedef enum { SSO_JWE_RSA_OAEP, SSO_JWE_ECDH } sso_jwe_family_t;

/* Key management (RFC 7518 4). */
typedef struct sso_jwe_alg_t {
    const char *name;
    sso_jwe_family_t family;
    sso_kty_t kty;
    sso_hash_t hash;     /* OAEP and its MGF1 */
    apr_size_t wrap_len; /* ECDH-ES+A*KW: bytes of the wrapping key; 0: the agreed key is the content key */
    const char *wrap;    /* OpenSSL's name of the key wrap */
} sso_jwe_alg_t;

/* Content encryption (RFC 7518 5). */
typedef struct sso_jwe_enc_t {
    const char *name;
    const char *cipher; /* OpenSSL's name */
    apr_size_t cek_len;
    apr_size_t mac_len; /* CBC: bytes of the MAC key, of the cipher key and of the tag; 0: GCM */
    sso_hash_t hash;    /* CBC */
} sso_jwe_enc_t;

typedef struct sso_jwe_t {
    apr_pool_t *pool;
    const sso_jwe_alg_t *alg;
    const sso_jwe_enc_t *enc;
    const sso_jwk_t *key;
    /* ECDH-ES */
    const sso_jwk_t *epk;
    const unsigned char *apu, *apv;
    apr_size_t apu_len, apv_len;
    /* content */
    const char *aad;
    apr_size_t aad_len;
    const unsigned char *iv, *body, *tag;
    apr_size_t iv_len, body_len, tag_len;
    unsigned char *plain; /* with a NUL behind it */
    apr_size_t plain_len;
} sso_jwe_t;

/* Reads what the algorithm needs from the header: epk, apu, apv. Reasons: jwe-syntax, jwe-key. */
SSO_MUST_USE sso_rc_t sso_jwe_key_prepare(sso_jwe_t *jwe, const sso_json_t *header, sso_err_t *err);
/* The content key into cek (enc->cek_len bytes). A wrapped key that does not open gives random bytes instead of an
 * error: the content then fails like any other (RFC 7516 11.5). An error is our own failure (no random bytes). */
SSO_MUST_USE sso_rc_t sso_jwe_key_unwrap(const sso_jwe_t *jwe, const unsigned char *wrapped, apr_size_t len,
                                         unsigned char cek[SSO_JWE_CEK_MAX], sso_err_t *err);
/* Sets plain and plain_len; 1 when the content is authentic. */
int sso_jwe_enc_open(sso_jwe_t *jwe, const unsigned char *cek);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Our own keys from PEM files. Read by OpenSSL's decoders, then held to the same rules as a JWK. */
#include "jose/jwk.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "jose/jwk_inner.h"

#define PEM_MAX        (64 * 1024)
#define PEM_BLOCKS_MAX 16

SSO_OSSL_AUTO(BIO, bio, BIO_vfree)
SSO_OSSL_AUTO(OSSL_DECODER_CTX, decoder, OSSL_DECODER_CTX_free)

/* A server has nobody to ask for a passphrase: remember that one was wanted, and fail. */
static int refuse_passphrase(char *pass, size_t size, size_t *len, const OSSL_PARAM params[], void *baton)
{
    (void)pass;
    (void)size;
    (void)len;
    (void)params;
    *(int *)baton = 1;
    return 0;
}

/* The first block of the file that holds what `selection` asks for, or NULL. Other blocks ("EC PARAMETERS",
 * certificates) may stand before it. */
static EVP_PKEY *decode(const char *pem, apr_size_t len, int selection, int *ret_encrypted)
{
    EVP_PKEY *pkey = NULL;
    SSO_AUTO(bio) BIO *bio = BIO_new_mem_buf(pem, (int)len);
    SSO_AUTO(decoder)
    OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", NULL, NULL, selection, NULL, NULL);
    if (!bio || !ctx || !OSSL_DECODER_CTX_set_passphrase_cb(ctx, refuse_passphrase, ret_encrypted))
        return NULL;
    for (int i = 0; i < PEM_BLOCKS_MAX && !pkey; i++) {
        apr_size_t before = BIO_pending(bio) > 0 ? (apr_size_t)BIO_pending(bio) : 0;
        if (OSSL_DECODER_from_bio(ctx, bio) && pkey)
            break;
        apr_size_t after = BIO_pending(bio) > 0 ? (apr_size_t)BIO_pending(bio) : 0;
        if (!after || after >= before)
            break;
    }
    ERR_clear_error();
    return pkey;
}

static sso_rc_t check_rsa(const EVP_PKEY *pkey, sso_err_t *err)
{
    BIGNUM *number = NULL;
    if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &number))
        return sso_crypto_fail(err, "reading an RSA modulus");
    SSO_AUTO(bn) BIGNUM *n = number;
    number = NULL;
    if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &number))
        return sso_crypto_fail(err, "reading an RSA exponent");
    SSO_AUTO(bn) BIGNUM *e = number;
    return sso_jwk_check_rsa(n, e, err);
}

/* Sets kty and curve of what was decoded. RSA keys restricted to PSS (id-RSASSA-PSS) carry rules of their own that JOSE
 * has no words for; they are refused. */
static sso_rc_t classify(sso_jwk_t *key, sso_err_t *err)
{
    char group[80] = "";
    if (EVP_PKEY_is_a(key->pkey, "RSA")) {
        key->kty = SSO_KTY_RSA;
        return check_rsa(key->pkey, err);
    }
    if (EVP_PKEY_is_a(key->pkey, "EC")) {
        key->kty = SSO_KTY_EC;
        if (EVP_PKEY_get_utf8_string_param(key->pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL))
            key->curve = sso_jwk_curve_by_ossl(group);
    } else if (EVP_PKEY_is_a(key->pkey, "ED25519") || EVP_PKEY_is_a(key->pkey, "ED448")) {
        key->kty = SSO_KTY_OKP;
        key->curve = sso_jwk_curve_by_ossl(EVP_PKEY_is_a(key->pkey, "ED448") ? "ED448" : "ED25519");
    } else {
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwk-kty", "the key is none of RSA, EC, Ed25519, Ed448");
    }
    ERR_clear_error();
    if (!key->curve)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwk-crv", "curve \"%s\" is not supported", group);
    return SSO_OK;
}

sso_rc_t sso_jwk_from_pem(apr_pool_t *pool, const char *pem, apr_size_t len, const char *kid, const sso_jwk_t **ret_key,
                          sso_err_t *err)
{
    int encrypted = 0;
    if (len > PEM_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "pem-syntax", "larger than %d bytes", PEM_MAX);
    sso_jwk_t *key = sso_jwk_new(pool, SSO_KTY_RSA);
    key->pkey = decode(pem, len, EVP_PKEY_KEYPAIR, &encrypted);
    key->is_private = key->pkey != NULL;
    if (!key->pkey && !encrypted)
        key->pkey = decode(pem, len, EVP_PKEY_PUBLIC_KEY, &encrypted);
    if (!key->pkey && encrypted)
        return sso_err_set(err, SSO_E_CONFIG, "pem-encrypted",
                           "the key is protected by a passphrase; write it without one and restrict the file instead");
    if (!key->pkey)
        return sso_err_set(err, SSO_E_SYNTAX, "pem-syntax", "no private or public key in PEM form");
    SSO_TRY(classify(key, err));
    SSO_TRY(sso_jwk_check_pkey(key, err));
    key->kid = kid ? apr_pstrdup(pool, kid) : NULL;
    *ret_key = key;
    return SSO_OK;
}

sso_rc_t sso_jwk_make_rsa(apr_pool_t *pool, char **ret_pem, sso_err_t *err)
{
    char *bytes = NULL;
    SSO_AUTO(pkey) EVP_PKEY *pkey = EVP_RSA_gen(SSO_JWK_RSA_BITS_MIN);
    SSO_AUTO(bio) BIO *bio = BIO_new(BIO_s_secmem());
    if (!pkey || !bio || !PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL))
        return sso_crypto_fail(err, "making an RSA key");
    long len = BIO_get_mem_data(bio, &bytes);
    if (len <= 0)
        return sso_crypto_fail(err, "making an RSA key");
    *ret_pem = apr_pstrmemdup(pool, bytes, (apr_size_t)len);
    return SSO_OK;
}

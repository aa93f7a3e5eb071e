/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures on OpenSSL 3. JOSE writes an ECDSA signature as R || S (RFC 7518 3.4), OpenSSL as DER; the DER form is
 * made here and never taken from outside. */
#include "jose/jws_sig.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/ecdsa.h>

#include "base/text.h"
#include "jose/jwk_inner.h"

#define DER_MAX 160 /* P-521: 2 * (66 + 1 + 2) + 3 */

SSO_OSSL_AUTO(ECDSA_SIG, ecdsa_sig, ECDSA_SIG_free)

static sso_rc_t refuse_signature(sso_err_t *err, const sso_alg_t *alg)
{
    ERR_clear_error();
    return sso_err_set(err, SSO_E_SIGNATURE, "jws-signature", "the %s signature does not verify", alg->name);
}

static sso_rc_t check_length(apr_size_t got, apr_size_t want, const sso_alg_t *alg, sso_err_t *err)
{
    if (got != want)
        return sso_err_set(err, SSO_E_SIGNATURE, "jws-signature-length",
                           "a %s signature of %" APR_SIZE_T_FMT " bytes; it has to be %" APR_SIZE_T_FMT, alg->name, got,
                           want);
    return SSO_OK;
}

/* RFC 7518 3.2: a key as long as the hash at least. */
static sso_rc_t compute_hmac(const sso_jwk_t *key, const sso_alg_t *alg, const char *input, apr_size_t input_len,
                             unsigned char *out, apr_size_t *ret_len, sso_err_t *err)
{
    if (key->secret_len < sso_crypto_hash_len(alg->hash))
        return sso_err_set(err, SSO_E_KEY, "jws-hmac-key-short",
                           "%s needs a secret of at least %" APR_SIZE_T_FMT " bytes, this one has %" APR_SIZE_T_FMT,
                           alg->name, sso_crypto_hash_len(alg->hash), key->secret_len);
    return sso_crypto_hmac(alg->hash, key->secret, key->secret_len, input, input_len, out, ret_len, err);
}

static sso_rc_t verify_hmac(const sso_jwk_t *key, const sso_alg_t *alg, const sso_jws_parsed_t *parsed, sso_err_t *err)
{
    unsigned char mac[SSO_HASH_MAX];
    apr_size_t len = 0;
    SSO_TRY(compute_hmac(key, alg, parsed->signing_input, parsed->signing_input_len, mac, &len, err));
    SSO_TRY(check_length(parsed->signature_len, len, alg, err));
    if (!sso_text_equal_ct(mac, len, parsed->signature, len))
        return refuse_signature(err, alg);
    return SSO_OK;
}

/* RFC 7518 3.3, 3.5: PKCS#1 v1.5 or PSS with MGF1 of the same hash and a salt as long as the hash. A PSS salt length
 * found in the signature ("auto") is not accepted. */
static int set_rsa_padding(EVP_PKEY_CTX *ctx, const sso_alg_t *alg)
{
    char pkcs1[] = OSSL_PKEY_RSA_PAD_MODE_PKCSV15, pss[] = OSSL_PKEY_RSA_PAD_MODE_PSS;
    char salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, hash[16];
    OSSL_PARAM params[4];
    size_t n = 0;
    if (alg->family == SSO_SIG_RSA_PKCS1) {
        params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pkcs1, 0);
    } else {
        apr_cpystrn(hash, sso_crypto_hash_name(alg->hash), sizeof(hash));
        params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pss, 0);
        params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, hash, 0);
        params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0);
    }
    params[n] = OSSL_PARAM_construct_end();
    return EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

/* 1 when r and s lie in [1, n-1]: a zero or the order itself verified in libraries that forgot to look
 * (CVE-2022-21449). */
static int is_in_range(const BIGNUM *number, const BIGNUM *order)
{
    return !BN_is_zero(number) && BN_cmp(number, order) < 0;
}

/* R || S as DER, or 0 when a number is out of range. */
static apr_size_t rs_to_der(const EVP_PKEY *pkey, const unsigned char *rs, apr_size_t len, unsigned char *der)
{
    BIGNUM *got = NULL;
    int half = (int)(len / 2);
    if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_ORDER, &got))
        return 0;
    SSO_AUTO(bn) BIGNUM *order = got;
    SSO_AUTO(ecdsa_sig) ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(rs, half, NULL), *s = BN_bin2bn(rs + half, half, NULL);
    if (!sig || !r || !s || !is_in_range(r, order) || !is_in_range(s, order) || !ECDSA_SIG_set0(sig, r, s)) {
        BN_free(r);
        BN_free(s);
        return 0;
    }
    int n = i2d_ECDSA_SIG(sig, NULL);
    if (n <= 0 || n > DER_MAX)
        return 0;
    return (apr_size_t)i2d_ECDSA_SIG(sig, &der);
}

static EVP_PKEY_CTX *make_verifier(const sso_jwk_t *key, const sso_alg_t *alg)
{
    const sso_crypto_algs_t *algs = sso_crypto_algs();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (ctx && algs && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, algs->md[alg->hash]) == 1 &&
        (key->kty != SSO_KTY_RSA || set_rsa_padding(ctx, alg)))
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* A copy of the kept one; NULL when OpenSSL cannot. */
static EVP_PKEY_CTX *take_verifier(const sso_jwk_t *key, const sso_alg_t *alg)
{
    const int slot = (alg->family == SSO_SIG_RSA_PSS ? SSO_JWK_KEPT / 2 : 0) + (int)alg->hash - (int)SSO_HASH_SHA256;
    _Atomic(EVP_PKEY_CTX *) *place = &key->kept->verifiers[slot];
    EVP_PKEY_CTX *kept = atomic_load(place), *none = NULL;
    if (!kept) {
        kept = make_verifier(key, alg);
        if (!kept)
            return NULL;
        if (!atomic_compare_exchange_strong(place, &none, kept)) {
            EVP_PKEY_CTX_free(kept);
            kept = none; /* another thread was first */
        }
    }
    return EVP_PKEY_CTX_dup(kept);
}

/* Ed25519 and Ed448 sign the text itself, not a digest of it (RFC 8032). */
static sso_rc_t verify_eddsa(const sso_jwk_t *key, const sso_alg_t *alg, const sso_jws_parsed_t *parsed, sso_err_t *err)
{
    SSO_AUTO(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1)
        return sso_crypto_fail(err, "EVP_DigestVerifyInit_ex");
    if (EVP_DigestVerify(ctx, parsed->signature, parsed->signature_len, (const unsigned char *)parsed->signing_input,
                         parsed->signing_input_len) != 1)
        return refuse_signature(err, alg);
    return SSO_OK;
}

static sso_rc_t verify_pkey(const sso_jwk_t *key, const sso_alg_t *alg, const sso_jws_parsed_t *parsed, sso_err_t *err)
{
    unsigned char der[DER_MAX], digest[SSO_HASH_MAX];
    const unsigned char *sig = parsed->signature;
    apr_size_t sig_len = parsed->signature_len, digest_len;
    const apr_size_t want = key->curve ? key->curve->sig_len : (apr_size_t)EVP_PKEY_get_size(key->pkey);
    SSO_TRY(check_length(sig_len, want, alg, err));
    if (alg->family == SSO_SIG_EDDSA)
        return verify_eddsa(key, alg, parsed, err);
    if (alg->family == SSO_SIG_ECDSA) {
        sig_len = rs_to_der(key->pkey, sig, sig_len, der);
        sig = der;
        if (!sig_len)
            return refuse_signature(err, alg);
    }
    SSO_TRY(sso_crypto_digest(alg->hash, parsed->signing_input, parsed->signing_input_len, digest, &digest_len, err));
    SSO_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = take_verifier(key, alg);
    if (!ctx)
        return sso_crypto_fail(err, "EVP_PKEY_verify_init");
    if (EVP_PKEY_verify(ctx, sig, sig_len, digest, digest_len) != 1)
        return refuse_signature(err, alg);
    return SSO_OK;
}

sso_rc_t sso_jws_sig_verify(const sso_jwk_t *key, const sso_alg_t *alg, const sso_jws_parsed_t *parsed, sso_err_t *err)
{
    return alg->family == SSO_SIG_HMAC ? verify_hmac(key, alg, parsed, err) : verify_pkey(key, alg, parsed, err);
}

/* ---- signing ---- */

static sso_rc_t der_to_rs(apr_pool_t *pool, const sso_jwk_t *key, const unsigned char *der, apr_size_t der_len,
                          unsigned char **ret_sig, apr_size_t *ret_len, sso_err_t *err)
{
    SSO_AUTO(ecdsa_sig) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
    const apr_size_t half = key->curve->len;
    unsigned char *out = apr_palloc(pool, 2 * half);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) < 0)
        return sso_crypto_fail(err, "d2i_ECDSA_SIG");
    *ret_sig = out;
    *ret_len = 2 * half;
    return SSO_OK;
}

static sso_rc_t sign_pkey(apr_pool_t *pool, const sso_jwk_t *key, const sso_alg_t *alg, const char *input,
                          apr_size_t input_len, unsigned char **ret_sig, apr_size_t *ret_len, sso_err_t *err)
{
    SSO_AUTO(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    const char *hash = alg->family == SSO_SIG_EDDSA ? NULL : sso_crypto_hash_name(alg->hash);
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *sig = apr_palloc(pool, len);
    if (!ctx || EVP_DigestSignInit_ex(ctx, &pctx, hash, NULL, NULL, key->pkey, NULL) != 1 ||
        (key->kty == SSO_KTY_RSA && !set_rsa_padding(pctx, alg)) ||
        EVP_DigestSign(ctx, sig, &len, (const unsigned char *)input, input_len) != 1)
        return sso_crypto_fail(err, "signing");
    if (alg->family == SSO_SIG_ECDSA)
        return der_to_rs(pool, key, sig, len, ret_sig, ret_len, err);
    *ret_sig = sig;
    *ret_len = len;
    return SSO_OK;
}

sso_rc_t sso_jws_sig_make(apr_pool_t *pool, const sso_jwk_t *key, const sso_alg_t *alg, const char *input,
                          apr_size_t input_len, unsigned char **ret_sig, apr_size_t *ret_len, sso_err_t *err)
{
    if (alg->family != SSO_SIG_HMAC)
        return sign_pkey(pool, key, alg, input, input_len, ret_sig, ret_len, err);
    unsigned char *mac = apr_palloc(pool, SSO_HASH_MAX);
    SSO_TRY(compute_hmac(key, alg, input, input_len, mac, ret_len, err));
    *ret_sig = mac;
    return SSO_OK;
}

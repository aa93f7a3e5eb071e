/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Keys. Whatever a key comes from, it passes the same rules before anyone may use it (RFC 8725 3.4, 3.5):
 * sizes, exponent, point on the curve, halves that belong together. */
#include "jose/jwk.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/jwk_inner.h"

#define SECRET_MAX     4096
#define RSA_MEMBER_MAX 4096 /* bytes; what is longer is not even made a number */
#define POINT_MAX      66
#define RSA_E_BITS_MAX 64

SSO_OSSL_AUTO(OSSL_PARAM_BLD, bld, OSSL_PARAM_BLD_free)
SSO_OSSL_AUTO(OSSL_PARAM, params, OSSL_PARAM_free)

static const sso_jwk_curve_t curves[] = {
    {"P-256", SSO_KTY_EC, "prime256v1", 32, 64}, {"P-384", SSO_KTY_EC, "secp384r1", 48, 96},
    {"P-521", SSO_KTY_EC, "secp521r1", 66, 132}, {"Ed25519", SSO_KTY_OKP, "ED25519", 32, 64},
    {"Ed448", SSO_KTY_OKP, "ED448", 57, 114},
};

const sso_jwk_curve_t *sso_jwk_curve_find(const char *crv)
{
    for (unsigned i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (strcmp(curves[i].crv, crv) == 0)
            return &curves[i];
    return NULL;
}

const sso_jwk_curve_t *sso_jwk_curve_by_ossl(const char *ossl)
{
    for (unsigned i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
        if (strcmp(curves[i].ossl, ossl) == 0)
            return &curves[i];
    return NULL;
}

static apr_status_t destroy_key(void *data)
{
    sso_jwk_t *key = data;
    union {
        const unsigned char *ro;
        unsigned char *rw;
    } secret = {.ro = key->secret};
    for (int i = 0; i < SSO_JWK_KEPT; i++)
        EVP_PKEY_CTX_free(atomic_exchange(&key->kept->verifiers[i], NULL));
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
    if (key->secret_len)
        sso_crypto_cleanse(secret.rw, key->secret_len);
    key->secret_len = 0;
    return APR_SUCCESS;
}

sso_jwk_t *sso_jwk_new(apr_pool_t *pool, sso_kty_t kty)
{
    sso_jwk_t *key = apr_pcalloc(pool, sizeof(*key));
    key->kty = kty;
    key->may = SSO_JWK_MAY_ALL;
    key->kept = apr_pcalloc(pool, sizeof(*key->kept));
    apr_pool_cleanup_register(pool, key, destroy_key, apr_pool_cleanup_null);
    return key;
}

/* ---- members ---- */

/* One base64url member, decoded. `sensitive` values are wiped by the caller. */
static sso_rc_t read_bytes(apr_pool_t *pool, const sso_json_t *object, const char *name, apr_size_t max,
                           unsigned char **ret, apr_size_t *ret_len, sso_err_t *err)
{
    const char *text = NULL;
    if (sso_json_string(object, name, &text) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-member", "\"%s\" is missing or not a string", name);
    apr_size_t len = strlen(text);
    if (!len || len > SSO_B64_ENCODED_LEN(max))
        return sso_err_set(err, SSO_E_LIMIT, "jwk-member", "\"%s\" has %" APR_SIZE_T_FMT " characters", name, len);
    if (sso_b64url_decode_pool(pool, text, len, ret, ret_len, NULL) != SSO_OK)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-member", "\"%s\" is not base64url", name);
    return SSO_OK;
}

/* The same as a number. RFC 7518 2 wants no leading zero octets; some producers write one, which changes nothing. */
static sso_rc_t read_number(apr_pool_t *pool, const sso_json_t *object, const char *name, apr_size_t max, BIGNUM **ret,
                            sso_err_t *err)
{
    unsigned char *bytes = NULL;
    apr_size_t len = 0;
    SSO_TRY(read_bytes(pool, object, name, max + 1, &bytes, &len, err));
    *ret = BN_bin2bn(bytes, (int)len, NULL);
    sso_crypto_cleanse(bytes, len);
    return *ret ? SSO_OK : sso_crypto_fail(err, "BN_bin2bn");
}

/* A value whose length the curve fixes (RFC 7518 6.2.1.2, 6.2.2.1; RFC 8037 2). */
static sso_rc_t read_fixed(apr_pool_t *pool, const sso_json_t *object, const char *name, apr_size_t want,
                           unsigned char *out, sso_err_t *err)
{
    unsigned char *bytes = NULL;
    apr_size_t len = 0;
    SSO_TRY(read_bytes(pool, object, name, want + 1, &bytes, &len, err));
    if (len == want)
        memcpy(out, bytes, len);
    sso_crypto_cleanse(bytes, len);
    if (len != want)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-member",
                           "\"%s\" has %" APR_SIZE_T_FMT " bytes instead of %" APR_SIZE_T_FMT, name, len, want);
    return SSO_OK;
}

static sso_rc_t read_optional_string(apr_pool_t *pool, const sso_json_t *object, const char *name, const char **ret,
                                     sso_err_t *err)
{
    const char *text = NULL;
    sso_json_found_t found = sso_json_string(object, name, &text);
    if (found == SSO_JSON_WRONG_TYPE)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-member", "\"%s\" is not a string", name);
    if (found == SSO_JSON_FOUND && strlen(text) > SSO_JWK_KID_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "jwk-member", "\"%s\" is longer than %d bytes", name, SSO_JWK_KID_MAX);
    *ret = found == SSO_JSON_FOUND ? apr_pstrdup(pool, text) : NULL;
    return SSO_OK;
}

/* RFC 7517 4.2-4.5. What says more than we understand narrows, it never widens. */
static sso_rc_t read_common(apr_pool_t *pool, const sso_json_t *object, sso_jwk_t *key, sso_err_t *err)
{
    const char *use = NULL;
    apr_array_header_t *ops = NULL;
    SSO_TRY(read_optional_string(pool, object, "kid", &key->kid, err));
    SSO_TRY(read_optional_string(pool, object, "alg", &key->alg, err));
    SSO_TRY(read_optional_string(pool, object, "use", &use, err));
    if (use && strcmp(use, "sig") == 0)
        key->may &= SSO_JWK_MAY_VERIFY | SSO_JWK_MAY_SIGN;
    else if (use && strcmp(use, "enc") == 0)
        key->may &= SSO_JWK_MAY_DECRYPT;
    else if (use)
        key->may = 0;

    sso_json_found_t found = sso_json_strings(pool, object, "key_ops", &ops);
    if (found == SSO_JSON_WRONG_TYPE)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-member", "\"key_ops\" is not an array of strings");
    if (found == SSO_JSON_FOUND) {
        unsigned may = 0;
        if (sso_text_in(ops, "verify"))
            may |= SSO_JWK_MAY_VERIFY;
        if (sso_text_in(ops, "sign"))
            may |= SSO_JWK_MAY_SIGN;
        if (sso_text_in(ops, "decrypt") || sso_text_in(ops, "unwrapKey") || sso_text_in(ops, "deriveKey") ||
            sso_text_in(ops, "deriveBits"))
            may |= SSO_JWK_MAY_DECRYPT;
        key->may &= may;
    }
    return SSO_OK;
}

/* RFC 7517 9.2, RFC 7518 6.3.2.7 */
static int has_private_member(const sso_json_t *object)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (sso_json_member(object, names[i]))
            return 1;
    return 0;
}

/* ---- rules ---- */

/* CVE-2017-15361 (ROCA): one maker's chips drew primes that are powers of 65537 modulo many small primes at once. So is
 * their product, which tells such a modulus; another one passes all of these by chance once in 2^28. */
static int has_roca_mark(const BIGNUM *n)
{
    static const unsigned char primes[] = {3,  5,  7,  11, 13, 17, 19, 23,  29,  31,  37,  41,  43,
                                           47, 53, 59, 61, 67, 71, 73, 79,  83,  89,  97,  101, 103,
                                           107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    for (unsigned i = 0; i < sizeof(primes); i++) {
        const unsigned p = primes[i];
        const BN_ULONG rest = BN_mod_word(n, p);
        unsigned power = 1;
        do
            power = power * 65537U % p;
        while (power != 1 && power != rest);
        if (power != rest)
            return 0;
    }
    return 1;
}

sso_rc_t sso_jwk_check_rsa(const BIGNUM *n, const BIGNUM *e, sso_err_t *err)
{
    /* RFC 7518 3.3, 3.5; the upper bounds keep a hostile key from costing seconds (CVE-2006-2940) */
    int bits = BN_num_bits(n);
    if (bits < SSO_JWK_RSA_BITS_MIN || bits > SSO_JWK_RSA_BITS_MAX)
        return sso_err_set(err, SSO_E_KEY, "jwk-rsa-size", "an RSA key of %d bits; %d to %d are accepted", bits,
                           SSO_JWK_RSA_BITS_MIN, SSO_JWK_RSA_BITS_MAX);
    if (!BN_is_odd(n))
        return sso_err_set(err, SSO_E_KEY, "jwk-member", "the RSA modulus is even");
    if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > RSA_E_BITS_MAX)
        return sso_err_set(err, SSO_E_KEY, "jwk-rsa-exponent",
                           "the RSA exponent must be odd, at least 3 and at most %d bits long", RSA_E_BITS_MAX);
    if (has_roca_mark(n))
        return sso_err_set(err, SSO_E_KEY, "jwk-rsa-weak",
                           "the RSA key comes from a chip whose keys can be factored (CVE-2017-15361)");
    return SSO_OK;
}

sso_rc_t sso_jwk_check_pkey(const sso_jwk_t *key, sso_err_t *err)
{
    SSO_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (!ctx)
        return sso_crypto_fail(err, "EVP_PKEY_CTX_new_from_pkey");
    int ok = 1;
    if (key->kty == SSO_KTY_EC)
        ok = EVP_PKEY_public_check_quick(ctx) == 1;
    if (!ok) {
        ERR_clear_error();
        return sso_err_set(err, SSO_E_KEY, "jwk-point", "the point is not on %s", key->curve->crv);
    }
    if (key->is_private && EVP_PKEY_pairwise_check(ctx) != 1) {
        ERR_clear_error();
        return sso_err_set(err, SSO_E_KEY, "jwk-member", "the private and the public half do not belong together");
    }
    return SSO_OK;
}

/* ---- from JSON ---- */

static EVP_PKEY *make_pkey(const char *type, int is_private, OSSL_PARAM_BLD *bld)
{
    SSO_AUTO(params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    SSO_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
    ERR_clear_error();
    return pkey;
}

/* RFC 7518 6.3 */
static const struct {
    const char *member;
    const char *param;
} rsa_members[] = {
    {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
    {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};
#define RSA_PUBLIC 2
#define RSA_ALL    8

static sso_rc_t read_rsa_numbers(apr_pool_t *pool, const sso_json_t *object, sso_jwk_t *key, BIGNUM **numbers,
                                 sso_err_t *err)
{
    SSO_AUTO(bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (!bld)
        return sso_crypto_fail(err, "OSSL_PARAM_BLD_new");
    const int count = key->is_private ? RSA_ALL : RSA_PUBLIC;
    for (int i = 0; i < count; i++) {
        SSO_TRY(read_number(pool, object, rsa_members[i].member, RSA_MEMBER_MAX, &numbers[i], err));
        if (!OSSL_PARAM_BLD_push_BN(bld, rsa_members[i].param, numbers[i]))
            return sso_crypto_fail(err, "OSSL_PARAM_BLD_push_BN");
    }
    SSO_TRY(sso_jwk_check_rsa(numbers[0], numbers[1], err));
    key->pkey = make_pkey("RSA", key->is_private, bld);
    if (!key->pkey)
        return sso_err_set(err, SSO_E_KEY, "jwk-member", "the numbers make no RSA key");
    return SSO_OK;
}

static sso_rc_t read_rsa(apr_pool_t *pool, const sso_json_t *object, sso_jwk_t *key, sso_err_t *err)
{
    BIGNUM *numbers[RSA_ALL] = {NULL};
    if (key->is_private && sso_json_member(object, "oth"))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwk-member", "RSA keys of more than two primes are not supported");
    sso_rc_t rc = read_rsa_numbers(pool, object, key, numbers, err);
    for (int i = 0; i < RSA_ALL; i++)
        BN_clear_free(numbers[i]);
    SSO_TRY(rc);
    return sso_jwk_check_pkey(key, err);
}

static sso_rc_t read_curve(const sso_json_t *object, sso_jwk_t *key, sso_err_t *err)
{
    const char *crv = NULL;
    if (sso_json_string(object, "crv", &crv) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-crv", "\"crv\" is missing or not a string");
    key->curve = sso_jwk_curve_find(crv);
    if (!key->curve || key->curve->kty != key->kty)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jwk-crv", "curve \"%.40s\" is not supported", crv);
    return SSO_OK;
}

/* RFC 7518 6.2 */
static sso_rc_t read_ec(apr_pool_t *pool, const sso_json_t *object, sso_jwk_t *key, sso_err_t *err)
{
    unsigned char point[1 + 2 * POINT_MAX], d[POINT_MAX];
    SSO_TRY(read_curve(object, key, err));
    const apr_size_t len = key->curve->len;
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    SSO_TRY(read_fixed(pool, object, "x", len, point + 1, err));
    SSO_TRY(read_fixed(pool, object, "y", len, point + 1 + len, err));
    SSO_AUTO(bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    SSO_AUTO(bn) BIGNUM *number = NULL;
    int ok = bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, key->curve->ossl, 0) &&
             OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len);
    if (key->is_private) {
        SSO_TRY(read_fixed(pool, object, "d", len, d, err));
        number = BN_bin2bn(d, (int)len, NULL);
        sso_crypto_cleanse(d, len);
        ok = ok && number && OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, number, len);
    }
    if (!ok)
        return sso_crypto_fail(err, "OSSL_PARAM_BLD_push");
    /* OpenSSL decodes the point and refuses one that is off the curve (RFC 8725 3.4) */
    key->pkey = make_pkey("EC", key->is_private, bld);
    if (!key->pkey)
        return sso_err_set(err, SSO_E_KEY, "jwk-point", "the point is not on %s", key->curve->crv);
    return sso_jwk_check_pkey(key, err);
}

/* RFC 8037 2 */
static sso_rc_t read_okp(apr_pool_t *pool, const sso_json_t *object, sso_jwk_t *key, sso_err_t *err)
{
    unsigned char x[POINT_MAX], d[POINT_MAX];
    SSO_TRY(read_curve(object, key, err));
    const apr_size_t len = key->curve->len;
    SSO_TRY(read_fixed(pool, object, "x", len, x, err));
    SSO_AUTO(bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    int ok = bld && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, x, len);
    if (key->is_private) {
        SSO_TRY(read_fixed(pool, object, "d", len, d, err));
        ok = ok && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PRIV_KEY, d, len);
    }
    key->pkey = ok ? make_pkey(key->curve->ossl, key->is_private, bld) : NULL;
    sso_crypto_cleanse(d, sizeof(d));
    if (!key->pkey)
        return sso_err_set(err, SSO_E_KEY, "jwk-point", "the bytes make no %s key", key->curve->crv);
    return sso_jwk_check_pkey(key, err);
}

static sso_rc_t read_oct(apr_pool_t *pool, const sso_json_t *object, sso_jwk_t *key, sso_err_t *err)
{
    unsigned char *secret = NULL;
    apr_size_t len = 0;
    SSO_TRY(read_bytes(pool, object, "k", SECRET_MAX, &secret, &len, err));
    key->secret = secret;
    key->secret_len = len;
    return SSO_OK;
}

static sso_rc_t find_kty(const sso_json_t *object, sso_kty_t *ret_kty, sso_err_t *err)
{
    static const char *const names[] = {
        [SSO_KTY_RSA] = "RSA", [SSO_KTY_EC] = "EC", [SSO_KTY_OKP] = "OKP", [SSO_KTY_OCT] = "oct"};
    const char *kty = NULL;
    if (sso_json_type(object) != SSO_JSON_OBJECT)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-kty", "a key is not an object");
    if (sso_json_string(object, "kty", &kty) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwk-kty", "\"kty\" is missing or not a string");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], kty) == 0) {
            *ret_kty = (sso_kty_t)i;
            return SSO_OK;
        }
    return sso_err_set(err, SSO_E_UNSUPPORTED, "jwk-kty", "key type \"%.40s\" is not supported", kty);
}

sso_rc_t sso_jwk_from_json(apr_pool_t *pool, const sso_json_t *object, sso_jwk_side_t side, const sso_jwk_t **ret_key,
                           sso_err_t *err)
{
    sso_kty_t kty = SSO_KTY_OCT;
    SSO_TRY(find_kty(object, &kty, err));
    if (side == SSO_JWK_FOR_PROVIDER) {
        /* A secret everyone can fetch proves nothing: whoever read the set could have signed (RFC 7517 9.2). */
        if (kty == SSO_KTY_OCT || sso_json_member(object, "k"))
            return sso_err_set(err, SSO_E_KEY, "jwk-symmetric", "a symmetric key in a public key set");
        if (has_private_member(object))
            return sso_err_set(err, SSO_E_KEY, "jwk-private", "a private key in a public key set");
    }
    sso_jwk_t *key = sso_jwk_new(pool, kty);
    key->is_private = side == SSO_JWK_FOR_OURSELVES && kty != SSO_KTY_OCT;
    SSO_TRY(read_common(pool, object, key, err));
    switch (kty) {
    case SSO_KTY_RSA:
        SSO_TRY(read_rsa(pool, object, key, err));
        break;
    case SSO_KTY_EC:
        SSO_TRY(read_ec(pool, object, key, err));
        break;
    case SSO_KTY_OKP:
        SSO_TRY(read_okp(pool, object, key, err));
        break;
    case SSO_KTY_OCT:
        SSO_TRY(read_oct(pool, object, key, err));
        break;
    }
    *ret_key = key;
    return SSO_OK;
}

sso_rc_t sso_jwk_from_secret(apr_pool_t *pool, const void *secret, apr_size_t len, const sso_jwk_t **ret_key,
                             sso_err_t *err)
{
    if (!len || len > SECRET_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "jwk-member", "a secret has 1 to %d bytes, not %" APR_SIZE_T_FMT,
                           SECRET_MAX, len);
    sso_jwk_t *key = sso_jwk_new(pool, SSO_KTY_OCT);
    key->secret = apr_pmemdup(pool, secret, len);
    key->secret_len = len;
    *ret_key = key;
    return SSO_OK;
}

/* ---- use ---- */

sso_kty_t sso_jwk_kty(const sso_jwk_t *key)
{
    return key->kty;
}

const char *sso_jwk_kid(const sso_jwk_t *key)
{
    return key->kid;
}

/* RFC 7517 4.4. An OKP key is of one curve, so the old and the new name of its algorithm mean the same (RFC 9864). */
static int is_alg_of(const sso_jwk_t *key, const sso_alg_t *alg)
{
    return !key->alg || strcmp(key->alg, alg->name) == 0 ||
           (alg->family == SSO_SIG_EDDSA && key->curve &&
            (strcmp(key->alg, "EdDSA") == 0 || strcmp(key->alg, key->curve->crv) == 0));
}

int sso_jwk_fits_for(const sso_jwk_t *key, const sso_alg_t *alg, unsigned may)
{
    return key->kty == alg->kty && (key->may & may) && is_alg_of(key, alg) &&
           (!alg->crv || (key->curve && strcmp(key->curve->crv, alg->crv) == 0));
}

int sso_jwk_fits(const sso_jwk_t *key, const sso_alg_t *alg)
{
    return sso_jwk_fits_for(key, alg, SSO_JWK_MAY_VERIFY);
}

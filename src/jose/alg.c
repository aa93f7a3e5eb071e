/* SPDX-License-Identifier: Apache-2.0 */
/* The table of signature algorithms (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2). What is not here cannot be selected. */
#include "jose/alg.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"

#define BIT(n) (1U << (n))

static const sso_alg_t table[] = {
    {"RS256", BIT(0), SSO_SIG_RSA_PKCS1, SSO_KTY_RSA, SSO_HASH_SHA256, NULL, 0},
    {"RS384", BIT(1), SSO_SIG_RSA_PKCS1, SSO_KTY_RSA, SSO_HASH_SHA384, NULL, 0},
    {"RS512", BIT(2), SSO_SIG_RSA_PKCS1, SSO_KTY_RSA, SSO_HASH_SHA512, NULL, 0},
    {"PS256", BIT(3), SSO_SIG_RSA_PSS, SSO_KTY_RSA, SSO_HASH_SHA256, NULL, 0},
    {"PS384", BIT(4), SSO_SIG_RSA_PSS, SSO_KTY_RSA, SSO_HASH_SHA384, NULL, 0},
    {"PS512", BIT(5), SSO_SIG_RSA_PSS, SSO_KTY_RSA, SSO_HASH_SHA512, NULL, 0},
    {"ES256", BIT(6), SSO_SIG_ECDSA, SSO_KTY_EC, SSO_HASH_SHA256, "P-256", 64},
    {"ES384", BIT(7), SSO_SIG_ECDSA, SSO_KTY_EC, SSO_HASH_SHA384, "P-384", 96},
    {"ES512", BIT(8), SSO_SIG_ECDSA, SSO_KTY_EC, SSO_HASH_SHA512, "P-521", 132},
    {"EdDSA", BIT(9), SSO_SIG_EDDSA, SSO_KTY_OKP, SSO_HASH_SHA512, NULL, 0},
    {"HS256", BIT(10), SSO_SIG_HMAC, SSO_KTY_OCT, SSO_HASH_SHA256, NULL, 0},
    {"HS384", BIT(11), SSO_SIG_HMAC, SSO_KTY_OCT, SSO_HASH_SHA384, NULL, 0},
    {"HS512", BIT(12), SSO_SIG_HMAC, SSO_KTY_OCT, SSO_HASH_SHA512, NULL, 0},
    {"Ed25519", BIT(13), SSO_SIG_EDDSA, SSO_KTY_OKP, SSO_HASH_SHA512, "Ed25519", 0},
    {"Ed448", BIT(14), SSO_SIG_EDDSA, SSO_KTY_OKP, SSO_HASH_SHA512, "Ed448", 0},
};
#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

const sso_alg_t *sso_alg_find(const char *name)
{
    if (!name)
        return NULL;
    for (unsigned i = 0; i < TABLE_LEN; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static sso_alg_set_t collect(int hmac)
{
    sso_alg_set_t set = 0;
    for (unsigned i = 0; i < TABLE_LEN; i++)
        if ((table[i].family == SSO_SIG_HMAC) == hmac)
            set |= table[i].bit;
    return set;
}

sso_alg_set_t sso_alg_default_set(void)
{
    return collect(0);
}

sso_alg_set_t sso_alg_hmac_set(void)
{
    return collect(1);
}

sso_rc_t sso_alg_set_parse(apr_pool_t *pool, const char *list, sso_alg_set_t *ret_set, sso_err_t *err)
{
    const apr_array_header_t *words = sso_text_split(pool, list, 1);
    sso_alg_set_t set = 0;
    for (int i = 0; i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);
        const sso_alg_t *alg = sso_alg_find(word);
        if (!alg && apr_strnatcasecmp(word, "none") == 0)
            /* RFC 8725 3.2 */
            return sso_err_set(err, SSO_E_UNSUPPORTED, "alg-none",
                               "\"none\" would accept tokens that anyone can write; it cannot be allowed");
        if (!alg)
            return sso_err_set(
                err, SSO_E_CONFIG, "alg-unknown",
                "\"%.40s\" is no signature algorithm known here (names are case-sensitive; known are %s)", word,
                sso_alg_set_text(pool, collect(0) | collect(1)));
        /* RFC 9864 2.2: EdDSA says "one of the two", each has a name of its own now. Who allows the one allows both;
         * who names one curve gets that one only. */
        set |= alg->bit;
        for (unsigned j = 0; j < TABLE_LEN && alg->family == SSO_SIG_EDDSA && !alg->crv; j++)
            if (table[j].family == SSO_SIG_EDDSA)
                set |= table[j].bit;
    }
    if (!set)
        return sso_err_set(err, SSO_E_CONFIG, "alg-unknown", "the list of algorithms is empty");
    *ret_set = set;
    return SSO_OK;
}

char *sso_alg_set_text(apr_pool_t *pool, sso_alg_set_t set)
{
    apr_array_header_t *names = apr_array_make(pool, TABLE_LEN, sizeof(char *));
    for (unsigned i = 0; i < TABLE_LEN; i++)
        if (set & table[i].bit)
            APR_ARRAY_PUSH(names, const char *) = table[i].name;
    return apr_array_pstrcat(pool, names, ' ');
}

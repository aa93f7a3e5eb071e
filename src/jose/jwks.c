/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets and the choice of the one key that has to verify. Trying keys in turn is never an answer: it would let a
 * token be verified by a key its signer did not name. */
#include "jose/jwks.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "jose/jwk_inner.h"

struct sso_jwks_t {
    const apr_array_header_t *keys; /* of const sso_jwk_t* */
    apr_size_t skipped;
    int single; /* made by sso_jwks_of: without a kid the key stands for any kid */
};

static const sso_jwk_t *key_at(const sso_jwks_t *set, int i)
{
    return APR_ARRAY_IDX(set->keys, i, const sso_jwk_t *);
}

sso_rc_t sso_jwks_parse(apr_pool_t *pool, const char *bytes, apr_size_t len, const sso_jwks_t **ret_set, sso_err_t *err)
{
    const sso_json_t *doc = NULL;
    sso_err_t why = SSO_ERR_INIT;
    sso_rc_t rc = sso_json_parse_object(pool, bytes, len, SSO_JWKS_BYTES_MAX, &doc, &why);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "jwks-syntax", "the key set is no JSON object: %s: %s", why.reason, why.detail);
    return sso_jwks_from_json(pool, doc, SSO_JWK_FOR_PROVIDER, ret_set, err);
}

sso_rc_t sso_jwks_from_json(apr_pool_t *pool, const sso_json_t *doc, sso_jwk_side_t side, const sso_jwks_t **ret_set,
                            sso_err_t *err)
{
    const sso_json_t *members = NULL;
    sso_err_t why = SSO_ERR_INIT;
    if (sso_json_array(doc, "keys", &members) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "jwks-no-keys-member", "the key set has no array \"keys\"");
    const apr_size_t count = sso_json_size(members);
    if (count > SSO_JWKS_KEYS_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "jwks-too-many", "%" APR_SIZE_T_FMT " keys, at most %d are read", count,
                           SSO_JWKS_KEYS_MAX);

    apr_array_header_t *keys = apr_array_make(pool, (int)count + 1, sizeof(sso_jwk_t *));
    sso_jwks_t *set = apr_pcalloc(pool, sizeof(*set));
    for (apr_size_t i = 0; i < count; i++) {
        const sso_jwk_t *key = NULL;
        /* RFC 7517 5: what we do not understand is left out. Only the first reason is kept. */
        if (sso_jwk_from_json(pool, sso_json_at(members, i), side, &key, &why) == SSO_OK)
            APR_ARRAY_PUSH(keys, const sso_jwk_t *) = key;
        else
            set->skipped++;
    }
    if (!keys->nelts)
        return sso_err_set(err, SSO_E_KEY, "jwks-empty", "none of %" APR_SIZE_T_FMT " keys is usable%s%s%s%s", count,
                           count ? "; the first: " : "", why.reason, count ? ": " : "", why.detail);
    set->keys = keys;
    *ret_set = set;
    return SSO_OK;
}

const sso_jwks_t *sso_jwks_of(apr_pool_t *pool, const sso_jwk_t *key)
{
    apr_array_header_t *keys = apr_array_make(pool, 1, sizeof(sso_jwk_t *));
    sso_jwks_t *set = apr_pcalloc(pool, sizeof(*set));
    APR_ARRAY_PUSH(keys, const sso_jwk_t *) = key;
    set->keys = keys;
    set->single = 1;
    return set;
}

apr_size_t sso_jwks_size(const sso_jwks_t *set)
{
    return (apr_size_t)set->keys->nelts;
}

apr_size_t sso_jwks_skipped(const sso_jwks_t *set)
{
    return set->skipped;
}

static int has_kid(const sso_jwks_t *set, const sso_jwk_t *key, const char *kid)
{
    if (!kid || (set->single && !key->kid))
        return 1;
    return key->kid && strcmp(key->kid, kid) == 0;
}

static int is_same_key(const sso_jwk_t *a, const sso_jwk_t *b)
{
    return a->pkey && b->pkey && EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

sso_rc_t sso_jwks_select(const sso_jwks_t *set, const char *kid, const sso_alg_t *alg, const sso_jwk_t **ret_key,
                         sso_err_t *err)
{
    const sso_jwk_t *found = NULL;
    int named = 0;
    for (int i = 0; i < set->keys->nelts; i++) {
        const sso_jwk_t *key = key_at(set, i);
        if (!has_kid(set, key, kid))
            continue;
        named++;
        if (!sso_jwk_fits(key, alg))
            continue;
        /* The same key published twice leaves no doubt about which one is meant. */
        if (found && !is_same_key(found, key))
            return sso_err_set(err, SSO_E_KEY, "jwks-ambiguous",
                               kid ? "several %s keys have the kid of the token"
                                   : "the token names no kid and several keys fit %s",
                               alg->name);
        found = key;
    }
    if (found) {
        *ret_key = found;
        return SSO_OK;
    }
    if (!kid)
        return sso_err_set(err, SSO_E_KEY, "jwks-no-match", "none of %d keys is for %s signatures", set->keys->nelts,
                           alg->name);
    if (!named)
        return sso_err_set(err, SSO_E_KEY, "jwks-unknown-kid", "no key has kid \"%.80s\" (%d keys known)", kid,
                           set->keys->nelts);
    return sso_err_set(err, SSO_E_KEY, "jwks-alg-mismatch",
                       "the key with kid \"%.80s\" is not for %s signatures (its type, use, key_ops or alg)", kid,
                       alg->name);
}

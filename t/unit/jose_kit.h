/* SPDX-License-Identifier: Apache-2.0 */
/* Shorthands of the jose tests: keys from text, tokens signed or put together by hand. */
#ifndef JOSE_KIT_H
#define JOSE_KIT_H

#include <apr_strings.h>

#include "base/b64.h"
#include "base/json.h"
#include "jose/alg.h"
#include "jose/jwk.h"
#include "jose/jwks.h"
#include "jose/jws.h"
#include "jose_keys.h"
#include "unit.h"

static sso_err_t err = SSO_ERR_INIT;

static inline const char *kit_b64(const char *text)
{
    return sso_b64url_string(unit_pool, (const unsigned char *)text, strlen(text));
}

/* A private (or symmetric) key of members without braces. */
static inline const sso_jwk_t *kit_key(const char *members)
{
    const sso_json_t *doc = NULL;
    const sso_jwk_t *key = NULL;
    const char *text = apr_pstrcat(unit_pool, "{", members, "}", NULL);
    unit_assert_ok(sso_json_parse_object(unit_pool, text, strlen(text), 65536, &doc, &err));
    unit_assert_ok(sso_jwk_from_json(unit_pool, doc, SSO_JWK_FOR_OURSELVES, &key, &err));
    return key;
}

static inline const sso_jwk_t *kit_secret(apr_size_t len)
{
    const sso_jwk_t *key = NULL;
    char *secret = apr_palloc(unit_pool, len);
    memset(secret, 's', len);
    unit_assert_ok(sso_jwk_from_secret(unit_pool, secret, len, &key, &err));
    return key;
}

/* A provider's set of keys, each given by its members without braces; the list ends with NULL. */
static inline const sso_jwks_t *kit_set(const char *members, ...)
{
    const sso_jwks_t *set = NULL;
    const char *text = apr_pstrcat(unit_pool, "{\"keys\":[{", members, "}", NULL);
    va_list ap;
    va_start(ap, members);
    for (const char *next = va_arg(ap, const char *); next; next = va_arg(ap, const char *))
        text = apr_pstrcat(unit_pool, text, ",{", next, "}", NULL);
    va_end(ap);
    text = apr_pstrcat(unit_pool, text, "]}", NULL);
    unit_assert_ok(sso_jwks_parse(unit_pool, text, strlen(text), &set, &err));
    return set;
}

static inline const char *kit_sign(const sso_jwk_t *key, const char *alg, const char *kid, const char *payload)
{
    char *text = NULL;
    unit_assert_ok(sso_jws_sign(unit_pool, key, sso_alg_find(alg), "JWT", kid, payload, strlen(payload), &text, &err));
    return apr_pstrdup(unit_pool, text); /* a copy: gcc 12 takes the pointer for one to the local variable */
}

/* A token with a header of the caller's choice and a signature that belongs to something else. */
static inline const char *kit_token(const char *header, const char *payload, const char *signature)
{
    return apr_pstrcat(unit_pool, kit_b64(header), ".", kit_b64(payload), ".", signature, NULL);
}

#endif

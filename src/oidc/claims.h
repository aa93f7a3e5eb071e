/* SPDX-License-Identifier: Apache-2.0 */
/* Claims as the application gets them: a flat list of name -> values, made once at login from ID Token and UserInfo.
 *
 * Flattening: a scalar is one value (true/false, numbers in canonical text); an array of scalars is a list; an object
 * becomes its members, names joined with '.', a dot or backslash inside a nested name written as "\." or "\\"; an array
 * that holds objects or arrays is one value (no list), its JSON text; null is left out and counts as absent. Names of
 * the top level stand as they are ("https://example.com/roles"). Protocol claims of no use to an application (nonce,
 * at_hash, c_hash, s_hash, azp, jti, nbf, rat, _claim_sources) are left out. Zitadel's roles are an object whose names
 * are the roles: a list of these names.
 *
 * Unknown claims: what a provider left out because it would be too much (OIDC Core 5.6.2, Entra's groups overage) is
 * unknown, not absent. `_claim_names` becomes a list of the names that are, and is always kept.
 *
 * Look-alikes: two names that are one header name (base/text.h sso_text_name_key) cannot both be passed on. The
 * registered name in its exact spelling wins over any other, else the first; the loser is dropped and counted.
 * Values with control characters keep their place but are marked: they are never sent in a header.
 */
#ifndef SSO_OIDC_CLAIMS_H
#define SSO_OIDC_CLAIMS_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/err.h"
#include "base/json.h"

#define SSO_CLAIMS_MAX 250        /* names */
#define SSO_CLAIM_VALUES_MAX 4000 /* values of one name */
#define SSO_CLAIM_NAME_MAX 200    /* bytes; longer ones are dropped */
#define SSO_CLAIMS_BYTES_MAX (128 * 1024) /* all names and values */

typedef struct sso_claim_value_t {
    const char *bytes; /* NUL-terminated */
    apr_size_t len;
} sso_claim_value_t;

typedef struct sso_claim_t {
    const char *name;
    apr_size_t name_len;
    int is_list;  /* an array in the token, even with one value or none */
    int unsafe;   /* a value holds a control character */
    int count;
    const sso_claim_value_t *values;
} sso_claim_t;

typedef struct sso_claims_t {
    int count;
    const sso_claim_t *claims;
    int dropped; /* look-alikes and too long names */
    const char *first_dropped; /* cleaned for a log line; NULL: none */
} sso_claims_t;

/* Merges and flattens. Claims of the ID Token win over UserInfo (which may be NULL). `keep` (array of char*, NULL: all)
 * is SSOSessionClaims: names or paths; a name keeps everything below it; `sub` is always kept, `email_verified`
 * whenever `email` is. Reason claims-too-large, with the largest claims named in the detail. */
SSO_MUST_USE sso_rc_t sso_claims_flatten(apr_pool_t *pool, const sso_json_t *id_token, const sso_json_t *userinfo,
                                         const apr_array_header_t *keep, const sso_claims_t **ret_claims,
                                         sso_err_t *err);

/* The claim of exactly this name, NULL when absent. */
const sso_claim_t *sso_claims_find(const sso_claims_t *claims, const char *name);
/* 1 when the provider has this claim but did not send it: a rule that asks for it can decide nothing. */
int sso_claims_is_unknown(const sso_claims_t *claims, const char *name);
/* The claims with `name`, where it is one text, made a list: cut at the delimiter, blanks around trimmed, empty parts
 * left out. The same claims when there is nothing to cut. Reason claims-too-large. */
SSO_MUST_USE sso_rc_t sso_claims_split(apr_pool_t *pool, const sso_claims_t *claims, const char *name, char delimiter,
                                       const sso_claims_t **ret_claims, sso_err_t *err);
/* Where in the claim's name that part begins which names its header: 0, but for "https://acme.test/roles" behind the
 * last slash, unless another claim has that name or it is one of the standard claims about a person. */
apr_size_t sso_claims_short_name(const sso_claims_t *claims, const sso_claim_t *claim);
/* "groups 5120 B, picture 900 B": the largest claims, for a sentence that says what does not fit. Names are cleaned. */
char *sso_claims_largest(apr_pool_t *pool, const sso_claims_t *claims, int how_many);

/* SSOClaimFormat: how one value is written. */
typedef enum { SSO_CLAIM_UTF8, SSO_CLAIM_PERCENT, SSO_CLAIM_BASE64URL } sso_claim_format_t;

/* A claim as one text for a header or a variable; NULL when there is nothing to send: no value, only empty ones, or an
 * unsafe one. The values of a list are joined by the delimiter (punctuation or a blank, not '%' or '-'); inside one of
 * them it is written %HH, so that one group cannot become two, and so are a '%' that would read as such and a blank at
 * either end. A scalar in utf8 is the value itself, not copied, unless a blank stands at an end (%20). */
const char *sso_claim_text(apr_pool_t *pool, const sso_claim_t *claim, sso_claim_format_t format, char delimiter);
/* Writes name_len - from characters, no NUL: the claim's name from there as the rest of a header name. Everything but
 * ASCII letters and digits becomes '-', words are capitalised: preferred_username -> Preferred-Username. */
void sso_claim_header_name(const sso_claim_t *claim, apr_size_t from, char *out);
/* 1 when one of the claim's values equals `value` exactly. */
int sso_claim_has(const sso_claim_t *claim, const char *value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens: one rule, one function, one line of the table. The signature comes first: no rule reads a claim that
 * nobody vouches for, but for `iss`, which chooses the keys and is compared again. */
#include "oidc/bearer.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"
#include "oidc/verify.h"

#define SCHEME "Bearer"

/* --- where the token comes from --- */

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

/* RFC 9110 11.1: schemes are compared without case. */
static int is_scheme(const char *text)
{
    apr_size_t len = sizeof(SCHEME) - 1;
    return apr_cstr_casecmpn(text, SCHEME, len) == 0 && (text[len] == '\0' || text[len] == ' ' || text[len] == '\t');
}

/* token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" (RFC 9110 11.2). */
static int is_token68(const char *text)
{
    const char *at = text;
    while (apr_isalnum(*at) || (*at && strchr("-._~+/", *at)))
        at++;
    if (at == text)
        return 0;
    while (*at == '=')
        at++;
    return *at == '\0';
}

sso_bearer_header_t sso_bearer_read_header(const char *value, const char **ret_token)
{
    if (value == NULL || !is_scheme(value))
        return SSO_BEARER_NONE;
    const char *token = skip_blanks(value + sizeof(SCHEME) - 1);
    if (*token == '\0')
        return SSO_BEARER_NONE;
    if (!is_token68(token))
        return SSO_BEARER_MALFORMED;
    *ret_token = token;
    return SSO_BEARER_TOKEN;
}

int sso_bearer_is_several(const char *value)
{
    const char *comma = value != NULL ? strchr(value, ',') : NULL;
    if (comma != NULL && is_scheme(value))
        return 1;
    for (; comma != NULL; comma = strchr(comma + 1, ',')) {
        if (is_scheme(skip_blanks(comma + 1)))
            return 1;
    }
    return 0;
}

int sso_bearer_is_in_query(const char *query)
{
    static const char name[] = "access_token";
    apr_size_t len = sizeof(name) - 1;

    for (; query != NULL; query = strchr(query, '&')) {
        query += *query == '&';
        if (strncmp(query, name, len) == 0 && (query[len] == '=' || query[len] == '&' || query[len] == '\0'))
            return 1;
    }
    return 0;
}

/* --- before the signature --- */

sso_rc_t sso_bearer_parse(apr_pool_t *pool, const char *text, sso_bearer_parsed_t *ret_parsed, sso_err_t *err)
{
    sso_bearer_parsed_t parsed = {NULL, {0}, NULL};
    sso_err_t why = SSO_ERR_INIT;

    if (strlen(text) > SSO_BEARER_BYTES_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "bearer-too-large", "the token is longer than %d bytes",
                           SSO_BEARER_BYTES_MAX);
    if (sso_jws_is_jwe(text))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "bearer-encrypted", "the token is encrypted");
    SSO_TRY(sso_jws_parse(pool, text, &parsed.jws, err));
    sso_rc_t rc = sso_json_parse_object(pool, (const char *)parsed.jws.payload, parsed.jws.payload_len,
                                        SSO_BEARER_BYTES_MAX, &parsed.unverified, &why);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "bearer-claims", "the claims are no JSON object: %s: %s", why.reason, why.detail);
    switch (sso_json_string(parsed.unverified, "iss", &parsed.issuer)) {
    case SSO_JSON_FOUND:
        *ret_parsed = parsed;
        return SSO_OK;
    case SSO_JSON_ABSENT:
        return sso_err_set(err, SSO_E_ABSENT, "bearer-iss-missing", "the token has no iss");
    case SSO_JSON_WRONG_TYPE:
        break;
    }
    return sso_err_set(err, SSO_E_SYNTAX, "bearer-iss-type", "iss of the token is not a string");
}

/* --- the rules --- */

typedef struct check_t {
    const sso_env_t *env;
    const sso_bearer_expect_t *expect;
    const sso_json_t *claims;
    const char *typ;
    int is_access_token; /* typ says at+jwt */
    apr_time_t skew;
    sso_bearer_token_t token; /* filled by the rules */
    sso_err_t *err;
} check_t;

typedef sso_rc_t rule_fn(check_t *c);

/* RFC 9068 4: at+jwt. Providers from before say JWT or nothing; anything else is another kind of token, signed with the
 * same keys (RFC 8725 3.11): logout+jwt, dpop+jwt, secevent+jwt, token-introspection+jwt, id_token. */
static sso_rc_t check_typ(check_t *c)
{
    c->is_access_token = c->typ != NULL && sso_verify_is_typ(c->typ, "at+jwt");
    if (c->typ == NULL || c->is_access_token || sso_verify_is_typ(c->typ, "JWT"))
        return SSO_OK;
    return sso_err_set(c->err, SSO_E_MISMATCH, "bearer-typ", "a token of type %.80s is no access token", c->typ);
}

static sso_rc_t refuse_kind(check_t *c, const char *what)
{
    return sso_err_set(c->err, SSO_E_MISMATCH, "bearer-kind", "%s is no access token", what);
}

/* RFC 8725 3.12: where typ does not tell, the claims do. An ID Token has a nonce or a hash of its companions, a
 * security event has events (RFC 8417 2.2); Keycloak and Cognito name the kind. An ID Token went through browsers and
 * other clients: taken as an access token it would let whoever saw it call the API. */
static sso_rc_t check_kind(check_t *c)
{
    static const char *const of_id_token[] = {"nonce", "at_hash", "c_hash", "s_hash"};
    static const char *const keycloak[] = {"ID", "Refresh", "Offline", "Logout", "DPoP"};
    const char *kind;

    if (c->is_access_token)
        return SSO_OK;
    for (apr_size_t i = 0; i < sizeof(of_id_token) / sizeof(of_id_token[0]); i++) {
        if (sso_json_member(c->claims, of_id_token[i]) != NULL)
            return refuse_kind(c, "an ID Token");
    }
    if (sso_json_member(c->claims, "events") != NULL)
        return refuse_kind(c, "a logout or event token");
    /* Cognito says access, Hydra access_token */
    if (sso_json_string(c->claims, "token_use", &kind) == SSO_JSON_FOUND && strcmp(kind, "access") != 0 &&
        strcmp(kind, "access_token") != 0)
        return refuse_kind(c, "a token for another use");
    for (apr_size_t i = 0; i < sizeof(keycloak) / sizeof(keycloak[0]); i++) {
        if (sso_json_string(c->claims, "typ", &kind) == SSO_JSON_FOUND && apr_cstr_casecmp(kind, keycloak[i]) == 0)
            return refuse_kind(c, "a token for another use");
    }
    return SSO_OK;
}

static sso_rc_t check_iss(check_t *c)
{
    const char *iss;
    if (sso_json_string(c->claims, "iss", &iss) != SSO_JSON_FOUND || strcmp(iss, c->expect->issuer) != 0)
        return sso_err_set(c->err, SSO_E_MISMATCH, "bearer-iss", "the token is not of %.140s", c->expect->issuer);
    return SSO_OK;
}

static sso_rc_t check_aud(check_t *c)
{
    apr_array_header_t *list;

    if (c->expect->audiences->nelts == 0)
        return SSO_OK;
    switch (sso_verify_audience(c->env->pool, c->claims, &list)) {
    case SSO_JSON_ABSENT:
        return sso_err_set(c->err, SSO_E_ABSENT, "bearer-aud-missing", "the token has no aud");
    case SSO_JSON_WRONG_TYPE:
        return sso_err_set(c->err, SSO_E_SYNTAX, "bearer-aud-type",
                           "aud of the token is no string and no list of strings");
    case SSO_JSON_FOUND:
        break;
    }
    for (int i = 0; i < c->expect->audiences->nelts; i++) {
        if (sso_text_in(list, APR_ARRAY_IDX(c->expect->audiences, i, const char *)))
            return SSO_OK;
    }
    return sso_err_set(c->err, SSO_E_MISMATCH, "bearer-aud", "the token is for %.200s, not for us",
                       list->nelts > 0 ? APR_ARRAY_IDX(list, 0, const char *) : "nobody");
}

/* Without an end a stolen token would be good for ever. */
static sso_rc_t check_exp(check_t *c)
{
    switch (sso_json_date(c->claims, "exp", &c->token.exp)) {
    case SSO_JSON_ABSENT:
        if (c->expect->endless)
            return SSO_OK;
        return sso_err_set(c->err, SSO_E_ABSENT, "bearer-exp-missing", "the token has no exp");
    case SSO_JSON_WRONG_TYPE:
        return sso_err_set(c->err, SSO_E_SYNTAX, "bearer-exp-type", "exp of the token is not a time");
    case SSO_JSON_FOUND:
        break;
    }
    if (c->env->now >= c->token.exp + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "bearer-exp", "the token expired %" APR_INT64_T_FMT " s ago",
                           apr_time_sec(c->env->now - c->token.exp));
    return SSO_OK;
}

static sso_rc_t check_told_iss(check_t *c)
{
    return sso_json_member(c->claims, "iss") == NULL ? SSO_OK : check_iss(c);
}

/* RFC 7662 2.2 (token_type): of another type it needs more than to be shown (DPoP, PoP, MAC). */
static sso_rc_t check_token_type(check_t *c)
{
    const char *type = "";
    sso_json_found_t found = sso_json_string(c->claims, "token_type", &type);
    if (found == SSO_JSON_ABSENT || (found == SSO_JSON_FOUND && apr_cstr_casecmp(type, "Bearer") == 0))
        return SSO_OK;
    return sso_err_set(c->err, SSO_E_UNSUPPORTED, "bearer-token-type", "a token of type \"%.40s\" is no bearer token",
                       type);
}

/* A time that, when it is there, must not lie ahead. */
static sso_rc_t check_begun(check_t *c, const char *claim, const char *reason, const char *type)
{
    apr_int64_t when;
    switch (sso_json_date(c->claims, claim, &when)) {
    case SSO_JSON_ABSENT:
        return SSO_OK;
    case SSO_JSON_WRONG_TYPE:
        return sso_err_set(c->err, SSO_E_SYNTAX, type, "%s of the token is not a time", claim);
    case SSO_JSON_FOUND:
        break;
    }
    if (when > c->env->now + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, reason, "%s is %" APR_INT64_T_FMT " s from now (is the clock right?)",
                           claim, apr_time_sec(when - c->env->now));
    return SSO_OK;
}

static sso_rc_t check_nbf(check_t *c)
{
    return check_begun(c, "nbf", "bearer-nbf", "bearer-nbf-type");
}

static sso_rc_t check_iat(check_t *c)
{
    return check_begun(c, "iat", "bearer-iat", "bearer-iat-type");
}

/* A text that names somebody; NULL when it is absent. */
static sso_rc_t read_id(check_t *c, const char *claim, const char *reason, const char *type, const char **ret)
{
    const char *text;
    switch (sso_json_string(c->claims, claim, &text)) {
    case SSO_JSON_ABSENT:
        return SSO_OK;
    case SSO_JSON_WRONG_TYPE:
        return sso_err_set(c->err, SSO_E_SYNTAX, type, "%s of the token is not a string", claim);
    case SSO_JSON_FOUND:
        break;
    }
    if (!sso_verify_is_id(text))
        return sso_err_set(c->err, SSO_E_SYNTAX, reason,
                           "%s is empty, longer than 255 bytes or holds control characters", claim);
    *ret = text;
    return SSO_OK;
}

static sso_rc_t check_client(check_t *c)
{
    return read_id(c, "client_id", "bearer-client", "bearer-client-type", &c->token.client_id);
}

/* A client that acts for itself may have no sub; then nobody makes one of its client_id: a client could be registered
 * under the name of a person (RFC 9068 5). */
static sso_rc_t check_sub(check_t *c)
{
    SSO_TRY(read_id(c, "sub", "bearer-sub", "bearer-sub-type", &c->token.sub));
    if (c->token.sub == NULL && c->token.client_id == NULL)
        return sso_err_set(c->err, SSO_E_ABSENT, "bearer-sub-missing", "the token has neither sub nor client_id");
    return SSO_OK;
}

/* A token bound to a key (DPoP: cnf.jkt, mTLS: cnf.x5t#S256) is good only with a proof of that key, which nobody asked
 * for here. Any member of cnf means a proof, those we do not know too (RFC 7800 3.1). */
static sso_rc_t check_cnf(check_t *c)
{
    if (sso_json_member(c->claims, "cnf") != NULL)
        return sso_err_set(c->err, SSO_E_UNSUPPORTED, "bearer-bound",
                           "the token is bound to a key (cnf) and is no bearer token");
    return SSO_OK;
}

/* How and when the person signed in, for a location that asks for it (RFC 9068 2.2.1). From the future or of the wrong
 * type it is not said. */
static sso_rc_t read_authentication(check_t *c)
{
    apr_int64_t when;
    (void)sso_json_string(c->claims, "acr", &c->token.acr);
    if (sso_json_date(c->claims, "auth_time", &when) == SSO_JSON_FOUND && when <= c->env->now + c->skew)
        c->token.auth_time = when;
    return SSO_OK;
}

typedef struct rule_t {
    const char *clause;
    rule_fn *check;
} rule_t;

static const rule_t rules[] = {
    {"RFC 9068 4 (typ), RFC 8725 3.11", check_typ},
    {"RFC 8725 3.12", check_kind},
    {"RFC 9068 4 (iss), RFC 8725 3.8", check_iss},
    {"RFC 9068 4 (aud), RFC 8725 3.9", check_aud},
    {"RFC 9068 4 (exp), RFC 7519 4.1.4", check_exp},
    {"RFC 7519 4.1.5", check_nbf},
    {"RFC 7519 4.1.6", check_iat},
    {"RFC 9068 2.2 (client_id)", check_client},
    {"RFC 9068 2.2 (sub), 5", check_sub},
    {"RFC 9449 7.2, RFC 8705 3, RFC 7800 3.1", check_cnf},
    {"RFC 9068 2.2.1", read_authentication},
};

static const rule_t told_rules[] = {
    {"RFC 7662 2.2 (token_type)", check_token_type},
    {"RFC 8725 3.12", check_kind},
    {"RFC 7662 2.2 (iss)", check_told_iss},
    {"RFC 7662 2.2 (aud), 4", check_aud},
    {"RFC 7662 2.2 (exp)", check_exp},
    {"RFC 7662 2.2 (nbf)", check_nbf},
    {"RFC 7662 2.2 (iat)", check_iat},
    {"RFC 7662 2.2 (client_id)", check_client},
    {"RFC 7662 2.2 (sub)", check_sub},
    {"RFC 9449 6.2, RFC 8705 3.2", check_cnf},
    {"RFC 9470 6.2", read_authentication},
};

static sso_rc_t run_rules(check_t *c, const rule_t *list, apr_size_t count, sso_bearer_token_t *ret_token)
{
    c->skew = c->expect->clock_skew > 0 ? apr_time_from_sec(c->expect->clock_skew) : 0;
    for (apr_size_t i = 0; i < count; i++)
        SSO_TRY(list[i].check(c));
    c->token.claims = c->claims;
    *ret_token = c->token;
    return SSO_OK;
}

sso_rc_t sso_bearer_verify(const sso_env_t *env, const sso_bearer_parsed_t *parsed, const sso_bearer_expect_t *expect,
                           sso_bearer_token_t *ret_token, sso_err_t *err)
{
    /* RFC 8725 3.1: a MAC would be keyed with a secret that is not the issuer's alone. */
    sso_alg_set_t algs = expect->algs & ~sso_alg_hmac_set();
    sso_jws_t jws;

    if (algs == 0)
        return sso_err_set(err, SSO_E_CONFIG, "bearer-no-alg",
                           "SSOSigningAlgs leaves no algorithm for bearer tokens, for which HS* does not count");
    SSO_TRY(sso_jws_verify(env->pool, &parsed->jws, expect->keys, algs, &jws, err));

    /* The claims were read from the very bytes that have just been verified. */
    check_t c = {.env = env,
                 .expect = expect,
                 .claims = parsed->unverified,
                 .typ = jws.typ,
                 .err = err};
    return run_rules(&c, rules, sizeof(rules) / sizeof(rules[0]), ret_token);
}

sso_rc_t sso_bearer_check_told(const sso_env_t *env, const sso_json_t *claims, const sso_bearer_expect_t *expect,
                               sso_bearer_token_t *ret_token, sso_err_t *err)
{
    check_t c = {.env = env, .expect = expect, .claims = claims, .err = err};
    return run_rules(&c, told_rules, sizeof(told_rules) / sizeof(told_rules[0]), ret_token);
}

/* --- what the application is told --- */

int sso_bearer_is_scope(const char *claim)
{
    return strcmp(claim, "scope") == 0 || strcmp(claim, "scp") == 0;
}

static void split_scopes(apr_pool_t *pool, sso_claim_t *claim)
{
    const apr_array_header_t *words = sso_text_split(pool, claim->values[0].bytes, 0);
    sso_claim_value_t *values = apr_palloc(pool, ((apr_size_t)words->nelts + 1) * sizeof(*values));

    for (int i = 0; i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);
        values[i] = (sso_claim_value_t){word, strlen(word)};
    }
    claim->is_list = 1;
    claim->count = words->nelts;
    claim->values = values;
}

sso_rc_t sso_bearer_claims(apr_pool_t *pool, const sso_bearer_token_t *token, const sso_claims_t **ret_claims,
                           sso_err_t *err)
{
    const sso_claims_t *flat;
    SSO_TRY(sso_claims_flatten(pool, token->claims, NULL, NULL, &flat, err));

    sso_claims_t *claims = apr_pmemdup(pool, flat, sizeof(*flat));
    sso_claim_t *list = apr_pmemdup(pool, flat->claims, (apr_size_t)flat->count * sizeof(*list));
    for (int i = 0; i < flat->count; i++) {
        if (sso_bearer_is_scope(list[i].name) && !list[i].is_list && list[i].count == 1 &&
            list[i].values[0].len <= SSO_CLAIM_VALUES_MAX)
            split_scopes(pool, &list[i]);
    }
    claims->claims = list;
    *ret_claims = claims;
    return SSO_OK;
}

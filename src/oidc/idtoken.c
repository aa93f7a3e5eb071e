/* SPDX-License-Identifier: Apache-2.0 */
/* The ID Token: one rule, one function, one line of the table at the end. A rule reads the verified claims and says yes
 * or sets its reason; nothing it says can be overruled by a later one. */
#include "oidc/idtoken.h"

#include <string.h>

#include "base/text.h"
#include "oidc/state.h"
#include "oidc/verify.h"

/* How old an ID Token may be when it reaches us (OIDC Core 3.1.3.7 (10): the acceptable range is ours to set). From the
 * token endpoint it has just been made; a day forgives providers that hand out one they keep. Through the browser it
 * cannot be older than the login it answers. */
#define IAT_AGE_BACK_CHANNEL  (24 * 3600)
#define IAT_AGE_FRONT_CHANNEL SSO_STATE_LIFETIME

typedef struct check_t {
    const sso_env_t *env;
    const sso_idtoken_expect_t *expect;
    const sso_jwt_t *jwt;
    const sso_json_t *claims;
    apr_time_t skew;
    sso_idtoken_t token; /* filled by the rules */
    sso_err_t *err;
} check_t;

typedef sso_rc_t rule_fn(check_t *c);

/* A string that has to be there. */
static sso_rc_t need_string(check_t *c, const char *claim, const char *missing, const char *type, const char **ret)
{
    switch (sso_json_string(c->claims, claim, ret)) {
    case SSO_JSON_FOUND:
        return SSO_OK;
    case SSO_JSON_ABSENT:
        return sso_err_set(c->err, SSO_E_ABSENT, missing, "the ID token has no %s", claim);
    case SSO_JSON_WRONG_TYPE:
        break;
    }
    return sso_err_set(c->err, SSO_E_SYNTAX, type, "%s of the ID token is not a string", claim);
}

/* A NumericDate that has to be there (RFC 7519 2): a string, null, a negative or an absurd number is none. */
static sso_rc_t need_date(check_t *c, const char *claim, const char *missing, const char *type, apr_int64_t *ret)
{
    switch (sso_json_date(c->claims, claim, ret)) {
    case SSO_JSON_FOUND:
        return SSO_OK;
    case SSO_JSON_ABSENT:
        return sso_err_set(c->err, SSO_E_ABSENT, missing, "the ID token has no %s", claim);
    case SSO_JSON_WRONG_TYPE:
        break;
    }
    return sso_err_set(c->err, SSO_E_SYNTAX, type, "%s of the ID token is not a time", claim);
}

/* RFC 8725 3.11-3.12: an access token (at+jwt), a logout token or any other typed JWT of the same provider is signed
 * with the same keys and must not pass for an ID Token. */
static sso_rc_t check_typ(check_t *c)
{
    static const char *const fine[] = {"JWT", "id_token", "id_token+jwt", "idtoken+jwt", "ID"};
    const sso_json_t *events;
    int known = c->jwt->typ == NULL;

    for (apr_size_t i = 0; !known && i < sizeof(fine) / sizeof(fine[0]); i++)
        known = sso_verify_is_typ(c->jwt->typ, fine[i]);
    if (!known)
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-typ", "a token of type %.80s is no ID token", c->jwt->typ);
    if (sso_json_object(c->claims, "events", &events) == SSO_JSON_FOUND &&
        sso_json_member(events, SSO_VERIFY_LOGOUT_EVENT) != NULL)
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-typ", "a logout token is no ID token");
    return SSO_OK;
}

/* Where several tenants may sign in, `tid` is what applications tell them apart by: it must be that of the issuer. */
static sso_rc_t check_tenant(check_t *c, const char *iss)
{
    const char *tid;
    if (c->expect->client->tenants == NULL)
        return SSO_OK;
    SSO_TRY(need_string(c, "tid", "idt-tid", "idt-tid", &tid));
    if (strcmp(tid, sso_verify_tenant(c->expect->client, iss)) != 0)
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-tid", "tid %.80s is not the tenant of %.140s", tid, iss);
    return SSO_OK;
}

static sso_rc_t check_iss(check_t *c)
{
    const char *iss;
    SSO_TRY(need_string(c, "iss", "idt-iss-missing", "idt-iss-type", &iss));
    if (!sso_verify_is_issuer(c->expect->provider, c->expect->client, iss))
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-iss", "the ID token is of %.140s, not of %.140s", iss,
                           c->expect->provider->issuer);
    return check_tenant(c, iss);
}

static sso_rc_t read_aud(check_t *c, apr_array_header_t **ret_list)
{
    switch (sso_verify_audience(c->env->pool, c->claims, ret_list)) {
    case SSO_JSON_FOUND:
        return SSO_OK;
    case SSO_JSON_ABSENT:
        return sso_err_set(c->err, SSO_E_ABSENT, "idt-aud-missing", "the ID token has no aud");
    case SSO_JSON_WRONG_TYPE:
        break;
    }
    return sso_err_set(c->err, SSO_E_SYNTAX, "idt-aud-type", "aud of the ID token is no string and no list of strings");
}

/* An audience that is not us; NULL when there is none. */
static const char *find_other(const apr_array_header_t *list, const char *client_id, const apr_array_header_t *trusted)
{
    for (int i = 0; i < list->nelts; i++) {
        const char *aud = APR_ARRAY_IDX(list, i, const char *);
        if (strcmp(aud, client_id) != 0 && (trusted == NULL || !sso_text_in(trusted, aud)))
            return aud;
    }
    return NULL;
}

static sso_rc_t check_aud(check_t *c)
{
    apr_array_header_t *list;
    SSO_TRY(read_aud(c, &list));
    if (!sso_text_in(list, c->expect->client->client_id))
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-aud", "the ID token is for %.200s, not for us",
                           list->nelts > 0 ? APR_ARRAY_IDX(list, 0, const char *) : "nobody");
    return SSO_OK;
}

/* Who asked for the token: us, whenever it is said, and it has to be said when others may use the token too. */
static sso_rc_t check_azp(check_t *c)
{
    const char *client_id = c->expect->client->client_id;
    apr_array_header_t *list;
    const char *azp;

    if (sso_json_member(c->claims, "azp") == NULL) {
        SSO_TRY(read_aud(c, &list));
        if (find_other(list, client_id, NULL) == NULL)
            return SSO_OK;
    }
    SSO_TRY(need_string(c, "azp", "idt-azp-missing", "idt-azp-type", &azp));
    if (strcmp(azp, client_id) != 0)
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-azp", "the ID token was issued to %.200s, not to us", azp);
    return SSO_OK;
}

/* "Any additional audiences not trusted by the Client": who is one of them could bring us tokens he got from his own
 * users, so the operator names whom he trusts. */
static sso_rc_t check_aud_trusted(check_t *c)
{
    apr_array_header_t *list;
    /* Zitadel names the project and all its other clients; that azp is us was checked before. */
    if (c->expect->client->audience_by_azp)
        return SSO_OK;
    SSO_TRY(read_aud(c, &list));
    const char *other = find_other(list, c->expect->client->client_id, c->expect->client->audiences);
    if (other != NULL)
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-aud-untrusted",
                           "the ID token is for %.200s too, which SSOAudience does not list", other);
    return SSO_OK;
}

static sso_rc_t check_exp(check_t *c)
{
    SSO_TRY(need_date(c, "exp", "idt-exp-missing", "idt-exp-type", &c->token.exp));
    if (c->env->now >= c->token.exp + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "idt-exp",
                           "the ID token expired %" APR_INT64_T_FMT " s ago (is the clock right?)",
                           apr_time_sec(c->env->now - c->token.exp));
    return SSO_OK;
}

static sso_rc_t check_iat(check_t *c)
{
    int age = c->expect->front_channel ? IAT_AGE_FRONT_CHANNEL : IAT_AGE_BACK_CHANNEL;
    SSO_TRY(need_date(c, "iat", "idt-iat-missing", "idt-iat-type", &c->token.iat));
    if (c->token.iat > c->env->now + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "idt-iat",
                           "the ID token was issued %" APR_INT64_T_FMT " s from now (is the clock right?)",
                           apr_time_sec(c->token.iat - c->env->now));
    if (c->token.iat < c->env->now - apr_time_from_sec(age) - c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "idt-iat",
                           "the ID token was issued %" APR_INT64_T_FMT " s ago, more than %d s",
                           apr_time_sec(c->env->now - c->token.iat), age);
    return SSO_OK;
}

static sso_rc_t check_nbf(check_t *c)
{
    apr_int64_t nbf;
    if (sso_json_member(c->claims, "nbf") == NULL)
        return SSO_OK;
    SSO_TRY(need_date(c, "nbf", "idt-nbf", "idt-nbf-type", &nbf));
    if (nbf > c->env->now + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "idt-nbf",
                           "the ID token is not valid before %" APR_INT64_T_FMT " s from now",
                           apr_time_sec(nbf - c->env->now));
    return SSO_OK;
}

/* The binding to this browser's login (15.5.2); on a refresh the claim may be missing, but not another (12.2). */
static sso_rc_t check_nonce(check_t *c)
{
    const char *want = c->expect->nonce;
    const char *nonce;

    if (want == NULL) {
        want = c->expect->old_nonce;
        if (want == NULL || sso_json_member(c->claims, "nonce") == NULL)
            return SSO_OK;
    }
    SSO_TRY(need_string(c, "nonce", "idt-nonce-missing", "idt-nonce-type", &nonce));
    if (want[0] == '\0' || !sso_text_equal_ct(nonce, strlen(nonce), want, strlen(want)))
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-nonce", "the ID token answers another login");
    return SSO_OK;
}

static sso_rc_t check_sub(check_t *c)
{
    const char *sub;
    SSO_TRY(need_string(c, "sub", "idt-sub-missing", "idt-sub-type", &sub));
    if (!sso_verify_is_id(sub))
        return sso_err_set(c->err, SSO_E_SYNTAX, "idt-sub",
                           "sub is empty, longer than 255 bytes or holds control characters");
    if (c->expect->sub != NULL && strcmp(sub, c->expect->sub) != 0)
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-sub-changed", "the ID token is about another person");
    c->token.sub = sub;
    return SSO_OK;
}

static sso_rc_t check_half_hash(check_t *c, const char *claim, const char *value, const char *reason, const char *type)
{
    const char *hash;
    SSO_TRY(need_string(c, claim, reason, type, &hash));
    if (!sso_jwt_half_hash_matches(c->jwt, value, hash))
        return sso_err_set(c->err, SSO_E_MISMATCH, reason, "%s does not match what came with the ID token", claim);
    return SSO_OK;
}

/* Optional in the code flow (3.1.3.8), but a wrong one is a sign that somebody exchanged a token. */
static sso_rc_t check_at_hash(check_t *c)
{
    if (c->expect->access_token == NULL || sso_json_member(c->claims, "at_hash") == NULL)
        return SSO_OK;
    return check_half_hash(c, "at_hash", c->expect->access_token, "idt-at-hash", "idt-at-hash-type");
}

static sso_rc_t check_c_hash(check_t *c)
{
    if (c->expect->code == NULL)
        return SSO_OK;
    if (sso_json_member(c->claims, "c_hash") == NULL) {
        if (!c->expect->front_channel)
            return SSO_OK;
        return sso_err_set(c->err, SSO_E_ABSENT, "idt-c-hash-missing", "the ID token does not vouch for the code");
    }
    return check_half_hash(c, "c_hash", c->expect->code, "idt-c-hash", "idt-c-hash-type");
}

/* Asked for with max_age, it has to be there and young enough. Never from the future: a session would keep it and look
 * fresh to a later step-up. Of the wrong type and not asked for, it counts as not said. */
static sso_rc_t check_auth_time(check_t *c)
{
    const sso_auth_demand_t *demand = c->expect->demand;
    int asked = demand != NULL && demand->max_age >= 0;
    apr_int64_t auth_time = 0;

    if (!asked && sso_json_date(c->claims, "auth_time", &auth_time) != SSO_JSON_FOUND)
        return SSO_OK;
    SSO_TRY(need_date(c, "auth_time", "idt-auth-time-missing", "idt-auth-time-type", &auth_time));
    if (auth_time > c->env->now + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "idt-auth-time", "auth_time is in the future");
    if (asked && c->env->now - auth_time > apr_time_from_sec(demand->max_age) + c->skew)
        return sso_err_set(c->err, SSO_E_EXPIRED, "idt-auth-time",
                           "the person signed in %" APR_INT64_T_FMT " s ago, asked for were at most %d s",
                           apr_time_sec(c->env->now - auth_time), demand->max_age);
    c->token.auth_time = auth_time;
    return SSO_OK;
}

/* Asking with acr_values is voluntary for the provider (5.5.1.1), so what came back is what counts. */
static sso_rc_t check_acr(check_t *c)
{
    const sso_auth_demand_t *demand = c->expect->demand;
    const char *acr;

    if (demand == NULL || demand->acrs == NULL) {
        if (sso_json_string(c->claims, "acr", &acr) == SSO_JSON_FOUND)
            c->token.acr = acr;
        return SSO_OK;
    }
    SSO_TRY(need_string(c, "acr", "idt-acr-missing", "idt-acr-type", &acr));
    if (!sso_text_in(demand->acrs, acr))
        return sso_err_set(c->err, SSO_E_MISMATCH, "idt-acr",
                           "the person signed in with acr %.200s, which is not "
                           "enough here",
                           acr);
    c->token.acr = acr;
    return SSO_OK;
}

/* Only kept for logout: one we could not compare later counts as absent. */
static sso_rc_t read_sid(check_t *c)
{
    const char *sid;
    if (sso_json_string(c->claims, "sid", &sid) == SSO_JSON_FOUND && sso_verify_is_id(sid))
        c->token.sid = sid;
    return SSO_OK;
}

/* Decryption, signature and algorithm, OIDC Core 3.1.3.7 (1), (6)-(8), were sso_verify_jwt's. */
static const struct {
    const char *clause;
    rule_fn *check;
} rules[] = {
    {"RFC 8725 3.11", check_typ},
    {"OIDC Core 3.1.3.7 (2), 3.3.3.6", check_iss},
    {"OIDC Core 3.1.3.7 (3)", check_aud},
    {"OIDC Core 3.1.3.7 (4), (5)", check_azp},
    {"OIDC Core 3.1.3.7 (3), (4)", check_aud_trusted},
    {"OIDC Core 3.1.3.7 (9)", check_exp},
    {"OIDC Core 3.1.3.7 (10)", check_iat},
    {"RFC 7519 4.1.5", check_nbf},
    {"OIDC Core 3.1.3.7 (11), 12.2", check_nonce},
    {"OIDC Core 2, 12.2, 3.3.3.6", check_sub},
    {"OIDC Core 3.1.3.8, 3.2.2.9", check_at_hash},
    {"OIDC Core 3.3.2.11", check_c_hash},
    {"OIDC Core 3.1.3.7 (13), 3.1.2.1", check_auth_time},
    {"OIDC Core 3.1.3.7 (12), 5.5.1.1", check_acr},
    {"OIDC Back-Channel Logout 2.4", read_sid},
};

sso_rc_t sso_idtoken_verify(const sso_env_t *env, const char *text, const sso_idtoken_expect_t *expect,
                            sso_idtoken_t *ret_token, sso_err_t *err)
{
    sso_jwt_t jwt;
    SSO_TRY(sso_verify_jwt(env->pool, text, expect->provider->id_token_algs, expect->client, expect->keys, &jwt, err));

    check_t c = {.env = env,
                 .expect = expect,
                 .jwt = &jwt,
                 .claims = jwt.claims,
                 .skew = sso_verify_skew(expect->client),
                 .err = err};
    for (apr_size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        SSO_TRY(rules[i].check(&c));
    c.token.claims = jwt.claims;
    *ret_token = c.token;
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Our own tokens: what is in them, and who signs. */
#include "oidc/mint.h"

#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/b64.h"
#include "base/buf.h"
#include "base/text.h"
#include "jose/alg.h"
#include "jose/jws.h"

#define KID_PREFIX  "mod-sso-oidc-"
#define EMAIL_MAX   254 /* RFC 5321 4.5.3.1.3 */
#define JTI_LEN     16
#define SIGNING_ALG "RS256" /* what OpenMetadata expects unless told otherwise, and every library can verify */

sso_rc_t sso_mint_key_parse(apr_pool_t *pool, const char *pem, apr_size_t len, sso_mint_key_t *ret_key, sso_err_t *err)
{
    sso_mint_key_t key = {NULL, NULL};
    char *thumbprint = NULL;
    char *probe = NULL;
    SSO_TRY(sso_jwk_from_pem(pool, pem, len, NULL, &key.key, err));
    if (sso_jwk_kty(key.key) != SSO_KTY_RSA)
        return sso_err_set(err, SSO_E_CONFIG, "mint-key", "an RSA key of 2048 bits or more is needed");
    if (sso_jws_sign(pool, key.key, sso_alg_find(SIGNING_ALG), NULL, NULL, "{}", 2, &probe, NULL) != SSO_OK)
        return sso_err_set(err, SSO_E_CONFIG, "mint-key", "a public key cannot sign; the private one is needed");
    SSO_TRY(sso_jwk_thumbprint(pool, key.key, &thumbprint, err));
    key.kid = apr_pstrcat(pool, KID_PREFIX, thumbprint, NULL);
    *ret_key = key;
    return SSO_OK;
}

sso_rc_t sso_mint_key_text(apr_pool_t *pool, const sso_mint_key_t *key, char **ret_text, sso_err_t *err)
{
    return sso_jwk_public_text(pool, key->key, key->kid, SIGNING_ALG, ret_text, err);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static unsigned char next_letter(const char **name)
{
    while (**name && !apr_isalnum(**name))
        (*name)++;
    return (unsigned char)(**name ? apr_tolower(*(*name)++) : 0);
}

int sso_mint_same_name(const char *a, const char *b)
{
    unsigned char one, two;
    do {
        one = next_letter(&a);
        two = next_letter(&b);
    } while (one == two && one);
    return one == two;
}

const char *sso_mint_refuses(const char *name)
{
    static const char *const ours[] = {"iss", "aud", "exp", "iat", "nbf", "jti", "email", "email_verified", NULL};
    static const char *const power[] = {"sessionId", "isBot", "tokenType", "impersonatedUser", NULL};
    static const char *const usual[] = {"sub", "preferred_username", "name", NULL};
    for (int i = 0; ours[i]; i++) {
        if (sso_mint_same_name(name, ours[i]))
            return "is set by the module itself";
    }
    for (int i = 0; power[i]; i++) {
        if (sso_mint_same_name(name, power[i]))
            return "means to OpenMetadata that this is no person's token, in any spelling";
    }
    for (int i = 0; usual[i]; i++) {
        if (sso_mint_same_name(name, usual[i]) && strcmp(name, usual[i]) != 0)
            return "is another spelling of a claim that every token has";
    }
    return NULL;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static int email_is_verified(const sso_claims_t *claims)
{
    const sso_claim_t *claim = sso_claims_find(claims, "email_verified");
    return !claim || (claim->count == 1 && strcasecmp(claim->values[0].bytes, "true") == 0);
}

/* The address in lower case, NULL when there is none that may stand for a person. */
static const char *find_email(apr_pool_t *pool, const sso_claims_t *claims)
{
    const sso_claim_t *claim = sso_claims_find(claims, "email");
    if (!claim || claim->is_list || claim->unsafe || claim->count != 1 || !email_is_verified(claims))
        return NULL;
    const char *from = claim->values[0].bytes;
    apr_size_t len = claim->values[0].len;
    const char *at = memchr(from, '@', len);
    if (!at || at == from || at == from + len - 1 || len > EMAIL_MAX || strchr(at + 1, '@'))
        return NULL;
    char *email = apr_pstrmemdup(pool, from, len);
    for (apr_size_t i = 0; i < len; i++) {
        if (email[i] <= ' ' || email[i] > '~')
            return NULL;
        email[i] = (char)(email[i] >= 'A' && email[i] <= 'Z' ? email[i] - 'A' + 'a' : email[i]);
    }
    return email;
}

static const char *claim_for(const sso_mint_rule_t *rule, const char *name)
{
    for (int i = 0; rule->claims && i < rule->claims->nelts; i++) {
        const sso_mint_claim_t *pair = &APR_ARRAY_IDX(rule->claims, i, sso_mint_claim_t);
        if (strcmp(pair->name, name) == 0)
            return pair->claim;
    }
    return NULL;
}

/* The session's claim, NULL when it is not there or must not be passed on. */
static const sso_claim_t *usable(const sso_claims_t *claims, const char *name)
{
    const sso_claim_t *claim = sso_claims_find(claims, name);
    if (!claim || claim->unsafe || claim->count == 0)
        return NULL;
    return strcmp(name, "email") == 0 && !email_is_verified(claims) ? NULL : claim;
}

static void add_string(sso_buf_t *buf, const char *text)
{
    sso_buf_addf(buf, "\"%s\"", sso_text_json(buf->pool, text));
}

static void add_member(sso_buf_t *buf, const char *name, const char *text)
{
    sso_buf_addc(buf, ',');
    add_string(buf, name);
    sso_buf_addc(buf, ':');
    add_string(buf, text);
}

/* The one value of a claim that names a person or a thing; a list or an empty one is none. */
static const char *single(const sso_claims_t *claims, const char *name)
{
    const sso_claim_t *claim = usable(claims, name);
    return claim && !claim->is_list && claim->count == 1 && claim->values[0].len ? claim->values[0].bytes : NULL;
}

/* A list stays one, also with one value. `roles` is always one: OpenMetadata reads nothing else there. An empty list is
 * left out, because there it takes all roles away. */
static void add_claim(sso_buf_t *buf, const char *name, const sso_claim_t *claim)
{
    if (!claim->is_list && strcmp(name, "roles") != 0) {
        add_member(buf, name, claim->values[0].bytes);
        return;
    }
    sso_buf_addc(buf, ',');
    add_string(buf, name);
    sso_buf_adds(buf, ":[");
    for (int i = 0; i < claim->count; i++) {
        if (i)
            sso_buf_addc(buf, ',');
        add_string(buf, claim->values[i].bytes);
    }
    sso_buf_addc(buf, ']');
}

static int is_usual(const char *name)
{
    return strcmp(name, "sub") == 0 || strcmp(name, "preferred_username") == 0 || strcmp(name, "name") == 0;
}

static const char *subject(apr_pool_t *pool, const sso_claims_t *claims, const sso_mint_rule_t *rule, const char *email)
{
    const char *named = claim_for(rule, "sub");
    if (named)
        return single(claims, named);
    return email ? apr_pstrmemdup(pool, email, (apr_size_t)(strchr(email, '@') - email)) : NULL;
}

static sso_rc_t refuse_user(const sso_mint_rule_t *rule, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_DENIED, "mint-user", "%s",
                       claim_for(rule, "sub") ? "the claim that SSOMintClaim names for sub has no single value"
                                              : "the session has no verified e-mail address in plain ASCII");
}

static const char *display_name(const sso_claims_t *claims, const sso_mint_rule_t *rule)
{
    const char *named = claim_for(rule, "name");
    return single(claims, named ? named : "name");
}

sso_rc_t sso_mint_person(apr_pool_t *pool, const sso_session_t *session, const sso_mint_rule_t *rule,
                         const char **ret_email, const char **ret_name, sso_err_t *err)
{
    const char *email = find_email(pool, &session->claims);
    const char *sub = subject(pool, &session->claims, rule, email);
    const char *display = display_name(&session->claims, rule);
    if (!sub)
        return refuse_user(rule, err);
    *ret_email = email;
    *ret_name = display ? display : sub;
    return SSO_OK;
}

static void add_person(sso_buf_t *buf, const sso_claims_t *claims, const sso_mint_rule_t *rule, const char *email)
{
    const char *named = claim_for(rule, "preferred_username");
    const char *user = named ? single(claims, named) : email;
    const char *display = display_name(claims, rule);
    if (email) {
        add_member(buf, "email", email);
        if (sso_claims_find(claims, "email_verified"))
            sso_buf_adds(buf, ",\"email_verified\":true"); /* find_email: it is not false */
    }
    if (user)
        add_member(buf, "preferred_username", user);
    if (display)
        add_member(buf, "name", display);
}

sso_rc_t sso_mint_body(apr_pool_t *pool, const sso_session_t *session, const sso_mint_rule_t *rule,
                       const char **ret_body, sso_err_t *err)
{
    const sso_claims_t *claims = &session->claims;
    const char *email = find_email(pool, claims);
    const char *sub = subject(pool, claims, rule, email);
    sso_buf_t buf;

    if (!rule->audiences || rule->audiences->nelts == 0)
        return sso_err_set(err, SSO_E_CONFIG, "mint-audience", "SSOMintAudience does not reach this location");
    if (!sub)
        return refuse_user(rule, err);
    sso_buf_init(&buf, pool, 512, SSO_MINT_BODY_MAX);
    sso_buf_adds(&buf, "\"iss\":");
    add_string(&buf, rule->issuer);
    sso_buf_adds(&buf, ",\"aud\":[");
    for (int i = 0; i < rule->audiences->nelts; i++) {
        if (i)
            sso_buf_addc(&buf, ',');
        add_string(&buf, APR_ARRAY_IDX(rule->audiences, i, const char *));
    }
    sso_buf_addc(&buf, ']');
    add_member(&buf, "sub", sub);
    add_person(&buf, claims, rule, email);
    for (int i = 0; rule->claims && i < rule->claims->nelts; i++) {
        const sso_mint_claim_t *pair = &APR_ARRAY_IDX(rule->claims, i, sso_mint_claim_t);
        const sso_claim_t *claim = is_usual(pair->name) ? NULL : usable(claims, pair->claim);
        if (claim)
            add_claim(&buf, pair->name, claim);
    }
    SSO_TRY(sso_buf_check(&buf, "mint-too-large", err));
    *ret_body = (const char *)buf.data;
    return SSO_OK;
}

/* --- the token --------------------------------------------------------------------------------------------------- */

apr_time_t sso_mint_expires(const sso_session_t *session, const sso_mint_rule_t *rule, apr_time_t now)
{
    apr_time_t end = now + apr_time_from_sec(rule->lifetime);
    if (end > session->expires)
        end = session->expires;
    return apr_time_from_sec(apr_time_sec(end));
}

sso_rc_t sso_mint_sign(const sso_env_t *env, const sso_mint_key_t *key, const char *body, apr_time_t expires,
                       const char **ret_token, sso_err_t *err)
{
    unsigned char random[JTI_LEN];
    char *token = NULL;
    if (apr_time_sec(expires) <= apr_time_sec(env->now))
        return sso_err_set(err, SSO_E_EXPIRED, "mint-expired", "the session ends within the second");
    SSO_TRY(sso_env_random(env, random, sizeof(random), err));
    const char *payload =
        apr_psprintf(env->pool, "{%s,\"iat\":%" APR_INT64_T_FMT ",\"exp\":%" APR_INT64_T_FMT ",\"jti\":\"%s\"}", body,
                     (apr_int64_t)apr_time_sec(env->now), (apr_int64_t)apr_time_sec(expires),
                     sso_b64url_string(env->pool, random, sizeof(random)));
    SSO_TRY(sso_jws_sign(env->pool, key->key, sso_alg_find(SIGNING_ALG), "JWT", key->kid, payload, strlen(payload),
                         &token, err));
    *ret_token = token;
    return SSO_OK;
}

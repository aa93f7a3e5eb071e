/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of minted tokens: whatever claims a provider sends, the token is one strict JSON object of our names, its
 * address is lower case and plain ASCII, and nothing that gives power gets in. The first byte chooses the rule. */
#include "fuzz.h"
#include "base/json.h"
#include "oidc/mint.h"

#define ISSUER "https://localhost/sso/"

static const sso_mint_claim_t pairs[][3] = {
    {{"roles", "groups"}, {"teams", "realm_access.roles"}, {"dept", "department"}},
    {{"sub", "preferred_username"}, {"preferred_username", "upn"}, {"name", "nickname"}},
    {{"sub", "sub"}, {"roles", "email"}, {"x", "email_verified"}},
};
#define RULES (sizeof(pairs) / sizeof(pairs[0]))

static sso_mint_rule_t rule_of(unsigned choice)
{
    sso_mint_rule_t rule = {.issuer = ISSUER, .lifetime = SSO_MINT_LIFETIME};
    apr_array_header_t *audiences = apr_array_make(fuzz_pool, 1, sizeof(char *));
    APR_ARRAY_PUSH(audiences, const char *) = "app";
    rule.audiences = audiences;
    if (choice % (RULES + 1) == RULES)
        return rule;
    apr_array_header_t *claims = apr_array_make(fuzz_pool, 3, sizeof(sso_mint_claim_t));
    for (int i = 0; i < 3; i++)
        APR_ARRAY_PUSH(claims, sso_mint_claim_t) = pairs[choice % (RULES + 1)][i];
    rule.claims = claims;
    return rule;
}

static int check_name(void *baton, const char *name, const sso_json_t *value)
{
    static const char *const always[] = {"iss", "aud", "sub", "email", "email_verified", "preferred_username", "name"};
    const sso_mint_rule_t *rule = baton;
    int known = 0;
    (void)value;
    for (apr_size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        known |= strcmp(name, always[i]) == 0;
    for (int i = 0; rule->claims && i < rule->claims->nelts; i++)
        known |= strcmp(name, APR_ARRAY_IDX(rule->claims, i, sso_mint_claim_t).name) == 0;
    fuzz_check(known);
    return 1;
}

static void check_body(const char *body, const sso_mint_rule_t *rule)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc;
    const char *text = NULL;
    char *whole = apr_pstrcat(fuzz_pool, "{", body, "}", NULL);
    union {
        const sso_mint_rule_t *ro;
        void *rw;
    } baton = {.ro = rule};

    fuzz_check(strlen(body) <= SSO_MINT_BODY_MAX);
    if (!fuzz_ok(sso_json_parse_object(fuzz_pool, whole, strlen(whole), 2 * SSO_MINT_BODY_MAX, &doc, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "a body is a strict JSON object");
    sso_json_each(doc, check_name, baton.rw);
    fuzz_check(sso_json_string(doc, "iss", &text) == SSO_JSON_FOUND && strcmp(text, ISSUER) == 0);
    fuzz_check(sso_json_string(doc, "sub", &text) == SSO_JSON_FOUND && *text);
    if (sso_json_string(doc, "email", &text) != SSO_JSON_FOUND)
        return;
    fuzz_check(strchr(text, '@') && text[0] != '@');
    for (; *text; text++)
        fuzz_check(*text > ' ' && *text <= '~' && !(*text >= 'A' && *text <= 'Z'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t session = {.provider = "default", .sub = "s"};
    const sso_claims_t *claims;
    const sso_json_t *doc;
    const char *body;

    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    sso_mint_rule_t rule = rule_of(fuzz_choice(&data, &size));
    char *text = fuzz_text(data, size);
    if (fuzz_ok(sso_json_parse_object(fuzz_pool, text, size, FUZZ_INPUT_MAX, &doc, &err), &err) &&
        fuzz_ok(sso_claims_flatten(fuzz_pool, doc, NULL, NULL, &claims, &err), &err)) {
        session.claims = *claims;
        if (fuzz_ok(sso_mint_body(fuzz_pool, &session, &rule, &body, &err), &err))
            check_body(body, &rule);
    }
    fuzz_end();
    return 0;
}

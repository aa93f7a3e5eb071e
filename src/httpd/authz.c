/* SPDX-License-Identifier: Apache-2.0 */
/* `Require sso-claim NAME VALUE…`: one of the values is one of the claim's, compared byte by byte. NAME may be the
 * path of a nested claim. Quotes keep blanks together. */
#include "httpd/identity.h"

#include <strings.h>

#include <ap_provider.h>
#include <apr_lib.h>
#include <mod_auth.h>

#include "oidc/bearer.h"
#include "oidc/claims.h"

typedef enum { ASKED_IF, ASKED_IF_NOT, ASKED_BY_ALIAS } asked_t;

typedef struct required_t {
    const char *claim;
    apr_array_header_t *values; /* char* */
    asked_t asked;
} required_t;

/* mod_authz_core turns the answer of a negated line around without telling us, so it is read from the configuration:
 * the line itself, and the sections around it. Of an alias it is not known where it will be used. */
static asked_t how_asked(const cmd_parms *cmd)
{
    const ap_directive_t *d = cmd->directive;
    int negated = d && d->args && strncasecmp(d->args, "not", 3) == 0 && apr_isspace(d->args[3]);

    if (!d || strncasecmp(d->directive, "<AuthzProviderAlias", 19) == 0)
        return ASKED_BY_ALIAS;
    for (d = d->parent; d; d = d->parent)
        negated ^= strncasecmp(d->directive, "<RequireNone", 12) == 0;
    return negated ? ASKED_IF_NOT : ASKED_IF;
}

/* Neither "he is in the group" nor "he is not" may be concluded: whichever way it is asked, it does not hold. */
static authz_status answer_unknown(request_rec *r, const required_t *required)
{
    mod_sso_identity_log_unknown(r, required->claim);
    switch (required->asked) {
    case ASKED_IF:
        return AUTHZ_DENIED;
    case ASKED_IF_NOT:
        return AUTHZ_GRANTED;
    case ASKED_BY_ALIAS:
        break;
    }
    return AUTHZ_GENERAL_ERROR; /* cannot be turned around */
}

static const char *parse_require(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    required_t *required = apr_pcalloc(cmd->pool, sizeof(*required));

    required->claim = ap_getword_conf(cmd->pool, &line);
    required->values = apr_array_make(cmd->pool, 4, sizeof(char *));
    while (*line)
        APR_ARRAY_PUSH(required->values, const char *) = ap_getword_conf(cmd->pool, &line);
    if (!*required->claim || required->values->nelts == 0)
        return "Require sso-claim needs the name of a claim and at least one value, like: Require sso-claim groups "
               "admins";
    required->asked = how_asked(cmd);
    *ret_parsed = required;
    return NULL;
}

static authz_status check_claim(request_rec *r, const char *line, const void *parsed)
{
    const required_t *required = parsed;
    const mod_sso_opened_t *current = mod_sso_req(r)->current;
    const sso_claim_t *claim;

    (void)line;
    /* Only a session that this very request was given counts: one that is too weak for the location (SSOStepUp) or is
     * nobody here must not get in by its claims. */
    if (!current || !current->session || !current->user)
        return AUTHZ_DENIED_NO_USER;
    claim = sso_claims_find(&current->session->claims, required->claim);
    for (int i = 0; claim && i < required->values->nelts; i++) {
        if (sso_claim_has(claim, APR_ARRAY_IDX(required->values, i, const char *)))
            return AUTHZ_GRANTED;
    }
    if (!claim && sso_claims_is_unknown(&current->session->claims, required->claim))
        return answer_unknown(r, required);
    if (current->bearer && sso_bearer_is_scope(required->claim))
        mod_sso_req(r)->scopes = required->values; /* RFC 6750 3.1: the answer may say what was missing */
    return AUTHZ_DENIED;
}

void mod_sso_authz_register(apr_pool_t *pool)
{
    static const authz_provider provider = {check_claim, parse_require};
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "sso-claim", AUTHZ_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}

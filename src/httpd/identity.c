/* SPDX-License-Identifier: Apache-2.0 */
/* Who somebody is: REMOTE_USER by SSORemoteUser, and the session that rules about a person read. */
#include "httpd/identity.h"

#include <strings.h>

#include "base/text.h"
#include "httpd/log.h"
#include "httpd/session_io.h"

#define USER_MAX 1024 /* bytes; also bounds what an expression of the operator has to match */

static const char *refuse(const char **ret_why, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return NULL;
}

/* The rules for a text that names a person. A blank at an end is cut off by the next reader of the header, and
 * " admin" would be admin there. */
static const char *check_user(const char *user, apr_size_t len, const char **ret_why)
{
    if (len == 0)
        return refuse(ret_why, "user-claim-empty");
    if (len > USER_MAX)
        return refuse(ret_why, "user-claim-too-long");
    if (user[0] == ' ' || user[len - 1] == ' ' || sso_text_has_control(user, len))
        return refuse(ret_why, "user-claim-unsafe");
    return user;
}

/* The expression has to match the whole value: "^a$|b$" would let somebody choose what stands before the b. */
static const char *substitute(apr_pool_t *pool, const mod_sso_remote_user_t *rule, const char *value, apr_size_t len)
{
    ap_regmatch_t match[AP_MAX_REG_MATCH];

    if (ap_regexec(rule->regex, value, AP_MAX_REG_MATCH, match, 0) != 0)
        return NULL;
    if (match[0].rm_so != 0 || match[0].rm_eo < 0 || (apr_size_t)match[0].rm_eo != len)
        return NULL;
    return rule->subst ? ap_pregsub(pool, rule->subst, value, AP_MAX_REG_MATCH, match) : value;
}

int mod_sso_identity_email_verified(const sso_session_t *session)
{
    const sso_claim_t *claim = sso_claims_find(&session->claims, "email_verified");
    return !claim || (claim->count == 1 && strcasecmp(claim->values[0].bytes, "true") == 0);
}

const char *mod_sso_identity_user(apr_pool_t *pool, const sso_session_t *session, const mod_sso_remote_user_t *rule,
                                  const char **ret_why)
{
    const char *name = rule ? rule->claim : "sub";
    const sso_claim_t *claim = sso_claims_find(&session->claims, name);
    const char *user;

    if (!claim)
        return refuse(ret_why, "user-claim-missing");
    if (claim->is_list || claim->count != 1)
        return refuse(ret_why, "user-claim-list");
    if (claim->unsafe)
        return refuse(ret_why, "user-claim-unsafe");
    if (strcmp(name, "email") == 0 && !mod_sso_identity_email_verified(session))
        return refuse(ret_why, "user-email-unverified");
    user = check_user(claim->values[0].bytes, claim->values[0].len, ret_why);
    if (!user || !rule || !rule->regex)
        return user;
    user = substitute(pool, rule, user, claim->values[0].len);
    return user ? check_user(user, strlen(user), ret_why) : refuse(ret_why, "user-no-match");
}

sso_auth_demand_t mod_sso_identity_demand(request_rec *r, const mod_sso_provider_t *p, const mod_sso_dir_t *dir)
{
    sso_auth_demand_t demand = p->demand;
    if (dir->max_age != MOD_SSO_UNSET)
        demand.max_age = dir->max_age;
    if (dir->acrs)
        demand.acrs = dir->acrs;
    if (dir->step_up_acr) {
        apr_array_header_t *acrs = apr_array_make(r->pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH(acrs, const char *) = dir->step_up_acr;
        demand.acrs = acrs;
    }
    if (dir->step_up_max_age != MOD_SSO_UNSET)
        demand.max_age = dir->step_up_max_age;
    return demand;
}

const sso_session_t *mod_sso_identity_session(request_rec *r)
{
    const mod_sso_req_t *req = mod_sso_req(r);
    const mod_sso_provider_t *provider = mod_sso_site_provider_of(r);
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    const mod_sso_opened_t *opened;
    sso_auth_demand_t demand;

    if (req->current)
        return req->current->user ? req->current->session : NULL;
    /* Decided, and not for this session: it is absent, too weak, or nobody here. */
    if (req->guarded || !provider)
        return NULL;
    opened = mod_sso_session_open(r, provider);
    demand = mod_sso_identity_demand(r, provider, dir);
    if (!opened->session ||
        !sso_session_satisfies(opened->session, &demand, r->request_time, provider->client.clock_skew) ||
        !mod_sso_identity_user(r->pool, opened->session, dir->remote_user ? dir->remote_user : provider->remote_user,
                               NULL))
        return NULL;
    return opened->session;
}

void mod_sso_identity_log_unknown(request_rec *r, const char *claim)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_rc_t rc = sso_err_set(&err, SSO_E_DENIED, "claim-unknown",
                              "the provider left %.60s out because it is too much (_claim_names)", claim);
    (void)rc;
    mod_sso_log_refusal(r, APLOG_WARNING, "SSO260", "a rule cannot be decided and counts as not met", &err);
}

char mod_sso_identity_delimiter(const mod_sso_dir_t *dir)
{
    return dir->claim_delimiter != MOD_SSO_UNSET ? (char)dir->claim_delimiter : ',';
}

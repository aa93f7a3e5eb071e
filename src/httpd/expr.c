/* SPDX-License-Identifier: Apache-2.0 */
/* Claims in expressions: %{SSO_CLAIM:name} and sso_claim('name') as text (a list joined as for a header), and
 * 'value' in sso_claim('name') over the values. Without a session both are empty.
 *
 * That a function was evaluated is remembered: an authorization that asked it before anybody could be signed in is
 * asked again (authn.c). So is that it asked for a claim which the provider left out: no expression can tell that from
 * an empty one, so an authorization that came about with it does not count. */
#include "httpd/identity.h"

#include <strings.h>

#include "oidc/claims.h"

static const sso_claim_t *claim_of(request_rec *r, const char *name)
{
    const sso_session_t *session;

    if (!r || !name)
        return NULL;
    mod_sso_req_root(r)->expr_used = 1;
    session = mod_sso_identity_session(r);
    if (session && sso_claims_is_unknown(&session->claims, name))
        mod_sso_req_root(r)->unknown = name;
    return session ? sso_claims_find(&session->claims, name) : NULL;
}

static const char *claim_string(ap_expr_eval_ctx_t *ctx, const void *data, const char *name)
{
    const sso_claim_t *claim = claim_of(ctx->r, name);
    const char *text;

    (void)data;
    if (!claim)
        return "";
    text = sso_claim_text(ctx->p, claim, SSO_CLAIM_UTF8, mod_sso_identity_delimiter(mod_sso_dir_of(ctx->r)));
    return text ? text : "";
}

static apr_array_header_t *claim_list(ap_expr_eval_ctx_t *ctx, const void *data, const char *name)
{
    const sso_claim_t *claim = claim_of(ctx->r, name);
    apr_array_header_t *list = apr_array_make(ctx->p, claim ? claim->count : 1, sizeof(char *));

    (void)data;
    for (int i = 0; claim && i < claim->count; i++)
        APR_ARRAY_PUSH(list, const char *) = claim->values[i].bytes;
    return list;
}

int mod_sso_expr_lookup(ap_expr_lookup_parms *parms)
{
    /* ap_expr hands the function over as const void *; ISO C has no such conversion, so it goes through a union. */
    union {
        ap_expr_string_func_t *string;
        ap_expr_list_func_t *list;
        const void *any;
    } func;

    if (strcasecmp(parms->name, "SSO_CLAIM") != 0)
        return DECLINED;
    if (parms->type == AP_EXPR_FUNC_STRING)
        func.string = claim_string;
    else if (parms->type == AP_EXPR_FUNC_LIST)
        func.list = claim_list;
    else
        return DECLINED;
    *parms->func = func.any;
    *parms->data = NULL;
    return OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of minted tokens. */
#include "httpd/cmd.h"

#include <apr_strings.h>

#include "base/text.h"
#include "oidc/mint.h"

#define LIFETIME_MIN 120  /* below it the UI of OpenMetadata renews without end */
#define LIFETIME_MAX 3600 /* nothing takes a minted token back before it ends */

const char *mod_sso_cmd_mint_audience(cmd_parms *cmd, void *dirp, int argc, char *const argv[])
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    apr_array_header_t *list = mod_sso_cmd_list(cmd, argc, argv);
    if (list->nelts == 0)
        return mod_sso_cmd_error(cmd, "names nobody; write the id by which the application knows itself");
    error = mod_sso_cmd_check_audiences(cmd, list);
    if (error)
        return error;
    dir->mint_audiences = list;
    mod_sso_cmd_note(cmd, dir);
    return NULL;
}

const char *mod_sso_cmd_mint_lifetime(cmd_parms *cmd, void *dirp, const char *arg)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (!error)
        error = mod_sso_cmd_seconds(cmd, arg, LIFETIME_MIN, LIFETIME_MAX, &dir->mint_lifetime);
    if (!error)
        mod_sso_cmd_note(cmd, dir);
    return error;
}

const char *mod_sso_cmd_mint_claim(cmd_parms *cmd, void *dirp, const char *name, const char *claim)
{
    mod_sso_dir_t *dir = dirp;
    if (!mod_sso_cmd_is_claim(name) || !mod_sso_cmd_is_claim(claim))
        return mod_sso_cmd_error(cmd, "\"%s\" is not the name of a claim", mod_sso_cmd_is_claim(name) ? claim : name);
    const char *why = sso_mint_refuses(name);
    if (why)
        return mod_sso_cmd_error(cmd, "\"%s\" %s; write another name", name, why);
    if (!dir->mint_claims)
        dir->mint_claims = apr_array_make(cmd->pool, 4, sizeof(sso_mint_claim_t));
    for (int i = 0; i < dir->mint_claims->nelts; i++) {
        const sso_mint_claim_t *other = &APR_ARRAY_IDX(dir->mint_claims, i, sso_mint_claim_t);
        if (sso_mint_same_name(other->name, name))
            return mod_sso_cmd_error(cmd, "\"%s\" is set from %s already (as %s); one name carries one claim", name,
                                     other->claim, other->name);
    }
    const sso_mint_claim_t pair = {name, claim};
    APR_ARRAY_PUSH(dir->mint_claims, sso_mint_claim_t) = pair;
    mod_sso_cmd_note(cmd, dir);
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Setters of what a location says. */
#include "httpd/cmd.h"

#include <apr_lib.h>
#include <apr_strings.h>

const char *mod_sso_cmd_use(cmd_parms *cmd, void *dirp, const char *arg)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    dir->use = arg;
    mod_sso_cmd_note(cmd, dir);
    return NULL;
}

const char *mod_sso_cmd_claim_env(cmd_parms *cmd, void *dirp, const char *arg)
{
    /* Variables that servers, interpreters and the loader of a CGI program give a meaning. HTTP_ is what request
     * headers become, so it could not be kept free of the client's own. */
    static const char *const taken[] = {"HTTP_",    "LD_",       "PATH_",    "SSL_",     "SERVER_",   "REMOTE_",
                                        "REQUEST_", "SCRIPT_",   "AUTH_",    "CONTENT_", "REDIRECT_", "GATEWAY_",
                                        "QUERY_",   "DOCUMENT_", "CONTEXT_", "BASH_",    "PYTHON",    "PERL",
                                        "RUBY",     "NODE_",     "JAVA_",    "PHP_",     "DYLD_",     NULL};
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    mod_sso_cmd_note(cmd, dir);
    if (strcasecmp(arg, "none") == 0) {
        dir->claim_env = "";
        return NULL;
    }
    apr_size_t len = strlen(arg);
    int good = len >= 3 && len <= 60 && arg[len - 1] == '_' && !apr_isdigit(arg[0]);
    for (apr_size_t i = 0; i < len && good; i++)
        good = apr_isalnum(arg[i]) || arg[i] == '_';
    if (!good)
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is not a prefix of environment names: letters, digits and _ with a _ at the "
                                 "end, like SSO_",
                                 arg);
    for (int i = 0; taken[i]; i++) {
        if (strncasecmp(arg, taken[i], strlen(taken[i])) == 0)
            return mod_sso_cmd_error(cmd,
                                     "names that begin with %s have a meaning to servers or programs; write a prefix "
                                     "like SSO_",
                                     taken[i]);
    }
    dir->claim_env = arg;
    return NULL;
}

const char *mod_sso_cmd_claim_format(cmd_parms *cmd, void *dirp, const char *arg)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    mod_sso_cmd_note(cmd, dir);
    if (strcasecmp(arg, "utf8") == 0)
        dir->claim_format = MOD_SSO_FORMAT_UTF8;
    else if (strcasecmp(arg, "percent") == 0)
        dir->claim_format = MOD_SSO_FORMAT_PERCENT;
    else if (strcasecmp(arg, "base64url") == 0)
        dir->claim_format = MOD_SSO_FORMAT_BASE64URL;
    else
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write utf8, percent or base64url", arg);
    return NULL;
}

const char *mod_sso_cmd_claim_delimiter(cmd_parms *cmd, void *dirp, const char *arg)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    mod_sso_cmd_note(cmd, dir);
    if (strlen(arg) != 1 || !strchr(",;|: /#&+", arg[0]))
        return mod_sso_cmd_error(cmd, "\"%s\" is not one of the characters , ; | : / # & + or a blank", arg);
    dir->claim_delimiter = (unsigned char)arg[0];
    return NULL;
}

const char *mod_sso_cmd_pass_token(cmd_parms *cmd, void *dirp, const char *kind, const char *header)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    mod_sso_cmd_note(cmd, dir);
    if (strcasecmp(kind, "none") == 0)
        dir->pass_token = MOD_SSO_PASS_NONE;
    else if (strcasecmp(kind, "id") == 0)
        dir->pass_token = MOD_SSO_PASS_ID;
    else if (strcasecmp(kind, "access") == 0)
        dir->pass_token = MOD_SSO_PASS_ACCESS;
    else if (strcasecmp(kind, "minted") == 0)
        dir->pass_token = MOD_SSO_PASS_MINTED;
    else
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write id, access, minted or none", kind);
    if (!header || strcasecmp(header, "Authorization") == 0)
        return NULL;
    if (dir->pass_token == MOD_SSO_PASS_NONE)
        return mod_sso_cmd_error(cmd, "none takes no header");
    error = mod_sso_cmd_check_header(cmd, header);
    if (error)
        return error;
    dir->pass_header = header;
    mod_sso_conf_reserve(cmd->pool, header);
    return NULL;
}

const char *mod_sso_cmd_accept(cmd_parms *cmd, void *dirp, const char *one, const char *two)
{
    mod_sso_dir_t *dir = dirp;
    const char *const words[] = {one, two};
    int bits = 0;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    mod_sso_cmd_note(cmd, dir);
    for (int i = 0; i < 2 && words[i]; i++) {
        if (strcasecmp(words[i], "session") == 0)
            bits |= MOD_SSO_ACCEPT_SESSION;
        else if (strcasecmp(words[i], "bearer") == 0)
            bits |= MOD_SSO_ACCEPT_BEARER;
        else
            return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write session, bearer or both", words[i]);
    }
    dir->accept = bits;
    return NULL;
}

const char *mod_sso_cmd_unauthenticated(cmd_parms *cmd, void *dirp, const char *action, const char *expr)
{
    static const struct {
        const char *name;
        mod_sso_unauth_t action;
    } actions[] = {{"auto", MOD_SSO_UNAUTH_AUTO},
                   {"redirect", MOD_SSO_UNAUTH_REDIRECT},
                   {"401", MOD_SSO_UNAUTH_401},
                   {"pass", MOD_SSO_UNAUTH_PASS},
                   {"403", MOD_SSO_UNAUTH_403}};
    mod_sso_dir_t *dir = dirp;
    mod_sso_unauth_rule_t rule = {MOD_SSO_UNAUTH_AUTO, NULL};
    int known = 0;
    for (apr_size_t i = 0; i < sizeof(actions) / sizeof(actions[0]) && !known; i++) {
        known = strcasecmp(action, actions[i].name) == 0;
        rule.action = actions[i].action;
    }
    if (!known)
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write auto, redirect, 401, 403 or pass", action);
    if (expr) {
        const char *error = NULL;
        rule.when = ap_expr_parse_cmd(cmd, expr, 0, &error, NULL);
        if (error)
            return mod_sso_cmd_error(cmd, "the expression \"%s\" cannot be read: %s", expr, error);
    }
    if (!dir->unauthenticated)
        dir->unauthenticated = apr_array_make(cmd->pool, 2, sizeof(mod_sso_unauth_rule_t));
    int n = dir->unauthenticated->nelts;
    if (n > 0 && !APR_ARRAY_IDX(dir->unauthenticated, n - 1, mod_sso_unauth_rule_t).when)
        return mod_sso_cmd_error(cmd, "stands after a line without an expression and would never count; write the line "
                                      "without an expression last");
    APR_ARRAY_PUSH(dir->unauthenticated, mod_sso_unauth_rule_t) = rule;
    mod_sso_cmd_note(cmd, dir);
    return NULL;
}

const char *mod_sso_cmd_step_up(cmd_parms *cmd, void *dirp, const char *acr, const char *max_age)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (!error && !*acr)
        error = mod_sso_cmd_error(cmd, "names no acr value");
    if (!error && max_age)
        error = mod_sso_cmd_seconds(cmd, max_age, 10, 365 * 24 * 60 * 60, &dir->step_up_max_age);
    if (error)
        return error;
    dir->step_up_acr = acr;
    mod_sso_cmd_note(cmd, dir);
    return NULL;
}

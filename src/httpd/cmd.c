/* SPDX-License-Identifier: Apache-2.0 */
/* What the setters of directives share. */
#include "httpd/cmd.h"

#include <apr_strings.h>

#include "base/text.h"
#include "oidc/claims.h"

char *mod_sso_cmd_error(cmd_parms *cmd, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = apr_pvsprintf(cmd->pool, fmt, ap);
    va_end(ap);
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", text, NULL);
}

char *mod_sso_cmd_later(cmd_parms *cmd, const char *what)
{
    return apr_psprintf(cmd->pool, "%s is not available in this version of mod_sso_oidc: remove it", what);
}

const char *mod_sso_cmd_where(cmd_parms *cmd)
{
    return apr_psprintf(cmd->pool, "%s:%d", cmd->directive->filename, cmd->directive->line_num);
}

const char *mod_sso_cmd_once(cmd_parms *cmd, apr_array_header_t **seen)
{
    if (!*seen) /* NOLINT(clang-analyzer-*): an error text is never NULL, so the section is there */
        *seen = apr_array_make(cmd->pool, 8, sizeof(char *));
    if (sso_text_in(*seen, cmd->cmd->name))
        return mod_sso_cmd_error(cmd, "stands twice in this section; keep the one that is meant");
    APR_ARRAY_PUSH(*seen, const char *) = cmd->cmd->name;
    return NULL;
}

const char *mod_sso_cmd_server(cmd_parms *cmd, mod_sso_conf_t **ret_conf)
{
    mod_sso_conf_t *conf = mod_sso_conf_of(cmd->server);
    if (conf->current)
        return mod_sso_cmd_error(cmd, "is for the whole server or virtual host; write it outside <SSOProvider %s>",
                                 conf->current->name);
    conf->own = 1;
    *ret_conf = conf;
    return NULL;
}

const char *mod_sso_cmd_server_once(cmd_parms *cmd, mod_sso_conf_t **ret_conf)
{
    mod_sso_conf_t *conf = NULL;
    const char *error = mod_sso_cmd_server(cmd, &conf);
    if (!error)
        error = mod_sso_cmd_once(cmd, &conf->seen);
    if (!error)
        *ret_conf = conf;
    return error;
}

mod_sso_provider_conf_t *mod_sso_cmd_provider(cmd_parms *cmd)
{
    mod_sso_conf_t *conf = mod_sso_conf_of(cmd->server);
    conf->own = 1;
    if (conf->current)
        return conf->current;
    mod_sso_provider_conf_t *provider = mod_sso_conf_provider(conf, MOD_SSO_DEFAULT_PROVIDER);
    if (!provider) {
        provider = mod_sso_conf_provider_add(cmd->pool, conf, MOD_SSO_DEFAULT_PROVIDER);
        provider->where = mod_sso_cmd_where(cmd);
    }
    return provider;
}

void mod_sso_cmd_note(cmd_parms *cmd, mod_sso_dir_t *dir)
{
    const ap_directive_t *parent = cmd->directive->parent;
    mod_sso_use_t *use = apr_array_push(mod_sso_conf_of(cmd->server)->uses);
    use->dir = dir;
    use->directive = cmd->cmd->name;
    use->where = mod_sso_cmd_where(cmd);
    use->section = parent ? apr_pstrcat(cmd->pool, parent->directive, " ", parent->args, NULL) : "";
}

apr_array_header_t *mod_sso_cmd_list(cmd_parms *cmd, int argc, char *const argv[])
{
    apr_array_header_t *list = apr_array_make(cmd->pool, argc, sizeof(char *));
    for (int i = 0; i < argc; i++)
        apr_array_cat(list, sso_text_split(cmd->pool, argv[i], 0));
    return list;
}

const char *mod_sso_cmd_seconds(cmd_parms *cmd, const char *arg, int min, int max, int *ret)
{
    sso_err_t err = SSO_ERR_INIT;
    apr_int64_t seconds;
    if (sso_text_duration(arg, min, max, &seconds, &err) != SSO_OK)
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is not a time from %d to %d seconds; write a number with s, m, h or d, "
                                 "like 90s or 8h",
                                 arg, min, max);
    *ret = (int)seconds;
    return NULL;
}

int mod_sso_cmd_is_claim(const char *name)
{
    apr_size_t len = strlen(name);
    if (len == 0 || len > SSO_CLAIM_NAME_MAX)
        return 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (name[i] <= ' ' || name[i] > '~')
            return 0;
    }
    return 1;
}

const char *mod_sso_cmd_check_audiences(cmd_parms *cmd, const apr_array_header_t *list)
{
    for (int i = 0; i < list->nelts; i++) {
        const char *item = APR_ARRAY_IDX(list, i, const char *);
        if (strpbrk(item, "<>{}") || sso_text_has_control(item, strlen(item)) || !sso_text_is_utf8(item, strlen(item)))
            return mod_sso_cmd_error(cmd, "\"%s\" is a placeholder; write the id by which the application knows itself",
                                     sso_text_log(cmd->pool, item, 60));
    }
    return NULL;
}

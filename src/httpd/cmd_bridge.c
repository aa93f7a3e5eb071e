/* SPDX-License-Identifier: Apache-2.0 */
/* SSOBridge openmetadata [query|fragment] | none */
#include "httpd/cmd.h"

#include <apr_strings.h>

/* The interface's addresses begin with the location's path, so it has to be one, and a plain one. */
static const char *set_base(cmd_parms *cmd, mod_sso_dir_t *dir)
{
    const ap_directive_t *section = cmd->directive->parent;
    const char *path = cmd->path;
    const char *args = section && section->args ? section->args + strspn(section->args, " \t") : "";
    if (!section || strcasecmp(section->directive, "<Location") != 0 || *args == '~' || !path || path[0] != '/' ||
        strpbrk(path, "*?[]%;\\ \"") || strstr(path, "//"))
        return mod_sso_cmd_error(cmd, "needs to know the path below which the application's interface lives; write it "
                                      "in <Location \"/\">, or another <Location \"/path/\"> without patterns");
    apr_size_t len = strlen(path);
    dir->bridge_base = apr_pstrmemdup(cmd->pool, path, path[len - 1] == '/' ? len - 1 : len);
    return NULL;
}

const char *mod_sso_cmd_bridge(cmd_parms *cmd, void *dirp, const char *application, const char *delivery)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    if (strcasecmp(application, "none") == 0 && !delivery) {
        dir->bridge = MOD_SSO_BRIDGE_OFF;
        return NULL;
    }
    if (strcasecmp(application, "openmetadata") != 0)
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write openmetadata, or none below a bridge", application);
    if (!delivery || strcasecmp(delivery, "query") == 0)
        dir->bridge = MOD_SSO_BRIDGE_QUERY;
    else if (strcasecmp(delivery, "fragment") == 0)
        dir->bridge = MOD_SSO_BRIDGE_FRAGMENT;
    else
        return mod_sso_cmd_error(cmd, "\"%s\" is unknown; write query or fragment", delivery);
    error = set_base(cmd, dir);
    if (!error)
        mod_sso_cmd_note(cmd, dir);
    return error;
}

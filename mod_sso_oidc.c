/* SPDX-License-Identifier: Apache-2.0 */
/* mod_sso_oidc: OpenID Connect single sign-on for Apache httpd. The module record and its hooks, nothing else; each
 * hook is one line of the table in the design, and its work is in src/httpd. */
#include "httpd/authn.h"
#include "httpd/boot.h"
#include "httpd/conf.h"
#include "httpd/endpoint.h"
#include "httpd/helper.h"
#include "httpd/identity.h"
#include "httpd/session_io.h"
#include "httpd/status.h"

static int hook_fixups(request_rec *r)
{
    if (mod_sso_req(r)->endpoint)
        return DECLINED;
    mod_sso_authn_inherit(r);
    return mod_sso_expose_fixups(r);
}

static void hook_insert_filter(request_rec *r)
{
    const mod_sso_opened_t *current = mod_sso_req(r)->current;
    if (current)
        mod_sso_session_renew_idle(r, current);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_pre_config(mod_sso_boot_pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(mod_sso_conf_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mod_sso_boot_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(mod_sso_boot_child_init, NULL, NULL, APR_HOOK_MIDDLE);

    ap_hook_post_read_request(mod_sso_scrub_request, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(mod_sso_endpoint_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(mod_sso_endpoint_map_to_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_perdir_config(mod_sso_endpoint_post_perdir, NULL, NULL, APR_HOOK_REALLY_FIRST);

    ap_hook_check_access_ex(mod_sso_authn_access_checker_ex, NULL, NULL, APR_HOOK_REALLY_FIRST,
                            AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_force_authn(mod_sso_authn_force, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_authn(mod_sso_authn_check, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(mod_sso_authn_auth_checker, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    mod_sso_authz_register(pool);
    ap_hook_expr_lookup(mod_sso_expr_lookup, NULL, NULL, APR_HOOK_MIDDLE);

    ap_hook_fixups(hook_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_insert_filter(hook_insert_filter, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(mod_sso_endpoint_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mod_sso_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    mod_sso_status_register();
    mod_sso_helper_register();
    mod_sso_session_register();
}

module AP_MODULE_DECLARE_DATA sso_oidc_module = {
    STANDARD20_MODULE_STUFF,
    mod_sso_conf_create_dir,
    mod_sso_conf_merge_dir,
    mod_sso_conf_create_server,
    mod_sso_conf_merge_server,
    mod_sso_conf_cmds,
    register_hooks,
    0,
};

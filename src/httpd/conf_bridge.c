/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of SSOBridge: what it needs around it, and what would contradict it. */
#include "httpd/conf_check.h"

#include <apr_strings.h>

#include "oidc/bridge.h"

static void check_section(mod_sso_check_t *ck, const mod_sso_use_t *use)
{
    const mod_sso_dir_t *dir = use->dir;
    if (dir->accept == MOD_SSO_ACCEPT_BEARER)
        mod_sso_check_fail(ck, "SSO173", "SSOBridge", NULL,
                           "in %s at %s signs people in, and SSOAccept bearer there takes no sessions; write SSOAccept "
                           "session bearer",
                           use->section, use->where);
    if (dir->pass_header || (dir->pass_token != MOD_SSO_UNSET && dir->pass_token != MOD_SSO_PASS_MINTED))
        mod_sso_check_fail(ck, "SSO174", "SSOPassToken", NULL,
                           "in %s contradicts SSOBridge at %s, which passes minted tokens in Authorization; remove it",
                           use->section, use->where);
}

static void check_guard(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    int guards = mod_sso_check_facts(ck, ck->main_server)->guards->nelts;
    for (const server_rec *v = s; v; v = s->is_virtual ? NULL : v->next)
        guards += mod_sso_check_facts(ck, v)->guards->nelts;
    if (guards == 0)
        mod_sso_check_fail(ck, "SSO176", "SSOBridge", NULL,
                           "in %s at %s guards nothing by itself; write AuthType sso-oidc and a Require there",
                           use->section, use->where);
}

/* The interface's own pages and calls cannot be endpoints of ours too. */
static void check_path(mod_sso_check_t *ck, const mod_sso_use_t *use, const char *directive, const char *path)
{
    const char *base = use->dir->bridge_base;
    sso_bridge_call_t call = sso_bridge_call(base, path);
    if (sso_bridge_is_api(call) || call == SSO_BRIDGE_SIGN_IN ||
        strcmp(path, apr_pstrcat(ck->ptemp, base, "/auth/callback", NULL)) == 0)
        mod_sso_check_fail(ck, "SSO177", directive, NULL,
                           "\"%s\" is an address of the interface behind SSOBridge at %s; choose another path", path,
                           use->where);
}

static void check_site(mod_sso_check_t *ck, const mod_sso_use_t *use, const mod_sso_site_t *site)
{
    if (site->max <= SSO_BRIDGE_LEFT_MIN)
        mod_sso_check_fail(ck, "SSO175", "SSOSessionTimeout", NULL,
                           "%d seconds at most are too short for SSOBridge at %s: the interface signs in again when "
                           "less than %d are left, and would never end; write hours, like SSOSessionTimeout 8h 24h",
                           site->max, use->where, SSO_BRIDGE_LEFT_MIN);
    check_path(ck, use, "SSOLoginPath", site->login_path);
    check_path(ck, use, "SSOLogoutPath", site->logout_path);
    check_path(ck, use, "SSOBasePath", site->base_path);
    for (int i = 0; i < site->count; i++)
        check_path(ck, use, "SSORedirectURI", site->providers[i]->redirect_path);
}

void mod_sso_check_bridge(mod_sso_check_t *ck, const server_rec *s, const mod_sso_use_t *use)
{
    check_section(ck, use);
    check_guard(ck, s, use);
    for (const server_rec *v = s; v; v = s->is_virtual ? NULL : v->next) {
        const mod_sso_conf_t *conf = mod_sso_conf_of(v);
        if (conf && conf->site)
            check_site(ck, use, conf->site);
    }
}

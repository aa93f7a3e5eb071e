/* SPDX-License-Identifier: Apache-2.0 */
/* Signs of the way. Whoever forges one changes only how he himself signs in. */
#include "httpd/trail.h"

#include "base/cookie.h"
#include "httpd/log.h"
#include "httpd/resp.h"

#define OUT_LIFETIME 300 /* seconds that a logout is remembered */
#define NEW_LIFETIME 60

static int has_cookie(request_rec *r, const char *name)
{
    sso_cookie_iter_t it;
    sso_cookie_begin(&it, mod_sso_req_cookies(r));
    while (sso_cookie_next_own(&it)) {
        if (sso_cookie_is(&it, name))
            return 1;
    }
    return 0;
}

static void set_sign(request_rec *r, const mod_sso_provider_t *p, const char *name, int seconds)
{
    sso_cookie_attrs_t attrs = p->attrs;
    attrs.domain = NULL;
    attrs.max_age = seconds;
    mod_sso_resp_cookie(r, name, seconds ? "1" : "", &attrs);
}

int mod_sso_trail_is_out(request_rec *r, const mod_sso_provider_t *p)
{
    return p->site->bridges && has_cookie(r, p->cookie_out);
}

const char *mod_sso_trail_prompt(request_rec *r, const mod_sso_provider_t *p)
{
    const char *preset = p->client.preset;
    if (!mod_sso_trail_is_out(r, p))
        return NULL;
    return preset && strcmp(preset, "google") == 0 ? "select_account" : "login"; /* Google knows no login */
}

void mod_sso_trail_mark_out(request_rec *r, const mod_sso_provider_t *p)
{
    if (!p->site->bridges)
        return;
    set_sign(r, p, p->cookie_out, OUT_LIFETIME);
    mod_sso_trail_end(r, p);
}

void mod_sso_trail_arrive(request_rec *r, const mod_sso_provider_t *p, int silent)
{
    if (!p->site->bridges)
        return;
    set_sign(r, p, p->cookie_new, NEW_LIFETIME);
    if (!silent && has_cookie(r, p->cookie_out))
        set_sign(r, p, p->cookie_out, 0);
}

int mod_sso_trail_is_new(request_rec *r, const mod_sso_provider_t *p)
{
    return p->site->bridges && has_cookie(r, p->cookie_new);
}

void mod_sso_trail_end(request_rec *r, const mod_sso_provider_t *p)
{
    if (mod_sso_trail_is_new(r, p))
        set_sign(r, p, p->cookie_new, 0);
}

int mod_sso_trail_end_silent(request_rec *r, const char *sign_in_page, const sso_err_t *err)
{
    mod_sso_log_refusal(r, APLOG_INFO, "SSO253", "a silent login ends at the interface's sign-in page", err);
    return mod_sso_resp_redirect(r, sign_in_page);
}

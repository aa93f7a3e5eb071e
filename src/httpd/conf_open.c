/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings of the start check about ways in that were hardly meant: a provider that signs in the whole world, a section
 * whose Require is somebody else's, an application that trusts headers and listens for everybody. What cannot be told
 * for sure from the configuration is not said. */
#include "httpd/conf_check.h"

#include <apr_strings.h>
#include <apr_uri.h>

#include "base/url.h"

/* What the Require lines of one section say. */
typedef struct requires_t {
    int valid_user;
    int granted; /* `all granted`, where one true line is enough */
    int other;
} requires_t;

static int is_named(const ap_directive_t *node, const char *name)
{
    return strcasecmp(node->directive, name) == 0;
}

/* <RequireAny>, <Limit>, <IfModule>: their lines are the section's. */
static int is_wrapper(const ap_directive_t *node)
{
    const char *name = node->directive;
    return strncasecmp(name, "<Require", 8) == 0 || strncasecmp(name, "<Limit", 6) == 0 ||
           (strncasecmp(name, "<If", 3) == 0 && name[3] != '\0');
}

static void count_requires(apr_pool_t *pool, const ap_directive_t *first, int top, requires_t *sum)
{
    for (const ap_directive_t *d = first; d; d = d->next) {
        const char *args = d->args;
        if (is_wrapper(d)) {
            count_requires(pool, d->first_child, top && strncasecmp(d->directive, "<If", 3) == 0, sum);
        } else if (is_named(d, "Require")) {
            const char *word = ap_getword_conf(pool, &args);
            if (strcasecmp(word, "valid-user") == 0)
                sum->valid_user++;
            else if (top && strcasecmp(word, "all") == 0 && strcasecmp(ap_getword_conf(pool, &args), "granted") == 0)
                sum->granted++;
            else
                sum->other++;
        }
    }
}

static requires_t requires_of(apr_pool_t *pool, const ap_directive_t *section)
{
    requires_t sum = {0, 0, 0};
    count_requires(pool, section->first_child, 1, &sum);
    return sum;
}

static int says_nothing(const requires_t *sum)
{
    return sum->valid_user + sum->granted + sum->other == 0;
}

static const ap_directive_t *find(const ap_directive_t *section, const char *directive)
{
    for (const ap_directive_t *d = section->first_child; d; d = d->next) {
        if (is_named(d, directive))
            return d;
    }
    return NULL;
}

const char *mod_sso_check_path_of(apr_pool_t *pool, const ap_directive_t *section)
{
    const char *args = section->args ? apr_pstrdup(pool, section->args) : "";
    if (!is_named(section, "<Location") && !is_named(section, "<Directory"))
        return NULL;
    char *path = ap_getword_conf(pool, &args);
    apr_size_t len = strlen(path);
    if (len && path[len - 1] == '>')
        path[len - 1] = '\0';
    return path[0] == '/' && !strpbrk(path, "*?[") ? path : NULL; /* "~" is a regular expression */
}

/* Does a section for `outer` hold for everything below `inner` too? An unknown path lies below / only. */
static int covers(const char *outer, const char *inner)
{
    apr_size_t len = strlen(outer);
    if (strcmp(outer, "/") == 0)
        return 1;
    return inner && strncmp(outer, inner, len) == 0 && (outer[len - 1] == '/' || !inner[len] || inner[len] == '/');
}

/* --- a section without a Require --------------------------------------------------------------------------------- */

/* The section in `facts` whose Require counts at `path` when `section` has none: of <Location> the last before it in
 * the file, of <Directory> the longest. `best` is what the main server says, which is merged first. */
static const ap_directive_t *outer_of(mod_sso_check_t *ck, const mod_sso_facts_t *facts,
                                      const ap_directive_t *section, const ap_directive_t *best)
{
    int directory = is_named(section, "<Directory");
    const char *path = mod_sso_check_path_of(ck->ptemp, section);
    for (int i = 0; i < facts->sections->nelts; i++) {
        const ap_directive_t *d = APR_ARRAY_IDX(facts->sections, i, const ap_directive_t *);
        if (d == section && !directory)
            break;
        int same_kind = d != section && is_named(d, directory ? "<Directory" : "<Location");
        const char *own = same_kind ? mod_sso_check_path_of(ck->ptemp, d) : NULL;
        if (!own || !covers(own, path))
            continue;
        requires_t sum = requires_of(ck->ptemp, d);
        if (says_nothing(&sum))
            continue;
        if (!best || !directory || strlen(own) >= strlen(mod_sso_check_path_of(ck->ptemp, best)))
            best = d;
    }
    return best;
}

/* Whatever a <Directory> grants somewhere: nobody can tell here which files a path leads to. */
static const ap_directive_t *any_granted_directory(mod_sso_check_t *ck, const mod_sso_facts_t *facts)
{
    for (int i = 0; i < facts->sections->nelts; i++) {
        const ap_directive_t *d = APR_ARRAY_IDX(facts->sections, i, const ap_directive_t *);
        requires_t sum = requires_of(ck->ptemp, d);
        if (is_named(d, "<Directory") && sum.granted)
            return d;
    }
    return NULL;
}

/* The section that lets everybody in where `section` has no Require of its own; NULL: none that is known. */
static const ap_directive_t *opener_of(mod_sso_check_t *ck, const mod_sso_facts_t *facts, const ap_directive_t *section)
{
    const mod_sso_facts_t *main_facts = mod_sso_check_facts(ck, ck->main_server);
    const ap_directive_t *best = section->parent;
    if (!best || strncasecmp(best->directive, "<VirtualHost", 12) == 0) {
        best = facts != main_facts ? outer_of(ck, main_facts, section, NULL) : NULL;
        best = outer_of(ck, facts, section, best);
    }
    if (!best && !is_named(section, "<Directory")) {
        best = any_granted_directory(ck, facts);
        return best ? best : any_granted_directory(ck, main_facts);
    }
    requires_t sum = best ? requires_of(ck->ptemp, best) : (requires_t){0, 0, 0};
    return sum.granted ? best : NULL;
}

static void check_inherited(mod_sso_check_t *ck, const mod_sso_facts_t *facts, const mod_sso_guard_t *guard)
{
    const ap_directive_t *merging = find(guard->node, "AuthMerging");
    if (strncasecmp(guard->node->directive, "<Proxy", 6) == 0 || (merging && strcasecmp(merging->args, "off") == 0))
        return;
    const ap_directive_t *opener = opener_of(ck, facts, guard->node);
    if (opener)
        mod_sso_check_warn(ck, "SSO191", "Require",
                           "%s has AuthType sso-oidc at %s but no Require of its own, and %s %s at %s:%d says `Require "
                           "all granted`: nobody has to sign in there. Write Require valid-user, or who may enter; or "
                           "Require all granted if that is meant",
                           guard->section, guard->where, opener->directive, opener->args, opener->filename,
                           opener->line_num);
}

/* --- a provider for everybody ------------------------------------------------------------------------------------ */

/* Whoever has an account there is signed in; what a rule for one's own people could be. NULL: a closed provider. */
static const char *open_provider_rule(apr_pool_t *pool, const mod_sso_provider_t *p)
{
    const char *preset = p->client.preset, *issuer = p->settings.issuer;
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url;
    if (!issuer || sso_url_parse(pool, issuer, &url, &err) != SSO_OK)
        return NULL;
    apr_size_t len = strlen(url.host), n = strlen(".auth0.com");
    if (strcmp(url.host, "accounts.google.com") == 0)
        return "Require sso-claim hd with your domain";
    if ((preset && strcmp(preset, "auth0") == 0) || (len > n && strcmp(url.host + len - n, ".auth0.com") == 0))
        return "Require sso-claim with a role, group or org_id, or SSORemoteUser email with an expression for your "
               "domain";
    if (strcmp(url.host, "gitlab.com") == 0)
        return "Require sso-claim groups_direct with your group";
    /* Personal accounts of Microsoft: a tenant id like any other. */
    if (strcmp(url.host, "login.microsoftonline.com") == 0 && strstr(issuer, "/9188040d-6c67-4c5b-b112-36a304b66dad/"))
        return "SSOPreset entra with the id of your own tenant";
    return NULL;
}

static const mod_sso_provider_t *provider_of(apr_pool_t *pool, const server_rec *s, const mod_sso_guard_t *guard)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    const ap_directive_t *use = find(guard->node, "SSOUse");
    if (!conf || !conf->site || (!use && guard->has_use))
        return NULL;
    const char *args = use ? use->args : "";
    return mod_sso_site_provider(conf->site, use ? ap_getword_conf(pool, &args) : NULL);
}

/* The first of the servers a section holds for where everybody would get in. */
static void check_everybody(mod_sso_check_t *ck, server_rec *s, const mod_sso_guard_t *guard)
{
    const ap_directive_t *user = find(guard->node, "SSORemoteUser");
    const char *args = user ? user->args : "";
    (void)ap_getword_conf(ck->ptemp, &args);
    if (*args) /* an expression: it denies whom it does not match */
        return;
    for (server_rec *v = s; v; v = s->is_virtual ? NULL : v->next) {
        const mod_sso_provider_t *p = provider_of(ck->ptemp, v, guard);
        const char *rule = p ? open_provider_rule(ck->ptemp, p) : NULL;
        if (!rule || (!user && p->remote_user->regex))
            continue;
        mod_sso_check_warn(ck, "SSO190", "Require",
                           "valid-user alone in %s with AuthType at %s is everybody whom %s signs in, and that may be "
                           "anybody who makes an account there. Write %s",
                           guard->section, guard->where, p->settings.issuer, rule);
        return;
    }
}

static void check_guards(mod_sso_check_t *ck, server_rec *s)
{
    const mod_sso_facts_t *facts = mod_sso_check_facts(ck, s);
    for (int i = 0; i < facts->guards->nelts; i++) {
        const mod_sso_guard_t *guard = &APR_ARRAY_IDX(facts->guards, i, mod_sso_guard_t);
        requires_t sum = guard->node ? requires_of(ck->ptemp, guard->node) : (requires_t){0, 0, 1};
        if (says_nothing(&sum))
            check_inherited(ck, facts, guard);
        else if (sum.valid_user && !sum.granted && !sum.other)
            check_everybody(ck, s, guard);
    }
}

/* --- an application that trusts headers -------------------------------------------------------------------------- */

/* Only what names a header for identity: the automatic X-SSO-* are there without anybody asking for them. */
static const char *const header_directives[] = {"SSOHeaders", "SSOClaimHeader", "SSOClaimPrefix", NULL};

static const ap_directive_t *find_header_directive(const ap_directive_t *section)
{
    for (int i = 0; header_directives[i]; i++) {
        const ap_directive_t *d = find(section, header_directives[i]);
        if (d && strcasecmp(d->args, "none") != 0)
            return d;
    }
    return NULL;
}

/* On this machine, past its network; or something whose address is said elsewhere. */
static int is_local(apr_pool_t *pool, const char *url)
{
    apr_uri_t uri;
    return strncasecmp(url, "unix:", 5) == 0 || strncasecmp(url, "balancer:", 9) == 0 ||
           apr_uri_parse(pool, url, &uri) != APR_SUCCESS || !uri.hostname || strcmp(uri.hostname, "::1") == 0 ||
           sso_url_host_is_loopback(uri.hostname);
}

static void check_backend(mod_sso_check_t *ck, const ap_directive_t *section, const ap_directive_t *header,
                          const mod_sso_backend_t *backend)
{
    const char *path = mod_sso_check_path_of(ck->ptemp, section);
    if (is_local(ck->ptemp, backend->url) ||
        (path && backend->path && !covers(path, backend->path) && !covers(backend->path, path)))
        return;
    mod_sso_check_warn(ck, "SSO192", header->directive,
                       "%s at %s:%d: the application at %s (%s) trusts a header, and that is no address of this "
                       "machine alone: whoever reaches it past this server can write the header himself. Let it "
                       "listen on 127.0.0.1 or a Unix socket, or let only this machine through its firewall",
                       header->args, header->filename, header->line_num, backend->url, backend->where);
}

static void check_backends(mod_sso_check_t *ck, const server_rec *s)
{
    const mod_sso_facts_t *facts = mod_sso_check_facts(ck, s);
    for (int i = 0; i < facts->sections->nelts && !facts->proxy_certificate; i++) {
        const ap_directive_t *section = APR_ARRAY_IDX(facts->sections, i, const ap_directive_t *);
        const ap_directive_t *header = find_header_directive(section);
        for (int k = 0; header && k < facts->backends->nelts; k++)
            check_backend(ck, section, header, &APR_ARRAY_IDX(facts->backends, k, mod_sso_backend_t));
    }
}

/* Could AuthType sso-oidc stand anywhere for requests of this server? */
static int may_be_guarded(mod_sso_check_t *ck, const server_rec *s)
{
    const mod_sso_facts_t *facts = mod_sso_check_facts(ck, s);
    return facts->guards->nelts > 0 || facts->has_htaccess;
}

static void check_unguarded(mod_sso_check_t *ck, const server_rec *s)
{
    const mod_sso_conf_t *conf = mod_sso_conf_of(s);
    int guarded = may_be_guarded(ck, s) || may_be_guarded(ck, ck->main_server);
    for (const server_rec *v = s->is_virtual ? NULL : s->next; v && !guarded; v = v->next)
        guarded = may_be_guarded(ck, v);
    for (int i = 0; conf && !guarded && i < conf->uses->nelts; i++) {
        const mod_sso_use_t *use = &APR_ARRAY_IDX(conf->uses, i, mod_sso_use_t);
        if (strcasecmp(use->directive, "SSOHeaders") == 0 || strcasecmp(use->directive, "SSOClaimHeader") == 0 ||
            strcasecmp(use->directive, "SSOPassToken") == 0)
            mod_sso_check_warn(ck, "SSO193", use->directive,
                               "in %s at %s sends nothing: no section of this server has AuthType sso-oidc, so nobody "
                               "is ever signed in. Write AuthType sso-oidc and a Require there",
                               use->section, use->where);
    }
}

void mod_sso_check_open(mod_sso_check_t *ck)
{
    for (server_rec *s = ck->main_server; s; s = s->next) {
        ck->server = s;
        check_guards(ck, s);
        check_backends(ck, s);
        check_unguarded(ck, s);
    }
}

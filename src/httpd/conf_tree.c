/* SPDX-License-Identifier: Apache-2.0 */
/* Facts that only httpd's configuration tree knows: was there a ServerName, is TLS on, where does AuthType sso-oidc
 * stand, which application is behind it. The tree holds what was read, with <IfModule>, <IfDefine>, Include and macros
 * resolved. */
#include "httpd/conf_check.h"

#include <apr_strings.h>

mod_sso_facts_t *mod_sso_check_facts(mod_sso_check_t *ck, const server_rec *server)
{
    mod_sso_facts_t *facts = apr_hash_get(ck->facts, &server, sizeof(server));
    if (!facts) {
        const server_rec **key = apr_palloc(ck->ptemp, sizeof(*key));
        *key = server;
        facts = apr_pcalloc(ck->ptemp, sizeof(*facts));
        facts->tls = -1;
        facts->cache_quick = -1;
        facts->guards = apr_array_make(ck->ptemp, 2, sizeof(mod_sso_guard_t));
        facts->sections = apr_array_make(ck->ptemp, 8, sizeof(ap_directive_t *));
        facts->backends = apr_array_make(ck->ptemp, 2, sizeof(mod_sso_backend_t));
        apr_hash_set(ck->facts, key, sizeof(*key), facts);
    }
    return facts;
}

/* The server of a <VirtualHost> node: httpd remembers where it was written. */
static const server_rec *server_of(mod_sso_check_t *ck, const ap_directive_t *node)
{
    for (const server_rec *s = ck->main_server->next; s; s = s->next) {
        if (s->defn_line_number == (unsigned)node->line_num && s->defn_name &&
            strcmp(s->defn_name, node->filename) == 0)
            return s;
    }
    return NULL;
}

static const char *first_word(apr_pool_t *pool, const char *args)
{
    return args ? ap_getword_conf(pool, &args) : "";
}

static int has_sibling(const ap_directive_t *first, const char *directive)
{
    for (const ap_directive_t *d = first; d; d = d->next) {
        if (strcasecmp(d->directive, directive) == 0)
            return 1;
    }
    return 0;
}

static void note_guard(mod_sso_check_t *ck, mod_sso_facts_t *facts, const ap_directive_t *node,
                       const ap_directive_t *section, int has_use)
{
    mod_sso_guard_t *guard = apr_array_push(facts->guards);
    guard->node = section;
    guard->where = apr_psprintf(ck->ptemp, "%s:%d", node->filename, node->line_num);
    guard->section = section ? apr_pstrcat(ck->ptemp, section->directive, " ", section->args, NULL) : "the server";
    guard->has_use = has_use;
}

/* ProxyPass PATH URL, or in a section for its path: ProxyPass URL. The path of a regular expression is not known. */
static void note_backend(mod_sso_check_t *ck, mod_sso_facts_t *facts, const ap_directive_t *node,
                         const ap_directive_t *section)
{
    const char *args = node->args, *path = section ? mod_sso_check_path_of(ck->ptemp, section)
                                                   : ap_getword_conf(ck->ptemp, &args);
    mod_sso_backend_t backend = {node->directive[strlen("ProxyPass")] ? NULL : path, ap_getword_conf(ck->ptemp, &args),
                                 apr_psprintf(ck->ptemp, "%s:%d", node->filename, node->line_num)};
    APR_ARRAY_PUSH(facts->backends, mod_sso_backend_t) = backend;
}

static void read_node(mod_sso_check_t *ck, mod_sso_facts_t *facts, const ap_directive_t *node,
                      const ap_directive_t *section, int has_use)
{
    const char *name = node->directive, *word = first_word(ck->ptemp, node->args);
    if (strcasecmp(name, "AuthType") == 0 && strcasecmp(word, MOD_SSO_AUTH_TYPE) == 0)
        note_guard(ck, facts, node, section, has_use);
    else if (strcasecmp(name, "ProxyPass") == 0 || strcasecmp(name, "ProxyPassMatch") == 0)
        note_backend(ck, facts, node, section);
    else if (strcasecmp(name, "AllowOverride") == 0 && strcasecmp(word, "none") != 0)
        facts->has_htaccess = 1;
    else if (section)
        return;
    else if (strcasecmp(name, "ServerName") == 0)
        facts->has_name = 1;
    else if (strcasecmp(name, "SSLEngine") == 0 || strcasecmp(name, "GnuTLSEnable") == 0)
        facts->tls = strcasecmp(word, "off") != 0;
    else if (strncasecmp(name, "SSLProxyMachineCertificate", 26) == 0)
        facts->proxy_certificate = 1;
    else if (strcasecmp(name, "CacheQuickHandler") == 0)
        facts->cache_quick = strcasecmp(word, "off") != 0;
    else if (strcasecmp(name, "CacheEnable") == 0)
        facts->cache = apr_psprintf(ck->ptemp, "%s:%d", node->filename, node->line_num);
}

/* Sections do not nest deeper than httpd lets them; the recursion follows them. */
static void walk(mod_sso_check_t *ck, const ap_directive_t *first, const server_rec *server,
                 const ap_directive_t *section, int has_use)
{
    has_use = has_use || (section && has_sibling(first, "SSOUse"));
    for (const ap_directive_t *d = first; d; d = d->next) {
        if (strncasecmp(d->directive, "<VirtualHost", 12) == 0) {
            const server_rec *vhost = server_of(ck, d);
            if (vhost)
                walk(ck, d->first_child, vhost, NULL, 0);
        } else if (d->directive[0] == '<' && strncasecmp(d->directive, "<If", 3) == 0 && d->directive[3] != '\0') {
            walk(ck, d->first_child, server, section, has_use); /* <IfModule> and its kin are no sections */
        } else if (d->first_child) {
            if (!section)
                APR_ARRAY_PUSH(mod_sso_check_facts(ck, server)->sections, const ap_directive_t *) = d;
            walk(ck, d->first_child, server, d, has_use);
        } else {
            read_node(ck, mod_sso_check_facts(ck, server), d, section, has_use);
        }
    }
}

void mod_sso_check_tree(mod_sso_check_t *ck)
{
    walk(ck, ap_conftree, ck->main_server, NULL, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which request header may carry a claim (DESIGN rule 4). A header that we set is also removed from every request of
 * the server, so a name that belongs to HTTP, to the browser or to a proxy can neither be set nor be covered by a
 * prefix. */
#include "httpd/cmd.h"

#include <apr_strings.h>

#include "base/text.h"

/* Normalised names (sso_text_name_key); a '*' at the end stands for any rest. */
static const char *const forbidden[] = {
    /* what decides where a request goes, who it is from, and how long it is */
    "host", "cookie", "cookie2", "set-cookie*", "authorization", "connection", "content-*", "transfer-encoding",
    "expect", "upgrade", "te", "trailer", "via", "forwarded", "x-forwarded-for", "x-forwarded-proto",
    "x-forwarded-host", "x-forwarded-port", "x-forwarded-server", "x-forwarded-scheme", "x-forwarded-ssl",
    "x-forwarded-prefix", "x-real-ip", "x-client-ip", "true-client-ip", "keep-alive", "proxy", "proxy-*",
    "max-forwards", "http2-settings",
    /* what we or the application read of the browser */
    "accept", "accept-*", "user-agent", "referer", "origin", "range", "if-*", "sec-*", "cache-control", "pragma",
    "date", "from", "priority", "purpose", "x-moz", "x-requested-with", "upgrade-insecure-requests", "access-control-*",
    "last-event-id", NULL};

/* 1 when `key` is the pattern, or, as a prefix of names, could produce one the pattern covers. */
static int covers(const char *pattern, const char *key, int key_is_prefix)
{
    apr_size_t n = strlen(pattern), k = strlen(key);
    if (n && pattern[n - 1] == '*') {
        n--;
        return strncmp(pattern, key, k < n ? (key_is_prefix ? k : n) : n) == 0;
    }
    return key_is_prefix ? k <= n && strncmp(pattern, key, k) == 0 : strcmp(pattern, key) == 0;
}

static const char *first_forbidden(cmd_parms *cmd, const char *name, int is_prefix)
{
    const char *key = sso_text_name_key(cmd->pool, name, strlen(name));
    for (int i = 0; forbidden[i]; i++) {
        if (covers(forbidden[i], key, is_prefix))
            return forbidden[i];
    }
    return NULL;
}

const char *mod_sso_cmd_check_header(cmd_parms *cmd, const char *header)
{
    if (!sso_text_is_token(header) || strlen(header) > 100)
        return mod_sso_cmd_error(cmd, "\"%s\" cannot name a header: write letters, digits, - and _ only", header);
    if (first_forbidden(cmd, header, 0))
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is a header that HTTP, browsers or proxies give a meaning of their own and "
                                 "cannot carry a claim; choose a name like X-App-%s",
                                 header, header);
    return NULL;
}

const char *mod_sso_cmd_claim_prefix(cmd_parms *cmd, void *dirp, const char *arg)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_once(cmd, &dir->seen);
    if (error)
        return error;
    mod_sso_cmd_note(cmd, dir);
    if (strcasecmp(arg, "none") == 0) {
        dir->claim_prefix = "";
        return NULL;
    }
    if (!sso_text_is_token(arg) || strlen(arg) < 3 || strlen(arg) > 60 || !strpbrk(arg + strlen(arg) - 1, "-_"))
        return mod_sso_cmd_error(cmd,
                                 "\"%s\" is not a prefix of header names: at least 3 letters, digits and - with a - "
                                 "at the end, like X-App-",
                                 arg);
    const char *taken = first_forbidden(cmd, arg, 1);
    if (taken)
        return mod_sso_cmd_error(cmd,
                                 "the prefix \"%s\" covers the header %s, which would be removed from every request; "
                                 "write a longer one like X-App-",
                                 arg, taken);
    dir->claim_prefix = arg;
    mod_sso_conf_reserve(cmd->pool, apr_pstrcat(cmd->pool, arg, "*", NULL));
    return NULL;
}

/* Adds a pair, unless the header is taken in this section. */
static const char *add_pair(cmd_parms *cmd, mod_sso_dir_t *dir, const mod_sso_claim_header_t *pair)
{
    if (!dir->claim_headers)
        dir->claim_headers = apr_array_make(cmd->pool, 4, sizeof(mod_sso_claim_header_t));
    for (int i = 0; i < dir->claim_headers->nelts; i++) {
        const mod_sso_claim_header_t *other = &APR_ARRAY_IDX(dir->claim_headers, i, mod_sso_claim_header_t);
        if (sso_text_same_name(other->header, strlen(other->header), pair->header, strlen(pair->header)))
            return mod_sso_cmd_error(cmd,
                                     "the header %s is set from %s already (as %s, which is the same name to an "
                                     "application); one header carries one claim",
                                     pair->header, other->claim, other->header);
    }
    APR_ARRAY_PUSH(dir->claim_headers, mod_sso_claim_header_t) = *pair;
    mod_sso_conf_reserve(cmd->pool, pair->header);
    return NULL;
}

/* Claims that say who somebody is: an e-mail among them is only passed on when the provider verified it. */
static int is_identity(const char *claim)
{
    return strcmp(claim, "email") == 0 || strcmp(claim, MOD_SSO_CLAIM_USER) == 0;
}

const char *mod_sso_cmd_claim_header(cmd_parms *cmd, void *dirp, const char *claim, const char *header)
{
    mod_sso_dir_t *dir = dirp;
    const char *error = mod_sso_cmd_check_header(cmd, header);
    if (error)
        return error;
    if (!mod_sso_cmd_is_claim(claim))
        return mod_sso_cmd_error(cmd, "\"%s\" is not the name of a claim", claim);
    mod_sso_cmd_note(cmd, dir);
    mod_sso_claim_header_t pair = {claim, header, 0, 0, 0};
    return add_pair(cmd, dir, &pair);
}

/* SSOHeaders: what applications behind other proxies look for. */
static const struct {
    const char *preset;
    const char *claim; /* NULL: the header is only removed from requests */
    const char *header;
    int lower_case;
    char delimiter; /* of lists; 0: SSOClaimDelimiter */
} header_presets[] = {
    {"openmetadata", "email", "X-Auth-Params-Email", 1, 0},
    {"forwarded", MOD_SSO_CLAIM_USER, "X-Forwarded-User", 0, 0},
    {"forwarded", "email", "X-Forwarded-Email", 0, 0},
    {"forwarded", "groups", "X-Forwarded-Groups", 0, 0},
    {"forwarded", "preferred_username", "X-Forwarded-Preferred-Username", 0, 0},
    {"auth-request", MOD_SSO_CLAIM_USER, "X-Auth-Request-User", 0, 0},
    {"auth-request", "email", "X-Auth-Request-Email", 0, 0},
    {"auth-request", "groups", "X-Auth-Request-Groups", 0, 0},
    {"auth-request", "preferred_username", "X-Auth-Request-Preferred-Username", 0, 0},
    {"webauth", MOD_SSO_CLAIM_USER, "X-WEBAUTH-USER", 0, 0},
    {"webauth", "name", "X-WEBAUTH-NAME", 0, 0},
    {"webauth", "name", "X-WEBAUTH-FULLNAME", 0, 0},
    {"webauth", "email", "X-WEBAUTH-EMAIL", 0, 0},
    {"webauth", "groups", "X-WEBAUTH-GROUPS", 0, 0},
    {"remote-user", MOD_SSO_CLAIM_USER, "Remote-User", 0, 0},
    {"remote-user", "email", "Remote-Email", 0, 0},
    {"remote-user", "name", "Remote-Name", 0, 0},
    {"remote-user", "groups", "Remote-Groups", 0, 0},
    {"proxy-user", MOD_SSO_CLAIM_USER, "X-Proxy-User", 0, 0},
    {"proxy-user", "groups", "X-Proxy-Roles", 0, 0},
    {"authelia", MOD_SSO_CLAIM_USER, "Remote-User", 0, 0},
    {"authelia", "email", "Remote-Email", 0, 0},
    {"authelia", "name", "Remote-Name", 0, 0},
    {"authelia", "groups", "Remote-Groups", 0, 0},
    {"authentik", MOD_SSO_CLAIM_USER, "X-authentik-username", 0, 0},
    {"authentik", "email", "X-authentik-email", 0, 0},
    {"authentik", "name", "X-authentik-name", 0, 0},
    {"authentik", "sub", "X-authentik-uid", 0, 0},
    {"authentik", "groups", "X-authentik-groups", 0, '|'},
    /* Such an application may know more of these names than we send: a client must not write them either. */
    {"forwarded", NULL, "X-Forwarded-Access-Token", 0, 0},
    {"auth-request", NULL, "X-Auth-Request-*", 0, 0},
    {"webauth", NULL, "X-WEBAUTH-*", 0, 0},
    {"proxy-user", NULL, "X-Proxy-Ext-*", 0, 0},
    {"authentik", NULL, "X-authentik-*", 0, 0},
};

const char *mod_sso_cmd_headers(cmd_parms *cmd, void *dirp, const char *preset)
{
    mod_sso_dir_t *dir = dirp;
    int found = 0;
    mod_sso_cmd_note(cmd, dir);
    for (apr_size_t i = 0; i < sizeof(header_presets) / sizeof(header_presets[0]); i++) {
        if (strcasecmp(header_presets[i].preset, preset) != 0)
            continue;
        if (!header_presets[i].claim) {
            mod_sso_conf_reserve(cmd->pool, header_presets[i].header);
            continue;
        }
        mod_sso_claim_header_t pair = {header_presets[i].claim, header_presets[i].header, header_presets[i].lower_case,
                                       is_identity(header_presets[i].claim), header_presets[i].delimiter};
        const char *error = add_pair(cmd, dir, &pair);
        if (error)
            return error;
        found = 1;
    }
    return found ? NULL
                 : mod_sso_cmd_error(cmd,
                                     "\"%s\" is unknown; write openmetadata, forwarded, auth-request, webauth, "
                                     "remote-user, proxy-user, authelia or authentik",
                                     preset);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The table of presets. Facts only; what a provider announces itself is left to its metadata. */
#include "httpd/preset.h"

#include <apr_lib.h>
#include <apr_strings.h>

static const mod_sso_preset_t presets[] = {
    /* No trailing slash. The scope offline_access "will cause an error"; a refresh token comes without it. */
    {.name = "onelogin",
     .argument = "SUBDOMAIN",
     .example = "SSOPreset onelogin acme",
     .issuer = "https://%s.onelogin.com/oidc/2",
     .suffix = ".onelogin.com",
     .no_offline = 1,
     .no_hybrid = 1,
     .groups_delimiter = ';'},
    /* The issuer ends in a slash, in discovery and in `iss`. Consoles show the bare domain. */
    {.name = "auth0",
     .argument = "DOMAIN",
     .example = "SSOPreset auth0 acme.eu.auth0.com",
     .issuer = "https://%s/",
     /* Announced by tenants from November 2023 on, there for all. It comes back only with an ID Token. */
     .logout_path = "/oidc/logout",
     .logout_no_hint = "/v2/logout?client_id={client_id}&returnTo={return_to}"},
    /* The org server; a custom one is https://ORG.okta.com/oauth2/ID and is written as the argument. */
    {.name = "okta",
     .argument = "DOMAIN[/oauth2/ID]",
     .example = "SSOPreset okta acme.okta.com",
     .issuer = "https://%s"},
    {.name = "entra",
     .argument = "TENANT",
     .tenants = 1,
     .example = "SSOPreset entra 8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
     .issuer = "https://login.microsoftonline.com/%s/v2.0"},
    /* Knows no client without a secret, PKCE or not. */
    {.name = "google",
     .example = "SSOPreset google",
     .issuer = "https://accounts.google.com",
     .needs_secret = 1,
     .no_offline = 1},
    {.name = "keycloak",
     .argument = "HOST/realms/REALM",
     .example = "SSOPreset keycloak login.acme.com/realms/staff",
     .issuer = "https://%s"},
    {.name = "cognito",
     .argument = "REGION/POOL",
     .example = "SSOPreset cognito eu-west-1/eu-west-1_Ab12Cd34E",
     .no_offline = 1,
     .logout_path = "/logout?client_id={client_id}&logout_uri={return_to}"},
    {.name = "gitlab",
     .argument = "HOST",
     .optional = 1,
     .example = "SSOPreset gitlab gitlab.acme.com",
     .issuer = "https://%s"},
    /* One issuer an application, with a trailing slash. */
    {.name = "authentik",
     .argument = "HOST/application/o/SLUG/",
     .example = "SSOPreset authentik auth.acme.com/application/o/catalog/",
     .issuer = "https://%s/"},
    {.name = "zitadel",
     .argument = "HOST",
     .example = "SSOPreset zitadel acme.zitadel.cloud",
     .issuer = "https://%s",
     .audience_by_azp = 1},
    {.name = "dex",
     .argument = "HOST[/PATH]",
     .example = "SSOPreset dex dex.acme.com/dex",
     .issuer = "https://%s",
     .scope = "openid profile email groups"},
};

#define COUNT (sizeof(presets) / sizeof(presets[0]))

const mod_sso_preset_t *mod_sso_preset_find(const char *name)
{
    for (apr_size_t i = 0; i < COUNT; i++) {
        if (strcasecmp(presets[i].name, name) == 0)
            return &presets[i];
    }
    return NULL;
}

char *mod_sso_preset_names(apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, (int)COUNT, sizeof(char *));
    for (apr_size_t i = 0; i < COUNT; i++)
        APR_ARRAY_PUSH(names, const char *) = presets[i].name;
    char *text = apr_array_pstrcat(pool, names, ',');
    apr_array_header_t *spaced = apr_array_make(pool, (int)COUNT, sizeof(char *));
    char *state = NULL;
    for (char *word = apr_strtok(text, ",", &state); word; word = apr_strtok(NULL, ",", &state))
        APR_ARRAY_PUSH(spaced, const char *) = spaced->nelts ? apr_pstrcat(pool, ", ", word, NULL) : word;
    return apr_array_pstrcat(pool, spaced, 0);
}

/* "acme.onelogin.com" is what a console shows where the preset asks for "acme". */
static const char *cut_suffix(apr_pool_t *pool, const char *arg, const char *suffix)
{
    apr_size_t len = strlen(arg), n = suffix ? strlen(suffix) : 0;
    if (n && len > n && strcasecmp(arg + len - n, suffix) == 0)
        return apr_pstrmemdup(pool, arg, len - n);
    return arg;
}

static const char *cognito_issuer(apr_pool_t *pool, const char *arg, const char **ret_error)
{
    const char *slash = strchr(arg, '/');
    if (!slash || slash == arg || !slash[1] || strchr(slash + 1, '/')) {
        *ret_error = "the argument is region and pool id, like eu-west-1/eu-west-1_Ab12Cd34E";
        return NULL;
    }
    return apr_psprintf(pool, "https://cognito-idp.%.*s.amazonaws.com%s", (int)(slash - arg), arg, slash);
}

static int is_entra_multi_tenant(const char *tenant)
{
    return strcasecmp(tenant, "common") == 0 || strcasecmp(tenant, "organizations") == 0 ||
           strcasecmp(tenant, "consumers") == 0;
}

static int is_tenant_id(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof(shape) - 1)
        return 0;
    for (apr_size_t i = 0; shape[i]; i++) {
        if (shape[i] == '-' ? text[i] != '-' : !apr_isxdigit(text[i]))
            return 0;
    }
    return 1;
}

const char *mod_sso_preset_tenants(apr_pool_t *pool, const apr_array_header_t *args, apr_array_header_t **ret_tenants,
                                   const char **ret_error)
{
    const char *first = APR_ARRAY_IDX(args, 0, const char *);
    int named = strcasecmp(first, "common") == 0 || strcasecmp(first, "organizations") == 0;
    apr_array_header_t *tenants = apr_array_make(pool, args->nelts, sizeof(char *));
    for (int i = named; i < args->nelts; i++) {
        char *tenant = apr_pstrdup(pool, APR_ARRAY_IDX(args, i, const char *));
        if (!is_tenant_id(tenant)) {
            *ret_error = apr_psprintf(pool,
                                      "\"%s\" is not a tenant id; in a list each is written as the Entra admin center "
                                      "shows Tenant ID, like 8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
                                      tenant);
            return NULL;
        }
        ap_str_tolower(tenant);
        APR_ARRAY_PUSH(tenants, const char *) = tenant;
    }
    *ret_tenants = tenants;
    return named && strcasecmp(first, "common") == 0 ? "common" : "organizations";
}

const char *mod_sso_preset_tenant_issuer(apr_pool_t *pool, const char *issuer)
{
    static const char *const many[] = {"/organizations/v2.0", "/common/v2.0"};
    apr_size_t len = strlen(issuer);
    for (apr_size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
        apr_size_t n = strlen(many[i]);
        if (len > n && strcmp(issuer + len - n, many[i]) == 0)
            return apr_pstrcat(pool, apr_pstrmemdup(pool, issuer, len - n), "/{tenantid}/v2.0", NULL);
    }
    return NULL;
}

const char *mod_sso_preset_issuer(apr_pool_t *pool, const mod_sso_preset_t *preset, const char *arg,
                                  const char **ret_error)
{
    *ret_error = NULL;
    if (!preset->argument)
        return preset->issuer;
    if (!arg) {
        if (preset->optional)
            return "https://gitlab.com";
        *ret_error =
            apr_psprintf(pool, "%s needs %s; write for example %s", preset->name, preset->argument, preset->example);
        return NULL;
    }
    if (strncasecmp(arg, "http://", 7) == 0 || strncasecmp(arg, "https://", 8) == 0) {
        *ret_error = apr_psprintf(pool, "the argument of %s is %s without https://; write for example %s", preset->name,
                                  preset->argument, preset->example);
        return NULL;
    }
    apr_size_t len = strlen(arg);
    while (len > 0 && arg[len - 1] == '/')
        len--;
    arg = cut_suffix(pool, apr_pstrmemdup(pool, arg, len), preset->suffix);
    /* A tenant group has no issuer of its own: its metadata says {tenantid}, so the issuer could not be compared. */
    if (strcmp(preset->name, "entra") == 0 && is_entra_multi_tenant(arg)) {
        *ret_error = apr_psprintf(pool,
                                  "\"%s\" stands for many tenants and has no single issuer; write the id of your "
                                  "tenant, like %s, or the ids of all whose people may sign in behind it",
                                  arg, preset->example);
        return NULL;
    }
    if (strcmp(preset->name, "cognito") == 0)
        return cognito_issuer(pool, arg, ret_error);
    const char *mark = strstr(preset->issuer, "%s");
    return apr_pstrcat(pool, apr_pstrmemdup(pool, preset->issuer, (apr_size_t)(mark - preset->issuer)), arg, mark + 2,
                       NULL);
}

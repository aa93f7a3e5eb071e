/* SPDX-License-Identifier: Apache-2.0 */
/* Provider facts from settings and metadata (OIDC Discovery 1.0, RFC 8414, RFC 8705 5, RFC 9126 5, RFC 9207 3).
 * The operator's word wins over metadata. What we do not use is not looked at: real providers announce endpoints with
 * literal placeholders and lists in their own taste. What we use is checked before anything is sent to it. */
#include "oidc/provider.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "base/json.h"
#include "base/text.h"
#include "base/url.h"

#define WELL_KNOWN "/.well-known/openid-configuration"

enum {
    NEEDED_ALWAYS = 1,
    NEEDED_WITH_CODE = 2,
    MTLS_ALIAS = 4,
    MAY_BE_FILE = 8,
    MAY_BE_TEMPLATE = 16,
    IS_KEYS = 32,
    NOT_FOR_LOGIN = 64 /* what metadata says there and cannot be used is as good as none: it shuts nobody out */
};

typedef struct endpoint_rule_t {
    const char *member;
    apr_size_t setting; /* offset in sso_provider_settings_t */
    apr_size_t field;   /* offset in sso_provider_t */
    unsigned flags;
} endpoint_rule_t;

/* clang-format off */
#define AT(name) offsetof(sso_provider_settings_t, name), offsetof(sso_provider_t, name)
static const endpoint_rule_t endpoint_rules[] = {
    {"authorization_endpoint", AT(authorization_endpoint), NEEDED_ALWAYS},
    {"token_endpoint", AT(token_endpoint), NEEDED_WITH_CODE | MTLS_ALIAS},
    {"userinfo_endpoint", AT(userinfo_endpoint), 0},
    {"jwks_uri", AT(jwks_uri), NEEDED_ALWAYS | MAY_BE_FILE | IS_KEYS},
    {"end_session_endpoint", AT(end_session_endpoint), MAY_BE_TEMPLATE},
    {"revocation_endpoint", AT(revocation_endpoint), MTLS_ALIAS | NOT_FOR_LOGIN},
    {"introspection_endpoint", AT(introspection_endpoint), MTLS_ALIAS | NOT_FOR_LOGIN},
    {"pushed_authorization_request_endpoint", AT(par_endpoint), MTLS_ALIAS | NOT_FOR_LOGIN},
};
#undef AT
/* clang-format on */
#define ENDPOINT_COUNT (sizeof(endpoint_rules) / sizeof(endpoint_rules[0]))

static const char *get_setting(const sso_provider_settings_t *settings, const endpoint_rule_t *rule)
{
    return *(const char *const *)((const char *)settings + rule->setting);
}

static void put_endpoint(sso_provider_t *provider, const endpoint_rule_t *rule, const char *url)
{
    *(const char **)((char *)provider + rule->field) = url;
}

static int is_needed(const sso_provider_settings_t *settings, const endpoint_rule_t *rule)
{
    if (settings->keys_only)
        return (rule->flags & IS_KEYS) != 0;
    return (rule->flags & NEEDED_ALWAYS) || ((rule->flags & NEEDED_WITH_CODE) && settings->needs_code);
}

static int is_none(const char *setting)
{
    return strcmp(setting, "none") == 0;
}

/* The operator's logout template with harmless text in its placeholders, so that the rest can be checked as a URL. */
static const char *fill_template(apr_pool_t *pool, const char *text)
{
    static const char *const names[] = {"{client_id}", "{return_to}", "{id_token}"};
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *at;
        while ((at = strstr(text, names[i])) != NULL)
            text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), "x", at + strlen(names[i]),
                               NULL);
    }
    return text;
}

/* https only, so that a hostile document cannot make us open file:, gopher: or plain http (SSRF); no fragment, which
 * would swallow the parameters we append (RFC 6749 3.1, 3.2). */
static sso_rc_t check_endpoint(apr_pool_t *pool, const sso_provider_settings_t *settings, const endpoint_rule_t *rule,
                               const char *text, int from_operator, sso_err_t *err)
{
    sso_rc_t bad = from_operator ? SSO_E_CONFIG : SSO_E_SYNTAX;
    sso_err_t cause = SSO_ERR_INIT;
    sso_url_t url;

    if (from_operator && (rule->flags & MAY_BE_FILE) && strncmp(text, "file:/", 6) == 0)
        return SSO_OK;
    if (from_operator && (rule->flags & MAY_BE_TEMPLATE))
        text = fill_template(pool, text);
    if (strpbrk(text, "{}") != NULL)
        return sso_err_set(err, bad, "disc-endpoint-url", "%s holds a placeholder: %s", rule->member, text);
    if (sso_url_parse(pool, text, &url, &cause) != SSO_OK)
        return sso_err_set(err, bad, "disc-endpoint-url", "%s is not usable (%s): %s", rule->member, cause.reason,
                           text);
    if (url.fragment != NULL)
        return sso_err_set(err, bad, "disc-endpoint-fragment", "%s has a fragment: %s", rule->member, text);
    if (strcmp(url.scheme, "https") != 0 && !(settings->allow_http_loopback && sso_url_host_is_loopback(url.host)))
        return sso_err_set(err, bad, "disc-endpoint-url", "%s is not https: %s", rule->member, text);
    return SSO_OK;
}

/* The metadata's word on one endpoint: its mTLS alias first where we authenticate by certificate. */
static sso_rc_t read_endpoint(const sso_json_t *doc, const sso_provider_settings_t *settings,
                              const endpoint_rule_t *rule, const char **ret_text, sso_err_t *err)
{
    const sso_json_t *aliases = NULL;
    const sso_json_t *from = doc;

    if (settings->mtls && (rule->flags & MTLS_ALIAS) &&
        sso_json_object(doc, "mtls_endpoint_aliases", &aliases) == SSO_JSON_FOUND &&
        sso_json_member(aliases, rule->member) != NULL)
        from = aliases;
    const sso_json_t *node = sso_json_member(from, rule->member);
    if (node == NULL || sso_json_type(node) == SSO_JSON_NULL)
        return SSO_OK;
    if (sso_json_type(node) != SSO_JSON_STRING)
        return sso_err_set(err, SSO_E_SYNTAX, "disc-endpoint-type", "%s is not a string", rule->member);
    if (*sso_json_node_string(node) != '\0') /* some write "" for what they have not */
        *ret_text = sso_json_node_string(node);
    return SSO_OK;
}

/* `doc` is NULL when there is no metadata. */
static sso_rc_t resolve_endpoint(apr_pool_t *pool, const sso_provider_settings_t *settings, const sso_json_t *doc,
                                 const endpoint_rule_t *rule, sso_provider_t *provider, sso_err_t *err)
{
    const char *setting = get_setting(settings, rule);
    const char *text = setting;

    if (setting != NULL && is_none(setting))
        text = NULL;
    else if (setting == NULL && doc != NULL)
        SSO_TRY(read_endpoint(doc, settings, rule, &text, err));
    if (text == NULL) {
        if (is_needed(settings, rule))
            return sso_err_set(err, doc == NULL || setting != NULL ? SSO_E_CONFIG : SSO_E_ABSENT,
                               "disc-endpoint-missing", "there is no %s", rule->member);
        return SSO_OK;
    }
    SSO_TRY(check_endpoint(pool, settings, rule, text, setting != NULL, err));
    put_endpoint(provider, rule, apr_pstrdup(pool, text));
    return SSO_OK;
}

/* OIDC Discovery 4.3: identical, code point for code point. */
static sso_rc_t check_issuer(const sso_json_t *doc, const sso_provider_settings_t *settings, sso_err_t *err)
{
    const char *want = settings->issuer;
    const char *got;
    if (sso_json_string(doc, "issuer", &got) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_ABSENT, "disc-issuer-missing", "the metadata names no issuer");
    /* Entra's document for many tenants: each token's issuer is compared instead, with those that are allowed. */
    if (settings->issuer_template != NULL && strcmp(got, settings->issuer_template) == 0)
        return SSO_OK;
    if (strchr(got, '{') != NULL)
        return sso_err_set(err, SSO_E_MISMATCH, "disc-issuer-template",
                           "the metadata's issuer is the template %s: configure the issuer of one tenant", got);
    if (strcmp(got, want) == 0)
        return SSO_OK;

    apr_size_t got_len = strlen(got), want_len = strlen(want);
    apr_size_t shorter = got_len < want_len ? got_len : want_len;
    apr_size_t longer = got_len < want_len ? want_len : got_len;
    if (longer == shorter + 1 && strncmp(got, want, shorter) == 0 && (got_len < want_len ? want : got)[shorter] == '/')
        return sso_err_set(err, SSO_E_MISMATCH, "disc-issuer-slash",
                           "only the slash at the end differs: configured %s, the provider says %s", want, got);
    return sso_err_set(err, SSO_E_MISMATCH, "disc-issuer-mismatch", "configured %s, the provider says %s", want, got);
}

/* Absent and null are 0; a value of another type is an error, since the flags here switch protections on. */
static sso_rc_t read_flag(const sso_json_t *doc, const char *name, int *ret_flag, sso_err_t *err)
{
    const sso_json_t *node = sso_json_member(doc, name);
    if (node == NULL || sso_json_type(node) == SSO_JSON_NULL)
        return SSO_OK;
    if (sso_json_bool(doc, name, ret_flag) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "disc-member-type", "%s is neither true nor false", name);
    return SSO_OK;
}

static sso_rc_t read_list(apr_pool_t *pool, const sso_json_t *doc, const char *name, apr_array_header_t **ret_list,
                          sso_err_t *err)
{
    const sso_json_t *node = sso_json_member(doc, name);
    if (node == NULL || sso_json_type(node) == SSO_JSON_NULL)
        return SSO_OK;
    if (sso_json_strings(pool, doc, name, ret_list) != SSO_JSON_FOUND)
        return sso_err_set(err, SSO_E_SYNTAX, "disc-member-type", "%s is not a list of strings", name);
    return SSO_OK;
}

/* Names we do not know ("none" among them) are passed over. */
static sso_rc_t read_algs(apr_pool_t *pool, const sso_json_t *doc, const char *name, sso_alg_set_t *ret_set,
                          sso_err_t *err)
{
    apr_array_header_t *list = NULL;
    SSO_TRY(read_list(pool, doc, name, &list, err));
    for (int i = 0; list != NULL && i < list->nelts; i++) {
        const sso_alg_t *alg = sso_alg_find(APR_ARRAY_IDX(list, i, const char *));
        if (alg != NULL)
            *ret_set |= alg->bit;
    }
    return SSO_OK;
}

/* OIDC Discovery 3: a provider that announces response types must announce one with what we ask for. */
static sso_rc_t check_response_types(apr_pool_t *pool, const sso_json_t *doc, int needs_code, sso_err_t *err)
{
    const char *want = needs_code ? "code" : "id_token";
    apr_array_header_t *list = NULL;
    SSO_TRY(read_list(pool, doc, "response_types_supported", &list, err));
    if (list == NULL)
        return SSO_OK;
    for (int i = 0; i < list->nelts; i++)
        if (sso_text_in(sso_text_split(pool, APR_ARRAY_IDX(list, i, const char *), 0), want))
            return SSO_OK;
    return sso_err_set(err, SSO_E_UNSUPPORTED, "disc-response-types", "response_types_supported has none with %s",
                       want);
}

/* Providers that end sessions without announcing where (Auth0's older tenants, Cognito). */
static sso_rc_t add_known_logout(apr_pool_t *pool, const sso_provider_settings_t *settings, sso_provider_t *provider,
                                 sso_err_t *err)
{
    sso_url_t url;
    if (settings->end_session_endpoint != NULL || provider->authorization_endpoint == NULL ||
        (settings->logout_path == NULL && settings->logout_no_hint == NULL))
        return SSO_OK;
    SSO_TRY(sso_url_parse(pool, provider->authorization_endpoint, &url, err));
    const char *origin = sso_url_origin(pool, &url);
    if (provider->end_session_endpoint == NULL && settings->logout_path != NULL)
        provider->end_session_endpoint = apr_pstrcat(pool, origin, settings->logout_path, NULL);
    if (settings->logout_no_hint != NULL)
        provider->end_session_no_hint = apr_pstrcat(pool, origin, settings->logout_no_hint, NULL);
    return SSO_OK;
}

static sso_rc_t resolve_endpoints(apr_pool_t *pool, const sso_provider_settings_t *settings, const sso_json_t *doc,
                                  sso_provider_t *provider, sso_err_t *err)
{
    for (apr_size_t i = 0; i < ENDPOINT_COUNT; i++) {
        const endpoint_rule_t *rule = &endpoint_rules[i];
        int spare = (rule->flags & NOT_FOR_LOGIN) && get_setting(settings, rule) == NULL;
        sso_rc_t rc = resolve_endpoint(pool, settings, doc, rule, provider, spare ? NULL : err);
        if (rc != SSO_OK && !spare)
            return rc;
    }
    return add_known_logout(pool, settings, provider, err);
}

char *sso_provider_discovery_url(apr_pool_t *pool, const char *issuer)
{
    apr_size_t len = strlen(issuer);
    if (len > 0 && issuer[len - 1] == '/')
        len--;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, issuer, len), WELL_KNOWN, NULL);
}

int sso_provider_is_static(const sso_provider_settings_t *settings)
{
    for (apr_size_t i = 0; i < ENDPOINT_COUNT; i++) {
        const char *setting = get_setting(settings, &endpoint_rules[i]);
        if (is_needed(settings, &endpoint_rules[i]) && (setting == NULL || is_none(setting)))
            return 0;
    }
    return 1;
}

sso_rc_t sso_provider_from_settings(apr_pool_t *pool, const sso_provider_settings_t *settings,
                                    const sso_provider_t **ret_provider, sso_err_t *err)
{
    if (settings->issuer == NULL || settings->issuer[0] == '\0')
        return sso_err_set(err, SSO_E_CONFIG, "disc-issuer-missing", "no issuer is configured");
    sso_provider_t *provider = apr_pcalloc(pool, sizeof(*provider));
    provider->issuer = apr_pstrdup(pool, settings->issuer);
    SSO_TRY(resolve_endpoints(pool, settings, NULL, provider, err));
    *ret_provider = provider;
    return SSO_OK;
}

sso_rc_t sso_provider_from_metadata(apr_pool_t *pool, const sso_provider_settings_t *settings, const char *bytes,
                                    apr_size_t len, const sso_provider_t **ret_provider, sso_err_t *err)
{
    const sso_json_t *doc;
    sso_err_t cause = SSO_ERR_INIT;

    if (settings->issuer == NULL || settings->issuer[0] == '\0')
        return sso_err_set(err, SSO_E_CONFIG, "disc-issuer-missing", "no issuer is configured");
    if (sso_json_parse_object(pool, bytes, len, SSO_PROVIDER_METADATA_MAX, &doc, &cause) != SSO_OK)
        return sso_err_set(err, cause.rc, "disc-json", "the metadata is no JSON object (%s): %s", cause.reason,
                           cause.detail);
    SSO_TRY(check_issuer(doc, settings, err));

    sso_provider_t *provider = apr_pcalloc(pool, sizeof(*provider));
    provider->issuer = apr_pstrdup(pool, settings->issuer);
    SSO_TRY(resolve_endpoints(pool, settings, doc, provider, err));
    if (!settings->keys_only)
        SSO_TRY(check_response_types(pool, doc, settings->needs_code, err));
    SSO_TRY(read_flag(doc, "authorization_response_iss_parameter_supported", &provider->iss_parameter, err));
    SSO_TRY(read_flag(doc, "require_pushed_authorization_requests", &provider->par_required, err));
    SSO_TRY(read_algs(pool, doc, "id_token_signing_alg_values_supported", &provider->id_token_algs, err));
    SSO_TRY(read_algs(pool, doc, "token_endpoint_auth_signing_alg_values_supported", &provider->token_auth_algs, err));
    *ret_provider = provider;
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization response. Everything in it comes through the browser and may be anyone's: nothing is believed, and
 * nothing is sent anywhere, before all of this has passed. */
#include "oidc/authresp.h"

#include <string.h>

#include "base/url.h"
#include "oidc/verify.h"

/* Authorization errors with a reason of their own: RFC 6749 4.1.2.1, OIDC Core 3.1.2.6, OIDC Unmet Authentication
 * Requirements, RFC 8707. Whatever else a provider invents is "provider-error". */
static const struct {
    const char *error;
    const char *reason;
} provider_errors[] = {
    {"invalid_request", "provider-invalid-request"},
    {"unauthorized_client", "provider-unauthorized-client"},
    {"access_denied", "provider-access-denied"},
    {"unsupported_response_type", "provider-unsupported-response-type"},
    {"invalid_scope", "provider-invalid-scope"},
    {"server_error", "provider-server-error"},
    {"temporarily_unavailable", "provider-temporarily-unavailable"},
    {"interaction_required", "provider-interaction-required"},
    {"login_required", "provider-login-required"},
    {"account_selection_required", "provider-account-selection-required"},
    {"consent_required", "provider-consent-required"},
    {"invalid_request_uri", "provider-invalid-request-uri"},
    {"invalid_request_object", "provider-invalid-request-object"},
    {"request_not_supported", "provider-request-not-supported"},
    {"request_uri_not_supported", "provider-request-uri-not-supported"},
    {"registration_not_supported", "provider-registration-not-supported"},
    {"unmet_authentication_requirements", "provider-unmet-authentication-requirements"},
    {"invalid_target", "provider-invalid-target"},
};

/* Parameters we do not use, but of which two would mean somebody plays with parsers (RFC 6749 3.1). */
static const char *const other_names[] = {"error_uri",  "session_state", "scope",
                                          "token_type", "expires_in",    "response"};

static int is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

sso_rc_t sso_authresp_parse(apr_pool_t *pool, const char *text, apr_size_t len, int posted,
                            sso_authresp_t *ret_response, sso_err_t *err)
{
    apr_array_header_t *params;
    sso_authresp_t response = {0};
    const struct {
        const char *name;
        const char **field;
    } ours[] = {
        {"state", &response.state},
        {"code", &response.code},
        {"id_token", &response.id_token},
        {"access_token", &response.access_token},
        {"iss", &response.iss},
        {"error", &response.error},
        {"error_description", &response.error_description},
    };
    const char *unused;

    if (len > SSO_AUTHRESP_BYTES_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "callback-too-large", "the response has %" APR_SIZE_T_FMT " bytes", len);
    SSO_TRY(sso_url_parse_form(pool, text, len, &params, err));
    for (apr_size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        SSO_TRY(sso_url_param(params, ours[i].name, ours[i].field, err));
    for (apr_size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++)
        SSO_TRY(sso_url_param(params, other_names[i], &unused, err));
    if (is_empty(response.state))
        return sso_err_set(err, SSO_E_ABSENT, "state-missing", "the response has no state");
    response.posted = posted;
    *ret_response = response;
    return SSO_OK;
}

/* RFC 9207 2.4, before the error and the code are looked at: an answer of another issuer is none of ours (mix-up,
 * RFC 9700 4.4). An iss that was not announced is compared all the same. */
static sso_rc_t check_iss(const sso_authresp_t *response, const sso_provider_t *provider, const sso_client_t *client,
                          sso_err_t *err)
{
    if (response->iss == NULL) {
        if (provider->iss_parameter)
            return sso_err_set(err, SSO_E_ABSENT, "iss-missing",
                               "the provider announces the iss parameter, the response has none");
        return SSO_OK;
    }
    if (!sso_verify_is_issuer(provider, client, response->iss))
        return sso_err_set(err, SSO_E_MISMATCH, "iss-mismatch", "the response is of %s, not of %s", response->iss,
                           provider->issuer);
    return SSO_OK;
}

static sso_rc_t check_mode(const sso_authresp_t *response, const sso_flow_t *flow, sso_err_t *err)
{
    int want_posted = (flow->flags & SSO_FLOW_POSTED) != 0;
    if (!response->posted != !want_posted)
        return sso_err_set(err, SSO_E_MISMATCH, "response-mode", "the response came by %s, asked for was %s",
                           response->posted ? "POST" : "GET", want_posted ? "POST" : "GET");
    return SSO_OK;
}

/* The commonest mistake in a console has the same cure everywhere: what the client may do there, or what we ask for. */
static const char *hint_of(const sso_authresp_t *response, sso_response_type_t type)
{
    if (strcmp(response->error, "unauthorized_client") != 0 &&
        strcmp(response->error, "unsupported_response_type") != 0)
        return "";
    if (type == SSO_RESPONSE_CODE)
        return "; turn the code flow on for this client there, or write SSOResponseType id_token if it has the "
               "implicit flow only";
    return "; turn the implicit flow on for this client there, or write SSOResponseType code";
}

static sso_rc_t check_error(const sso_authresp_t *response, sso_response_type_t type, sso_err_t *err)
{
    const char *reason = "provider-error";
    if (is_empty(response->error))
        return SSO_OK;
    for (apr_size_t i = 0; i < sizeof(provider_errors) / sizeof(provider_errors[0]); i++)
        if (strcmp(response->error, provider_errors[i].error) == 0)
            reason = provider_errors[i].reason;
    return sso_err_set(err, SSO_E_DENIED, reason, "the provider answered %.64s: %.120s%s", response->error,
                       is_empty(response->error_description) ? "(no description)" : response->error_description,
                       hint_of(response, type));
}

/* RFC 9700 4.6: what was not asked for is not ignored, it is a sign of injection. */
static sso_rc_t check_contents(const sso_authresp_t *response, sso_response_type_t type, sso_err_t *err)
{
    int want_code = type != SSO_RESPONSE_ID_TOKEN;
    int want_id_token = type != SSO_RESPONSE_CODE;

    if (response->access_token != NULL)
        return sso_err_set(err, SSO_E_MISMATCH, "response-type-mixed", "the response carries an access token");
    if (!want_id_token && response->id_token != NULL)
        return sso_err_set(err, SSO_E_MISMATCH, "response-type-mixed", "the response carries an ID token");
    if (!want_code && response->code != NULL)
        return sso_err_set(err, SSO_E_MISMATCH, "response-type-mixed", "the response carries a code");
    if (want_code && is_empty(response->code))
        return sso_err_set(err, SSO_E_ABSENT, "code-missing", "the response has no code");
    if (want_id_token && is_empty(response->id_token))
        return sso_err_set(err, SSO_E_ABSENT, "id-token-missing", "the response has no ID token");
    return SSO_OK;
}

sso_rc_t sso_authresp_check(const sso_authresp_t *response, const sso_provider_t *provider, const sso_client_t *client,
                            const sso_flow_t *flow, sso_err_t *err)
{
    SSO_TRY(check_iss(response, provider, client, err));
    SSO_TRY(check_mode(response, flow, err));
    SSO_TRY(check_error(response, client->response_type, err));
    return check_contents(response, client->response_type, err);
}

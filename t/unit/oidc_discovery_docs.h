/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata as real providers served it (recorded 2022-11-12), for tests. */
#ifndef UNIT_DISCOVERY_H
#define UNIT_DISCOVERY_H

static const char discovery_onelogin[] =
    "{\"acr_values_supported\":[\"onelogin:nist:level:1:re-auth\"],"
    "\"authorization_endpoint\":\"https://common.onelogin.com/oidc/2/auth\","
    "\"claim_types_supported\":[\"normal\"],\"claims_parameter_supported\":true,\"claims_supported\":[\"sub\","
    "\"email\",\"preferred_username\",\"name\",\"updated_at\",\"given_name\",\"family_name\",\"locale\","
    "\"groups\",\"email_verified\",\"params\",\"phone_number\",\"acr\",\"sid\",\"auth_time\",\"iss\"],"
    "\"code_challenge_methods_supported\":[\"S256\"],"
    "\"end_session_endpoint\":\"https://common.onelogin.com/oidc/2/logout\","
    "\"grant_types_supported\":[\"authorization_code\",\"implicit\",\"refresh_token\",\"client_credentials\","
    "\"password\"],\"id_token_signing_alg_values_supported\":[\"HS256\",\"RS256\",\"PS256\"],"
    "\"introspection_endpoint\":\"https://common.onelogin.com/oidc/2/token/introspection\","
    "\"introspection_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\",\"none\"],"
    "\"issuer\":\"https://common.onelogin.com/oidc/2\",\"jwks_uri\":\"https://common.onelogin.com/oidc/2/certs\","
    "\"registration_endpoint\":\"https://common.onelogin.com/oidc/2/register\","
    "\"request_parameter_supported\":false,\"request_uri_parameter_supported\":false,"
    "\"response_modes_supported\":[\"form_post\",\"fragment\",\"query\"],\"response_types_supported\":[\"code\","
    "\"id_token token\",\"id_token\"],"
    "\"revocation_endpoint\":\"https://common.onelogin.com/oidc/2/token/revocation\","
    "\"revocation_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\",\"none\"],"
    "\"scopes_supported\":[\"openid\",\"name\",\"profile\",\"groups\",\"email\",\"params\",\"phone\"],"
    "\"subject_types_supported\":[\"public\"],\"token_endpoint\":\"https://common.onelogin.com/oidc/2/token\","
    "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\",\"none\"],"
    "\"userinfo_endpoint\":\"https://common.onelogin.com/oidc/2/me\","
    "\"userinfo_signing_alg_values_supported\":[\"HS256\",\"RS256\",\"PS256\"]}";

static const char discovery_auth0[] =
    "{\"authorization_endpoint\":\"https://common.auth0.com/authorize\",\"claims_supported\":[\"aud\","
    "\"auth_time\",\"created_at\",\"email\",\"email_verified\",\"exp\",\"family_name\",\"given_name\",\"iat\","
    "\"identities\",\"iss\",\"name\",\"nickname\",\"phone_number\",\"picture\",\"sub\"],"
    "\"code_challenge_methods_supported\":[\"S256\",\"plain\"],"
    "\"device_authorization_endpoint\":\"https://common.auth0.com/oauth/device/code\","
    "\"id_token_signing_alg_values_supported\":[\"HS256\",\"RS256\"],\"issuer\":\"https://common.auth0.com/\","
    "\"jwks_uri\":\"https://common.auth0.com/.well-known/jwks.json\","
    "\"mfa_challenge_endpoint\":\"https://common.auth0.com/mfa/challenge\","
    "\"registration_endpoint\":\"https://common.auth0.com/oidc/register\",\"request_parameter_supported\":false,"
    "\"request_uri_parameter_supported\":false,\"response_modes_supported\":[\"query\",\"fragment\","
    "\"form_post\"],\"response_types_supported\":[\"code\",\"token\",\"id_token\",\"code token\","
    "\"code id_token\",\"token id_token\",\"code token id_token\"],"
    "\"revocation_endpoint\":\"https://common.auth0.com/oauth/revoke\",\"scopes_supported\":[\"openid\","
    "\"profile\",\"offline_access\",\"name\",\"given_name\",\"family_name\",\"nickname\",\"email\","
    "\"email_verified\",\"picture\",\"created_at\",\"identities\",\"phone\",\"address\"],"
    "\"subject_types_supported\":[\"public\"],\"token_endpoint\":\"https://common.auth0.com/oauth/token\","
    "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\"],"
    "\"userinfo_endpoint\":\"https://common.auth0.com/userinfo\"}";

#endif

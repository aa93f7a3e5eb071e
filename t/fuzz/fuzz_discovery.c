/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of a provider. First byte: bit 0 development, bit 1 no code in the response type, bit 2 mTLS, bit 3 an
 * endpoint of the operator's own. What is accepted is of the issuer asked for and names web endpoints only. */
#include "base/url.h"
#include "fuzz.h"
#include "oidc/provider.h"

#define ISSUER "https://op.example"

static void check_endpoint(const char *url, int development)
{
    sso_url_t parts;
    if (url == NULL)
        return;
    fuzz_check(sso_url_parse(fuzz_pool, url, &parts, NULL) == SSO_OK && parts.fragment == NULL);
    fuzz_check(strcmp(parts.scheme, "https") == 0 || (development && sso_url_host_is_loopback(parts.host)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_provider_t *provider = NULL;
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    unsigned choice = fuzz_choice(&data, &size);
    int development = (int)(choice & 1);
    sso_provider_settings_t settings = {.issuer = ISSUER, .allow_http_loopback = development,
                                        .needs_code = !(choice & 2), .mtls = (choice & 4) != 0,
                                        .userinfo_endpoint = choice & 8 ? "https://own.example/me" : NULL};
    const char *bytes = (const char *)fuzz_bytes(data, size);
    if (fuzz_ok(sso_provider_from_metadata(fuzz_pool, &settings, bytes, size, &provider, &err), &err)) {
        fuzz_check(strcmp(provider->issuer, ISSUER) == 0);
        fuzz_check(provider->authorization_endpoint != NULL && provider->jwks_uri != NULL);
        fuzz_check(!settings.needs_code || provider->token_endpoint != NULL);
        check_endpoint(provider->authorization_endpoint, development);
        check_endpoint(provider->token_endpoint, development);
        check_endpoint(provider->userinfo_endpoint, development);
        check_endpoint(provider->jwks_uri, development);
        check_endpoint(provider->end_session_endpoint, development);
        check_endpoint(provider->par_endpoint, development);
        if (choice & 8)
            fuzz_check(strcmp(provider->userinfo_endpoint, "https://own.example/me") == 0);
    } else {
        fuzz_check(provider == NULL);
    }
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization response. First byte: bit 0 posted, bits 1-2 the response type, bit 3 the provider announces iss,
 * bit 4 asked for as form_post. */
#include "fuzz.h"
#include "oidc/authresp.h"

#define ISSUER "https://op.example"

static void check_response(unsigned choice, const uint8_t *data, size_t size)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_authresp_t response = {.state = "untouched"};
    sso_provider_t provider = {.issuer = ISSUER, .iss_parameter = (choice & 8) != 0};
    sso_client_t client = {.client_id = "c", .response_type = (sso_response_type_t)(((choice >> 1) & 3) % 3)};
    sso_flow_t flow = {.flags = choice & 16 ? SSO_FLOW_POSTED : 0};
    int posted = (int)(choice & 1);

    if (!fuzz_ok(sso_authresp_parse(fuzz_pool, (const char *)fuzz_bytes(data, size), size, posted, &response, &err),
                 &err)) {
        fuzz_check(strcmp(response.state, "untouched") == 0);
        return;
    }
    fuzz_check(response.state != NULL && *response.state != '\0' && response.posted == posted);
    if (!fuzz_ok(sso_authresp_check(&response, &provider, &client, &flow, &err), &err))
        return;
    fuzz_check(posted == ((flow.flags & SSO_FLOW_POSTED) != 0));
    fuzz_check(response.iss == NULL ? !provider.iss_parameter : strcmp(response.iss, ISSUER) == 0);
    fuzz_check(response.error == NULL || *response.error == '\0');
    fuzz_check(response.access_token == NULL || *response.access_token == '\0');
    if (client.response_type != SSO_RESPONSE_ID_TOKEN)
        fuzz_check(response.code != NULL && *response.code != '\0');
    else
        fuzz_check(response.code == NULL || *response.code == '\0');
    if (client.response_type != SSO_RESPONSE_CODE)
        fuzz_check(response.id_token != NULL && *response.id_token != '\0');
    else
        fuzz_check(response.id_token == NULL || *response.id_token == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    unsigned choice = fuzz_choice(&data, &size);
    check_response(choice, data, size);
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Pending logins. First byte: '0' the input is a state parameter from outside (none opens), '1' it is what a box of
 * ours holds, '2' it is the strings of a flow, which survive the trip, '3' it is what a login cookie's box holds. */
#include "fuzz.h"
#include "oidc/state.h"

#define CONTEXT "__Host-sso site.example"
#define CONTEXT_LEN (sizeof(CONTEXT) - 1)

static const char ring_text[] = "vvdTB9EStpw0Q2gYMdBNvY5u6lZlMFvfrxWxnpvFGZ0=\n";
static sso_sealer_t *sealer;
static sso_keyring_t *ring;

static void setup(void)
{
    fuzz_check(sso_keyring_parse(fuzz_pool, ring_text, sizeof(ring_text) - 1, &ring, NULL) == SSO_OK);
    fuzz_check(sso_sealer_create(fuzz_pool, ring, &sealer, NULL) == SSO_OK);
}

static const char untouched[] = "untouched";

/* What the header promises of a flow that was opened, or is authentic but stale. */
static sso_rc_t open_state(const char *state, sso_flow_t *flow)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    *flow = (sso_flow_t){.provider = untouched};
    sso_rc_t rc = sso_state_open(sealer, &env, CONTEXT, CONTEXT_LEN, state, flow, &err);
    (void)fuzz_ok(rc, &err);
    if (rc != SSO_OK && rc != SSO_E_EXPIRED) {
        fuzz_check(flow->provider == untouched);
        return rc;
    }
    fuzz_check(flow->provider != untouched && flow->provider != NULL && flow->return_path != NULL && flow->acr != NULL);
    fuzz_check(flow->depth >= 0 && flow->depth <= 255 && flow->max_age >= 0 && flow->key_index == 0);
    fuzz_check(rc != SSO_OK || (flow->started <= env.now + apr_time_from_sec(60) &&
                                flow->started >= env.now - apr_time_from_sec(SSO_STATE_LIFETIME)));
    return rc;
}

static void check_box(const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    char *text;
    sso_flow_t flow;
    fuzz_check(sso_seal(sealer, &env, SSO_SEAL_STATE, CONTEXT, CONTEXT_LEN, fuzz_bytes(data, size), size, &text,
                        NULL) == SSO_OK);
    (void)open_state(text, &flow);
}

static void check_secrets(const sso_flow_t *flow)
{
    sso_env_t env = fuzz_env();
    sso_browser_t browser, other;
    sso_flow_secrets_t secrets, secrets_other;
    fuzz_check(sso_browser_create(&env, &browser, NULL) == SSO_OK);
    fuzz_check(sso_state_secrets(ring, flow, &browser, &secrets, NULL) == SSO_E_MISMATCH);
    memcpy(browser.id, flow->browser_id, sizeof(browser.id));
    fuzz_check(sso_state_secrets(ring, flow, &browser, &secrets, NULL) == SSO_OK);
    fuzz_check(strlen(secrets.verifier) == 43 && strlen(secrets.challenge) == 43 && strlen(secrets.nonce) == 43);
    other = browser;
    other.secret[31] ^= 1;
    fuzz_check(sso_state_secrets(ring, flow, &other, &secrets_other, NULL) == SSO_OK);
    fuzz_check(strcmp(secrets.nonce, secrets_other.nonce) != 0);
    fuzz_check(strcmp(secrets.verifier, secrets_other.verifier) != 0);
}

static void check_trip(const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    sso_flow_t flow = {.depth = (int)fuzz_choice(&data, &size), .flags = fuzz_choice(&data, &size)}, back;
    char *text;
    flow.max_age = (int)(fuzz_choice(&data, &size) << 23);
    flow.provider = fuzz_until(&data, &size, '\n');
    flow.acr = fuzz_until(&data, &size, '\n');
    flow.return_path = fuzz_text(data, size);
    memcpy(flow.browser_id, "browser!", sizeof(flow.browser_id));
    size_t all = strlen(flow.provider) + strlen(flow.acr) + strlen(flow.return_path);
    if (!fuzz_ok(sso_state_seal(sealer, &env, CONTEXT, CONTEXT_LEN, &flow, &text, &err), &err)) {
        fuzz_check(all > SSO_STATE_STRINGS_MAX || strlen(flow.provider) > 255 || strlen(flow.acr) > 255 ||
                   strlen(flow.return_path) > SSO_STATE_RETURN_MAX);
        return;
    }
    fuzz_check(strlen(text) <= SSO_STATE_TEXT_MAX && all <= SSO_STATE_STRINGS_MAX);
    fuzz_check(open_state(text, &back) == SSO_OK);
    fuzz_check(memcmp(back.flow_id, flow.flow_id, sizeof(flow.flow_id)) == 0);
    fuzz_check(memcmp(back.browser_id, flow.browser_id, sizeof(flow.browser_id)) == 0);
    fuzz_check(strcmp(back.provider, flow.provider) == 0 && strcmp(back.acr, flow.acr) == 0);
    fuzz_check(strcmp(back.return_path, flow.return_path) == 0 && back.started == flow.started);
    fuzz_check(back.depth == flow.depth && back.flags == flow.flags && back.max_age == flow.max_age);
    check_secrets(&back);
}

static void check_cookie(const uint8_t *data, size_t size)
{
    sso_env_t env = fuzz_env();
    sso_err_t err = SSO_ERR_INIT;
    sso_browser_t browser = {{0}, {0}, -1};
    char *text;
    const unsigned char *id = (const unsigned char *)"browser!";
    fuzz_check(sso_seal(sealer, &env, SSO_SEAL_LOGIN, CONTEXT, CONTEXT_LEN, fuzz_bytes(data, size), size, &text,
                        NULL) == SSO_OK);
    if (fuzz_ok(sso_browser_open(sealer, &env, CONTEXT, CONTEXT_LEN, id, text, strlen(text), &browser, &err), &err)) {
        fuzz_check(memcmp(browser.id, id, sizeof(browser.id)) == 0);
        fuzz_check(browser.since >= env.now - apr_time_from_sec(SSO_STATE_LIFETIME));
        fuzz_check(browser.since <= env.now + apr_time_from_sec(60));
    } else {
        fuzz_check(browser.since == -1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_flow_t flow;
    if (size > 4096)
        return 0;
    fuzz_begin(setup);
    switch (fuzz_choice(&data, &size)) {
    case '0':
        fuzz_check(open_state(fuzz_text(data, size), &flow) != SSO_OK);
        break;
    case '1':
        check_box(data, size);
        break;
    case '2':
        check_trip(data, size);
        break;
    default:
        check_cookie(data, size);
        break;
    }
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of refreshed tokens, as a cache that others can write to may hand them back: whatever decodes is of the
 * session that asked, lies inside the entry, leads to a decision and survives being written and read again. */
#include "fuzz.h"
#include "oidc/refresh.h"

static const unsigned char id[SSO_SESSION_ID_LEN] = "0123456789abcdef";

static void check_same(const sso_refresh_t *a, const sso_refresh_t *b)
{
    fuzz_check(memcmp(a->id, b->id, sizeof(a->id)) == 0 && a->serial == b->serial && a->failures == b->failures);
    fuzz_check(a->obtained == b->obtained && a->expires == b->expires && a->not_before == b->not_before);
    for (int i = 0; i <= SSO_TOKEN_REFRESH; i++) {
        fuzz_check((a->tokens[i] == NULL) == (b->tokens[i] == NULL));
        fuzz_check(a->tokens[i] == NULL || strcmp(a->tokens[i], b->tokens[i]) == 0);
    }
}

/* Nothing is passed on that has expired, unless it was over when it came a moment ago; and what fails is not tried
 * again at once. */
static void check_decisions(const sso_refresh_t *state)
{
    sso_refresh_t next;
    sso_refresh_step_t step = sso_refresh_decide(state, FUZZ_NOW, 60);
    int resting = FUZZ_NOW >= state->obtained && FUZZ_NOW < state->obtained + apr_time_from_sec(SSO_REFRESH_REST);
    if (state->expires && state->expires <= FUZZ_NOW && state->tokens[SSO_TOKEN_REFRESH] && !resting)
        fuzz_check(step == SSO_REFRESH_MUST || step == SSO_REFRESH_REFUSE);
    fuzz_check(sso_refresh_wait(state, FUZZ_NOW) >= 1);
    sso_refresh_fail(state, NULL, -1, FUZZ_NOW, &next);
    fuzz_check(next.not_before > FUZZ_NOW && sso_refresh_wait(&next, FUZZ_NOW) <= SSO_REFRESH_RETRY_MAX);
    step = sso_refresh_decide(&next, FUZZ_NOW, 60);
    fuzz_check(step == SSO_REFRESH_USE || step == SSO_REFRESH_REFUSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sso_refresh_t state = {.serial = 77}, again;
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *bytes;
    apr_size_t len;

    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    if (!fuzz_ok(sso_refresh_decode(fuzz_bytes(data, size), size, id, &state, &err), &err)) {
        fuzz_check(state.serial == 77);
    } else {
        fuzz_check(memcmp(state.id, id, sizeof(id)) == 0);
        check_decisions(&state);
        if (!fuzz_ok(sso_refresh_encode(fuzz_pool, &state, &bytes, &len, &err), &err) ||
            !fuzz_ok(sso_refresh_decode(bytes, len, id, &again, &err), &err))
            fuzz_fail(__FILE__, __LINE__, "what was read can be written and read again");
        check_same(&state, &again);
    }
    fuzz_end();
    return 0;
}

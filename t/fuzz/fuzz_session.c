/* SPDX-License-Identifier: Apache-2.0 */
/* Session records: whatever decodes lies inside the record, ends in NUL where text is promised, and survives being
 * written and read again. (A record of ours has no NUL inside a text, because JSON may have none.) */
#include "fuzz.h"
#include "oidc/client.h"
#include "oidc/session.h"

static void check_claims(const sso_claims_t *claims)
{
    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        fuzz_check(claim->name[claim->name_len] == '\0');
        char *header = apr_palloc(fuzz_pool, claim->name_len);
        sso_claim_header_name(claim, 0, header);
        for (int k = 0; k < claim->count; k++) {
            const sso_claim_value_t *value = &claim->values[k];
            fuzz_check(value->bytes[value->len] == '\0');
            fuzz_check(strlen(value->bytes) < value->len || sso_claim_has(claim, value->bytes));
        }
        for (int format = SSO_CLAIM_UTF8; format <= SSO_CLAIM_BASE64URL; format++) {
            const char *text = sso_claim_text(fuzz_pool, claim, (sso_claim_format_t)format, ',');
            fuzz_check(text == NULL || !claim->unsafe);
        }
    }
    (void)sso_claims_largest(fuzz_pool, claims, 3);
}

static void check_same(const sso_session_t *a, const sso_session_t *b)
{
    fuzz_check(memcmp(a->id, b->id, sizeof(a->id)) == 0 && a->created == b->created && a->expires == b->expires);
    fuzz_check(a->auth_time == b->auth_time && a->token_expires == b->token_expires);
    fuzz_check(memcmp(a->key_sid, b->key_sid, 16) == 0 && memcmp(a->key_sub, b->key_sub, 16) == 0);
    fuzz_check(strcmp(a->provider, b->provider) == 0 && strcmp(a->sub, b->sub) == 0);
    fuzz_check(strcmp(a->acr, b->acr) == 0 && strcmp(a->sid, b->sid) == 0);
    for (int i = 0; i < SSO_TOKEN_KINDS; i++) {
        fuzz_check((a->tokens[i] == NULL) == (b->tokens[i] == NULL));
        fuzz_check(a->tokens[i] == NULL || strcmp(a->tokens[i], b->tokens[i]) == 0);
    }
    fuzz_check(a->claims.count == b->claims.count);
    for (int i = 0; i < a->claims.count; i++) {
        const sso_claim_t *x = &a->claims.claims[i], *y = &b->claims.claims[i];
        fuzz_check(x->count == y->count && x->is_list == y->is_list && x->unsafe == y->unsafe);
        fuzz_check(x->name_len == y->name_len && memcmp(x->name, y->name, x->name_len) == 0);
        for (int k = 0; k < x->count; k++) {
            fuzz_check(x->values[k].len == y->values[k].len);
            fuzz_check(memcmp(x->values[k].bytes, y->values[k].bytes, x->values[k].len) == 0);
        }
    }
}

static void check_record(const uint8_t *data, size_t size)
{
    sso_session_t session = {.provider = NULL}, again;
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *bytes;
    apr_size_t len;
    sso_auth_demand_t demand = {.max_age = 300};

    if (!fuzz_ok(sso_session_decode(fuzz_pool, FUZZ_NOW, fuzz_bytes(data, size), size, &session, &err), &err)) {
        fuzz_check(session.provider == NULL);
        return;
    }
    fuzz_check(session.expires > FUZZ_NOW && session.created <= FUZZ_NOW + apr_time_from_sec(60));
    check_claims(&session.claims);
    (void)sso_session_satisfies(&session, &demand, FUZZ_NOW, 10);
    (void)sso_session_idle(session.created, session.auth_time, FUZZ_NOW, 3600);
    (void)sso_session_largest(fuzz_pool, &session.claims, 2);
    if (!fuzz_ok(sso_session_encode(fuzz_pool, &session, &bytes, &len, &err), &err))
        return;
    if (!fuzz_ok(sso_session_decode(fuzz_pool, FUZZ_NOW, bytes, len, &again, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "what was written can be read");
    check_same(&session, &again);
}

static void check_idle(const uint8_t *data, size_t size)
{
    static const unsigned char id[SSO_SESSION_ID_LEN] = "0123456789abcdef";
    unsigned char stamp[SSO_IDLE_LEN];
    apr_time_t seen = -1;
    if (!sso_session_idle_decode(fuzz_bytes(data, size), size, id, FUZZ_NOW, &seen)) {
        fuzz_check(seen == -1);
        return;
    }
    fuzz_check(size == SSO_IDLE_LEN && seen <= FUZZ_NOW + apr_time_from_sec(60));
    sso_session_idle_encode(id, seen, stamp);
    fuzz_check(memcmp(stamp, data, SSO_IDLE_LEN) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    check_record(data, size);
    check_idle(data, size);
    fuzz_end();
    return 0;
}

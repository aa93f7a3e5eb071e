/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: ID Token and UserInfo, one JSON object each, between them a line's end; first byte: bit 0 a keep list, bits
 * 1-2 the delimiter. No two claims are one header name, nothing with a control character is ever sent, a list comes
 * back as it was, and a session keeps it all. */
#include <ctype.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"
#include "oidc/claims.h"
#include "oidc/session.h"

static const char delimiters[] = {',', ';', '|', ' '};

/* What an application does: split, trim, decode. */
static void check_list(const sso_claim_t *claim, const char *text, char delimiter)
{
    for (int i = 0; i < claim->count; i++) {
        const sso_claim_value_t *value = &claim->values[i];
        apr_size_t n = 0;
        if (value->len == 0)
            continue;
        fuzz_check(text != NULL);
        const char *end = text + strcspn(text, (const char[]){delimiter, '\0'});
        char *item = apr_palloc(fuzz_pool, (apr_size_t)(end - text) + 1);
        fuzz_check(text < end && *text != ' ' && end[-1] != ' ');
        for (const char *p = text; p < end; p++) {
            if (*p == '%' && end - p > 2 && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
                item[n++] = (char)strtol((const char[]){p[1], p[2], '\0'}, NULL, 16);
                p += 2;
            } else {
                item[n++] = *p;
            }
        }
        fuzz_check(n == value->len && memcmp(item, value->bytes, n) == 0);
        text = *end != '\0' ? end + 1 : NULL;
    }
    fuzz_check(text == NULL);
}

static void check_claim(const sso_claim_t *claim, char delimiter)
{
    int unsafe = 0;
    char *header = apr_palloc(fuzz_pool, claim->name_len);

    fuzz_check(strlen(claim->name) == claim->name_len && claim->name_len > 0);
    fuzz_check(claim->name_len <= SSO_CLAIM_NAME_MAX && claim->count <= SSO_CLAIM_VALUES_MAX);
    for (int i = 0; i < claim->count; i++) {
        fuzz_check(strlen(claim->values[i].bytes) == claim->values[i].len);
        unsafe |= sso_text_has_control(claim->values[i].bytes, claim->values[i].len);
    }
    fuzz_check(claim->unsafe == unsafe && (claim->is_list || claim->count == 1));
    sso_claim_header_name(claim, 0, header);
    for (apr_size_t i = 0; i < claim->name_len; i++)
        fuzz_check(header[i] == '-' || (header[i] > 0 && isalnum((unsigned char)header[i])));
    for (int format = SSO_CLAIM_UTF8; format <= (int)SSO_CLAIM_BASE64URL; format++) {
        const char *text = sso_claim_text(fuzz_pool, claim, (sso_claim_format_t)format, delimiter);
        if (text == NULL)
            continue;
        fuzz_check(!unsafe && *text != '\0' && !sso_text_has_control(text, strlen(text)));
        if (claim->is_list && format == SSO_CLAIM_UTF8)
            check_list(claim, text, delimiter);
    }
}

static void check_session(const sso_claims_t *claims)
{
    sso_session_t session = {.expires = FUZZ_NOW + 1, .created = FUZZ_NOW, .provider = "default", .sub = "s",
                             .acr = "", .sid = "", .claims = *claims};
    sso_session_t back;
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *bytes;
    apr_size_t len;
    if (!fuzz_ok(sso_session_encode(fuzz_pool, &session, &bytes, &len, &err), &err))
        return;
    if (!fuzz_ok(sso_session_decode(fuzz_pool, FUZZ_NOW, bytes, len, &back, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "what was written can be read");
    fuzz_check(back.claims.count == claims->count);
    for (int i = 0; i < claims->count; i++) {
        fuzz_check(strcmp(back.claims.claims[i].name, claims->claims[i].name) == 0);
        fuzz_check(back.claims.claims[i].count == claims->claims[i].count);
    }
}

static void check_all(const sso_claims_t *claims, char delimiter)
{
    fuzz_check(claims->count <= SSO_CLAIMS_MAX && (claims->dropped > 0) == (claims->first_dropped != NULL));
    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        check_claim(claim, delimiter);
        fuzz_check(sso_claims_find(claims, claim->name) == claim);
        for (int k = 0; k < i && i < 64; k++)
            fuzz_check(!sso_text_same_name(claim->name, claim->name_len, claims->claims[k].name,
                                           claims->claims[k].name_len));
    }
    (void)sso_claims_largest(fuzz_pool, claims, 3);
    check_session(claims);
}

/* What presets make of claims: no value appears or disappears that is no blank, no two headers get one name. */
static void check_presets(const sso_claims_t *claims, char delimiter)
{
    const sso_claims_t *cut = NULL;
    sso_err_t err = SSO_ERR_INIT;

    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        apr_size_t from = sso_claims_short_name(claims, claim);
        fuzz_check(from < claim->name_len && (from == 0 || claim->name[from - 1] == '/'));
        fuzz_check(!sso_claims_is_unknown(claims, claim->name));
        for (int k = 0; from > 0 && k < claims->count; k++) {
            const sso_claim_t *other = &claims->claims[k];
            apr_size_t theirs = sso_claims_short_name(claims, other);
            fuzz_check(k == i || !sso_text_same_name(other->name + theirs, other->name_len - theirs,
                                                     claim->name + from, claim->name_len - from));
        }
    }
    (void)sso_claims_is_unknown(claims, "groups");
    if (fuzz_ok(sso_claims_split(fuzz_pool, claims, "groups", delimiter, &cut, &err), &err)) {
        const sso_claim_t *before = sso_claims_find(claims, "groups"), *after = sso_claims_find(cut, "groups");
        fuzz_check(cut->count == claims->count && !before == !after);
        for (int i = 0; after && cut != claims && i < after->count; i++)
            fuzz_check(after->values[i].len > 0 && !strchr(after->values[i].bytes, delimiter) &&
                       strstr(before->values[0].bytes, after->values[i].bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const sso_json_t *first = NULL, *second = NULL;
    const sso_claims_t *claims = NULL;
    apr_array_header_t *keep = NULL;
    sso_err_t err = SSO_ERR_INIT;
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    unsigned choice = fuzz_choice(&data, &size);
    const char *id_token = fuzz_until(&data, &size, '\n');
    const char *userinfo = (const char *)fuzz_bytes(data, size);
    if (choice & 1)
        keep = sso_text_split(fuzz_pool, "email groups realm_access.roles a", 0);
    if (sso_json_parse_object(fuzz_pool, id_token, strlen(id_token), FUZZ_INPUT_MAX, &first, NULL) == SSO_OK) {
        if (sso_json_parse_object(fuzz_pool, userinfo, size, FUZZ_INPUT_MAX, &second, NULL) != SSO_OK)
            second = NULL;
        if (fuzz_ok(sso_claims_flatten(fuzz_pool, first, second, keep, &claims, &err), &err)) {
            check_all(claims, delimiters[(choice >> 1) & 3]);
            check_presets(claims, delimiters[(choice >> 1) & 3]);
        } else
            fuzz_check(claims == NULL);
    }
    fuzz_end();
    return 0;
}

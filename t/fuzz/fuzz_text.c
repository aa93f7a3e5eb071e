/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside on its way out: into a page, a log line, JSON; UTF-8; names of headers. And request headers that
 * decide something: Cache-Control, Accept and Sec-Fetch, Content-Type. */
#include <ctype.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"
#include "oidc/fresh.h"
#include "oidc/nav.h"
#include "oidc/token.h"

static void check_html(const char *text)
{
    const char *page = sso_text_html(fuzz_pool, text);
    fuzz_check(sso_text_is_utf8(page, strlen(page)) && strpbrk(page, "<>\"'") == NULL);
    for (const char *p = strchr(page, '&'); p != NULL; p = strchr(p + 1, '&'))
        fuzz_check(strncmp(p, "&amp;", 5) == 0 || strncmp(p, "&lt;", 4) == 0 || strncmp(p, "&gt;", 4) == 0 ||
                   strncmp(p, "&quot;", 6) == 0 || strncmp(p, "&#39;", 5) == 0);
    for (const char *p = page; *p != '\0'; p++)
        fuzz_check((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void check_log(const char *text, apr_size_t max)
{
    const char *line = sso_text_log(fuzz_pool, text, max);
    for (const char *p = line; *p != '\0'; p++)
        fuzz_check(*p >= ' ' && *p <= '~' && *p != '"');
    fuzz_check(strlen(line) <= max * 4 + 3);
}

static void check_json(const char *text)
{
    const sso_json_t *doc = NULL;
    const char *literal = apr_pstrcat(fuzz_pool, "[\"", sso_text_json(fuzz_pool, text), "\"]", NULL);
    fuzz_check(strpbrk(literal, "<>&") == NULL);
    fuzz_check(sso_json_parse(fuzz_pool, literal, strlen(literal), 8 * FUZZ_INPUT_MAX, &doc, NULL) == SSO_OK);
    if (sso_text_is_utf8(text, strlen(text)))
        fuzz_check(strcmp(sso_json_node_string(sso_json_at(doc, 0)), text) == 0);
}

static void check_names(const char *a, const char *b)
{
    const char *key_a = sso_text_name_key(fuzz_pool, a, strlen(a)), *key_b = sso_text_name_key(fuzz_pool, b, strlen(b));
    fuzz_check(sso_text_same_name(a, strlen(a), b, strlen(b)) == (strcmp(key_a, key_b) == 0));
    fuzz_check(strlen(key_a) == strlen(a));
    for (size_t i = 0; i < strlen(a); i++)
        fuzz_check(key_a[i] == '-' || (isalnum((unsigned char)key_a[i]) && key_a[i] == tolower((unsigned char)a[i])));
    fuzz_check(sso_text_same_name(a, strlen(a), key_a, strlen(key_a)));
    if (sso_text_is_token(a))
        fuzz_check(*a != '\0' && strpbrk(a, " \t\r\n\"(),/:;<=>?@[\\]{}") == NULL);
}

static void check_headers(const char *a, const char *b)
{
    int lifetime = sso_fresh_lifetime(a);
    sso_fresh_t fresh = sso_fresh_stamp(FUZZ_NOW, a, 12345);
    sso_nav_facts_t facts = {.method = "GET", .accept = a};
    fuzz_check(lifetime >= SSO_FRESH_FLOOR && lifetime <= SSO_FRESH_CAP && sso_fresh_is_sane(&fresh));
    (void)sso_nav_is_navigation(&facts);
    (void)sso_nav_is_activity(&facts);
    facts = (sso_nav_facts_t){.method = b, .accept = a, .sec_fetch_dest = a, .sec_fetch_mode = b};
    if (sso_nav_is_navigation(&facts))
        fuzz_check(strcmp(b, "GET") == 0 || strcmp(b, "HEAD") == 0);
    (void)sso_nav_is_activity(&facts);
    (void)sso_token_is_json_type(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8192)
        return 0;
    fuzz_begin(NULL);
    const char *whole = fuzz_text(data, size);
    const char *first = fuzz_until(&data, &size, '\n');
    const char *second = fuzz_text(data, size);
    check_html(whole);
    check_log(whole, 8192);
    check_log(whole, 20);
    check_json(whole);
    check_names(first, second);
    check_headers(first, second);
    fuzz_end();
    return 0;
}

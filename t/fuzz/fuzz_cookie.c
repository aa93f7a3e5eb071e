/* SPDX-License-Identifier: Apache-2.0 */
/* Cookie headers: what is cut never reappears, what is not ours stays as it is and in its order. */
#include "base/cookie.h"
#include "base/text.h"
#include "fuzz.h"

#define OURS "__Host-sso"

static int is_ours(void *baton, const char *name, apr_size_t name_len)
{
    (void)baton;
    return name_len >= sizeof(OURS) - 1 && memcmp(name, OURS, sizeof(OURS) - 1) == 0;
}

static int next_foreign(sso_cookie_iter_t *it)
{
    while (sso_cookie_next(it)) {
        if (!is_ours(NULL, it->name, it->name_len))
            return 1;
    }
    return 0;
}

/* The other reading of RFC 6265 5.4: ';' alone separates, and each piece begins with its name. */
static int holds_ours(const char *header)
{
    for (const char *p = header; p != NULL; p = strchr(p, ';')) {
        p += strspn(p, "; \t");
        if (is_ours(NULL, p, strcspn(p, "=")) && strcspn(p, "=") < strcspn(p, "; \t,"))
            return 1;
    }
    return 0;
}

static void check_spans(const char *header)
{
    const char *end = header + strlen(header);
    sso_cookie_iter_t it;
    sso_cookie_begin(&it, header);
    for (const char *before = header; sso_cookie_next(&it); before = it.next) {
        fuzz_check(it.pair >= before && it.name >= it.pair && it.name_len > 0);
        fuzz_check(it.value == it.name + it.name_len + 1 && it.value[-1] == '=');
        fuzz_check(it.next >= it.value + it.value_len && it.next <= end);
        fuzz_check(memchr(it.name, ';', it.name_len) == NULL && memchr(it.value, ';', it.value_len) == NULL);
        char *name = apr_pstrmemdup(fuzz_pool, it.name, it.name_len);
        fuzz_check(sso_cookie_is(&it, name) && sso_cookie_has_prefix(header, name, it.name_len));
    }
    fuzz_check(!sso_cookie_next(&it) && *it.next == '\0');
}

/* Our own cookies are read from pairs that no comma joined to another cookie's value. */
static void check_own(const char *header)
{
    sso_cookie_iter_t all, own;
    sso_cookie_begin(&all, header);
    sso_cookie_begin(&own, header);
    while (sso_cookie_next(&all)) {
        if (all.joined)
            continue;
        fuzz_check(sso_cookie_next_own(&own));
        fuzz_check(own.name == all.name && own.value == all.value && own.value_len == all.value_len);
        const char *p = own.pair;
        while (p > header && (p[-1] == ' ' || p[-1] == '\t' || p[-1] == ';'))
            p--;
        fuzz_check(p == header || p < own.pair);
    }
    fuzz_check(!sso_cookie_next_own(&own));
}

static void check_cut(const char *header)
{
    sso_cookie_iter_t was, is;
    const char *cut = sso_cookie_cut(fuzz_pool, header, is_ours, NULL);
    apr_size_t ours = 0;

    fuzz_check((cut == header) == !sso_cookie_has_prefix(header, OURS, sizeof(OURS) - 1));
    if (cut != NULL && cut != header)
        fuzz_check(*cut != '\0' && strlen(cut) < strlen(header));
    fuzz_check(!sso_cookie_has_prefix(cut, OURS, sizeof(OURS) - 1));
    fuzz_check(!holds_ours(cut));
    sso_cookie_begin(&was, header);
    while (sso_cookie_next(&was))
        ours += is_ours(NULL, was.name, was.name_len) ? was.name_len + 1 + was.value_len : 0;
    fuzz_check((cut != NULL ? strlen(cut) : 0) + ours <= strlen(header));
    sso_cookie_begin(&was, header);
    sso_cookie_begin(&is, cut);
    while (next_foreign(&was)) {
        fuzz_check(next_foreign(&is));
        fuzz_check(was.name_len == is.name_len && memcmp(was.name, is.name, is.name_len) == 0);
        fuzz_check(was.value_len == is.value_len && memcmp(was.value, is.value, is.value_len) == 0);
    }
    fuzz_check(!next_foreign(&is));
}

/* A Set-Cookie value that passes the check has exactly our attributes. */
static void check_format(const char *name, const char *domain)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_cookie_attrs_t attrs = {*domain != '\0' ? domain : NULL, "/", 60, 1, 0, SSO_SAMESITE_LAX};
    int semicolons = 0;
    if (!fuzz_ok(sso_cookie_check(name, &attrs, &err), &err))
        return;
    char *text = sso_cookie_format(fuzz_pool, name, "v", &attrs);
    for (const char *p = text; *p != '\0'; p++) {
        fuzz_check(*p >= ' ' && *p <= '~');
        semicolons += *p == ';';
    }
    fuzz_check(semicolons == 5 + (attrs.domain != NULL) && sso_text_is_token(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(NULL);
    const char *header = fuzz_text(data, size);
    check_spans(header);
    check_own(header);
    check_cut(header);
    const char *name = fuzz_until(&data, &size, '=');
    check_format(name, fuzz_text(data, size));
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Return targets: what is accepted, as a browser resolves it, stays on the site or goes to a host of the list. */
#include "base/text.h"
#include "base/url.h"
#include "fuzz.h"
#include "fuzz_browser.h"

static const browser_t site = {"https", "site.example", 443, "/here/now"};
static const char *const others[] = {"other.example", "port.example:8443", ".sub.example", "[2001:db8::1]"};

static int is_other(const browser_t *where, int allow_http)
{
    int http = strcmp(where->scheme, "http") == 0;
    size_t len = strlen(where->host);
    int standard = where->port == (http ? 80 : 443);
    if (http ? !allow_http : strcmp(where->scheme, "https") != 0)
        return 0;
    if (http)
        return standard && strcmp(where->host, "127.0.0.1") == 0;
    if (strcmp(where->host, "port.example") == 0)
        return where->port == 8443;
    return standard && (strcmp(where->host, "other.example") == 0 || strcmp(where->host, "[2001:db8::1]") == 0 ||
                        strcmp(where->host, "127.0.0.1") == 0 ||
                        (len > 12 && strcmp(where->host + len - 12, ".sub.example") == 0));
}

static void check_target(const char *text, int with_hosts, int allow_http)
{
    sso_err_t err = SSO_ERR_INIT;
    const char *url = NULL, *again = NULL;
    sso_return_rule_t rule = {site.scheme, site.host, site.port, NULL, allow_http};

    if (with_hosts) {
        apr_array_header_t *hosts = apr_array_make(fuzz_pool, 8, sizeof(const char *));
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            APR_ARRAY_PUSH(hosts, const char *) = others[i];
        APR_ARRAY_PUSH(hosts, const char *) = "127.0.0.1";
        rule.hosts = hosts;
    }
    if (!fuzz_ok(sso_url_check_return(fuzz_pool, text, &rule, &url, &err), &err)) {
        fuzz_check(url == NULL);
        return;
    }
    fuzz_check(strlen(url) <= SSO_URL_MAX);
    for (const char *p = url; *p != '\0'; p++)
        fuzz_check(*p > ' ' && *p < 0x7f && strchr("\\\"<>^`{|}", *p) == NULL);
    browser_t where = browser_resolve(url, &site);
    browser_t meant = browser_resolve(text, &site);
    int here = strcmp(where.scheme, "https") == 0 && strcmp(where.host, site.host) == 0 && where.port == 443;
    fuzz_check(here || (with_hosts && is_other(&where, allow_http)));
    fuzz_check(strcmp(where.host, meant.host) == 0 && where.port == meant.port);
    fuzz_check(here == (url[0] == '/'));
    if (here)
        fuzz_check(browser_path_is_tame(where.path));
    /* Accepted once is accepted as it is. */
    if (!fuzz_ok(sso_url_check_return(fuzz_pool, url, &rule, &again, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "the result is a return target");
    fuzz_check(strcmp(again, url) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    fuzz_begin(NULL);
    const char *text = fuzz_text(data, size);
    check_target(text, 0, 0);
    check_target(text, 1, 0);
    check_target(text, 1, 1);
    fuzz_end();
    return 0;
}

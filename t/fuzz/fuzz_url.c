/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of providers and configuration: what parses is what a browser or libcurl would fetch, and queries that we add
 * stay inside the query. */
#include "base/text.h"
#include "base/url.h"
#include "fuzz.h"
#include "fuzz_browser.h"

/* The added pair comes back, and host, path and fragment are what they were. */
static void check_add(const char *text, const sso_url_t *url, const char *value)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t with;
    apr_array_header_t *params;
    const char *const pairs[] = {"x\"&=", value, "none", NULL, "y", "2", NULL};
    char *added = sso_url_add_query(fuzz_pool, text, pairs);

    if (strlen(added) > SSO_URL_MAX)
        return;
    if (!fuzz_ok(sso_url_parse(fuzz_pool, added, &with, &err), &err))
        fuzz_fail(__FILE__, __LINE__, "a URL with a query is a URL");
    fuzz_check(strcmp(with.host, url->host) == 0 && with.port == url->port && strcmp(with.path, url->path) == 0);
    fuzz_check((with.fragment == NULL) == (url->fragment == NULL));
    fuzz_check(with.query != NULL);
    if (url->query == NULL && sso_text_is_utf8(value, strlen(value))) {
        fuzz_check(sso_url_parse_form(fuzz_pool, with.query, strlen(with.query), &params, NULL) == SSO_OK);
        fuzz_check(params->nelts == 2);
        fuzz_check(strcmp(APR_ARRAY_IDX(params, 0, sso_param_t).name, "x\"&=") == 0);
        fuzz_check(strcmp(APR_ARRAY_IDX(params, 0, sso_param_t).value, value) == 0);
    }
}

static void check_url(const char *text)
{
    static const browser_t nowhere = {"https", "nowhere.example", 443, "/"};
    sso_err_t err = SSO_ERR_INIT;
    sso_url_t url = {0}, again;

    if (!fuzz_ok(sso_url_parse(fuzz_pool, text, &url, &err), &err)) {
        fuzz_check(url.scheme == NULL);
        return;
    }
    browser_t where = browser_resolve(text, &nowhere);
    fuzz_check(strlen(text) <= SSO_URL_MAX);
    fuzz_check(strcmp(where.scheme, url.scheme) == 0 && where.port == url.port && strcmp(where.host, url.host) == 0);
    fuzz_check(url.port >= 1 && url.port <= 65535 && url.path[0] == '/');
    fuzz_check(url.host[strspn(url.host, "abcdefghijklmnopqrstuvwxyz0123456789-._:[]")] == '\0');
    fuzz_check(strpbrk(url.path, "?#") == NULL && (url.query == NULL || strchr(url.query, '#') == NULL));
    const char *rebuilt = apr_pstrcat(fuzz_pool, sso_url_origin(fuzz_pool, &url), url.path, url.query ? "?" : "",
                                      url.query ? url.query : "", url.fragment ? "#" : "",
                                      url.fragment ? url.fragment : "", NULL);
    if (strlen(rebuilt) <= SSO_URL_MAX) {
        fuzz_check(sso_url_parse(fuzz_pool, rebuilt, &again, NULL) == SSO_OK);
        fuzz_check(strcmp(again.host, url.host) == 0 && again.port == url.port && strcmp(again.path, url.path) == 0);
    }
    if (sso_url_host_is_loopback(url.host))
        fuzz_check(strncmp(url.host, "127.", 4) == 0 || url.host[0] == '[' ||
                   (strlen(url.host) >= 9 && strcmp(url.host + strlen(url.host) - 9, "localhost") == 0));
    check_add(text, &url, "a b+c%&=\xc3\xa4#/");
    check_add(text, &url, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    fuzz_begin(NULL);
    check_url(fuzz_text(data, size));
    fuzz_end();
    return 0;
}

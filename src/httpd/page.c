/* SPDX-License-Identifier: Apache-2.0 */
/* The pages a person sees: plain, readable on a phone, no script, nothing of the request in them but an escaped link
 * and the id that is in the log too. */
#include "httpd/resp.h"

#include <apr_strings.h>

#include "base/buf.h"
#include "base/text.h"

#define PAGE_MAX (512 * 1024)

typedef struct page_words_t {
    const char *title;
    const char *text;
    const char *link;
} page_words_t;

static const page_words_t words[] = {
    [MOD_SSO_PAGE_LOGIN_FAILED] = {"Sign-in did not work",
                                   "The sign-in could not be completed. You have not been signed in.", "Try again"},
    [MOD_SSO_PAGE_SIGNED_OUT] = {"You are signed out", "Your session on this site has ended.", "Sign in again"},
    [MOD_SSO_PAGE_COOKIES_BLOCKED] =
        {"Sign-in needs cookies",
         "Your browser did not send back the cookie that belongs to this sign-in. Either cookies are blocked for this "
         "site, or the sign-in was begun in another browser or ended by a sign-out in between.",
         "Sign in here"},
    [MOD_SSO_PAGE_LOOP_STOPPED] =
        {"Sign-in was stopped",
         "You were signed in several times in a row without reaching the page, so this was stopped. Check that cookies "
         "are allowed and that the clock of your device is right. If it goes on, tell your administrator the code "
         "below.",
         "Try again"},
    [MOD_SSO_PAGE_FORBIDDEN] = {"No access", "You are signed in, but this page is not open to your account.",
                                NULL},
    [MOD_SSO_PAGE_UNAVAILABLE] =
        {"Sign-in is not available right now",
         "The sign-in service cannot be reached or is busy. Please wait a moment.", "Try again"},
    [MOD_SSO_PAGE_BAD_REQUEST] = {"This link does not work",
                                  "The address is incomplete, was changed, or is not meant for this site.", NULL},
};

static const char style[] =
    "body{margin:0;font:1.05rem/1.55 system-ui,sans-serif;color:#1d2733;background:#f3f5f8}"
    "main{max-width:32rem;margin:12vh auto 0;padding:2rem;background:#fff;border-radius:.75rem;"
    "box-shadow:0 1px 6px rgba(20,30,50,.14)}"
    "h1{margin:0 0 .75rem;font-size:1.45rem;line-height:1.25}p{margin:0 0 1.1rem}"
    "a{display:inline-block;padding:.6rem 1.2rem;border-radius:.5rem;background:#1f5fbf;color:#fff;"
    "text-decoration:none}"
    "a:focus,a:hover{background:#174a96}small{color:#5b6878}code{font-family:ui-monospace,monospace}"
    "@media(max-width:36rem){main{margin:0;min-height:100vh;box-sizing:border-box;border-radius:0}}"
    "@media(prefers-color-scheme:dark){body{background:#12171e;color:#e4e9f0}main{background:#1c232d}"
    "small{color:#9aa7b8}}";

char *mod_sso_page_html(apr_pool_t *pool, mod_sso_page_t page, const char *id, const char *retry_url)
{
    const page_words_t *w = &words[page];
    sso_buf_t html;
    sso_buf_init(&html, pool, 2048, PAGE_MAX);
    sso_buf_adds(&html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"robots\" content=\"noindex\">\n<title>");
    sso_buf_adds(&html, w->title);
    sso_buf_adds(&html, "</title>\n<style>");
    sso_buf_adds(&html, style);
    sso_buf_adds(&html, "</style>\n</head>\n<body>\n<main>\n<h1>");
    sso_buf_adds(&html, w->title);
    sso_buf_adds(&html, "</h1>\n<p>");
    sso_buf_adds(&html, w->text);
    sso_buf_adds(&html, "</p>\n");
    if (w->link && retry_url) {
        sso_buf_adds(&html, "<p><a href=\"");
        sso_buf_adds(&html, sso_text_html(pool, retry_url));
        sso_buf_adds(&html, "\">");
        sso_buf_adds(&html, w->link);
        sso_buf_adds(&html, "</a></p>\n");
    }
    if (page != MOD_SSO_PAGE_SIGNED_OUT) {
        sso_buf_adds(&html, "<p><small>If you ask for help, give this code: <code>");
        sso_buf_adds(&html, sso_text_html(pool, id));
        sso_buf_adds(&html, "</code></small></p>\n");
    }
    sso_buf_adds(&html, "</main>\n</body>\n</html>\n");
    return (char *)html.data;
}

/* The value for the placeholder at `at`, and how long that is; NULL when it is none of ours. */
static const char *placeholder(apr_pool_t *pool, const char *at, const page_words_t *w, const char *id,
                               const char *retry_url, apr_size_t *ret_len)
{
    const struct {
        const char *name, *value;
    } all[] = {{"{title}", w->title}, {"{text}", w->text}, {"{id}", id}, {"{retry}", retry_url ? retry_url : "/"}};
    for (apr_size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *ret_len = strlen(all[i].name);
        if (!strncmp(at, all[i].name, *ret_len))
            return sso_text_html(pool, all[i].value);
    }
    return NULL;
}

char *mod_sso_page_fill(apr_pool_t *pool, const char *html, mod_sso_page_t page, const char *id, const char *retry_url)
{
    sso_buf_t out;
    sso_buf_init(&out, pool, strlen(html) + 512, PAGE_MAX);
    while (*html) {
        apr_size_t plain = strcspn(html, "{"), len = 1;
        sso_buf_add(&out, html, plain);
        html += plain;
        if (!*html)
            break;
        const char *value = placeholder(pool, html, &words[page], id, retry_url, &len);
        if (value)
            sso_buf_adds(&out, value);
        else
            sso_buf_add(&out, html, len = 1);
        html += len;
    }
    return (char *)out.data;
}

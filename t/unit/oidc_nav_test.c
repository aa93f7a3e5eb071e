/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests are worth a redirect to the provider, and which show that a person is there. */
#include "unit.h"

#include "oidc/nav.h"

#define FIREFOX_HTML "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"

static sso_nav_facts_t document(void)
{
    sso_nav_facts_t f = {"GET", FIREFOX_HTML, "document", "navigate", NULL, NULL, NULL, NULL};
    return f;
}

static sso_nav_facts_t plain(const char *accept)
{
    sso_nav_facts_t f = {"GET", accept, NULL, NULL, NULL, NULL, NULL, NULL};
    return f;
}

static void a_document_is_a_navigation(void **state)
{
    (void)state;
    sso_nav_facts_t f = document();
    assert_true(sso_nav_is_navigation(&f));
    f.method = "HEAD";
    assert_true(sso_nav_is_navigation(&f));
    f.accept = NULL;
    assert_true(sso_nav_is_navigation(&f));
}

static void only_get_and_head_are_redirected(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "OPTIONS", "get", "", NULL};
    (void)state;
    for (const char *const *m = methods; *m; m++) {
        sso_nav_facts_t f = document();
        f.method = *m;
        assert_false(sso_nav_is_navigation(&f));
    }
}

static void parts_of_a_page_are_no_navigation(void **state)
{
    static const char *const dests[] = {"image",         "script", "style",    "empty", "iframe",
                                        "serviceworker", "font",   "Document", NULL};
    (void)state;
    for (const char *const *d = dests; *d; d++) {
        sso_nav_facts_t f = document();
        f.sec_fetch_dest = *d;
        assert_false(sso_nav_is_navigation(&f));
    }
}

static void prefetch_and_upgrade_are_no_navigation(void **state)
{
    (void)state;
    sso_nav_facts_t f = document();
    f.sec_purpose = "prefetch;prerender";
    assert_false(sso_nav_is_navigation(&f));
    assert_false(sso_nav_is_activity(&f));
    f = document();
    f.upgrade = "websocket";
    assert_false(sso_nav_is_navigation(&f));
    assert_false(sso_nav_is_activity(&f));
    f.upgrade = "";
    assert_true(sso_nav_is_navigation(&f));
}

static void without_fetch_metadata_accept_decides(void **state)
{
    static const char *const yes[] = {FIREFOX_HTML,         "text/html",
                                      "TEXT/HTML;level=1",  " application/json , text/html;q=0.1",
                                      "text/html; q=0.001", NULL};
    static const char *const no[] = {"*/*",
                                     "application/json",
                                     "text/html;q=0",
                                     "text/html ; q=0.000",
                                     "text/htmlx",
                                     "text/*",
                                     "application/xhtml+xml",
                                     "x/text/html",
                                     "",
                                     ",,",
                                     NULL};
    (void)state;
    for (const char *const *a = yes; *a; a++) {
        sso_nav_facts_t f = plain(*a);
        if (!sso_nav_is_navigation(&f))
            fail_msg("not a navigation: %s", *a);
    }
    for (const char *const *a = no; *a; a++) {
        sso_nav_facts_t f = plain(*a);
        if (sso_nav_is_navigation(&f))
            fail_msg("a navigation: %s", *a);
    }
    sso_nav_facts_t none = plain(NULL);
    assert_false(sso_nav_is_navigation(&none));
}

static void a_script_that_says_so_is_no_navigation(void **state)
{
    (void)state;
    sso_nav_facts_t f = plain(FIREFOX_HTML);
    f.x_requested_with = "XMLHttpRequest";
    assert_false(sso_nav_is_navigation(&f));
    f = plain(FIREFOX_HTML);
    f.sec_fetch_mode = "cors";
    assert_false(sso_nav_is_navigation(&f));
    f.sec_fetch_mode = "navigate";
    assert_true(sso_nav_is_navigation(&f));
}

static void documents_frames_and_fetches_are_activity(void **state)
{
    static const char *const yes[] = {"document", "iframe", "frame", "empty", NULL};
    static const char *const no[] = {"image", "style", "script", "font", "manifest", "serviceworker", "worker", NULL};
    (void)state;
    for (const char *const *d = yes; *d; d++) {
        sso_nav_facts_t f = plain("*/*");
        f.sec_fetch_dest = *d;
        assert_true(sso_nav_is_activity(&f));
    }
    for (const char *const *d = no; *d; d++) {
        sso_nav_facts_t f = plain("*/*");
        f.sec_fetch_dest = *d;
        assert_false(sso_nav_is_activity(&f));
    }
}

static void without_fetch_metadata_parts_are_told_by_accept(void **state)
{
    static const char *const yes[] = {FIREFOX_HTML, "*/*", "application/json", NULL};
    static const char *const no[] = {
        "image/avif,image/webp,*/*", "text/css,*/*;q=0.1",     "font/woff2", "application/font-woff",
        "text/javascript",           "Application/JavaScript", NULL};
    (void)state;
    for (const char *const *a = yes; *a; a++) {
        sso_nav_facts_t f = plain(*a);
        assert_true(sso_nav_is_activity(&f));
    }
    for (const char *const *a = no; *a; a++) {
        sso_nav_facts_t f = plain(*a);
        assert_false(sso_nav_is_activity(&f));
    }
    sso_nav_facts_t none = plain(NULL);
    assert_true(sso_nav_is_activity(&none));
}

static void a_person_or_a_script_of_the_site_asks_deliberately(void **state)
{
    static const char *const own[] = {"same-origin", "same-site", "none", NULL};
    (void)state;
    sso_nav_facts_t f = document();
    f.sec_fetch_site = "cross-site";
    assert_true(sso_nav_is_deliberate(&f));
    for (const char *const *s = own; *s; s++) {
        f.sec_fetch_dest = "empty";
        f.sec_fetch_site = *s;
        assert_true(sso_nav_is_deliberate(&f));
        f.sec_fetch_dest = "iframe";
        assert_true(sso_nav_is_deliberate(&f));
    }
    sso_nav_facts_t old = plain(NULL);
    assert_true(sso_nav_is_deliberate(&old));
}

static void parts_prefetches_and_other_sites_do_not_ask(void **state)
{
    static const char *const parts[] = {"image", "script", "style", "font", "object", "embed", "audio", "", NULL};
    static const char *const foreign[] = {"empty", "iframe", "frame", NULL};
    (void)state;
    for (const char *const *p = parts; **p; p++) {
        sso_nav_facts_t f = document();
        f.sec_fetch_dest = *p;
        f.sec_fetch_site = "same-origin";
        assert_false(sso_nav_is_deliberate(&f));
    }
    for (const char *const *p = foreign; *p; p++) {
        sso_nav_facts_t f = document();
        f.sec_fetch_dest = *p;
        f.sec_fetch_site = "cross-site";
        assert_false(sso_nav_is_deliberate(&f));
    }
    sso_nav_facts_t prefetch = document();
    prefetch.sec_purpose = "prefetch";
    assert_false(sso_nav_is_deliberate(&prefetch));
    sso_nav_facts_t old = plain(NULL);
    old.sec_purpose = "prefetch";
    assert_false(sso_nav_is_deliberate(&old));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(a_document_is_a_navigation),
        unit_test(only_get_and_head_are_redirected),
        unit_test(parts_of_a_page_are_no_navigation),
        unit_test(prefetch_and_upgrade_are_no_navigation),
        unit_test(without_fetch_metadata_accept_decides),
        unit_test(a_script_that_says_so_is_no_navigation),
        unit_test(documents_frames_and_fetches_are_activity),
        unit_test(without_fetch_metadata_parts_are_told_by_accept),
        unit_test(a_person_or_a_script_of_the_site_asks_deliberately),
        unit_test(parts_prefetches_and_other_sites_do_not_ask),
    };
    return unit_run(tests);
}

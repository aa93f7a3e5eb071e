/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_strings.h>

#include "oidc/refresh.h"

#define SEC(n) apr_time_from_sec(n)

static sso_session_t session_of(apr_time_t lifetime)
{
    sso_session_t session = {.created = UNIT_NOW, .expires = UNIT_NOW + SEC(86400), .provider = "default", .sub = "alice"};
    memset(session.id, 0x42, sizeof(session.id));
    session.token_expires = lifetime ? UNIT_NOW + lifetime : 0;
    session.tokens[SSO_TOKEN_ACCESS] = "access-0";
    session.tokens[SSO_TOKEN_REFRESH] = "refresh-0";
    session.tokens[SSO_TOKEN_NONCE] = "nonce-0";
    return session;
}

static sso_refresh_t state_of(apr_time_t lifetime)
{
    sso_session_t session = session_of(lifetime);
    sso_refresh_t state;
    sso_refresh_begin(&session, &state);
    return state;
}

static void a_refresh_is_due_a_while_before_the_expiry(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(SEC(3600));
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(3539), 60), SSO_REFRESH_USE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(3540), 60), SSO_REFRESH_DUE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(3600) - 1, 60), SSO_REFRESH_DUE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(3600), 60), SSO_REFRESH_MUST);
}

static void a_short_token_is_not_refreshed_in_its_first_half(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(SEC(30));
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(14), 60), SSO_REFRESH_USE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(15), 60), SSO_REFRESH_DUE);
}

static void without_expiry_or_refresh_token_nothing_is_due(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(0);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(999999), 60), SSO_REFRESH_USE);
    s = state_of(SEC(10));
    s.tokens[SSO_TOKEN_REFRESH] = NULL;
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(999999), 60), SSO_REFRESH_USE);
}

static void tokens_that_come_expired_do_not_make_a_loop(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(-SEC(30)); /* an ID Token within the clock skew */
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW, 60), SSO_REFRESH_USE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(SSO_REFRESH_REST) - 1, 60), SSO_REFRESH_USE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(SSO_REFRESH_REST), 60), SSO_REFRESH_MUST);
}

static void a_clock_that_was_set_back_does_not_stop_refreshing(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(-SEC(7200));
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW - SEC(3600), 60), SSO_REFRESH_MUST);
}

static void a_failure_rests_longer_each_time(void **unused)
{
    static const int waits[] = {5, 10, 20, 40, 60, 60};
    (void)unused;
    sso_refresh_t s = state_of(SEC(100));
    apr_time_t now = UNIT_NOW + SEC(50);
    for (int i = 0; i < 6; i++) {
        sso_refresh_fail(&s, NULL, -1, now, &s);
        assert_int_equal(s.not_before - now, SEC(waits[i]));
        assert_int_equal(s.failures, i + 1);
    }
    assert_int_equal(s.serial, 0);
    assert_string_equal(s.tokens[SSO_TOKEN_REFRESH], "refresh-0");
}

static void meanwhile_the_old_token_is_used_and_then_refused(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(SEC(100));
    sso_refresh_fail(&s, NULL, 90, UNIT_NOW + SEC(60), &s);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(99), 60), SSO_REFRESH_USE);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(100), 60), SSO_REFRESH_REFUSE);
    assert_int_equal(sso_refresh_wait(&s, UNIT_NOW + SEC(100)), 51);
    assert_int_equal(sso_refresh_decide(&s, UNIT_NOW + SEC(150), 60), SSO_REFRESH_MUST);
    assert_int_equal(sso_refresh_wait(&s, UNIT_NOW + SEC(150)), 1);
}

static void a_retry_after_counts_within_reason(void **unused)
{
    (void)unused;
    sso_refresh_t s = state_of(SEC(100)), next;
    sso_refresh_fail(&s, NULL, 120, UNIT_NOW, &next);
    assert_int_equal(next.not_before, UNIT_NOW + SEC(120));
    sso_refresh_fail(&s, NULL, 2000000000, UNIT_NOW, &next);
    assert_int_equal(next.not_before, UNIT_NOW + SEC(SSO_REFRESH_RETRY_MAX));
    sso_refresh_fail(&s, NULL, 0, UNIT_NOW, &next);
    assert_int_equal(next.not_before, UNIT_NOW + SEC(SSO_REFRESH_BACKOFF));
    next.not_before = UNIT_NOW + SEC(1000000);
    assert_int_equal(sso_refresh_wait(&next, UNIT_NOW), SSO_REFRESH_RETRY_MAX);
}

static void an_answer_replaces_what_it_brings(void **unused)
{
    const sso_tokens_t tokens = {.access_token = "access-1", .refresh_token = "refresh-1", .expires_in = 600};
    (void)unused;
    sso_refresh_t s = state_of(SEC(100)), next;
    s.failures = 3;
    s.not_before = UNIT_NOW;
    sso_refresh_accept(&s, &tokens, NULL, 1u << SSO_TOKEN_ACCESS, UNIT_NOW + SEC(80), &next);
    assert_string_equal(next.tokens[SSO_TOKEN_ACCESS], "access-1");
    assert_string_equal(next.tokens[SSO_TOKEN_REFRESH], "refresh-1");
    assert_int_equal(next.expires, UNIT_NOW + SEC(680));
    assert_int_equal(next.obtained, UNIT_NOW + SEC(80));
    assert_int_equal(next.failures, 0);
    assert_int_equal(next.not_before, 0);
    assert_int_equal(next.serial, 1);
    assert_true(sso_refresh_is_newer(&next, &s));
    assert_false(sso_refresh_is_newer(&s, &next));
    assert_false(sso_refresh_is_newer(&s, &s));
}

static void a_refresh_token_that_is_not_replaced_stays(void **unused)
{
    const sso_tokens_t tokens = {.access_token = "access-1", .expires_in = -1};
    (void)unused;
    sso_refresh_t s = state_of(SEC(100)), next;
    sso_refresh_accept(&s, &tokens, NULL, 1u << SSO_TOKEN_ACCESS, UNIT_NOW, &next);
    assert_string_equal(next.tokens[SSO_TOKEN_REFRESH], "refresh-0");
    assert_int_equal(next.expires, 0);
    assert_int_equal(sso_refresh_decide(&next, UNIT_NOW + SEC(999999), 60), SSO_REFRESH_USE);
}

static void the_token_that_expires_first_counts(void **unused)
{
    const sso_tokens_t tokens = {.access_token = "a", .id_token = "i", .expires_in = 600};
    sso_idtoken_t id = {.exp = UNIT_NOW + SEC(300)};
    const unsigned access = 1u << SSO_TOKEN_ACCESS, both = access | 1u << SSO_TOKEN_ID;
    (void)unused;
    sso_refresh_t s = state_of(SEC(100)), next;
    sso_refresh_accept(&s, &tokens, &id, both, UNIT_NOW, &next);
    assert_int_equal(next.expires, UNIT_NOW + SEC(300));
    assert_string_equal(next.tokens[SSO_TOKEN_ID], "i");
    id.exp = UNIT_NOW + SEC(900);
    sso_refresh_accept(&s, &tokens, &id, both, UNIT_NOW, &next);
    assert_int_equal(next.expires, UNIT_NOW + SEC(600));
    sso_refresh_accept(&s, &tokens, &id, 1u << SSO_TOKEN_ID, UNIT_NOW, &next);
    assert_int_equal(next.expires, UNIT_NOW + SEC(900));
    assert_string_equal(next.tokens[SSO_TOKEN_ACCESS], "access-0");
    sso_refresh_accept(&s, &tokens, &id, access, UNIT_NOW, &next);
    assert_null(next.tokens[SSO_TOKEN_ID]);
}

static void an_answer_that_cannot_be_used_still_spent_the_refresh_token(void **unused)
{
    const sso_tokens_t tokens = {.access_token = "bad", .refresh_token = "refresh-1", .expires_in = 600};
    (void)unused;
    sso_refresh_t s = state_of(SEC(100)), next;
    sso_refresh_fail(&s, &tokens, -1, UNIT_NOW, &next);
    assert_string_equal(next.tokens[SSO_TOKEN_REFRESH], "refresh-1");
    assert_string_equal(next.tokens[SSO_TOKEN_ACCESS], "access-0");
    assert_int_equal(next.expires, s.expires);
    assert_true(sso_refresh_is_newer(&next, &s));
}

static int is_end(const char *reason, int status)
{
    sso_err_t err = SSO_ERR_INIT;
    (void)sso_err_set(&err, SSO_E_PROVIDER, reason, "x");
    return sso_refresh_is_end(&err, status);
}

static void only_a_refused_grant_or_another_person_ends_it(void **unused)
{
    (void)unused;
    assert_true(is_end("token-invalid-grant", 400));
    assert_true(is_end("token-invalid-grant", 200));
    assert_true(is_end("idt-sub-changed", 200));
    assert_false(is_end("token-invalid-grant", 502));
    assert_false(is_end("token-invalid-client", 401));
    assert_false(is_end("token-server-error", 400));
    assert_false(is_end("fetch-timeout", 0));
    assert_false(is_end("idt-nonce", 200));
}

static void an_id_token_is_held_against_the_login(void **unused)
{
    sso_session_t session = session_of(SEC(100));
    const sso_tokens_t tokens = {.access_token = "access-1"};
    sso_idtoken_expect_t expect = {.nonce = "x"};
    (void)unused;
    sso_refresh_expect(&session, &tokens, &expect);
    assert_null(expect.nonce);
    assert_string_equal(expect.old_nonce, "nonce-0");
    assert_string_equal(expect.sub, "alice");
    assert_string_equal(expect.access_token, "access-1");
    assert_null(expect.demand);
}

static void only_the_tokens_of_a_session_change(void **unused)
{
    sso_session_t session = session_of(SEC(100)), out;
    sso_refresh_t s = state_of(SEC(500));
    (void)unused;
    s.tokens[SSO_TOKEN_ACCESS] = "access-1";
    sso_refresh_apply(&session, &s, &out);
    assert_string_equal(out.tokens[SSO_TOKEN_ACCESS], "access-1");
    assert_string_equal(out.tokens[SSO_TOKEN_NONCE], "nonce-0");
    assert_int_equal(out.token_expires, UNIT_NOW + SEC(500));
    assert_int_equal(out.expires, session.expires);
    assert_string_equal(out.sub, "alice");
}

static void a_state_survives_the_trip(void **unused)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_refresh_t in = state_of(SEC(100)), out;
    unsigned char *bytes;
    apr_size_t len;
    (void)unused;
    in.serial = 7;
    in.failures = 2;
    in.not_before = UNIT_NOW + 5;
    unit_assert_ok(sso_refresh_encode(unit_pool, &in, &bytes, &len, &err));
    unit_assert_ok(sso_refresh_decode(bytes, len, in.id, &out, &err));
    assert_int_equal(out.serial, 7);
    assert_int_equal(out.failures, 2);
    assert_int_equal(out.obtained, in.obtained);
    assert_int_equal(out.expires, in.expires);
    assert_int_equal(out.not_before, in.not_before);
    assert_memory_equal(out.id, in.id, sizeof(in.id));
    assert_null(out.tokens[SSO_TOKEN_ID]);
    assert_string_equal(out.tokens[SSO_TOKEN_ACCESS], "access-0");
    assert_string_equal(out.tokens[SSO_TOKEN_REFRESH], "refresh-0");
}

static void every_cut_or_longer_entry_is_malformed(void **unused)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_refresh_t in = state_of(SEC(100)), out;
    unsigned char *bytes;
    apr_size_t len;
    (void)unused;
    unit_assert_ok(sso_refresh_encode(unit_pool, &in, &bytes, &len, &err));
    for (apr_size_t n = 0; n < len; n++) {
        unsigned char *cut = apr_pmemdup(unit_pool, bytes, n ? n : 1);
        unit_assert_err(sso_refresh_decode(cut, n, in.id, &out, &err), SSO_E_SYNTAX, "refresh-malformed");
    }
    unit_assert_err(sso_refresh_decode(bytes, len + 1, in.id, &out, &err), SSO_E_SYNTAX, "refresh-malformed");
}

static void entries_of_another_kind_or_session_are_refused(void **unused)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_refresh_t in = state_of(SEC(100)), out;
    sso_session_t session = session_of(SEC(100));
    unsigned char *bytes, other[SSO_SESSION_ID_LEN] = {1};
    apr_size_t len;
    (void)unused;
    unit_assert_ok(sso_refresh_encode(unit_pool, &in, &bytes, &len, &err));
    unit_assert_err(sso_refresh_decode(bytes, len, other, &out, &err), SSO_E_MISMATCH, "refresh-session");
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &session, &err), SSO_E_UNSUPPORTED,
                    "session-version");
    session = session_of(SEC(100));
    unit_assert_ok(sso_session_encode(unit_pool, &session, &bytes, &len, &err));
    unit_assert_err(sso_refresh_decode(bytes, len, session.id, &out, &err), SSO_E_SYNTAX, "refresh-malformed");
}

static void a_token_beyond_the_limit_is_refused(void **unused)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_refresh_t in = state_of(SEC(100));
    unsigned char *bytes;
    apr_size_t len;
    char *huge = apr_palloc(unit_pool, SSO_SESSION_BYTES_MAX + 2);
    (void)unused;
    memset(huge, 'x', SSO_SESSION_BYTES_MAX + 1);
    huge[SSO_SESSION_BYTES_MAX + 1] = '\0';
    in.tokens[SSO_TOKEN_ACCESS] = huge;
    unit_assert_err(sso_refresh_encode(unit_pool, &in, &bytes, &len, &err), SSO_E_LIMIT, "refresh-too-large");
    in.tokens[SSO_TOKEN_ACCESS] = huge + 2;
    unit_assert_err(sso_refresh_encode(unit_pool, &in, &bytes, &len, &err), SSO_E_LIMIT, "refresh-too-large");
}

static void each_session_has_a_place_of_its_own(void **unused)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char a[SSO_SESSION_ID_LEN] = {1}, b[SSO_SESSION_ID_LEN] = {2}, key[3][SSO_REFRESH_KEY_LEN];
    (void)unused;
    unit_assert_ok(sso_refresh_key(a, key[0], &err));
    unit_assert_ok(sso_refresh_key(b, key[1], &err));
    unit_assert_ok(sso_refresh_key(a, key[2], &err));
    assert_memory_equal(key[0], key[2], SSO_REFRESH_KEY_LEN);
    assert_memory_not_equal(key[0], key[1], SSO_REFRESH_KEY_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(a_refresh_is_due_a_while_before_the_expiry),
        unit_test(a_short_token_is_not_refreshed_in_its_first_half),
        unit_test(without_expiry_or_refresh_token_nothing_is_due),
        unit_test(tokens_that_come_expired_do_not_make_a_loop),
        unit_test(a_clock_that_was_set_back_does_not_stop_refreshing),
        unit_test(a_failure_rests_longer_each_time),
        unit_test(meanwhile_the_old_token_is_used_and_then_refused),
        unit_test(a_retry_after_counts_within_reason),
        unit_test(an_answer_replaces_what_it_brings),
        unit_test(a_refresh_token_that_is_not_replaced_stays),
        unit_test(the_token_that_expires_first_counts),
        unit_test(an_answer_that_cannot_be_used_still_spent_the_refresh_token),
        unit_test(only_a_refused_grant_or_another_person_ends_it),
        unit_test(an_id_token_is_held_against_the_login),
        unit_test(only_the_tokens_of_a_session_change),
        unit_test(a_state_survives_the_trip),
        unit_test(every_cut_or_longer_entry_is_malformed),
        unit_test(entries_of_another_kind_or_session_are_refused),
        unit_test(a_token_beyond_the_limit_is_refused),
        unit_test(each_session_has_a_place_of_its_own),
    };
    return unit_run(tests);
}

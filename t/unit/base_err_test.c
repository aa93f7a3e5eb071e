/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: the first one wins, details are printable, a failure is never "ok". */
#include "unit.h"

#include "base/err.h"

static void the_first_error_wins(void **state)
{
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    assert_int_equal(sso_err_set(&err, SSO_E_KEY, "deep", "key %d", 7), SSO_E_KEY);
    assert_int_equal(sso_err_set(&err, SSO_E_INTERNAL, "shallow", "later"), SSO_E_INTERNAL);
    assert_int_equal(err.rc, SSO_E_KEY);
    assert_string_equal(err.reason, "deep");
    assert_string_equal(err.detail, "key 7");
    assert_non_null(strstr(err.file, "base_err_test.c"));
    assert_true(err.line > 0);
}

static void a_cleared_error_can_be_set_again(void **state)
{
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    (void)sso_err_set(&err, SSO_E_KEY, "one", "1");
    sso_err_clear(&err);
    assert_int_equal(err.rc, SSO_OK);
    assert_string_equal(err.reason, "");
    assert_string_equal(err.detail, "");
    (void)sso_err_set(&err, SSO_E_LIMIT, "two", "2");
    assert_string_equal(err.reason, "two");
    sso_err_clear(NULL);
}

static void a_failure_that_claims_to_be_ok_denies(void **state)
{
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    assert_int_equal(sso_err_set(&err, SSO_OK, "oops", "x"), SSO_E_INTERNAL);
    assert_int_equal(err.rc, SSO_E_INTERNAL);
}

static void no_error_struct_still_returns_the_class(void **state)
{
    (void)state;
    assert_int_equal(sso_err_set(NULL, SSO_E_DENIED, "x", "y"), SSO_E_DENIED);
}

static void outside_text_cannot_forge_a_log_line(void **state)
{
    sso_err_t err = SSO_ERR_INIT;

    (void)state;
    (void)sso_err_set(&err, SSO_E_SYNTAX, "x", "a%sb", "\r\n[error]\t\x1b[31m\x7f\xc3\xa9");
    assert_string_equal(err.detail, "a??[error]??[31m???b");
}

static void what_others_repeat_of_a_secret_is_blanked(void **state)
{
    static const char code[] = "code-0123456789";
    const struct {
        const char *said;
        const char *shown;
    } cases[] = {
        {"code-0123456789", "***************"},
        {"no code-0123456789, nor code-0123456789!", "no ***************, nor ***************!"},
        {"cut: code-0123", "cut: *********"},
        {"the code-word stays", "the code-word stays"},
        {"code-", "code-"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sso_err_t err = SSO_ERR_INIT;
        (void)sso_err_set(&err, SSO_E_PROVIDER, "x", "%s", cases[i].said);
        sso_err_hide(&err, code);
        assert_string_equal(err.detail, cases[i].shown);
    }
    sso_err_t err = SSO_ERR_INIT;
    (void)sso_err_set(&err, SSO_E_PROVIDER, "x", "pin 4711, a b c");
    sso_err_hide(&err, "4711");
    sso_err_hide(&err, "abc");
    sso_err_hide(&err, "a b");
    sso_err_hide(&err, "");
    sso_err_hide(&err, NULL);
    sso_err_hide(NULL, code);
    assert_string_equal(err.detail, "pin ****, a b c");
}

static void a_long_detail_is_cut_visibly(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    char text[SSO_ERR_DETAIL_MAX + 1];

    (void)state;
    memset(text, 'x', SSO_ERR_DETAIL_MAX);
    text[SSO_ERR_DETAIL_MAX] = '\0';
    (void)sso_err_set(&err, SSO_E_SYNTAX, "x", "%s", text);
    assert_int_equal(strlen(err.detail), SSO_ERR_DETAIL_MAX - 1);
    assert_string_equal(err.detail + SSO_ERR_DETAIL_MAX - 5, "x...");
    sso_err_clear(&err);
    (void)sso_err_set(&err, SSO_E_SYNTAX, "x", "%s", text + 1);
    assert_int_equal(strlen(err.detail), SSO_ERR_DETAIL_MAX - 1);
    assert_string_equal(err.detail + SSO_ERR_DETAIL_MAX - 3, "xx");
}

static void every_class_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = SSO_OK; i <= SSO_E_INTERNAL; i++) {
        assert_true(strlen(sso_rc_name((sso_rc_t)i)) > 1);
        assert_string_not_equal(sso_rc_name((sso_rc_t)i), "unknown");
        for (int j = SSO_OK; j < i; j++)
            assert_string_not_equal(sso_rc_name((sso_rc_t)i), sso_rc_name((sso_rc_t)j));
    }
    assert_string_equal(sso_rc_name((sso_rc_t)(SSO_E_INTERNAL + 1)), "unknown");
}

static sso_rc_t passes_on(sso_rc_t rc, int *reached)
{
    SSO_TRY(rc);
    *reached = 1;
    return SSO_OK;
}

static void try_leaves_with_the_callees_failure(void **state)
{
    int reached = 0;

    (void)state;
    assert_int_equal(passes_on(SSO_E_BUSY, &reached), SSO_E_BUSY);
    assert_int_equal(reached, 0);
    assert_int_equal(passes_on(SSO_OK, &reached), SSO_OK);
    assert_int_equal(reached, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(the_first_error_wins),
        unit_test(a_cleared_error_can_be_set_again),
        unit_test(a_failure_that_claims_to_be_ok_denies),
        unit_test(no_error_struct_still_returns_the_class),
        unit_test(outside_text_cannot_forge_a_log_line),
        unit_test(what_others_repeat_of_a_secret_is_blanked),
        unit_test(a_long_detail_is_cut_visibly),
        unit_test(every_class_has_a_word_of_its_own),
        unit_test(try_leaves_with_the_callees_failure),
    };
    return unit_run(tests);
}

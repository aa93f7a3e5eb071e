/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "oidc/fresh.h"

#define SEC(n) apr_time_from_sec(n)

static void lifetime_is_an_hour_when_the_provider_says_nothing(void **state)
{
    (void)state;
    assert_int_equal(sso_fresh_lifetime(NULL), 3600);
    assert_int_equal(sso_fresh_lifetime(""), 3600);
    assert_int_equal(sso_fresh_lifetime("public, must-revalidate"), 3600);
    assert_int_equal(sso_fresh_lifetime("s-maxage=900"), 3600);
    assert_int_equal(sso_fresh_lifetime("x-max-age=900"), 3600);
    assert_int_equal(sso_fresh_lifetime("max-ages=900"), 3600);
}

static void lifetime_follows_max_age(void **state)
{
    (void)state;
    assert_int_equal(sso_fresh_lifetime("max-age=900"), 900);
    assert_int_equal(sso_fresh_lifetime("public,Max-Age=900 , foo"), 900);
    assert_int_equal(sso_fresh_lifetime("public, max-age=\"901\""), 901);
    assert_int_equal(sso_fresh_lifetime(",,,\tmax-age=1200,,"), 1200);
}

static void lifetime_has_a_floor_of_five_minutes(void **state)
{
    (void)state;
    assert_int_equal(sso_fresh_lifetime("max-age=0"), 300);
    assert_int_equal(sso_fresh_lifetime("max-age=299"), 300);
    assert_int_equal(sso_fresh_lifetime("max-age=301"), 301);
    assert_int_equal(sso_fresh_lifetime("no-store"), 300);
    assert_int_equal(sso_fresh_lifetime("no-cache, max-age=3600"), 300);
    assert_int_equal(sso_fresh_lifetime("max-age"), 300);
    assert_int_equal(sso_fresh_lifetime("max-age=abc"), 300);
    assert_int_equal(sso_fresh_lifetime("max-age=-5"), 300);
}

static void lifetime_has_a_cap_of_a_day_and_does_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(sso_fresh_lifetime("max-age=86400"), 86400);
    assert_int_equal(sso_fresh_lifetime("max-age=86401"), 86400);
    assert_int_equal(sso_fresh_lifetime("max-age=99999999999999999999999999"), 86400);
}

static void contradicting_lifetimes_take_the_shorter(void **state)
{
    (void)state;
    assert_int_equal(sso_fresh_lifetime("max-age=4000, max-age=700"), 700);
    assert_int_equal(sso_fresh_lifetime("max-age=700, max-age=4000"), 700);
}

static void a_stamp_goes_from_good_to_due_to_expired_to_dead(void **state)
{
    (void)state;
    sso_fresh_t f = sso_fresh_stamp(UNIT_NOW, "max-age=1000", 0);
    assert_true(f.due == UNIT_NOW + SEC(700));
    assert_true(f.expires == UNIT_NOW + SEC(1000));
    assert_int_equal(sso_fresh_state(&f, UNIT_NOW), SSO_FRESH_GOOD);
    assert_int_equal(sso_fresh_state(&f, f.due - 1), SSO_FRESH_GOOD);
    assert_int_equal(sso_fresh_state(&f, f.due), SSO_FRESH_DUE);
    assert_int_equal(sso_fresh_state(&f, f.expires - 1), SSO_FRESH_DUE);
    assert_int_equal(sso_fresh_state(&f, f.expires), SSO_FRESH_EXPIRED);
    assert_int_equal(sso_fresh_state(&f, f.expires + SEC(SSO_FRESH_GRACE) - 1), SSO_FRESH_EXPIRED);
    assert_int_equal(sso_fresh_state(&f, f.expires + SEC(SSO_FRESH_GRACE)), SSO_FRESH_DEAD);
}

static void the_spread_stays_between_70_and_90_percent(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5000; i += 7) {
        sso_fresh_t f = sso_fresh_stamp(UNIT_NOW, "max-age=1000", i);
        assert_true(f.due >= UNIT_NOW + SEC(700) && f.due < UNIT_NOW + SEC(900));
    }
    assert_true(sso_fresh_stamp(UNIT_NOW, "max-age=1000", 999).due > UNIT_NOW + SEC(899));
}

static void a_stamp_of_the_future_is_expired_not_good(void **state)
{
    (void)state;
    sso_fresh_t f = sso_fresh_stamp(UNIT_NOW + SEC(301), "", 0);
    assert_int_equal(sso_fresh_state(&f, UNIT_NOW), SSO_FRESH_EXPIRED);
    f = sso_fresh_stamp(UNIT_NOW + SEC(300), "", 0);
    assert_int_equal(sso_fresh_state(&f, UNIT_NOW), SSO_FRESH_GOOD);
}

static void a_stamp_from_disk_must_be_possible(void **state)
{
    (void)state;
    sso_fresh_t f = sso_fresh_stamp(UNIT_NOW, "max-age=86400", 5);
    assert_true(sso_fresh_is_sane(&f));
    sso_fresh_t bad = f;
    bad.expires = f.fetched + SEC(86401);
    assert_false(sso_fresh_is_sane(&bad));
    bad = f;
    bad.due = f.expires + 1;
    assert_false(sso_fresh_is_sane(&bad));
    bad = f;
    bad.due = f.fetched - 1;
    assert_false(sso_fresh_is_sane(&bad));
    bad = (sso_fresh_t){0, 0, 0};
    assert_false(sso_fresh_is_sane(&bad));
    bad = (sso_fresh_t){-5, -5, -5};
    assert_false(sso_fresh_is_sane(&bad));
    bad = (sso_fresh_t){APR_INT64_MAX, APR_INT64_MAX, APR_INT64_MAX};
    assert_false(sso_fresh_is_sane(&bad));
}

static void forged_kids_leave_one_fetch_for_the_real_rotation(void **state)
{
    (void)state;
    apr_int64_t b = 0;
    for (int minute = 0; minute < 100; minute++) {
        apr_time_t now = UNIT_NOW + SEC(60 * minute);
        while (sso_fresh_take(b, now, 0, &b)) {
        }
        apr_int64_t other = b;
        assert_true(sso_fresh_take(b, now, 1, &other));
        assert_false(sso_fresh_take(other, now, 1, &other));
        assert_false(sso_fresh_take(other, now + SEC(60), 0, &other)); /* what was taken is paid back first */
    }
}

static void the_bucket_gives_three_at_once_then_one_a_minute(void **state)
{
    (void)state;
    apr_int64_t b = 0;
    assert_true(sso_fresh_take(b, UNIT_NOW, 1, &b));
    assert_true(sso_fresh_take(b, UNIT_NOW, 1, &b));
    assert_true(sso_fresh_take(b, UNIT_NOW, 1, &b));
    apr_int64_t before = b;
    assert_false(sso_fresh_take(b, UNIT_NOW, 1, &b));
    assert_true(b == before);
    assert_false(sso_fresh_take(b, UNIT_NOW + SEC(60) - 1, 1, &b));
    assert_true(sso_fresh_take(b, UNIT_NOW + SEC(60), 1, &b));
    assert_false(sso_fresh_take(b, UNIT_NOW + SEC(60), 1, &b));
    assert_true(sso_fresh_take(b, UNIT_NOW + SEC(120), 1, &b));
}

static void the_bucket_is_full_again_after_three_minutes_and_holds_no_more(void **state)
{
    (void)state;
    apr_int64_t b = 0;
    for (int i = 0; i < 3; i++)
        assert_true(sso_fresh_take(b, UNIT_NOW, 1, &b));
    for (int i = 0; i < 3; i++)
        assert_true(sso_fresh_take(b, UNIT_NOW + SEC(4000), 1, &b));
    assert_false(sso_fresh_take(b, UNIT_NOW + SEC(4000), 1, &b));
}

static void a_clock_set_back_does_not_lock_the_bucket(void **state)
{
    (void)state;
    apr_int64_t b = 0;
    assert_true(sso_fresh_take(b, UNIT_NOW, 1, &b));
    assert_true(sso_fresh_take(b, UNIT_NOW - SEC(7200), 1, &b));
}

static void backoff_doubles_up_to_five_minutes(void **state)
{
    (void)state;
    assert_true(sso_fresh_backoff(0) == SEC(10));
    assert_true(sso_fresh_backoff(1) == SEC(10));
    assert_true(sso_fresh_backoff(2) == SEC(20));
    assert_true(sso_fresh_backoff(5) == SEC(160));
    assert_true(sso_fresh_backoff(6) == SEC(300));
    assert_true(sso_fresh_backoff(4000000000u) == SEC(300));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(forged_kids_leave_one_fetch_for_the_real_rotation),
        unit_test(lifetime_is_an_hour_when_the_provider_says_nothing),
        unit_test(lifetime_follows_max_age),
        unit_test(lifetime_has_a_floor_of_five_minutes),
        unit_test(lifetime_has_a_cap_of_a_day_and_does_not_overflow),
        unit_test(contradicting_lifetimes_take_the_shorter),
        unit_test(a_stamp_goes_from_good_to_due_to_expired_to_dead),
        unit_test(the_spread_stays_between_70_and_90_percent),
        unit_test(a_stamp_of_the_future_is_expired_not_good),
        unit_test(a_stamp_from_disk_must_be_possible),
        unit_test(the_bucket_gives_three_at_once_then_one_a_minute),
        unit_test(the_bucket_is_full_again_after_three_minutes_and_holds_no_more),
        unit_test(a_clock_set_back_does_not_lock_the_bucket),
        unit_test(backoff_doubles_up_to_five_minutes),
    };
    return unit_run(tests);
}

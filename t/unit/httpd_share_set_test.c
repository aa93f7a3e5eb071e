/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "httpd/share_set.h"

#define HOUR apr_time_from_sec(3600)
#define SID  3
#define TAG  7

static mod_sso_set_t *new_set(void)
{
    return apr_pcalloc(unit_pool, mod_sso_set_size());
}

static mod_sso_ended_t ended(unsigned n, apr_time_t until)
{
    mod_sso_ended_t e = {SID, {(unsigned char)(n >> 8), (unsigned char)n}, UNIT_NOW, until};
    return e;
}

static int add(mod_sso_set_t *set, mod_sso_ended_t e, unsigned tell)
{
    return (int)mod_sso_set_add(set, TAG, &e, tell, UNIT_NOW);
}

static sso_buf_t new_buf(void)
{
    sso_buf_t buf;
    sso_buf_init(&buf, unit_pool, 64, MOD_SSO_SET_RECORD);
    return buf;
}

static sso_buf_t bucket_of(const mod_sso_set_t *set, unsigned bucket, apr_time_t *ret_until)
{
    sso_buf_t buf = new_buf();
    mod_sso_set_write_bucket(set, TAG, bucket, UNIT_NOW, &buf, ret_until);
    assert_int_equal(sso_buf_check(&buf, "test", NULL), SSO_OK);
    return buf;
}

static sso_buf_t news_of(const mod_sso_set_t *set, const sso_buf_t *old, apr_time_t now)
{
    sso_buf_t buf = new_buf();
    mod_sso_set_write_news(set, TAG, old ? old->data : NULL, old ? old->len : 0, now, &buf);
    assert_int_equal(sso_buf_check(&buf, "test", NULL), SSO_OK);
    return buf;
}

/* Into another set; returns how many entries the record has. */
static unsigned take(mod_sso_set_t *set, const sso_buf_t *record)
{
    mod_sso_ended_t e;
    apr_time_t told;
    unsigned count = 0;
    sso_rd_t rd;

    assert_true(mod_sso_set_read_begin(&rd, record->data, record->len));
    for (; mod_sso_set_read(&rd, &e, &told); count++)
        (void)add(set, e, 0);
    assert_false(rd.bad);
    return count;
}

static void what_is_added_is_known_until_its_time_is_over(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    mod_sso_ended_t e = ended(1, UNIT_NOW + HOUR);
    assert_int_equal(add(set, e, 0), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, e, 0), MOD_SSO_SET_KNOWN);
    assert_int_equal(mod_sso_set_count(set, TAG, mod_sso_set_bucket(&e), UNIT_NOW), 1);
    assert_int_equal(mod_sso_set_count(set, TAG, mod_sso_set_bucket(&e), UNIT_NOW + HOUR), 0);
    assert_int_equal(mod_sso_set_add(set, TAG, &e, 0, UNIT_NOW + HOUR), MOD_SSO_SET_OVER);
}

static void the_later_time_and_the_later_cutoff_win(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    mod_sso_ended_t early = ended(1, UNIT_NOW + HOUR), late = early, both;
    apr_time_t until, told;
    sso_rd_t rd;

    late.until += HOUR;
    early.cutoff += 5;
    assert_int_equal(add(set, late, 0), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, early, 0), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, late, 0), MOD_SSO_SET_MORE);
    assert_int_equal(add(set, early, 0), MOD_SSO_SET_MORE);
    sso_buf_t buf = bucket_of(set, mod_sso_set_bucket(&early), &until);
    assert_true(mod_sso_set_read_begin(&rd, buf.data, buf.len));
    assert_true(mod_sso_set_read(&rd, &both, &told));
    assert_int_equal(both.until, late.until);
    assert_int_equal(both.cutoff, early.cutoff);
    assert_int_equal(until, late.until);
    assert_false(mod_sso_set_read(&rd, &both, &told));
}

static void another_kind_or_cache_is_another_entry(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    mod_sso_ended_t e = ended(1, UNIT_NOW + HOUR), f = e;
    f.kind = 4;
    assert_int_equal(add(set, e, 0), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, f, 0), MOD_SSO_SET_ADDED);
    assert_int_equal(mod_sso_set_add(set, 8, &e, 0, UNIT_NOW), MOD_SSO_SET_ADDED);
    assert_int_equal(mod_sso_set_count(set, TAG, mod_sso_set_bucket(&e), UNIT_NOW), 2);
    assert_int_equal(mod_sso_set_count(set, 8, mod_sso_set_bucket(&e), UNIT_NOW), 1);
}

static void a_kind_that_has_no_room_in_a_record_is_none(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    mod_sso_ended_t e = ended(1, UNIT_NOW + HOUR);
    e.kind = 256;
    assert_int_equal(add(set, e, 0), MOD_SSO_SET_OVER);
    e.kind = 0;
    assert_int_equal(add(set, e, 0), MOD_SSO_SET_OVER);
}

static void a_full_bucket_refuses_and_what_is_over_makes_room(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    apr_time_t until;
    for (unsigned i = 0; i < MOD_SSO_SET_PLACES; i++) /* all in one bucket: the last byte is 0 */
        assert_int_equal(add(set, ended(i, UNIT_NOW + (i == 1000 ? HOUR : 2 * HOUR)), 0), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, ended(5000, UNIT_NOW + HOUR), 0), MOD_SSO_SET_FULL);
    sso_buf_t buf = bucket_of(set, 0, &until);
    assert_int_equal(buf.len, MOD_SSO_SET_RECORD);
    assert_int_equal(take(new_set(), &buf), MOD_SSO_SET_PLACES);
    mod_sso_ended_t e = ended(5000, UNIT_NOW + 3 * HOUR), f = ended(5001, UNIT_NOW + 3 * HOUR);
    assert_int_equal(mod_sso_set_add(set, TAG, &e, 0, UNIT_NOW + HOUR), MOD_SSO_SET_ADDED);
    assert_int_equal(mod_sso_set_add(set, TAG, &f, 0, UNIT_NOW + HOUR), MOD_SSO_SET_FULL);
}

static void two_that_overwrite_each_other_end_with_the_same(void **state)
{
    (void)state;
    mod_sso_set_t *a = new_set(), *b = new_set();
    apr_time_t until;
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(add(i % 2 ? a : b, ended(i, UNIT_NOW + HOUR), 0), MOD_SSO_SET_ADDED);
    sso_buf_t of_a = bucket_of(a, 0, &until);
    assert_int_equal(take(b, &of_a), 10);
    sso_buf_t of_b = bucket_of(b, 0, &until); /* written over the one of a, which was gone for b had it come first */
    assert_int_equal(take(a, &of_b), 20);
    assert_int_equal(mod_sso_set_count(a, TAG, 0, UNIT_NOW), 20);
    assert_int_equal(mod_sso_set_count(b, TAG, 0, UNIT_NOW), 20);
}

static void news_are_told_until_they_are_confirmed(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set(), *other = new_set();
    mod_sso_ended_t e = ended(1, UNIT_NOW + HOUR);
    e.key[15] = 9;
    assert_int_equal(add(set, e, 3), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, ended(2, UNIT_NOW + HOUR), 0), MOD_SSO_SET_ADDED);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) == 1u << 9);
    assert_true(mod_sso_set_untold(set, 8, UNIT_NOW) == 0);
    sso_buf_t news = news_of(set, NULL, UNIT_NOW);
    assert_int_equal(mod_sso_set_told(set, TAG, UNIT_NOW), 0);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) != 0);
    assert_int_equal(take(other, &news), 1);
    assert_true(mod_sso_set_untold(other, TAG, UNIT_NOW) == 0);
    mod_sso_set_confirm(set, TAG, &e);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) == 0);
}

static void news_that_nobody_reads_back_are_told_a_few_times(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    assert_int_equal(add(set, ended(1, UNIT_NOW + HOUR), 2), MOD_SSO_SET_ADDED);
    assert_int_equal(mod_sso_set_told(set, TAG, UNIT_NOW), 0);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) != 0);
    assert_int_equal(mod_sso_set_told(set, TAG, UNIT_NOW), 1);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) == 0);
    assert_int_equal(mod_sso_set_told(set, TAG, UNIT_NOW), 0);
}

static void news_that_had_no_room_are_told_later(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set(), *other = new_set();
    for (unsigned i = 0; i < MOD_SSO_SET_NEWS + 10; i++)
        assert_int_equal(add(set, ended(i, UNIT_NOW + HOUR), 1), MOD_SSO_SET_ADDED);
    sso_buf_t first = news_of(set, NULL, UNIT_NOW);
    assert_int_equal(mod_sso_set_told(set, TAG, UNIT_NOW), MOD_SSO_SET_NEWS);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) != 0);
    sso_buf_t second = news_of(set, NULL, UNIT_NOW);
    assert_int_equal(take(other, &first) + take(other, &second), MOD_SSO_SET_NEWS + 10);
    assert_int_equal(mod_sso_set_count(other, TAG, 0, UNIT_NOW), MOD_SSO_SET_NEWS + 10);
    assert_int_equal(mod_sso_set_told(set, TAG, UNIT_NOW), 10);
}

static void what_reaches_further_is_not_confirmed_by_what_does_not(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    mod_sso_ended_t e = ended(1, UNIT_NOW + HOUR), later = e;
    later.cutoff++;
    assert_int_equal(add(set, e, 3), MOD_SSO_SET_ADDED);
    assert_int_equal(add(set, later, 3), MOD_SSO_SET_ADDED);
    mod_sso_set_confirm(set, TAG, &e);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) != 0);
    mod_sso_set_confirm(set, TAG, &later);
    assert_true(mod_sso_set_untold(set, TAG, UNIT_NOW) == 0);
}

static void news_keep_those_of_others_for_two_minutes(void **state)
{
    (void)state;
    mod_sso_set_t *a = new_set(), *b = new_set();
    assert_int_equal(add(a, ended(1, UNIT_NOW + HOUR), 3), MOD_SSO_SET_ADDED);
    assert_int_equal(add(b, ended(2, UNIT_NOW + HOUR), 3), MOD_SSO_SET_ADDED);
    sso_buf_t first = news_of(a, NULL, UNIT_NOW);
    sso_buf_t soon = news_of(b, &first, UNIT_NOW + MOD_SSO_SET_NEWS_TIME - 1);
    assert_int_equal(take(new_set(), &soon), 2);
    sso_buf_t late = news_of(b, &first, UNIT_NOW + MOD_SSO_SET_NEWS_TIME);
    assert_int_equal(take(new_set(), &late), 1);
    sso_buf_t wrong_clock = news_of(b, &first, UNIT_NOW - MOD_SSO_SET_NEWS_TIME);
    assert_int_equal(take(new_set(), &wrong_clock), 1);
}

static void news_are_bounded_and_the_newest_come_first(void **state)
{
    (void)state;
    mod_sso_set_t *a = new_set(), *b = new_set();
    for (unsigned i = 0; i < MOD_SSO_SET_NEWS + 10; i++)
        assert_int_equal(add(a, ended(i, UNIT_NOW + HOUR), 3), MOD_SSO_SET_ADDED);
    sso_buf_t many = news_of(a, NULL, UNIT_NOW);
    assert_int_equal(take(new_set(), &many), MOD_SSO_SET_NEWS);
    mod_sso_ended_t e = ended(9000, UNIT_NOW + HOUR);
    assert_int_equal(add(b, e, 3), MOD_SSO_SET_ADDED);
    sso_buf_t more = news_of(b, &many, UNIT_NOW);
    mod_sso_set_t *reader = new_set();
    assert_int_equal(take(reader, &more), MOD_SSO_SET_NEWS);
    assert_int_equal(add(reader, e, 0), MOD_SSO_SET_KNOWN);
}

static void what_is_no_record_is_not_read(void **state)
{
    (void)state;
    mod_sso_set_t *set = new_set();
    mod_sso_ended_t e;
    apr_time_t until, told;
    sso_rd_t rd;

    assert_int_equal(add(set, ended(1, UNIT_NOW + HOUR), 0), MOD_SSO_SET_ADDED);
    sso_buf_t buf = bucket_of(set, 0, &until);
    assert_false(mod_sso_set_read_begin(&rd, buf.data, 0));
    for (apr_size_t len = 2; len < buf.len; len++) { /* cut off */
        assert_true(mod_sso_set_read_begin(&rd, buf.data, len));
        assert_false(mod_sso_set_read(&rd, &e, &told));
        assert_true(rd.bad);
    }
    buf.data[0] = 2; /* of another version */
    assert_false(mod_sso_set_read_begin(&rd, buf.data, buf.len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(what_is_added_is_known_until_its_time_is_over),
        unit_test(the_later_time_and_the_later_cutoff_win),
        unit_test(another_kind_or_cache_is_another_entry),
        unit_test(a_kind_that_has_no_room_in_a_record_is_none),
        unit_test(a_full_bucket_refuses_and_what_is_over_makes_room),
        unit_test(two_that_overwrite_each_other_end_with_the_same),
        unit_test(news_are_told_until_they_are_confirmed),
        unit_test(news_that_nobody_reads_back_are_told_a_few_times),
        unit_test(news_that_had_no_room_are_told_later),
        unit_test(what_reaches_further_is_not_confirmed_by_what_does_not),
        unit_test(news_keep_those_of_others_for_two_minutes),
        unit_test(news_are_bounded_and_the_newest_come_first),
        unit_test(what_is_no_record_is_not_read),
    };
    return unit_run(tests);
}

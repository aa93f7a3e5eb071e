/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer keeps to its maximum, the reader to its end. */
#include "unit.h"

#include <string.h>

#include "base/buf.h"

static void appends_in_order_and_stays_terminated(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 0, 1000);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.data[0], 0);
    sso_buf_adds(&buf, "ab");
    sso_buf_add(&buf, "c\0d", 3);
    sso_buf_addc(&buf, 'e');
    sso_buf_addf(&buf, "-%d-%s", 42, "x");
    sso_buf_add(&buf, NULL, 0);
    assert_int_equal(buf.len, 11);
    assert_memory_equal(buf.data, "abc\0de-42-x", 12);
    unit_assert_ok(sso_buf_check(&buf, "too-long", &err));
}

static void grows_to_exactly_its_maximum(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 1, 1000);
    for (int i = 0; i < 1000; i++)
        sso_buf_addc(&buf, (unsigned char)('a' + i % 26));
    unit_assert_ok(sso_buf_check(&buf, "too-long", &err));
    assert_int_equal(buf.len, 1000);
    assert_int_equal(buf.data[999], 'a' + 999 % 26);
    assert_int_equal(buf.data[1000], 0);
    sso_buf_addc(&buf, 'x');
    unit_assert_err(sso_buf_check(&buf, "too-long", &err), SSO_E_LIMIT, "too-long");
    assert_int_equal(buf.len, 1000);
}

static void an_append_that_does_not_fit_closes_the_buffer_for_good(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 8, 8);
    sso_buf_adds(&buf, "12345");
    sso_buf_adds(&buf, "6789");
    sso_buf_addc(&buf, 'x');
    sso_buf_addf(&buf, "%d", 1);
    assert_string_equal((char *)buf.data, "12345");
    unit_assert_err(sso_buf_check(&buf, "what", &err), SSO_E_LIMIT, "what");
}

static void formatted_text_beyond_the_maximum_is_not_cut_but_refused(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 4, 4);
    sso_buf_addf(&buf, "%s", "1234");
    unit_assert_ok(sso_buf_check(&buf, "what", &err));
    sso_buf_init(&buf, unit_pool, 4, 4);
    sso_buf_addf(&buf, "%s", "12345");
    assert_int_equal(buf.len, 0);
    unit_assert_err(sso_buf_check(&buf, "what", &err), SSO_E_LIMIT, "what");
}

static void a_maximum_of_nothing_holds_nothing(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 100, 0);
    sso_buf_adds(&buf, "");
    unit_assert_ok(sso_buf_check(&buf, "what", &err));
    sso_buf_adds(&buf, "x");
    unit_assert_err(sso_buf_check(&buf, "what", &err), SSO_E_LIMIT, "what");
}

static void an_absurd_length_does_not_wrap(void **state)
{
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 10, APR_SIZE_MAX);
    sso_buf_adds(&buf, "abc");
    sso_buf_add(&buf, "x", APR_SIZE_MAX);
    assert_int_equal(buf.overflow, 1);
    sso_buf_init(&buf, unit_pool, 10, APR_SIZE_MAX);
    sso_buf_adds(&buf, "abc");
    sso_buf_add(&buf, "x", APR_SIZE_MAX - 3);
    assert_int_equal(buf.overflow, 1);
    assert_string_equal((char *)buf.data, "abc");
}

static void a_buffer_may_append_itself_while_growing(void **state)
{
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 32, 1000);
    for (int i = 0; i < 32; i++)
        sso_buf_addc(&buf, 'y');
    sso_buf_add(&buf, buf.data, buf.len);
    assert_int_equal(buf.len, 64);
    assert_int_equal(buf.data[63], 'y');
}

static void integers_are_big_endian_and_read_back(void **state)
{
    static const unsigned char want[] = {0xab, 0xcd, 0x01, 0x02, 0x03, 0x04, 0xff, 0, 0, 0, 0, 0, 0, 0x7f, 'z'};
    sso_buf_t buf;
    sso_rd_t rd;

    (void)state;
    sso_buf_init(&buf, unit_pool, 4, 100);
    sso_buf_add_u16(&buf, 0xabcd);
    sso_buf_add_u32(&buf, 0x01020304);
    sso_buf_add_u64(&buf, APR_UINT64_C(0xff0000000000007f));
    sso_buf_addc(&buf, 'z');
    assert_int_equal(buf.len, sizeof(want));
    assert_memory_equal(buf.data, want, sizeof(want));
    sso_rd_init(&rd, buf.data, buf.len);
    assert_int_equal(sso_rd_u16(&rd), 0xabcd);
    assert_int_equal(sso_rd_u32(&rd), 0x01020304);
    assert_true(sso_rd_u64(&rd) == APR_UINT64_C(0xff0000000000007f));
    assert_int_equal(sso_rd_u8(&rd), 'z');
    assert_true(rd.p == rd.end);
    assert_int_equal(rd.bad, 0);
}

static void a_length_that_does_not_fit_its_prefix_is_overflow_not_truncation(void **state)
{
    sso_buf_t buf;

    (void)state;
    sso_buf_init(&buf, unit_pool, 4, 100);
    sso_buf_add_u16(&buf, 65535);
    assert_int_equal(buf.overflow, 0);
    sso_buf_add_u16(&buf, 65536);
    assert_int_equal(buf.overflow, 1);
    assert_int_equal(buf.len, 2);
}

static void reading_past_the_end_is_bad_and_stays_bad(void **state)
{
    static const unsigned char bytes[] = {1, 2, 3};
    sso_rd_t rd;

    (void)state;
    sso_rd_init(&rd, bytes, sizeof(bytes));
    assert_int_equal(sso_rd_u16(&rd), 0x0102);
    assert_int_equal(sso_rd_u16(&rd), 0);
    assert_int_equal(rd.bad, 1);
    /* A byte is left, but after the first bad read nothing is believed any more. */
    assert_int_equal(sso_rd_u8(&rd), 0);
    assert_null(sso_rd_bytes(&rd, 0));
    sso_rd_init(&rd, bytes, sizeof(bytes));
    assert_null(sso_rd_bytes(&rd, 4));
    sso_rd_init(&rd, bytes, sizeof(bytes));
    assert_null(sso_rd_bytes(&rd, APR_SIZE_MAX));
    sso_rd_init(&rd, bytes, sizeof(bytes));
    assert_int_equal(sso_rd_u32(&rd), 0);
    assert_int_equal(rd.bad, 1);
    sso_rd_init(&rd, bytes, sizeof(bytes));
    assert_true(sso_rd_u64(&rd) == 0);
    assert_int_equal(rd.bad, 1);
}

static void bytes_are_borrowed_from_the_input(void **state)
{
    static const unsigned char bytes[] = {1, 2, 3};
    sso_rd_t rd;

    (void)state;
    sso_rd_init(&rd, bytes, sizeof(bytes));
    assert_ptr_equal(sso_rd_bytes(&rd, 3), bytes);
    assert_ptr_equal(sso_rd_bytes(&rd, 0), bytes + 3);
    assert_int_equal(rd.bad, 0);
}

static void an_empty_input_has_nothing_to_read(void **state)
{
    sso_rd_t rd;

    (void)state;
    sso_rd_init(&rd, NULL, 0);
    assert_int_equal(sso_rd_u8(&rd), 0);
    assert_int_equal(rd.bad, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(appends_in_order_and_stays_terminated),
        unit_test(grows_to_exactly_its_maximum),
        unit_test(an_append_that_does_not_fit_closes_the_buffer_for_good),
        unit_test(formatted_text_beyond_the_maximum_is_not_cut_but_refused),
        unit_test(a_maximum_of_nothing_holds_nothing),
        unit_test(an_absurd_length_does_not_wrap),
        unit_test(a_buffer_may_append_itself_while_growing),
        unit_test(integers_are_big_endian_and_read_back),
        unit_test(a_length_that_does_not_fit_its_prefix_is_overflow_not_truncation),
        unit_test(reading_past_the_end_is_bad_and_stays_bad),
        unit_test(bytes_are_borrowed_from_the_input),
        unit_test(an_empty_input_has_nothing_to_read),
    };
    return unit_run(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "httpd/share_queue.h"

#define NOW 1767225600

static mod_sso_queue_item_t item;
static unsigned at;

static mod_sso_queue_t *new_queue(void)
{
    at = 0;
    return apr_pcalloc(unit_pool, mod_sso_queue_size());
}

static void a_text_comes_back_until_it_is_removed(void **state)
{
    (void)state;
    mod_sso_queue_t *q = new_queue();
    assert_false(mod_sso_queue_next(q, 1, NOW, &at, &item));
    assert_true(mod_sso_queue_put(q, 1, "one", NOW + 10, NOW));
    assert_true(mod_sso_queue_put(q, 1, "two", NOW + 10, NOW));
    at = 0;
    assert_true(mod_sso_queue_next(q, 1, NOW, &at, &item));
    assert_string_equal(item.text, "one");
    mod_sso_queue_remove(q, &item);
    assert_true(mod_sso_queue_next(q, 1, NOW, &at, &item));
    assert_string_equal(item.text, "two");
    assert_false(mod_sso_queue_next(q, 1, NOW, &at, &item));
    at = 0;
    assert_true(mod_sso_queue_next(q, 1, NOW, &at, &item));
    assert_string_equal(item.text, "two");
}

static void a_text_is_for_one_server(void **state)
{
    (void)state;
    mod_sso_queue_t *q = new_queue();
    assert_true(mod_sso_queue_put(q, 1, "one", NOW + 10, NOW));
    assert_false(mod_sso_queue_next(q, 2, NOW, &at, &item));
}

static void what_has_expired_is_not_sent_and_makes_room(void **state)
{
    (void)state;
    mod_sso_queue_t *q = new_queue();
    for (unsigned i = 0; i < MOD_SSO_QUEUE_PLACES; i++)
        assert_true(mod_sso_queue_put(q, 1, "old", NOW + 10, NOW));
    assert_false(mod_sso_queue_put(q, 1, "new", NOW + 10, NOW));
    assert_false(mod_sso_queue_next(q, 1, NOW + 10, &at, &item));
    assert_true(mod_sso_queue_put(q, 1, "new", NOW + 20, NOW + 10));
    at = 0;
    assert_true(mod_sso_queue_next(q, 1, NOW + 10, &at, &item));
    assert_string_equal(item.text, "new");
}

static void removing_late_leaves_the_successor(void **state)
{
    (void)state;
    mod_sso_queue_t *q = new_queue();
    assert_true(mod_sso_queue_put(q, 1, "old", NOW + 10, NOW));
    assert_true(mod_sso_queue_next(q, 1, NOW, &at, &item));
    assert_true(mod_sso_queue_put(q, 1, "new", NOW + 99, NOW + 10)); /* in the expired one's place */
    mod_sso_queue_remove(q, &item);
    at = 0;
    assert_true(mod_sso_queue_next(q, 1, NOW + 10, &at, &item));
    assert_string_equal(item.text, "new");
}

static void a_text_has_a_limit(void **state)
{
    (void)state;
    mod_sso_queue_t *q = new_queue();
    char text[MOD_SSO_QUEUE_TEXT_MAX + 2];
    memset(text, 'x', sizeof(text));
    text[MOD_SSO_QUEUE_TEXT_MAX + 1] = '\0';
    assert_false(mod_sso_queue_put(q, 1, text, NOW + 10, NOW));
    text[MOD_SSO_QUEUE_TEXT_MAX] = '\0';
    assert_true(mod_sso_queue_put(q, 1, text, NOW + 10, NOW));
    assert_true(mod_sso_queue_next(q, 1, NOW, &at, &item));
    assert_string_equal(item.text, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(a_text_comes_back_until_it_is_removed), unit_test(a_text_is_for_one_server),
        unit_test(what_has_expired_is_not_sent_and_makes_room), unit_test(removing_late_leaves_the_successor),
        unit_test(a_text_has_a_limit),
    };
    return unit_run(tests);
}

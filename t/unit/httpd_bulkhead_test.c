/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <sys/wait.h>

#include "httpd/bulkhead.h"

#define NOW 1767225600u

static mod_sso_bulkhead_t *new_bulkhead(unsigned total, const unsigned *limits, unsigned count)
{
    return mod_sso_bulkhead_init(apr_pcalloc(unit_pool, mod_sso_bulkhead_size(total, limits, count)), total, limits,
                                 count);
}

static int enter(mod_sso_bulkhead_t *b, unsigned provider, mod_sso_ticket_t *ticket)
{
    return mod_sso_bulkhead_enter(b, provider, (apr_uint32_t)getpid(), NOW, 60, ticket);
}

static void one_provider_gets_its_share_and_no_more(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(5, (const unsigned[]){2, 4}, 2);
    mod_sso_ticket_t t[4];
    assert_true(enter(b, 0, &t[0]));
    assert_true(enter(b, 0, &t[1]));
    assert_false(enter(b, 0, &t[2]));
    assert_true(enter(b, 1, &t[2]));
    assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).used, 3);
    assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).limit, 5);
    assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).refused, 0);
    assert_int_equal(mod_sso_bulkhead_look(b, 0).used, 2);
    assert_int_equal(mod_sso_bulkhead_look(b, 0).refused, 1);
    assert_int_equal(mod_sso_bulkhead_look(b, 1).limit, 4);
    assert_int_equal(mod_sso_bulkhead_look(b, 1).refused, 0);
}

static void all_together_get_the_total_and_no_more(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(3, (const unsigned[]){2, 2}, 2);
    mod_sso_ticket_t t[4];
    assert_true(enter(b, 0, &t[0]));
    assert_true(enter(b, 0, &t[1]));
    assert_true(enter(b, 1, &t[2]));
    assert_false(enter(b, 1, &t[3]));
    assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).refused, 1);
    assert_int_equal(mod_sso_bulkhead_look(b, 1).refused, 1);
    /* the refused one left no trace: its provider still has its second place */
    mod_sso_bulkhead_leave(&t[0]);
    assert_true(enter(b, 1, &t[3]));
}

static void a_place_given_back_can_be_had_again(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(1, (const unsigned[]){1}, 1);
    mod_sso_ticket_t t, other;
    for (int i = 0; i < 10; i++) {
        assert_true(enter(b, 0, &t));
        assert_false(enter(b, 0, &other));
        mod_sso_bulkhead_leave(&t);
        mod_sso_bulkhead_leave(&t);
        assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).used, 0);
    }
}

static void a_provider_that_is_none_gets_nothing(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(4, (const unsigned[]){2}, 1);
    mod_sso_ticket_t t;
    assert_false(enter(b, 1, &t));
}

static void places_of_a_dead_process_come_back_at_once(void **state)
{
    (void)state;
    pid_t dead = fork();
    if (dead == 0)
        _exit(0);
    assert_int_equal(waitpid(dead, NULL, 0), dead);
    mod_sso_bulkhead_t *b = new_bulkhead(2, (const unsigned[]){2}, 1);
    mod_sso_ticket_t t;
    assert_true(mod_sso_bulkhead_enter(b, 0, (apr_uint32_t)dead, NOW, 60, &t));
    assert_true(mod_sso_bulkhead_enter(b, 0, (apr_uint32_t)dead, NOW, 60, &t));
    assert_int_equal(mod_sso_bulkhead_look(b, 0).used, 0);
    assert_true(enter(b, 0, &t));
    assert_true(enter(b, 0, &t));
    assert_int_equal(mod_sso_bulkhead_look(b, 0).used, 2);
    assert_false(enter(b, 0, &t));
}

static void a_new_child_frees_what_its_number_held_before(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(2, (const unsigned[]){2}, 1);
    mod_sso_ticket_t t;
    assert_true(enter(b, 0, &t));
    assert_true(mod_sso_bulkhead_enter(b, 0, (apr_uint32_t)getppid(), NOW, 60, &t));
    mod_sso_bulkhead_forget(b, (apr_uint32_t)getpid());
    assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).used, 1);
    assert_true(enter(b, 0, &t));
    assert_false(enter(b, 0, &t));
}

static void a_place_held_too_long_is_lost_and_leaving_it_late_harms_nobody(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(1, (const unsigned[]){1}, 1);
    mod_sso_ticket_t first, second, third;
    apr_uint32_t pid = (apr_uint32_t)getpid();
    assert_true(mod_sso_bulkhead_enter(b, 0, pid, NOW, 60, &first));
    assert_false(mod_sso_bulkhead_enter(b, 0, pid, NOW + 59, 60, &second));
    assert_true(mod_sso_bulkhead_enter(b, 0, pid, NOW + 60, 60, &second));
    mod_sso_bulkhead_leave(&first);
    assert_false(mod_sso_bulkhead_enter(b, 0, pid, NOW + 61, 60, &third));
}

#define THREADS 6
static atomic_int inside, most;
static void *hammer(void *data)
{
    for (int i = 0; i < 20000; i++) {
        mod_sso_ticket_t t;
        if (!enter(data, 0, &t))
            continue;
        int n = atomic_fetch_add(&inside, 1) + 1;
        int m = atomic_load(&most);
        while (n > m && !atomic_compare_exchange_weak(&most, &m, n))
            ;
        atomic_fetch_sub(&inside, 1);
        mod_sso_bulkhead_leave(&t);
    }
    return NULL;
}

static void threads_never_exceed_the_limit_and_lose_no_place(void **state)
{
    (void)state;
    mod_sso_bulkhead_t *b = new_bulkhead(3, (const unsigned[]){2}, 1);
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, b), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_in_range(atomic_load(&most), 1, 2);
    assert_int_equal(mod_sso_bulkhead_look(b, MOD_SSO_BULKHEAD_ALL).used, 0);
    mod_sso_ticket_t t;
    assert_true(enter(b, 0, &t));
    assert_true(enter(b, 0, &t));
    assert_false(enter(b, 0, &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(one_provider_gets_its_share_and_no_more),
        unit_test(all_together_get_the_total_and_no_more),
        unit_test(a_place_given_back_can_be_had_again),
        unit_test(a_provider_that_is_none_gets_nothing),
        unit_test(places_of_a_dead_process_come_back_at_once),
        unit_test(a_new_child_frees_what_its_number_held_before),
        unit_test(a_place_held_too_long_is_lost_and_leaving_it_late_harms_nobody),
        unit_test(threads_never_exceed_the_limit_and_lose_no_place),
    };
    return unit_run(tests);
}

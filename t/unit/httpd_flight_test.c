/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <sys/wait.h>

#include "httpd/flight.h"

#define NOW   1767225600u
#define SLOTS 64u

static const unsigned char key_a[4] = {1, 2, 3, 4}, key_b[4] = {1, 2, 3, 5}, same_slot_as_a[4] = {9, 9, 9, 4};

static mod_sso_flight_t *new_flight(void)
{
    return mod_sso_flight_init(apr_pcalloc(unit_pool, mod_sso_flight_size(SLOTS)), SLOTS);
}

static int take(mod_sso_flight_t *f, const unsigned char *key, mod_sso_flight_ticket_t *ticket)
{
    return mod_sso_flight_take(f, key, (apr_uint32_t)getpid(), NOW, 30, ticket);
}

static void a_key_has_one_owner(void **state)
{
    (void)state;
    mod_sso_flight_t *f = new_flight();
    mod_sso_flight_ticket_t a, b, other;
    assert_false(mod_sso_flight_is_taken(f, key_a, NOW));
    assert_true(take(f, key_a, &a));
    assert_true(mod_sso_flight_is_taken(f, key_a, NOW));
    assert_true(mod_sso_flight_holds(&a));
    assert_false(take(f, key_a, &other));
    assert_true(take(f, key_b, &b));
    mod_sso_flight_leave(&a);
    mod_sso_flight_leave(&a);
    assert_false(mod_sso_flight_holds(&a));
    assert_false(mod_sso_flight_is_taken(f, key_a, NOW));
    assert_true(take(f, key_a, &other));
    assert_true(mod_sso_flight_holds(&b));
}

static void keys_that_share_a_slot_wait_for_each_other(void **state)
{
    (void)state;
    mod_sso_flight_t *f = new_flight();
    mod_sso_flight_ticket_t a, other;
    assert_true(take(f, key_a, &a));
    assert_false(take(f, same_slot_as_a, &other));
    mod_sso_flight_leave(&a);
    assert_true(take(f, same_slot_as_a, &other));
}

static void a_place_comes_back_after_its_lease(void **state)
{
    (void)state;
    mod_sso_flight_t *f = new_flight();
    mod_sso_flight_ticket_t a, late;
    assert_true(take(f, key_a, &a));
    assert_true(mod_sso_flight_is_taken(f, key_a, NOW + 29));
    assert_false(mod_sso_flight_is_taken(f, key_a, NOW + 30));
    assert_true(mod_sso_flight_take(f, key_a, (apr_uint32_t)getpid(), NOW + 30, 30, &late));
    assert_false(mod_sso_flight_holds(&a));
    mod_sso_flight_leave(&a); /* the late owner takes nothing from the new one */
    assert_true(mod_sso_flight_holds(&late));
}

static void the_place_of_a_dead_process_comes_back_at_once(void **state)
{
    (void)state;
    mod_sso_flight_t *f = new_flight();
    mod_sso_flight_ticket_t a;
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(mod_sso_flight_take(f, key_a, (apr_uint32_t)child, NOW, 30, &a));
    assert_false(mod_sso_flight_is_taken(f, key_a, NOW));
    assert_true(take(f, key_a, &a));
}

static void a_new_process_frees_what_its_id_had(void **state)
{
    (void)state;
    mod_sso_flight_t *f = new_flight();
    mod_sso_flight_ticket_t mine, parent;
    assert_true(take(f, key_a, &mine));
    assert_true(mod_sso_flight_take(f, key_b, (apr_uint32_t)getppid(), NOW, 30, &parent));
    mod_sso_flight_forget(f, (apr_uint32_t)getpid());
    assert_false(mod_sso_flight_holds(&mine));
    assert_true(mod_sso_flight_holds(&parent));
}

static mod_sso_flight_t *shared;
static _Atomic int inside, crowds, wins;

static void *contend(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        mod_sso_flight_ticket_t ticket;
        if (!take(shared, key_a, &ticket))
            continue;
        crowds += atomic_fetch_add(&inside, 1) != 0;
        wins++;
        atomic_fetch_sub(&inside, 1);
        mod_sso_flight_leave(&ticket);
    }
    return NULL;
}

static void threads_never_own_a_key_together(void **state)
{
    pthread_t thread[4];
    (void)state;
    shared = new_flight();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, contend, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(crowds, 0);
    assert_true(wins > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(a_key_has_one_owner),
        unit_test(keys_that_share_a_slot_wait_for_each_other),
        unit_test(a_place_comes_back_after_its_lease),
        unit_test(the_place_of_a_dead_process_comes_back_at_once),
        unit_test(a_new_process_frees_what_its_id_had),
        unit_test(threads_never_own_a_key_together),
    };
    return unit_run(tests);
}

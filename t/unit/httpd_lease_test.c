/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <unistd.h>

#include <sys/wait.h>

#include "httpd/lease.h"

#define NOW 1767225600u

static apr_uint32_t pid_of_a_dead_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return (apr_uint32_t)pid;
}

static void what_is_free_is_over_and_lost(void **state)
{
    (void)state;
    assert_true(mod_sso_lease_is_over(0, NOW));
    assert_true(mod_sso_lease_is_lost(0, NOW));
}

static void a_living_process_holds_until_its_time_is_over(void **state)
{
    (void)state;
    apr_uint32_t me = (apr_uint32_t)getpid();
    apr_uint64_t mark = mod_sso_lease_mark(me, NOW, 30);
    assert_int_equal(mod_sso_lease_pid(mark), me);
    assert_false(mod_sso_lease_is_over(mark, NOW + 29));
    assert_false(mod_sso_lease_is_lost(mark, NOW + 29));
    assert_true(mod_sso_lease_is_over(mark, NOW + 30));
    assert_true(mod_sso_lease_is_lost(mark, NOW + 30));
}

static void a_dead_process_holds_nothing(void **state)
{
    (void)state;
    apr_uint64_t mark = mod_sso_lease_mark(pid_of_a_dead_process(), NOW, 30);
    assert_true(mod_sso_lease_is_orphan(mark));
    assert_false(mod_sso_lease_is_over(mark, NOW));
    assert_true(mod_sso_lease_is_lost(mark, NOW));
    assert_false(mod_sso_lease_is_orphan(mod_sso_lease_mark((apr_uint32_t)getpid(), NOW, 30)));
    assert_false(mod_sso_lease_is_orphan(0));
}

static void leaving_late_leaves_the_successor(void **state)
{
    (void)state;
    apr_uint64_t mine = mod_sso_lease_mark(1, NOW, 30), other = mod_sso_lease_mark(2, NOW + 40, 30);
    mod_sso_lease_t lease = mine;
    mod_sso_lease_leave(&lease, mine);
    assert_true(atomic_load(&lease) == 0);
    atomic_store(&lease, other);
    mod_sso_lease_leave(&lease, mine);
    assert_true(atomic_load(&lease) == other);
}

static void forgetting_a_process_frees_what_it_held_only(void **state)
{
    (void)state;
    mod_sso_lease_t of_one = mod_sso_lease_mark(1, NOW, 30), of_two = mod_sso_lease_mark(2, NOW, 30);
    mod_sso_lease_forget(&of_one, 1);
    mod_sso_lease_forget(&of_two, 1);
    assert_true(atomic_load(&of_one) == 0);
    assert_true(atomic_load(&of_two) == mod_sso_lease_mark(2, NOW, 30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(what_is_free_is_over_and_lost),
        unit_test(a_living_process_holds_until_its_time_is_over),
        unit_test(a_dead_process_holds_nothing),
        unit_test(leaving_late_leaves_the_successor),
        unit_test(forgetting_a_process_frees_what_it_held_only),
    };
    return unit_run(tests);
}

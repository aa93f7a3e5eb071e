/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "httpd/copy.h"

static const char *dir;
static const char *path;
static sso_err_t err;

static int enter_dir(void **state)
{
    char *made;
    if (unit_setup(state) != 0)
        return -1;
    made = apr_pstrdup(unit_pool, "/tmp/sso-copy-XXXXXX");
    dir = mkdtemp(made);
    sso_err_clear(&err);
    if (dir == NULL || mod_sso_copy_make_dir(dir, geteuid(), getegid(), &err) != SSO_OK)
        return -1;
    return mod_sso_copy_path(unit_pool, dir, "https://op.example", "client", &path, &err) != SSO_OK;
}

static int leave_dir(void **state)
{
    char *command = apr_psprintf(unit_pool, "rm -rf %s", dir);
    return system(command) | unit_teardown(state);
}

static mod_sso_copy_t some_copy(void)
{
    mod_sso_copy_t copy = {{"{\"issuer\":1}", 12, sso_fresh_stamp(UNIT_NOW, "max-age=1000", 1)},
                           {"{\"keys\":[]}", 11, sso_fresh_stamp(UNIT_NOW + 5, "max-age=2000", 2)},
                           "https://op.example/jwks"};
    return copy;
}

static void overwrite(const char *bytes, apr_size_t len, long at)
{
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    unit_assert_ok(mod_sso_copy_read(unit_pool, path, &back, &err));
    assert_string_equal(back.metadata.bytes, copy.metadata.bytes);
    assert_int_equal(back.metadata.len, 12);
    assert_string_equal(back.keys.bytes, copy.keys.bytes);
    assert_string_equal(back.keys_uri, copy.keys_uri);
    assert_memory_equal(&back.metadata.fresh, &copy.metadata.fresh, sizeof(sso_fresh_t));
    assert_memory_equal(&back.keys.fresh, &copy.keys.fresh, sizeof(sso_fresh_t));
}

static void parts_may_be_missing(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    copy.keys.bytes = NULL;
    copy.keys_uri = NULL;
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    unit_assert_ok(mod_sso_copy_read(unit_pool, path, &back, &err));
    assert_null(back.keys.bytes);
    assert_null(back.keys_uri);
    assert_non_null(back.metadata.bytes);
    copy = some_copy();
    copy.metadata.bytes = NULL;
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    unit_assert_ok(mod_sso_copy_read(unit_pool, path, &back, &err));
    assert_null(back.metadata.bytes);
    assert_string_equal(back.keys.bytes, "{\"keys\":[]}");
}

static void a_file_that_is_not_there_is_absent(void **state)
{
    (void)state;
    mod_sso_copy_t back;
    unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_ABSENT, "copy-absent");
}

static void a_changed_cut_or_foreign_file_is_damaged(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    struct stat st;
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    assert_int_equal(stat(path, &st), 0);
    for (long at = 0; at < st.st_size; at++) { /* every byte counts */
        FILE *file = fopen(path, "r");
        fseek(file, at, SEEK_SET);
        char byte = (char)fgetc(file);
        fclose(file);
        char other = (char)(byte ^ 1);
        overwrite(&other, 1, at);
        unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_SYNTAX, "copy-damaged");
        overwrite(&byte, 1, at);
    }
    unit_assert_ok(mod_sso_copy_read(unit_pool, path, &back, &err));
    for (off_t len = st.st_size - 1; len >= 0; len -= 7) {
        assert_int_equal(truncate(path, len), 0);
        unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_SYNTAX, "copy-damaged");
    }
}

static void impossible_times_are_damage(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    copy.keys.fresh.expires = copy.keys.fresh.fetched + apr_time_from_sec(SSO_FRESH_CAP + 1);
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_SYNTAX, "copy-damaged");
}

static void links_pipes_and_open_files_are_not_read(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    const char *other = apr_pstrcat(unit_pool, dir, "/other", NULL);
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    assert_int_equal(chmod(path, 0640), 0);
    unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_CONFIG, "copy-unsafe");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_CONFIG, "copy-unsafe");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    unit_assert_err(mod_sso_copy_read(unit_pool, path, &back, &err), SSO_E_CONFIG, "copy-unsafe");
}

static void a_link_at_our_name_is_replaced_not_followed_on_writing(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    const char *other = apr_pstrcat(unit_pool, dir, "/other", NULL);
    assert_int_equal(symlink(other, path), 0);
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    assert_int_equal(access(other, F_OK), -1);
    unit_assert_ok(mod_sso_copy_read(unit_pool, path, &back, &err));
}

static void a_failed_write_keeps_the_old_copy_and_leaves_nothing(void **state)
{
    (void)state;
    mod_sso_copy_t copy = some_copy(), back;
    unit_assert_ok(mod_sso_copy_write(unit_pool, path, &copy, &err));
    copy.metadata.bytes = apr_pcalloc(unit_pool, 4 * 1024 * 1024);
    copy.metadata.len = 4 * 1024 * 1024;
    unit_assert_err(mod_sso_copy_write(unit_pool, path, &copy, &err), SSO_E_LIMIT, "copy-too-large");
    unit_assert_ok(mod_sso_copy_read(unit_pool, path, &back, &err));
    const char *nowhere = apr_pstrcat(unit_pool, dir, "/none/x", NULL);
    copy = some_copy();
    unit_assert_err(mod_sso_copy_write(unit_pool, nowhere, &copy, &err), SSO_E_INTERNAL, "copy-failed");
}

static void the_directory_is_ours_alone(void **state)
{
    (void)state;
    struct stat st;
    const char *cache = apr_pstrcat(unit_pool, dir, "/cache", NULL);
    assert_int_equal(stat(cache, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(chmod(cache, 0777), 0);
    unit_assert_ok(mod_sso_copy_make_dir(dir, geteuid(), getegid(), &err));
    assert_int_equal(stat(cache, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_state_directory_that_others_can_write_to_is_refused(void **state)
{
    (void)state;
    assert_int_equal(chmod(dir, 0777), 0);
    unit_assert_err(mod_sso_copy_make_dir(dir, geteuid(), getegid(), &err), SSO_E_CONFIG, "copy-dir");
}

static void a_link_for_a_cache_directory_is_refused(void **state)
{
    (void)state;
    const char *cache = apr_pstrcat(unit_pool, dir, "/cache", NULL);
    assert_int_equal(rmdir(cache), 0);
    assert_int_equal(symlink("/tmp", cache), 0);
    unit_assert_err(mod_sso_copy_make_dir(dir, geteuid(), getegid(), &err), SSO_E_CONFIG, "copy-dir");
}

static void issuer_and_client_together_name_the_file(void **state)
{
    (void)state;
    const char *a, *b, *c;
    unit_assert_ok(mod_sso_copy_path(unit_pool, dir, "https://op.example", "client", &a, &err));
    unit_assert_ok(mod_sso_copy_path(unit_pool, dir, "https://op.exampl", "eclient", &b, &err));
    unit_assert_ok(mod_sso_copy_path(unit_pool, dir, "https://op.example", "../../x", &c, &err));
    assert_string_equal(a, path);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(c), strlen(dir) + strlen("/cache/") + 32);
}

static void the_newest_of_two_is_taken_part_by_part(void **state)
{
    (void)state;
    mod_sso_copy_t a = some_copy(), b = some_copy(), none = {{NULL, 0, {0, 0, 0}}, {NULL, 0, {0, 0, 0}}, NULL};
    b.metadata.fresh.fetched--;
    b.keys.fresh.fetched++;
    b.keys_uri = "https://op.example/other";
    mod_sso_copy_t n = mod_sso_copy_newest(&a, &b);
    assert_true(n.metadata.fresh.fetched == a.metadata.fresh.fetched);
    assert_string_equal(n.keys_uri, b.keys_uri);
    n = mod_sso_copy_newest(&none, &a);
    assert_ptr_equal(n.keys.bytes, a.keys.bytes);
    n = mod_sso_copy_newest(&a, &none);
    assert_ptr_equal(n.metadata.bytes, a.metadata.bytes);
}

#define copy_test(f) cmocka_unit_test_setup_teardown((f), enter_dir, leave_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        copy_test(what_is_written_is_read_again),
        copy_test(parts_may_be_missing),
        copy_test(a_file_that_is_not_there_is_absent),
        copy_test(a_changed_cut_or_foreign_file_is_damaged),
        copy_test(impossible_times_are_damage),
        copy_test(links_pipes_and_open_files_are_not_read),
        copy_test(a_link_at_our_name_is_replaced_not_followed_on_writing),
        copy_test(a_failed_write_keeps_the_old_copy_and_leaves_nothing),
        copy_test(the_directory_is_ours_alone),
        copy_test(a_state_directory_that_others_can_write_to_is_refused),
        copy_test(a_link_for_a_cache_directory_is_refused),
        copy_test(issuer_and_client_together_name_the_file),
        copy_test(the_newest_of_two_is_taken_part_by_part),
    };
    return unit_run(tests);
}

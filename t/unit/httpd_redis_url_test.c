/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "httpd/redis_url.h"

static mod_sso_redis_url_t url;
static sso_err_t err;

#define good(text) unit_assert_ok(mod_sso_redis_url_parse(unit_pool, (text), &url, &err))

static void ours_are_told_from_httpds(void **state)
{
    (void)state;
    assert_true(mod_sso_redis_url_is("redis://h"));
    assert_true(mod_sso_redis_url_is("REDISS://h"));
    assert_true(mod_sso_redis_url_is("redis+sentinel://h/s"));
    assert_true(mod_sso_redis_url_is("rediss+sentinel://h/s"));
    assert_true(mod_sso_redis_url_is("redis+unix:///s"));
    assert_true(mod_sso_redis_url_is("valkeys://h"));
    assert_false(mod_sso_redis_url_is("redis:127.0.0.1:6379"));
    assert_false(mod_sso_redis_url_is("shmcb:/run/x(4096)"));
    assert_false(mod_sso_redis_url_is("redis"));
}

static void what_is_not_said_has_a_default(void **state)
{
    (void)state;
    good("redis://cache.example");
    assert_int_equal(url.count, 1);
    assert_string_equal(url.hosts[0].name, "cache.example");
    assert_int_equal(url.hosts[0].port, 6379);
    assert_int_equal(url.database, 0);
    assert_int_equal(url.tls, 0);
    assert_null(url.user);
    assert_null(url.password);
    assert_null(url.path);
    assert_null(url.service);
    assert_string_equal(url.label, "redis://cache.example:6379/0");
    good("redis://cache.example/");
    assert_int_equal(url.database, 0);
}

static void user_and_password_are_decoded(void **state)
{
    (void)state;
    good("rediss://ann:p%40s%2fs%3A%25:w@10.0.0.7:6380/15");
    assert_int_equal(url.tls, 1);
    assert_string_equal(url.user, "ann");
    assert_string_equal(url.password, "p@s/s:%:w");
    assert_int_equal(url.hosts[0].port, 6380);
    assert_int_equal(url.database, 15);
    assert_string_equal(url.label, "rediss://10.0.0.7:6380/15");
    good("redis://:secret@h");
    assert_null(url.user);
    assert_string_equal(url.password, "secret");
}

static void ipv6_stands_in_brackets(void **state)
{
    (void)state;
    good("redis://[2001:db8::7]:6380/1");
    assert_string_equal(url.hosts[0].name, "2001:db8::7");
    assert_int_equal(url.hosts[0].port, 6380);
    assert_string_equal(url.label, "redis://[2001:db8::7]:6380/1");
    good("redis://u:p@[::1]");
    assert_string_equal(url.hosts[0].name, "::1");
    assert_int_equal(url.hosts[0].port, 6379);
}

static void sentinels_are_several(void **state)
{
    (void)state;
    good("redis+sentinel://:pw@s1,s2:5000,[::1]:5001/mymaster/3");
    assert_int_equal(url.count, 3);
    assert_int_equal(url.hosts[0].port, 26379);
    assert_int_equal(url.hosts[1].port, 5000);
    assert_string_equal(url.hosts[2].name, "::1");
    assert_string_equal(url.service, "mymaster");
    assert_int_equal(url.database, 3);
    assert_string_equal(url.label, "redis+sentinel://s1:26379,s2:5000,[::1]:5001/mymaster/3");
    good("redis+sentinel://s1/mymaster");
    assert_int_equal(url.database, 0);
}

static void a_socket_is_a_path(void **state)
{
    (void)state;
    good("redis+unix:///run/redis/redis%20one.sock?db=2");
    assert_string_equal(url.path, "/run/redis/redis one.sock");
    assert_int_equal(url.database, 2);
    assert_int_equal(url.count, 0);
    good("redis+unix://u:p@/run/redis.sock");
    assert_string_equal(url.path, "/run/redis.sock");
    assert_string_equal(url.password, "p");
    assert_string_equal(url.label, "redis+unix:///run/redis.sock?db=0");
}

static void options_follow_a_question_mark(void **state)
{
    (void)state;
    good("rediss://h:6380/2?ca-file=/etc/ssl/my%20ca.pem&cert-file=/c.pem&key-file=/k.pem&password-file=/run/s/p=w");
    assert_int_equal(url.database, 2);
    assert_string_equal(url.ca_file, "/etc/ssl/my ca.pem");
    assert_string_equal(url.cert_file, "/c.pem");
    assert_string_equal(url.key_file, "/k.pem");
    assert_string_equal(url.password_file, "/run/s/p=w");
    assert_null(url.user);
    assert_null(url.password);
    assert_null(url.sentinel_user);
    assert_string_equal(url.label, "rediss://h:6380/2");
    good("redis://h?password-file=/p");
    assert_string_equal(url.password_file, "/p");
    assert_null(url.ca_file);
    assert_string_equal(url.hosts[0].name, "h");
    good("redis://w%40b@h/?password-file=/p");
    assert_string_equal(url.user, "w@b");
    assert_null(url.password);
    good("redis+unix://web@/run/r.sock?password-file=/p&db=3");
    assert_string_equal(url.path, "/run/r.sock");
    assert_string_equal(url.user, "web");
    assert_int_equal(url.database, 3);
    assert_string_equal(url.label, "redis+unix:///run/r.sock?db=3");
}

static void sentinels_have_words_of_their_own(void **state)
{
    (void)state;
    good("rediss+sentinel://u:p@a,b/m/1?sentinel-user=se%3dn&sentinel-password=p%26%3F%40w&ca-file=/ca");
    assert_int_equal(url.tls, 1);
    assert_int_equal(url.count, 2);
    assert_string_equal(url.service, "m");
    assert_int_equal(url.database, 1);
    assert_string_equal(url.sentinel_user, "se=n");
    assert_string_equal(url.sentinel_password, "p&?@w");
    assert_string_equal(url.user, "u");
    assert_string_equal(url.password, "p");
    assert_string_equal(url.label, "rediss+sentinel://a:26379,b:26379/m/1");
    good("redis+sentinel://a/m?sentinel-password-file=/p");
    assert_string_equal(url.sentinel_password_file, "/p");
    assert_null(url.sentinel_password);
    assert_null(url.sentinel_user);
    assert_string_equal(url.service, "m");
    good("redis+sentinel://a/m?sentinel-password=a?b=c");
    assert_string_equal(url.sentinel_password, "a?b=c");
}

static void what_is_not_known_is_told_what_is(void **state)
{
    (void)state;
    unit_assert_err(mod_sso_redis_url_parse(unit_pool, "rediss://h?verify=no", &url, &err), SSO_E_CONFIG, "redis-url");
    assert_non_null(strstr(err.detail, "Known: password-file; over TLS ca-file, cert-file, key-file; for Sentinels "
                                       "sentinel-user, sentinel-password, sentinel-password-file; for a socket db"));
    unit_assert_err(mod_sso_redis_url_parse(unit_pool, "redis://h?ca-file=/c", &url, &err), SSO_E_CONFIG, "redis-url");
    assert_non_null(strstr(err.detail, "ca-file does not belong to redis://. Known: "));
    assert_non_null(strstr(err.detail, "; for a socket db"));
    unit_assert_err(mod_sso_redis_url_parse(unit_pool, "rediss://h?ca-file=/c&ca-file=/c", &url, &err), SSO_E_CONFIG,
                    "redis-url");
    assert_non_null(strstr(err.detail, "ca-file stands there twice. Known: "));
}

static void what_is_wrong_is_refused_and_no_password_is_repeated(void **state)
{
    static const char *const bad[] = {
        "redis://", "redis:///0", "redis://:6379", "redis://h:", "redis://h:0", "redis://h:65536", "redis://h:x",
        "redis://h:06379", "redis://h/x", "redis://h/-1", "redis://h/65536", "redis://h/0/1", "redis://h?db=1",
        "redis://h#f", "redis://h,i", "redis://2001:db8::7", "redis://[::1", "redis://[::1]x", "redis://[h]",
        "redis://h h", "redis://h\n", "redis://h\x7f", "redis://\xc3\xa4", "redis://hunter2@h", "redis://u:@h",
        "redis://u:hunter2", "redis://u:hunter2/x@h", "redis://u:hunter2@x@h", "redis://u:hunter2?@h",
        "redis://u:hunter2%@h", "redis://u:hunter2%4@h", "redis://u:hunter2%zz@h", "redis://u:hunter2%00@h",
        "redis://u:hunter2@", "redis://u:hunter2@h/hunter2", "redis://a_b!c", "redis+sentinel://h",
        "redis+sentinel://h/", "redis+sentinel://h//1", "redis+sentinel://h/a b", "redis+sentinel://h,/m",
        "redis+sentinel://,h/m", "redis+sentinel://a,b,c,d,e,f,g,h,i/m", "redis+sentinel://h/m/x",
        "redis+unix://", "redis+unix:///", "redis+unix://host/path", "redis+unix:///p?x=1", "redis+unix:///p?db=x",
        "redis+unix:///p%", "redis+http://h", "redis+sentinel:h/m",
        "valkey://h", "valkeys://:hunter2@h",
        /* options */
        "redis://h?", "redis://h/?", "redis://h?x", "redis://h?hunter2", "redis://h?hunter2=1", "redis://h?=hunter2",
        "redis://u:hunter2?x=hunter2", "redis://h?password-file", "redis://h?password-file=",
        "redis://h?password-file=hunter2", "redis://h?password-file=/hunter2&", "redis://h?&password-file=/hunter2",
        "redis://h?password-file=/hunter2&password-file=/hunter2", "redis://h?PASSWORD-FILE=/hunter2",
        "redis://h?password-fil=/hunter2", "redis://h?password-files=/hunter2", "redis://h?password-file=/hunter2%0",
        "redis://h?password-file=/hunter2%00", "redis://h?password-file=/hunter2#", "redis://h?password-file=/@hunter2",
        "redis://u:hunter2@h?password-file=/hunter2", "redis://:hunter2@h?password-file=/hunter2",
        "redis://u:@h?password-file=/hunter2", "redis://u%0:hunter2@h", "redis://u%0@h?password-file=/hunter2",
        "redis://@h", "redis://hunter2@h?ca-file=/x",
        "redis://h?ca-file=/hunter2", "redis://h?cert-file=/hunter2&key-file=/hunter2",
        "rediss://h?cert-file=/hunter2", "rediss://h?key-file=/hunter2", "rediss://h?ca-file=hunter2",
        "rediss://h?ca-file=", "rediss://h?tls-verify=no", "rediss://h?db=1", "redis+unix:///p?ca-file=/hunter2",
        "redis+unix:///p?db=1&db=1", "redis+unix:///p?db=", "redis+unix:///p?sentinel-password=hunter2",
        "redis://h?sentinel-password=hunter2", "rediss://h?sentinel-password-file=/hunter2",
        "redis+sentinel://h/m?sentinel-user=hunter2", "redis+sentinel://h/m?sentinel-password=",
        "redis+sentinel://h/m?sentinel-password=hunter2%zz",
        "redis+sentinel://h/m?sentinel-password=hunter2&sentinel-password-file=/hunter2",
        "redis+sentinel://h/m?sentinel-password=hunter2&more", "redis+sentinel://h?sentinel-password=hunter2"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sso_err_clear(&err);
        if (mod_sso_redis_url_parse(unit_pool, bad[i], &url, &err) != SSO_E_CONFIG)
            fail_msg("%s is taken", bad[i]);
        assert_string_equal(err.reason, "redis-url");
        assert_null(strstr(err.detail, "hunter2"));
    }
}

static void lengths_have_a_limit(void **state)
{
    char text[1300];
    (void)state;
    memcpy(text, "redis://", 8);
    memset(text + 8, 'h', 255);
    text[8 + 255] = '\0';
    good(text);
    text[8 + 255] = 'h';
    text[8 + 256] = '\0';
    unit_assert_err(mod_sso_redis_url_parse(unit_pool, text, &url, &err), SSO_E_CONFIG, "redis-url");
    memset(text + 8, 'h', sizeof(text) - 9);
    text[sizeof(text) - 1] = '\0';
    unit_assert_err(mod_sso_redis_url_parse(unit_pool, text, &url, &err), SSO_E_CONFIG, "redis-url");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(ours_are_told_from_httpds),
        unit_test(what_is_not_said_has_a_default),
        unit_test(user_and_password_are_decoded),
        unit_test(ipv6_stands_in_brackets),
        unit_test(sentinels_are_several),
        unit_test(a_socket_is_a_path),
        unit_test(options_follow_a_question_mark),
        unit_test(sentinels_have_words_of_their_own),
        unit_test(what_is_not_known_is_told_what_is),
        unit_test(what_is_wrong_is_refused_and_no_password_is_repeated),
        unit_test(lengths_have_a_limit),
    };
    return unit_run(tests);
}

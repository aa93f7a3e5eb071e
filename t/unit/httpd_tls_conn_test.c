/* SPDX-License-Identifier: Apache-2.0 */
/* Against openssl's s_server: what it reads it sends, what it receives it prints, a "K" renews the keys (RFC 8446
 * 4.6.3), an "r" wants another handshake (TLS 1.2). */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <apr_strings.h>

#include "httpd/tls_conn.h"

static sso_err_t err;
static char dir[] = "/tmp/sso-tls-conn-XXXXXX";
static pid_t server;
static int to_server, from_server;
static mod_sso_tls_place_t place;
static mod_sso_tls_conn_t *conn;

static const char *in_dir(const char *name)
{
    return apr_pstrcat(unit_pool, dir, "/", name, NULL);
}

/* A shell's line, so that arguments need no array; `in` and `out` are the program's. */
static pid_t start(const char *line, int *in, int *out)
{
    int down[2], up[2];
    assert_int_equal(pipe(down) | pipe(up), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(down[0], 0) < 0 || dup2(up[1], 1) < 0)
            _exit(126);
        close(down[1]);
        close(up[0]);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    close(down[0]);
    close(up[1]);
    *in = down[1];
    *out = up[0];
    return pid;
}

/* Until the server has printed a line with `word`; what follows it there. */
static const char *await(const char *word)
{
    static char text[65536];
    apr_size_t len = 0;
    const char *found = NULL;
    while (!found || !strchr(found, '\n')) {
        struct pollfd wait = {from_server, POLLIN, 0};
        assert_int_equal(poll(&wait, 1, 20000), 1);
        ssize_t n = read(from_server, text + len, sizeof(text) - 1 - len);
        assert_in_range(n, 1, sizeof(text));
        len += (apr_size_t)n;
        text[len] = '\0';
        found = strstr(text, word);
    }
    return found + strlen(word);
}

static void say(const char *line)
{
    assert_int_equal(write(to_server, line, strlen(line)), strlen(line));
}

static apr_time_t soon(void)
{
    return apr_time_now() + apr_time_from_sec(20);
}

static int make_certificate(void **state)
{
    int in, out, status;
    (void)state;
    if (mkdtemp(dir) == NULL)
        return 1;
    unit_setup(NULL);
    pid_t pid = start(apr_pstrcat(unit_pool, "exec openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                                             "-days 2 -subj /CN=here -addext subjectAltName=IP:127.0.0.1 -keyout ",
                                  in_dir("key.pem"), " -out ", in_dir("cert.pem"), " 2>/dev/null", NULL),
                      &in, &out);
    waitpid(pid, &status, 0);
    close(in);
    close(out);
    unit_teardown(NULL);
    return status;
}

static int remove_certificate(void **state)
{
    (void)state;
    unit_setup(NULL);
    unlink(in_dir("key.pem"));
    unlink(in_dir("cert.pem"));
    unit_teardown(NULL);
    return rmdir(dir);
}

static int begin_with(void **state, const char *options)
{
    unit_setup(state);
    signal(SIGPIPE, SIG_IGN);
    server = start(apr_pstrcat(unit_pool, "exec stdbuf -oL openssl s_server -accept 127.0.0.1:0 -cert ",
                               in_dir("cert.pem"), " -key ", in_dir("key.pem"), " ", options, " 2>/dev/null", NULL),
                   &to_server, &from_server);
    place.host = "127.0.0.1";
    place.port = (int)strtol(await("ACCEPT 127.0.0.1:"), NULL, 10);
    place.patience = apr_time_from_sec(20);
    unit_assert_ok(mod_sso_tls_trust_read(unit_pool, in_dir("cert.pem"), NULL, NULL, &place.trust, &err));
    return 0;
}

static int begin(void **state)
{
    return begin_with(state, "");
}

static int begin_old(void **state)
{
    return begin_with(state, "-tls1_2");
}

static int end(void **state)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    close(to_server);
    close(from_server);
    return unit_teardown(state);
}

static void open_conn(void)
{
    unit_assert_ok(mod_sso_tls_conn_dial(unit_pool, &place, &conn, &err));
}

/* A second long, so that what the server sends now has come. */
static void assert_stays_quiet(void)
{
    for (int i = 0; i < 20; i++) {
        assert_int_equal(mod_sso_tls_conn_is_quiet(conn), 1);
        usleep(50000);
    }
}

static void assert_ping_is_answered(void)
{
    char bytes[100];
    apr_size_t len;
    unit_assert_ok(mod_sso_tls_conn_send(conn, "ping over there\n", 16, soon(), &err));
    await("ping over there");
    say("+pong\n");
    unit_assert_ok(mod_sso_tls_conn_recv(conn, bytes, sizeof(bytes), &len, soon(), &err));
    assert_int_equal(len, 6);
    assert_memory_equal(bytes, "+pong\n", 6);
}

static void tickets_and_new_keys_are_no_answers(void **state)
{
    (void)state;
    open_conn();
    assert_stays_quiet();
    say("K\n");
    assert_stays_quiet();
    assert_ping_is_answered();
    assert_int_equal(mod_sso_tls_conn_is_quiet(conn), 1);
    mod_sso_tls_conn_close(conn);
}

static void what_is_deciphered_and_not_read_is_not_quiet(void **state)
{
    char bytes[2];
    apr_size_t len;
    (void)state;
    open_conn();
    say("+one and more\n");
    unit_assert_ok(mod_sso_tls_conn_recv(conn, bytes, sizeof(bytes), &len, soon(), &err));
    assert_int_equal(len, 2);
    assert_int_equal(mod_sso_tls_conn_is_quiet(conn), 0);
    mod_sso_tls_conn_close(conn);
}

static void what_comes_unasked_is_not_quiet(void **state)
{
    (void)state;
    open_conn();
    say("+late\n");
    apr_time_t until = soon();
    while (mod_sso_tls_conn_is_quiet(conn))
        assert_true(apr_time_now() < until);
    mod_sso_tls_conn_close(conn);
}

static void silence_ends_at_the_deadline(void **state)
{
    char bytes[100];
    apr_size_t len;
    (void)state;
    open_conn();
    apr_time_t start_time = apr_time_now();
    unit_assert_err(mod_sso_tls_conn_recv(conn, bytes, sizeof(bytes), &len, start_time + apr_time_from_msec(300), &err),
                    SSO_E_TIMEOUT, "tls-conn");
    assert_true(apr_time_now() - start_time >= apr_time_from_msec(290));
    mod_sso_tls_conn_close(conn);
}

/* A byte a record, without a pause, is never waited for. */
static void what_comes_after_the_deadline_does_not_count(void **state)
{
    char bytes[2];
    apr_size_t len;
    (void)state;
    open_conn();
    say("+one and more\n");
    unit_assert_ok(mod_sso_tls_conn_recv(conn, bytes, sizeof(bytes), &len, soon(), &err));
    unit_assert_err(mod_sso_tls_conn_recv(conn, bytes, sizeof(bytes), &len, apr_time_now(), &err), SSO_E_TIMEOUT,
                    "tls-conn");
    mod_sso_tls_conn_close(conn);
}

static void a_server_that_reads_nothing_ends_at_the_deadline(void **state)
{
    const apr_size_t much = 64 * 1024 * 1024;
    (void)state;
    open_conn();
    kill(server, SIGSTOP);
    unit_assert_err(
        mod_sso_tls_conn_send(conn, apr_pcalloc(unit_pool, much), much, apr_time_now() + apr_time_from_sec(1), &err),
        SSO_E_TIMEOUT, "tls-conn");
    mod_sso_tls_conn_close(conn);
}

static void another_handshake_is_no_answer(void **state)
{
    (void)state;
    open_conn();
    say("r\n");
    assert_stays_quiet();
    assert_ping_is_answered();
    mod_sso_tls_conn_close(conn);
}

static void another_handshake_that_is_not_answered_costs_time_but_no_processor(void **state)
{
    (void)state;
    open_conn();
    say("r\n");
    await("SSL_do_handshake");
    kill(server, SIGSTOP);
    usleep(100000);
    assert_int_equal(mod_sso_tls_conn_is_quiet(conn), 1);
    clock_t before = clock();
    unit_assert_err(mod_sso_tls_conn_send(conn, "ping\n", 5, apr_time_now() + apr_time_from_sec(2), &err),
                    SSO_E_TIMEOUT, "tls-conn");
    assert_true(clock() - before < CLOCKS_PER_SEC);
    mod_sso_tls_conn_close(conn);
}

static void a_dead_connection_is_not_quiet(void **state)
{
    char bytes[100];
    apr_size_t len;
    (void)state;
    open_conn();
    kill(server, SIGKILL);
    apr_time_t until = soon();
    while (mod_sso_tls_conn_is_quiet(conn))
        assert_true(apr_time_now() < until);
    unit_assert_err(mod_sso_tls_conn_recv(conn, bytes, sizeof(bytes), &len, soon(), &err), SSO_E_FETCH, "tls-conn");
    mod_sso_tls_conn_close(conn);
}

static void a_certificate_has_to_be_good_for_the_host(void **state)
{
    (void)state;
    place.host = "localhost";
    unit_assert_err(mod_sso_tls_conn_dial(unit_pool, &place, &conn, &err), SSO_E_FETCH, "tls-conn");
    assert_non_null(strstr(err.detail, "the certificate of localhost is refused: "));
    unit_assert_ok(mod_sso_tls_trust_read(unit_pool, NULL, NULL, NULL, &place.trust, &err));
    place.host = "127.0.0.1";
    unit_assert_err(mod_sso_tls_conn_dial(unit_pool, &place, &conn, &err), SSO_E_FETCH, "tls-conn");
    assert_non_null(strstr(err.detail, "the certificate of 127.0.0.1 is refused: "));
}

static void a_pipe_is_no_certificate_and_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    alarm(20);
    unit_assert_err(mod_sso_tls_trust_read(unit_pool, NULL, in_dir("pipe"), in_dir("key.pem"), &place.trust, &err),
                    SSO_E_CONFIG, "tls-file");
    alarm(0);
    unlink(in_dir("pipe"));
}

#define test_with_old_server(f) cmocka_unit_test_setup_teardown((f), begin_old, end)
#define test_with_server(f)     cmocka_unit_test_setup_teardown((f), begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_server(tickets_and_new_keys_are_no_answers),
        test_with_server(what_is_deciphered_and_not_read_is_not_quiet),
        test_with_server(what_comes_unasked_is_not_quiet),
        test_with_server(silence_ends_at_the_deadline),
        test_with_server(what_comes_after_the_deadline_does_not_count),
        test_with_server(a_server_that_reads_nothing_ends_at_the_deadline),
        test_with_old_server(another_handshake_is_no_answer),
        test_with_old_server(another_handshake_that_is_not_answered_costs_time_but_no_processor),
        test_with_server(a_dead_connection_is_not_quiet),
        test_with_server(a_certificate_has_to_be_good_for_the_host),
        cmocka_unit_test_setup_teardown(a_pipe_is_no_certificate_and_is_not_waited_for, unit_setup, unit_teardown),
    };
    apr_initialize();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests(tests, make_certificate, remove_certificate);
    apr_terminate();
    return failed;
}

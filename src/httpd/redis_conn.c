/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to Redis over hiredis; see the header. Where configure found no hiredis only the sentence that says so is
 * left. */
#include "httpd/redis_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <sys/socket.h>

#include <apr_strings.h>

#include "base/text.h"
#include "jose/crypto.h"

#ifdef MOD_SSO_HIREDIS
#include <hiredis/hiredis.h>
#endif

const char *mod_sso_redis_conn_lacks(void)
{
#ifndef MOD_SSO_HIREDIS
    return "this module was built without hiredis; install libhiredis-dev, run configure and make again, or name one "
           "of httpd's providers like redis:host:6379";
#else
    return NULL;
#endif
}

void mod_sso_redis_cmd_init(mod_sso_redis_cmd_t *cmd, const char *verb)
{
    cmd->argc = 0;
    mod_sso_redis_cmd_adds(cmd, verb);
}

void mod_sso_redis_cmd_add(mod_sso_redis_cmd_t *cmd, const void *bytes, apr_size_t len)
{
    if (cmd->argc == MOD_SSO_REDIS_ARGS_MAX)
        return;
    cmd->argv[cmd->argc] = bytes;
    cmd->len[cmd->argc++] = len;
}

void mod_sso_redis_cmd_adds(mod_sso_redis_cmd_t *cmd, const char *str)
{
    mod_sso_redis_cmd_add(cmd, str, strlen(str));
}

const char *mod_sso_redis_error_word(apr_pool_t *pool, const mod_sso_redis_reply_t *reply)
{
    apr_size_t len = strspn(reply->str, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return len && len <= 20 ? apr_pstrmemdup(pool, reply->str, len) : "an error";
}

#ifndef MOD_SSO_HIREDIS

sso_rc_t mod_sso_redis_conn_open(apr_pool_t *pool, const mod_sso_redis_target_t *target,
                                 mod_sso_redis_conn_t **ret_conn, sso_err_t *err)
{
    (void)pool;
    (void)target;
    (void)ret_conn;
    return sso_err_set(err, SSO_E_UNSUPPORTED, "redis-broken", "%s", mod_sso_redis_conn_lacks());
}

sso_rc_t mod_sso_redis_conn_call(mod_sso_redis_conn_t *conn, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                                 apr_time_t deadline, mod_sso_redis_reply_t **ret_reply, sso_err_t *err)
{
    (void)conn;
    (void)pool;
    (void)cmd;
    (void)deadline;
    (void)ret_reply;
    return sso_err_set(err, SSO_E_UNSUPPORTED, "redis-broken", "there is no hiredis");
}

int mod_sso_redis_conn_is_quiet(const mod_sso_redis_conn_t *conn)
{
    (void)conn;
    return 0;
}

void mod_sso_redis_conn_close(mod_sso_redis_conn_t *conn)
{
    (void)conn;
}

#else

#define LOGIN_TIME apr_time_from_sec(1) /* for each answer while signing in, beside the time to connect */

#if HIREDIS_MAJOR >= 1
typedef size_t element_count_t;
#else
typedef int element_count_t;
#endif

struct mod_sso_redis_conn_t {
    apr_pool_t *pool;        /* holds this */
    redisContext *context;   /* NULL: `tls` */
    mod_sso_tls_conn_t *tls; /* every hiredis has the protocol, not every one has TLS */
    redisReader *reader;     /* the context's, or ours beside `tls` */
};

/* --- replies ------------------------------------------------------------------------------------------------------ */

static mod_sso_redis_reply_t *make_reply(const redisReadTask *task, mod_sso_redis_type_t type)
{
    mod_sso_redis_reply_t *reply = apr_pcalloc(task->privdata, sizeof(*reply));
    reply->type = type;
    reply->str = "";
    if (task->parent) {
        mod_sso_redis_reply_t *array = task->parent->obj;
        if (task->idx < 0 || task->idx >= array->count)
            return NULL;
        array->element[task->idx] = reply;
    }
    return reply;
}

static void *make_string(const redisReadTask *task, char *str, size_t len)
{
    mod_sso_redis_type_t type = task->type == REDIS_REPLY_ERROR ? MOD_SSO_REDIS_ERROR
                                : task->type == REDIS_REPLY_STATUS ? MOD_SSO_REDIS_STATUS
                                                                   : MOD_SSO_REDIS_STRING;
    mod_sso_redis_reply_t *reply = make_reply(task, type);
    if (reply) {
        reply->str = apr_pstrmemdup(task->privdata, str, len);
        reply->len = len;
    }
    return reply;
}

/* NULL ends the connection. hiredis itself would take memory for as many as the server says. */
static void *make_array(const redisReadTask *task, element_count_t count)
{
    if (count > MOD_SSO_REDIS_ELEMENTS_MAX)
        return NULL;
    mod_sso_redis_reply_t *reply = make_reply(task, MOD_SSO_REDIS_ARRAY);
    if (reply) {
        reply->count = (int)count;
        reply->element = apr_pcalloc(task->privdata, ((apr_size_t)count + 1) * sizeof(*reply->element));
    }
    return reply;
}

static void *make_integer(const redisReadTask *task, long long value)
{
    mod_sso_redis_reply_t *reply = make_reply(task, MOD_SSO_REDIS_INTEGER);
    if (reply)
        reply->integer = value;
    return reply;
}

static void *make_nil(const redisReadTask *task)
{
    return make_reply(task, MOD_SSO_REDIS_NIL);
}

#if HIREDIS_MAJOR >= 1
/* RESP3, which we never ask for. Without these two hiredis would make pointers out of small numbers. */
static void *refuse_double(const redisReadTask *task, double value, char *str, size_t len)
{
    (void)task;
    (void)value;
    (void)str;
    (void)len;
    return NULL;
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)task;
    (void)value;
    return NULL;
}
#endif

static void free_nothing(void *reply)
{
    (void)reply; /* the pool's */
}

static redisReplyObjectFunctions makers = {
    .createString = make_string,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .freeObject = free_nothing,
};

/* --- one exchange ------------------------------------------------------------------------------------------------- */

static struct timeval to_timeval(apr_interval_time_t time)
{
    struct timeval tv = {(time_t)apr_time_sec(time), (suseconds_t)apr_time_usec(time)};
    return tv;
}

static sso_rc_t refuse_nonsense(sso_err_t *err)
{
    return sso_err_set(err, SSO_E_SYNTAX, "redis-broken", "what it says is not Redis's protocol");
}

static sso_rc_t fail(const redisContext *context, int number, sso_err_t *err)
{
    char text[120];
    if (context->err == REDIS_ERR_IO && (number == EAGAIN || number == EWOULDBLOCK || number == ETIMEDOUT))
        return sso_err_set(err, SSO_E_TIMEOUT, "redis-broken", "it does not answer in time");
    if (context->err == REDIS_ERR_IO)
        return sso_err_set(err, SSO_E_FETCH, "redis-broken", "%s", apr_strerror(number, text, sizeof(text)));
    if (context->err == REDIS_ERR_EOF)
        return sso_err_set(err, SSO_E_FETCH, "redis-broken", "it closed the connection");
    return refuse_nonsense(err);
}

/* What is left of the time; a drop now and then must not go on forever. */
static sso_rc_t arm(redisContext *context, apr_time_t deadline, sso_err_t *err)
{
    apr_interval_time_t left = deadline - apr_time_now();
    if (left < apr_time_from_msec(1))
        return sso_err_set(err, SSO_E_TIMEOUT, "redis-broken", "it does not answer in time");
    if (redisSetTimeout(context, to_timeval(left)) != REDIS_OK)
        return fail(context, errno, err);
    return SSO_OK;
}

static sso_rc_t write_plain(redisContext *context, const char **argv, const mod_sso_redis_cmd_t *cmd,
                            apr_time_t deadline, sso_err_t *err)
{
    if (redisAppendCommandArgv(context, cmd->argc, argv, cmd->len) != REDIS_OK)
        return sso_err_set(err, SSO_E_INTERNAL, "redis-broken", "no memory for a command");
    for (int done = 0; !done;) {
        SSO_TRY(arm(context, deadline, err));
        errno = 0;
        if (redisBufferWrite(context, &done) != REDIS_OK)
            return fail(context, errno, err);
    }
    return SSO_OK;
}

static sso_rc_t write_tls(mod_sso_tls_conn_t *tls, const char **argv, const mod_sso_redis_cmd_t *cmd,
                          apr_time_t deadline, sso_err_t *err)
{
    char *text = NULL;
    apr_int64_t len = redisFormatCommandArgv(&text, cmd->argc, argv, cmd->len);
    if (len < 0)
        return sso_err_set(err, SSO_E_INTERNAL, "redis-broken", "no memory for a command");
    sso_rc_t rc = mod_sso_tls_conn_send(tls, text, (apr_size_t)len, deadline, err);
    sso_crypto_cleanse(text, (apr_size_t)len); /* AUTH */
    redisFreeCommand(text);
    return rc;
}

/* Some more of a reply into the reader. */
static sso_rc_t read_some(mod_sso_redis_conn_t *conn, apr_time_t deadline, sso_err_t *err)
{
    char bytes[16 * 1024];
    apr_size_t len;

    if (conn->tls) {
        SSO_TRY(mod_sso_tls_conn_recv(conn->tls, bytes, sizeof(bytes), &len, deadline, err));
        return redisReaderFeed(conn->reader, bytes, len) == REDIS_OK ? SSO_OK : refuse_nonsense(err);
    }
    SSO_TRY(arm(conn->context, deadline, err));
    errno = 0;
    return redisBufferRead(conn->context) == REDIS_OK ? SSO_OK : fail(conn->context, errno, err);
}

static sso_rc_t read_reply(mod_sso_redis_conn_t *conn, apr_time_t deadline, mod_sso_redis_reply_t **ret_reply,
                           sso_err_t *err)
{
    /* Counted here: the reader forgets what it has made elements of, the pool keeps them. */
    for (apr_size_t before, come = conn->reader->len;; come += conn->reader->len - before) {
        void *reply = NULL;
        if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK)
            return refuse_nonsense(err);
        if (reply) {
            *ret_reply = reply;
            return SSO_OK;
        }
        if (come > MOD_SSO_REDIS_REPLY_MAX)
            return sso_err_set(err, SSO_E_LIMIT, "redis-broken", "its reply is longer than %d bytes",
                               MOD_SSO_REDIS_REPLY_MAX);
        before = conn->reader->len;
        SSO_TRY(read_some(conn, deadline, err));
    }
}

sso_rc_t mod_sso_redis_conn_call(mod_sso_redis_conn_t *conn, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                                 apr_time_t deadline, mod_sso_redis_reply_t **ret_reply, sso_err_t *err)
{
    const char *argv[MOD_SSO_REDIS_ARGS_MAX];

    memcpy(argv, cmd->argv, sizeof(argv));
    conn->reader->privdata = pool;
    sso_rc_t rc = conn->tls ? write_tls(conn->tls, argv, cmd, deadline, err)
                            : write_plain(conn->context, argv, cmd, deadline, err);
    if (rc == SSO_OK)
        rc = read_reply(conn, deadline, ret_reply, err);
    conn->reader->privdata = NULL;
    return rc;
}

int mod_sso_redis_conn_is_quiet(const mod_sso_redis_conn_t *conn)
{
    char byte;
    if (conn->reader->err || conn->reader->pos < conn->reader->len)
        return 0;
    if (conn->tls)
        return mod_sso_tls_conn_is_quiet(conn->tls);
    return !conn->context->err && recv(conn->context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

void mod_sso_redis_conn_close(mod_sso_redis_conn_t *conn)
{
    if (conn->context) {
        redisFree(conn->context);
    } else {
        mod_sso_tls_conn_close(conn->tls);
        redisReaderFree(conn->reader);
    }
    apr_pool_destroy(conn->pool);
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static sso_rc_t connect_plain(mod_sso_redis_conn_t *conn, const mod_sso_redis_host_t *host, const char *path,
                              apr_interval_time_t patience, sso_err_t *err)
{
    struct timeval tv = to_timeval(patience);
    errno = 0;
    redisContext *context =
        path ? redisConnectUnixWithTimeout(path, tv) : redisConnectWithTimeout(host->name, host->port, tv);
    if (!context)
        return sso_err_set(err, SSO_E_INTERNAL, "redis-broken", "no memory for a connection");
    if (context->err) {
        /* errstr is the resolver's or the system's word about the address */
        sso_rc_t rc = sso_err_set(err, SSO_E_FETCH, "redis-broken", "no connection to %s: %.80s",
                                  path ? path : host->name, context->errstr);
        redisFree(context);
        return rc;
    }
    (void)fcntl(context->fd, F_SETFD, FD_CLOEXEC); /* a CGI program has no business on a connection that is signed in */
    context->reader->fn = &makers;
    conn->context = context;
    conn->reader = context->reader;
    return SSO_OK;
}

static sso_rc_t connect_tls(mod_sso_redis_conn_t *conn, const mod_sso_redis_host_t *host,
                            const mod_sso_redis_target_t *target, sso_err_t *err)
{
    mod_sso_tls_place_t place = {host->name, host->port, target->trust, target->patience};
    redisReader *reader = redisReaderCreateWithFunctions(&makers);

    if (!reader)
        return sso_err_set(err, SSO_E_INTERNAL, "redis-broken", "no memory for a connection");
    sso_rc_t rc = mod_sso_tls_conn_dial(conn->pool, &place, &conn->tls, err);
    if (rc == SSO_OK)
        conn->reader = reader;
    else
        redisReaderFree(reader);
    return rc;
}

static sso_rc_t dial(const mod_sso_redis_target_t *target, const mod_sso_redis_host_t *host, const char *path,
                     mod_sso_redis_conn_t **ret_conn, sso_err_t *err)
{
    apr_pool_t *pool;

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return sso_err_set(err, SSO_E_INTERNAL, "redis-broken", "no memory for a connection");
    mod_sso_redis_conn_t *conn = apr_pcalloc(pool, sizeof(*conn));
    conn->pool = pool;
    sso_rc_t rc =
        target->trust ? connect_tls(conn, host, target, err) : connect_plain(conn, host, path, target->patience, err);
    if (rc == SSO_OK)
        *ret_conn = conn;
    else
        apr_pool_destroy(pool);
    return rc;
}

static sso_rc_t ask(mod_sso_redis_conn_t *conn, apr_pool_t *pool, const mod_sso_redis_cmd_t *cmd,
                    mod_sso_redis_reply_t **ret_reply, sso_err_t *err)
{
    return mod_sso_redis_conn_call(conn, pool, cmd, apr_time_now() + LOGIN_TIME, ret_reply, err);
}

static sso_rc_t refuse_login(apr_pool_t *pool, const char *verb, const mod_sso_redis_reply_t *reply, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_DENIED, "redis-broken", "%s is refused (%s)", verb,
                       mod_sso_redis_error_word(pool, reply));
}

/* Where there is no password nothing is sent. */
static sso_rc_t authenticate(mod_sso_redis_conn_t *conn, apr_pool_t *pool, const char *what, const char *user,
                             const char *password, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;

    if (!password)
        return SSO_OK;
    mod_sso_redis_cmd_init(&cmd, "AUTH");
    if (user)
        mod_sso_redis_cmd_adds(&cmd, user);
    mod_sso_redis_cmd_adds(&cmd, password);
    SSO_TRY(ask(conn, pool, &cmd, &reply, err));
    return reply->type == MOD_SSO_REDIS_STATUS ? SSO_OK : refuse_login(pool, what, reply, err);
}

static sso_rc_t sign_in(mod_sso_redis_conn_t *conn, apr_pool_t *pool, const mod_sso_redis_url_t *url, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;

    SSO_TRY(authenticate(conn, pool, "AUTH", url->user, url->password, err));
    if (url->service) { /* a Sentinel may not have heard yet that its master has become a replica */
        mod_sso_redis_cmd_init(&cmd, "ROLE");
        SSO_TRY(ask(conn, pool, &cmd, &reply, err));
        if (reply->type == MOD_SSO_REDIS_ARRAY && reply->count > 0 && strcmp(reply->element[0]->str, "master"))
            return sso_err_set(err, SSO_E_FETCH, "redis-broken", "the Sentinels name a server that is no master");
    }
    if (url->database) {
        mod_sso_redis_cmd_init(&cmd, "SELECT");
        mod_sso_redis_cmd_adds(&cmd, apr_itoa(pool, url->database));
        SSO_TRY(ask(conn, pool, &cmd, &reply, err));
        if (reply->type != MOD_SSO_REDIS_STATUS)
            return refuse_login(pool, "SELECT", reply, err);
    }
    return SSO_OK;
}

/* The address goes where an address of SSOCache would go. */
static int is_address(const mod_sso_redis_reply_t *reply)
{
    return reply->len > 0 && reply->len <= 255 &&
           strspn(reply->str, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-") == reply->len;
}

static sso_rc_t ask_master(mod_sso_redis_conn_t *conn, apr_pool_t *pool, const mod_sso_redis_url_t *url,
                           mod_sso_redis_host_t *ret_host, sso_err_t *err)
{
    mod_sso_redis_cmd_t cmd;
    mod_sso_redis_reply_t *reply;
    apr_int64_t port = 0;

    SSO_TRY(authenticate(conn, pool, "the Sentinel's AUTH", url->sentinel_user, url->sentinel_password, err));
    mod_sso_redis_cmd_init(&cmd, "SENTINEL");
    mod_sso_redis_cmd_adds(&cmd, "get-master-addr-by-name");
    mod_sso_redis_cmd_adds(&cmd, url->service);
    SSO_TRY(ask(conn, pool, &cmd, &reply, err));
    if (reply->type == MOD_SSO_REDIS_ERROR && strncmp(reply->str, "NOAUTH", 6) == 0)
        return sso_err_set(err, SSO_E_DENIED, "redis-broken",
                           "the Sentinel wants a password; write sentinel-password-file in SSOCache");
    if (reply->type == MOD_SSO_REDIS_ERROR)
        return refuse_login(pool, "SENTINEL", reply, err);
    if (reply->type != MOD_SSO_REDIS_ARRAY || reply->count != 2 || !is_address(reply->element[0]) ||
        sso_text_int(reply->element[1]->str, 1, 65535, &port, NULL) != SSO_OK)
        return sso_err_set(err, SSO_E_FETCH, "redis-broken", "the Sentinel knows no master of this name");
    ret_host->name = reply->element[0]->str;
    ret_host->port = (int)port;
    return SSO_OK;
}

/* Where one Sentinel says the master is. */
static sso_rc_t ask_sentinel(apr_pool_t *pool, const mod_sso_redis_target_t *target, int i,
                             mod_sso_redis_host_t *ret_host, sso_err_t *err)
{
    mod_sso_redis_conn_t *conn;

    SSO_TRY(dial(target, &target->url.hosts[i], NULL, &conn, err));
    sso_rc_t rc = ask_master(conn, pool, &target->url, ret_host, err);
    mod_sso_redis_conn_close(conn);
    return rc;
}

static sso_rc_t find_server(apr_pool_t *pool, const mod_sso_redis_target_t *target, mod_sso_redis_host_t *ret_host,
                            sso_err_t *err)
{
    const mod_sso_redis_url_t *url = &target->url;
    sso_rc_t rc = SSO_E_INTERNAL;
    int first = *target->sentinel;
    if (!url->service) {
        *ret_host = url->hosts[0];
        return SSO_OK;
    }
    for (int i = 0; i < url->count && rc != SSO_OK; i++) {
        int asked = (first + i) % url->count;
        sso_err_clear(err);
        rc = ask_sentinel(pool, target, asked, ret_host, err);
        if (rc == SSO_OK)
            *target->sentinel = asked;
    }
    return rc;
}

sso_rc_t mod_sso_redis_conn_open(apr_pool_t *pool, const mod_sso_redis_target_t *target,
                                 mod_sso_redis_conn_t **ret_conn, sso_err_t *err)
{
    mod_sso_redis_host_t host;
    mod_sso_redis_conn_t *conn;

    SSO_TRY(find_server(pool, target, &host, err));
    SSO_TRY(dial(target, &host, target->url.path, &conn, err));
    sso_rc_t rc = sign_in(conn, pool, &target->url, err);
    if (rc == SSO_OK)
        *ret_conn = conn;
    else
        mod_sso_redis_conn_close(conn);
    return rc;
}

#endif

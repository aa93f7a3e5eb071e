/* SPDX-License-Identifier: Apache-2.0 */
/* SSOClientSecret: VALUE, file:PATH, exec:COMMAND; and the recognition of values that nobody should have in production.
 */
#include "httpd/conf_check.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "httpd/secretfile.h"
#include "jose/crypto.h"

#define SECRET_MAX   8192
#define EXEC_TIMEOUT apr_time_from_sec(10)

/* What stands where the operator's own value belongs; a client may well be called "client" or "test". */
static const char *const blanks[] = {"changeit",   "replaceme", "replace_me",    "todo",          "tbd",
                                     "undefined",  "client-id", "client_id",     "clientid",      "my-client-id",
                                     "change-me",  "change_me", "client-secret", "client_secret", "clientsecret",
                                     "s6bhdrkqt3", NULL};
/* Secrets of documentation, consoles and sample configurations, and words that anybody tries first. */
static const char *const samples[] = {"none",
                                      "null",
                                      "test",
                                      "example",
                                      "sample",
                                      "dummy",
                                      "foo",
                                      "bar",
                                      "foobar",
                                      "password",
                                      "passw0rd",
                                      "secret",
                                      "mysecret",
                                      "my-secret",
                                      "supersecret",
                                      "topsecret",
                                      "client",
                                      "my-client-secret",
                                      "my-app",
                                      "7fjfp0zbr1ktdrbnfvdmiw",
                                      "gx1fbat3bv",
                                      "zjycqe3grvdrudkyzs0xhgv_z45duknhcuk0gbr1vzk",
                                      "cf136dc3c1fc93f31185e5885805d",
                                      "example-app",
                                      "example-app-secret",
                                      "zxhhbxbszs1hchatc2vjcmv0",
                                      "jj/9sz0g0ohxsfxoosfdfdmk3ysnmprnh3tuabz3iha=",
                                      "gb389a-9f76-gdjs-a92j-0242bk94356",
                                      NULL};

static int is_listed(const char *const *list, const char *value)
{
    for (; *list; list++) {
        if (strcasecmp(*list, value) == 0)
            return 1;
    }
    return 0;
}

static int is_repeated(const char *value)
{
    for (const char *p = value; *p; p++) {
        if (*p != value[0])
            return 0;
    }
    return 1;
}

/* Brackets and blanks may be part of a random secret (RFC 6749 A.2), of nothing else. */
static const char *check_letters(const char *value, int is_secret)
{
    apr_size_t len = strlen(value);
    const char *last = value + (len ? len - 1 : 0);
    if (is_secret ? (*value == '{' && *last == '}') || (*value == '<' && *last == '>') || strstr(value, "${")
                  : strpbrk(value, "{}<>") != NULL)
        return "still holds a placeholder in brackets";
    for (const char *p = value; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f || (*p == ' ' && (!is_secret || p == value || p == last)))
            return "holds a blank or a control character";
    }
    return NULL;
}

const char *mod_sso_check_sample(apr_pool_t *pool, const char *value, int is_secret)
{
    const char *why = check_letters(value, is_secret);
    if (why)
        return why;
    char *lower = apr_pstrdup(pool, value);
    ap_str_tolower(lower);
    if (strncmp(lower, "your-", 5) == 0 || strncmp(lower, "your_", 5) == 0 || strncmp(lower, "your ", 5) == 0 ||
        strstr(lower, "changeme") || strstr(lower, "-your-") || strstr(lower, "_your_") || strstr(lower, "replace-me"))
        return "is a placeholder";
    if (is_repeated(value))
        return "is one character repeated";
    if (is_listed(blanks, value) || (is_secret && is_listed(samples, value)))
        return "is a sample value that anybody can read in documentation";
    return NULL;
}

int mod_sso_check_is_exec(const mod_sso_provider_conf_t *conf)
{
    return conf->client_secret && strncasecmp(conf->client_secret, "exec:", 5) == 0;
}

/* A console's file: {"client_id":…,"client_secret":…}, or the same inside one member ({"web":{…}}). */
static const sso_json_t *find_credentials(const sso_json_t *doc)
{
    const char *secret;
    if (sso_json_string(doc, "client_secret", &secret) == SSO_JSON_FOUND)
        return doc;
    static const char *const members[] = {"web", "installed", "client", "data", NULL};
    for (int i = 0; members[i]; i++) {
        const sso_json_t *inner;
        if (sso_json_object(doc, members[i], &inner) == SSO_JSON_FOUND &&
            sso_json_string(inner, "client_secret", &secret) == SSO_JSON_FOUND)
            return inner;
    }
    return NULL;
}

/* Text of a file or a program -> secret, and the client id when JSON says it. A sentence when it cannot be. */
static const char *read_text(apr_pool_t *pool, const char *bytes, apr_size_t len, const char **ret_id,
                             const char **ret_secret)
{
    *ret_id = NULL;
    if (len > 0 && bytes[0] == '{') {
        sso_err_t err = SSO_ERR_INIT;
        const sso_json_t *doc;
        if (sso_json_parse_object(pool, bytes, len, SECRET_MAX, &doc, &err) != SSO_OK)
            return apr_psprintf(pool, "is not JSON: %s", err.detail);
        const sso_json_t *credentials = find_credentials(doc);
        if (!credentials)
            return "is JSON without a client_secret";
        (void)sso_json_string(credentials, "client_secret", ret_secret);
        (void)sso_json_string(credentials, "client_id", ret_id);
        return NULL;
    }
    return mod_sso_secretfile_line(pool, bytes, len, ret_secret);
}

/* RFC 7518 3.2: an HMAC key is at least as long as the hash. */
static apr_size_t needed_len(const mod_sso_provider_t *provider)
{
    static const struct {
        const char *alg;
        apr_size_t len;
    } macs[] = {{"HS512", 64}, {"HS384", 48}, {"HS256", 32}};
    for (apr_size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        const sso_alg_t *alg = sso_alg_find(macs[i].alg);
        if (alg && (provider->client.algs & alg->bit))
            return macs[i].len;
    }
    return provider->client.auth == SSO_CLIENT_AUTH_SECRET_JWT ? 32 : 0;
}

/* The sentence about a secret's value, whatever it came from. */
static const char *judge(apr_pool_t *pool, const mod_sso_provider_t *provider, const char *secret)
{
    const char *why = mod_sso_check_sample(pool, secret, 1);
    apr_size_t needed = needed_len(provider);
    if (why)
        return apr_psprintf(pool, "the secret %s; write the one the provider gave to this client", why);
    if (provider->conf->client_id && strcmp(secret, provider->conf->client_id) == 0)
        return "the secret is the client id; write the secret the provider gave to this client";
    if (strlen(secret) < needed)
        return apr_psprintf(pool,
                            "the secret has %lu bytes; signatures with it (HS*, client_secret_jwt) need at least %lu "
                            "(RFC 7518 3.2). Let the provider make a longer one, or use RS256 or ES256",
                            (unsigned long)strlen(secret), (unsigned long)needed);
    return NULL;
}

static int read_secret_file(mod_sso_check_t *ck, mod_sso_provider_t *provider, const char *file)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    sso_err_t err = SSO_ERR_INIT;
    const char *bytes, *id = NULL, *secret = NULL, *path = ap_server_root_relative(ck->ptemp, file);
    apr_size_t len;
    if (!path || !*file) {
        mod_sso_check_fail(ck, "SSO147", "SSOClientSecret", conf,
                           "file: needs a path, like file:/etc/apache2/sso.secret");
        return 0;
    }
    if (mod_sso_secretfile_read(ck->pconf, path, SECRET_MAX, &bytes, &len, &err) != SSO_OK) {
        mod_sso_check_fail(ck, "SSO147", "SSOClientSecret", conf, "%s", err.detail);
        return 0;
    }
    const char *why = read_text(ck->pconf, bytes, len, &id, &secret);
    if (!why && !secret)
        why = "holds no secret";
    if (why) {
        mod_sso_check_fail(ck, "SSO148", "SSOClientSecret", conf, "%s %s", path, why);
        return 0;
    }
    if (id && !provider->client.client_id)
        provider->client.client_id = id;
    else if (id && strcmp(id, provider->client.client_id) != 0) {
        mod_sso_check_fail(ck, "SSO169", "SSOClientSecret", conf,
                           "%s is for the client \"%s\", but SSOClientID says \"%s\"; write the matching one or leave "
                           "SSOClientID out",
                           path, id, provider->client.client_id);
        return 0;
    }
    provider->client.client_secret = secret;
    return 1;
}

static int check_command(mod_sso_check_t *ck, const mod_sso_provider_conf_t *conf)
{
    const char *command = conf->client_secret + 5;
    const char *program = ap_getword_conf(ck->ptemp, &command);
    if (program[0] != '/') {
        mod_sso_check_fail(ck, "SSO171", "SSOClientSecret", conf,
                           "exec: needs the full path of a program, like exec:/usr/local/bin/get-secret");
        return 0;
    }
    if (access(program, X_OK) != 0) {
        mod_sso_check_fail(ck, "SSO171", "SSOClientSecret", conf, "the program %s does not exist or cannot be run",
                           program);
        return 0;
    }
    return 1;
}

int mod_sso_check_secret(mod_sso_check_t *ck, mod_sso_provider_t *provider)
{
    const mod_sso_provider_conf_t *conf = provider->conf;
    if (!conf->client_secret)
        return 1;
    if (mod_sso_check_is_exec(conf))
        return check_command(ck, conf);
    if (strncasecmp(conf->client_secret, "file:", 5) == 0) {
        if (!read_secret_file(ck, provider, conf->client_secret + 5))
            return 0;
    } else {
        provider->client.client_secret = conf->client_secret;
    }
    const char *why = judge(ck->ptemp, provider, provider->client.client_secret);
    if (why)
        mod_sso_check_fail(ck, "SSO142", "SSOClientSecret", conf, "%s", why);
    return why == NULL;
}

/* Reads until the end, the limit or the deadline. */
static const char *read_pipe(apr_file_t *out, char *bytes, apr_size_t room, apr_size_t *ret_len)
{
    apr_time_t deadline = apr_time_now() + EXEC_TIMEOUT;
    apr_size_t len = 0;
    for (;;) {
        apr_interval_time_t left = deadline - apr_time_now();
        apr_size_t n = room - len;
        if (left <= 0)
            return "did not answer within 10 seconds";
        if (n == 0)
            return "wrote too much";
        apr_file_pipe_timeout_set(out, left);
        apr_status_t rv = apr_file_read(out, bytes + len, &n);
        if (rv == APR_EOF)
            break;
        if (APR_STATUS_IS_TIMEUP(rv))
            return "did not answer within 10 seconds";
        if (rv != APR_SUCCESS)
            return "could not be read";
        len += n;
    }
    *ret_len = len;
    return NULL;
}

/* Runs the program without a shell, with our standard error and an empty input. */
static const char *run(apr_pool_t *ptemp, const char *command, char *bytes, apr_size_t room, apr_size_t *ret_len)
{
    apr_procattr_t *attr;
    apr_proc_t proc;
    char **argv;
    int code = 0;
    apr_exit_why_e why = APR_PROC_EXIT;
    if (apr_tokenize_to_argv(command, &argv, ptemp) != APR_SUCCESS || !argv[0])
        return "is not a command";
    if (apr_procattr_create(&attr, ptemp) != APR_SUCCESS ||
        apr_procattr_io_set(attr, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE) != APR_SUCCESS ||
        apr_procattr_cmdtype_set(attr, APR_PROGRAM_ENV) != APR_SUCCESS ||
        apr_proc_create(&proc, argv[0], (const char *const *)argv, NULL, attr, ptemp) != APR_SUCCESS)
        return "could not be started";
    const char *error = read_pipe(proc.out, bytes, room, ret_len);
    if (error)
        apr_proc_kill(&proc, SIGKILL);
    apr_file_close(proc.out);
    apr_proc_wait(&proc, &code, &why, APR_WAIT);
    if (!error && (!APR_PROC_CHECK_EXIT(why) || code != 0))
        error = apr_psprintf(ptemp, "ended with status %d", code);
    return error;
}

static const char *exec_secret(apr_pool_t *pconf, apr_pool_t *ptemp, mod_sso_provider_t *provider, apr_hash_t *known)
{
    const char *command = provider->conf->client_secret + 5;
    const char *secret = apr_hash_get(known, command, APR_HASH_KEY_STRING), *id = NULL;
    if (!secret) {
        char *bytes = apr_pcalloc(ptemp, SECRET_MAX + 1);
        apr_size_t len = 0;
        const char *error = run(ptemp, command, bytes, SECRET_MAX, &len);
        if (!error)
            error = read_text(pconf, bytes, len, &id, &secret);
        sso_crypto_cleanse(bytes, SECRET_MAX);
        if (!error && !secret)
            error = "holds no secret";
        if (error)
            return apr_psprintf(ptemp, "the output of %s: %s", command, error);
        if (id && strcmp(id, provider->client.client_id) != 0)
            return apr_psprintf(ptemp, "the output of %s is for another client than SSOClientID says", command);
        apr_hash_set(known, command, APR_HASH_KEY_STRING, secret);
    }
    provider->client.client_secret = secret;
    return judge(ptemp, provider, secret);
}

sso_rc_t mod_sso_conf_exec_secrets(apr_pool_t *pconf, server_rec *main_server, sso_err_t *err)
{
    sso_rc_t rc = SSO_OK;
    apr_pool_t *ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return SSO_OK;
    apr_pool_create(&ptemp, pconf);
    apr_hash_t *known = apr_hash_make(ptemp);
    for (server_rec *s = main_server; s && rc == SSO_OK; s = s->next) {
        const mod_sso_site_t *site = mod_sso_conf_of(s)->site;
        for (int i = 0; site && i < site->count && rc == SSO_OK; i++) {
            mod_sso_provider_t *provider = site->providers[i];
            const char *error =
                mod_sso_check_is_exec(provider->conf) ? exec_secret(pconf, ptemp, provider, known) : NULL;
            if (error)
                rc = sso_err_set(err, SSO_E_CONFIG, "secret-exec", "SSOClientSecret of provider \"%s\" (%s): %s",
                                 provider->name, provider->conf->where, error);
        }
    }
    apr_pool_destroy(ptemp);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of Redis servers; the forms are in the header. */
#include "httpd/redis_url.h"

#include <stddef.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"

#define URL_MAX       1000
#define HOST_MAX      255
#define SERVICE_MAX   100
#define DATABASE_MAX  65535
#define REDIS_PORT    6379
#define SENTINEL_PORT 26379

typedef struct form_t {
    const char *scheme;
    int tls;
    int sentinel;
    int local;
} form_t;

static const form_t forms[] = {
    {"redis://", 0, 0, 0},           {"rediss://", 1, 0, 0},     {"redis+sentinel://", 0, 1, 0},
    {"rediss+sentinel://", 1, 1, 0}, {"redis+unix://", 0, 0, 1},
};

/* What may stand behind the `?`. */
typedef struct option_t {
    const char *name;
    apr_size_t offset; /* of its text in mod_sso_redis_url_t */
    enum { FOR_ALL, FOR_TLS, FOR_SENTINEL, FOR_SOCKET } use;
    int is_file;
} option_t;

#define KNOWN_OPTIONS                                                                                                  \
    "Known: password-file; over TLS ca-file, cert-file, key-file; for Sentinels sentinel-user, sentinel-password, "    \
    "sentinel-password-file; for a socket db"

static const option_t options[] = {
    {"password-file", offsetof(mod_sso_redis_url_t, password_file), FOR_ALL, 1},
    {"ca-file", offsetof(mod_sso_redis_url_t, ca_file), FOR_TLS, 1},
    {"cert-file", offsetof(mod_sso_redis_url_t, cert_file), FOR_TLS, 1},
    {"key-file", offsetof(mod_sso_redis_url_t, key_file), FOR_TLS, 1},
    {"sentinel-user", offsetof(mod_sso_redis_url_t, sentinel_user), FOR_SENTINEL, 0},
    {"sentinel-password", offsetof(mod_sso_redis_url_t, sentinel_password), FOR_SENTINEL, 0},
    {"sentinel-password-file", offsetof(mod_sso_redis_url_t, sentinel_password_file), FOR_SENTINEL, 1},
    {"db", 0, FOR_SOCKET, 0},
};
#define OPTIONS_COUNT (sizeof(options) / sizeof(options[0]))

#define BAD_ESCAPE "is followed by 00, or not by two hexadecimal digits; write %%25 for a %% itself"

#define refuse(err, ...) sso_err_set((err), SSO_E_CONFIG, "redis-url", __VA_ARGS__)

int mod_sso_redis_url_is(const char *spec)
{
    return strncasecmp(spec, "redis://", 8) == 0 || strncasecmp(spec, "rediss://", 9) == 0 ||
           strncasecmp(spec, "redis+", 6) == 0 || strncasecmp(spec, "rediss+", 7) == 0 ||
           strncasecmp(spec, "valkey", 6) == 0; /* to be told how the scheme is written here */
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %HH -> byte; NULL when an escape is cut, wrong or a NUL. */
static char *decode(apr_pool_t *pool, const char *text, apr_size_t len)
{
    char *out = apr_palloc(pool, len + 1), *to = out;
    for (apr_size_t i = 0; i < len; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            int high = len - i > 2 ? hex_value(text[i + 1]) : -1;
            int low = len - i > 2 ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return NULL;
            c = high << 4 | low;
            i += 2;
        }
        *to++ = (char)c;
    }
    *to = '\0';
    return out;
}

static sso_rc_t parse_user(apr_pool_t *pool, const char *text, apr_size_t len, mod_sso_redis_url_t *url, sso_err_t *err)
{
    const char *colon = memchr(text, ':', len);
    if (!colon && !url->password_file)
        return refuse(err, "there is a user without a password; write redis://USER:PASSWORD@HOST or, where the server "
                           "has only a password, redis://:PASSWORD@HOST; or name a file with ?password-file=/PATH");
    if (colon && url->password_file)
        return refuse(err, "there is a password before the @ and a password-file; write one of them, the other as "
                           "USER@HOST or not at all");
    url->user = decode(pool, text, colon ? (apr_size_t)(colon - text) : len);
    url->password = colon ? decode(pool, colon + 1, len - (apr_size_t)(colon + 1 - text)) : NULL;
    if (!url->user || (colon && !url->password))
        return refuse(err, "a %% in user or password " BAD_ESCAPE);
    if (colon && !*url->password)
        return refuse(err, "the password is empty; leave the part before @ out when there is none");
    if (!*url->user)
        url->user = NULL;
    return SSO_OK;
}

static int is_host(const char *name, int is_literal)
{
    apr_size_t len = strlen(name);
    if (len == 0 || len > HOST_MAX)
        return 0;
    for (const char *p = name; *p; p++)
        if (is_literal ? !apr_isxdigit(*p) && *p != ':' && *p != '.' : !apr_isalnum(*p) && !strchr(".-_", *p))
            return 0;
    return 1;
}

/* HOST, HOST:PORT, [IPv6], [IPv6]:PORT */
static sso_rc_t parse_host(char *text, int default_port, mod_sso_redis_host_t *host, sso_err_t *err)
{
    char *end = text[0] == '[' ? strchr(text, ']') : NULL, *port;
    apr_int64_t number = default_port;

    if (text[0] == '[' && !end)
        return refuse(err, "the [ of an IPv6 address is not closed");
    port = strchr(end ? end : text, ':');
    if (end) {
        if (end[1] && end[1] != ':')
            return refuse(err, "only a port may follow the ] of an IPv6 address");
        *end = '\0';
        text++;
    } else if (port && strchr(port + 1, ':'))
        return refuse(err, "an IPv6 address stands in brackets: redis://[2001:db8::7]:6379");
    if (port) {
        *port++ = '\0';
        if (sso_text_int(port, 1, 65535, &number, NULL) != SSO_OK)
            return refuse(err, "what follows the host's colon is not a port"); /* unquoted: a password may stand here */
    }
    if (!is_host(text, end != NULL))
        return refuse(err, "a host is missing, or holds characters that no host name or address has");
    host->name = text;
    host->port = (int)number;
    return SSO_OK;
}

static sso_rc_t parse_hosts(apr_pool_t *pool, const char *text, apr_size_t len, mod_sso_redis_url_t *url,
                            sso_err_t *err)
{
    char *rest = apr_pstrmemdup(pool, text, len);
    do {
        char *comma = strchr(rest, ',');
        if (comma)
            *comma = '\0';
        if (comma && !url->service)
            return refuse(err, "only redis+sentinel:// takes several hosts");
        if (url->count == MOD_SSO_REDIS_HOSTS_MAX)
            return refuse(err, "there are more than %d hosts", MOD_SSO_REDIS_HOSTS_MAX);
        SSO_TRY(parse_host(rest, url->service ? SENTINEL_PORT : REDIS_PORT, &url->hosts[url->count++], err));
        rest = comma ? comma + 1 : NULL;
    } while (rest);
    return SSO_OK;
}

static sso_rc_t parse_database(const char *text, mod_sso_redis_url_t *url, sso_err_t *err)
{
    apr_int64_t number = 0;
    if (*text && sso_text_int(text, 0, DATABASE_MAX, &number, NULL) != SSO_OK)
        return refuse(err, "what follows the last slash, or db=, is not the number of a database, 0 to %d",
                      DATABASE_MAX);
    url->database = (int)number;
    return SSO_OK;
}

static int is_service(const char *name)
{
    apr_size_t len = strlen(name);
    if (len == 0 || len > SERVICE_MAX)
        return 0;
    for (; *name; name++)
        if (!apr_isalnum(*name) && !strchr(".-_", *name))
            return 0;
    return 1;
}

/* Everything between the hosts and the options, without the first slash. */
static sso_rc_t parse_place(apr_pool_t *pool, const form_t *form, const char *text, mod_sso_redis_url_t *url,
                            sso_err_t *err)
{
    if (form->local) {
        url->path = decode(pool, text, strlen(text));
        if (!url->path || !*url->path)
            return refuse(err, "redis+unix:// needs the path of a socket, like redis+unix:///run/redis/redis.sock");
        url->path = apr_pstrcat(pool, "/", url->path, NULL);
        return SSO_OK;
    }
    if (form->sentinel) {
        const char *slash = strchr(text, '/');
        url->service = slash ? apr_pstrmemdup(pool, text, (apr_size_t)(slash - text)) : text;
        if (!is_service(url->service))
            return refuse(err, "the name of the service is missing; write redis+sentinel://HOST,HOST/SERVICE/DATABASE");
        text = slash ? slash + 1 : "";
    }
    return parse_database(text, url, err);
}

static int is_for(const option_t *option, const form_t *form)
{
    return option->use == FOR_ALL || (option->use == FOR_TLS && form->tls) ||
           (option->use == FOR_SENTINEL && form->sentinel) || (option->use == FOR_SOCKET && form->local);
}

/* A name that is not known is not repeated either: it may be the rest of a password that held a ? or a &. */
static const option_t *find_option(const char *name, apr_size_t len)
{
    for (apr_size_t i = 0; i < OPTIONS_COUNT; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

static sso_rc_t take_option(const option_t *option, const char *value, mod_sso_redis_url_t *url, sso_err_t *err)
{
    if (!value)
        return refuse(err, "a %% in %s " BAD_ESCAPE, option->name);
    if (!*value)
        return refuse(err, "%s is empty", option->name);
    if (option->is_file && *value != '/')
        return refuse(err, "%s needs the full path of a file", option->name);
    if (option->use == FOR_SOCKET)
        return parse_database(value, url, err);
    *(const char **)(void *)((char *)url + option->offset) = value;
    return SSO_OK;
}

/* NAME=VALUE&NAME=VALUE */
static sso_rc_t parse_options(apr_pool_t *pool, const form_t *form, const char *text, mod_sso_redis_url_t *url,
                              sso_err_t *err)
{
    unsigned seen = 0;

    for (const char *end; text; text = *end ? end + 1 : NULL) {
        end = text + strcspn(text, "&");
        apr_size_t name_len = strcspn(text, "=&");
        const option_t *option = text[name_len] == '=' ? find_option(text, name_len) : NULL;
        if (!option)
            return refuse(err, "what follows the ? is not NAME=VALUE&NAME=VALUE with known names (in a password write "
                               "%%3F for ?, %%26 for &). " KNOWN_OPTIONS);
        if (!is_for(option, form))
            return refuse(err, "%s does not belong to %s. " KNOWN_OPTIONS, option->name, form->scheme);
        if (seen & 1u << (option - options))
            return refuse(err, "%s stands there twice. " KNOWN_OPTIONS, option->name);
        seen |= 1u << (option - options);
        const char *value = text + name_len + 1;
        SSO_TRY(take_option(option, decode(pool, value, (apr_size_t)(end - value)), url, err));
    }
    return SSO_OK;
}

static sso_rc_t check_options(const mod_sso_redis_url_t *url, sso_err_t *err)
{
    if (!url->cert_file != !url->key_file)
        return refuse(err, "a client certificate is two files; write cert-file and key-file");
    if (url->sentinel_password && url->sentinel_password_file)
        return refuse(err, "there are sentinel-password and sentinel-password-file; write one of them");
    if (url->sentinel_user && !url->sentinel_password && !url->sentinel_password_file)
        return refuse(err, "sentinel-user needs sentinel-password-file (or sentinel-password)");
    return SSO_OK;
}

static const char *make_label(apr_pool_t *pool, const form_t *form, const mod_sso_redis_url_t *url)
{
    const char *label = form->scheme;
    if (url->path)
        return apr_psprintf(pool, "%s%s?db=%d", label, url->path, url->database);
    for (int i = 0; i < url->count; i++) {
        const char *name = url->hosts[i].name;
        int literal = strchr(name, ':') != NULL;
        label = apr_psprintf(pool, "%s%s%s%s%s:%d", label, i ? "," : "", literal ? "[" : "", name, literal ? "]" : "",
                             url->hosts[i].port);
    }
    return url->service ? apr_psprintf(pool, "%s/%s/%d", label, url->service, url->database)
                        : apr_psprintf(pool, "%s/%d", label, url->database);
}

sso_rc_t mod_sso_redis_url_parse(apr_pool_t *pool, const char *text, mod_sso_redis_url_t *ret_url, sso_err_t *err)
{
    mod_sso_redis_url_t url = {0};
    const form_t *form = NULL;

    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || p - text >= URL_MAX)
            return refuse(err, "the URL holds blanks, control or 8-bit characters, or is longer than %d", URL_MAX);
    for (apr_size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strncasecmp(text, forms[i].scheme, strlen(forms[i].scheme)) == 0)
            form = &forms[i];
    if (!form)
        return refuse(err, "the scheme is unknown; write redis://, rediss://, redis+sentinel://, rediss+sentinel:// or "
                           "redis+unix://");
    const char *hosts = text + strlen(form->scheme), *end = hosts + strcspn(hosts, "/?#"), *at = hosts;
    /* Told before anything is quoted: what stands here may be a password. */
    if (strchr(end, '@'))
        return refuse(err, "there is an @ behind the first slash or ?; in a password write %%2F for /, %%3F for ?, "
                           "%%23 for # and %%40 for @");
    if (strchr(end, '#'))
        return refuse(err, "there is a #; write %%23");
    for (const char *p = hosts; p < end; p++) {
        if (*p == '@' && at != hosts)
            return refuse(err, "there are two @; in a password write %%40");
        if (*p == '@')
            at = p + 1;
    }
    url.tls = form->tls;
    const char *query = strchr(end, '?'), *place = *end == '/' ? end + 1 : end;
    if (query) {
        SSO_TRY(parse_options(pool, form, query + 1, &url, err));
        SSO_TRY(check_options(&url, err));
        place = apr_pstrmemdup(pool, place, (apr_size_t)(query - place));
    }
    if (at != hosts)
        SSO_TRY(parse_user(pool, hosts, (apr_size_t)(at - 1 - hosts), &url, err));
    SSO_TRY(parse_place(pool, form, place, &url, err));
    if (form->local && at != end)
        return refuse(err, "redis+unix:// names no host: the path begins behind its third slash");
    if (!form->local)
        SSO_TRY(parse_hosts(pool, at, (apr_size_t)(end - at), &url, err));
    url.label = make_label(pool, form, &url);
    *ret_url = url;
    return SSO_OK;
}

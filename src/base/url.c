/* SPDX-License-Identifier: Apache-2.0 */
/* Reading URLs, strictly (RFC 3986), and the one validator of what a browser may be sent back to, which has to see a
 * reference as a browser does (WHATWG URL, special schemes): a backslash is a slash, dots may be spelled %2e, a path
 * that begins with two slashes is a host. What is accepted is written anew from its parts. */
#include "base/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "base/buf.h"
#include "base/text.h"

#define HOST_MAX  253
#define LABEL_MAX 63

typedef enum { AUTHORITY_OK, AUTHORITY_USERINFO, AUTHORITY_HOST, AUTHORITY_PORT } authority_t;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int sso_url_default_port(const char *scheme)
{
    return strcmp(scheme, "http") == 0 ? 80 : 443;
}

/* Four decimal numbers without leading zeros; ret_first may be NULL. */
static int is_ipv4(const char *host, int *ret_first)
{
    for (int part = 0; part < 4; part++) {
        int value = 0;
        int digits = 0;
        for (; is_digit(*host) && digits < 4; host++, digits++)
            value = value * 10 + (*host - '0');
        if (digits == 0 || value > 255 || (digits > 1 && host[-digits] == '0'))
            return 0;
        if (*host != (part < 3 ? '.' : '\0'))
            return 0;
        host++;
        if (part == 0 && ret_first != NULL)
            *ret_first = value;
    }
    return 1;
}

static int parse_ipv6(const char *host, struct in6_addr *addr)
{
    char inner[INET6_ADDRSTRLEN];
    apr_size_t len = strlen(host);

    if (len < 4 || len - 2 >= sizeof(inner) || host[0] != '[' || host[len - 1] != ']')
        return 0;
    memcpy(inner, host + 1, len - 2);
    inner[len - 2] = '\0';
    return inet_pton(AF_INET6, inner, addr) == 1;
}

/* WHATWG "ends in a number": browsers take 0x7f.1, 017700000001 and 2130706433 for IPv4 addresses. */
static int ends_in_number(const char *host)
{
    const char *last = strrchr(host, '.');

    last = last != NULL ? last + 1 : host;
    if (last[0] == '0' && last[1] == 'x')
        return 1;
    return last[strspn(last, "0123456789")] == '\0';
}

/* A host in lower case: IPv6 in brackets, a plain IPv4 address, or labels of letters, digits, '-' and '_'. Everything
 * a browser would translate first (IDN, percent-encoding, odd IPv4 forms) and a trailing dot are refused. */
static int is_host(const char *host)
{
    struct in6_addr addr;
    apr_size_t label = 0;

    if (host[0] == '[')
        return parse_ipv6(host, &addr);
    if (host[0] == '\0' || strlen(host) > HOST_MAX)
        return 0;
    for (const char *p = host;; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > LABEL_MAX)
                return 0;
            label = 0;
            if (*p == '\0')
                break;
        } else if (is_alpha(*p) || is_digit(*p) || *p == '-' || *p == '_') {
            label++;
        } else {
            return 0;
        }
    }
    return !ends_in_number(host) || is_ipv4(host, NULL);
}

/* 1-65535 without leading zeros, or 0. */
static int parse_port(const char *text, apr_size_t len)
{
    int port = 0;

    if (len == 0 || len > 5 || text[0] == '0')
        return 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return 0;
        port = port * 10 + (text[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

/* Reads host and port of `len` bytes between "//" and the path; url->scheme is set. */
static authority_t parse_authority(apr_pool_t *pool, const char *text, apr_size_t len, sso_url_t *url)
{
    const char *end = text + len;
    const char *host_end = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
    char *host;

    if (len > 0 && memchr(text, '@', len) != NULL)
        return AUTHORITY_USERINFO;
    if (host_end != NULL)
        host_end++;
    else
        host_end = len > 0 ? memchr(text, ':', len) : NULL;
    if (host_end == NULL)
        host_end = end;
    host = apr_pstrmemdup(pool, text, (apr_size_t)(host_end - text));
    for (char *p = host; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
    if (strlen(host) != (apr_size_t)(host_end - text) || !is_host(host))
        return AUTHORITY_HOST;
    url->host = host;
    url->port = sso_url_default_port(url->scheme);
    if (host_end == end)
        return AUTHORITY_OK;
    if (*host_end != ':')
        return AUTHORITY_HOST;
    url->port = parse_port(host_end + 1, (apr_size_t)(end - host_end - 1));
    return url->port != 0 ? AUTHORITY_OK : AUTHORITY_PORT;
}

/* "https" or "http" when the text begins with it and a colon, NULL otherwise. */
static const char *web_scheme(const char *text)
{
    if (strncasecmp(text, "https:", 6) == 0)
        return "https";
    return strncasecmp(text, "http:", 5) == 0 ? "http" : NULL;
}

/* RFC 3986 3.3-3.5: pchar, '/', '?', whole escapes, and one '#' in front of the fragment. */
static int is_strict_tail(const char *p)
{
    int fragment = 0;

    for (; *p != '\0'; p++) {
        if (is_alpha(*p) || is_digit(*p) || strchr("-._~!$&'()*+,;=:@/?", *p) != NULL)
            continue;
        if (*p == '#' && !fragment)
            fragment = 1;
        else if (*p == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0)
            p += 2;
        else
            return 0;
    }
    return 1;
}

static void split_tail(apr_pool_t *pool, const char *tail, sso_url_t *url)
{
    apr_size_t path_len = strcspn(tail, "?#");
    const char *query = tail[path_len] == '?' ? tail + path_len + 1 : NULL;
    const char *hash = strchr(tail, '#');

    url->path = path_len > 0 ? apr_pstrmemdup(pool, tail, path_len) : "/";
    url->query = query != NULL ? apr_pstrmemdup(pool, query, strcspn(query, "#")) : NULL;
    url->fragment = hash != NULL ? apr_pstrdup(pool, hash + 1) : NULL;
}

sso_rc_t sso_url_parse(apr_pool_t *pool, const char *text, sso_url_t *ret_url, sso_err_t *err)
{
    sso_url_t url = {0};
    const char *authority;
    apr_size_t len;

    if (text == NULL || *text == '\0')
        return sso_err_set(err, SSO_E_SYNTAX, "url-syntax", "empty URL");
    if (strlen(text) > SSO_URL_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "url-too-long", "URL of more than %d bytes", SSO_URL_MAX);
    url.scheme = web_scheme(text);
    if (url.scheme == NULL)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "url-scheme", "not an https: or http: URL");
    authority = text + strlen(url.scheme) + 1;
    if (strncmp(authority, "//", 2) != 0)
        return sso_err_set(err, SSO_E_SYNTAX, "url-syntax", "%s: without //", url.scheme);
    authority += 2;
    len = strcspn(authority, "/?#");
    switch (parse_authority(pool, authority, len, &url)) {
    case AUTHORITY_USERINFO:
        return sso_err_set(err, SSO_E_SYNTAX, "url-userinfo", "user information in front of the host");
    case AUTHORITY_HOST:
        return sso_err_set(err, SSO_E_SYNTAX, "url-host", "not a host name or address: %.*s", (int)len, authority);
    case AUTHORITY_PORT:
        return sso_err_set(err, SSO_E_SYNTAX, "url-port", "not a port: %.*s", (int)len, authority);
    case AUTHORITY_OK:
    default:
        break;
    }
    if (!is_strict_tail(authority + len))
        return sso_err_set(err, SSO_E_SYNTAX, "url-syntax", "a character or escape that RFC 3986 does not allow");
    split_tail(pool, authority + len, &url);
    *ret_url = url;
    return SSO_OK;
}

int sso_url_host_is_loopback(const char *host)
{
    struct in6_addr addr;
    apr_size_t len = strlen(host);
    int first = 0;

    if (host[0] == '[')
        return parse_ipv6(host, &addr) && IN6_IS_ADDR_LOOPBACK(&addr);
    if (is_ipv4(host, &first))
        return first == 127;
    /* RFC 6761 6.3 */
    return strcasecmp(host, "localhost") == 0 || (len > 10 && strcasecmp(host + len - 10, ".localhost") == 0);
}

char *sso_url_origin(apr_pool_t *pool, const sso_url_t *url)
{
    if (url->port == sso_url_default_port(url->scheme))
        return apr_pstrcat(pool, url->scheme, "://", url->host, NULL);
    return apr_psprintf(pool, "%s://%s:%d", url->scheme, url->host, url->port);
}

/* ---- return targets ---- */

static int is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Browsers drop tab, CR and LF anywhere and C0 and blanks at the ends before they parse: "/\t/evil.example" is
 * "//evil.example" to them. Nobody needs these, so they are refused. */
static sso_rc_t check_bytes(const char *text, sso_err_t *err)
{
    apr_size_t len;

    if (text == NULL || *text == '\0')
        return sso_err_set(err, SSO_E_SYNTAX, "return-syntax", "empty return URL");
    len = strlen(text);
    if (len > SSO_URL_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "return-too-long", "return URL of more than %d bytes", SSO_URL_MAX);
    if (text[0] == ' ' || text[len - 1] == ' ')
        return sso_err_set(err, SSO_E_SYNTAX, "return-syntax", "return URL with a blank at an end");
    if (!sso_text_is_utf8(text, len) || sso_text_has_control(text, len))
        return sso_err_set(err, SSO_E_SYNTAX, "return-syntax", "return URL with a control character or bad UTF-8");
    return SSO_OK;
}

/* One entry of SSOAllowReturn: "host", "host:port", ".suffix"; without a port the scheme's default port is meant. */
static int entry_matches(const char *entry, const sso_url_t *url)
{
    const char *colon = strrchr(entry, ':');
    apr_size_t len = strlen(entry);
    apr_size_t host_len = strlen(url->host);
    int port = sso_url_default_port(url->scheme);

    if (colon != NULL && strchr(colon, ']') == NULL) {
        len = (apr_size_t)(colon - entry);
        port = parse_port(colon + 1, strlen(colon + 1));
    }
    if (port != url->port || len < 2)
        return 0;
    if (entry[0] != '.')
        return len == host_len && strncasecmp(entry, url->host, len) == 0;
    if (url->host[0] == '[' || is_ipv4(url->host, NULL))
        return 0;
    return host_len > len && strncasecmp(entry, url->host + host_len - len, len) == 0;
}

static int host_is_allowed(const sso_return_rule_t *rule, const sso_url_t *url)
{
    for (int i = 0; rule->hosts != NULL && i < rule->hosts->nelts; i++) {
        if (entry_matches(APR_ARRAY_IDX(rule->hosts, i, const char *), url))
            return 1;
    }
    return 0;
}

/* RFC 3986 3.1 */
static int has_scheme(const char *text)
{
    if (!is_alpha(*text))
        return 0;
    while (is_alpha(*text) || is_digit(*text) || *text == '+' || *text == '-' || *text == '.')
        text++;
    return *text == ':';
}

/* Reads an absolute URL up to its path. Only "scheme://host" is taken: "https:host", "https:/host", "https:///host"
 * and "https:\\host" all name a host to one browser state or another, and no application writes them. */
static sso_rc_t parse_target(apr_pool_t *pool, const char *text, sso_url_t *ret_target, const char **ret_tail,
                             sso_err_t *err)
{
    sso_url_t url = {0};
    const char *authority;
    apr_size_t len;

    if (!has_scheme(text))
        return sso_err_set(err, SSO_E_SYNTAX, "return-syntax", "neither a path that begins with / nor a URL");
    url.scheme = web_scheme(text);
    if (url.scheme == NULL)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "return-scheme", "a return URL is https:");
    authority = text + strlen(url.scheme) + 1;
    if (strncmp(authority, "//", 2) != 0 || is_slash(authority[2]))
        return sso_err_set(err, SSO_E_SYNTAX, "return-syntax", "%s: without exactly two slashes", url.scheme);
    authority += 2;
    len = strcspn(authority, "/\\?#");
    /* "https://site\@evil.example": RFC 3986 and WHATWG readers see different hosts. */
    if (authority[len] == '\\' || parse_authority(pool, authority, len, &url) != AUTHORITY_OK)
        return sso_err_set(err, SSO_E_DENIED, "return-host", "not a plain host in the return URL");
    *ret_target = url;
    *ret_tail = authority + len;
    return SSO_OK;
}

static int is_site_itself(const sso_return_rule_t *rule, const sso_url_t *url)
{
    return strcmp(url->scheme, rule->scheme) == 0 && strcasecmp(url->host, rule->host) == 0 && url->port == rule->port;
}

static sso_rc_t check_target(const sso_return_rule_t *rule, const sso_url_t *target, sso_err_t *err)
{
    if (strcmp(target->scheme, "https") != 0 && !(rule->allow_http && sso_url_host_is_loopback(target->host)))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "return-scheme", "the return URL is not https:");
    if (!host_is_allowed(rule, target))
        return sso_err_set(err, SSO_E_DENIED, "return-host", "return host %s:%d is not allowed (SSOAllowReturn)",
                           target->host, target->port);
    return SSO_OK;
}

/* Percent-encodes what may not stand in a URL; what is encoded already stays as it is and is never decoded. */
static void add_encoded(sso_buf_t *out, const char *text, apr_size_t len)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; len > 0; text++, len--) {
        unsigned char c = (unsigned char)*text;
        if (is_alpha(*text) || is_digit(*text) || strchr("-._~!$&'()*+,;=:@/?[]%", *text) != NULL) {
            sso_buf_addc(out, c);
        } else {
            const unsigned char escape[3] = {'%', (unsigned char)hex[c >> 4], (unsigned char)hex[c & 15]};
            sso_buf_add(out, escape, sizeof(escape));
        }
    }
}

/* How many dots a segment consists of, each "." or "%2e"; 0 for every other segment (WHATWG dot segments). */
static int count_dots(const char *segment, apr_size_t len)
{
    int dots = 0;

    while (len > 0 && dots < 3) {
        apr_size_t n = *segment == '.' ? 1 : 3;
        if (n == 3 && (len < 3 || strncasecmp(segment, "%2e", 3) != 0))
            return 0;
        segment += n;
        len -= n;
        dots++;
    }
    return dots < 3 ? dots : 0;
}

static void drop_segment(sso_buf_t *path)
{
    while (path->len > 0 && path->data[--path->len] != '/')
        continue;
    path->data[path->len] = '\0';
}

/* Writes the path at `text`, which begins with a slash of either kind, without its dot segments. */
static void add_path(sso_buf_t *path, const char *text, apr_size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *segment = ++text;
        int dots;
        while (text < end && !is_slash(*text))
            text++;
        dots = count_dots(segment, (apr_size_t)(text - segment));
        if (dots == 2)
            drop_segment(path);
        if (dots == 0 || text == end)
            sso_buf_addc(path, '/');
        if (dots == 0)
            add_encoded(path, segment, (apr_size_t)(text - segment));
    }
}

/* 1 when a reference beginning with this path cannot be taken for a host, not even by a server or proxy that decodes it
 * once and redirects on ("/%2fevil.example", "/%5cevil.example", "/%09/evil.example"). */
static int is_local_path(const char *path)
{
    int high;
    int low;
    int c;

    if (path[0] != '/' || is_slash(path[1]))
        return 0;
    if (path[1] != '%')
        return 1;
    high = hex_value(path[2]);
    low = high >= 0 ? hex_value(path[3]) : -1;
    c = low >= 0 ? high * 16 + low : '%';
    return c > ' ' && c != 0x7f && !is_slash((char)c);
}

static sso_rc_t add_tail(apr_pool_t *pool, sso_buf_t *out, const char *tail, int local, sso_err_t *err)
{
    apr_size_t path_len = strcspn(tail, "?#");
    apr_size_t query_len = strcspn(tail + path_len, "#");
    sso_buf_t path;

    sso_buf_init(&path, pool, path_len + 64, SSO_URL_MAX);
    if (path_len > 0)
        add_path(&path, tail, path_len);
    else
        sso_buf_addc(&path, '/');
    SSO_TRY(sso_buf_check(&path, "return-too-long", err));
    if (local && !is_local_path((const char *)path.data))
        return sso_err_set(err, SSO_E_DENIED, "return-host", "the path of the return URL begins like a host");
    sso_buf_add(out, path.data, path.len);
    tail += path_len;
    if (query_len > 0)
        add_encoded(out, tail, query_len);
    tail += query_len;
    if (*tail == '#') {
        sso_buf_addc(out, '#');
        add_encoded(out, tail + 1, strlen(tail + 1));
    }
    return sso_buf_check(out, "return-too-long", err);
}

sso_rc_t sso_url_check_return(apr_pool_t *pool, const char *text, const sso_return_rule_t *rule, const char **ret_url,
                              sso_err_t *err)
{
    sso_url_t target = {0};
    const char *tail = text;
    int local = 1;
    sso_buf_t out;

    SSO_TRY(check_bytes(text, err));
    sso_buf_init(&out, pool, strlen(text) + 64, SSO_URL_MAX);
    if (is_slash(text[0])) {
        if (is_slash(text[1]))
            return sso_err_set(err, SSO_E_DENIED, "return-host", "two slashes at the start name another host");
    } else {
        SSO_TRY(parse_target(pool, text, &target, &tail, err));
        local = is_site_itself(rule, &target);
        if (!local) {
            SSO_TRY(check_target(rule, &target, err));
            sso_buf_adds(&out, sso_url_origin(pool, &target));
        }
    }
    SSO_TRY(add_tail(pool, &out, tail, local, err));
    *ret_url = (const char *)out.data;
    return SSO_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Our own answers. */
#include "httpd/resp.h"

#include <apr_strings.h>
#include <util_filter.h>

#include "base/text.h"
#include "base/url.h"
#include "httpd/cors.h"
#include "httpd/log.h"

/* Headers of every answer of ours. Both cache headers: mod_expires would make a login redirect cacheable for a month if
 * only Cache-Control were there. In err_headers_out, which survives error paths. */
static void set_headers(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->err_headers_out, "Expires", "0");
    apr_table_setn(r->err_headers_out, "Referrer-Policy", "no-referrer");
    apr_table_setn(r->err_headers_out, "X-Content-Type-Options", "nosniff");
    if (mod_sso_req(r)->bridge == SSO_BRIDGE_NONE) /* only pages of the site itself get at a marker */
        mod_sso_cors_set_headers(r);
}

/* ErrorDocument stays out (we do not return the status), `Header always` stays in (the error filter). */
static int send_answer(request_rec *r, int status, const char *content_type, const char *body)
{
    apr_size_t len = body ? strlen(body) : 0;
    r->status = status;
    r->status_line = NULL;
    r->output_filters = r->proto_output_filters;
    ap_run_insert_error_filter(r);
    set_headers(r);
    if (ap_discard_request_body(r) != OK)
        r->connection->keepalive = AP_CONN_CLOSE;
    apr_table_unset(r->headers_out, "ETag");
    apr_table_unset(r->headers_out, "Last-Modified");
    if (content_type)
        ap_set_content_type(r, content_type);
    ap_set_content_length(r, (apr_off_t)len);
    if (len && !r->header_only)
        ap_rwrite(body, (int)len, r);
    else
        ap_rflush(r);
    return DONE;
}

int mod_sso_resp_body(request_rec *r, int status, const char *content_type, const char *body)
{
    /* It only wants to know whether it may: no cookie, no body. */
    if (mod_sso_req_is_nested(r))
        return status == HTTP_OK || status == HTTP_NO_CONTENT ? DONE : status;
    return send_answer(r, status, content_type, body);
}

int mod_sso_resp_redirect(request_rec *r, const char *url)
{
    if (mod_sso_req_is_nested(r))
        return HTTP_UNAUTHORIZED;
    apr_table_setn(r->err_headers_out, "Location", url);
    return send_answer(r, r->method_number == M_GET ? HTTP_MOVED_TEMPORARILY : HTTP_SEE_OTHER, NULL, NULL);
}

int mod_sso_resp_json(request_rec *r, int status, const char *body)
{
    return mod_sso_resp_body(r, status, "application/json", body);
}

/* The pages have no script and load nothing. form-action and frame-ancestors against clickjacking (RFC 9700 4.16). */
#define CSP_FRAME "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define CSP_OURS "default-src 'none'; style-src 'unsafe-inline'; " CSP_FRAME
#define CSP_OPERATOR \
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " CSP_FRAME

/* The operator's own page (SSOErrorPage): a file, read as it is; {id}, {retry} and {title} are replaced, escaped. */
static char *operator_page(request_rec *r, mod_sso_page_t page, const char *retry_url)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const char *path = site ? site->conf->error_page : NULL;
    apr_file_t *file;
    apr_finfo_t info;
    if (!path || apr_file_open(&file, path, APR_READ | APR_BINARY, APR_OS_DEFAULT, r->pool) != APR_SUCCESS)
        return NULL;
    char *text = NULL;
    if (apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file) == APR_SUCCESS && info.filetype == APR_REG &&
        info.size > 0 && info.size <= 256 * 1024) {
        apr_size_t len = (apr_size_t)info.size;
        text = apr_palloc(r->pool, len + 1);
        if (apr_file_read_full(file, text, len, &len) == APR_SUCCESS)
            text[len] = '\0';
        else
            text = NULL;
    }
    apr_file_close(file);
    return text ? mod_sso_page_fill(r->pool, text, page, mod_sso_req_id(r), retry_url) : NULL;
}

int mod_sso_resp_page(request_rec *r, int status, mod_sso_page_t page, const char *retry_url, int retry_after)
{
    if (mod_sso_req_is_nested(r))
        return status;
    char *html = operator_page(r, page, retry_url);
    apr_table_setn(r->err_headers_out, "Content-Security-Policy", html ? CSP_OPERATOR : CSP_OURS);
    if (!html)
        html = mod_sso_page_html(r->pool, page, mod_sso_req_id(r), retry_url);
    apr_table_setn(r->err_headers_out, "X-Frame-Options", "DENY");
    if (retry_after >= 0)
        apr_table_setn(r->err_headers_out, "Retry-After", apr_itoa(r->pool, retry_after));
    return send_answer(r, status, "text/html; charset=utf-8", html);
}

/* Where a program may send its person: the login endpoint of this site. */
static const char *login_url(request_rec *r, const mod_sso_provider_t *provider)
{
    const char *url = provider->site->login_path;
    if (provider != provider->site->default_provider)
        url = apr_pstrcat(r->pool, url, "?provider=", sso_url_encode(r->pool, provider->name), NULL);
    return url;
}

int mod_sso_resp_unauthorized(request_rec *r, const mod_sso_provider_t *provider)
{
    if (mod_sso_req_is_nested(r))
        return HTTP_UNAUTHORIZED;
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   mod_sso_dir_accepts(mod_sso_dir_of(r), MOD_SSO_ACCEPT_BEARER)
                       ? apr_pstrcat(r->pool, "Bearer realm=\"", provider->site->host, "\"", NULL)
                       : "SSO-Login");
    return mod_sso_resp_json(r, HTTP_UNAUTHORIZED,
                             apr_psprintf(r->pool,
                                          "{\"error\":\"login_required\",\"login_url\":\"%s\",\"id\":\"%s\"}\n",
                                          sso_text_json(r->pool, login_url(r, provider)),
                                          sso_text_json(r->pool, mod_sso_req_id(r))));
}

int mod_sso_resp_preflight(request_rec *r)
{
    if (mod_sso_req_is_nested(r))
        return HTTP_UNAUTHORIZED;
    mod_sso_cors_allow(r);
    return send_answer(r, HTTP_NO_CONTENT, NULL, NULL);
}

void mod_sso_resp_cookie(request_rec *r, const char *name, const char *value, const sso_cookie_attrs_t *attrs)
{
    apr_table_addn(r->err_headers_out, "Set-Cookie", sso_cookie_format(r->pool, name, value, attrs));
}

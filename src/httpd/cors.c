/* SPDX-License-Identifier: Apache-2.0 */
/* CORS for origins the operator names, each exactly; never "*", because our answers speak of the person signed in. */
#include "httpd/cors.h"

#include <apr_lib.h>

#include "base/text.h"

#define LIST_MAX 1024       /* bytes of Access-Control-Request-Headers that are repeated */
#define PREFLIGHT_AGE "600" /* seconds a browser may keep the answer */

static const char *allowed_origin(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const char *origin = site && site->conf->allow_origin ? apr_table_get(r->headers_in, "Origin") : NULL;
    return origin && sso_text_in(site->conf->allow_origin, origin) ? origin : NULL;
}

/* Names of methods or headers (RFC 9110 5.6.1): what a browser sends, and all that is safe to send back. */
static int is_list_of_tokens(const char *text)
{
    apr_size_t len = strlen(text);
    for (apr_size_t i = 0; i < len && i <= LIST_MAX; i++)
        if (!apr_isalnum(text[i]) && !strchr("!#$%&'*+-.^_`|~, ", text[i]))
            return 0;
    return len > 0 && len <= LIST_MAX;
}

int mod_sso_cors_is_preflight(request_rec *r)
{
    return r->method_number == M_OPTIONS && allowed_origin(r) &&
           apr_table_get(r->headers_in, "Access-Control-Request-Method");
}

void mod_sso_cors_set_headers(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const char *origin = allowed_origin(r);
    if (!site || !site->conf->allow_origin)
        return;
    apr_table_mergen(r->err_headers_out, "Vary", "Origin");
    if (!origin)
        return;
    apr_table_setn(r->err_headers_out, "Access-Control-Allow-Origin", origin);
    apr_table_setn(r->err_headers_out, "Access-Control-Allow-Credentials", "true");
}

void mod_sso_cors_allow(request_rec *r)
{
    const char *method = apr_table_get(r->headers_in, "Access-Control-Request-Method");
    const char *headers = apr_table_get(r->headers_in, "Access-Control-Request-Headers");
    if (method && is_list_of_tokens(method))
        apr_table_setn(r->err_headers_out, "Access-Control-Allow-Methods", method);
    if (headers && is_list_of_tokens(headers))
        apr_table_setn(r->err_headers_out, "Access-Control-Allow-Headers", headers);
    apr_table_setn(r->err_headers_out, "Access-Control-Max-Age", PREFLIGHT_AGE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing a client sends under our names survives (DESIGN rule 4). Names are compared as applications see them: CGI,
 * WSGI and FastCGI make one variable of X-SSO-Sub, x_sso_sub and X.SSO.Sub.
 *
 * A request has a dozen headers and nothing to remove, so the pass is one table lookup for most of them: reserved names
 * are sorted and found by their first letter. */
#include "httpd/identity.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "base/text.h"

typedef struct reserved_t {
    const char *key; /* sso_text_name_key of the name, NULL: the end of the list */
    int is_prefix;
} reserved_t;

typedef struct scrub_t {
    unsigned char fold[256];      /* a byte of a name -> its byte in a key; NUL stays NUL */
    const reserved_t *first[256]; /* by first byte of the key; NULL: no such name */
} scrub_t;

/* The two are of the process, not of a server: a name of one vhost must not get in through another, and
 * post_read_request must find them in one load. Written while the configuration is read, before any thread; both live
 * in pconf and are forgotten with it. */
static apr_array_header_t *names; /* reserved_t */
static const scrub_t *scrub;

static apr_status_t forget(void *unused)
{
    (void)unused;
    names = NULL;
    scrub = NULL;
    return APR_SUCCESS;
}

void mod_sso_conf_reserve(apr_pool_t *pconf, const char *name)
{
    apr_size_t len = strlen(name);
    reserved_t item = {NULL, len > 0 && name[len - 1] == '*'};

    if (!names) {
        names = apr_array_make(pconf, 16, sizeof(reserved_t));
        apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    }
    item.key = sso_text_name_key(pconf, name, len - (apr_size_t)item.is_prefix);
    /* Authorization is the client's own unless a session replaces it. A prefix of nothing would be every header. */
    if (*item.key && strcmp(item.key, "authorization") != 0)
        APR_ARRAY_PUSH(names, reserved_t) = item;
}

static int by_key(const void *a, const void *b)
{
    const reserved_t *x = a;
    const reserved_t *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : y->is_prefix - x->is_prefix;
}

void mod_sso_scrub_prepare(apr_pool_t *pconf)
{
    scrub_t *s = apr_pcalloc(pconf, sizeof(*s));
    reserved_t *list;
    int count = 0;

    mod_sso_conf_reserve(pconf, MOD_SSO_CLAIM_PREFIX "*");
    list = apr_pcalloc(pconf, ((apr_size_t)names->nelts + 1) * sizeof(*list));
    qsort(names->elts, (size_t)names->nelts, sizeof(reserved_t), by_key);
    for (int i = 0; i < names->nelts; i++) {
        const reserved_t *item = &APR_ARRAY_IDX(names, i, reserved_t);
        if (count && strcmp(list[count - 1].key, item->key) == 0)
            continue; /* a prefix sorts before the name that is equal to it */
        list[count] = *item;
        if (!s->first[(unsigned char)item->key[0]])
            s->first[(unsigned char)item->key[0]] = &list[count];
        count++;
    }
    for (int c = 1; c < 256; c++) {
        char byte = (char)c;
        s->fold[c] = (unsigned char)*sso_text_name_key(pconf, &byte, 1);
    }
    scrub = s;
}

static int is_reserved(const scrub_t *s, const char *name)
{
    unsigned char first = s->fold[(unsigned char)name[0]];

    for (const reserved_t *item = s->first[first]; item && item->key && (unsigned char)item->key[0] == first; item++) {
        const unsigned char *n = (const unsigned char *)name;
        const char *k = item->key;

        while (*k && s->fold[*n] == (unsigned char)*k) {
            n++;
            k++;
        }
        if (!*k && (item->is_prefix || !*n))
            return 1;
    }
    return 0;
}

/* A request made by another one starts with its headers: our token in Authorization was for that location. */
static void restore_authorization(request_rec *r)
{
    const char *client = mod_sso_req_root(r)->fold_authorization;
    if (client && *client)
        apr_table_setn(r->headers_in, "Authorization", client);
    else if (client)
        apr_table_unset(r->headers_in, "Authorization");
}

int mod_sso_scrub_request(request_rec *r)
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);
    int i = 0;

    if (!scrub)
        return HTTP_INTERNAL_SERVER_ERROR;
    if (r->main || r->prev)
        restore_authorization(r);
    while (i < headers->nelts) {
        const char *name = APR_ARRAY_IDX(headers, i, apr_table_entry_t).key;
        if (!name || !is_reserved(scrub, name)) {
            i++;
            continue;
        }
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "removed request header %s", name);
        apr_table_unset(r->headers_in, name); /* the entries behind it move here */
    }
    return DECLINED;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the application is told: claims as request headers and environment, tokens, and a Cookie header without ours.
 *
 * Headers are appended, not set: post_read_request has removed what the client sent under these names (scrub.c), and
 * setting one after the other would search the growing table each time. */
#include "httpd/identity.h"

#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/cookie.h"
#include "base/text.h"
#include "httpd/bridge.h"
#include "httpd/log.h"
#include "httpd/mint.h"
#include "httpd/resp.h"
#include "oidc/claims.h"

#define SECURE_FAMILY "__Secure-sso" /* of the hint: not a __Host- name, because it has a path */

_Static_assert((int)SSO_CLAIM_UTF8 == MOD_SSO_FORMAT_UTF8 && (int)SSO_CLAIM_PERCENT == MOD_SSO_FORMAT_PERCENT &&
                   (int)SSO_CLAIM_BASE64URL == MOD_SSO_FORMAT_BASE64URL,
               "directive and core name the same formats");

/* One request's work. */
typedef struct expose_t {
    request_rec *r;
    const mod_sso_dir_t *dir;
    const sso_session_t *session;
    const char *user;
    sso_claim_format_t format;
    char delimiter;
    int bearer; /* the session is a bearer token */
} expose_t;

static const char *value_of(const expose_t *x, const sso_claim_t *claim, char delimiter)
{
    return sso_claim_text(x->r->pool, claim, x->format, delimiter ? delimiter : x->delimiter);
}

/* --- headers ----------------------------------------------------------------------------------------------------- */

/* 1 when an explicit header (SSOClaimHeader, SSOHeaders, SSOPassToken) has this name: it replaces the automatic one. */
static int is_taken(const expose_t *x, const char *name, apr_size_t len)
{
    const apr_array_header_t *pairs = x->dir->claim_headers;
    const char *token = x->dir->pass_header;

    if (token && sso_text_same_name(token, strlen(token), name, len))
        return 1;
    for (int i = 0; pairs && i < pairs->nelts; i++) {
        const char *header = APR_ARRAY_IDX(pairs, i, mod_sso_claim_header_t).header;
        if (sso_text_same_name(header, strlen(header), name, len))
            return 1;
    }
    return 0;
}

/* 1 when an explicit header lies under the prefix, so that is_taken is worth asking. */
static int any_taken(const expose_t *x, const char *prefix, apr_size_t len)
{
    const apr_array_header_t *pairs = x->dir->claim_headers;
    const char *token = x->dir->pass_header;
    int found = token && strlen(token) > len && sso_text_same_name(token, len, prefix, len);

    for (int i = 0; pairs && i < pairs->nelts && !found; i++) {
        const char *header = APR_ARRAY_IDX(pairs, i, mod_sso_claim_header_t).header;
        found = strlen(header) > len && sso_text_same_name(header, len, prefix, len);
    }
    return found;
}

static void add_automatic_headers(const expose_t *x)
{
    const char *prefix = x->dir->claim_prefix ? x->dir->claim_prefix : MOD_SSO_CLAIM_PREFIX;
    const sso_claims_t *claims = &x->session->claims;
    apr_size_t len = strlen(prefix);
    int check = any_taken(x, prefix, len);
    apr_size_t room = 0;
    char *name;

    if (len == 0)
        return;
    for (int i = 0; i < claims->count; i++)
        room += len + claims->claims[i].name_len + 1;
    name = apr_palloc(x->r->pool, room + 1);
    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        const char *value = value_of(x, claim, 0);
        if (!value)
            continue;
        apr_size_t from = sso_claims_short_name(claims, claim), whole = len + claim->name_len - from;
        memcpy(name, prefix, len);
        sso_claim_header_name(claim, from, name + len);
        name[whole] = '\0';
        if (check && is_taken(x, name, whole))
            continue;
        apr_table_addn(x->r->headers_in, name, value);
        name += whole + 1;
    }
}

static const char *lower_case(apr_pool_t *pool, const char *value)
{
    char *lower = apr_pstrdup(pool, value);
    for (char *p = lower; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
    return lower;
}

/* 0: an identity header would carry an e-mail that nobody has verified. */
static int add_explicit_headers(const expose_t *x)
{
    const apr_array_header_t *pairs = x->dir->claim_headers;

    for (int i = 0; pairs && i < pairs->nelts; i++) {
        const mod_sso_claim_header_t *pair = &APR_ARRAY_IDX(pairs, i, mod_sso_claim_header_t);
        const sso_claim_t *claim = sso_claims_find(&x->session->claims, pair->claim);
        const char *value = claim ? value_of(x, claim, pair->delimiter) : NULL;

        if (strcmp(pair->claim, MOD_SSO_CLAIM_USER) == 0)
            value = x->user;
        else if (value && pair->identity && strcmp(pair->claim, "email") == 0 &&
                 !mod_sso_identity_email_verified(x->session))
            return 0;
        if (value)
            apr_table_addn(x->r->headers_in, pair->header, pair->lower_case ? lower_case(x->r->pool, value) : value);
    }
    return 1;
}

/* Where the session is the credential, what the client sent along is not, and must not pass for our token. */
static void replace_authorization(request_rec *r, const char *token)
{
    mod_sso_req_t *root = mod_sso_req_root(r);
    if (!root->fold_authorization) {
        const char *client = apr_table_get(r->headers_in, "Authorization");
        root->fold_authorization = client ? client : "";
    }
    if (token)
        apr_table_setn(r->headers_in, "Authorization", apr_pstrcat(r->pool, "Bearer ", token, NULL));
    else
        apr_table_unset(r->headers_in, "Authorization");
}

static void put_token(const expose_t *x, const char *token)
{
    if (token && sso_text_has_control(token, strlen(token)))
        token = NULL;
    if (!x->dir->pass_header && x->bearer)
        return; /* the client's own header is the credential, and was verified */
    if (!x->dir->pass_header)
        replace_authorization(x->r, token);
    else if (token)
        apr_table_addn(x->r->headers_in, x->dir->pass_header, token);
}

static int refuse_mint(request_rec *r, const sso_err_t *err)
{
    mod_sso_log_refusal(r, err->rc == SSO_E_DENIED ? APLOG_WARNING : APLOG_ERR, "SSO232",
                        "no token can be made for the application", err);
    if (err->rc == SSO_E_DENIED)
        return mod_sso_resp_page(r, HTTP_FORBIDDEN, MOD_SSO_PAGE_FORBIDDEN, NULL, -1);
    return mod_sso_resp_page(r, HTTP_INTERNAL_SERVER_ERROR, MOD_SSO_PAGE_UNAVAILABLE, NULL, -1);
}

/* Of a session only: who came with a token of his own acts by that one. */
static int add_minted_token(const expose_t *x)
{
    const char *token = NULL;
    sso_err_t err = SSO_ERR_INIT;
    sso_rc_t rc = x->bearer ? SSO_OK : mod_sso_mint_token(x->r, x->session, &token, &err);

    if (rc == SSO_E_EXPIRED && x->dir->bridge > MOD_SSO_BRIDGE_OFF)
        return mod_sso_bridge_unauthorized(x->r, "SSO251", "a call without a session is answered 401", APLOG_INFO,
                                           &err);
    if (rc == SSO_E_EXPIRED) /* within its last second the session is over */
        return mod_sso_resp_unauthorized(x->r, mod_sso_site_provider_of(x->r));
    if (rc != SSO_OK)
        return refuse_mint(x->r, &err);
    put_token(x, token);
    return OK;
}

static int add_token(const expose_t *x)
{
    if (x->dir->bridge > MOD_SSO_BRIDGE_OFF) {
        if (mod_sso_req(x->r)->bridge_token)
            return add_minted_token(x);
        put_token(x, NULL); /* a marker means nothing to the application */
        return OK;
    }
    switch (x->dir->pass_token) {
    case MOD_SSO_PASS_ID:
        put_token(x, x->session->tokens[SSO_TOKEN_ID]);
        break;
    case MOD_SSO_PASS_ACCESS:
        put_token(x, x->session->tokens[SSO_TOKEN_ACCESS]);
        break;
    case MOD_SSO_PASS_MINTED:
        return add_minted_token(x);
    default:
        break;
    }
    return OK;
}

static void note_unsafe(const expose_t *x)
{
    const sso_claims_t *claims = &x->session->claims;
    for (int i = 0; APLOGrdebug(x->r) && i < claims->count; i++) {
        if (claims->claims[i].unsafe) {
            ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, x->r,
                          "SSO231: claim '%s' holds control characters and is not passed on reason=claim-unsafe id=%s",
                          sso_text_log(x->r->pool, claims->claims[i].name, 60), mod_sso_req_id(x->r));
            return;
        }
    }
}

/* --- environment ------------------------------------------------------------------------------------------------- */

static void remove_env(request_rec *r, const char *prefix)
{
    const apr_array_header_t *env = apr_table_elts(r->subprocess_env);
    apr_size_t len = prefix ? strlen(prefix) : 0;
    int i = 0;

    while (len && i < env->nelts) {
        const char *name = APR_ARRAY_IDX(env, i, apr_table_entry_t).key;
        if (name && strncasecmp(name, prefix, len) == 0)
            apr_table_unset(r->subprocess_env, name); /* the entries behind it move here */
        else
            i++;
    }
}

static void add_env(const expose_t *x)
{
    const sso_claims_t *claims = &x->session->claims;
    const char *prefix = x->dir->claim_env;
    apr_size_t len = prefix ? strlen(prefix) : 0;

    for (int i = 0; len && i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        const char *value = value_of(x, claim, 0);
        char *name;
        if (!value)
            continue;
        name = apr_pstrcat(x->r->pool, prefix, claim->name + sso_claims_short_name(claims, claim), NULL);
        for (char *p = name + len; *p; p++) {
            if (!apr_isascii(*p) || !apr_isalnum(*p))
                *p = '_';
        }
        apr_table_addn(x->r->subprocess_env, name, value);
    }
}

/* --- cookies ----------------------------------------------------------------------------------------------------- */

/* The family's name itself, or followed by what we append: "-t", "-NAME", ".1". */
static int is_family(const char *name, apr_size_t len, const char *family, apr_size_t family_len)
{
    return len >= family_len && memcmp(name, family, family_len) == 0 &&
           (len == family_len || name[family_len] == '-' || name[family_len] == '.');
}

static int is_exactly(const char *name, apr_size_t len, const char *cookie)
{
    return strncmp(cookie, name, len) == 0 && cookie[len] == '\0';
}

static int is_our_cookie(void *baton, const char *name, apr_size_t len)
{
    const mod_sso_site_t *site = baton;

    if (is_family(name, len, site->cookie_prefix_all, strlen(site->cookie_prefix_all)) ||
        is_family(name, len, SECURE_FAMILY, sizeof(SECURE_FAMILY) - 1))
        return 1;
    /* SSOCookie NAME may be anything. */
    for (int i = 0; i < site->count; i++) {
        const mod_sso_provider_t *p = site->providers[i];
        if (is_exactly(name, len, p->cookie) || is_exactly(name, len, p->cookie2) ||
            is_exactly(name, len, p->cookie_idle) || is_exactly(name, len, p->cookie_depth) ||
            is_exactly(name, len, p->cookie_out) || is_exactly(name, len, p->cookie_new) ||
            is_exactly(name, len, p->cookie_hint))
            return 1;
    }
    return 0;
}

void mod_sso_expose_cut_cookies(request_rec *r, const mod_sso_site_t *site)
{
    const char *header = apr_table_get(r->headers_in, "Cookie");
    const char *rest;
    mod_sso_req_t *root;

    if (!header)
        return;
    rest = sso_cookie_cut(r->pool, header, is_our_cookie, (void *)(uintptr_t)site);
    if (rest == header)
        return;
    root = mod_sso_req_root(r);
    if (!root->fold_cookie)
        root->fold_cookie = header;
    if (rest)
        apr_table_setn(r->headers_in, "Cookie", rest);
    else
        apr_table_unset(r->headers_in, "Cookie");
}

/* --- fixups ------------------------------------------------------------------------------------------------------ */

static int refuse_unverified(request_rec *r)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_rc_t rc = sso_err_set(&err, SSO_E_DENIED, "user-email-unverified",
                              "the provider says email_verified: false; SSOHeaders passes on verified addresses only");
    (void)rc;
    mod_sso_log_refusal(r, APLOG_WARNING, "SSO230", "the session has no identity for this application", &err);
    return mod_sso_resp_page(r, HTTP_FORBIDDEN, MOD_SSO_PAGE_FORBIDDEN, NULL, -1);
}

/* A client may name headers that are for the next hop only (RFC 9110 7.6.1), and mod_proxy takes them out: a signed-in
 * person could strip an identity header that way. Of the list only what is really about the connection stays. */
static void keep_headers(request_rec *r)
{
    static const char *const hop[] = {"close", "keep-alive", "upgrade", "te", "trailer", "http2-settings", NULL};
    const char *list = apr_table_get(r->headers_in, "Connection");
    char *state, *kept = NULL;

    if (!list || !ap_cstr_casecmp(list, "keep-alive") || !ap_cstr_casecmp(list, "close"))
        return;
    for (char *item = apr_strtok(apr_pstrdup(r->pool, list), ", \t", &state); item;
         item = apr_strtok(NULL, ", \t", &state)) {
        for (const char *const *name = hop; *name; name++) {
            if (!ap_cstr_casecmp(item, *name))
                kept = kept ? apr_pstrcat(r->pool, kept, ", ", *name, NULL) : apr_pstrdup(r->pool, *name);
        }
    }
    if (kept)
        apr_table_setn(r->headers_in, "Connection", kept);
    else
        apr_table_unset(r->headers_in, "Connection");
}

/* A sub-request starts with a copy of its parent's headers and environment; what it may see is decided anew. */
static int forget_parent(request_rec *r)
{
    const mod_sso_dir_t *parent = mod_sso_dir_of(r->main);
    int status = mod_sso_scrub_request(r);

    if (status != DECLINED)
        return status;
    if (parent)
        remove_env(r, parent->claim_env);
    return OK;
}

static int expose_session(request_rec *r, const mod_sso_opened_t *current)
{
    const mod_sso_dir_t *dir = mod_sso_dir_of(r);
    expose_t x = {r, dir, current->session, current->user, SSO_CLAIM_UTF8, mod_sso_identity_delimiter(dir),
                  current->bearer};

    if (dir->claim_format != MOD_SSO_UNSET)
        x.format = (sso_claim_format_t)dir->claim_format;
    if (!add_explicit_headers(&x))
        return refuse_unverified(r);
    add_automatic_headers(&x);
    remove_env(r, dir->claim_env);
    add_env(&x);
    note_unsafe(&x);
    return add_token(&x);
}

int mod_sso_expose_fixups(request_rec *r)
{
    const mod_sso_site_t *site = mod_sso_site_of(r);
    const mod_sso_opened_t *current = mod_sso_req(r)->current;

    if (r->main) {
        int status = forget_parent(r);
        if (status != OK)
            return status;
    }
    if (!site)
        return DECLINED;
    mod_sso_expose_cut_cookies(r, site);
    if (current)
        keep_headers(r);
    else if (mod_sso_req(r)->bridge != SSO_BRIDGE_NONE)
        replace_authorization(r, NULL);
    return current && current->session && current->user ? expose_session(r, current) : DECLINED;
}

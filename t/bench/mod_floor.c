/* SPDX-License-Identifier: Apache-2.0 */
/* The floor: what the least possible module for the same service costs. `AuthType floor` opens one AES-256-GCM cookie
 * under a kept context, sets the user and the claims as request headers, after one pass over the incoming ones. No
 * expiry, no revocation, no idle limit, no configuration: nothing here is safe to use.
 *
 * GET /-/floor?N answers a cookie with N claims: base64(nonce[12] | ciphertext | tag[16]), the text being
 * name NUL value NUL … */
#include <httpd.h>

#include <apr_base64.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#define NONCE_LEN 12
#define TAG_LEN   16
#define COOKIE    "floor="
#define PREFIX    "X-SSO-"

static const unsigned char key[32] = "the key of the floor, not secret";

static EVP_CIPHER_CTX *kept_context(int seal)
{
    static __thread EVP_CIPHER_CTX *contexts[2];

    if (!contexts[seal]) {
        contexts[seal] = EVP_CIPHER_CTX_new();
        EVP_CipherInit_ex(contexts[seal], EVP_aes_256_gcm(), NULL, key, NULL, seal);
    }
    return contexts[seal];
}

static int mint(request_rec *r)
{
    EVP_CIPHER_CTX *ctx = kept_context(1);
    int count, n = 0, last = 0;
    apr_size_t len = 0;
    char *plain, *text;
    unsigned char *box;

    if (strcmp(r->uri, "/-/floor") != 0)
        return DECLINED;
    count = r->args ? (int)apr_atoi64(r->args) : 0;
    plain = apr_palloc(r->pool, 100 * (apr_size_t)count + 1);
    for (int i = 1; i <= count; i++)
        len +=
            (apr_size_t)apr_snprintf(plain + len, 100, PREFIX "Claim-Number-%d%cvalue-of-claim-%d-xxxxxxxx", i, 0, i) +
            1;
    box = apr_palloc(r->pool, len + NONCE_LEN + TAG_LEN);
    RAND_bytes(box, NONCE_LEN);
    EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, box);
    EVP_EncryptUpdate(ctx, box + NONCE_LEN, &n, (unsigned char *)plain, (int)len);
    EVP_EncryptFinal_ex(ctx, box + NONCE_LEN + n, &last);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, box + NONCE_LEN + len);
    text = apr_palloc(r->pool, (apr_size_t)apr_base64_encode_len((int)(len + NONCE_LEN + TAG_LEN)));
    apr_base64_encode_binary(text, box, (int)(len + NONCE_LEN + TAG_LEN));
    apr_table_setn(r->headers_out, "Set-Cookie", apr_pstrcat(r->pool, COOKIE, text, "; Path=/", NULL));
    ap_rputs("ok\n", r);
    return OK;
}

static void set_headers(request_rec *r, char *p, const char *end)
{
    while (p < end) {
        char *value = p + strlen(p) + 1;
        apr_table_addn(r->headers_in, p, value);
        p = value + strlen(value) + 1;
    }
}

static int check(request_rec *r)
{
    const char *cookie = apr_table_get(r->headers_in, "Cookie");
    EVP_CIPHER_CTX *ctx = kept_context(0);
    unsigned char *box;
    int len, n = 0, last = 0;

    if (!ap_auth_type(r) || strcmp(ap_auth_type(r), "floor") != 0)
        return DECLINED;
    cookie = cookie ? strstr(cookie, COOKIE) : NULL;
    if (!cookie)
        return HTTP_UNAUTHORIZED;
    cookie += sizeof(COOKIE) - 1;
    box = apr_palloc(r->pool, (apr_size_t)apr_base64_decode_len(cookie));
    len = apr_base64_decode_binary(box, cookie) - NONCE_LEN - TAG_LEN;
    if (len < 0 || !EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, box) ||
        !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, box + NONCE_LEN + len) ||
        !EVP_DecryptUpdate(ctx, box + NONCE_LEN, &n, box + NONCE_LEN, len) ||
        EVP_DecryptFinal_ex(ctx, box + NONCE_LEN + n, &last) <= 0)
        return HTTP_UNAUTHORIZED;
    r->user = (char *)"alice";
    set_headers(r, (char *)box + NONCE_LEN, (char *)box + NONCE_LEN + len);
    return OK;
}

static int scrub(request_rec *r)
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);

    for (int i = 0; i < headers->nelts; i++) {
        const char *name = APR_ARRAY_IDX(headers, i, apr_table_entry_t).key;
        if (ap_cstr_casecmpn(name, PREFIX, sizeof(PREFIX) - 1) == 0)
            return HTTP_BAD_REQUEST;
    }
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_post_read_request(scrub, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_check_authn(check, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_handler(mint, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA bench_floor_module = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL,
                                                    register_hooks,          0};

/* SPDX-License-Identifier: Apache-2.0 */
/* JWS compact serialization: parse, and verify with a key that was chosen before the signature is looked at
 * (RFC 7515 5.2, RFC 8725 3.1). The signatures themselves are in jws_sig.c. */
#include "jose/jws.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/jwk_inner.h"
#include "jose/jws_sig.h"

#define NAME_SHOWN 40

static int count_dots(const char *text)
{
    int dots = 0;
    for (; dots <= 5 && (text = strchr(text, '.')) != NULL; text++)
        dots++;
    return dots;
}

int sso_jws_is_jwe(const char *text)
{
    return count_dots(text) == 4;
}

static sso_rc_t decode_part(apr_pool_t *pool, const char *text, apr_size_t len, const char *name, unsigned char **ret,
                            apr_size_t *ret_len, sso_err_t *err)
{
    if (sso_b64url_decode_pool(pool, text, len, ret, ret_len, NULL) != SSO_OK)
        return sso_err_set(err, SSO_E_SYNTAX, "jws-base64", "the %s is not base64url without padding", name);
    return SSO_OK;
}

/* RFC 7515 4. Names that point at keys (jku, jwk, x5u, x5c) are not even read: a token does not choose who vouches for
 * it (RFC 8725 3.10). */
static sso_rc_t read_header(const sso_json_t *header, sso_jws_parsed_t *parsed, sso_err_t *err)
{
    /* RFC 7515 4.1.11: we understand no extension, so any crit is one we do not understand */
    if (sso_json_member(header, "crit"))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jws-crit", "the header has \"crit\": extensions are not supported");
    /* RFC 7797 7: never in a JWT */
    if (sso_json_member(header, "b64"))
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jws-b64", "the header has \"b64\"");
    /* RFC 7515 4.1.1 */
    if (sso_json_string(header, "alg", &parsed->alg) != SSO_JSON_FOUND || !*parsed->alg)
        return sso_err_set(err, SSO_E_SYNTAX, "jws-alg-missing", "\"alg\" is missing, empty or not a string");
    if (sso_json_string(header, "kid", &parsed->kid) == SSO_JSON_WRONG_TYPE)
        return sso_err_set(err, SSO_E_SYNTAX, "jws-kid", "\"kid\" is not a string");
    if (parsed->kid && strlen(parsed->kid) > SSO_JWS_KID_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "jws-kid", "\"kid\" is longer than %d bytes", SSO_JWS_KID_MAX);
    if (sso_json_string(header, "typ", &parsed->typ) == SSO_JSON_WRONG_TYPE)
        return sso_err_set(err, SSO_E_SYNTAX, "jws-header", "\"typ\" is not a string");
    return SSO_OK;
}

static sso_rc_t check_shape(const char *text, apr_size_t *ret_len, sso_err_t *err)
{
    const char *end = memchr(text, 0, SSO_JWS_BYTES_MAX + 1);
    if (!end)
        return sso_err_set(err, SSO_E_LIMIT, "jws-too-large", "longer than %d bytes", SSO_JWS_BYTES_MAX);
    while (apr_isspace(*text))
        text++;
    /* RFC 7519 1: a JWT is always compact */
    if (*text == '{')
        return sso_err_set(err, SSO_E_SYNTAX, "jws-parts", "JSON serialization instead of the compact one");
    int dots = count_dots(text);
    if (dots != 2)
        return sso_err_set(err, SSO_E_SYNTAX, "jws-parts", "%s",
                           dots == 4 ? "five parts: this is encrypted" : "not three parts separated by dots");
    *ret_len = (apr_size_t)(end - text);
    return SSO_OK;
}

sso_rc_t sso_jws_parse(apr_pool_t *pool, const char *text, sso_jws_parsed_t *ret_parsed, sso_err_t *err)
{
    sso_jws_parsed_t parsed = {0};
    apr_size_t len = 0, header_len = 0;
    unsigned char *header = NULL, *payload = NULL, *signature = NULL;
    SSO_TRY(check_shape(text, &len, err));
    const char *dot1 = strchr(text, '.'), *dot2 = strchr(dot1 + 1, '.');
    if ((apr_size_t)(dot1 - text) > SSO_B64_ENCODED_LEN(SSO_JWS_HEADER_MAX))
        return sso_err_set(err, SSO_E_LIMIT, "jws-too-large", "the header is longer than %d bytes", SSO_JWS_HEADER_MAX);
    SSO_TRY(decode_part(pool, text, (apr_size_t)(dot1 - text), "header", &header, &header_len, err));
    SSO_TRY(decode_part(pool, dot1 + 1, (apr_size_t)(dot2 - dot1 - 1), "payload", &payload, &parsed.payload_len, err));
    SSO_TRY(decode_part(pool, dot2 + 1, strlen(dot2 + 1), "signature", &signature, &parsed.signature_len, err));

    /* RFC 7515 4, 5.2 (3, 4): strict JSON, no member twice */
    sso_err_t why = SSO_ERR_INIT;
    sso_rc_t rc =
        sso_json_parse_object(pool, (const char *)header, header_len, SSO_JWS_HEADER_MAX, &parsed.header, &why);
    if (rc != SSO_OK)
        return sso_err_set(err, rc, "jws-header", "%s: %s", why.reason, why.detail);
    SSO_TRY(read_header(parsed.header, &parsed, err));
    parsed.signing_input = text;
    parsed.signing_input_len = (apr_size_t)(dot2 - text);
    parsed.payload = payload;
    parsed.signature = signature;
    *ret_parsed = parsed;
    return SSO_OK;
}

/* RFC 8725 3.1: the verifier decides which algorithms there are; the header only picks one of them. */
static sso_rc_t pin_alg(apr_pool_t *pool, const char *name, sso_alg_set_t allowed, const sso_alg_t **ret_alg,
                        sso_err_t *err)
{
    const sso_alg_t *alg = sso_alg_find(name);
    if (!alg && apr_strnatcasecmp(name, "none") == 0)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jws-alg-none", "the token is not signed (alg none)");
    if (!alg)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "jws-alg-unknown", "alg \"%.*s\" is not supported", NAME_SHOWN,
                           name);
    if (!(alg->bit & allowed))
        return sso_err_set(err, SSO_E_DENIED, "jws-alg-not-allowed", "alg %s; accepted here: %s", alg->name,
                           sso_alg_set_text(pool, allowed));
    *ret_alg = alg;
    return SSO_OK;
}

sso_rc_t sso_jws_verify(apr_pool_t *pool, const sso_jws_parsed_t *parsed, const sso_jwks_t *keys, sso_alg_set_t allowed,
                        sso_jws_t *ret_jws, sso_err_t *err)
{
    const sso_alg_t *alg = NULL;
    const sso_jwk_t *key = NULL;
    SSO_TRY(pin_alg(pool, parsed->alg, allowed, &alg, err));
    SSO_TRY(sso_jwks_select(keys, parsed->kid, alg, &key, err));
    SSO_TRY(sso_jws_sig_verify(key, alg, parsed, err));
    *ret_jws = (sso_jws_t){.payload = parsed->payload,
                           .payload_len = parsed->payload_len,
                           .typ = parsed->typ,
                           .kid = parsed->kid,
                           .alg = alg,
                           .crv = key->curve ? key->curve->crv : NULL};
    return SSO_OK;
}

static char *make_header(apr_pool_t *pool, const sso_alg_t *alg, const char *typ, const char *kid)
{
    return apr_pstrcat(pool, "{\"alg\":\"", alg->name, "\"", typ ? ",\"typ\":\"" : "",
                       typ ? sso_text_json(pool, typ) : "", typ ? "\"" : "", kid ? ",\"kid\":\"" : "",
                       kid ? sso_text_json(pool, kid) : "", kid ? "\"" : "", "}", NULL);
}

sso_rc_t sso_jws_sign(apr_pool_t *pool, const sso_jwk_t *key, const sso_alg_t *alg, const char *typ, const char *kid,
                      const void *payload, apr_size_t len, char **ret_text, sso_err_t *err)
{
    if (!sso_jwk_fits_for(key, alg, SSO_JWK_MAY_SIGN) || !(key->is_private || key->kty == SSO_KTY_OCT))
        return sso_err_set(err, SSO_E_CONFIG, "jws-key", "the key cannot make %s signatures", alg->name);
    const char *header = make_header(pool, alg, typ, kid);
    const char *input = apr_pstrcat(pool, sso_b64url_string(pool, (const unsigned char *)header, strlen(header)), ".",
                                    sso_b64url_string(pool, payload, len), NULL);
    unsigned char *signature = NULL;
    apr_size_t signature_len = 0;
    SSO_TRY(sso_jws_sig_make(pool, key, alg, input, strlen(input), &signature, &signature_len, err));
    *ret_text = apr_pstrcat(pool, input, ".", sso_b64url_string(pool, signature, signature_len), NULL);
    return SSO_OK;
}

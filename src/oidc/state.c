/* SPDX-License-Identifier: Apache-2.0 */
/* Pending logins. Inside the boxes (integers big-endian):
 *   login cookie: u8 1 | browser id[8] | secret[32] | u64 since (seconds)
 *   state:        u8 1 | flow id[16] | browser id[8] | u64 started (seconds) | u8 depth | u8 flags | u32 max_age
 *                 | u8 length, provider | u16 length, return path | u8 length, acr
 * Secrets of a flow: verifier and nonce are the two halves of one HKDF of the sealing key over flow id and browser
 * secret; neither says anything about the other.
 * Who steals a callback URL has no browser secret, who plants his own in a victim's browser has not the victim's: the
 * code is bound to neither (RFC 9700 4.5, 4.7). */
#include "oidc/state.h"

#include <string.h>

#include <apr_strings.h>

#include "base/b64.h"
#include "base/buf.h"
#include "base/text.h"
#include "jose/crypto.h"

#define BOX_VERSION      1
#define BOX_MAX          2048
#define FUTURE_TOLERANCE apr_time_from_sec(60) /* clocks of several machines */
#define LABEL_SECRETS    "login verifier, nonce"

/* What of a state parameter is not strings, as write_flow puts it. */
#define FIXED_LEN (1 + SSO_FLOW_ID_LEN + SSO_LOGIN_ID_LEN + 8 + 1 + 1 + 4 + 1 + 2 + 1)
_Static_assert(SSO_SEAL_TEXT_LEN(FIXED_LEN + SSO_STATE_STRINGS_MAX) <= SSO_STATE_TEXT_MAX, "the state has room");

static apr_uint64_t to_seconds(apr_time_t t)
{
    return t > 0 ? (apr_uint64_t)apr_time_sec(t) : 0;
}

/* Seconds out of a box; what would not fit apr_time_t becomes far future and is refused as such. */
static apr_time_t from_seconds(apr_uint64_t seconds)
{
    const apr_uint64_t max = (apr_uint64_t)(APR_INT64_MAX / APR_USEC_PER_SEC) - 1;
    return apr_time_from_sec((apr_time_t)(seconds < max ? seconds : max));
}

static int is_future(apr_time_t t, apr_time_t now)
{
    return t > now + FUTURE_TOLERANCE;
}

static int is_too_old(apr_time_t t, apr_time_t now)
{
    return t < now - apr_time_from_sec(SSO_STATE_LIFETIME);
}

static int same_bytes(const unsigned char *a, const unsigned char *b, apr_size_t len)
{
    return sso_text_equal_ct(a, len, b, len);
}

sso_rc_t sso_browser_create(const sso_env_t *env, sso_browser_t *ret_browser, sso_err_t *err)
{
    sso_browser_t browser = {{0}, {0}, env->now};
    SSO_TRY(sso_env_random(env, browser.id, sizeof(browser.id), err));
    SSO_TRY(sso_env_random(env, browser.secret, sizeof(browser.secret), err));
    *ret_browser = browser;
    return SSO_OK;
}

sso_rc_t sso_browser_seal(sso_sealer_t *sealer, const sso_env_t *env, const void *context, apr_size_t context_len,
                          const sso_browser_t *browser, char **ret_text, sso_err_t *err)
{
    sso_buf_t buf;
    sso_buf_init(&buf, env->pool, 64, BOX_MAX);
    sso_buf_addc(&buf, BOX_VERSION);
    sso_buf_add(&buf, browser->id, sizeof(browser->id));
    sso_buf_add(&buf, browser->secret, sizeof(browser->secret));
    sso_buf_add_u64(&buf, to_seconds(env->now));
    SSO_TRY(sso_buf_check(&buf, "login-cookie-malformed", err));
    sso_rc_t rc = sso_seal(sealer, env, SSO_SEAL_LOGIN, context, context_len, buf.data, buf.len, ret_text, err);
    sso_crypto_cleanse(buf.data, buf.len);
    return rc;
}

sso_rc_t sso_browser_open(sso_sealer_t *sealer, const sso_env_t *env, const void *context, apr_size_t context_len,
                          const unsigned char id[SSO_LOGIN_ID_LEN], const char *text, apr_size_t len,
                          sso_browser_t *ret_browser, sso_err_t *err)
{
    unsigned char *plain;
    apr_size_t plain_len;
    sso_browser_t browser;
    sso_rd_t rd;

    SSO_TRY(sso_seal_open(sealer, env->pool, env->now, SSO_SEAL_LOGIN, context, context_len, text, len, &plain,
                          &plain_len, NULL, err));
    sso_rd_init(&rd, plain, plain_len);
    unsigned version = sso_rd_u8(&rd);
    const unsigned char *box_id = sso_rd_bytes(&rd, sizeof(browser.id));
    const unsigned char *secret = sso_rd_bytes(&rd, sizeof(browser.secret));
    browser.since = from_seconds(sso_rd_u64(&rd));
    if (rd.bad || box_id == NULL || secret == NULL || rd.p != rd.end || version != BOX_VERSION)
        return sso_err_set(err, SSO_E_SYNTAX, "login-cookie-malformed", "the login cookie is of another version");
    memcpy(browser.id, box_id, sizeof(browser.id));
    memcpy(browser.secret, secret, sizeof(browser.secret));
    sso_crypto_cleanse(plain, plain_len);
    if (!same_bytes(browser.id, id, sizeof(browser.id)))
        return sso_err_set(err, SSO_E_MISMATCH, "login-cookie-name", "the login cookie holds the box of another one");
    if (is_future(browser.since, env->now) || is_too_old(browser.since, env->now))
        return sso_err_set(err, SSO_E_EXPIRED, "login-cookie-expired",
                           "the login cookie is older than %d s or from "
                           "the future",
                           SSO_STATE_LIFETIME);
    *ret_browser = browser;
    return SSO_OK;
}

static void add_string8(sso_buf_t *buf, const char *str, apr_size_t len)
{
    sso_buf_addc(buf, (unsigned char)len);
    sso_buf_add(buf, str, len);
}

static sso_rc_t write_flow(sso_buf_t *buf, const sso_flow_t *flow, sso_err_t *err)
{
    const char *acr = flow->acr != NULL ? flow->acr : "";
    const char *return_path = flow->return_path != NULL ? flow->return_path : "";
    apr_size_t provider_len = strlen(flow->provider), return_len = strlen(return_path), acr_len = strlen(acr);
    int depth = flow->depth < 0 ? 0 : flow->depth > 255 ? 255 : flow->depth;

    if (provider_len > 255 || acr_len > 255 || return_len > SSO_STATE_RETURN_MAX ||
        provider_len + acr_len + return_len > SSO_STATE_STRINGS_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "state-too-long",
                           "provider name, return path or acr are too long for the state parameter");
    sso_buf_addc(buf, BOX_VERSION);
    sso_buf_add(buf, flow->flow_id, sizeof(flow->flow_id));
    sso_buf_add(buf, flow->browser_id, sizeof(flow->browser_id));
    sso_buf_add_u64(buf, to_seconds(flow->started));
    sso_buf_addc(buf, (unsigned char)depth);
    sso_buf_addc(buf, (unsigned char)(flow->flags & 0xff));
    sso_buf_add_u32(buf, flow->max_age > 0 ? (apr_uint32_t)flow->max_age : 0);
    add_string8(buf, flow->provider, provider_len);
    sso_buf_add_u16(buf, (unsigned)return_len);
    sso_buf_add(buf, return_path, return_len);
    add_string8(buf, acr, acr_len);
    return sso_buf_check(buf, "state-too-long", err);
}

sso_rc_t sso_state_seal(sso_sealer_t *sealer, const sso_env_t *env, const void *context, apr_size_t context_len,
                        sso_flow_t *flow, char **ret_state, sso_err_t *err)
{
    sso_buf_t buf;
    char *text;

    SSO_TRY(sso_env_random(env, flow->flow_id, sizeof(flow->flow_id), err));
    if (flow->started == 0)
        flow->started = env->now;
    flow->started = from_seconds(to_seconds(flow->started));
    flow->key_index = 0; /* the first key of the ring seals */
    sso_buf_init(&buf, env->pool, 512, BOX_MAX);
    SSO_TRY(write_flow(&buf, flow, err));
    SSO_TRY(sso_seal(sealer, env, SSO_SEAL_STATE, context, context_len, buf.data, buf.len, &text, err));
    if (strlen(text) > SSO_STATE_TEXT_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "state-too-long", "the state parameter has %" APR_SIZE_T_FMT " characters",
                           strlen(text));
    *ret_state = text;
    return SSO_OK;
}

static const char *read_string(apr_pool_t *pool, sso_rd_t *rd, apr_size_t len)
{
    const unsigned char *bytes = sso_rd_bytes(rd, len);
    return bytes != NULL ? apr_pstrmemdup(pool, (const char *)bytes, len) : "";
}

static int read_flow(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len, sso_flow_t *flow)
{
    sso_rd_t rd;
    sso_rd_init(&rd, bytes, len);
    unsigned version = sso_rd_u8(&rd);
    const unsigned char *flow_id = sso_rd_bytes(&rd, sizeof(flow->flow_id));
    const unsigned char *browser_id = sso_rd_bytes(&rd, sizeof(flow->browser_id));
    if (version != BOX_VERSION || flow_id == NULL || browser_id == NULL)
        return 0;
    memcpy(flow->flow_id, flow_id, sizeof(flow->flow_id));
    memcpy(flow->browser_id, browser_id, sizeof(flow->browser_id));
    flow->started = from_seconds(sso_rd_u64(&rd));
    flow->depth = (int)sso_rd_u8(&rd);
    flow->flags = sso_rd_u8(&rd);
    flow->max_age = (int)(sso_rd_u32(&rd) & 0x7fffffff);
    flow->provider = read_string(pool, &rd, sso_rd_u8(&rd));
    flow->return_path = read_string(pool, &rd, sso_rd_u16(&rd));
    flow->acr = read_string(pool, &rd, sso_rd_u8(&rd));
    return !rd.bad && rd.p == rd.end;
}

sso_rc_t sso_state_open(sso_sealer_t *sealer, const sso_env_t *env, const void *context, apr_size_t context_len,
                        const char *state, sso_flow_t *ret_flow, sso_err_t *err)
{
    unsigned char *plain;
    apr_size_t plain_len;
    sso_flow_t flow;

    if (state == NULL || state[0] == '\0')
        return sso_err_set(err, SSO_E_ABSENT, "state-missing", "the response has no state");
    apr_size_t len = strlen(state);
    if (len > SSO_STATE_TEXT_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "state-too-long", "the state parameter has %" APR_SIZE_T_FMT " characters",
                           len);
    SSO_TRY(sso_seal_open(sealer, env->pool, env->now, SSO_SEAL_STATE, context, context_len, state, len, &plain,
                          &plain_len, &flow.key_index, err));
    if (!read_flow(env->pool, plain, plain_len, &flow))
        return sso_err_set(err, SSO_E_SYNTAX, "state-malformed", "the state parameter is of another version");
    *ret_flow = flow;
    if (is_future(flow.started, env->now))
        return sso_err_set(err, SSO_E_EXPIRED, "state-future", "the login began in the future");
    if (is_too_old(flow.started, env->now))
        return sso_err_set(err, SSO_E_EXPIRED, "state-expired", "the login began more than %d s ago",
                           SSO_STATE_LIFETIME);
    return SSO_OK;
}

static void write_text(char out[44], const unsigned char bytes[32])
{
    out[sso_b64url_encode(out, bytes, 32)] = '\0';
}

sso_rc_t sso_state_secrets(const sso_keyring_t *ring, const sso_flow_t *flow, const sso_browser_t *browser,
                           sso_flow_secrets_t *ret_secrets, sso_err_t *err)
{
    unsigned char info[SSO_FLOW_ID_LEN + SSO_BROWSER_SECRET_LEN];
    unsigned char derived[SSO_DERIVED_LEN], digest[SSO_SHA256_LEN];
    sso_flow_secrets_t secrets;

    if (!same_bytes(flow->browser_id, browser->id, sizeof(browser->id)))
        return sso_err_set(err, SSO_E_MISMATCH, "login-cookie-name", "the login was begun by another browser");
    memcpy(info, flow->flow_id, SSO_FLOW_ID_LEN);
    memcpy(info + SSO_FLOW_ID_LEN, browser->secret, SSO_BROWSER_SECRET_LEN);
    sso_rc_t rc = sso_keyring_derive(ring, flow->key_index, LABEL_SECRETS, info, sizeof(info), derived, err);
    sso_crypto_cleanse(info, sizeof(info));
    SSO_TRY(rc);
    write_text(secrets.verifier, derived);
    write_text(secrets.nonce, derived + 32);
    sso_crypto_cleanse(derived, sizeof(derived));
    /* RFC 7636 4.2: S256. */
    SSO_TRY(sso_crypto_sha256(secrets.verifier, sizeof(secrets.verifier) - 1, digest, err));
    write_text(secrets.challenge, digest);
    *ret_secrets = secrets;
    return SSO_OK;
}

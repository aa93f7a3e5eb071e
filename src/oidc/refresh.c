/* SPDX-License-Identifier: Apache-2.0 */
/* Refreshing tokens (refresh.h): times, transitions, and the record between requests. */
#include "oidc/refresh.h"

#include <string.h>

#include "base/buf.h"
#include "jose/crypto.h"

#define MAGIC   'R' /* no session record begins with it: an entry put in the place of another kind is not read */
#define VERSION 1

_Static_assert(SSO_REFRESH_KEY_LEN == SSO_SHA256_LEN, "the key is a SHA-256");

/* --- times ------------------------------------------------------------------------------------------------------- */

void sso_refresh_begin(const sso_session_t *session, sso_refresh_t *ret_state)
{
    sso_refresh_t state = {.obtained = session->created, .expires = session->token_expires};
    memcpy(state.id, session->id, sizeof(state.id));
    for (int kind = SSO_TOKEN_ID; kind <= SSO_TOKEN_REFRESH; kind++)
        state.tokens[kind] = session->tokens[kind];
    *ret_state = state;
}

sso_refresh_step_t sso_refresh_decide(const sso_refresh_t *state, apr_time_t now, int before)
{
    apr_interval_time_t lead = apr_time_from_sec(before);

    if (state->tokens[SSO_TOKEN_REFRESH] == NULL || state->expires <= 0)
        return SSO_REFRESH_USE;
    /* A provider that hands out tokens which are over when they come must not be asked with every request. */
    if (now >= state->obtained && now < state->obtained + apr_time_from_sec(SSO_REFRESH_REST))
        return SSO_REFRESH_USE;
    if (state->expires > state->obtained && lead > (state->expires - state->obtained) / 2)
        lead = (state->expires - state->obtained) / 2;
    if (now < state->expires - lead)
        return SSO_REFRESH_USE;
    if (now < state->not_before)
        return now < state->expires ? SSO_REFRESH_USE : SSO_REFRESH_REFUSE;
    return now < state->expires ? SSO_REFRESH_DUE : SSO_REFRESH_MUST;
}

int sso_refresh_wait(const sso_refresh_t *state, apr_time_t now)
{
    apr_interval_time_t left = state->not_before - now;
    if (left <= 0)
        return 1;
    return left > apr_time_from_sec(SSO_REFRESH_RETRY_MAX) ? SSO_REFRESH_RETRY_MAX : (int)(left / APR_USEC_PER_SEC) + 1;
}

/* --- transitions ------------------------------------------------------------------------------------------------- */

static apr_time_t earlier(apr_time_t a, apr_time_t b)
{
    return a <= 0 || (b > 0 && b < a) ? b : a;
}

void sso_refresh_accept(const sso_refresh_t *state, const sso_tokens_t *tokens, const sso_idtoken_t *id_token,
                        unsigned keep, apr_time_t now, sso_refresh_t *ret_state)
{
    sso_refresh_t next = *state;

    next.serial++;
    next.failures = 0;
    next.not_before = 0;
    next.obtained = now;
    next.expires = 0;
    if (keep & (1u << SSO_TOKEN_ACCESS)) {
        next.tokens[SSO_TOKEN_ACCESS] = tokens->access_token;
        if (tokens->expires_in > 0) /* bounded by sso_token_parse */
            next.expires = now + apr_time_from_sec(tokens->expires_in);
    }
    if ((keep & (1u << SSO_TOKEN_ID)) && id_token != NULL) {
        next.tokens[SSO_TOKEN_ID] = tokens->id_token;
        next.expires = earlier(next.expires, id_token->exp);
    }
    if (tokens->refresh_token != NULL)
        next.tokens[SSO_TOKEN_REFRESH] = tokens->refresh_token;
    *ret_state = next;
}

void sso_refresh_fail(const sso_refresh_t *state, const sso_tokens_t *tokens, int retry_after, apr_time_t now,
                      sso_refresh_t *ret_state)
{
    sso_refresh_t next = *state;
    int seconds = SSO_REFRESH_BACKOFF;

    for (apr_uint32_t i = 0; i < state->failures && seconds < SSO_REFRESH_BACKOFF_MAX; i++)
        seconds *= 2;
    if (seconds > SSO_REFRESH_BACKOFF_MAX)
        seconds = SSO_REFRESH_BACKOFF_MAX;
    if (retry_after > seconds)
        seconds = retry_after < SSO_REFRESH_RETRY_MAX ? retry_after : SSO_REFRESH_RETRY_MAX;
    if (next.failures < APR_UINT32_MAX)
        next.failures++;
    if (tokens != NULL && tokens->refresh_token != NULL) {
        next.tokens[SSO_TOKEN_REFRESH] = tokens->refresh_token;
        next.serial++;
    }
    next.not_before = now + apr_time_from_sec(seconds);
    *ret_state = next;
}

int sso_refresh_is_end(const sso_err_t *err, int status)
{
    if (strcmp(err->reason, "idt-sub-changed") == 0)
        return 1;
    /* A broken gateway that answers 502 with somebody's words has not decided anything. */
    return strcmp(err->reason, "token-invalid-grant") == 0 && status < 500;
}

int sso_refresh_is_newer(const sso_refresh_t *other, const sso_refresh_t *mine)
{
    return other->serial > mine->serial;
}

void sso_refresh_expect(const sso_session_t *session, const sso_tokens_t *tokens, sso_idtoken_expect_t *expect)
{
    expect->nonce = NULL;
    expect->old_nonce = session->tokens[SSO_TOKEN_NONCE];
    expect->sub = session->sub;
    expect->access_token = tokens->access_token;
    expect->demand = NULL; /* auth_time and acr are those of the login, where they were asked for */
}

void sso_refresh_apply(const sso_session_t *session, const sso_refresh_t *state, sso_session_t *ret_session)
{
    *ret_session = *session;
    ret_session->token_expires = state->expires;
    for (int kind = SSO_TOKEN_ID; kind <= SSO_TOKEN_REFRESH; kind++)
        ret_session->tokens[kind] = state->tokens[kind];
}

/* --- the record -------------------------------------------------------------------------------------------------- */

sso_rc_t sso_refresh_key(const unsigned char id[SSO_SESSION_ID_LEN], unsigned char out[SSO_REFRESH_KEY_LEN],
                         sso_err_t *err)
{
    static const char label[] = "mod_sso_oidc refresh v1";
    unsigned char text[sizeof(label) + SSO_SESSION_ID_LEN];

    memcpy(text, label, sizeof(label));
    memcpy(text + sizeof(label), id, SSO_SESSION_ID_LEN);
    return sso_crypto_sha256(text, sizeof(text), out, err);
}

sso_rc_t sso_refresh_encode(apr_pool_t *pool, const sso_refresh_t *state, unsigned char **ret_bytes,
                            apr_size_t *ret_len, sso_err_t *err)
{
    sso_buf_t buf;
    unsigned count = 0;

    sso_buf_init(&buf, pool, 4096, SSO_SESSION_BYTES_MAX);
    sso_buf_addc(&buf, MAGIC);
    sso_buf_addc(&buf, VERSION);
    sso_buf_add(&buf, state->id, sizeof(state->id));
    sso_buf_add_u32(&buf, state->serial);
    sso_buf_add_u32(&buf, state->failures);
    sso_buf_add_u64(&buf, (apr_uint64_t)state->obtained);
    sso_buf_add_u64(&buf, (apr_uint64_t)state->expires);
    sso_buf_add_u64(&buf, (apr_uint64_t)state->not_before);
    for (int kind = SSO_TOKEN_ID; kind <= SSO_TOKEN_REFRESH; kind++)
        count += state->tokens[kind] != NULL;
    sso_buf_addc(&buf, (unsigned char)count);
    for (int kind = SSO_TOKEN_ID; kind <= SSO_TOKEN_REFRESH; kind++) {
        apr_size_t len = state->tokens[kind] != NULL ? strlen(state->tokens[kind]) : 0;
        if (state->tokens[kind] == NULL)
            continue;
        if (len > SSO_SESSION_BYTES_MAX)
            return sso_err_set(err, SSO_E_LIMIT, "refresh-too-large", "a token of %" APR_SIZE_T_FMT " bytes", len);
        sso_buf_addc(&buf, (unsigned char)kind);
        sso_buf_add_u32(&buf, (apr_uint32_t)len);
        sso_buf_add(&buf, state->tokens[kind], len);
        sso_buf_addc(&buf, 0);
    }
    SSO_TRY(sso_buf_check(&buf, "refresh-too-large", err));
    *ret_bytes = buf.data;
    *ret_len = buf.len;
    return SSO_OK;
}

static apr_time_t read_time(sso_rd_t *rd)
{
    apr_uint64_t v = sso_rd_u64(rd);
    rd->bad |= v > APR_INT64_MAX;
    return (apr_time_t)(v & APR_INT64_MAX);
}

static void read_tokens(sso_rd_t *rd, sso_refresh_t *state)
{
    for (unsigned count = sso_rd_u8(rd); count > 0 && !rd->bad; count--) {
        unsigned kind = sso_rd_u8(rd);
        apr_size_t len = sso_rd_u32(rd);
        const unsigned char *text = sso_rd_bytes(rd, len);
        if (kind < SSO_TOKEN_ID || kind > SSO_TOKEN_REFRESH || state->tokens[kind] != NULL || text == NULL ||
            sso_rd_u8(rd) != 0)
            rd->bad = 1;
        else
            state->tokens[kind] = (const char *)text;
    }
}

sso_rc_t sso_refresh_decode(const unsigned char *bytes, apr_size_t len, const unsigned char id[SSO_SESSION_ID_LEN],
                            sso_refresh_t *ret_state, sso_err_t *err)
{
    sso_refresh_t state;
    sso_rd_t rd;
    const unsigned char *owner;

    memset(&state, 0, sizeof(state));
    sso_rd_init(&rd, bytes, len);
    if (sso_rd_u8(&rd) != MAGIC || sso_rd_u8(&rd) != VERSION)
        return sso_err_set(err, SSO_E_SYNTAX, "refresh-malformed", "an entry of another kind or version");
    owner = sso_rd_bytes(&rd, SSO_SESSION_ID_LEN);
    state.serial = sso_rd_u32(&rd);
    state.failures = sso_rd_u32(&rd);
    state.obtained = read_time(&rd);
    state.expires = read_time(&rd);
    state.not_before = read_time(&rd);
    read_tokens(&rd, &state);
    if (rd.bad || owner == NULL || rd.p != rd.end)
        return sso_err_set(err, SSO_E_SYNTAX, "refresh-malformed", "an entry that cannot be read");
    /* Whoever writes to the cache could give one person the tokens of another by moving entries. */
    if (memcmp(owner, id, SSO_SESSION_ID_LEN) != 0)
        return sso_err_set(err, SSO_E_MISMATCH, "refresh-session", "the entry belongs to another session");
    memcpy(state.id, owner, sizeof(state.id));
    *ret_state = state;
    return SSO_OK;
}

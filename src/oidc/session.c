/* SPDX-License-Identifier: Apache-2.0 */
/* Codec of the session record (session.h) and what its times mean. Decoding runs for every request with a session: two
 * arrays from the pool, everything else points into the record. The only user of zlib. */
#include "oidc/session.h"

#include <string.h>

#include <apr_strings.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "oidc/client.h"

#define VERSION       1
#define HEAD_LEN      4
#define FIXED_LEN     (HEAD_LEN + SSO_SESSION_ID_LEN + 4 * 8 + 16 + 16)
#define VALUE_LEN_MIN 5 /* u32 length, NUL */
#define CLAIM_LIST    1
#define CLAIM_UNSAFE  2
#define CLOCK_SKEW    apr_time_from_sec(60)
#define RENEW_AFTER   60 /* seconds between two idle stamps */

/* --- encode ------------------------------------------------------------------------------------------------------ */

static sso_rc_t too_large(apr_pool_t *pool, const sso_session_t *session, const char *what, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_LIMIT, "session-too-large", "%s exceeds the record; largest claims: %s", what,
                       sso_session_largest(pool, &session->claims, 3));
}

static void add_counted16(sso_buf_t *buf, const char *bytes, apr_size_t len)
{
    if (len > 0xffff) {
        buf->overflow = 1;
        return;
    }
    sso_buf_add_u16(buf, (unsigned)len);
    sso_buf_add(buf, bytes, len);
    sso_buf_addc(buf, 0);
}

static void add_counted32(sso_buf_t *buf, const char *bytes, apr_size_t len)
{
    if (len > SSO_SESSION_BYTES_MAX) {
        buf->overflow = 1;
        return;
    }
    sso_buf_add_u32(buf, (apr_uint32_t)len);
    sso_buf_add(buf, bytes, len);
    sso_buf_addc(buf, 0);
}

static void add_claims(sso_buf_t *buf, const sso_claims_t *claims)
{
    apr_uint32_t total = 0;

    for (int i = 0; i < claims->count; i++) {
        buf->overflow |= claims->claims[i].count > 0xffff;
        total += (apr_uint32_t)claims->claims[i].count;
    }
    buf->overflow |= claims->count > SSO_CLAIMS_MAX;
    sso_buf_add_u16(buf, (unsigned)claims->count);
    sso_buf_add_u32(buf, total);

    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *claim = &claims->claims[i];
        add_counted16(buf, claim->name, claim->name_len);
        sso_buf_addc(buf, (unsigned char)((claim->is_list ? CLAIM_LIST : 0) | (claim->unsafe ? CLAIM_UNSAFE : 0)));
        sso_buf_add_u16(buf, (unsigned)claim->count);
        for (int v = 0; v < claim->count; v++)
            add_counted32(buf, claim->values[v].bytes, claim->values[v].len);
    }
}

/* zlib's memory comes from the pool: a request that is cut short leaves nothing behind. */
static voidpf zlib_alloc(voidpf pool, uInt items, uInt size)
{
    if (size && items > SSO_SESSION_BYTES_MAX * 4 / size)
        return Z_NULL;
    return apr_palloc(pool, (apr_size_t)items * size);
}

static void zlib_free(voidpf pool, voidpf address)
{
    (void)pool;
    (void)address;
}

/* Bytes of the raw deflate stream, 0 when it would not be smaller than the input. */
static apr_size_t deflate_claims(apr_pool_t *pool, const sso_buf_t *plain, unsigned char *out)
{
    z_stream z;
    apr_size_t len = 0;

    memset(&z, 0, sizeof(z));
    z.zalloc = zlib_alloc;
    z.zfree = zlib_free;
    z.opaque = pool;
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    z.next_in = plain->data;
    z.avail_in = (uInt)plain->len;
    z.next_out = out;
    z.avail_out = (uInt)plain->len;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < plain->len)
        len = z.total_out;
    (void)deflateEnd(&z);
    return len;
}

static apr_size_t token_bytes(const sso_session_t *session)
{
    apr_size_t n = 0;
    for (int kind = 1; kind < SSO_TOKEN_KINDS; kind++)
        n += session->tokens[kind] ? strlen(session->tokens[kind]) : 0;
    return n;
}

static void add_claims_block(apr_pool_t *pool, sso_buf_t *buf, const sso_buf_t *plain, apr_size_t others)
{
    apr_pool_t *tmp = NULL;
    unsigned char *packed = NULL;
    apr_size_t packed_len = 0;

    if (plain->len > SSO_SESSION_DEFLATE_MIN && plain->len + others > SSO_SESSION_DEFLATE_FROM &&
        apr_pool_create(&tmp, pool) == APR_SUCCESS) {
        packed = apr_palloc(tmp, plain->len);
        packed_len = deflate_claims(tmp, plain, packed);
    }
    sso_buf_addc(buf, packed_len ? 1 : 0);
    sso_buf_add_u32(buf, (apr_uint32_t)(packed_len ? packed_len : plain->len));
    sso_buf_add_u32(buf, (apr_uint32_t)plain->len);
    sso_buf_add(buf, packed_len ? packed : plain->data, packed_len ? packed_len : plain->len);
    if (tmp)
        apr_pool_destroy(tmp);
}

static void add_fixed(sso_buf_t *buf, const sso_session_t *session)
{
    sso_buf_addc(buf, VERSION);
    sso_buf_addc(buf, 0);
    sso_buf_add_u16(buf, FIXED_LEN);
    sso_buf_add(buf, session->id, sizeof(session->id));
    sso_buf_add_u64(buf, (apr_uint64_t)session->created);
    sso_buf_add_u64(buf, (apr_uint64_t)session->expires);
    sso_buf_add_u64(buf, (apr_uint64_t)session->auth_time);
    sso_buf_add_u64(buf, (apr_uint64_t)session->token_expires);
    sso_buf_add(buf, session->key_sid, sizeof(session->key_sid));
    sso_buf_add(buf, session->key_sub, sizeof(session->key_sub));
}

static void add_tokens(sso_buf_t *buf, const sso_session_t *session)
{
    unsigned count = 0;
    for (int kind = 1; kind < SSO_TOKEN_KINDS; kind++)
        count += session->tokens[kind] != NULL;
    sso_buf_addc(buf, (unsigned char)count);
    for (int kind = 1; kind < SSO_TOKEN_KINDS; kind++) {
        if (session->tokens[kind]) {
            sso_buf_addc(buf, (unsigned char)kind);
            add_counted32(buf, session->tokens[kind], strlen(session->tokens[kind]));
        }
    }
}

sso_rc_t sso_session_encode(apr_pool_t *pool, const sso_session_t *session, unsigned char **ret_bytes,
                            apr_size_t *ret_len, sso_err_t *err)
{
    const char *const strings[] = {session->provider, session->sub, session->acr, session->sid};
    sso_buf_t plain;
    sso_buf_t buf;

    sso_buf_init(&plain, pool, 4096, SSO_SESSION_BYTES_MAX);
    add_claims(&plain, &session->claims);
    if (plain.overflow)
        return too_large(pool, session, "the claims part", err);

    sso_buf_init(&buf, pool, 4096, SSO_SESSION_BYTES_MAX);
    add_fixed(&buf, session);
    for (apr_size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        const char *text = strings[i] ? strings[i] : "";
        add_counted16(&buf, text, strlen(text));
    }
    add_claims_block(pool, &buf, &plain, token_bytes(session));
    add_tokens(&buf, session);
    if (buf.overflow)
        return too_large(pool, session, "the session", err);
    *ret_bytes = buf.data;
    *ret_len = buf.len;
    return SSO_OK;
}

char *sso_session_largest(apr_pool_t *pool, const sso_claims_t *claims, int how_many)
{
    return sso_claims_largest(pool, claims, how_many);
}

/* --- decode ------------------------------------------------------------------------------------------------------ */

/* `len` bytes with a NUL behind them, NULL when they are not there. */
static const char *read_text(sso_rd_t *rd, apr_size_t len)
{
    const unsigned char *p = sso_rd_bytes(rd, len);
    if (!p || sso_rd_u8(rd) != 0) {
        rd->bad = 1;
        return NULL;
    }
    return (const char *)p;
}

static apr_time_t read_time(sso_rd_t *rd)
{
    apr_uint64_t v = sso_rd_u64(rd);
    if (v > APR_INT64_MAX)
        rd->bad = 1;
    return (apr_time_t)(v & APR_INT64_MAX);
}

static void read_copy(sso_rd_t *rd, unsigned char *out, apr_size_t len)
{
    const unsigned char *p = sso_rd_bytes(rd, len);
    if (p)
        memcpy(out, p, len);
}

/* The claims are walked with these rather than with sso_rd_*: the calls alone would be half of the cost. */
static inline const unsigned char *take(sso_rd_t *rd, apr_size_t len)
{
    const unsigned char *p = rd->p;
    if ((apr_size_t)(rd->end - p) < len)
        return NULL;
    rd->p = p + len;
    return p;
}

static inline unsigned as_u16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline apr_uint32_t as_u32(const unsigned char *p)
{
    return (apr_uint32_t)p[0] << 24 | (apr_uint32_t)p[1] << 16 | (apr_uint32_t)p[2] << 8 | p[3];
}

static int read_values(sso_rd_t *rd, sso_claim_value_t *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *p = take(rd, 4);
        apr_size_t len = p ? as_u32(p) : 0;

        p = p && len < SSO_SESSION_BYTES_MAX ? take(rd, len + 1) : NULL;
        if (!p || p[len] != 0)
            return 0;
        values[i].bytes = (const char *)p;
        values[i].len = len;
    }
    return 1;
}

/* The head of one claim: all but its values. 0 when it is not there. */
static int read_claim(sso_rd_t *rd, sso_claim_t *claim)
{
    const unsigned char *p = take(rd, 2);
    apr_size_t len = p ? as_u16(p) : 0;

    p = p ? take(rd, len + 4) : NULL; /* name, NUL, flags, u16 count */
    if (!p || p[len] != 0 || p[len + 1] & ~(unsigned)(CLAIM_LIST | CLAIM_UNSAFE))
        return 0;
    claim->name = (const char *)p;
    claim->name_len = len;
    claim->is_list = (p[len + 1] & CLAIM_LIST) != 0;
    claim->unsafe = (p[len + 1] & CLAIM_UNSAFE) != 0;
    claim->count = (int)as_u16(p + len + 2);
    return 1;
}

/* 0 when the bytes are not exactly a list of claims. */
static int read_claims(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len, sso_claims_t *out)
{
    sso_rd_t rd;
    sso_claim_t *claims;
    sso_claim_value_t *value;
    unsigned count;
    apr_uint32_t left;

    sso_rd_init(&rd, bytes, len);
    count = sso_rd_u16(&rd);
    left = sso_rd_u32(&rd);
    /* Before the arrays are made: no record may ask for more memory than a multiple of its own size. */
    if (rd.bad || count > SSO_CLAIMS_MAX || left > (apr_size_t)(rd.end - rd.p) / VALUE_LEN_MIN)
        return 0;
    claims = apr_palloc(pool, count * sizeof(*claims) + left * sizeof(*value) + 1);
    value = (sso_claim_value_t *)(claims + count);

    for (unsigned i = 0; i < count; i++) {
        unsigned n;
        if (!read_claim(&rd, &claims[i]))
            return 0;
        n = (unsigned)claims[i].count;
        if (n > left || !read_values(&rd, value, n))
            return 0;
        claims[i].values = value;
        value += n;
        left -= n;
    }
    out->count = (int)count;
    out->claims = claims;
    return left == 0 && rd.p == rd.end;
}

/* NULL unless the stream ends where it should and fills the stated length exactly. */
static unsigned char *inflate_claims(apr_pool_t *pool, const unsigned char *bytes, apr_size_t len, apr_size_t plain_len)
{
    unsigned char *out = apr_palloc(pool, plain_len);
    z_stream z;
    int exact;

    memset(&z, 0, sizeof(z));
    z.zalloc = zlib_alloc;
    z.zfree = zlib_free;
    z.opaque = pool;
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)len;
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return NULL;
    z.next_out = out;
    z.avail_out = (uInt)plain_len;
    exact = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0;
    (void)inflateEnd(&z);
    return exact ? out : NULL;
}

static int read_claims_block(apr_pool_t *pool, sso_rd_t *rd, sso_claims_t *claims)
{
    unsigned deflated = sso_rd_u8(rd);
    apr_size_t stored = sso_rd_u32(rd);
    apr_size_t plain = sso_rd_u32(rd);
    const unsigned char *bytes = sso_rd_bytes(rd, stored);

    if (!bytes || deflated > 1 || plain > SSO_SESSION_BYTES_MAX)
        return 0;
    if (!deflated)
        return stored == plain && read_claims(pool, bytes, stored, claims);
    if (plain <= SSO_SESSION_DEFLATE_MIN || stored >= plain)
        return 0;
    bytes = inflate_claims(pool, bytes, stored, plain);
    return bytes && read_claims(pool, bytes, plain, claims);
}

static int read_tokens(sso_rd_t *rd, sso_session_t *session)
{
    unsigned count = sso_rd_u8(rd);
    if (count >= SSO_TOKEN_KINDS)
        return 0;
    for (; count; count--) {
        unsigned kind = sso_rd_u8(rd);
        apr_size_t len = sso_rd_u32(rd);
        if (kind < 1 || kind >= SSO_TOKEN_KINDS || session->tokens[kind])
            return 0;
        session->tokens[kind] = read_text(rd, len);
        if (!session->tokens[kind])
            return 0;
    }
    return !rd->bad && rd->p == rd->end;
}

static int read_head(sso_rd_t *rd, sso_session_t *session)
{
    unsigned flags = sso_rd_u8(rd);
    apr_size_t strings_at = sso_rd_u16(rd);

    /* A later version of the program may add to the fixed part, behind what this one knows; a flag it must know. */
    if (rd->bad || flags != 0 || strings_at < FIXED_LEN)
        return 0;
    read_copy(rd, session->id, sizeof(session->id));
    session->created = read_time(rd);
    session->expires = read_time(rd);
    session->auth_time = read_time(rd);
    session->token_expires = read_time(rd);
    read_copy(rd, session->key_sid, sizeof(session->key_sid));
    read_copy(rd, session->key_sub, sizeof(session->key_sub));
    return sso_rd_bytes(rd, strings_at - FIXED_LEN) != NULL && !rd->bad;
}

static sso_rc_t malformed(const char *part, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_SYNTAX, "session-malformed", "%s of the session record cannot be read", part);
}

static sso_rc_t check_times(const sso_session_t *session, apr_time_t now, sso_err_t *err)
{
    if (session->expires <= now)
        return sso_err_set(err, SSO_E_EXPIRED, "session-expired", "ended %" APR_TIME_T_FMT " s ago",
                           apr_time_sec(now - session->expires));
    if (session->created > now + CLOCK_SKEW)
        return sso_err_set(err, SSO_E_EXPIRED, "session-future", "made %" APR_TIME_T_FMT " s in the future",
                           apr_time_sec(session->created - now));
    return SSO_OK;
}

sso_rc_t sso_session_decode(apr_pool_t *pool, apr_time_t now, const unsigned char *bytes, apr_size_t len,
                            sso_session_t *ret_session, sso_err_t *err)
{
    sso_session_t session;
    const char **const strings[] = {&session.provider, &session.sub, &session.acr, &session.sid};
    sso_rd_t rd;
    unsigned version;

    if (len > SSO_SESSION_BYTES_MAX)
        return malformed("the length", err);
    memset(&session, 0, sizeof(session));
    sso_rd_init(&rd, bytes, len);
    version = sso_rd_u8(&rd);
    if (version != VERSION)
        return sso_err_set(err, SSO_E_UNSUPPORTED, "session-version", "version %u", version);
    if (!read_head(&rd, &session))
        return malformed("the head", err);
    SSO_TRY(check_times(&session, now, err));
    for (apr_size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        apr_size_t n = sso_rd_u16(&rd);
        *strings[i] = read_text(&rd, n);
    }
    if (rd.bad)
        return malformed("the strings", err);
    if (!read_claims_block(pool, &rd, &session.claims))
        return malformed("the claims part", err);
    if (!read_tokens(&rd, &session))
        return malformed("the tokens part", err);
    *ret_session = session;
    return SSO_OK;
}

/* --- times ------------------------------------------------------------------------------------------------------- */

void sso_session_idle_encode(const unsigned char id[SSO_SESSION_ID_LEN], apr_time_t seen,
                             unsigned char out[SSO_IDLE_LEN])
{
    apr_uint64_t v = (apr_uint64_t)seen;
    memcpy(out, id, SSO_SESSION_ID_LEN);
    for (int i = SSO_IDLE_LEN - 1; i >= SSO_SESSION_ID_LEN; i--, v >>= 8)
        out[i] = (unsigned char)(v & 0xff);
}

int sso_session_idle_decode(const unsigned char *bytes, apr_size_t len, const unsigned char id[SSO_SESSION_ID_LEN],
                            apr_time_t now, apr_time_t *ret_seen)
{
    sso_rd_t rd;
    apr_time_t seen;

    if (len != SSO_IDLE_LEN || !sso_text_equal_ct(bytes, SSO_SESSION_ID_LEN, id, SSO_SESSION_ID_LEN))
        return 0;
    sso_rd_init(&rd, bytes + SSO_SESSION_ID_LEN, len - SSO_SESSION_ID_LEN);
    seen = read_time(&rd);
    if (rd.bad || seen > now + CLOCK_SKEW)
        return 0;
    *ret_seen = seen;
    return 1;
}

sso_idle_t sso_session_idle(apr_time_t created, apr_time_t seen, apr_time_t now, int idle_seconds)
{
    apr_time_t last = seen > created ? seen : created;
    apr_time_t idle = now - last;
    int renew = RENEW_AFTER;

    if (idle_seconds <= 0)
        return SSO_IDLE_FRESH;
    if (idle >= apr_time_from_sec(idle_seconds))
        return SSO_IDLE_EXPIRED;
    /* A short limit needs stamps that are closer, or a person at work would be signed out between two. */
    if (idle_seconds < 2 * RENEW_AFTER)
        renew = idle_seconds / 2;
    return idle >= apr_time_from_sec(renew) ? SSO_IDLE_RENEW : SSO_IDLE_FRESH;
}

int sso_session_satisfies(const sso_session_t *session, const sso_auth_demand_t *demand, apr_time_t now, int clock_skew)
{
    if (!demand)
        return 1;
    if (demand->max_age >= 0) {
        /* OIDC Core 2: auth_time is required when max_age was asked for; without it nobody knows. */
        if (session->auth_time <= 0)
            return 0;
        if (now - session->auth_time > apr_time_from_sec((apr_int64_t)demand->max_age + clock_skew))
            return 0;
    }
    return !demand->acrs || demand->acrs->nelts == 0 || sso_text_in(demand->acrs, session->acr);
}

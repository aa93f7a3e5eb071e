/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer and the bounded reader. An append either fits as a whole or changes nothing but `overflow`. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* So far below the end of the address space that cap * 2 + 1 cannot wrap. */
#define MAX_EVER (APR_SIZE_MAX / 4)
#define CAP_MIN  32

void sso_buf_init(sso_buf_t *buf, apr_pool_t *pool, apr_size_t guess, apr_size_t max)
{
    if (max > MAX_EVER)
        max = MAX_EVER;
    if (guess < CAP_MIN)
        guess = CAP_MIN;
    if (guess > max)
        guess = max;
    buf->pool = pool;
    buf->data = apr_palloc(pool, guess + 1);
    buf->data[0] = '\0';
    buf->len = 0;
    buf->cap = guess;
    buf->max = max;
    buf->overflow = 0;
}

/* Room for `more` bytes and the NUL, or 0 and the buffer is closed. */
static int make_room(sso_buf_t *buf, apr_size_t more)
{
    unsigned char *data;
    apr_size_t cap;

    if (buf->overflow)
        return 0;
    if (more > buf->max - buf->len) {
        buf->overflow = 1;
        return 0;
    }
    if (more <= buf->cap - buf->len)
        return 1;
    cap = buf->cap * 2;
    if (cap < buf->len + more)
        cap = buf->len + more;
    if (cap > buf->max)
        cap = buf->max;
    data = apr_palloc(buf->pool, cap + 1);
    memcpy(data, buf->data, buf->len + 1);
    buf->data = data;
    buf->cap = cap;
    return 1;
}

void sso_buf_add(sso_buf_t *buf, const void *bytes, apr_size_t len)
{
    if (len == 0 || !make_room(buf, len))
        return;
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void sso_buf_adds(sso_buf_t *buf, const char *str)
{
    sso_buf_add(buf, str, strlen(str));
}

void sso_buf_addc(sso_buf_t *buf, unsigned char c)
{
    sso_buf_add(buf, &c, 1);
}

void sso_buf_add_u16(sso_buf_t *buf, unsigned v)
{
    unsigned char bytes[2] = {(unsigned char)(v >> 8 & 0xff), (unsigned char)(v & 0xff)};

    /* A truncated length prefix would shift every field behind it. */
    if (v > 0xffff) {
        buf->overflow = 1;
        return;
    }
    sso_buf_add(buf, bytes, sizeof(bytes));
}

void sso_buf_add_u32(sso_buf_t *buf, apr_uint32_t v)
{
    unsigned char bytes[4];

    for (int i = 3; i >= 0; i--, v >>= 8)
        bytes[i] = (unsigned char)(v & 0xff);
    sso_buf_add(buf, bytes, sizeof(bytes));
}

void sso_buf_add_u64(sso_buf_t *buf, apr_uint64_t v)
{
    unsigned char bytes[8];

    for (int i = 7; i >= 0; i--, v >>= 8)
        bytes[i] = (unsigned char)(v & 0xff);
    sso_buf_add(buf, bytes, sizeof(bytes));
}

void sso_buf_addf(sso_buf_t *buf, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        buf->overflow = 1;
        return;
    }
    if (!make_room(buf, (apr_size_t)len))
        return;
    va_start(args, fmt);
    len = vsnprintf((char *)buf->data + buf->len, (apr_size_t)len + 1, fmt, args);
    va_end(args);
    buf->len += (apr_size_t)len;
}

sso_rc_t sso_buf_check(const sso_buf_t *buf, const char *what, sso_err_t *err)
{
    if (buf->overflow)
        return sso_err_set(err, SSO_E_LIMIT, what, "more than %zu bytes", (size_t)buf->max);
    return SSO_OK;
}

void sso_rd_init(sso_rd_t *rd, const unsigned char *bytes, apr_size_t len)
{
    rd->p = bytes;
    rd->end = len > 0 ? bytes + len : bytes;
    rd->bad = 0;
}

const unsigned char *sso_rd_bytes(sso_rd_t *rd, apr_size_t len)
{
    const unsigned char *p = rd->p;

    if (rd->bad || len > (apr_size_t)(rd->end - p)) {
        rd->bad = 1;
        return NULL;
    }
    if (len > 0)
        rd->p = p + len;
    return p;
}

unsigned sso_rd_u8(sso_rd_t *rd)
{
    const unsigned char *p = sso_rd_bytes(rd, 1);

    return p != NULL ? p[0] : 0;
}

unsigned sso_rd_u16(sso_rd_t *rd)
{
    const unsigned char *p = sso_rd_bytes(rd, 2);

    return p != NULL ? (unsigned)p[0] << 8 | p[1] : 0;
}

apr_uint32_t sso_rd_u32(sso_rd_t *rd)
{
    const unsigned char *p = sso_rd_bytes(rd, 4);

    if (p == NULL)
        return 0;
    return (apr_uint32_t)p[0] << 24 | (apr_uint32_t)p[1] << 16 | (apr_uint32_t)p[2] << 8 | p[3];
}

apr_uint64_t sso_rd_u64(sso_rd_t *rd)
{
    const unsigned char *p = sso_rd_bytes(rd, 8);
    apr_uint64_t v = 0;

    if (p == NULL)
        return 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

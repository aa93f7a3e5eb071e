/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer with a maximum given at birth. Lives in a pool; growing leaves the old block to the pool, so
 * give a good first guess. Once the maximum is hit the buffer is `overflow` for good: appends after that do nothing,
 * and the caller checks once at the end. */
#ifndef SSO_BASE_BUF_H
#define SSO_BASE_BUF_H

#include <apr_pools.h>

#include "base/err.h"

typedef struct sso_buf_t {
    apr_pool_t *pool;
    unsigned char *data; /* always NUL-terminated at data[len] */
    apr_size_t len;
    apr_size_t cap;
    apr_size_t max;
    int overflow;
} sso_buf_t;

void sso_buf_init(sso_buf_t *buf, apr_pool_t *pool, apr_size_t guess, apr_size_t max);
void sso_buf_add(sso_buf_t *buf, const void *bytes, apr_size_t len);
void sso_buf_adds(sso_buf_t *buf, const char *str);
void sso_buf_addc(sso_buf_t *buf, unsigned char c);
/* Big-endian integers, for our own binary formats. A u16 above 65535 counts as overflow. */
void sso_buf_add_u16(sso_buf_t *buf, unsigned v);
void sso_buf_add_u32(sso_buf_t *buf, apr_uint32_t v);
void sso_buf_add_u64(sso_buf_t *buf, apr_uint64_t v);
void sso_buf_addf(sso_buf_t *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* SSO_E_LIMIT (reason `what`) when the maximum was hit. */
SSO_MUST_USE sso_rc_t sso_buf_check(const sso_buf_t *buf, const char *what, sso_err_t *err);

/* A reader over bytes of our own binary formats. A read past the end sets `bad` and yields zeros / NULL. */
typedef struct sso_rd_t {
    const unsigned char *p;
    const unsigned char *end;
    int bad;
} sso_rd_t;

void sso_rd_init(sso_rd_t *rd, const unsigned char *bytes, apr_size_t len);
unsigned sso_rd_u8(sso_rd_t *rd);
unsigned sso_rd_u16(sso_rd_t *rd);
apr_uint32_t sso_rd_u32(sso_rd_t *rd);
apr_uint64_t sso_rd_u64(sso_rd_t *rd);
/* Pointer to the next `len` bytes inside the input, or NULL. */
const unsigned char *sso_rd_bytes(sso_rd_t *rd, apr_size_t len);

#endif

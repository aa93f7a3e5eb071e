/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target needs: a pool for each input, a fixed clock, a generator that repeats, and checks that end the
 * program. A target is one file with LLVMFuzzerTestOneInput over the core alone:
 *
 *     fuzz_begin(setup);           setup runs once, its memory stays
 *     …                            everything from fuzz_pool
 *     fuzz_end();
 *
 * Between the two, each piece that is asked of a pool is a block of its own with nothing behind it, so that a sanitizer
 * sees an access one byte too far (a pool of APR would hide it). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_pools.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "base/env.h"
#include "base/err.h"

#define FUZZ_NOW (APR_INT64_C(1767225600) * APR_USEC_PER_SEC) /* 2026-01-01T00:00:00Z, as in t/unit */
#define FUZZ_INPUT_MAX (64 * 1024)

extern apr_pool_t *fuzz_pool;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_begin(void (*setup)(void));
void fuzz_end(void);
sso_env_t fuzz_env(void);

/* The rest of an input as a block of exactly its size, and with a NUL behind it. */
unsigned char *fuzz_bytes(const uint8_t *data, size_t size);
char *fuzz_text(const uint8_t *data, size_t size);
/* The first byte of an input, which chooses among variants; 0 when there is none. */
unsigned fuzz_choice(const uint8_t **data, size_t *size);
/* Everything up to the separator (or the end) as text; the separator is skipped. */
char *fuzz_until(const uint8_t **data, size_t *size, char separator);

#define fuzz_check(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_fail(const char *file, int line, const char *what);
/* A failure has set err to its class, a reason that is a slug and a detail that can be logged; returns 1 for SSO_OK.
 * Clears err. */
int fuzz_ok(sso_rc_t rc, sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around a fuzz target: see fuzz.h. */
#include "fuzz.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

typedef struct block_t {
    struct block_t *next;
    void *bytes;
} block_t;

apr_pool_t *fuzz_pool;

static apr_pool_t *forever;
static block_t *blocks; /* of the current input */
static block_t *volatile kept; /* of the setup; here, so that a leak checker finds what hangs on them */
static int inside;
static unsigned char next_random;

__attribute__((visibility("default"))) void *apr_palloc(apr_pool_t *pool, apr_size_t size);

/* Stands in front of libapr's function, for the core and for libapr itself. */
void *apr_palloc(apr_pool_t *pool, apr_size_t size)
{
    static void *(*real)(apr_pool_t *, apr_size_t);

    if (inside) {
        block_t *block = malloc(sizeof(*block));
        void *bytes = malloc(size);
        fuzz_check(block != NULL && bytes != NULL);
        *block = (block_t){blocks, bytes};
        blocks = block;
        return bytes;
    }
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "apr_palloc");
        fuzz_check(found != NULL);
        memcpy(&real, &found, sizeof(real));
    }
    return real(pool, size);
}

void fuzz_begin(void (*setup)(void))
{
    if (forever == NULL) {
        fuzz_check(apr_initialize() == APR_SUCCESS);
        fuzz_check(apr_pool_create(&forever, NULL) == APR_SUCCESS);
        fuzz_pool = forever;
        next_random = 0;
        inside = 1;
        if (setup != NULL)
            setup();
        inside = 0;
        kept = blocks;
        blocks = NULL;
    }
    fuzz_check(apr_pool_create(&fuzz_pool, forever) == APR_SUCCESS);
    next_random = 0;
    inside = 1;
}

/* The blocks outlive the pool: its cleanups may look at any of them. */
void fuzz_end(void)
{
    inside = 0;
    apr_pool_destroy(fuzz_pool);
    while (blocks != NULL) {
        block_t *block = blocks;
        blocks = block->next;
        free(block->bytes);
        free(block);
    }
}

/* Bytes 1, 2, 3, …, from the beginning for each input. */
static sso_rc_t repeat(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    (void)baton;
    (void)err;
    for (apr_size_t i = 0; i < len; i++)
        out[i] = ++next_random;
    return SSO_OK;
}

sso_env_t fuzz_env(void)
{
    sso_env_t env = {fuzz_pool, FUZZ_NOW, repeat, NULL};
    return env;
}

unsigned char *fuzz_bytes(const uint8_t *data, size_t size)
{
    unsigned char *bytes = apr_palloc(fuzz_pool, size);
    if (size > 0)
        memcpy(bytes, data, size);
    return bytes;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = apr_palloc(fuzz_pool, size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

unsigned fuzz_choice(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    (*size)--;
    return *(*data)++;
}

char *fuzz_until(const uint8_t **data, size_t *size, char separator)
{
    const uint8_t *end = *size > 0 ? memchr(*data, separator, *size) : NULL;
    size_t len = end != NULL ? (size_t)(end - *data) : *size;
    char *text = fuzz_text(*data, len);
    size_t skipped = end != NULL ? len + 1 : len;
    *data += skipped;
    *size -= skipped;
    return text;
}

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

int fuzz_ok(sso_rc_t rc, sso_err_t *err)
{
    if (rc != SSO_OK) {
        fuzz_check(err->rc == rc && strcmp(sso_rc_name(rc), "unknown") != 0);
        fuzz_check(err->reason[0] != '\0');
        fuzz_check(err->reason[strspn(err->reason, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0');
        fuzz_check(memchr(err->detail, '\0', sizeof(err->detail)) != NULL);
        for (const char *p = err->detail; *p != '\0'; p++)
            fuzz_check(*p >= 0x20 && *p <= 0x7e);
    } else {
        fuzz_check(err->rc == SSO_OK);
    }
    sso_err_clear(err);
    return rc == SSO_OK;
}

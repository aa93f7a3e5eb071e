/* SPDX-License-Identifier: Apache-2.0 */
/* Runs t/vectors/jose: one directory a case. With a file `algs` the token is verified as a JWS, without one it is
 * decrypted as a JWE; `expect` holds "ok" or the reason of the refusal, `plain.txt` what was encrypted. */
#include "unit.h"

#include <stdlib.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "../jose-tool.h"
#include "jose/alg.h"

#define VECTORS_MIN 72 /* a directory that is not found or not shipped must not pass */

static sso_err_t err = SSO_ERR_INIT;

static const char *vectors_dir(void)
{
    const char *dir = getenv("SSO_VECTORS");
    return apr_pstrcat(unit_pool, dir ? dir : SSO_SRCDIR "/t/vectors", "/jose", NULL);
}

static const char *read_part(const char *dir, const char *name, int required)
{
    const char *text = NULL;
    sso_err_clear(&err);
    sso_rc_t rc = tool_read(unit_pool, apr_pstrcat(unit_pool, dir, "/", name, NULL), &text, NULL, &err);
    if (rc != SSO_OK && required)
        fail_msg("%s: %s", dir, err.detail);
    return rc == SSO_OK ? text : NULL;
}

static sso_rc_t verify(const char *keys_text, const char *token, const char *algs)
{
    const sso_jwks_t *keys = NULL;
    sso_alg_set_t allowed = 0;
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    SSO_TRY(sso_alg_set_parse(unit_pool, algs, &allowed, &err));
    SSO_TRY(tool_verify_keys(unit_pool, keys_text, strlen(keys_text), &keys, &err));
    SSO_TRY(sso_jws_parse(unit_pool, token, &parsed, &err));
    return sso_jws_verify(unit_pool, &parsed, keys, allowed, &jws, &err);
}

static void run_case(const char *dir)
{
    const char *key = read_part(dir, "key.json", 1), *token = read_part(dir, "token.txt", 1);
    const char *expect = read_part(dir, "expect", 1), *algs = read_part(dir, "algs", 0), *plain = NULL;
    apr_size_t len = 0;
    sso_err_clear(&err);
    sso_rc_t rc =
        algs ? verify(key, token, algs) : tool_decrypt(unit_pool, key, strlen(key), token, &plain, &len, &err);
    if (strcmp(rc == SSO_OK ? "ok" : err.reason, expect) != 0)
        fail_msg("%s: wanted %s, got %s (%s)", dir, expect, rc == SSO_OK ? "ok" : err.reason, err.detail);
    if (rc == SSO_OK && !algs)
        assert_string_equal(plain, read_part(dir, "plain.txt", 1));
}

static void published_examples_come_out_as_expected(void **state)
{
    (void)state;
    apr_dir_t *dir;
    apr_finfo_t entry;
    int cases = 0;
    assert_int_equal(apr_dir_open(&dir, vectors_dir(), unit_pool), APR_SUCCESS);
    while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        if (entry.filetype != APR_DIR || entry.name[0] == '.')
            continue;
        run_case(apr_pstrcat(unit_pool, vectors_dir(), "/", entry.name, NULL));
        cases++;
    }
    apr_dir_close(dir);
    assert_in_range(cases, VECTORS_MIN, 10000);
}

int main(void)
{
    const struct CMUnitTest jose_vectors[] = {
        unit_test(published_examples_come_out_as_expected),
    };
    return unit_run(jose_vectors);
}

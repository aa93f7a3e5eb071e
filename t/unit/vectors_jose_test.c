/* SPDX-License-Identifier: Apache-2.0 */
/* Runs t/vectors/jose, one directory a case, and t/vectors/hostile, one line a case. With `algs` the token is verified
 * as a JWS, without it is decrypted as a JWE; `expect` is "ok" or the reason of the refusal, `plain` what was
 * encrypted. */
#include "unit.h"

#include <stdlib.h>

#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "../jose-tool.h"
#include "jose/alg.h"

#define VECTORS_MIN 78 /* a directory that is not found or not shipped must not pass */

static sso_err_t err = SSO_ERR_INIT;

static const char *vectors_dir(const char *name)
{
    const char *dir = getenv("SSO_VECTORS");
    return apr_pstrcat(unit_pool, dir ? dir : SSO_SRCDIR "/t/vectors", "/", name, NULL);
}

/* Key material as a case uses it. Reading a private RSA key takes longer than all the rest, so each is read once. */
typedef struct keys_t {
    sso_rc_t rc;
    sso_err_t why;
    const sso_jwks_t *verify;
    apr_array_header_t *decrypt;
} keys_t;

static const keys_t *read_keys(const char *text, int verify)
{
    void *found = NULL;
    const char *name = verify ? "verify" : "decrypt";
    apr_pool_userdata_get(&found, name, unit_pool);
    apr_hash_t *seen = found ? found : apr_hash_make(unit_pool);
    if (!found)
        apr_pool_userdata_setn(seen, name, NULL, unit_pool);
    keys_t *keys = apr_hash_get(seen, text, APR_HASH_KEY_STRING);
    if (keys)
        return keys;
    keys = apr_pcalloc(unit_pool, sizeof(*keys));
    keys->rc = verify ? tool_verify_keys(unit_pool, text, strlen(text), &keys->verify, &keys->why)
                      : tool_decrypt_keys(unit_pool, text, strlen(text), &keys->decrypt, &keys->why);
    apr_hash_set(seen, text, APR_HASH_KEY_STRING, keys);
    return keys;
}

/* Verifies when there is a list of algorithms, decrypts otherwise, and compares the outcome. Counts what differs. */
static int run(const char *name, const char *key_text, const char *algs, const char *token, const char *expect,
               const char *want_plain)
{
    const keys_t *keys = read_keys(key_text, algs != NULL);
    sso_jws_t jws;
    const char *plain = NULL;
    apr_size_t len = 0;
    err = keys->why;
    sso_rc_t rc = keys->rc;
    if (rc == SSO_OK)
        rc = algs ? tool_verify(unit_pool, keys->verify, token, algs, &jws, &err)
                  : tool_decrypt(unit_pool, keys->decrypt, token, &plain, &len, &err);
    const char *got = rc == SSO_OK ? "ok" : err.reason;
    if (strcmp(got, expect) == 0 && (rc != SSO_OK || algs || (want_plain && strcmp(plain, want_plain) == 0)))
        return 0;
    print_error("%s: wanted %s, got %s (%s)\n", name, expect, got, rc == SSO_OK ? "" : err.detail);
    return 1;
}

/* ---- one directory a case ---- */

static const char *read_part(const char *dir, const char *name, int required)
{
    const char *text = NULL;
    sso_err_clear(&err);
    sso_rc_t rc = tool_read_token(unit_pool, apr_pstrcat(unit_pool, dir, "/", name, NULL), &text, &err);
    if (rc != SSO_OK && required)
        fail_msg("%s: %s", dir, err.detail);
    return rc == SSO_OK ? text : NULL;
}

static void published_examples_come_out_as_expected(void **state)
{
    (void)state;
    apr_dir_t *dir;
    apr_finfo_t entry;
    int cases = 0, wrong = 0;
    assert_int_equal(apr_dir_open(&dir, vectors_dir("jose"), unit_pool), APR_SUCCESS);
    while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        if (entry.filetype != APR_DIR || entry.name[0] == '.')
            continue;
        const char *at = apr_pstrcat(unit_pool, vectors_dir("jose"), "/", entry.name, NULL);
        wrong += run(entry.name, read_part(at, "key.json", 1), read_part(at, "algs", 0), read_part(at, "token.txt", 1),
                     read_part(at, "expect", 1), read_part(at, "plain.txt", 0));
        cases++;
    }
    apr_dir_close(dir);
    assert_int_equal(wrong, 0);
    assert_in_range(cases, VECTORS_MIN, 10000);
}

/* ---- one line a case ---- */

static int run_line(const char *file, const sso_json_t *keys, const sso_json_t *line)
{
    const char *name = "", *key = NULL, *key_text = NULL, *algs = NULL, *token = NULL, *expect = NULL, *plain = NULL;
    assert_int_equal(sso_json_string(line, "name", &name), SSO_JSON_FOUND);
    if (sso_json_string(line, "key", &key) != SSO_JSON_FOUND ||
        sso_json_string(keys, key, &key_text) != SSO_JSON_FOUND ||
        sso_json_string(line, "token", &token) != SSO_JSON_FOUND ||
        sso_json_string(line, "expect", &expect) != SSO_JSON_FOUND)
        fail_msg("%s: %s is no case", file, name);
    (void)sso_json_string(line, "algs", &algs);
    (void)sso_json_string(line, "plain", &plain);
    return run(name, key_text, algs, token, expect, plain);
}

static void run_lines(const char *file, apr_size_t at_least)
{
    const char *text = NULL;
    apr_size_t len = 0;
    int wrong = 0;
    const sso_json_t *doc = NULL, *keys = NULL, *cases = NULL;
    assert_int_equal(tool_read(unit_pool, vectors_dir(file), &text, &len, &err), SSO_OK);
    assert_int_equal(sso_json_parse_object(unit_pool, text, len, TOOL_FILE_MAX, &doc, &err), SSO_OK);
    assert_int_equal(sso_json_object(doc, "keys", &keys), SSO_JSON_FOUND);
    assert_int_equal(sso_json_array(doc, "cases", &cases), SSO_JSON_FOUND);
    for (apr_size_t i = 0; i < sso_json_size(cases); i++)
        wrong += run_line(file, keys, sso_json_at(cases, i));
    assert_int_equal(wrong, 0);
    assert_in_range(sso_json_size(cases), at_least, 10000);
}

static void forged_signatures_are_refused_for_what_they_are(void **state)
{
    (void)state;
    run_lines("hostile/signature.json", 650);
}

static void bad_keys_are_refused_for_what_they_are(void **state)
{
    (void)state;
    run_lines("hostile/keys.json", 260);
}

static void forged_encryption_is_refused_for_what_it_is(void **state)
{
    (void)state;
    run_lines("hostile/encryption.json", 900);
}

int main(void)
{
    const struct CMUnitTest jose_vectors[] = {
        unit_test(published_examples_come_out_as_expected),
        unit_test(forged_signatures_are_refused_for_what_they_are),
        unit_test(bad_keys_are_refused_for_what_they_are),
        unit_test(forged_encryption_is_refused_for_what_it_is),
    };
    return unit_run(jose_vectors);
}

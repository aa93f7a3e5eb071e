/* SPDX-License-Identifier: Apache-2.0 */
/* Pending logins: both halves survive the trip, expire, belong to one site and one browser, and their secrets are bound
 * to both halves. */
#include "unit.h"

#include <apr_strings.h>

#include "base/b64.h"
#include "jose/crypto.h"
#include "oidc/state.h"

#define SITE     "rp.example\0https://op.example\0app"
#define SITE_LEN sizeof(SITE)

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_keyring_t *ring;
static sso_sealer_t *sealer;
static sso_browser_t browser;
static sso_flow_t flow;

/* A ring of `count` keys, the one made from `first` in front. */
static void make_ring(unsigned char first, int count)
{
    char *text = apr_pstrdup(unit_pool, "");
    for (int k = 0; k < count; k++) {
        unsigned char key[32];
        for (int i = 0; i < 32; i++)
            key[i] = (unsigned char)(i * 37 + (first - k) * 11 + (i * i) % 7);
        text = apr_pstrcat(unit_pool, text, sso_b64_string(unit_pool, key, sizeof(key)), "\n", NULL);
    }
    unit_assert_ok(sso_keyring_parse(unit_pool, text, strlen(text), &ring, &err));
    unit_assert_ok(sso_sealer_create(unit_pool, ring, &sealer, &err));
}

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    make_ring(1, 1);
    unit_assert_ok(sso_browser_create(&env, &browser, &err));
    flow = (sso_flow_t){.provider = "default",
                        .return_path = "/reports?x=1",
                        .acr = "phr",
                        .depth = 2,
                        .flags = SSO_FLOW_MAX_AGE | SSO_FLOW_STEP_UP,
                        .max_age = 300};
    memcpy(flow.browser_id, browser.id, sizeof(browser.id));
    return rc;
}
#define state_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static char *seal_flow(void)
{
    char *text = NULL;
    unit_assert_ok(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err));
    return text;
}

static sso_rc_t open_state(const char *text, sso_flow_t *got)
{
    return sso_state_open(sealer, &env, SITE, SITE_LEN, text, got, &err);
}

static char *seal_browser(void)
{
    char *text = NULL;
    unit_assert_ok(sso_browser_seal(sealer, &env, SITE, SITE_LEN, &browser, &text, &err));
    return text;
}

static sso_rc_t open_browser(const char *text, sso_browser_t *got)
{
    return sso_browser_open(sealer, &env, SITE, SITE_LEN, browser.id, text, strlen(text), got, &err);
}

static void a_flow_survives_the_trip(void **state)
{
    sso_flow_t got = {0};
    char *text = seal_flow();
    (void)state;
    assert_int_equal(flow.started, UNIT_NOW);
    assert_in_range(strlen(text), 1, SSO_STATE_TEXT_MAX);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."), strlen(text));
    env.now += apr_time_from_sec(30);
    unit_assert_ok(open_state(text, &got));
    assert_memory_equal(got.flow_id, flow.flow_id, sizeof(flow.flow_id));
    assert_memory_equal(got.browser_id, browser.id, sizeof(browser.id));
    assert_string_equal(got.provider, "default");
    assert_string_equal(got.return_path, "/reports?x=1");
    assert_string_equal(got.acr, "phr");
    assert_int_equal(got.started, UNIT_NOW);
    assert_int_equal(got.depth, 2);
    assert_int_equal(got.flags, SSO_FLOW_MAX_AGE | SSO_FLOW_STEP_UP);
    assert_int_equal(got.max_age, 300);
    assert_int_equal(got.key_index, 0);
}

static void every_flow_has_an_id_of_its_own(void **state)
{
    unsigned char first[SSO_FLOW_ID_LEN];
    (void)state;
    seal_flow();
    memcpy(first, flow.flow_id, sizeof(first));
    seal_flow();
    assert_memory_not_equal(first, flow.flow_id, sizeof(first));
}

static void empty_fields_survive_the_trip(void **state)
{
    sso_flow_t got = {0};
    (void)state;
    flow.return_path = "";
    flow.acr = NULL;
    flow.flags = SSO_FLOW_LONG_RETURN;
    flow.depth = 999;
    flow.max_age = -1;
    unit_assert_ok(open_state(seal_flow(), &got));
    assert_string_equal(got.return_path, "");
    assert_string_equal(got.acr, "");
    assert_int_equal(got.depth, 255);
    assert_int_equal(got.max_age, 0);
}

/* case 405-407 */
static void a_state_that_is_missing_or_changed_is_refused(void **state)
{
    sso_flow_t got = {.depth = 77};
    char *text = seal_flow();
    (void)state;
    unit_assert_err(open_state(NULL, &got), SSO_E_ABSENT, "state-missing");
    unit_assert_err(open_state("", &got), SSO_E_ABSENT, "state-missing");
    unit_assert_err(open_state("x", &got), SSO_E_SYNTAX, "box-malformed");
    for (apr_size_t i = 0; i < strlen(text); i++) {
        char *changed = apr_pstrdup(unit_pool, text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        sso_err_clear(&err);
        assert_int_not_equal(open_state(changed, &got), SSO_OK);
    }
    sso_err_clear(&err);
    assert_int_not_equal(open_state(apr_pstrmemdup(unit_pool, text, strlen(text) - 1), &got), SSO_OK);
    assert_int_equal(got.depth, 77);
}

static void a_state_of_another_site_is_refused(void **state)
{
    sso_flow_t got;
    char *text = seal_flow();
    (void)state;
    unit_assert_err(sso_state_open(sealer, &env, "other", 5, text, &got, &err), SSO_E_SIGNATURE, "box-tampered");
}

static void a_login_cookie_is_no_state_and_a_state_no_login_cookie(void **state)
{
    sso_flow_t got;
    sso_browser_t box;
    (void)state;
    unit_assert_err(open_state(seal_browser(), &got), SSO_E_SIGNATURE, "box-tampered");
    unit_assert_err(open_browser(seal_flow(), &box), SSO_E_SIGNATURE, "box-tampered");
}

static void a_state_lives_fifteen_minutes(void **state)
{
    sso_flow_t got;
    char *text = seal_flow();
    (void)state;
    env.now = UNIT_NOW + apr_time_from_sec(SSO_STATE_LIFETIME);
    unit_assert_ok(open_state(text, &got));
    env.now += 1;
    got.provider = got.return_path = "untouched";
    unit_assert_err(open_state(text, &got), SSO_E_EXPIRED, "state-expired");
    assert_string_equal(got.provider, "default"); /* stale, but authentic: a fresh start needs it */
    assert_string_equal(got.return_path, "/reports?x=1");
    env.now = UNIT_NOW - apr_time_from_sec(60);
    unit_assert_ok(open_state(text, &got));
    env.now -= 1;
    unit_assert_err(open_state(text, &got), SSO_E_EXPIRED, "state-future");
}

static void the_start_that_the_caller_gives_is_kept(void **state)
{
    sso_flow_t got;
    (void)state;
    flow.started = UNIT_NOW - apr_time_from_sec(SSO_STATE_LIFETIME + 1);
    unit_assert_err(open_state(seal_flow(), &got), SSO_E_EXPIRED, "state-expired");
}

static void the_state_never_exceeds_its_maximum(void **state)
{
    char path[SSO_STATE_RETURN_MAX + 2];
    char *text = NULL;
    sso_flow_t got;
    (void)state;
    memset(path, 'p', sizeof(path));
    path[0] = '/';
    path[SSO_STATE_RETURN_MAX] = '\0';
    flow.return_path = path;
    text = seal_flow();
    assert_in_range(strlen(text), 1, SSO_STATE_TEXT_MAX);
    unit_assert_ok(open_state(text, &got));
    assert_string_equal(got.return_path, path);

    path[SSO_STATE_RETURN_MAX] = 'p';
    path[SSO_STATE_RETURN_MAX + 1] = '\0';
    text = NULL;
    unit_assert_err(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err), SSO_E_LIMIT, "state-too-long");
    path[SSO_STATE_RETURN_MAX] = '\0';
    flow.acr = apr_pstrmemdup(unit_pool, path, SSO_STATE_STRINGS_MAX - SSO_STATE_RETURN_MAX - strlen("default"));
    text = seal_flow();
    assert_in_range(strlen(text), SSO_STATE_TEXT_MAX - 3, SSO_STATE_TEXT_MAX);
    text = NULL;
    flow.acr = apr_pstrcat(unit_pool, flow.acr, "x", NULL);
    unit_assert_err(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err), SSO_E_LIMIT, "state-too-long");
    flow.acr = apr_pstrcat(unit_pool, path + 1, NULL); /* 255 bytes */
    unit_assert_err(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err), SSO_E_LIMIT, "state-too-long");
    flow.acr = apr_pstrcat(unit_pool, path, path, NULL);
    unit_assert_err(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err), SSO_E_LIMIT, "state-too-long");
    flow.return_path = "";
    flow.acr = path; /* 256 bytes: over the length byte */
    unit_assert_err(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err), SSO_E_LIMIT, "state-too-long");
    flow.acr = "";
    flow.provider = path;
    unit_assert_err(sso_state_seal(sealer, &env, SITE, SITE_LEN, &flow, &text, &err), SSO_E_LIMIT, "state-too-long");
    assert_null(text);

    char *longer = apr_palloc(unit_pool, SSO_STATE_TEXT_MAX + 2);
    memset(longer, 'A', SSO_STATE_TEXT_MAX + 1);
    longer[SSO_STATE_TEXT_MAX + 1] = '\0';
    unit_assert_err(open_state(longer, &got), SSO_E_LIMIT, "state-too-long");
}

static void seal_as(sso_seal_purpose_t purpose, const char *bytes, apr_size_t len, char **ret)
{
    unit_assert_ok(sso_seal(sealer, &env, purpose, SITE, SITE_LEN, bytes, len, ret, &err));
}

static void a_box_of_another_version_or_length_is_refused(void **state)
{
    /* Zeros are an empty state but for the version and the time, and a login cookie but for the version. */
    char plain[64] = {1};
    const apr_size_t state_len = 1 + SSO_FLOW_ID_LEN + SSO_LOGIN_ID_LEN + 8 + 1 + 1 + 4 + 1 + 2 + 1;
    const apr_size_t cookie_len = 1 + SSO_LOGIN_ID_LEN + SSO_BROWSER_SECRET_LEN + 8;
    char *text;
    sso_flow_t got;
    sso_browser_t box;
    (void)state;
    memset(browser.id, 0, sizeof(browser.id));
    seal_as(SSO_SEAL_STATE, plain, state_len, &text);
    unit_assert_err(open_state(text, &got), SSO_E_EXPIRED, "state-expired");
    seal_as(SSO_SEAL_STATE, plain, state_len + 1, &text);
    unit_assert_err(open_state(text, &got), SSO_E_SYNTAX, "state-malformed");
    for (apr_size_t len = 0; len < state_len; len++) {
        seal_as(SSO_SEAL_STATE, plain, len, &text);
        unit_assert_err(open_state(text, &got), SSO_E_SYNTAX, "state-malformed");
    }
    seal_as(SSO_SEAL_LOGIN, plain, cookie_len, &text);
    unit_assert_err(open_browser(text, &box), SSO_E_EXPIRED, "login-cookie-expired");
    seal_as(SSO_SEAL_LOGIN, plain, cookie_len + 1, &text);
    unit_assert_err(open_browser(text, &box), SSO_E_SYNTAX, "login-cookie-malformed");
    for (apr_size_t len = 0; len < cookie_len; len++) {
        seal_as(SSO_SEAL_LOGIN, plain, len, &text);
        unit_assert_err(open_browser(text, &box), SSO_E_SYNTAX, "login-cookie-malformed");
    }
    plain[0] = 2;
    seal_as(SSO_SEAL_STATE, plain, state_len, &text);
    unit_assert_err(open_state(text, &got), SSO_E_SYNTAX, "state-malformed");
    seal_as(SSO_SEAL_LOGIN, plain, cookie_len, &text);
    unit_assert_err(open_browser(text, &box), SSO_E_SYNTAX, "login-cookie-malformed");
}

static void a_browser_secret_survives_the_trip(void **state)
{
    sso_browser_t got;
    char *text = seal_browser();
    (void)state;
    env.now += apr_time_from_sec(SSO_STATE_LIFETIME);
    unit_assert_ok(open_browser(text, &got));
    assert_memory_equal(got.id, browser.id, sizeof(browser.id));
    assert_memory_equal(got.secret, browser.secret, sizeof(browser.secret));
    assert_int_equal(got.since, UNIT_NOW);
    env.now += 1;
    unit_assert_err(open_browser(text, &got), SSO_E_EXPIRED, "login-cookie-expired");
    env.now = UNIT_NOW - apr_time_from_sec(61);
    unit_assert_err(open_browser(text, &got), SSO_E_EXPIRED, "login-cookie-expired");
}

static void the_box_of_another_cookie_is_refused(void **state)
{
    sso_browser_t got;
    char *text = seal_browser();
    (void)state;
    browser.id[0] ^= 1;
    unit_assert_err(open_browser(text, &got), SSO_E_MISMATCH, "login-cookie-name");
}

/* case 320 */
static void verifier_nonce_and_challenge_are_what_rfc_7636_asks_for(void **state)
{
    sso_flow_secrets_t s;
    unsigned char digest[SSO_SHA256_LEN];
    (void)state;
    seal_flow();
    unit_assert_ok(sso_state_secrets(ring, &flow, &browser, &s, &err));
    assert_int_equal(strlen(s.verifier), 43);
    assert_int_equal(strlen(s.nonce), 43);
    assert_string_not_equal(s.verifier, s.nonce);
    assert_int_equal(strspn(s.verifier, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    unit_assert_ok(sso_crypto_sha256(s.verifier, 43, digest, &err));
    assert_string_equal(s.challenge, sso_b64url_string(unit_pool, digest, sizeof(digest)));
}

/* case 418, 421: neither half is worth anything without the other */
static void secrets_depend_on_flow_browser_and_key(void **state)
{
    sso_flow_secrets_t a, b;
    sso_flow_t opened;
    (void)state;
    unit_assert_ok(open_state(seal_flow(), &opened));
    unit_assert_ok(sso_state_secrets(ring, &flow, &browser, &a, &err));
    unit_assert_ok(sso_state_secrets(ring, &opened, &browser, &b, &err));
    assert_string_equal(a.verifier, b.verifier);
    assert_string_equal(a.nonce, b.nonce);

    browser.secret[31] ^= 1;
    unit_assert_ok(sso_state_secrets(ring, &flow, &browser, &b, &err));
    assert_string_not_equal(a.verifier, b.verifier);
    assert_string_not_equal(a.nonce, b.nonce);
    browser.secret[31] ^= 1;
    opened.flow_id[0] ^= 1;
    unit_assert_ok(sso_state_secrets(ring, &opened, &browser, &b, &err));
    assert_string_not_equal(a.verifier, b.verifier);
    assert_string_not_equal(a.nonce, b.nonce);
    opened.browser_id[0] ^= 1;
    unit_assert_err(sso_state_secrets(ring, &opened, &browser, &b, &err), SSO_E_MISMATCH, "login-cookie-name");
}

/* case 453 */
static void a_login_that_began_before_a_key_rotation_can_finish(void **state)
{
    sso_flow_secrets_t before, after;
    sso_flow_t opened;
    char *text = seal_flow();
    (void)state;
    unit_assert_ok(sso_state_secrets(ring, &flow, &browser, &before, &err));
    make_ring(2, 2); /* a new key in front, the old one behind */
    unit_assert_ok(open_state(text, &opened));
    assert_int_equal(opened.key_index, 1);
    unit_assert_ok(sso_state_secrets(ring, &opened, &browser, &after, &err));
    assert_string_equal(before.verifier, after.verifier);
    assert_string_equal(before.nonce, after.nonce);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        state_test(a_flow_survives_the_trip),
        state_test(every_flow_has_an_id_of_its_own),
        state_test(empty_fields_survive_the_trip),
        state_test(a_state_that_is_missing_or_changed_is_refused),
        state_test(a_state_of_another_site_is_refused),
        state_test(a_login_cookie_is_no_state_and_a_state_no_login_cookie),
        state_test(a_state_lives_fifteen_minutes),
        state_test(the_start_that_the_caller_gives_is_kept),
        state_test(the_state_never_exceeds_its_maximum),
        state_test(a_box_of_another_version_or_length_is_refused),
        state_test(a_browser_secret_survives_the_trip),
        state_test(the_box_of_another_cookie_is_refused),
        state_test(verifier_nonce_and_challenge_are_what_rfc_7636_asks_for),
        state_test(secrets_depend_on_flow_browser_and_key),
        state_test(a_login_that_began_before_a_key_rotation_can_finish),
    };
    return unit_run(tests);
}

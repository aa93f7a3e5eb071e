/* SPDX-License-Identifier: Apache-2.0 */
/* The ID Token: every rule with what it takes and what it refuses, by class and reason. */
#include "oidc/idtoken.h"
#include "oidc_tokens.h"

static sso_err_t err = SSO_ERR_INIT;
static sso_env_t env;
static sso_idtoken_expect_t expect;
static sso_auth_demand_t demand;
static sso_idtoken_t got;

static int setup(void **state)
{
    int rc = unit_setup(state);
    env = unit_env();
    tokens_setup();
    tokens_claim("iss", "\"" TOKENS_ISSUER "\"");
    tokens_claim("sub", "\"user-1\"");
    tokens_claim("aud", "\"" TOKENS_CLIENT "\"");
    tokens_claim("nonce", "\"n-0S6_WzA2Mj\"");
    tokens_time("iat", -2);
    tokens_time("exp", 600);
    demand = (sso_auth_demand_t){.max_age = -1};
    expect = (sso_idtoken_expect_t){
        .provider = &tokens.provider, .client = &tokens.client, .keys = tokens.jwks, .nonce = "n-0S6_WzA2Mj"};
    got = (sso_idtoken_t){.sub = "untouched"};
    return rc;
}
#define idtoken_test(f) cmocka_unit_test_setup_teardown((f), setup, unit_teardown)

static sso_rc_t verify_text(const char *text)
{
    return sso_idtoken_verify(&env, text, &expect, &got, &err);
}

static sso_rc_t verify(void)
{
    return verify_text(tokens_sign());
}

#define refuse(rc, reason) refuse_text(tokens_sign(), rc, reason)
#define refuse_text(text, rc, reason)                                                                                  \
    do {                                                                                                               \
        got.sub = "untouched";                                                                                         \
        unit_assert_err(verify_text(text), rc, reason);                                                                \
        assert_string_equal(got.sub, "untouched");                                                                     \
    } while (0)

/* Refused with the claim set to a value, or without it, and accepted again as it was. */
static void refuse_with(const char *name, const char *json, sso_rc_t rc, const char *reason)
{
    const char *was = apr_table_get(tokens.claims, name);
    tokens_claim(name, json);
    sso_err_clear(&err);
    sso_rc_t is = verify();
    if (is != rc || strcmp(err.reason, reason) != 0)
        fail_msg("%s = %s: %s/%s, not %s/%s", name, json != NULL ? json : "(none)", sso_rc_name(is), err.reason,
                 sso_rc_name(rc), reason);
    tokens_claim(name, was);
    unit_assert_ok(verify());
}

static void accept_with(const char *name, const char *json)
{
    const char *was = apr_table_get(tokens.claims, name);
    tokens_claim(name, json);
    unit_assert_ok(verify());
    tokens_claim(name, was);
}

/* ---- case 105-109, 115, 122: controls ---- */

static void a_plain_token_is_accepted(void **state)
{
    (void)state;
    tokens_claim("sid", "\"s-1\"");
    tokens_claim("acr", "\"phr\"");
    tokens_time("auth_time", -100);
    unit_assert_ok(verify());
    assert_string_equal(got.sub, "user-1");
    assert_string_equal(got.sid, "s-1");
    assert_string_equal(got.acr, "phr");
    assert_int_equal(got.iat, UNIT_NOW - apr_time_from_sec(2));
    assert_int_equal(got.exp, UNIT_NOW + apr_time_from_sec(600));
    assert_int_equal(got.auth_time, UNIT_NOW - apr_time_from_sec(100));
    const char *nonce;
    assert_int_equal(sso_json_string(got.claims, "nonce", &nonce), SSO_JSON_FOUND);
}

static void optional_claims_may_be_missing(void **state)
{
    (void)state;
    unit_assert_ok(verify());
    assert_null(got.sid);
    assert_null(got.acr);
    assert_int_equal(got.auth_time, 0);
}

static void es256_and_ps256_are_accepted(void **state)
{
    (void)state;
    tokens.alg = "PS256";
    unit_assert_ok(verify());
    tokens.alg = "ES256";
    tokens.kid = "e1";
    tokens.key = tokens.ec;
    unit_assert_ok(verify());
}

static void a_missing_kid_is_fine_when_one_key_fits(void **state)
{
    (void)state;
    tokens.kid = NULL;
    unit_assert_ok(verify());
}

static void times_with_fractions_are_accepted(void **state)
{
    (void)state;
    tokens_claim("exp", apr_psprintf(unit_pool, "%" APR_INT64_T_FMT ".5", apr_time_sec(UNIT_NOW) + 600));
    tokens_claim("iat", apr_psprintf(unit_pool, "%" APR_INT64_T_FMT ".25", apr_time_sec(UNIT_NOW) - 1));
    unit_assert_ok(verify());
    assert_int_equal(got.exp, UNIT_NOW + apr_time_from_sec(600) + 500000);
}

static void two_hundred_groups_are_accepted(void **state)
{
    char *groups = apr_pstrdup(unit_pool, "[\"g\"");
    (void)state;
    for (int i = 0; i < 200; i++)
        groups = apr_psprintf(unit_pool, "%s,\"group-with-a-longer-name-%d\"", groups, i);
    tokens_claim("groups", apr_pstrcat(unit_pool, groups, "]", NULL));
    unit_assert_ok(verify());
}

/* ---- area D: signature and algorithm ---- */

static void a_forged_signature_is_refused(void **state)
{
    char *text = tokens_sign();
    char *sig = strrchr(text, '.') + 10;
    (void)state;
    *sig = *sig == 'A' ? 'B' : 'A';
    refuse_text(text, SSO_E_SIGNATURE, "jws-signature");
    tokens.key = tokens.other;
    refuse(SSO_E_SIGNATURE, "jws-signature");
    tokens.kid = "evil";
    refuse(SSO_E_KEY, "jwks-unknown-kid");
    tokens.kid = "e1"; /* case 162 */
    refuse(SSO_E_KEY, "jwks-alg-mismatch");
}

/* case 131, 133, 164 */
static void an_unsigned_token_is_refused(void **state)
{
    char *text = tokens_sign();
    (void)state;
    refuse_text(tokens_with_header("{\"alg\":\"none\"}", text, ""), SSO_E_UNSUPPORTED, "jws-alg-none");
    refuse_text(tokens_with_header("{\"alg\":\"nOnE\",\"kid\":\"r1\"}", text, ""), SSO_E_UNSUPPORTED, "jws-alg-none");
    refuse_text(tokens_with_header("{\"alg\":\"RS1\",\"kid\":\"r1\"}", text, "AAAA"), SSO_E_UNSUPPORTED,
                "jws-alg-unknown");
    tokens.client.algs |= sso_alg_hmac_set();
    refuse_text(tokens_with_header("{\"alg\":\"none\"}", text, ""), SSO_E_UNSUPPORTED, "jws-alg-none");
}

/* case 165 */
static void an_algorithm_the_provider_does_not_announce_is_refused(void **state)
{
    (void)state;
    tokens.provider.id_token_algs = sso_alg_find("RS256")->bit | sso_alg_find("HS256")->bit;
    unit_assert_ok(verify());
    tokens.alg = "RS384";
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    tokens.provider.id_token_algs = 0;
    unit_assert_ok(verify());
    tokens.client.algs = sso_alg_find("RS256")->bit;
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
}

static void no_common_algorithm_is_named_as_such(void **state)
{
    (void)state;
    tokens.provider.id_token_algs = sso_alg_find("HS256")->bit;
    refuse(SSO_E_CONFIG, "verify-no-alg");
    assert_non_null(strstr(err.detail, "HS256"));
}

/* case 91, 16, 140 */
static void hs256_counts_only_when_it_is_wanted_and_with_the_secret(void **state)
{
    (void)state;
    tokens.alg = "HS256";
    tokens.kid = NULL;
    tokens.key = tokens_secret_key(TOKENS_SECRET);
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    tokens.client.algs = sso_alg_default_set() | sso_alg_find("HS256")->bit;
    unit_assert_ok(verify());
    tokens.kid = "any"; /* authentik sends one */
    unit_assert_ok(verify());
    tokens.client.algs = sso_alg_find("HS256")->bit;
    unit_assert_ok(verify());
    tokens.key = tokens_secret_key("another-secret-of-more-than-32-bytes--");
    refuse(SSO_E_SIGNATURE, "jws-signature");
    tokens.client.algs = sso_alg_default_set() | sso_alg_find("HS256")->bit;
    refuse(SSO_E_SIGNATURE, "jws-signature");
    tokens.alg = "HS384";
    tokens.key = tokens_secret_key("another-secret-of-more-than-48-bytes------------");
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
}

static void hs256_is_refused_for_a_public_client(void **state)
{
    (void)state;
    tokens.alg = "HS256";
    tokens.kid = NULL;
    tokens.key = tokens_secret_key(TOKENS_SECRET);
    tokens.client.algs = sso_alg_default_set() | sso_alg_hmac_set();
    tokens.client.client_secret = NULL;
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    tokens.client.client_secret = "";
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    tokens.client.algs = sso_alg_hmac_set();
    refuse(SSO_E_CONFIG, "verify-no-alg");
}

/* case 138 */
static void hs256_keyed_with_the_providers_public_key_is_refused(void **state)
{
    char *pub;
    (void)state;
    unit_assert_ok(sso_jwk_public_text(unit_pool, tokens.rsa, "r1", NULL, &pub, &err));
    tokens.alg = "HS256";
    tokens.key = tokens_secret_key(pub);
    refuse(SSO_E_DENIED, "jws-alg-not-allowed");
    tokens.client.algs = sso_alg_default_set() | sso_alg_hmac_set();
    refuse(SSO_E_SIGNATURE, "jws-signature");
}

/* case 263 */
static void a_secret_that_is_too_short_is_no_key(void **state)
{
    char *text;
    (void)state;
    tokens.alg = "HS256";
    tokens.kid = NULL;
    tokens.key = tokens_secret_key(TOKENS_SECRET);
    text = tokens_sign();
    tokens.client.algs = sso_alg_find("HS256")->bit;
    tokens.client.client_secret = "ten-bytes!";
    refuse_text(text, SSO_E_KEY, "jws-hmac-key-short");
}

static void both_kinds_of_algorithm_work_side_by_side(void **state)
{
    (void)state;
    tokens.client.algs = sso_alg_default_set() | sso_alg_hmac_set();
    unit_assert_ok(verify());
    tokens.key = tokens.other;
    refuse(SSO_E_SIGNATURE, "jws-signature");
    tokens.kid = "gone";
    refuse(SSO_E_KEY, "jwks-unknown-kid");
}

/* ---- area E ---- */

/* case 179, 181, 188, 192, 194, 198, 200, 204 */
static void a_payload_that_is_not_strict_json_is_refused(void **state)
{
    static const char *const payloads[] = {
        "{\"exp\":9999999999,\"exp\":1}",
        "{\"sub\":\"admin\\u0000.evil\"}",
        "{\"sub\\u0000x\":\"admin\"}",
        "{\"sub\":\"\xc0\x80\"}",
        "{\"sub\":\"a\"}x",
        "{'sub':'a',}",
        "[]",
        "\"text\"",
        "",
    };
    (void)state;
    for (apr_size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        refuse_text(tokens_sign_payload(payloads[i], strlen(payloads[i])), SSO_E_SYNTAX, "jwt-claims");
    refuse_text(apr_pstrcat(unit_pool, tokens_sign(), ".AAAA", NULL), SSO_E_SYNTAX, "jws-parts");
    refuse_text("{\"payload\":\"e30\",\"signatures\":[]}", SSO_E_SYNTAX, "jws-parts");
    refuse_text("", SSO_E_SYNTAX, "jws-parts");
}

/* case 178: encrypted, and we have no key */
static void an_encrypted_token_is_refused_without_a_key(void **state)
{
    (void)state;
    refuse_text("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA", SSO_E_UNSUPPORTED, "jwt-encrypted");
}

/* ---- area F: claims ---- */

/* case 206-211, 12, 70, 255 */
static void the_issuer_must_be_exactly_ours(void **state)
{
    (void)state;
    refuse_with("iss", "\"https://evil.example\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"https://op.example/\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"https://op.example.evil\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"https://op.exampl\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"HTTPS://op.example\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"op.example\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", NULL, SSO_E_ABSENT, "idt-iss-missing");
    refuse_with("iss", "[\"https://op.example\"]", SSO_E_SYNTAX, "idt-iss-type");
    refuse_with("iss", "null", SSO_E_SYNTAX, "idt-iss-type");
}

static void googles_bare_issuer_is_accepted_for_google_only(void **state)
{
    (void)state;
    tokens.provider.issuer = "https://accounts.google.com";
    tokens_claim("iss", "\"https://accounts.google.com\"");
    unit_assert_ok(verify());
    tokens_claim("iss", "\"accounts.google.com\"");
    refuse(SSO_E_MISMATCH, "idt-iss");
    tokens.client.preset = "google";
    unit_assert_ok(verify());
    tokens.provider.issuer = TOKENS_ISSUER;
    refuse(SSO_E_MISMATCH, "idt-iss");
    tokens.provider.issuer = "https://accounts.google.com";
    tokens_claim("iss", "\"http://accounts.google.com\"");
    refuse(SSO_E_MISMATCH, "idt-iss");
}

/* case 214-216, 223, 224, 9, 10 */
static void the_audience_must_hold_our_client_id(void **state)
{
    (void)state;
    accept_with("aud", "[\"" TOKENS_CLIENT "\"]");
    refuse_with("aud", "\"other\"", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "[\"other\"]", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "[]", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "\"\"", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "\"" TOKENS_CLIENT " other\"", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "\"S6BHDRKQT3\"", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "\"s6BhdRkqt\"", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", NULL, SSO_E_ABSENT, "idt-aud-missing");
    refuse_with("aud", "7", SSO_E_SYNTAX, "idt-aud-type");
    refuse_with("aud", "null", SSO_E_SYNTAX, "idt-aud-type");
    refuse_with("aud", "[\"" TOKENS_CLIENT "\",7]", SSO_E_SYNTAX, "idt-aud-type");
    refuse_with("aud", "{\"" TOKENS_CLIENT "\":1}", SSO_E_SYNTAX, "idt-aud-type");
}

/* case 217, 218, 259 */
static void further_audiences_need_azp_and_the_operators_trust(void **state)
{
    (void)state;
    tokens_claim("aud", "[\"" TOKENS_CLIENT "\",\"api\"]");
    refuse(SSO_E_ABSENT, "idt-azp-missing");
    tokens_claim("azp", "\"api\"");
    refuse(SSO_E_MISMATCH, "idt-azp");
    tokens_claim("azp", "\"" TOKENS_CLIENT "\"");
    refuse(SSO_E_MISMATCH, "idt-aud-untrusted");
    tokens.client.audiences = tokens_list("other", NULL);
    refuse(SSO_E_MISMATCH, "idt-aud-untrusted");
    tokens.client.audiences = tokens_list("other", "api");
    unit_assert_ok(verify());
    tokens_claim("aud", "[\"api\",\"" TOKENS_CLIENT "\"]");
    unit_assert_ok(verify());
    tokens_claim("aud", "[\"api\",\"" TOKENS_CLIENT "\",\"third\"]");
    refuse(SSO_E_MISMATCH, "idt-aud-untrusted");
    tokens_claim("aud", "[\"api\",\"" TOKENS_CLIENT "\"]");
    tokens_claim("azp", NULL);
    refuse(SSO_E_ABSENT, "idt-azp-missing");
}

static void a_trusted_audience_does_not_stand_in_for_the_client_id(void **state)
{
    (void)state;
    tokens.client.audiences = tokens_list("api", NULL);
    refuse_with("aud", "\"api\"", SSO_E_MISMATCH, "idt-aud");
    refuse_with("aud", "[\"api\"]", SSO_E_MISMATCH, "idt-aud");
}

static void our_name_twice_is_no_further_audience(void **state)
{
    (void)state;
    accept_with("aud", "[\"" TOKENS_CLIENT "\",\"" TOKENS_CLIENT "\"]");
}

static void azp_must_be_us_whenever_it_is_there(void **state)
{
    (void)state;
    accept_with("azp", "\"" TOKENS_CLIENT "\"");
    refuse_with("azp", "\"other\"", SSO_E_MISMATCH, "idt-azp");
    refuse_with("azp", "\"\"", SSO_E_MISMATCH, "idt-azp");
    refuse_with("azp", "null", SSO_E_SYNTAX, "idt-azp-type");
    refuse_with("azp", "[\"" TOKENS_CLIENT "\"]", SSO_E_SYNTAX, "idt-azp-type");
}

/* case 225-230, 67, 68, 257 */
static void an_expired_token_is_refused(void **state)
{
    (void)state;
    tokens_time("exp", -9);
    unit_assert_ok(verify());
    tokens_time("exp", -10);
    refuse(SSO_E_EXPIRED, "idt-exp");
    tokens_time("exp", -3600);
    refuse(SSO_E_EXPIRED, "idt-exp");
    tokens.client.clock_skew = 0;
    tokens_time("exp", 1);
    unit_assert_ok(verify());
    tokens_time("exp", 0);
    refuse(SSO_E_EXPIRED, "idt-exp");
    tokens.client.clock_skew = -100;
    refuse(SSO_E_EXPIRED, "idt-exp");
}

static void exp_must_be_a_time(void **state)
{
    (void)state;
    refuse_with("exp", NULL, SSO_E_ABSENT, "idt-exp-missing");
    refuse_with("exp", "null", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "\"9999999999\"", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "-1", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "1e308", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "9223372036854775807", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "true", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "[9999999999]", SSO_E_SYNTAX, "idt-exp-type");
    refuse_with("exp", "0", SSO_E_EXPIRED, "idt-exp");
    accept_with("exp", "253402300799");
}

/* case 234-236, 257, 258, 8 */
static void iat_must_be_there_and_about_now(void **state)
{
    (void)state;
    refuse_with("iat", NULL, SSO_E_ABSENT, "idt-iat-missing");
    refuse_with("iat", "\"1767225600\"", SSO_E_SYNTAX, "idt-iat-type");
    refuse_with("iat", "null", SSO_E_SYNTAX, "idt-iat-type");
    refuse_with("iat", "-5", SSO_E_SYNTAX, "idt-iat-type");
    tokens_time("iat", 10);
    unit_assert_ok(verify());
    tokens_time("iat", 11);
    refuse(SSO_E_EXPIRED, "idt-iat");
    tokens_time("iat", 86400);
    refuse(SSO_E_EXPIRED, "idt-iat");
    tokens_time("iat", -86410);
    unit_assert_ok(verify());
    tokens_time("iat", -86411);
    refuse(SSO_E_EXPIRED, "idt-iat");
    tokens_time("iat", -315360000);
    refuse(SSO_E_EXPIRED, "idt-iat");
    tokens.client.clock_skew = 0;
    tokens_time("iat", 5);
    refuse(SSO_E_EXPIRED, "idt-iat");
    tokens_time("iat", 0);
    unit_assert_ok(verify());
}

static void a_front_channel_token_must_be_of_this_login(void **state)
{
    (void)state;
    expect.front_channel = 1;
    tokens_time("iat", -910);
    unit_assert_ok(verify());
    tokens_time("iat", -911);
    refuse(SSO_E_EXPIRED, "idt-iat");
}

/* case 237 */
static void a_token_for_later_is_refused(void **state)
{
    (void)state;
    tokens_time("nbf", 10);
    unit_assert_ok(verify());
    tokens_time("nbf", 11);
    refuse(SSO_E_EXPIRED, "idt-nbf");
    tokens_time("nbf", 3600);
    refuse(SSO_E_EXPIRED, "idt-nbf");
    tokens_claim("nbf", NULL);
    refuse_with("nbf", "\"soon\"", SSO_E_SYNTAX, "idt-nbf-type");
    refuse_with("nbf", "null", SSO_E_SYNTAX, "idt-nbf-type");
}

/* case 238-243, 2, 71 */
static void the_nonce_must_be_the_one_we_sent(void **state)
{
    (void)state;
    refuse_with("nonce", "\"another\"", SSO_E_MISMATCH, "idt-nonce");
    refuse_with("nonce", "\"N-0S6_WZA2MJ\"", SSO_E_MISMATCH, "idt-nonce");
    refuse_with("nonce", "\"n-0S6_WzA2M\"", SSO_E_MISMATCH, "idt-nonce");
    refuse_with("nonce", "\"n-0S6_WzA2Mjj\"", SSO_E_MISMATCH, "idt-nonce");
    refuse_with("nonce", "\"\"", SSO_E_MISMATCH, "idt-nonce");
    refuse_with("nonce", NULL, SSO_E_ABSENT, "idt-nonce-missing");
    refuse_with("nonce", "null", SSO_E_SYNTAX, "idt-nonce-type");
    refuse_with("nonce", "[\"n-0S6_WzA2Mj\"]", SSO_E_SYNTAX, "idt-nonce-type");
    tokens_claim("nonce", "\"\"");
    expect.nonce = ""; /* an empty one is none */
    refuse(SSO_E_MISMATCH, "idt-nonce");
}

/* case 382 */
static void a_refreshed_token_has_the_old_nonce_or_none(void **state)
{
    (void)state;
    expect.nonce = NULL;
    unit_assert_ok(verify());
    expect.old_nonce = "n-0S6_WzA2Mj";
    unit_assert_ok(verify());
    tokens_claim("nonce", NULL);
    unit_assert_ok(verify());
    tokens_claim("nonce", "\"another\"");
    refuse(SSO_E_MISMATCH, "idt-nonce");
    tokens_claim("nonce", "null");
    refuse(SSO_E_SYNTAX, "idt-nonce-type");
}

/* case 244-247, 11 */
static void sub_must_be_a_usable_string(void **state)
{
    char longest[258];
    (void)state;
    refuse_with("sub", NULL, SSO_E_ABSENT, "idt-sub-missing");
    refuse_with("sub", "7", SSO_E_SYNTAX, "idt-sub-type");
    refuse_with("sub", "null", SSO_E_SYNTAX, "idt-sub-type");
    refuse_with("sub", "\"\"", SSO_E_SYNTAX, "idt-sub");
    refuse_with("sub", "\"a\\nb\"", SSO_E_SYNTAX, "idt-sub");
    refuse_with("sub", "\"a\\u007fb\"", SSO_E_SYNTAX, "idt-sub");
    refuse_with("sub", "\"a\\u2028b\"", SSO_E_SYNTAX, "idt-sub");
    memset(longest, 'x', sizeof(longest));
    longest[0] = longest[256] = '"';
    longest[257] = '\0';
    accept_with("sub", longest);
    refuse_with("sub", apr_psprintf(unit_pool, "\"x%s", longest + 1), SSO_E_SYNTAX, "idt-sub");
    accept_with("sub", "\"J\xc3\xbcrgen|auth0\"");
}

/* case 255, Core 12.2 */
static void another_person_is_refused(void **state)
{
    (void)state;
    expect.sub = "user-1";
    unit_assert_ok(verify());
    refuse_with("sub", "\"user-2\"", SSO_E_MISMATCH, "idt-sub-changed");
    refuse_with("sub", "\"USER-1\"", SSO_E_MISMATCH, "idt-sub-changed");
}

/* case 249 */
static void another_kind_of_token_is_refused(void **state)
{
    static const char *const bad[] = {"at+jwt",       "application/at+jwt",  "logout+jwt", "dpop+jwt",
                                      "secevent+jwt", "oauth-authz-req+jwt", "AT+JWT",     "",
                                      "JOSE"};
    static const char *const good[] = {"JWT", "jwt", "application/jwt", "id_token", "id_token+jwt"};
    (void)state;
    for (apr_size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tokens.typ = bad[i];
        refuse(SSO_E_MISMATCH, "idt-typ");
    }
    for (apr_size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        tokens.typ = good[i];
        unit_assert_ok(verify());
    }
    refuse_with("events", "{\"http://schemas.openid.net/event/backchannel-logout\":{}}", SSO_E_MISMATCH, "idt-typ");
    accept_with("events", "{\"urn:other\":{}}");
    accept_with("events", "7");
}

/* case 18, 251, 256 */
static void at_hash_must_match_whenever_it_is_there(void **state)
{
    (void)state;
    expect.access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    unit_assert_ok(verify());
    tokens_claim("at_hash", "\"77QmUPtjPfzWtF2AnpK9RQ\""); /* OIDC Core A.3 */
    unit_assert_ok(verify());
    refuse_with("at_hash", tokens_half_hash("another"), SSO_E_MISMATCH, "idt-at-hash");
    refuse_with("at_hash", "\"\"", SSO_E_MISMATCH, "idt-at-hash");
    refuse_with("at_hash", "\"77QmUPtjPfzWtF2AnpK9R\"", SSO_E_MISMATCH, "idt-at-hash");
    refuse_with("at_hash", "null", SSO_E_SYNTAX, "idt-at-hash-type");
    refuse_with("at_hash", "7", SSO_E_SYNTAX, "idt-at-hash-type");
    expect.access_token = NULL;
    accept_with("at_hash", "\"whatever\"");
}

/* case 20, 21, 252, 253 */
static void c_hash_vouches_for_the_code_of_the_front_channel(void **state)
{
    (void)state;
    expect.front_channel = 1;
    expect.code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
    refuse(SSO_E_ABSENT, "idt-c-hash-missing");
    tokens_claim("c_hash", "\"LDktKdoQak3Pk0cnXxCltA\""); /* OIDC Core A.4 */
    unit_assert_ok(verify());
    refuse_with("c_hash", tokens_half_hash("another"), SSO_E_MISMATCH, "idt-c-hash");
    refuse_with("c_hash", "null", SSO_E_SYNTAX, "idt-c-hash-type");
    expect.code = NULL; /* response_type=id_token */
    accept_with("c_hash", NULL);
}

static void c_hash_of_a_back_channel_token_is_optional_but_not_wrong(void **state)
{
    (void)state;
    expect.code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
    unit_assert_ok(verify());
    refuse_with("c_hash", tokens_half_hash("another"), SSO_E_MISMATCH, "idt-c-hash");
}

/* Core 3.1.3.7 (13) */
static void max_age_is_enforced(void **state)
{
    (void)state;
    expect.demand = &demand;
    unit_assert_ok(verify());
    demand.max_age = 300;
    refuse(SSO_E_ABSENT, "idt-auth-time-missing");
    tokens_time("auth_time", -310);
    unit_assert_ok(verify());
    tokens_time("auth_time", -311);
    refuse(SSO_E_EXPIRED, "idt-auth-time");
    demand.max_age = 0;
    tokens_time("auth_time", -10);
    unit_assert_ok(verify());
    tokens_time("auth_time", -11);
    refuse(SSO_E_EXPIRED, "idt-auth-time");
    tokens_claim("auth_time", "\"1767225600\"");
    refuse(SSO_E_SYNTAX, "idt-auth-time-type");
    tokens_claim("auth_time", "null");
    refuse(SSO_E_SYNTAX, "idt-auth-time-type");
}

static void an_auth_time_from_the_future_is_never_accepted(void **state)
{
    (void)state;
    tokens_time("auth_time", 10);
    unit_assert_ok(verify());
    tokens_time("auth_time", 11);
    refuse(SSO_E_EXPIRED, "idt-auth-time");
    expect.demand = &demand;
    demand.max_age = 300;
    refuse(SSO_E_EXPIRED, "idt-auth-time");
}

static void an_auth_time_nobody_asked_for_may_be_odd_and_counts_as_not_said(void **state)
{
    (void)state;
    tokens_claim("auth_time", "\"yesterday\"");
    unit_assert_ok(verify());
    assert_int_equal(got.auth_time, 0);
}

/* case 327 */
static void a_demanded_acr_is_enforced(void **state)
{
    (void)state;
    expect.demand = &demand;
    demand.acrs = tokens_list("phr", "phrh");
    refuse(SSO_E_ABSENT, "idt-acr-missing");
    tokens_claim("acr", "\"phrh\"");
    unit_assert_ok(verify());
    assert_string_equal(got.acr, "phrh");
    refuse_with("acr", "\"0\"", SSO_E_MISMATCH, "idt-acr");
    refuse_with("acr", "\"PHR\"", SSO_E_MISMATCH, "idt-acr");
    refuse_with("acr", "[\"phr\"]", SSO_E_SYNTAX, "idt-acr-type");
    refuse_with("acr", "0", SSO_E_SYNTAX, "idt-acr-type");
}

static void a_session_id_we_could_not_compare_counts_as_absent(void **state)
{
    (void)state;
    tokens_claim("sid", "7");
    unit_assert_ok(verify());
    assert_null(got.sid);
    tokens_claim("sid", "\"a\\nb\"");
    unit_assert_ok(verify());
    assert_null(got.sid);
}

/* ---- what presets know ---- */

#define TENANT        "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
#define ENTRA(tenant) "\"https://login.microsoftonline.com/" tenant "/v2.0\""

static void of_many_tenants_only_those_that_are_named_count(void **state)
{
    apr_array_header_t *tenants = apr_array_make(unit_pool, 2, sizeof(const char *));
    (void)state;
    APR_ARRAY_PUSH(tenants, const char *) = "11111111-2222-3333-4444-555555555555";
    APR_ARRAY_PUSH(tenants, const char *) = TENANT;
    tokens.client.tenants = tenants;
    tokens.client.tenant_issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    tokens_claim("iss", ENTRA(TENANT));
    tokens_claim("tid", "\"" TENANT "\"");
    unit_assert_ok(verify());
    refuse_with("iss", ENTRA("99999999-2222-3333-4444-555555555555"), SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"" TOKENS_ISSUER "\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"https://sts.windows.net/" TENANT "/\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", ENTRA("{tenantid}"), SSO_E_MISMATCH, "idt-iss");
    refuse_with("iss", "\"https://login.microsoftonline.com/" TENANT "/v2.0/x\"", SSO_E_MISMATCH, "idt-iss");
    refuse_with("tid", "\"11111111-2222-3333-4444-555555555555\"", SSO_E_MISMATCH, "idt-tid");
    refuse_with("tid", "\"login.microsoftonline.com\"", SSO_E_MISMATCH, "idt-tid");
    refuse_with("tid", NULL, SSO_E_ABSENT, "idt-tid");
    tokens.client.tenants = NULL;
}

static void audiences_that_the_provider_adds_are_vouched_for_by_azp(void **state)
{
    (void)state;
    tokens_claim("aud", "[\"" TOKENS_CLIENT "\",\"other\",\"project\"]");
    tokens_claim("azp", "\"" TOKENS_CLIENT "\"");
    refuse(SSO_E_MISMATCH, "idt-aud-untrusted");
    tokens.client.audience_by_azp = 1;
    unit_assert_ok(verify());
    refuse_with("azp", "\"other\"", SSO_E_MISMATCH, "idt-azp");
    refuse_with("azp", NULL, SSO_E_ABSENT, "idt-azp-missing");
    refuse_with("aud", "[\"other\"]", SSO_E_MISMATCH, "idt-aud");
    tokens.client.audience_by_azp = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        idtoken_test(a_plain_token_is_accepted),
        idtoken_test(optional_claims_may_be_missing),
        idtoken_test(es256_and_ps256_are_accepted),
        idtoken_test(a_missing_kid_is_fine_when_one_key_fits),
        idtoken_test(times_with_fractions_are_accepted),
        idtoken_test(two_hundred_groups_are_accepted),
        idtoken_test(a_forged_signature_is_refused),
        idtoken_test(an_unsigned_token_is_refused),
        idtoken_test(an_algorithm_the_provider_does_not_announce_is_refused),
        idtoken_test(no_common_algorithm_is_named_as_such),
        idtoken_test(hs256_counts_only_when_it_is_wanted_and_with_the_secret),
        idtoken_test(hs256_is_refused_for_a_public_client),
        idtoken_test(hs256_keyed_with_the_providers_public_key_is_refused),
        idtoken_test(a_secret_that_is_too_short_is_no_key),
        idtoken_test(both_kinds_of_algorithm_work_side_by_side),
        idtoken_test(a_payload_that_is_not_strict_json_is_refused),
        idtoken_test(an_encrypted_token_is_refused_without_a_key),
        idtoken_test(the_issuer_must_be_exactly_ours),
        idtoken_test(googles_bare_issuer_is_accepted_for_google_only),
        idtoken_test(the_audience_must_hold_our_client_id),
        idtoken_test(further_audiences_need_azp_and_the_operators_trust),
        idtoken_test(a_trusted_audience_does_not_stand_in_for_the_client_id),
        idtoken_test(our_name_twice_is_no_further_audience),
        idtoken_test(azp_must_be_us_whenever_it_is_there),
        idtoken_test(an_expired_token_is_refused),
        idtoken_test(exp_must_be_a_time),
        idtoken_test(iat_must_be_there_and_about_now),
        idtoken_test(a_front_channel_token_must_be_of_this_login),
        idtoken_test(a_token_for_later_is_refused),
        idtoken_test(the_nonce_must_be_the_one_we_sent),
        idtoken_test(a_refreshed_token_has_the_old_nonce_or_none),
        idtoken_test(sub_must_be_a_usable_string),
        idtoken_test(another_person_is_refused),
        idtoken_test(another_kind_of_token_is_refused),
        idtoken_test(at_hash_must_match_whenever_it_is_there),
        idtoken_test(c_hash_vouches_for_the_code_of_the_front_channel),
        idtoken_test(c_hash_of_a_back_channel_token_is_optional_but_not_wrong),
        idtoken_test(max_age_is_enforced),
        idtoken_test(an_auth_time_from_the_future_is_never_accepted),
        idtoken_test(an_auth_time_nobody_asked_for_may_be_odd_and_counts_as_not_said),
        idtoken_test(a_demanded_acr_is_enforced),
        idtoken_test(a_session_id_we_could_not_compare_counts_as_absent),
        idtoken_test(of_many_tenants_only_those_that_are_named_count),
        idtoken_test(audiences_that_the_provider_adds_are_vouched_for_by_azp),
    };
    return unit_run(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The session record: what comes back is what went in, nothing else is read; times. */
#include "unit.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "oidc/client.h"
#include "oidc/session.h"

#define OFF_CREATED 20
#define OFF_EXPIRES 28
#define OFF_STRINGS 84

static sso_claim_value_t values_of(const char *text)
{
    sso_claim_value_t v = {text, strlen(text)};
    return v;
}

static sso_claim_t claim(const char *name, int is_list, int count, const sso_claim_value_t *values)
{
    sso_claim_t c = {name, strlen(name), is_list, 0, count, values};
    return c;
}

static sso_session_t sample(void)
{
    static sso_claim_value_t values[4];
    static sso_claim_t claims[4];
    sso_session_t s;

    values[0] = values_of("user-1");
    values[1] = values_of("admins");
    values[2] = values_of("");
    values[3] = values_of("a\nb");
    claims[0] = claim("sub", 0, 1, &values[0]);
    claims[1] = claim("groups", 1, 2, &values[1]);
    claims[2] = claim("empty", 1, 0, NULL);
    claims[3] = claim("note", 0, 1, &values[3]);
    claims[3].unsafe = 1;
    memset(&s, 0, sizeof(s));
    memset(s.id, 7, sizeof(s.id));
    s.created = UNIT_NOW;
    s.expires = UNIT_NOW + apr_time_from_sec(3600);
    s.auth_time = UNIT_NOW - apr_time_from_sec(5);
    s.token_expires = UNIT_NOW + apr_time_from_sec(60);
    memset(s.key_sid, 8, sizeof(s.key_sid));
    memset(s.key_sub, 9, sizeof(s.key_sub));
    s.provider = "default";
    s.sub = "user-1";
    s.acr = "urn:mfa";
    s.sid = NULL;
    s.claims.count = 4;
    s.claims.claims = claims;
    s.tokens[SSO_TOKEN_ID] = "aaa.bbb.ccc";
    s.tokens[SSO_TOKEN_REFRESH] = "refresh";
    return s;
}

static unsigned char *encode(const sso_session_t *s, apr_size_t *len)
{
    sso_err_t err = SSO_ERR_INIT;
    unsigned char *bytes = NULL;
    unit_assert_ok(sso_session_encode(unit_pool, s, &bytes, len, &err));
    return bytes;
}

static void assert_same(const sso_session_t *a, const sso_session_t *b)
{
    assert_memory_equal(a->id, b->id, sizeof(a->id));
    assert_memory_equal(a->key_sid, b->key_sid, sizeof(a->key_sid));
    assert_memory_equal(a->key_sub, b->key_sub, sizeof(a->key_sub));
    assert_true(a->created == b->created && a->expires == b->expires);
    assert_true(a->auth_time == b->auth_time && a->token_expires == b->token_expires);
    assert_string_equal(a->provider, b->provider);
    assert_string_equal(a->sub, b->sub);
    assert_string_equal(a->acr, b->acr);
    assert_string_equal(a->sid ? a->sid : "", b->sid);
    assert_int_equal(a->claims.count, b->claims.count);
    for (int i = 0; i < a->claims.count; i++) {
        const sso_claim_t *x = &a->claims.claims[i];
        const sso_claim_t *y = &b->claims.claims[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(y->name_len, strlen(y->name));
        assert_int_equal(x->is_list, y->is_list);
        assert_int_equal(x->unsafe, y->unsafe);
        assert_int_equal(x->count, y->count);
        for (int v = 0; v < x->count; v++) {
            assert_string_equal(x->values[v].bytes, y->values[v].bytes);
            assert_int_equal(x->values[v].len, y->values[v].len);
        }
    }
    for (int k = 0; k < SSO_TOKEN_KINDS; k++) {
        assert_int_equal(a->tokens[k] == NULL, b->tokens[k] == NULL);
        if (a->tokens[k])
            assert_string_equal(a->tokens[k], b->tokens[k]);
    }
}

static void a_session_survives_the_trip(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    unit_assert_ok(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err));
    assert_same(&in, &out);
}

static void strings_point_into_the_record(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    const char *bytes = (const char *)encode(&in, &len);
    unit_assert_ok(sso_session_decode(unit_pool, UNIT_NOW, (const unsigned char *)bytes, len, &out, &err));
    assert_true(out.sub > bytes && out.sub < bytes + len);
    assert_true(out.claims.claims[1].values[0].bytes > bytes && out.claims.claims[1].values[0].bytes < bytes + len);
    assert_true(out.tokens[SSO_TOKEN_ID] > bytes && out.tokens[SSO_TOKEN_ID] < bytes + len);
}

static void the_layout_is_the_documented_one(void **state)
{
    sso_session_t in = sample();
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[1], 0);
    assert_int_equal(bytes[2] << 8 | bytes[3], OFF_STRINGS);
    assert_int_equal(bytes[4], 7);
    assert_memory_equal(bytes + OFF_STRINGS, "\0\7default\0\0\6user-1\0", 19);
}

/* `groups` is long but monotonous, so that it deflates well. */
static sso_session_t large(int groups)
{
    static sso_claim_t claims[1];
    sso_claim_value_t *values = apr_palloc(unit_pool, sizeof(*values) * (apr_size_t)groups);
    sso_session_t s = sample();
    for (int i = 0; i < groups; i++)
        values[i] = values_of(apr_psprintf(unit_pool, "cn=group-%d,ou=groups,dc=example,dc=com", i));
    claims[0] = claim("groups", 1, groups, values);
    s.claims.count = 1;
    s.claims.claims = claims;
    return s;
}

static void large_claims_are_deflated(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = large(400);
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    assert_true(len < 4000);
    unit_assert_ok(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err));
    assert_same(&in, &out);
}

static void tokens_are_never_deflated(void **state)
{
    sso_session_t in = large(400);
    char token[2001];
    apr_size_t len = 0;
    apr_size_t at = 0;
    (void)state;
    memset(token, 'a', 2000);
    token[2000] = '\0';
    in.tokens[SSO_TOKEN_ACCESS] = token;
    unsigned char *bytes = encode(&in, &len);
    for (at = 0; at + 2000 <= len && memcmp(bytes + at, token, 2000) != 0; at++)
        ;
    assert_true(at + 2000 <= len);
}

static void claims_that_do_not_shrink_are_stored_plain(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    char noise[6001];
    unsigned seed = 1;
    apr_size_t len = 0;
    (void)state;
    for (int i = 0; i < 6000; i++) {
        seed = seed * 1103515245u + 12345u;
        noise[i] = (char)(1 + (seed >> 16) % 255);
    }
    noise[6000] = '\0';
    sso_claim_value_t v = values_of(noise);
    sso_claim_t c = claim("noise", 0, 1, &v);
    in.claims.count = 1;
    in.claims.claims = &c;
    unsigned char *bytes = encode(&in, &len);
    unit_assert_ok(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err));
    assert_same(&in, &out);
}

static void what_cannot_fit_is_refused_and_named(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    unsigned char *bytes = NULL;
    apr_size_t len = 0;
    char *big = apr_palloc(unit_pool, SSO_SESSION_BYTES_MAX + 1);
    (void)state;
    memset(big, 'x', SSO_SESSION_BYTES_MAX);
    big[SSO_SESSION_BYTES_MAX] = '\0';
    sso_claim_value_t v = values_of(big);
    sso_claim_t c = claim("picture", 0, 1, &v);
    in.claims.count = 1;
    in.claims.claims = &c;
    unit_assert_err(sso_session_encode(unit_pool, &in, &bytes, &len, &err), SSO_E_LIMIT, "session-too-large");
    assert_non_null(strstr(err.detail, "picture 262151 B"));
    assert_null(bytes);

    in = sample();
    in.tokens[SSO_TOKEN_ACCESS] = big;
    unit_assert_err(sso_session_encode(unit_pool, &in, &bytes, &len, &err), SSO_E_LIMIT, "session-too-large");
    in = sample();
    big[70000] = '\0';
    in.sub = big;
    unit_assert_err(sso_session_encode(unit_pool, &in, &bytes, &len, &err), SSO_E_LIMIT, "session-too-large");
}

static void every_cut_record_is_malformed(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    memset(&out, 0, sizeof(out));
    for (apr_size_t cut = 1; cut < len; cut++) {
        /* An exact copy, so that a sanitizer sees a read past the end. */
        unsigned char *copy = malloc(cut);
        memcpy(copy, bytes, cut);
        unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, copy, cut, &out, &err), SSO_E_SYNTAX,
                        "session-malformed");
        free(copy);
    }
    assert_null(out.sub);
}

static void bytes_behind_the_end_are_malformed(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    unsigned char *more = apr_pcalloc(unit_pool, len + 1);
    memcpy(more, bytes, len);
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, more, len + 1, &out, &err), SSO_E_SYNTAX,
                    "session-malformed");
}

static void no_changed_byte_makes_a_read_outside_the_record(void **state)
{
    static const unsigned char changes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    sso_session_t sessions[2];
    (void)state;
    sessions[0] = sample();
    sessions[1] = large(100);
    for (int s = 0; s < 2; s++) {
        apr_size_t len = 0;
        unsigned char *bytes = encode(&sessions[s], &len);
        unsigned char *copy = malloc(len);
        for (apr_size_t i = 0; i < len; i++) {
            for (apr_size_t c = 0; c < sizeof(changes); c++) {
                sso_err_t err = SSO_ERR_INIT;
                sso_session_t out;
                apr_pool_t *pool;
                apr_pool_create(&pool, unit_pool);
                memcpy(copy, bytes, len);
                copy[i] = changes[c];
                if (sso_session_decode(pool, UNIT_NOW, copy, len, &out, &err) == SSO_OK) {
                    assert_int_equal(strlen(out.sub) < len, 1);
                    for (int k = 0; k < out.claims.count; k++)
                        assert_non_null(out.claims.claims[k].name);
                } else {
                    assert_int_not_equal(err.rc, SSO_OK);
                }
                apr_pool_destroy(pool);
            }
        }
        free(copy);
    }
}

/* Offset of the claims part of sample(): fixed part and four strings. */
static apr_size_t claims_at(void)
{
    return OFF_STRINGS + (2 + 7 + 1) + (2 + 6 + 1) + (2 + 7 + 1) + (2 + 0 + 1);
}

static void a_stated_length_is_not_believed(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = large(400);
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    apr_size_t at = claims_at();
    assert_int_equal(bytes[at], 1);
    for (apr_size_t i = 0; i < 2; i++) {
        unsigned char *copy = apr_pmemdup(unit_pool, bytes, len);
        copy[at + 8] = (unsigned char)(copy[at + 8] + (i ? 1 : -1)); /* plain length: one more, one less */
        unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, copy, len, &out, &err), SSO_E_SYNTAX,
                        "session-malformed");
    }
    memset(bytes + at + 5, 0xff, 4); /* 4 GiB */
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err), SSO_E_SYNTAX, "session-malformed");
}

static void a_stated_number_of_values_is_not_believed(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    apr_size_t total = claims_at() + 9 + 2;
    assert_int_equal(bytes[total + 3], 4);
    for (int i = 0; i < 3; i++) {
        unsigned char *copy = apr_pmemdup(unit_pool, bytes, len);
        if (i < 2)
            copy[total + 3] = (unsigned char)(i ? 3 : 5);
        else
            memset(copy + total, 0xff, 4);
        unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, copy, len, &out, &err), SSO_E_SYNTAX,
                        "session-malformed");
    }
}

static void unknown_versions_and_flags_are_no_session(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    bytes[0] = 2;
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err), SSO_E_UNSUPPORTED,
                    "session-version");
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, 0, &out, &err), SSO_E_UNSUPPORTED,
                    "session-version");
    bytes[0] = 1;
    bytes[1] = 1;
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err), SSO_E_SYNTAX, "session-malformed");
}

static void a_longer_fixed_part_is_skipped(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    unsigned char *longer = apr_pcalloc(unit_pool, len + 3);
    memcpy(longer, bytes, OFF_STRINGS);
    memcpy(longer + OFF_STRINGS + 3, bytes + OFF_STRINGS, len - OFF_STRINGS);
    longer[3] = (unsigned char)(OFF_STRINGS + 3);
    unit_assert_ok(sso_session_decode(unit_pool, UNIT_NOW, longer, len + 3, &out, &err));
    assert_same(&in, &out);
    longer[3] = (unsigned char)(OFF_STRINGS - 1);
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, longer, len + 3, &out, &err), SSO_E_SYNTAX,
                    "session-malformed");
}

static void a_session_ends_at_its_limit(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    unit_assert_ok(sso_session_decode(unit_pool, in.expires - 1, bytes, len, &out, &err));
    unit_assert_err(sso_session_decode(unit_pool, in.expires, bytes, len, &out, &err), SSO_E_EXPIRED,
                    "session-expired");
    /* A record without a limit is not one that lasts for ever. */
    memset(bytes + OFF_EXPIRES, 0, 8);
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err), SSO_E_EXPIRED, "session-expired");
}

static void a_session_from_the_future_is_none(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    sso_session_t in = sample();
    sso_session_t out;
    apr_size_t len = 0;
    (void)state;
    unsigned char *bytes = encode(&in, &len);
    unit_assert_ok(sso_session_decode(unit_pool, UNIT_NOW - apr_time_from_sec(60), bytes, len, &out, &err));
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW - apr_time_from_sec(60) - 1, bytes, len, &out, &err),
                    SSO_E_EXPIRED, "session-future");
    bytes[OFF_CREATED] = 0x80; /* no time of ours */
    unit_assert_err(sso_session_decode(unit_pool, UNIT_NOW, bytes, len, &out, &err), SSO_E_SYNTAX, "session-malformed");
}

static void an_idle_stamp_belongs_to_one_session(void **state)
{
    unsigned char id[SSO_SESSION_ID_LEN] = {1, 2, 3};
    unsigned char other[SSO_SESSION_ID_LEN] = {1, 2, 4};
    unsigned char stamp[SSO_IDLE_LEN];
    apr_time_t seen = 0;
    (void)state;
    sso_session_idle_encode(id, UNIT_NOW, stamp);
    assert_true(sso_session_idle_decode(stamp, sizeof(stamp), id, UNIT_NOW, &seen));
    assert_true(seen == UNIT_NOW);
    seen = 0;
    assert_false(sso_session_idle_decode(stamp, sizeof(stamp), other, UNIT_NOW, &seen));
    assert_false(sso_session_idle_decode(stamp, sizeof(stamp) - 1, id, UNIT_NOW, &seen));
    assert_false(sso_session_idle_decode(stamp, sizeof(stamp), id, UNIT_NOW - apr_time_from_sec(60) - 1, &seen));
    assert_true(seen == 0);
    assert_true(sso_session_idle_decode(stamp, sizeof(stamp), id, UNIT_NOW - apr_time_from_sec(60), &seen));
}

static sso_idle_t idle_at(int last_seen, int limit)
{
    return sso_session_idle(UNIT_NOW - apr_time_from_sec(10000),
                            last_seen < 0 ? 0 : UNIT_NOW - apr_time_from_sec(last_seen), UNIT_NOW, limit);
}

static void idleness_counts_from_the_last_sign_of_life(void **state)
{
    (void)state;
    assert_int_equal(idle_at(0, 3600), SSO_IDLE_FRESH);
    assert_int_equal(idle_at(59, 3600), SSO_IDLE_FRESH);
    assert_int_equal(idle_at(60, 3600), SSO_IDLE_RENEW);
    assert_int_equal(idle_at(3599, 3600), SSO_IDLE_RENEW);
    assert_int_equal(idle_at(3600, 3600), SSO_IDLE_EXPIRED);
    assert_int_equal(idle_at(-1, 20000), SSO_IDLE_RENEW);
    assert_int_equal(idle_at(-1, 3600), SSO_IDLE_EXPIRED);
    /* A stamp from before the login cannot shorten the session. */
    assert_int_equal(sso_session_idle(UNIT_NOW, UNIT_NOW - apr_time_from_sec(7200), UNIT_NOW, 3600), SSO_IDLE_FRESH);
    /* A clock a little ahead. */
    assert_int_equal(sso_session_idle(UNIT_NOW + 1000000, 0, UNIT_NOW, 3600), SSO_IDLE_FRESH);
    assert_int_equal(idle_at(9999, 0), SSO_IDLE_FRESH);
}

static void a_short_idle_limit_is_renewed_in_time(void **state)
{
    (void)state;
    assert_int_equal(idle_at(29, 60), SSO_IDLE_FRESH);
    assert_int_equal(idle_at(30, 60), SSO_IDLE_RENEW);
    assert_int_equal(idle_at(60, 60), SSO_IDLE_EXPIRED);
}

static void max_age_counts_from_auth_time(void **state)
{
    sso_session_t s = sample();
    sso_auth_demand_t demand = {100, NULL};
    (void)state;
    assert_true(sso_session_satisfies(&s, NULL, UNIT_NOW, 0));
    s.auth_time = UNIT_NOW - apr_time_from_sec(100);
    assert_true(sso_session_satisfies(&s, &demand, UNIT_NOW, 0));
    s.auth_time -= 1;
    assert_false(sso_session_satisfies(&s, &demand, UNIT_NOW, 0));
    assert_true(sso_session_satisfies(&s, &demand, UNIT_NOW, 60));
    s.auth_time = 0;
    assert_false(sso_session_satisfies(&s, &demand, UNIT_NOW, 60));
    demand.max_age = -1;
    assert_true(sso_session_satisfies(&s, &demand, UNIT_NOW, 60));
}

static void acr_must_be_one_of_the_list(void **state)
{
    sso_session_t s = sample();
    apr_array_header_t *acrs = apr_array_make(unit_pool, 2, sizeof(char *));
    sso_auth_demand_t demand = {-1, acrs};
    (void)state;
    assert_true(sso_session_satisfies(&s, &demand, UNIT_NOW, 0));
    APR_ARRAY_PUSH(acrs, const char *) = "other";
    assert_false(sso_session_satisfies(&s, &demand, UNIT_NOW, 0));
    APR_ARRAY_PUSH(acrs, const char *) = "urn:mfa";
    assert_true(sso_session_satisfies(&s, &demand, UNIT_NOW, 0));
    s.acr = "";
    assert_false(sso_session_satisfies(&s, &demand, UNIT_NOW, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(a_session_survives_the_trip),
        unit_test(strings_point_into_the_record),
        unit_test(the_layout_is_the_documented_one),
        unit_test(large_claims_are_deflated),
        unit_test(tokens_are_never_deflated),
        unit_test(claims_that_do_not_shrink_are_stored_plain),
        unit_test(what_cannot_fit_is_refused_and_named),
        unit_test(every_cut_record_is_malformed),
        unit_test(bytes_behind_the_end_are_malformed),
        unit_test(no_changed_byte_makes_a_read_outside_the_record),
        unit_test(a_stated_length_is_not_believed),
        unit_test(a_stated_number_of_values_is_not_believed),
        unit_test(unknown_versions_and_flags_are_no_session),
        unit_test(a_longer_fixed_part_is_skipped),
        unit_test(a_session_ends_at_its_limit),
        unit_test(a_session_from_the_future_is_none),
        unit_test(an_idle_stamp_belongs_to_one_session),
        unit_test(idleness_counts_from_the_last_sign_of_life),
        unit_test(a_short_idle_limit_is_renewed_in_time),
        unit_test(max_age_counts_from_auth_time),
        unit_test(acr_must_be_one_of_the_list),
    };
    return unit_run(tests);
}

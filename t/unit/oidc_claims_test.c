/* SPDX-License-Identifier: Apache-2.0 */
/* Claims flattened for the application: names, lists, look-alikes, limits. */
#include "unit.h"

#include <apr_strings.h>

#include "base/json.h"
#include "oidc/claims.h"

static const sso_json_t *json(const char *text)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_json_t *doc = NULL;
    unit_assert_ok(sso_json_parse_object(unit_pool, text, strlen(text), 1024 * 1024, &doc, &err));
    return doc;
}

static const sso_claims_t *flatten_all(const char *id_token, const char *userinfo, const char *keep)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_claims_t *claims = NULL;
    apr_array_header_t *list = NULL;
    if (keep) {
        char *last = NULL;
        list = apr_array_make(unit_pool, 4, sizeof(char *));
        for (char *w = apr_strtok(apr_pstrdup(unit_pool, keep), " ", &last); w; w = apr_strtok(NULL, " ", &last))
            APR_ARRAY_PUSH(list, const char *) = w;
    }
    unit_assert_ok(
        sso_claims_flatten(unit_pool, json(id_token), userinfo ? json(userinfo) : NULL, list, &claims, &err));
    return claims;
}

static const sso_claims_t *flatten(const char *id_token)
{
    return flatten_all(id_token, NULL, NULL);
}

/* "a=1 list=[x,y]": everything, in order. */
static const char *show(const sso_claims_t *claims)
{
    char *text = apr_pstrdup(unit_pool, "");
    for (int i = 0; i < claims->count; i++) {
        const sso_claim_t *c = &claims->claims[i];
        assert_int_equal(c->name_len, strlen(c->name));
        text = apr_pstrcat(unit_pool, text, i ? " " : "", c->name, "=", c->is_list ? "[" : "", NULL);
        for (int v = 0; v < c->count; v++) {
            assert_int_equal(c->values[v].len, strlen(c->values[v].bytes));
            text = apr_pstrcat(unit_pool, text, v ? "," : "", c->values[v].bytes, NULL);
        }
        if (c->is_list)
            text = apr_pstrcat(unit_pool, text, "]", NULL);
    }
    return text;
}

static void scalars_become_one_value_in_canonical_text(void **state)
{
    (void)state;
    assert_string_equal(
        show(flatten("{\"sub\":\"u1\",\"n\":-12,\"big\":9007199254740993,\"whole\":5.0,\"r\":0.5,\"t\":true,"
                     "\"f\":false,\"e\":\"\"}")),
        "sub=u1 n=-12 big=9007199254740993 whole=5 r=0.5 t=true f=false e=");
}

static void null_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(show(flatten("{\"sub\":\"u\",\"x\":null,\"l\":[\"a\",null,\"b\"]}")), "sub=u l=[a,b]");
    assert_string_equal(show(flatten_all("{\"sub\":\"u\",\"x\":null}", "{\"sub\":\"u\",\"x\":\"y\"}", NULL)),
                        "sub=u x=y");
}

static void arrays_of_scalars_are_lists_even_when_short(void **state)
{
    (void)state;
    assert_string_equal(show(flatten("{\"a\":[],\"b\":[\"x\"],\"c\":[1,\"y\",true,1.5]}")),
                        "a=[] b=[x] c=[1,y,true,1.5]");
}

static void arrays_with_objects_are_one_json_text(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"a\":[{\"k\":1},\"x\"],\"b\":[[1]]}");
    assert_string_equal(show(c), "a=[{\"k\":1},\"x\"] b=[[1]]");
    assert_false(c->claims[0].is_list);
    assert_int_equal(c->claims[0].count, 1);
}

static void objects_become_paths(void **state)
{
    (void)state;
    assert_string_equal(show(flatten("{\"realm_access\":{\"roles\":[\"a\"]},\"x\":{\"y\":{\"z\":1}},\"o\":{}}")),
                        "realm_access.roles=[a] x.y.z=1");
}

static void dots_and_backslashes_in_nested_names_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(show(flatten("{\"r\":{\"my.app\":{\"roles\":[\"a\"]}}}")), "r.my\\.app.roles=[a]");
    /* Unescaped, both would be x.a\.b. */
    assert_string_equal(show(flatten("{\"x\":{\"a\\\\\":{\"b\":1}}}")), "x.a\\\\.b=1");
    assert_string_equal(show(flatten("{\"x\":{\"a.b\":1}}")), "x.a\\.b=1");
}

static void names_of_the_top_level_stand_as_they_are(void **state)
{
    (void)state;
    assert_string_equal(show(flatten("{\"https://example.com/roles\":[\"a\"],\"custom:dept\":\"x\"}")),
                        "https://example.com/roles=[a] custom:dept=x");
}

static void protocol_claims_are_left_out_at_the_top_only(void **state)
{
    (void)state;
    assert_string_equal(
        show(flatten("{\"sub\":\"u\",\"nonce\":\"n\",\"at_hash\":\"h\",\"c_hash\":\"h\",\"s_hash\":\"h\",\"azp\":\"z\","
                     "\"jti\":\"j\",\"nbf\":1,\"rat\":1,\"_claim_sources\":{\"s\":{\"endpoint\":\"e\"}},\"x\":{"
                     "\"nonce\":\"kept\"},\"iss\":\"i\"}")),
        "sub=u x.nonce=kept iss=i");
}

static void the_id_token_wins_over_userinfo(void **state)
{
    (void)state;
    assert_string_equal(show(flatten_all("{\"sub\":\"u\",\"email\":\"id@x\",\"a\":{\"b\":1}}",
                                         "{\"sub\":\"evil\",\"email\":\"ui@x\",\"name\":\"N\",\"a\":{\"c\":2}}", NULL)),
                        "sub=u email=id@x a.b=1 name=N");
}

static void the_registered_spelling_wins_over_look_alikes(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"Sub\":\"evil\",\"sub\":\"u\",\"SUB\":\"evil2\"}");
    assert_string_equal(show(c), "sub=u");
    assert_int_equal(c->dropped, 2);
    assert_string_equal(c->first_dropped, "Sub");
    /* Nested or from the weaker source makes no difference. */
    assert_string_equal(show(flatten("{\"preferred\":{\"username\":\"evil\"},\"preferred_username\":\"u\"}")),
                        "preferred_username=u");
    assert_string_equal(show(flatten_all("{\"Email\":\"evil\"}", "{\"email\":\"u@x\"}", NULL)), "email=u@x");
    assert_string_equal(show(flatten_all("{\"email_verified\":{}}", NULL, NULL)), "email_verified={}");
    assert_string_equal(show(flatten_all("{\"email_verified\":{\"true\":true}}", NULL, NULL)),
                        "email_verified={\"true\":true}");
    assert_string_equal(show(flatten_all("{\"email_verified\":false}", "{\"Email-Verified\":true}", NULL)),
                        "email_verified=false");
}

static void of_other_look_alikes_the_first_stays(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"dept_x\":\"1\",\"dept-x\":\"2\",\"dept\":{\"x\":\"3\"},\"DEPT X\":\"4\"}");
    assert_string_equal(show(c), "dept_x=1");
    assert_int_equal(c->dropped, 3);
    assert_string_equal(c->first_dropped, "dept-x");
}

static void a_path_cannot_shadow_a_top_level_name(void **state)
{
    (void)state;
    assert_string_equal(show(flatten("{\"a.b\":\"top\",\"a\":{\"b\":\"nested\"}}")), "a.b=top");
}

static void unusable_names_are_dropped_and_counted(void **state)
{
    (void)state;
    char *longname = apr_palloc(unit_pool, 202);
    memset(longname, 'n', 201);
    longname[201] = '\0';
    const sso_claims_t *c = flatten(
        apr_psprintf(unit_pool, "{\"%s\":1,\"\":2,\"sub\":\"u\",\"o\":{\"\":1,\"%s\":{\"a\":1}}}", longname, longname));
    assert_string_equal(show(c), "sub=u");
    assert_int_equal(c->dropped, 4);
    longname[200] = '\0';
    assert_int_equal(flatten(apr_psprintf(unit_pool, "{\"%s\":1}", longname))->count, 1);
}

static void a_dropped_name_is_cleaned_for_the_log(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"a b\":1,\"a\\nb\":2}");
    assert_int_equal(c->dropped, 1);
    assert_null(strchr(c->first_dropped, '\n'));
}

static void values_with_control_characters_are_marked(void **state)
{
    (void)state;
    const sso_claims_t *c =
        flatten("{\"a\":\"x\\r\\nX-Evil: 1\",\"b\":[\"ok\",\"\\u0085\"],\"c\":\"fine \\u00fc\",\"d\":\"\\u2028\","
                "\"e\":[\"ok\"]}");
    assert_int_equal(c->count, 5);
    assert_true(c->claims[0].unsafe);
    assert_true(c->claims[1].unsafe);
    assert_false(c->claims[2].unsafe);
    assert_true(c->claims[3].unsafe);
    assert_false(c->claims[4].unsafe);
    assert_string_equal(c->claims[0].values[0].bytes, "x\r\nX-Evil: 1");
}

static void only_what_is_asked_for_is_kept(void **state)
{
    static const char doc[] =
        "{\"sub\":\"u\",\"email\":\"e\",\"name\":\"n\",\"ra\":{\"roles\":[\"a\"],\"x\":1},\"rb\":{\"c\":{\"d\":1}},"
        "\"https://e.com/r\":1,\"https://e\":2}";
    (void)state;
    assert_string_equal(show(flatten_all(doc, NULL, "email")), "sub=u email=e");
    assert_string_equal(show(flatten_all(doc, NULL, "ra rb.c")), "sub=u ra.roles=[a] ra.x=1 rb.c.d=1");
    assert_string_equal(show(flatten_all(doc, NULL, "ra.roles")), "sub=u ra.roles=[a]");
    /* A name keeps what is below it, not what begins with the same text. */
    assert_string_equal(show(flatten_all(doc, NULL, "https://e")), "sub=u https://e=2");
}

static void email_keeps_the_word_on_its_verification(void **state)
{
    (void)state;
    assert_string_equal(
        show(flatten_all("{\"sub\":\"u\",\"email\":\"e\",\"email_verified\":false,\"name\":\"n\"}", NULL, "email")),
        "sub=u email=e email_verified=false");
    assert_string_equal(show(flatten_all("{\"sub\":\"u\",\"email_verified\":false,\"name\":\"n\"}", NULL, "name")),
                        "sub=u name=n");
}

static void too_many_claims_are_refused(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_claims_t *claims = NULL;
    char *text = apr_pstrdup(unit_pool, "{\"n0\":1");
    (void)state;
    for (int i = 1; i < SSO_CLAIMS_MAX; i++)
        text = apr_psprintf(unit_pool, "%s,\"n%d\":1", text, i);
    assert_int_equal(flatten(apr_pstrcat(unit_pool, text, "}", NULL))->count, SSO_CLAIMS_MAX);
    text = apr_pstrcat(unit_pool, text, ",\"one_more\":1}", NULL);
    unit_assert_err(sso_claims_flatten(unit_pool, json(text), NULL, NULL, &claims, &err), SSO_E_LIMIT,
                    "claims-too-large");
    assert_null(claims);
}

static char *list_of(int count, const char *value)
{
    apr_size_t len = strlen(value) + 3;
    char *text = apr_palloc(unit_pool, len * (apr_size_t)count + 3);
    char *out = text;
    *out++ = '[';
    for (int i = 0; i < count; i++)
        out += apr_snprintf(out, len + 1, "%s\"%s\"", i ? "," : "", value);
    memcpy(out, "]", 2);
    return text;
}

static void too_many_values_are_refused(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_claims_t *claims = NULL;
    (void)state;
    const char *most = apr_pstrcat(unit_pool, "{\"g\":", list_of(SSO_CLAIM_VALUES_MAX, "v"), "}", NULL);
    assert_int_equal(flatten(most)->claims[0].count, SSO_CLAIM_VALUES_MAX);
    const char *more = apr_pstrcat(unit_pool, "{\"g\":", list_of(SSO_CLAIM_VALUES_MAX + 1, "v"), "}", NULL);
    unit_assert_err(sso_claims_flatten(unit_pool, json(more), NULL, NULL, &claims, &err), SSO_E_LIMIT,
                    "claims-too-large");
}

static void too_many_bytes_are_refused_and_the_largest_named(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_claims_t *claims = NULL;
    char *big = apr_palloc(unit_pool, SSO_CLAIMS_BYTES_MAX + 1);
    (void)state;
    memset(big, 'x', SSO_CLAIMS_BYTES_MAX);
    big[SSO_CLAIMS_BYTES_MAX] = '\0';
    const char *text = apr_pstrcat(unit_pool, "{\"sub\":\"u\",\"picture\":\"", big, "\"}", NULL);
    unit_assert_err(sso_claims_flatten(unit_pool, json(text), NULL, NULL, &claims, &err), SSO_E_LIMIT,
                    "claims-too-large");
    assert_non_null(strstr(err.detail, "picture 131079 B"));
    big[SSO_CLAIMS_BYTES_MAX - 11] = '\0';
    assert_int_equal(flatten(apr_pstrcat(unit_pool, "{\"sub\":\"u\",\"picture\":\"", big, "\"}", NULL))->count, 2);
}

static void claims_are_found_by_exact_name(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"sub\":\"u\",\"groups\":[\"a\",\"admins\"]}");
    assert_string_equal(sso_claims_find(c, "sub")->values[0].bytes, "u");
    assert_null(sso_claims_find(c, "su"));
    assert_null(sso_claims_find(c, "Sub"));
    assert_true(sso_claim_has(sso_claims_find(c, "groups"), "admins"));
    assert_false(sso_claim_has(sso_claims_find(c, "groups"), "admin"));
    assert_false(sso_claim_has(sso_claims_find(c, "groups"), "Admins"));
    assert_false(sso_claim_has(sso_claims_find(c, "groups"), ""));
}

static void the_largest_claims_are_named_in_order(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"a\":\"12345\",\"groups\":[\"1234567890\",\"1234567890\"],\"b\":\"1\"}");
    assert_string_equal(sso_claims_largest(unit_pool, c, 2), "groups 26 B, a 6 B");
    assert_string_equal(sso_claims_largest(unit_pool, c, 9), "groups 26 B, a 6 B, b 2 B");
    assert_string_equal(sso_claims_largest(unit_pool, flatten("{}"), 3), "");
}

static const char *text_of(const char *doc, sso_claim_format_t format, char delimiter)
{
    return sso_claim_text(unit_pool, &flatten(doc)->claims[0], format, delimiter);
}

static void a_scalar_is_passed_on_as_it_is(void **state)
{
    (void)state;
    const sso_claims_t *c = flatten("{\"name\":\"D\u00fcrr, J 100%2C\"}");
    assert_ptr_equal(sso_claim_text(unit_pool, &c->claims[0], SSO_CLAIM_UTF8, ','), c->claims[0].values[0].bytes);
    assert_string_equal(text_of("{\"n\":\" admin\"}", SSO_CLAIM_UTF8, ','), "%20admin");
    assert_string_equal(text_of("{\"n\":\"admin  \"}", SSO_CLAIM_UTF8, ','), "admin %20");
    assert_string_equal(text_of("{\"n\":\" \"}", SSO_CLAIM_UTF8, ','), "%20");
    assert_string_equal(text_of("{\"n\":\"a b\"}", SSO_CLAIM_UTF8, ','), "a b");
    assert_string_equal(text_of("{\"n\":\"D\u00fc, J\"}", SSO_CLAIM_PERCENT, ','), "D%C3%BC%2C%20J");
    assert_string_equal(text_of("{\"n\":\"D\u00fc\"}", SSO_CLAIM_BASE64URL, ','), "RMO8");
}

static void a_list_is_joined_and_one_group_stays_one(void **state)
{
    (void)state;
    assert_string_equal(text_of("{\"g\":[\"a\",\"b c\",\"d\"]}", SSO_CLAIM_UTF8, ','), "a,b c,d");
    assert_string_equal(text_of("{\"g\":[\"a\",\"x,admins\"]}", SSO_CLAIM_UTF8, ','), "a,x%2Cadmins");
    assert_string_equal(text_of("{\"g\":[\"x,y\",\"x;y\"]}", SSO_CLAIM_UTF8, ';'), "x,y;x%3By");
    assert_string_equal(text_of("{\"g\":[\"x y\",\"z\"]}", SSO_CLAIM_UTF8, ' '), "x%20y z");
    assert_string_equal(text_of("{\"g\":[\" admins \",\" \"]}", SSO_CLAIM_UTF8, ','), "%20admins%20,%20");
    /* What looks encoded already stays apart from what is. */
    assert_string_equal(text_of("{\"g\":[\"x%2Cy\",\"100%\",\"%2\"]}", SSO_CLAIM_UTF8, ','), "x%252Cy,100%,%2");
    assert_string_equal(text_of("{\"g\":[\"a,b\",\"\u00fc\"]}", SSO_CLAIM_PERCENT, ','), "a%2Cb,%C3%BC");
    assert_string_equal(text_of("{\"g\":[\"a,b\",\"c\"]}", SSO_CLAIM_BASE64URL, ','), "YSxi,Yw");
    assert_string_equal(text_of("{\"g\":[\"only\"]}", SSO_CLAIM_UTF8, ','), "only");
}

static void nothing_empty_or_unsafe_is_sent(void **state)
{
    (void)state;
    assert_null(text_of("{\"g\":[]}", SSO_CLAIM_UTF8, ','));
    assert_null(text_of("{\"g\":[\"\",\"\"]}", SSO_CLAIM_UTF8, ','));
    assert_string_equal(text_of("{\"g\":[\"\",\"a\",\"\",\"b\"]}", SSO_CLAIM_UTF8, ','), "a,b");
    assert_null(text_of("{\"g\":\"\"}", SSO_CLAIM_UTF8, ','));
    assert_null(text_of("{\"g\":\"a\\r\\nX: 1\"}", SSO_CLAIM_UTF8, ','));
    assert_null(text_of("{\"g\":[\"good\",\"a\\nb\"]}", SSO_CLAIM_PERCENT, ','));
}

static void header_names_are_words_with_capitals(void **state)
{
    static const char *const pairs[][2] = {{"preferred_username", "Preferred-Username"},
                                           {"sub", "Sub"},
                                           {"realm_access.roles", "Realm-Access-Roles"},
                                           {"givenName", "GivenName"},
                                           {"custom:2fa_on", "Custom-2fa-On"},
                                           {"a\r\n:b", "A---B"},
                                           {"\xc3\xbcx", "--X"}};
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        sso_claim_t c = {pairs[i][0], strlen(pairs[i][0]), 0, 0, 0, NULL};
        char out[64] = {0};
        sso_claim_header_name(&c, 0, out);
        assert_string_equal(out, pairs[i][1]);
    }
}

/* OIDC Core 5.6.2; Entra with more than 200 groups, and its implicit flow. */
static void what_the_provider_left_out_is_unknown_and_not_absent(void **state)
{
    const sso_claims_t *claims = flatten("{\"sub\":\"u\",\"_claim_names\":{\"groups\":\"src1\"},\"_claim_sources\":"
                                         "{\"src1\":{\"endpoint\":\"https://graph.example/\"}}}");
    (void)state;
    assert_string_equal(show(claims), "sub=u _claim_names=[groups]");
    assert_true(sso_claims_is_unknown(claims, "groups"));
    assert_false(sso_claims_is_unknown(claims, "roles"));
    assert_false(sso_claims_is_unknown(claims, "sub"));
    claims = flatten_all("{\"sub\":\"u\",\"_claim_names\":{\"groups\":\"src1\"}}", NULL, "email");
    assert_true(sso_claims_is_unknown(claims, "groups"));
    assert_true(sso_claims_is_unknown(flatten("{\"sub\":\"u\",\"hasgroups\":true}"), "groups"));
    assert_false(sso_claims_is_unknown(flatten("{\"sub\":\"u\",\"hasgroups\":false}"), "groups"));
    assert_false(sso_claims_is_unknown(flatten("{\"sub\":\"u\"}"), "groups"));
    assert_false(sso_claims_is_unknown(flatten("{\"groups\":[],\"_claim_names\":{\"groups\":\"s\"}}"), "groups"));
}

static void an_object_of_zitadel_s_roles_is_a_list_of_their_names(void **state)
{
    (void)state;
    assert_string_equal(
        show(flatten("{\"urn:zitadel:iam:org:project:roles\":{\"admin\":{\"1\":\"a.example\"},\"read er\":"
                     "{\"1\":\"a.example\",\"2\":\"b.example\"}},\"urn:zitadel:iam:org:project:7:roles\":{}}")),
        "urn:zitadel:iam:org:project:roles=[admin,read er] urn:zitadel:iam:org:project:7:roles=[]");
    assert_string_equal(
        show(flatten("{\"roles\":{\"admin\":{\"1\":\"x\"}},\"urn:zitadel:iam:user:metadata\":{\"roles\":"
                     "\"a\"}}")),
        "roles.admin.1=x urn:zitadel:iam:user:metadata.roles=a");
    assert_null(
        sso_claims_find(flatten_all("{\"sub\":\"u\",\"urn:zitadel:iam:org:project:roles\":{\"a\":{}}}", NULL, "email"),
                        "urn:zitadel:iam:org:project:roles"));
}

static const char *split(const char *id_token)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_claims_t *claims = flatten(id_token), *cut = NULL;
    unit_assert_ok(sso_claims_split(unit_pool, claims, "groups", ';', &cut, &err));
    return show(cut);
}

static void a_text_is_cut_into_a_list_and_a_list_is_not(void **state)
{
    sso_err_t err = SSO_ERR_INIT;
    const sso_claims_t *cut = NULL;
    (void)state;
    assert_string_equal(split("{\"groups\":\"a b; c ;;d\",\"other\":\"x;y\"}"), "groups=[a b,c,d] other=x;y");
    assert_string_equal(split("{\"groups\":\"one\"}"), "groups=[one]");
    assert_string_equal(split("{\"groups\":\" ; \"}"), "groups=[]");
    assert_string_equal(split("{\"groups\":[\"a;b\"]}"), "groups=[a;b]");
    assert_string_equal(split("{\"sub\":\"u\"}"), "sub=u");
    char *many = apr_palloc(unit_pool, SSO_CLAIM_VALUES_MAX + 2);
    memset(many, ';', SSO_CLAIM_VALUES_MAX);
    many[SSO_CLAIM_VALUES_MAX] = '\0';
    const sso_claims_t *claims = flatten(apr_pstrcat(unit_pool, "{\"groups\":\"", many, "\"}", NULL));
    unit_assert_err(sso_claims_split(unit_pool, claims, "groups", ';', &cut, &err), SSO_E_LIMIT, "claims-too-large");
}

/* The part of the claim's name that its header is called by. */
static const char *short_of(const char *id_token, const char *name)
{
    const sso_claims_t *claims = flatten(id_token);
    const sso_claim_t *claim = sso_claims_find(claims, name);
    assert_non_null(claim);
    return claim->name + sso_claims_short_name(claims, claim);
}

static void a_name_that_is_a_url_is_called_by_its_end_where_that_is_unique(void **state)
{
    static const char *const whole[][2] = {
        {"{\"https://a.example/roles\":\"x\",\"roles\":\"y\"}", "https://a.example/roles"},
        {"{\"https://a.example/roles\":\"x\",\"Roles\":\"y\"}", "https://a.example/roles"},
        {"{\"https://a.example/roles\":\"x\",\"https://b.example/roles\":\"y\"}", "https://a.example/roles"},
        {"{\"https://a.example/email\":\"x\"}", "https://a.example/email"},
        {"{\"https://a.example/Sub\":\"x\"}", "https://a.example/Sub"},
        {"{\"https://a.example/email_verified\":\"x\"}", "https://a.example/email_verified"},
        {"{\"https://a.example/\":\"x\"}", "https://a.example/"},
        {"{\"https://roles\":\"x\"}", "https://roles"},
        {"{\"urn:a/roles\":\"x\"}", "urn:a/roles"},
        {"{\"a\":{\"b/c\":\"x\"}}", "a.b/c"},
    };
    (void)state;
    assert_string_equal(short_of("{\"sub\":\"u\",\"https://a.example/roles\":\"x\"}", "https://a.example/roles"),
                        "roles");
    assert_string_equal(short_of("{\"http://a.example/x/org-name\":\"x\"}", "http://a.example/x/org-name"), "org-name");
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        assert_string_equal(short_of(whole[i][0], whole[i][1]), whole[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test(scalars_become_one_value_in_canonical_text),
        unit_test(null_is_left_out),
        unit_test(arrays_of_scalars_are_lists_even_when_short),
        unit_test(arrays_with_objects_are_one_json_text),
        unit_test(objects_become_paths),
        unit_test(dots_and_backslashes_in_nested_names_are_escaped),
        unit_test(names_of_the_top_level_stand_as_they_are),
        unit_test(protocol_claims_are_left_out_at_the_top_only),
        unit_test(the_id_token_wins_over_userinfo),
        unit_test(the_registered_spelling_wins_over_look_alikes),
        unit_test(of_other_look_alikes_the_first_stays),
        unit_test(a_path_cannot_shadow_a_top_level_name),
        unit_test(unusable_names_are_dropped_and_counted),
        unit_test(a_dropped_name_is_cleaned_for_the_log),
        unit_test(values_with_control_characters_are_marked),
        unit_test(only_what_is_asked_for_is_kept),
        unit_test(email_keeps_the_word_on_its_verification),
        unit_test(too_many_claims_are_refused),
        unit_test(too_many_values_are_refused),
        unit_test(too_many_bytes_are_refused_and_the_largest_named),
        unit_test(claims_are_found_by_exact_name),
        unit_test(the_largest_claims_are_named_in_order),
        unit_test(a_scalar_is_passed_on_as_it_is),
        unit_test(a_list_is_joined_and_one_group_stays_one),
        unit_test(nothing_empty_or_unsafe_is_sent),
        unit_test(header_names_are_words_with_capitals),
        unit_test(what_the_provider_left_out_is_unknown_and_not_absent),
        unit_test(an_object_of_zitadel_s_roles_is_a_list_of_their_names),
        unit_test(a_text_is_cut_into_a_list_and_a_list_is_not),
        unit_test(a_name_that_is_a_url_is_called_by_its_end_where_that_is_unique),
    };
    return unit_run(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The bridge. First byte: '0' the input is a token from outside (none is a marker of ours), '1' it is base, a line feed
 * and a path, '2' the query of a sign-in call, '3' what the box of a marker holds, '4' the words of answers. */
#include <strings.h>

#include "base/json.h"
#include "base/url.h"
#include "fuzz.h"
#include "oidc/bridge.h"

#define CONTEXT "__Host-sso site.example"
#define TRUSTED "https://site.example/auth/callback"

static const char ring_text[] = "vvdTB9EStpw0Q2gYMdBNvY5u6lZlMFvfrxWxnpvFGZ0=\n";
static sso_sealer_t *sealer;

static void setup(void)
{
    sso_keyring_t *ring;
    fuzz_check(sso_keyring_parse(fuzz_pool, ring_text, sizeof(ring_text) - 1, &ring, NULL) == SSO_OK);
    fuzz_check(sso_sealer_create(fuzz_pool, ring, &sealer, NULL) == SSO_OK);
}

static sso_bridge_seal_t seal_of(void)
{
    const sso_bridge_seal_t seal = {sealer, CONTEXT, sizeof(CONTEXT) - 1};
    return seal;
}

static const char *make(const sso_session_t *session, apr_time_t expires)
{
    const sso_env_t env = fuzz_env();
    const sso_bridge_seal_t seal = seal_of();
    const char *marker = NULL;
    fuzz_check(sso_bridge_make_marker(&env, &seal, "https://site.example/sso", session, expires, &marker, NULL) ==
               SSO_OK);
    return marker;
}

static void check_token(const char *token)
{
    const sso_session_t session = {.expires = FUZZ_NOW + apr_time_from_sec(3600)};
    const sso_bridge_seal_t seal = seal_of();
    sso_err_t err = SSO_ERR_INIT;
    fuzz_check(!fuzz_ok(sso_bridge_check_marker(fuzz_pool, FUZZ_NOW, &seal, token, NULL, &err), &err));
    /* Nor behind the head of a real one. */
    const char *real = make(&session, FUZZ_NOW + apr_time_from_sec(600));
    const char *claims = strchr(real, '.') + 1;
    const char *box = strrchr(real, '.') + 1;
    const char *head = apr_pstrmemdup(fuzz_pool, real, (apr_size_t)(claims - real));
    const char *mixed[] = {
        apr_pstrcat(fuzz_pool, head, token, NULL), apr_pstrcat(fuzz_pool, head, token, ".", box, NULL),
        apr_pstrcat(fuzz_pool, apr_pstrmemdup(fuzz_pool, real, (apr_size_t)(box - real)), token, NULL)};
    for (int i = 0; i < 3; i++) {
        int same = strcmp(mixed[i], real) == 0;
        fuzz_check(fuzz_ok(sso_bridge_check_marker(fuzz_pool, FUZZ_NOW, &seal, mixed[i], &session, &err), &err) ==
                   same);
    }
}

/* What is let in without a session is nothing that a server could read in two ways, and no call but those listed. */
static void check_path(const char *base, const char *path)
{
    sso_bridge_call_t call = sso_bridge_call(base, path);
    fuzz_check(call > SSO_BRIDGE_NONE && call <= SSO_BRIDGE_PAGE);
    if (call == SSO_BRIDGE_PAGE)
        return;
    fuzz_check(strncmp(path, base, strlen(base)) == 0);
    const char *rest = path + strlen(base);
    if (call == SSO_BRIDGE_STATIC || call == SSO_BRIDGE_OPEN) {
        fuzz_check(!strpbrk(rest, ";%\\ \t\r\n?#") && !strstr(rest, "/.") && !strstr(rest + 1, "//"));
        fuzz_check((call == SSO_BRIDGE_OPEN) == (strstr(rest, "/api/v1/system/") != NULL));
    }
    fuzz_check(sso_bridge_is_api(call) ==
               (strncasecmp(rest + strspn(rest, "/"), "api", 3) == 0 && call != SSO_BRIDGE_SIGN_IN));
}

static void check_query(const char *query)
{
    sso_err_t err = SSO_ERR_INIT;
    int silent = 7;
    if (!fuzz_ok(sso_bridge_read_sign_in(fuzz_pool, query, TRUSTED, &silent, &err), &err)) {
        fuzz_check(silent == 7);
        return;
    }
    apr_array_header_t *params;
    const char *uri = NULL;
    fuzz_check(sso_url_parse_form(fuzz_pool, query, strlen(query), &params, NULL) == SSO_OK);
    fuzz_check(sso_url_param(params, "redirectUri", &uri, NULL) == SSO_OK && uri && strcmp(uri, TRUSTED) == 0);
    fuzz_check(silent == 0 || silent == 1);
}

static void check_box(const uint8_t *data, size_t size)
{
    const sso_session_t session = {.expires = FUZZ_NOW + apr_time_from_sec(3600)};
    const sso_bridge_seal_t seal = seal_of();
    const sso_env_t env = fuzz_env();
    const char *real = make(&session, FUZZ_NOW + apr_time_from_sec(600));
    const char *shown = apr_pstrmemdup(fuzz_pool, real, (apr_size_t)(strrchr(real, '.') - real));
    const char *bound = apr_pstrcat(fuzz_pool, CONTEXT, shown, NULL);
    char *box = NULL;
    sso_err_t err = SSO_ERR_INIT;
    fuzz_check(sso_seal(sealer, &env, SSO_SEAL_MARKER, bound, strlen(bound), fuzz_bytes(data, size), size, &box,
                        &err) == SSO_OK);
    (void)fuzz_ok(sso_bridge_check_marker(fuzz_pool, FUZZ_NOW, &seal, apr_pstrcat(fuzz_pool, shown, ".", box, NULL),
                                          &session, &err),
                  &err);
}

static void check_words(char *text)
{
    const sso_bridge_config_t config = {text, text, "https://site.example", text};
    const sso_bridge_person_t person = {text, text};
    const char *json = sso_bridge_config_json(fuzz_pool, &config), *url = NULL;
    const sso_json_t *doc;
    sso_err_t err = SSO_ERR_INIT;
    (void)fuzz_ok(sso_json_parse_object(fuzz_pool, json, strlen(json), 1 << 20, &doc, &err), &err);
    fuzz_check(strcspn(json, "\r\n") == strlen(json) - 1);
    if (!fuzz_ok(sso_bridge_hand_over(fuzz_pool, TRUSTED, 0, "a.b.c", &person, 8000, &url, &err), &err))
        return;
    fuzz_check(strlen(url) <= 8000 && strncmp(url, TRUSTED "?", sizeof(TRUSTED)) == 0);
    fuzz_check(!strpbrk(url + sizeof(TRUSTED), "?#/\\ \t\r\n\"<>"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX)
        return 0;
    fuzz_begin(setup);
    unsigned choice = (fuzz_choice(&data, &size) - '0') % 5;
    if (choice == 0) {
        check_token(fuzz_text(data, size));
    } else if (choice == 1) {
        const char *base = fuzz_until(&data, &size, '\n');
        check_path(base, fuzz_text(data, size));
    } else if (choice == 2) {
        check_query(fuzz_text(data, size));
    } else if (choice == 3) {
        check_box(data, size);
    } else {
        check_words(fuzz_text(data, size));
    }
    fuzz_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL without memory, at each of its allocations in turn: whatever fails is refused with a reason, nothing is
 * believed that is not to be believed, and the next call works again. */
#include "jose_kit.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "jose/jwe.h"
#include "jose/jwt.h"
#include "jose/seal.h"

#define POINTS_MAX 30 /* allocations refused in one call */

static const char ring_text[] = "8dn3KYLBQh5k0Xo1iGkAvsWzP9nYq3JRuEcm27hTfMI=\n";

static long count, fail_at; /* 0: never */
static int fail_on;         /* and from then on */

static int is_refused(void)
{
    count++;
    return fail_at != 0 && (fail_on ? count >= fail_at : count == fail_at);
}

static void *give(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : malloc(size);
}

static void *give_more(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : realloc(old, size);
}

static void take(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* What a call works on, made while there is memory. */
typedef struct world_t {
    const char *token;
    const sso_jwks_t *set;
    const sso_jwk_t *key;
    const char *text;
    const sso_json_t *object;
    sso_jwk_side_t side;
    sso_sealer_t *sealer;
    sso_keyring_t *ring;
    sso_jwt_t jwt;
} world_t;

typedef sso_rc_t call_fn(world_t *world);

/* Runs a call with the n-th allocation refused, or all from the n-th on, for every n (for some, where there are many);
 * after each, once more with memory. */
static void starve(call_fn *call, world_t *world, int may_succeed)
{
    sso_err_clear(&err);
    count = 0;
    assert_int_equal(call(world) == SSO_OK, may_succeed);
    const long all = count, step = all / POINTS_MAX + 1;
    for (long n = 1; n <= 2 * all; n += step) {
        sso_err_clear(&err);
        count = 0;
        fail_on = n > all;
        fail_at = fail_on ? n - all : n;
        sso_rc_t rc = call(world);
        fail_at = 0;
        assert_true(rc == SSO_OK ? may_succeed : err.rc == rc && *err.reason);
        sso_err_clear(&err);
        if ((call(world) == SSO_OK) != may_succeed)
            fail_msg("after allocation %ld of %ld: %s %s", n, all, err.reason, err.detail);
    }
}

static sso_rc_t call_verify(world_t *world)
{
    sso_jws_parsed_t parsed;
    sso_jws_t jws;
    SSO_TRY(sso_jws_parse(unit_pool, world->token, &parsed, &err));
    return sso_jws_verify(unit_pool, &parsed, world->set, sso_alg_default_set() | sso_alg_hmac_set(), &jws, &err);
}

static void a_signature_is_verified_or_refused(void **state)
{
    static const struct {
        const char *alg;
        const char *pub;
        const char *priv;
    } rows[] = {
        {"RS256", RSA_PUB, RSA_PRIV},       {"PS384", RSA_PUB, RSA_PRIV},         {"ES256", P256_PUB, P256_PRIV},
        {"ES512", P521_PUB, P521_PRIV},     {"EdDSA", ED25519_PUB, ED25519_PRIV},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const sso_jwk_t *key = kit_key(apr_pstrcat(unit_pool, rows[i].pub, rows[i].priv, NULL));
        world_t world = {.token = kit_sign(key, rows[i].alg, NULL, "{}"), .set = kit_set(rows[i].pub, NULL)};
        starve(call_verify, &world, 1);
        const char *other = kit_sign(key, rows[i].alg, NULL, "{\"sub\":\"x\"}");
        world.token = apr_pstrcat(unit_pool, apr_pstrmemdup(unit_pool, world.token,
                                                            (apr_size_t)(strrchr(world.token, '.') - world.token)),
                                  strrchr(other, '.'), NULL);
        starve(call_verify, &world, 0);
    }
}

static void a_mac_is_verified_or_refused(void **state)
{
    (void)state;
    world_t world = {.token = kit_sign(kit_secret(64), "HS512", NULL, "{}"),
                     .set = sso_jwks_of(unit_pool, kit_secret(64))};
    starve(call_verify, &world, 1);
    world.set = sso_jwks_of(unit_pool, kit_secret(65));
    starve(call_verify, &world, 0);
}

static sso_rc_t call_sign(world_t *world)
{
    char *text = NULL;
    const sso_alg_t *alg = sso_alg_find(world->text);
    SSO_TRY(sso_jws_sign(unit_pool, world->key, alg, NULL, NULL, "{}", 2, &text, &err));
    assert_non_null(text);
    return SSO_OK;
}

static void a_token_is_signed_or_not(void **state)
{
    (void)state;
    world_t world = {.key = kit_key(P256_PUB P256_PRIV), .text = "ES256"};
    starve(call_sign, &world, 1);
    world = (world_t){.key = kit_key(RSA_PUB RSA_PRIV), .text = "PS256"};
    starve(call_sign, &world, 1);
    world = (world_t){.key = kit_secret(32), .text = "HS256"};
    starve(call_sign, &world, 1);
}

static const sso_json_t *parse_members(const char *members)
{
    const char *text = apr_pstrcat(unit_pool, "{", members, "}", NULL);
    const sso_json_t *object = NULL;
    unit_assert_ok(sso_json_parse_object(unit_pool, text, strlen(text), 65536, &object, &err));
    return object;
}

static sso_rc_t call_key(world_t *world)
{
    const sso_jwk_t *key = NULL;
    char *text;
    SSO_TRY(sso_jwk_from_json(unit_pool, world->object, world->side, &key, &err));
    SSO_TRY(sso_jwk_thumbprint(unit_pool, key, &text, &err));
    assert_int_equal(strlen(text), 43);
    SSO_TRY(sso_jwk_public_text(unit_pool, key, "k", NULL, &text, &err));
    assert_null(strstr(text, "\"d\""));
    return SSO_OK;
}

static void a_key_is_read_or_refused(void **state)
{
    static const char *const rows[] = {RSA_PUB RSA_PRIV, P256_PUB P256_PRIV, ED25519_PUB ED25519_PRIV, RSA_PUB,
                                       P384_PUB,         ED448_PUB};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_t world = {.side = i < 3 ? SSO_JWK_FOR_OURSELVES : SSO_JWK_FOR_PROVIDER,
                         .object = parse_members(rows[i])};
        starve(call_key, &world, 1);
    }
}

static sso_rc_t call_pem(world_t *world)
{
    const sso_jwk_t *key = NULL;
    return sso_jwk_from_pem(unit_pool, world->text, strlen(world->text), NULL, &key, &err);
}

static void a_pem_file_is_read_or_refused(void **state)
{
    static const char *const rows[] = {PEM_RSA, PEM_P256, PEM_ED25519, PEM_EC_WITH_PARAMETERS};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_t world = {.text = rows[i]};
        starve(call_pem, &world, 1);
    }
}

/* A key of its own each time: OpenSSL keeps a blinding in an RSA key that a lack of memory spoils for 32 uses. */
static sso_rc_t call_decrypt(world_t *world)
{
    const sso_jwk_t *key = NULL;
    const char *plain = NULL;
    apr_size_t len = 0;
    SSO_TRY(sso_jwk_from_json(unit_pool, world->object, SSO_JWK_FOR_OURSELVES, &key, &err));
    SSO_TRY(sso_jwe_decrypt(unit_pool, world->token, key, &plain, &len, &err));
    assert_string_equal(plain, "plain text");
    return SSO_OK;
}

static void a_token_is_decrypted_or_refused(void **state)
{
    static const char *const rows[] = {JWE_RSA_OAEP_GCM, JWE_RSA_OAEP_CBC, JWE_ECDH_GCM, JWE_ECDH_WRAPPED};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_t world = {.token = rows[i],
                         .object = parse_members(i < 2 ? RSA_PUB RSA_PRIV : P256_PUB P256_PRIV)};
        starve(call_decrypt, &world, 1);
        world.object = parse_members(P256B_PUB P256B_PRIV);
        starve(call_decrypt, &world, 0);
    }
}

static sso_rc_t call_open(world_t *world)
{
    unsigned char *plain = NULL;
    apr_size_t len = 0;
    sso_sealer_t *sealer = NULL;
    SSO_TRY(sso_sealer_create(unit_pool, world->ring, &sealer, &err));
    SSO_TRY(sso_seal_open(sealer, unit_pool, UNIT_NOW, SSO_SEAL_SESSION, "ctx", 3, world->text, strlen(world->text),
                          &plain, &len, NULL, &err));
    assert_string_equal((char *)plain, "plain");
    return SSO_OK;
}

/* One sealer for all: a context that could not be keyed is not used later. */
static sso_rc_t call_seal(world_t *world)
{
    static int purpose;
    sso_env_t env = unit_env();
    char *text = NULL;
    unsigned char *plain = NULL;
    apr_size_t len = 0;
    purpose = (purpose + 1) % SSO_SEAL_PURPOSES;
    SSO_TRY(sso_seal(world->sealer, &env, (sso_seal_purpose_t)purpose, "ctx", 3, "plain", 5, &text, &err));
    SSO_TRY(sso_seal_open(world->sealer, unit_pool, UNIT_NOW, (sso_seal_purpose_t)purpose, "ctx", 3, text,
                          strlen(text), &plain, &len, NULL, &err));
    assert_string_equal((char *)plain, "plain");
    return SSO_OK;
}

static sso_rc_t call_ring(world_t *world)
{
    sso_keyring_t *ring = NULL;
    unsigned char out[SSO_DERIVED_LEN];
    SSO_TRY(sso_keyring_parse(unit_pool, world->text, strlen(world->text), &ring, &err));
    return sso_keyring_derive(ring, 0, "label", "info", 4, out, &err);
}

static void a_box_is_sealed_and_opened_or_not(void **state)
{
    (void)state;
    sso_env_t env = unit_env();
    world_t world = {.text = ring_text};
    char *text = NULL;
    starve(call_ring, &world, 1);
    unit_assert_ok(sso_keyring_parse(unit_pool, ring_text, strlen(ring_text), &world.ring, &err));
    unit_assert_ok(sso_sealer_create(unit_pool, world.ring, &world.sealer, &err));
    unit_assert_ok(sso_seal(world.sealer, &env, SSO_SEAL_SESSION, "ctx", 3, "plain", 5, &text, &err));
    world.text = text;
    starve(call_open, &world, 1);
    text[strlen(text) - 3] ^= 1;
    starve(call_open, &world, 0);
    starve(call_seal, &world, 1);
}

static sso_rc_t call_hash(world_t *world)
{
    const char *claim = world->text;
    if (!sso_jwt_half_hash_matches(&world->jwt, "token", claim))
        return sso_err_set(&err, SSO_E_MISMATCH, "idt-at-hash", "no match");
    return SSO_OK;
}

static void a_half_hash_matches_or_not(void **state)
{
    (void)state;
    world_t world = {.text = "Cm6hANx1qgPTYYSWu3KFaieklEAsPkh3", .jwt = {.alg = sso_alg_find("RS384")}};
    starve(call_hash, &world, 1);
    world = (world_t){.text = "ZpsVsPHyCxw-L854tH1BSHo_uyeotZeU9GcDngReCYbbGANfhQ0WKs70DNeb3r5aEWB26f_H-CGq",
                      .jwt = {.alg = sso_alg_find("EdDSA"), .crv = "Ed448"}};
    starve(call_hash, &world, 1);
}

int main(void)
{
    const struct CMUnitTest memory_tests[] = {
        unit_test(a_signature_is_verified_or_refused), unit_test(a_mac_is_verified_or_refused),
        unit_test(a_token_is_signed_or_not),           unit_test(a_key_is_read_or_refused),
        unit_test(a_pem_file_is_read_or_refused),      unit_test(a_token_is_decrypted_or_refused),
        unit_test(a_box_is_sealed_and_opened_or_not),  unit_test(a_half_hash_matches_or_not),
    };
    if (!CRYPTO_set_mem_functions(give, give_more, take))
        return 1;
    return unit_run(memory_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes. Opening one is the hot path of every request with a session: one pool allocation, one base64url
 * decoding, one AES-GCM pass in place under a context that was keyed before. */
#include "jose/seal.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/b64.h"
#include "base/text.h"
#include "jose/ossl.h"

#define BOX_VERSION    1
#define HMAC_BLOCK_MAX 128 /* of SHA-512 */
#define KEY_LEN        32
#define NONCE_LEN      12
#define TAG_LEN        16
#define HEAD_LEN       (1 + SSO_KEY_ID_LEN + 2) /* what is authenticated in the clear */
#define BODY_AT        (HEAD_LEN + NONCE_LEN)
#define CONTEXT_MAX    8192
#define CONTEXT_SHORT  512
#define KEYFILE_MAX    (64 * 1024)
#define DISTINCT_MIN   16 /* of 32 random bytes fewer than 16 differ once in 10^13 keys */

/* HMAC under a key's HKDF-Extract (RFC 5869 2.2, no salt), both halves as far as the key goes (RFC 2104 4): to be
 * copied, read by all threads. Copying an EVP_MAC_CTX costs several times as much, EVP_KDF ten times. */
typedef struct prk_t {
    EVP_MD_CTX *inner, *outer;
} prk_t;

typedef struct ring_key_t {
    unsigned char bytes[KEY_LEN];
    prk_t for_boxes;  /* SHA-256 */
    prk_t for_others; /* SHA-512: sso_keyring_derive */
    unsigned char id[SSO_KEY_ID_LEN];
    char hex[2 * SSO_KEY_ID_LEN + 1];
} ring_key_t;

struct sso_keyring_t {
    int size;
    ring_key_t keys[SSO_KEYRING_MAX];
};

/* A cipher context keyed for one (direction, purpose, key, day). */
#define SLOTS     16
#define SLOT_FREE 0xFFFFFFFFU
typedef struct slot_t {
    apr_uint32_t tag;
    apr_uint64_t used; /* clock of the last use that was authentic */
    EVP_CIPHER_CTX *ctx;
} slot_t;

struct sso_sealer_t {
    const sso_keyring_t *ring;
    const sso_crypto_algs_t *algs;
    apr_uint64_t clock;
    slot_t slots[SLOTS];
};

/* Part of the format: never change one, never give one to another purpose. */
static const struct {
    const char *text;
    apr_size_t len; /* with the NUL, which ends the label in the additional data */
} labels[SSO_SEAL_PURPOSES] = {
#define LABEL(s)                                                                                                       \
    {                                                                                                                  \
        s, sizeof(s)                                                                                                   \
    }
    [SSO_SEAL_SESSION] = LABEL("session"), [SSO_SEAL_SESSION_REF] = LABEL("session-ref"),
    [SSO_SEAL_IDLE] = LABEL("idle"),       [SSO_SEAL_LOGIN] = LABEL("login"),
    [SSO_SEAL_STATE] = LABEL("state"),     [SSO_SEAL_RETURN] = LABEL("return"),
    [SSO_SEAL_HINT] = LABEL("hint"),       [SSO_SEAL_CACHE] = LABEL("cache"),
    [SSO_SEAL_LOGOUT] = LABEL("logout"),   [SSO_SEAL_MARKER] = LABEL("marker"),
    [SSO_SEAL_REVOKED] = LABEL("revoked"),
};

/* ---- the ring ---- */

/* Keys that stand in documents or test suites people copy from. */
static const unsigned char published[][KEY_LEN] = {
    /* OpenMetadata's sample Fernet key */
    {0x8c, 0x9f, 0xfd, 0xb3, 0x3d, 0x20, 0xd0, 0xe1, 0xf1, 0xb1, 0xfc, 0x4e, 0xa1, 0x27, 0xdd, 0x15,
     0xd9, 0xa4, 0xdf, 0x2b, 0x0d, 0x98, 0xf4, 0x67, 0x1f, 0x74, 0xd4, 0x01, 0xbc, 0xf7, 0x20, 0x70},
};

/* NULL, or why the key cannot have come from a random generator. */
static const char *find_weakness(const unsigned char *key)
{
    unsigned char seen[256] = {0};
    int distinct = 0, run = 1, printable = 1;
    for (int i = 0; i < KEY_LEN; i++) {
        distinct += !seen[key[i]];
        seen[key[i]] = 1;
        printable &= apr_isprint(key[i]) != 0;
        if (i > 1)
            run &= (unsigned char)(key[i] - key[i - 1]) == (unsigned char)(key[1] - key[0]);
    }
    if (run)
        return "its bytes are all equal or count up or down";
    if (printable)
        return "it is text, not random bytes";
    if (distinct < DISTINCT_MIN)
        return "its bytes repeat";
    for (unsigned i = 0; i < sizeof(published) / KEY_LEN; i++)
        if (memcmp(key, published[i], KEY_LEN) == 0)
            return "it is printed in public documents";
    return NULL;
}

static void free_prk(prk_t *prk)
{
    EVP_MD_CTX_free(prk->inner);
    EVP_MD_CTX_free(prk->outer);
    prk->inner = prk->outer = NULL;
}

static void free_prks(ring_key_t *key)
{
    free_prk(&key->for_boxes);
    free_prk(&key->for_others);
}

static apr_status_t cleanse_ring(void *data)
{
    sso_keyring_t *ring = data;
    for (int i = 0; i < ring->size; i++)
        free_prks(&ring->keys[i]);
    sso_crypto_cleanse(ring, sizeof(*ring));
    return APR_SUCCESS;
}

/* One half of an HMAC (RFC 2104 2), begun with a key that is shorter than a block. */
static EVP_MD_CTX *begin_half(sso_hash_t hash, const unsigned char *key, apr_size_t len, unsigned char pad)
{
    unsigned char block[HMAC_BLOCK_MAX];
    const apr_size_t size = hash == SSO_HASH_SHA256 ? 64 : HMAC_BLOCK_MAX;
    for (apr_size_t i = 0; i < size; i++)
        block[i] = (unsigned char)((i < len ? key[i] : 0) ^ pad);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx && (!EVP_DigestInit_ex2(ctx, sso_crypto_algs()->md[hash], NULL) || !EVP_DigestUpdate(ctx, block, size))) {
        EVP_MD_CTX_free(ctx);
        ctx = NULL;
    }
    sso_crypto_cleanse(block, sizeof(block));
    return ctx;
}

static sso_rc_t extract(const unsigned char *bytes, sso_hash_t hash, prk_t *prk, sso_err_t *err)
{
    static const unsigned char no_salt[SSO_HASH_MAX];
    unsigned char key[SSO_HASH_MAX];
    apr_size_t n;
    SSO_TRY(sso_crypto_hmac(hash, no_salt, sso_crypto_hash_len(hash), bytes, KEY_LEN, key, &n, err));
    prk->inner = begin_half(hash, key, n, 0x36);
    prk->outer = begin_half(hash, key, n, 0x5c);
    sso_crypto_cleanse(key, sizeof(key));
    return prk->inner && prk->outer ? SSO_OK : sso_crypto_fail(err, "keying HMAC");
}

typedef struct part_t {
    const void *bytes;
    apr_size_t len;
} part_t;

/* The first block of HKDF-Expand (RFC 5869 2.3): as much as the hash gives, which is all we need. */
static sso_rc_t expand(const prk_t *prk, const part_t *info, int parts, unsigned char *out, sso_err_t *err)
{
    static const unsigned char first_block = 1;
    SSO_AUTO(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned n = 0;
    int ok = ctx && EVP_MD_CTX_copy_ex(ctx, prk->inner);
    for (int i = 0; ok && i < parts; i++)
        ok = EVP_DigestUpdate(ctx, info[i].bytes, info[i].len);
    if (!ok || !EVP_DigestUpdate(ctx, &first_block, 1) || !EVP_DigestFinal_ex(ctx, out, &n) ||
        !EVP_MD_CTX_copy_ex(ctx, prk->outer) || !EVP_DigestUpdate(ctx, out, n) || !EVP_DigestFinal_ex(ctx, out, &n))
        return sso_crypto_fail(err, "HKDF");
    return SSO_OK;
}

static sso_rc_t add_key(sso_keyring_t *ring, const unsigned char *bytes, int line, sso_err_t *err)
{
    static const char info[] = "mod_sso_oidc key id v1";
    const char *weakness = find_weakness(bytes);
    if (weakness)
        return sso_err_set(err, SSO_E_CONFIG, "keyfile-weak", "line %d: this key may not be used: %s", line, weakness);
    if (ring->size == SSO_KEYRING_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "keyfile-too-many", "line %d: more than %d keys", line, SSO_KEYRING_MAX);
    ring_key_t *key = &ring->keys[ring->size];
    memcpy(key->bytes, bytes, KEY_LEN);
    SSO_TRY(sso_crypto_hkdf(bytes, KEY_LEN, NULL, 0, info, sizeof(info) - 1, key->id, SSO_KEY_ID_LEN, err));
    apr_snprintf(key->hex, sizeof(key->hex), "%02x%02x%02x%02x", key->id[0], key->id[1], key->id[2], key->id[3]);
    for (int i = 0; i < ring->size; i++)
        if (memcmp(ring->keys[i].id, key->id, SSO_KEY_ID_LEN) == 0)
            return sso_err_set(err, SSO_E_CONFIG, "keyfile-duplicate", "line %d: the same key as key %d of this file",
                               line, i + 1);
    sso_rc_t rc = extract(bytes, SSO_HASH_SHA256, &key->for_boxes, err);
    if (rc == SSO_OK)
        rc = extract(bytes, SSO_HASH_SHA512, &key->for_others, err);
    if (rc != SSO_OK) {
        free_prks(key);
        return rc;
    }
    ring->size++;
    return SSO_OK;
}

static sso_rc_t read_line(apr_pool_t *pool, sso_keyring_t *ring, const char *text, apr_size_t len, int line,
                          sso_err_t *err)
{
    while (len && apr_isspace(text[len - 1]))
        len--;
    while (len && apr_isspace(*text)) {
        text++;
        len--;
    }
    if (!len || *text == '#')
        return SSO_OK;
    unsigned char *bytes;
    apr_size_t n;
    if (sso_b64_decode_pool(pool, text, len, &bytes, &n, NULL) != SSO_OK)
        return sso_err_set(err, SSO_E_SYNTAX, "keyfile-syntax",
                           "line %d: not base64 (standard alphabet with padding, one key a line)", line);
    sso_rc_t rc = n == KEY_LEN
                      ? add_key(ring, bytes, line, err)
                      : sso_err_set(err, SSO_E_CONFIG, "keyfile-length",
                                    "line %d: a key is %d bytes, this one has %" APR_SIZE_T_FMT, line, KEY_LEN, n);
    sso_crypto_cleanse(bytes, n);
    return rc;
}

sso_rc_t sso_keyring_parse(apr_pool_t *pool, const char *text, apr_size_t len, sso_keyring_t **ret_ring, sso_err_t *err)
{
    if (len > KEYFILE_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "keyfile-syntax", "the file is larger than %d bytes", KEYFILE_MAX);
    sso_keyring_t *ring = apr_pcalloc(pool, sizeof(*ring));
    apr_pool_cleanup_register(pool, ring, cleanse_ring, apr_pool_cleanup_null);
    int line = 0;
    for (apr_size_t at = 0; at < len;) {
        const char *nl = memchr(text + at, '\n', len - at);
        apr_size_t n = nl ? (apr_size_t)(nl - (text + at)) : len - at;
        SSO_TRY(read_line(pool, ring, text + at, n, ++line, err));
        at += n + 1;
    }
    if (!ring->size)
        return sso_err_set(err, SSO_E_CONFIG, "keyfile-empty", "the file holds no key");
    *ret_ring = ring;
    return SSO_OK;
}

sso_rc_t sso_keyring_generate_line(const sso_env_t *env, char **ret_line, sso_err_t *err)
{
    unsigned char key[KEY_LEN];
    SSO_TRY(sso_env_random(env, key, sizeof(key), err));
    *ret_line = apr_pstrcat(env->pool, sso_b64_string(env->pool, key, sizeof(key)), "\n", NULL);
    sso_crypto_cleanse(key, sizeof(key));
    return SSO_OK;
}

int sso_keyring_size(const sso_keyring_t *ring)
{
    return ring->size;
}

const char *sso_keyring_id(const sso_keyring_t *ring, int i)
{
    return i >= 0 && i < ring->size ? ring->keys[i].hex : "";
}

sso_rc_t sso_keyring_derive(const sso_keyring_t *ring, int key_index, const char *label, const void *info,
                            apr_size_t info_len, unsigned char out[SSO_DERIVED_LEN], sso_err_t *err)
{
    static const char prefix[] = "mod_sso_oidc derive v2";
    apr_size_t label_len = strlen(label) + 1;
    if (key_index < 0 || key_index >= ring->size || label_len > 64)
        return sso_err_set(err, SSO_E_INTERNAL, "crypto", "no such key or label to derive from");
    /* The label ends with a NUL: no two (label, info) give the same text. */
    const part_t parts[] = {{prefix, sizeof(prefix)}, {label, label_len}, {info, info_len}};
    return expand(&ring->keys[key_index].for_others, parts, 3, out, err);
}

/* ---- the sealer ---- */

static apr_status_t destroy_sealer(void *data)
{
    sso_sealer_t *sealer = data;
    for (int i = 0; i < SLOTS; i++)
        EVP_CIPHER_CTX_free(sealer->slots[i].ctx);
    return APR_SUCCESS;
}

sso_rc_t sso_sealer_create(apr_pool_t *pool, const sso_keyring_t *ring, sso_sealer_t **ret_sealer, sso_err_t *err)
{
    const sso_crypto_algs_t *algs = sso_crypto_algs();
    if (!algs)
        return sso_crypto_fail(err, "fetching AES-256-GCM");
    sso_sealer_t *sealer = apr_pcalloc(pool, sizeof(*sealer));
    sealer->ring = ring;
    sealer->algs = algs;
    for (int i = 0; i < SLOTS; i++)
        sealer->slots[i].tag = SLOT_FREE;
    apr_pool_cleanup_register(pool, sealer, destroy_sealer, apr_pool_cleanup_null);
    *ret_sealer = sealer;
    return SSO_OK;
}

/* Keys a context for K = HKDF(file key, purpose, day). */
static sso_rc_t key_slot(const sso_sealer_t *sealer, slot_t *slot, int sealing, sso_seal_purpose_t purpose, int index,
                         unsigned day, sso_err_t *err)
{
    static const char prefix[] = "mod_sso_oidc box v1";
    const unsigned char day_bytes[] = {(unsigned char)(day >> 8), (unsigned char)day};
    const part_t info[] = {
        {prefix, sizeof(prefix) - 1}, {labels[purpose].text, labels[purpose].len - 1}, {day_bytes, 2}};
    unsigned char key[SSO_SHA256_LEN];
    slot->tag = SLOT_FREE;
    if (!slot->ctx && !(slot->ctx = EVP_CIPHER_CTX_new()))
        return sso_crypto_fail(err, "EVP_CIPHER_CTX_new");
    SSO_TRY(expand(&sealer->ring->keys[index].for_boxes, info, 3, key, err));
    int ok = EVP_CipherInit_ex2(slot->ctx, sealer->algs->aes256gcm, key, NULL, sealing, NULL);
    sso_crypto_cleanse(key, sizeof(key));
    return ok ? SSO_OK : sso_crypto_fail(err, "keying AES-256-GCM");
}

/* The context for these values: a kept one, or the least recently used one keyed anew. */
static sso_rc_t find_slot(sso_sealer_t *sealer, int sealing, sso_seal_purpose_t purpose, int index, unsigned day,
                          slot_t **ret_slot, sso_err_t *err)
{
    apr_uint32_t tag =
        ((apr_uint32_t)sealing << 31) | ((apr_uint32_t)purpose << 24) | ((apr_uint32_t)index << 16) | day;
    slot_t *oldest = &sealer->slots[0];
    for (int i = 0; i < SLOTS; i++) {
        slot_t *slot = &sealer->slots[i];
        if (slot->tag == tag) {
            *ret_slot = slot;
            return SSO_OK;
        }
        if (slot->used < oldest->used)
            oldest = slot;
    }
    /* Until the box proves authentic it stays first in line to be replaced: invented days cannot push out the rest. */
    oldest->used = 0;
    SSO_TRY(key_slot(sealer, oldest, sealing, purpose, index, day, err));
    oldest->tag = tag;
    *ret_slot = oldest;
    return SSO_OK;
}

/* Short contexts, as ours are, go in one piece: what OpenSSL spends on a call is more than the bytes cost. */
static int add_aad(EVP_CIPHER_CTX *ctx, int sealing, const unsigned char *head, sso_seal_purpose_t purpose,
                   const void *context, apr_size_t context_len)
{
    unsigned char first[HEAD_LEN + 32 + CONTEXT_SHORT];
    apr_size_t len = HEAD_LEN + labels[purpose].len;
    int n;
    memcpy(first, head, HEAD_LEN);
    memcpy(first + HEAD_LEN, labels[purpose].text, labels[purpose].len);
    if (context_len && context_len <= CONTEXT_SHORT) {
        memcpy(first + len, context, context_len);
        len += context_len;
        context_len = 0;
    }
    if (sealing)
        return EVP_EncryptUpdate(ctx, NULL, &n, first, (int)len) &&
               (!context_len || EVP_EncryptUpdate(ctx, NULL, &n, context, (int)context_len));
    return EVP_DecryptUpdate(ctx, NULL, &n, first, (int)len) &&
           (!context_len || EVP_DecryptUpdate(ctx, NULL, &n, context, (int)context_len));
}

sso_rc_t sso_seal(sso_sealer_t *sealer, const sso_env_t *env, sso_seal_purpose_t purpose, const void *context,
                  apr_size_t context_len, const void *plain, apr_size_t len, char **ret_text, sso_err_t *err)
{
    apr_time_t day = env->now / APR_USEC_PER_SEC / 86400;
    if (len > SSO_SEAL_PLAIN_MAX || context_len > CONTEXT_MAX)
        return sso_err_set(err, SSO_E_LIMIT, "box-too-large", "%" APR_SIZE_T_FMT " bytes to seal, at most %d", len,
                           SSO_SEAL_PLAIN_MAX);
    if (day < 0 || day > 0xFFFF || (unsigned)purpose >= SSO_SEAL_PURPOSES)
        return sso_err_set(err, SSO_E_INTERNAL, "crypto", "the clock or the purpose is out of range");
    slot_t *slot;
    SSO_TRY(find_slot(sealer, 1, purpose, 0, (unsigned)day, &slot, err));

    unsigned char *box = apr_palloc(env->pool, len + SSO_SEAL_OVERHEAD);
    box[0] = BOX_VERSION;
    memcpy(box + 1, sealer->ring->keys[0].id, SSO_KEY_ID_LEN);
    box[HEAD_LEN - 2] = (unsigned char)(day >> 8);
    box[HEAD_LEN - 1] = (unsigned char)day;
    SSO_TRY(sso_env_random(env, box + HEAD_LEN, NONCE_LEN, err));
    int n = 0, last = 0;
    if (!EVP_EncryptInit_ex2(slot->ctx, NULL, NULL, box + HEAD_LEN, NULL) ||
        !add_aad(slot->ctx, 1, box, purpose, context, context_len) ||
        (len && !EVP_EncryptUpdate(slot->ctx, box + BODY_AT, &n, plain, (int)len)) ||
        !EVP_EncryptFinal_ex(slot->ctx, box + BODY_AT + n, &last) || (apr_size_t)(n + last) != len ||
        EVP_CIPHER_CTX_ctrl(slot->ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, box + BODY_AT + len) != 1) {
        slot->tag = SLOT_FREE;
        return sso_crypto_fail(err, "sealing");
    }
    slot->used = ++sealer->clock;
    *ret_text = sso_b64url_string(env->pool, box, len + SSO_SEAL_OVERHEAD);
    return SSO_OK;
}

static int find_key(const sso_keyring_t *ring, const unsigned char *id)
{
    for (int i = 0; i < ring->size; i++)
        if (memcmp(ring->keys[i].id, id, SSO_KEY_ID_LEN) == 0)
            return i;
    return -1;
}

/* Decrypts in place and moves nothing: the plain bytes begin at box + BODY_AT. */
static int open_in_place(EVP_CIPHER_CTX *ctx, sso_seal_purpose_t purpose, const void *context, apr_size_t context_len,
                         unsigned char *box, apr_size_t len)
{
    unsigned char *body = box + BODY_AT;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, body + len, TAG_LEN),
        OSSL_PARAM_construct_end(),
    };
    int n = 0, last = 0;
    return EVP_DecryptInit_ex2(ctx, NULL, NULL, box + HEAD_LEN, params) &&
           add_aad(ctx, 0, box, purpose, context, context_len) &&
           (!len || EVP_DecryptUpdate(ctx, body, &n, body, (int)len)) &&
           EVP_DecryptFinal_ex(ctx, body + n, &last) > 0 && (apr_size_t)(n + last) == len;
}

sso_rc_t sso_seal_open(sso_sealer_t *sealer, apr_pool_t *pool, apr_time_t now, sso_seal_purpose_t purpose,
                       const void *context, apr_size_t context_len, const char *text, apr_size_t text_len,
                       unsigned char **ret_plain, apr_size_t *ret_len, int *ret_key_index, sso_err_t *err)
{
    if (context_len > CONTEXT_MAX || (unsigned)purpose >= SSO_SEAL_PURPOSES)
        return sso_err_set(err, SSO_E_INTERNAL, "crypto", "the context or the purpose is out of range");
    if (text_len < SSO_SEAL_TEXT_LEN(0) || text_len > SSO_SEAL_TEXT_LEN(SSO_SEAL_PLAIN_MAX))
        return sso_err_set(err, SSO_E_SYNTAX, "box-malformed", "%" APR_SIZE_T_FMT " characters cannot be a box",
                           text_len);
    unsigned char *box = apr_palloc(pool, SSO_B64_DECODED_MAX(text_len));
    apr_size_t box_len;
    if (sso_b64url_decode(box, &box_len, text, text_len, NULL) != SSO_OK || box_len < SSO_SEAL_OVERHEAD)
        return sso_err_set(err, SSO_E_SYNTAX, "box-malformed", "not base64url");
    if (box[0] != BOX_VERSION)
        return sso_err_set(err, SSO_E_SYNTAX, "box-malformed", "version %d, known is %d", box[0], BOX_VERSION);
    int index = find_key(sealer->ring, box + 1);
    if (index < 0)
        return sso_err_set(err, SSO_E_KEY, "box-unknown-key",
                           "sealed by key %02x%02x%02x%02x, which is not in our key file", box[1], box[2], box[3],
                           box[4]);
    unsigned day = (unsigned)box[HEAD_LEN - 2] << 8 | box[HEAD_LEN - 1];
    if ((apr_time_t)day > now / APR_USEC_PER_SEC / 86400 + 1)
        return sso_err_set(err, SSO_E_EXPIRED, "box-future", "sealed on a day after tomorrow: is a clock wrong?");

    slot_t *slot;
    SSO_TRY(find_slot(sealer, 0, purpose, index, day, &slot, err));
    apr_size_t len = box_len - SSO_SEAL_OVERHEAD;
    if (!open_in_place(slot->ctx, purpose, context, context_len, box, len)) {
        sso_crypto_cleanse(box + BODY_AT, len); /* what was decrypted is not authentic */
        ERR_clear_error();
        return sso_err_set(err, SSO_E_SIGNATURE, "box-tampered",
                           "changed on its way, or made for another cookie, site or client");
    }
    slot->used = ++sealer->clock;
    box[BODY_AT + len] = 0; /* the tag's place */
    *ret_plain = box + BODY_AT;
    *ret_len = len;
    if (ret_key_index)
        *ret_key_index = index;
    return SSO_OK;
}

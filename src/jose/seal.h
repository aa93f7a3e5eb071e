/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes: what we give to a browser or a shared cache and want back unread and unchanged (DESIGN §4).
 *
 *   box = version(1)=1 | key id(4) | day(2, big-endian, days since 1970 UTC) | nonce(12) | ciphertext | tag(16)
 *   as text: base64url(box)
 *
 * AES-256-GCM under K = HKDF-SHA256(file key, salt = none, info = "mod_sso_oidc box v1" | purpose label | day).
 * Additional data = the first 7 bytes | purpose label | 0 | the caller's context. The context says what the box is good
 * for (cookie name, scope, issuer, client id), so a box of one site is none at another.
 * A day's key keeps random nonces far from their birthday bound (NIST SP 800-38D 8.3).
 */
#ifndef SSO_JOSE_SEAL_H
#define SSO_JOSE_SEAL_H

#include <apr_pools.h>

#include "base/b64.h"
#include "base/env.h"
#include "base/err.h"

#define SSO_KEYRING_MAX    8
#define SSO_KEY_ID_LEN     4
#define SSO_SEAL_OVERHEAD  (1 + SSO_KEY_ID_LEN + 2 + 12 + 16)
#define SSO_SEAL_PLAIN_MAX (256 * 1024)
/* characters of a box with n bytes in it */
#define SSO_SEAL_TEXT_LEN(n) SSO_B64_ENCODED_LEN((n) + SSO_SEAL_OVERHEAD)

typedef enum {
    SSO_SEAL_SESSION,     /* the session record in the cookie */
    SSO_SEAL_SESSION_REF, /* the cookie that names a record in the cache */
    SSO_SEAL_IDLE,        /* the idle stamp */
    SSO_SEAL_LOGIN,       /* the browser secret of pending logins */
    SSO_SEAL_STATE,       /* the state parameter */
    SSO_SEAL_RETURN,      /* a long return path */
    SSO_SEAL_HINT,        /* the ID token kept for logout */
    SSO_SEAL_CACHE,       /* a record in SSOCache */
    SSO_SEAL_LOGOUT,      /* state of a logout at the provider */
    SSO_SEAL_MARKER,      /* the browser's powerless token of the bridge */
    SSO_SEAL_REVOKED,     /* what machines tell each other about ended sessions */
    SSO_SEAL_PURPOSES
} sso_seal_purpose_t;

/* The keys of SSOKeyFile: the first seals, all open. Read-only after it is made; shared by threads. */
typedef struct sso_keyring_t sso_keyring_t;

/* Parses a key file: one key of exactly 32 bytes a line, base64 (standard, padded); blank lines and lines that begin
 * with '#' are skipped; 1 to SSO_KEYRING_MAX keys, all different. The ring is cleansed with its pool.
 * Reasons: keyfile-syntax, keyfile-length, keyfile-empty, keyfile-duplicate, keyfile-weak (all bytes equal, a run,
 * text, fewer than 16 different bytes, or a key printed in public documents), keyfile-too-many. The detail names the
 * line, never the key. */
SSO_MUST_USE sso_rc_t sso_keyring_parse(apr_pool_t *pool, const char *text, apr_size_t len, sso_keyring_t **ret_ring,
                                        sso_err_t *err);
/* A fresh key as a line for a key file, with its newline. */
SSO_MUST_USE sso_rc_t sso_keyring_generate_line(const sso_env_t *env, char **ret_line, sso_err_t *err);
int sso_keyring_size(const sso_keyring_t *ring);
/* The public id of key i as 8 hex digits: for the log. Derived one-way from the key. */
const char *sso_keyring_id(const sso_keyring_t *ring, int i);

/* Keyed cipher contexts of one thread over one ring. Made by the glue once per thread; no locks, no malloc on reuse.
 * Destroyed with its pool. */
typedef struct sso_sealer_t sso_sealer_t;
SSO_MUST_USE sso_rc_t sso_sealer_create(apr_pool_t *pool, const sso_keyring_t *ring, sso_sealer_t **ret_sealer,
                                        sso_err_t *err);

/* Seals `len` bytes (at most SSO_SEAL_PLAIN_MAX, else box-too-large) into text in env->pool, with key 0 of the ring. */
SSO_MUST_USE sso_rc_t sso_seal(sso_sealer_t *sealer, const sso_env_t *env, sso_seal_purpose_t purpose,
                               const void *context, apr_size_t context_len, const void *plain, apr_size_t len,
                               char **ret_text, sso_err_t *err);
/* The hot path: opens `text` (not NUL-terminated) into memory of `pool`; the plain bytes have a NUL behind them that is
 * not counted. *ret_key_index (may be NULL) = index of the key in the ring. A box of a day after tomorrow is refused.
 * Reasons: box-malformed, box-unknown-key, box-future, box-tampered. */
SSO_MUST_USE sso_rc_t sso_seal_open(sso_sealer_t *sealer, apr_pool_t *pool, apr_time_t now, sso_seal_purpose_t purpose,
                                    const void *context, apr_size_t context_len, const char *text, apr_size_t text_len,
                                    unsigned char **ret_plain, apr_size_t *ret_len, int *ret_key_index, sso_err_t *err);

/* 64 bytes derived from key `key_index` for `label` and `info`: HKDF-SHA512. */
#define SSO_DERIVED_LEN 64
SSO_MUST_USE sso_rc_t sso_keyring_derive(const sso_keyring_t *ring, int key_index, const char *label, const void *info,
                                         apr_size_t info_len, unsigned char out[SSO_DERIVED_LEN], sso_err_t *err);

#endif

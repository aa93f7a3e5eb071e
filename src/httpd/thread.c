/* SPDX-License-Identifier: Apache-2.0 */
/* Thread-owned sealers: no lock and no key schedule on the way of a request. */
#include "httpd/thread.h"

#include <string.h>

#include <apr_thread_proc.h>

#include "jose/crypto.h"

#define AHEAD 1024

typedef struct thread_state_t {
    apr_pool_t *pool; /* of its own allocator: other threads never touch it */
    apr_array_header_t *sealers; /* sso_sealer_t*, by ring_index */
    sso_hasher_t *hasher;
    apr_size_t left; /* of the bytes below: those that nobody was given yet */
    unsigned char ahead[AHEAD];
} thread_state_t;

/* Set once in child_init, before any worker thread exists. */
static apr_threadkey_t *thread_key;
static unsigned char hash_key[SSO_HASHER_KEY_LEN];

static void destroy_state(void *data)
{
    thread_state_t *state = data;
    if (!state)
        return;
    sso_crypto_cleanse(state->ahead, sizeof(state->ahead));
    apr_pool_destroy(state->pool);
}

apr_status_t mod_sso_thread_child_init(apr_pool_t *pchild)
{
    if (sso_crypto_random(NULL, hash_key, sizeof(hash_key), NULL) != SSO_OK)
        return APR_EGENERAL;
    return apr_threadkey_private_create(&thread_key, destroy_state, pchild);
}

static thread_state_t *state_of_thread(void)
{
    void *data = NULL;
    if (!thread_key)
        return NULL; /* child_init failed: no session opens, nobody gets in */
    if (apr_threadkey_private_get(&data, thread_key) == APR_SUCCESS && data)
        return data;
    apr_pool_t *pool;
    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS)
        return NULL;
    apr_pool_tag(pool, "sso_thread");
    thread_state_t *state = apr_pcalloc(pool, sizeof(*state));
    state->pool = pool;
    state->sealers = apr_array_make(pool, 4, sizeof(sso_sealer_t *));
    if (apr_threadkey_private_set(state, thread_key) != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return NULL;
    }
    return state;
}

sso_rc_t mod_sso_thread_sealer(const mod_sso_site_t *site, sso_sealer_t **ret_sealer, sso_err_t *err)
{
    thread_state_t *state = state_of_thread();
    if (!state || !site->ring)
        return sso_err_set(err, SSO_E_INTERNAL, "no-sealer", "no memory or no keys for this thread");
    while (state->sealers->nelts <= site->ring_index)
        APR_ARRAY_PUSH(state->sealers, sso_sealer_t *) = NULL;
    sso_sealer_t **sealer = &APR_ARRAY_IDX(state->sealers, site->ring_index, sso_sealer_t *);
    if (!*sealer)
        SSO_TRY(sso_sealer_create(state->pool, site->ring, sealer, err));
    *ret_sealer = *sealer;
    return SSO_OK;
}

/* In the parent there is no thread key, so nothing that was drawn ahead is inherited by a fork. */
sso_rc_t mod_sso_thread_random(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err)
{
    thread_state_t *state = len <= AHEAD ? state_of_thread() : NULL;
    if (!state)
        return sso_crypto_random(baton, out, len, err);
    if (len > state->left) {
        state->left = 0;
        SSO_TRY(sso_crypto_random(baton, state->ahead, AHEAD, err));
        state->left = AHEAD;
    }
    state->left -= len;
    memcpy(out, state->ahead + state->left, len);
    memset(state->ahead + state->left, 0, len);
    return SSO_OK;
}

sso_rc_t mod_sso_thread_hash(const void *a, apr_size_t a_len, const void *b, apr_size_t b_len,
                             unsigned char out[SSO_HASHER_LEN], sso_err_t *err)
{
    thread_state_t *state = state_of_thread();
    if (!state)
        return sso_err_set(err, SSO_E_INTERNAL, "no-sealer", "no memory for this thread");
    if (!state->hasher)
        SSO_TRY(sso_hasher_create(state->pool, hash_key, &state->hasher, err));
    return sso_hasher_run(state->hasher, a, a_len, b, b_len, out, err);
}

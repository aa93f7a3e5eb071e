/* SPDX-License-Identifier: Apache-2.0 */
/* The revocation table of the process (revoke.h): one anonymous segment that is made once and found again by later
 * configurations, so that a graceful restart does not bring signed-out sessions back.
 *
 * Three tables in it, because they fill at different hands: anybody can make pending logins and sign them out, and must
 * not use up the room for sessions that end. */
#include "httpd/revoke.h"

#include <apr_strings.h>

#include "httpd/log.h"
#include "httpd/revoke_table.h"
#include "httpd/shm.h"
#include "jose/crypto.h"

#define LOGIN_SLOTS   16384u
#define JTI_SLOTS     16384u
#define SESSION_SLOTS 131072u

/* Names the layout as well: another version of this module makes a segment of its own. */
#define USERDATA_KEY "mod_sso_oidc-revoked-1-16384-16384-131072"

typedef struct tables_t {
    mod_sso_revoke_table_t *login;
    mod_sso_revoke_table_t *jti;
    mod_sso_revoke_table_t *session;
} tables_t;

/* Set before the fork and never after: the functions of revoke.h are asked on the hot path and have no handle. */
static tables_t tables;

static apr_size_t round_up(apr_size_t size)
{
    return (size + 63) & ~(apr_size_t)63;
}

static apr_status_t get_segment(process_rec *process, unsigned char **ret_base)
{
    apr_size_t login = round_up(mod_sso_revoke_table_size(LOGIN_SLOTS));
    apr_size_t jti = round_up(mod_sso_revoke_table_size(JTI_SLOTS));
    apr_size_t session = round_up(mod_sso_revoke_table_size(SESSION_SLOTS));
    apr_uint64_t salt[2];
    void *kept;
    int is_new;

    apr_status_t rv = mod_sso_shm_keep(process, USERDATA_KEY, login + jti + session, &kept, &is_new);
    if (rv != APR_SUCCESS)
        return rv;
    unsigned char *base = *ret_base = kept;
    if (!is_new)
        return APR_SUCCESS;
    if (sso_crypto_random(NULL, (unsigned char *)salt, sizeof(salt), NULL) != SSO_OK)
        return APR_EGENERAL; /* httpd ends */
    (void)mod_sso_revoke_table_init(base, LOGIN_SLOTS, salt);
    (void)mod_sso_revoke_table_init(base + login, JTI_SLOTS, salt);
    (void)mod_sso_revoke_table_init(base + login + jti, SESSION_SLOTS, salt);
    return APR_SUCCESS;
}

apr_status_t mod_sso_revoke_post_config(process_rec *process, server_rec *main_server)
{
    unsigned char *at;

    apr_status_t rv = get_segment(process, &at);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, main_server,
                     "SSO310: there is no shared memory for the table of ended sessions reason=revoke-memory");
        return rv;
    }
    tables.login = (mod_sso_revoke_table_t *)(void *)at;
    at += round_up(mod_sso_revoke_table_size(LOGIN_SLOTS));
    tables.jti = (mod_sso_revoke_table_t *)(void *)at;
    at += round_up(mod_sso_revoke_table_size(JTI_SLOTS));
    tables.session = (mod_sso_revoke_table_t *)(void *)at;
    return APR_SUCCESS;
}

static mod_sso_revoke_table_t *table_of(mod_sso_revoked_t kind)
{
    switch (kind) {
    case MOD_SSO_REVOKED_LOGIN:
        return tables.login;
    case MOD_SSO_REVOKED_JTI:
        return tables.jti;
    case MOD_SSO_REVOKED_SESSION:
    case MOD_SSO_REVOKED_SID:
    case MOD_SSO_REVOKED_SUB:
        break;
    }
    return tables.session;
}

/* Whole seconds in 32 bits, never earlier than asked for. */
static apr_uint32_t round_seconds(apr_time_t time, int up)
{
    if (time <= 0)
        return 0;
    apr_time_t seconds = time / APR_USEC_PER_SEC + (up && time % APR_USEC_PER_SEC != 0 ? 1 : 0);
    return seconds >= APR_UINT32_MAX ? APR_UINT32_MAX : (apr_uint32_t)seconds;
}

static sso_rc_t refuse_full(mod_sso_revoked_t kind, sso_err_t *err)
{
    return sso_err_set(err, SSO_E_LIMIT, "revoke-full", "the table of ended %s has no room left",
                       kind == MOD_SSO_REVOKED_LOGIN ? "logins"
                       : kind == MOD_SSO_REVOKED_JTI ? "tokens"
                                                     : "sessions");
}

sso_rc_t mod_sso_revoke_add(mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t cutoff, apr_time_t until,
                            apr_time_t now, sso_err_t *err)
{
    mod_sso_revoke_table_t *table = table_of(kind);

    if (table == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "revoke-absent", "the table of ended sessions was not made");
    if (mod_sso_revoke_table_add(table, kind, key, cutoff, round_seconds(until, 1), round_seconds(now, 0)) ==
        MOD_SSO_REVOKE_FULL)
        return refuse_full(kind, err);
    return SSO_OK;
}

sso_rc_t mod_sso_revoke_add_new(mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t until, apr_time_t now,
                                sso_err_t *err)
{
    mod_sso_revoke_table_t *table = table_of(kind);

    if (table == NULL)
        return sso_err_set(err, SSO_E_INTERNAL, "revoke-absent", "the table of ended sessions was not made");
    switch (mod_sso_revoke_table_add_new(table, kind, key, round_seconds(until, 1), round_seconds(now, 0))) {
    case MOD_SSO_REVOKE_ADDED:
        return SSO_OK;
    case MOD_SSO_REVOKE_SEEN:
        return sso_err_set(err, SSO_E_MISMATCH, "revoke-seen", "it was used before");
    case MOD_SSO_REVOKE_FULL:
        break;
    }
    return refuse_full(kind, err);
}

int mod_sso_revoke_has(mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t created, apr_time_t now)
{
    mod_sso_revoke_table_t *table = table_of(kind);
    return table != NULL && mod_sso_revoke_table_has(table, kind, key, created, round_seconds(now, 0));
}

void mod_sso_revoke_request(request_rec *r, mod_sso_revoked_t kind, const unsigned char key[16], apr_time_t until)
{
    sso_err_t err = SSO_ERR_INIT;
    if (mod_sso_revoke_add(kind, key, APR_INT64_MAX, until, r->request_time, &err) != SSO_OK)
        mod_sso_log_refusal(r, APLOG_ERR, "SSO211", "a logout cannot be remembered", &err);
}

mod_sso_revoke_view_t mod_sso_revoke_look(mod_sso_revoked_t kind)
{
    mod_sso_revoke_table_t *table = table_of(kind);
    mod_sso_revoke_view_t view = {mod_sso_revoke_table_count(table, round_seconds(apr_time_now(), 0)),
                                  mod_sso_revoke_table_slots(table)};
    return view;
}

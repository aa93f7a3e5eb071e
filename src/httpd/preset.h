/* SPDX-License-Identifier: Apache-2.0 */
/* SSOPreset: what is known of a provider beforehand, so that an operator needs to write only his own part of it. */
#ifndef MOD_SSO_PRESET_H
#define MOD_SSO_PRESET_H

#include "httpd/conf.h"

typedef struct mod_sso_preset_t {
    const char *name;
    const char *argument; /* what ARG is, for sentences: "SUBDOMAIN"; NULL: no argument */
    int optional;         /* ARG may be left out (the issuer then comes from SSOIssuer) */
    const char *example;  /* a whole line for sentences */
    const char *issuer;   /* with one %s for ARG; NULL: SSOIssuer must say it */
    const char *suffix;   /* a full host given as ARG has this end, which is cut off; NULL: none */
    const char *scope;    /* NULL: the common default */
    int needs_secret;     /* the provider knows no public client for this flow */
    int no_offline;       /* offline_access makes an error there */
    int no_hybrid;        /* "code id_token" is not offered */
    int tenants;          /* ARG may be a list of tenants, all of whose people may sign in */
    int audience_by_azp;  /* sso_client_t has it, and groups_delimiter */
    char groups_delimiter;
    const char *logout_path; /* sso_provider_settings_t has it, and logout_no_hint */
    const char *logout_no_hint;
} mod_sso_preset_t;

/* NULL when there is none of this name. */
const mod_sso_preset_t *mod_sso_preset_find(const char *name);
/* "onelogin, auth0, …" */
char *mod_sso_preset_names(apr_pool_t *pool);
/* The issuer of a preset with its argument; NULL and a sentence without the directive's name when that cannot be. */
const char *mod_sso_preset_issuer(apr_pool_t *pool, const mod_sso_preset_t *preset, const char *arg,
                                  const char **ret_error);
/* The issuer of one tenant made out of that of many, ".../organizations/v2.0": what their metadata says. NULL when it
 * does not look like that. */
const char *mod_sso_preset_tenant_issuer(apr_pool_t *pool, const char *issuer);
/* Of `SSOPreset entra ARG…` with several arguments: whose metadata it is ("common", "organizations"), and the tenants
 * in lower case (char*). NULL and a sentence when one of them is no tenant id. */
const char *mod_sso_preset_tenants(apr_pool_t *pool, const apr_array_header_t *args, apr_array_header_t **ret_tenants,
                                   const char **ret_error);

#endif

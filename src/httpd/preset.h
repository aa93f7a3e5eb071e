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
} mod_sso_preset_t;

/* NULL when there is none of this name. */
const mod_sso_preset_t *mod_sso_preset_find(const char *name);
/* "onelogin, auth0, …" */
char *mod_sso_preset_names(apr_pool_t *pool);
/* The issuer of a preset with its argument; NULL and a sentence without the directive's name when that cannot be. */
const char *mod_sso_preset_issuer(apr_pool_t *pool, const mod_sso_preset_t *preset, const char *arg,
                                  const char **ret_error);

#endif

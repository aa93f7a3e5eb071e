/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that we make for the application behind us (SSOPassToken minted): a JWT of the session's claims, signed with
 * our own key, so that the application need not know the provider, its algorithms or its lifetimes.
 *
 * What such a token may say is narrow on purpose. Its names are ours: nothing of the provider gets in under a name that
 * the operator has not written down, and some names never do, because an application gives them power (OpenMetadata
 * reads claims without regard to case: sessionId, isBot, tokenType, impersonatedUser). */
#ifndef SSO_OIDC_MINT_H
#define SSO_OIDC_MINT_H

#include "base/env.h"
#include "jose/jwk.h"
#include "oidc/session.h"

#define SSO_MINT_BODY_MAX (8 * 1024)
#define SSO_MINT_LIFETIME 300

/* A key that signs, and the id that the application finds its public half by. */
typedef struct sso_mint_key_t {
    const sso_jwk_t *key;
    const char *kid;
} sso_mint_key_t;

/* SSOMintClaim NAME CLAIM */
typedef struct sso_mint_claim_t {
    const char *name;  /* in the token */
    const char *claim; /* of the session */
} sso_mint_claim_t;

typedef struct sso_mint_rule_t {
    const char *issuer;
    const apr_array_header_t *audiences; /* char*, at least one */
    const apr_array_header_t *claims;    /* sso_mint_claim_t, NULL: only the usual ones */
    int lifetime;                        /* seconds */
} sso_mint_rule_t;

/* Reads the private RSA key. The id is our prefix and the RFC 7638 thumbprint: it cannot be one of the provider's, nor
 * one that the application uses itself. Reasons: mint-key (not RSA, or no private half), and those of
 * sso_jwk_from_pem. */
SSO_MUST_USE sso_rc_t sso_mint_key_parse(apr_pool_t *pool, const char *pem, apr_size_t len, sso_mint_key_t *ret_key,
                                         sso_err_t *err);
/* The public half, for the JWKS. */
SSO_MUST_USE sso_rc_t sso_mint_key_text(apr_pool_t *pool, const sso_mint_key_t *key, char **ret_text, sso_err_t *err);

/* NULL when SSOMintClaim may set a claim of this name, else half a sentence that says why not. */
const char *sso_mint_refuses(const char *name);
/* 1 when both names would be one claim to an application that reads names without regard to case. */
int sso_mint_same_name(const char *a, const char *b);

/* Everything of a token that does not change with time: the members of the object, without braces. Two sessions of one
 * person give the same text.
 *   sub                 local part of the address, lower case; or the claim named for it
 *   email               lower case; only when email_verified is true or absent, and plain ASCII (an application that
 *                       lowers U+212A to "k" would take one person for another)
 *   preferred_username  the address; or the claim named for it
 *   name                the display name; or the claim named for it
 * Reasons: mint-audience (none), mint-user (no usable address and no claim for sub), mint-too-large. */
SSO_MUST_USE sso_rc_t sso_mint_body(apr_pool_t *pool, const sso_session_t *session, const sso_mint_rule_t *rule,
                                    const char **ret_body, sso_err_t *err);
/* The same person for somebody to look at: *ret_email NULL where there is none that may stand for him; *ret_name the
 * display name, else the user's. Reason mint-user. */
SSO_MUST_USE sso_rc_t sso_mint_person(apr_pool_t *pool, const sso_session_t *session, const sso_mint_rule_t *rule,
                                      const char **ret_email, const char **ret_name, sso_err_t *err);
/* When a token made now ends: after the rule's lifetime, never later than the session. Whole seconds. */
apr_time_t sso_mint_expires(const sso_session_t *session, const sso_mint_rule_t *rule, apr_time_t now);
/* The token (RS256) with iat, exp and a random jti. Reasons: mint-expired (less than a second is left), those of
 * sso_jws_sign. */
SSO_MUST_USE sso_rc_t sso_mint_sign(const sso_env_t *env, const sso_mint_key_t *key, const char *body,
                                    apr_time_t expires, const char **ret_token, sso_err_t *err);

#endif

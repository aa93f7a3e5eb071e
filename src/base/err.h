/* SPDX-License-Identifier: Apache-2.0 */
/* Results and errors of the core.
 *
 * Every function of the core that can fail returns sso_rc_t (a compiler warning when ignored) and takes
 * `sso_err_t *err` last. The callee that notices the failure fills err once; whoever passes it up leaves it
 * alone: the deepest cause wins. The core never logs; src/httpd logs an error once, where it is answered.
 * A `ret_` parameter is untouched on failure and always set on success.
 */
#ifndef SSO_BASE_ERR_H
#define SSO_BASE_ERR_H

#define SSO_MUST_USE __attribute__((warn_unused_result))

/* The class of a failure. Tests assert the class and the slug; the glue maps the stage, not the class, to a status. */
typedef enum {
    SSO_OK = 0,
    SSO_E_SYNTAX,    /* bytes that are not what they claim to be */
    SSO_E_LIMIT,     /* longer, deeper or more than our limit */
    SSO_E_ABSENT,    /* something required is missing, or a looked-up thing is not there */
    SSO_E_MISMATCH,  /* well-formed, but not the value it has to be */
    SSO_E_EXPIRED,   /* outside its time window, either side */
    SSO_E_SIGNATURE, /* a signature, MAC or AEAD tag does not verify */
    SSO_E_KEY,       /* no usable key, unknown key id */
    SSO_E_UNSUPPORTED, /* known to the standard, refused or not offered here */
    SSO_E_DENIED,    /* the provider or a rule says no */
    SSO_E_PROVIDER,  /* the provider answered with an error of its own */
    SSO_E_FETCH,     /* the provider could not be reached */
    SSO_E_TIMEOUT,   /* the provider did not answer in time */
    SSO_E_BUSY,      /* our own bulkhead is full */
    SSO_E_CONFIG,    /* the operator has to change something */
    SSO_E_INTERNAL   /* everything else; always denies */
} sso_rc_t;

#define SSO_ERR_DETAIL_MAX 320

/* Filled once by the callee that failed. `reason` is a constant slug ([a-z0-9-]+) that appears as reason= in the
 * log and in the docs. `detail` is for the operator: already free of control characters and of secrets. */
typedef struct sso_err_t {
    sso_rc_t rc;
    const char *reason;
    char detail[SSO_ERR_DETAIL_MAX];
    const char *file;
    int line;
} sso_err_t;

#define SSO_ERR_INIT {SSO_OK, "", {0}, "", 0}

/* Sets *err unless it is set already (or NULL) and returns rc. `fmt` values that come from outside are cleaned: every
 * byte outside 0x20-0x7e becomes '?'. Never pass a token, code, secret or cookie value. */
sso_rc_t sso_err_set_at(sso_err_t *err, sso_rc_t rc, const char *reason, const char *file, int line, const char *fmt,
                        ...) __attribute__((format(printf, 6, 7)));
#define sso_err_set(err, rc, reason, ...) sso_err_set_at((err), (rc), (reason), __FILE__, __LINE__, __VA_ARGS__)
/* Blanks out of the detail what somebody else repeated of a secret of ours: all of it, or its beginning where the text
 * was cut. Providers quote codes and tokens in their error descriptions. NULL and less than 4 bytes are passed over. */
void sso_err_hide(sso_err_t *err, const char *secret);

/* ./dev lint looks at one file at a time and would not know that a failure is never SSO_OK. */
#if defined(__clang_analyzer__) || defined(SSO_LINT)
#undef sso_err_set
#define sso_err_set(err, rc, reason, ...)                                                               \
    (sso_err_set_at((err), (rc), (reason), __FILE__, __LINE__, __VA_ARGS__) == SSO_OK || (rc) == SSO_OK \
         ? SSO_E_INTERNAL                                                                               \
         : (rc))
#endif

/* Forgets an error, for a caller that tries something else next. */
void sso_err_clear(sso_err_t *err);

/* "syntax", "limit", …: the class as a word. Never NULL. */
const char *sso_rc_name(sso_rc_t rc);

/* Leaves the calling function with the callee's failure. */
#define SSO_TRY(expr)                      \
    do {                                   \
        sso_rc_t sso_try_rc = (expr);      \
        if (sso_try_rc != SSO_OK)          \
            return sso_try_rc;             \
    } while (0)

#endif

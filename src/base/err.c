/* SPDX-License-Identifier: Apache-2.0 */
/* The setter and the names of errors. Text that came from outside is made printable here, in one place, so that no
 * caller can forge a log line (CWE-117). */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const rc_names[] = {
    [SSO_OK] = "ok",
    [SSO_E_SYNTAX] = "syntax",
    [SSO_E_LIMIT] = "limit",
    [SSO_E_ABSENT] = "absent",
    [SSO_E_MISMATCH] = "mismatch",
    [SSO_E_EXPIRED] = "expired",
    [SSO_E_SIGNATURE] = "signature",
    [SSO_E_KEY] = "key",
    [SSO_E_UNSUPPORTED] = "unsupported",
    [SSO_E_DENIED] = "denied",
    [SSO_E_PROVIDER] = "provider",
    [SSO_E_FETCH] = "fetch",
    [SSO_E_TIMEOUT] = "timeout",
    [SSO_E_BUSY] = "busy",
    [SSO_E_CONFIG] = "config",
    [SSO_E_INTERNAL] = "internal",
};

const char *sso_rc_name(sso_rc_t rc)
{
    size_t i = (size_t)rc;

    return i < sizeof(rc_names) / sizeof(rc_names[0]) ? rc_names[i] : "unknown";
}

void sso_err_clear(sso_err_t *err)
{
    if (err == NULL)
        return;
    err->rc = SSO_OK;
    err->reason = "";
    err->detail[0] = '\0';
    err->file = "";
    err->line = 0;
}

static void clean_detail(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c > 0x7e)
            *text = '?';
    }
}

sso_rc_t sso_err_set_at(sso_err_t *err, sso_rc_t rc, const char *reason, const char *file, int line, const char *fmt,
                        ...)
{
    va_list args;
    int len;

    /* A failure path that says "ok" would let a request through: it denies instead. */
    if (rc == SSO_OK)
        rc = SSO_E_INTERNAL;
    if (err == NULL || err->rc != SSO_OK)
        return rc;
    err->rc = rc;
    err->reason = reason != NULL ? reason : "";
    err->file = file != NULL ? file : "";
    err->line = line;
    va_start(args, fmt);
    len = vsnprintf(err->detail, sizeof(err->detail), fmt, args);
    va_end(args);
    if (len < 0)
        err->detail[0] = '\0';
    else if ((size_t)len >= sizeof(err->detail))
        memcpy(err->detail + sizeof(err->detail) - 4, "...", 4);
    clean_detail(err->detail);
    return rc;
}

void sso_err_hide(sso_err_t *err, const char *secret)
{
    size_t len = secret != NULL ? strlen(secret) : 0;
    size_t least = len < 8 ? len : 8;

    if (err == NULL || len < 4)
        return;
    for (char *at = err->detail; *at != '\0'; at++) {
        size_t same = 0;
        while (same < len && at[same] != '\0' && at[same] == secret[same])
            same++;
        if (same >= least)
            memset(at, '*', same);
    }
}

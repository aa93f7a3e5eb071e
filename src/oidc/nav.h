/* SPDX-License-Identifier: Apache-2.0 */
/* Is this request a person navigating (worth a redirect to the provider), or a program's (401)? DESIGN §5. */
#ifndef SSO_OIDC_NAV_H
#define SSO_OIDC_NAV_H

typedef struct sso_nav_facts_t {
    const char *method;         /* "GET" */
    const char *accept;         /* request headers; NULL when absent */
    const char *sec_fetch_dest;
    const char *sec_fetch_mode;
    const char *sec_purpose;    /* Sec-Purpose or the older Purpose / X-Moz */
    const char *upgrade;
    const char *x_requested_with;
    const char *sec_fetch_site;
} sso_nav_facts_t;

/* GET/HEAD with Sec-Fetch-Dest: document, no Sec-Purpose, no Upgrade; without Sec-Fetch only when Accept names
 * text/html and there is no X-Requested-With. */
int sso_nav_is_navigation(const sso_nav_facts_t *facts);
/* Worth renewing the idle stamp for: documents, frames and fetches; without Sec-Fetch everything but images, styles,
 * scripts and fonts by Accept. */
int sso_nav_is_activity(const sso_nav_facts_t *facts);

/* 0 for what no person and no script of this site asked for: a prefetch, a part of a page (an <img> that names the
 * logout), or a frame or fetch of another site. 1 where the browser does not say. */
int sso_nav_is_deliberate(const sso_nav_facts_t *facts);

#endif

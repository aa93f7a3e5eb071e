/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one thread: keyed cipher contexts (one sealer for each key ring, one hasher) and random bytes drawn
 * ahead. They hang on a thread key with a destructor, because HTTP/2 workers end while the process lives. */
#ifndef MOD_SSO_THREAD_H
#define MOD_SSO_THREAD_H

#include "httpd/site.h"
#include "jose/hasher.h"

apr_status_t mod_sso_thread_child_init(apr_pool_t *pchild);

/* The sealer of this thread for the site's keys; made at first use, borrowed. */
SSO_MUST_USE sso_rc_t mod_sso_thread_sealer(const mod_sso_site_t *site, sso_sealer_t **ret_sealer, sso_err_t *err);

/* The process's generator in the shape sso_env_t wants (`baton` is not used). It costs nearly the same for few bytes as
 * for many, so a thread draws some ahead; what was handed out is not kept. */
SSO_MUST_USE sso_rc_t mod_sso_thread_random(void *baton, unsigned char *out, apr_size_t len, sso_err_t *err);

/* jose/hasher.h under the key of this process: good for its tables, and for nothing that leaves it. */
SSO_MUST_USE sso_rc_t mod_sso_thread_hash(const void *a, apr_size_t a_len, const void *b, apr_size_t b_len,
                                          unsigned char out[SSO_HASHER_LEN], sso_err_t *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shm.h"

#include <apr_shm.h>

apr_status_t mod_sso_shm_keep(process_rec *process, const char *key, apr_size_t size, void **ret_base, int *ret_new)
{
    apr_shm_t *shm;

    *ret_base = NULL;
    (void)apr_pool_userdata_get(ret_base, key, process->pool);
    *ret_new = !*ret_base;
    if (*ret_base)
        return APR_SUCCESS;
    apr_status_t rv = apr_shm_create(&shm, size, NULL, process->pool);
    if (rv != APR_SUCCESS)
        return rv;
    *ret_base = apr_shm_baseaddr_get(shm); /* fresh pages are zero */
    /* _set, not _setn: our own text is unmapped when the module is loaded anew */
    return apr_pool_userdata_set(*ret_base, key, NULL, process->pool);
}

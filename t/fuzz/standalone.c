/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files instead of under libFuzzer: the files and folders named on the command line, else the
 * committed corpus of the target, t/fuzz/corpus/<name>. TAP, one line a file; a file that breaks the target ends the
 * program. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>

#define CORPUS_MIN 10 /* a corpus that is not found or not shipped must not pass */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds the files of a folder in the order of their names; 0 when it is no folder. */
static int list_folder(apr_pool_t *pool, const char *path, apr_array_header_t *files)
{
    apr_dir_t *dir;
    apr_finfo_t entry;
    int from = files->nelts;

    if (apr_dir_open(&dir, path, pool) != APR_SUCCESS)
        return 0;
    while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (entry.name[0] != '.')
            APR_ARRAY_PUSH(files, const char *) = apr_pstrcat(pool, path, "/", entry.name, NULL);
    }
    apr_dir_close(dir);
    if (files->nelts > from)
        qsort((const char **)(void *)files->elts + from, (size_t)(files->nelts - from), sizeof(const char *),
              compare_names);
    return 1;
}

static int run_file(const char *path)
{
    static uint8_t bytes[FUZZ_INPUT_MAX];
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return 0;
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    uint8_t *exact = malloc(size);
    if (size > 0)
        memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

/* "t/fuzz/fuzz_json" -> "json" */
static const char *name_of(const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash != NULL ? slash + 1 : program;
    const char *underscore = strstr(name, "fuzz_");
    return underscore != NULL ? underscore + 5 : name;
}

int main(int argc, char **argv)
{
    const char *top = getenv("SSO_FUZZ_CORPUS");
    apr_pool_t *pool;
    int failed = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_array_header_t *files = apr_array_make(pool, 64, sizeof(const char *));
    for (int i = 1; i < argc; i++) {
        if (!list_folder(pool, argv[i], files))
            APR_ARRAY_PUSH(files, const char *) = argv[i];
    }
    if (argc < 2) {
        const char *folder = apr_pstrcat(pool, top != NULL ? top : SSO_SRCDIR "/t/fuzz/corpus", "/",
                                         name_of(argv[0]), NULL);
        if (!list_folder(pool, folder, files) || files->nelts < CORPUS_MIN) {
            printf("1..1\nnot ok 1 - %s holds fewer than %d files\n", folder, CORPUS_MIN);
            return 1;
        }
    }
    printf("1..%d\n", files->nelts);
    for (int i = 0; i < files->nelts; i++) {
        const char *path = APR_ARRAY_IDX(files, i, const char *);
        const char *slash = strrchr(path, '/');
        fflush(stdout);
        int ran = run_file(path);
        printf("%sok %d - %s\n", ran ? "" : "not ", i + 1, slash != NULL ? slash + 1 : path);
        failed += !ran;
    }
    apr_pool_destroy(pool);
    return failed != 0;
}

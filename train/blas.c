/* blas.c - loads OpenBLAS, and calls it. */
#include "train/blas.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* The numbers that stand for words in the interface of CBLAS. */
enum { ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112 };

struct cf_blas {
    void (*sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                  int stride_a, const float *b, int stride_b, float beta, float *c, int stride_c);
    void (*dsyev)(const char *job, const char *triangle, const int *n, double *matrix, const int *stride,
                  double *values, double *work, const int *size, int *info, size_t job_length, size_t triangle_length);
};

static bool find(void *library, const char *name, void *function, size_t size, struct cf_error *err)
{
    void *symbol = dlsym(library, name);
    if (!symbol)
        return cf_fail(err, "libopenblas.so.0: has no %s", name);
    assert(size == sizeof symbol);
    memcpy(function, &symbol, size);
    return true;
}

bool cf_blas_open(struct cf_blas **blas, struct cf_error *err)
{
    /* Read by OpenBLAS when it is loaded; it starts no threads then. */
    if (setenv("OPENBLAS_NUM_THREADS", "1", 1) != 0)
        return cf_fail(err, "out of memory");
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return cf_fail(err, "%s (its package is libopenblas0-pthread)", dlerror());
    struct cf_blas *made = calloc(1, sizeof *made);
    bool done = made || cf_fail(err, "out of memory");
    done = done && find(library, "cblas_sgemm", &made->sgemm, sizeof made->sgemm, err) &&
           find(library, "dsyev_", &made->dsyev, sizeof made->dsyev, err);
    if (!done)
        free(made);
    *blas = done ? made : NULL;
    return done;
}

void cf_blas_close(struct cf_blas *blas)
{
    free(blas);
}

void cf_blas_multiply(const struct cf_blas *blas, int m, int n, int k, struct cf_matrix a, struct cf_matrix b,
                      float add, float *out, int stride)
{
    assert(add == 0 || add == 1);
    blas->sgemm(ROW_MAJOR, a.transpose ? TRANSPOSED : AS_IT_IS, b.transpose ? TRANSPOSED : AS_IT_IS, m, n, k, 1, a.data,
                a.stride, b.data, b.stride, add, out, stride);
}

bool cf_blas_eigen(const struct cf_blas *blas, int n, double *matrix, double *values, struct cf_error *err)
{
    int size = 64 * n, info = 0; /* at least 3n - 1; this many let it work in blocks */
    double *work = malloc((size_t)size * sizeof *work);
    if (!work)
        return cf_fail(err, "out of memory");
    blas->dsyev("V", "U", &n, matrix, &n, values, work, &size, &info, 1, 1);
    free(work);
    return info == 0 || cf_fail(err, "the eigenvalues of a matrix of %d rows did not converge", n);
}

/* blas.h - the matrix products of training, by OpenBLAS.
 *
 * OpenBLAS is loaded when training begins, and is not linked: it is large, and starts threads where it is loaded, which
 * no other command should pay for. It computes on the thread that calls it, so that a product's bytes do not depend on
 * the number of threads: each thread of a training run computes products of its own.
 */
#ifndef COFIBER_TRAIN_BLAS_H
#define COFIBER_TRAIN_BLAS_H

#include "base/error.h"

struct cf_blas;

/* Loads OpenBLAS (once for each `*blas`; unloading is left to the end of the process, as its memory is kept for the
 * threads that called it). Errors: it is not installed. */
bool cf_blas_open(struct cf_blas **blas, struct cf_error *err);
void cf_blas_close(struct cf_blas *blas); /* NULL is fine */

/* A row-major matrix that may stand inside a larger one. */
struct cf_matrix {
    const float *data;
    int stride;     /* elements from one row to the next */
    bool transpose; /* the product reads it with rows and columns exchanged */
};

/* out [m][n] = add * out + a [m][k] * b [k][n], with rows of `out` `stride` elements apart; `add` is 0 or 1. */
void cf_blas_multiply(const struct cf_blas *blas, int m, int n, int k, struct cf_matrix a, struct cf_matrix b,
                      float add, float *out, int stride);

/* The eigenvalues of a symmetric matrix [n][n], ascending, and its eigenvectors, which take the place of the matrix:
 * row i is the vector of values[i], of length 1. (LAPACK's dsyev, which is part of OpenBLAS.) Errors: out of memory; it
 * did not converge. */
bool cf_blas_eigen(const struct cf_blas *blas, int n, double *matrix, double *values, struct cf_error *err);

#endif

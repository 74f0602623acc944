/* npy.h - a strict reader and a small writer of NumPy's .npy files, versions 1 to 3.
 *
 * Little-endian f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 and b1, C order. Fortran order is refused with a message
 * that says how to convert. Object arrays, big-endian and structured dtypes are refused. The header is read as NumPy
 * reads it: with any white space, native byte order ('=f4'), and what Python 2 wrote (`(2L, 3L)`, `u'descr'`).
 */
#ifndef COFIBER_BASE_NPY_H
#define COFIBER_BASE_NPY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/file.h"
#include "base/tensor.h"

struct cf_npy;

/* Whether a path ends in ".npy", and whether a file begins as .npy files do, whatever its name. */
bool cf_npy_named(const char *path);
bool cf_npy_probe(const char *path, bool *npy, struct cf_error *err);

bool cf_npy_open(struct cf_npy **file, const char *path, struct cf_error *err);
bool cf_npy_parse(struct cf_npy **file, const void *data, size_t size, const char *label, struct cf_error *err);
void cf_npy_close(struct cf_npy *file); /* NULL is fine */

/* The array; its name is the file's path. Valid until cf_npy_close. */
const struct cf_tensor *cf_npy_tensor(const struct cf_npy *file);
void cf_npy_forget(const struct cf_npy *file, uint64_t offset, uint64_t size); /* see cf_safetensors_forget */

/* Opens a file to write an array into, in pieces: the version 1.0 preamble is written, element data go to `*data_start`
 * and on (cf_out_write_at), and what is never written is zero. */
bool cf_npy_create(struct cf_out **out, const char *path, enum cf_dtype dtype, int rank, const uint64_t *shape,
                   uint64_t *data_start, struct cf_error *err);

/* Writes one whole array. */
bool cf_npy_write(const char *path, enum cf_dtype dtype, int rank, const uint64_t *shape, const void *data,
                  struct cf_error *err);

#endif

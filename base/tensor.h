/* tensor.h - a typed, shaped array in memory that somebody else owns, as safetensors and .npy files hold them. */
#ifndef COFIBER_BASE_TENSOR_H
#define COFIBER_BASE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CF_MAX_RANK 8

enum cf_dtype {
    CF_BOOL,
    CF_U8,
    CF_I8,
    CF_U16,
    CF_I16,
    CF_F16,
    CF_BF16,
    CF_U32,
    CF_I32,
    CF_F32,
    CF_U64,
    CF_I64,
    CF_F64,
    CF_DTYPE_COUNT, /* of those above, whose elements can be read */
    /* Types that a safetensors file may hold beside what is read from it: only their size is known. */
    CF_F8_E4M3 = CF_DTYPE_COUNT,
    CF_F8_E5M2,
    CF_F8_E8M0,
    CF_F8_E4M3FNUZ,
    CF_F8_E5M2FNUZ,
    CF_F6_E2M3,
    CF_F6_E3M2,
    CF_F4,
    CF_C64,
    CF_DTYPE_ALL
};

struct cf_tensor {
    const char *name;
    enum cf_dtype dtype;
    int rank;
    uint64_t shape[CF_MAX_RANK];
    uint64_t count;      /* elements: the product of the shape, 1 for rank 0 */
    uint64_t size;       /* bytes, as cf_dtype_bytes says */
    const uint8_t *data; /* row-major, little-endian, not necessarily aligned */
};

bool cf_dtype_is_readable(enum cf_dtype dtype);
size_t cf_dtype_size(enum cf_dtype dtype); /* bytes per element, 1, 2, 4 or 8, of a readable type */
/* The bytes that `count` elements of any type take. False when they overflow 64 bits, or end inside a byte. */
bool cf_dtype_bytes(enum cf_dtype dtype, uint64_t count, uint64_t *bytes);
const char *cf_dtype_name(enum cf_dtype dtype); /* the safetensors name: "F32" */

/* `a * b` into `*out`; false when it does not fit. */
bool cf_mul_u64(uint64_t a, uint64_t b, uint64_t *out);

/* "[80, 768]", for messages. */
const char *cf_shape_text(const struct cf_tensor *tensor, char *buffer, size_t size);

/* Convert elements [first, first+count), a range inside a tensor of a readable type. Floats of any width and integers
 * convert to double (64-bit integers beyond 2^53 round to nearest). The int64 form takes integer dtypes only: a float
 * tensor is an error, and so is a U64 element of 2^63 or more, which the error names. */
void cf_tensor_to_f64(const struct cf_tensor *tensor, uint64_t first, uint64_t count, double *out);
bool cf_tensor_to_i64(const struct cf_tensor *tensor, uint64_t first, uint64_t count, int64_t *out,
                      struct cf_error *err);

/* The row-major index of the first element of [first, first+count) that is NaN or infinite; UINT64_MAX if there is
 * none. The range must lie inside the tensor. */
uint64_t cf_tensor_find_nonfinite(const struct cf_tensor *tensor, uint64_t first, uint64_t count);

/* "[3,0,17]": the multi-dimensional index of a row-major element, for messages. */
const char *cf_index_text(const struct cf_tensor *tensor, uint64_t element, char *buffer, size_t size);

#endif

/* tensor.c - gives the names and sizes of data types, converts tensors' elements, and finds NaN and infinity among
 * them. */
#include "base/tensor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Elements are loaded by memcpy, so any alignment is fine; the byte order is the host's. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor data are little-endian and loaded as they are");

static const struct {
    char name[12];
    unsigned char bits;
    bool is_float;
} dtypes[CF_DTYPE_ALL] = {
    [CF_BOOL] = {"BOOL", 8, false},
    [CF_U8] = {"U8", 8, false},
    [CF_I8] = {"I8", 8, false},
    [CF_U16] = {"U16", 16, false},
    [CF_I16] = {"I16", 16, false},
    [CF_F16] = {"F16", 16, true},
    [CF_BF16] = {"BF16", 16, true},
    [CF_U32] = {"U32", 32, false},
    [CF_I32] = {"I32", 32, false},
    [CF_F32] = {"F32", 32, true},
    [CF_U64] = {"U64", 64, false},
    [CF_I64] = {"I64", 64, false},
    [CF_F64] = {"F64", 64, true},
    [CF_F8_E4M3] = {"F8_E4M3", 8, true},
    [CF_F8_E5M2] = {"F8_E5M2", 8, true},
    [CF_F8_E8M0] = {"F8_E8M0", 8, true},
    [CF_F8_E4M3FNUZ] = {"F8_E4M3FNUZ", 8, true},
    [CF_F8_E5M2FNUZ] = {"F8_E5M2FNUZ", 8, true},
    [CF_F6_E2M3] = {"F6_E2M3", 6, true},
    [CF_F6_E3M2] = {"F6_E3M2", 6, true},
    [CF_F4] = {"F4", 4, true},
    [CF_C64] = {"C64", 64, false},
};

size_t cf_dtype_size(enum cf_dtype dtype)
{
    assert(cf_dtype_is_readable(dtype));
    return dtypes[dtype].bits / 8;
}

bool cf_dtype_is_readable(enum cf_dtype dtype)
{
    return dtype < CF_DTYPE_COUNT;
}

bool cf_dtype_bytes(enum cf_dtype dtype, uint64_t count, uint64_t *bytes)
{
    uint64_t bits = dtypes[dtype].bits;
    if (bits % 8 == 0)
        return cf_mul_u64(count, bits / 8, bytes);
    bool fits = cf_mul_u64(count, bits, bytes) && *bytes % 8 == 0;
    *bytes /= 8;
    return fits;
}

const char *cf_dtype_name(enum cf_dtype dtype)
{
    return dtypes[dtype].name;
}

static bool is_float(enum cf_dtype dtype)
{
    return dtypes[dtype].is_float;
}

bool cf_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* ---- text ---- */

/* Appends to a text of `*used` bytes; what does not fit is cut. */
static void append(char *buffer, size_t size, size_t *used, const char *separator, uint64_t number)
{
    if (*used >= size)
        return;
    int length = snprintf(buffer + *used, size - *used, "%s%" PRIu64, separator, number);
    *used += length > 0 ? (size_t)length : 0;
}

static const char *list_text(const uint64_t *numbers, int count, const char *separator, char *buffer, size_t size)
{
    if (size == 0)
        return "";
    snprintf(buffer, size, "[");
    size_t used = 1;
    for (int i = 0; i < count; i++)
        append(buffer, size, &used, i ? separator : "", numbers[i]);
    if (used < size)
        snprintf(buffer + used, size - used, "]");
    return buffer;
}

const char *cf_shape_text(const struct cf_tensor *tensor, char *buffer, size_t size)
{
    return list_text(tensor->shape, tensor->rank, ", ", buffer, size);
}

const char *cf_index_text(const struct cf_tensor *tensor, uint64_t element, char *buffer, size_t size)
{
    uint64_t index[CF_MAX_RANK] = {0};
    for (int axis = tensor->rank - 1; axis >= 0; axis--) {
        uint64_t extent = tensor->shape[axis] ? tensor->shape[axis] : 1;
        index[axis] = element % extent;
        element /= extent;
    }
    return list_text(index, tensor->rank, ",", buffer, size);
}

/* ---- conversions ---- */

/* No branches and no products with subnormals: the loop vectorises, and is right under flush-to-zero as well. */
static inline float half_to_float(uint16_t half)
{
    uint32_t magnitude = half & 0x7fffu;
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t normal = (magnitude << 13) + (112u << 23); /* rebias the exponent from 15 to 127 */
    uint32_t special = (magnitude << 13) | 0x7f800000u; /* infinity, or NaN with its payload */
    /* A subnormal is magnitude * 2^-24: put it into the lowest bits of 0.5 and take 0.5 away again. */
    uint32_t shifted = 0x3f000000u + magnitude;
    float small;
    memcpy(&small, &shifted, sizeof small);
    small -= 0.5f;
    uint32_t subnormal;
    memcpy(&subnormal, &small, sizeof subnormal);
    /* Masks, because gcc turns `?:` around the subtraction into a branch and then gives up the vectors. */
    uint32_t is_small = 0u - (uint32_t)(magnitude < 0x0400u);
    uint32_t is_special = 0u - (uint32_t)(magnitude >= 0x7c00u);
    uint32_t bits = (subnormal & is_small) | (normal & ~is_small);
    bits = (special & is_special) | (bits & ~is_special) | sign;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float bfloat_to_float(uint16_t bfloat)
{
    uint32_t bits = (uint32_t)bfloat << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One loop for a stored type and a wanted type; `expression` turns the stored `v` into the wanted value. */
#define CONVERT(function, stored, wanted, expression)                                                                  \
    static void function(const uint8_t *restrict from, uint64_t count, wanted *restrict out)                           \
    {                                                                                                                  \
        for (uint64_t i = 0; i < count; i++) {                                                                         \
            stored v;                                                                                                  \
            memcpy(&v, from + i * sizeof v, sizeof v);                                                                 \
            out[i] = (wanted)(expression);                                                                             \
        }                                                                                                              \
    }

CONVERT(bool_to_f64, uint8_t, double, v != 0)
CONVERT(u8_to_f64, uint8_t, double, v)
CONVERT(i8_to_f64, int8_t, double, v)
CONVERT(u16_to_f64, uint16_t, double, v)
CONVERT(i16_to_f64, int16_t, double, v)
CONVERT(f16_to_f64, uint16_t, double, half_to_float(v))
CONVERT(bf16_to_f64, uint16_t, double, bfloat_to_float(v))
CONVERT(u32_to_f64, uint32_t, double, v)
CONVERT(i32_to_f64, int32_t, double, v)
CONVERT(f32_to_f64, float, double, v)
CONVERT(u64_to_f64, uint64_t, double, v)
CONVERT(i64_to_f64, int64_t, double, v)

/* Whether elements [first, first + count) lie inside the tensor. */
static inline bool is_inside(const struct cf_tensor *tensor, uint64_t first, uint64_t count)
{
    return first <= tensor->count && count <= tensor->count - first;
}

void cf_tensor_to_f64(const struct cf_tensor *tensor, uint64_t first, uint64_t count, double *out)
{
    assert(is_inside(tensor, first, count));
    if (count == 0)
        return;
    const uint8_t *from = tensor->data + first * cf_dtype_size(tensor->dtype);
    switch (tensor->dtype) {
    case CF_BOOL:
        bool_to_f64(from, count, out);
        break;
    case CF_U8:
        u8_to_f64(from, count, out);
        break;
    case CF_I8:
        i8_to_f64(from, count, out);
        break;
    case CF_U16:
        u16_to_f64(from, count, out);
        break;
    case CF_I16:
        i16_to_f64(from, count, out);
        break;
    case CF_F16:
        f16_to_f64(from, count, out);
        break;
    case CF_BF16:
        bf16_to_f64(from, count, out);
        break;
    case CF_U32:
        u32_to_f64(from, count, out);
        break;
    case CF_I32:
        i32_to_f64(from, count, out);
        break;
    case CF_F32:
        f32_to_f64(from, count, out);
        break;
    case CF_U64:
        u64_to_f64(from, count, out);
        break;
    case CF_I64:
        i64_to_f64(from, count, out);
        break;
    case CF_F64:
        memcpy(out, from, count * sizeof *out);
        break;
    default:
        assert(!"a type whose elements can be read");
        break;
    }
}

CONVERT(bool_to_i64, uint8_t, int64_t, v != 0)
CONVERT(u8_to_i64, uint8_t, int64_t, v)
CONVERT(i8_to_i64, int8_t, int64_t, v)
CONVERT(u16_to_i64, uint16_t, int64_t, v)
CONVERT(i16_to_i64, int16_t, int64_t, v)
CONVERT(u32_to_i64, uint32_t, int64_t, v)
CONVERT(i32_to_i64, int32_t, int64_t, v)

static bool u64_to_i64(const struct cf_tensor *tensor, uint64_t first, uint64_t count, int64_t *out,
                       struct cf_error *err)
{
    const uint8_t *from = tensor->data + first * sizeof(uint64_t);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, from + i * sizeof value, sizeof value);
        if (value > INT64_MAX) {
            char index[CF_MAX_RANK * 21 + 3];
            return cf_fail(err, "tensor '%.100s': element %s is %" PRIu64 ", which does not fit 64 signed bits",
                           tensor->name, cf_index_text(tensor, first + i, index, sizeof index), value);
        }
        out[i] = (int64_t)value;
    }
    return true;
}

bool cf_tensor_to_i64(const struct cf_tensor *tensor, uint64_t first, uint64_t count, int64_t *out,
                      struct cf_error *err)
{
    assert(is_inside(tensor, first, count));
    if (is_float(tensor->dtype))
        return cf_fail(err, "tensor '%.100s': holds %s where integers are expected", tensor->name,
                       cf_dtype_name(tensor->dtype));
    if (count == 0)
        return true;
    const uint8_t *from = tensor->data + first * cf_dtype_size(tensor->dtype);
    switch (tensor->dtype) {
    case CF_BOOL:
        bool_to_i64(from, count, out);
        break;
    case CF_U8:
        u8_to_i64(from, count, out);
        break;
    case CF_I8:
        i8_to_i64(from, count, out);
        break;
    case CF_U16:
        u16_to_i64(from, count, out);
        break;
    case CF_I16:
        i16_to_i64(from, count, out);
        break;
    case CF_U32:
        u32_to_i64(from, count, out);
        break;
    case CF_I32:
        i32_to_i64(from, count, out);
        break;
    case CF_U64:
        return u64_to_i64(tensor, first, count, out, err);
    case CF_I64:
        memcpy(out, from, count * sizeof *out);
        break;
    default:
        break; /* floats are refused above */
    }
    return true;
}

/* ---- NaN and infinity: all exponent bits set ---- */

#define HAS_NONFINITE(function, word, exponent)                                                                        \
    static bool function(const uint8_t *from, uint64_t count)                                                          \
    {                                                                                                                  \
        word found = 0;                                                                                                \
        for (uint64_t i = 0; i < count; i++) {                                                                         \
            word v;                                                                                                    \
            memcpy(&v, from + i * sizeof v, sizeof v);                                                                 \
            found |= (v & (exponent)) == (exponent);                                                                   \
        }                                                                                                              \
        return found != 0;                                                                                             \
    }

HAS_NONFINITE(f16_has_nonfinite, uint16_t, 0x7c00u)
HAS_NONFINITE(bf16_has_nonfinite, uint16_t, 0x7f80u)
HAS_NONFINITE(f32_has_nonfinite, uint32_t, 0x7f800000u)
HAS_NONFINITE(f64_has_nonfinite, uint64_t, 0x7ff0000000000000u)

uint64_t cf_tensor_find_nonfinite(const struct cf_tensor *tensor, uint64_t first, uint64_t count)
{
    assert(is_inside(tensor, first, count));
    bool (*has)(const uint8_t *, uint64_t);
    switch (tensor->dtype) {
    case CF_F16:
        has = f16_has_nonfinite;
        break;
    case CF_BF16:
        has = bf16_has_nonfinite;
        break;
    case CF_F32:
        has = f32_has_nonfinite;
        break;
    case CF_F64:
        has = f64_has_nonfinite;
        break;
    default:
        return UINT64_MAX;
    }
    /* Loops over whole runs have no early exit and so vectorise; only the run that has one is searched. */
    enum { RUN = 1024 };
    size_t size = cf_dtype_size(tensor->dtype);
    const uint8_t *from = tensor->data + first * size;
    for (uint64_t at = 0; at < count; at += RUN) {
        uint64_t length = count - at < RUN ? count - at : RUN;
        if (!has(from + at * size, length))
            continue;
        while (!has(from + at * size, 1))
            at++;
        return first + at;
    }
    return UINT64_MAX;
}

/* kernels.c - holds the loops of training, written once and compiled for AVX-512, for AVX2 and for any processor.
 *
 * The compiler makes vectors of them; sums have 16 lanes that are added at the end, in one order everywhere. */
#include "train/kernels.h"

#include <math.h>
#include <string.h>

#define ALWAYS static inline __attribute__((always_inline))

enum { LANES = 16 };

/* ---- numbers --------------------------------------------------------------------------------------------------- */

ALWAYS float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ALWAYS uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The exponents of half and float differ by 112; multiplying by 2^112 also makes normal numbers of halves that are not.
 * Infinity and NaN become numbers from 2^16 on, which are no halves. */
ALWAYS bool from_half_body(const uint8_t *halves, size_t count, float *values)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, halves + 2 * i, sizeof half);
        uint32_t magnitude = half & 0x7fffu;
        largest = magnitude > largest ? magnitude : largest;
        float value = float_of(magnitude << 13) * 0x1p112f;
        values[i] = float_of(bits_of(value) | (uint32_t)(half & 0x8000u) << 16);
    }
    return largest < 0x7c00;
}

ALWAYS bool are_finite_body(const float *values, size_t count)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t magnitude = bits_of(values[i]) & 0x7fffffffu;
        largest = magnitude > largest ? magnitude : largest;
    }
    return largest < 0x7f800000u;
}

/* exp(x) for x <= 0, by 2^n * exp(r) with |r| <= ln(2)/2 and a polynomial for the latter (Taylor's, of degree 7: its
 * remainder is 5e-9 there). Below -87 it is taken as exp(-87) = 2e-38. */
ALWAYS float exp_of_negative(float x)
{
    const float to_integer = 0x1.8p23f; /* adding it leaves no fraction bits */
    x = x < -87 ? -87 : x;
    float shifted = x * 1.44269504f + to_integer, n = shifted - to_integer;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f; /* ln(2) in two parts */
    float sum = 1.0f / 5040;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1;
    sum = sum * r + 1;
    return float_of(bits_of(sum) + (bits_of(shifted) << 23));
}

/* log(1 + e) for 0 <= e <= 1, as 2 atanh(t) with t = e / (2 + e) <= 1/3, whose series is cut behind t^15. */
ALWAYS float log_of_one_and(float e)
{
    float t = e / (2 + e), square = t * t, sum = 1.0f / 15;
    sum = sum * square + 1.0f / 13;
    sum = sum * square + 1.0f / 11;
    sum = sum * square + 1.0f / 9;
    sum = sum * square + 1.0f / 7;
    sum = sum * square + 1.0f / 5;
    sum = sum * square + 1.0f / 3;
    sum = sum * square + 1;
    return 2 * t * sum;
}

/* ---- sums ------------------------------------------------------------------------------------------------------ */

ALWAYS double add_lanes(const float lanes[LANES])
{
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += (double)lanes[i];
    return sum;
}

ALWAYS double sum_body(const float *values, size_t count)
{
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += values[i + (size_t)lane];
    for (int lane = 0; i < count; i++, lane++)
        lanes[lane] += values[i];
    return add_lanes(lanes);
}

/* Replaces the logit by its slope; the loss, without its weight. */
ALWAYS float focal_of(float *logit, float weight)
{
    float x = *logit, e = exp_of_negative(-fabsf(x)), inverse = 1 / (1 + e);
    float p = x >= 0 ? inverse : e * inverse, rest = x >= 0 ? e * inverse : inverse;
    float softplus = (x >= 0 ? x : 0) + log_of_one_and(e);
    *logit = weight * p * p * (2 * rest * softplus + p);
    return p * p * softplus;
}

ALWAYS double focal_body(float *logits, size_t count, float weight)
{
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += focal_of(logits + i + lane, weight);
    for (int lane = 0; i < count; i++, lane++)
        lanes[lane] += focal_of(logits + i, weight);
    return (double)weight * add_lanes(lanes);
}

/* ---- bands ----------------------------------------------------------------------------------------------------- */

/* `pairs` [height * width / 2] is scratch. Loops run over whole planes where they can: rows are short for vectors. */
ALWAYS void mean_pool(const float *restrict plane, uint32_t height, uint32_t width, float *restrict pairs,
                      float *restrict pool)
{
    size_t half = width / 2;
    for (size_t n = 0; n < height * half; n++)
        pairs[n] = plane[2 * n] + plane[2 * n + 1];
    for (uint32_t i = 0; i < height / 2; i++)
        for (size_t j = 0; j < half; j++)
            pool[i * half + j] = (pairs[2 * i * half + j] + pairs[(2 * i + 1) * half + j]) * 0.25f;
}

/* `twice` [height / 2 * width] is scratch. */
ALWAYS void subtract_nearest(const float *restrict plane, uint32_t height, uint32_t width, const float *restrict pool,
                             float *restrict twice, float *restrict band)
{
    for (size_t n = 0; n < (size_t)(height / 2) * (width / 2); n++)
        twice[2 * n] = twice[2 * n + 1] = pool[n];
    for (uint32_t i = 0; i < height; i++)
        for (size_t j = 0, at = (size_t)i * width, up = (size_t)(i / 2) * width; j < width; j++)
            band[at + j] = plane[at + j] - twice[up + j];
}

/* The coarse cell nearest to fine cell i, which has the weight 3/4, is i/2; the second nearest, with 1/4, is before it
 * for even i and behind it for odd, and at the edges is the nearest itself. */
ALWAYS uint32_t second_nearest(uint32_t i, uint32_t coarse)
{
    uint32_t nearest = i / 2;
    if (i % 2)
        return nearest + 1 < coarse ? nearest + 1 : nearest;
    return nearest ? nearest - 1 : 0;
}

ALWAYS void subtract_bilinear(const float *plane, uint32_t height, uint32_t width, const float *pool, float *band)
{
    uint32_t half = width / 2;
    for (uint32_t i = 0; i < height; i++) {
        const float *near = pool + (size_t)(i / 2) * half, *far = pool + (size_t)second_nearest(i, height / 2) * half;
        for (uint32_t j = 0; j < width; j++) {
            uint32_t second = second_nearest(j, half);
            float here = 0.75f * near[j / 2] + 0.25f * far[j / 2], beside = 0.75f * near[second] + 0.25f * far[second];
            size_t at = (size_t)i * width + j;
            band[at] = plane[at] - (0.75f * here + 0.25f * beside);
        }
    }
}

ALWAYS void split_body(const struct cf_bands_shape *shape, float *plane, float *row, float *scratch)
{
    for (uint32_t k = 0; k < shape->scales; k++) {
        uint32_t height = shape->height >> k, width = shape->width >> k;
        bool last = k + 1 == shape->scales;
        if (last && shape->residual) {
            memcpy(row, plane, (size_t)height * width * sizeof *row);
            return;
        }
        size_t area = (size_t)height * width;
        float *pool = scratch + area / 2;
        mean_pool(plane, height, width, scratch, pool);
        if (shape->bilinear)
            subtract_bilinear(plane, height, width, pool, row);
        else
            subtract_nearest(plane, height, width, pool, scratch, row);
        row += area;
        memcpy(plane, pool, area / 4 * sizeof *plane);
    }
}

/* ---- arrays ---------------------------------------------------------------------------------------------------- */

ALWAYS void add_body(const float *values, size_t count, float *sums)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += values[i];
}

ALWAYS void add_squares_body(const float *values, size_t count, float *sums)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += values[i] * values[i];
}

ALWAYS void subtract_body(const float *by, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] -= by[i];
}

ALWAYS void scale_body(const float *factors, float bias, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] * factors[i] + bias;
}

ALWAYS void invert_body(size_t channels, float eps, size_t count, float *squares)
{
    for (size_t i = 0; i < count; i++)
        squares[i] = 1 / sqrtf(squares[i] / (float)channels + eps);
}

/* ---- for each kind of vector ------------------------------------------------------------------------------------- */

#define INSTANCE(NAME, TARGET)                                                                                         \
    TARGET static bool from_half_##NAME(const uint8_t *halves, size_t count, float *values)                            \
    {                                                                                                                  \
        return from_half_body(halves, count, values);                                                                  \
    }                                                                                                                  \
    TARGET static bool are_finite_##NAME(const float *values, size_t count)                                            \
    {                                                                                                                  \
        return are_finite_body(values, count);                                                                         \
    }                                                                                                                  \
    TARGET static void split_##NAME(const struct cf_bands_shape *shape, float *plane, float *row, float *scratch)      \
    {                                                                                                                  \
        split_body(shape, plane, row, scratch);                                                                        \
    }                                                                                                                  \
    TARGET static void add_##NAME(const float *values, size_t count, float *sums)                                      \
    {                                                                                                                  \
        add_body(values, count, sums);                                                                                 \
    }                                                                                                                  \
    TARGET static void add_squares_##NAME(const float *values, size_t count, float *sums)                              \
    {                                                                                                                  \
        add_squares_body(values, count, sums);                                                                         \
    }                                                                                                                  \
    TARGET static void subtract_##NAME(const float *by, size_t count, float *values)                                   \
    {                                                                                                                  \
        subtract_body(by, count, values);                                                                              \
    }                                                                                                                  \
    TARGET static void scale_##NAME(const float *factors, float bias, size_t count, float *values)                     \
    {                                                                                                                  \
        scale_body(factors, bias, count, values);                                                                      \
    }                                                                                                                  \
    TARGET static void invert_##NAME(size_t channels, float eps, size_t count, float *squares)                         \
    {                                                                                                                  \
        invert_body(channels, eps, count, squares);                                                                    \
    }                                                                                                                  \
    TARGET static double focal_##NAME(float *logits, size_t count, float weight)                                       \
    {                                                                                                                  \
        return focal_body(logits, count, weight);                                                                      \
    }                                                                                                                  \
    TARGET static double sum_##NAME(const float *values, size_t count)                                                 \
    {                                                                                                                  \
        return sum_body(values, count);                                                                                \
    }                                                                                                                  \
    static const struct cf_train_kernels NAME##_kernels = {                                                            \
        from_half_##NAME, are_finite_##NAME, split_##NAME,  add_##NAME,   add_squares_##NAME,                          \
        subtract_##NAME,  scale_##NAME,      invert_##NAME, focal_##NAME, sum_##NAME};

INSTANCE(portable, )

#ifdef __x86_64__
INSTANCE(avx2, __attribute__((target("avx2"))))
INSTANCE(avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))))
#endif

const struct cf_train_kernels *cf_train_kernels_portable(void)
{
    return &portable_kernels;
}

const struct cf_train_kernels *cf_train_kernels(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &avx512_kernels;
    if (__builtin_cpu_supports("avx2"))
        return &avx2_kernels;
#endif
    return &portable_kernels;
}

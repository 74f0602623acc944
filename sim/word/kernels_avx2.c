/* kernels_avx2.c - the kernels with AVX2. Built like kernels_avx512.c: each function names its own target. */
#include "sim/word/kernels.h"

#ifndef __x86_64__

const struct cf_kernels *cf_kernels_avx2(void)
{
    return NULL;
}

#else

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- rows ---------------------------------------------------------------------------------------------------- */

enum { VECTORS = 4 };

INLINE __m256i load16(const struct cf_row_source *source, size_t first)
{
    if (source->storage == CF_STORE8)
        return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)((const int8_t *)source->values + first)));
    return _mm256_loadu_si256((const __m256i *)((const int16_t *)source->values + first));
}

INLINE __m256i load32(const struct cf_row_source *source, size_t first)
{
    if (source->storage == CF_STORE8)
        return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)((const int8_t *)source->values + first)));
    if (source->storage == CF_STORE16)
        return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)((const int16_t *)source->values + first)));
    return _mm256_loadu_si256((const __m256i *)((const int32_t *)source->values + first));
}

/* Sixteen 16-bit lanes at a time: linear rows of 16-bit results, from 8- and 16-bit sources. */
TARGET static uint32_t row16(const struct cf_row_job *job)
{
    uint32_t first = job->first;
    for (; first + 16 * VECTORS <= job->lanes; first += 16 * VECTORS) {
        __m256i acc[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            acc[v] = _mm256_set1_epi16((int16_t)job->bias);
        for (uint32_t s = 0; s < job->source_count; s++) {
            const struct cf_row_source *source = &job->sources[s];
            __m256i factor = _mm256_set1_epi16((int16_t)source->factor);
            if (source->factor == 1)
                for (int v = 0; v < VECTORS; v++)
                    acc[v] = _mm256_add_epi16(acc[v], load16(source, first + 16 * (size_t)v));
            else
                for (int v = 0; v < VECTORS; v++)
                    acc[v] =
                        _mm256_add_epi16(acc[v], _mm256_mullo_epi16(factor, load16(source, first + 16 * (size_t)v)));
        }
        for (int v = 0; v < VECTORS; v++)
            _mm256_storeu_si256((__m256i *)((int16_t *)job->out + first + 16 * v), acc[v]);
    }
    return first;
}

/* Eight 32-bit lanes at a time: linear rows and steps, from sources of up to 32 bits. */
TARGET static uint32_t row32(const struct cf_row_job *job)
{
    uint32_t first = job->first;
    for (; first + 8 <= job->lanes; first += 8) {
        __m256i acc = _mm256_set1_epi32((int32_t)job->bias);
        if (job->lane_bias)
            acc = _mm256_add_epi32(acc, _mm256_loadu_si256((const __m256i *)(job->lane_bias + first)));
        for (uint32_t s = 0; s < job->source_count; s++)
            acc = _mm256_add_epi32(acc, _mm256_mullo_epi32(_mm256_set1_epi32((int32_t)job->sources[s].factor),
                                                           load32(&job->sources[s], first)));
        if (job->step) {
            int below = _mm256_movemask_ps(_mm256_castsi256_ps(acc)); /* the signs */
            for (int l = 0; l < 8; l++)
                ((int8_t *)job->out)[first + (uint32_t)l] = (int8_t)(~below >> l & 1);
        } else {
            _mm256_storeu_si256((__m256i *)((int32_t *)job->out + first), acc);
        }
    }
    return first;
}

static void row(const struct cf_row_job *job)
{
    uint32_t done = job->first;
    if (job->compute == CF_STORE16 && !job->step && job->out_storage == CF_STORE16 && job->widest <= CF_STORE16 &&
        !job->lane_bias)
        done = row16(job);
    else if (job->compute == CF_STORE32 && job->widest <= CF_STORE32 && (job->step || job->out_storage == CF_STORE32))
        done = row32(job);
    struct cf_row_job rest = *job;
    rest.first = done;
    if (done < job->lanes)
        cf_kernels_portable.row(&rest);
}

/* ---- dense --------------------------------------------------------------------------------------------------- */

/* 32 bits of operands, of any alignment and element type. */
typedef int32_t operand __attribute__((may_alias, aligned(1)));

/* The sums that eight lanes start from. */
INLINE __m256i load_start(const int32_t *start, int vector)
{
    return start ? _mm256_loadu_si256((const __m256i *)(start + 8 * vector)) : _mm256_setzero_si256();
}

/* One panel of 16 lanes times `height` rows of 16-bit operands. `step` is the distance, in elements, from one pair of
 * inputs to the next in the panel's weights. */
INLINE void words(int height, const int16_t *const *rows, const int16_t *weights, uint32_t step, uint32_t pairs,
                  const int32_t *start, int32_t *sums, size_t stride)
{
    __m256i acc[6][2];
#pragma GCC unroll 6
    for (int r = 0; r < height; r++)
        for (int v = 0; v < 2; v++)
            acc[r][v] = load_start(start, v);
    for (uint32_t k = 0; k < pairs; k++, weights += step) {
        __m256i w0 = _mm256_loadu_si256((const __m256i *)weights);
        __m256i w1 = _mm256_loadu_si256((const __m256i *)(weights + 16));
#pragma GCC unroll 6
        for (int r = 0; r < height; r++) {
            __m256i x = _mm256_set1_epi32(((const operand *)rows[r])[k]);
            acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(x, w0));
            acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(x, w1));
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < height; r++)
        for (int v = 0; v < 2; v++)
            _mm256_storeu_si256((__m256i *)(sums + (size_t)r * stride + 8 * v), acc[r][v]);
}

TARGET static void dense16(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count,
                           const int32_t *start, int32_t *sums)
{
    const int16_t *strip = dense->weights;
    uint32_t first = 0, pairs = dense->padded_inputs / 2;
    size_t stride = dense->padded_lanes;
    for (uint32_t g = 0; g < cf_dense_strips(dense); g++) {
        uint32_t width = cf_dense_panels(dense, g) * CF_PANEL;
        for (uint32_t panel = 0; panel < width; panel += CF_PANEL) {
            const int16_t *weights = strip + 2 * panel;
            const int32_t *from = start ? start + first + panel : NULL;
            int32_t *sum = sums + first + panel;
            uint32_t r = 0;
            for (; r + 6 <= count; r += 6)
                words(6, rows + r, weights, 2 * width, pairs, from, sum + r * stride, stride);
            for (; r < count; r++)
                words(1, rows + r, weights, 2 * width, pairs, from, sum + r * stride, stride);
        }
        strip += (size_t)dense->padded_inputs * width;
        first += width;
    }
}

/* The same for bytes, widened to 16 bits on the way: vpmaddubsw would saturate. Each of the four accumulators of a
 * row holds two partial sums of four lanes. */
INLINE void bytes(int height, const int8_t *const *rows, const int8_t *weights, uint32_t step, uint32_t quads,
                  const int32_t *start, int32_t *sums, size_t stride)
{
    __m256i acc[2][4];
#pragma GCC unroll 2
    for (int r = 0; r < height; r++)
        for (int v = 0; v < 4; v++)
            acc[r][v] = _mm256_setzero_si256();
    for (uint32_t k = 0; k < quads; k++, weights += step) {
        __m256i w[4];
        for (int v = 0; v < 4; v++)
            w[v] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(weights + 16 * v)));
#pragma GCC unroll 2
        for (int r = 0; r < height; r++) {
            __m128i four = _mm_cvtepi8_epi16(_mm_cvtsi32_si128(((const operand *)rows[r])[k]));
            __m256i x = _mm256_broadcastq_epi64(four);
            for (int v = 0; v < 4; v++)
                acc[r][v] = _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(x, w[v]));
        }
    }
#pragma GCC unroll 2
    for (int r = 0; r < height; r++)
        for (int v = 0; v < 2; v++) {
            __m256i pairs = _mm256_hadd_epi32(acc[r][2 * v], acc[r][2 * v + 1]);
            __m256i *sum = (__m256i *)(sums + (size_t)r * stride + 8 * v);
            _mm256_storeu_si256(sum, _mm256_add_epi32(load_start(start, v), _mm256_permute4x64_epi64(pairs, 0xd8)));
        }
}

TARGET static void dense8(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                          int32_t *sums)
{
    const int8_t *strip = dense->weights;
    uint32_t first = 0, quads = dense->padded_inputs / 4;
    size_t stride = dense->padded_lanes;
    for (uint32_t g = 0; g < cf_dense_strips(dense); g++) {
        uint32_t width = cf_dense_panels(dense, g) * CF_PANEL;
        for (uint32_t panel = 0; panel < width; panel += CF_PANEL) {
            const int8_t *weights = strip + 4 * panel;
            const int32_t *from = start ? start + first + panel : NULL;
            int32_t *sum = sums + first + panel;
            uint32_t r = 0;
            for (; r + 2 <= count; r += 2)
                bytes(2, rows + r, weights, 4 * width, quads, from, sum + r * stride, stride);
            for (; r < count; r++)
                bytes(1, rows + r, weights, 4 * width, quads, from, sum + r * stride, stride);
        }
        strip += (size_t)dense->padded_inputs * width;
        first += width;
    }
}

/* 64-bit sums, four lanes a vector. */
TARGET static void dense32(const struct cf_dense *dense, const int32_t *const *rows, uint32_t count,
                           const int64_t *start, int64_t *sums)
{
    const int32_t *strip = dense->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(dense); g++) {
        uint32_t width = cf_dense_panels(dense, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++)
            for (uint32_t panel = 0; panel < width; panel += CF_PANEL) {
                __m256i *sum = (__m256i *)(sums + (size_t)r * dense->padded_lanes + first + panel);
                __m256i acc[4];
                for (int v = 0; v < 4; v++)
                    acc[v] = start ? _mm256_loadu_si256((const __m256i *)(start + first + panel) + v)
                                   : _mm256_setzero_si256();
                const int32_t *w = strip + panel;
                for (uint32_t k = 0; k < dense->padded_inputs; k++, w += width) {
                    __m256i x = _mm256_set1_epi64x(rows[r][k]);
                    for (int v = 0; v < 4; v++) {
                        __m256i four = _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)(w + 4 * v)));
                        acc[v] = _mm256_add_epi64(acc[v], _mm256_mul_epi32(x, four));
                    }
                }
                for (int v = 0; v < 4; v++)
                    _mm256_storeu_si256(sum + v, acc[v]);
            }
        strip += (size_t)dense->padded_inputs * width;
        first += width;
    }
}

TARGET static void finish(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_storage, void *out)
{
    uint32_t l = 0;
    for (; step && l + 32 <= lanes; l += 32) {
        const __m256i *from = (const __m256i *)(sums + l);
        __m256i low = _mm256_packs_epi32(_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1));
        __m256i high = _mm256_packs_epi32(_mm256_loadu_si256(from + 2), _mm256_loadu_si256(from + 3));
        /* Packing keeps signs, and works within halves of 128 bits: the order is put right at the end. */
        __m256i ordered =
            _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        __m256i fires = _mm256_andnot_si256(_mm256_cmpgt_epi8(_mm256_setzero_si256(), ordered), _mm256_set1_epi8(1));
        _mm256_storeu_si256((__m256i *)((int8_t *)out + l), fires);
    }
    if (l < lanes)
        cf_kernels_portable.finish(sums + l, lanes - l, step, out_storage,
                                   (char *)out + l * cf_storage_size(out_storage));
}

TARGET static void digits(const int32_t *values, uint32_t count, int16_t *low, int16_t *high)
{
    for (uint32_t i = 0; i < count; i++) { /* the compiler does this well */
        low[i] = (int16_t)values[i];
        high[i] = (int16_t)((values[i] - low[i]) >> 16);
    }
}

static const struct cf_kernels kernels = {
    .name = "avx2",
    .row = row,
    .dense8 = dense8,
    .dense16 = dense16,
    .dense32 = dense32,
    .finish = finish,
    .digits = digits,
};

const struct cf_kernels *cf_kernels_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? &kernels : NULL;
}

#endif

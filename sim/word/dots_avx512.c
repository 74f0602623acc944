/* dots_avx512.c - multiplies dense matrices of few lanes with AVX-512 and VNNI, see dots.h. */
#include "sim/word/dots.h"

#ifdef __x86_64__

#include <assert.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi")))
#define INLINE TARGET static inline __attribute__((always_inline))

struct dots {
    const struct cf_dense *dense;
    const void *const *rows;
    int32_t *sums; /* of the first row */
    size_t bytes;  /* of a row, and of a lane's weights */
};

enum { MOST_ROWS = 4, MOST_LANES = 4, VECTOR = 64 };

/* Adds the products of 64 bytes, as far as the mask has them, of `height` rows and `lanes` lanes. The 8-bit instruction
 * wants its first operand unsigned, so x + 128 (the sign bit flipped). */
INLINE void add_products(bool bytes, int height, int lanes, __m512i acc[MOST_ROWS][MOST_LANES], const char *const *rows,
                         const char *const *weights, size_t at, __mmask64 mask)
{
    __m512i w[MOST_LANES];
#pragma GCC unroll 4
    for (int l = 0; l < lanes; l++)
        w[l] = _mm512_maskz_loadu_epi8(mask, weights[l] + at);
#pragma GCC unroll 4
    for (int r = 0; r < height; r++) {
        __m512i x = _mm512_maskz_loadu_epi8(mask, rows[r] + at);
        if (bytes)
            x = _mm512_xor_si512(x, _mm512_set1_epi8(-128));
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) {
            if (bytes) /* as one instruction, as in kernels_avx512.c */
                __asm__("vpdpbusd %2, %1, %0" : "+v"(acc[r][l]) : "v"(x), "v"(w[l]));
            else
                __asm__("vpdpwssd %2, %1, %0" : "+v"(acc[r][l]) : "v"(x), "v"(w[l]));
        }
    }
}

INLINE uint32_t add_up(__m512i acc)
{
    __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(acc), _mm512_extracti64x4_epi64(acc, 1));
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return (uint32_t)_mm_cvtsi128_si32(two) + (uint32_t)_mm_extract_epi32(two, 1);
}

/* Adds a dot product to what a lane of a row starts from. */
INLINE void finish(bool bytes, const struct dots *dots, uint32_t row, uint32_t lane, uint32_t total)
{
    int32_t *sum = &dots->sums[(size_t)row * dots->dense->padded_lanes + lane];
    if (bytes)
        total -= (uint32_t)dots->dense->weight_sum[lane] << 7;
    *sum = (int32_t)((uint32_t)*sum + total);
}

/* Adds the sums of `height` rows, from row `first` on, and `lanes` lanes, from lane `lane` on. */
INLINE void tile(bool bytes, int height, int lanes, const struct dots *dots, uint32_t first, uint32_t lane)
{
    __m512i acc[MOST_ROWS][MOST_LANES];
    const char *rows[MOST_ROWS], *weights[MOST_LANES];
    for (int r = 0; r < height; r++)
        rows[r] = dots->rows[first + (uint32_t)r];
    for (int l = 0; l < lanes; l++)
        weights[l] = (const char *)dots->dense->by_lane + (lane + (uint32_t)l) * dots->bytes;
#pragma GCC unroll 4
    for (int r = 0; r < height; r++)
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++)
            acc[r][l] = _mm512_setzero_si512();
    size_t at = 0;
    for (; at + VECTOR <= dots->bytes; at += VECTOR)
        add_products(bytes, height, lanes, acc, rows, weights, at, UINT64_MAX);
    if (at < dots->bytes)
        add_products(bytes, height, lanes, acc, rows, weights, at, UINT64_MAX >> (VECTOR - (dots->bytes - at)));
#pragma GCC unroll 4
    for (int r = 0; r < height; r++)
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++)
            finish(bytes, dots, first + (uint32_t)r, lane + (uint32_t)l, add_up(acc[r][l]));
}

INLINE void lanes_of_rows(bool bytes, int lanes, const struct dots *dots, uint32_t count, uint32_t lane)
{
    uint32_t r = 0;
    for (; r + MOST_ROWS <= count; r += MOST_ROWS)
        tile(bytes, MOST_ROWS, lanes, dots, r, lane);
    for (; r < count; r++)
        tile(bytes, 1, lanes, dots, r, lane);
}

INLINE void all_lanes(bool bytes, const struct cf_dense *dense, const void *const *rows, uint32_t count,
                      const int32_t *start, int32_t *sums)
{
    assert(dense->by_lane && count <= CF_DENSE_ROWS);
    struct dots dots = {dense, rows, sums, dense->padded_inputs * cf_storage_size(dense->storage)};
    uint32_t lane = 0;
    cf_dots_start(dense, count, start, sums);
    for (; lane + MOST_LANES <= dense->lanes; lane += MOST_LANES)
        lanes_of_rows(bytes, MOST_LANES, &dots, count, lane);
    for (; lane < dense->lanes; lane++)
        lanes_of_rows(bytes, 1, &dots, count, lane);
}

TARGET void cf_dots8_avx512(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count,
                            const int32_t *start, int32_t *sums)
{
    all_lanes(true, dense, (const void *const *)rows, count, start, sums);
}

TARGET void cf_dots16_avx512(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count,
                             const int32_t *start, int32_t *sums)
{
    all_lanes(false, dense, (const void *const *)rows, count, start, sums);
}

#endif

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

enum { MOST_ROWS = 5, MOST_LANES = 4, VECTOR = 64 };

/* Adds the products of 64 bytes, as far as the mask has them, of `height` rows and `lanes` lanes. The 8-bit instruction
 * wants its first operand unsigned, so x + 128 (the sign bit flipped). */
INLINE void add_products(bool bytes, int height, int lanes, __m512i acc[MOST_ROWS][MOST_LANES], const char *const *rows,
                         const char *const *weights, size_t at, __mmask64 mask)
{
    __m512i w[MOST_LANES];
#pragma GCC unroll 4
    for (int l = 0; l < lanes; l++)
        w[l] = _mm512_maskz_loadu_epi8(mask, weights[l] + at);
#pragma GCC unroll 5
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

/* The sums of the elements of four vectors each, side by side. */
INLINE __m128i add_up(const __m512i acc[MOST_LANES])
{
    __m512i two[2];
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
        two[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(acc[2 * i], acc[2 * i + 1]),
                                  _mm512_unpackhi_epi32(acc[2 * i], acc[2 * i + 1]));
    __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(two[0], two[1]), _mm512_unpackhi_epi64(two[0], two[1]));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* Adds dot products to what four lanes of a row start from. */
INLINE void finish(bool bytes, const struct dots *dots, uint32_t row, uint32_t lane, __m128i totals)
{
    __m128i *sums = (__m128i *)(dots->sums + (size_t)row * dots->dense->padded_lanes + lane);
    if (bytes) {
        __m128i weights = _mm_loadu_si128((const __m128i *)(dots->dense->weight_sum + lane));
        totals = _mm_sub_epi32(totals, _mm_slli_epi32(weights, 7));
    }
    _mm_storeu_si128(sums, _mm_add_epi32(_mm_loadu_si128(sums), totals));
}

/* Adds the sums of `height` rows, from row `first` on, and `lanes` lanes, from lane `lane` on. Lanes that are missing
 * to four are padding, and get zeros. */
INLINE void tile(bool bytes, int height, int lanes, const struct dots *dots, uint32_t first, uint32_t lane)
{
    __m512i acc[MOST_ROWS][MOST_LANES];
    const char *rows[MOST_ROWS], *weights[MOST_LANES];
    for (int r = 0; r < height; r++)
        rows[r] = dots->rows[first + (uint32_t)r];
    for (int l = 0; l < lanes; l++)
        weights[l] = (const char *)dots->dense->by_lane + (lane + (uint32_t)l) * dots->bytes;
#pragma GCC unroll 5
    for (int r = 0; r < height; r++)
#pragma GCC unroll 4
        for (int l = 0; l < MOST_LANES; l++)
            acc[r][l] = _mm512_setzero_si512();
    size_t at = 0;
    for (; at + VECTOR <= dots->bytes; at += VECTOR)
        add_products(bytes, height, lanes, acc, rows, weights, at, UINT64_MAX);
    if (at < dots->bytes)
        add_products(bytes, height, lanes, acc, rows, weights, at, UINT64_MAX >> (VECTOR - (dots->bytes - at)));
#pragma GCC unroll 5
    for (int r = 0; r < height; r++)
        finish(bytes, dots, first + (uint32_t)r, lane, add_up(acc[r]));
}

INLINE void lanes_of_rows(bool bytes, int lanes, const struct dots *dots, uint32_t count, uint32_t lane)
{
    uint32_t r = 0;
    for (; r + MOST_ROWS <= count; r += MOST_ROWS)
        tile(bytes, MOST_ROWS, lanes, dots, r, lane);
    for (; r < count; r++)
        tile(bytes, 1, lanes, dots, r, lane);
}

/* A function for each number of lanes: all in one, the compiler would run out of registers. */
#define LANES(kind, bytes, lanes)                                                                                      \
    TARGET static                                                                                                      \
        __attribute__((noinline)) void kind##_by_##lanes(const struct dots *dots, uint32_t count, uint32_t lane)       \
    {                                                                                                                  \
        lanes_of_rows(bytes, lanes, dots, count, lane);                                                                \
    }
LANES(bytes, true, 1)
LANES(bytes, true, 2)
LANES(bytes, true, 3)
LANES(bytes, true, 4)
LANES(words, false, 1)
LANES(words, false, 2)
LANES(words, false, 3)
LANES(words, false, 4)
#undef LANES

typedef void (*lanes_function)(const struct dots *dots, uint32_t count, uint32_t lane);

static void all_lanes(const lanes_function *by_lanes, const struct cf_dense *dense, const void *const *rows,
                      uint32_t count, const int32_t *start, int32_t *sums)
{
    assert(dense->by_lane && count <= CF_DENSE_ROWS);
    struct dots dots = {dense, rows, sums, dense->padded_inputs * cf_storage_size(dense->storage)};
    cf_dots_start(dense, count, start, sums);
    for (uint32_t lane = 0; lane < dense->lanes; lane += MOST_LANES)
        by_lanes[dense->lanes - lane < MOST_LANES ? dense->lanes - lane : MOST_LANES](&dots, count, lane);
}

void cf_dots8_avx512(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                     int32_t *sums)
{
    static const lanes_function by_lanes[] = {NULL, bytes_by_1, bytes_by_2, bytes_by_3, bytes_by_4};
    all_lanes(by_lanes, dense, (const void *const *)rows, count, start, sums);
}

void cf_dots16_avx512(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                      int32_t *sums)
{
    static const lanes_function by_lanes[] = {NULL, words_by_1, words_by_2, words_by_3, words_by_4};
    all_lanes(by_lanes, dense, (const void *const *)rows, count, start, sums);
}

#endif

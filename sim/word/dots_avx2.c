/* dots_avx2.c - multiplies dense matrices of few lanes with AVX2, see dots.h. Bytes are widened to words, which
 * vpmaddwd multiplies exactly. */
#include "sim/word/dots.h"

#ifdef __x86_64__

#include <assert.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

struct dots {
    const struct cf_dense *dense;
    const void *const *rows;
    int32_t *sums; /* of the first row */
};

enum { MOST_ROWS = 2, MOST_LANES = 4, VECTOR = 16 }; /* VECTOR: elements */

INLINE __m256i load(bool bytes, const void *from, size_t at)
{
    return bytes ? _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)((const int8_t *)from + at)))
                 : _mm256_loadu_si256((const __m256i *)((const int16_t *)from + at));
}

/* The products of the elements after the last whole vector. */
static uint32_t rest(enum cf_storage storage, const void *x, const void *w, uint32_t from, uint32_t end)
{
    uint32_t sum = 0;
    for (uint32_t k = from; k < end; k++)
        sum += (uint32_t)cf_storage_get(x, storage, k) * (uint32_t)cf_storage_get(w, storage, k);
    return sum;
}

/* The sums of the elements of four vectors each, side by side. */
INLINE __m128i add_up(const __m256i acc[MOST_LANES])
{
    __m256i all = _mm256_hadd_epi32(_mm256_hadd_epi32(acc[0], acc[1]), _mm256_hadd_epi32(acc[2], acc[3]));
    return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

/* Adds the sums of `height` rows, from row `first` on, and `lanes` lanes, from lane `lane` on. Lanes that are missing
 * to four are padding, and get zeros. */
INLINE void tile(bool bytes, int height, int lanes, const struct dots *dots, uint32_t first, uint32_t lane)
{
    const struct cf_dense *dense = dots->dense;
    __m256i acc[MOST_ROWS][MOST_LANES];
    const void *rows[MOST_ROWS];
    const char *weights[MOST_LANES];
    uint32_t whole = dense->padded_inputs / VECTOR * VECTOR;
    for (int r = 0; r < height; r++)
        rows[r] = dots->rows[first + (uint32_t)r];
    for (int l = 0; l < lanes; l++)
        weights[l] = (const char *)dense->by_lane +
                     (size_t)(lane + (uint32_t)l) * dense->padded_inputs * cf_storage_size(dense->storage);
#pragma GCC unroll 2
    for (int r = 0; r < height; r++)
#pragma GCC unroll 4
        for (int l = 0; l < MOST_LANES; l++)
            acc[r][l] = _mm256_setzero_si256();
    for (uint32_t k = 0; k < whole; k += VECTOR) {
        __m256i x[MOST_ROWS];
#pragma GCC unroll 2
        for (int r = 0; r < height; r++)
            x[r] = load(bytes, rows[r], k);
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) {
            __m256i w = load(bytes, weights[l], k);
#pragma GCC unroll 2
            for (int r = 0; r < height; r++)
                acc[r][l] = _mm256_add_epi32(acc[r][l], _mm256_madd_epi16(x[r], w));
        }
    }
#pragma GCC unroll 2
    for (int r = 0; r < height; r++) {
        int32_t *sums = dots->sums + (size_t)(first + (uint32_t)r) * dense->padded_lanes + lane;
        __m128i before = _mm_loadu_si128((const __m128i *)sums);
        _mm_storeu_si128((__m128i *)sums, _mm_add_epi32(before, add_up(acc[r])));
        for (int l = 0; whole < dense->padded_inputs && l < lanes; l++)
            sums[l] =
                (int32_t)((uint32_t)sums[l] + rest(dense->storage, rows[r], weights[l], whole, dense->padded_inputs));
    }
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
    struct dots dots = {dense, rows, sums};
    cf_dots_start(dense, count, start, sums);
    for (uint32_t lane = 0; lane < dense->lanes; lane += MOST_LANES)
        by_lanes[dense->lanes - lane < MOST_LANES ? dense->lanes - lane : MOST_LANES](&dots, count, lane);
}

void cf_dots8_avx2(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums)
{
    static const lanes_function by_lanes[] = {NULL, bytes_by_1, bytes_by_2, bytes_by_3, bytes_by_4};
    all_lanes(by_lanes, dense, (const void *const *)rows, count, start, sums);
}

void cf_dots16_avx2(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums)
{
    static const lanes_function by_lanes[] = {NULL, words_by_1, words_by_2, words_by_3, words_by_4};
    all_lanes(by_lanes, dense, (const void *const *)rows, count, start, sums);
}

#endif

/* rows_avx2.c - evaluates rows of gates and of sums with AVX2, see kernels.h. Rows of few sources, which are most of
 * a circuit, have loops of their own; all others add up one source after another. Lanes that fill no vector are left
 * to plain C.
 */
#include "sim/word/rows.h"

#ifdef __x86_64__

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- any row ----------------------------------------------------------------------------------------------------- */

enum { VECTORS = 8 }; /* accumulators that a row is added up in: they hide latency and share the dispatch */

/* Loads values from memory into lanes of 16 bits. */
INLINE __m256i load16(const char *from, enum cf_storage storage)
{
    if (storage == CF_STORE8)
        return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)from));
    return _mm256_loadu_si256((const __m256i *)from);
}

INLINE __m256i load32(const char *from, enum cf_storage storage)
{
    if (storage == CF_STORE8)
        return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)from));
    if (storage == CF_STORE16)
        return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)from));
    return _mm256_loadu_si256((const __m256i *)from);
}

/* Shifting is cheaper than multiplying, for 32 bits above all. */
INLINE bool is_power(int64_t factor)
{
    return factor > 0 && (factor & (factor - 1)) == 0;
}

/* Adds one source, whose storage is a constant here, to `vectors` accumulators. The dispatch stands outside the loops.
 */
INLINE void add_stored16(__m256i *acc, int vectors, const struct cf_row_source *source, enum cf_storage storage,
                         size_t first)
{
    const char *from = (const char *)source->values + first * cf_storage_size(storage);
    size_t step = 16 * cf_storage_size(storage);
    if (source->factor == 1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_add_epi16(acc[v], load16(from + (size_t)v * step, storage));
    } else if (source->factor == -1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_sub_epi16(acc[v], load16(from + (size_t)v * step, storage));
    } else {
        __m256i factor = _mm256_set1_epi16((int16_t)source->factor);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_add_epi16(acc[v], _mm256_mullo_epi16(factor, load16(from + (size_t)v * step, storage)));
    }
}

INLINE void add_stored32(__m256i *acc, int vectors, const struct cf_row_source *source, enum cf_storage storage,
                         size_t first)
{
    const char *from = (const char *)source->values + first * cf_storage_size(storage);
    size_t step = 8 * cf_storage_size(storage);
    if (source->factor == 1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_add_epi32(acc[v], load32(from + (size_t)v * step, storage));
    } else if (source->factor == -1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_sub_epi32(acc[v], load32(from + (size_t)v * step, storage));
    } else if (is_power(source->factor)) {
        __m128i shift = _mm_cvtsi32_si128(__builtin_ctzll((uint64_t)source->factor));
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_add_epi32(acc[v], _mm256_sll_epi32(load32(from + (size_t)v * step, storage), shift));
    } else {
        __m256i factor = _mm256_set1_epi32((int32_t)source->factor);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm256_add_epi32(acc[v], _mm256_mullo_epi32(factor, load32(from + (size_t)v * step, storage)));
    }
}

/* Stores H(sum) of eight lanes as bytes. */
INLINE void store_steps(int8_t *out, __m256i sum)
{
    __m256i fires = _mm256_srli_epi32(_mm256_andnot_si256(sum, _mm256_set1_epi32(INT32_MIN)), 31);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(fires), _mm256_extracti128_si256(fires, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packs_epi16(words, words));
}

/* Linear rows of 16-bit results, from sources of 8 and 16 bits. */
INLINE void row16_part(const struct cf_row_job *job, size_t first, int vectors)
{
    __m256i acc[VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        acc[v] = _mm256_set1_epi16((int16_t)job->bias);
    for (const struct cf_row_source *source = job->sources, *end = source + job->source_count; source < end; source++)
        if (source->storage == CF_STORE8)
            add_stored16(acc, vectors, source, CF_STORE8, first);
        else
            add_stored16(acc, vectors, source, CF_STORE16, first);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        _mm256_storeu_si256((__m256i *)((int16_t *)job->out + first + 16 * v), acc[v]);
}

/* Linear rows of 32-bit results and steps, from sources of up to 32 bits. */
INLINE void row32_part(const struct cf_row_job *job, size_t first, int vectors)
{
    __m256i acc[VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        acc[v] = _mm256_set1_epi32((int32_t)job->bias);
        if (job->lane_bias)
            acc[v] = _mm256_add_epi32(acc[v], _mm256_loadu_si256((const __m256i *)(job->lane_bias + first + 8 * v)));
    }
    for (const struct cf_row_source *source = job->sources, *end = source + job->source_count; source < end; source++)
        if (source->storage == CF_STORE8)
            add_stored32(acc, vectors, source, CF_STORE8, first);
        else if (source->storage == CF_STORE16)
            add_stored32(acc, vectors, source, CF_STORE16, first);
        else
            add_stored32(acc, vectors, source, CF_STORE32, first);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        if (job->step)
            store_steps((int8_t *)job->out + first + 8 * v, acc[v]);
        else
            _mm256_storeu_si256((__m256i *)((int32_t *)job->out + first + 8 * v), acc[v]);
}

/* Both return the first lane that is left, for want of a whole vector. */
TARGET static uint32_t row16(const struct cf_row_job *job)
{
    uint32_t first = job->first;
    for (; first + 16 * VECTORS <= job->lanes; first += 16 * VECTORS)
        row16_part(job, first, VECTORS);
    for (; first + 16 <= job->lanes; first += 16)
        row16_part(job, first, 1);
    return first;
}

TARGET static uint32_t row32(const struct cf_row_job *job)
{
    enum { MID = 5 }; /* twice this is 80 lanes, the common number of classes */
    uint32_t first = job->first;
    for (; first + 8 * VECTORS <= job->lanes && job->lanes - first != 16 * MID; first += 8 * VECTORS)
        row32_part(job, first, VECTORS);
    for (; first + 8 * MID <= job->lanes; first += 8 * MID)
        row32_part(job, first, MID);
    for (; first + 8 <= job->lanes; first += 8)
        row32_part(job, first, 1);
    return first;
}

/* ---- rows of few sources ----------------------------------------------------------------------------------------- */

/* All loops below leave lanes that fill no vector to `rest`. */
static void rest_from(const struct cf_row_job *job, size_t first)
{
    if (first >= job->lanes)
        return;
    struct cf_row_job rest = *job;
    rest.first = (uint32_t)first;
    cf_kernels_portable.row(&rest);
}

/* `count` sources, `bytes` of them, the first ones, stored as bytes and the rest as words; results of 16 bits. */
INLINE void few16(const struct cf_row_job *job, uint32_t count, uint32_t bytes)
{
    __m256i factor[CF_FEW_SOURCES], bias = _mm256_set1_epi16((int16_t)job->bias);
    const char *from[CF_FEW_SOURCES];
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        from[s] = job->sources[s].values;
        factor[s] = _mm256_set1_epi16((int16_t)job->sources[s].factor);
    }
    size_t first = job->first;
    for (; first + 16 <= job->lanes; first += 16) {
        __m256i sum = bias;
#pragma GCC unroll 5
        for (uint32_t s = 0; s < count; s++) {
            enum cf_storage storage = s < bytes ? CF_STORE8 : CF_STORE16;
            __m256i x = load16(from[s] + first * cf_storage_size(storage), storage);
            sum = _mm256_add_epi16(sum, _mm256_mullo_epi16(factor[s], x));
        }
        _mm256_storeu_si256((__m256i *)((int16_t *)job->out + first), sum);
    }
    rest_from(job, first);
}

/* `count` sources stored as words, with factors of 16 bits; results of 32 bits. Two sources' values stand side by side,
 * so that vpmaddwd multiplies and adds both; this leaves each half of the results in two vectors. */
INLINE void few_pairs(const struct cf_row_job *job, uint32_t count)
{
    __m256i factors[CF_FEW_SOURCES], bias = _mm256_set1_epi32((int32_t)job->bias);
    const char *from[CF_FEW_SOURCES];
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        int64_t second = s + 1 < count ? job->sources[s + 1].factor : 0;
        factors[s] = _mm256_set1_epi32((int32_t)((uint32_t)second << 16 | (uint16_t)job->sources[s].factor));
        from[s] = job->sources[s].values;
    }
    size_t first = job->first;
    for (; first + 16 <= job->lanes; first += 16) {
        __m256i low = bias, high = bias;
#pragma GCC unroll 5
        for (uint32_t s = 0; s < count; s += 2) {
            __m256i a = load16(from[s] + 2 * first, CF_STORE16), b = a;
            if (s + 1 < count)
                b = load16(from[s + 1] + 2 * first, CF_STORE16);
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), factors[s]));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), factors[s]));
        }
        __m256i *out = (__m256i *)((int32_t *)job->out + first);
        _mm256_storeu_si256(out, _mm256_permute2x128_si256(low, high, 0x20));
        _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(low, high, 0x31));
    }
    rest_from(job, first);
}

/* `count` sources of 32 bits; results of 32 bits, or thresholds. */
INLINE void few32(const struct cf_row_job *job, uint32_t count)
{
    __m256i factor[CF_FEW_SOURCES], bias = _mm256_set1_epi32((int32_t)job->bias);
    const int32_t *from[CF_FEW_SOURCES];
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        from[s] = job->sources[s].values;
        factor[s] = _mm256_set1_epi32((int32_t)job->sources[s].factor);
    }
    size_t first = job->first;
    for (; first + 8 <= job->lanes; first += 8) {
        __m256i sum = bias;
        if (job->lane_bias)
            sum = _mm256_add_epi32(sum, _mm256_loadu_si256((const __m256i *)(job->lane_bias + first)));
#pragma GCC unroll 5
        for (uint32_t s = 0; s < count; s++) {
            __m256i x = _mm256_loadu_si256((const __m256i *)(from[s] + first));
            sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(factor[s], x));
        }
        if (job->step)
            store_steps((int8_t *)job->out + first, sum);
        else
            _mm256_storeu_si256((__m256i *)((int32_t *)job->out + first), sum);
    }
    rest_from(job, first);
}

#define FEW(name, call)                                                                                                \
    TARGET static void name(const struct cf_row_job *job)                                                              \
    {                                                                                                                  \
        call;                                                                                                          \
    }
FEW(bytes2, few16(job, 2, 2))
FEW(bytes3, few16(job, 3, 3))
FEW(bytes4, few16(job, 4, 4))
FEW(bytes5, few16(job, 5, 5))
FEW(byte_words2, few16(job, 2, 1))
FEW(byte_words3, few16(job, 3, 1))
FEW(byte_words4, few16(job, 4, 1))
FEW(byte_words5, few16(job, 5, 1))
FEW(words2, few16(job, 2, 0))
FEW(words3, few16(job, 3, 0))
FEW(words4, few16(job, 4, 0))
FEW(words5, few16(job, 5, 0))
FEW(pairs2, few_pairs(job, 2))
FEW(pairs3, few_pairs(job, 3))
FEW(pairs4, few_pairs(job, 4))
FEW(pairs5, few_pairs(job, 5))
FEW(longs1, few32(job, 1))
FEW(longs2, few32(job, 2))
FEW(longs3, few32(job, 3))
FEW(longs4, few32(job, 4))
FEW(longs5, few32(job, 5))
#undef FEW

static const struct cf_few_rows few_rows = {
    .bytes = {NULL, NULL, bytes2, bytes3, bytes4, bytes5},
    .byte_words = {NULL, NULL, byte_words2, byte_words3, byte_words4, byte_words5},
    .words = {NULL, NULL, words2, words3, words4, words5},
    .pairs = {NULL, NULL, pairs2, pairs3, pairs4, pairs5},
    .longs = {NULL, longs1, longs2, longs3, longs4, longs5},
};

/* Any row, by the loop that takes one source after another. */
static void any_row(const struct cf_row_job *job)
{
    if (job->compute == CF_STORE16 && !job->step && job->out_storage == CF_STORE16 && job->widest <= CF_STORE16 &&
        !job->lane_bias)
        rest_from(job, row16(job));
    else if (job->compute == CF_STORE32 && job->widest <= CF_STORE32 &&
             job->out_storage == (job->step ? CF_STORE8 : CF_STORE32))
        rest_from(job, row32(job));
    else
        cf_kernels_portable.row(job);
}

cf_row_function cf_row_loop_avx2(const struct cf_row_job *job)
{
    cf_row_function few = cf_few_row(&few_rows, job);
    return few ? few : any_row;
}

void cf_row_avx2(const struct cf_row_job *job)
{
    cf_row_loop_avx2(job)(job);
}

#endif

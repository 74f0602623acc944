/* rows_avx512.c - evaluates rows of gates and of sums with AVX-512, see kernels.h. Rows of few sources, which are
 * most of a circuit, have loops of their own; all others add up one source after another.
 */
#include "sim/word/rows.h"

#ifdef __x86_64__

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- loading and storing ----------------------------------------------------------------------------------------- */

/* Loads values from memory into lanes of 16 bits; values of wider storage are cut to their low bits. */
INLINE __m512i load16(const void *from, enum cf_storage storage, __mmask32 mask)
{
    if (storage == CF_STORE8)
        return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, from));
    if (storage == CF_STORE16)
        return _mm512_maskz_loadu_epi16(mask, from);
    const int32_t *wide = from;
    __m256i low = _mm512_cvtepi32_epi16(_mm512_maskz_loadu_epi32((__mmask16)mask, wide));
    __m256i high = _mm512_cvtepi32_epi16(_mm512_maskz_loadu_epi32((__mmask16)(mask >> 16), wide + 16));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

INLINE __m512i load32(const void *from, enum cf_storage storage, __mmask16 mask)
{
    if (storage == CF_STORE8)
        return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, from));
    if (storage == CF_STORE16)
        return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, from));
    return _mm512_maskz_loadu_epi32(mask, from);
}

INLINE void store16(const struct cf_row_job *job, size_t first, __m512i sum, __mmask32 mask)
{
    if (job->step)
        sum = _mm512_srli_epi16(_mm512_andnot_si512(sum, _mm512_set1_epi16(INT16_MIN)), 15);
    if (job->out_storage == CF_STORE8)
        _mm512_mask_cvtepi16_storeu_epi8((int8_t *)job->out + first, mask, sum);
    else
        _mm512_mask_storeu_epi16((int16_t *)job->out + first, mask, sum);
}

INLINE void store32(void *out, enum cf_storage storage, bool step, size_t first, __m512i sum, __mmask16 mask)
{
    if (step)
        sum = _mm512_srli_epi32(_mm512_andnot_si512(sum, _mm512_set1_epi32(INT32_MIN)), 31);
    if (storage == CF_STORE8)
        _mm512_mask_cvtepi32_storeu_epi8((int8_t *)out + first, mask, sum);
    else if (storage == CF_STORE16)
        _mm512_mask_cvtepi32_storeu_epi16((int16_t *)out + first, mask, sum);
    else
        _mm512_mask_storeu_epi32((int32_t *)out + first, mask, sum);
}

/* ---- any row ----------------------------------------------------------------------------------------------------- */

enum { VECTORS = 8 }; /* accumulators that a row is added up in: they hide latency and share the dispatch */

/* Shifting is cheaper than multiplying, for 32 bits above all. */
INLINE bool is_power(int64_t factor)
{
    return factor > 0 && (factor & (factor - 1)) == 0;
}

/* Adds one source, whose storage is a constant here, to `vectors` accumulators. The dispatch stands outside the loops.
 */
INLINE void add_stored16(__m512i *acc, int vectors, const struct cf_row_source *source, enum cf_storage storage,
                         size_t first, __mmask32 mask)
{
    const char *from = (const char *)source->values + first * cf_storage_size(storage);
    size_t step = 32 * cf_storage_size(storage);
    if (source->factor == 1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi16(acc[v], load16(from + (size_t)v * step, storage, mask));
    } else if (source->factor == -1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_sub_epi16(acc[v], load16(from + (size_t)v * step, storage, mask));
    } else if (is_power(source->factor)) {
        __m512i shift = _mm512_set1_epi16((int16_t)__builtin_ctzll((uint64_t)source->factor));
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi16(acc[v], _mm512_sllv_epi16(load16(from + (size_t)v * step, storage, mask), shift));
    } else {
        __m512i factor = _mm512_set1_epi16((int16_t)source->factor);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] =
                _mm512_add_epi16(acc[v], _mm512_mullo_epi16(factor, load16(from + (size_t)v * step, storage, mask)));
    }
}

INLINE void add_source16(__m512i *acc, int vectors, const struct cf_row_source *source, size_t first, __mmask32 mask)
{
    if (source->storage == CF_STORE8)
        add_stored16(acc, vectors, source, CF_STORE8, first, mask);
    else if (source->storage == CF_STORE16)
        add_stored16(acc, vectors, source, CF_STORE16, first, mask);
    else
        add_stored16(acc, vectors, source, CF_STORE32, first, mask);
}

INLINE void add_stored32(__m512i *acc, int vectors, const struct cf_row_source *source, enum cf_storage storage,
                         size_t first, __mmask16 mask)
{
    const char *from = (const char *)source->values + first * cf_storage_size(storage);
    size_t step = 16 * cf_storage_size(storage);
    if (source->factor == 1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi32(acc[v], load32(from + (size_t)v * step, storage, mask));
    } else if (source->factor == -1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_sub_epi32(acc[v], load32(from + (size_t)v * step, storage, mask));
    } else if (is_power(source->factor)) {
        __m512i shift = _mm512_set1_epi32(__builtin_ctzll((uint64_t)source->factor));
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi32(acc[v], _mm512_sllv_epi32(load32(from + (size_t)v * step, storage, mask), shift));
    } else {
        __m512i factor = _mm512_set1_epi32((int32_t)source->factor);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] =
                _mm512_add_epi32(acc[v], _mm512_mullo_epi32(factor, load32(from + (size_t)v * step, storage, mask)));
    }
}

INLINE void add_source32(__m512i *acc, int vectors, const struct cf_row_source *source, size_t first, __mmask16 mask)
{
    if (source->storage == CF_STORE8)
        add_stored32(acc, vectors, source, CF_STORE8, first, mask);
    else if (source->storage == CF_STORE16)
        add_stored32(acc, vectors, source, CF_STORE16, first, mask);
    else
        add_stored32(acc, vectors, source, CF_STORE32, first, mask);
}

INLINE void row16_part(const struct cf_row_job *job, size_t first, int vectors, __mmask32 mask)
{
    __m512i acc[VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        acc[v] = _mm512_set1_epi16((int16_t)job->bias);
    for (uint32_t s = 0; s < job->source_count; s++)
        add_source16(acc, vectors, &job->sources[s], first, mask);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        store16(job, first + 32 * (size_t)v, acc[v], mask);
}

INLINE void row32_part(const struct cf_row_job *job, size_t first, int vectors, __mmask16 mask)
{
    __m512i acc[VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        acc[v] = _mm512_set1_epi32((int32_t)job->bias);
        if (job->lane_bias)
            acc[v] = _mm512_add_epi32(acc[v], _mm512_maskz_loadu_epi32(mask, job->lane_bias + first + 16 * v));
    }
    for (uint32_t s = 0; s < job->source_count; s++)
        add_source32(acc, vectors, &job->sources[s], first, mask);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        store32(job->out, job->out_storage, job->step, first + 16 * (size_t)v, acc[v], mask);
}

TARGET static void row16(const struct cf_row_job *job)
{
    size_t first = job->first;
    for (; first + 32 * VECTORS <= job->lanes; first += 32 * VECTORS)
        row16_part(job, first, VECTORS, UINT32_MAX);
    for (; first + 32 <= job->lanes; first += 32)
        row16_part(job, first, 1, UINT32_MAX);
    if (first < job->lanes)
        row16_part(job, first, 1, UINT32_MAX >> (32 - (job->lanes - first)));
}

TARGET static void row32(const struct cf_row_job *job)
{
    enum { MID = 5 }; /* 80 lanes, the common number of classes */
    size_t first = job->first;
    for (; first + 16 * VECTORS <= job->lanes; first += 16 * VECTORS)
        row32_part(job, first, VECTORS, UINT16_MAX);
    for (; first + 16 * MID <= job->lanes; first += 16 * MID)
        row32_part(job, first, MID, UINT16_MAX);
    for (; first + 16 <= job->lanes; first += 16)
        row32_part(job, first, 1, UINT16_MAX);
    if (first < job->lanes)
        row32_part(job, first, 1, (__mmask16)(UINT16_MAX >> (16 - (job->lanes - first))));
}

/* ---- rows of few sources ----------------------------------------------------------------------------------------- */

/* The operands of a row of few sources: the sources' values and factors (two in each 32 bits for `pairs`). */
struct few {
    const char *from[CF_FEW_SOURCES];
    __m512i factor[CF_FEW_SOURCES], bias;
};

/* Result lanes [first, first + 32) as far as the mask has them, of `count` sources, `bytes` of them, the first ones,
 * stored as bytes and the rest as words; results of 16 bits. */
INLINE void few16_part(const struct cf_row_job *job, const struct few *few, uint32_t count, uint32_t bytes,
                       size_t first, __mmask32 mask)
{
    __m512i sum = few->bias;
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        enum cf_storage storage = s < bytes ? CF_STORE8 : CF_STORE16;
        __m512i x = load16(few->from[s] + first * cf_storage_size(storage), storage, mask);
        sum = _mm512_add_epi16(sum, _mm512_mullo_epi16(few->factor[s], x));
    }
    _mm512_mask_storeu_epi16((int16_t *)job->out + first, mask, sum);
}

INLINE void few16(const struct cf_row_job *job, uint32_t count, uint32_t bytes)
{
    struct few few = {.bias = _mm512_set1_epi16((int16_t)job->bias)};
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        few.from[s] = job->sources[s].values;
        few.factor[s] = _mm512_set1_epi16((int16_t)job->sources[s].factor);
    }
    size_t first = job->first;
    for (; first + 32 <= job->lanes; first += 32)
        few16_part(job, &few, count, bytes, first, UINT32_MAX);
    if (first < job->lanes)
        few16_part(job, &few, count, bytes, first, UINT32_MAX >> (32 - (job->lanes - first)));
}

/* `count` sources stored as words, with factors of 16 bits; results of 32 bits. Two sources' values stand side by side,
 * so that vpmaddwd multiplies and adds both; this leaves eight-byte quarters of the results in two vectors. */
INLINE void few_pairs_part(const struct cf_row_job *job, const struct few *few, uint32_t count, size_t first,
                           __mmask32 mask)
{
    const __m512i low_half = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i high_half = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    __m512i low = few->bias, high = few->bias;
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s += 2) {
        __m512i a = load16(few->from[s] + 2 * first, CF_STORE16, mask), b = a;
        if (s + 1 < count)
            b = load16(few->from[s + 1] + 2 * first, CF_STORE16, mask);
        low = _mm512_add_epi32(low, _mm512_madd_epi16(_mm512_unpacklo_epi16(a, b), few->factor[s]));
        high = _mm512_add_epi32(high, _mm512_madd_epi16(_mm512_unpackhi_epi16(a, b), few->factor[s]));
    }
    int32_t *out = (int32_t *)job->out + first;
    _mm512_mask_storeu_epi32(out, (__mmask16)mask, _mm512_permutex2var_epi64(low, low_half, high));
    if (mask >> 16)
        _mm512_mask_storeu_epi32(out + 16, (__mmask16)(mask >> 16), _mm512_permutex2var_epi64(low, high_half, high));
}

INLINE void few_pairs(const struct cf_row_job *job, uint32_t count)
{
    struct few few = {.bias = _mm512_set1_epi32((int32_t)job->bias)};
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        int64_t second = s + 1 < count ? job->sources[s + 1].factor : 0;
        few.from[s] = job->sources[s].values;
        few.factor[s] = _mm512_set1_epi32((int32_t)((uint32_t)second << 16 | (uint16_t)job->sources[s].factor));
    }
    size_t first = job->first;
    for (; first + 32 <= job->lanes; first += 32)
        few_pairs_part(job, &few, count, first, UINT32_MAX);
    if (first < job->lanes)
        few_pairs_part(job, &few, count, first, UINT32_MAX >> (32 - (job->lanes - first)));
}

/* `count` sources of 32 bits; results of 32 bits, or thresholds. */
INLINE void few32_part(const struct cf_row_job *job, const struct few *few, uint32_t count, bool step, size_t first,
                       __mmask16 mask)
{
    const __m128i one = _mm_set1_epi8(1);
    __m512i sum = few->bias;
    if (job->lane_bias)
        sum = _mm512_add_epi32(sum, _mm512_maskz_loadu_epi32(mask, job->lane_bias + first));
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++)
        sum = _mm512_add_epi32(
            sum, _mm512_mullo_epi32(few->factor[s], _mm512_maskz_loadu_epi32(mask, few->from[s] + 4 * first)));
    if (step) {
        __mmask16 fires = _mm512_cmpge_epi32_mask(sum, _mm512_setzero_si512());
        _mm_mask_storeu_epi8((int8_t *)job->out + first, mask, _mm_maskz_mov_epi8(fires, one));
    } else {
        _mm512_mask_storeu_epi32((int32_t *)job->out + first, mask, sum);
    }
}

/* Works on a copy of the job: as for all that the compiler can tell, the bytes of thresholds might overwrite the job's
 * members, and would make it read them anew in each round. */
INLINE void few32(const struct cf_row_job *from, uint32_t count)
{
    const struct cf_row_job copy = *from, *job = &copy;
    struct few few = {.bias = _mm512_set1_epi32((int32_t)job->bias)};
#pragma GCC unroll 5
    for (uint32_t s = 0; s < count; s++) {
        few.from[s] = job->sources[s].values;
        few.factor[s] = _mm512_set1_epi32((int32_t)job->sources[s].factor);
    }
    size_t first = job->first;
    for (; job->step && first + 16 <= job->lanes; first += 16)
        few32_part(job, &few, count, true, first, UINT16_MAX);
    for (; first + 16 <= job->lanes; first += 16)
        few32_part(job, &few, count, false, first, UINT16_MAX);
    if (first < job->lanes)
        few32_part(job, &few, count, job->step, first, (__mmask16)(UINT16_MAX >> (16 - (job->lanes - first))));
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
    bool wide = job->compute == CF_STORE64 || job->out_storage == CF_STORE64 || job->widest == CF_STORE64;
    if (wide || (job->compute == CF_STORE16 && (job->lane_bias || job->out_storage > CF_STORE16)))
        cf_kernels_portable.row(job);
    else if (job->compute == CF_STORE16)
        row16(job);
    else
        row32(job);
}

cf_row_function cf_row_loop_avx512(const struct cf_row_job *job)
{
    cf_row_function few = cf_few_row(&few_rows, job);
    return few ? few : any_row;
}

void cf_row_avx512(const struct cf_row_job *job)
{
    cf_row_loop_avx512(job)(job);
}

#endif

/* kernels_avx2.c - the kernels with AVX2. Built like kernels_avx512.c: each function names its own target. */
#include "sim/word/dense_avx2.h"

#ifndef __x86_64__

const struct cf_kernels *cf_kernels_avx2(void)
{
    return NULL;
}

const struct cf_kernels *cf_kernels_avxvnni(void)
{
    return NULL;
}

#else

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- rows ------------------------------------------------------------------------------------------------------- */

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

static void row(const struct cf_row_job *job)
{
    struct cf_row_job rest = *job;
    if (job->compute == CF_STORE16 && !job->step && job->out_storage == CF_STORE16 && job->widest <= CF_STORE16 &&
        !job->lane_bias)
        rest.first = row16(job);
    else if (job->compute == CF_STORE32 && job->widest <= CF_STORE32 && (job->step || job->out_storage == CF_STORE32))
        rest.first = row32(job);
    if (rest.first < job->lanes)
        cf_kernels_portable.row(&rest);
}

/* ---- what follows a product ------------------------------------------------------------------------------------- */

TARGET static void finish(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_storage, void *out)
{
    uint32_t l = 0;
    for (; step && out_storage == CF_STORE8 && l + 8 <= lanes; l += 8)
        store_steps((int8_t *)out + l, _mm256_loadu_si256((const __m256i *)(sums + l)));
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

TARGET static void byte_digits(const int32_t *values, uint32_t count, int bits, int8_t *low, int16_t *high)
{
    __m256i mask = _mm256_set1_epi32((1 << bits) - 1);
    __m128i shift = _mm_cvtsi32_si128(bits);
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i first = _mm256_loadu_si256((const __m256i *)(values + i));
        __m256i second = _mm256_loadu_si256((const __m256i *)(values + i + 8));
        /* Packing works within halves of 128 bits: the order of the quarters is put right after it. */
        __m256i words = _mm256_packs_epi32(_mm256_sra_epi32(first, shift), _mm256_sra_epi32(second, shift));
        _mm256_storeu_si256((__m256i *)(high + i), _mm256_permute4x64_epi64(words, 0xd8));
        words = _mm256_packs_epi32(_mm256_and_si256(first, mask), _mm256_and_si256(second, mask));
        words = _mm256_permute4x64_epi64(words, 0xd8);
        __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(low + i), bytes);
    }
    cf_kernels_portable.byte_digits(values + i, count - i, bits, low + i, high + i);
}

static const struct cf_kernels avx2 = {
    .name = "avx2",
    .row = row,
    .dense8 = cf_dense8_avx2,
    .dense16 = cf_dense16_avx2,
    .dense32 = cf_dense32_avx2,
    .finish = finish,
    .digits = digits,
    .byte_digits = byte_digits,
};

static const struct cf_kernels avxvnni = {
    .name = "avxvnni",
    .row = row,
    .dense8 = cf_dense8_avxvnni,
    .dense16 = cf_dense16_avxvnni,
    .dense32 = cf_dense32_avx2,
    .finish = finish,
    .digits = digits,
    .byte_digits = byte_digits,
};

const struct cf_kernels *cf_kernels_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

/* Compilers of this age do not know "avxvnni" as a name of __builtin_cpu_supports, which also tells that the operating
 * system keeps vector registers. */
const struct cf_kernels *cf_kernels_avxvnni(void)
{
    enum { AVX_VNNI = 1 << 4 }; /* of EAX, leaf 7, subleaf 1 */
    unsigned eax = 0, ebx, ecx, edx;
    bool known = __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
    return __builtin_cpu_supports("avx2") && known && (eax & AVX_VNNI) ? &avxvnni : NULL;
}

#endif

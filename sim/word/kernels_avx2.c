/* kernels_avx2.c - holds the kernels with AVX2. Built like kernels_avx512.c: each function names its own target. */
#include "sim/word/dense_avx2.h"
#include "sim/word/rows.h"

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

/* ---- what follows a product ------------------------------------------------------------------------------------- */

/* Stores H(sum) of eight lanes as bytes. */
INLINE void store_steps(int8_t *out, __m256i sum)
{
    __m256i fires = _mm256_srli_epi32(_mm256_andnot_si256(sum, _mm256_set1_epi32(INT32_MIN)), 31);
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(fires), _mm256_extracti128_si256(fires, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packs_epi16(words, words));
}

TARGET static void finish(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_storage, void *out)
{
    uint32_t l = 0;
    for (; step && out_storage == CF_STORE8 && l + 8 <= lanes; l += 8)
        store_steps((int8_t *)out + l, _mm256_loadu_si256((const __m256i *)(sums + l)));
    if (l < lanes)
        cf_kernels_portable.finish(sums + l, lanes - l, step, out_storage,
                                   (char *)out + l * cf_storage_size(out_storage));
}

/* The totals of four lanes, where all factors fit 32 bits: vpmuldq multiplies the low halves of 64 bits. */
INLINE __m256i totals(uint32_t count, const int32_t *sums, const struct cf_extras *extras, uint32_t first)
{
    __m256i sum = _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)(sums + first)));
    __m256i total = _mm256_add_epi64(_mm256_loadu_si256((const __m256i *)(extras->bias + first)),
                                     _mm256_mul_epi32(sum, _mm256_set1_epi64x(extras->factor)));
    for (uint32_t e = 0; e < count; e++) {
        __m256i weight = _mm256_loadu_si256((const __m256i *)(extras->weight[e] + first));
        total = _mm256_add_epi64(total, _mm256_mul_epi32(weight, _mm256_set1_epi64x(extras->value[e])));
    }
    return total;
}

/* Stores the steps of whole runs of eight lanes, and returns how many lanes these are. */
INLINE uint32_t finish_steps(uint32_t count, const int32_t *sums, uint32_t lanes, const struct cf_extras *extras,
                             int8_t *out)
{
    const struct cf_extras copy = *extras; /* stores of results do not make the compiler read it again */
    uint32_t l = 0;
    for (; l + 8 <= lanes; l += 8) {
        /* The upper halves of the totals, which have their signs. */
        __m256i low = _mm256_srli_epi64(totals(count, sums, &copy, l), 32), high = totals(count, sums, &copy, l + 4);
        __m256i signs = _mm256_blend_epi32(low, high, 0xaa); /* lanes 0, 4, 1, 5, 2, 6, 3, 7 */
        store_steps(out + l, _mm256_permutevar8x32_epi32(signs, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7)));
    }
    return l;
}

TARGET static void finish_extras(const int32_t *sums, uint32_t lanes, const struct cf_extras *extras, bool step,
                                 enum cf_storage out_storage, void *out)
{
    enum { MEAN_AND_ROOT = 2 }; /* the extras of a normalised row */
    uint32_t l = 0;
    if (extras->narrow && step && out_storage == CF_STORE8)
        l = extras->count == MEAN_AND_ROOT ? finish_steps(MEAN_AND_ROOT, sums, lanes, extras, out)
                                           : finish_steps(extras->count, sums, lanes, extras, out);
    for (; l < lanes; l++) {
        int64_t total = cf_extras_total(extras, l, sums[l]);
        cf_storage_put(out, out_storage, l, step ? total >= 0 : total);
    }
}

/* vpmaddwd adds two squares each, which is 2^31 at most: as unsigned numbers they fit. */
TARGET static int64_t squares(const int16_t *values, uint32_t count)
{
    const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
    __m256i even = _mm256_setzero_si256(), odd = even;
    int64_t sums[4];
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(values + i)), two = _mm256_madd_epi16(x, x);
        even = _mm256_add_epi64(even, _mm256_and_si256(two, low));
        odd = _mm256_add_epi64(odd, _mm256_srli_epi64(two, 32));
    }
    _mm256_storeu_si256((__m256i *)sums, _mm256_add_epi64(even, odd));
    return sums[0] + sums[1] + sums[2] + sums[3] + cf_kernels_portable.squares(values + i, count - i);
}

TARGET static bool narrow(const int32_t *values, uint32_t count, int16_t *out)
{
    __m256i lost = _mm256_setzero_si256();
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i words[2];
        for (int v = 0; v < 2; v++) {
            /* Shifted up and down again, which a value of 16 bits survives, it is what packing leaves as it is. */
            __m256i value = _mm256_loadu_si256((const __m256i *)(values + i + 8 * v));
            words[v] = _mm256_srai_epi32(_mm256_slli_epi32(value, 16), 16);
            lost = _mm256_or_si256(lost, _mm256_xor_si256(value, words[v]));
        }
        /* Packing works within halves of 128 bits: the order of the quarters is put right after it. */
        __m256i packed = _mm256_packs_epi32(words[0], words[1]);
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(packed, 0xd8));
    }
    return cf_kernels_portable.narrow(values + i, count - i, out + i) && _mm256_testz_si256(lost, lost);
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
    .row = cf_row_avx2,
    .row_loop = cf_row_loop_avx2,
    .dense8 = cf_dense8_avx2,
    .dense16 = cf_dense16_avx2,
    .dense32 = cf_dense32_avx2,
    .finish = finish,
    .finish_extras = finish_extras,
    .squares = squares,
    .narrow = narrow,
    .digits = digits,
    .byte_digits = byte_digits,
};

static const struct cf_kernels avxvnni = {
    .name = "avxvnni",
    .row = cf_row_avx2,
    .row_loop = cf_row_loop_avx2,
    .dense8 = cf_dense8_avxvnni,
    .dense16 = cf_dense16_avxvnni,
    .dense32 = cf_dense32_avx2,
    .finish = finish,
    .finish_extras = finish_extras,
    .squares = squares,
    .narrow = narrow,
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

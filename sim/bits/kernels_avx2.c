/* kernels_avx2.c - runs programs with AVX2, on planes of 256 lanes. */
#include "sim/bits/kernels.h"

#ifndef __x86_64__

const struct cf_bit_kernels *cf_bit_kernels_avx2(void)
{
    return NULL;
}

#else

#include <immintrin.h>
#include <string.h>

#include "sim/bits/convert_avx2.h"
#include "sim/bits/kernels_words.h"

#define BIT_TARGET __attribute__((target("avx2")))
#define INLINE BIT_TARGET static inline __attribute__((always_inline))

typedef __m256i bit_vector;

INLINE __m256i bit_sum3(__m256i a, __m256i b, __m256i c)
{
    return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}

INLINE __m256i bit_carry(__m256i a, __m256i b, __m256i c, __m256i sum)
{
    (void)sum;
    return _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_xor_si256(a, b)));
}

INLINE __m256i bit_xor(__m256i a, __m256i b)
{
    return _mm256_xor_si256(a, b);
}

INLINE __m256i bit_fill(bool one)
{
    return _mm256_set1_epi8(one ? -1 : 0);
}

#include "sim/bits/kernels_body.h"
#include "sim/bits/kernels_ceiling.h"
#include "sim/bits/kernels_sums.h"

/* Bit k of each of the bytes, moved to their sign bits. The shift also moves bits of the neighbouring byte in, but
 * these land below the sign bit. */
INLINE uint64_t bit_of_bytes(__m256i low, __m256i high, uint32_t k)
{
    __m128i shift = _mm_cvtsi32_si128((int)(7 - k));
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_sll_epi16(low, shift));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_sll_epi16(high, shift));
    return a | (uint64_t)b << 32;
}

/* The low or high bytes of 32 16-bit words, in order. */
INLINE __m256i bytes_of(__m256i first, __m256i second, int high)
{
    __m256i mask = _mm256_set1_epi16(0xff);
    __m256i a = high ? _mm256_srli_epi16(first, 8) : _mm256_and_si256(first, mask);
    __m256i b = high ? _mm256_srli_epi16(second, 8) : _mm256_and_si256(second, mask);
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
}

BIT_TARGET static void split(const void *const *words, uint32_t count, uint32_t bytes, uint32_t width, uint8_t *planes,
                             size_t plane_bytes)
{
    if (bytes > 2) {
        cf_bit_split_words(words, count, bytes, width, planes, plane_bytes);
        return;
    }
    for (uint32_t o = 0; o < count; o++) {
        const __m256i *in = words[o];
        for (uint32_t half = 0; half < bytes && 8 * half < width; half++) {
            __m256i low, high;
            if (bytes == 1) {
                low = _mm256_loadu_si256(in);
                high = _mm256_loadu_si256(in + 1);
            } else {
                low = bytes_of(_mm256_loadu_si256(in), _mm256_loadu_si256(in + 1), (int)half);
                high = bytes_of(_mm256_loadu_si256(in + 2), _mm256_loadu_si256(in + 3), (int)half);
            }
            for (uint32_t k = 8 * half; k < width && k < 8 * half + 8; k++) {
                uint64_t bits = bit_of_bytes(low, high, k - 8 * half);
                memcpy(planes + (o * (size_t)width + k) * plane_bytes, &bits, sizeof bits);
            }
        }
    }
}

static const struct cf_bit_kernels kernels = {
    .name = "avx2",
    .lanes = 8 * sizeof(bit_vector),
    .run = run,
    .add = add,
    .finish = finish,
    .split = split,
    .join = cf_bit_join_words,
    .split_all = cf_bit_split_all_avx2,
    .join_all = cf_bit_join_all_avx2,
    .transpose = cf_bit_transpose_avx2,
    .expand = cf_bit_expand_avx2,
    .ceiling = ceiling,
};

const struct cf_bit_kernels *cf_bit_kernels_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? &kernels : NULL;
}

#endif

/* kernels_narrow.c - runs programs as kernels_avx512.c does, on planes of 256 lanes, for processors with AVX-512 VL. */
#include "sim/bits/kernels.h"

#ifdef __x86_64__

#include <immintrin.h>
#include <string.h>

#define BIT_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define INLINE BIT_TARGET static inline __attribute__((always_inline))

typedef __m256i bit_vector;

INLINE __m256i bit_sum3(__m256i a, __m256i b, __m256i c)
{
    return _mm256_ternarylogic_epi64(a, b, c, 0x96);
}

INLINE __m256i bit_carry(__m256i a, __m256i b, __m256i c, __m256i sum)
{
    (void)sum;
    return _mm256_ternarylogic_epi64(a, b, c, 0xe8);
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

void cf_bit_run_avx512_narrow(const uint16_t *code, void *window);
void cf_bit_add_avx512_narrow(const struct cf_bit_sum *sums, size_t count, void *window);
void cf_bit_finish_avx512_narrow(const struct cf_bit_result *results, size_t count, void *window);
uint64_t cf_bit_ceiling_avx512_narrow(uint64_t rounds);

BIT_TARGET void cf_bit_run_avx512_narrow(const uint16_t *code, void *window)
{
    run(code, window);
}

BIT_TARGET void cf_bit_add_avx512_narrow(const struct cf_bit_sum *sums, size_t count, void *window)
{
    add(sums, count, window);
}

BIT_TARGET void cf_bit_finish_avx512_narrow(const struct cf_bit_result *results, size_t count, void *window)
{
    finish(results, count, window);
}

BIT_TARGET uint64_t cf_bit_ceiling_avx512_narrow(uint64_t rounds)
{
    return ceiling(rounds);
}

#endif

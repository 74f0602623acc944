/* quantise_avx2.c - features to integers, eight at a time; the method is that of quantise_avx512.c. */
#include "sim/frames/quantise_kernels.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,f16c")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { TILE = 16 };

struct constants {
    __m256 larger, smaller; /* reciprocals */
    __m256 low, high;
    __m256d scale, low_d, high_d;
};

TARGET static __m128i divide_exactly(__m128 features, const struct constants *c)
{
    __m256d quotient = _mm256_div_pd(_mm256_cvtps_pd(features), c->scale);
    quotient = _mm256_min_pd(c->high_d, _mm256_max_pd(c->low_d, quotient));
    return _mm256_cvtpd_epi32(_mm256_round_pd(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

INLINE __m256i round8(__m256 q, const struct constants *c)
{
    __m256 clamped = _mm256_min_ps(c->high, _mm256_max_ps(c->low, q));
    return _mm256_cvtps_epi32(_mm256_round_ps(clamped, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* Eight features as integers; the elements of `*finite` become zero where one was not finite. */
INLINE __m256i quantise8(const uint8_t *at, bool half, const struct constants *c, __m256 *finite)
{
    __m256 feature = half ? _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at)) : _mm256_loadu_ps((const float *)at);
    /* x - x is zero but for NaNs and infinities. */
    __m256 zero = _mm256_sub_ps(feature, feature);
    *finite = _mm256_and_ps(*finite, _mm256_cmp_ps(zero, zero, _CMP_EQ_OQ));
    __m256i n = round8(_mm256_mul_ps(feature, c->larger), c);
    __m256i same = _mm256_cmpeq_epi32(n, round8(_mm256_mul_ps(feature, c->smaller), c));
    if (__builtin_expect(_mm256_movemask_epi8(same) != -1, 0))
        return _mm256_setr_m128i(divide_exactly(_mm256_castps256_ps128(feature), c),
                                 divide_exactly(_mm256_extractf128_ps(feature, 1), c));
    return n;
}

INLINE void tile(const struct cf_quantise_job *job, bool half, const struct constants *c, uint32_t channel,
                 uint32_t position, __m256 *finite)
{
    int32_t values[TILE][TILE]; /* [channel][position] */
    size_t size = half ? 2 : 4;
    for (uint32_t d = 0; d < TILE; d++) {
        const uint8_t *at = job->features + ((channel + d) * job->plane + position) * size;
        _mm256_storeu_si256((__m256i *)values[d], quantise8(at, half, c, finite));
        _mm256_storeu_si256((__m256i *)(values[d] + 8), quantise8(at + 8 * size, half, c, finite));
    }
    for (uint32_t p = 0; p < TILE; p++) {
        size_t to = (position + p) * job->stride + channel;
        for (uint32_t d = 0; d < TILE; d++)
            if (job->out_storage == CF_STORE8)
                ((int8_t *)job->out)[to + d] = (int8_t)values[d][p];
            else
                ((int16_t *)job->out)[to + d] = (int16_t)values[d][p];
    }
}

INLINE bool all_tiles(const struct cf_quantise_job *job, bool half)
{
    const struct constants c = {.larger = _mm256_set1_ps((float)((1 + 0x1p-21) / job->scale)),
                                .smaller = _mm256_set1_ps((float)((1 - 0x1p-21) / job->scale)),
                                .low = _mm256_set1_ps((float)job->low),
                                .high = _mm256_set1_ps((float)job->high),
                                .scale = _mm256_set1_pd(job->scale),
                                .low_d = _mm256_set1_pd(job->low),
                                .high_d = _mm256_set1_pd(job->high)};
    __m256 finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (uint32_t block = 0; block < job->channels; block += 4 * TILE)
        for (uint32_t p = 0; p + TILE <= job->positions; p += TILE)
            for (uint32_t d = block; d < block + 4 * TILE && d + TILE <= job->channels; d += TILE)
                tile(job, half, &c, d, p, &finite);
    return _mm256_movemask_ps(finite) == 255;
}

TARGET static bool tiles_of_halves(const struct cf_quantise_job *job)
{
    return all_tiles(job, true);
}

TARGET static bool tiles_of_floats(const struct cf_quantise_job *job)
{
    return all_tiles(job, false);
}

static bool quantise(const struct cf_quantise_job *job)
{
    /* Beyond this the reciprocal could leave the range of a float. */
    if (!(job->scale > 0x1p-100 && job->scale < 0x1p100))
        return cf_quantise_portable.run(job);
    bool finite = job->half ? tiles_of_halves(job) : tiles_of_floats(job);
    uint32_t channels = job->channels / TILE * TILE, positions = job->positions / TILE * TILE;
    struct cf_quantise_job below = cf_quantise_rest(job, channels, 0);
    struct cf_quantise_job beside = cf_quantise_rest(job, 0, positions);
    beside.channels = channels;
    return cf_quantise_portable.run(&below) && cf_quantise_portable.run(&beside) && finite;
}

/* clang 14 does not know "f16c" as a name of __builtin_cpu_supports. */
static bool has_f16c(void)
{
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}

const struct cf_quantise_kernel *cf_quantise_avx2(void)
{
    static const struct cf_quantise_kernel kernel = {.name = "avx2", .run = quantise};
    return __builtin_cpu_supports("avx2") && has_f16c() ? &kernel : NULL;
}

#endif

/* quantise_avx512.c - features to integers, transposed on the way: 16 channels x 16 positions at a time.
 *
 * In single precision, feature * (1 / scale) is off by less than a factor of 1 + 2^-22: two roundings. The product is
 * taken with a reciprocal made 2^-21 larger and with one made 2^-21 smaller. The double quotient lies between the two;
 * rounding and clamping are monotonic; so where both give the same integer, it gives that integer too. Where they
 * differ in one of 16 features, next to a half, all 16 are divided in double.
 */
#include "sim/kernels.h"

#ifdef __x86_64__

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum {
    TILE = 16,
    BLOCK = 4 * TILE, /* channels that are walked along together: they make whole cache lines of the output */
    AHEAD = 64,       /* features of each channel to fetch in advance: 64 streams are more than the hardware follows */
    FINITE_NOT = 0x99 /* vfpclassps: NaNs and infinities */
};

struct constants {
    __m512 larger, smaller; /* reciprocals */
    __m512 high;
    __m512i low;
    __m512d scale, low_d, high_d;
};

INLINE struct constants make_constants(const struct cf_quantise_job *job)
{
    return (struct constants){.larger = _mm512_set1_ps((float)((1 + 0x1p-21) / job->scale)),
                              .smaller = _mm512_set1_ps((float)((1 - 0x1p-21) / job->scale)),
                              .high = _mm512_set1_ps((float)job->high),
                              .low = _mm512_set1_epi32(job->low),
                              .scale = _mm512_set1_pd(job->scale),
                              .low_d = _mm512_set1_pd(job->low),
                              .high_d = _mm512_set1_pd(job->high)};
}

TARGET static __m256i divide_exactly(__m256 features, const struct constants *c)
{
    __m512d quotient = _mm512_div_pd(_mm512_cvtps_pd(features), c->scale);
    quotient = _mm512_min_pd(c->high_d, _mm512_max_pd(c->low_d, quotient));
    return _mm512_cvt_roundpd_epi32(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

INLINE __m512i round16(__m512 q, const struct constants *c)
{
    return _mm512_cvt_roundps_epi32(_mm512_min_ps(c->high, q), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* Sixteen features as integers that are at most `high`; the lower bound is left to the caller (what is too low for 32
 * bits comes as INT32_MIN). `*bad` collects whether any was not finite. */
INLINE __m512i quantise16(const uint8_t *at, bool half, const struct constants *c, __mmask16 *bad)
{
    __m512 feature = half ? _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)at)) : _mm512_loadu_ps(at);
    *bad |= _mm512_fpclass_ps_mask(feature, FINITE_NOT);
    __m512i n = round16(_mm512_mul_ps(feature, c->larger), c);
    if (__builtin_expect(_mm512_cmpneq_epi32_mask(n, round16(_mm512_mul_ps(feature, c->smaller), c)) != 0, 0)) {
        __m256i low = divide_exactly(_mm512_castps512_ps256(feature), c);
        __m256i high = divide_exactly(_mm512_extractf32x8_ps(feature, 1), c);
        return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
    return n;
}

/* Four channels' vectors of 16 positions, as bytes: element p of the result is the four channels of position p. The
 * packing saturates, which keeps the order of what is too low. */
INLINE __m512i interleave4(__m512i a, __m512i b, __m512i c, __m512i d, __m512i lowest)
{
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    __m512i bytes = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    return _mm512_shuffle_epi8(_mm512_max_epi8(bytes, lowest), order);
}

/* Stores the four 128-bit parts of `rows` at positions 4 * part + t. */
INLINE void store_part(int8_t *out, size_t stride, int t, __m512i rows)
{
    _mm_storeu_si128((__m128i *)(out + (size_t)t * stride), _mm512_castsi512_si128(rows));
    _mm_storeu_si128((__m128i *)(out + (size_t)(t + 4) * stride), _mm512_extracti32x4_epi32(rows, 1));
    _mm_storeu_si128((__m128i *)(out + (size_t)(t + 8) * stride), _mm512_extracti32x4_epi32(rows, 2));
    _mm_storeu_si128((__m128i *)(out + (size_t)(t + 12) * stride), _mm512_extracti32x4_epi32(rows, 3));
}

INLINE void tile_bytes(const uint8_t *features, size_t plane_bytes, bool half, const struct constants *c, int8_t *out,
                       size_t stride, __mmask16 *bad)
{
    __m512i four[4], lowest = _mm512_broadcastb_epi8(_mm512_castsi512_si128(c->low));
#pragma GCC unroll 4
    for (int q = 0; q < 4; q++) {
        const uint8_t *at = features + (size_t)(4 * q) * plane_bytes;
        for (int d = 0; d < 4; d++)
            _mm_prefetch((const char *)at + (size_t)d * plane_bytes + AHEAD * (half ? 2 : 4), _MM_HINT_T0);
        four[q] = interleave4(quantise16(at, half, c, bad), quantise16(at + plane_bytes, half, c, bad),
                              quantise16(at + 2 * plane_bytes, half, c, bad),
                              quantise16(at + 3 * plane_bytes, half, c, bad), lowest);
    }
    /* A 4 x 4 transposition of 32-bit elements within each 128 bits. */
    __m512i ab_low = _mm512_unpacklo_epi32(four[0], four[1]), ab_high = _mm512_unpackhi_epi32(four[0], four[1]);
    __m512i cd_low = _mm512_unpacklo_epi32(four[2], four[3]), cd_high = _mm512_unpackhi_epi32(four[2], four[3]);
    store_part(out, stride, 0, _mm512_unpacklo_epi64(ab_low, cd_low));
    store_part(out, stride, 1, _mm512_unpackhi_epi64(ab_low, cd_low));
    store_part(out, stride, 2, _mm512_unpacklo_epi64(ab_high, cd_high));
    store_part(out, stride, 3, _mm512_unpackhi_epi64(ab_high, cd_high));
}

INLINE void tile_words(const uint8_t *features, size_t plane_bytes, bool half, const struct constants *c, int16_t *out,
                       size_t stride, __mmask16 *bad)
{
    int16_t values[TILE][TILE]; /* [channel][position] */
    for (int d = 0; d < TILE; d++)
        _mm256_storeu_si256((__m256i *)values[d],
                            _mm512_cvtepi32_epi16(_mm512_max_epi32(
                                c->low, quantise16(features + (size_t)d * plane_bytes, half, c, bad))));
    for (int p = 0; p < TILE; p++)
        for (int d = 0; d < TILE; d++)
            out[(size_t)p * stride + (size_t)d] = values[d][p];
}

INLINE bool all_tiles(const struct cf_quantise_job *job, bool half)
{
    const struct constants c = make_constants(job);
    size_t size = half ? 2 : 4, plane_bytes = job->plane * size;
    __mmask16 bad = 0;
    for (uint32_t block = 0; block < job->channels; block += BLOCK)
        for (uint32_t p = 0; p + TILE <= job->positions; p += TILE)
            for (uint32_t d = block; d < block + BLOCK && d + TILE <= job->channels; d += TILE) {
                const uint8_t *from = job->features + d * plane_bytes + p * size;
                size_t to = p * job->stride + d;
                if (job->out_lane == CF_LANE8)
                    tile_bytes(from, plane_bytes, half, &c, (int8_t *)job->out + to, job->stride, &bad);
                else
                    tile_words(from, plane_bytes, half, &c, (int16_t *)job->out + to, job->stride, &bad);
            }
    return bad == 0;
}

TARGET static bool tiles_of_halves(const struct cf_quantise_job *job)
{
    return all_tiles(job, true);
}

TARGET static bool tiles_of_floats(const struct cf_quantise_job *job)
{
    return all_tiles(job, false);
}

bool cf_quantise_avx512(const struct cf_quantise_job *job)
{
    /* Beyond this the reciprocal could leave the range of a float. */
    if (!(job->scale > 0x1p-100 && job->scale < 0x1p100))
        return cf_kernels_portable.quantise(job);
    bool finite = job->half ? tiles_of_halves(job) : tiles_of_floats(job);
    uint32_t channels = job->channels / TILE * TILE, positions = job->positions / TILE * TILE;
    struct cf_quantise_job below = cf_quantise_rest(job, channels, 0);
    struct cf_quantise_job beside = cf_quantise_rest(job, 0, positions);
    beside.channels = channels;
    return cf_kernels_portable.quantise(&below) && cf_kernels_portable.quantise(&beside) && finite;
}

#endif

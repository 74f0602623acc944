/* quantise_avx512.c - features to integers, transposed on the way: 16 channels x 16 positions at a time.
 *
 * feature / scale is taken as feature * (1 / scale) + 1.5 * 2^23 in one fused multiply-add, whose only rounding is to
 * a whole number, half to even: the low bits of the sum are the integer. The reciprocal is off by less than a factor of
 * 1 + 2^-23, so this is done with one made 2^-21 larger and with one made 2^-21 smaller. The double quotient lies
 * between the two; rounding is monotonic; so where both give the same integer, it gives that integer too. Where they
 * differ, next to a half, the features are divided in double. Features are clamped, rather than quotients: what is
 * beyond high * scale, even if that is rounded, is within 2^-8 of `high` or beyond, and becomes `high`.
 */
#include "sim/kernels.h"

#ifdef __x86_64__

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum {
    TILE = 16,
    BLOCK = 4 * TILE, /* channels that are walked along together: they make whole cache lines of the output */
    RUN = 8 * TILE,   /* positions of a channel that are read in turn: memory likes runs of lines */
    AHEAD = 64        /* features of each channel to fetch in advance: 64 streams are more than the hardware follows */
};

#define MAGIC 0x1.8p23f /* floats from 2^23 on are whole numbers: the low bits of one are its distance from here */

struct constants {
    __m512 larger, smaller; /* reciprocals */
    __m512 low, high;       /* clamps of features */
    __m512d scale;
};

INLINE struct constants make_constants(const struct cf_quantise_job *job)
{
    return (struct constants){.larger = _mm512_set1_ps((float)((1 + 0x1p-21) / job->scale)),
                              .smaller = _mm512_set1_ps((float)((1 - 0x1p-21) / job->scale)),
                              .low = _mm512_set1_ps((float)(job->low * job->scale)),
                              .high = _mm512_set1_ps((float)(job->high * job->scale)),
                              .scale = _mm512_set1_pd(job->scale)};
}

TARGET static __m256i divide_exactly(__m256 features, const struct constants *c)
{
    __m512d quotient = _mm512_div_pd(_mm512_cvtps_pd(features), c->scale);
    return _mm512_cvt_roundpd_epi32(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

INLINE __m512 load_clamped(const uint8_t *at, bool half, const struct constants *c, __m512 *bad)
{
    __m512 feature = half ? _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)at)) : _mm512_loadu_ps(at);
    *bad = _mm512_fmadd_ps(feature, _mm512_setzero_ps(), *bad); /* infinity times zero is NaN, and NaN stays NaN */
    return _mm512_min_ps(_mm512_max_ps(feature, c->low), c->high);
}

TARGET static void divide4_exactly(const uint8_t *at, size_t plane_bytes, bool half, const struct constants *c,
                                   __m512i *integers)
{
    for (int d = 0; d < 4; d++) {
        __m512 ignored = _mm512_setzero_ps(), feature = load_clamped(at + (size_t)d * plane_bytes, half, c, &ignored);
        __m256i low = divide_exactly(_mm512_castps512_ps256(feature), c);
        __m256i high = divide_exactly(_mm512_extractf32x8_ps(feature, 1), c);
        integers[d] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
}

/* Sixteen positions of four channels as integers in the low 16 bits of each element. `*bad` becomes NaN where a
 * feature is not finite. */
INLINE void quantise4(const uint8_t *at, size_t plane_bytes, bool half, const struct constants *c, __m512i *integers,
                      __m512 *bad)
{
    const __m512 magic = _mm512_set1_ps(MAGIC);
    __m512i differs = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int d = 0; d < 4; d++) {
        __m512 feature = load_clamped(at + (size_t)d * plane_bytes, half, c, &bad[d]);
        integers[d] = _mm512_castps_si512(_mm512_fmadd_ps(feature, c->larger, magic));
        __m512i other = _mm512_castps_si512(_mm512_fmadd_ps(feature, c->smaller, magic));
        differs = _mm512_ternarylogic_epi32(differs, integers[d], other, 0xf6); /* differs | (one ^ other) */
    }
    if (__builtin_expect(_mm512_test_epi32_mask(differs, differs) != 0, 0))
        divide4_exactly(at, plane_bytes, half, c, integers);
}

/* Four channels' vectors of 16 positions, as bytes: element p of the result is the four channels of position p. */
INLINE __m512i interleave4(const __m512i *integers)
{
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    __m512i ab = _mm512_mask_blend_epi16(0xaaaaaaaa, integers[0], _mm512_slli_epi32(integers[1], 16));
    __m512i cd = _mm512_mask_blend_epi16(0xaaaaaaaa, integers[2], _mm512_slli_epi32(integers[3], 16));
    return _mm512_shuffle_epi8(_mm512_packs_epi16(ab, cd), order);
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
                       size_t stride, __m512 *bad)
{
    __m512i four[4];
#pragma GCC unroll 4
    for (int q = 0; q < 4; q++) {
        const uint8_t *at = features + (size_t)(4 * q) * plane_bytes;
        for (int d = 0; d < 4; d++)
            _mm_prefetch((const char *)at + (size_t)d * plane_bytes + AHEAD * (half ? 2 : 4), _MM_HINT_T0);
        __m512i integers[4];
        quantise4(at, plane_bytes, half, c, integers, bad);
        four[q] = interleave4(integers);
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
                       size_t stride, __m512 *bad)
{
    int16_t values[TILE][TILE]; /* [channel][position] */
    for (int q = 0; q < TILE; q += 4) {
        __m512i integers[4];
        quantise4(features + (size_t)q * plane_bytes, plane_bytes, half, c, integers, bad);
        for (int d = 0; d < 4; d++)
            _mm256_storeu_si256((__m256i *)values[q + d], _mm512_cvtepi32_epi16(integers[d]));
    }
    for (int p = 0; p < TILE; p++)
        for (int d = 0; d < TILE; d++)
            out[(size_t)p * stride + (size_t)d] = values[d][p];
}

INLINE bool all_tiles(const struct cf_quantise_job *job, bool half)
{
    const struct constants c = make_constants(job);
    size_t size = half ? 2 : 4, plane_bytes = job->plane * size;
    uint32_t channels = job->channels / TILE * TILE, positions = job->positions / TILE * TILE;
    __m512 bad[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    for (uint32_t block = 0; block < channels; block += BLOCK)
        for (uint32_t run = 0; run < positions; run += RUN)
            for (uint32_t d = block; d < block + BLOCK && d < channels; d += TILE) {
                for (uint32_t p = run; p < run + RUN && p < positions; p += TILE) {
                    const uint8_t *from = job->features + d * plane_bytes + p * size;
                    size_t to = p * job->stride + d;
                    if (job->out_lane == CF_LANE8)
                        tile_bytes(from, plane_bytes, half, &c, (int8_t *)job->out + to, job->stride, bad);
                    else
                        tile_words(from, plane_bytes, half, &c, (int16_t *)job->out + to, job->stride, bad);
                }
            }
    __m512 any = _mm512_add_ps(_mm512_add_ps(bad[0], bad[1]), _mm512_add_ps(bad[2], bad[3]));
    return _mm512_cmp_ps_mask(any, any, _CMP_UNORD_Q) == 0;
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

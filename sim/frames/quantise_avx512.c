/* quantise_avx512.c - makes integers of features and transposes them, 64 channels x 16 positions at a time.
 *
 * The quotient is taken in fixed point, with 16 bits after the point: feature * (2^16 / scale) + 2^15 + margin, rounded
 * to a whole number, whose high word is the integer. The error grows with the quotient. For quotients up to the clamp
 * it is below `margin` units, so that the low word is above 2 * margin unless the quotient is next to a half. If it is
 * not above 2 * margin, the features are divided in double. NaNs, infinities and products that overflow all become
 * 2^31, whose low word is zero, so that they are handled there too. A quotient beyond the clamp gives an integer beyond
 * the clamp, because every step is monotonic, and packing with saturation clamps it.
 */
#include "sim/frames/quantise_kernels.h"

#ifdef __x86_64__

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum {
    TILE = 16,
    LINE = 4 * TILE,     /* channels whose bytes make whole cache lines of the output */
    MAX_RUN = 36 * TILE, /* positions of a channel that are read in turn: memory likes runs of lines */
    AHEAD = 256          /* bytes of a channel to fetch in advance: more streams than the hardware follows */
};

struct constants {
    __m512 factor, half; /* 2^16 / scale, and 2^15 + margin */
    __m512i certain;     /* bits of the low word: one of them is set unless the quotient is next to a half */
    __m512d scale, low, high;
    __m512i lowest, highest; /* the clamp in each byte or word of the output */
    size_t plane_bytes;
    bool words; /* the output's storage is CF_STORE16 */
};

TARGET static struct constants make_constants(const struct cf_quantise_job *job)
{
    /* The factor is off by 2^-24 of itself, the sum by 2^-24, and the whole number by 1/2. */
    int margin = (job->high > -job->low ? job->high : -job->low) / 128 + 2, doubtful = 1;
    while (doubtful <= 2 * margin)
        doubtful *= 2;
    bool words = job->out_storage == CF_STORE16;
    return (struct constants){.factor = _mm512_set1_ps((float)(0x1p16 / job->scale)),
                              .half = _mm512_set1_ps((float)(0x8000 + margin)),
                              .certain = _mm512_set1_epi32(0x10000 - doubtful),
                              .scale = _mm512_set1_pd(job->scale),
                              .low = _mm512_set1_pd(job->low),
                              .high = _mm512_set1_pd(job->high),
                              .lowest = words ? _mm512_set1_epi16((short)job->low) : _mm512_set1_epi8((char)job->low),
                              .highest =
                                  words ? _mm512_set1_epi16((short)job->high) : _mm512_set1_epi8((char)job->high),
                              .plane_bytes = job->plane * (job->half ? 2u : 4u),
                              .words = words};
}

INLINE __m512 load(const uint8_t *at, bool half)
{
    return half ? _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)at)) : _mm512_loadu_ps(at);
}

TARGET static __m256i divide_exactly(__m256 features, const struct constants *c)
{
    __m512d quotient = _mm512_div_pd(_mm512_cvtps_pd(features), c->scale);
    quotient = _mm512_min_pd(c->high, _mm512_max_pd(c->low, quotient));
    return _mm512_cvt_roundpd_epi32(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* The integers in the high words, as from the fixed point. `*finite` becomes false where a feature is not. */
TARGET __attribute__((noinline)) static void divide4_exactly(const uint8_t *at, bool half, const struct constants *c,
                                                             __m512i *fixed, bool *finite)
{
    for (int d = 0; d < 4; d++) {
        __m512 feature = load(at + (size_t)d * c->plane_bytes, half);
        __m512 zero = _mm512_sub_ps(feature, feature); /* but for NaNs and infinities */
        *finite = *finite && _mm512_cmp_ps_mask(zero, zero, _CMP_UNORD_Q) == 0;
        __m256i low = divide_exactly(_mm512_castps512_ps256(feature), c);
        __m256i high = divide_exactly(_mm512_extractf32x8_ps(feature, 1), c);
        fixed[d] = _mm512_slli_epi32(_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1), 16);
    }
}

/* Sixteen positions of four channels, two and two: element p of pairs[i] has position p of channel 2 * i in its low
 * word and of the next channel in its high word. */
INLINE void quantise4(const uint8_t *at, bool half, const struct constants *c, __m512i *pairs, bool *finite)
{
    const __m512i high_word =
        _mm512_broadcast_i32x4(_mm_setr_epi8(2, 3, 2, 3, 6, 7, 6, 7, 10, 11, 10, 11, 14, 15, 14, 15));
    __m512i fixed[4], least = _mm512_set1_epi32(-1);
#pragma GCC unroll 4
    for (int d = 0; d < 4; d++) {
        __m512 feature = load(at + (size_t)d * c->plane_bytes, half);
        fixed[d] = _mm512_cvtps_epi32(_mm512_fmadd_ps(feature, c->factor, c->half));
        least = _mm512_min_epu16(least, fixed[d]);
    }
    if (__builtin_expect(_mm512_testn_epi32_mask(least, c->certain) != 0, 0)) {
        __m512i exact[4]; /* apart, so that the others stay in registers */
        divide4_exactly(at, half, c, exact, finite);
        for (int d = 0; d < 4; d++)
            fixed[d] = exact[d];
    }
    pairs[0] = _mm512_mask_shuffle_epi8(fixed[1], 0x3333333333333333, fixed[0], high_word);
    pairs[1] = _mm512_mask_shuffle_epi8(fixed[3], 0x3333333333333333, fixed[2], high_word);
}

/* Four channels as bytes: element p of the result is the four channels of position p. */
INLINE __m512i interleave4(const __m512i *pairs)
{
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    return _mm512_shuffle_epi8(_mm512_packs_epi16(pairs[0], pairs[1]), order);
}

/* A 4 x 4 transposition of 32-bit elements within each 128 bits: part l of rows[t] is position 4 * l + t. */
INLINE void transpose4(const __m512i *from, __m512i *rows)
{
    __m512i ab_low = _mm512_unpacklo_epi32(from[0], from[1]), ab_high = _mm512_unpackhi_epi32(from[0], from[1]);
    __m512i cd_low = _mm512_unpacklo_epi32(from[2], from[3]), cd_high = _mm512_unpackhi_epi32(from[2], from[3]);
    rows[0] = _mm512_unpacklo_epi64(ab_low, cd_low);
    rows[1] = _mm512_unpackhi_epi64(ab_low, cd_low);
    rows[2] = _mm512_unpacklo_epi64(ab_high, cd_high);
    rows[3] = _mm512_unpackhi_epi64(ab_high, cd_high);
}

/* Sixteen positions of 128 bits each, `stride` bytes apart. */
INLINE void store_rows(uint8_t *out, size_t stride, const __m512i *rows)
{
    for (size_t t = 0; t < 4; t++) {
        _mm_storeu_si128((__m128i *)(out + t * stride), _mm512_castsi512_si128(rows[t]));
        _mm_storeu_si128((__m128i *)(out + (t + 4) * stride), _mm512_extracti32x4_epi32(rows[t], 1));
        _mm_storeu_si128((__m128i *)(out + (t + 8) * stride), _mm512_extracti32x4_epi32(rows[t], 2));
        _mm_storeu_si128((__m128i *)(out + (t + 12) * stride), _mm512_extracti32x4_epi32(rows[t], 3));
    }
}

/* Sixteen positions of four times 128 bits: rows[4 * i + t] has the i-th 128 bits. */
INLINE void store_lines(uint8_t *out, size_t stride, const __m512i *rows)
{
#pragma GCC unroll 4
    for (size_t t = 0; t < 4; t++) {
        __m512i ab_low = _mm512_shuffle_i32x4(rows[t], rows[t + 4], 0x44);
        __m512i ab_high = _mm512_shuffle_i32x4(rows[t], rows[t + 4], 0xee);
        __m512i cd_low = _mm512_shuffle_i32x4(rows[t + 8], rows[t + 12], 0x44);
        __m512i cd_high = _mm512_shuffle_i32x4(rows[t + 8], rows[t + 12], 0xee);
        _mm512_storeu_si512(out + t * stride, _mm512_shuffle_i32x4(ab_low, cd_low, 0x88));
        _mm512_storeu_si512(out + (t + 4) * stride, _mm512_shuffle_i32x4(ab_low, cd_low, 0xdd));
        _mm512_storeu_si512(out + (t + 8) * stride, _mm512_shuffle_i32x4(ab_high, cd_high, 0x88));
        _mm512_storeu_si512(out + (t + 12) * stride, _mm512_shuffle_i32x4(ab_high, cd_high, 0xdd));
    }
}

/* Sixteen channels of sixteen positions as bytes. */
INLINE void tile_bytes(const uint8_t *at, const uint8_t *ahead, bool half, const struct constants *c, __m512i *rows,
                       bool *finite)
{
    __m512i four[4], pairs[2];
#pragma GCC unroll 4
    for (size_t q = 0; q < 4; q++) {
        for (size_t d = 4 * q; d < 4 * q + 4; d++)
            _mm_prefetch((const char *)ahead + d * c->plane_bytes, _MM_HINT_T0);
        quantise4(at + 4 * q * c->plane_bytes, half, c, pairs, finite);
        four[q] = interleave4(pairs);
        four[q] = _mm512_max_epi8(_mm512_min_epi8(four[q], c->highest), c->lowest);
    }
    transpose4(four, rows);
}

/* Sixteen channels of sixteen positions as words, to memory. */
INLINE void tile_words(const uint8_t *at, bool half, const struct constants *c, uint8_t *out, size_t stride,
                       bool *finite)
{
    for (size_t eight = 0; eight < 2; eight++) {
        __m512i pairs[4], rows[4];
        for (size_t q = 0; q < 2; q++)
            quantise4(at + (8 * eight + 4 * q) * c->plane_bytes, half, c, pairs + 2 * q, finite);
        for (int i = 0; i < 4; i++)
            pairs[i] = _mm512_max_epi16(_mm512_min_epi16(pairs[i], c->highest), c->lowest);
        transpose4(pairs, rows);
        store_rows(out + 16 * eight, stride, rows);
    }
}

/* A run of positions of up to LINE channels; `next` is where the one after it starts. */
INLINE void run_bytes(const uint8_t *at, const uint8_t *next, uint32_t channels, uint32_t positions, bool half,
                      const struct constants *c, uint8_t *out, size_t stride, bool *finite)
{
    __m512i lines[MAX_RUN / TILE][LINE / TILE * 4];
    size_t step = TILE * (half ? 2 : 4), bytes = positions / TILE * step;
    for (uint32_t d = 0; d < channels; d += TILE, at += TILE * c->plane_bytes) {
        const uint8_t *after = d + TILE < channels ? at + TILE * c->plane_bytes : next;
        for (size_t b = 0, p = 0; b < bytes; b += step, p++) {
            const uint8_t *ahead = b + AHEAD < bytes ? at + b + AHEAD : after + (b + AHEAD - bytes);
            __m512i *rows = &lines[p][d / TILE * 4];
            tile_bytes(at + b, ahead, half, c, rows, finite);
            if (channels < LINE)
                store_rows(out + d + p * TILE * stride, stride, rows);
        }
    }
    for (size_t p = 0; p < positions / TILE && channels == LINE; p++)
        store_lines(out + p * TILE * stride, stride, lines[p]);
}

INLINE void run_words(const uint8_t *at, uint32_t channels, uint32_t positions, bool half, const struct constants *c,
                      uint8_t *out, size_t stride, bool *finite)
{
    for (uint32_t d = 0; d < channels; d += TILE)
        for (uint32_t p = 0; p < positions; p += TILE)
            tile_words(at + d * c->plane_bytes + p * (half ? 2u : 4u), half, c, out + 2 * d + p * stride, stride,
                       finite);
}

INLINE bool all_tiles(const struct cf_quantise_job *job, bool half)
{
    const struct constants c = make_constants(job);
    size_t size = half ? 2 : 4, lane = cf_storage_size(job->out_storage), stride = job->stride * lane;
    uint32_t channels = job->channels / TILE * TILE, positions = job->positions / TILE * TILE;
    uint32_t runs = positions / MAX_RUN + 1, run = (positions / TILE + runs - 1) / runs * TILE; /* about even */
    bool finite = true;
    for (uint32_t d = 0; d < channels; d += LINE)
        for (uint32_t p = 0; p < positions; p += run) {
            uint32_t wide = channels - d < LINE ? channels - d : LINE;
            uint32_t count = positions - p < run ? positions - p : run;
            const uint8_t *at = job->features + d * c.plane_bytes + p * size;
            const uint8_t *next = p + run < positions ? at + run * size : job->features + (d + LINE) * c.plane_bytes;
            uint8_t *out = (uint8_t *)job->out + p * stride + d * lane;
            if (c.words)
                run_words(at, wide, count, half, &c, out, stride, &finite);
            else
                run_bytes(at, next, wide, count, half, &c, out, stride, &finite);
        }
    return finite;
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
    /* Beyond this the factor could leave the range of a float. */
    if (!(job->scale > 0x1p-100 && job->scale < 0x1p100))
        return cf_quantise_portable.run(job);
    bool finite = job->half ? tiles_of_halves(job) : tiles_of_floats(job);
    uint32_t channels = job->channels / TILE * TILE, positions = job->positions / TILE * TILE;
    struct cf_quantise_job below = cf_quantise_rest(job, channels, 0);
    struct cf_quantise_job beside = cf_quantise_rest(job, 0, positions);
    beside.channels = channels;
    return cf_quantise_portable.run(&below) && cf_quantise_portable.run(&beside) && finite;
}

const struct cf_quantise_kernel *cf_quantise_avx512(void)
{
    static const struct cf_quantise_kernel kernel = {.name = "avx512", .run = quantise};
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
               ? &kernel
               : NULL;
}

#endif

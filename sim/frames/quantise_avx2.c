/* quantise_avx2.c - makes integers of features and transposes them, 16 channels x 8 positions at a time.
 *
 * The method is that of quantise_avx512.c, which explains why it is exact: a quotient in fixed point, with 16 bits
 * after the point, and a division in double wherever its low word says that the quotient may be next to a half. F16C
 * converts eight halves at a time.
 */
#include "sim/frames/quantise_kernels.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum {
    CHANNELS = 16,            /* of a tile */
    POSITIONS = 8,            /* of a tile */
    LINE = 64,                /* channels whose bytes fill a cache line of the output */
    MAX_RUN = 48 * POSITIONS, /* positions of a channel that are read in turn, so that memory is read in long pieces */
    AHEAD = 256               /* bytes of a channel to fetch in advance: more streams than the hardware follows */
};

struct constants {
    __m256 factor, half; /* 2^16 / scale, and 2^15 + margin */
    __m256i certain;     /* bits of the low word: one of them is set unless the quotient is next to a half */
    __m256d scale, low, high;
    __m256i lowest, highest; /* the clamp in each byte or word of the output */
    size_t plane_bytes;
    bool words; /* the output's storage is CF_STORE16 */
};

TARGET static struct constants make_constants(const struct cf_quantise_job *job)
{
    int margin = (job->high > -job->low ? job->high : -job->low) / 128 + 2, doubtful = 1;
    while (doubtful <= 2 * margin)
        doubtful *= 2;
    bool words = job->out_storage == CF_STORE16;
    return (struct constants){.factor = _mm256_set1_ps((float)(0x1p16 / job->scale)),
                              .half = _mm256_set1_ps((float)(0x8000 + margin)),
                              .certain = _mm256_set1_epi32(0x10000 - doubtful),
                              .scale = _mm256_set1_pd(job->scale),
                              .low = _mm256_set1_pd(job->low),
                              .high = _mm256_set1_pd(job->high),
                              .lowest = words ? _mm256_set1_epi16((short)job->low) : _mm256_set1_epi8((char)job->low),
                              .highest =
                                  words ? _mm256_set1_epi16((short)job->high) : _mm256_set1_epi8((char)job->high),
                              .plane_bytes = job->plane * (job->half ? 2u : 4u),
                              .words = words};
}

INLINE __m256 load(const uint8_t *at, bool half)
{
    return half ? _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at)) : _mm256_loadu_ps((const float *)at);
}

TARGET static __m128i divide_exactly(__m128 features, const struct constants *c)
{
    __m256d quotient = _mm256_div_pd(_mm256_cvtps_pd(features), c->scale);
    quotient = _mm256_min_pd(c->high, _mm256_max_pd(c->low, quotient));
    return _mm256_cvtpd_epi32(_mm256_round_pd(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* The integers in the high words, as from the fixed point. `*finite` becomes false where a feature is not. */
TARGET __attribute__((noinline)) static void divide4_exactly(const uint8_t *at, bool half, const struct constants *c,
                                                             __m256i *fixed, bool *finite)
{
    for (size_t d = 0; d < 4; d++) {
        __m256 feature = load(at + d * c->plane_bytes, half);
        __m256 zero = _mm256_sub_ps(feature, feature); /* but for NaNs and infinities */
        *finite = *finite && _mm256_movemask_ps(_mm256_cmp_ps(zero, zero, _CMP_UNORD_Q)) == 0;
        __m128i low = divide_exactly(_mm256_castps256_ps128(feature), c);
        __m128i high = divide_exactly(_mm256_extractf128_ps(feature, 1), c);
        fixed[d] = _mm256_slli_epi32(_mm256_setr_m128i(low, high), 16);
    }
}

/* Eight positions of four channels, two and two: element p of pairs[i] has position p of channel 2 * i in its low word
 * and of the next channel in its high word. */
INLINE void quantise4(const uint8_t *at, bool half, const struct constants *c, __m256i *pairs, bool *finite)
{
    __m256i fixed[4], least = _mm256_set1_epi32(-1);
#pragma GCC unroll 4
    for (size_t d = 0; d < 4; d++) {
        __m256 feature = load(at + d * c->plane_bytes, half);
        fixed[d] = _mm256_cvtps_epi32(_mm256_fmadd_ps(feature, c->factor, c->half));
        least = _mm256_min_epu16(least, fixed[d]);
    }
    __m256i doubt = _mm256_cmpeq_epi32(_mm256_and_si256(least, c->certain), _mm256_setzero_si256());
    if (__builtin_expect(!_mm256_testz_si256(doubt, doubt), 0)) {
        __m256i exact[4]; /* apart, so that the others stay in registers */
        divide4_exactly(at, half, c, exact, finite);
        for (int d = 0; d < 4; d++)
            fixed[d] = exact[d];
    }
    pairs[0] = _mm256_blend_epi16(_mm256_srli_epi32(fixed[0], 16), fixed[1], 0xaa);
    pairs[1] = _mm256_blend_epi16(_mm256_srli_epi32(fixed[2], 16), fixed[3], 0xaa);
}

/* Four channels as bytes: element p of the result is the four channels of position p. */
INLINE __m256i interleave4(const __m256i *pairs)
{
    const __m256i order =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    return _mm256_shuffle_epi8(_mm256_packs_epi16(pairs[0], pairs[1]), order);
}

/* A 4 x 4 transposition of 32-bit elements within each 128 bits: half h of rows[t] is position 4 * h + t. */
INLINE void transpose4(const __m256i *from, __m256i *rows)
{
    __m256i ab_low = _mm256_unpacklo_epi32(from[0], from[1]), ab_high = _mm256_unpackhi_epi32(from[0], from[1]);
    __m256i cd_low = _mm256_unpacklo_epi32(from[2], from[3]), cd_high = _mm256_unpackhi_epi32(from[2], from[3]);
    rows[0] = _mm256_unpacklo_epi64(ab_low, cd_low);
    rows[1] = _mm256_unpackhi_epi64(ab_low, cd_low);
    rows[2] = _mm256_unpacklo_epi64(ab_high, cd_high);
    rows[3] = _mm256_unpackhi_epi64(ab_high, cd_high);
}

/* Eight positions of 128 bits each, `stride` bytes apart. */
INLINE void store_rows(uint8_t *out, size_t stride, const __m256i *rows)
{
#pragma GCC unroll 4
    for (size_t t = 0; t < 4; t++) {
        _mm_storeu_si128((__m128i *)(out + t * stride), _mm256_castsi256_si128(rows[t]));
        _mm_storeu_si128((__m128i *)(out + (t + 4) * stride), _mm256_extracti128_si256(rows[t], 1));
    }
}

/* Sixteen channels of eight positions as bytes, to memory. */
INLINE void tile_bytes(const uint8_t *at, bool half, const struct constants *c, uint8_t *out, size_t stride,
                       bool *finite)
{
    __m256i four[4], rows[4], pairs[2];
#pragma GCC unroll 4
    for (size_t q = 0; q < 4; q++) {
        quantise4(at + 4 * q * c->plane_bytes, half, c, pairs, finite);
        four[q] = interleave4(pairs);
        four[q] = _mm256_max_epi8(_mm256_min_epi8(four[q], c->highest), c->lowest);
    }
    transpose4(four, rows);
    store_rows(out, stride, rows);
}

/* Sixteen channels of eight positions as words, to memory. */
INLINE void tile_words(const uint8_t *at, bool half, const struct constants *c, uint8_t *out, size_t stride,
                       bool *finite)
{
    for (size_t eight = 0; eight < 2; eight++) {
        __m256i pairs[4], rows[4];
        for (size_t q = 0; q < 2; q++)
            quantise4(at + (8 * eight + 4 * q) * c->plane_bytes, half, c, pairs + 2 * q, finite);
        for (int i = 0; i < 4; i++)
            pairs[i] = _mm256_max_epi16(_mm256_min_epi16(pairs[i], c->highest), c->lowest);
        transpose4(pairs, rows);
        store_rows(out + 16 * eight, stride, rows);
    }
}

/* A run of positions of LINE channels as bytes. They are gathered first, so that the output is written by whole cache
 * lines; `next` is where the run after this one starts. */
INLINE void run_lines(const uint8_t *at, const uint8_t *next, uint32_t positions, bool half, const struct constants *c,
                      uint8_t *out, size_t stride, bool *finite)
{
    _Alignas(LINE) uint8_t lines[MAX_RUN][LINE];
    size_t step = POSITIONS * (half ? 2 : 4), bytes = positions / POSITIONS * step;
    for (uint32_t d = 0; d < LINE; d += CHANNELS, at += CHANNELS * c->plane_bytes) {
        const uint8_t *after = d + CHANNELS < LINE ? at + CHANNELS * c->plane_bytes : next;
        for (size_t b = 0, p = 0; b < bytes; b += step, p += POSITIONS) {
            const uint8_t *ahead = b + AHEAD < bytes ? at + b + AHEAD : after + (b + AHEAD - bytes);
            if (b % 64 < step)
                for (size_t k = 0; k < CHANNELS; k++)
                    _mm_prefetch((const char *)ahead + k * c->plane_bytes, _MM_HINT_T0);
            tile_bytes(at + b, half, c, lines[p] + d, LINE, finite);
        }
    }
    for (size_t p = 0; p < positions; p++) {
        __m256i low = _mm256_load_si256((const __m256i *)lines[p]);
        __m256i high = _mm256_load_si256((const __m256i *)(lines[p] + 32));
        _mm256_storeu_si256((__m256i *)(out + p * stride), low);
        _mm256_storeu_si256((__m256i *)(out + p * stride + 32), high);
    }
}

/* A run of positions of any whole tiles of channels. */
INLINE void run_tiles(const uint8_t *at, uint32_t channels, uint32_t positions, bool half, const struct constants *c,
                      uint8_t *out, size_t stride, bool *finite)
{
    for (uint32_t d = 0; d < channels; d += CHANNELS)
        for (uint32_t p = 0; p < positions; p += POSITIONS) {
            const uint8_t *from = at + d * c->plane_bytes + p * (half ? 2u : 4u);
            if (c->words)
                tile_words(from, half, c, out + 2 * d + p * stride, stride, finite);
            else
                tile_bytes(from, half, c, out + d + p * stride, stride, finite);
        }
}

INLINE bool all_tiles(const struct cf_quantise_job *job, bool half)
{
    const struct constants c = make_constants(job);
    size_t size = half ? 2 : 4, width = cf_storage_size(job->out_storage), stride = job->stride * width;
    uint32_t channels = job->channels / CHANNELS * CHANNELS, positions = job->positions / POSITIONS * POSITIONS;
    uint32_t runs = positions / MAX_RUN + 1;
    uint32_t run = (positions / POSITIONS + runs - 1) / runs * POSITIONS; /* about even */
    bool finite = true;
    for (uint32_t d = 0; d < channels; d += LINE)
        for (uint32_t p = 0; p < positions; p += run) {
            uint32_t wide = channels - d < LINE ? channels - d : LINE;
            uint32_t count = positions - p < run ? positions - p : run;
            const uint8_t *at = job->features + d * c.plane_bytes + p * size;
            const uint8_t *next = p + run < positions ? at + run * size : job->features + (d + LINE) * c.plane_bytes;
            uint8_t *out = (uint8_t *)job->out + p * stride + d * width;
            if (wide == LINE && !c.words)
                run_lines(at, next, count, half, &c, out, stride, &finite);
            else
                run_tiles(at, wide, count, half, &c, out, stride, &finite);
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
    uint32_t channels = job->channels / CHANNELS * CHANNELS, positions = job->positions / POSITIONS * POSITIONS;
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
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c() ? &kernel : NULL;
}

#endif

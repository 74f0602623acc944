/* kernels_avx512.c - runs programs with AVX-512, on planes of 512 lanes; a full adder is two vpternlog. */
#include "sim/bits/kernels.h"

#ifndef __x86_64__

const struct cf_bit_kernels *cf_bit_kernels_avx512(void)
{
    return NULL;
}

#else

#include <immintrin.h>
#include <string.h>

#include "sim/bits/convert_avx2.h"
#include "sim/bits/kernels_gfni.h"
#include "sim/bits/kernels_words.h"

#define BIT_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define INLINE BIT_TARGET static inline __attribute__((always_inline))

typedef __m512i bit_vector;

INLINE __m512i bit_sum3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

/* Where b and c differ, the sum is the inverse of a, and a is the majority. So the first of the two instructions may
 * overwrite a, the second b, and no register is copied. */
INLINE __m512i bit_carry(__m512i a, __m512i b, __m512i c, __m512i sum)
{
    (void)a;
    return _mm512_ternarylogic_epi64(sum, b, c, 0x8e);
}

INLINE __m512i bit_xor(__m512i a, __m512i b)
{
    return _mm512_xor_si512(a, b);
}

INLINE __m512i bit_fill(bool one)
{
    return _mm512_set1_epi8(one ? -1 : 0);
}

#include "sim/bits/kernels_body.h"
#include "sim/bits/kernels_ceiling.h"
#include "sim/bits/kernels_sums.h"

INLINE void plane_word(uint8_t *plane, uint64_t bits)
{
    memcpy(plane, &bits, sizeof bits);
}

BIT_TARGET static void split8(const void *const *words, uint32_t count, uint32_t width, uint8_t *planes,
                              size_t plane_bytes)
{
    for (uint32_t o = 0; o < count; o++) {
        __m512i v = _mm512_loadu_si512(words[o]);
        __m512i bit = _mm512_set1_epi8(1); /* doubled each time: cheaper than a broadcast */
        for (uint32_t k = 0; k < width; k++, planes += plane_bytes, bit = _mm512_add_epi8(bit, bit))
            plane_word(planes, _mm512_test_epi8_mask(v, bit));
    }
}

BIT_TARGET static void split16(const void *const *words, uint32_t count, uint32_t width, uint8_t *planes,
                               size_t plane_bytes)
{
    for (uint32_t o = 0; o < count; o++) {
        __m512i low = _mm512_loadu_si512(words[o]), high = _mm512_loadu_si512((const uint8_t *)words[o] + 64);
        __m512i bit = _mm512_set1_epi16(1);
        for (uint32_t k = 0; k < width; k++, planes += plane_bytes, bit = _mm512_add_epi16(bit, bit))
            plane_word(planes, _mm512_kunpackd(_mm512_test_epi16_mask(high, bit), _mm512_test_epi16_mask(low, bit)));
    }
}

BIT_TARGET static void split32(const void *const *words, uint32_t count, uint32_t width, uint8_t *planes,
                               size_t plane_bytes)
{
    for (uint32_t o = 0; o < count; o++) {
        __m512i v[4];
        for (int i = 0; i < 4; i++)
            v[i] = _mm512_loadu_si512((const uint8_t *)words[o] + 64 * i);
        __m512i bit = _mm512_set1_epi32(1);
        for (uint32_t k = 0; k < width; k++, planes += plane_bytes, bit = _mm512_add_epi32(bit, bit)) {
            uint16_t quarters[4];
            for (int i = 0; i < 4; i++)
                quarters[i] = _mm512_test_epi32_mask(v[i], bit);
            memcpy(planes, quarters, sizeof quarters);
        }
    }
}

BIT_TARGET static void split(const void *const *words, uint32_t count, uint32_t bytes, uint32_t width, uint8_t *planes,
                             size_t plane_bytes)
{
    if (bytes == 1)
        split8(words, count, width, planes, plane_bytes);
    else if (bytes == 2)
        split16(words, count, width, planes, plane_bytes);
    else if (bytes == 4)
        split32(words, count, width, planes, plane_bytes);
    else
        cf_bit_split_words(words, count, bytes, width, planes, plane_bytes);
}

INLINE uint64_t word_of(const uint8_t *window, size_t plane_bytes, uint16_t plane)
{
    uint64_t bits;
    memcpy(&bits, cf_bit_plane(window, plane_bytes, plane), sizeof bits);
    return bits;
}

/* The last bit of a signed value has a negative weight. So adding the weight of each other bit that is set, and
 * subtracting that of the last, extends the sign; it needs one constant that is doubled for each bit. */
BIT_TARGET static void join8(const uint8_t *window, size_t plane_bytes, const uint16_t *planes, uint32_t width,
                             bool is_signed, void *words)
{
    __m512i v = _mm512_setzero_si512(), bit = _mm512_set1_epi8(1);
    for (uint32_t k = 0; k + 1 < width; k++, bit = _mm512_add_epi8(bit, bit))
        v = _mm512_mask_add_epi8(v, word_of(window, plane_bytes, planes[k]), v, bit);
    uint64_t last = word_of(window, plane_bytes, planes[width - 1]);
    v = is_signed ? _mm512_mask_sub_epi8(v, last, v, bit) : _mm512_mask_add_epi8(v, last, v, bit);
    _mm512_storeu_si512(words, v);
}

BIT_TARGET static void join16(const uint8_t *window, size_t plane_bytes, const uint16_t *planes, uint32_t width,
                              bool is_signed, void *words)
{
    __m512i low = _mm512_setzero_si512(), high = low, bit = _mm512_set1_epi16(1);
    for (uint32_t k = 0; k < width; k++, bit = _mm512_add_epi16(bit, bit)) {
        uint64_t bits = word_of(window, plane_bytes, planes[k]);
        if (is_signed && k + 1 == width)
            bit = _mm512_sub_epi16(_mm512_setzero_si512(), bit);
        low = _mm512_mask_add_epi16(low, (__mmask32)bits, low, bit);
        high = _mm512_mask_add_epi16(high, (__mmask32)(bits >> 32), high, bit);
    }
    _mm512_storeu_si512(words, low);
    _mm512_storeu_si512((uint8_t *)words + 64, high);
}

BIT_TARGET static void join(const uint8_t *window, size_t plane_bytes, const uint16_t *planes, uint32_t width,
                            bool is_signed, uint32_t bytes, void *words)
{
    if (bytes == 1)
        join8(window, plane_bytes, planes, width, is_signed, words);
    else if (bytes == 2)
        join16(window, plane_bytes, planes, width, is_signed, words);
    else
        cf_bit_join_words(window, plane_bytes, planes, width, is_signed, bytes, words);
}

/* Eight rows of 32 16-bit elements, transposed within 128-bit lanes: lane q of r[j] becomes column 8 * q + j. */
INLINE void transpose_lanes16(__m512i r[8])
{
    __m512i a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm512_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (int half = 0; half < 8; half += 4)
        for (int i = 0; i < 2; i++) {
            b[half + 2 * i] = _mm512_unpacklo_epi32(a[half + i], a[half + i + 2]);
            b[half + 2 * i + 1] = _mm512_unpackhi_epi32(a[half + i], a[half + i + 2]);
        }
    for (int i = 0; i < 4; i++) {
        r[2 * i] = _mm512_unpacklo_epi64(b[i], b[i + 4]);
        r[2 * i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 4]);
    }
}

/* Columns [first, first + 32) of the rows, as far as there are `count`. */
INLINE void transpose16(const void *const *rows, uint32_t first, uint32_t count, uint16_t *columns)
{
    uint32_t here = count - first < 32 ? count - first : 32;
    __mmask32 wanted = (__mmask32)(((uint64_t)1 << here) - 1);
    for (uint32_t group = 0; group < CF_TILE; group += 8) {
        __m512i r[8];
        for (uint32_t i = 0; i < 8; i++)
            r[i] = _mm512_maskz_loadu_epi16(wanted, (const uint16_t *)rows[group + i] + first);
        transpose_lanes16(r);
        for (uint32_t j = 0; j < 8; j++) {
            uint16_t *to = columns + (size_t)(first + j) * CF_TILE + group;
            if (j < here)
                _mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(r[j]));
            if (8 + j < here)
                _mm_storeu_si128((__m128i *)(to + 8 * CF_TILE), _mm512_extracti32x4_epi32(r[j], 1));
            if (16 + j < here)
                _mm_storeu_si128((__m128i *)(to + 16 * CF_TILE), _mm512_extracti32x4_epi32(r[j], 2));
            if (24 + j < here)
                _mm_storeu_si128((__m128i *)(to + 24 * CF_TILE), _mm512_extracti32x4_epi32(r[j], 3));
        }
    }
}

BIT_TARGET static void transpose(const void *const *rows, uint32_t count, uint32_t bytes, void *columns)
{
    if (bytes != 2) {
        cf_bit_transpose_avx2(rows, count, bytes, columns);
        return;
    }
    for (uint32_t first = 0; first < count; first += 32)
        transpose16(rows, first, count, columns);
}

BIT_TARGET static void expand(uint64_t bits, uint32_t count, uint8_t *out)
{
    __mmask64 wanted = count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
    _mm512_mask_storeu_epi8(out, wanted, _mm512_maskz_set1_epi8(bits, 1));
}

/* kernels_narrow.c */
void cf_bit_run_avx512_narrow(const uint16_t *code, void *window);
void cf_bit_add_avx512_narrow(const struct cf_bit_sum *sums, size_t count, void *window);
void cf_bit_finish_avx512_narrow(const struct cf_bit_result *results, size_t count, void *window);
uint64_t cf_bit_ceiling_avx512_narrow(uint64_t rounds);

static const struct cf_bit_kernels narrow = {
    .name = "avx512",
    .lanes = 256,
    .run = cf_bit_run_avx512_narrow,
    .add = cf_bit_add_avx512_narrow,
    .finish = cf_bit_finish_avx512_narrow,
    .split = split,
    .join = join,
    .split_all = cf_bit_split_all_avx2,
    .join_all = cf_bit_join_all_avx2,
    .transpose = transpose,
    .expand = expand,
    .ceiling = cf_bit_ceiling_avx512_narrow,
};

static const struct cf_bit_kernels kernels = {
    .name = "avx512",
    .lanes = 8 * sizeof(bit_vector),
    .run = run,
    .add = add,
    .finish = finish,
    .split = split,
    .join = join,
    .transpose = transpose,
    .expand = expand,
    .ceiling = ceiling,
    .narrow = &narrow,
};

static const struct cf_bit_kernels kernels_gfni = {
    .name = "avx512",
    .lanes = 8 * sizeof(bit_vector),
    .run = run,
    .add = add,
    .finish = finish,
    .split = split,
    .join = join,
    .split_all = cf_bit_split_all_gfni,
    .join_all = cf_bit_join_all_gfni,
    .transpose = transpose,
    .expand = expand,
    .ceiling = ceiling,
    .narrow = &narrow,
};

const struct cf_bit_kernels *cf_bit_kernels_avx512(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return NULL;
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("gfni") ? &kernels_gfni : &kernels;
}

#endif

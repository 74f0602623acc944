/* convert_avx2.c - turns words into planes and back, 256 lanes at a time, with AVX2 alone.
 *
 * A byte of each of 256 values is eight registers. They are arranged so that register j has the bytes of lanes j, 8 +
 * j, 16 + j, ...; then byte b of all eight is an 8 x 8 bit matrix, and transposing 32 such matrices at once takes three
 * rounds of exchanges between registers. Register k afterwards is the plane of bit k, in the order of the lanes.
 */
#include "sim/bits/convert_avx2.h"

#ifdef __x86_64__

#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "sim/bits/kernels_words.h"

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { PLANE = sizeof(__m256i), HALF = 16 };

/* ---- bits ------------------------------------------------------------------------------------------------------ */

/* Exchanges the bits of `b` under the mask with the bits of `a` that stand `shift` above the mask. */
INLINE void exchange(__m256i *a, __m256i *b, int shift, __m256i mask)
{
    __m256i changed = _mm256_and_si256(_mm256_xor_si256(_mm256_srli_epi16(*a, shift), *b), mask);
    *b = _mm256_xor_si256(*b, changed);
    *a = _mm256_xor_si256(*a, _mm256_slli_epi16(changed, shift));
}

/* Bit k of byte b of register j goes to bit j of byte b of register k. */
INLINE void transpose_bits(__m256i r[8])
{
    const __m256i low4 = _mm256_set1_epi8(0x0f), low2 = _mm256_set1_epi8(0x33), low1 = _mm256_set1_epi8(0x55);
    for (int j = 0; j < 4; j++)
        exchange(&r[j], &r[j + 4], 4, low4);
    for (int j = 0; j < 8; j += 4) {
        exchange(&r[j], &r[j + 2], 2, low2);
        exchange(&r[j + 1], &r[j + 3], 2, low2);
    }
    for (int j = 0; j < 8; j += 2)
        exchange(&r[j], &r[j + 1], 1, low1);
}

/* Transposes 8 x 8 words of 16 bits in each half: word j of register i goes to word i of register j. */
INLINE void transpose_words16(__m256i r[8])
{
    __m256i a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (int half = 0; half < 8; half += 4)
        for (int i = 0; i < 2; i++) {
            b[half + 2 * i] = _mm256_unpacklo_epi32(a[half + i], a[half + i + 2]);
            b[half + 2 * i + 1] = _mm256_unpackhi_epi32(a[half + i], a[half + i + 2]);
        }
    for (int i = 0; i < 4; i++) {
        r[2 * i] = _mm256_unpacklo_epi64(b[i], b[i + 4]);
        r[2 * i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 4]);
    }
}

/* Bytes 2 x 8 of each half, transposed: byte 8 * s + j goes to byte 2 * j + s; and back. */
INLINE __m256i pair_bytes(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0, 8, 1, 9, 2,
                                                   10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
}

INLINE __m256i part_bytes(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8,
                                                   10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
}

/* Register r has the bytes of lanes 16 * r to 16 * r + 15 and, in its upper half, those of the lanes 128 higher;
 * register k becomes the plane of bit k. */
INLINE void bytes_to_planes(__m256i r[8])
{
    for (int i = 0; i < 8; i++)
        r[i] = pair_bytes(r[i]);
    transpose_words16(r);
    transpose_bits(r);
}

INLINE void planes_to_bytes(__m256i r[8])
{
    transpose_bits(r);
    transpose_words16(r);
    for (int i = 0; i < 8; i++)
        r[i] = part_bytes(r[i]);
}

/* ---- words to planes ------------------------------------------------------------------------------------------- */

/* Where the words of 16 lanes begin: register r's, of its lower or upper half. */
INLINE const uint8_t *lanes_in(const void *const *words, size_t offset, int bytes, int r, int half)
{
    return (const uint8_t *)words[2 * half + r / 4] + offset + (size_t)(r % 4 * HALF * bytes);
}

/* 16 bytes of the lower and upper lanes of register r, the i-th of their words. */
INLINE __m256i load_lanes(const void *const *words, size_t offset, int bytes, int r, int i)
{
    const uint8_t *low = lanes_in(words, offset, bytes, r, 0) + i * HALF;
    const uint8_t *high = lanes_in(words, offset, bytes, r, 1) + i * HALF;
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                   _mm_loadu_si128((const __m128i *)high), 1);
}

/* Low or high 16 bits of 8 words of 32 in each half. */
INLINE __m256i load_words16(const void *const *words, size_t offset, int r, int i, bool upper)
{
    __m256i a = load_lanes(words, offset, 4, r, 2 * i), b = load_lanes(words, offset, 4, r, 2 * i + 1);
    const __m256i mask = _mm256_set1_epi32(0xffff);
    a = upper ? _mm256_srli_epi32(a, 16) : _mm256_and_si256(a, mask);
    b = upper ? _mm256_srli_epi32(b, 16) : _mm256_and_si256(b, mask);
    return _mm256_packus_epi32(a, b);
}

/* Byte number `part` of all lanes' words. */
INLINE void load_part(const void *const *words, size_t offset, int bytes, int part, __m256i r[8])
{
    const __m256i mask = _mm256_set1_epi16(0xff);
    for (int i = 0; i < 8; i++) {
        if (bytes == 1) {
            r[i] = load_lanes(words, offset, 1, i, 0);
            continue;
        }
        __m256i a = bytes == 2 ? load_lanes(words, offset, 2, i, 0) : load_words16(words, offset, i, 0, part >= 2);
        __m256i b = bytes == 2 ? load_lanes(words, offset, 2, i, 1) : load_words16(words, offset, i, 1, part >= 2);
        a = part % 2 ? _mm256_srli_epi16(a, 8) : _mm256_and_si256(a, mask);
        b = part % 2 ? _mm256_srli_epi16(b, 8) : _mm256_and_si256(b, mask);
        r[i] = _mm256_packus_epi16(a, b);
    }
}

INLINE void split_part(const void *const *words, size_t offset, int bytes, int part, uint32_t width, uint8_t *planes)
{
    __m256i r[8];
    load_part(words, offset, bytes, part, r);
    bytes_to_planes(r);
    __m256i *to = (__m256i *)(void *)(planes + 8 * part * PLANE);
    uint32_t count = width - 8 * (uint32_t)part;
    if (count >= 8)
        for (int k = 0; k < 8; k++)
            _mm256_store_si256(to + k, r[k]);
    else
        for (uint32_t k = 0; k < 8; k++)
            if (k < count)
                _mm256_store_si256(to + k, r[k]);
}

TARGET static void split_bytes(const void *const *words, size_t offset, uint32_t width, uint8_t *planes)
{
    split_part(words, offset, 1, 0, width, planes);
}

TARGET static void split_words16(const void *const *words, size_t offset, uint32_t width, uint8_t *planes)
{
    split_part(words, offset, 2, 0, width, planes);
    if (width > 8)
        split_part(words, offset, 2, 1, width, planes);
}

TARGET static void split_words32(const void *const *words, size_t offset, uint32_t width, uint8_t *planes)
{
    split_part(words, offset, 4, 0, width, planes);
    if (width > 8)
        split_part(words, offset, 4, 1, width, planes);
    if (width > 16)
        split_part(words, offset, 4, 2, width, planes);
    if (width > 24)
        split_part(words, offset, 4, 3, width, planes);
}

void cf_bit_split_all_avx2(const void *const *words, size_t offset, uint32_t bytes, uint32_t width, uint8_t *planes)
{
    assert(bytes == 1 || bytes == 2 || bytes == 4);
    if (bytes == 1)
        split_bytes(words, offset, width, planes);
    else if (bytes == 2)
        split_words16(words, offset, width, planes);
    else
        split_words32(words, offset, width, planes);
}

/* ---- planes to words ------------------------------------------------------------------------------------------- */

/* Byte number `part` of all lanes' words, as in bytes_to_planes. */
INLINE void join_part(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t part,
                      __m256i r[8])
{
    for (uint32_t k = 0; k < 8; k++) {
        uint32_t bit = 8 * part + k, from = bit < width ? bit : width - 1;
        r[k] = bit < width || is_signed
                   ? _mm256_load_si256((const __m256i *)(const void *)cf_bit_plane(window, PLANE, planes[from]))
                   : _mm256_setzero_si256();
    }
    planes_to_bytes(r);
}

/* 32 bytes of the lower lanes of register r and 32 of its upper ones, from the halves of two vectors. */
INLINE void store_lanes(void *const *words, int bytes, int r, int i, __m256i first, __m256i second)
{
    uint8_t *low = (uint8_t *)words[r / 4] + r % 4 * HALF * bytes + i * PLANE;
    uint8_t *high = (uint8_t *)words[2 + r / 4] + r % 4 * HALF * bytes + i * PLANE;
    _mm256_storeu_si256((__m256i *)(void *)low, _mm256_permute2x128_si256(first, second, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)high, _mm256_permute2x128_si256(first, second, 0x31));
}

TARGET static void join_bytes(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed,
                              void *const *words)
{
    __m256i r[8];
    join_part(window, planes, width, is_signed, 0, r);
    for (int i = 0; i < 8; i += 2)
        store_lanes(words, 1, i, 0, r[i], r[i + 1]);
}

TARGET static void join_words16(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed,
                                void *const *words)
{
    __m256i low[8], high[8];
    join_part(window, planes, width, is_signed, 0, low);
    join_part(window, planes, width, is_signed, 1, high);
    for (int i = 0; i < 8; i++)
        store_lanes(words, 2, i, 0, _mm256_unpacklo_epi8(low[i], high[i]), _mm256_unpackhi_epi8(low[i], high[i]));
}

TARGET static void join_words32(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed,
                                void *const *words)
{
    __m256i part[4][8];
    for (uint32_t p = 0; p < 4; p++)
        join_part(window, planes, width, is_signed, p, part[p]);
    for (int i = 0; i < 8; i++) {
        __m256i a = _mm256_unpacklo_epi8(part[0][i], part[1][i]), b = _mm256_unpackhi_epi8(part[0][i], part[1][i]);
        __m256i c = _mm256_unpacklo_epi8(part[2][i], part[3][i]), d = _mm256_unpackhi_epi8(part[2][i], part[3][i]);
        store_lanes(words, 4, i, 0, _mm256_unpacklo_epi16(a, c), _mm256_unpackhi_epi16(a, c));
        store_lanes(words, 4, i, 1, _mm256_unpacklo_epi16(b, d), _mm256_unpackhi_epi16(b, d));
    }
}

void cf_bit_join_all_avx2(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t bytes,
                          void *const *words)
{
    assert(bytes == 1 || bytes == 2 || bytes == 4);
    if (bytes == 1)
        join_bytes(window, planes, width, is_signed, words);
    else if (bytes == 2)
        join_words16(window, planes, width, is_signed, words);
    else
        join_words32(window, planes, width, is_signed, words);
}

/* ---- rows to columns ------------------------------------------------------------------------------------------- */

/* Transposes 8 x 8 words of 32 bits. */
INLINE void transpose_words32(__m256i r[8])
{
    __m256i a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        b[4 * i] = _mm256_unpacklo_epi64(a[4 * i], a[4 * i + 2]);
        b[4 * i + 1] = _mm256_unpackhi_epi64(a[4 * i], a[4 * i + 2]);
        b[4 * i + 2] = _mm256_unpacklo_epi64(a[4 * i + 1], a[4 * i + 3]);
        b[4 * i + 3] = _mm256_unpackhi_epi64(a[4 * i + 1], a[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2x128_si256(b[i], b[4 + i], 0x20);
        r[4 + i] = _mm256_permute2x128_si256(b[i], b[4 + i], 0x31);
    }
}

/* 32 bytes of each of eight rows, of which `left` bytes may be read. */
INLINE void load_rows(const void *const *rows, size_t first, size_t left, __m256i r[8])
{
    for (int i = 0; i < 8; i++) {
        const uint8_t *row = (const uint8_t *)rows[i] + first;
        if (left >= PLANE) {
            r[i] = _mm256_loadu_si256((const __m256i *)(const void *)row);
        } else {
            uint8_t whole[PLANE] = {0};
            memcpy(whole, row, left);
            r[i] = _mm256_loadu_si256((const __m256i *)(const void *)whole);
        }
    }
}

TARGET static void columns16(const void *const *rows, uint32_t count, uint16_t *columns)
{
    for (uint32_t first = 0; first < count; first += 16)
        for (uint32_t group = 0; group < CF_TILE; group += 8) {
            uint32_t here = count - first;
            uint16_t *to = columns + (size_t)first * CF_TILE + group;
            __m256i r[8];
            load_rows(rows + group, first * sizeof *columns, here * sizeof *columns, r);
            transpose_words16(r);
            for (uint32_t c = 0; c < 8 && c < here; c++)
                _mm_storeu_si128((__m128i *)(void *)(to + c * CF_TILE), _mm256_castsi256_si128(r[c]));
            for (uint32_t c = 8; c < 16 && c < here; c++)
                _mm_storeu_si128((__m128i *)(void *)(to + c * CF_TILE), _mm256_extracti128_si256(r[c - 8], 1));
        }
}

TARGET static void columns32(const void *const *rows, uint32_t count, uint32_t *columns)
{
    for (uint32_t first = 0; first < count; first += 8)
        for (uint32_t group = 0; group < CF_TILE; group += 8) {
            uint32_t here = count - first;
            uint32_t *to = columns + (size_t)first * CF_TILE + group;
            __m256i r[8];
            load_rows(rows + group, first * sizeof *columns, here * sizeof *columns, r);
            transpose_words32(r);
            for (uint32_t c = 0; c < 8 && c < here; c++)
                _mm256_storeu_si256((__m256i *)(void *)(to + c * CF_TILE), r[c]);
        }
}

void cf_bit_transpose_avx2(const void *const *rows, uint32_t count, uint32_t bytes, void *columns)
{
    if (bytes == 2)
        columns16(rows, count, columns);
    else if (bytes == 4)
        columns32(rows, count, columns);
    else
        cf_bit_transpose_words(rows, count, bytes, columns);
}

/* 32 bits as bytes. */
INLINE __m256i bits_to_bytes(uint32_t bits)
{
    const __m256i which = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3,
                                           3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    __m256i spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), which), bit);
    return _mm256_and_si256(_mm256_cmpeq_epi8(spread, bit), _mm256_set1_epi8(1));
}

TARGET void cf_bit_expand_avx2(uint64_t bits, uint32_t count, uint8_t *out)
{
    uint8_t whole[CF_TILE];
    uint8_t *to = count == CF_TILE ? out : whole;
    _mm256_storeu_si256((__m256i *)(void *)to, bits_to_bytes((uint32_t)bits));
    _mm256_storeu_si256((__m256i *)(void *)(to + PLANE), bits_to_bytes((uint32_t)(bits >> 32)));
    if (to == whole)
        memcpy(out, whole, count);
}

#endif

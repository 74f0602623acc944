/* kernels_gfni.c - turns words into planes and back, 512 lanes at a time, on processors with GFNI and AVX-512 VBMI.
 *
 * Eight values of 8 bits are an 8 x 8 bit matrix, which one instruction transposes: its affine product, with the values
 * as the matrix and the unit vectors as operands. Bytes and then 64-bit words change places around it, so that planes
 * are read and written whole.
 */
#include "sim/bits/kernels_gfni.h"

#ifdef __x86_64__

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,gfni")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { TILES = 8 }; /* of a plane */

/* Transposes 8 x 8 words of 64 bits. */
INLINE void transpose64(__m512i r[8])
{
    __m512i a[8], b[8];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
    }
    /* a[2i + h]: column 2q + h of rows 2i, 2i + 1 in 128-bit part q */
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < 2; i++) {
            b[4 * i + h] = _mm512_shuffle_i64x2(a[4 * i + h], a[4 * i + 2 + h], 0x88);
            b[4 * i + 2 + h] = _mm512_shuffle_i64x2(a[4 * i + h], a[4 * i + 2 + h], 0xdd);
        }
    /* b[4i + 2p + h]: columns 2q + h for q = p, p + 2, of rows 4i to 4i + 3 */
    for (int h = 0; h < 2; h++)
        for (int p = 0; p < 2; p++) {
            r[2 * p + h] = _mm512_shuffle_i64x2(b[2 * p + h], b[4 + 2 * p + h], 0x88);
            r[2 * p + h + 4] = _mm512_shuffle_i64x2(b[2 * p + h], b[4 + 2 * p + h], 0xdd);
        }
}

/* Orders of bytes. The affine product takes a matrix's last row first, hence the reversals. */
enum order {
    ROWS_REVERSED,        /* of 64-bit words */
    LOW_ROWS_REVERSED,    /* the same of the low bytes of 64 16-bit words in two registers */
    HIGH_ROWS_REVERSED,   /* of the high bytes */
    TURNED,               /* an 8 x 8 matrix of bytes, transposed */
    TURNED_ROWS_REVERSED, /* the same, then reversed */
    FIRST_WORDS,          /* low and high bytes from two registers, side by side: words 0 to 31 */
    LAST_WORDS,           /* words 32 to 63 */
    DWORD_ROWS_REVERSED   /* bytes 0 of 32 32-bit words in two registers, in either half, each eight reversed */
};

/* Which byte of the source, or of two of them, becomes byte `i`. */
INLINE int source_byte(enum order order, int i)
{
    switch (order) {
    case ROWS_REVERSED:
        return i ^ 7;
    case LOW_ROWS_REVERSED:
        return 2 * (i ^ 7);
    case HIGH_ROWS_REVERSED:
        return 2 * (i ^ 7) + 1;
    case TURNED:
        return 8 * (i % 8) + i / 8;
    case TURNED_ROWS_REVERSED:
        return 8 * (7 - i % 8) + i / 8;
    case FIRST_WORDS:
        return 64 * (i % 2) + i / 2;
    case DWORD_ROWS_REVERSED:
        return 4 * (i % 32 ^ 7);
    default:
        return 64 * (i % 2) + 32 + i / 2;
    }
}

/* A constant, once the compiler has run the loop. */
INLINE __m512i index_of(enum order order)
{
    uint8_t index[64];
    for (int i = 0; i < 64; i++)
        index[i] = (uint8_t)source_byte(order, i);
    return _mm512_loadu_si512(index);
}

/* Bit i of byte j goes to bit 7 - j of byte i, in each 64-bit word. */
INLINE __m512i turn_bits(__m512i matrix)
{
    return _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64((long long)0x8040201008040201), matrix, 0);
}

/* Byte number `part` of a tile's words, each eight of them reversed. */
INLINE __m512i bytes_of_tile(const uint8_t *in, uint32_t bytes, uint32_t part, __m512i order)
{
    __m512i v[4];
    for (uint32_t i = 0; i < 4; i++)
        v[i] = i < bytes ? _mm512_loadu_si512(in + 64 * i) : _mm512_setzero_si512();
    if (bytes < 4)
        return _mm512_permutex2var_epi8(v[0], order, v[1]);
    order = _mm512_add_epi8(order, _mm512_set1_epi8((char)part));
    return _mm512_mask_blend_epi8(0xffffffff00000000, _mm512_permutex2var_epi8(v[0], order, v[1]),
                                  _mm512_permutex2var_epi8(v[2], order, v[3]));
}

INLINE void split_part(const void *const *words, size_t offset, uint32_t bytes, uint32_t part, uint32_t width,
                       uint8_t *planes)
{
    __m512i r[TILES], last = index_of(TURNED), first = index_of(ROWS_REVERSED);
    if (bytes == 2)
        first = part ? index_of(HIGH_ROWS_REVERSED) : index_of(LOW_ROWS_REVERSED);
    else if (bytes == 4)
        first = index_of(DWORD_ROWS_REVERSED);
    for (int n = 0; n < TILES; n++) {
        __m512i rows = bytes_of_tile((const uint8_t *)words[n] + offset, bytes, part, first);
        r[n] = _mm512_permutexvar_epi8(last, turn_bits(rows));
    }
    transpose64(r);
    for (uint32_t k = 0; k < 8 && 8 * part + k < width; k++)
        _mm512_store_si512(planes + (8 * part + k) * sizeof(__m512i), r[k]);
}

TARGET void cf_bit_split_all_gfni(const void *const *words, size_t offset, uint32_t bytes, uint32_t width,
                                  uint8_t *planes)
{
    for (uint32_t part = 0; 8 * part < width; part++)
        if (bytes == 1)
            split_part(words, offset, 1, part, width, planes);
        else if (bytes == 2)
            split_part(words, offset, 2, part, width, planes);
        else
            split_part(words, offset, 4, part, width, planes);
}

/* Byte number `part` of the values, tile by tile. */
INLINE void join_part(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t part,
                      __m512i r[TILES])
{
    __m512i order = index_of(TURNED_ROWS_REVERSED);
    for (uint32_t k = 0; k < 8; k++) {
        uint32_t bit = 8 * part + k;
        r[k] = bit < width || is_signed
                   ? _mm512_load_si512(cf_bit_plane(window, sizeof(__m512i), planes[bit < width ? bit : width - 1]))
                   : _mm512_setzero_si512();
    }
    transpose64(r);
    for (int n = 0; n < TILES; n++)
        r[n] = turn_bits(_mm512_permutexvar_epi8(order, r[n]));
}

/* Two tiles' bytes, side by side: 64 words of 16 bits. */
INLINE void pair(__m512i low, __m512i high, __m512i out[2])
{
    out[0] = _mm512_permutex2var_epi8(low, index_of(FIRST_WORDS), high);
    out[1] = _mm512_permutex2var_epi8(low, index_of(LAST_WORDS), high);
}

TARGET static void join_words32(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed,
                                void *const *words)
{
    __m512i part[4][TILES];
    uint16_t first[32], second[32];
    for (int i = 0; i < 32; i++) {
        first[i] = (uint16_t)(32 * (i % 2) + i / 2);
        second[i] = (uint16_t)(first[i] + 16);
    }
    for (uint32_t p = 0; p < 4; p++)
        join_part(window, planes, width, is_signed, p, part[p]);
    for (int n = 0; n < TILES; n++) {
        __m512i low[2], high[2];
        pair(part[0][n], part[1][n], low);
        pair(part[2][n], part[3][n], high);
        for (int i = 0; i < 2; i++) {
            uint8_t *to = (uint8_t *)words[n] + 128 * i;
            _mm512_storeu_si512(to, _mm512_permutex2var_epi16(low[i], _mm512_loadu_si512(first), high[i]));
            _mm512_storeu_si512(to + 64, _mm512_permutex2var_epi16(low[i], _mm512_loadu_si512(second), high[i]));
        }
    }
}

TARGET void cf_bit_join_all_gfni(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed,
                                 uint32_t bytes, void *const *words)
{
    __m512i low[TILES], high[TILES], out[2];
    if (bytes == 4) {
        join_words32(window, planes, width, is_signed, words);
        return;
    }
    join_part(window, planes, width, is_signed, 0, low);
    if (bytes == 1) {
        for (int n = 0; n < TILES; n++)
            _mm512_storeu_si512(words[n], low[n]);
        return;
    }
    join_part(window, planes, width, is_signed, 1, high);
    for (int n = 0; n < TILES; n++) {
        pair(low[n], high[n], out);
        _mm512_storeu_si512(words[n], out[0]);
        _mm512_storeu_si512((uint8_t *)words[n] + 64, out[1]);
    }
}

#endif

/* kernels_gfni.c - words to planes and back, 512 lanes at a time, for processors with GFNI and AVX-512 VBMI.
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

enum { BLOCKS = 8 }; /* of CF_TILE lanes */

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
    LAST_WORDS            /* words 32 to 63 */
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

TARGET void cf_bit_split_all_gfni(const void *const *words, size_t offset, uint32_t bytes, uint32_t width,
                                  uint8_t *planes)
{
    __m512i last = index_of(TURNED);
    for (uint32_t part = 0; part < bytes && 8 * part < width; part++, planes += BLOCKS * sizeof(__m512i)) {
        __m512i r[BLOCKS], first = index_of(ROWS_REVERSED);
        if (bytes == 2)
            first = part ? index_of(HIGH_ROWS_REVERSED) : index_of(LOW_ROWS_REVERSED);
        for (int n = 0; n < BLOCKS; n++) {
            const uint8_t *in = (const uint8_t *)words[n] + offset;
            __m512i low = _mm512_loadu_si512(in), high = bytes == 1 ? low : _mm512_loadu_si512(in + 64);
            r[n] = _mm512_permutexvar_epi8(last, turn_bits(_mm512_permutex2var_epi8(low, first, high)));
        }
        transpose64(r);
        for (uint32_t k = 0; k < 8 && 8 * part + k < width; k++)
            _mm512_store_si512(planes + k * sizeof(__m512i), r[k]);
    }
}

/* The values' bytes number `part`, block by block. */
INLINE void join_part(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t part,
                      __m512i r[BLOCKS])
{
    __m512i order = index_of(TURNED_ROWS_REVERSED);
    for (uint32_t k = 0; k < 8; k++) {
        uint32_t bit = 8 * part + k;
        r[k] = bit < width || is_signed
                   ? _mm512_load_si512(cf_bit_plane(window, sizeof(__m512i), planes[bit < width ? bit : width - 1]))
                   : _mm512_setzero_si512();
    }
    transpose64(r);
    for (int n = 0; n < BLOCKS; n++)
        r[n] = turn_bits(_mm512_permutexvar_epi8(order, r[n]));
}

TARGET void cf_bit_join_all_gfni(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed,
                                 uint32_t bytes, void *const *words)
{
    __m512i low[BLOCKS], high[BLOCKS], first = index_of(FIRST_WORDS), second = index_of(LAST_WORDS);
    join_part(window, planes, width, is_signed, 0, low);
    if (bytes == 1) {
        for (int n = 0; n < BLOCKS; n++)
            _mm512_storeu_si512(words[n], low[n]);
        return;
    }
    join_part(window, planes, width, is_signed, 1, high);
    for (int n = 0; n < BLOCKS; n++) {
        _mm512_storeu_si512(words[n], _mm512_permutex2var_epi8(low[n], first, high[n]));
        _mm512_storeu_si512((uint8_t *)words[n] + 64, _mm512_permutex2var_epi8(low[n], second, high[n]));
    }
}

#endif

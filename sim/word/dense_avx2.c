/* dense_avx2.c - multiplies dense matrices with vectors of 256 bits: by AVX2, or by the instructions of AVX-VNNI.
 *
 * AVX2 has no instruction that multiplies bytes into 32 bits. vpmaddubsw multiplies 32 unsigned by 32 signed bytes and
 * adds them in pairs to 16 bits, where it saturates; vpmaddwd with ones adds pairs of these to 32 bits. It is exact as
 * long as a pair cannot pass 2^15 - 1. Weights are -127 to 127 (the planner picks byte products for no others), so
 * that holds for operands from 0 to 127, and for the sizes |x| <= 128 of any bytes: 2 * 128 * 127 = 32,512. Where
 * operands are negative, vpsignb gives their signs to the weights.
 */
#include "sim/word/dense_avx2.h"

#include "sim/word/dots.h"

#ifdef __x86_64__

#include <assert.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* How 32 bits of operands are multiplied and added: two words; or four bytes. */
enum product {
    WORDS,       /* AVX2 */
    SMALL_BYTES, /* AVX2, no operand is negative, and all are so small that many products fit 16 bits together */
    PLAIN_BYTES, /* AVX2, no operand is negative */
    BYTES,       /* AVX2, any operands */
    VNNI_WORDS,  /* AVX-VNNI */
    VNNI_BYTES   /* AVX-VNNI; the operands are unsigned, so x + 128 */
};

/* 32 bits of operands, of any alignment and element type. */
typedef int32_t operand __attribute__((may_alias, aligned(1)));

/* One 32-bit operand in all lanes, and below, products of it. These stand in assembly, and in the order in which they
 * are written: the compiler would begin the products of many rows at once, and run out of registers. */
INLINE __m256i broadcast(const void *row, uint32_t k)
{
    __m256i x;
    __asm__ volatile("vpbroadcastd %1, %0" : "=x"(x) : "m"(((const operand *)row)[k]));
    return x;
}

/* Adds the products of the operand x with the weights of eight lanes to their sums, which have 16 bits for SMALL_BYTES.
 * `size` is |x| of each byte. The assembler must be told not to take AVX-512's form of AVX-VNNI's instructions. */
INLINE void add_products(enum product product, __m256i *acc, __m256i x, __m256i size, __m256i w)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i t;
    if (product == WORDS)
        __asm__ volatile("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(*acc), "=&x"(t) : "x"(x), "x"(w));
    else if (product == SMALL_BYTES)
        __asm__ volatile("vpmaddubsw %3, %2, %1\n\tvpaddw %1, %0, %0" : "+x"(*acc), "=&x"(t) : "x"(x), "x"(w));
    else if (product == PLAIN_BYTES)
        __asm__ volatile("vpmaddubsw %3, %2, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"
                         : "+x"(*acc), "=&x"(t)
                         : "x"(x), "x"(w), "x"(ones));
    else if (product == BYTES)
        __asm__ volatile("vpsignb %2, %3, %1\n\tvpmaddubsw %1, %5, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"
                         : "+x"(*acc), "=&x"(t)
                         : "x"(x), "x"(w), "x"(ones), "x"(size));
    else if (product == VNNI_WORDS)
        __asm__ volatile("%{vex%} vpdpwssd %2, %1, %0" : "+x"(*acc) : "x"(x), "x"(w));
    else
        __asm__ volatile("%{vex%} vpdpbusd %2, %1, %0" : "+x"(*acc) : "x"(x), "x"(w));
}

struct dense_call {
    const void *const *rows;
    const char *weights;       /* of one panel */
    const int32_t *weight_sum; /* of its lanes */
    const int32_t *start;      /* of its lanes, or NULL */
    int32_t *sums;             /* the panel's first lane of the first row */
    size_t stride;             /* lanes of a row of sums */
    size_t step;               /* bytes from one operand's weights of the panel to the next's */
    uint32_t operands;         /* of 32 bits in each row */
    uint32_t chunk;            /* of SMALL_BYTES: operands whose products fit 16 bits together */
};

/* The values from which the sums of eight lanes start. The products of VNNI_BYTES are of x + 128, so 128 times the
 * sum of the weights is taken off first. */
INLINE __m256i first_sums(enum product product, const struct dense_call *call, int vector)
{
    __m256i sums = _mm256_setzero_si256();
    if (call->start)
        sums = _mm256_loadu_si256((const __m256i *)(call->start + 8 * vector));
    if (product == VNNI_BYTES) {
        __m256i weights = _mm256_loadu_si256((const __m256i *)(call->weight_sum + 8 * vector));
        sums = _mm256_sub_epi32(sums, _mm256_slli_epi32(weights, 7));
    }
    return sums;
}

enum { SIZES = 64 }; /* operands whose sizes are kept at once */

/* |x| of the bytes of operands [first, end) of a row. */
INLINE void find_sizes(const int8_t *row, uint32_t first, uint32_t end, int8_t *sizes)
{
    uint32_t k = 4 * first;
    for (; k + 32 <= 4 * end; k += 32, sizes += 32)
        _mm256_storeu_si256((__m256i *)sizes, _mm256_abs_epi8(_mm256_loadu_si256((const __m256i *)(row + k))));
    for (; k < 4 * end; k++)
        *sizes++ = (int8_t)(row[k] < 0 ? -row[k] : row[k]);
}

/* The micro-kernel: `height` rows, from row `first` on, times one panel, over all inputs; the sums stay in registers.
 */
INLINE void micro_kernel(enum product product, int height, const struct dense_call *call, uint32_t first)
{
    __m256i acc[6][2];
    int8_t sizes[6][4 * SIZES];
    const void *const *rows = call->rows + first;
    const char *weights = call->weights;
    for (int v = 0; v < 2; v++) {
        __m256i start = first_sums(product, call, v);
#pragma GCC unroll 6
        for (int r = 0; r < height; r++)
            acc[r][v] = start;
    }
    for (uint32_t from = 0, end; from < call->operands; from = end) {
        end = product == BYTES && call->operands - from > SIZES ? from + SIZES : call->operands;
        for (int r = 0; r < height && product == BYTES; r++)
            find_sizes(rows[r], from, end, sizes[r]);
        for (uint32_t k = from; k < end; k++, weights += call->step) {
            __m256i w0 = _mm256_loadu_si256((const __m256i *)weights);
            __m256i w1 = _mm256_loadu_si256((const __m256i *)weights + 1);
#pragma GCC unroll 6
            for (int r = 0; r < height; r++) {
                __m256i x = broadcast(rows[r], k), size = x;
                if (product == BYTES)
                    size = broadcast(sizes[r], k - from);
                if (product == VNNI_BYTES)
                    x = _mm256_xor_si256(x, _mm256_set1_epi8(-128));
                add_products(product, &acc[r][0], x, size, w0);
                add_products(product, &acc[r][1], x, size, w1);
            }
        }
    }
    int32_t *sums = call->sums + first * call->stride;
#pragma GCC unroll 6
    for (int r = 0; r < height; r++)
        for (int v = 0; v < 2; v++)
            _mm256_storeu_si256((__m256i *)(sums + (size_t)r * call->stride + 8 * v), acc[r][v]);
}

/* The same for small operands: sums of `chunk` operands' products stay within 16 bits, and are widened after so many.
 */
INLINE void micro_kernel_small(int height, const struct dense_call *call, uint32_t first)
{
    const void *const *rows = call->rows + first;
    const char *weights = call->weights;
    int32_t *sums = call->sums + first * call->stride;
    for (uint32_t k = 0; k < call->operands;) {
        uint32_t end = call->operands - k < call->chunk ? call->operands : k + call->chunk;
        bool from_start = k == 0;
        __m256i acc[6][2];
#pragma GCC unroll 6
        for (int r = 0; r < height; r++)
            acc[r][0] = acc[r][1] = _mm256_setzero_si256();
        for (; k < end; k++, weights += call->step) {
            __m256i w0 = _mm256_loadu_si256((const __m256i *)weights);
            __m256i w1 = _mm256_loadu_si256((const __m256i *)weights + 1);
#pragma GCC unroll 6
            for (int r = 0; r < height; r++) {
                __m256i x = broadcast(rows[r], k);
                add_products(SMALL_BYTES, &acc[r][0], x, x, w0);
                add_products(SMALL_BYTES, &acc[r][1], x, x, w1);
            }
        }
#pragma GCC unroll 6
        for (int r = 0; r < height; r++)
            for (int v = 0; v < 2; v++) {
                __m256i *sum = (__m256i *)(sums + (size_t)r * call->stride + 8 * v);
                __m256i before = from_start ? first_sums(PLAIN_BYTES, call, v) : _mm256_loadu_si256(sum);
                _mm256_storeu_si256(sum, _mm256_add_epi32(before, _mm256_madd_epi16(acc[r][v], _mm256_set1_epi16(1))));
            }
    }
}

INLINE void tile(enum product product, int height, const struct dense_call *call, uint32_t first)
{
    if (product == SMALL_BYTES)
        micro_kernel_small(height, call, first);
    else
        micro_kernel(product, height, call, first);
}

/* All rows times one panel: `most` rows at a time at most, and as evenly as possible. */
INLINE void panel_of_rows(enum product product, uint32_t most, const struct dense_call *call, uint32_t count)
{
    uint32_t tiles = (count + most - 1) / most, height;
    for (uint32_t first = 0; first < count; first += height, tiles--) {
        height = (count - first + tiles - 1) / tiles;
        if (height == 6 && most == 6)
            tile(product, 6, call, first);
        else if (height == 5)
            tile(product, 5, call, first);
        else if (height == 4)
            tile(product, 4, call, first);
        else if (height == 3)
            tile(product, 3, call, first);
        else if (height == 2)
            tile(product, 2, call, first);
        else
            tile(product, 1, call, first);
    }
}

/* Rows that fill the 16 registers: their sums, the panel's weights, an operand, and what the product needs besides. */
#define PANEL(name, product, most)                                                                                     \
    TARGET static void name(const struct dense_call *call, uint32_t count)                                             \
    {                                                                                                                  \
        panel_of_rows(product, most, call, count);                                                                     \
    }
PANEL(words, WORDS, 6)
PANEL(small_bytes, SMALL_BYTES, 6)
PANEL(plain_bytes, PLAIN_BYTES, 5)
PANEL(bytes, BYTES, 5)
PANEL(vnni_words, VNNI_WORDS, 6)
PANEL(vnni_bytes, VNNI_BYTES, 6)
#undef PANEL

typedef void (*panel_function)(const struct dense_call *call, uint32_t count);

/* Panel after panel, so that one panel's weights stay in the nearest cache for all rows. */
static void dense(panel_function panel, uint32_t chunk, const struct cf_dense *packed, const void *const *rows,
                  uint32_t count, const int32_t *start, int32_t *sums)
{
    assert(count <= CF_DENSE_ROWS);
    size_t size = cf_storage_size(packed->storage), panel_size = 4 * CF_PANEL;
    struct dense_call call = {.chunk = chunk,
                              .rows = rows,
                              .stride = packed->padded_lanes,
                              .operands = (uint32_t)(packed->padded_inputs * size / 4)};
    const char *strip = packed->weights;
    for (uint32_t s = 0, first = 0; s < cf_dense_strips(packed); s++) {
        uint32_t panels = cf_dense_panels(packed, s);
        call.step = panels * panel_size;
        for (uint32_t p = 0; p < panels; p++, first += CF_PANEL) {
            call.weights = strip + p * panel_size;
            call.weight_sum = packed->weight_sum + first;
            call.start = start ? start + first : NULL;
            call.sums = sums + first;
            panel(&call, count);
        }
        strip += call.operands * call.step;
    }
}

/* All bytes of a row, or'd: negative if one of them is, and else no less than any. */
TARGET static int8_t all_bits(const int8_t *row, uint32_t count)
{
    __m256i all = _mm256_setzero_si256();
    int8_t lanes[32], bits = 0;
    uint32_t k = 0;
    for (; k + 32 <= count; k += 32)
        all = _mm256_or_si256(all, _mm256_loadu_si256((const __m256i *)(row + k)));
    _mm256_storeu_si256((__m256i *)lanes, all);
    for (int l = 0; l < 32; l++)
        bits |= lanes[l];
    for (; k < count; k++)
        bits |= row[k];
    return bits;
}

void cf_dense8_avx2(const struct cf_dense *packed, const int8_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums)
{
    if (packed->by_lane) {
        cf_dots8_avx2(packed, rows, count, start, sums);
        return;
    }
    enum { WEIGHT = 127, WORTH = 16 }; /* the largest weight; the shortest chunk that is faster than PLAIN_BYTES */
    int8_t bits = 0;
    for (uint32_t r = 0; r < count; r++)
        bits |= all_bits(rows[r], packed->padded_inputs);
    uint32_t chunk = bits > 0 ? (uint32_t)(INT16_MAX / (2 * WEIGHT * bits)) : UINT32_MAX;
    panel_function panel = bits < 0 ? bytes : chunk >= WORTH ? small_bytes : plain_bytes;
    dense(panel, chunk, packed, (const void *const *)rows, count, start, sums);
}

void cf_dense16_avx2(const struct cf_dense *packed, const int16_t *const *rows, uint32_t count, const int32_t *start,
                     int32_t *sums)
{
    if (packed->by_lane) {
        cf_dots16_avx2(packed, rows, count, start, sums);
        return;
    }
    dense(words, 0, packed, (const void *const *)rows, count, start, sums);
}

void cf_dense8_avxvnni(const struct cf_dense *packed, const int8_t *const *rows, uint32_t count, const int32_t *start,
                       int32_t *sums)
{
    if (packed->by_lane) {
        cf_dots8_avx2(packed, rows, count, start, sums);
        return;
    }
    dense(vnni_bytes, 0, packed, (const void *const *)rows, count, start, sums);
}

void cf_dense16_avxvnni(const struct cf_dense *packed, const int16_t *const *rows, uint32_t count, const int32_t *start,
                        int32_t *sums)
{
    if (packed->by_lane) {
        cf_dots16_avx2(packed, rows, count, start, sums);
        return;
    }
    dense(vnni_words, 0, packed, (const void *const *)rows, count, start, sums);
}

/* Sums of 64 bits, four lanes in a vector. */
TARGET void cf_dense32_avx2(const struct cf_dense *packed, const int32_t *const *rows, uint32_t count,
                            const int64_t *start, int64_t *sums)
{
    const int32_t *strip = packed->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(packed); g++) {
        uint32_t width = cf_dense_panels(packed, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++)
            for (uint32_t panel = 0; panel < width; panel += CF_PANEL) {
                __m256i *sum = (__m256i *)(sums + (size_t)r * packed->padded_lanes + first + panel);
                __m256i acc[4];
                for (int v = 0; v < 4; v++)
                    acc[v] = start ? _mm256_loadu_si256((const __m256i *)(start + first + panel) + v)
                                   : _mm256_setzero_si256();
                const int32_t *w = strip + panel;
                for (uint32_t k = 0; k < packed->padded_inputs; k++, w += width) {
                    __m256i x = _mm256_set1_epi64x(rows[r][k]);
                    for (int v = 0; v < 4; v++) {
                        __m256i four = _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)(w + 4 * v)));
                        acc[v] = _mm256_add_epi64(acc[v], _mm256_mul_epi32(x, four));
                    }
                }
                for (int v = 0; v < 4; v++)
                    _mm256_storeu_si256(sum + v, acc[v]);
            }
        strip += (size_t)packed->padded_inputs * width;
        first += width;
    }
}

#endif

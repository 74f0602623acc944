/* kernels_avx512.c - holds the kernels with AVX-512 and VNNI.
 *
 * The file is compiled for the base instruction set; each function names its own target, and is reached only where
 * the processor has it (kernels.c).
 */
#include "sim/word/dots.h"
#include "sim/word/rows.h"

#ifndef __x86_64__

const struct cf_kernels *cf_kernels_avx512(void)
{
    return NULL;
}

#else

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi,prfchw")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- dense --------------------------------------------------------------------------------------------------- */

/* As one instruction on its register: gcc 12 gives the intrinsics a copy of the accumulator for each use, which halves
 * the speed of the loop below (2.5 times the register-only time for 2,100 x 768 x 80, against 1.03). */
INLINE void dot16_step(__m512i *acc, __m512i x, __m512i w)
{
    __asm__("vpdpwssd %2, %1, %0" : "+v"(*acc) : "v"(x), "v"(w));
}

INLINE void dot8_step(__m512i *acc, __m512i x, __m512i w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*acc) : "v"(x), "v"(w));
}

/* 32 bits of operands, of any alignment and element type. */
typedef int32_t operand __attribute__((may_alias, aligned(1)));

struct dense_call {
    const void *const *rows;
    const __m512i *weights;    /* of one strip */
    const int32_t *weight_sum; /* of its lanes */
    const int32_t *start;      /* of its lanes, or NULL */
    int32_t *sums;             /* the strip's first lane of the first row */
    size_t stride;             /* lanes of a row of sums */
    uint32_t operands, count;  /* of 32 bits in each row; and rows */
};

enum {
    BUSY = 20, /* products with one operand of each row that take long enough to fetch something meanwhile */
    OPERANDS_PER_LINE = CF_CACHE_LINE / 4
};

/* Fetches a cache line of each of the next `height` rows, if rows stand evenly as those of a frame do. Rows of bytes
 * are the input, which may come from far. */
INLINE void fetch_rows(const void *const *rows, int height, size_t operand_index)
{
    uintptr_t ahead = (uintptr_t)height * ((uintptr_t)rows[1] - (uintptr_t)rows[0]) + 4 * operand_index;
#pragma GCC unroll 10
    for (int r = 0; r < height; r++)
        __builtin_prefetch((const void *)((uintptr_t)rows[r] + ahead), 0, 3);
}

/* Rows of words have mostly just been computed, and the next rows to be computed stand behind all `count` of this call.
 * Fetches a cache line of each of `height` of these, for writing, so that no store waits for memory. */
INLINE void fetch_places(const void *const *rows, int height, size_t count, size_t operand_index)
{
    uintptr_t ahead = count * ((uintptr_t)rows[1] - (uintptr_t)rows[0]) + 4 * operand_index;
#pragma GCC unroll 10
    for (int r = 0; r < height; r++)
        __builtin_prefetch((const void *)((uintptr_t)rows[r] + ahead), 1, 3);
}

/* The micro-kernel: `height` rows times the `panels` panels of one strip, over all inputs; the sums stay in registers.
 * Operands are read 32 bits at a time: two 16-bit or four 8-bit inputs. The 8-bit instruction wants its first operand
 * unsigned: x + 128 (the sign bit flipped), so 128 times the sum of the weights is taken off first. The inputs are
 * taken from the first to the last, or backwards: the weights of a strip are larger than the nearest cache, and if
 * every other call goes backwards, each finds there the weights that the call before it has used last. */
INLINE void micro_kernel(bool bytes, int height, int panels, bool backwards, struct dense_call *call, uint32_t first)
{
    __m512i acc[10][CF_PANELS_PER_STRIP]; /* registers, once unrolled */
    const __m512i *w = call->weights;
    const __m512i flip = _mm512_set1_epi8(-128);
    int32_t *sums = call->sums + first * call->stride;
#pragma GCC unroll 5
    for (int p = 0; p < panels; p++) {
        __m512i start = call->start ? _mm512_loadu_si512(call->start + CF_PANEL * p) : _mm512_setzero_si512();
        if (bytes)
            start = _mm512_sub_epi32(start, _mm512_slli_epi32(_mm512_loadu_si512(call->weight_sum + CF_PANEL * p), 7));
#pragma GCC unroll 10
        for (int r = 0; r < height; r++)
            acc[r][p] = start;
    }
    const void *const *rows = call->rows + first;
    ptrdiff_t step = backwards ? -1 : 1;
    size_t k = backwards ? call->operands - 1 : 0;
    w += k * (size_t)panels;
    for (uint32_t left = call->operands; left > 0; left--, k += (size_t)step, w += step * panels) {
        __m512i wp[CF_PANELS_PER_STRIP];
#pragma GCC unroll 5
        for (int p = 0; p < panels; p++)
            wp[p] = _mm512_loadu_si512(w + p);
#pragma GCC unroll 10
        for (int r = 0; r < height; r++) {
            __m512i x = _mm512_set1_epi32(((const operand *)rows[r])[k]);
            if (bytes)
                x = _mm512_xor_si512(x, flip);
#pragma GCC unroll 5
            for (int p = 0; p < panels; p++) {
                if (bytes)
                    dot8_step(&acc[r][p], x, wp[p]);
                else
                    dot16_step(&acc[r][p], x, wp[p]);
            }
        }
        if (height * panels >= BUSY && k % OPERANDS_PER_LINE == 0) {
            if (bytes)
                fetch_rows(rows, height, k);
            else
                fetch_places(rows, height, (size_t)call->count, k);
        }
    }
#pragma GCC unroll 10
    for (int r = 0; r < height; r++)
#pragma GCC unroll 5
        for (int p = 0; p < panels; p++)
            _mm512_storeu_si512(sums + (size_t)r * call->stride + CF_PANEL * p, acc[r][p]);
}

/* Rows that fill the 32 registers: their sums, the panels' weights, an operand, and the sign flip. */
static inline uint32_t height_of(uint32_t panels)
{
    return panels <= 2 ? 10 : panels == 3 ? 8 : panels == 4 ? 6 : 5;
}

/* All rows times one strip: as many at a time as registers hold, forwards and backwards by turns, then 2 and 1 for the
 * rows that are left. */
#define STRIP(kind, bytes, panels)                                                                                     \
    TARGET static void kind##_by_##panels(struct dense_call *call)                                                     \
    {                                                                                                                  \
        uint32_t r = 0;                                                                                                \
        for (; r + height_of(panels) <= call->count; r += height_of(panels))                                           \
            micro_kernel(bytes, (int)height_of(panels), panels, r / height_of(panels) % 2, call, r);                   \
        for (; r + 2 <= call->count; r += 2)                                                                           \
            micro_kernel(bytes, 2, panels, false, call, r);                                                            \
        for (; r < call->count; r++)                                                                                   \
            micro_kernel(bytes, 1, panels, false, call, r);                                                            \
    }
STRIP(bytes, true, 1)
STRIP(bytes, true, 2)
STRIP(bytes, true, 3)
STRIP(bytes, true, 4)
STRIP(bytes, true, 5)
STRIP(words, false, 1)
STRIP(words, false, 2)
STRIP(words, false, 3)
STRIP(words, false, 4)
STRIP(words, false, 5)
#undef STRIP

typedef void (*strip_function)(struct dense_call *call);

static void dense(const strip_function *by_panels, const struct cf_dense *packed, const void *const *rows,
                  uint32_t count, const int32_t *start, int32_t *sums)
{
    uint32_t operands = (uint32_t)(packed->padded_inputs * cf_storage_size(packed->storage) / 4), first = 0;
    struct dense_call call = {
        .rows = rows, .weights = packed->weights, .stride = packed->padded_lanes, .operands = operands, .count = count};
    for (uint32_t g = 0; g < cf_dense_strips(packed); g++) {
        uint32_t panels = cf_dense_panels(packed, g);
        call.weight_sum = packed->weight_sum + first;
        call.start = start ? start + first : NULL;
        call.sums = sums + first;
        by_panels[panels](&call);
        call.weights += (size_t)operands * panels;
        first += panels * CF_PANEL;
    }
}

static void dense8(const struct cf_dense *packed, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums)
{
    if (packed->by_lane) {
        cf_dots8_avx512(packed, rows, count, start, sums);
        return;
    }
    static const strip_function by_panels[] = {NULL, bytes_by_1, bytes_by_2, bytes_by_3, bytes_by_4, bytes_by_5};
    dense(by_panels, packed, (const void *const *)rows, count, start, sums);
}

static void dense16(const struct cf_dense *packed, const int16_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums)
{
    if (packed->by_lane) {
        cf_dots16_avx512(packed, rows, count, start, sums);
        return;
    }
    static const strip_function by_panels[] = {NULL, words_by_1, words_by_2, words_by_3, words_by_4, words_by_5};
    dense(by_panels, packed, (const void *const *)rows, count, start, sums);
}

/* 64-bit sums: eight lanes a vector, one row after another. */
TARGET static void dense32(const struct cf_dense *packed, const int32_t *const *rows, uint32_t count,
                           const int64_t *start, int64_t *sums)
{
    const int32_t *strip = packed->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(packed); g++) {
        uint32_t width = cf_dense_panels(packed, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++)
            for (uint32_t panel = 0; panel < width; panel += CF_PANEL) {
                int64_t *sum = sums + (size_t)r * packed->padded_lanes + first + panel;
                __m512i low = _mm512_setzero_si512(), high = low;
                if (start) {
                    low = _mm512_loadu_si512(start + first + panel);
                    high = _mm512_loadu_si512(start + first + panel + 8);
                }
                const int32_t *w = strip + panel;
                for (uint32_t k = 0; k < packed->padded_inputs; k++, w += width) {
                    __m512i x = _mm512_set1_epi64(rows[r][k]);
                    __m256i w_low = _mm256_loadu_epi32(w), w_high = _mm256_loadu_epi32(w + 8);
                    low = _mm512_add_epi64(low, _mm512_mul_epi32(x, _mm512_cvtepi32_epi64(w_low)));
                    high = _mm512_add_epi64(high, _mm512_mul_epi32(x, _mm512_cvtepi32_epi64(w_high)));
                }
                _mm512_storeu_si512(sum, low);
                _mm512_storeu_si512(sum + 8, high);
            }
        strip += (size_t)packed->padded_inputs * width;
        first += width;
    }
}

INLINE void store32(void *out, enum cf_storage storage, bool step, size_t first, __m512i sum, __mmask16 mask)
{
    if (step)
        sum = _mm512_srli_epi32(_mm512_andnot_si512(sum, _mm512_set1_epi32(INT32_MIN)), 31);
    if (storage == CF_STORE8)
        _mm512_mask_cvtepi32_storeu_epi8((int8_t *)out + first, mask, sum);
    else if (storage == CF_STORE16)
        _mm512_mask_cvtepi32_storeu_epi16((int16_t *)out + first, mask, sum);
    else
        _mm512_mask_storeu_epi32((int32_t *)out + first, mask, sum);
}

TARGET static void finish(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_storage, void *out)
{
    if (out_storage == CF_STORE64) {
        cf_kernels_portable.finish(sums, lanes, step, out_storage, out);
        return;
    }
    uint32_t l = 0;
    for (; l + 16 <= lanes; l += 16)
        store32(out, out_storage, step, l, _mm512_loadu_si512(sums + l), UINT16_MAX);
    if (l < lanes) {
        __mmask16 mask = (__mmask16)(UINT16_MAX >> (16 - (lanes - l)));
        store32(out, out_storage, step, l, _mm512_maskz_loadu_epi32(mask, sums + l), mask);
    }
}

/* The low 64 bits of products; where both factors fit 32 bits, from their low halves. */
INLINE __m512i times(bool narrow, __m512i a, __m512i b)
{
    return narrow ? _mm512_mul_epi32(a, b) : _mm512_mullo_epi64(a, b);
}

/* The totals of eight lanes as far as the mask has them. */
INLINE __m512i totals(bool narrow, uint32_t count, const int32_t *sums, const struct cf_extras *extras, uint32_t first,
                      __mmask8 mask)
{
    __m512i sum = _mm512_cvtepi32_epi64(_mm256_maskz_loadu_epi32(mask, sums + first));
    __m512i total = _mm512_add_epi64(_mm512_maskz_loadu_epi64(mask, extras->bias + first),
                                     times(narrow, sum, _mm512_set1_epi64(extras->factor)));
    for (uint32_t e = 0; e < count; e++) {
        __m512i weight = _mm512_maskz_loadu_epi64(mask, extras->weight[e] + first);
        total = _mm512_add_epi64(total, times(narrow, weight, _mm512_set1_epi64(extras->value[e])));
    }
    return total;
}

/* Stores eight lanes. A conversion that is masked as it stores is slow on some processors. */
INLINE void store_eight(void *out, enum cf_storage storage, size_t first, __m512i value)
{
    if (storage == CF_STORE8)
        _mm_storel_epi64((__m128i *)((int8_t *)out + first), _mm512_cvtepi64_epi8(value));
    else if (storage == CF_STORE16)
        _mm_storeu_si128((__m128i *)((int16_t *)out + first), _mm512_cvtepi64_epi16(value));
    else if (storage == CF_STORE32)
        _mm256_storeu_si256((__m256i *)((int32_t *)out + first), _mm512_cvtepi64_epi32(value));
    else
        _mm512_storeu_si512((int64_t *)out + first, value);
}

INLINE void store64(void *out, enum cf_storage storage, size_t first, __m512i value, __mmask8 mask)
{
    if (mask == UINT8_MAX) {
        store_eight(out, storage, first, value);
        return;
    }
    if (storage == CF_STORE8)
        _mm512_mask_cvtepi64_storeu_epi8((int8_t *)out + first, mask, value);
    else if (storage == CF_STORE16)
        _mm512_mask_cvtepi64_storeu_epi16((int16_t *)out + first, mask, value);
    else if (storage == CF_STORE32)
        _mm512_mask_cvtepi64_storeu_epi32((int32_t *)out + first, mask, value);
    else
        _mm512_mask_storeu_epi64((int64_t *)out + first, mask, value);
}

INLINE void finish_lanes(bool narrow, uint32_t count, const int32_t *sums, uint32_t lanes,
                         const struct cf_extras *extras, bool step, enum cf_storage out_storage, void *out)
{
    for (uint32_t l = 0; l < lanes; l += 8) {
        __mmask8 mask = (__mmask8)(lanes - l >= 8 ? UINT8_MAX : UINT8_MAX >> (8 - (lanes - l)));
        __m512i total = totals(narrow, count, sums, extras, l, mask);
        if (step)
            total = _mm512_srli_epi64(_mm512_andnot_si512(total, _mm512_set1_epi64(INT64_MIN)), 63);
        store64(out, out_storage, l, total, mask);
    }
}

TARGET static void finish_extras(const int32_t *sums, uint32_t lanes, const struct cf_extras *extras, bool step,
                                 enum cf_storage out_storage, void *out)
{
    enum { MEAN_AND_ROOT = 2, FEW = 4 }; /* the extras of a normalised row; lanes that are not worth a vector */
    if (lanes <= FEW)
        for (uint32_t l = 0; l < lanes; l++) {
            int64_t total = cf_extras_total(extras, l, sums[l]);
            cf_storage_put(out, out_storage, l, step ? total >= 0 : total);
        }
    else if (extras->narrow && extras->count == MEAN_AND_ROOT && step && out_storage == CF_STORE8)
        finish_lanes(true, MEAN_AND_ROOT, sums, lanes, extras, true, CF_STORE8, out);
    else
        finish_lanes(false, extras->count, sums, lanes, extras, step, out_storage, out);
}

/* vpmaddwd adds two squares each, which is 2^31 at most: as unsigned numbers they fit. */
TARGET static int64_t squares(const int16_t *values, uint32_t count)
{
    const __m512i low = _mm512_set1_epi64(UINT32_MAX);
    __m512i even = _mm512_setzero_si512(), odd = even;
    uint32_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m512i x = _mm512_loadu_si512(values + i), two = _mm512_madd_epi16(x, x);
        even = _mm512_add_epi64(even, _mm512_and_si512(two, low));
        odd = _mm512_add_epi64(odd, _mm512_srli_epi64(two, 32));
    }
    return _mm512_reduce_add_epi64(_mm512_add_epi64(even, odd)) + cf_kernels_portable.squares(values + i, count - i);
}

TARGET static bool narrow(const int32_t *values, uint32_t count, int16_t *out)
{
    __m512i lost = _mm512_setzero_si512();
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m512i value = _mm512_loadu_si512(values + i);
        __m256i words = _mm512_cvtepi32_epi16(value);
        lost = _mm512_or_si512(lost, _mm512_xor_si512(value, _mm512_cvtepi16_epi32(words)));
        _mm256_storeu_si256((__m256i *)(out + i), words);
    }
    return cf_kernels_portable.narrow(values + i, count - i, out + i) && _mm512_test_epi32_mask(lost, lost) == 0;
}

TARGET static void digits(const int32_t *values, uint32_t count, int16_t *low, int16_t *high)
{
    for (uint32_t i = 0; i < count; i += 16) {
        __mmask16 mask = (__mmask16)(count - i >= 16 ? UINT16_MAX : UINT16_MAX >> (16 - (count - i)));
        __m512i value = _mm512_maskz_loadu_epi32(mask, values + i);
        __m512i digit = _mm512_srai_epi32(_mm512_slli_epi32(value, 16), 16);
        _mm512_mask_cvtepi32_storeu_epi16(low + i, mask, digit);
        _mm512_mask_cvtepi32_storeu_epi16(high + i, mask, _mm512_srai_epi32(_mm512_sub_epi32(value, digit), 16));
    }
}

TARGET static void byte_digits(const int32_t *values, uint32_t count, int bits, int8_t *low, int16_t *high)
{
    __m512i mask = _mm512_set1_epi32((1 << bits) - 1);
    __m128i shift = _mm_cvtsi32_si128(bits);
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m512i value = _mm512_loadu_si512(values + i);
        _mm_storeu_si128((__m128i *)(low + i), _mm512_cvtepi32_epi8(_mm512_and_si512(value, mask)));
        _mm256_storeu_si256((__m256i *)(high + i), _mm512_cvtepi32_epi16(_mm512_sra_epi32(value, shift)));
    }
    cf_kernels_portable.byte_digits(values + i, count - i, bits, low + i, high + i);
}

static const struct cf_kernels kernels = {
    .name = "avx512",
    .row = cf_row_avx512,
    .row_loop = cf_row_loop_avx512,
    .dense8 = dense8,
    .dense16 = dense16,
    .dense32 = dense32,
    .finish = finish,
    .finish_extras = finish_extras,
    .squares = squares,
    .narrow = narrow,
    .digits = digits,
    .byte_digits = byte_digits,
};

const struct cf_kernels *cf_kernels_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("bmi")
               ? &kernels
               : NULL;
}

#endif

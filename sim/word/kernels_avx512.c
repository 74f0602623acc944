/* kernels_avx512.c - the kernels with AVX-512 and VNNI.
 *
 * The file is compiled for the base instruction set; each function names its own target, and is reached only where
 * the processor has it (kernels.c).
 */
#include "sim/word/kernels.h"

#ifndef __x86_64__

const struct cf_kernels *cf_kernels_avx512(void)
{
    return NULL;
}

#else

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi")))
#define INLINE TARGET static inline __attribute__((always_inline))

/* ---- rows ---------------------------------------------------------------------------------------------------- */

enum { BLOCK = 8 }; /* vectors of accumulators that a row is processed in: hides latency, amortises the dispatch */

/* Lanes of 16 bits from memory, of any narrower or wider storage; what is wider is cut to its low bits. */
INLINE __m512i load16(const void *from, enum cf_storage lane, __mmask32 mask)
{
    if (lane == CF_STORE8)
        return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, from));
    if (lane == CF_STORE16)
        return _mm512_maskz_loadu_epi16(mask, from);
    const int32_t *wide = from;
    __m256i low = _mm512_cvtepi32_epi16(_mm512_maskz_loadu_epi32((__mmask16)mask, wide));
    __m256i high = _mm512_cvtepi32_epi16(_mm512_maskz_loadu_epi32((__mmask16)(mask >> 16), wide + 16));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

INLINE __m512i load32(const void *from, enum cf_storage lane, __mmask16 mask)
{
    if (lane == CF_STORE8)
        return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, from));
    if (lane == CF_STORE16)
        return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, from));
    return _mm512_maskz_loadu_epi32(mask, from);
}

/* Shifts leave the multipliers to the products that a row may run beside. */
INLINE bool is_power(int64_t factor)
{
    return factor > 0 && (factor & (factor - 1)) == 0;
}

/* Adds one source, whose lane is a constant here, to `vectors` accumulators. The dispatch stands outside the loops. */
INLINE void add_lane16(__m512i *acc, int vectors, const struct cf_row_source *source, enum cf_storage lane,
                       size_t first, __mmask32 mask)
{
    const char *from = (const char *)source->values + first * cf_storage_size(lane);
    size_t step = 32 * cf_storage_size(lane);
    if (source->factor == 1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi16(acc[v], load16(from + (size_t)v * step, lane, mask));
    } else if (source->factor == -1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_sub_epi16(acc[v], load16(from + (size_t)v * step, lane, mask));
    } else if (is_power(source->factor)) {
        __m512i shift = _mm512_set1_epi16((int16_t)__builtin_ctzll((uint64_t)source->factor));
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi16(acc[v], _mm512_sllv_epi16(load16(from + (size_t)v * step, lane, mask), shift));
    } else {
        __m512i factor = _mm512_set1_epi16((int16_t)source->factor);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi16(acc[v], _mm512_mullo_epi16(factor, load16(from + (size_t)v * step, lane, mask)));
    }
}

INLINE void add_source16(__m512i *acc, int vectors, const struct cf_row_source *source, size_t first, __mmask32 mask)
{
    if (source->lane == CF_STORE8)
        add_lane16(acc, vectors, source, CF_STORE8, first, mask);
    else if (source->lane == CF_STORE16)
        add_lane16(acc, vectors, source, CF_STORE16, first, mask);
    else
        add_lane16(acc, vectors, source, CF_STORE32, first, mask);
}

INLINE void add_lane32(__m512i *acc, int vectors, const struct cf_row_source *source, enum cf_storage lane,
                       size_t first, __mmask16 mask)
{
    const char *from = (const char *)source->values + first * cf_storage_size(lane);
    size_t step = 16 * cf_storage_size(lane);
    if (source->factor == 1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi32(acc[v], load32(from + (size_t)v * step, lane, mask));
    } else if (source->factor == -1) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_sub_epi32(acc[v], load32(from + (size_t)v * step, lane, mask));
    } else if (is_power(source->factor)) {
        __m512i shift = _mm512_set1_epi32(__builtin_ctzll((uint64_t)source->factor));
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi32(acc[v], _mm512_sllv_epi32(load32(from + (size_t)v * step, lane, mask), shift));
    } else {
        __m512i factor = _mm512_set1_epi32((int32_t)source->factor);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            acc[v] = _mm512_add_epi32(acc[v], _mm512_mullo_epi32(factor, load32(from + (size_t)v * step, lane, mask)));
    }
}

INLINE void add_source32(__m512i *acc, int vectors, const struct cf_row_source *source, size_t first, __mmask16 mask)
{
    if (source->lane == CF_STORE8)
        add_lane32(acc, vectors, source, CF_STORE8, first, mask);
    else if (source->lane == CF_STORE16)
        add_lane32(acc, vectors, source, CF_STORE16, first, mask);
    else
        add_lane32(acc, vectors, source, CF_STORE32, first, mask);
}

INLINE void store16(const struct cf_row_job *job, size_t first, __m512i sum, __mmask32 mask)
{
    if (job->step)
        sum = _mm512_srli_epi16(_mm512_andnot_si512(sum, _mm512_set1_epi16(INT16_MIN)), 15);
    if (job->out_lane == CF_STORE8)
        _mm512_mask_cvtepi16_storeu_epi8((int8_t *)job->out + first, mask, sum);
    else
        _mm512_mask_storeu_epi16((int16_t *)job->out + first, mask, sum);
}

INLINE void store32(void *out, enum cf_storage lane, bool step, size_t first, __m512i sum, __mmask16 mask)
{
    if (step)
        sum = _mm512_srli_epi32(_mm512_andnot_si512(sum, _mm512_set1_epi32(INT32_MIN)), 31);
    if (lane == CF_STORE8)
        _mm512_mask_cvtepi32_storeu_epi8((int8_t *)out + first, mask, sum);
    else if (lane == CF_STORE16)
        _mm512_mask_cvtepi32_storeu_epi16((int16_t *)out + first, mask, sum);
    else
        _mm512_mask_storeu_epi32((int32_t *)out + first, mask, sum);
}

INLINE void row16_block(const struct cf_row_job *job, size_t first, int vectors, __mmask32 mask)
{
    __m512i acc[BLOCK];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        acc[v] = _mm512_set1_epi16((int16_t)job->bias);
    for (uint32_t s = 0; s < job->source_count; s++)
        add_source16(acc, vectors, &job->sources[s], first, mask);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        store16(job, first + 32 * (size_t)v, acc[v], mask);
}

INLINE void row32_block(const struct cf_row_job *job, size_t first, int vectors, __mmask16 mask)
{
    __m512i acc[BLOCK];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        acc[v] = _mm512_set1_epi32((int32_t)job->bias);
        if (job->lane_bias)
            acc[v] = _mm512_add_epi32(acc[v], _mm512_maskz_loadu_epi32(mask, job->lane_bias + first + 16 * v));
    }
    for (uint32_t s = 0; s < job->source_count; s++)
        add_source32(acc, vectors, &job->sources[s], first, mask);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        store32(job->out, job->out_lane, job->step, first + 16 * (size_t)v, acc[v], mask);
}

TARGET static void row16(const struct cf_row_job *job)
{
    size_t first = job->first;
    for (; first + 32 * BLOCK <= job->lanes; first += 32 * BLOCK)
        row16_block(job, first, BLOCK, UINT32_MAX);
    for (; first + 32 <= job->lanes; first += 32)
        row16_block(job, first, 1, UINT32_MAX);
    if (first < job->lanes)
        row16_block(job, first, 1, UINT32_MAX >> (32 - (job->lanes - first)));
}

TARGET static void row32(const struct cf_row_job *job)
{
    enum { MID = 5 }; /* 80 lanes, the common number of classes */
    size_t first = job->first;
    for (; first + 16 * BLOCK <= job->lanes; first += 16 * BLOCK)
        row32_block(job, first, BLOCK, UINT16_MAX);
    for (; first + 16 * MID <= job->lanes; first += 16 * MID)
        row32_block(job, first, MID, UINT16_MAX);
    for (; first + 16 <= job->lanes; first += 16)
        row32_block(job, first, 1, UINT16_MAX);
    if (first < job->lanes)
        row32_block(job, first, 1, (__mmask16)(UINT16_MAX >> (16 - (job->lanes - first))));
}

static void row(const struct cf_row_job *job)
{
    bool wide = job->compute == CF_STORE64 || job->out_lane == CF_STORE64 || job->widest == CF_STORE64;
    if (wide || (job->compute == CF_STORE16 && (job->lane_bias || job->out_lane > CF_STORE16)))
        cf_kernels_portable.row(job);
    else if (job->compute == CF_STORE16)
        row16(job);
    else
        row32(job);
}

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
    const __m512i *weights;    /* of one group of panels */
    const int32_t *weight_sum; /* of its lanes */
    const int32_t *start;      /* of its lanes, or NULL */
    int32_t *sums;             /* the group's first lane of the first row */
    size_t stride;             /* lanes of a row of sums */
    uint32_t steps, count;
    struct cf_beside *beside; /* or NULL */
    int64_t pace, budget;     /* lanes times sources to run beside each step; and those that are due, less 1 */
};

/* Two vectors of a row in 16 bits. */
INLINE void piece16(const struct cf_row_job *job, size_t first)
{
    __m512i acc[2];
    acc[0] = acc[1] = _mm512_set1_epi16((int16_t)job->bias);
    for (const struct cf_row_source *source = job->sources, *end = source + job->source_count; source < end; source++)
        if (source->lane == CF_STORE8)
            add_lane16(acc, 2, source, CF_STORE8, first, UINT32_MAX);
        else
            add_lane16(acc, 2, source, CF_STORE16, first, UINT32_MAX);
    store16(job, first, acc[0], UINT32_MAX);
    store16(job, first + 32, acc[1], UINT32_MAX);
}

enum { PORTION = 8 }; /* sources of a row of bytes that are added up at once: many would take too long */

/* The same of a row of bytes, whose sums wait in their places between portions of the sources; but not where lanes that
 * are done would overlap those that wait. True when the sums are done. The fewer instructions here, the more products
 * there is room for behind them. */
INLINE bool piece_of_bytes(struct dense_call *call, const struct cf_row_job *job, size_t first)
{
    uint32_t from = call->beside->source, left = job->source_count - from;
    uint32_t count = left > PORTION && job->lanes % 64 == 0 ? PORTION : left;
    int16_t *out = (int16_t *)job->out + first;
    __m512i low = _mm512_set1_epi16((int16_t)job->bias), high = low;
    if (from > 0) {
        low = _mm512_loadu_si512(out);
        high = _mm512_loadu_si512(out + 32);
    }
    for (const struct cf_row_source *source = job->sources + from, *end = source + count; source < end; source++) {
        const char *values = (const char *)source->values + first;
        low = _mm512_add_epi16(low, load16(values, CF_STORE8, UINT32_MAX));
        high = _mm512_add_epi16(high, load16(values + 32, CF_STORE8, UINT32_MAX));
    }
    _mm512_storeu_si512(out, low);
    _mm512_storeu_si512(out + 32, high);
    call->budget -= 64 * (int64_t)count;
    call->beside->source = count < left ? from + count : 0;
    return count == left;
}

/* One vector of a row in 32 bits. */
INLINE void piece32(const struct cf_row_job *job, size_t first)
{
    __m512i acc = _mm512_set1_epi32((int32_t)job->bias);
    if (job->lane_bias)
        acc = _mm512_add_epi32(acc, _mm512_loadu_si512(job->lane_bias + first));
    const struct cf_row_source *source = job->sources, *end = source + job->source_count;
    if (job->plain && job->widest == CF_STORE32)
        for (; source < end; source++)
            acc = _mm512_add_epi32(acc, _mm512_loadu_si512((const int32_t *)source->values + first));
    for (; source < end; source++)
        add_source32(&acc, 1, source, first, UINT16_MAX);
    store32(job->out, job->out_lane, job->step, first, acc, UINT16_MAX);
}

/* Fetches the place of the next row's same lanes, two cache lines at most, to be written: stores that miss the caches
 * would be waited for. */
INLINE void fetch_next(const struct cf_row_job *job, size_t first)
{
    const char *at = (const char *)job[1].out + (first << job->out_lane);
    __builtin_prefetch(at, 1, 3);
    __builtin_prefetch(at + CF_CACHE_LINE, 1, 3);
}

/* The next lanes of the rows beside, or a portion of their sources. The last lanes of a row may overlap those before,
 * and come out the same again. */
INLINE void run_piece(struct dense_call *call)
{
    struct cf_beside *beside = call->beside;
    const struct cf_row_job *job = beside->job;
    uint32_t width = job->form == CF_ROW_LONGS ? 16 : 64;
    if (job == beside->end || job->form == CF_ROW_ANY || job->lanes < width) {
        call->pace = 0;
        call->budget = -1;
        return;
    }
    size_t last = job->lanes - width, first = beside->lane < last ? beside->lane : last;
    if (job->form == CF_ROW_BYTES) {
        if (!piece_of_bytes(call, job, first))
            return;
    } else {
        fetch_next(job, first);
        if (job->form == CF_ROW_LONGS)
            piece32(job, first);
        else
            piece16(job, first);
        call->budget -= (int64_t)width * job->source_count;
    }
    beside->lane += width;
    if (beside->lane >= job->lanes) {
        beside->lane = 0;
        beside->job++;
    }
}

/* Between two steps of products: a piece now and then costs next to nothing, since the multipliers have a queue of
 * products to go on with; many at once would empty it. */
INLINE void run_beside(struct dense_call *call)
{
    call->budget += call->pace;
    if (call->budget >= 0)
        run_piece(call);
}

enum {
    BUSY = 20, /* products of a step that keep the multipliers busy for long enough */
    STEPS_A_LINE = CF_CACHE_LINE / 4
};

/* Fetches a line of each row of the next block, if rows stand evenly as those of a frame do. Bytes are the input, which
 * may come from far; words have mostly just been computed. */
INLINE void fetch_rows(const void *const *rows, int height, uint32_t step)
{
    uintptr_t ahead = (uintptr_t)height * ((uintptr_t)rows[1] - (uintptr_t)rows[0]) + 4 * step;
#pragma GCC unroll 10
    for (int r = 0; r < height; r++)
        __builtin_prefetch((const void *)((uintptr_t)rows[r] + ahead), 0, 3);
}

/* A register block: `height` rows times `panels` panels of one group, over all inputs. Operands are read 32 bits at a
 * time: two 16-bit or four 8-bit inputs. The 8-bit instruction wants its first operand unsigned: x + 128 (the sign
 * bit flipped), so 128 times the sum of the weights is taken off first. */
INLINE void block(bool bytes, int height, int panels, struct dense_call *call, uint32_t first)
{
    __m512i acc[10][CF_PANELS_A_GROUP]; /* registers, once unrolled */
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
    for (uint32_t k = 0; k < call->steps; k++, w += panels) {
        __m512i wp[CF_PANELS_A_GROUP];
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
        if (height * panels >= BUSY) {
            if (bytes && k % STEPS_A_LINE == 0)
                fetch_rows(rows, height, k);
            run_beside(call);
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

/* All rows by one group of panels: blocks of full height, then of 2 and 1 for what is left. */
#define GROUP(kind, bytes, panels)                                                                                     \
    TARGET static void kind##_by_##panels(struct dense_call *call)                                                     \
    {                                                                                                                  \
        uint32_t r = 0;                                                                                                \
        for (; r + height_of(panels) <= call->count; r += height_of(panels))                                           \
            block(bytes, (int)height_of(panels), panels, call, r);                                                     \
        for (; r + 2 <= call->count; r += 2)                                                                           \
            block(bytes, 2, panels, call, r);                                                                          \
        for (; r < call->count; r++)                                                                                   \
            block(bytes, 1, panels, call, r);                                                                          \
    }
GROUP(bytes, true, 1)
GROUP(bytes, true, 2)
GROUP(bytes, true, 3)
GROUP(bytes, true, 4)
GROUP(bytes, true, 5)
GROUP(words, false, 1)
GROUP(words, false, 2)
GROUP(words, false, 3)
GROUP(words, false, 4)
GROUP(words, false, 5)
#undef GROUP

typedef void (*group_function)(struct dense_call *call);

/* Spreads the rows beside over all steps that leave room for them. */
static void set_pace(struct dense_call *call, const struct cf_dense *dense_block)
{
    uint64_t room = 0;
    for (uint32_t g = 0; g < cf_dense_groups(dense_block); g++) {
        uint32_t panels = cf_dense_panels(dense_block, g), height = height_of(panels);
        room += height * panels >= BUSY ? (uint64_t)(call->count / height) * call->steps : 0;
    }
    bool any = call->beside && call->beside->job < call->beside->end && room > 0;
    call->pace = any ? (int64_t)(call->beside->work / room) + 1 : 0;
    call->budget = any ? 0 : -1;
}

static void dense(const group_function *by_panels, const struct cf_dense *dense_block, const void *const *rows,
                  uint32_t count, const int32_t *start, int32_t *sums, struct cf_beside *beside)
{
    uint32_t steps = (uint32_t)(dense_block->padded_inputs * cf_storage_size(dense_block->lane) / 4), first = 0;
    struct dense_call call = {.rows = rows,
                              .weights = dense_block->weights,
                              .stride = dense_block->padded_lanes,
                              .steps = steps,
                              .count = count,
                              .beside = beside};
    set_pace(&call, dense_block);
    for (uint32_t g = 0; g < cf_dense_groups(dense_block); g++) {
        uint32_t panels = cf_dense_panels(dense_block, g);
        call.weight_sum = dense_block->weight_sum + first;
        call.start = start ? start + first : NULL;
        call.sums = sums + first;
        by_panels[panels](&call);
        call.weights += (size_t)steps * panels;
        first += panels * CF_PANEL;
    }
}

static void dense8(const struct cf_dense *dense_block, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums, struct cf_beside *beside)
{
    static const group_function by_panels[] = {NULL, bytes_by_1, bytes_by_2, bytes_by_3, bytes_by_4, bytes_by_5};
    dense(by_panels, dense_block, (const void *const *)rows, count, start, sums, beside);
}

static void dense16(const struct cf_dense *dense_block, const int16_t *const *rows, uint32_t count,
                    const int32_t *start, int32_t *sums, struct cf_beside *beside)
{
    static const group_function by_panels[] = {NULL, words_by_1, words_by_2, words_by_3, words_by_4, words_by_5};
    dense(by_panels, dense_block, (const void *const *)rows, count, start, sums, beside);
}

/* 64-bit sums: eight lanes a vector, one row after another. */
TARGET static void dense32(const struct cf_dense *dense_block, const int32_t *const *rows, uint32_t count,
                           const int64_t *start, int64_t *sums)
{
    const int32_t *group = dense_block->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_groups(dense_block); g++) {
        uint32_t width = cf_dense_panels(dense_block, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++)
            for (uint32_t panel = 0; panel < width; panel += CF_PANEL) {
                int64_t *sum = sums + (size_t)r * dense_block->padded_lanes + first + panel;
                __m512i low = _mm512_setzero_si512(), high = low;
                if (start) {
                    low = _mm512_loadu_si512(start + first + panel);
                    high = _mm512_loadu_si512(start + first + panel + 8);
                }
                const int32_t *w = group + panel;
                for (uint32_t k = 0; k < dense_block->padded_inputs; k++, w += width) {
                    __m512i x = _mm512_set1_epi64(rows[r][k]);
                    __m256i w_low = _mm256_loadu_epi32(w), w_high = _mm256_loadu_epi32(w + 8);
                    low = _mm512_add_epi64(low, _mm512_mul_epi32(x, _mm512_cvtepi32_epi64(w_low)));
                    high = _mm512_add_epi64(high, _mm512_mul_epi32(x, _mm512_cvtepi32_epi64(w_high)));
                }
                _mm512_storeu_si512(sum, low);
                _mm512_storeu_si512(sum + 8, high);
            }
        group += (size_t)dense_block->padded_inputs * width;
        first += width;
    }
}

TARGET static void finish(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_lane, void *out)
{
    if (out_lane == CF_STORE64) {
        cf_kernels_portable.finish(sums, lanes, step, out_lane, out);
        return;
    }
    uint32_t l = 0;
    for (; l + 16 <= lanes; l += 16)
        store32(out, out_lane, step, l, _mm512_loadu_si512(sums + l), UINT16_MAX);
    if (l < lanes) {
        __mmask16 mask = (__mmask16)(UINT16_MAX >> (16 - (lanes - l)));
        store32(out, out_lane, step, l, _mm512_maskz_loadu_epi32(mask, sums + l), mask);
    }
}

TARGET static void split(const int32_t *values, uint32_t count, int16_t *low, int16_t *high)
{
    for (uint32_t i = 0; i < count; i += 16) {
        __mmask16 mask = (__mmask16)(count - i >= 16 ? UINT16_MAX : UINT16_MAX >> (16 - (count - i)));
        __m512i value = _mm512_maskz_loadu_epi32(mask, values + i);
        __m512i digit = _mm512_srai_epi32(_mm512_slli_epi32(value, 16), 16);
        _mm512_mask_cvtepi32_storeu_epi16(low + i, mask, digit);
        _mm512_mask_cvtepi32_storeu_epi16(high + i, mask, _mm512_srai_epi32(_mm512_sub_epi32(value, digit), 16));
    }
}

static const struct cf_kernels kernels = {
    .name = "avx512",
    .row = row,
    .dense8 = dense8,
    .dense16 = dense16,
    .dense32 = dense32,
    .finish = finish,
    .split = split,
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

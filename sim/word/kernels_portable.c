/* kernels_portable.c - holds the kernels in plain C, which every other instruction set must reproduce. */
#include <assert.h>

#include "sim/word/kernels.h"

enum {
    CHUNK = 64,                            /* lanes of a row that are added up at once */
    STRIP = CF_PANELS_PER_STRIP * CF_PANEL /* lanes of a strip, at most */
};

/* acc[i] += factor * values[first + i], in the accumulator's width. The switch stands outside the loops so that a
 * compiler can vectorise them. */
#define ACCUMULATE(type)                                                                                               \
    for (uint32_t i = 0; i < count; i++)                                                                               \
    acc[i] += factor * (uint64_t)((const type *)source->values)[first + i]

static void accumulate64(uint64_t *acc, const struct cf_row_source *source, uint32_t first, uint32_t count)
{
    uint64_t factor = (uint64_t)source->factor;
    switch (source->storage) {
    case CF_STORE8:
        ACCUMULATE(int8_t);
        break;
    case CF_STORE16:
        ACCUMULATE(int16_t);
        break;
    case CF_STORE32:
        ACCUMULATE(int32_t);
        break;
    default:
        ACCUMULATE(int64_t);
    }
}
#undef ACCUMULATE

#define ACCUMULATE(type)                                                                                               \
    for (uint32_t i = 0; i < count; i++) {                                                                             \
        uint32_t value = (uint32_t)((const type *)source->values)[first + i];                                          \
        acc[i] += factor * value;                                                                                      \
    }

static void accumulate32(uint32_t *acc, const struct cf_row_source *source, uint32_t first, uint32_t count)
{
    uint32_t factor = (uint32_t)source->factor;
    switch (source->storage) {
    case CF_STORE8:
        ACCUMULATE(int8_t)
        break;
    case CF_STORE16:
        ACCUMULATE(int16_t)
        break;
    case CF_STORE32:
        ACCUMULATE(int32_t)
        break;
    default:
        ACCUMULATE(int64_t)
    }
}
#undef ACCUMULATE

/* The sum in a row's compute width, sign-extended. */
static int64_t extend(uint64_t sum, enum cf_storage compute)
{
    return compute == CF_STORE16 ? (int16_t)sum : compute == CF_STORE32 ? (int32_t)sum : (int64_t)sum;
}

static void row_chunk(const struct cf_row_job *job, uint32_t first, uint32_t count)
{
    uint64_t wide[CHUNK];
    if (job->compute == CF_STORE64) {
        for (uint32_t i = 0; i < count; i++)
            wide[i] = (uint64_t)job->bias + (job->lane_bias ? (uint64_t)job->lane_bias[first + i] : 0);
        for (uint32_t s = 0; s < job->source_count; s++)
            accumulate64(wide, &job->sources[s], first, count);
    } else {
        /* 16-bit sums are the low half of 32-bit ones. */
        uint32_t acc[CHUNK];
        for (uint32_t i = 0; i < count; i++)
            acc[i] = (uint32_t)job->bias + (job->lane_bias ? (uint32_t)job->lane_bias[first + i] : 0);
        for (uint32_t s = 0; s < job->source_count; s++)
            accumulate32(acc, &job->sources[s], first, count);
        for (uint32_t i = 0; i < count; i++)
            wide[i] = acc[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        int64_t sum = extend(wide[i], job->compute);
        cf_storage_put(job->out, job->out_storage, first + i, job->step ? sum >= 0 : sum);
    }
}

static void row(const struct cf_row_job *job)
{
    assert(job->compute >= CF_STORE16 && job->first <= job->lanes);
    for (uint32_t first = job->first; first < job->lanes; first += CHUNK)
        row_chunk(job, first, job->lanes - first < CHUNK ? job->lanes - first : CHUNK);
}

static cf_row_function row_loop(const struct cf_row_job *job)
{
    (void)job;
    return row;
}

static void dense8(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums)
{
    const int8_t *strip = dense->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(dense); g++) {
        uint32_t width = cf_dense_panels(dense, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++) {
            uint32_t acc[STRIP] = {0};
            const int8_t *weights = strip, *x = rows[r];
            for (uint32_t k = 0; k < dense->padded_inputs; k += 4, weights += 4 * width)
                for (uint32_t l = 0; l < width; l++)
                    acc[l] += (uint32_t)(weights[4 * l] * x[k] + weights[4 * l + 1] * x[k + 1] +
                                         weights[4 * l + 2] * x[k + 2] + weights[4 * l + 3] * x[k + 3]);
            for (uint32_t l = 0; l < width; l++) {
                uint32_t from = start ? (uint32_t)start[first + l] : 0;
                sums[(size_t)r * dense->padded_lanes + first + l] = (int32_t)(from + acc[l]);
            }
        }
        strip += (size_t)dense->padded_inputs * width;
        first += width;
    }
}

static void dense16(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums)
{
    const int16_t *strip = dense->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(dense); g++) {
        uint32_t width = cf_dense_panels(dense, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++) {
            uint32_t acc[STRIP] = {0};
            const int16_t *weights = strip, *x = rows[r];
            for (uint32_t k = 0; k < dense->padded_inputs; k += 2, weights += 2 * width)
                for (uint32_t l = 0; l < width; l++)
                    acc[l] += (uint32_t)(weights[2 * l] * x[k]) + (uint32_t)(weights[2 * l + 1] * x[k + 1]);
            for (uint32_t l = 0; l < width; l++) {
                uint32_t from = start ? (uint32_t)start[first + l] : 0;
                sums[(size_t)r * dense->padded_lanes + first + l] = (int32_t)(from + acc[l]);
            }
        }
        strip += (size_t)dense->padded_inputs * width;
        first += width;
    }
}

static void dense32(const struct cf_dense *dense, const int32_t *const *rows, uint32_t count, const int64_t *start,
                    int64_t *sums)
{
    const int32_t *strip = dense->weights;
    uint32_t first = 0;
    for (uint32_t g = 0; g < cf_dense_strips(dense); g++) {
        uint32_t width = cf_dense_panels(dense, g) * CF_PANEL;
        for (uint32_t r = 0; r < count; r++) {
            uint64_t acc[STRIP] = {0};
            const int32_t *weights = strip, *x = rows[r];
            for (uint32_t k = 0; k < dense->padded_inputs; k++, weights += width)
                for (uint32_t l = 0; l < width; l++)
                    acc[l] += (uint64_t)((int64_t)weights[l] * x[k]);
            for (uint32_t l = 0; l < width; l++) {
                uint64_t from = start ? (uint64_t)start[first + l] : 0;
                sums[(size_t)r * dense->padded_lanes + first + l] = (int64_t)(from + acc[l]);
            }
        }
        strip += (size_t)dense->padded_inputs * width;
        first += width;
    }
}

static void finish(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_storage, void *out)
{
    for (uint32_t l = 0; l < lanes; l++)
        cf_storage_put(out, out_storage, l, step ? sums[l] >= 0 : sums[l]);
}

static void finish_extras(const int32_t *sums, uint32_t lanes, const struct cf_extras *extras, bool step,
                          enum cf_storage out_storage, void *out)
{
    for (uint32_t l = 0; l < lanes; l++) {
        int64_t total = cf_extras_total(extras, l, sums[l]);
        cf_storage_put(out, out_storage, l, step ? total >= 0 : total);
    }
}

static int64_t squares(const int16_t *values, uint32_t count)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += values[i] * values[i];
    return sum;
}

static bool narrow(const int32_t *values, uint32_t count, int16_t *out)
{
    uint32_t lost = 0; /* bits that 16 bits do not give back */
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)values[i];
        lost |= (uint32_t)(values[i] ^ out[i]);
    }
    return lost == 0;
}

static void digits(const int32_t *values, uint32_t count, int16_t *low, int16_t *high)
{
    for (uint32_t i = 0; i < count; i++) {
        assert(values[i] > -(1 << 30) && values[i] < 1 << 30);
        low[i] = (int16_t)values[i];
        high[i] = (int16_t)((values[i] - low[i]) / 65536); /* exact: the low digit is gone */
    }
}

static void byte_digits(const int32_t *values, uint32_t count, int bits, int8_t *low, int16_t *high)
{
    assert(bits >= 1 && bits <= 7);
    for (uint32_t i = 0; i < count; i++) {
        int32_t digit = values[i] & ((1 << bits) - 1);
        assert((values[i] - digit) / (1 << bits) == (int16_t)((values[i] - digit) / (1 << bits)));
        low[i] = (int8_t)digit;
        high[i] = (int16_t)((values[i] - digit) / (1 << bits)); /* exact: the low digit is gone */
    }
}

const struct cf_kernels cf_kernels_portable = {
    .name = "portable",
    .row = row,
    .row_loop = row_loop,
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

/* kernels.h - the arithmetic that the plan maps regular arrays of gates to, once for each instruction set.
 *
 * One contract for all: the portable kernels (kernels_portable.c) define what each computes; the others must give the
 * same bits, and tests hold them to it. Arithmetic is modulo 2^bits of the accumulator and wraps; the plan uses a
 * kernel only where it has shown that the final sum fits, so that wrapping on the way there does not matter.
 *
 * A kernel reads nothing beyond the elements that its arguments name and writes nothing beyond its results.
 */
#ifndef COFIBER_SIM_WORD_KERNELS_H
#define COFIBER_SIM_WORD_KERNELS_H

#include "sim/storage.h"

enum {
    CF_PANEL = 16,           /* lanes of one packed panel of weights */
    CF_PANELS_PER_STRIP = 5, /* panels interleaved in memory, at most: as many as one micro-kernel covers */
    CF_DENSE_ROWS = 60,      /* rows that one call of a dense kernel takes, at most */
    CF_FEW_LANES = 8,        /* as many lanes, at most, are faster as dot products than as a panel */
    CF_MAX_EXTRAS = 3,       /* nets that a dense product's lanes read beside its operands */
    CF_CACHE_LINE = 64       /* bytes */
};

/* ---- rows of gates ------------------------------------------------------------------------------------------------
 */

/* One source of a row of gates: consecutive nets, one for each lane, each times `factor` (weight << shift). */
struct cf_row_source {
    const void *values; /* [lanes] */
    int64_t factor;
    enum cf_storage storage;
};

/* A row of gates of one cell: for each lane l of [first, lanes),
 *     sum = bias + lane_bias[l] + sum over the sources of factor * values[l],  modulo 2^bits of `compute`,
 * and out[l] is the sum's low bits, or H(sum) = (sum >= 0) for a step. */
struct cf_row_job;
typedef void (*cf_row_function)(const struct cf_row_job *job);

struct cf_row_job {
    cf_row_function loop; /* the function that evaluates the row; may be left out where only `row` below is called */
    void *out;            /* [lanes] */
    const struct cf_row_source *sources;
    const int32_t *lane_bias; /* [lanes], or NULL for zeros */
    int64_t bias;
    uint32_t source_count, first, lanes;
    enum cf_storage out_storage, compute; /* compute is CF_STORE16 or wider */
    bool step;
    /* What cf_row_job_read finds out about the sources, for the kernels to choose their loops by: */
    enum cf_storage widest; /* CF_STORE8 where there are none */
    uint32_t leading_bytes; /* how many sources, from the first on, are CF_STORE8 */
    bool even;              /* all others are as wide as the widest */
    bool small_factors;     /* every factor fits 16 bits */
};

/* Gives its sources to a job whose other members are set. */
static inline void cf_row_job_read(struct cf_row_job *job, const struct cf_row_source *sources, uint32_t count)
{
    job->sources = sources;
    job->source_count = count;
    job->widest = CF_STORE8;
    job->leading_bytes = 0;
    job->even = job->small_factors = true;
    for (uint32_t s = 0; s < count; s++) {
        job->widest = sources[s].storage > job->widest ? sources[s].storage : job->widest;
        job->leading_bytes += sources[s].storage == CF_STORE8 && job->leading_bytes == s;
        job->small_factors = job->small_factors && sources[s].factor >= INT16_MIN && sources[s].factor <= INT16_MAX;
    }
    for (uint32_t s = job->leading_bytes; s < count; s++)
        job->even = job->even && sources[s].storage == job->widest;
}

/* ---- dense products ------------------------------------------------------------------------------------------------
 */

/* The weights of one dense group, lanes x inputs, packed. Lanes are padded with zeros to panels of CF_PANEL; panels
 * stand in strips of up to CF_PANELS_PER_STRIP, as even as possible. Within a strip, in this order: `span` inputs at a
 * time (4, 2 or 1: those of one 32-bit operand), panel, lane, input. */
struct cf_dense {
    void *weights;       /* int8_t, int16_t or int32_t by `storage` */
    int32_t *weight_sum; /* [padded_lanes] sum of each lane's weights, modulo 2^32 */
    void *by_lane;       /* the same weights, [lanes][padded_inputs], where CF_STORE8 or CF_STORE16 has few lanes */
    uint32_t lanes, padded_lanes;
    uint32_t inputs, padded_inputs; /* padded to the span */
    enum cf_storage storage;        /* of the operands and weights: CF_STORE8, CF_STORE16 or CF_STORE32 */
};

static inline uint32_t cf_dense_strips(const struct cf_dense *dense)
{
    return (dense->padded_lanes / CF_PANEL + CF_PANELS_PER_STRIP - 1) / CF_PANELS_PER_STRIP;
}

/* How many panels strip `index` has. */
static inline uint32_t cf_dense_panels(const struct cf_dense *dense, uint32_t index)
{
    uint32_t panels = dense->padded_lanes / CF_PANEL, strips = cf_dense_strips(dense);
    return panels / strips + (index < panels % strips);
}

/* ---- results of products with extras -----------------------------------------------------------------------------
 */

/* Makes a result of a dense product's sum, in 64 bits modulo 2^64, for each lane l:
 *     total = bias[l] + factor * sums[l] + sum over the extras of weight[e][l] * value[e]. */
struct cf_extras {
    const int64_t *bias;                  /* [lanes] */
    const int64_t *weight[CF_MAX_EXTRAS]; /* [lanes] */
    int64_t value[CF_MAX_EXTRAS];
    int64_t factor;
    uint32_t count;
    bool narrow; /* the factor, every weight and every value fit 32 bits */
};

/* The total of lane `lane`, whose sum is `sum`. */
static inline int64_t cf_extras_total(const struct cf_extras *extras, uint32_t lane, int64_t sum)
{
    uint64_t total = (uint64_t)extras->bias[lane] + (uint64_t)extras->factor * (uint64_t)sum;
    for (uint32_t e = 0; e < extras->count; e++)
        total += (uint64_t)extras->weight[e][lane] * (uint64_t)extras->value[e];
    return (int64_t)total;
}

/* ---- the kernels
 * ----------------------------------------------------------------------------------------------------- */

struct cf_kernels {
    const char *name; /* as --isa takes it */
    cf_row_function row;
    /* The loop that `row` takes for the job, so that it is chosen once for all frames. */
    cf_row_function (*row_loop)(const struct cf_row_job *job);

    /* sums[r][l] = start[l] + sum over k of weight[l][k] * rows[r][k], for r < count <= CF_DENSE_ROWS and l <
     * padded_lanes. The sums are [count][padded_lanes]; start is [padded_lanes], or NULL for zeros; each row has
     * padded_inputs elements. In 32 bits, modulo 2^32, for operands of the storage in the kernel's name: */
    void (*dense8)(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums);
    void (*dense16)(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums);
    /* In 64 bits: */
    void (*dense32)(const struct cf_dense *dense, const int32_t *const *rows, uint32_t count, const int64_t *start,
                    int64_t *sums);

    /* out[l] = the sum's low bits, or H(sum) for a step. */
    void (*finish)(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_storage, void *out);

    /* The same for totals of sums and extras. */
    void (*finish_extras)(const int32_t *sums, uint32_t lanes, const struct cf_extras *extras, bool step,
                          enum cf_storage out_storage, void *out);

    /* The sum of the values' squares, which fits 63 bits. */
    int64_t (*squares)(const int16_t *values, uint32_t count);

    /* out[i] = the low 16 bits of values[i]; whether every value is that of these 16 bits. */
    bool (*narrow)(const int32_t *values, uint32_t count, int16_t *out);

    /* The 32-bit values as two signed 16-bit digits: value = high * 2^16 + low. For |value| < 2^30. */
    void (*digits)(const int32_t *values, uint32_t count, int16_t *low, int16_t *high);

    /* The 32-bit values as a signed digit of 16 bits and one of `bits` bits that is not negative: value = high * 2^bits
     * + low. For bits from 1 to 7 and values of 16 + bits bits. */
    void (*byte_digits)(const int32_t *values, uint32_t count, int bits, int8_t *low, int16_t *high);
};

extern const struct cf_kernels cf_kernels_portable;

/* Compiled in on x86-64 only; NULL elsewhere, and where this processor lacks the instructions. */
const struct cf_kernels *cf_kernels_avx2(void);
const struct cf_kernels *cf_kernels_avxvnni(void);
const struct cf_kernels *cf_kernels_avx512(void);

/* The kernels of that name, or for NULL or "auto" the fastest that this processor runs; NULL: no such, or not here. */
const struct cf_kernels *cf_kernels_find(const char *name);
/* Number `index` of those that this processor runs, slowest first; NULL past the last. */
const struct cf_kernels *cf_kernels_at(int index);

#endif

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
    CF_PANEL = 16,         /* lanes of one packed panel of weights */
    CF_PANELS_A_GROUP = 5, /* panels interleaved in memory, at most: what one register block covers */
    CF_DENSE_ROWS = 60,    /* rows that one call of a dense kernel takes, at most */
    CF_CACHE_LINE = 64
};

/* One input of a row of gates: `lanes` consecutive nets, each times `factor` (weight << shift). */
struct cf_row_source {
    const void *values;
    int64_t factor;
    enum cf_storage lane;
};

/* What a row's sums, sources and results have in common, for kernels to tell at a glance. */
enum cf_row_form {
    CF_ROW_ANY,
    CF_ROW_WORDS, /* sums of 16 bits; sources and results of as many at most; no lane_bias */
    CF_ROW_BYTES, /* the same, but every source is plain bytes, and results are 16 bits */
    CF_ROW_LONGS  /* sums of 32 bits; sources and results of as many at most */
};

/* A row of gates of one cell: for each lane l of [first, lanes),
 *     sum = bias + lane_bias[l] + sum over the sources of factor * values[l],  modulo 2^bits of `compute`,
 * and out[l] is the sum's low bits, or H(sum) = (sum >= 0) for a step. */
struct cf_row_job {
    void *out;
    const struct cf_row_source *sources;
    const int32_t *lane_bias; /* [lanes], or NULL for zeros */
    int64_t bias;
    uint32_t source_count, first, lanes;
    enum cf_storage out_lane, compute; /* compute is CF_STORE16 or wider */
    bool step;
    bool plain;             /* every source's factor is 1, and all have one lane */
    enum cf_storage widest; /* of the sources */
    enum cf_row_form form;
};

/* Gives a job, whose other members are set, its sources, and says what they have in common. */
static inline void cf_row_job_read(struct cf_row_job *job, const struct cf_row_source *sources, uint32_t count)
{
    job->sources = sources;
    job->source_count = count;
    job->plain = true;
    job->widest = CF_STORE8;
    for (uint32_t s = 0; s < count; s++) {
        job->plain = job->plain && sources[s].factor == 1 && sources[s].lane == sources[0].lane;
        job->widest = sources[s].lane > job->widest ? sources[s].lane : job->widest;
    }
    bool fits = job->compute < CF_STORE64 && job->widest <= job->compute && job->out_lane <= job->compute;
    bool bytes = job->plain && job->widest == CF_STORE8 && job->out_lane == CF_STORE16;
    job->form = !fits                        ? CF_ROW_ANY
                : job->compute == CF_STORE32 ? CF_ROW_LONGS
                : job->lane_bias             ? CF_ROW_ANY
                : bytes                      ? CF_ROW_BYTES
                                             : CF_ROW_WORDS;
}

/* Packed weights of one dense block: lanes x inputs. Lanes are padded with zeros to panels of CF_PANEL; panels stand
 * in groups of up to CF_PANELS_A_GROUP, as even as possible. Within a group, in this order: `span` inputs at a time
 * (4, 2 or 1: those of one 32-bit operand), panel, lane, input. */
struct cf_dense {
    void *weights;       /* int8_t, int16_t or int32_t by `lane` */
    int32_t *weight_sum; /* [padded_lanes] sum of each lane's weights, modulo 2^32 */
    uint32_t lanes, padded_lanes;
    uint32_t inputs, padded_inputs; /* padded to the span */
    enum cf_storage lane;           /* of the operands and weights: CF_STORE8, CF_STORE16 or CF_STORE32 */
};

/* Rows that a dense kernel may run while it multiplies: products keep the multipliers busy, and leave idle what rows
 * need. It runs as many as it likes, in their order. */
struct cf_beside {
    const struct cf_row_job *job, *end; /* those that are not done; *end can be read, and is the next one or zero */
    uint32_t lane;                      /* of the first of them: lanes before it are done */
    uint32_t source;                    /* of the lanes after those: what the kernel has added up; 0 at first */
    uint64_t work;                      /* lanes times sources of them all */
};

struct cf_kernels {
    const char *name; /* as --isa takes it */
    void (*row)(const struct cf_row_job *job);

    /* sums[r][l] = start[l] + sum over k of weight[l][k] * rows[r][k], for r < count <= CF_DENSE_ROWS, l <
     * padded_lanes; sums is [count][padded_lanes], start NULL for zeros. Each row has padded_inputs elements. The rows
     * beside neither read the sums nor write the operands; `beside` may be NULL. In 32 bits, modulo 2^32: */
    void (*dense8)(const struct cf_dense *dense, const int8_t *const *rows, uint32_t count, const int32_t *start,
                   int32_t *sums, struct cf_beside *beside);
    void (*dense16)(const struct cf_dense *dense, const int16_t *const *rows, uint32_t count, const int32_t *start,
                    int32_t *sums, struct cf_beside *beside);
    /* In 64 bits: */
    void (*dense32)(const struct cf_dense *dense, const int32_t *const *rows, uint32_t count, const int64_t *start,
                    int64_t *sums);

    /* out[l] = the sum's low bits, or H(sum) for a step. */
    void (*finish)(const int32_t *sums, uint32_t lanes, bool step, enum cf_storage out_lane, void *out);

    /* The 32-bit values as two signed 16-bit digits: value = high * 2^16 + low. For |value| < 2^30. */
    void (*split)(const int32_t *values, uint32_t count, int16_t *low, int16_t *high);
};

/* The panels of group `index` of a packed block, and how many groups there are. */
static inline uint32_t cf_dense_groups(const struct cf_dense *dense)
{
    return (dense->padded_lanes / CF_PANEL + CF_PANELS_A_GROUP - 1) / CF_PANELS_A_GROUP;
}

static inline uint32_t cf_dense_panels(const struct cf_dense *dense, uint32_t index)
{
    uint32_t panels = dense->padded_lanes / CF_PANEL, groups = cf_dense_groups(dense);
    return panels / groups + (index < panels % groups);
}

extern const struct cf_kernels cf_kernels_portable;

/* Compiled in on x86-64 only; NULL elsewhere, and where this processor lacks the instructions. */
const struct cf_kernels *cf_kernels_avx2(void);
const struct cf_kernels *cf_kernels_avx512(void);

/* The kernels of that name, or for NULL or "auto" the fastest that this processor runs; NULL: no such, or not here. */
const struct cf_kernels *cf_kernels_find(const char *name);
/* Number `index` of those that this processor runs, slowest first; NULL past the last. */
const struct cf_kernels *cf_kernels_at(int index);

#endif

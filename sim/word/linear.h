/* linear.h - the decisions alone, by classifying the input first.
 *
 * A classifier sums its weights over a row of nets. Where every net of that row is the same integer combination of
 * rows of the input, lane by lane, the classifier's sum is that combination of the classified input rows:
 *     sum_d w[c,d] * (sum_t a_t * x_t[d])  =  sum_t a_t * (sum_d w[c,d] * x_t[d]).
 * So the input is classified once (1,600 positions of 8-bit operands instead of 2,100 of 11 to 13 bits), and pools
 * and subtracts are done on the classes' sums. Classifiers with the same matrix of weights form a family.
 *
 * The plan shows whether a row has that form: the row follows a linear pattern without bias, is whole and aligned,
 * holds no exceptions, and reads only rows of that form. Rows without it, and the classifiers that read them, are
 * evaluated after the rest, in the same way as in the schedule of all gates ("exact" below).
 */
#ifndef COFIBER_SIM_WORD_LINEAR_H
#define COFIBER_SIM_WORD_LINEAR_H

#include "sim/word/plan.h"

/* Which rows of a group are combinations of rows of other groups. */
struct cf_linear_rows {
    bool linear;              /* some rows are */
    const bool *tainted;      /* [rows]: the row is not */
    const uint32_t *base_row; /* [rows][ports]: the port's base, in rows of the group that it reads */
    uint32_t tainted_count;
};

struct cf_family {
    struct cf_dense packed; /* the classifiers' weights, for operands as wide as the input */
    const int32_t *matrix;  /* [lanes][inputs] */
    enum cf_operands operands;
};

/* How the decisions of an output group follow from the classified input. */
struct cf_linear_output {
    uint32_t family;            /* CF_NONE: they do not follow from it */
    const int32_t *bias;        /* [padded_lanes] */
    const uint32_t *source_row; /* [rows]: in rows of the group that the output reads, or CF_NONE */
};

/* A group of rows, and the readers that take each of its rows as soon as it has been computed: dense groups and square
 * forms whose row r reads row r of the group, and besides only what is there by then. So the rows stay in a near cache,
 * and where nothing else reads them, each thread keeps them only until its task ends: they pass.
 *
 * The products of readers of few lanes are taken together, as one product whose lanes are those of the readers, one
 * after another: each row is then read once. */
struct cf_bundle {
    const uint32_t *readers; /* [reader_count]: groups, in the order in which they are evaluated */
    uint32_t reader_count;   /* 0: the group leads no bundle */
    bool passing;
    struct cf_dense joint;      /* no lanes: no such product */
    const int32_t *joint_start; /* [padded lanes] */
    const uint32_t *joint_base; /* [rows]: the net of input 0 */
    const uint32_t *joint_lane; /* [reader_count]: the reader's first lane, or CF_NONE */
};

/* The rows of outputs that do not follow from the classified input, and the gates on which they depend. */
struct cf_linear_exact {
    struct cf_schedule schedule;
    const struct cf_bundle *bundles;  /* [group_count] */
    const bool *stored;               /* [group_count]: groups with gates that are evaluated, and all outputs */
    uint64_t exact_gates, fast_gates; /* decisions that are computed in each way */
    uint64_t helper_gates;            /* gates that are no decisions and are run for the exact ones */
    uint64_t work;                    /* multiply-adds, times the bytes of their operands */
};

struct cf_linear {
    const struct cf_linear_rows *rows; /* [group_count] */
    const struct cf_family *families;
    uint32_t family_count;
    const struct cf_linear_output *outputs; /* [group_count] */
    const bool *const *summed;              /* [family_count][group_count]: the groups whose rows of sums are kept */
    const bool
        *inlined; /* [group_count]: of an output: the sums that it decides on are combined on the way, not kept */
    /* In waves: the decisions that the classified input gives; the rows that it does not give, with the extras of the
     * outputs that have some; and those outputs, which take their sums from the first and their extras from the second.
     */
    struct cf_schedule schedule;
    struct cf_linear_exact exact;
    bool whole; /* nothing is gained: the schedule of all gates is run instead */
};

/* The work of one lane of a dense product: its multiply-adds, times the bytes of an operand. */
static inline uint64_t cf_dense_work(const struct cf_dense *packed)
{
    return (uint64_t)packed->inputs * cf_storage_size(packed->storage);
}

enum { CF_WORK_OTHER = 2 }; /* the bytes that a multiply-add outside of dense products is taken to have */

/* A pass of the planner, see passes.h. */
bool cf_linear_plan(const struct cf_plan *plan, struct cf_arena *arena, struct cf_linear **linear);

/* The pass of it that finds the exact part (linear_exact.c), and adds its tasks to the schedule; `linear` has its rows
 * and outputs. */
bool cf_find_exact(const struct cf_plan *plan, const struct cf_linear *linear, struct cf_arena *arena,
                   struct cf_linear_exact *exact, struct cf_schedule *schedule);

/* The pass of that one that finds the bundles among the rows that are evaluated, `needed` [group_count][rows];
 * `bundled` [group_count] tells which groups are readers of one (linear_bundles.c). */
bool cf_find_bundles(const struct cf_plan *plan, const bool *const *needed, struct cf_arena *arena,
                     const struct cf_bundle **bundles, const bool **bundled);

/* Frees the schedule, the only memory that is not the arena's. NULL is fine. */
void cf_linear_free(struct cf_linear *linear);

#endif

/* plan.h - how a netlist will be simulated: which of its gates form regular arrays, and in what order all are run.
 *
 * Everything is read off the instances; nothing is assumed from a name or a shape but that the last dimension of a
 * group is its lane. Each group becomes one block:
 *   rows    every lane of a position has the same cell, and its bases advance by one net a lane: pools, subtracts.
 *           Positions may differ in their cells.
 *   dense   every position has the same cells, lane by lane, and all lanes of a position read from one base:
 *           classifiers. A matrix of weights times a matrix of positions.
 *   general neither: gate by gate.
 * A few gates that deviate from their block's pattern (a mutated netlist, say) are its exceptions: they are evaluated
 * by the general path, and take the place of the kernel's value before any gate reads it.
 */
#ifndef COFIBER_SIM_WORD_PLAN_H
#define COFIBER_SIM_WORD_PLAN_H

#include "sim/word/kernels.h"

enum cf_block_kind { CF_BLOCK_INPUT, CF_BLOCK_GENERAL, CF_BLOCK_ROWS, CF_BLOCK_DENSE };

#define CF_NONE UINT32_MAX

/* One term of a cell as a row kernel takes it. */
struct cf_row_term {
    int64_t factor; /* weight << shift, modulo 2^64 */
    uint32_t offset;
    uint32_t row_offset; /* the offset in rows of the block's lanes, rounded down */
    uint32_t port;
};

/* A cell and the groups it reads from: what the positions of a block of rows may have in common. */
struct cf_row_pattern {
    uint32_t cell;
    uint32_t source[CF_MAX_PORTS]; /* the group that each port reads; CF_NONE: the port has no terms */
    const struct cf_row_term *terms;
    uint32_t term_count;
    enum cf_storage compute; /* wide enough for the sum, or for the output where the sum may wrap */
};

/* How a dense block's operands come from the nets that they are. */
enum cf_operands {
    CF_OPERANDS_DIRECT, /* as stored */
    CF_OPERANDS_WIDEN,  /* copied, to wider lanes or to the padded length */
    CF_OPERANDS_SPLIT   /* two 16-bit digits of a 32-bit value */
};

struct cf_dense_form {
    struct cf_dense packed;
    const int32_t *matrix;      /* [lanes][inputs], weight << shift */
    const int64_t *bias;        /* [padded_lanes]; those of steps are brought into the range where they can matter */
    const int32_t *narrow_bias; /* [padded_lanes]; the same where the sums are 32 bits wide */
    const uint32_t *cells;      /* [lanes], the cells that are the pattern; CF_NONE: none */
    uint32_t source;            /* the group that is read */
    enum cf_operands operands;
    enum cf_storage sums; /* CF_STORE32 (shown to fit) or CF_STORE64 */
    bool step;
};

struct cf_block {
    enum cf_block_kind kind;
    enum cf_storage lane;       /* storage of the group's values */
    uint32_t rows, lanes;       /* rows * lanes gates */
    uint32_t wave;              /* tasks of one wave do not depend on each other */
    uint32_t ready;             /* the wave after which every value is there */
    uint32_t fused;             /* rows: the dense group computed along with it, or CF_NONE */
    bool in_fused;              /* dense: computed along with the group it reads */
    const uint32_t *exceptions; /* ascending instance indices */
    uint32_t exception_count;
    uint32_t *need;    /* [rows]: the last row of the input that the row depends on */
    const bool *reads; /* [group_count]: the groups that this one reads from */
    /* rows: */
    struct cf_row_pattern *patterns;
    uint32_t pattern_count;
    uint32_t *pattern_of; /* [rows]: index, or CF_NONE: every gate of the row is an exception */
    uint32_t *base;       /* rows: [rows][ports], of lane 0; dense: [rows], the net of input 0, or CF_NONE */
    uint32_t ports;
    struct cf_dense_form *dense;
};

/* The place among a block's exceptions of the first that is gate `gate` or one after it. */
static inline uint32_t cf_exceptions_from(const struct cf_block *block, uint64_t gate)
{
    uint32_t low = 0, high = block->exception_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (block->exceptions[middle] < gate)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What a task does, after the rows of gates that are its jobs (jobs.h). */
enum cf_task_kind {
    CF_TASK_ROWS,       /* rows [first, first + count) as jobs, and their exceptions */
    CF_TASK_FUSED,      /* the same, and then those rows of the fused dense block, without its exceptions */
    CF_TASK_DENSE,      /* rows of a dense block, and their exceptions */
    CF_TASK_EXCEPTIONS, /* exceptions [first, first + count) */
    CF_TASK_GATES,      /* gates [first, first + count), generally */
    CF_TASK_PRODUCT,    /* decisions: sums of input positions (linear.h) */
    CF_TASK_POOL,       /* decisions: rows of sums from rows of sums, as jobs */
    CF_TASK_DECIDE      /* decisions: thresholds of sums, as jobs */
};

struct cf_task {
    enum cf_task_kind kind;
    uint32_t group, first, count;
    uint64_t key; /* order within a wave: what is read together runs together */
    uint32_t wave;
    uint32_t need;   /* the last row of the input that it depends on, however far away */
    uint32_t turn;   /* its place in turn */
    uint32_t beside; /* of one that multiplies: one past the last place in turn whose jobs may run meanwhile */
};

/* The tasks that compute more than they read and write. */
static inline bool cf_task_multiplies(const struct cf_task *task)
{
    return task->kind == CF_TASK_FUSED || task->kind == CF_TASK_DENSE || task->kind == CF_TASK_PRODUCT;
}

/* Tasks wave after wave, for several threads; and for one thread as early as the input's rows allow, so that what a
 * task reads is still near. */
struct cf_schedule {
    struct cf_task *tasks;
    uint32_t task_count, task_capacity;
    struct cf_task **in_turn; /* [task_count]: the same tasks for one thread */
    uint32_t *wave_end;       /* [wave_count]: one past the last task of each */
    uint32_t wave_count;
};

struct cf_linear; /* linear.h */

struct cf_plan {
    struct cf_arena arena;
    const struct cf_netlist *netlist;
    const struct cf_kernels *kernels;
    struct cf_block *blocks;                      /* [group_count] */
    struct cf_reach *reaches;                     /* [cell_count] */
    struct cf_schedule all;                       /* every gate */
    struct cf_linear *linear;                     /* the decisions alone; NULL when not asked for */
    uint32_t max_padded_lanes, max_padded_inputs; /* sizes of scratch memory */
};

enum cf_mode { CF_ALL_GATES, CF_DECISIONS };

/* Plans a checked netlist, which must outlive the plan. */
struct cf_plan *cf_plan_new(const struct cf_netlist *netlist, const struct cf_kernels *kernels, enum cf_mode mode,
                            struct cf_error *err);
void cf_plan_free(struct cf_plan *plan); /* NULL is fine */

/* Lines of text that say what was recognised, without newlines: `line` is called for each. */
void cf_plan_describe(const struct cf_plan *plan, void (*line)(void *context, const char *text), void *context);

/* Gates that go through the general path. */
uint64_t cf_plan_general_gates(const struct cf_plan *plan);

#endif

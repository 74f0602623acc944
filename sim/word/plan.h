/* plan.h - how a netlist will be simulated: which of its gates form regular arrays, and in what order all are run.
 *
 * A plan is data. The planner (planner.c) makes it by a list of passes; each pass reads what the passes before it have
 * found and fills one member of its own, and nothing changes a plan afterwards.
 *
 * Everything is read off the instances; nothing is assumed from a group's name or shape, except that the last dimension
 * of a group counts its lanes. The gates of a group that share all other indices are a row. Each group gets a layout:
 *   rows     All lanes of a row have the same cell, and the net that a lane reads comes right after the one that the
 *            lane before it reads: pools and subtracts. Rows may differ in their cells.
 *   dense    All rows have the same cells, lane by lane, and all lanes of a row read from one base: classifiers. Such a
 *            group is a matrix of weights times a matrix of rows.
 *   general  Neither: gate by gate.
 * A few gates that deviate from their group's layout (those of a mutated netlist, say) are its exceptions. The general
 * path evaluates them, and puts their values in the place of the kernel's before any other gate reads them.
 *
 * All memory of a plan belongs to its arena, except the schedules' arrays, which cf_plan_free frees.
 */
#ifndef COFIBER_SIM_WORD_PLAN_H
#define COFIBER_SIM_WORD_PLAN_H

#include "sim/word/kernels.h"

#define CF_NONE UINT32_MAX

/* ---- layouts: how a group's gates are arranged ------------------------------------------------------------------ */

enum cf_layout_kind { CF_LAYOUT_INPUT, CF_LAYOUT_GENERAL, CF_LAYOUT_ROWS, CF_LAYOUT_DENSE };

/* One term of a cell as a row kernel takes it. */
struct cf_row_term {
    int64_t factor; /* weight << shift, modulo 2^64 */
    uint32_t offset;
    uint32_t row_offset; /* the offset in rows of as many nets as the layout has lanes, rounded down */
    uint32_t port;
};

/* A cell and the groups that it reads from: all that several rows of a group may have in common. */
struct cf_row_pattern {
    uint32_t cell;
    uint32_t source[CF_MAX_PORTS]; /* the group that each port reads; CF_NONE: the port has no terms */
    const struct cf_row_term *terms;
    uint32_t term_count;
    enum cf_storage compute; /* wide enough for the sum, or for the output where the sum may wrap */
};

/* How the operands of a dense product come from the nets that are read. Rows in which every value happens to fit 16
 * bits need no digits. */
enum cf_operands {
    CF_OPERANDS_DIRECT,     /* as they are stored */
    CF_OPERANDS_WIDEN,      /* copied into wider storage, or padded to whole spans of inputs */
    CF_OPERANDS_DIGITS,     /* each 32-bit value as two digits of 16 bits */
    CF_OPERANDS_BYTE_DIGITS /* each as a high digit of 16 bits, and a low one that is a few bits of a byte */
};

/* A net that all lanes of a row read beside the matrix's operands: the mean of a row that is normalised, say. */
struct cf_dense_extra {
    const uint32_t *net;   /* [rows] */
    const int64_t *weight; /* [lanes], weight << shift */
    uint32_t source;       /* the group of these nets */
};

/* A dense group's matrix and all that goes with it. A lane's sum is
 *     bias + factor * (its row of the matrix times the operands) + the extras, each times its weight,
 * where the factor is 1 unless there are extras. With extras, the last step is done in 64 bits. */
struct cf_dense_form {
    struct cf_dense packed;
    struct cf_dense packed_low; /* byte digits: the same weights as bytes, for the low digits */
    int low_bits;               /* byte digits: of the low digit, 1 to 7 */
    const int32_t *matrix;      /* [lanes][inputs], (weight << shift) / factor */
    int64_t factor;             /* of all weights of the matrix */
    struct cf_dense_extra extras[CF_MAX_EXTRAS];
    uint32_t extra_count;
    bool narrow_extras;         /* the factor and every weight of the extras fit 32 bits */
    const int64_t *bias;        /* [padded_lanes]; a step's is brought into the range where it can matter */
    const int32_t *narrow_bias; /* [padded_lanes]; the same where the sums are 32 bits wide; with extras, 0 */
    const uint32_t *cells;      /* [lanes], the cells of the pattern; CF_NONE: the lane has none */
    uint32_t source;            /* the group that is read */
    enum cf_operands operands;
    enum cf_storage sums; /* CF_STORE32 (every sum was shown to fit) or CF_STORE64 */
    bool step;
};

/* A net that a gate of a square form reads beside its run. */
struct cf_square_extra {
    const uint32_t *net; /* [rows] */
    int64_t factor;      /* weight << shift, modulo 2^64 */
    uint32_t source;     /* the group of these nets */
    bool square;         /* the net's square is taken */
};

/* What the gates of a general group compute where each, the only one of its row, adds the squares of nets that stand
 * side by side, all with one weight, and a few nets more: the root of a normalised row. All are instances of one cell.
 * A gate's sum is, modulo 2^64,
 *     the cell's bias + factor * (the squares of its run, added up) + the extras, each times its factor. */
struct cf_square_form {
    const struct cf_cell *cell;
    const uint32_t *base; /* [rows]: the first net of the run */
    uint32_t inputs;      /* nets of a run */
    uint32_t source;      /* the group of the runs, stored in 16 bits */
    int64_t factor;
    struct cf_square_extra extras[CF_MAX_EXTRAS];
    uint32_t extra_count;
};

struct cf_layout {
    enum cf_layout_kind kind;
    enum cf_storage storage;    /* of the group's values */
    uint32_t rows, lanes;       /* rows * lanes gates */
    const uint32_t *exceptions; /* [exception_count] instance indices, ascending */
    uint32_t exception_count;
    const uint32_t *base; /* rows: [rows][ports], of lane 0; dense: [rows], the net of input 0, or CF_NONE: none */
    uint32_t ports;       /* how many bases each row has */
    /* rows: */
    const struct cf_row_pattern *patterns; /* [pattern_count] */
    uint32_t pattern_count;
    const uint32_t *pattern_of; /* [rows]: index, or CF_NONE: every gate of the row is an exception */
    /* dense: */
    const struct cf_dense_form *dense;
};

/* How many of a layout's exceptions come before gate `gate`. */
static inline uint32_t cf_exceptions_before(const struct cf_layout *layout, uint64_t gate)
{
    uint32_t low = 0, high = layout->exception_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (layout->exceptions[middle] < gate)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- order: when a group is evaluated --------------------------------------------------------------------------- */

/* Groups of one wave do not depend on each other. A dense group may be fused with the group of rows that it reads: each
 * row is multiplied as soon as it has been computed, in the wave of the rows, while it is in the nearest cache. */
struct cf_order {
    const bool *reads;    /* [group_count]: the groups that this one reads from */
    uint32_t wave;        /* in which it is evaluated */
    uint32_t ready;       /* after which all its values are there: its exceptions may come later than the rest */
    uint32_t fused_dense; /* of rows: the dense group that is fused with it, or CF_NONE */
    uint32_t fused_rows;  /* of a dense group: the group of rows that it is fused with, or CF_NONE */
};

enum cf_task_kind {
    CF_TASK_ROWS,       /* rows [first, first + count), and their exceptions */
    CF_TASK_FUSED,      /* the same, and then those rows of the fused dense group, without its exceptions */
    CF_TASK_DENSE,      /* rows of a dense group, and their exceptions */
    CF_TASK_EXCEPTIONS, /* exceptions [first, first + count) */
    CF_TASK_GATES,      /* gates [first, first + count) by the general path */
    CF_TASK_PRODUCT,    /* decisions: rows of the input times the families' weights (linear.h) */
    CF_TASK_SUMS,       /* decisions: rows of sums from rows of sums */
    CF_TASK_DECIDE,     /* decisions: thresholds of sums */
    CF_TASK_EXTRAS,     /* decisions: results of sums and extras */
    CF_TASK_BUNDLE      /* decisions: rows, and then those rows of all readers of their bundle (linear.h) */
};

/* A piece of work that one thread does: enough to be worth handing out, little enough to share. */
struct cf_task {
    enum cf_task_kind kind;
    uint32_t group, first, count;
    uint32_t wave;
};

/* The same tasks in two orders: wave after wave for several threads, which share each wave's tasks; and for one thread
 * each as early as the input's rows allow, so that what a task reads is still in a near cache. */
struct cf_schedule {
    struct cf_task *tasks; /* [task_count], wave after wave */
    uint32_t *in_turn;     /* [task_count]: indices of tasks, for one thread; NULL: as they stand */
    uint32_t *wave_end;    /* [wave_count]: one past the last task of each wave */
    uint32_t task_count, wave_count;
    size_t task_capacity, wave_capacity; /* of the first and the last of these arrays */
};

/* The terms of a cell that read one port stand side by side: those from where the run before ends. */
struct cf_term_run {
    uint32_t end;
    bool squares; /* they are the squares of nets that stand side by side, with one weight */
};

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

enum cf_mode { CF_ALL_GATES, CF_DECISIONS };

struct cf_linear; /* linear.h */

struct cf_plan {
    struct cf_arena arena;
    const struct cf_netlist *netlist;
    const struct cf_kernels *kernels;
    const struct cf_reach *reaches;              /* [cell_count]: the offsets that each cell reads */
    const struct cf_term_run *const *runs;       /* [cell_count][ports that are read] */
    const struct cf_layout *layouts;             /* [group_count] */
    const struct cf_square_form *const *squares; /* [group_count]; NULL: the group has no such form */
    const struct cf_order *order;                /* [group_count] */
    const uint32_t *const *needs; /* [group_count][rows]: the last row of the input that the row depends on */
    struct cf_schedule all;       /* every gate */
    struct cf_linear *linear;     /* the decisions alone; NULL in the mode of all gates */
};

/* Plans a checked netlist, which must outlive the plan. NULL and an error when memory is out. */
struct cf_plan *cf_plan_new(const struct cf_netlist *netlist, const struct cf_kernels *kernels, enum cf_mode mode,
                            struct cf_error *err);
void cf_plan_free(struct cf_plan *plan); /* NULL is fine */

/* Calls `line` for each line of a text, without newlines, that says what was recognised. */
void cf_plan_describe(const struct cf_plan *plan, void (*line)(void *context, const char *text), void *context);

/* How many gates go through the general path. */
uint64_t cf_plan_general_gates(const struct cf_plan *plan);

#endif

/* workspace.h - the inside of a workspace, shared by the files that run tasks. */
#ifndef COFIBER_SIM_WORD_WORKSPACE_H
#define COFIBER_SIM_WORD_WORKSPACE_H

#include <assert.h>

#include "sim/word/engine.h"
#include "sim/word/jobs.h"
#include "sim/word/linear.h"

/* The memory in which one thread works. `lanes` and `inputs` are the most of any dense product of the plan, padded. */
struct cf_scratch {
    int64_t *sums;      /* [CF_DENSE_ROWS][lanes], as 32 or 64 bits */
    int32_t *high_sums; /* [CF_DENSE_ROWS][lanes], of high digits */
    int32_t *operands;  /* [CF_DENSE_ROWS][inputs], as 32 bits or two digits of 16 */
    const void *rows[CF_DENSE_ROWS];
    /* The rows of a bundle that pass, from net `passing_net` of group `passing_group` on; no group but in its task: */
    void *passing;       /* as many as a task has, of the longest rows */
    int32_t *joint_sums; /* [CF_DENSE_ROWS][CF_PANEL] */
    uint32_t passing_group, passing_net;
};

struct cf_workspace {
    const struct cf_plan *plan;
    int threads;
    struct cf_scratch *scratch; /* [threads] */
    void **values;              /* [group_count]; NULL: not stored */
    int32_t ***sums;            /* decisions: [family][group], [rows][padded_lanes]; NULL: not kept */
    struct cf_jobs jobs;        /* of the schedule that is run */
    size_t frame_bytes;         /* of the arena, scratch apart */
    struct cf_arena arena;
};

/* Where net `net` of `group`, which is stored, has its value. */
static inline void *cf_net_at(const struct cf_workspace *w, uint32_t group, uint32_t net)
{
    const struct cf_group *of = &w->plan->netlist->groups[group];
    assert(w->values[group] && net >= of->first_net && net - of->first_net < of->count);
    return (char *)w->values[group] + (net - of->first_net) * cf_storage_size(w->plan->layouts[group].storage);
}

/* Where row `row` of `group`, which is stored, begins. */
static inline void *cf_row_at(const struct cf_workspace *w, uint32_t group, uint32_t row)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    assert(w->values[group] && row < layout->rows);
    return (char *)w->values[group] + (size_t)row * layout->lanes * cf_storage_size(layout->storage);
}

/* Where a task finds net `net` of `group`, which is stored, or whose rows are passing in this task. */
static inline const void *cf_operand_at(const struct cf_workspace *w, const struct cf_scratch *scratch, uint32_t group,
                                        uint32_t net)
{
    if (w->values[group])
        return cf_net_at(w, group, net);
    assert(scratch->passing_group == group && net >= scratch->passing_net);
    return (char *)scratch->passing +
           (size_t)(net - scratch->passing_net) * cf_storage_size(w->plan->layouts[group].storage);
}

/* Row `row` of a family's sums of `group`, which are kept. */
static inline int32_t *cf_sums_at(const struct cf_workspace *w, uint32_t family, uint32_t group, uint32_t row)
{
    assert(w->sums[family][group] && row < w->plan->layouts[group].rows);
    return w->sums[family][group] + (size_t)row * w->plan->linear->families[family].packed.padded_lanes;
}

/* engine.c: evaluates those of rows [first, first + count) of a dense group that have the pattern; count <=
 * CF_DENSE_ROWS. */
void cf_run_dense_rows(const struct cf_workspace *w, struct cf_scratch *scratch, uint32_t group, uint32_t first,
                       uint32_t count);
/* Stores rows [first, first + count) of a dense group from their sums, which have 32 bits; `stride` lanes lie between
 * those of one row and the next. */
void cf_finish_rows(const struct cf_workspace *w, uint32_t group, uint32_t first, uint32_t count, const int32_t *sums,
                    size_t stride);

/* bundle.c: evaluates the rows that are the jobs [first, end), from row `row` of `group` on, and then those rows of all
 * readers of the group's bundle. */
void cf_run_bundle(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_row_job *first,
                   const struct cf_row_job *end, uint32_t group, uint32_t row);

/* general.c: evaluates gate `index` of a group by the definition of its cell, from the values of the nets it reads. */
void cf_run_gate(const struct cf_workspace *w, uint32_t group, uint32_t index);
/* The same for gates [first, first + count): neighbours that are instances of one cell are evaluated together. */
void cf_run_gates(const struct cf_workspace *w, uint32_t group, uint32_t first, uint32_t count);

/* The same for the gate of row `row` of a group that has a square form; `values` is its run of nets. */
void cf_run_squares(const struct cf_workspace *w, uint32_t group, uint32_t row, const void *values);

#endif

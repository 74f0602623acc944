/* engine_internal.h - a workspace's inside, shared by the files that run tasks. */
#ifndef COFIBER_SIM_WORD_ENGINE_INTERNAL_H
#define COFIBER_SIM_WORD_ENGINE_INTERNAL_H

#include "sim/word/engine.h"
#include "sim/word/linear.h"

/* What one thread works in. */
struct cf_scratch {
    int64_t *sums;      /* [CF_DENSE_ROWS][max_padded_lanes], as 32 or 64 bits */
    int32_t *high_sums; /* [CF_DENSE_ROWS][max_padded_lanes], of high digits */
    int32_t *operands;  /* [CF_DENSE_ROWS][max_padded_inputs], as 32 bits or two digits of 16 */
    const void *rows[CF_DENSE_ROWS];
    struct cf_beside beside; /* what to run while the next product multiplies */
};

/* The rows that a schedule's tasks run, in turn. */
struct cf_jobs {
    struct cf_row_job *items; /* [count + 1]: the last is zero */
    uint32_t count;
    uint64_t *work;   /* [count + 1]: lanes times sources of all before */
    uint32_t *start;  /* [task_count + 1]: where the jobs of each task begin */
    uint32_t *beside; /* [task_count]: of a task that multiplies, where those end that are to run meanwhile */
};

struct cf_workspace {
    const struct cf_plan *plan;
    int threads;
    struct cf_scratch *scratch;      /* [threads] */
    void **values;                   /* [group_count]; NULL: not stored */
    int32_t ***sums;                 /* decisions: [family][group], [rows][padded_lanes]; NULL: not kept */
    struct cf_jobs all, fast, exact; /* of the schedules of those names, as far as they are run */
    size_t frame_bytes;              /* of the arena, scratch apart */
    struct cf_arena arena;
};

/* Where net `net` of `group` stands. */
static inline void *cf_net_at(const struct cf_workspace *w, uint32_t group, uint32_t net)
{
    size_t index = net - w->plan->netlist->groups[group].first_net;
    return (char *)w->values[group] + index * cf_storage_size(w->plan->blocks[group].lane);
}

static inline void *cf_row_at(const struct cf_workspace *w, uint32_t group, uint32_t row)
{
    const struct cf_block *block = &w->plan->blocks[group];
    return (char *)w->values[group] + (size_t)row * block->lanes * cf_storage_size(block->lane);
}

/* general.c: evaluates gate `index` of a group from the values of its sources. */
void cf_run_gate(const struct cf_workspace *w, uint32_t group, uint32_t index);

/* engine_jobs.c: false when memory is out. */
bool cf_jobs_make(struct cf_workspace *w, const struct cf_schedule *schedule, struct cf_jobs *jobs);

#endif

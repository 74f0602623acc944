/* engine_internal.h - a workspace's inside, shared by the files that run tasks. */
#ifndef COFIBER_SIM_ENGINE_INTERNAL_H
#define COFIBER_SIM_ENGINE_INTERNAL_H

#include "sim/engine.h"
#include "sim/linear.h"

/* What one thread works in. */
struct cf_scratch {
    struct cf_row_source *sources; /* [max_terms] */
    int64_t *sums;                 /* [CF_DENSE_ROWS][max_padded_lanes], as 32 or 64 bits */
    int32_t *high_sums;            /* [CF_DENSE_ROWS][max_padded_lanes], of high digits */
    int32_t *operands;             /* [CF_DENSE_ROWS][max_padded_inputs], as 32 bits or two digits of 16 */
    const void *rows[CF_DENSE_ROWS];
    struct cf_ahead ahead; /* empty where several threads share a frame: who runs what next is not known */
};

struct cf_workspace {
    const struct cf_plan *plan;
    int threads;
    struct cf_scratch *scratch;    /* [threads] */
    void **values;                 /* [group_count]; NULL: not stored */
    int32_t ***sums;               /* decisions: [family][group], [rows][padded_lanes]; NULL: not kept */
    struct cf_row_job ***pools;    /* decisions: [family][group], [rows]: jobs of no lanes where a row is not so had */
    struct cf_row_job **decisions; /* [group], [rows] */
    size_t frame_bytes;            /* of the arena, scratch apart */
    struct cf_arena arena;
};

/* Where net `net` of `group` stands. */
static inline void *cf_net_at(const struct cf_workspace *w, uint32_t group, uint32_t net)
{
    size_t index = net - w->plan->netlist->groups[group].first_net;
    return (char *)w->values[group] + index * cf_lane_size(w->plan->blocks[group].lane);
}

/* general.c: evaluates gate `index` of a group from the values of its sources. */
void cf_run_gate(const struct cf_workspace *w, uint32_t group, uint32_t index);

/* Sets out what the tasks after `task`, in the order in which they run up to `end`, will read and write, to be fetched
 * while `task` multiplies (ahead.c). */
void cf_look_ahead(const struct cf_workspace *w, struct cf_ahead *ahead, const struct cf_task *task,
                   const struct cf_task *end);

/* The tasks of the decisions' fast way (engine_linear.c). */
void cf_run_linear_task(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_task *task);

/* Their jobs, which are the same for every frame; false when memory is out. */
bool cf_linear_prepare(struct cf_workspace *w);

/* Adds up `count` rows of operands (scratch->rows) times the packed weights onto `sums`, of 32 bits (64 where the
 * packed lane is CF_LANE32), which may be scratch->sums. `stored` is the lane the operands have in memory. */
void cf_run_dense(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_dense *packed,
                  enum cf_operands operands, enum cf_lane stored, uint32_t count, void *sums);

#endif

/* plan_internal.h - the steps of planning, shared by the files that make a plan. */
#ifndef COFIBER_SIM_WORD_PLAN_INTERNAL_H
#define COFIBER_SIM_WORD_PLAN_INTERNAL_H

#include "netlists/cell.h"
#include "sim/word/plan.h"

/* Each tries one form on group `index` and fills the block; false when the group has not that form (or memory is out,
 * in which case *memory becomes false). */
bool cf_recognise_rows(struct cf_plan *plan, uint32_t index, bool *memory);
bool cf_recognise_dense(struct cf_plan *plan, uint32_t index, bool *memory);

/* Weights [lanes][inputs] into the layout of kernels.h. `packed` has lanes, inputs and lane set. */
bool cf_dense_pack(struct cf_arena *arena, struct cf_dense *packed, const int32_t *matrix);

/* Waves and tasks of every gate. */
bool cf_schedule_all(struct cf_plan *plan);
bool cf_schedule_add(struct cf_schedule *schedule, struct cf_task task);
/* Closes the current wave: orders its tasks. */
bool cf_schedule_end_wave(struct cf_schedule *schedule);
/* Fills each block's `need`. */
bool cf_find_needs(struct cf_plan *plan);
/* The order for one thread (order.c): by the tasks' needs, or else wave after wave. */
bool cf_schedule_in_turn(const struct cf_plan *plan, struct cf_schedule *schedule, bool needs);
void cf_schedule_free(struct cf_schedule *schedule);

/* The run of nets [first, first + count) lies in this group, or CF_NONE. */
uint32_t cf_group_of_run(const struct cf_netlist *netlist, uint64_t first, uint64_t count);

/* A growing list of instance indices. */
struct cf_index_list {
    uint32_t *items;
    uint32_t count, capacity;
};
bool cf_index_list_add(struct cf_index_list *list, uint32_t item);

/* A task's need, where no last row of the input can be told: all of it. */
#define CF_EVERYTHING UINT32_MAX

/* Rows that a task covers: enough work to be worth handing out, little enough to share. */
enum { CF_TASK_ROW_COUNT = 20, CF_TASK_GATE_COUNT = 1024 };

#endif

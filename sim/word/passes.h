/* passes.h - the planner's passes, each with what it finds.
 *
 * A pass reads a plan as far as the passes before it have filled it, and fills the place that its last argument names,
 * in memory of the plan's arena. Every pass returns false when memory is out, and for no other reason.
 */
#ifndef COFIBER_SIM_WORD_PASSES_H
#define COFIBER_SIM_WORD_PASSES_H

#include "base/array.h"
#include "netlists/cell.h"
#include "sim/word/plan.h"

/* ---- layouts ----------------------------------------------------------------------------------------------------- */

/* layouts.c: each group's layout. */
bool cf_find_layouts(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_layout **layouts);

enum cf_recognised { CF_RECOGNISED, CF_OTHER_LAYOUT, CF_NO_MEMORY };

/* recognise_rows.c, recognise_dense.c: each tries one layout on group `index`. `layout` has its storage, rows and lanes
 * set; the rest is filled where the group is recognised, and is as it was otherwise. */
enum cf_recognised cf_recognise_rows(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena,
                                     struct cf_layout *layout);
enum cf_recognised cf_recognise_dense(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena,
                                      struct cf_layout *layout);

/* recognise_squares.c: the groups that have a square form. */
bool cf_find_squares(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_square_form *const **forms);

/* dense_pack.c: weights [lanes][inputs] into the order of kernels.h. `packed` has lanes, inputs and storage set. */
bool cf_dense_pack(struct cf_arena *arena, struct cf_dense *packed, const int32_t *matrix);

/* The group that holds all nets of [first, first + count), which are one or more; CF_NONE where no one group does. */
uint32_t cf_group_of_run(const struct cf_netlist *netlist, uint64_t first, uint64_t count);

/* A growing list of instance indices; its items are freed by whoever made it. */
struct cf_index_list {
    uint32_t *items;
    uint32_t count;
    size_t capacity;
};
bool cf_index_list_add(struct cf_index_list *list, uint32_t item);
/* The list as an array of the arena; NULL when memory is out. */
const uint32_t *cf_index_list_keep(const struct cf_index_list *list, struct cf_arena *arena);

/* ---- order ------------------------------------------------------------------------------------------------------- */

/* waves.c: which groups each reads, which are fused, and in which wave each is evaluated. */
bool cf_find_order(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_order **order);

/* needs.c: the last row of the input that each row depends on. The rows of one task share the greatest need among them.
 * CF_EVERYTHING: a row whose last one is not looked for: it has exceptions, or gates that read from far and wide. */
bool cf_find_needs(const struct cf_plan *plan, struct cf_arena *arena, const uint32_t *const **needs);
#define CF_EVERYTHING UINT32_MAX

/* schedule.c: the tasks of all gates. */
bool cf_schedule_all(const struct cf_plan *plan, struct cf_schedule *schedule);

/* The steps of filling a schedule. Rows [first, end) of a group as tasks of that kind: */
bool cf_schedule_rows(struct cf_schedule *schedule, enum cf_task_kind kind, uint32_t group, uint32_t first,
                      uint32_t end);
/* Gates or exceptions [first, end) likewise: */
bool cf_schedule_gates(struct cf_schedule *schedule, enum cf_task_kind kind, uint32_t group, uint32_t first,
                       uint32_t end);
/* Rows [first, end) of a group of the general path: tasks of whole rows, unless a row is longer than a task. */
bool cf_schedule_general(const struct cf_plan *plan, struct cf_schedule *schedule, uint32_t group, uint32_t first,
                         uint32_t end);
/* Ends the current wave, and sorts its tasks by what they read: */
bool cf_schedule_end_wave(const struct cf_plan *plan, struct cf_schedule *schedule);
/* Fills in_turn by the tasks' needs, which are known of tasks that begin at whole portions of their groups; where some
 * do not, the tasks are left in waves: */
bool cf_schedule_in_turn(const struct cf_plan *plan, struct cf_schedule *schedule);
void cf_schedule_free(struct cf_schedule *schedule);

/* Rows and gates that a task covers at most. Kernels take 5 or 6 rows at a time: 30 are whole numbers of both. */
enum { CF_TASK_ROW_COUNT = 30, CF_TASK_GATE_COUNT = 1024 };

/* How many rows a task of a group covers; gates of the general path have no kernel, and are counted. */
static inline uint32_t cf_task_rows(const struct cf_layout *layout)
{
    uint32_t rows = CF_TASK_GATE_COUNT / layout->lanes;
    bool counted = layout->kind == CF_LAYOUT_GENERAL && rows < CF_TASK_ROW_COUNT;
    return !counted ? CF_TASK_ROW_COUNT : rows > 0 ? rows : 1;
}

#endif

/* schedule.c - divides the groups' work into tasks, and orders them: for several threads wave after wave, and for one
 * thread so that each task runs as soon as the input rows on which it depends have been used, while the values that it
 * reads are still in the nearest caches.
 */
#include <assert.h>
#include <stdlib.h>

#include "sim/word/passes.h"

/* ---- adding tasks ------------------------------------------------------------------------------------------------ */

static bool add_portions(struct cf_schedule *schedule, struct cf_task task, uint32_t first, uint32_t end,
                         uint32_t portion)
{
    for (; first < end; first += portion) {
        task.first = first;
        task.count = end - first < portion ? end - first : portion;
        task.wave = schedule->wave_count;
        if (!cf_array_reserve(&schedule->tasks, &schedule->task_capacity, (size_t)schedule->task_count + 1,
                              sizeof task))
            return false;
        schedule->tasks[schedule->task_count++] = task;
    }
    return true;
}

bool cf_schedule_rows(struct cf_schedule *schedule, enum cf_task_kind kind, uint32_t group, uint32_t first,
                      uint32_t end)
{
    return add_portions(schedule, (struct cf_task){.kind = kind, .group = group}, first, end, CF_TASK_ROW_COUNT);
}

bool cf_schedule_gates(struct cf_schedule *schedule, enum cf_task_kind kind, uint32_t group, uint32_t first,
                       uint32_t end)
{
    return add_portions(schedule, (struct cf_task){.kind = kind, .group = group}, first, end, CF_TASK_GATE_COUNT);
}

bool cf_schedule_general(const struct cf_plan *plan, struct cf_schedule *schedule, uint32_t group, uint32_t first,
                         uint32_t end)
{
    assert(first <= end);
    const struct cf_layout *layout = &plan->layouts[group];
    uint32_t portion = layout->lanes > CF_TASK_GATE_COUNT ? CF_TASK_GATE_COUNT : cf_task_rows(layout) * layout->lanes;
    return add_portions(schedule, (struct cf_task){.kind = CF_TASK_GATES, .group = group}, first * layout->lanes,
                        end * layout->lanes, portion);
}

/* ---- the two orders ---------------------------------------------------------------------------------------------- */

/* A task and its sort key. Tasks that read nets close together should run one after the other. */
struct place {
    uint32_t by, index;
    const struct cf_task *task;
};

static int in_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->by != y->by)
        return x->by < y->by ? -1 : 1;
    if (x->task->wave != y->task->wave)
        return x->task->wave < y->task->wave ? -1 : 1;
    if (x->task->group != y->task->group)
        return x->task->group < y->task->group ? -1 : 1;
    return x->task->first < y->task->first ? -1 : x->task->first > y->task->first;
}

/* Where in the nets the first row of the task reads, or else where the task stands in its group. */
static uint32_t place_of_sources(const struct cf_plan *plan, const struct cf_task *task)
{
    const struct cf_layout *layout = &plan->layouts[task->group];
    bool of_rows = task->kind == CF_TASK_ROWS || task->kind == CF_TASK_FUSED || task->kind == CF_TASK_DENSE;
    if (!of_rows || !layout->ports)
        return task->first;
    uint32_t base = layout->base[(size_t)task->first * layout->ports];
    return base == CF_NONE ? 0 : base;
}

static uint32_t need_of_task(const struct cf_plan *plan, const struct cf_task *task)
{
    if (task->kind == CF_TASK_EXCEPTIONS)
        return CF_EVERYTHING;
    uint32_t row = task->kind == CF_TASK_GATES ? task->first / plan->layouts[task->group].lanes : task->first;
    return plan->needs[task->group][row];
}

bool cf_schedule_end_wave(const struct cf_plan *plan, struct cf_schedule *schedule)
{
    uint32_t first = schedule->wave_count ? schedule->wave_end[schedule->wave_count - 1] : 0;
    uint32_t count = schedule->task_count - first;
    if (count == 0)
        return true; /* no empty waves */
    struct place *places = malloc(count * sizeof *places);
    struct cf_task *tasks = malloc(count * sizeof *tasks);
    bool done = places && tasks &&
                cf_array_reserve(&schedule->wave_end, &schedule->wave_capacity, (size_t)schedule->wave_count + 1,
                                 sizeof *schedule->wave_end);
    for (uint32_t i = 0; done && i < count; i++) {
        tasks[i] = schedule->tasks[first + i];
        places[i] = (struct place){place_of_sources(plan, &tasks[i]), i, &tasks[i]};
    }
    if (done) {
        qsort(places, count, sizeof *places, in_order);
        for (uint32_t i = 0; i < count; i++)
            schedule->tasks[first + i] = *places[i].task;
        schedule->wave_end[schedule->wave_count++] = schedule->task_count;
    }
    free(places);
    free(tasks);
    return done;
}

/* Whether the task begins at a whole portion of its group, so that its rows share a need. */
static bool has_need(const struct cf_plan *plan, const struct cf_task *task)
{
    const struct cf_layout *layout = &plan->layouts[task->group];
    if (task->kind == CF_TASK_EXCEPTIONS)
        return true;
    if (task->kind == CF_TASK_GATES)
        return layout->lanes > CF_TASK_GATE_COUNT || task->first % (cf_task_rows(layout) * layout->lanes) == 0;
    return task->first % CF_TASK_ROW_COUNT == 0;
}

/* The rows of one task share one need, the greatest among them. A task that reads another's rows therefore needs at
 * least as much, and stands in a later wave: sorting by need, then wave, keeps every dependency. */
bool cf_schedule_in_turn(const struct cf_plan *plan, struct cf_schedule *schedule)
{
    assert(!schedule->in_turn);
    uint32_t count = schedule->task_count;
    for (uint32_t t = 0; t < count; t++)
        if (!has_need(plan, &schedule->tasks[t]))
            return true;
    struct place *places = malloc((count + 1u) * sizeof *places);
    schedule->in_turn = malloc((count + 1u) * sizeof *schedule->in_turn);
    bool done = places && schedule->in_turn;
    for (uint32_t t = 0; done && t < count; t++)
        places[t] = (struct place){need_of_task(plan, &schedule->tasks[t]), t, &schedule->tasks[t]};
    if (done)
        qsort(places, count, sizeof *places, in_order);
    for (uint32_t t = 0; done && t < count; t++)
        schedule->in_turn[t] = places[t].index;
    free(places);
    return done;
}

void cf_schedule_free(struct cf_schedule *schedule)
{
    free(schedule->tasks);
    free(schedule->in_turn);
    free(schedule->wave_end);
}

/* ---- all gates --------------------------------------------------------------------------------------------------- */

/* Adds those tasks of a group that belong to the wave. */
static bool add_group(const struct cf_plan *plan, struct cf_schedule *schedule, uint32_t group, uint32_t wave)
{
    const struct cf_layout *layout = &plan->layouts[group];
    const struct cf_order *order = &plan->order[group];
    if (order->fused_rows != CF_NONE) /* the group of rows has the tasks, but for the exceptions */
        return wave != order->ready ||
               cf_schedule_gates(schedule, CF_TASK_EXCEPTIONS, group, 0, layout->exception_count);
    if (wave != order->wave)
        return true;
    if (layout->kind == CF_LAYOUT_GENERAL)
        return cf_schedule_general(plan, schedule, group, 0, layout->rows);
    enum cf_task_kind kind = layout->kind == CF_LAYOUT_DENSE ? CF_TASK_DENSE
                             : order->fused_dense != CF_NONE ? CF_TASK_FUSED
                                                             : CF_TASK_ROWS;
    return cf_schedule_rows(schedule, kind, group, 0, layout->rows);
}

bool cf_schedule_all(const struct cf_plan *plan, struct cf_schedule *schedule)
{
    uint32_t groups = plan->netlist->group_count, last = 0;
    for (uint32_t g = 1; g < groups; g++)
        last = plan->order[g].ready > last ? plan->order[g].ready : last;
    bool done = true;
    for (uint32_t wave = 0; done && wave <= last; wave++) {
        for (uint32_t g = 1; done && g < groups; g++)
            done = add_group(plan, schedule, g, wave);
        done = done && cf_schedule_end_wave(plan, schedule);
    }
    return done && cf_schedule_in_turn(plan, schedule);
}

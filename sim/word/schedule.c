/* schedule.c - in what order blocks run: waves of tasks that do not depend on each other. */
#include <stdlib.h>
#include <string.h>

#include "sim/word/plan_internal.h"

bool cf_schedule_add(struct cf_schedule *schedule, struct cf_task task)
{
    if (schedule->task_count == schedule->task_capacity) {
        uint32_t capacity = schedule->task_capacity ? 2 * schedule->task_capacity : 256;
        struct cf_task *more = realloc(schedule->tasks, capacity * sizeof *more);
        if (!more)
            return false;
        schedule->tasks = more;
        schedule->task_capacity = capacity;
    }
    schedule->tasks[schedule->task_count++] = task;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct cf_task *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

bool cf_schedule_end_wave(struct cf_schedule *schedule)
{
    uint32_t first = schedule->wave_count ? schedule->wave_end[schedule->wave_count - 1] : 0;
    if (first == schedule->task_count)
        return true; /* no empty waves */
    qsort(schedule->tasks + first, schedule->task_count - first, sizeof *schedule->tasks, by_key);
    uint32_t *more = realloc(schedule->wave_end, (schedule->wave_count + 1) * sizeof *more);
    if (!more)
        return false;
    schedule->wave_end = more;
    for (uint32_t t = first; t < schedule->task_count; t++)
        schedule->tasks[t].wave = schedule->wave_count;
    schedule->wave_end[schedule->wave_count++] = schedule->task_count;
    return true;
}

void cf_schedule_free(struct cf_schedule *schedule)
{
    free(schedule->tasks);
    free(schedule->in_turn);
    free(schedule->wave_end);
}

/* A dense block that reads, row by row, exactly the rows of a block of rows is computed along with it, while the
 * values are in the nearest cache. Its exceptions, which may read anything, wait for their own wave. */
static bool fusible(const struct cf_plan *plan, uint32_t dense_group)
{
    const struct cf_block *dense = &plan->blocks[dense_group];
    if (dense->kind != CF_BLOCK_DENSE)
        return false;
    const struct cf_block *source = &plan->blocks[dense->dense->source];
    uint32_t first = plan->netlist->groups[dense->dense->source].first_net;
    if (source->kind != CF_BLOCK_ROWS || source->fused != CF_NONE || source->rows != dense->rows ||
        dense->dense->packed.inputs > source->lanes)
        return false;
    for (uint32_t row = 0; row < dense->rows; row++)
        if (dense->base[row] == CF_NONE || dense->base[row] < first + row * source->lanes ||
            dense->base[row] + dense->dense->packed.inputs > first + (row + 1) * source->lanes)
            return false;
    return true;
}

/* The earliest wave in which everything that the block reads is there. */
static uint32_t wave_after_sources(const struct cf_plan *plan, uint32_t group)
{
    uint32_t wave = 0;
    for (uint32_t g = 1; g < group; g++)
        if (plan->blocks[group].reads[g] && plan->blocks[g].ready + 1 > wave)
            wave = plan->blocks[g].ready + 1;
    return wave;
}

static void find_waves(struct cf_plan *plan)
{
    for (uint32_t g = 1; g < plan->netlist->group_count; g++) {
        struct cf_block *block = &plan->blocks[g];
        block->ready = wave_after_sources(plan, g);
        block->wave = block->ready;
        if (fusible(plan, g)) {
            plan->blocks[block->dense->source].fused = g;
            block->in_fused = true;
            block->wave = plan->blocks[block->dense->source].wave;
            if (block->exception_count == 0)
                block->ready = block->wave;
        }
    }
}

/* Where in the nets a row reads: what is near in memory is run in turn. */
static uint64_t row_key(const struct cf_block *block, uint32_t row)
{
    uint32_t base = block->base[(size_t)row * block->ports];
    return base == CF_NONE ? 0 : base;
}

static bool add_rows(struct cf_schedule *schedule, const struct cf_block *block, uint32_t group)
{
    enum cf_task_kind kind = block->kind == CF_BLOCK_DENSE ? CF_TASK_DENSE
                             : block->fused != CF_NONE     ? CF_TASK_FUSED
                                                           : CF_TASK_ROWS;
    for (uint32_t row = 0; row < block->rows; row += CF_TASK_ROW_COUNT) {
        uint32_t left = block->rows - row;
        struct cf_task task = {.kind = kind,
                               .group = group,
                               .first = row,
                               .count = left < CF_TASK_ROW_COUNT ? left : CF_TASK_ROW_COUNT,
                               .key = row_key(block, row)};
        if (!cf_schedule_add(schedule, task))
            return false;
    }
    return true;
}

static bool add_portions(struct cf_schedule *schedule, enum cf_task_kind kind, uint32_t group, uint32_t count)
{
    for (uint32_t first = 0; first < count; first += CF_TASK_GATE_COUNT) {
        uint32_t left = count - first;
        struct cf_task task = {.kind = kind,
                               .group = group,
                               .first = first,
                               .count = left < CF_TASK_GATE_COUNT ? left : CF_TASK_GATE_COUNT,
                               .key = first};
        if (!cf_schedule_add(schedule, task))
            return false;
    }
    return true;
}

static bool add_block(struct cf_plan *plan, uint32_t group, uint32_t wave)
{
    const struct cf_block *block = &plan->blocks[group];
    if (block->kind == CF_BLOCK_GENERAL)
        return wave != block->wave ||
               add_portions(&plan->all, CF_TASK_GATES, group, plan->netlist->groups[group].count);
    if (block->in_fused)
        return wave != block->ready || block->exception_count == 0 ||
               add_portions(&plan->all, CF_TASK_EXCEPTIONS, group, block->exception_count);
    return wave != block->wave || add_rows(&plan->all, block, group);
}

bool cf_schedule_all(struct cf_plan *plan)
{
    uint32_t last = 0;
    find_waves(plan);
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        last = plan->blocks[g].ready > last ? plan->blocks[g].ready : last;
    bool done = true;
    for (uint32_t wave = 0; done && wave <= last; wave++) {
        for (uint32_t g = 1; done && g < plan->netlist->group_count; g++)
            done = add_block(plan, g, wave);
        done = done && cf_schedule_end_wave(&plan->all);
    }
    return done && cf_find_needs(plan) && cf_schedule_in_turn(plan, &plan->all, true);
}

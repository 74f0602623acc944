/* order.c - the order of tasks for one thread: each as soon as the rows of the input that it depends on are through,
 * while what it reads is still in the nearest caches.
 *
 * The rows of one task share one `need`, the greatest among them. A task that reads another's rows therefore needs at
 * least as much, and stands in a later wave: ordering by need, then wave, keeps every dependency.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/plan_internal.h"

/* The greatest need among the rows that hold `count` nets from `first`, all of one group. */
static uint32_t need_of_run(const struct cf_plan *plan, uint32_t group, uint32_t first, uint32_t count)
{
    const struct cf_block *block = &plan->blocks[group];
    uint32_t at = first - plan->netlist->groups[group].first_net, need = 0;
    for (uint32_t row = at / block->lanes; row <= (at + count - 1) / block->lanes; row++)
        need = block->need[row] > need ? block->need[row] : need;
    return need;
}

static uint32_t need_of_row(const struct cf_plan *plan, const struct cf_block *block, uint32_t row)
{
    uint32_t need = 0;
    if (block->kind == CF_BLOCK_INPUT)
        return row;
    if (block->kind == CF_BLOCK_DENSE && block->base[row] != CF_NONE)
        return need_of_run(plan, block->dense->source, block->base[row], block->dense->packed.inputs);
    if (block->kind != CF_BLOCK_ROWS || block->pattern_of[row] == CF_NONE)
        return CF_EVERYTHING;
    const struct cf_row_pattern *pattern = &block->patterns[block->pattern_of[row]];
    for (uint32_t t = 0; t < pattern->term_count && need != CF_EVERYTHING; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t first = block->base[(size_t)row * block->ports + term->port] + term->offset;
        uint32_t of_term = need_of_run(plan, pattern->source[term->port], first, block->lanes);
        need = of_term > need ? of_term : need;
    }
    return need;
}

/* Gives all rows of a task the greatest need among them. */
static void share_need(struct cf_block *block)
{
    for (uint32_t first = 0; first < block->rows; first += CF_TASK_ROW_COUNT) {
        uint32_t end = block->rows - first < CF_TASK_ROW_COUNT ? block->rows : first + CF_TASK_ROW_COUNT, need = 0;
        for (uint32_t row = first; row < end; row++)
            need = block->need[row] > need ? block->need[row] : need;
        for (uint32_t row = first; row < end; row++)
            block->need[row] = need;
    }
}

bool cf_find_needs(struct cf_plan *plan)
{
    for (uint32_t g = 0; g < plan->netlist->group_count; g++) {
        struct cf_block *block = &plan->blocks[g];
        block->need = cf_arena_alloc(&plan->arena, block->rows, sizeof *block->need);
        if (!block->need)
            return false;
        for (uint32_t row = 0; row < block->rows; row++)
            block->need[row] = need_of_row(plan, block, row);
        /* Exceptions may read anything. */
        for (uint32_t i = 0; i < block->exception_count; i++)
            block->need[block->exceptions[i] / block->lanes] = CF_EVERYTHING;
        share_need(block);
    }
    return true;
}

static int by_need(const void *a, const void *b)
{
    const struct cf_task *x = a, *y = b;
    if (x->need != y->need)
        return x->need < y->need ? -1 : 1;
    if (x->wave != y->wave)
        return x->wave < y->wave ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

bool cf_schedule_in_turn(const struct cf_plan *plan, struct cf_schedule *schedule)
{
    schedule->in_turn = malloc((schedule->task_count + 1u) * sizeof *schedule->in_turn);
    if (!schedule->in_turn)
        return false;
    for (uint32_t t = 0; t < schedule->task_count; t++) {
        struct cf_task *task = &schedule->in_turn[t];
        *task = schedule->tasks[t];
        bool gates = task->kind == CF_TASK_GATES || task->kind == CF_TASK_EXCEPTIONS;
        task->need = gates ? CF_EVERYTHING : plan->blocks[task->group].need[task->first];
    }
    qsort(schedule->in_turn, schedule->task_count, sizeof *schedule->in_turn, by_need);
    cf_find_ahead(schedule->in_turn, schedule->task_count);
    return true;
}

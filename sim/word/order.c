/* order.c - the order of tasks for one thread: each as soon as the rows of the input that it depends on are through,
 * while what it reads is still in the nearest caches.
 *
 * The rows of one task share one `need`, the greatest among them. A task that reads another's rows therefore needs at
 * least as much, and stands in a later wave: ordering by need, then wave, keeps every dependency.
 *
 * Products keep the multipliers busy, and rows of gates everything else; so the rows that come after a product in turn
 * and do not depend on it may run along with it. Here it is found which ones may; engine_jobs.c shares them out.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/word/plan_internal.h"

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

/* ---- in turn ---------------------------------------------------------------------------------------------------- */

static int by_need(const void *a, const void *b)
{
    const struct cf_task *x = *(struct cf_task *const *)a, *y = *(struct cf_task *const *)b;
    if (x->need != y->need)
        return x->need < y->need ? -1 : 1;
    if (x->wave != y->wave)
        return x->wave < y->wave ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Sums of classified input follow upon the products that they come from. To run beside products, they wait for the next
 * few: so many rows. */
enum { WAIT = 4 * CF_TASK_ROW_COUNT };

static uint32_t need_of_task(const struct cf_plan *plan, const struct cf_task *task)
{
    if (task->kind == CF_TASK_GATES || task->kind == CF_TASK_EXCEPTIONS)
        return CF_EVERYTHING;
    uint32_t need = plan->blocks[task->group].need[task->first];
    bool waits = task->kind == CF_TASK_POOL || task->kind == CF_TASK_DECIDE;
    return waits && need < CF_EVERYTHING - WAIT ? need + WAIT : need;
}

static bool has_exceptions(const struct cf_block *block, const struct cf_task *task)
{
    uint64_t first = (uint64_t)task->first * block->lanes;
    return cf_exceptions_from(block, first) < cf_exceptions_from(block, first + (uint64_t)task->count * block->lanes);
}

enum { FURTHEST = 64 }; /* tasks on that may run beside a product: what is run too early is far away when it is read */

/* The groups that products write, from the one in question on. */
struct unfinished {
    uint32_t groups[FURTHEST + 1], count;
};

static void note_product(const struct cf_plan *plan, const struct cf_task *task, struct unfinished *unfinished)
{
    if (cf_task_multiplies(task))
        unfinished->groups[unfinished->count++] =
            task->kind == CF_TASK_FUSED ? plan->blocks[task->group].fused : task->group;
}

/* True when the jobs of `task` may run while `product`, which comes before it, multiplies. */
static bool may_run_beside(const struct cf_plan *plan, const struct cf_task *product,
                           const struct unfinished *unfinished, const struct cf_task *task)
{
    const struct cf_block *block = &plan->blocks[task->group];
    switch (task->kind) {
    case CF_TASK_ROWS:
    case CF_TASK_FUSED:
        for (uint32_t i = 0; i < unfinished->count; i++)
            if (block->reads[unfinished->groups[i]])
                return false;
        return !has_exceptions(block, task);
    case CF_TASK_POOL:
    case CF_TASK_DECIDE: /* products come in the order of the rows that they multiply */
        return task->need < product->first + WAIT;
    case CF_TASK_DENSE:
    case CF_TASK_PRODUCT:
        return true; /* it has no jobs */
    default:
        return false; /* its gates may read anything, and be read by what comes after it */
    }
}

static void find_beside(const struct cf_plan *plan, struct cf_schedule *schedule)
{
    for (uint32_t t = 0; t < schedule->task_count; t++) {
        struct cf_task *product = schedule->in_turn[t];
        struct unfinished unfinished = {.count = 0};
        uint32_t u = t + 1, end = schedule->task_count - u < FURTHEST ? schedule->task_count : u + FURTHEST;
        note_product(plan, product, &unfinished);
        while (unfinished.count && u < end && may_run_beside(plan, product, &unfinished, schedule->in_turn[u]))
            note_product(plan, schedule->in_turn[u++], &unfinished);
        product->beside = u;
    }
}

bool cf_schedule_in_turn(const struct cf_plan *plan, struct cf_schedule *schedule, bool needs)
{
    schedule->in_turn = malloc((schedule->task_count + 1u) * sizeof *schedule->in_turn);
    if (!schedule->in_turn)
        return false;
    for (uint32_t t = 0; t < schedule->task_count; t++) {
        schedule->in_turn[t] = &schedule->tasks[t];
        schedule->tasks[t].need = needs ? need_of_task(plan, &schedule->tasks[t]) : 0;
    }
    if (needs)
        qsort(schedule->in_turn, schedule->task_count, sizeof(struct cf_task *), by_need);
    for (uint32_t t = 0; t < schedule->task_count; t++)
        schedule->in_turn[t]->turn = t;
    find_beside(plan, schedule);
    return true;
}

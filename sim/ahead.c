/* ahead.c - what to fetch from memory while a task multiplies, for the tasks after it.
 *
 * Pools and subtracts do little with what they read and write, and would wait for memory; the products between them
 * wait for nothing. So while a product runs, the next tasks' share of the input and the places of their results are
 * fetched. In turn (order.c) the input is gone through from its first row to its last, and every task says how far it
 * has to be there: of the rows that the tasks of the next `need` read first, each product before them fetches a part.
 */
#include "sim/engine_internal.h"
#include "sim/plan_internal.h"

/* ---- planning: the input ---------------------------------------------------------------------------------------- */

/* Rows [from, to) of the input, shared among the products in [first, end). */
static void share_rows(struct cf_task *first, const struct cf_task *end, uint32_t from, uint32_t to)
{
    uint32_t sharers = 0, shared = 0;
    for (const struct cf_task *task = first; task < end; task++)
        sharers += cf_task_multiplies(task);
    for (struct cf_task *task = first; task < end; task++) {
        if (!cf_task_multiplies(task))
            continue;
        uint64_t rows = to - from;
        task->ahead_first = from + (uint32_t)(rows * shared / sharers);
        shared++;
        task->ahead_count = from + (uint32_t)(rows * shared / sharers) - task->ahead_first;
    }
}

void cf_find_ahead(struct cf_task *tasks, uint32_t count)
{
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && tasks[end].need == tasks[first].need; end++)
            ;
        if (end < count && tasks[end].need != CF_EVERYTHING)
            share_rows(tasks + first, tasks + end, tasks[first].need + 1, tasks[end].need + 1);
    }
}

/* ---- running: the input and the results -------------------------------------------------------------------------- */

static void add_range(struct cf_ahead *ahead, const void *at, size_t bytes, bool write)
{
    if (ahead->count < CF_AHEAD_RANGES && bytes)
        ahead->ranges[ahead->count++] = (struct cf_ahead_range){at, (const char *)at + bytes, write};
}

static void add_values(const struct cf_workspace *w, struct cf_ahead *ahead, uint32_t group, uint32_t first,
                       uint32_t count, bool write)
{
    const struct cf_block *block = &w->plan->blocks[group];
    size_t row = block->lanes * cf_lane_size(block->lane);
    if (w->values[group])
        add_range(ahead, (const char *)w->values[group] + first * row, count * row, write);
}

static void add_sums(const struct cf_workspace *w, struct cf_ahead *ahead, const struct cf_task *task)
{
    for (uint32_t f = 0; f < w->plan->linear->family_count; f++) {
        size_t lanes = w->plan->linear->families[f].packed.padded_lanes;
        if (w->sums[f][task->group])
            add_range(ahead, w->sums[f][task->group] + task->first * lanes, task->count * lanes * sizeof(int32_t),
                      true);
    }
}

/* What a task writes. Gates one by one take so long that their memory does not matter. */
static void add_results(const struct cf_workspace *w, struct cf_ahead *ahead, const struct cf_task *task)
{
    switch (task->kind) {
    case CF_TASK_PRODUCT:
    case CF_TASK_POOL:
        add_sums(w, ahead, task);
        break;
    case CF_TASK_FUSED:
        add_values(w, ahead, w->plan->blocks[task->group].fused, task->first, task->count, true);
        /* fall through */
    case CF_TASK_ROWS:
    case CF_TASK_DENSE:
    case CF_TASK_DECIDE:
        add_values(w, ahead, task->group, task->first, task->count, true);
        break;
    default:
        break;
    }
}

void cf_look_ahead(const struct cf_workspace *w, struct cf_ahead *ahead, const struct cf_task *task,
                   const struct cf_task *end)
{
    enum { MOST_LINES = 4096 }; /* a quarter of a megabyte: what is fetched is to stay until it is used */
    ahead->count = ahead->next = 0;
    add_values(w, ahead, CF_INPUT, task->ahead_first, task->ahead_count, false);
    for (const struct cf_task *later = task + 1; later < end; later++) {
        add_results(w, ahead, later);
        if (cf_task_multiplies(later))
            break; /* it will look ahead for those after it */
    }
    size_t lines = 0;
    for (uint32_t i = 0; i < ahead->count; i++)
        lines += (size_t)(ahead->ranges[i].end - ahead->ranges[i].at) / CF_CACHE_LINE + 1;
    lines = lines < MOST_LINES ? lines : MOST_LINES;
    ahead->pace = (uint32_t)(lines + task->count - 1) / task->count;
}

/* engine.c - the tasks of a plan, wave after wave. */
#include "sim/word/engine.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "sim/word/engine_internal.h"

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static bool alloc_scratch(struct cf_workspace *w, struct cf_scratch *scratch)
{
    const struct cf_plan *plan = w->plan;
    size_t lanes = plan->max_padded_lanes, inputs = plan->max_padded_inputs;
    scratch->sums = cf_arena_alloc(&w->arena, CF_DENSE_ROWS * lanes, sizeof *scratch->sums);
    scratch->operands = cf_arena_alloc(&w->arena, CF_DENSE_ROWS * (inputs + 2), sizeof *scratch->operands);
    scratch->high_sums = cf_arena_alloc(&w->arena, CF_DENSE_ROWS * lanes, sizeof *scratch->high_sums);
    return scratch->sums && scratch->operands && scratch->high_sums;
}

static bool stores(const struct cf_plan *plan, uint32_t group)
{
    return !plan->linear || plan->linear->whole || group == CF_INPUT || plan->linear->stored[group];
}

static bool alloc_sums(struct cf_workspace *w)
{
    const struct cf_linear *linear = w->plan->linear;
    uint32_t groups = w->plan->netlist->group_count;
    if (!linear || linear->whole)
        return true;
    w->sums = cf_arena_alloc(&w->arena, linear->family_count, sizeof *w->sums);
    for (uint32_t f = 0; w->sums && f < linear->family_count; f++) {
        const struct cf_family *family = &linear->families[f];
        w->sums[f] = cf_arena_alloc(&w->arena, groups, sizeof **w->sums);
        for (uint32_t g = 0; w->sums[f] && g < groups; g++)
            if (family->live && family->summed[g] &&
                !(w->sums[f][g] = cf_arena_alloc(
                      &w->arena, (size_t)w->plan->blocks[g].rows * family->packed.padded_lanes, sizeof ***w->sums)))
                return false;
        if (!w->sums[f])
            return false;
    }
    return w->sums != NULL;
}

/* Bytes of a group's values, up to the next cache line. Fewer than 2^31 nets of 8 bytes: nothing overflows. */
static size_t value_bytes(const struct cf_plan *plan, uint32_t group)
{
    size_t bytes = plan->netlist->groups[group].count * cf_storage_size(plan->blocks[group].lane);
    return (bytes + CF_CACHE_LINE - 1) / CF_CACHE_LINE * CF_CACHE_LINE;
}

static bool make_jobs(struct cf_workspace *w)
{
    const struct cf_plan *plan = w->plan;
    if (!plan->linear || plan->linear->whole)
        return cf_jobs_make(w, &plan->all, &w->all);
    return cf_jobs_make(w, &plan->linear->fast, &w->fast) && cf_jobs_make(w, &plan->linear->exact, &w->exact);
}

/* All values in one piece of memory, just as large as they are: asked for group by group they would leave the ends of
 * several huge pages unused. */
static bool alloc_values(struct cf_workspace *w)
{
    uint32_t groups = w->plan->netlist->group_count;
    size_t bytes = 0;
    for (uint32_t g = 0; g < groups; g++)
        bytes += stores(w->plan, g) ? value_bytes(w->plan, g) : 0;
    w->values = cf_arena_alloc(&w->arena, groups, sizeof *w->values);
    char *at = cf_arena_alloc(&w->arena, bytes, 1);
    for (uint32_t g = 0; w->values && at && g < groups; g++)
        if (stores(w->plan, g)) {
            w->values[g] = at;
            at += value_bytes(w->plan, g);
        }
    return w->values && at;
}

struct cf_workspace *cf_workspace_new(const struct cf_plan *plan, int threads, struct cf_error *err)
{
    struct cf_workspace *w = calloc(1, sizeof *w);
    bool done = w != NULL;
    if (done) {
        w->plan = plan;
        w->threads = threads < 1 ? 1 : threads;
        w->scratch = cf_arena_alloc(&w->arena, (size_t)w->threads, sizeof *w->scratch);
        done = w->scratch && alloc_values(w) && alloc_sums(w) && make_jobs(w);
        w->frame_bytes = w->arena.bytes;
    }
    for (int t = 0; done && t < w->threads; t++)
        done = alloc_scratch(w, &w->scratch[t]);
    if (!done) {
        cf_workspace_free(w);
        cf_fail(err, "%s: out of memory", plan->netlist->label);
        return NULL;
    }
    return w;
}

void cf_workspace_free(struct cf_workspace *workspace)
{
    if (!workspace)
        return;
    cf_arena_free(&workspace->arena);
    free(workspace);
}

size_t cf_workspace_frame_bytes(const struct cf_workspace *workspace)
{
    return workspace->frame_bytes;
}

void *cf_workspace_input(struct cf_workspace *workspace)
{
    return workspace->values[CF_INPUT];
}

const void *cf_workspace_values(const struct cf_workspace *workspace, uint32_t group)
{
    bool whole = !workspace->plan->linear || workspace->plan->linear->whole || group == CF_INPUT ||
                 workspace->plan->netlist->groups[group].output;
    return whole ? workspace->values[group] : NULL;
}

void cf_workspace_put(struct cf_workspace *workspace, uint32_t group, uint32_t index, int64_t value)
{
    cf_storage_put(workspace->values[group], workspace->plan->blocks[group].lane, index, value);
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static void run_jobs(const struct cf_workspace *w, const struct cf_jobs *jobs, uint32_t first, uint32_t end)
{
    for (uint32_t j = first; j < end; j++)
        w->plan->kernels->row(&jobs->items[j]);
}

/* The exceptions among gates [first, end). */
static void run_exceptions(const struct cf_workspace *w, uint32_t group, uint32_t first, uint32_t end)
{
    const struct cf_block *block = &w->plan->blocks[group];
    for (uint32_t i = cf_exceptions_from(block, first); i < block->exception_count && block->exceptions[i] < end; i++)
        cf_run_gate(w, group, block->exceptions[i]);
}

/* ---- dense ----------------------------------------------------------------------------------------------------- */

/* Copies rows of operands to the packed lane, padded with zeros to the packed length. */
static void widen(struct cf_scratch *scratch, const struct cf_dense *packed, enum cf_storage stored, uint32_t count)
{
    size_t size = cf_storage_size(packed->lane);
    for (uint32_t r = 0; r < count; r++) {
        char *out = (char *)scratch->operands + (size_t)r * packed->padded_inputs * size;
        if (stored == packed->lane) {
            memcpy(out, scratch->rows[r], packed->inputs * size);
        } else {
            for (uint32_t k = 0; k < packed->inputs; k++)
                cf_storage_put(out, packed->lane, k, cf_storage_get(scratch->rows[r], stored, k));
        }
        memset(out + packed->inputs * size, 0, (packed->padded_inputs - packed->inputs) * size);
        scratch->rows[r] = out;
    }
}

/* Rows as two digits: the sum is (high digits' sum) * 2^16 + (low digits' sum), modulo 2^32. */
static void run_split(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_dense *packed,
                      uint32_t count, const int32_t *start, int32_t *sums)
{
    const struct cf_kernels *kernels = w->plan->kernels;
    int16_t *low = (int16_t *)(void *)scratch->operands, *high = low + (size_t)CF_DENSE_ROWS * packed->padded_inputs;
    int32_t *high_sums = scratch->high_sums;
    size_t values = (size_t)count * packed->padded_lanes;
    const int16_t *low_rows[CF_DENSE_ROWS], *high_rows[CF_DENSE_ROWS];
    for (uint32_t r = 0; r < count; r++) {
        int16_t *row_low = low + (size_t)r * packed->padded_inputs, *row_high = high + (row_low - low);
        kernels->split(scratch->rows[r], packed->inputs, row_low, row_high);
        for (uint32_t k = packed->inputs; k < packed->padded_inputs; k++)
            row_low[k] = row_high[k] = 0;
        low_rows[r] = row_low;
        high_rows[r] = row_high;
    }
    kernels->dense16(packed, high_rows, count, NULL, high_sums, NULL);
    kernels->dense16(packed, low_rows, count, start, sums, &scratch->beside);
    for (size_t i = 0; i < values; i++)
        sums[i] = (int32_t)((uint32_t)sums[i] + ((uint32_t)high_sums[i] << 16));
}

/* Adds `count` rows of operands (scratch->rows) times the packed weights to `start`; both it and the sums, which may be
 * scratch->sums, have 32 bits (64 where the packed lane is CF_STORE32). `stored` is the lane the operands have in
 * memory. */
static void run_dense(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_dense *packed,
                      enum cf_operands operands, enum cf_storage stored, uint32_t count, const void *start, void *sums)
{
    const struct cf_kernels *kernels = w->plan->kernels;
    if (operands == CF_OPERANDS_SPLIT) {
        run_split(w, scratch, packed, count, start, sums);
        return;
    }
    if (operands == CF_OPERANDS_WIDEN)
        widen(scratch, packed, stored, count);
    if (packed->lane == CF_STORE8)
        kernels->dense8(packed, (const int8_t *const *)scratch->rows, count, start, sums, &scratch->beside);
    else if (packed->lane == CF_STORE16)
        kernels->dense16(packed, (const int16_t *const *)scratch->rows, count, start, sums, &scratch->beside);
    else
        kernels->dense32(packed, (const int32_t *const *)scratch->rows, count, start, sums);
}

static void finish_row(const struct cf_workspace *w, const struct cf_scratch *scratch, uint32_t group, uint32_t row,
                       uint32_t at)
{
    const struct cf_block *block = &w->plan->blocks[group];
    const struct cf_dense_form *form = block->dense;
    char *out = (char *)w->values[group] + (size_t)row * block->lanes * cf_storage_size(block->lane);
    const int32_t *narrow = (const int32_t *)(const void *)scratch->sums;
    if (form->sums == CF_STORE32) {
        w->plan->kernels->finish(narrow + (size_t)at * form->packed.padded_lanes, block->lanes, form->step, block->lane,
                                 out);
        return;
    }
    for (uint32_t l = 0; l < block->lanes; l++) {
        int64_t sum = scratch->sums[(size_t)at * form->packed.padded_lanes + l];
        cf_storage_put(out, block->lane, l, form->step ? sum >= 0 : sum);
    }
}

/* Rows of a dense block that have the pattern, up to CF_DENSE_ROWS at once. */
static void run_dense_rows(const struct cf_workspace *w, struct cf_scratch *scratch, uint32_t group, uint32_t first,
                           uint32_t count)
{
    const struct cf_block *block = &w->plan->blocks[group];
    const struct cf_dense_form *form = block->dense;
    uint32_t taken[CF_DENSE_ROWS], n = 0;
    for (uint32_t row = first; row < first + count; row++)
        if (block->base[row] != CF_NONE) {
            scratch->rows[n] = cf_net_at(w, form->source, block->base[row]);
            taken[n++] = row;
        }
    const void *start = form->sums == CF_STORE64 ? (const void *)form->bias : form->narrow_bias;
    if (n)
        run_dense(w, scratch, &form->packed, form->operands, w->plan->blocks[form->source].lane, n, start,
                  scratch->sums);
    for (uint32_t i = 0; i < n; i++)
        finish_row(w, scratch, group, taken[i], i);
}

/* Rows of the input times every family's weights, where their sums are kept. */
static void run_product(const struct cf_workspace *w, struct cf_scratch *scratch, uint32_t first, uint32_t count)
{
    const struct cf_linear *linear = w->plan->linear;
    for (uint32_t f = 0; f < linear->family_count; f++) {
        const struct cf_family *family = &linear->families[f];
        if (!family->live || !family->summed[CF_INPUT])
            continue;
        size_t lanes = family->packed.padded_lanes;
        int32_t *sums = w->sums[f][CF_INPUT] + first * lanes;
        for (uint32_t r = 0; r < count; r++)
            scratch->rows[r] = cf_row_at(w, CF_INPUT, first + r);
        run_dense(w, scratch, &family->packed, family->operands, w->plan->blocks[CF_INPUT].lane, count, NULL, sums);
    }
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

/* What a task does when its jobs are done. */
static void run_task(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_task *task)
{
    const struct cf_block *block = &w->plan->blocks[task->group];
    switch (task->kind) {
    case CF_TASK_ROWS:
        run_exceptions(w, task->group, task->first * block->lanes, (task->first + task->count) * block->lanes);
        break;
    case CF_TASK_FUSED:
        run_exceptions(w, task->group, task->first * block->lanes, (task->first + task->count) * block->lanes);
        run_dense_rows(w, scratch, block->fused, task->first, task->count);
        break;
    case CF_TASK_DENSE:
        run_dense_rows(w, scratch, task->group, task->first, task->count);
        run_exceptions(w, task->group, task->first * block->lanes, (task->first + task->count) * block->lanes);
        break;
    case CF_TASK_EXCEPTIONS:
        for (uint32_t i = 0; i < task->count; i++)
            cf_run_gate(w, task->group, block->exceptions[task->first + i]);
        break;
    case CF_TASK_GATES:
        for (uint32_t i = 0; i < task->count; i++)
            cf_run_gate(w, task->group, task->first + i);
        break;
    case CF_TASK_PRODUCT:
        run_product(w, scratch, task->first, task->count);
        break;
    case CF_TASK_POOL:
    case CF_TASK_DECIDE:
        break;
    }
}

/* In turn. Jobs before `done` are done; of those that a product's kernel leaves, one in part, each waits for the next
 * product, or until its own task comes. */
static void run_alone(struct cf_workspace *w, const struct cf_schedule *schedule, const struct cf_jobs *jobs)
{
    struct cf_scratch *scratch = &w->scratch[0];
    struct cf_beside *beside = &scratch->beside;
    uint32_t done = 0;
    for (uint32_t t = 0; t < schedule->task_count; t++) {
        uint32_t own = jobs->start[t + 1];
        if (done < own) {
            run_jobs(w, jobs, done, own);
            *beside = (struct cf_beside){0};
            done = own;
        }
        beside->job = jobs->items + done;
        beside->end = jobs->items + jobs->beside[t];
        beside->work = jobs->work[jobs->beside[t]] - jobs->work[done];
        run_task(w, scratch, schedule->in_turn[t]);
        done = (uint32_t)(beside->job - jobs->items);
    }
}

/* The end of each loop is a barrier: the next wave reads what this one wrote. */
static void run_together(struct cf_workspace *w, const struct cf_schedule *schedule, const struct cf_jobs *jobs)
{
#pragma omp parallel num_threads(w->threads)
    {
        struct cf_scratch *scratch = &w->scratch[omp_get_thread_num()];
        for (uint32_t wave = 0; wave < schedule->wave_count; wave++) {
            uint32_t first = wave ? schedule->wave_end[wave - 1] : 0;
#pragma omp for schedule(dynamic)
            for (uint32_t t = first; t < schedule->wave_end[wave]; t++) {
                uint32_t turn = schedule->tasks[t].turn;
                run_jobs(w, jobs, jobs->start[turn], jobs->start[turn + 1]);
                run_task(w, scratch, &schedule->tasks[t]);
            }
        }
    }
}

static void run_schedule(struct cf_workspace *w, const struct cf_schedule *schedule, const struct cf_jobs *jobs)
{
    if (w->threads == 1)
        run_alone(w, schedule, jobs);
    else
        run_together(w, schedule, jobs);
}

void cf_run(struct cf_workspace *workspace)
{
    const struct cf_plan *plan = workspace->plan;
    if (!plan->linear || plan->linear->whole) {
        run_schedule(workspace, &plan->all, &workspace->all);
        return;
    }
    run_schedule(workspace, &plan->linear->fast, &workspace->fast);
    run_schedule(workspace, &plan->linear->exact, &workspace->exact);
}

/* engine.c - runs the tasks of a plan on one frame: for one thread in turn, for several wave after wave. */
#include "sim/word/engine.h"

#include <assert.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "sim/word/passes.h"
#include "sim/word/workspace.h"

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* The sizes of the largest dense products of a plan. */
struct sizes {
    size_t lanes, inputs; /* padded */
    size_t passing;       /* bytes of the longest row that passes */
};

static void grow(struct sizes *sizes, const struct cf_dense *packed)
{
    sizes->lanes = packed->padded_lanes > sizes->lanes ? packed->padded_lanes : sizes->lanes;
    sizes->inputs = packed->padded_inputs > sizes->inputs ? packed->padded_inputs : sizes->inputs;
}

static struct sizes largest_products(const struct cf_plan *plan)
{
    struct sizes sizes = {0, 0, 0};
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        if (plan->layouts[g].kind == CF_LAYOUT_DENSE)
            grow(&sizes, &plan->layouts[g].dense->packed);
    for (uint32_t f = 0; plan->linear && f < plan->linear->family_count; f++)
        grow(&sizes, &plan->linear->families[f].packed);
    for (uint32_t g = 1; plan->linear && g < plan->netlist->group_count; g++)
        if (plan->linear->exact.bundles[g].passing) {
            size_t bytes = plan->layouts[g].lanes * cf_storage_size(plan->layouts[g].storage);
            sizes.passing = bytes > sizes.passing ? bytes : sizes.passing;
        }
    return sizes;
}

static bool alloc_scratch(struct cf_workspace *w, struct cf_scratch *scratch, struct sizes sizes)
{
    scratch->sums = cf_arena_alloc(&w->arena, CF_DENSE_ROWS * sizes.lanes, sizeof *scratch->sums);
    scratch->operands = cf_arena_alloc(&w->arena, CF_DENSE_ROWS * (sizes.inputs + 2), sizeof *scratch->operands);
    scratch->high_sums = cf_arena_alloc(&w->arena, CF_DENSE_ROWS * sizes.lanes, sizeof *scratch->high_sums);
    scratch->passing = cf_arena_alloc(&w->arena, CF_TASK_ROW_COUNT * sizes.passing, 1);
    scratch->joint_sums = cf_arena_alloc(&w->arena, (size_t)CF_DENSE_ROWS * CF_PANEL, sizeof *scratch->joint_sums);
    scratch->passing_group = CF_NONE;
    return scratch->sums && scratch->operands && scratch->high_sums && scratch->passing && scratch->joint_sums;
}

/* Whether the decisions alone are computed, from the classified input. */
static bool runs_linear(const struct cf_plan *plan)
{
    return plan->linear && !plan->linear->whole;
}

static bool stores(const struct cf_plan *plan, uint32_t group)
{
    return !runs_linear(plan) || group == CF_INPUT || plan->linear->exact.stored[group];
}

static bool alloc_sums(struct cf_workspace *w)
{
    const struct cf_linear *linear = w->plan->linear;
    uint32_t groups = w->plan->netlist->group_count;
    if (!runs_linear(w->plan))
        return true;
    w->sums = cf_arena_alloc(&w->arena, linear->family_count, sizeof *w->sums);
    bool done = w->sums != NULL;
    for (uint32_t f = 0; done && f < linear->family_count; f++) {
        size_t lanes = linear->families[f].packed.padded_lanes;
        w->sums[f] = cf_arena_alloc(&w->arena, groups, sizeof **w->sums);
        done = w->sums[f] != NULL;
        for (uint32_t g = 0; done && g < groups; g++)
            if (linear->summed[f][g]) {
                w->sums[f][g] = cf_arena_alloc(&w->arena, w->plan->layouts[g].rows * lanes, sizeof ***w->sums);
                done = w->sums[f][g] != NULL;
            }
    }
    return done;
}

/* Bytes of a group's values, up to the next cache line. Fewer than 2^31 nets of 8 bytes: nothing overflows. */
static size_t value_bytes(const struct cf_plan *plan, uint32_t group)
{
    size_t bytes = plan->netlist->groups[group].count * cf_storage_size(plan->layouts[group].storage);
    return (bytes + CF_CACHE_LINE - 1) / CF_CACHE_LINE * CF_CACHE_LINE;
}

static const struct cf_schedule *schedule_of(const struct cf_plan *plan)
{
    return runs_linear(plan) ? &plan->linear->schedule : &plan->all;
}

/* Takes one piece of memory for all values, just as large as they are: allocated group by group, they would leave the
 * ends of several huge pages unused. */
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
    assert(plan);
    struct cf_workspace *w = calloc(1, sizeof *w);
    bool done = w != NULL;
    if (done) {
        w->plan = plan;
        w->threads = threads < 1 ? 1 : threads;
        w->scratch = cf_arena_alloc(&w->arena, (size_t)w->threads, sizeof *w->scratch);
        done = w->scratch && alloc_values(w) && alloc_sums(w) && cf_jobs_make(w, schedule_of(plan), &w->jobs);
        w->frame_bytes = w->arena.bytes;
    }
    struct sizes sizes = largest_products(plan);
    for (int t = 0; done && t < w->threads; t++)
        done = alloc_scratch(w, &w->scratch[t], sizes);
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
    assert(group < workspace->plan->netlist->group_count);
    bool whole = !runs_linear(workspace->plan) || group == CF_INPUT || workspace->plan->netlist->groups[group].output;
    return whole ? workspace->values[group] : NULL;
}

void cf_workspace_put(struct cf_workspace *workspace, uint32_t group, uint32_t index, int64_t value)
{
    assert(workspace->values[group] && index < workspace->plan->netlist->groups[group].count);
    cf_storage_put(workspace->values[group], workspace->plan->layouts[group].storage, index, value);
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

/* Evaluates the rows that are jobs of task `t`. */
static void run_jobs(const struct cf_jobs *jobs, uint32_t t)
{
    for (uint32_t j = jobs->first[t]; j < jobs->end[t]; j++)
        jobs->items[j].loop(&jobs->items[j]);
}

/* Evaluates the exceptions in rows [first, first + count). */
static void run_exceptions(const struct cf_workspace *w, uint32_t group, uint32_t first, uint32_t count)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    uint32_t end = (first + count) * layout->lanes;
    for (uint32_t i = cf_exceptions_before(layout, (uint64_t)first * layout->lanes);
         i < layout->exception_count && layout->exceptions[i] < end; i++)
        cf_run_gate(w, group, layout->exceptions[i]);
}

/* ---- dense products ---------------------------------------------------------------------------------------------- */

/* Copies rows of operands into the packed storage, padded with zeros to the padded length. */
static void widen(struct cf_scratch *scratch, const struct cf_dense *packed, enum cf_storage stored, uint32_t count)
{
    size_t size = cf_storage_size(packed->storage);
    for (uint32_t r = 0; r < count; r++) {
        char *out = (char *)scratch->operands + (size_t)r * packed->padded_inputs * size;
        if (stored == packed->storage) {
            memcpy(out, scratch->rows[r], packed->inputs * size);
        } else {
            for (uint32_t k = 0; k < packed->inputs; k++)
                cf_storage_put(out, packed->storage, k, cf_storage_get(scratch->rows[r], stored, k));
        }
        memset(out + packed->inputs * size, 0, (packed->padded_inputs - packed->inputs) * size);
        scratch->rows[r] = out;
    }
}

/* Multiplies rows of 32 bits whose values fit 16, as nearly all do where a type has but a bit or two more. False, and
 * nothing is done, where one does not fit. */
static bool run_narrow(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_dense_form *form,
                       uint32_t count, int32_t *sums)
{
    const struct cf_dense *packed = &form->packed;
    const int16_t *rows[CF_DENSE_ROWS];
    for (uint32_t r = 0; r < count; r++) {
        int16_t *row = (int16_t *)(void *)scratch->operands + (size_t)r * packed->padded_inputs;
        if (!w->plan->kernels->narrow(scratch->rows[r], packed->inputs, row))
            return false;
        memset(row + packed->inputs, 0, (packed->padded_inputs - packed->inputs) * sizeof *row);
        rows[r] = row;
    }
    w->plan->kernels->dense16(packed, rows, count, form->narrow_bias, sums);
    return true;
}

/* Multiplies rows as two digits each: the sum is (the high digits' sum) * 2^bits + (the low digits' sum), modulo 2^32,
 * where the low digits have that many bits. The operands are 32 bits wide. */
static void run_digits(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_dense_form *form,
                       uint32_t count, int32_t *sums)
{
    const struct cf_kernels *kernels = w->plan->kernels;
    bool bytes = form->operands == CF_OPERANDS_BYTE_DIGITS;
    const struct cf_dense *packed = &form->packed, *packed_low = bytes ? &form->packed_low : packed;
    uint32_t inputs = packed->inputs, bits = bytes ? (uint32_t)form->low_bits : 16;
    size_t low_size = cf_storage_size(packed_low->storage);
    int16_t *high = (int16_t *)(void *)scratch->operands;
    char *low = (char *)(high + (size_t)CF_DENSE_ROWS * packed->padded_inputs);
    const int16_t *high_rows[CF_DENSE_ROWS];
    const void *low_rows[CF_DENSE_ROWS];
    for (uint32_t r = 0; r < count; r++) {
        int16_t *row_high = high + (size_t)r * packed->padded_inputs;
        char *row_low = low + r * packed_low->padded_inputs * low_size;
        if (bytes)
            kernels->byte_digits(scratch->rows[r], inputs, form->low_bits, (int8_t *)row_low, row_high);
        else
            kernels->digits(scratch->rows[r], inputs, (int16_t *)(void *)row_low, row_high);
        memset(row_high + inputs, 0, (packed->padded_inputs - inputs) * sizeof *row_high);
        memset(row_low + inputs * low_size, 0, (packed_low->padded_inputs - inputs) * low_size);
        high_rows[r] = row_high;
        low_rows[r] = row_low;
    }
    kernels->dense16(packed, high_rows, count, NULL, scratch->high_sums);
    if (bytes)
        kernels->dense8(packed_low, (const int8_t *const *)low_rows, count, form->narrow_bias, sums);
    else
        kernels->dense16(packed_low, (const int16_t *const *)low_rows, count, form->narrow_bias, sums);
    for (size_t i = 0; i < (size_t)count * packed->padded_lanes; i++)
        sums[i] = (int32_t)((uint32_t)sums[i] + ((uint32_t)scratch->high_sums[i] << bits));
}

/* Adds `count` rows of operands (scratch->rows) times the packed weights to `start`, where they need no digits. Both it
 * and the sums, which may be scratch->sums, have 32 bits (64 where the packed storage is CF_STORE32). `stored` is the
 * storage that the operands have in memory. */
static void run_dense(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_dense *packed,
                      enum cf_operands operands, enum cf_storage stored, uint32_t count, const void *start, void *sums)
{
    const struct cf_kernels *kernels = w->plan->kernels;
    assert(count > 0 && count <= CF_DENSE_ROWS);
    if (operands == CF_OPERANDS_WIDEN)
        widen(scratch, packed, stored, count);
    if (packed->storage == CF_STORE8)
        kernels->dense8(packed, (const int8_t *const *)scratch->rows, count, start, sums);
    else if (packed->storage == CF_STORE16)
        kernels->dense16(packed, (const int16_t *const *)scratch->rows, count, start, sums);
    else
        kernels->dense32(packed, (const int32_t *const *)scratch->rows, count, start, sums);
}

/* The nets that the rows of a form read beside their sums. */
struct extra_nets {
    const void *values[CF_MAX_EXTRAS]; /* of the net's group */
    enum cf_storage storage[CF_MAX_EXTRAS];
    uint32_t first_net[CF_MAX_EXTRAS]; /* of the group */
};

/* What all rows of a form with extras need. */
static struct cf_extras extras_of(const struct cf_workspace *w, const struct cf_dense_form *form,
                                  struct extra_nets *nets)
{
    struct cf_extras extras = {.bias = form->bias, .factor = form->factor, .count = form->extra_count};
    for (uint32_t e = 0; e < form->extra_count; e++) {
        uint32_t source = form->extras[e].source;
        extras.weight[e] = form->extras[e].weight;
        nets->values[e] = w->values[source];
        nets->storage[e] = w->plan->layouts[source].storage;
        nets->first_net[e] = w->plan->netlist->groups[source].first_net;
    }
    return extras;
}

/* Reads the values that row `row` of a form with extras needs beside its sums. */
static inline void read_extras(const struct extra_nets *nets, const struct cf_dense_form *form, uint32_t row,
                               struct cf_extras *extras)
{
    extras->narrow = form->narrow_extras;
    for (uint32_t e = 0; e < form->extra_count; e++) {
        int64_t value =
            cf_storage_get(nets->values[e], nets->storage[e], form->extras[e].net[row] - nets->first_net[e]);
        extras->value[e] = value;
        extras->narrow = extras->narrow && value == (int32_t)value;
    }
}

void cf_finish_rows(const struct cf_workspace *w, uint32_t group, uint32_t first, uint32_t count, const int32_t *sums,
                    size_t stride)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    const struct cf_dense_form *form = layout->dense;
    const struct cf_kernels *kernels = w->plan->kernels;
    size_t bytes = layout->lanes * cf_storage_size(layout->storage);
    char *out = cf_row_at(w, group, first);
    struct extra_nets nets;
    struct cf_extras extras = extras_of(w, form, &nets);
    for (uint32_t r = 0; r < count; r++, sums += stride, out += bytes) {
        if (form->extra_count) {
            read_extras(&nets, form, first + r, &extras);
            kernels->finish_extras(sums, layout->lanes, &extras, form->step, layout->storage, out);
        } else {
            kernels->finish(sums, layout->lanes, form->step, layout->storage, out);
        }
    }
}

/* The same where they have 64 bits. */
static void finish_wide(const struct cf_workspace *w, uint32_t group, uint32_t row, const int64_t *sums)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    const struct cf_dense_form *form = layout->dense;
    char *out = cf_row_at(w, group, row);
    struct extra_nets nets;
    struct cf_extras extras = extras_of(w, form, &nets);
    read_extras(&nets, form, row, &extras);
    for (uint32_t l = 0; l < layout->lanes; l++) {
        int64_t sum = form->extra_count ? cf_extras_total(&extras, l, sums[l]) : sums[l];
        cf_storage_put(out, layout->storage, l, form->step ? sum >= 0 : sum);
    }
}

/* Evaluates those of rows [first, first + count) of a dense group that have the pattern; count <= CF_DENSE_ROWS. */
void cf_run_dense_rows(const struct cf_workspace *w, struct cf_scratch *scratch, uint32_t group, uint32_t first,
                       uint32_t count)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    const struct cf_dense_form *form = layout->dense;
    uint32_t taken[CF_DENSE_ROWS], n = 0;
    for (uint32_t row = first; row < first + count; row++)
        if (layout->base[row] != CF_NONE) {
            scratch->rows[n] = cf_operand_at(w, scratch, form->source, layout->base[row]);
            taken[n++] = row;
        }
    const void *start = form->extra_count          ? NULL
                        : form->sums == CF_STORE64 ? (const void *)form->bias
                                                   : form->narrow_bias;
    bool digits = form->operands == CF_OPERANDS_DIGITS || form->operands == CF_OPERANDS_BYTE_DIGITS;
    if (n && digits) {
        int32_t *sums = (int32_t *)(void *)scratch->sums;
        if (!run_narrow(w, scratch, form, n, sums))
            run_digits(w, scratch, form, n, sums);
    } else if (n) {
        run_dense(w, scratch, &form->packed, form->operands, w->plan->layouts[form->source].storage, n, start,
                  scratch->sums);
    }
    const int32_t *narrow = (const int32_t *)(const void *)scratch->sums;
    if (form->sums == CF_STORE32 && n == count) {
        cf_finish_rows(w, group, first, count, narrow, form->packed.padded_lanes);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        if (form->sums == CF_STORE32)
            cf_finish_rows(w, group, taken[i], 1, narrow + (size_t)i * form->packed.padded_lanes, 0);
        else
            finish_wide(w, group, taken[i], scratch->sums + (size_t)i * form->packed.padded_lanes);
}

/* Multiplies rows of the input with the weights of every family that keeps their sums. */
static void run_product(const struct cf_workspace *w, struct cf_scratch *scratch, uint32_t first, uint32_t count)
{
    const struct cf_linear *linear = w->plan->linear;
    for (uint32_t f = 0; f < linear->family_count; f++) {
        const struct cf_family *family = &linear->families[f];
        if (!linear->summed[f][CF_INPUT])
            continue;
        for (uint32_t r = 0; r < count; r++)
            scratch->rows[r] = cf_row_at(w, CF_INPUT, first + r);
        run_dense(w, scratch, &family->packed, family->operands, w->plan->layouts[CF_INPUT].storage, count, NULL,
                  cf_sums_at(w, f, CF_INPUT, first));
    }
}

/* Finishes rows of an output with extras, from sums that jobs combine, one for each row. */
static void run_combined(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_row_job *jobs,
                         const struct cf_task *task)
{
    int32_t *sums = (int32_t *)(void *)scratch->sums;
    uint32_t stride = jobs->lanes;
    for (uint32_t r = 0; r < task->count; r++) {
        struct cf_row_job job = jobs[r];
        job.out = sums + (size_t)r * stride;
        job.loop(&job);
    }
    cf_finish_rows(w, task->group, task->first, task->count, sums, stride);
}

/* The same from sums that are kept. */
static void run_kept(const struct cf_workspace *w, const struct cf_task *task)
{
    const struct cf_linear_output *output = &w->plan->linear->outputs[task->group];
    uint32_t source = w->plan->layouts[task->group].dense->source;
    for (uint32_t row = task->first; row < task->first + task->count; row++)
        cf_finish_rows(w, task->group, row, 1, cf_sums_at(w, output->family, source, output->source_row[row]), 0);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

_Static_assert((int)CF_TASK_ROW_COUNT <= (int)CF_DENSE_ROWS, "a task's rows are multiplied in one call");

/* Runs task `t` of a schedule: its jobs, and what else it does. */
static void run_task(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_schedule *schedule,
                     uint32_t t)
{
    const struct cf_jobs *jobs = &w->jobs;
    const struct cf_task *task = &schedule->tasks[t];
    if (task->kind != CF_TASK_EXTRAS && task->kind != CF_TASK_BUNDLE)
        run_jobs(jobs, t);
    switch (task->kind) {
    case CF_TASK_ROWS:
        run_exceptions(w, task->group, task->first, task->count);
        break;
    case CF_TASK_FUSED:
        run_exceptions(w, task->group, task->first, task->count);
        cf_run_dense_rows(w, scratch, w->plan->order[task->group].fused_dense, task->first, task->count);
        break;
    case CF_TASK_DENSE:
        cf_run_dense_rows(w, scratch, task->group, task->first, task->count);
        run_exceptions(w, task->group, task->first, task->count);
        break;
    case CF_TASK_EXCEPTIONS:
        for (uint32_t i = 0; i < task->count; i++)
            cf_run_gate(w, task->group, w->plan->layouts[task->group].exceptions[task->first + i]);
        break;
    case CF_TASK_GATES:
        cf_run_gates(w, task->group, task->first, task->count);
        break;
    case CF_TASK_PRODUCT:
        run_product(w, scratch, task->first, task->count);
        break;
    case CF_TASK_EXTRAS:
        if (w->plan->linear->inlined[task->group])
            run_combined(w, scratch, jobs->items + jobs->first[t], task);
        else
            run_kept(w, task);
        break;
    case CF_TASK_BUNDLE:
        cf_run_bundle(w, scratch, jobs->items + jobs->first[t], jobs->items + jobs->end[t], task->group, task->first);
        break;
    case CF_TASK_SUMS: /* jobs alone */
    case CF_TASK_DECIDE:
        break;
    }
}

static void run_alone(struct cf_workspace *w, const struct cf_schedule *schedule)
{
    for (uint32_t t = 0; t < schedule->task_count; t++)
        run_task(w, &w->scratch[0], schedule, schedule->in_turn ? schedule->in_turn[t] : t);
}

/* The end of each loop is a barrier: the next wave reads what this one wrote. */
static void run_together(struct cf_workspace *w, const struct cf_schedule *schedule)
{
#pragma omp parallel num_threads(w->threads)
    {
        struct cf_scratch *scratch = &w->scratch[omp_get_thread_num()];
        for (uint32_t wave = 0; wave < schedule->wave_count; wave++) {
            uint32_t first = wave ? schedule->wave_end[wave - 1] : 0;
#pragma omp for schedule(dynamic)
            for (uint32_t t = first; t < schedule->wave_end[wave]; t++)
                run_task(w, scratch, schedule, t);
        }
    }
}

void cf_run(struct cf_workspace *workspace)
{
    const struct cf_schedule *schedule = schedule_of(workspace->plan);
    if (workspace->threads == 1)
        run_alone(workspace, schedule);
    else
        run_together(workspace, schedule);
}

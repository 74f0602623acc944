/* engine_linear.c - the tasks that take decisions from the classified input (linear.h). */
#include <string.h>

#include "sim/engine_internal.h"

static int32_t *sums_row(const struct cf_workspace *w, uint32_t family, uint32_t group, uint32_t row)
{
    return w->sums[family][group] + (size_t)row * w->plan->linear->families[family].packed.padded_lanes;
}

/* Rows of the input times a family's weights, added up where they are kept. */
static void run_product(const struct cf_workspace *w, struct cf_scratch *scratch, uint32_t f, uint32_t first,
                        uint32_t count)
{
    const struct cf_family *family = &w->plan->linear->families[f];
    const struct cf_block *input = &w->plan->blocks[CF_INPUT];
    int32_t *sums = sums_row(w, f, CF_INPUT, first);
    for (uint32_t r = 0; r < count; r++)
        scratch->rows[r] = cf_net_at(w, CF_INPUT, (first + r) * input->lanes);
    memset(sums, 0, (size_t)count * family->packed.padded_lanes * sizeof *sums);
    cf_run_dense(w, scratch, &family->packed, family->operands, input->lane, count, sums);
}

static void run_jobs(const struct cf_workspace *w, const struct cf_row_job *jobs, uint32_t first, uint32_t count)
{
    for (uint32_t row = first; row < first + count; row++)
        if (jobs[row].lanes)
            w->plan->kernels->row(&jobs[row]);
}

void cf_run_linear_task(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_task *task)
{
    const struct cf_linear *linear = w->plan->linear;
    if (task->kind == CF_TASK_DECIDE) {
        run_jobs(w, w->decisions[task->group], task->first, task->count);
        return;
    }
    for (uint32_t f = 0; f < linear->family_count; f++) {
        if (!linear->families[f].live || !linear->families[f].summed[task->group])
            continue;
        if (task->kind == CF_TASK_PRODUCT)
            run_product(w, scratch, f, task->first, task->count);
        else
            run_jobs(w, w->pools[f][task->group], task->first, task->count);
    }
}

/* ---- what is the same for every frame, set out once ------------------------------------------------------------- */

/* The sources of a row of sums: what the pattern says of a row of nets. NULL when memory is out. */
static const struct cf_row_source *make_sources(struct cf_workspace *w, uint32_t f, uint32_t group, uint32_t row,
                                                uint32_t *count)
{
    const struct cf_block *block = &w->plan->blocks[group];
    const struct cf_row_pattern *pattern = &block->patterns[block->pattern_of[row]];
    const uint32_t *base_row = w->plan->linear->rows[group].base_row + (size_t)row * block->ports;
    struct cf_row_source *sources = cf_arena_alloc(&w->arena, pattern->term_count, sizeof *sources);
    for (uint32_t t = 0; sources && t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source_row = base_row[term->port] + term->row_offset;
        sources[t] = (struct cf_row_source){.values = sums_row(w, f, pattern->source[term->port], source_row),
                                            .factor = term->factor,
                                            .lane = CF_LANE32};
    }
    *count = pattern->term_count;
    return sources;
}

static bool make_pools(struct cf_workspace *w, uint32_t f, uint32_t group)
{
    const struct cf_block *block = &w->plan->blocks[group];
    struct cf_row_job *jobs = cf_arena_alloc(&w->arena, block->rows, sizeof *jobs);
    for (uint32_t row = 0; jobs && row < block->rows; row++) {
        if (w->plan->linear->rows[group].tainted[row])
            continue;
        struct cf_row_job *job = &jobs[row];
        *job = (struct cf_row_job){.out = sums_row(w, f, group, row),
                                   .lanes = w->plan->linear->families[f].packed.padded_lanes,
                                   .out_lane = CF_LANE32,
                                   .compute = CF_LANE32};
        job->sources = make_sources(w, f, group, row, &job->source_count);
        if (!job->sources)
            return false;
    }
    w->pools[f][group] = jobs;
    return jobs != NULL;
}

static bool make_decisions(struct cf_workspace *w, uint32_t group)
{
    const struct cf_linear_output *output = &w->plan->linear->outputs[group];
    const struct cf_block *block = &w->plan->blocks[group];
    uint32_t source = block->dense->source;
    struct cf_row_job *jobs = cf_arena_alloc(&w->arena, block->rows, sizeof *jobs);
    struct cf_row_source *single = cf_arena_alloc(&w->arena, block->rows, sizeof *single);
    if (!jobs || !single)
        return false;
    for (uint32_t row = 0; row < block->rows; row++) {
        uint32_t source_row = output->source_row[row];
        struct cf_row_job *job = &jobs[row];
        if (source_row == CF_NONE)
            continue;
        *job = (struct cf_row_job){.out = (char *)w->values[group] +
                                          (size_t)row * block->lanes * cf_lane_size(block->lane),
                                   .lane_bias = output->bias,
                                   .source_count = 1,
                                   .lanes = block->lanes,
                                   .out_lane = block->lane,
                                   .compute = CF_LANE32,
                                   .step = block->dense->step};
        if (output->inlined) {
            job->sources = make_sources(w, output->family, source, source_row, &job->source_count);
        } else {
            single[row] = (struct cf_row_source){
                .values = sums_row(w, output->family, source, source_row), .factor = 1, .lane = CF_LANE32};
            job->sources = &single[row];
        }
        if (!job->sources)
            return false;
    }
    w->decisions[group] = jobs;
    return true;
}

bool cf_linear_prepare(struct cf_workspace *w)
{
    const struct cf_linear *linear = w->plan->linear;
    uint32_t groups = w->plan->netlist->group_count;
    w->pools = cf_arena_alloc(&w->arena, linear->family_count, sizeof *w->pools);
    w->decisions = cf_arena_alloc(&w->arena, groups, sizeof *w->decisions);
    bool done = w->pools && w->decisions;
    for (uint32_t f = 0; done && f < linear->family_count; f++) {
        const struct cf_family *family = &linear->families[f];
        w->pools[f] = cf_arena_alloc(&w->arena, groups, sizeof **w->pools);
        done = w->pools[f] != NULL;
        for (uint32_t g = 1; done && family->live && g < groups; g++)
            done = !family->summed[g] || make_pools(w, f, g);
    }
    for (uint32_t g = 1; done && g < groups; g++)
        done = linear->outputs[g].family == CF_NONE || make_decisions(w, g);
    return done;
}

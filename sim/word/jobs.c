/* jobs.c - prepares the rows of gates and of sums that a workspace's tasks evaluate. */
#include "sim/word/jobs.h"

#include "sim/word/workspace.h"

static void add_job(const struct cf_workspace *w, struct cf_jobs *jobs, struct cf_row_job *job)
{
    job->loop = w->plan->kernels->row_loop(job);
    jobs->items[jobs->count++] = *job;
}

/* ---- rows of gates ----------------------------------------------------------------------------------------------- */

static bool add_row(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    if (layout->pattern_of[row] == CF_NONE)
        return true;
    const struct cf_row_pattern *pattern = &layout->patterns[layout->pattern_of[row]];
    const struct cf_cell *cell = &w->plan->netlist->cells[pattern->cell];
    const uint32_t *bases = layout->base + (size_t)row * layout->ports;
    struct cf_row_source *sources = cf_arena_alloc(&w->arena, pattern->term_count, sizeof *sources);
    if (!sources)
        return false;
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source = pattern->source[term->port];
        sources[t] = (struct cf_row_source){.values = cf_net_at(w, source, bases[term->port] + term->offset),
                                            .factor = term->factor,
                                            .storage = w->plan->layouts[source].storage};
    }
    struct cf_row_job job = {.out = w->values[group] ? cf_row_at(w, group, row) : NULL, /* NULL: the row passes */
                             .bias = cell->bias,
                             .lanes = layout->lanes,
                             .out_storage = layout->storage,
                             .compute = pattern->compute,
                             .step = cell->activation == CF_STEP};
    cf_row_job_read(&job, sources, pattern->term_count);
    add_job(w, jobs, &job);
    return true;
}

/* ---- rows of sums: what the pattern of a row of nets does, done with the sums of a family --------------------------
 */

/* Adds a job that combines the sums as row `row` of `group` combines nets. */
static bool add_combination(struct cf_workspace *w, struct cf_jobs *jobs, struct cf_row_job job, uint32_t family,
                            uint32_t group, uint32_t row)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    const struct cf_row_pattern *pattern = &layout->patterns[layout->pattern_of[row]];
    const uint32_t *base_row = w->plan->linear->rows[group].base_row + (size_t)row * layout->ports;
    struct cf_row_source *sources = cf_arena_alloc(&w->arena, pattern->term_count, sizeof *sources);
    if (!sources)
        return false;
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source_row = base_row[term->port] + term->row_offset;
        sources[t] = (struct cf_row_source){.values = cf_sums_at(w, family, pattern->source[term->port], source_row),
                                            .factor = term->factor,
                                            .storage = CF_STORE32};
    }
    cf_row_job_read(&job, sources, pattern->term_count);
    add_job(w, jobs, &job);
    return true;
}

static bool add_sums(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_linear *linear = w->plan->linear;
    bool done = true;
    for (uint32_t f = 0; done && f < linear->family_count; f++)
        if (linear->summed[f][group] && !linear->rows[group].tainted[row]) {
            struct cf_row_job job = {.out = cf_sums_at(w, f, group, row),
                                     .lanes = linear->families[f].packed.padded_lanes,
                                     .out_storage = CF_STORE32,
                                     .compute = CF_STORE32};
            done = add_combination(w, jobs, job, f, group, row);
        }
    return done;
}

static bool add_decision(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_linear_output *output = &w->plan->linear->outputs[group];
    const struct cf_layout *layout = &w->plan->layouts[group];
    uint32_t source_row = output->source_row[row];
    if (source_row == CF_NONE)
        return true;
    struct cf_row_job job = {.out = cf_row_at(w, group, row),
                             .lane_bias = output->bias,
                             .lanes = layout->lanes,
                             .out_storage = layout->storage,
                             .compute = CF_STORE32,
                             .step = layout->dense->step};
    if (w->plan->linear->inlined[group])
        return add_combination(w, jobs, job, output->family, layout->dense->source, source_row);
    struct cf_row_source *single = cf_arena_alloc(&w->arena, 1, sizeof *single);
    if (!single)
        return false;
    *single = (struct cf_row_source){
        .values = cf_sums_at(w, output->family, layout->dense->source, source_row), .factor = 1, .storage = CF_STORE32};
    cf_row_job_read(&job, single, 1);
    add_job(w, jobs, &job);
    return true;
}

/* The sums of a row of an output with extras, where they are combined on the way: the job's place is given when it
 * runs.
 */
static bool add_extras(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_linear *linear = w->plan->linear;
    const struct cf_linear_output *output = &linear->outputs[group];
    struct cf_row_job job = {.lanes = linear->families[output->family].packed.padded_lanes,
                             .out_storage = CF_STORE32,
                             .compute = CF_STORE32};
    return !linear->inlined[group] || add_combination(w, jobs, job, output->family,
                                                      w->plan->layouts[group].dense->source, output->source_row[row]);
}

/* ---- all of a schedule --------------------------------------------------------------------------------------------
 */

/* How many jobs each row of a task has at most. */
static uint32_t most_jobs(const struct cf_plan *plan, const struct cf_task *task)
{
    switch (task->kind) {
    case CF_TASK_ROWS:
    case CF_TASK_FUSED:
    case CF_TASK_DECIDE:
    case CF_TASK_EXTRAS:
    case CF_TASK_BUNDLE:
        return 1;
    case CF_TASK_SUMS:
        return plan->linear->family_count;
    default:
        return 0;
    }
}

static bool add_task(struct cf_workspace *w, struct cf_jobs *jobs, const struct cf_task *task)
{
    if (most_jobs(w->plan, task) == 0)
        return true;
    bool done = true;
    for (uint32_t row = task->first; done && row < task->first + task->count; row++)
        done = task->kind == CF_TASK_SUMS     ? add_sums(w, jobs, task->group, row)
               : task->kind == CF_TASK_DECIDE ? add_decision(w, jobs, task->group, row)
               : task->kind == CF_TASK_EXTRAS ? add_extras(w, jobs, task->group, row)
                                              : add_row(w, jobs, task->group, row);
    return done;
}

bool cf_jobs_make(struct cf_workspace *w, const struct cf_schedule *schedule, struct cf_jobs *jobs)
{
    size_t most = 0;
    for (uint32_t t = 0; t < schedule->task_count; t++)
        most += (size_t)schedule->tasks[t].count * most_jobs(w->plan, &schedule->tasks[t]);
    jobs->items = cf_arena_alloc(&w->arena, most, sizeof *jobs->items);
    jobs->first = cf_arena_alloc(&w->arena, schedule->task_count, sizeof *jobs->first);
    jobs->end = cf_arena_alloc(&w->arena, schedule->task_count, sizeof *jobs->end);
    bool done = jobs->items && jobs->first && jobs->end, in_turn = w->threads == 1 && schedule->in_turn;
    for (uint32_t i = 0; done && i < schedule->task_count; i++) {
        uint32_t t = in_turn ? schedule->in_turn[i] : i;
        jobs->first[t] = jobs->count;
        done = add_task(w, jobs, &schedule->tasks[t]);
        jobs->end[t] = jobs->count;
    }
    return done;
}

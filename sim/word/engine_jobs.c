/* engine_jobs.c - the rows of gates and of sums that a workspace's tasks run: the same for every frame, and set out
 * once.
 *
 * They stand in the order in which one thread runs them, so that those that run beside a product are consecutive.
 */
#include "sim/word/engine_internal.h"

static int32_t *sums_row(const struct cf_workspace *w, uint32_t family, uint32_t group, uint32_t row)
{
    return w->sums[family][group] + (size_t)row * w->plan->linear->families[family].packed.padded_lanes;
}

/* Adds a job that reads `count` sources. */
static void add_job(struct cf_jobs *jobs, struct cf_row_job job, const struct cf_row_source *sources, uint32_t count)
{
    cf_row_job_read(&job, sources, count);
    jobs->items[jobs->count++] = job;
}

/* ---- rows of gates ---------------------------------------------------------------------------------------------- */

static bool add_row(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_block *block = &w->plan->blocks[group];
    if (block->pattern_of[row] == CF_NONE)
        return true;
    const struct cf_row_pattern *pattern = &block->patterns[block->pattern_of[row]];
    const struct cf_cell *cell = &w->plan->netlist->cells[pattern->cell];
    const uint32_t *bases = block->base + (size_t)row * block->ports;
    struct cf_row_source *sources = cf_arena_alloc(&w->arena, pattern->term_count, sizeof *sources);
    if (!sources)
        return false;
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source = pattern->source[term->port];
        sources[t] = (struct cf_row_source){.values = cf_net_at(w, source, bases[term->port] + term->offset),
                                            .factor = term->factor,
                                            .lane = w->plan->blocks[source].lane};
    }
    add_job(jobs,
            (struct cf_row_job){.out = cf_row_at(w, group, row),
                                .bias = cell->bias,
                                .lanes = block->lanes,
                                .out_lane = block->lane,
                                .compute = pattern->compute,
                                .step = cell->activation == CF_STEP},
            sources, pattern->term_count);
    return true;
}

/* ---- rows of sums: what the pattern says of a row of nets ------------------------------------------------------- */

static bool add_sums(struct cf_workspace *w, struct cf_jobs *jobs, struct cf_row_job job, uint32_t family,
                     uint32_t group, uint32_t row)
{
    const struct cf_block *block = &w->plan->blocks[group];
    const struct cf_row_pattern *pattern = &block->patterns[block->pattern_of[row]];
    const uint32_t *base_row = w->plan->linear->rows[group].base_row + (size_t)row * block->ports;
    struct cf_row_source *sources = cf_arena_alloc(&w->arena, pattern->term_count, sizeof *sources);
    if (!sources)
        return false;
    for (uint32_t t = 0; t < pattern->term_count; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t source_row = base_row[term->port] + term->row_offset;
        sources[t] = (struct cf_row_source){.values = sums_row(w, family, pattern->source[term->port], source_row),
                                            .factor = term->factor,
                                            .lane = CF_STORE32};
    }
    add_job(jobs, job, sources, pattern->term_count);
    return true;
}

static bool add_pool(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_linear *linear = w->plan->linear;
    bool done = true;
    for (uint32_t f = 0; done && f < linear->family_count; f++)
        if (linear->families[f].live && linear->families[f].summed[group] && !linear->rows[group].tainted[row])
            done = add_sums(w, jobs,
                            (struct cf_row_job){.out = sums_row(w, f, group, row),
                                                .lanes = linear->families[f].packed.padded_lanes,
                                                .out_lane = CF_STORE32,
                                                .compute = CF_STORE32},
                            f, group, row);
    return done;
}

static bool add_decision(struct cf_workspace *w, struct cf_jobs *jobs, uint32_t group, uint32_t row)
{
    const struct cf_linear_output *output = &w->plan->linear->outputs[group];
    const struct cf_block *block = &w->plan->blocks[group];
    uint32_t source_row = output->source_row[row];
    if (source_row == CF_NONE)
        return true;
    const struct cf_row_job job = {.out = cf_row_at(w, group, row),
                                   .lane_bias = output->bias,
                                   .lanes = block->lanes,
                                   .out_lane = block->lane,
                                   .compute = CF_STORE32,
                                   .step = block->dense->step};
    if (output->inlined)
        return add_sums(w, jobs, job, output->family, block->dense->source, source_row);
    struct cf_row_source *single = cf_arena_alloc(&w->arena, 1, sizeof *single);
    if (!single)
        return false;
    *single = (struct cf_row_source){
        .values = sums_row(w, output->family, block->dense->source, source_row), .factor = 1, .lane = CF_STORE32};
    add_job(jobs, job, single, 1);
    return true;
}

/* ---- all of a schedule ------------------------------------------------------------------------------------------- */

/* Jobs of a row of a task, at most. */
static uint32_t most_jobs(const struct cf_plan *plan, const struct cf_task *task)
{
    switch (task->kind) {
    case CF_TASK_ROWS:
    case CF_TASK_FUSED:
    case CF_TASK_DECIDE:
        return 1;
    case CF_TASK_POOL:
        return plan->linear->family_count;
    default:
        return 0;
    }
}

static bool add_task(struct cf_workspace *w, struct cf_jobs *jobs, const struct cf_task *task)
{
    bool done = true;
    if (most_jobs(w->plan, task) == 0)
        return true;
    for (uint32_t row = task->first; done && row < task->first + task->count; row++)
        done = task->kind == CF_TASK_POOL     ? add_pool(w, jobs, task->group, row)
               : task->kind == CF_TASK_DECIDE ? add_decision(w, jobs, task->group, row)
                                              : add_row(w, jobs, task->group, row);
    return done;
}

/* ---- which run beside which product ----------------------------------------------------------------------------- */

/* The pace, in work for each row multiplied, at which every product from place `t` on finds its jobs done, if they run
 * beside those before it: the greatest that any of the next ones asks for. Jobs before `done` are done. */
static double pace_from(const struct cf_schedule *schedule, const struct cf_jobs *jobs, uint32_t t, uint32_t done)
{
    double pace = 0, rows = schedule->in_turn[t]->count;
    for (uint32_t u = t + 1; u < schedule->in_turn[t]->beside; u++) {
        double work = (double)jobs->work[jobs->start[u + 1]] - (double)jobs->work[done];
        pace = work / rows > pace ? work / rows : pace;
        rows += cf_task_multiplies(schedule->in_turn[u]) ? schedule->in_turn[u]->count : 0;
    }
    return pace;
}

/* Products that find little to do beside them take some of what later ones would find too much of. */
static void share_out(const struct cf_schedule *schedule, struct cf_jobs *jobs)
{
    uint32_t done = 0;
    for (uint32_t t = 0; t < schedule->task_count; t++) {
        done = done > jobs->start[t + 1] ? done : jobs->start[t + 1];
        if (cf_task_multiplies(schedule->in_turn[t])) {
            double share = (double)jobs->work[done] + pace_from(schedule, jobs, t, done) * schedule->in_turn[t]->count;
            while ((double)jobs->work[done] < share && done < jobs->start[schedule->in_turn[t]->beside])
                done++;
        }
        jobs->beside[t] = done;
    }
}

bool cf_jobs_make(struct cf_workspace *w, const struct cf_schedule *schedule, struct cf_jobs *jobs)
{
    size_t most = 0;
    for (uint32_t t = 0; t < schedule->task_count; t++)
        most += (size_t)schedule->tasks[t].count * most_jobs(w->plan, &schedule->tasks[t]);
    jobs->items = cf_arena_alloc(&w->arena, most + 1, sizeof *jobs->items);
    jobs->work = cf_arena_alloc(&w->arena, most + 1, sizeof *jobs->work);
    jobs->start = cf_arena_alloc(&w->arena, schedule->task_count + 1u, sizeof *jobs->start);
    jobs->beside = cf_arena_alloc(&w->arena, schedule->task_count, sizeof *jobs->beside);
    bool done = jobs->items && jobs->work && jobs->start && jobs->beside;
    for (uint32_t t = 0; done && t < schedule->task_count; t++) {
        done = add_task(w, jobs, schedule->in_turn[t]);
        jobs->start[t + 1] = jobs->count;
    }
    for (uint32_t j = 0; done && j < jobs->count; j++)
        jobs->work[j + 1] = jobs->work[j] + (uint64_t)jobs->items[j].lanes * jobs->items[j].source_count;
    if (done)
        share_out(schedule, jobs);
    return done;
}

/* bundle.c - evaluates rows, and everything that reads them row by row, while they are in a near cache. */
#include "sim/word/workspace.h"

/* Evaluates the rows: where they are stored, or one after another in the thread's own memory. */
static void run_rows(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_row_job *first,
                     const struct cf_row_job *end, uint32_t group)
{
    const struct cf_layout *layout = &w->plan->layouts[group];
    char *out = scratch->passing;
    for (const struct cf_row_job *job = first; job < end; job++) {
        struct cf_row_job copy = *job;
        if (!w->values[group])
            copy.out = out;
        copy.loop(&copy);
        out += layout->lanes * cf_storage_size(layout->storage);
    }
}

/* Multiplies the rows with the weights of all readers of few lanes. */
static void run_joint(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_bundle *bundle,
                      uint32_t group, uint32_t row, uint32_t count)
{
    const int16_t *rows[CF_DENSE_ROWS];
    for (uint32_t r = 0; r < count; r++)
        rows[r] = cf_operand_at(w, scratch, group, bundle->joint_base[row + r]);
    w->plan->kernels->dense16(&bundle->joint, rows, count, bundle->joint_start, scratch->joint_sums);
}

static void run_reader(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_bundle *bundle,
                       uint32_t reader, uint32_t row, uint32_t count)
{
    uint32_t group = bundle->readers[reader], lane = bundle->joint_lane[reader];
    const struct cf_square_form *squares = w->plan->squares[group];
    if (squares)
        for (uint32_t r = row; r < row + count; r++)
            cf_run_squares(w, group, r, cf_operand_at(w, scratch, squares->source, squares->base[r]));
    else if (lane != CF_NONE)
        cf_finish_rows(w, group, row, count, scratch->joint_sums + lane, bundle->joint.padded_lanes);
    else
        cf_run_dense_rows(w, scratch, group, row, count);
}

void cf_run_bundle(const struct cf_workspace *w, struct cf_scratch *scratch, const struct cf_row_job *first,
                   const struct cf_row_job *end, uint32_t group, uint32_t row)
{
    const struct cf_bundle *bundle = &w->plan->linear->exact.bundles[group];
    uint32_t count = (uint32_t)(end - first);
    assert(bundle->reader_count && count <= CF_DENSE_ROWS);
    scratch->passing_group = group;
    scratch->passing_net = w->plan->netlist->groups[group].first_net + row * w->plan->layouts[group].lanes;
    run_rows(w, scratch, first, end, group);
    if (bundle->joint.lanes)
        run_joint(w, scratch, bundle, group, row, count);
    for (uint32_t i = 0; i < bundle->reader_count; i++)
        run_reader(w, scratch, bundle, i, row, count);
    scratch->passing_group = CF_NONE;
}

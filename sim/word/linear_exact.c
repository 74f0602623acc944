/* linear_exact.c - finds the decisions that do not follow from the classified input, and the gates on which they
 * depend.
 */
#include <stdlib.h>

#include "sim/word/linear.h"
#include "sim/word/passes.h"

/* The rows that are evaluated: those of the outputs that need it, and, going backwards, all that these read. */
struct cone {
    const struct cf_plan *plan;
    const struct cf_linear *linear;
    struct cf_linear_exact *exact;
    struct cf_schedule *schedule;
    bool *stored;
    bool **needed;       /* [group_count][rows] */
    const bool *bundled; /* [group_count]: readers of a bundle, which run with its rows */
};

/* Marks the rows that hold nets [first, last]. */
static void need_nets(struct cone *cone, uint32_t first, uint32_t last)
{
    const struct cf_netlist *netlist = cone->plan->netlist;
    for (uint32_t g = cf_netlist_group_of(netlist, first);; g++) {
        const struct cf_group *group = &netlist->groups[g];
        uint32_t lanes = cone->plan->layouts[g].lanes, end = group->first_net + group->count - 1;
        uint32_t stop = last < end ? last : end;
        for (uint32_t row = (first - group->first_net) / lanes; row <= (stop - group->first_net) / lanes; row++)
            cone->needed[g][row] = true;
        if (last <= end)
            return;
        first = end + 1;
    }
}

static void need_sources_of_gate(struct cone *cone, uint32_t group_index, uint32_t index)
{
    const struct cf_group *group = &cone->plan->netlist->groups[group_index];
    const struct cf_cell *cell = &cone->plan->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        uint32_t net = bases[cell->terms[t].port] + cell->terms[t].offset;
        need_nets(cone, net, net);
    }
    cone->exact->work += (uint64_t)CF_WORK_OTHER * cell->term_count;
}

static void need_extras(struct cone *cone, const struct cf_layout *layout, uint32_t row)
{
    for (uint32_t e = 0; e < layout->dense->extra_count; e++)
        need_nets(cone, layout->dense->extras[e].net[row], layout->dense->extras[e].net[row]);
}

static void need_sources_of_row(struct cone *cone, uint32_t group, uint32_t row)
{
    const struct cf_layout *layout = &cone->plan->layouts[group];
    if (layout->kind == CF_LAYOUT_DENSE && layout->base[row] != CF_NONE) {
        need_nets(cone, layout->base[row], layout->base[row] + layout->dense->packed.inputs - 1);
        need_extras(cone, layout, row);
        cone->exact->work += layout->lanes * cf_dense_work(&layout->dense->packed);
    } else if (layout->kind == CF_LAYOUT_ROWS && layout->pattern_of[row] != CF_NONE) {
        const struct cf_row_pattern *pattern = &layout->patterns[layout->pattern_of[row]];
        for (uint32_t t = 0; t < pattern->term_count; t++) {
            const struct cf_row_term *term = &pattern->terms[t];
            uint32_t first = layout->base[(size_t)row * layout->ports + term->port] + term->offset;
            need_nets(cone, first, first + layout->lanes - 1);
        }
        cone->exact->work += (uint64_t)CF_WORK_OTHER * layout->lanes * pattern->term_count;
    } else if (layout->kind == CF_LAYOUT_GENERAL) {
        for (uint32_t lane = 0; lane < layout->lanes; lane++)
            need_sources_of_gate(cone, group, row * layout->lanes + lane);
    }
}

/* Marks the decisions of an output group that need the exact way: the rows that the fast way does not give. */
static void start(struct cone *cone, uint32_t group)
{
    const struct cf_layout *layout = &cone->plan->layouts[group];
    const struct cf_linear_output *output = &cone->linear->outputs[group];
    for (uint32_t row = 0; row < layout->rows; row++) {
        bool fast = output->family != CF_NONE && output->source_row[row] != CF_NONE;
        cone->needed[group][row] = !fast;
        if (fast)
            need_extras(cone, layout, row);
        if (fast)
            cone->exact->fast_gates += layout->lanes;
        else
            cone->exact->exact_gates += layout->lanes;
    }
    cone->stored[group] = true;
}

/* Marks everything that the needed rows of a group read. Exceptions of an output are decisions themselves. */
static void follow(struct cone *cone, uint32_t group)
{
    const struct cf_layout *layout = &cone->plan->layouts[group];
    bool output = cone->plan->netlist->groups[group].output;
    for (uint32_t row = 0; row < layout->rows; row++)
        if (cone->needed[group][row]) {
            cone->stored[group] = true;
            cone->exact->helper_gates += output ? 0 : layout->lanes;
            need_sources_of_row(cone, group, row);
        }
    for (uint32_t i = 0; i < layout->exception_count; i++) {
        bool in_needed_row = cone->needed[group][layout->exceptions[i] / layout->lanes];
        if (in_needed_row || output)
            need_sources_of_gate(cone, group, layout->exceptions[i]);
        if (output && !in_needed_row) {
            cone->exact->fast_gates--;
            cone->exact->exact_gates++;
        }
    }
}

static bool add_rows(struct cone *cone, uint32_t group, uint32_t first, uint32_t end)
{
    const struct cf_layout *layout = &cone->plan->layouts[group];
    struct cf_schedule *schedule = cone->schedule;
    if (layout->kind == CF_LAYOUT_ROWS)
        return cf_schedule_rows(schedule, cone->exact->bundles[group].reader_count ? CF_TASK_BUNDLE : CF_TASK_ROWS,
                                group, first, end);
    if (layout->kind == CF_LAYOUT_DENSE)
        return cf_schedule_rows(schedule, CF_TASK_DENSE, group, first, end);
    return cf_schedule_general(cone->plan, schedule, group, first, end);
}

/* Tasks for the runs of needed rows. Each group is a wave, since groups stand in topological order; an output's
 * exceptions come in a wave after it, since they stand in rows that were computed in the fast way, too. */
static bool add_group(struct cone *cone, uint32_t group)
{
    const struct cf_layout *layout = &cone->plan->layouts[group];
    struct cf_schedule *schedule = cone->schedule;
    bool done = true;
    if (cone->bundled[group])
        return true;
    uint32_t end;
    for (uint32_t row = 0; done && row < layout->rows; row = end + 1) {
        end = row;
        while (end < layout->rows && cone->needed[group][end])
            end++;
        done = end == row || add_rows(cone, group, row, end);
    }
    done = done && cf_schedule_end_wave(cone->plan, schedule);
    if (done && cone->plan->netlist->groups[group].output)
        done = cf_schedule_gates(schedule, CF_TASK_EXCEPTIONS, group, 0, layout->exception_count) &&
               cf_schedule_end_wave(cone->plan, schedule);
    return done;
}

static bool find_cone(struct cone *cone)
{
    uint32_t count = cone->plan->netlist->group_count;
    for (uint32_t g = 0; g < count; g++) {
        cone->needed[g] = calloc(cone->plan->layouts[g].rows, sizeof **cone->needed);
        if (!cone->needed[g])
            return false;
    }
    for (uint32_t g = 1; g < count; g++)
        if (cone->plan->netlist->groups[g].output)
            start(cone, g);
    for (uint32_t g = count; g-- > 1;)
        follow(cone, g);
    return true;
}

bool cf_find_exact(const struct cf_plan *plan, const struct cf_linear *linear, struct cf_arena *arena,
                   struct cf_linear_exact *exact, struct cf_schedule *schedule)
{
    uint32_t count = plan->netlist->group_count;
    struct cone cone = {.plan = plan, .linear = linear, .exact = exact, .schedule = schedule};
    cone.stored = cf_arena_alloc(arena, count, sizeof *cone.stored);
    cone.needed = calloc(count, sizeof *cone.needed);
    exact->stored = cone.stored;
    bool done = cone.stored && cone.needed && find_cone(&cone) &&
                cf_find_bundles(plan, (const bool *const *)cone.needed, arena, &exact->bundles, &cone.bundled);
    for (uint32_t g = 1; done && g < count; g++)
        cone.stored[g] = cone.stored[g] && !(exact->bundles[g].reader_count && exact->bundles[g].passing);
    for (uint32_t g = 1; done && g < count; g++)
        done = add_group(&cone, g);
    for (uint32_t g = 0; cone.needed && g < count; g++)
        free(cone.needed[g]);
    free(cone.needed);
    return done;
}

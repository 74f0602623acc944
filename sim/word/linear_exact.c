/* linear_exact.c - the decisions that the classified input does not give, and the gates that they need. */
#include <stdlib.h>

#include "sim/word/linear.h"
#include "sim/word/plan_internal.h"

struct cone {
    struct cf_plan *plan;
    bool **needed; /* [group_count][rows] */
    uint64_t work; /* multiply-adds */
};

/* Marks the rows that hold nets [first, last]. */
static void need_nets(struct cone *cone, uint32_t first, uint32_t last)
{
    const struct cf_netlist *netlist = cone->plan->netlist;
    for (uint32_t g = cf_netlist_group_of(netlist, first);; g++) {
        const struct cf_group *group = &netlist->groups[g];
        uint32_t lanes = cone->plan->blocks[g].lanes, end = group->first_net + group->count - 1;
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
    cone->work += cell->term_count;
}

static void need_sources_of_row(struct cone *cone, uint32_t group, uint32_t row)
{
    const struct cf_block *block = &cone->plan->blocks[group];
    if (block->kind == CF_BLOCK_DENSE && block->base[row] != CF_NONE) {
        need_nets(cone, block->base[row], block->base[row] + block->dense->packed.inputs - 1);
        cone->work += (uint64_t)block->lanes * block->dense->packed.inputs;
    } else if (block->kind == CF_BLOCK_ROWS && block->pattern_of[row] != CF_NONE) {
        const struct cf_row_pattern *pattern = &block->patterns[block->pattern_of[row]];
        for (uint32_t t = 0; t < pattern->term_count; t++) {
            uint32_t first =
                block->base[(size_t)row * block->ports + pattern->terms[t].port] + pattern->terms[t].offset;
            need_nets(cone, first, first + block->lanes - 1);
        }
        cone->work += (uint64_t)block->lanes * pattern->term_count;
    } else if (block->kind == CF_BLOCK_GENERAL) {
        for (uint32_t lane = 0; lane < block->lanes; lane++)
            need_sources_of_gate(cone, group, row * block->lanes + lane);
    }
}

/* The decisions of a group that need the exact way: rows that the fast way does not give, and exceptions. */
static void start(struct cone *cone, uint32_t group)
{
    const struct cf_block *block = &cone->plan->blocks[group];
    struct cf_linear *linear = cone->plan->linear;
    const struct cf_linear_output *output = &linear->outputs[group];
    for (uint32_t row = 0; row < block->rows; row++) {
        bool fast = output->family != CF_NONE && output->source_row[row] != CF_NONE;
        if (!fast)
            cone->needed[group][row] = true;
        *(fast ? &linear->fast_gates : &linear->exact_gates) += block->lanes;
    }
    linear->stored[group] = true;
}

/* Everything that the needed rows of a group read. Exceptions of an output are decisions themselves. */
static void follow(struct cone *cone, uint32_t group)
{
    const struct cf_block *block = &cone->plan->blocks[group];
    struct cf_linear *linear = cone->plan->linear;
    bool output = cone->plan->netlist->groups[group].output;
    for (uint32_t row = 0; row < block->rows; row++)
        if (cone->needed[group][row]) {
            linear->stored[group] = true;
            linear->helper_gates += output ? 0 : block->lanes;
            need_sources_of_row(cone, group, row);
        }
    for (uint32_t i = 0; i < block->exception_count; i++) {
        bool in_needed_row = cone->needed[group][block->exceptions[i] / block->lanes];
        if (in_needed_row || output)
            need_sources_of_gate(cone, group, block->exceptions[i]);
        if (output && !in_needed_row) {
            linear->fast_gates--;
            linear->exact_gates++;
        }
    }
}

/* Tasks for the runs of needed rows; each group is a wave, since groups stand in topological order. */
static bool add_group(struct cone *cone, uint32_t group)
{
    const struct cf_block *block = &cone->plan->blocks[group];
    struct cf_schedule *schedule = &cone->plan->linear->exact;
    enum cf_task_kind kind = block->kind == CF_BLOCK_ROWS    ? CF_TASK_ROWS
                             : block->kind == CF_BLOCK_DENSE ? CF_TASK_DENSE
                                                             : CF_TASK_GATES;
    uint32_t scale = kind == CF_TASK_GATES ? block->lanes : 1; /* those count gates, not rows */
    for (uint32_t row = 0; row < block->rows;) {
        uint32_t end = row;
        while (end < block->rows && cone->needed[group][end] && end - row < CF_TASK_ROW_COUNT)
            end++;
        if (end == row) {
            row++;
            continue;
        }
        if (!cf_schedule_add(
                schedule,
                (struct cf_task){
                    .kind = kind, .group = group, .first = row * scale, .count = (end - row) * scale, .key = row}))
            return false;
        row = end;
    }
    if (!cf_schedule_end_wave(schedule))
        return false;
    if (!cone->plan->netlist->groups[group].output || block->exception_count == 0)
        return true;
    return cf_schedule_add(
               schedule,
               (struct cf_task){.kind = CF_TASK_EXCEPTIONS, .group = group, .count = block->exception_count}) &&
           cf_schedule_end_wave(schedule);
}

bool cf_linear_exact(struct cf_plan *plan, uint64_t *work)
{
    uint32_t count = plan->netlist->group_count;
    struct cone cone = {plan, calloc(count, sizeof *cone.needed), 0};
    bool done = cone.needed != NULL;
    for (uint32_t g = 0; done && g < count; g++) {
        cone.needed[g] = calloc(plan->blocks[g].rows, sizeof *cone.needed[g]);
        done = cone.needed[g] != NULL;
    }
    for (uint32_t g = 1; done && g < count; g++)
        if (plan->netlist->groups[g].output)
            start(&cone, g);
    for (uint32_t g = count; done && g-- > 1;)
        follow(&cone, g);
    for (uint32_t g = 1; done && g < count; g++)
        done = add_group(&cone, g);
    done = done && cf_schedule_in_turn(plan, &plan->linear->exact, false);
    *work = cone.work;
    for (uint32_t g = 0; cone.needed && g < count; g++)
        free(cone.needed[g]);
    free(cone.needed);
    return done;
}

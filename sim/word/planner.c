/* planner.c - makes a plan by calling one pass after another. */
#include <assert.h>
#include <stdlib.h>

#include "sim/word/linear.h"
#include "sim/word/passes.h"

static bool find_reaches(const struct cf_netlist *netlist, struct cf_arena *arena, const struct cf_reach **reaches)
{
    struct cf_reach *found = cf_arena_alloc(arena, netlist->cell_count, sizeof *found);
    for (uint32_t c = 0; found && c < netlist->cell_count; c++)
        cf_cell_reach(&netlist->cells[c], &found[c]);
    *reaches = found;
    return found != NULL;
}

/* Whether terms [first, end), all of one port, are the squares of nets that stand side by side, with one weight. */
static bool is_square_run(const struct cf_term *terms, uint32_t first, uint32_t end)
{
    for (uint32_t t = first; t < end; t++)
        if (!terms[t].square || terms[t].weight != terms[first].weight || terms[t].shift != terms[first].shift ||
            terms[t].offset != terms[first].offset + (t - first))
            return false;
    return true;
}

/* One past the last term that reads the port of term `first`. */
static uint32_t end_of_port(const struct cf_cell *cell, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < cell->term_count && cell->terms[end].port == cell->terms[first].port)
        end++;
    return end;
}

static bool find_runs(const struct cf_netlist *netlist, struct cf_arena *arena, const struct cf_term_run *const **runs)
{
    const struct cf_term_run **found = cf_arena_alloc(arena, netlist->cell_count, sizeof *found);
    *runs = (const struct cf_term_run *const *)found;
    for (uint32_t c = 0; found && c < netlist->cell_count; c++) {
        const struct cf_cell *cell = &netlist->cells[c];
        uint32_t count = 0;
        struct cf_term_run *run = cf_arena_alloc(arena, cell->port_count, sizeof *run);
        if (!run)
            return false;
        for (uint32_t first = 0, end; first < cell->term_count; first = end) {
            end = end_of_port(cell, first);
            run[count++] = (struct cf_term_run){end, is_square_run(cell->terms, first, end)};
        }
        found[c] = run;
    }
    return found != NULL;
}

static bool run_passes(struct cf_plan *plan, enum cf_mode mode)
{
    struct cf_arena *arena = &plan->arena;
    return find_reaches(plan->netlist, arena, &plan->reaches) &&                                           /* */
           find_runs(plan->netlist, arena, &plan->runs) && cf_find_layouts(plan, arena, &plan->layouts) && /* */
           cf_find_squares(plan, arena, &plan->squares) &&                                                 /* */
           cf_find_order(plan, arena, &plan->order) &&                                                     /* */
           cf_find_needs(plan, arena, &plan->needs) &&                                                     /* */
           cf_schedule_all(plan, &plan->all) &&                                                            /* */
           (mode == CF_ALL_GATES || cf_linear_plan(plan, arena, &plan->linear));
}

struct cf_plan *cf_plan_new(const struct cf_netlist *netlist, const struct cf_kernels *kernels, enum cf_mode mode,
                            struct cf_error *err)
{
    assert(netlist && kernels);
    struct cf_plan *plan = calloc(1, sizeof *plan);
    if (plan) {
        plan->netlist = netlist;
        plan->kernels = kernels;
    }
    if (!plan || !run_passes(plan, mode)) {
        cf_plan_free(plan);
        cf_fail(err, "%s: out of memory", netlist->label);
        return NULL;
    }
    return plan;
}

void cf_plan_free(struct cf_plan *plan)
{
    if (!plan)
        return;
    cf_schedule_free(&plan->all);
    cf_linear_free(plan->linear);
    cf_arena_free(&plan->arena);
    free(plan);
}

uint64_t cf_plan_general_gates(const struct cf_plan *plan)
{
    uint64_t count = 0;
    for (uint32_t g = 1; g < plan->netlist->group_count; g++) {
        const struct cf_layout *layout = &plan->layouts[g];
        count += layout->kind == CF_LAYOUT_GENERAL ? plan->netlist->groups[g].count : layout->exception_count;
    }
    return count;
}

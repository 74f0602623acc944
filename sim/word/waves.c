/* waves.c - finds the groups from which each group reads, the groups that are fused, and the wave of each group. */
#include "sim/word/passes.h"

/* ---- what is read ------------------------------------------------------------------------------------------------ */

/* Marks the groups that gate `index` of a group reads from. */
static void mark_sources(const struct cf_plan *plan, const struct cf_group *group, uint32_t index, bool *reads)
{
    const struct cf_reach *reach = &plan->reaches[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t p = 0; p < group->ports; p++) {
        if (reach->low[p] > reach->high[p])
            continue;
        uint32_t g = cf_netlist_group_of(plan->netlist, bases[p] + reach->low[p]);
        uint32_t last = cf_netlist_group_of(plan->netlist, bases[p] + reach->high[p]);
        for (; g <= last; g++)
            reads[g] = true;
    }
}

static void mark_dense_sources(const struct cf_dense_form *form, bool *reads)
{
    reads[form->source] = true;
    for (uint32_t e = 0; e < form->extra_count; e++)
        reads[form->extras[e].source] = true;
}

static bool find_reads(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena, const bool **found)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    const struct cf_layout *layout = &plan->layouts[index];
    bool *reads = cf_arena_alloc(arena, plan->netlist->group_count, sizeof *reads);
    *found = reads;
    if (!reads || index == CF_INPUT)
        return reads != NULL;
    for (uint32_t i = 0; i < layout->pattern_count; i++)
        for (uint32_t p = 0; p < CF_MAX_PORTS; p++)
            if (layout->patterns[i].source[p] != CF_NONE)
                reads[layout->patterns[i].source[p]] = true;
    if (layout->kind == CF_LAYOUT_DENSE)
        mark_dense_sources(layout->dense, reads);
    for (uint32_t i = 0; i < layout->exception_count; i++)
        mark_sources(plan, group, layout->exceptions[i], reads);
    for (uint32_t i = 0; layout->kind == CF_LAYOUT_GENERAL && i < group->count; i++)
        mark_sources(plan, group, i, reads);
    return true;
}

/* ---- fusion ------------------------------------------------------------------------------------------------------ */

/* Whether a dense group reads, row by row, nothing but the rows of a group of rows. The exceptions of the dense group,
 * which may read anything, are not asked: they wait for a wave of their own. */
static bool fits_rows(const struct cf_plan *plan, const struct cf_layout *dense)
{
    const struct cf_layout *source = &plan->layouts[dense->dense->source];
    uint32_t first = plan->netlist->groups[dense->dense->source].first_net;
    if (dense->dense->extra_count || source->kind != CF_LAYOUT_ROWS || source->rows != dense->rows ||
        dense->dense->packed.inputs > source->lanes)
        return false;
    for (uint32_t row = 0; row < dense->rows; row++)
        if (dense->base[row] == CF_NONE || dense->base[row] < first + row * source->lanes ||
            dense->base[row] + dense->dense->packed.inputs > first + (row + 1) * source->lanes)
            return false;
    return true;
}

/* ---- waves ------------------------------------------------------------------------------------------------------- */

/* The earliest wave in which everything that the group reads is there. */
static uint32_t wave_after_sources(const struct cf_order *order, uint32_t group)
{
    uint32_t wave = 0;
    for (uint32_t g = 1; g < group; g++)
        if (order[group].reads[g] && order[g].ready + 1 > wave)
            wave = order[g].ready + 1;
    return wave;
}

/* Places group `g`, when all before it are placed. A group of rows is fused with the first dense group that fits. */
static void place(const struct cf_plan *plan, struct cf_order *order, uint32_t g)
{
    const struct cf_layout *layout = &plan->layouts[g];
    order[g].fused_dense = order[g].fused_rows = CF_NONE;
    order[g].wave = order[g].ready = wave_after_sources(order, g);
    if (layout->kind != CF_LAYOUT_DENSE)
        return;
    uint32_t source = layout->dense->source;
    if (order[source].fused_dense != CF_NONE || !fits_rows(plan, layout))
        return;
    order[source].fused_dense = g;
    order[g].fused_rows = source;
    order[g].wave = order[source].wave;
    if (layout->exception_count == 0)
        order[g].ready = order[source].wave;
}

bool cf_find_order(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_order **order)
{
    uint32_t count = plan->netlist->group_count;
    struct cf_order *found = cf_arena_alloc(arena, count, sizeof *found);
    bool done = found != NULL;
    for (uint32_t g = 0; done && g < count; g++) {
        done = find_reads(plan, g, arena, &found[g].reads);
        if (done)
            place(plan, found, g);
    }
    *order = found;
    return done;
}

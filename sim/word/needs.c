/* needs.c - finds the last row of the input on which each row of gates depends, directly or through other gates. */
#include <assert.h>

#include "sim/word/passes.h"

struct needs_search {
    const struct cf_plan *plan;
    uint32_t **needs; /* [group_count][rows], of the groups that are done */
};

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The greatest need among the rows that hold `count` nets from `first`, all of one group. */
static uint32_t need_of_run(const struct needs_search *s, uint32_t group, uint32_t first, uint32_t count)
{
    assert(count > 0);
    uint32_t lanes = s->plan->layouts[group].lanes;
    uint32_t at = first - s->plan->netlist->groups[group].first_net, need = 0;
    for (uint32_t row = at / lanes; row <= (at + count - 1) / lanes; row++)
        need = greater(need, s->needs[group][row]);
    return need;
}

static uint32_t need_of_dense_row(const struct needs_search *s, const struct cf_layout *layout, uint32_t row)
{
    const struct cf_dense_form *form = layout->dense;
    uint32_t need = need_of_run(s, form->source, layout->base[row], form->packed.inputs);
    for (uint32_t e = 0; e < form->extra_count; e++)
        need = greater(need, need_of_run(s, form->extras[e].source, form->extras[e].net[row], 1));
    return need;
}

/* The greatest need among the rows that hold nets [first, last], of any groups before group `group`. */
static uint32_t need_of_span(const struct needs_search *s, uint32_t group, uint32_t first, uint32_t last)
{
    const struct cf_netlist *netlist = s->plan->netlist;
    uint32_t g = cf_netlist_group_of(netlist, first);
    const struct cf_group *from = &netlist->groups[g];
    enum { MOST_ROWS = 16 }; /* of a span that is worth looking through */
    uint64_t most = (uint64_t)s->plan->layouts[g].lanes * MOST_ROWS;
    if (g >= group || last - from->first_net >= from->count || last - first >= most)
        return CF_EVERYTHING;
    return need_of_run(s, g, first, last - first + 1);
}

/* A row of gates of the general path. Where a row is longer than a task, its tasks may share rows. */
static uint32_t need_of_gates(const struct needs_search *s, uint32_t group_index, uint32_t row)
{
    const struct cf_group *group = &s->plan->netlist->groups[group_index];
    uint32_t lanes = s->plan->layouts[group_index].lanes, need = lanes > CF_TASK_GATE_COUNT ? CF_EVERYTHING : 0;
    for (uint32_t i = row * lanes; i < (row + 1) * lanes && need != CF_EVERYTHING; i++) {
        const struct cf_reach *reach = &s->plan->reaches[group->cell[i]];
        const uint32_t *bases = cf_instance_bases(group, i);
        for (uint32_t p = 0; p < group->ports; p++)
            if (reach->low[p] <= reach->high[p])
                need = greater(need, need_of_span(s, group_index, bases[p] + reach->low[p], bases[p] + reach->high[p]));
    }
    return need;
}

static uint32_t need_of_row(const struct needs_search *s, uint32_t group, uint32_t row)
{
    const struct cf_layout *layout = &s->plan->layouts[group];
    if (layout->kind == CF_LAYOUT_INPUT)
        return row;
    if (layout->kind == CF_LAYOUT_GENERAL)
        return need_of_gates(s, group, row);
    if (layout->kind == CF_LAYOUT_DENSE && layout->base[row] != CF_NONE)
        return need_of_dense_row(s, layout, row);
    if (layout->kind != CF_LAYOUT_ROWS || layout->pattern_of[row] == CF_NONE)
        return CF_EVERYTHING;
    const struct cf_row_pattern *pattern = &layout->patterns[layout->pattern_of[row]];
    uint32_t need = 0;
    for (uint32_t t = 0; t < pattern->term_count && need != CF_EVERYTHING; t++) {
        const struct cf_row_term *term = &pattern->terms[t];
        uint32_t first = layout->base[(size_t)row * layout->ports + term->port] + term->offset;
        need = greater(need, need_of_run(s, pattern->source[term->port], first, layout->lanes));
    }
    return need;
}

/* Gives all rows of a task the greatest need among them. */
static void share_need(const struct cf_layout *layout, uint32_t *need)
{
    uint32_t portion = cf_task_rows(layout);
    for (uint32_t first = 0; first < layout->rows; first += portion) {
        uint32_t left = layout->rows - first, greatest = 0;
        uint32_t end = left < portion ? layout->rows : first + portion;
        for (uint32_t row = first; row < end; row++)
            greatest = greater(greatest, need[row]);
        for (uint32_t row = first; row < end; row++)
            need[row] = greatest;
    }
}

bool cf_find_needs(const struct cf_plan *plan, struct cf_arena *arena, const uint32_t *const **needs)
{
    uint32_t count = plan->netlist->group_count;
    struct needs_search s = {plan, cf_arena_alloc(arena, count, sizeof *s.needs)};
    *needs = (const uint32_t *const *)s.needs;
    if (!s.needs)
        return false;
    for (uint32_t g = 0; g < count; g++) {
        const struct cf_layout *layout = &plan->layouts[g];
        uint32_t *need = s.needs[g] = cf_arena_alloc(arena, layout->rows, sizeof *need);
        if (!need)
            return false;
        for (uint32_t row = 0; row < layout->rows; row++)
            need[row] = need_of_row(&s, g, row);
        /* Exceptions may read anything. */
        for (uint32_t i = 0; i < layout->exception_count; i++)
            need[layout->exceptions[i] / layout->lanes] = CF_EVERYTHING;
        share_need(layout, need);
    }
    return true;
}

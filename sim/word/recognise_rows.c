/* recognise_rows.c - finds the groups whose rows have one cell each, with bases that advance by one from lane to lane.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/vote.h"
#include "sim/word/passes.h"

struct rows_search {
    const struct cf_plan *plan;
    struct cf_arena *arena;
    const struct cf_group *group;
    uint32_t rows, lanes;
    uint32_t *first_pattern; /* [cell_count]: where the search for a cell's pattern begins, or CF_NONE */
    struct cf_row_pattern *patterns;
    uint32_t pattern_count;
    size_t pattern_capacity;
    uint32_t *pattern_of, *base; /* as in the layout */
    struct cf_index_list exceptions;
};

static bool port_used(const struct rows_search *s, uint32_t cell, uint32_t port)
{
    const struct cf_reach *reach = &s->plan->reaches[cell];
    return reach->low[port] <= reach->high[port];
}

/* True when the gate in the row's lane `lane` does what the one in lane `from` does, as many nets further on. */
static bool same_pattern(const struct rows_search *s, uint32_t row, uint32_t from, uint32_t lane)
{
    uint32_t a = row * s->lanes + from, b = row * s->lanes + lane;
    if (s->group->cell[a] != s->group->cell[b])
        return false;
    const uint32_t *base_a = cf_instance_bases(s->group, a), *base_b = cf_instance_bases(s->group, b);
    for (uint32_t p = 0; p < s->group->ports; p++)
        if (base_b[p] - base_a[p] != lane - from && port_used(s, s->group->cell[a], p))
            return false;
    return true;
}

/* The lane whose pattern most lanes of the row share, if one has a majority. */
static uint32_t majority_lane(const struct rows_search *s, uint32_t row)
{
    struct cf_vote vote = {0};
    for (uint32_t lane = 0; lane < s->lanes; lane++)
        cf_vote(&vote, same_pattern(s, row, vote.leader, lane) ? vote.leader : lane);
    return vote.leader;
}

static uint32_t count_same(const struct rows_search *s, uint32_t row, uint32_t from)
{
    uint32_t same = 0;
    for (uint32_t lane = 0; lane < s->lanes; lane++)
        same += same_pattern(s, row, from, lane);
    return same;
}

/* The storage that the row kernel must add in. A linear sum may wrap, since its value fits the output. */
static enum cf_storage compute_storage(const struct cf_cell *cell)
{
    enum cf_storage storage = cf_storage_of(cell->type);
    if (cell->activation == CF_STEP) {
        int64_t min = 0, max = 0;
        cf_cell_range(cell, &min, &max);
        storage = cf_storage_for_bits(cf_signed_width(min, max));
    }
    return storage < CF_STORE16 ? CF_STORE16 : storage;
}

static bool fill_pattern(const struct rows_search *s, struct cf_row_pattern *pattern, uint32_t index,
                         const uint32_t *source)
{
    const struct cf_cell *cell = &s->plan->netlist->cells[index];
    struct cf_row_term *terms = cf_arena_alloc(s->arena, cell->term_count, sizeof *terms);
    if (!terms)
        return false;
    for (uint32_t t = 0; t < cell->term_count; t++)
        terms[t] =
            (struct cf_row_term){.factor = (int64_t)((uint64_t)(int64_t)cell->terms[t].weight << cell->terms[t].shift),
                                 .offset = cell->terms[t].offset,
                                 .row_offset = cell->terms[t].offset / s->lanes,
                                 .port = cell->terms[t].port};
    *pattern = (struct cf_row_pattern){
        .cell = index, .terms = terms, .term_count = cell->term_count, .compute = compute_storage(cell)};
    memcpy(pattern->source, source, sizeof pattern->source);
    return true;
}

/* The index of the pattern, which is made if it is new; CF_NONE when memory is out. */
static uint32_t find_pattern(struct rows_search *s, uint32_t cell, const uint32_t *source)
{
    for (uint32_t i = s->first_pattern[cell]; i < s->pattern_count; i++)
        if (s->patterns[i].cell == cell && memcmp(s->patterns[i].source, source, sizeof s->patterns[i].source) == 0)
            return i;
    if (!cf_array_reserve(&s->patterns, &s->pattern_capacity, (size_t)s->pattern_count + 1, sizeof *s->patterns) ||
        !fill_pattern(s, &s->patterns[s->pattern_count], cell, source))
        return CF_NONE;
    if (s->first_pattern[cell] == CF_NONE)
        s->first_pattern[cell] = s->pattern_count;
    return s->pattern_count++;
}

/* The groups that the row's ports read from. False when the nets that a port reads lie in several groups, or would
 * begin before the first net, or when the gates are not plain. */
static bool row_sources(const struct rows_search *s, uint32_t row, uint32_t lane, uint32_t *source)
{
    uint32_t index = row * s->lanes + lane, cell = s->group->cell[index];
    const uint32_t *bases = cf_instance_bases(s->group, index);
    const struct cf_reach *reach = &s->plan->reaches[cell];
    if (!cf_cell_is_plain(&s->plan->netlist->cells[cell]))
        return false; /* a kernel knows sums and steps alone */
    for (uint32_t p = 0; p < CF_MAX_PORTS; p++)
        source[p] = CF_NONE;
    for (uint32_t p = 0; p < s->group->ports; p++) {
        if (!port_used(s, cell, p))
            continue;
        if (bases[p] < lane)
            return false;
        source[p] = cf_group_of_run(s->plan->netlist, (uint64_t)bases[p] - lane + reach->low[p],
                                    (uint64_t)reach->high[p] - reach->low[p] + s->lanes);
        if (source[p] == CF_NONE)
            return false;
    }
    return true;
}

/* Finds the row's pattern and its exceptions; false when memory is out. */
static bool search_row(struct rows_search *s, uint32_t row)
{
    uint32_t lanes = s->lanes, lane = 0, same = count_same(s, row, 0);
    if (same < lanes && lanes > 2) {
        lane = majority_lane(s, row);
        same = count_same(s, row, lane);
    }
    uint32_t source[CF_MAX_PORTS];
    bool regular = same > lanes / 2 && row_sources(s, row, lane, source);
    s->pattern_of[row] = CF_NONE;
    if (regular) {
        const uint32_t *bases = cf_instance_bases(s->group, row * lanes + lane);
        s->pattern_of[row] = find_pattern(s, s->group->cell[row * lanes + lane], source);
        if (s->pattern_of[row] == CF_NONE)
            return false;
        for (uint32_t p = 0; p < s->group->ports; p++)
            s->base[(size_t)row * s->group->ports + p] = bases[p] - lane;
    }
    if (regular && same == lanes)
        return true;
    for (uint32_t l = 0; l < lanes; l++)
        if (!regular || !same_pattern(s, row, lane, l))
            if (!cf_index_list_add(&s->exceptions, row * lanes + l))
                return false;
    return true;
}

static bool alloc_search(struct rows_search *s)
{
    uint32_t cells = s->plan->netlist->cell_count;
    s->pattern_of = cf_arena_alloc(s->arena, s->rows, sizeof *s->pattern_of);
    s->base = cf_arena_alloc(s->arena, (size_t)s->rows * s->group->ports, sizeof *s->base);
    s->first_pattern = malloc(cells * sizeof *s->first_pattern);
    for (uint32_t c = 0; s->first_pattern && c < cells; c++)
        s->first_pattern[c] = CF_NONE;
    return s->pattern_of && s->base && s->first_pattern;
}

static enum cf_recognised search(struct rows_search *s, struct cf_layout *layout)
{
    /* With more exceptions than this, the group has another layout. */
    uint32_t limit = s->group->count / 2;
    if (!alloc_search(s))
        return CF_NO_MEMORY;
    for (uint32_t row = 0; row < s->rows; row++) {
        if (!search_row(s, row))
            return CF_NO_MEMORY;
        if (s->exceptions.count > limit)
            return CF_OTHER_LAYOUT;
    }
    struct cf_row_pattern *patterns = cf_arena_alloc(s->arena, s->pattern_count, sizeof *patterns);
    const uint32_t *exceptions = cf_index_list_keep(&s->exceptions, s->arena);
    if (!patterns || !exceptions)
        return CF_NO_MEMORY;
    if (s->pattern_count)
        memcpy(patterns, s->patterns, s->pattern_count * sizeof *patterns);
    layout->kind = CF_LAYOUT_ROWS;
    layout->exceptions = exceptions;
    layout->exception_count = s->exceptions.count;
    layout->base = s->base;
    layout->ports = s->group->ports;
    layout->patterns = patterns;
    layout->pattern_count = s->pattern_count;
    layout->pattern_of = s->pattern_of;
    return CF_RECOGNISED;
}

enum cf_recognised cf_recognise_rows(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena,
                                     struct cf_layout *layout)
{
    assert(index != CF_INPUT && layout->lanes > 0);
    struct rows_search s = {.plan = plan,
                            .arena = arena,
                            .group = &plan->netlist->groups[index],
                            .rows = layout->rows,
                            .lanes = layout->lanes};
    enum cf_recognised found = search(&s, layout);
    free(s.first_pattern);
    free(s.patterns);
    free(s.exceptions.items);
    return found;
}

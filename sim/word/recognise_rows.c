/* recognise_rows.c - finds the groups whose positions are rows of one cell with bases that advance by one a lane. */
#include <stdlib.h>
#include <string.h>

#include "sim/word/plan_internal.h"

struct rows_search {
    struct cf_plan *plan;
    const struct cf_group *group;
    struct cf_block *block;
    uint32_t *first_pattern; /* [cell_count]: where the search for a cell's pattern begins, or CF_NONE */
    uint32_t pattern_capacity;
    struct cf_index_list exceptions;
};

static bool port_used(const struct rows_search *s, uint32_t cell, uint32_t port)
{
    const struct cf_reach *reach = &s->plan->reaches[cell];
    return reach->low[port] <= reach->high[port];
}

/* True when gate `index`, the row's lane `lane`, is what lane `from` of the row is, moved along. */
static bool same_pattern(const struct rows_search *s, uint32_t row, uint32_t from, uint32_t lane)
{
    uint32_t lanes = s->block->lanes, a = row * lanes + from, b = row * lanes + lane;
    if (s->group->cell[a] != s->group->cell[b])
        return false;
    const uint32_t *base_a = cf_instance_bases(s->group, a), *base_b = cf_instance_bases(s->group, b);
    for (uint32_t p = 0; p < s->group->ports; p++)
        if (base_b[p] - base_a[p] != lane - from && port_used(s, s->group->cell[a], p))
            return false;
    return true;
}

/* The lane whose pattern most lanes of the row share, if any has a majority (Boyer and Moore). */
static uint32_t majority_lane(const struct rows_search *s, uint32_t row)
{
    uint32_t candidate = 0, votes = 0;
    for (uint32_t lane = 0; lane < s->block->lanes; lane++) {
        if (votes == 0)
            candidate = lane;
        if (candidate == lane || same_pattern(s, row, candidate, lane))
            votes++;
        else
            votes--;
    }
    return candidate;
}

static uint32_t count_same(const struct rows_search *s, uint32_t row, uint32_t from)
{
    uint32_t same = 0;
    for (uint32_t lane = 0; lane < s->block->lanes; lane++)
        same += same_pattern(s, row, from, lane);
    return same;
}

/* The width that the row kernel must add in. A linear sum may wrap, since its value fits the output. */
static enum cf_storage compute_lane(const struct cf_cell *cell)
{
    enum cf_storage lane = cf_storage_of(cell->type);
    int64_t min = 0, max = 0;
    if (cell->activation == CF_STEP) {
        cf_cell_range(cell, &min, &max);
        lane = cf_storage_for_bits(cf_signed_width(min, max));
    }
    return lane < CF_STORE16 ? CF_STORE16 : lane;
}

static bool fill_pattern(struct rows_search *s, struct cf_row_pattern *pattern, uint32_t index, const uint32_t *source)
{
    const struct cf_cell *cell = &s->plan->netlist->cells[index];
    struct cf_row_term *terms = cf_arena_alloc(&s->plan->arena, cell->term_count, sizeof *terms);
    if (!terms)
        return false;
    for (uint32_t t = 0; t < cell->term_count; t++)
        terms[t] =
            (struct cf_row_term){.factor = (int64_t)((uint64_t)(int64_t)cell->terms[t].weight << cell->terms[t].shift),
                                 .offset = cell->terms[t].offset,
                                 .row_offset = cell->terms[t].offset / s->block->lanes,
                                 .port = cell->terms[t].port};
    *pattern = (struct cf_row_pattern){
        .cell = index, .terms = terms, .term_count = cell->term_count, .compute = compute_lane(cell)};
    memcpy(pattern->source, source, sizeof pattern->source);
    return true;
}

/* The index of the pattern, made if it is new; CF_NONE when memory is out. */
static uint32_t find_pattern(struct rows_search *s, uint32_t cell, const uint32_t *source)
{
    struct cf_block *block = s->block;
    for (uint32_t i = s->first_pattern[cell]; i < block->pattern_count; i++)
        if (block->patterns[i].cell == cell &&
            memcmp(block->patterns[i].source, source, sizeof block->patterns[i].source) == 0)
            return i;
    if (block->pattern_count == s->pattern_capacity) {
        uint32_t capacity = s->pattern_capacity ? 2 * s->pattern_capacity : 16;
        struct cf_row_pattern *more = cf_arena_alloc(&s->plan->arena, capacity, sizeof *more);
        if (!more)
            return CF_NONE;
        if (block->pattern_count)
            memcpy(more, block->patterns, block->pattern_count * sizeof *more);
        block->patterns = more;
        s->pattern_capacity = capacity;
    }
    if (!fill_pattern(s, &block->patterns[block->pattern_count], cell, source))
        return CF_NONE;
    if (s->first_pattern[cell] == CF_NONE)
        s->first_pattern[cell] = block->pattern_count;
    return block->pattern_count++;
}

/* The groups that the row's ports read from; false when a port's run of nets crosses groups, or would begin before
 * the first net. */
static bool row_sources(const struct rows_search *s, uint32_t row, uint32_t lane, uint32_t *source)
{
    uint32_t index = row * s->block->lanes + lane, cell = s->group->cell[index];
    const uint32_t *bases = cf_instance_bases(s->group, index);
    const struct cf_reach *reach = &s->plan->reaches[cell];
    for (uint32_t p = 0; p < CF_MAX_PORTS; p++)
        source[p] = CF_NONE;
    for (uint32_t p = 0; p < s->group->ports; p++) {
        if (!port_used(s, cell, p))
            continue;
        if (bases[p] < lane)
            return false;
        source[p] = cf_group_of_run(s->plan->netlist, (uint64_t)bases[p] - lane + reach->low[p],
                                    (uint64_t)reach->high[p] - reach->low[p] + s->block->lanes);
        if (source[p] == CF_NONE)
            return false;
    }
    return true;
}

static bool search_row(struct rows_search *s, uint32_t row)
{
    struct cf_block *block = s->block;
    uint32_t lanes = block->lanes, lane = 0, same = count_same(s, row, 0);
    if (same < lanes && lanes > 2) {
        lane = majority_lane(s, row);
        same = count_same(s, row, lane);
    }
    uint32_t source[CF_MAX_PORTS];
    bool regular = same > lanes / 2 && row_sources(s, row, lane, source);
    block->pattern_of[row] = CF_NONE;
    if (regular) {
        const uint32_t *bases = cf_instance_bases(s->group, row * lanes + lane);
        block->pattern_of[row] = find_pattern(s, s->group->cell[row * lanes + lane], source);
        if (block->pattern_of[row] == CF_NONE)
            return false;
        for (uint32_t p = 0; p < block->ports; p++)
            block->base[(size_t)row * block->ports + p] = bases[p] - lane;
    }
    if (regular && same == lanes)
        return true;
    for (uint32_t l = 0; l < lanes; l++)
        if (!regular || !same_pattern(s, row, lane, l))
            if (!cf_index_list_add(&s->exceptions, row * lanes + l))
                return false;
    return true;
}

bool cf_recognise_rows(struct cf_plan *plan, uint32_t index, bool *memory)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    struct cf_block *block = &plan->blocks[index];
    struct rows_search s = {.plan = plan, .group = group, .block = block};
    block->ports = group->ports;
    block->pattern_of = cf_arena_alloc(&plan->arena, block->rows, sizeof *block->pattern_of);
    block->base = cf_arena_alloc(&plan->arena, (size_t)block->rows * group->ports, sizeof *block->base);
    s.first_pattern = malloc(plan->netlist->cell_count * sizeof *s.first_pattern);
    bool done = block->pattern_of && block->base && s.first_pattern;
    if (done)
        memset(s.first_pattern, 0xff, plan->netlist->cell_count * sizeof *s.first_pattern);
    /* More exceptions than this, and the form is not what the group is. */
    uint32_t limit = group->count / 2;
    for (uint32_t row = 0; done && row < block->rows && s.exceptions.count <= limit; row++)
        done = search_row(&s, row);
    uint32_t *exceptions = done ? cf_arena_alloc(&plan->arena, s.exceptions.count, sizeof *exceptions) : NULL;
    *memory = done = done && exceptions;
    bool found = done && s.exceptions.count <= limit;
    if (found) {
        if (s.exceptions.count)
            memcpy(exceptions, s.exceptions.items, s.exceptions.count * sizeof *exceptions);
        block->exceptions = exceptions;
        block->exception_count = s.exceptions.count;
        block->kind = CF_BLOCK_ROWS;
    }
    free(s.first_pattern);
    free(s.exceptions.items);
    return found;
}

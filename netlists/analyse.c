/* analyse.c - works out levels, live gates and edges of a netlist. */
#include "netlists/analyse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/check.h"

/* One byte per net: whether an output depends on it. malloc'd; NULL when memory is out. */
static uint8_t *find_live(const struct cf_netlist *netlist)
{
    uint8_t *live = calloc(netlist->net_count ? netlist->net_count : 1, 1);
    for (uint32_t g = netlist->group_count; live && g-- > 1;) {
        const struct cf_group *group = &netlist->groups[g];
        if (group->output)
            memset(live + group->first_net, 1, group->count);
        for (uint32_t i = 0; i < group->count; i++) {
            if (!live[group->first_net + i])
                continue;
            const struct cf_cell *cell = &netlist->cells[group->cell[i]];
            const uint32_t *bases = cf_instance_bases(group, i);
            for (uint32_t t = 0; t < cell->term_count; t++)
                live[bases[cell->terms[t].port] + cell->terms[t].offset] = 1;
        }
    }
    return live;
}

struct levels {
    const struct cf_netlist *netlist;
    const struct cf_reach *reaches; /* [cell_count] */
    uint32_t *of_net;
    struct cf_group_facts *groups;
};

/* The highest level that one instance reads. If all nets within a port's reach lie in one group whose gates have one
 * level, the edges need not be visited one by one. */
static uint32_t fanin_level(const struct levels *l, const struct cf_cell *cell, const struct cf_reach *reach,
                            const uint32_t *bases)
{
    uint32_t highest = 0;
    for (uint32_t p = 0; p < cell->port_count; p++) {
        if (reach->low[p] > reach->high[p])
            continue;
        uint32_t low = bases[p] + reach->low[p], high = bases[p] + reach->high[p];
        uint32_t g = cf_netlist_group_of(l->netlist, low);
        const struct cf_group *source = &l->netlist->groups[g];
        const struct cf_group_facts *facts = &l->groups[g];
        if (high - source->first_net < source->count && facts->level_low == facts->level_high) {
            highest = facts->level_high > highest ? facts->level_high : highest;
            continue;
        }
        for (uint32_t t = 0; t < cell->term_count; t++) {
            uint32_t level = cell->terms[t].port == p ? l->of_net[bases[p] + cell->terms[t].offset] : 0;
            highest = level > highest ? level : highest;
        }
    }
    return highest;
}

static void group_levels(const struct levels *l, uint32_t g)
{
    const struct cf_group *group = &l->netlist->groups[g];
    struct cf_group_facts *facts = &l->groups[g];
    facts->level_low = UINT32_MAX;
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t c = group->cell[i];
        uint32_t level = 1 + fanin_level(l, &l->netlist->cells[c], &l->reaches[c], cf_instance_bases(group, i));
        l->of_net[group->first_net + i] = level;
        facts->level_low = level < facts->level_low ? level : facts->level_low;
        facts->level_high = level > facts->level_high ? level : facts->level_high;
    }
}

/* Adds one cell, placed `times` times, to a group's weight figures. */
static void count_weights(const struct cf_cell *cell, uint64_t times, struct cf_group_facts *facts)
{
    for (uint32_t t = 0; t < cell->term_count; t++) {
        int32_t weight = cell->terms[t].weight;
        facts->weight_count[weight == -1 ? 0 : weight == 1 ? 1 : 2] += times;
        facts->weight_min = weight < facts->weight_min ? weight : facts->weight_min;
        facts->weight_max = weight > facts->weight_max ? weight : facts->weight_max;
        facts->squares += cell->terms[t].square ? times : 0;
    }
    facts->beyond += cf_cell_is_plain(cell) ? 0 : times;
    facts->edges += times * cell->term_count;
    facts->fanin_min = cell->term_count < facts->fanin_min ? cell->term_count : facts->fanin_min;
    facts->fanin_max = cell->term_count > facts->fanin_max ? cell->term_count : facts->fanin_max;
}

static void group_counts(const struct cf_netlist *netlist, const struct cf_group *group, const uint8_t *live,
                         uint32_t *placed, struct cf_group_facts *facts)
{
    memset(placed, 0, netlist->cell_count * sizeof *placed);
    facts->weight_min = INT32_MAX;
    facts->weight_max = INT32_MIN;
    facts->fanin_min = UINT32_MAX;
    for (uint32_t i = 0; i < group->count; i++) {
        placed[group->cell[i]]++;
        if (live[group->first_net + i]) {
            facts->live++;
            facts->live_edges += netlist->cells[group->cell[i]].term_count;
        }
    }
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        if (placed[c]) {
            facts->cells++;
            count_weights(&netlist->cells[c], placed[c], facts);
        }
}

bool cf_netlist_analyse(const struct cf_netlist *netlist, struct cf_facts *facts, struct cf_error *err)
{
    assert(cf_netlist_is_valid(netlist));
    *facts = (struct cf_facts){.groups = calloc(netlist->group_count, sizeof *facts->groups)};
    size_t cells = netlist->cell_count ? netlist->cell_count : 1;
    struct cf_reach *reaches = calloc(cells, sizeof *reaches);
    uint32_t *placed = calloc(cells, sizeof *placed);
    struct levels l = {netlist, reaches, calloc(netlist->net_count, sizeof *l.of_net), facts->groups};
    uint8_t *live = find_live(netlist);
    bool done = facts->groups && reaches && placed && l.of_net && live;
    if (!done)
        cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t c = 0; done && c < netlist->cell_count; c++)
        cf_cell_reach(&netlist->cells[c], &reaches[c]);
    for (uint32_t g = 1; done && g < netlist->group_count; g++) {
        struct cf_group_facts *group = &facts->groups[g];
        group_levels(&l, g);
        group_counts(netlist, &netlist->groups[g], live, placed, group);
        facts->gates += netlist->groups[g].count;
        facts->live += group->live;
        facts->beyond += group->beyond;
        facts->edges += group->edges;
        facts->live_edges += group->live_edges;
        facts->depth = group->level_high > facts->depth ? group->level_high : facts->depth;
    }
    free(reaches);
    free(placed);
    free(l.of_net);
    free(live);
    if (!done)
        cf_facts_free(facts);
    return done;
}

void cf_facts_free(struct cf_facts *facts)
{
    free(facts->groups);
    facts->groups = NULL;
}

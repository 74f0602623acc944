/* plan.c - sorts the gates of each group into families, and has programs made for them. */
#include "sim/bits/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/cell.h"
#include "sim/bits/graph_program.h"

/* Sorts the gates of a group by cell. */
static bool sort_gates(struct cf_bit_group *out, const struct cf_netlist *netlist, const struct cf_group *group,
                       uint32_t *counts)
{
    out->gates_of = calloc(netlist->cell_count, sizeof *out->gates_of);
    out->gates = calloc(group->count, sizeof *out->gates);
    if (!out->gates_of || !out->gates)
        return false;
    memset(counts, 0, netlist->cell_count * sizeof *counts);
    for (uint32_t i = 0; i < group->count; i++)
        counts[group->cell[i]]++;
    uint32_t *next = out->gates;
    for (uint32_t c = 0; c < netlist->cell_count; c++) {
        out->gates_of[c] = counts[c] ? next : NULL;
        next += counts[c];
        counts[c] = 0;
    }
    for (uint32_t i = 0; i < group->count; i++)
        out->gates_of[group->cell[i]][counts[group->cell[i]]++] = i;
    return true;
}

static bool same_ports(const struct cf_cell *a, const struct cf_cell *b)
{
    if (a->port_count != b->port_count)
        return false;
    for (uint32_t p = 0; p < a->port_count; p++)
        if (!cf_type_equal(a->ports[p], b->ports[p]))
            return false;
    return true;
}

static bool same_places(const struct cf_group *group, const uint32_t *a, const uint32_t *b, uint32_t count)
{
    size_t size = group->ports * sizeof *group->base;
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(cf_instance_bases(group, a[i]), cf_instance_bases(group, b[i]), size) != 0)
            return false;
    return true;
}

static bool add_cell(struct cf_bit_family *family, uint32_t cell)
{
    if (!cf_array_reserve(&family->cells, &family->cell_capacity, (size_t)family->cell_count + 1, sizeof cell))
        return false;
    family->cells[family->cell_count++] = cell;
    return true;
}

/* Puts a cell into the family that it belongs to, or into a new one. */
static bool add_to_family(struct cf_bit_group *out, const struct cf_netlist *netlist, const struct cf_group *group,
                          uint32_t cell, uint32_t gate_count)
{
    for (uint32_t f = 0; f < out->family_count; f++) {
        struct cf_bit_family *family = &out->families[f];
        uint32_t first = family->cells[0];
        if (family->gate_count == gate_count && same_ports(&netlist->cells[first], &netlist->cells[cell]) &&
            same_places(group, out->gates_of[first], out->gates_of[cell], gate_count))
            return add_cell(family, cell);
    }
    struct cf_bit_family family = {.gates_of = out->gates_of, .gate_count = gate_count};
    if (!cf_array_reserve(&out->families, &out->family_capacity, (size_t)out->family_count + 1, sizeof family) ||
        !add_cell(&family, cell))
        return false;
    out->families[out->family_count++] = family;
    return true;
}

/* True when gate `i` of every cell stands beside the one before, and reads beside it. */
static bool goes_on(const struct cf_bit_family *family, const struct cf_group *group, uint32_t i)
{
    const uint32_t *gates = family->gates_of[family->cells[0]];
    const uint32_t *here = cf_instance_bases(group, gates[i]), *before = cf_instance_bases(group, gates[i - 1]);
    for (uint32_t port = 0; port < group->ports; port++)
        if (here[port] != before[port] + 1)
            return false;
    for (uint32_t c = 0; c < family->cell_count; c++)
        if (family->gates_of[family->cells[c]][i] != family->gates_of[family->cells[c]][i - 1] + 1)
            return false;
    return true;
}

static bool find_runs(struct cf_bit_family *family, const struct cf_group *group)
{
    const uint32_t *gates = family->gates_of[family->cells[0]];
    uint32_t count = 1, run = 0;
    for (uint32_t i = 1; i < family->gate_count; i++)
        count += !goes_on(family, group, i);
    family->run_count = count;
    family->run_first = calloc((size_t)count + 1, sizeof *family->run_first);
    family->run_bases = calloc((size_t)count * group->ports + 1, sizeof *family->run_bases);
    family->run_at = calloc(family->gate_count / CF_TILE + 1, sizeof *family->run_at);
    if (!family->run_first || !family->run_bases || !family->run_at)
        return false;
    for (uint32_t i = 0; i < family->gate_count; i++) {
        if (i == 0 || !goes_on(family, group, i)) {
            memcpy(family->run_bases + (size_t)run * group->ports, cf_instance_bases(group, gates[i]),
                   group->ports * sizeof *group->base);
            family->run_first[run++] = i;
        }
        if (i % CF_TILE == 0)
            family->run_at[i / CF_TILE] = run - 1;
    }
    family->run_first[count] = family->gate_count;
    return true;
}

/* The one group that a port reads, over all gates and all cells of the family. */
static uint32_t find_source(const struct cf_bit_family *family, const struct cf_netlist *netlist,
                            const struct cf_group *group, uint32_t port, uint32_t low, uint32_t high)
{
    const uint32_t *gates = family->gates_of[family->cells[0]];
    uint32_t found = CF_SOURCES_MIXED;
    if (low > high)
        return 0; /* nothing is read through it */
    for (uint32_t i = 0; i < family->gate_count; i++) {
        uint32_t first = cf_instance_bases(group, gates[i])[port] + low, last = first + (high - low);
        if (i == 0)
            found = cf_netlist_group_of(netlist, first);
        const struct cf_group *source = &netlist->groups[found];
        if (first < source->first_net || last - source->first_net >= source->count)
            return CF_SOURCES_MIXED;
    }
    return found;
}

static void find_sources(struct cf_bit_family *family, const struct cf_netlist *netlist, const struct cf_group *group)
{
    struct cf_reach all, one;
    cf_cell_reach(&netlist->cells[family->cells[0]], &all);
    for (uint32_t c = 1; c < family->cell_count; c++) {
        cf_cell_reach(&netlist->cells[family->cells[c]], &one);
        for (uint32_t p = 0; p < group->ports; p++) {
            all.low[p] = one.low[p] < all.low[p] ? one.low[p] : all.low[p];
            all.high[p] = one.high[p] > all.high[p] ? one.high[p] : all.high[p];
        }
    }
    for (uint32_t p = 0; p < group->ports; p++)
        family->source[p] = find_source(family, netlist, group, p, all.low[p], all.high[p]);
}

static bool is_adjacent(const struct cf_bit_family *family, const struct cf_netlist *netlist, uint32_t first,
                        uint32_t count)
{
    const uint32_t *gates = family->gates_of[family->cells[first]];
    for (uint32_t c = 0; c < count; c++) {
        const uint32_t *others = family->gates_of[family->cells[first + c]];
        if (netlist->cells[family->cells[first + c]].activation != CF_STEP)
            return false;
        for (uint32_t i = 0; i < family->gate_count; i++)
            if (others[i] != gates[i] + c)
                return false;
    }
    return count > 1;
}

/* One program for all cells, the graph of their bank; `*made` is false where there is none. */
static bool build_graph(struct cf_bit_family *family, const struct cf_netlist *netlist, bool *made,
                        struct cf_error *err)
{
    struct cf_bit_part *part = &family->parts[0];
    if (!cf_bit_graph_program(&part->program, netlist, family->cells, family->cell_count, err))
        return false;
    *made = part->program != NULL;
    if (*made) {
        part->adjacent = is_adjacent(family, netlist, 0, family->cell_count);
        family->part_count = 1;
    }
    return true;
}

/* Programs for the cells [first, first + count): one if they fit, else halves. */
static bool build_parts(struct cf_bit_family *family, const struct cf_netlist *netlist,
                        const struct cf_network_cell *cells, uint32_t first, uint32_t count, struct cf_error *err)
{
    const struct cf_network_cell **members = calloc(count, sizeof *members);
    if (!members)
        return cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t c = 0; c < count; c++)
        members[c] = &cells[family->cells[first + c]];
    struct cf_bit_part *part = &family->parts[family->part_count];
    bool too_large;
    bool done = cf_bit_program_build(&part->program, members, count, &too_large, err);
    free(members);
    if (done) {
        part->cell_first = first;
        part->adjacent = is_adjacent(family, netlist, first, count);
        family->part_count++;
        return true;
    }
    if (!too_large || count == 1)
        return false;
    return build_parts(family, netlist, cells, first, count / 2, err) &&
           build_parts(family, netlist, cells, first + count / 2, count - count / 2, err);
}

static bool plan_family(struct cf_bit_family *family, const struct cf_netlist *netlist, const struct cf_group *group,
                        const struct cf_network_cell *cells, bool graphs, struct cf_error *err)
{
    bool made = false;
    family->parts = calloc(family->cell_count, sizeof *family->parts);
    if (!family->parts || !find_runs(family, group))
        return cf_fail(err, "%s: out of memory", netlist->label);
    find_sources(family, netlist, group);
    if (graphs && !build_graph(family, netlist, &made, err))
        return false;
    return made || build_parts(family, netlist, cells, 0, family->cell_count, err);
}

static bool plan_group(struct cf_bit_plan *plan, uint32_t index, const struct cf_netlist *netlist,
                       const struct cf_network_cell *cells, bool graphs, uint32_t *counts, struct cf_error *err)
{
    struct cf_bit_group *out = &plan->groups[index];
    const struct cf_group *group = &netlist->groups[index];
    bool done = sort_gates(out, netlist, group, counts);
    for (uint32_t c = 0; done && c < netlist->cell_count; c++)
        if (counts[c])
            done = add_to_family(out, netlist, group, c, counts[c]);
    if (!done)
        return cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t f = 0; f < out->family_count; f++)
        if (!plan_family(&out->families[f], netlist, group, cells, graphs, err))
            return false;
    for (uint32_t f = 0; f < out->family_count; f++)
        for (uint32_t p = 0; p < out->families[f].part_count; p++) {
            size_t planes = out->families[f].parts[p].program->window_planes;
            plan->window_planes = planes > plan->window_planes ? planes : plan->window_planes;
        }
    return true;
}

bool cf_bit_plan_make(struct cf_bit_plan *plan, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                      bool graphs, struct cf_error *err)
{
    *plan = (struct cf_bit_plan){.group_count = netlist->group_count, .window_planes = 4};
    plan->groups = calloc(netlist->group_count, sizeof *plan->groups);
    uint32_t *counts = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *counts);
    bool done = (plan->groups && counts) || cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t g = 1; done && g < netlist->group_count; g++)
        done = plan_group(plan, g, netlist, cells, graphs, counts, err);
    free(counts);
    if (!done)
        cf_bit_plan_free(plan);
    return done;
}

void cf_bit_plan_free(struct cf_bit_plan *plan)
{
    for (uint32_t g = 0; plan->groups && g < plan->group_count; g++) {
        struct cf_bit_group *group = &plan->groups[g];
        for (uint32_t f = 0; f < group->family_count; f++) {
            struct cf_bit_family *family = &group->families[f];
            for (uint32_t p = 0; p < family->part_count; p++)
                cf_bit_program_free(family->parts[p].program);
            free(family->parts);
            free(family->run_first);
            free(family->run_bases);
            free(family->run_at);
            free(family->cells);
        }
        free(group->families);
        free(group->gates_of);
        free(group->gates);
    }
    free(plan->groups);
    *plan = (struct cf_bit_plan){0};
}

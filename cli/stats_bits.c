/* stats_bits.c - counts full adders, binary gates and depth, by group, by cell, and for the whole circuit. */
#include "cli/stats_bits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "compiler/lowering/lower_depth.h"
#include "netlists/cell.h"
#include "netlists/lowering/lower.h"

struct tally {
    const struct cf_netlist *netlist;
    struct cf_network_counts *cells;  /* [cell_count] */
    struct cf_network_counts *groups; /* [group_count]: every gate its own hardware */
    struct cf_network_counts *shared; /* [group_count]: each cell once, as in one column that all positions share */
    uint32_t *group_cells;            /* [group_count]: different cells */
    struct cf_network_counts total, total_shared;
    uint32_t *arrivals; /* [group_count]: the latest of the group's bits, in adders from the input */
    uint32_t depth;     /* of the whole circuit: the latest arrival */
};

/* Counts the cells. A step without squares is one threshold gate over the bits of its operands; the adders that it
 * lowers to count in the other columns. The circuit's depth is computed here because it needs the lowered cells. */
static bool count_cells(struct tally *t, struct cf_error *err)
{
    struct cf_network_cell *lowered = cf_lower_cells(t->netlist, err);
    bool done = lowered != NULL;
    for (uint32_t c = 0; done && c < t->netlist->cell_count; c++) {
        done = cf_network_count(&lowered[c].network, &t->cells[c], err);
        if (t->netlist->cells[c].activation == CF_STEP && cf_cell_is_plain(&t->netlist->cells[c]))
            t->cells[c].threshold_gates = 1;
    }
    done = done && cf_lower_depth(t->netlist, lowered, t->arrivals, err);
    for (uint32_t g = 0; done && g < t->netlist->group_count; g++)
        t->depth = t->arrivals[g] > t->depth ? t->arrivals[g] : t->depth;
    cf_lower_free(lowered, t->netlist->cell_count);
    return done;
}

static bool count_groups(struct tally *t, struct cf_error *err)
{
    uint64_t *times = calloc(t->netlist->cell_count ? t->netlist->cell_count : 1, sizeof *times);
    if (!times)
        return cf_fail(err, "%s: out of memory", t->netlist->label);
    for (uint32_t g = 1; g < t->netlist->group_count; g++) {
        const struct cf_group *group = &t->netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++)
            times[group->cell[i]]++;
        for (uint32_t c = 0; c < t->netlist->cell_count; c++) {
            if (!times[c])
                continue;
            cf_network_counts_add(&t->groups[g], &t->cells[c], times[c]);
            cf_network_counts_add(&t->shared[g], &t->cells[c], 1);
            t->group_cells[g]++;
            times[c] = 0;
        }
        cf_network_counts_add(&t->total, &t->groups[g], 1);
        cf_network_counts_add(&t->total_shared, &t->shared[g], 1);
    }
    free(times);
    return true;
}

static void print_row(const char *name, uint64_t copies, const struct cf_network_counts *c)
{
    const uint64_t values[] = {copies,
                               c->full_adders,
                               c->half_adders,
                               c->majority_gates + c->parity_gates,
                               c->and_gates + c->xor_gates,
                               c->inverters,
                               c->two_input_gates,
                               c->aig_nodes,
                               c->threshold_gates};
    char text[32];
    printf("%-14s", name);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        printf(" %14s", cli_thousands(values[i], text));
    printf(" %6u\n", c->depth);
}

static void print_head(const char *title, const char *copies)
{
    printf("\n%s\n%-14s %14s %14s %14s %14s %14s %14s %14s %14s %14s %6s\n", title, "group", copies, "full adders",
           "half adders", "maj3 + xor3", "and2 + xor2", "inverters", "2-input gates", "AIG nodes", "threshold",
           "depth");
}

static void print_tally(const struct tally *t)
{
    const struct cf_netlist *n = t->netlist;
    print_head("As binary gates, spatial (every gate of the netlist its own hardware)", "gates");
    for (uint32_t g = 1; g < n->group_count; g++)
        print_row(n->groups[g].name, n->groups[g].count, &t->groups[g]);
    print_row("total", n->net_count - n->groups[CF_INPUT].count, &t->total);
    print_head("As one shared column (each cell once; positions take turns)", "cells");
    for (uint32_t g = 1; g < n->group_count; g++)
        print_row(n->groups[g].name, t->group_cells[g], &t->shared[g]);
    print_row("total", n->cell_count, &t->total_shared);
    printf("full and half adders: both outputs used (maj3, xor3, and2, xor2: one). 2-input gates: 5 to a full adder. "
           "threshold: H(w.x + b) over bits;\na step cell is one, a full adder two. depth: adders along the longest "
           "path in "
           "a cell;\nthrough the whole circuit %u, bit by bit along the operands read, cells as lowered.\n",
           t->depth);
}

static cJSON *counts_json(const struct cf_network_counts *c)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "full_adders", (double)c->full_adders);
    cJSON_AddNumberToObject(object, "half_adders", (double)c->half_adders);
    cJSON_AddNumberToObject(object, "majority_gates", (double)c->majority_gates);
    cJSON_AddNumberToObject(object, "parity_gates", (double)c->parity_gates);
    cJSON_AddNumberToObject(object, "and_gates", (double)c->and_gates);
    cJSON_AddNumberToObject(object, "xor_gates", (double)c->xor_gates);
    cJSON_AddNumberToObject(object, "inverters", (double)c->inverters);
    cJSON_AddNumberToObject(object, "two_input_gates", (double)c->two_input_gates);
    cJSON_AddNumberToObject(object, "aig_nodes", (double)c->aig_nodes);
    cJSON_AddNumberToObject(object, "threshold_gates", (double)c->threshold_gates);
    cJSON_AddNumberToObject(object, "depth", c->depth);
    return object;
}

static bool tally_json(const struct tally *t, cJSON *json, struct cf_error *err)
{
    const struct cf_netlist *n = t->netlist;
    cJSON *bits = cJSON_AddObjectToObject(json, "bits");
    cJSON_AddItemToObject(bits, "spatial", counts_json(&t->total));
    cJSON_AddItemToObject(bits, "shared", counts_json(&t->total_shared));
    cJSON_AddNumberToObject(bits, "depth", t->depth);
    cJSON *groups = cJSON_AddArrayToObject(bits, "groups"), *cells = cJSON_AddArrayToObject(bits, "cells");
    for (uint32_t g = 1; g < n->group_count; g++) {
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "name", n->groups[g].name);
        cJSON_AddNumberToObject(entry, "gates", n->groups[g].count);
        cJSON_AddNumberToObject(entry, "cells", t->group_cells[g]);
        cJSON_AddNumberToObject(entry, "arrival", t->arrivals[g]);
        cJSON_AddItemToObject(entry, "spatial", counts_json(&t->groups[g]));
        cJSON_AddItemToObject(entry, "shared", counts_json(&t->shared[g]));
        cJSON_AddItemToArray(groups, entry);
    }
    for (uint32_t c = 0; c < n->cell_count; c++)
        cJSON_AddItemToArray(cells, counts_json(&t->cells[c]));
    return (bits && groups && cells) || cf_fail(err, "%s: out of memory", n->label);
}

bool cli_stats_bits(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err)
{
    struct tally t = {.netlist = netlist};
    t.cells = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *t.cells);
    t.groups = calloc(netlist->group_count, sizeof *t.groups);
    t.shared = calloc(netlist->group_count, sizeof *t.shared);
    t.group_cells = calloc(netlist->group_count, sizeof *t.group_cells);
    t.arrivals = calloc(netlist->group_count, sizeof *t.arrivals);
    bool done = (t.cells && t.groups && t.shared && t.group_cells && t.arrivals) ||
                cf_fail(err, "%s: out of memory", netlist->label);
    done = done && count_cells(&t, err) && count_groups(&t, err);
    if (done && json)
        done = tally_json(&t, json, err);
    else if (done)
        print_tally(&t);
    free(t.cells);
    free(t.groups);
    free(t.shared);
    free(t.group_cells);
    free(t.arrivals);
    return done;
}

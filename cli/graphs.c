/* graphs.c - shows which banks of a netlist have an adder graph, and what the graphs cost. */
#include "cli/graphs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/place_graphs.h"
#include "netlists/bank.h"

struct totals {
    uint64_t before, after, full_adders; /* each graph once, at the operands of its first bank */
    uint32_t depth;
};

/* In how many places the bank stands: the number of gates of its first cell. */
static uint64_t places_of(const struct cf_netlist *netlist, const struct cf_bank *bank)
{
    uint64_t places = 0;
    for (uint32_t g = 1; g < netlist->group_count; g++)
        for (uint32_t i = 0; i < netlist->groups[g].count; i++)
            places += netlist->groups[g].cell[i] == bank->cells[0];
    return places;
}

static void print_bank(const struct cf_netlist *netlist, uint32_t number, const struct cf_graph_cost *cost)
{
    const struct cf_bank *bank = &netlist->implementation->banks[number];
    char gate[CF_NAME_MAX], text[5][32];
    cf_cell_first_gate(netlist, bank->cells[0], gate);
    printf("%-24s %6u %8s %9u %9u %11s %11s %12s %6u\n", gate, bank->graph,
           cli_thousands(places_of(netlist, bank), text[0]), bank->cell_count,
           netlist->implementation->graphs[bank->graph].inputs,
           cli_thousands(cf_bank_csd_adders(netlist, bank), text[1]), cli_thousands(cost->adders, text[2]),
           cli_thousands(cost->full_adders, text[3]), cost->depth);
}

static void bank_json(const struct cf_netlist *netlist, uint32_t number, const struct cf_graph_cost *cost, cJSON *banks)
{
    const struct cf_bank *bank = &netlist->implementation->banks[number];
    char gate[CF_NAME_MAX];
    cJSON *entry = cJSON_CreateObject();
    cf_cell_first_gate(netlist, bank->cells[0], gate);
    cJSON_AddStringToObject(entry, "first_gate", gate);
    cJSON_AddNumberToObject(entry, "graph", bank->graph);
    cJSON_AddNumberToObject(entry, "places", (double)places_of(netlist, bank));
    cJSON_AddNumberToObject(entry, "outputs", bank->cell_count);
    cJSON_AddNumberToObject(entry, "operands", netlist->implementation->graphs[bank->graph].inputs);
    cJSON *adders = cJSON_AddObjectToObject(entry, "adders");
    cJSON_AddNumberToObject(adders, "before", (double)cf_bank_csd_adders(netlist, bank));
    cJSON_AddNumberToObject(adders, "after", (double)cost->adders);
    cJSON_AddNumberToObject(entry, "full_adders", (double)cost->full_adders);
    cJSON_AddNumberToObject(entry, "depth", cost->depth);
    cJSON_AddItemToArray(banks, entry);
}

static void print_totals(const struct cf_netlist *netlist, const struct totals *t)
{
    char text[3][32];
    printf("%-24s %6u %8s %9s %9s %11s %11s %12s %6u\n", "each graph once", netlist->implementation->graph_count, "",
           "", "", cli_thousands(t->before, text[0]), cli_thousands(t->after, text[1]),
           cli_thousands(t->full_adders, text[2]), t->depth);
    printf("adders: of two operands, shifts and signs are wiring; before: in canonical signed-digit form, nothing "
           "shared.\nfull adders: no adder is wider than its values; of the first bank where several share a graph. "
           "Biases are not counted.\n");
}

static void totals_json(const struct cf_netlist *netlist, const struct totals *t, cJSON *json)
{
    cJSON *adders = cJSON_AddObjectToObject(json, "adders");
    cJSON_AddNumberToObject(adders, "before", (double)t->before);
    cJSON_AddNumberToObject(adders, "after", (double)t->after);
    cJSON_AddNumberToObject(json, "full_adders", (double)t->full_adders);
    cJSON_AddNumberToObject(json, "depth", t->depth);
    cJSON_AddNumberToObject(json, "graphs", netlist->implementation->graph_count);
}

bool cli_graphs(const struct cf_netlist *netlist, cJSON *json, struct cf_error *err)
{
    struct totals totals = {0};
    cJSON *banks = json ? cJSON_CreateArray() : NULL;
    bool done = true;
    if (!json)
        printf("%-24s %6s %8s %9s %9s %11s %11s %12s %6s\n", "bank that begins with", "graph", "places", "outputs",
               "operands", "before", "adders", "full adders", "depth");
    for (uint32_t b = 0; done && b < netlist->implementation->bank_count; b++) {
        const struct cf_bank *bank = &netlist->implementation->banks[b];
        struct cf_graph_cost cost;
        done = cf_bank_measure(netlist, bank, &cost, err);
        if (done && (b == 0 || bank->graph != bank[-1].graph)) {
            totals.before += cf_bank_csd_adders(netlist, bank);
            totals.after += cost.adders;
            totals.full_adders += cost.full_adders;
            totals.depth = cost.depth > totals.depth ? cost.depth : totals.depth;
        }
        if (done && json)
            bank_json(netlist, b, &cost, banks);
        else if (done)
            print_bank(netlist, b, &cost);
    }
    if (done && json)
        totals_json(netlist, &totals, json);
    else if (done)
        print_totals(netlist, &totals);
    if (json)
        cJSON_AddItemToObject(json, "banks", banks);
    return done;
}

bool cli_place_graphs(struct cf_netlist **netlist, const struct cli_args *args, struct cf_error *err)
{
    enum { MOST_NETS = 8 * 1000 * 1000 };
    struct cf_netlist *placed;
    const char *adders = cli_value(args, "--adders");
    if (!adders || strcmp(adders, "graphs") != 0)
        return true;
    if (!cf_place_graphs(&placed, *netlist, MOST_NETS, err))
        return false;
    cf_netlist_free(*netlist);
    *netlist = placed;
    return true;
}

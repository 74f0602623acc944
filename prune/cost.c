/* cost.c - counts what the circuit of a point costs: gates, edges, and the adders that an optimisation leaves. */
#include <stdlib.h>

#include "compiler/optimise/implement.h"
#include "netlists/analyse.h"
#include "netlists/bank.h"
#include "prune/prune.h"

/* Adders of all graphs, each at the operands of its first bank. */
static bool sum_graphs(const struct cf_netlist *netlist, struct cf_prune_cost *cost, struct cf_error *err)
{
    const struct cf_implementation *all = netlist->implementation;
    for (uint32_t b = 0; all && b < all->bank_count; b++) {
        struct cf_graph_cost one;
        if (b > 0 && all->banks[b].graph == all->banks[b - 1].graph)
            continue;
        if (!cf_bank_measure(netlist, &all->banks[b], &one, err))
            return false;
        cost->adders += one.adders;
        cost->full_adders += one.full_adders;
    }
    return true;
}

static bool keep_on(void *context, uint64_t adders)
{
    const struct cf_prune *p = context;
    (void)adders;
    return !(p->judge->stop && p->judge->stop(p->judge->context));
}

static bool count_adders(struct cf_prune *p, struct cf_netlist *netlist, double effort, struct cf_prune_cost *cost,
                         struct cf_error *err)
{
    const struct cf_optimise_options options = {.effort = effort, .seed = 1, .go_on = keep_on, .context = p};
    struct cf_implement_report report = {0};
    bool done = cf_implement(netlist, &options, &report, err) && sum_graphs(netlist, cost, err);
    free(report.graphs);
    return done;
}

bool cf_prune_cost_of(struct cf_prune *p, struct cf_prune_point *point, double effort, struct cf_error *err)
{
    struct cf_netlist *netlist;
    struct cf_facts facts = {0};
    point->cost = (struct cf_prune_cost){0};
    cf_prune_weights_apply(p->weights, point->mask);
    if (!cf_compile(&netlist, &p->weights->head, &p->judge->options.compile, err))
        return false;
    bool done = cf_netlist_analyse(netlist, &facts, err);
    if (done) {
        point->cost.gates = facts.gates;
        point->cost.edges = facts.edges;
        done = effort < 0 || count_adders(p, netlist, effort, &point->cost, err);
    }
    cf_facts_free(&facts);
    cf_netlist_free(netlist);
    return done;
}

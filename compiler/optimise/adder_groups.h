/* adder_groups.h - the adders of a graph as gates of a netlist, at one or more places. */
#ifndef COFIBER_COMPILER_OPTIMISE_ADDER_GROUPS_H
#define COFIBER_COMPILER_OPTIMISE_ADDER_GROUPS_H

#include "netlists/graph.h"
#include "netlists/netlist.h"

/* A signal as nets: that of place p is first + p * stride, unless it is an input. */
struct cf_adder_signal {
    uint32_t first, stride, depth;
    struct cf_type type;
};

struct cf_adder_groups {
    const char *label; /* for messages */
    const char *name;  /* that the names of the groups begin with */
    const struct cf_graph *graph;
    uint32_t places;
    const uint32_t *input_nets;      /* [places][inputs] */
    struct cf_adder_signal *signals; /* [inputs + adders], made by cf_adder_groups_plan */
};

/* Finds the types of all signals, from those of the inputs, input_types [inputs]: an adder is as wide as its addends'
 * types allow. Free with cf_adder_groups_free. Fails where an adder could pass 63 bits, and when memory is out. */
bool cf_adder_groups_plan(struct cf_adder_groups *g, const struct cf_type *input_types, struct cf_error *err);
void cf_adder_groups_free(struct cf_adder_groups *g);

/* Adds the adders whose `used` is not 0 (used [inputs + adders]; NULL: all) to the netlist. An adder of depth d and of
 * w bits is a gate of the group "<name>.depth<d>.bits<w>", which has the shape [1, places, adders], with one term per
 * addend. The nets of the inputs stand before. */
bool cf_adder_groups_add(struct cf_adder_groups *g, struct cf_netlist *to, const uint8_t *used, struct cf_error *err);

/* The net of a signal at a place. */
static inline uint32_t cf_adder_net(const struct cf_adder_groups *g, uint32_t place, uint32_t signal)
{
    if (signal < g->graph->inputs)
        return g->input_nets[(uint64_t)place * g->graph->inputs + signal];
    return g->signals[signal].first + place * g->signals[signal].stride;
}

#endif

/* constants.h - the adder graph that takes the place of multipliers where the weights are constants of the hardware.
 *
 * Input d of the graph is channel d, output c the sum of class c: sum_d w[c,d] * x[d]. Registers cut it into stages
 * (netlists/pipeline.h), so that a position can enter every cycle. */
#ifndef COFIBER_RTL_STREAM_CONSTANTS_H
#define COFIBER_RTL_STREAM_CONSTANTS_H

#include "netlists/graph.h"
#include "netlists/pyramid.h"

struct cf_stream_constants {
    struct cf_graph graph; /* passes cf_graph_check, and cf_graph_fits for inputs of the netlist's type */
    struct cf_adder *adders;
    struct cf_graph_output *outputs;
};

/* Takes the netlist's own graph of these sums, where an implementation gives one (netlists/bank.h); else adds up each
 * weight's signed digits, and shares no more than equal adders. What it takes is proved to count every channel as often
 * as the weights say. `pyramid` was read from the netlist. Free with cf_stream_constants_free in any case. */
bool cf_stream_constants_make(struct cf_stream_constants *constants, const struct cf_netlist *netlist,
                              const struct cf_pyramid *pyramid, struct cf_error *err);
void cf_stream_constants_free(struct cf_stream_constants *constants);

/* The values that each channel can take, [channels]; an array to be freed, NULL when memory is out. */
struct cf_range *cf_stream_channel_ranges(const struct cf_pyramid *pyramid);

#endif

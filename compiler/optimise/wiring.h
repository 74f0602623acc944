/* wiring.h - from sums of digits to an adder graph, or to that of the transposed matrix. */
#ifndef COFIBER_COMPILER_OPTIMISE_WIRING_H
#define COFIBER_COMPILER_OPTIMISE_WIRING_H

#include "compiler/optimise/sums.h"
#include "netlists/graph.h"

struct cf_wire_options {
    /* The graph computes the transposed matrix: its inputs are the rows of the sums, its outputs their columns. Where
     * every wire of a linear graph is turned round, adders become forks and forks adders, and the graph computes the
     * transposed matrix; with inputs and outputs that are all used, it has as many adders more as it has outputs fewer
     * than inputs, or fewer for more. */
    bool transpose;
    int8_t shift;                 /* of all outputs: -1 where the sums are those of twice the matrix */
    bool early;                   /* sums of many operands add the earliest first; else the narrowest */
    const struct cf_range *range; /* of the graph's inputs */
};

/* Makes the graph; free it with cf_wire_free. False when memory is out. */
bool cf_wire_graph(struct cf_graph *graph, const struct cf_shift_sums *sums, const struct cf_wire_options *options);
void cf_wire_free(struct cf_graph *graph);

#endif

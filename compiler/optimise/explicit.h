/* explicit.h - adder graphs written out: a small circuit in which every adder is a gate, for tools that know gates
 * alone, and for checking. */
#ifndef COFIBER_COMPILER_OPTIMISE_EXPLICIT_H
#define COFIBER_COMPILER_OPTIMISE_EXPLICIT_H

#include "netlists/netlist.h"

/* Makes the circuit of one place of the first bank of every graph of the netlist's implementation, graph after graph.
 * Its input, [1,1,N], is the operands of these banks, one bank after the other, of one type that holds all of them; the
 * input scale is 1, so that frames of integers are used as they are. An adder of depth d and of w bits is a gate of the
 * group "graph<g>.depth<d>.bits<w>", with one term for each addend. The gates of the bank are the outputs, in the order
 * of its cells: groups "graph<g>.output<n>", one for each run of cells of the same type. A gate whose sum is shifted to
 * the right has that many fraction bits more instead; a step has its bias shifted.
 *
 * Fails for a netlist without graphs, a bank that reads squares, a root whose sum is shifted to the right, sums that
 * could pass 63 bits when each adder is as wide as its operands allow, and when memory is out. */
bool cf_write_out_graphs(struct cf_netlist **circuit, const struct cf_netlist *netlist, struct cf_error *err);

#endif

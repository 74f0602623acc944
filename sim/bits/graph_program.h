/* graph_program.h - the adder graph of a bank as a program for the bit kernels: each adder is a carry chain.
 *
 * Signals are numbers whose bits are consecutive planes, in two's complement, as wide as their values. An adder is
 * worked out shortly before it is first read, and its planes are free again after it was last read.
 */
#ifndef COFIBER_SIM_BITS_GRAPH_PROGRAM_H
#define COFIBER_SIM_BITS_GRAPH_PROGRAM_H

#include "netlists/netlist.h"
#include "sim/bits/program.h"

/* The program of `count` cells of a family, in place of that which cf_bit_program_build makes. `*program` becomes NULL
 * where they are not all cells of one bank that has a graph, where the bank reads squares, where an activation is
 * neither linear nor a step, and where there are more bits of results than an instruction can name. Of the graph the
 * program works out only what these cells need. False when memory is out. */
bool cf_bit_graph_program(struct cf_bit_program **program, const struct cf_netlist *netlist, const uint32_t *cells,
                          uint32_t count, struct cf_error *err);

#endif

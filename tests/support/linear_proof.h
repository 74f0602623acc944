/* linear_proof.h - proof that a lowered cell computes the cell's function, by linear forms. No pattern is simulated, so
 * it takes milliseconds at full size, where SAT gives up at five operands.
 *
 * An adder's outputs satisfy sum + 2 * carry = a + b + c, in integers. So a weighted sum of signals in which its sum
 * weighs s and its carry 2s is the same with a, b and c weighing s instead. Working back from the outputs, bit k
 * weighing 2^k, through all adders must leave exactly the cell's own weights on its input bits and the cell's bias,
 * modulo 2^width; and width bits hold every value of the sum, so that the last of them is its sign.
 *
 * At each adder the carry must weigh twice the sum. So no output of an adder may be missing, or be read too often, but
 * the carry of an adder at the last bit, which weighs 2^width: nothing, modulo 2^width. The proof counts these, and
 * names the adder where it breaks.
 */
#ifndef COFIBER_TESTS_SUPPORT_LINEAR_PROOF_H
#define COFIBER_TESTS_SUPPORT_LINEAR_PROOF_H

#include "netlists/exchange/network.h"
#include "netlists/netlist.h"

struct proof_counts {
    uint64_t cells;
    uint64_t adders; /* full and half, each accounted for */
    uint64_t above;  /* of them, those whose carry nothing reads, because it weighs a multiple of 2^width */
};

/* True when `lowered` is proved to compute `cell`; adds to the counts. Else the error names the adder, input bit or
 * output: "adder 812: its sum weighs 64 and its carry 0; ...". A step is proved through the linear cell of the same
 * terms: that network is proved, and the step's must be that network, less what only its other outputs need, with the
 * sign inverted as output. */
bool prove_cell(const struct cf_cell *cell, const struct cf_network_cell *lowered, struct proof_counts *counts,
                struct cf_error *err);

/* The same for every cell of a netlist. The error begins with the cell and the first gate that places it: "cell 17
 * (s0.classify[0,0,11]): adder 812: ...". */
bool prove_cells(const struct cf_netlist *netlist, const struct cf_network_cell *lowered, struct proof_counts *counts,
                 struct cf_error *err);

#endif

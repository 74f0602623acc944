/* lower.h - turns a cell into a network of full adders that computes the same function exactly.
 *
 * Weights are recoded into canonical signed digits. Each non-zero digit adds the bits of its operand to columns, one
 * per power of two. A bit has a negative weight in its column if the digit is negative, or if it is the sign bit of a
 * two's-complement operand, but not if both hold. Such a bit is added inverted: -x = ~x - 1. The -1s and the bias
 * together are one constant, which is added at the very end. So there is no sign extension, and no adder before the end
 * has a constant input.
 *
 * A square adds the products of its operand's bits, each an AND: bit i times itself has the weight 4^i, bits i < j
 * together have 2^(i+j+1), or minus that if j is the sign bit. ReLU is a mask on the sum's bits, and a root is computed
 * digit by digit, without restoring the remainder (activation.h).
 *
 * Counters made of full adders (31:5, 15:4, 7:3, 3:2; see counter.h) compress the columns, a stage of operands at a
 * time, into a running sum in carry-save form, which has at most two bits per column. One carry chain at the end turns
 * it into the result.
 */
#ifndef COFIBER_NETLISTS_LOWERING_LOWER_H
#define COFIBER_NETLISTS_LOWERING_LOWER_H

#include "netlists/exchange/network.h"
#include "netlists/netlist.h"

/* Makes the network of one valid cell. Its outputs are the bits of the cell's output, least significant first. Free
 * with cf_network_cell_free. Fails when memory is out, or the network would have more than 2^31 signals. */
bool cf_lower_cell(struct cf_network_cell *lowered, const struct cf_cell *cell, struct cf_error *err);

/* Lowers all cells of a netlist, [cell_count], in parallel; NULL with the error filled when one fails. Free with
 * cf_lower_free. */
struct cf_network_cell *cf_lower_cells(const struct cf_netlist *netlist, struct cf_error *err);
void cf_lower_free(struct cf_network_cell *cells, uint32_t count); /* NULL is fine */

/* The canonical signed digits of a number: bit j of `plus` (`minus`) is set where digit j is 1 (-1). No two neighbours
 * are both non-zero, which makes the number of non-zero digits minimal. */
void cf_signed_digits(int64_t number, uint64_t *plus, uint64_t *minus);

#endif

/* lower.h - a cell becomes a network of full adders, exactly.
 *
 * Weights are recoded into canonical signed digits; each non-zero digit adds the bits of its operand into columns of
 * equal weight. What counts negative there (a negative digit, or the sign bit of a two's-complement operand, but not
 * both) is added inverted instead: -x = ~x - 1. All those -1s and the bias are one constant, which meets the sum at
 * the very end. So there is no sign extension, and no adder has a known input.
 *
 * Columns are compressed by counters made of full adders (31:5, 15:4, 7:3, 3:2), a stage of operands at a time, into
 * a running sum in carry-save form: two bits a column, from which one final carry chain makes the result.
 */
#ifndef COFIBER_NETLISTS_LOWERING_LOWER_H
#define COFIBER_NETLISTS_LOWERING_LOWER_H

#include "netlists/exchange/network.h"
#include "netlists/netlist.h"

/* The network of one valid cell. Its outputs are the bits of the output's type, least significant first. Free with
 * cf_network_cell_free. Fails when memory is out, or a cell takes more than 2^31 signals. */
bool cf_lower_cell(struct cf_network_cell *lowered, const struct cf_cell *cell, struct cf_error *err);

/* All cells of a netlist, [cell_count], in parallel; freed with cf_lower_free. */
struct cf_network_cell *cf_lower_cells(const struct cf_netlist *netlist, struct cf_error *err);
void cf_lower_free(struct cf_network_cell *cells, uint32_t count); /* NULL is fine */

/* The canonical signed digits of a number: bit j of `plus` (`minus`) is set where digit j is 1 (-1). No two neighbours
 * are both non-zero, which makes the number of non-zero digits minimal. */
void cf_signed_digits(int64_t number, uint64_t *plus, uint64_t *minus);

#endif

/* widths.h - how tight the widths of a netlist are: how far the sums of each cell really go.
 *
 * A width is chosen from the types of a cell's ports, as if the ports could take all their values independently. But
 * the operands of a gate depend on the same inputs. The sum of a gate is a linear form of the inputs. So it is greatest
 * over all inputs of the circuit when every input with a positive factor has its greatest value and every other its
 * least, and least in the reverse case. These two inputs are then put through the gates themselves, by the definition
 * of a cell (netlists/cell.h), which does not use forms, and must give the predicted sums.
 */
#ifndef COFIBER_PROVE_WIDTHS_H
#define COFIBER_PROVE_WIDTHS_H

#include "netlists/netlist.h"

struct cf_width {
    bool placed;                        /* some gate has the cell */
    bool known;                         /* the sums of its gates are linear forms of the input */
    uint32_t group;                     /* of the first gate that has the cell */
    int64_t least, greatest;            /* sums, over all inputs and all gates of the cell that were followed */
    uint32_t least_gate, greatest_gate; /* nets of gates that reach them */
    uint64_t gates; /* followed: all of a linear cell's, a step's until both decisions are reached */
    bool both;      /* the output takes both ends of its type: for a step, both decisions */
    int bits;       /* the fewest bits that hold the output's values, with the type's sign */
};

/* Fills widths [cell_count]. Fails when memory is out, or when a gate, given the inputs of its least or greatest sum,
 * has another one: then the two definitions of a gate disagree. */
bool cf_find_widths(const struct cf_netlist *netlist, struct cf_width *widths, struct cf_error *err);

/* True when no narrower type is possible: the cell needs all bits of its output type. */
bool cf_width_tight(const struct cf_netlist *netlist, uint32_t cell, const struct cf_width *width);

#endif

/* widths.h - how tight the widths of a netlist are: how far the sums of each cell really go.
 *
 * A width is chosen by the types of a cell's ports, as if every port could have every value at once. A gate's operands
 * are made of the same inputs, however. The sum of a gate is a linear form of the inputs, so its least and greatest
 * value over all inputs of the circuit are exact: every input with a positive factor at its greatest value, every other
 * at its least, and the other way round. These two inputs are then put through the gates themselves, cell by cell
 * (netlists/cell.h), which knows nothing of forms, and must give those sums.
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

/* Is no narrower type possible: does the cell need all bits of its output type? */
bool cf_width_tight(const struct cf_netlist *netlist, uint32_t cell, const struct cf_width *width);

#endif

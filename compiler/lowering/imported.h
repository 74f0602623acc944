/* imported.h - what a netlist remembers of the file it was imported from, in its metadata.
 *
 *     import.from      "aiger" or "yosys"
 *     import.inputs    the names of the inputs, each with a newline behind it (no line: the network has none, and the
 *     import.outputs   netlist's one input stands for nothing); the same of the outputs. An empty line is no name.
 *     import.levels    for AIGER: the level of each AND in the order of the file, where that is not the netlist's own
 *     import.tail      for AIGER: symbols and comment as they stand, where that is more than the names in order; bytes
 *                      that are not printable ASCII, and '%', as '%' and two hexadecimal digits
 *
 * With these, an AIGER file comes back byte for byte. A netlist that was changed since is what it is now, as always:
 * they are checked against it, and count for nothing where they do not fit.
 */
#ifndef COFIBER_COMPILER_LOWERING_IMPORTED_H
#define COFIBER_COMPILER_LOWERING_IMPORTED_H

#include "netlists/exchange/network_names.h"
#include "netlists/netlist.h"

/* Notes the names; they are for circuits exported as threshold gates too. */
bool cf_imported_note_names(struct cf_netlist *netlist, const struct cf_network_names *names, uint32_t input_count,
                            uint32_t output_count, struct cf_error *err);
/* Notes where the network is from (names->model), its tail and, unless NULL, levels [count]. */
bool cf_imported_note_file(struct cf_netlist *netlist, const struct cf_network_names *names, const uint32_t *levels,
                           uint32_t count, struct cf_error *err);

/* True when the netlist's input only stands in for none at all. */
bool cf_imported_without_inputs(const struct cf_netlist *netlist);

/* Fills in the names that the netlist remembers, for a network of all its inputs and outputs; others stay. */
void cf_imported_names(struct cf_network_names *names, const struct cf_network *network,
                       const struct cf_netlist *netlist);

/* The network of a netlist imported from AIGER as it stood in the file: the same ANDs in the same order, those that
 * nothing reads and those of constants included. `*same` is false, and nothing is made, where the netlist is not, or
 * no longer, of that kind. */
bool cf_imported_aiger(struct cf_network *network, struct cf_network_names *names, const struct cf_netlist *netlist,
                       bool *same, struct cf_error *err);

#endif

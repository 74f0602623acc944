/* imported.h - what a netlist remembers of the file it was imported from, in its metadata.
 *
 *     import.from      "aiger", "yosys" or "blif"
 *     import.inputs    the names of the inputs, one per line; an empty line stands for an input without a name. If
 *                      there is no line, the network has no inputs, and the netlist's one input stands for nothing
 *     import.outputs   the names of the outputs, in the same form
 *     import.levels    for AIGER: the level of each AND in the order of the file, if that differs from the netlist's
 *     import.tail      for AIGER: symbols and comment as they stand, if there is more than the names in order; bytes
 *                      that are not printable ASCII, and '%', are written as '%' and two hexadecimal digits
 *
 * With this metadata `export` writes an AIGER file back byte for byte. A netlist may have been changed since it was
 * imported; the metadata are therefore checked against the netlist, and ignored where they do not fit it.
 */
#ifndef COFIBER_COMPILER_LOWERING_IMPORTED_H
#define COFIBER_COMPILER_LOWERING_IMPORTED_H

#include "netlists/exchange/network_names.h"
#include "netlists/netlist.h"

/* Stores the names in the metadata. Circuits exported as threshold gates use them, too. */
bool cf_imported_note_names(struct cf_netlist *netlist, const struct cf_network_names *names, uint32_t input_count,
                            uint32_t output_count, struct cf_error *err);
/* Stores the format of the file (names->model), its tail and, unless NULL, the levels [count]. */
bool cf_imported_note_file(struct cf_netlist *netlist, const struct cf_network_names *names, const uint32_t *levels,
                           uint32_t count, struct cf_error *err);

/* True if the imported network had no inputs, so that the netlist's one input stands for nothing. */
bool cf_imported_without_inputs(const struct cf_netlist *netlist);

/* Copies the names stored in the netlist to `names`, which belong to `network`, a network of all inputs and outputs of
 * the netlist. Names that the netlist does not have stay as they are. */
void cf_imported_names(struct cf_network_names *names, const struct cf_network *network,
                       const struct cf_netlist *netlist);

/* The network of a netlist imported from AIGER as it stood in the file: the same ANDs in the same order, including
 * ANDs that nothing reads and ANDs of constants. If the netlist is not of that kind, or was changed since, `*same` is
 * false and no network is made. */
bool cf_imported_aiger(struct cf_network *network, struct cf_network_names *names, const struct cf_netlist *netlist,
                       bool *same, struct cf_error *err);

#endif

/* lower_circuit.h - gates together as one binary network: a whole small circuit, or the cone of chosen gates. */
#ifndef COFIBER_COMPILER_LOWER_CIRCUIT_H
#define COFIBER_COMPILER_LOWER_CIRCUIT_H

#include "netlists/bits_names.h"
#include "netlists/netlist.h"

/* The network of the gates in `roots` (nets) and all they depend on, down to the input; with root_count 0, of all
 * output groups, with every input net. `cells` are the lowered cells. Its inputs are the bits of input nets, its
 * outputs the bits of the roots, in net order and least significant first, named after their nets.
 *
 * Refuses more than `adder_limit` full adders: the error says how many there would be. */
bool cf_lower_circuit(struct cf_bits *bits, struct cf_bits_names *names, const struct cf_netlist *netlist,
                      const struct cf_bits_cell *cells, const uint32_t *roots, uint32_t root_count,
                      uint64_t adder_limit, struct cf_error *err);

/* Names for a lone cell: "p0_17[3]" is bit 3 of what it reads at offset 17 of port 0, "y[3]" bit 3 of its output. */
bool cf_lower_cell_names(struct cf_bits_names *names, const struct cf_bits_cell *lowered, uint32_t cell,
                         struct cf_error *err);

/* Metadata keys under which an imported netlist keeps the names of its inputs and outputs, a line each. */
#define CF_META_INPUT_NAMES "import.inputs"
#define CF_META_OUTPUT_NAMES "import.outputs"

#endif

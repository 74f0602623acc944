/* lower_circuit.h - gates together as one binary network: a whole small circuit, or the cone of chosen gates. */
#ifndef COFIBER_COMPILER_LOWERING_LOWER_CIRCUIT_H
#define COFIBER_COMPILER_LOWERING_LOWER_CIRCUIT_H

#include "netlists/exchange/network_names.h"
#include "netlists/netlist.h"

/* Makes the network of the gates that drive the nets in `roots`, and of all gates that these depend on, down to the
 * input. With root_count 0 the roots are the nets of all output groups, and every input net becomes an input. `cells`
 * are the lowered cells. The network's inputs are the bits of input nets and its outputs are the bits of the roots, in
 * net order and least significant first, named after their nets.
 *
 * Refuses more than `limit` full adders (or operand bits of steps, below): the error says how many there would be. */
bool cf_lower_circuit(struct cf_network *network, struct cf_network_names *names, const struct cf_netlist *netlist,
                      const struct cf_network_cell *cells, const uint32_t *roots, uint32_t root_count, uint64_t limit,
                      struct cf_error *err);

/* The same network with every step left whole, so that the steps cut the network of adders into pieces. The inputs of
 * the network are the circuit's inputs and then the outputs of the steps, each of which depends on earlier ones only.
 * The outputs of the network are the circuit's outputs and then the operand bits of all steps, in the same order; the
 * bits of one step are in the order of its terms. */
struct cf_cut {
    struct cf_network network;
    uint32_t inputs, outputs;     /* of the circuit */
    const struct cf_cell **steps; /* [step_count]; the cells are the netlist's */
    uint32_t step_count;
};
void cf_cut_free(struct cf_cut *cut);
bool cf_lower_cut(struct cf_cut *cut, struct cf_network_names *names, const struct cf_netlist *netlist,
                  const struct cf_network_cell *cells, const uint32_t *roots, uint32_t root_count, uint64_t limit,
                  struct cf_error *err);

/* The cut of a lone step, whose operand bits are the inputs. */
bool cf_cut_of_step(struct cf_cut *cut, const struct cf_cell *cell, struct cf_error *err);

/* Names for a lone cell: "p0_17[3]" is bit 3 of what it reads at offset 17 of port 0, "y[3]" bit 3 of its output. */
bool cf_lower_cell_names(struct cf_network_names *names, const struct cf_network_cell *lowered, uint32_t cell,
                         struct cf_error *err);

#endif

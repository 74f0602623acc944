/* engine_internal.h - the bit engine's inside, for its own files and its tests. */
#ifndef COFIBER_SIM_BITS_ENGINE_INTERNAL_H
#define COFIBER_SIM_BITS_ENGINE_INTERNAL_H

#include "netlists/exchange/network.h"
#include "sim/bits/engine.h"

/* As cf_bit_sim_new, with the cells' networks given: [cell_count], any that compute the cells. They may be freed
 * afterwards. */
bool cf_bit_sim_of_networks(struct cf_bit_sim **sim, const struct cf_netlist *netlist,
                            const struct cf_network_cell *cells, const struct cf_bit_kernels *kernels, int threads,
                            bool graphs, struct cf_error *err);

/* The parts of a run, for timing: cf_bit_sim_prepare takes over the inputs of `frames` frames, cf_bit_sim_run_groups
 * evaluates groups [first, end) of these, whose operands must have been evaluated. */
void cf_bit_sim_prepare(struct cf_bit_sim *sim, uint32_t frames);
void cf_bit_sim_run_groups(struct cf_bit_sim *sim, uint32_t first, uint32_t end);

/* The programs of all gates alone, on whatever the planes hold: a run without its transpositions, for timing. Values
 * that are words stay as they are; where every net is one bit, the values are those of the last input. */
void cf_bit_sim_run_programs(struct cf_bit_sim *sim);

/* The full adders of a group, as they are evaluated; of_cell [cell_count] has those of each cell's network. */
uint64_t cf_bit_sim_full_adders(const struct cf_bit_sim *sim, uint32_t group, const uint64_t *of_cell);

/* Puts integers in a frame's input, [input nets]. */
void cf_bit_sim_put_input(struct cf_bit_sim *sim, uint32_t frame, const int32_t *input);

#endif

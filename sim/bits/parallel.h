/* parallel.h - the bit-parallel simulator: every gate of a netlist, evaluated as the binary network of its cell, one
 * instruction working on one signal of up to 512 gates (positions, channels, frames) at a time.
 *
 * Between cells, values are words again: a group's values stand as sim/storage.h says. Each batch of gates transposes
 * its operands into bit planes, runs its cell's program, and transposes the result back. Where every net is a bit, nets
 * stay planes, whose lanes are frames (bitwires.h).
 */
#ifndef COFIBER_SIM_BITS_PARALLEL_H
#define COFIBER_SIM_BITS_PARALLEL_H

#include "netlists/exchange/network.h"
#include "netlists/netlist.h"
#include "sim/bits/kernels.h"
#include "sim/storage.h"

struct cf_bit_sim;

/* A simulator of `frames` frames at once. `cells` are the lowered cells of the netlist, [cell_count], in any correct
 * lowering (netlists/lowering/lower.h makes one); they may be freed afterwards. The netlist must outlive the simulator.
 * `kernels` from cf_bit_kernels_find; `threads` at least 1. */
bool cf_bit_sim_new(struct cf_bit_sim **sim, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                    const struct cf_bit_kernels *kernels, uint32_t frames, int threads, struct cf_error *err);
void cf_bit_sim_free(struct cf_bit_sim *sim); /* NULL is fine */

/* Evaluates all gates. `input` is [frames][input nets], as cf_frames_quantise writes them. */
void cf_bit_sim_run(struct cf_bit_sim *sim, const int32_t *input);

/* The same for groups [first, end) only, whose operands must have been evaluated; for timing. */
void cf_bit_sim_load(struct cf_bit_sim *sim, const int32_t *input);
void cf_bit_sim_run_groups(struct cf_bit_sim *sim, uint32_t first, uint32_t end);

/* The programs of all gates alone, on whatever the planes hold: what a run takes without transposing. For timing;
 * what it leaves where every net is a bit are the values of the last input. */
void cf_bit_sim_run_programs(struct cf_bit_sim *sim);

/* The values of a group (the input's too) in one frame, in net order, stored as cf_storage_of(group type). Valid until
 * the next run, or the next call for that group. */
const void *cf_bit_sim_values(const struct cf_bit_sim *sim, uint32_t group, uint32_t frame);

/* All nets of one frame, [net_count]. */
void cf_bit_sim_nets(const struct cf_bit_sim *sim, uint32_t frame, int64_t *nets);

#endif

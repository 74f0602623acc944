/* wires.h - netlists all of whose nets are one bit, as imported ones are: every net is a plane of frames. Used by
 * engine.c alone.
 *
 * Nets of one bit need no transposition between gates. Lanes are frames, an operand is a copy of a net's plane, and a
 * gate is evaluated by its cell's program, which is a full adder or two. Gates need not stand in regular arrays.
 */
#ifndef COFIBER_SIM_BITS_WIRES_H
#define COFIBER_SIM_BITS_WIRES_H

#include "base/error.h"
#include "netlists/netlist.h"
#include "sim/bits/kernels.h"
#include "sim/bits/plan.h"

struct cf_bit_wires;

/* True when every net is one bit, not signed. */
bool cf_bit_wires_fit(const struct cf_netlist *netlist);

/* For a netlist that fits and its plan, both of which must outlive it; with room for `frames` frames. `kernels` are the
 * most lanes to use: fewer frames get narrower planes. */
bool cf_bit_wires_new(struct cf_bit_wires **wires, const struct cf_netlist *netlist, const struct cf_bit_plan *plan,
                      const struct cf_bit_kernels *kernels, uint32_t frames, int threads, struct cf_error *err);
void cf_bit_wires_free(struct cf_bit_wires *wires); /* NULL is fine */

/* The input's nets of a frame, a byte each, to be filled. */
uint8_t *cf_bit_wires_input(struct cf_bit_wires *wires, uint32_t frame);
/* Takes over the inputs of the first `frames` frames, which cf_bit_wires_run_groups then evaluates. */
void cf_bit_wires_prepare(struct cf_bit_wires *wires, uint32_t frames);
void cf_bit_wires_run_groups(struct cf_bit_wires *wires, uint32_t first, uint32_t end);

/* A byte, 0 or 1, for each net of a group in a frame; valid until the next call for that group. */
const uint8_t *cf_bit_wires_values(struct cf_bit_wires *wires, uint32_t group, uint32_t frame);

#endif

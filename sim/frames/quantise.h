/* quantise.h - features [D][H][W] to a netlist's input nets [H][W][D]: clamp(round_half_even(feature / input_scale)),
 * the quotient being that of IEEE doubles. Gives the same integers as cf_frames_quantise, faster.
 */
#ifndef COFIBER_SIM_FRAMES_QUANTISE_H
#define COFIBER_SIM_FRAMES_QUANTISE_H

#include "base/tensor.h"
#include "netlists/netlist.h"

struct cf_quantiser;

/* An error unless the input is [H, W, D] and fits 32 bits. */
bool cf_quantiser_fits(const struct cf_netlist *netlist, struct cf_error *err);

/* For a netlist whose input is [H, W, D] and fits 32 bits; an error otherwise. `isa` names the instruction set, as
 * --isa does; for NULL, "auto" and sets that the quantiser has no kernel for, the fastest that this processor runs. The
 * netlist is not needed afterwards. */
struct cf_quantiser *cf_quantiser_new(const struct cf_netlist *netlist, const char *isa, struct cf_error *err);
void cf_quantiser_free(struct cf_quantiser *quantiser); /* NULL is fine */

/* `features` is one frame, [D, H, W], of any dtype but bool; `input` is [H][W][D] in the input's lane. On a feature
 * that is NaN or infinite returns its row-major index, else UINT64_MAX. */
uint64_t cf_quantise(const struct cf_quantiser *quantiser, const struct cf_tensor *features, void *input, int threads);

#endif

/* quantise.h - features [D][H][W] to a netlist's input nets [H][W][D]: clamp(round_half_even(feature / input_scale)),
 * with the quotient of IEEE doubles, and clamped to the input's type. All code that reads features quantises them here.
 * netlists/quantise.h defines the integer that each feature becomes, and tests compare every kernel with it.
 */
#ifndef COFIBER_SIM_FRAMES_QUANTISE_H
#define COFIBER_SIM_FRAMES_QUANTISE_H

#include "base/tensor.h"
#include "sim/storage.h"

struct cf_quantiser;

struct cf_frame_shape {
    uint32_t channels, height, width; /* D, H, W */
};

/* The frames that feed a netlist: for an input [H, W, D], D x H x W; for an input [D], D channels of one position. */
static inline struct cf_frame_shape cf_input_shape(const struct cf_netlist *netlist)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    bool flat = input->rank == 1;
    return (struct cf_frame_shape){cf_group_lanes(input), flat ? 1 : input->shape[0], flat ? 1 : input->shape[1]};
}

/* An error unless the input is [H, W, D] or [D] and fits 32 bits. */
bool cf_quantiser_fits(const struct cf_netlist *netlist, struct cf_error *err);

/* For a netlist whose input features can feed; an error otherwise. `isa` names the instruction set, as
 * --isa does; for NULL, "auto" and sets that the quantiser has no kernel for, the fastest that this processor runs. The
 * netlist is not needed afterwards. */
struct cf_quantiser *cf_quantiser_new(const struct cf_netlist *netlist, const char *isa, struct cf_error *err);
void cf_quantiser_free(struct cf_quantiser *quantiser); /* NULL is fine */

/* How the integers are stored: as the netlist's input is (cf_storage_of its type). */
enum cf_storage cf_quantiser_storage(const struct cf_quantiser *quantiser);

/* `features` is one frame, [D, H, W], of any dtype; `input` is [H][W][D] in the quantiser's storage. On a
 * feature that is NaN or infinite returns its row-major index, else UINT64_MAX. Several threads may share a quantiser.
 */
uint64_t cf_quantise(const struct cf_quantiser *quantiser, const struct cf_tensor *features, void *input, int threads);

#endif

/* saturation.h - counts the features that lie beyond the range of a netlist's input, and that its quantiser clamps. */
#ifndef COFIBER_SIM_FRAMES_SATURATION_H
#define COFIBER_SIM_FRAMES_SATURATION_H

#include "base/tensor.h"
#include "netlists/netlist.h"

/* The features that are not clamped: [low, high]. */
struct cf_saturation {
    double low, high;
};

/* The limits for a quantiser to integers of `type` by `scale` (quantise.h): features outside round to integers that
 * the type does not hold. The type has at most 32 bits. */
struct cf_saturation cf_saturation_of(struct cf_type type, double scale);

/* How many elements of a frame, of any readable type, lie outside. */
uint64_t cf_saturated(struct cf_saturation limits, const struct cf_tensor *features);

/* The same for features that are doubles already. */
uint64_t cf_saturated_doubles(struct cf_saturation limits, const double *features, size_t count);

#endif

/* vectors.h - makes test frames from a netlist's own weights.
 *
 * A step shows only the sign of its sum. On features of photographs, therefore, hardly any wrong weight of a classifier
 * changes a decision. The frames made here bring sums to their thresholds instead. A target is a gate that frames are
 * made for; it must be a step or drive an output, and its sum must be a linear form of the input. Each target gets
 *   - inputs for which its sum is exactly -1, 0 and +1, or as near to these as the common divisor of its weights
 * allows. No operand is 0, and each has the same sign in all of them, so that a change of any one weight, however
 * small, changes a decision (steer.h gives the argument);
 *   - the inputs that make its sum greatest and least.
 * All positions of a classifier usually share one cell, so that one position of each lane suffices as a target. A lane
 * with several cells has one target for each, as long as the less common cells need no more than a bounded number of
 * frames. Targets whose inputs do not overlap share frames.
 *
 * A few frames follow that test the input as a whole: all values least, all greatest, the two in turns over positions
 * and over channels, and frames in which a single value, or one value of each position, is not 0.
 */
#ifndef COFIBER_SIM_VECTORS_VECTORS_H
#define COFIBER_SIM_VECTORS_VECTORS_H

#include "netlists/netlist.h"
#include "sim/vectors/steer.h"

/* One wish for one target: the frame that gives the gate such a sum. */
struct cf_aim {
    uint32_t net; /* that the gate drives */
    enum cf_wish wish;
    uint32_t frame; /* UINT32_MAX: no input gives such a sum, or none was found */
    int64_t sum;    /* that the gate has in the frame */
};

struct cf_vectors {
    int32_t **frames;    /* [count][the input's nets], in range */
    struct cf_aim *aims; /* CF_WISH_COUNT for each target */
    uint32_t count, aim_count;
    size_t capacity, aim_capacity;
    uint32_t met;       /* aims with a frame */
    uint32_t gates;     /* targets */
    uint32_t guarded;   /* targets of which a change of any one weight changes a decision */
    uint32_t constants; /* cells of lanes without a target, because they read nothing */
    uint32_t skipped;   /* lanes without a target, because their sum is no linear form of the input */
    uint32_t left_out;  /* less common cells without a target, because there was no room for more frames */
};

/* False when memory is out, or when the netlist's input is wider than 32 bits; there is nothing to free then. The same
 * netlist gives the same frames. */
bool cf_vectors_make(struct cf_vectors *vectors, const struct cf_netlist *netlist, struct cf_error *err);
void cf_vectors_free(struct cf_vectors *vectors);

#endif

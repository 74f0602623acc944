/* vectors.h - adversarial input frames, made from a netlist's own weights.
 *
 * A gate that shows a sum's sign alone hides nearly everything: on frames of photographs, next to no wrong weight of a
 * classifier changes a decision. So, for each lane of each output group (each classifier) and of each group of steps,
 * where the sum is a linear form of the input:
 *   - inputs for which its sum is exactly -1, 0 and +1 (a step at 0: the decision's edge), or as near to the edge as
 * the weights' common divisor allows; no operand is 0, and each has one sign in all of them, so that a change of any
 * one weight, by however little, changes a decision (sim/vectors/steer.h says why);
 *   - the inputs that make its sum greatest and least: the signs of the weights.
 * A lane is aimed at at one position, as the cell that most of its positions have; and at one more for each other cell,
 * until these have taken a bounded number of frames. Gates whose inputs do not overlap share frames. Then, of the whole
 * input: every value the least, every value the greatest, the two in checks over positions and over channels, and
 * one-hot inputs.
 */
#ifndef COFIBER_SIM_VECTORS_VECTORS_H
#define COFIBER_SIM_VECTORS_VECTORS_H

#include "netlists/netlist.h"
#include "sim/vectors/steer.h"

/* A gate, and what a frame does to its sum. */
struct cf_aim {
    uint32_t net;
    enum cf_wish wish;
    uint32_t frame; /* where it is met, or UINT32_MAX: not reachable, or not found */
    int64_t sum;    /* there */
};

struct cf_vectors {
    int32_t **frames; /* [count][the input's nets], in range */
    uint32_t count, capacity;
    struct cf_aim *aims; /* CF_WISH_COUNT for each gate aimed at */
    uint32_t aim_count, aim_capacity;
    uint32_t met;      /* aims with a frame */
    uint32_t gates;    /* aimed at */
    uint32_t guarded;  /* of these: a change of any one weight changes a decision */
    uint32_t skipped;  /* lanes not aimed at: their sum is no linear form of the input */
    uint32_t left_out; /* gates not aimed at: cells of few positions, for which there was no room */
};

bool cf_vectors_make(struct cf_vectors *vectors, const struct cf_netlist *netlist, struct cf_error *err);
void cf_vectors_free(struct cf_vectors *vectors);

#endif

/* vectors.h - adversarial input frames, made from a netlist's own weights.
 *
 * For each lane of each output group (each classifier), where its sum is a linear form of the input:
 *   - inputs for which its sum is exactly -1, 0 and +1 (a step at 0: the decision's edge), where integers in the
 *     input's range can give that;
 *   - the inputs that make its sum greatest and least: the signs of the weights.
 * Gates whose inputs do not overlap share a frame. Then, of the whole input: every value the least, every value the
 * greatest, the two in checks over positions and over channels, and one-hot inputs.
 */
#ifndef COFIBER_SIM_VECTORS_H
#define COFIBER_SIM_VECTORS_H

#include "netlists/netlist.h"

enum cf_wish { CF_SUM_MINUS_ONE, CF_SUM_ZERO, CF_SUM_ONE, CF_SUM_LEAST, CF_SUM_GREATEST, CF_WISH_COUNT };

/* A gate, and what a frame does to its sum. */
struct cf_aim {
    uint32_t net;
    enum cf_wish wish;
    uint32_t frame; /* where it is met, or UINT32_MAX: not reachable */
};

struct cf_vectors {
    int32_t **frames; /* [count][the input's nets], in range */
    uint32_t count, capacity;
    struct cf_aim *aims;
    uint32_t aim_count, met; /* met: those with a frame */
    uint32_t skipped;        /* lanes of output groups whose sum is no linear form of the input */
};

bool cf_vectors_make(struct cf_vectors *vectors, const struct cf_netlist *netlist, struct cf_error *err);
void cf_vectors_free(struct cf_vectors *vectors);

#endif

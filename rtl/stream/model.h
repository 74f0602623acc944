/* model.h - what an accelerator costs, before anything is synthesised. */
#ifndef COFIBER_RTL_STREAM_MODEL_H
#define COFIBER_RTL_STREAM_MODEL_H

#include "rtl/stream/plan.h"

struct cf_stream_cost {
    uint64_t cycles_per_frame; /* exact: frames back to back, nobody stalling */
    uint64_t multipliers;
    uint64_t adders;    /* of constant weights, in the place of multipliers */
    uint64_t registers; /* flip-flops (logic.h); 0 for the shared core, for which they are not foretold */
    uint64_t luts;      /* likewise */
    uint64_t weight_bits, input_bits, sum_bits, threshold_bits, queue_bits; /* exact */
    uint64_t memory_bits;                                                   /* all of these */
    uint64_t feature_bits; /* the same line buffers, if they held the channels' values instead of the classes' sums */
};

void cf_stream_cost(const struct cf_stream_plan *plan, struct cf_stream_cost *cost);

#endif

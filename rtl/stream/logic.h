/* logic.h - LUTs and flip-flops of an accelerator, foretold. */
#ifndef COFIBER_RTL_STREAM_LOGIC_H
#define COFIBER_RTL_STREAM_LOGIC_H

#include "rtl/stream/plan.h"

struct cf_stream_logic {
    uint64_t luts;      /* of four inputs, multipliers included: what Yosys makes of it without a target */
    uint64_t registers; /* flip-flops; those that belong to a memory's port are not among them */
};

/* Of the wide core, within 10 per cent (scripts/stream_model.sh). The shared core's are those that were found at full
 * size, scaled with the widths of its sums. */
void cf_stream_foretell(const struct cf_stream_plan *plan, struct cf_stream_logic *logic);

#endif

/* logic.h - the flip-flops and LUTs of an accelerator, foretold.
 */
#ifndef COFIBER_RTL_STREAM_LOGIC_H
#define COFIBER_RTL_STREAM_LOGIC_H

#include "rtl/stream/plan.h"

/* Flip-flops of the wide core as Yosys finds them without a target: what the Verilog declares, without the registers
 * that belong to a memory's port or that nothing reads. Precondition: the plan is not of the shared core. */
uint64_t cf_stream_flip_flops(const struct cf_stream_plan *plan);

/* LUTs of 4 inputs of the wide core as Yosys finds them without a target: among them one per bit of an adder, but no
 * memories, and no multipliers that are meant for DSP blocks. Precondition: the plan is not of the shared core. */
uint64_t cf_stream_luts(const struct cf_stream_plan *plan);

#endif

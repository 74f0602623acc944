/* limits.h - what this machine can do at best, measured: multiply-adds from registers alone, and copying memory. */
#ifndef COFIBER_SIM_LIMITS_H
#define COFIBER_SIM_LIMITS_H

#include "sim/kernels.h"

/* Multiply-adds a second of one core with these kernels' instructions on operands that stay in registers, with enough
 * independent accumulators to hide every latency: of 16-bit operands, or of bytes. Measured over about `seconds`. 0 for
 * kernels without such an instruction (portable). */
double cf_limit_macs(const struct cf_kernels *kernels, enum cf_lane lane, double seconds);

/* Bytes a second that memcpy reads and writes together, on one core, over `size` bytes, the best of a few runs. */
double cf_limit_copy(size_t size);

#endif

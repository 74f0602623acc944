/* limits.h - what this machine can do at best, measured: multiply-adds from registers alone, and reading and writing
 * memory; and how much of that a frame needs. */
#ifndef COFIBER_SIM_WORD_LIMITS_H
#define COFIBER_SIM_WORD_LIMITS_H

#include "sim/word/plan.h"

/* Multiply-adds per second of one core with these kernels' instructions on operands that stay in registers, with enough
 * independent accumulators to hide every latency: of 16-bit operands, or of bytes. For the portable kernels it is what
 * the compiler makes of such a loop in C, on operands in the first-level cache. Measured over about `seconds`. */
double cf_limit_macs(const struct cf_kernels *kernels, enum cf_storage storage, double seconds);

/* Multiply-adds of one frame, by the width of their operands. */
struct cf_work {
    double macs8, macs16; /* up to a byte, and wider */
};

/* The multiply-adds that a plan has to do: for its output groups, the products of dense groups or of families
 * (linear.h), and for an output group with neither, one for each term of its gates; in the mode of all gates, also the
 * products of dense groups that are no outputs. Pools and subtracts are additions, and do not count. */
struct cf_work cf_plan_work(const struct cf_plan *plan);

/* Bytes per second that memcpy reads and writes together, on one core, over `size` bytes, the best of a few runs. */
double cf_limit_copy(size_t size);

/* Bytes that go between one core and memory at least when a frame is simulated with all gates: the input's values are
 * read, and those of every gate written. What a cache holds of a group while another group reads it is not counted. */
struct cf_traffic {
    size_t read, written;
};
struct cf_traffic cf_netlist_traffic(const struct cf_netlist *netlist);

/* Seconds that one core takes for that traffic alone: it reads and writes by turns, as a frame does, and computes
 * nothing. `memory` has traffic.read + traffic.written bytes and begins with as many zeros as are read; where the same
 * memory has just been used so, the caches are in the state in which they are in a stream of frames. */
double cf_limit_traffic(struct cf_traffic traffic, char *memory);

#endif

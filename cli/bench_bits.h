/* bench_bits.h - the bit-parallel engine's part of `cofiber bench`. */
#ifndef COFIBER_CLI_BENCH_BITS_H
#define COFIBER_CLI_BENCH_BITS_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "netlists/netlist.h"

/* Measures the bit engine with one thread on `frames` frames at once, [frames][input nets]: one frame for latency,
 * several for throughput, since they fill the lanes of small groups. Prints a few lines on stdout when `json` is NULL,
 * else adds an object "bits" (for one frame "bits_one_frame") to it: ms (per frame), classify_ms, programs_ms,
 * full_adders, fa_lanes_per_s, output_fa_lanes_per_s, ceiling_fa_lanes_per_s, isa, lanes, frames. `isa` as
 * cf_bit_kernels_find takes it. */
bool cli_bench_bits(const struct cf_netlist *netlist, const int32_t *input, uint32_t frames, const char *isa,
                    uint32_t runs, bool graphs, cJSON *json, struct cf_error *err);

#endif

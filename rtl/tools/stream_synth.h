/* stream_synth.h - synthesises a package of the streaming accelerator with Yosys, and for iCE40 places and routes it.
 */
#ifndef COFIBER_RTL_TOOLS_STREAM_SYNTH_H
#define COFIBER_RTL_TOOLS_STREAM_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum cf_stream_target { CF_TARGET_ICE40, CF_TARGET_ECP5, CF_TARGET_XILINX, CF_TARGET_GENERIC };

struct cf_synth_options {
    enum cf_stream_target target;
    const char *scratch; /* a directory for the tools' output */
    bool logic;          /* no DSP blocks: the package's multipliers are built of adders */
    bool place;          /* ice40: place and route, and time */
    uint32_t seed;       /* of the placement */
    uint32_t seeds;      /* so many seeds from that one on are tried, and the fastest is kept; at least 1 */
    bool netlist;        /* `scratch` receives netlist.v, the cells after synthesis */
    bool bitstream;      /* ice40, placed: `scratch` receives netlist.bin */
    bool (*stop)(void *user);
    void *user;
};

/* The counts of the tools. Cells of the target; for generic, LUTs of 4 inputs, among them one per bit of an adder,
 * while memories and the multipliers that are meant for DSP blocks are left as they are. */
struct cf_synth_result {
    uint64_t luts, registers, dsps, memory_blocks, memory_bits, multipliers;
    uint64_t cells;     /* ice40, placed: logic cells */
    uint32_t seed;      /* ice40, placed: the fastest seed */
    double nextpnr_mhz; /* 0: not placed */
    double icetime_mhz;
};

/* The name of a package's top module and its list of files, from the one file in `directory` whose name ends in
 * cofiber_stream.f. `prefix` has what stands before that. */
bool cf_stream_find_package(const char *directory, char prefix[64], struct cf_error *err);

/* MHz of the lower of the two tools; 0: not placed. */
double cf_synth_clock(const struct cf_synth_result *result);

/* For ice40, a package of the shared core is synthesised with the device's own multipliers and memories and placed on a
 * UP5K, any other on an HX8K. Never asks Yosys for synth_ice40 -dsp, which loses multipliers silently (docs/stream.md).
 */
bool cf_stream_synthesise(struct cf_synth_result *result, const char *directory, const struct cf_synth_options *options,
                          struct cf_error *err);

#endif

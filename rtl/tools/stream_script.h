/* stream_script.h - the script that Yosys runs on a package of the streaming accelerator.
 */
#ifndef COFIBER_RTL_TOOLS_STREAM_SCRIPT_H
#define COFIBER_RTL_TOOLS_STREAM_SCRIPT_H

#include "base/text.h"
#include "rtl/tools/stream_synth.h"

struct cf_stream_script {
    enum cf_stream_target target;
    const char *prefix;  /* of the modules' names */
    const char *scratch; /* the directory that receives what the script writes */
    bool no_dsp;         /* multipliers are never mapped to DSP blocks */
    bool netlist;        /* write the cells after synthesis, as netlist.v */
};

/* The name of the file, in `scratch`, that is to hold cf_stream_cells. */
#define CF_STREAM_CELLS "cells.v"

/* Verilog of two cells of the target generic, and the maps to them: cofiber_product is a multiplier that is meant for a
 * DSP block, cofiber_adder is one bit of an adder, for which a family with carry chains takes one LUT. */
extern const char cf_stream_cells[];

/* Appends the commands that follow the reading of the package's Verilog. They write stat.txt into `scratch`, for
 * generic also coarse.txt with the memories, for ice40 also netlist.json. */
void cf_stream_put_script(const struct cf_stream_script *script, struct cf_text *text);

#endif

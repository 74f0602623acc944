/* build.h - a Verilated program from Verilog, kept in a cache under the hash of everything that goes into it. */
#ifndef COFIBER_RTL_TOOLS_BUILD_H
#define COFIBER_RTL_TOOLS_BUILD_H

#include "rtl/structural/structural.h"
#include "rtl/tools/cosim.h"

struct cf_build {
    char *program;                                   /* the built program's path */
    char *log;                                       /* of its runs */
    bool cached;                                     /* nothing had to be built */
    char top[CF_RTL_PREFIX_MAX + sizeof CF_RTL_TOP]; /* its top module */
};

/* Emits the Verilog, or takes what options->rtl_directory has, and builds it or finds it built. Errors as cf_cosim_open
 * has them. */
bool cf_build_program(struct cf_build *build, const struct cf_netlist *netlist, const struct cf_cosim_options *options,
                      struct cf_error *err);
void cf_build_free(struct cf_build *build);

#endif

/* build.h - a Verilated program from Verilog, kept in a cache under the hash of everything that goes into it. */
#ifndef COFIBER_RTL_TOOLS_BUILD_H
#define COFIBER_RTL_TOOLS_BUILD_H

#include "netlists/netlist.h"
#include "rtl/tools/cosim.h"

struct cf_build {
    char *program; /* the built program's path */
    char *log;     /* of its runs */
    bool cached;   /* nothing had to be built */
};

bool cf_build_program(struct cf_build *build, const struct cf_netlist *netlist, const struct cf_cosim_options *options,
                      struct cf_error *err);
void cf_build_free(struct cf_build *build);

#endif

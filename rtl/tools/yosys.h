/* yosys.h - Yosys's own count of the gates in emitted Verilog. */
#ifndef COFIBER_RTL_TOOLS_YOSYS_H
#define COFIBER_RTL_TOOLS_YOSYS_H

#include "netlists/netlist.h"

struct cf_yosys_count {
    uint64_t *gates; /* [group_count]: leaf instances in the rows of each group; owned by the caller */
    uint64_t total;  /* leaf instances in the whole hierarchy, also those that are in no group's rows */
};

/* Has Yosys read the sources in `directory` (structural.h) with the leaf modules as black boxes, elaborate the
 * hierarchy, and count. Only names tie the result to the netlist: its gates are not looked at. `scratch` is a directory
 * for Yosys's output, and for its log, yosys.log. Errors: the directory has no such sources, Yosys is missing or fails
 * (the error names the log), or `stop`, which is asked some times per second, says that it is to be ended. */
bool cf_yosys_census(const struct cf_netlist *netlist, const char *directory, const char *scratch,
                     bool (*stop)(void *user), void *user, struct cf_yosys_count *count, struct cf_error *err);

/* Has Yosys read the sources in `directory`, elaborate the hierarchy and write it, word-level cells and all, as RTLIL
 * to the file `output` in `scratch`, without source locations. `tick` is called some times per second (NULL: nothing);
 * the rest, and the errors, as above. */
bool cf_yosys_elaborate(const char *directory, const char *scratch, const char *output, bool (*stop)(void *user),
                        void (*tick)(void *user), void *user, struct cf_error *err);

#endif

/* structural.h - a netlist as Verilog that stays readable at two million gates: the face of this room.
 *
 * There are three files: cofiber_cells.v has one leaf module per kind of gate, with its weights as parameters;
 * cofiber_rows.v has the row modules, each of which places a leaf for every gate of a row (one position of a group with
 * all its lanes); where the netlist has an adder graph for the gates of a row (netlists/bank.h), the row module takes
 * their sums from the graph's module, and a leaf adds the bias and decides; cofiber_top.v has one wire and one instance
 * per row. cofiber.f lists them and is written last: a directory that has it is complete. The files are Verilog-2005,
 * for Verilator, Yosys and Icarus alike.
 *
 * The arithmetic is exact: each operand is extended to the width of the sum in the text itself, so that no expression
 * depends on Verilog's rules of width.
 */
#ifndef COFIBER_RTL_STRUCTURAL_STRUCTURAL_H
#define COFIBER_RTL_STRUCTURAL_STRUCTURAL_H

#include "netlists/netlist.h"
#include "rtl/structural/census.h"

#define CF_RTL_TOP "cofiber_top" /* the top module, behind the prefix */

extern const char *const cf_rtl_files[];   /* the file names, cofiber.f last; ends with NULL */
extern const char *const cf_rtl_sources[]; /* those of them that are Verilog, leaves first; ends with NULL */

/* ---- names ---- */

enum {
    CF_RTL_PREFIX_MAX = 40, /* characters of a prefix */
    CF_RTL_NAME_MAX = 240   /* bytes of the name of a row or of a row module, with the NUL */
};

/* The names in the Verilog of a netlist. The modules of several netlists can stand in one design if each netlist has
 * its own prefix, with which all its module names begin. */
struct cf_rtl_names {
    const struct cf_netlist *netlist;
    const char *prefix;              /* "" where there is none */
    char (*identifier)[CF_NAME_MAX]; /* [group_count]: "s1_classify", for the names of a group's rows and modules */
};

/* True when the prefix (NULL: none) is a Verilog identifier of at most CF_RTL_PREFIX_MAX letters, digits and
 * underscores; else the error says why not. */
bool cf_rtl_check_prefix(const char *prefix, struct cf_error *err);

/* Finds the names for a netlist, which must outlive them, as must `prefix` (NULL: none). Fails when memory is out, or
 * when the prefix cannot be one. */
bool cf_rtl_names_make(struct cf_rtl_names *names, const struct cf_netlist *netlist, const char *prefix,
                       struct cf_error *err);
void cf_rtl_names_free(struct cf_rtl_names *names);

/* "s1_classify_4_9", the wire of the row at that position of the group, counted row-major. It has letters, digits and
 * single underscores only, so that it is the same in Verilog and in C++. */
const char *cf_rtl_row_name(const struct cf_rtl_names *names, uint32_t group, uint32_t position,
                            char buffer[CF_RTL_NAME_MAX]);

/* The prefix with which the Verilog in `directory` was written, "" where there was none: what stands before
 * CF_RTL_TOP in the name of the module of cofiber_top.v. */
bool cf_rtl_find_prefix(const char *directory, char prefix[CF_RTL_PREFIX_MAX + 1], struct cf_error *err);

/* ---- writing ---- */

struct cf_rtl_options {
    const char *source; /* what the netlist is, for the head of each file; NULL: the head says nothing of it */
    const char *prefix; /* of every module's name; NULL: none */
};

struct cf_rtl_summary {
    uint32_t rows;                      /* instances in the top */
    uint32_t row_modules, leaf_modules; /* modules in cofiber_rows.v and in cofiber_cells.v */
    uint32_t graph_modules;             /* adder graphs in cofiber_rows.v, each for one of the row modules */
    uint64_t gates;
};

/* Writes the files into an existing directory, each complete or not at all. The same netlist and options give the same
 * bytes. */
bool cf_rtl_write(const struct cf_netlist *netlist, const char *directory, const struct cf_rtl_options *options,
                  struct cf_rtl_summary *summary, struct cf_error *err);

#endif

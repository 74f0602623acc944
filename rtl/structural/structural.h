/* structural.h - a netlist as Verilog that stays readable at two million gates.
 *
 * Three files: cofiber_cells.v, one module a kind of cell, weights as parameters; cofiber_rows.v, one module a class of
 * rows, which places a leaf for every gate; cofiber_top.v, one wire and one instance a row. cofiber.f lists them and
 * is written last: a directory that has it is complete. Verilog-2005, for Verilator, Yosys and Icarus alike.
 *
 * Everything is exact: operands are extended to the sum's width by hand, so that no expression depends on Verilog's
 * rules of width.
 */
#ifndef COFIBER_RTL_STRUCTURAL_STRUCTURAL_H
#define COFIBER_RTL_STRUCTURAL_STRUCTURAL_H

#include "netlists/netlist.h"
#include "rtl/structural/gate.h"

#define CF_RTL_TOP "cofiber_top"
#define CF_RTL_CENSUS_DEFINE "COFIBER_CENSUS" /* makes the leaf modules black boxes */

extern const char *const cf_rtl_files[];   /* the file names, cofiber.f last; ends with NULL */
extern const char *const cf_rtl_sources[]; /* those of them that are Verilog, leaves first; ends with NULL */

struct cf_rtl_summary {
    uint32_t rows, classes, kinds; /* instances in the top, row modules, leaf modules */
    uint64_t gates;
};

/* Writes the files into an existing directory, each complete or not at all. `source` says in the header what the
 * netlist is (NULL: nothing). The same netlist and source give the same bytes. */
bool cf_rtl_write(const struct cf_netlist *netlist, const char *directory, const char *source,
                  struct cf_rtl_summary *summary, struct cf_error *err);

/* "row_s1_classify_0", the module of a class. */
const char *cf_rtl_class_name(const struct cf_rows *rows, const struct cf_row_class *class,
                              char buffer[CF_ROW_NAME_MAX]);

#endif

/* passes.h - the passes of a compilation, in order. A pass leaves what it reads as it is, and returns a new netlist, or
 * NULL with the error filled when it fails. */
#ifndef COFIBER_COMPILER_PASSES_H
#define COFIBER_COMPILER_PASSES_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* The three layers of the circuit, gate by gate, with the options recorded (record.h). */
struct cf_netlist *cf_expand(const struct cf_head *head, const struct cf_compile_options *options,
                             struct cf_error *err);
/* The netlist without dead gates, as far as its groups stay arrays: each loses the lanes in which every gate is dead,
 * and the positions behind the last live gate along each axis; groups and cells of which nothing is left go. The gates
 * left keep their names: lane_names says which lanes they are. */
struct cf_netlist *cf_sweep(const struct cf_netlist *netlist, struct cf_error *err);

#endif

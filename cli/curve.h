/* curve.h - how many adders the graphs of a netlist take when their depth is bounded more and more. */
#ifndef COFIBER_CLI_CURVE_H
#define COFIBER_CLI_CURVE_H

#include "compiler/optimise/implement.h"

/* Implements the netlist again and again, each time with a depth below that of the time before, until no such graph is
 * found or the search is interrupted, and writes the points as JSON and draws them as a PNG file; a path may be NULL.
 * The first point is the netlist's implementation as it is; the netlist is left with that of the last. */
bool cli_curve(struct cf_netlist *netlist, const struct cf_optimise_options *options, const char *json,
               const char *plot, struct cf_error *err);

#endif

/* census.h - gate counts in closed form, from the compile options, channels and classes: no gate is looked at. */
#ifndef COFIBER_COMPILER_CENSUS_H
#define COFIBER_COMPILER_CENSUS_H

#include "compiler/compile.h"

enum cf_layer { CF_POOL, CF_SUBTRACT, CF_CLASSIFY, CF_LAYER_COUNT };

const char *cf_layer_name(enum cf_layer layer); /* "pool", "subtract", "classify": as in group names */

/* C, the lanes of the first classify group; 0 where there is none. */
uint32_t cf_census_classes(const struct cf_netlist *netlist, const struct cf_compile_options *options);

/* Gates of one layer of one scale, before any sweep:
 *     pool      (H >> k+1) * (W >> k+1) * D
 *     subtract  (H >> k) * (W >> k) * D
 *     classify  (H >> k) * (W >> k) * C
 * (with fractions rounded up where the grid is padded; and then as many pools as geometry.h says).
 * D and C, which the options do not say, are the lanes of the input and of the first classify group. */
uint64_t cf_closed_form(const struct cf_compile_options *options, const struct cf_netlist *netlist, uint32_t scale,
                        enum cf_layer layer);

/* The same after the recorded sweep: what the netlist should hold. Channels that have no weight in any class have no
 * gates then. */
uint64_t cf_closed_form_swept(const struct cf_compile_options *options, const struct cf_netlist *netlist,
                              uint32_t scale, enum cf_layer layer);

#endif

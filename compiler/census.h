/* census.h - gate counts in closed form, from the compile options, channels and classes: no gate is looked at. */
#ifndef COFIBER_COMPILER_CENSUS_H
#define COFIBER_COMPILER_CENSUS_H

#include "compiler/options.h"
#include "netlists/netlist.h"

enum cf_layer { CF_POOL, CF_SUBTRACT, CF_CLASSIFY, CF_LAYER_COUNT };

const char *cf_layer_name(enum cf_layer layer); /* "pool", "subtract", "classify": as in group names */

/* Gates of one layer of one scale, before any sweep:
 *     pool      (H >> k+1) * (W >> k+1) * D
 *     subtract  (H >> k) * (W >> k) * D
 *     classify  (H >> k) * (W >> k) * C
 * If the grid is padded, the fractions are rounded up, and there are as many pools as geometry.h says. The options do
 * not hold D and C: they are the innermost dimensions of the input and of the first classify group. */
uint64_t cf_closed_form(const struct cf_compile_options *options, const struct cf_netlist *netlist, uint32_t scale,
                        enum cf_layer layer);

/* The number of gates that the netlist should hold after the sweep that its record names. A channel that no class gives
 * a weight has no gates then. */
uint64_t cf_closed_form_swept(const struct cf_compile_options *options, const struct cf_netlist *netlist,
                              uint32_t scale, enum cf_layer layer);

/* The same for a group that a LayerNorm, a bottleneck or a box head brings, and that the card's table does not have,
 * such as "s0.sum". Each position of a scale has 1 gate of the groups sum, root and center, and 4 gates of the group
 * box. Of project and hidden it has as many as the innermost dimension of the first group of that kind (or, where a
 * sweep may have removed lanes, of the group itself). 0 for any other name. */
uint64_t cf_closed_form_beyond(const struct cf_compile_options *options, const struct cf_netlist *netlist,
                               const char *name);

#endif

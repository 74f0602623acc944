/* units.h - what the integers of a group mean: the real number that one unit of each of its lanes stands for.
 *
 * A circuit whose bands share one classifier states the units by class.scale. Any other circuit states them for each
 * group by the metadata `unit.GROUP`: the units of its lanes, in order, with commas between (FORMAT.md, "What a head
 * becomes").
 */
#ifndef COFIBER_COMPILER_UNITS_H
#define COFIBER_COMPILER_UNITS_H

#include "netlists/netlist.h"

/* Records the units [lanes of the group], which are positive and finite, as the shortest text that gives the same
 * doubles again. */
bool cf_units_record(struct cf_netlist *netlist, const char *group, const double *units, uint32_t lanes,
                     struct cf_error *err);

/* Reads the units of a group into `units` [lanes of the group]. For classifiers without such metadata the unit is
 * input.scale x class.scale x 2^-fraction, where the fraction is that of the first port of their cells. Errors: neither
 * is there, or the metadata are not as many positive finite numbers as the group has lanes. */
bool cf_units_read(const struct cf_netlist *netlist, uint32_t group, double *units, struct cf_error *err);

#endif

/* place_graphs.h - a netlist in which the adders of its graphs are gates, wherever their banks stand: for tools that
 * count and change the adders themselves. */
#ifndef COFIBER_COMPILER_OPTIMISE_PLACE_GRAPHS_H
#define COFIBER_COMPILER_OPTIMISE_PLACE_GRAPHS_H

#include "netlists/netlist.h"

/* Makes a copy of the netlist, without an implementation. All its gates keep their names and values; those of banks
 * with a graph read the adders of that. For every place of a bank the adders stand before the first group that has a
 * gate there, in groups "bank<b>.before_<group>.depth<d>.bits<w>".
 *
 * A gate keeps its own terms where its bank reads squares; where the graph's output is 0; where its sum is shifted to
 * the right and it is no step; and where its type is narrower than the types of the adders allow for. Adders that no
 * gate needs then are left out.
 *
 * Fails where the copy would have more than `limit` nets, where a gate of a bank reads its own group, or a port reads
 * nets both before and behind adders, and when memory is out. */
bool cf_place_graphs(struct cf_netlist **placed, const struct cf_netlist *netlist, uint64_t limit,
                     struct cf_error *err);

#endif

/* rebias.h - adds the gates of a group a second time, at other thresholds: the decisions at another score. */
#ifndef COFIBER_COMPILER_REBIAS_H
#define COFIBER_COMPILER_REBIAS_H

#include "netlists/netlist.h"

/* Appends an output group `name` with the shape, the bases and the weights of group `index`, whose gates are steps.
 * With `from` NULL their biases are `to` [lanes of the group], whatever their own are. Otherwise from[lane] is the bias
 * that a gate is expected to have: one that has it gets to[lane], and one that deviates, as in a changed netlist, keeps
 * its deviation, own - from[lane] + to[lane]. (A bias that no sum, or every sum, passes counts as expected where
 * from[lane] does the same.) An error when a sum could pass 62 bits. */
bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *from, const int64_t *to,
               struct cf_error *err);

#endif

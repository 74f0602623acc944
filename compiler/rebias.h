/* rebias.h - adds the gates of a group a second time, at other thresholds: the decisions at another score. */
#ifndef COFIBER_COMPILER_REBIAS_H
#define COFIBER_COMPILER_REBIAS_H

#include "netlists/netlist.h"

/* Appends an output group `name` to the netlist. It has the shape, the bases and the weights of group `index` (a group
 * of gates), but all its gates are steps, and lane l has the bias bias[l]. An error when a sum could pass 62 bits. */
bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *bias, struct cf_error *err);

#endif

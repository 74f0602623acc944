/* rebias.h - the gates of a group once more, at other thresholds: what a head would decide at another score. */
#ifndef COFIBER_COMPILER_REBIAS_H
#define COFIBER_COMPILER_REBIAS_H

#include "netlists/netlist.h"

/* Appends an output group `name` with the shape, the bases and the weights of group `index`, whose gates are steps with
 * the biases `bias` [lanes of the group], whatever their own are. An error when a sum could pass 62 bits. */
bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *bias, struct cf_error *err);

#endif

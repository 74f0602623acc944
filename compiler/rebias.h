/* rebias.h - adds the gates of a group a second time, with other thresholds: they decide at another score. */
#ifndef COFIBER_COMPILER_REBIAS_H
#define COFIBER_COMPILER_REBIAS_H

#include "netlists/netlist.h"

/* Appends an output group `name` to `netlist`. It has the shape, the bases and the weights of group `index`, whose
 * gates must be steps. If `from` is NULL, the new gates of class c get the bias to[c], whatever bias the old gates
 * have. Otherwise from[c] is the bias that an old gate of class c is expected to have: a gate that has it gets to[c],
 * and a gate that deviates, as in a changed netlist, keeps its deviation and gets own - from[c] + to[c]. (A bias that
 * no sum, or every sum, passes counts as expected if from[c] does the same.) An error when a sum could pass 62 bits. */
bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *from, const int64_t *to,
               struct cf_error *err);

#endif

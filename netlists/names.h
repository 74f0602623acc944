/* names.h - a gate's public name: its group and index, "s1.classify[4,9,17]". */
#ifndef COFIBER_NETLISTS_NAMES_H
#define COFIBER_NETLISTS_NAMES_H

#include "netlists/netlist.h"

/* Writes the name of a net (a gate, or an input: "input[0,3,700]") into `buffer` (CF_NAME_MAX bytes suffice for names
 * of up to 80 characters) and returns it. */
const char *cf_net_name(const struct cf_netlist *netlist, uint32_t net, char *buffer, size_t size);

/* The same for lane `index` of `group`, where the group itself may not be in a netlist yet. */
const char *cf_gate_name(const struct cf_group *group, uint32_t index, char *buffer, size_t size);

/* The net of that name. Errors say which part is wrong: the group, the number of indices, or a range. */
bool cf_net_find(const struct cf_netlist *netlist, const char *name, uint32_t *net, struct cf_error *err);

#endif

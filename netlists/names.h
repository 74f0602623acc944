/* names.h - a gate's public name: its group and index, "s1.classify[4,9,17]".
 *
 * The index is that in the whole group: a gate keeps its name when a sweep removes lanes of its group. */
#ifndef COFIBER_NETLISTS_NAMES_H
#define COFIBER_NETLISTS_NAMES_H

#include "netlists/netlist.h"

/* Writes the name of a net (a gate, or an input such as "input[0,3,700]") into `buffer` and returns it. CF_NAME_MAX
 * bytes suffice where the group's name is valid, that is, has at most 80 characters. */
const char *cf_net_name(const struct cf_netlist *netlist, uint32_t net, char *buffer, size_t size);

/* The same for gate `index` of a group, which need not be in a netlist yet. */
const char *cf_gate_name(const struct cf_group *group, uint32_t index, char *buffer, size_t size);

/* Finds the net of that name. The error says which part of the name is wrong: the group, the number of indices, or an
 * index out of range. */
bool cf_net_find(const struct cf_netlist *netlist, const char *name, uint32_t *net, struct cf_error *err);

#endif

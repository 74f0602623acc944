/* diff.h - whether two netlists are the same circuit, gate by gate. */
#ifndef COFIBER_NETLISTS_DIFF_H
#define COFIBER_NETLISTS_DIFF_H

#include "netlists/netlist.h"

struct cf_netlist_diff {
    uint64_t compared, different; /* gates */
    char first[1024];             /* the first difference in words; empty when there is none */
};

/* Compares groups (names, shapes, types, outputs), then every gate: its cell's content (not its number) and the nets
 * it reads. Where the groups differ no gates are compared: `different` is then 1 and `compared` 0. */
void cf_netlist_compare(const struct cf_netlist *a, const struct cf_netlist *b, struct cf_netlist_diff *diff);

#endif

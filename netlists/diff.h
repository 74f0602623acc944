/* diff.h - whether two netlists are the same circuit, gate by gate. */
#ifndef COFIBER_NETLISTS_DIFF_H
#define COFIBER_NETLISTS_DIFF_H

#include "netlists/netlist.h"

struct cf_netlist_diff {
    uint64_t compared, different; /* numbers of gates */
    char first[1024];             /* the first difference in words; empty when there is none */
};

/* Compares the groups (names, shapes, types, outputs), then every gate: the content of its cell, whatever its number,
 * and the nets that it reads. Where the groups differ, gates are not compared: `different` is 1 and `compared` 0.
 * Calls `found` (NULL: nothing) for each difference, in net order, with its words, which last for the call, and with
 * the group of the gate, or CF_INPUT for a difference that is of no gate. Fails when memory is out. */
bool cf_netlist_compare(const struct cf_netlist *a, const struct cf_netlist *b, struct cf_netlist_diff *diff,
                        void (*found)(void *context, uint32_t group, const char *text), void *context,
                        struct cf_error *err);

#endif

/* implement.h - gives a netlist an implementation: an adder graph for each of its banks that has something to share. */
#ifndef COFIBER_COMPILER_OPTIMISE_IMPLEMENT_H
#define COFIBER_COMPILER_OPTIMISE_IMPLEMENT_H

#include "compiler/optimise/optimise.h"
#include "netlists/netlist.h"

/* The result for one graph. Banks of the same matrix share one. */
struct cf_graph_report {
    uint32_t rows, columns;
    uint32_t bank;            /* the first of its banks */
    uint64_t at_least;        /* adders of any graph of the matrix */
    struct cf_graph_cost csd; /* without sharing, at the operands of its first bank */
    double effort;
};

struct cf_implement_report {
    struct cf_graph_report *graphs; /* [graph_count of the implementation]; free */
    uint32_t left;                  /* banks that have no graph: nothing can be saved, or they are too large */
    bool interrupted;
    bool too_deep; /* the search failed because some bank cannot keep the depth */
};

enum { CF_MAX_BANK_ELEMENTS = 1 << 26 /* of a matrix that is optimised */ };

/* Finds the banks of the netlist and a graph for each, proves every graph, and sets netlist->implementation, which
 * belongs to the netlist's arena; it replaces one that is there. NULL where there is nothing to share. With seconds,
 * the matrices take shares of them by their adders. */
bool cf_implement(struct cf_netlist *netlist, const struct cf_optimise_options *options,
                  struct cf_implement_report *report, struct cf_error *err);

#endif

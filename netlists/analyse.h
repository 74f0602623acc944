/* analyse.h - facts about the structure of a netlist: levels, live gates, edges. */
#ifndef COFIBER_NETLISTS_ANALYSE_H
#define COFIBER_NETLISTS_ANALYSE_H

#include "netlists/netlist.h"

struct cf_group_facts {
    uint64_t live;       /* gates from which an output can be reached through wires */
    uint64_t edges;      /* terms, summed over the gates */
    uint64_t live_edges; /* the same over the live gates */
    uint64_t beyond;     /* gates that are not plain (cell.h): they have squares, or are ReLUs or roots */
    uint64_t squares;    /* edges that read a square */
    uint32_t cells;      /* different cells placed */
    uint32_t level_low, level_high;
    uint64_t weight_count[3]; /* edges of weight -1, 1, and any other */
    int32_t weight_min, weight_max;
    uint32_t fanin_min, fanin_max;
};

struct cf_facts {
    uint64_t gates, live, edges, live_edges;
    uint64_t beyond; /* gates that are not plain */
    uint32_t depth;  /* the highest level; inputs are level 0, a gate one more than the highest it reads */
    struct cf_group_facts *groups; /* [group_count], the input's too */
};

/* Works out the facts of a valid netlist, in one pass over all edges of live gates. Free with cf_facts_free. */
bool cf_netlist_analyse(const struct cf_netlist *netlist, struct cf_facts *facts, struct cf_error *err);
void cf_facts_free(struct cf_facts *facts);

#endif

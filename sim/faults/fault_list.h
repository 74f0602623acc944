/* fault_list.h - which single stuck-at faults to simulate: all of them, a sample, or every pin of every cell.
 *
 * A fault is one pin in the network of one gate, held at 0 or 1. Pins are the operand bits that something reads, and
 * the inputs and the read outputs of each adder. Faults are not collapsed: two that no test can tell apart are two.
 */
#ifndef COFIBER_SIM_FAULTS_FAULT_LIST_H
#define COFIBER_SIM_FAULTS_FAULT_LIST_H

#include "netlists/exchange/network.h"
#include "netlists/netlist.h"

/* Pins of a network: its inputs (0 to input_count - 1), then five to a node: a, b, c, sum, carry. */
static inline uint32_t cf_fault_pins(const struct cf_network *network)
{
    return network->input_count + 5 * network->node_count;
}

struct cf_fault {
    uint32_t net; /* the gate */
    uint32_t pin;
    uint32_t frame;      /* the first frame that finds it, or CF_FAULT_MISSED */
    uint32_t detections; /* frames that find it; with dropping at most 1 */
    bool value;          /* at which the pin is held */
    bool seen;           /* in some frame the fault changed the gate's own output, whether an output showed it or not */
};
#define CF_FAULT_MISSED UINT32_MAX

enum { CF_FAULT_MOST = 200000000 }; /* faults in one list: with the simulator's arrays they take about 5 GB */

enum cf_fault_scope {
    CF_FAULT_SAMPLE, /* `sample` faults of each group, drawn without replacement; all of a group that has no more */
    CF_FAULT_ALL,    /* every pin of every gate at both values */
    CF_FAULT_CELLS   /* in each group, every pin of every cell at both values, each at a gate drawn among the cell's */
};

struct cf_fault_choice {
    enum cf_fault_scope scope;
    uint64_t sample, seed;
    uint32_t first_net, net_count; /* lists only faults of gates that drive these nets; net_count 0: every gate */
};

struct cf_fault_list {
    /* No two are the same. They stand group after group; within a group by net, pin and value, except for
     * CF_FAULT_CELLS, where they stand by cell. */
    struct cf_fault *faults;
    uint64_t count;
    uint64_t *population; /* by group: the faults of its chosen gates, listed or not; 0 for the input */
};

/* Lists faults. The same choice gives the same list; a group's sample depends on no other group. Refuses more than
 * CF_FAULT_MOST. On failure the list is empty. */
bool cf_fault_list_make(struct cf_fault_list *list, const struct cf_netlist *netlist,
                        const struct cf_network_cell *cells, const struct cf_fault_choice *choice,
                        struct cf_error *err);
void cf_fault_list_free(struct cf_fault_list *list);

/* Where in its gate a fault is: at a pin of an adder, or at a bit of an operand (numbered as the cell's terms are). */
struct cf_fault_place {
    const char *pin; /* "input a", "input b", "input c", "sum" or "carry"; NULL: an operand's bit */
    uint32_t adder;
    uint32_t operand, bit;
};
struct cf_fault_place cf_fault_place(const struct cf_fault *fault, const struct cf_netlist *netlist,
                                     const struct cf_network_cell *cells);

/* "s0.pool[0,1,2]: adder 17, input b stuck at 1", "s0.pool[0,1,2]: operand 3, bit 0 stuck at 1" */
const char *cf_fault_text(const struct cf_fault *fault, const struct cf_netlist *netlist,
                          const struct cf_network_cell *cells, char *buffer, size_t size);

#endif

/* faults.h - single stuck-at faults at the pins of lowered cells, in place in the whole circuit.
 *
 * A fault is one pin of one adder in the network of one gate, held at 0 or 1; every other gate is sound. It is found by
 * a frame when a gate of an output group then has another value. 64 faults of one gate are simulated at a time, a lane
 * each; where the gate's own output changes, the change is followed to the outputs. A fault once found is dropped.
 */
#ifndef COFIBER_SIM_FAULTS_H
#define COFIBER_SIM_FAULTS_H

#include "netlists/bits.h"
#include "netlists/netlist.h"

enum { CF_FAULT_CLUSTER = 64 }; /* faults that are placed at one gate together */

/* Pins of a network: its inputs (0 to input_count - 1), then five to a node: a, b, c, sum, carry. */
static inline uint32_t cf_fault_pins(const struct cf_bits *bits)
{
    return bits->input_count + 5 * bits->node_count;
}

struct cf_fault {
    uint32_t net; /* the gate */
    uint32_t pin;
    bool value;     /* held at */
    bool seen;      /* some frame changed the gate's own output, found or not */
    uint32_t frame; /* the first that finds it, or CF_FAULT_MISSED */
};
#define CF_FAULT_MISSED UINT32_MAX

struct cf_fault_list {
    struct cf_fault *faults; /* by group, in clusters of one gate each */
    uint64_t count;
};

/* Draws faults. With `sample` > 0: about that many in each group, in clusters of up to CF_FAULT_CLUSTER at gates drawn
 * at random. With `sample` 0: every pin of every cell at both values once in each group that places the cell, each
 * cluster at a gate drawn among the cell's. Only pins that something reads are drawn. The seed decides. */
bool cf_fault_list_make(struct cf_fault_list *list, const struct cf_netlist *netlist, const struct cf_bits_cell *cells,
                        uint64_t sample, uint64_t seed, struct cf_error *err);
void cf_fault_list_free(struct cf_fault_list *list);

/* Simulates what is still missed of the list with one frame, `input` as cf_frames_quantise writes it. */
bool cf_faults_run(struct cf_fault_list *list, const struct cf_netlist *netlist, const struct cf_bits_cell *cells,
                   const int32_t *input, uint32_t frame, int threads, struct cf_error *err);

/* "s0.pool[0,1,2]: adder 17, input b, stuck at 1" */
const char *cf_fault_text(const struct cf_fault *fault, const struct cf_netlist *netlist,
                          const struct cf_bits_cell *cells, char *buffer, size_t size);

#endif

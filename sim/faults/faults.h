/* faults.h - simulates single stuck-at faults at the pins of lowered cells, in place in the whole circuit.
 *
 * Every gate but the faulty one is sound. A frame finds a fault when a gate of an output group then has another value.
 * 64 faults in gates of one cell are simulated together, each in a slot (a bit of 64-bit words) of its own; where a
 * faulty gate's own output changes, the change is followed to the outputs. With dropping, a fault that a frame has
 * found is not simulated with later frames.
 */
#ifndef COFIBER_SIM_FAULTS_FAULTS_H
#define COFIBER_SIM_FAULTS_FAULTS_H

#include "sim/faults/fault_list.h"

struct cf_fault_sim;

struct cf_fault_options {
    int threads;   /* at least 1 */
    bool keep;     /* no dropping: simulate all faults with every frame, and count all detections */
    void *context; /* handed to `progress`, which may be NULL */
    /* Called from time to time, by the thread that called cf_fault_sim_run: `done` faults of the list have been
     * simulated with this frame, or were dropped before. */
    void (*progress)(void *context, uint64_t done);
};

/* `cells` [cell_count] are the netlist's cells as networks. Netlist, cells and list are the caller's and must outlive
 * the simulator, which writes its findings to the list. */
bool cf_fault_sim_new(struct cf_fault_sim **sim, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                      struct cf_fault_list *list, const struct cf_fault_options *options, struct cf_error *err);
void cf_fault_sim_free(struct cf_fault_sim *sim); /* NULL is fine */

/* Simulates the list with one frame: `input` has the values of the input nets. `frame` is the number by which findings
 * name it. Cannot fail. */
void cf_fault_sim_run(struct cf_fault_sim *sim, const int32_t *input, uint32_t frame);

#endif

/* faults.h - simulates single stuck-at faults at the pins of lowered cells, in place in the whole circuit.
 *
 * Every gate but the faulty one is sound. A frame finds a fault when a gate of an output group then has another value.
 * 64 faults in gates of one cell are simulated at a time, a lane each; where a faulty gate's own output changes, the
 * change is followed to the outputs. With dropping, a fault once found is not simulated again.
 */
#ifndef COFIBER_SIM_FAULTS_FAULTS_H
#define COFIBER_SIM_FAULTS_FAULTS_H

#include "sim/faults/fault_list.h"

struct cf_fault_sim;

struct cf_fault_options {
    int threads;   /* at least 1 */
    bool keep;     /* no dropping: simulate what is found with later frames too, and count all detections */
    void *context; /* of `progress`, which may be NULL: faults of this frame that are done, dropped ones included */
    void (*progress)(void *context, uint64_t done); /* called by the thread that called cf_fault_sim_run */
};

/* Netlist, cells and list are the caller's, and live as long as the simulator, which writes its findings to the list.
 */
bool cf_fault_sim_new(struct cf_fault_sim **sim, const struct cf_netlist *netlist, const struct cf_network_cell *cells,
                      struct cf_fault_list *list, const struct cf_fault_options *options, struct cf_error *err);
void cf_fault_sim_free(struct cf_fault_sim *sim); /* NULL is fine */

/* Simulates the list with one frame, `input` as cf_frames_quantise writes it. Cannot fail. */
void cf_fault_sim_run(struct cf_fault_sim *sim, const int32_t *input, uint32_t frame);

#endif

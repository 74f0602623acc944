/* threshold_gate.h - one threshold gate over one-bit nets, on its way into a netlist. */
#ifndef COFIBER_COMPILER_LOWERING_THRESHOLD_GATE_H
#define COFIBER_COMPILER_LOWERING_THRESHOLD_GATE_H

#include "netlists/netlist.h"

struct cf_threshold_operand {
    uint32_t net;
    int64_t weight;
};

/* H(sum of weight * net + bias). Up to CF_FEW_OPERANDS operands each have a port of their own, so that gates of one
 * kind share a cell wherever their operands are. The operands of a larger gate are read by their offsets from the first
 * net. */
struct cf_threshold_gate {
    struct cf_threshold_operand *operands;
    uint32_t count;
    size_t capacity;
    int64_t bias;
};
enum { CF_FEW_OPERANDS = 4 };

void cf_threshold_gate_free(struct cf_threshold_gate *gate);
void cf_threshold_gate_clear(struct cf_threshold_gate *gate); /* no operands, bias 0 */
bool cf_threshold_gate_add(struct cf_threshold_gate *gate, uint32_t net, int64_t weight);

/* The gate of the opposite output: H(-v - 1) = ~H(v). */
void cf_threshold_gate_invert(struct cf_threshold_gate *gate);

/* Returns the number of ports that the gate needs. In a large gate, operands that read one net are first merged. */
uint32_t cf_threshold_gate_ports(struct cf_threshold_gate *gate);

/* Equal cells are made once. Zero-initialise. */
struct cf_threshold_cells {
    uint32_t *slots; /* open addressing: index of the cell + 1 */
    uint32_t count, capacity;
    struct cf_term *terms; /* of the gate at hand */
    size_t term_capacity;
};
void cf_threshold_cells_free(struct cf_threshold_cells *cells);

/* Places the gate as instance `index` of the group, which has at least cf_threshold_gate_ports. */
bool cf_threshold_gate_place(struct cf_threshold_gate *gate, struct cf_threshold_cells *cells,
                             struct cf_netlist *netlist, struct cf_group *group, uint32_t index, struct cf_error *err);

#endif

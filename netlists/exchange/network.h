/* network.h - binary networks: what a cell is made of, gate by gate.
 *
 * A network has one kind of node, the full adder: sum = a ^ b ^ c, carry = majority(a, b, c). The rest are its special
 * cases: with c = 0 it is a half adder, whose carry is AND and whose sum is XOR. Inversion is a property of a
 * connection, as in an and-inverter graph:
 *
 *     signal 0 is the constant 0; 1 to input_count are the inputs; node n drives its sum and its carry;
 *     literal = 2 * signal + (1 when inverted), so that 0 and 1 are the constants.
 *
 * Nodes stand in topological order: a node reads only inputs and nodes before it.
 */
#ifndef COFIBER_NETLISTS_EXCHANGE_NETWORK_H
#define COFIBER_NETLISTS_EXCHANGE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef uint32_t cf_lit;

enum { CF_LIT_FALSE = 0, CF_LIT_TRUE = 1, CF_NETWORK_MAX_SIGNALS = 0x7fffffff };

/* A full adder; a half adder (or AND, XOR) where `c` is CF_LIT_FALSE. */
struct cf_network_node {
    cf_lit a, b, c;
};

struct cf_network {
    uint32_t input_count, node_count, output_count;
    uint32_t node_capacity;
    struct cf_network_node *nodes;
    cf_lit *outputs;
};

/* Memory is malloc'd and owned by the network. cf_network_free leaves it empty; an all-zero struct is a valid network
 * without inputs, nodes and outputs. */
void cf_network_free(struct cf_network *bits);

static inline cf_lit cf_lit_of(uint32_t signal, bool inverted)
{
    return 2 * signal + inverted;
}
static inline uint32_t cf_lit_signal(cf_lit literal)
{
    return literal >> 1;
}
static inline cf_lit cf_network_input(uint32_t input) /* 0 to input_count - 1 */
{
    return 2 * (input + 1);
}
static inline cf_lit cf_network_sum(const struct cf_network *bits, uint32_t node)
{
    return 2 * (1 + bits->input_count + 2 * node);
}
static inline cf_lit cf_network_carry(const struct cf_network *bits, uint32_t node)
{
    return cf_network_sum(bits, node) + 2;
}
static inline uint32_t cf_network_signals(const struct cf_network *bits)
{
    return 1 + bits->input_count + 2 * bits->node_count;
}
/* The node that drives a signal; the signal must be driven by one. */
static inline uint32_t cf_network_driver(const struct cf_network *bits, uint32_t signal)
{
    return (signal - 1 - bits->input_count) / 2;
}
static inline bool cf_network_is_node(const struct cf_network *bits, uint32_t signal)
{
    return signal > bits->input_count;
}
static inline bool cf_network_is_carry(const struct cf_network *bits, uint32_t signal)
{
    return (signal - 1 - bits->input_count) % 2 != 0;
}

/* Appends a node exactly as given: foreign networks have constants as operands, and equal ones. False when memory or
 * the number space is out. */
bool cf_network_push(struct cf_network *bits, cf_lit a, cf_lit b, cf_lit c);

/* Adds three literals of one weight: `*sum` of that weight, `*carry` of the next. Constants and equal or opposite
 * literals are folded, so that a node is made only where a bit is not known: a + b + 1, for instance, is one half
 * adder of the inverted operands. False when memory is out. */
bool cf_network_add(struct cf_network *bits, cf_lit a, cf_lit b, cf_lit c, cf_lit *sum, cf_lit *carry);

/* Checks the order of the nodes and the range of every literal; the message begins with `label`. */
bool cf_network_check(const struct cf_network *bits, const char *label, struct cf_error *err);

/* Which outputs of each node are read, by a node or an output: bit 0 the sum, bit 1 the carry; [node_count],
 * malloc'd, NULL when memory is out. Nodes that no output depends on have 0, and what they read is not read. */
uint8_t *cf_network_used(const struct cf_network *bits);

/* Drops the nodes of which nothing is read, keeping the order of the others. */
bool cf_network_sweep(struct cf_network *bits, struct cf_error *err);

/* Evaluates 64 patterns: inputs[i] holds pattern p of input i in bit p; `signals` has cf_network_signals() words. The
 * plain definition; the outputs are read with cf_network_value. */
void cf_network_evaluate(const struct cf_network *bits, const uint64_t *inputs, uint64_t *signals);
static inline uint64_t cf_network_value(const uint64_t *signals, cf_lit literal)
{
    return signals[literal >> 1] ^ (0 - (uint64_t)(literal & 1));
}

/* What the network costs. Parts of a node that nothing reads are not counted. */
struct cf_network_counts {
    uint64_t full_adders;     /* both outputs read, three inputs */
    uint64_t half_adders;     /* both outputs read, two inputs */
    uint64_t majority_gates;  /* full adders of which only the carry is read */
    uint64_t parity_gates;    /* full adders of which only the sum is read (XOR of three) */
    uint64_t and_gates;       /* half adders of which only the carry is read */
    uint64_t xor_gates;       /* half adders of which only the sum is read */
    uint64_t inverters;       /* signals that are read inverted, each once */
    uint64_t two_input_gates; /* of the whole, with 5 to a full adder and 2 to a half adder */
    uint64_t aig_nodes;       /* AND nodes of the and-inverter graph that aiger.h writes */
    uint64_t threshold_gates; /* gates H(w.x + b): one a carry, two where the sum is read */
    uint32_t depth;           /* longest path, in nodes; across cells in the sum of several: not defined, the maximum */
};
bool cf_network_count(const struct cf_network *bits, struct cf_network_counts *counts, struct cf_error *err);
/* `total` += `times` * `one`; the depth becomes the larger. */
void cf_network_counts_add(struct cf_network_counts *total, const struct cf_network_counts *one, uint64_t times);

/* A cell as a binary network. Its inputs are the bits of its operands, in order, least significant first. */
struct cf_network_operand {
    uint32_t offset; /* the net is base[port] + offset, as in a term */
    uint32_t first_input;
    uint8_t port, width;
};

/* The nodes come in stages: stage s is nodes [stages[s-1].node_end, stages[s].node_end) and reads, of the inputs, only
 * operands [stages[s-1].operand_end, stages[s].operand_end), besides nodes before it. A simulator that runs stage by
 * stage needs the operands of one stage at a time. `window` is what the offsets of a stage's operands have in
 * common: it grows with the stage, and cells with equal windows can share what they load. */
struct cf_network_stage {
    uint32_t node_end, operand_end;
    uint64_t window;
};

struct cf_network_cell {
    struct cf_network bits;
    struct cf_network_operand *operands; /* one for each term of the cell, in the order of its terms */
    uint32_t operand_count;
    struct cf_network_stage *stages;
    uint32_t stage_count;
};
void cf_network_cell_free(struct cf_network_cell *cell);
bool cf_network_cell_sweep(struct cf_network_cell *cell, struct cf_error *err); /* cf_network_sweep, stages included */

#endif

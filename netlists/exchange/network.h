/* network.h - adder networks: the binary gates that a cell, or a whole circuit, is made of.
 *
 * An adder network has one kind of node, the full adder: sum = a ^ b ^ c, carry = majority(a, b, c). The other gates
 * are special cases of it: with c = 0 a node is a half adder, whose carry is AND and whose sum is XOR. Inversion is a
 * property of a connection, as in an and-inverter graph. Signals and literals are numbers:
 *
 *     signal 0 is the constant 0; signals 1 to input_count are the inputs; then each node drives two signals, its sum
 *     and its carry. A literal is 2 * signal + (1 when inverted), so that literals 0 and 1 are the two constants.
 *
 * Nodes stand in topological order: a node reads only inputs and nodes before it.
 */
#ifndef COFIBER_NETLISTS_EXCHANGE_NETWORK_H
#define COFIBER_NETLISTS_EXCHANGE_NETWORK_H

#include <assert.h>
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
    struct cf_network_node *nodes; /* [node_count] */
    size_t node_capacity;
    cf_lit *outputs; /* [output_count] */
};

/* The network owns its arrays, which are malloc'd. cf_network_free leaves it empty; an all-zero struct is a valid
 * network without inputs, nodes and outputs. */
void cf_network_free(struct cf_network *network);

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
static inline cf_lit cf_network_sum(const struct cf_network *network, uint32_t node)
{
    return 2 * (1 + network->input_count + 2 * node);
}
static inline cf_lit cf_network_carry(const struct cf_network *network, uint32_t node)
{
    return cf_network_sum(network, node) + 2;
}
static inline uint32_t cf_network_signals(const struct cf_network *network)
{
    return 1 + network->input_count + 2 * network->node_count;
}
/* The node that drives a signal; the signal must be driven by one. */
static inline uint32_t cf_network_driver(const struct cf_network *network, uint32_t signal)
{
    assert(signal > network->input_count && signal < cf_network_signals(network));
    return (signal - 1 - network->input_count) / 2;
}
static inline bool cf_network_is_node(const struct cf_network *network, uint32_t signal)
{
    return signal > network->input_count;
}
static inline bool cf_network_is_carry(const struct cf_network *network, uint32_t signal)
{
    return (signal - 1 - network->input_count) % 2 != 0;
}

/* Appends a node exactly as given: networks of other tools may have constants, or equal literals, as operands. The
 * literals are of inputs or of nodes before this one. False when memory is out, or the network would have more than
 * CF_NETWORK_MAX_SIGNALS signals. */
bool cf_network_push(struct cf_network *network, cf_lit a, cf_lit b, cf_lit c);

/* Adds three literals of one weight: `*sum` has that weight, `*carry` twice that weight. Constants and pairs of equal
 * or opposite literals are folded, so that a node is made only where both results depend on at least two of the
 * operands: a + b + 1, for instance, becomes one half adder of the inverted operands. False as in cf_network_push. */
bool cf_network_add(struct cf_network *network, cf_lit a, cf_lit b, cf_lit c, cf_lit *sum, cf_lit *carry);

/* True when every node reads only signals before it, and every output is a signal of the network. Otherwise the error,
 * which begins with `label`, names the node or output. Functions that take a network assert this. */
bool cf_network_check(const struct cf_network *network, const char *label, struct cf_error *err);

/* Which of a node's two signals the outputs of the network depend on. */
enum { CF_SUM_USED = 1, CF_CARRY_USED = 2 };

/* For each node the sum of the flags above: [node_count], malloc'd, NULL when memory is out. A node on which no output
 * depends has 0, and a signal that only such nodes read is not used. */
uint8_t *cf_network_used(const struct cf_network *network);

/* The value of a literal, given the values of all signals: 64 patterns, one in each bit. */
static inline uint64_t cf_network_value(const uint64_t *signals, cf_lit literal)
{
    return signals[literal >> 1] ^ (0 - (uint64_t)(literal & 1));
}

/* Removes the nodes of which neither signal is used; the others keep their order. */
bool cf_network_sweep(struct cf_network *network, struct cf_error *err);

/* Works out the cost of the network. Signals that are not used are not counted. */
struct cf_network_counts {
    uint64_t full_adders;     /* nodes with three inputs, sum and carry used */
    uint64_t half_adders;     /* nodes with two inputs, sum and carry used */
    uint64_t majority_gates;  /* full adders of which only the carry is used */
    uint64_t parity_gates;    /* full adders of which only the sum is used (XOR of three) */
    uint64_t and_gates;       /* half adders of which only the carry is used */
    uint64_t xor_gates;       /* half adders of which only the sum is used */
    uint64_t inverters;       /* signals that are read inverted, each counted once */
    uint64_t two_input_gates; /* the same network in two-input gates: 5 per full adder, 2 per half adder */
    uint64_t aig_nodes;       /* AND nodes of the and-inverter graph that aiger.h writes */
    uint64_t threshold_gates; /* gates H(w.x + b): one per carry, and one more where the sum is used */
    uint32_t depth;           /* nodes on the longest path; of several networks the maximum, not a path through all */
};
bool cf_network_count(const struct cf_network *network, struct cf_network_counts *counts, struct cf_error *err);
/* Adds `one`, `times` over, to `total`; the depth becomes the larger of the two. */
void cf_network_counts_add(struct cf_network_counts *total, const struct cf_network_counts *one, uint64_t times);

/* A cell as an adder network. Its inputs are the bits of its operands, in order, least significant first. */
struct cf_network_operand {
    uint32_t offset; /* the net is base[port] + offset, as in a term */
    uint32_t first_input;
    uint8_t port, width;
};

/* The place of a stage: all its operands have offsets of one port with offset / span = number. If one place has more
 * operands than a stage takes, its stages are parts 0, 1, ... A span of UINT64_MAX is the place of a stage that has all
 * operands, of any port; a span of 0 is that of a stage without operands. Cells whose stages have equal places can
 * share the operands that a simulator loads for these stages. */
struct cf_network_place {
    uint64_t span, number;
    uint32_t part, port;
};
/* Negative, 0 or positive, as the place of `a` comes before that of `b`, is equal, or comes after it. The stages of a
 * cell are in ascending order. */
int cf_network_place_compare(const struct cf_network_place *a, const struct cf_network_place *b);

/* The nodes come in stages: stage s is nodes [stages[s-1].node_end, stages[s].node_end) and reads, of the inputs, only
 * operands [stages[s-1].operand_end, stages[s].operand_end), besides nodes before it. A simulator that runs stage by
 * stage needs the operands of one stage at a time. */
struct cf_network_stage {
    uint32_t node_end, operand_end;
    struct cf_network_place place;
};

struct cf_network_cell {
    struct cf_network network;
    struct cf_network_operand *operands; /* one for each term of the cell, in the order of its terms */
    uint32_t operand_count;
    struct cf_network_stage *stages;
    uint32_t stage_count;
};
void cf_network_cell_free(struct cf_network_cell *cell);
/* The same as cf_network_sweep; the ends of the stages move with the nodes. */
bool cf_network_cell_sweep(struct cf_network_cell *cell, struct cf_error *err);

#endif

/* gate.h - one gate as an instance of a leaf module: its operands in vectors, and the kinds of leaf that a netlist
 * needs.
 *
 * The operands of a leaf come in vectors 0, 1, ..., and the weights of each vector in one packed parameter, W0, W1, ...
 * A vector is of one of two forms. Terms that read neighbouring nets of one row make a run (netlists/run.h): one packed
 * input, x0, which is connected to a slice of that row, with weight 0 for nets of the slice that the gate does not
 * read. All other terms of a port make a list: an input for each, x0_0, x0_1, ... Each place of a vector, a slot, has
 * one operand and one weight: the term's weight times 2^shift, because a shift is wiring. Terms that read squares have
 * vectors of their own, in which the leaf squares the operands.
 */
#ifndef COFIBER_RTL_STRUCTURAL_GATE_H
#define COFIBER_RTL_STRUCTURAL_GATE_H

#include "rtl/structural/rows.h"

enum { CF_LEAF_NAME_MAX = 240 };

struct cf_operand {
    uint32_t input; /* of the row module */
    uint32_t lane;  /* in the row that this input is */
    int64_t weight; /* times 2^shift; 0 for a net of a run that the gate does not read */
};

struct cf_vector {
    uint32_t port;
    uint32_t first; /* where in the gate's operands slot 0 is */
    uint32_t slots;
    bool run; /* a run; else a list */
    bool square;
    uint8_t width;
    bool is_signed;
    uint8_t weight_width; /* bits of one weight */
};

struct cf_gate {
    const struct cf_cell *cell;
    struct cf_term *terms; /* the cell's, in order of (port, square, offset); used where it has squares */
    size_t term_capacity;
    struct cf_vector *vectors;
    uint32_t vector_count;
    size_t vector_capacity;
    struct cf_operand *operands;
    uint32_t operand_count;
    size_t operand_capacity;
};

/* Describes the gate in one lane of a row module. `gate` starts as zeros; its arrays are used again from call to call,
 * until cf_gate_free. False when memory is out. */
bool cf_gate_describe(const struct cf_rows *rows, const struct cf_row_module *module, uint32_t lane,
                      struct cf_gate *gate);
void cf_gate_free(struct cf_gate *gate);

/* Finds where the gates of a row module that have these bases meet a net: its input, and the lane in that (weight 0).
 * False where no input of the module is the net's row. */
bool cf_gate_operand(const struct cf_rows *rows, const struct cf_row_module *module, const uint32_t *bases,
                     uint32_t port, uint32_t offset, struct cf_operand *operand);

/* Makes the gate, once it is described, one that reads a single operand instead, of `width` bits and signed. */
bool cf_gate_replace(struct cf_gate *gate, struct cf_operand operand, uint8_t width);

/* True when gate `b`, which stands `distance` lanes after `a`, can be placed with `a` as one array of instances: both
 * have the same cell and no runs, and each operand of `b` stands `distance` lanes after that of `a`. */
bool cf_gate_follows(const struct cf_gate *a, const struct cf_gate *b, uint32_t distance);

/* All of a gate but the values of weights and bias: each kind is one leaf module. */
struct cf_kind {
    enum cf_activation activation;
    struct cf_type type;
    uint8_t sum_width; /* of a linear kind, the width of its output; of others, enough for every sum of its gates */
    struct cf_vector *vectors;
    uint32_t vector_count;
};

struct cf_kinds {
    struct cf_kind *kinds;
    uint32_t count;
    size_t capacity;
};

/* Finds the kind of a gate. With `add`, a kind that is missing is added, and one whose sums are too narrow for this
 * gate is widened. False when the kind is missing and not to be added, or when memory is out. */
bool cf_kinds_find(struct cf_kinds *kinds, const struct cf_gate *gate, bool add, uint32_t *index);
void cf_kinds_free(struct cf_kinds *kinds);

/* "step_768xs11w8", "linear_1s8w4_1s10w4_s11", "root_768xs13qw12_1s23qw4_u22", behind the prefix: the activation; for
 * each vector the number of slots (with an x for a run), s or u for the sign, the width, q for squares, w and the width
 * of a weight; the type of the output, unless it is a step's. A name that would be too long has the index of the kind
 * instead. */
const char *cf_leaf_name(const struct cf_kinds *kinds, uint32_t index, const char *prefix,
                         char buffer[CF_LEAF_NAME_MAX]);

#endif

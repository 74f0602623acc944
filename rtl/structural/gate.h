/* gate.h - one gate as an instance of a leaf module: its operands in vectors, and the kinds of leaf that a netlist
 * needs.
 *
 * A leaf's operands come in vectors 0, 1, ..., each with its weights in one packed parameter, W0, W1, ... Terms that
 * lie close together in one row make a run: one input, x0, connected as a slice of that row, with weight 0 where there
 * is no wire. All other terms of a port make a list: an input for each, x0_0, x0_1, ... The weight of a slot is the
 * term's weight * 2^shift: a shift is wiring.
 */
#ifndef COFIBER_RTL_STRUCTURAL_GATE_H
#define COFIBER_RTL_STRUCTURAL_GATE_H

#include "rtl/structural/rows.h"

enum { CF_KIND_NAME_MAX = 200 };

struct cf_operand {
    uint32_t input; /* of the class */
    uint32_t lane;  /* in that row */
    int64_t weight; /* shifted; 0 fills a run */
};

struct cf_vector {
    uint32_t port, first; /* the first of its operands, slot 0 */
    uint32_t slots;
    bool run; /* neighbours in one row */
    uint8_t width;
    bool is_signed;
    uint8_t weight_width; /* bits of one weight */
};

struct cf_gate {
    const struct cf_cell *cell;
    struct cf_vector *vectors;
    uint32_t vector_count;
    size_t vector_capacity;
    struct cf_operand *operands;
    uint32_t operand_count;
    size_t operand_capacity;
};

/* Fills `gate`, whose arrays are used again from call to call, with one lane of a class. */
bool cf_gate_describe(const struct cf_rows *rows, const struct cf_row_class *class, uint32_t lane,
                      struct cf_gate *gate);
void cf_gate_free(struct cf_gate *gate);

/* True when `b`, which stands `distance` lanes after `a`, is the same cell on operands that each lie as far after those
 * of `a`, all in lists: such gates are placed as one array of instances. */
bool cf_gate_follows(const struct cf_gate *a, const struct cf_gate *b, uint32_t distance);

/* Everything but weights and bias: one leaf module each. */
struct cf_kind {
    enum cf_activation activation;
    struct cf_type type;
    uint8_t sum_width; /* the output's own for a linear kind; for a step, what holds every sum of every gate */
    struct cf_vector *vectors;
    uint32_t vector_count;
};

struct cf_kinds {
    struct cf_kind *kinds;
    uint32_t count;
    size_t capacity;
};

/* The index of the gate's kind, made where `add` and widened where a sum of this gate needs it. */
bool cf_kinds_find(struct cf_kinds *kinds, const struct cf_gate *gate, bool add, uint32_t *index);
void cf_kinds_free(struct cf_kinds *kinds);

/* "step_768xs11w8", "linear_1s8w4_1s10w4_s11": the activation; for each vector its slots (x: a run), sign and width, w
 * and the width of a weight; the type of a linear output. The index instead where that is too long. */
const char *cf_kind_name(const struct cf_kinds *kinds, uint32_t index, char buffer[CF_KIND_NAME_MAX]);

#endif

/* text.h - what the writers of the three files share: the state of an emission, and the writing of text and weights. */
#ifndef COFIBER_RTL_STRUCTURAL_TEXT_H
#define COFIBER_RTL_STRUCTURAL_TEXT_H

#include "base/file.h"
#include "rtl/structural/gate.h"
#include "rtl/structural/graphs.h"
#include "rtl/structural/places.h"

struct emission {
    const struct cf_netlist *netlist;
    const char *source; /* cf_rtl_options */
    struct cf_rows rows;
    struct cf_kinds kinds;
    struct cf_row_graph *graphs;  /* [rows.module_count]: which row modules take their sums from an adder graph */
    bool *hier_blocks;            /* [rows.module_count]: Verilator is asked to compile this row module by itself */
    struct cf_out *out;           /* the file being written; NULL: nothing is, and its lines are counted */
    uint32_t line;                /* the line that is written next, from 1 on, while `places` is there */
    struct cf_rtl_places *places; /* where to note the lines of gates (places.h); NULL: nowhere */
    bool failed;                  /* memory was out while lines were counted */
    struct cf_error *err;         /* filled by the first failure */
};

/* Collects the kinds of all gates, and decides which row modules become hierarchical blocks: before anything is put. */
bool cf_emission_survey(struct emission *e);
void cf_emission_free(struct emission *e); /* all but the file */

/* Describes the gate in one lane of row module `index` as it is placed: where an adder graph computes the module's
 * sums, as one whose only operand is its sum, of input module->input_count. False when memory is out. */
bool cf_emission_gate(const struct emission *e, uint32_t index, uint32_t lane, struct cf_gate *gate);

/* printf to the file. A failure sticks to the file and shows when it is committed. */
void cf_put(struct emission *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the weights of a vector as the value of a packed parameter, slot 0 in the low bits; `operands` points to that
 * of slot 0. Where the value takes several lines, those after the first begin with `indent`. */
void cf_put_weights(struct emission *e, const struct cf_operand *operands, const struct cf_vector *vector,
                    const char *indent);
/* Writes a signed constant of 1 to 64 bits, as -4'sd1, from a value that is reduced modulo 2^width. */
void cf_put_constant(struct emission *e, int64_t value, uint8_t width);

/* True when the leaf module of this vector's kind sums the vector in a loop. */
bool cf_is_looped(const struct cf_vector *vector);

/* Write the contents of one file each; false with the error filled when memory is out. */
bool cf_put_cells(struct emission *e);
bool cf_put_rows(struct emission *e);
bool cf_put_top(struct emission *e);

/* Writes the module of the adder graph that row module `index` has, before that. */
bool cf_put_graph(struct emission *e, uint32_t index);

/* Writes the comment that each file begins with: `what` is its first sentence. */
void cf_put_heading(struct emission *e, const char *what);

#endif

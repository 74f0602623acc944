/* text.h - what the emission's files share: writing text, and the passes over one row. Private to this room. */
#ifndef COFIBER_RTL_STRUCTURAL_TEXT_H
#define COFIBER_RTL_STRUCTURAL_TEXT_H

#include "base/file.h"
#include "rtl/structural/structural.h"

struct emission {
    const struct cf_netlist *netlist;
    const char *source;
    struct cf_rows rows;
    struct cf_kinds kinds;
    bool *blocks;         /* [rows.class_count]: Verilator compiles the class by itself */
    struct cf_out *out;   /* the file being written */
    struct cf_error *err; /* filled by the first failure */
};

/* printf to the file. A failure sticks to the file and shows when it is committed. */
void cf_put(struct emission *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes `count` weights as the value of a packed parameter, slot 0 in the low bits. `indent` is for the lines after
 * the first. */
void cf_put_weights(struct emission *e, const struct cf_operand *operands, const struct cf_vector *vector,
                    const char *indent);
/* A signed constant of that width, from a value that is reduced modulo 2^width: -4'sd1. */
void cf_put_constant(struct emission *e, int64_t value, uint8_t width);

/* Does the kind's module sum this vector by a loop? */
bool cf_is_looped(const struct cf_vector *vector);

/* The files' contents. */
bool cf_put_cells(struct emission *e);
bool cf_put_rows(struct emission *e);
bool cf_put_top(struct emission *e);
void cf_put_heading(struct emission *e, const char *what);

#endif

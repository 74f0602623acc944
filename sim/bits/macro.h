/* macro.h - the instructions of one cell: each stands for one node, or for the nodes of a counter. Used by program.c
 * and assemble.c. */
#ifndef COFIBER_SIM_BITS_MACRO_H
#define COFIBER_SIM_BITS_MACRO_H

#include "netlists/exchange/network.h"
#include "sim/bits/kernels.h"

struct cf_bit_macro {
    uint32_t first;   /* of its literals in the pool: inputs, then outputs */
    uint32_t level;   /* within its stage: 0 when nothing of the stage is read */
    uint32_t stage;   /* of the cell */
    uint8_t op;       /* enum cf_bit_op */
    uint8_t inverted; /* of a counter of 15 or 31: as in an instruction; the plain literals stand in the pool */
};

struct cf_bit_macros {
    struct cf_bit_macro *macros;
    cf_lit *literals;
    uint32_t count, literal_count;
    uint32_t *uses; /* [2 * signals]: how often the instructions and outputs read each literal */
};

extern const uint8_t cf_bit_op_inputs[CF_BIT_OPS], cf_bit_op_outputs[CF_BIT_OPS];

/* False when memory is out. Freed with cf_bit_macros_free. */
bool cf_bit_macros_find(struct cf_bit_macros *macros, const struct cf_network_cell *cell);
void cf_bit_macros_free(struct cf_bit_macros *macros);

#endif

/* program.h - lowered cells as one program for the bit kernels.
 *
 * The cells of a program read the same nets with different weights, as the classifiers of one position do. They run
 * stage by stage. The operands of a stage are loaded into planes once, and then serve all cells out of the second-level
 * cache. Instructions are ordered by the operands that they read, so that many reads hit the first-level cache. Full
 * adders that form a counter become one instruction, whose intermediate bits never leave the registers. The lowering
 * builds such counters, but here they are recognised by their structure.
 */
#ifndef COFIBER_SIM_BITS_PROGRAM_H
#define COFIBER_SIM_BITS_PROGRAM_H

#include "netlists/exchange/network.h"
#include "sim/bits/kernels.h"

/* Operands [first, first + count) of the program, loaded before `code`: bit k of the first goes to the plane
 * `operand_plane` + k, and so on. */
struct cf_bit_stage {
    uint32_t operand_first, operand_count;
    uint32_t plane_count;
    size_t code; /* index into program->code; ends with CF_BIT_END */
};

struct cf_bit_program {
    struct cf_network_operand *operands; /* `first_input` is the operand's first plane in its stage */
    struct cf_bit_stage *stages;
    uint16_t *code;
    size_t code_length;
    uint16_t *outputs;      /* the outputs' planes, as instructions name them, cell after cell */
    uint32_t *output_first; /* [cells + 1] */
    uint32_t stage_count, cell_count;
    uint32_t operand_plane; /* a plain number */
    /* Of a bank's graph alone (graph_program.h), whose code is empty: what follows the loading of the operands. */
    struct cf_bit_result *copies, *results;
    struct cf_bit_sum *sums;
    size_t copy_count, sum_count, result_count;
    uint64_t full_adders;
    uint32_t window_planes; /* planes 0 and 1 are constants 0 and 1, set by the caller */
};

/* The program of `count` cells, for planes of any size. When the signals that live at one time are more than an
 * instruction can name, returns false with `*too_large` set: build programs of fewer cells. One cell always fits. */
bool cf_bit_program_build(struct cf_bit_program **program, const struct cf_network_cell *const *cells, uint32_t count,
                          bool *too_large, struct cf_error *err);
void cf_bit_program_free(struct cf_bit_program *program); /* NULL is fine */

#endif

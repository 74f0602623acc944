/* assemble.h - writes instructions into a program's code: gives planes to signals, and puts the instructions into an
 * order that suits the processor. Used by program.c; graph_program.c takes the numbers of the first planes from it.
 */
#ifndef COFIBER_SIM_BITS_ASSEMBLE_H
#define COFIBER_SIM_BITS_ASSEMBLE_H

#include "sim/bits/macro.h"
#include "sim/bits/program.h"

/* The first planes of a window (kernels.h): the two constants, one for results that no instruction reads, and then the
 * operands of a stage. */
enum { CF_PLANE_ZERO, CF_PLANE_ONE, CF_PLANE_TRASH, CF_PLANE_OPERANDS };
#define CF_NO_PLANE UINT32_MAX

/* A cell on its way into the program. */
struct cf_bit_member {
    const struct cf_network_cell *cell;
    struct cf_bit_macros macros;
    uint32_t *plane; /* [2 * signals]: where each literal is now, or CF_NO_PLANE */
    uint32_t stage;  /* the next to be placed */
    uint32_t macro;  /* the next to be placed */
};

struct cf_bit_assembly {
    struct cf_bit_program *program;
    struct cf_bit_member *members;
    uint32_t member_count;
    struct cf_network_place *places; /* [stage_count], ascending: the stages of all members together */
    uint32_t *spare;                 /* [CF_MAX_PLANES]: planes free to be used again */
    uint32_t spare_count;
    uint32_t operands_end, next_plane;
    size_t code_capacity;
    size_t run;     /* where the header of the current run of instructions is, if `open` */
    bool open;      /* a run can be extended */
    bool too_large; /* more planes were wanted than an instruction can name */
};

/* Whether the program's stage `stage` is the member's next one. */
bool cf_bit_has_stage(const struct cf_bit_assembly *b, const struct cf_bit_member *m, uint32_t stage);

/* All of these return false when memory is out. */

/* Places the members' instructions of a stage. */
bool cf_bit_place_stage(struct cf_bit_assembly *b, uint32_t stage);
/* Ends a stage's code, so that the next instruction begins a run. */
bool cf_bit_end_code(struct cf_bit_assembly *b);
/* Copies an operand's plane to another plane, because later stages read the literal when new operands are there. */
bool cf_bit_rescue(struct cf_bit_assembly *b, struct cf_bit_member *m, cf_lit literal);
/* Gives the literal a plane of its own if it has none, by inverting its opposite's. */
bool cf_bit_make_plane(struct cf_bit_assembly *b, struct cf_bit_member *m, cf_lit literal);

#endif

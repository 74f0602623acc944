/* pass.h - a pass: one part of a family's cells, evaluated for as many lanes as a plane has.
 *
 * A lane is one gate of each of the family's cells, in one frame. The lanes of a family are numbered frame by frame,
 * and within a frame in the order of its gates. A pass takes the lanes of a plane (kernels->lanes, fewer at the end) in
 * tiles of CF_TILE: for each stage of the program it loads the operands of all tiles into planes and runs the stage;
 * at the end it stores what the output planes hold.
 *
 * Most gates stand side by side in runs (plan.h). A tile within one run is read and written in place; the values of any
 * other tile are gathered and scattered lane by lane.
 */
#ifndef COFIBER_SIM_BITS_PASS_H
#define COFIBER_SIM_BITS_PASS_H

#include "sim/bits/tiles.h"

/* Evaluates lanes [lane, end) or as many of them as a plane has. The pass is filled up to and including `group_index`.
 */
void cf_bit_pass_run(struct cf_bit_pass *pass, uint64_t lane, uint64_t end);
/* Runs the program alone, on whatever the planes hold. */
void cf_bit_pass_run_program(const struct cf_bit_pass *pass);

#endif

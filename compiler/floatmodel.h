/* floatmodel.h - the model that a head's author trained: real arithmetic (in double) on features as stored.
 *
 * The netlist is an integer form of this model. The two share no code, so that `agreement` compares two independent
 * results.
 */
#ifndef COFIBER_COMPILER_FLOATMODEL_H
#define COFIBER_COMPILER_FLOATMODEL_H

#include "compiler/compile.h"

/* The logits of one frame: for each scale (geometry.h) bands' positions x classes values, scale after scale, positions
 * row-major, classes innermost. `features` is [channels][height][width]. Free with free(); NULL when memory is out. */
double *cf_float_logits(const struct cf_head *head, const struct cf_compile_options *options, const double *features);

#endif

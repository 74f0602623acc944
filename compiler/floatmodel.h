/* floatmodel.h - the model that a head's author trained: real arithmetic (in double) on features as stored.
 *
 * The netlist is an integer form of this model. The two share no code, so that `agreement` compares two independent
 * results.
 */
#ifndef COFIBER_COMPILER_FLOATMODEL_H
#define COFIBER_COMPILER_FLOATMODEL_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* The head's outputs at one frame's positions, scale after scale, of each scale (geometry.h) its bands' positions
 * row-major. */
struct cf_float_result {
    double *logits;     /* [positions][classes] */
    double *sides;      /* [positions][4], the box's z times the scale's factor; NULL: the head has no boxes */
    double *centerness; /* [positions], logits; NULL: the head has none */
};

/* Runs the head on `features` [channels][height][width]. False when memory is out. Free with cf_float_free. */
bool cf_float_run(const struct cf_head *head, const struct cf_compile_options *options, const double *features,
                  struct cf_float_result *result);
void cf_float_free(struct cf_float_result *result); /* an all-zero struct is fine */

#endif

/* choose.h - which tensors of a checkpoint are the classifier's, where their names do not say it. */
#ifndef COFIBER_COMPILER_HEADS_CHOOSE_H
#define COFIBER_COMPILER_HEADS_CHOOSE_H

#include "compiler/heads/parts.h"

/* Gives the classifier of `parts`, which cf_parts_find has filled, its tensors: those called `weight` and `bias`, where
 * they are not NULL; else those that have the role; else those whose shapes fit, a matrix of [outputs, inputs] (the
 * other way round where parts->transposed) and an array of [outputs]. A scale is the tensor called as the weights with
 * "_scale" behind. With `no_bias` a classifier needs no biases. Errors name the tensors that there are: several that
 * fit, none, or a named one that does not. */
bool cf_choose_classifier(struct cf_parts *parts, const struct cf_checkpoint *checkpoint, const char *weight,
                          const char *bias, bool no_bias, struct cf_error *err);

#endif

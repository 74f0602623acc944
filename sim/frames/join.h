/* join.h - puts the results of several simulations together: decisions and traces of some frames each. */
#ifndef COFIBER_SIM_FRAMES_JOIN_H
#define COFIBER_SIM_FRAMES_JOIN_H

#include "base/error.h"

/* Writes a safetensors file with the tensors of all parts, in their order, one behind the other along the first
 * dimension, which counts frames. The file appears complete or not at all; it is the one that a single simulation of
 * all frames would have written. Errors: the parts differ in the names, types, order or other dimensions of their
 * tensors, or in their metadata; tensors of one file differ in their frames. */
bool cf_traces_join(const char *path, char *const *parts, int count, struct cf_error *err);

#endif

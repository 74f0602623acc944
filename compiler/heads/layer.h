/* layer.h - one linear layer of a head: its weights and biases as real numbers, and the weights as integers. */
#ifndef COFIBER_COMPILER_HEADS_LAYER_H
#define COFIBER_COMPILER_HEADS_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct cf_head_layer {
    uint32_t outputs, inputs;
    double *weight;         /* [outputs][inputs], as stored; where a scale stands beside integers, the products */
    double *bias;           /* [outputs]; zeros where there is none */
    int32_t *quantised;     /* [outputs][inputs], at most 2^(bits-1) - 1 by magnitude */
    double *scale;          /* [outputs]: weight is about quantised * scale */
    bool integer;           /* every stored weight is an integer */
    bool already_quantised; /* the stored weights are integers that fit the bits: they are taken as they are */
    uint32_t too_small;     /* outputs whose weights are all taken as 0, since their scale would be below all doubles */
};

/* Allocates the arrays of a layer whose sizes are set, all zeros. False when memory is out. */
bool cf_head_layer_allocate(struct cf_head_layer *layer, struct cf_arena *arena);

/* Quantises `weight` to signed integers of `bits` bits (2 to 16), symmetrically and with one scale for each output:
 * scale = max|w| / highest with highest = 2^(bits-1) - 1, quantised = round_half_even(w / scale). A row of zeros, or
 * one whose scale would be 0 in double precision, becomes zeros with scale 1. Weights that are all integers of at most
 * `highest` by magnitude are kept, with scale 1. */
void cf_head_layer_quantise(struct cf_head_layer *layer, int bits);

/* Takes `weight` as integers, each of which stands for its product with the scale of its output, `scale` [outputs].
 * Where all of them fit `bits` bits they are kept, and else the products are quantised as above. Scales are finite and
 * not 0; a negative one changes the signs of its row. */
void cf_head_layer_take_scaled(struct cf_head_layer *layer, const double *scale, int bits);

#endif

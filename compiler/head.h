/* head.h - a trained linear head: [C, D] weights and [C] biases, as read and as quantised to INT8. */
#ifndef COFIBER_COMPILER_HEAD_H
#define COFIBER_COMPILER_HEAD_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_head {
    struct cf_arena arena;  /* owns the arrays */
    const char *label;      /* the file */
    uint32_t classes;       /* C */
    uint32_t channels;      /* D */
    double *weight;         /* [C][D], as stored */
    double *bias;           /* [C], as stored */
    int8_t *quantised;      /* [C][D], -127..127 */
    double *scale;          /* [C]: weight is about quantised * scale */
    bool integer;           /* every stored weight is an integer */
    bool already_quantised; /* every stored weight is an integer in -127..127 (the published card's form): scale 1 */
    uint32_t too_small;     /* classes whose weights are all taken as 0, since max|w| / 127 is below the least double */
    char sha256[CF_SHA256_HEX];
};

/* Reads a head from a safetensors file. The weights are the tensor called `weight_name`, or where that is NULL the only
 * tensor of shape [C, D] (or [C, D, 1, 1], as of a 1 x 1 convolution) beside which there is one of shape [C]. The
 * biases are the tensor called `bias_name`; where that is NULL, the tensor called as the weights with "bias" for
 * "weight", or the only one of shape [C]. Tensors without elements, or of types that cannot be read, do not count. NaN
 * and infinity are errors that name tensor and index.
 *
 * Quantisation is symmetric per class: scale = max|w| / 127, quantised = round_half_even(w / scale). A row of zeros, or
 * one whose scale would be 0 in double precision, becomes zeros with scale 1. */
bool cf_head_load(struct cf_head *head, const char *path, const char *weight_name, const char *bias_name,
                  struct cf_error *err);
void cf_head_free(struct cf_head *head);

#endif

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
    char sha256[CF_SHA256_HEX];
};

/* Reads a head from a safetensors file that holds one [C, D] and one [C] tensor under any names; where there are
 * several, `weight_name` and `bias_name` (else NULL) choose. NaN and infinity are errors that name tensor and index.
 * Quantisation is symmetric per class: scale = max|w| / 127, quantised = round_half_even(w / scale); a row of zeros
 * has scale 1. */
bool cf_head_load(struct cf_head *head, const char *path, const char *weight_name, const char *bias_name,
                  struct cf_error *err);
void cf_head_free(struct cf_head *head);

#endif

/* weights.h - the numbers of a head that may become zeros, numbered over all its tensors.
 *
 * What is pruned are the head's parameters: weights and biases of its layers, gammas and betas of its LayerNorms. The
 * factors of box distances stay. A tensor is a run of the numbers [first, first + count), element by element as the
 * layer has them, outputs before inputs. A mask, one byte for each number, says which are zeros.
 */
#ifndef COFIBER_PRUNE_WEIGHTS_H
#define COFIBER_PRUNE_WEIGHTS_H

#include "compiler/head.h"

/* One tensor of the head. */
struct cf_prune_tensor {
    const char *name; /* as the file has it */
    enum cf_role role;
    uint32_t band;
    bool is_bias;
    bool is_matrix; /* the weights of a linear layer, and no bias, gamma or beta */
    bool stored;    /* its layer's weights are integers as the file has them */
    size_t first, count;
    size_t index; /* in the checkpoint */
};

struct cf_prune_weights {
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    struct cf_head head; /* as read, and then as the last mask left it */
    struct cf_prune_tensor *tensors;
    uint32_t tensor_count;
    size_t count;        /* numbers of all tensors */
    uint64_t parameters; /* of the head: these, and the factors */
    uint64_t kept;       /* parameters that are never pruned (the factors) and are not 0 */
    double *values;      /* [count], as read; where a scale stands beside integers, their products */
    int32_t *integers;   /* [count], of layers that are integers as stored: what they are; else unused */
    uint8_t *zero;       /* [count]: 1 where the number is 0 as read */
};

/* Reads a head, of any form that cf_head_load takes. Errors: as there. Free in either case. */
bool cf_prune_weights_read(struct cf_prune_weights *weights, const char *path, const struct cf_head_options *options,
                           struct cf_error *err);
void cf_prune_weights_free(struct cf_prune_weights *weights); /* an all-zero struct is fine */

/* Makes weights->head the head in which the numbers of the mask [count] are zeros: to the bit what reading the file
 * that cf_prune_weights_write writes would give. A mask has all of weights->zero. */
void cf_prune_weights_apply(struct cf_prune_weights *weights, const uint8_t *mask);

/* Parameters that are not 0 under the mask, the factors included. */
uint64_t cf_prune_weights_nonzero(const struct cf_prune_weights *weights, const uint8_t *mask);

/* Writes the tensors of the head, with their names and types as read, as a safetensors file in which the numbers of the
 * mask are 0. Its metadata name the SHA-256 of the head that was read. */
bool cf_prune_weights_write(struct cf_prune_weights *weights, const uint8_t *mask, const char *path,
                            struct cf_error *err);

#endif

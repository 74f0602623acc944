/* head.h - a trained head, as read and as quantised: its classifier, and the layers that it may have beside it. */
#ifndef COFIBER_COMPILER_HEAD_H
#define COFIBER_COMPILER_HEAD_H

#include "base/error.h"
#include "base/hash.h"
#include "compiler/heads/layer.h"
#include "compiler/heads/parts.h"

struct cf_head {
    struct cf_arena arena; /* owns the arrays */
    const char *label;     /* the file */
    uint32_t classes;      /* C */
    uint32_t channels;     /* D */
    /* The layers by role; bands[role] is 0 where the head has none, 1 where all bands share layer[role][0], and else
     * the number of bands, which is the same for all such roles. A NORM's weights are gamma [D][1] and its biases beta;
     * a SCALE's weight is the factor of its band's box distances. */
    struct cf_head_layer layer[CF_ROLE_COUNT][CF_MAX_BANDS];
    uint32_t bands[CF_ROLE_COUNT];
    int weight_bits; /* of the classifier's integers */
    double norm_eps; /* what a LayerNorm adds to the variance */
    char sha256[CF_SHA256_HEX];
};

/* How a head is read. All zeros: by names and shapes alone, with INT8 weights. */
struct cf_head_options {
    const char *weight, *bias; /* names of the classifier's tensors; NULL: they are found */
    const char *map;           /* cf_parts_find's; NULL: none */
    bool no_bias;              /* layers without a bias have zeros for it; otherwise they are an error */
    bool transposed;           /* weights are [inputs, outputs] */
    int weight_bits;           /* 2 to 16, or 0 for 8 */
    double norm_eps;           /* positive, or 0 for 1e-5, which is PyTorch's */
};

/* Reads a head from a checkpoint of any form (heads/checkpoint.h). Its layers are found by the names of the tensors
 * (heads/parts.h). If no name says which tensor is the classifier, it is the only tensor of shape [C, D] (or [C, D, 1,
 * 1], as for a 1 x 1 convolution) that has biases. Its biases are a tensor of shape [C]: the one that has the weights'
 * name with "bias" in the place of "weight", or the only tensor of that shape. Integers that have a tensor of scales
 * (`weight_scale`, one number in all or one per output) stand for their products with the scale. `options` may be NULL.
 * Errors: a file of a wrong form, roles or shapes that do not fit; NaN and infinity, by tensor and index; a netlist
 * instead of a head. */
bool cf_head_load(struct cf_head *head, const char *path, const struct cf_head_options *options, struct cf_error *err);
void cf_head_free(struct cf_head *head);

/* The layer of a role that a band uses; NULL where the head has none. */
static inline const struct cf_head_layer *cf_head_layer_of(const struct cf_head *head, enum cf_role role, uint32_t band)
{
    return head->bands[role] ? &head->layer[role][head->bands[role] > 1 ? band : 0] : NULL;
}

/* Whether the head is one classifier on the bands themselves, and nothing else. */
bool cf_head_is_bare(const struct cf_head *head);

/* Whether the head has a box regressor, and the factor of its box distances on a band (1 if it has no such factor). */
bool cf_head_has_boxes(const struct cf_head *head);
double cf_head_factor(const struct cf_head *head, uint32_t band);

/* Whether the classifier's weights are integers as stored. */
bool cf_head_is_integer(const struct cf_head *head);

/* For how many bands the head has layers; 1: all bands share them, however many there are. */
uint32_t cf_head_bands(const struct cf_head *head);

#endif

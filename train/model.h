/* model.h - the heads that can be trained: which tensors each family has, and where they stand among its parameters.
 *
 * D channels, C classes. The families are those of the published card:
 *     classifier   cls [C][D] on the bands themselves
 *     linear       LayerNorm of each band, then cls [C][D], reg [4][D], ctr [1][D]; a factor of each band's boxes
 *     boxH         as linear, with reg_hidden [H][D], ReLU and reg_out [4][H] in the place of reg
 *     dimK         LayerNorm, project [K][D], then cls [C][K], reg_hidden [16][K], ReLU, reg_out [4][16], ctr [1][K]
 *
 * All layers that read the same input are the rows of one matrix, cls first, then reg or reg_hidden, then ctr, so that
 * one product computes them all.
 */
#ifndef COFIBER_TRAIN_MODEL_H
#define COFIBER_TRAIN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/tensor.h"

enum { CF_MODEL_SCALES = 10, CF_MODEL_NAME = 32 };

struct cf_model {
    uint32_t channels, classes, scales; /* D, C, and the bands that the grid is split into */
    uint32_t project;                   /* K; 0: no bottleneck */
    uint32_t hidden;                    /* H; 0: no hidden layer before the boxes */
    bool boxes;                         /* has all but the bare classifier: LayerNorms, boxes, centerness, factors */
    /* What follows from these. */
    uint32_t width;            /* the inputs of the rows: K or D */
    uint32_t rows;             /* of the matrix */
    uint32_t box_row, ctr_row; /* where reg (or reg_hidden) and ctr begin, where there are boxes */
    /* Places among the parameters. */
    size_t project_at;         /* [K][D] */
    size_t weight_at;          /* [rows][width] */
    size_t bias_at;            /* [rows] */
    size_t out_at;             /* reg_out's weights [4][H], then its biases [4] */
    size_t norm_at, factor_at; /* [scales][2][D], gamma and beta; [scales] */
    size_t count;              /* parameters in all */
};

/* A model of the family `variant`: "classifier", "linear", "box32", "dim20" with any whole number from 1 to 4096 behind
 * "box" and "dim". The sizes are at least 1, scales at most CF_MODEL_SCALES. Errors: another word; too large. */
bool cf_model_make(struct cf_model *model, const char *variant, uint32_t channels, uint32_t classes, uint32_t scales,
                   struct cf_error *err);

/* One tensor of the head's file. */
struct cf_model_tensor {
    char name[CF_MODEL_NAME]; /* "cls_weight", "norm.0.bias", ... */
    int rank;
    uint64_t shape[2];
    size_t at, count; /* its parameters */
};

/* Tensor `index` of the model; false past the last. Together they hold each parameter once. */
bool cf_model_tensor(const struct cf_model *model, size_t index, struct cf_model_tensor *tensor);

/* Gives the parameters [count] their first values: weights are normal with deviation 0.01 (project: 1/sqrt(D),
 * reg_hidden: sqrt(2/width), as it stands before a ReLU), gammas and factors 1, all else 0, and the biases of cls are
 * logit(prior), 0 < prior < 1. */
void cf_model_initialise(const struct cf_model *model, uint64_t seed, double prior, float *parameters);

/* The LayerNorm of a band: gamma [D], followed by beta [D]. Only for models with boxes. */
static inline size_t cf_model_gamma(const struct cf_model *model, uint32_t scale)
{
    return model->norm_at + (size_t)2 * scale * model->channels;
}

#endif

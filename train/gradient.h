/* gradient.h - the losses of frames under a head, and their derivatives by its parameters.
 *
 * A LayerNorm's gamma and beta are folded into the weights behind it: W (gamma x + beta) + b = (W gamma) x + (W beta +
 * b). So one product gives the outputs of a band, and one more, G = dY x^T, all derivatives: by W, G gamma + (sum dY)
 * beta^T; by gamma, the sum of G W over the rows; by beta, W^T (sum dY). No derivative by the bands is needed, since
 * nothing before them is trained.
 *
 * A LayerNorm's own two steps need no pass over the bands, which are the largest array by far. Splitting into bands is
 * linear, so the channels' mean is taken off the frame before it is split. The division by the deviation, one number
 * for each position, is left to the products' narrow side: to the outputs in the forward pass, and to dY in G.
 */
#ifndef COFIBER_TRAIN_GRADIENT_H
#define COFIBER_TRAIN_GRADIENT_H

#include "base/arena.h"
#include "train/bands.h"
#include "train/blas.h"
#include "train/kernels.h"
#include "train/model.h"
#include "train/targets.h"

/* A head as the frames of one step use it. */
struct cf_folded {
    const struct cf_model *model;
    const float *parameters; /* [count] */
    double alpha;            /* of the focal loss */
    /* What reads the bands, with gamma and beta folded in; one for each scale, or one for all where there is no
     * LayerNorm. [rows or K][D], [rows or K]. */
    float *weight[CF_MODEL_SCALES], *bias[CF_MODEL_SCALES];
};

bool cf_folded_new(struct cf_folded *folded, const struct cf_model *model, double alpha, struct cf_arena *arena);
void cf_folded_set(struct cf_folded *folded, const float *parameters); /* borrowed while the folded head is used */

/* Sums over the frames so far. */
struct cf_losses {
    double classification, boxes, centerness;
    double positives; /* cells */
};

/* What one thread needs for its frames; all arrays belong to an arena. */
struct cf_train_worker {
    const struct cf_model *model;
    const struct cf_blas *blas;
    const struct cf_train_kernels *kernels;
    struct cf_bands_shape shape;
    size_t positions;
    float *plane, *scratch;             /* for reading a frame */
    float *mean;                        /* of the frame's channels: [height * width] */
    float *bands;                       /* [D][positions]; with LayerNorms, the channels' mean is 0 at each position */
    float *inverse;                     /* [positions], 1 / sqrt(variance + eps); not used without LayerNorms */
    float *projected, *projected_slope; /* [K][positions] */
    float *outputs;                     /* [rows][positions]; in the backward pass, the derivatives by them */
    uint32_t *owner;                    /* [positions] */
    struct cf_positive *positives;      /* [positions] */
    double *logits;                     /* [positions], of the positive cells */
    /* Sums of the derivatives before they are unfolded. */
    float *products[CF_MODEL_SCALES];   /* G: [rows or K][D] */
    double *row_sums[CF_MODEL_SCALES];  /* [rows or K] */
    float *inner_products;              /* of the rows behind a bottleneck: [rows][K] */
    double *inner_sums;                 /* [rows] */
    double *out_slopes, *factor_slopes; /* as reg_out's weights and biases, and as the factors */
    double *hidden;                     /* [2 H] */
    struct cf_losses losses;
    double product_seconds; /* of processor time spent in matrix products, over the worker's life */
};

bool cf_train_worker_new(struct cf_train_worker *worker, const struct cf_model *model, const struct cf_blas *blas,
                         const struct cf_bands_shape *shape, struct cf_arena *arena);

/* The bands of a frame are made channel by channel from worker->plane [height * width], which is overwritten. Where the
 * model has LayerNorms, every channel goes through `mean` first, between `begin` and `end`, and then through `split`.
 */
void cf_train_worker_begin_mean(struct cf_train_worker *worker);
void cf_train_worker_mean(struct cf_train_worker *worker);
void cf_train_worker_end_mean(struct cf_train_worker *worker);
void cf_train_worker_split(struct cf_train_worker *worker, uint32_t channel);
void cf_train_worker_end_split(struct cf_train_worker *worker); /* when all channels are split */

/* Begins a new sum. */
void cf_train_worker_clear(struct cf_train_worker *worker);

/* Adds a frame whose bands are in worker->bands, and whose positive cells are the first `count` of
 * worker->positives. */
void cf_train_worker_add(struct cf_train_worker *worker, const struct cf_folded *folded, size_t count);

/* The derivatives of the sum of the three losses by each parameter, [count]. */
void cf_train_worker_gradient(const struct cf_train_worker *worker, const struct cf_folded *folded, float *gradient);

/* Computes worker->outputs alone, from worker->bands: the logits of classes and centerness, and what stands before the
 * boxes' ReLU or exp. */
void cf_train_worker_outputs(struct cf_train_worker *worker, const struct cf_folded *folded);

#endif

/* prototypes.h - first values of a bottleneck from the classifier of another head.
 *
 * The rows of a classifier are prototypes, W [C][D]. Of all projections P [K][D] with orthonormal rows, the K right
 * singular vectors of W with the largest singular values let the least-squares solution of cls P = W, which is
 * cls = W P^T, come closest to W (Eckart and Young, 1936).
 */
#ifndef COFIBER_TRAIN_PROTOTYPES_H
#define COFIBER_TRAIN_PROTOTYPES_H

#include "compiler/head.h"
#include "train/blas.h"
#include "train/model.h"

/* The prototypes of a head, [classes][channels]: the rows of its classifier, or their products with its bottleneck.
 * Free *prototypes. Errors: another number of classes or channels than the model; layers that differ from band to band;
 * out of memory. */
bool cf_prototypes_of(double **prototypes, const struct cf_model *model, const struct cf_head *head,
                      struct cf_error *err);

/* Gives project, cls and the biases of cls these values, for a model with a bottleneck. Where the head has a bottleneck
 * of its own, its prototypes are the products of both layers; where it has LayerNorms for as many scales as the model,
 * they are taken over. All other parameters stay as they are. `*kept` is the share of W that is kept: the squares of
 * the K singular values over those of all. Errors: another number of classes or channels; layers that differ from band
 * to band; K is larger than the rank of W; out of memory. */
bool cf_model_from_prototypes(const struct cf_model *model, const struct cf_head *head, const struct cf_blas *blas,
                              float *parameters, double *kept, struct cf_error *err);

#endif

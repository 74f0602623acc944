/* fit.h - first values of a bottleneck's classifier by least squares on frames.
 *
 * At a position whose normalised features (gamma and beta included) are n, another head's prototypes W and biases b
 * give the logits y = W n + b, and the bottleneck gives z = P n. Over all positions of a sample of frames, let C_yz and
 * C_zz be the covariances. The cls and biases that come closest to y in the sum of squares are
 *
 *     cls = C_yz C_zz^-1,    bias = mean(y) - cls mean(z).
 *
 * The fit behind the weights alone (prototypes.h) is the case in which the features do not correlate; those of a
 * backbone do.
 */
#ifndef COFIBER_TRAIN_FIT_H
#define COFIBER_TRAIN_FIT_H

#include "compiler/head.h"
#include "train/trainer.h"

enum { CF_FIT_FRAMES = 1024 }; /* the sample: the first of the first epoch, or all where they are fewer */

/* Gives cls and its biases these values, for a model with a bottleneck whose LayerNorms and project have theirs, before
 * the first step. `*explained` is the share of the logits' variance that the fit has; 1 where they do not vary. It is
 * worked out on one thread, frame after frame. Errors: those of cf_prototypes_of; a frame that is not finite; out of
 * memory. */
bool cf_fit_classes(struct cf_trainer *trainer, const struct cf_head *head, double *explained, struct cf_error *err);

#endif

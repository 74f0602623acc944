/* kernels.h - the loops of training that are not matrix products, compiled for each kind of vector.
 *
 * They have one source each, without a reordered sum or a fused multiply-add: every processor gives the same bytes.
 */
#ifndef COFIBER_TRAIN_KERNELS_H
#define COFIBER_TRAIN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "train/bands.h"

struct cf_train_kernels {
    /* Half-precision numbers, as they stand in a file, to float. Gives false where one is infinite or NaN. */
    bool (*from_half)(const uint8_t *halves, size_t count, float *values);
    /* Whether all are finite. */
    bool (*are_finite)(const float *values, size_t count);
    /* The bands of one channel (bands.h): `plane` [height * width] is overwritten; `row` [positions]; `scratch` has
     * room for height * width. */
    void (*split)(const struct cf_bands_shape *shape, float *plane, float *row, float *scratch);
    /* sums[i] += values[i], and sums[i] += values[i]^2. */
    void (*add)(const float *values, size_t count, float *sums);
    void (*add_squares)(const float *values, size_t count, float *sums);
    /* values[i] -= by[i]. */
    void (*subtract)(const float *by, size_t count, float *values);
    /* values[i] = values[i] * factors[i] + bias. */
    void (*scale)(const float *factors, float bias, size_t count, float *values);
    /* Sums of squares over `channels` numbers whose mean is 0 become 1 / sqrt(their variance + eps). */
    void (*invert)(size_t channels, float eps, size_t count, float *squares);
    /* The focal loss (losses.h) of negative logits, summed, with factor 1 - alpha = `weight`; each logit is replaced by
     * its derivative. */
    double (*focal)(float *logits, size_t count, float weight);
    /* The sum of the values. */
    double (*sum)(const float *values, size_t count);
};

/* Those for this processor. */
const struct cf_train_kernels *cf_train_kernels(void);

/* The portable kernels, which define what the others must compute. */
const struct cf_train_kernels *cf_train_kernels_portable(void);

#endif

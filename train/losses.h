/* losses.h - the losses of an FCOS detector, and their derivatives.
 *
 * Focal loss (Lin et al., 2017) with gamma = 2: for a cell and class with logit x and p = sigmoid(x),
 *     where the class is there:   alpha       * (1 - p)^2 * -log(p)
 *     where it is not:            (1 - alpha) * p^2       * -log(1 - p)
 * GIoU loss (Rezatofighi et al., 2019): 1 - I/U + (E - U)/E with the areas I of the intersection, U of the union, and E
 * of the smallest box around both. Centerness: binary cross-entropy against a target between 0 and 1.
 * All are sums, which the caller divides by the number of positive cells.
 */
#ifndef COFIBER_TRAIN_LOSSES_H
#define COFIBER_TRAIN_LOSSES_H

/* The focal loss of a positive logit; `*slope` is its derivative. */
double cf_focal_positive(double logit, double alpha, double *slope);
/* The same of a negative logit, in double; training itself uses the kernel for many (kernels.h). */
double cf_focal_negative(double logit, double alpha, double *slope);

/* The GIoU loss of two boxes that reach from one point to the left, top, right and bottom: the first by distances that
 * a model computed, the second by positive ones. `slopes` are the derivatives by the distances of the first. Where one
 * of those has overflowed, the loss is not finite. */
double cf_giou(const double sides[4], const double target[4], double slopes[4]);

/* The cross-entropy of a logit against a target. */
double cf_cross_entropy(double logit, double target, double *slope);

#endif

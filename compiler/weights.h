/* weights.h - computes the classifiers' thresholds as exact integers, and chooses the scale of the input. */
#ifndef COFIBER_COMPILER_WEIGHTS_H
#define COFIBER_COMPILER_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* log(p / (1 - p)): the logit at which the score is p, 0 < p < 1. Exactly 0 for p = 0.5. */
double cf_logit(double p);

#define CF_THRESHOLD_MOST (((int64_t)1 << 61) - 1)

/* The exact integer threshold floor(bias * 2^frac / (input_scale * weight_scale)): the floor of the rational number
 * that the three doubles, taken as exact, give. sum + threshold >= 0 then decides as the real comparison does, because
 * the sum is an integer. The bias is finite; the scales are positive and finite. False when the threshold lies outside
 * [-CF_THRESHOLD_MOST, CF_THRESHOLD_MOST]; `*threshold` is then the end that it passes. No memory is allocated. */
bool cf_threshold(double bias, int frac, double input_scale, double weight_scale, int64_t *threshold);

/* The choice of an input scale from frames: the scale that clips nothing would waste codes on rare large features, so
 * take the one with the least mean squared error of quantise-and-restore over the features seen. */
struct cf_calibration;

struct cf_calibration *cf_calibration_new(void); /* NULL when memory is out */
void cf_calibration_free(struct cf_calibration *calibration);
/* Adds `count` finite features. */
void cf_calibration_add(struct cf_calibration *calibration, const double *features, size_t count);
/* The chosen scale for a signed input of `bits` bits. Errors, which begin with `label`: every feature seen was zero, or
 * below the range of float (2^-149), or one was above it (3.4e38). */
bool cf_calibration_scale(const struct cf_calibration *calibration, int bits, const char *label, double *scale,
                          struct cf_error *err);

#endif

/* optimiser.h - AdamW (Loshchilov and Hutter, 2019), its learning rate over the steps, and the clipping of gradients.
 */
#ifndef COFIBER_TRAIN_OPTIMISER_H
#define COFIBER_TRAIN_OPTIMISER_H

#include <stddef.h>
#include <stdint.h>

/* The learning rate of step `step` of `steps`, from 0: it rises linearly over the first `warmup` (a share of the steps,
 * 0 to 1, rounded to whole steps) to `peak`, which the last of these has, and then falls along half a cosine towards 0.
 */
double cf_learning_rate(uint64_t step, uint64_t steps, double warmup, double peak);

/* The factor that brings a gradient of length `norm` to at most `most`, as PyTorch's clip_grad_norm_ computes it:
 * most / (norm + 1e-6), at most 1. most 0: 1. */
double cf_clip_factor(double norm, double most);

struct cf_adam {
    float *parameters, *mean, *square; /* [count]; the running means begin with zeros */
    size_t count;
};

/* One step, `step` counting from 0: betas 0.9 and 0.999, epsilon 1e-8, and all parameters decay by rate * decay. The
 * gradient is multiplied by `factor` first. */
void cf_adam_step(const struct cf_adam *adam, uint64_t step, const float *gradient, double factor, double rate,
                  double decay);

#endif

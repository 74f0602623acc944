/* optimiser.c - takes AdamW's steps, and gives their learning rate. */
#include "train/optimiser.h"

#include <assert.h>
#include <math.h>

double cf_learning_rate(uint64_t step, uint64_t steps, double warmup, double peak)
{
    assert(step < steps && warmup >= 0 && warmup <= 1);
    double rising = round(warmup * (double)steps), at = (double)step;
    if (at < rising)
        return peak * (at + 1) / rising;
    double falling = (double)steps - rising;
    return peak * 0.5 * (1 + cos(3.141592653589793 * (at - rising) / (falling > 0 ? falling : 1)));
}

double cf_clip_factor(double norm, double most)
{
    assert(norm >= 0 && most >= 0);
    double factor = most / (norm + 1e-6);
    return most > 0 && factor < 1 ? factor : 1;
}

void cf_adam_step(const struct cf_adam *adam, uint64_t step, const float *gradient, double factor, double rate,
                  double decay)
{
    const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    double count = (double)step + 1;
    float scale = (float)factor, keep = (float)(1 - rate * decay);
    float first = (float)beta1, second = (float)beta2, rest1 = (float)(1 - beta1), rest2 = (float)(1 - beta2);
    float by = (float)(rate / (1 - pow(beta1, count))), root = (float)(1 / sqrt(1 - pow(beta2, count)));
    for (size_t i = 0; i < adam->count; i++) {
        float slope = gradient[i] * scale;
        adam->mean[i] = first * adam->mean[i] + rest1 * slope;
        adam->square[i] = second * adam->square[i] + rest2 * slope * slope;
        adam->parameters[i] =
            adam->parameters[i] * keep - by * adam->mean[i] / (sqrtf(adam->square[i]) * root + (float)epsilon);
    }
}

/* losses.c - computes focal loss, GIoU and cross-entropy of single values, with derivatives. */
#include "train/losses.h"

#include <assert.h>
#include <math.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* log(1 + exp(x)), which is -log(1 - sigmoid(x)). */
static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

double cf_focal_negative(double logit, double alpha, double *slope)
{
    double p = sigmoid(logit), loss = softplus(logit);
    *slope = (1 - alpha) * p * p * (2 * (1 - p) * loss + p);
    return (1 - alpha) * p * p * loss;
}

/* The loss of a negative at -logit, but for its weight. */
double cf_focal_positive(double logit, double alpha, double *slope)
{
    double loss = cf_focal_negative(-logit, 1 - alpha, slope);
    *slope = -*slope;
    return loss;
}

double cf_giou(const double sides[4], const double target[4], double slopes[4])
{
    assert(fmin(fmin(target[0], target[1]), fmin(target[2], target[3])) > 0);
    double shared[2], around[2], extent[2], wanted[2]; /* along x and y */
    for (int axis = 0; axis < 2; axis++) {
        shared[axis] = fmin(sides[axis], target[axis]) + fmin(sides[axis + 2], target[axis + 2]);
        around[axis] = fmax(sides[axis], target[axis]) + fmax(sides[axis + 2], target[axis + 2]);
        extent[axis] = sides[axis] + sides[axis + 2];
        wanted[axis] = target[axis] + target[axis + 2];
    }
    double intersection = shared[0] * shared[1], enclosing = around[0] * around[1];
    double both = extent[0] * extent[1] + wanted[0] * wanted[1] - intersection; /* the union */
    for (int side = 0; side < 4; side++) {
        int across = 1 - side % 2;
        double by_intersection = sides[side] < target[side] ? shared[across] : 0;
        double by_enclosing = sides[side] < target[side] ? 0 : around[across];
        double by_union = extent[across] - by_intersection;
        slopes[side] = -(by_intersection / both - intersection * by_union / (both * both) + by_union / enclosing -
                         both * by_enclosing / (enclosing * enclosing));
    }
    return 1 - intersection / both + (enclosing - both) / enclosing;
}

double cf_cross_entropy(double logit, double target, double *slope)
{
    *slope = sigmoid(logit) - target;
    return softplus(logit) - target * logit;
}

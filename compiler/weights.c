#include "compiler/weights.h"

#include <gmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/quantise.h"

double cf_logit(double p)
{
    return log(p / (1 - p));
}

bool cf_threshold(double bias, int frac, double input_scale, double weight_scale, int64_t *threshold)
{
    mpq_t value, factor;
    mpz_t floor;
    mpq_inits(value, factor, NULL);
    mpz_init(floor);
    mpq_set_d(value, bias); /* exact, as every double is a rational */
    if (frac >= 0)
        mpq_mul_2exp(value, value, (mp_bitcnt_t)frac);
    else
        mpq_div_2exp(value, value, (mp_bitcnt_t)-frac);
    mpq_set_d(factor, input_scale);
    mpq_div(value, value, factor);
    mpq_set_d(factor, weight_scale);
    mpq_div(value, value, factor);
    mpz_fdiv_q(floor, mpq_numref(value), mpq_denref(value));
    bool fits = mpz_sizeinbase(floor, 2) <= 61;
    if (fits) {
        uint64_t magnitude = 0;
        mpz_export(&magnitude, NULL, -1, sizeof magnitude, 0, 0, floor);
        *threshold = mpz_sgn(floor) < 0 ? -(int64_t)magnitude : (int64_t)magnitude;
    }
    mpz_clear(floor);
    mpq_clears(value, factor, NULL);
    return fits;
}

/* A histogram of magnitudes over the top 20 bits of their float representation (relative width 2^-12), with the exact
 * count and mean of each bin. */
enum { BIN_SHIFT = 11, BINS = 1 << (31 - BIN_SHIFT) };

struct bin {
    uint64_t count;
    double sum;
};

struct cf_calibration {
    double largest; /* magnitude, as a float */
    bool nonzero;   /* a feature was not zero */
    struct bin bins[BINS];
};

struct cf_calibration *cf_calibration_new(void)
{
    return calloc(1, sizeof(struct cf_calibration));
}

void cf_calibration_free(struct cf_calibration *calibration)
{
    free(calibration);
}

void cf_calibration_add(struct cf_calibration *calibration, const double *features, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float magnitude = (float)fabs(features[i]);
        uint32_t bits;
        memcpy(&bits, &magnitude, sizeof bits);
        struct bin *bin = &calibration->bins[bits >> BIN_SHIFT];
        bin->count++;
        bin->sum += magnitude;
        calibration->nonzero = calibration->nonzero || features[i] != 0;
        if (magnitude > calibration->largest)
            calibration->largest = magnitude;
    }
}

/* The squared error, summed over the occupied bins, of quantising to codes 0..highest and back. */
static double squared_error(const struct bin *bins, const double *means, size_t count, double scale, double highest)
{
    double total = 0;
    for (size_t b = 0; b < count; b++) {
        double error = cf_quantised(means[b], scale, 0, highest) * scale - means[b];
        total += (double)bins[b].count * error * error;
    }
    return total;
}

/* Tries scales from the one that clips nothing down; `bins` and `means` have room for all. */
static double best_scale(const struct cf_calibration *calibration, int bits, struct bin *bins, double *means)
{
    size_t count = 0;
    for (size_t b = 0; b < BINS; b++)
        if (calibration->bins[b].count) {
            bins[count] = calibration->bins[b];
            means[count] = bins[count].sum / (double)bins[count].count;
            count++;
        }
    double highest = ldexp(1, bits - 1) - 1, least = INFINITY;
    double candidate = calibration->largest / highest, best = candidate;
    for (int step = 0; step < 400; step++, candidate *= 0.99) {
        double error = squared_error(bins, means, count, candidate, highest);
        if (error < least) {
            least = error;
            best = candidate;
        }
    }
    return best;
}

bool cf_calibration_scale(const struct cf_calibration *calibration, int bits, const char *label, double *scale,
                          struct cf_error *err)
{
    if (!calibration->nonzero)
        return cf_fail(err, "%s: every feature is zero: no scale can be chosen", label);
    if (calibration->largest == 0)
        return cf_fail(err, "%s: every feature is below 2^-149: too small for a scale to be chosen", label);
    if (!isfinite(calibration->largest))
        return cf_fail(err, "%s: a feature is above 3.4e38: too large for a scale to be chosen", label);
    struct bin *bins = malloc(BINS * sizeof *bins);
    double *means = malloc(BINS * sizeof *means);
    bool done = (bins && means) || cf_fail(err, "%s: out of memory", label);
    if (done)
        *scale = best_scale(calibration, bits, bins, means);
    free(bins);
    free(means);
    return done;
}

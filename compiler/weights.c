/* weights.c - works out thresholds as exact integers, and chooses the input's scale. */
#include "compiler/weights.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/quantise.h"

double cf_logit(double p)
{
    assert(p > 0 && p < 1);
    return log(p / (1 - p));
}

/* A finite double as whole * 2^*exponent, where |whole| is 0 or has exactly 53 bits. */
static int64_t split_double(double value, int *exponent)
{
    double fraction = frexp(value, exponent); /* subnormal numbers are normalised, too */
    *exponent -= 53;
    return (int64_t)ldexp(fraction, 53);
}

/* floor(whole * 2^shift / divisor), bit by bit as in long division: only a remainder below the divisor and the quotient
 * are held at a time. False when the quotient does not fit 62 bits. */
static bool divide_floor(int64_t whole, int shift, unsigned __int128 divisor, int64_t *quotient)
{
    const uint64_t limit = (uint64_t)CF_THRESHOLD_MOST + 1;
    uint64_t magnitude = (uint64_t)(whole < 0 ? -whole : whole), result = 0;
    unsigned __int128 remainder = 0;
    for (int bit = 52 + shift; bit >= 0; bit--) {
        int place = bit - shift; /* of this bit in the magnitude; those below its lowest are zeros */
        remainder = 2 * remainder + (place >= 0 ? magnitude >> place & 1 : 0);
        result *= 2;
        if (remainder >= divisor) {
            remainder -= divisor;
            result++;
        }
        if (result >= limit)
            return false;
    }
    bool round_away = whole < 0 && remainder > 0;
    *quotient = whole < 0 ? -(int64_t)result - round_away : (int64_t)result;
    return result + round_away < limit;
}

bool cf_threshold(double bias, int frac, double input_scale, double weight_scale, int64_t *threshold)
{
    assert(isfinite(bias) && input_scale > 0 && isfinite(input_scale) && weight_scale > 0 && isfinite(weight_scale));
    int e[3];
    int64_t whole = split_double(bias, &e[0]);
    int64_t first = split_double(input_scale, &e[1]), second = split_double(weight_scale, &e[2]);
    int shift = e[0] + frac - e[1] - e[2];
    *threshold = 0;
    if (whole == 0)
        return true;
    /* The divisor lies between 2^104 and 2^106, and |whole| between 2^52 and 2^53: with a shift of 0 or less the
     * quotient lies between -1 and 1, with one of 116 or more it has at least 62 bits. */
    if (shift <= 0) {
        *threshold = whole < 0 ? -1 : 0;
        return true;
    }
    if (shift < 116 && divide_floor(whole, shift, (unsigned __int128)first * (unsigned __int128)second, threshold))
        return true;
    *threshold = whole < 0 ? -CF_THRESHOLD_MOST : CF_THRESHOLD_MOST;
    return false;
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
    assert(bits >= 2 && bits <= 16);
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

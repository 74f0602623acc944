/* quantise.h - the one definition of quantising: the integer that a real number becomes.
 *
 * Features become the circuit's inputs by it, and trained weights become integers by it. Faster ways to the same
 * integers exist (sim/frames); tests compare each with this function.
 */
#ifndef COFIBER_NETLISTS_QUANTISE_H
#define COFIBER_NETLISTS_QUANTISE_H

#include <assert.h>
#include <math.h>

/* clamp(round_half_even(value / scale)) to [low, high], which are integers: the quotient is that of IEEE doubles, and
 * rint rounds halves to even in the default rounding mode. A NaN becomes `low`; callers refuse it beforehand. */
static inline double cf_quantised(double value, double scale, double low, double high)
{
    assert(scale >= 0 && low <= high);
    double rounded = rint(value / scale);
    return rounded > low ? (rounded < high ? rounded : high) : low;
}

#endif

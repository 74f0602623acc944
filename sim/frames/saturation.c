/* saturation.c - finds the limits beyond which features are clamped, and counts what lies outside. */
#include "sim/frames/saturation.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* The largest double whose quotient by the scale rounds to at most `most`. Quotients grow with their dividends, so that
 * stepping from the middle of the last two integers finds it. */
static double largest_kept(double most, double scale)
{
    double at = (most + 0.5) * scale;
    while (rint(at / scale) > most)
        at = nextafter(at, 0);
    for (double next; isfinite(next = nextafter(at, INFINITY)) && rint(next / scale) <= most;)
        at = next;
    return at;
}

struct cf_saturation cf_saturation_of(struct cf_type type, double scale)
{
    assert(scale > 0 && isfinite(scale) && type.width <= 32);
    return (struct cf_saturation){-largest_kept(-(double)cf_type_min(type), scale),
                                  largest_kept((double)cf_type_max(type), scale)};
}

uint64_t cf_saturated_doubles(struct cf_saturation limits, const double *features, size_t count)
{
    uint64_t outside = 0;
    for (size_t i = 0; i < count; i++)
        outside += features[i] < limits.low || features[i] > limits.high;
    return outside;
}

/* The value of a half whose sign bit is 0, as a double. */
static double value_of_half(uint16_t bits)
{
    struct cf_tensor one = {
        .dtype = CF_F16, .rank = 1, .shape = {1}, .count = 1, .size = 2, .data = (const uint8_t *)&bits};
    double value;
    cf_tensor_to_f64(&one, 0, 1, &value);
    return value;
}

/* The bits of the largest half that is at most `limit`, which is not negative: halves grow with their bits. */
static uint16_t half_below(double limit)
{
    uint16_t low = 0, high = 0x7bff; /* 65504, the largest */
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high + 1) / 2);
        if (value_of_half(middle) <= limit)
            low = middle;
        else
            high = (uint16_t)(middle - 1);
    }
    return low;
}

static uint64_t count_halves(struct cf_saturation limits, const struct cf_tensor *features)
{
    uint16_t most = half_below(limits.high), least = half_below(-limits.low);
    uint64_t outside = 0;
    for (uint64_t i = 0; i < features->count; i++) {
        uint16_t bits;
        memcpy(&bits, features->data + 2 * i, sizeof bits);
        outside += (bits & 0x7fff) > (bits & 0x8000 ? least : most);
    }
    return outside;
}

static uint64_t count_floats(struct cf_saturation limits, const struct cf_tensor *features)
{
    float low = (float)fmax(limits.low, -(double)FLT_MAX), high = (float)fmin(limits.high, (double)FLT_MAX);
    low = (double)low < limits.low ? nextafterf(low, 0) : low; /* the outermost floats that are kept */
    high = (double)high > limits.high ? nextafterf(high, 0) : high;
    uint64_t outside = 0;
    for (uint64_t i = 0; i < features->count; i++) {
        float value;
        memcpy(&value, features->data + 4 * i, sizeof value);
        outside += (value < low) | (value > high);
    }
    return outside;
}

uint64_t cf_saturated(struct cf_saturation limits, const struct cf_tensor *features)
{
    enum { RUN = 4096 };
    double values[RUN];
    uint64_t outside = 0;
    if (features->dtype == CF_F16)
        return count_halves(limits, features);
    if (features->dtype == CF_F32)
        return count_floats(limits, features);
    for (uint64_t first = 0; first < features->count; first += RUN) {
        uint64_t left = features->count - first, count = left < RUN ? left : RUN;
        cf_tensor_to_f64(features, first, count, values);
        outside += cf_saturated_doubles(limits, values, count);
    }
    return outside;
}

/* quantise_portable.c - quantises in plain C, and so defines the integers that every other instruction set must
 * reproduce. */
#include <math.h>
#include <string.h>

#include "sim/frames/quantise_kernels.h"

/* Clamps first (the bounds are integers, so that the order does not matter), and then rounds by adding a number so
 * large that the sum has no room for a fraction. Both compile to a few instructions, where rint and fmax may be calls.
 */
static int32_t round_clamped(double quotient, double low, double high)
{
    const double no_fraction = 0x1.8p52;
    quotient = quotient > low ? quotient : low;
    quotient = quotient < high ? quotient : high;
    return (int32_t)(quotient + no_fraction - no_fraction);
}

enum { QUANTISE_BLOCK = 32 };

/* Up to QUANTISE_BLOCK positions of one channel. */
static bool quantise_run(const struct cf_quantise_job *job, size_t at, uint32_t count, int32_t *values)
{
    bool finite = true;
    if (job->half) {
        uint16_t codes[QUANTISE_BLOCK];
        memcpy(codes, job->features + at * sizeof *codes, count * sizeof *codes);
        for (uint32_t i = 0; i < count; i++) {
            values[i] = job->half_table[codes[i]];
            finite &= (codes[i] & 0x7c00) != 0x7c00;
        }
        return finite;
    }
    float features[QUANTISE_BLOCK];
    memcpy(features, job->features + at * sizeof *features, count * sizeof *features);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = round_clamped((double)features[i] / job->scale, job->low, job->high);
        finite &= isfinite(features[i]) != 0;
    }
    return finite;
}

static bool quantise(const struct cf_quantise_job *job)
{
    bool finite = true;
    for (uint32_t first = 0; first < job->positions; first += QUANTISE_BLOCK) {
        uint32_t count = job->positions - first < QUANTISE_BLOCK ? job->positions - first : QUANTISE_BLOCK;
        for (uint32_t d = 0; d < job->channels; d++) {
            int32_t values[QUANTISE_BLOCK];
            finite &= quantise_run(job, d * job->plane + first, count, values);
            for (uint32_t i = 0; i < count; i++)
                cf_storage_put(job->out, job->out_storage, (first + i) * job->stride + d, values[i]);
        }
    }
    return finite;
}

const struct cf_quantise_kernel cf_quantise_portable = {.name = "portable", .run = quantise};

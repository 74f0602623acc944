/* quantise_kernels.h - the arithmetic of the quantiser, once for each instruction set.
 *
 * One contract for all: the portable kernel (quantise_portable.c) defines what each computes; the others must give the
 * same integers, and tests hold them to it. A kernel reads nothing beyond the features that its job names and writes
 * nothing beyond their results.
 */
#ifndef COFIBER_SIM_FRAMES_QUANTISE_KERNELS_H
#define COFIBER_SIM_FRAMES_QUANTISE_KERNELS_H

#include "sim/storage.h"

/* Features [channels][plane] of which `positions` of each plane are taken, to integers [positions][channels]:
 * clamp(round_half_even(feature / scale)), the quotient being that of IEEE doubles. */
struct cf_quantise_job {
    const uint8_t *features;   /* little-endian, of any alignment: the first position of the first channel */
    void *out;                 /* the same place of the output */
    const int16_t *half_table; /* the result for each of the 65,536 halves; NULL when features are floats */
    size_t plane;              /* elements from one channel to the next */
    size_t stride;             /* elements of `out` from one position to the next */
    uint32_t channels, positions;
    bool half;                   /* IEEE half, else float */
    enum cf_storage out_storage; /* CF_STORE8 or CF_STORE16 */
    double scale;
    int32_t low, high; /* the clamp */
};

/* Channels [channel, ...) and positions [position, ...) of a job. */
static inline struct cf_quantise_job cf_quantise_rest(const struct cf_quantise_job *job, uint32_t channel,
                                                      uint32_t position)
{
    struct cf_quantise_job part = *job;
    part.features += (channel * job->plane + position) * (job->half ? 2u : 4u);
    part.out = (char *)job->out + (position * job->stride + channel) * cf_storage_size(job->out_storage);
    part.channels -= channel;
    part.positions -= position;
    return part;
}

struct cf_quantise_kernel {
    const char *name; /* as --isa takes it */
    /* Quantises and transposes; false when a feature is NaN or infinite (the output is then undefined). */
    bool (*run)(const struct cf_quantise_job *job);
};

extern const struct cf_quantise_kernel cf_quantise_portable;

/* Compiled in on x86-64 only; NULL where this processor lacks the instructions. */
const struct cf_quantise_kernel *cf_quantise_avx2(void);
const struct cf_quantise_kernel *cf_quantise_avx512(void);

/* Number `index` of the kernels that this processor runs, slowest first; NULL past the last. */
const struct cf_quantise_kernel *cf_quantise_kernel_at(int index);
/* The kernel of that name. For NULL, "auto" and names that no kernel has here: the fastest that this processor runs. */
const struct cf_quantise_kernel *cf_quantise_kernel_find(const char *name);

#endif

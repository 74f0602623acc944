/* fit.h - the fastest setting of the accelerator that a device has DSP blocks, block RAM and LUTs for. */
#ifndef COFIBER_RTL_STREAM_FIT_H
#define COFIBER_RTL_STREAM_FIT_H

#include "rtl/stream/plan.h"

struct cf_stream_device {
    const char *name;
    uint32_t multipliers; /* of at least 18 x 18 bits */
    uint32_t blocks;      /* of RAM, of 512 words of 36 bits */
    uint32_t luts;        /* of four inputs or more */
    bool shared;          /* it takes the shared core, and this table says nothing else of it */
};

extern const struct cf_stream_device cf_stream_devices[]; /* ends with a NULL name */

/* Blocks of RAM that the plan's memories take, those of 32 words or fewer left out: they become LUTs. */
uint32_t cf_stream_blocks(const struct cf_stream_plan *plan);

/* LUTs of four inputs that the plan takes, with the memories of 32 words or fewer. Precondition: the plan is not of the
 * shared core. */
uint64_t cf_stream_fitted_luts(const struct cf_stream_plan *plan);

/* The LUTs of a device that a design is to take at most, so that it can be routed: 80 per cent. */
uint32_t cf_stream_usable_luts(const struct cf_stream_device *device);

/* Sets lanes and parallel classes of the options; the others stay. Multipliers of logic take
 * LUTs and no DSP blocks. For a device that takes the shared core, sets that instead. Errors: no such device, or
 * no setting fits; the message says of which resource the device has too few. */
bool cf_stream_fit(struct cf_stream_options *options, const struct cf_pyramid *pyramid, const char *device,
                   const char *label, struct cf_error *err);

#endif

/* fit.h - the fastest setting of the accelerator that a device has DSP blocks and block RAM for. */
#ifndef COFIBER_RTL_STREAM_FIT_H
#define COFIBER_RTL_STREAM_FIT_H

#include "rtl/stream/plan.h"

struct cf_stream_device {
    const char *name;
    uint32_t multipliers; /* of at least 18 x 18 bits */
    uint32_t blocks;      /* of RAM, of 512 words of 36 bits */
    bool shared;          /* it takes the shared core, and this table says nothing else of it */
};

extern const struct cf_stream_device cf_stream_devices[]; /* ends with a NULL name */

/* Blocks of RAM that the plan's memories take, those of 32 words or fewer left out: they become LUTs. */
uint32_t cf_stream_blocks(const struct cf_stream_plan *plan);

/* Sets lanes and parallel classes of the options; the others stay. LUTs are not looked at: on the devices of the table
 * the multipliers run out first. For a device that takes the shared core, sets that instead. Errors: no such device, or
 * no setting fits; the message says how many blocks of RAM the least takes. */
bool cf_stream_fit(struct cf_stream_options *options, const struct cf_pyramid *pyramid, const char *device,
                   const char *label, struct cf_error *err);

#endif

/* stream.h - a netlist as a streaming accelerator, packaged for use in a design: the face of this room.
 *
 * By linearity the input is classified first, with one multiply-accumulate array, and the pools and subtracts are done
 * on the classes' sums (netlists/pyramid.h). The decisions are those of the gates, bit for bit.
 */
#ifndef COFIBER_RTL_STREAM_STREAM_H
#define COFIBER_RTL_STREAM_STREAM_H

#include "rtl/stream/plan.h"

#define CF_STREAM_LIST "cofiber_stream.f"             /* written last: a directory that has it is complete */
#define CF_STREAM_ICE40_LIST "cofiber_stream_ice40.f" /* the shared core's, with the device's own cells */

/* Frames for the testbench, as the simulator has them. */
struct cf_stream_vectors {
    uint32_t count;
    const int32_t *input; /* [count][positions][channels] */
    const uint8_t *fired; /* [count][records][classes]: scale after scale, raster order; 0 or 1 */
};

/* The names of the package's files under a prefix, CF_STREAM_LIST's last; ends with NULL. Free with
 * cf_stream_files_free. NULL when memory is out. */
char **cf_stream_files(const struct cf_stream_plan *plan);
void cf_stream_files_free(char **files);

/* Writes the package into an existing directory, each file complete or not at all. The same plan and vectors give the
 * same bytes. */
bool cf_stream_write(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors, const char *directory,
                     struct cf_error *err);

#endif

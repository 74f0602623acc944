/* record.h - writes into a netlist's metadata how it was compiled, and reads it back: enough to compile it again. */
#ifndef COFIBER_COMPILER_RECORD_H
#define COFIBER_COMPILER_RECORD_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* Records the options and the head's SHA-256 in the metadata, and sets the input scale. */
bool cf_compile_record(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
                       struct cf_error *err);

/* True when the metadata have any entry about the compilation. A netlist without one was not made by cf_compile. */
bool cf_compile_claimed(const struct cf_netlist *netlist);
/* The options that a netlist's metadata record. An error where they are not recorded, an entry is missing or has no
 * valid value, or the netlist's input is not as they say. */
bool cf_compile_recorded(const struct cf_netlist *netlist, struct cf_compile_options *options, struct cf_error *err);

/* Channels that have a weight in some class: all D, unless a sweep removed the others' gates and the metadata say how
 * many remained. An error where that entry is no such number. */
bool cf_compile_live_channels(const struct cf_netlist *netlist, uint32_t *channels, struct cf_error *err);

const char *cf_upsample_name(enum cf_upsample upsample); /* "nearest", "bilinear" */
const char *cf_pools_name(enum cf_pools pools);          /* "direct", "iterated" */
const char *cf_top_name(enum cf_top top);                /* "residual", "cofiber" */
const char *cf_pad_name(enum cf_pad pad);                /* "none", "zeros", "edge" */

#endif

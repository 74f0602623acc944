/* compile.h - head -> netlist: the options, and the list of passes. */
#ifndef COFIBER_COMPILER_COMPILE_H
#define COFIBER_COMPILER_COMPILE_H

#include "compiler/head.h"
#include "netlists/netlist.h"

enum cf_upsample { CF_NEAREST, CF_BILINEAR };
enum cf_pools { CF_DIRECT, CF_ITERATED };
enum cf_top { CF_RESIDUAL, CF_COFIBER };

struct cf_compile_options {
    uint32_t height, width; /* of the input grid */
    uint32_t scales;
    enum cf_upsample upsample;
    enum cf_pools pools;
    enum cf_top top;
    bool sweep;
    int input_bits;
    double score_threshold;
    double input_scale;
};

/* 40x40, three scales, nearest, direct pools, residual top, 8 bits, threshold 0.5; the input scale is not set. */
struct cf_compile_options cf_compile_defaults(void);

/* The netlist of the head under these options, checked; its metadata record the options and the head's SHA-256.
 * Errors: a grid that 2^scales does not divide, widths beyond 63 bits, more than 2^31 - 1 nets, options out of range.
 */
bool cf_compile(struct cf_netlist **netlist, const struct cf_head *head, const struct cf_compile_options *options,
                struct cf_error *err);

/* True when the metadata say anything of how the netlist was compiled. Others have no options to look for. */
bool cf_compile_claimed(const struct cf_netlist *netlist);
/* The options that a netlist's metadata record. An error where they are not recorded, an entry is missing or means
 * nothing, or the netlist's input is not what they say. */
bool cf_compile_recorded(const struct cf_netlist *netlist, struct cf_compile_options *options, struct cf_error *err);

const char *cf_upsample_name(enum cf_upsample upsample); /* "nearest", "bilinear" */
const char *cf_pools_name(enum cf_pools pools);          /* "direct", "iterated" */
const char *cf_top_name(enum cf_top top);                /* "residual", "cofiber" */

/* The passes, in order; compile.c runs them. Each extends or rewrites the netlist it is given. */
bool cf_expand(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
               struct cf_error *err);
/* Removes the groups that no output group needs, and the cells that nothing places any more. A group stays whole or
 * goes whole: the names and shapes of what is left do not change. */
bool cf_sweep(struct cf_netlist **netlist, struct cf_error *err);

#endif

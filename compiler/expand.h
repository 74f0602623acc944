/* expand.h - what the two halves of the expansion share: arrays of nets, and the head on its bands. */
#ifndef COFIBER_COMPILER_EXPAND_H
#define COFIBER_COMPILER_EXPAND_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* A [h][w][channels] array of nets: the input, the pools of one scale, or a band. */
struct cf_plane {
    uint32_t first_net, h, w;
    struct cf_type type;
};

/* Appends the groups of the head on each of the scales' bands, [scales], and records the units of its outputs where
 * they are not those of one bare classifier, and the number of bits of its other layers. */
bool cf_expand_head(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
                    const struct cf_plane *bands, struct cf_error *err);

#endif

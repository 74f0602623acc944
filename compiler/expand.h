/* expand.h - what expand.c and expand_head.c share: the nets of a grid, and the head that reads the bands. */
#ifndef COFIBER_COMPILER_EXPAND_H
#define COFIBER_COMPILER_EXPAND_H

#include "compiler/head.h"
#include "compiler/options.h"
#include "netlists/netlist.h"

/* The nets of a grid, [h][w][channels], which stand one after the other: of the input, the pools of one scale, or a
 * band. */
struct cf_net_grid {
    uint32_t first_net, h, w;
    struct cf_type type;
};

/* Appends the groups of the head on each of the scales' bands, [scales], and records the units of its outputs where
 * they are not those of one bare classifier, and the number of bits of its other layers. */
bool cf_expand_head(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
                    const struct cf_net_grid *bands, struct cf_error *err);

#endif

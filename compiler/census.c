/* census.c - works out gate counts in closed form. */
#include "compiler/census.h"

#include <stdio.h>
#include <string.h>

#include "compiler/geometry.h"
#include "compiler/record.h"

const char *cf_layer_name(enum cf_layer layer)
{
    static const char *const names[] = {"pool", "subtract", "classify"};
    return names[layer];
}

/* The positions of a layer's gates. */
static uint64_t positions(const struct cf_compile_options *o, uint32_t scale, enum cf_layer layer, bool swept)
{
    if (layer == CF_POOL)
        return (uint64_t)cf_pool_size(o, o->height, scale, swept) * cf_pool_size(o, o->width, scale, swept);
    return (uint64_t)cf_band_size(o->height, scale) * cf_band_size(o->width, scale);
}

uint64_t cf_closed_form(const struct cf_compile_options *options, const struct cf_netlist *netlist, uint32_t scale,
                        enum cf_layer layer)
{
    uint64_t lanes = layer == CF_CLASSIFY ? cf_class_count(netlist, options) : netlist->groups[CF_INPUT].shape[2];
    return positions(options, scale, layer, false) * lanes;
}

/* With the residual on top, the last scale's pool and subtract feed no classifier. With direct pools nothing else
 * reads that pool either; the pool before it is the residual itself. */
uint64_t cf_closed_form_swept(const struct cf_compile_options *options, const struct cf_netlist *netlist,
                              uint32_t scale, enum cf_layer layer)
{
    uint32_t live;
    if (!options->sweep)
        return cf_closed_form(options, netlist, scale, layer);
    if (layer == CF_CLASSIFY)
        return positions(options, scale, layer, true) * cf_class_count(netlist, options);
    if (options->top == CF_RESIDUAL && scale + 1 == options->scales)
        return 0;
    return cf_compile_live_channels(netlist, &live, NULL) ? positions(options, scale, layer, true) * live : 0;
}

/* The innermost dimension of group "s<scale>.<kind>", or 0. */
static uint32_t lanes_of(const struct cf_netlist *netlist, uint32_t scale, const char *kind)
{
    char name[32];
    snprintf(name, sizeof name, "s%u.%s", scale, kind);
    uint32_t g = cf_netlist_find_group(netlist, name);
    return g == UINT32_MAX ? 0 : cf_group_lanes(&netlist->groups[g]);
}

/* How many gates of that kind each position of the scale has. */
static uint32_t lanes_beyond(const struct cf_compile_options *options, const struct cf_netlist *netlist, uint32_t scale,
                             const char *kind)
{
    if (strcmp(kind, "project") != 0 && strcmp(kind, "hidden") != 0)
        return strcmp(kind, "box") == 0 ? 4 : 1;
    uint32_t lanes = options->sweep ? lanes_of(netlist, scale, kind) : 0;
    for (uint32_t k = 0; k < options->scales && lanes == 0; k++)
        lanes = lanes_of(netlist, k, kind);
    return lanes;
}

uint64_t cf_closed_form_beyond(const struct cf_compile_options *options, const struct cf_netlist *netlist,
                               const char *name)
{
    static const char *const kinds[] = {"sum", "root", "project", "hidden", "box", "center"};
    for (uint32_t k = 0; k < options->scales; k++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            char expected[32];
            snprintf(expected, sizeof expected, "s%u.%s", k, kinds[i]);
            if (strcmp(expected, name) == 0)
                return positions(options, k, CF_CLASSIFY, options->sweep) * lanes_beyond(options, netlist, k, kinds[i]);
        }
    return 0;
}

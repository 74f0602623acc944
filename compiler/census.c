#include "compiler/census.h"

const char *cf_layer_name(enum cf_layer layer)
{
    static const char *const names[] = {"pool", "subtract", "classify"};
    return names[layer];
}

uint64_t cf_closed_form(const struct cf_compile_options *options, const struct cf_netlist *netlist, uint32_t scale,
                        enum cf_layer layer)
{
    uint32_t halvings = layer == CF_POOL ? scale + 1 : scale;
    uint64_t lanes = layer == CF_CLASSIFY ? netlist->class_count : netlist->groups[CF_INPUT].shape[2];
    return (uint64_t)(options->height >> halvings) * (options->width >> halvings) * lanes;
}

/* With the residual on top, the last scale's pool and subtract feed no classifier. With direct pools nothing else
 * reads that pool either; the pool before it is the residual itself. */
uint64_t cf_closed_form_swept(const struct cf_compile_options *options, const struct cf_netlist *netlist,
                              uint32_t scale, enum cf_layer layer)
{
    bool swept_away =
        options->sweep && options->top == CF_RESIDUAL && scale + 1 == options->scales && layer != CF_CLASSIFY;
    return swept_away ? 0 : cf_closed_form(options, netlist, scale, layer);
}

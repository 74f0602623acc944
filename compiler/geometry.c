/* geometry.c - counts the pools that a grid needs along one axis, and the classes that a circuit has. */
#include "compiler/geometry.h"

#include <assert.h>
#include <stdio.h>

/* How many pools of a scale its subtracts read along the axis: the last subtract reads the pool that covers it, and
 * with bilinear upsampling that pool's neighbour as well, if the padded grid has one. */
static uint32_t read_by_subtract(const struct cf_compile_options *o, uint32_t size, uint32_t scale)
{
    uint32_t last = cf_band_size(size, scale) - 1, coarse = cf_padded_size(size, o->scales) >> (scale + 1);
    uint32_t count = last / 2 + 1;
    return o->upsample == CF_BILINEAR && last % 2 && count < coarse ? count + 1 : count;
}

uint32_t cf_pool_size(const struct cf_compile_options *o, uint32_t size, uint32_t scale, bool swept)
{
    assert(size >= 1 && scale < o->scales);
    uint32_t count = 0, live = swept && o->top == CF_RESIDUAL ? o->scales - 1 : o->scales;
    for (uint32_t k = live; k-- > scale;) {
        uint32_t above = o->pools == CF_ITERATED ? 2 * count : 0, subtract = read_by_subtract(o, size, k);
        count =
            above > subtract ? above : subtract; /* the next band never has more positions than the subtracts read */
    }
    return count;
}

/* Not class.scale's length: that tensor is optional, and a report's alone. */
uint32_t cf_class_count(const struct cf_netlist *netlist, const struct cf_compile_options *options)
{
    for (uint32_t k = 0; k < options->scales; k++) {
        char name[32];
        snprintf(name, sizeof name, "s%u.classify", k);
        uint32_t g = cf_netlist_find_group(netlist, name);
        if (g != UINT32_MAX)
            return cf_group_lanes(&netlist->groups[g]);
    }
    return 0;
}

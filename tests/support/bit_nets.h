/* bit_nets.h - reads every net of a run of the bit engine, for tests. */
#ifndef COFIBER_TESTS_SUPPORT_BIT_NETS_H
#define COFIBER_TESTS_SUPPORT_BIT_NETS_H

#include "sim/bits/engine.h"
#include "sim/storage.h"

/* Writes the values of all nets of a frame, [net_count]; `netlist` is the simulator's. */
static inline void bit_nets(const struct cf_bit_sim *sim, const struct cf_netlist *netlist, uint32_t frame,
                            int64_t *nets)
{
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        const void *values = cf_bit_sim_values(sim, g, frame);
        for (uint32_t i = 0; i < group->count; i++)
            nets[group->first_net + i] = cf_storage_get(values, cf_storage_of(group->type), i);
    }
}

#endif

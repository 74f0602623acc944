/* frames.c - works out how many frames the bit engine takes at once. */
#include <assert.h>

#include <stdlib.h>
#include <string.h>

#include "sim/bits/engine.h"
#include "sim/bits/wires.h"
#include "sim/storage.h"

enum { FEWEST = 8 };

/* The share of evaluated lanes, weighted by terms, beyond which more frames gain little. */
static const double filled_enough = 0.9;

size_t cf_bit_frame_bytes(const struct cf_netlist *netlist)
{
    if (cf_bit_wires_fit(netlist))
        return netlist->groups[CF_INPUT].count + netlist->net_count / 8 + 1;
    size_t bytes = 1;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        bytes += netlist->groups[g].count * cf_storage_size(cf_storage_of(netlist->groups[g].type));
    return bytes;
}

/* The share of the lanes of all passes that gates fill. The gates of one cell are lanes, and a pass evaluates as many
 * as a plane has; threads without a pass are counted as empty lanes. `gates`: room for one number per cell. */
static double filled(const struct cf_netlist *netlist, uint64_t lanes, uint64_t frames, uint64_t *gates)
{
    double used = 0, evaluated = 0;
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        memset(gates, 0, netlist->cell_count * sizeof *gates);
        for (uint32_t i = 0; i < group->count; i++)
            gates[group->cell[i]]++;
        for (uint32_t c = 0; c < netlist->cell_count; c++) {
            double terms = netlist->cells[c].term_count;
            uint64_t wanted = gates[c] * frames;
            used += terms * (double)wanted;
            evaluated += terms * (double)((wanted + lanes - 1) / lanes * lanes);
        }
    }
    return evaluated > 0 ? used / evaluated : 1;
}

uint32_t cf_bit_frames_at_once(const struct cf_netlist *netlist, const struct cf_bit_kernels *kernels, int threads,
                               size_t memory, uint64_t available)
{
    assert(threads >= 1);
    uint64_t lanes = (uint64_t)kernels->lanes * (uint64_t)threads, frames = FEWEST;
    uint64_t most = memory / cf_bit_frame_bytes(netlist);
    if (cf_bit_wires_fit(netlist)) { /* the lanes are frames */
        frames = lanes;
        while (frames > CF_TILE && frames > most)
            frames /= 2;
    } else {
        uint64_t *gates = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *gates);
        while (gates && frames < lanes && 2 * frames <= most && filled(netlist, lanes, frames, gates) < filled_enough)
            frames *= 2;
        free(gates); /* without memory for it, the fewest will do */
        if (frames > most)
            frames = most;
    }
    frames = frames < available ? frames : available;
    return (uint32_t)(frames > 0 ? frames : 1);
}

#include "sim/bits/frames.h"

#include <stdlib.h>
#include <string.h>

#include "sim/bits/wires.h"
#include "sim/storage.h"

enum { FEWEST = 8, MOST_BYTES = 128 << 20 };

/* The share of evaluated lanes, weighted by terms, beyond which more frames gain little. */
static const double filled_enough = 0.9;

/* Bytes that a frame takes: the caller's words of the input, and the values that the engine keeps. */
static double frame_bytes(const struct cf_netlist *netlist)
{
    double bytes = (double)sizeof(int32_t) * netlist->groups[CF_INPUT].count;
    if (cf_bit_wires_fit(netlist))
        return bytes + netlist->net_count / 8.0;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        bytes += (double)netlist->groups[g].count * (double)cf_storage_size(cf_storage_of(netlist->groups[g].type));
    return bytes;
}

/* The share of the lanes of all batches that gates fill. Gates of one cell are lanes; a batch is a plane, and threads
 * wait for the last one. `gates`: room for a number a cell. */
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
                               uint64_t available)
{
    uint64_t lanes = (uint64_t)kernels->lanes * (uint64_t)threads, frames = FEWEST;
    double most = MOST_BYTES / frame_bytes(netlist);
    if (cf_bit_wires_fit(netlist)) { /* frames are all the lanes there are */
        for (frames = lanes; frames > CF_BLOCK && (double)frames > most;)
            frames /= 2;
    } else {
        uint64_t *gates = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *gates);
        while (gates && frames < lanes && 2 * (double)frames <= most &&
               filled(netlist, lanes, frames, gates) < filled_enough)
            frames *= 2;
        free(gates); /* without memory for it, the fewest will do */
        if ((double)frames > most)
            frames = most < 1 ? 1 : (uint64_t)most;
    }
    frames = frames < available ? frames : available;
    return (uint32_t)(frames > 0 ? frames : 1);
}

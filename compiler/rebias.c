#include "compiler/rebias.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"

/* The cell as a step with this bias. One that no sum, or every sum, passes is brought just that far, so that the sum
 * with it fits wherever the sum alone does. */
static bool add_step(struct cf_netlist *netlist, uint32_t from, int64_t bias, uint32_t *index, struct cf_error *err)
{
    struct cf_cell cell = netlist->cells[from];
    int64_t low, high;
    cell.bias = 0;
    cell.activation = CF_STEP;
    bool fits = cf_cell_range(&cell, &low, &high);
    if (fits) {
        cell.bias = bias < -high - 1 ? -high - 1 : bias > -low ? -low : bias;
        fits = cf_cell_infer_type(&cell, 0);
    }
    if (!fits)
        return cf_fail(err, "%s: cell %" PRIu32 ": with the bias %" PRId64 " its sum would pass 62 bits",
                       netlist->label, from, bias);
    return cf_netlist_add_cell(netlist, &cell, index, err);
}

bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *bias, struct cf_error *err)
{
    const struct cf_type bit = {1, false, 0};
    struct cf_group from = netlist->groups[index];
    uint32_t lanes = cf_group_lanes(&from), cells = netlist->cell_count;
    /* The cell made from each, and for which lane (and one more, so that 0 is none). */
    uint32_t *made = calloc(cells, sizeof *made), *lane_of = calloc(cells, sizeof *lane_of);
    bool done = (made && lane_of) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && cf_netlist_add_group(netlist, name, from.rank, from.shape, from.ports, bit, true, err);
    if (done) {
        const struct cf_group *to = &netlist->groups[netlist->group_count - 1];
        memcpy(to->base, from.base, (size_t)from.count * from.ports * sizeof *to->base);
        for (uint32_t lane = 0; done && lane < lanes; lane++)
            for (uint32_t i = lane; done && i < from.count; i += lanes) {
                uint32_t cell = from.cell[i];
                if (lane_of[cell] != lane + 1)
                    done = add_step(netlist, cell, bias[lane], &made[cell], err);
                lane_of[cell] = lane + 1;
                to->cell[i] = made[cell];
            }
    }
    free(made);
    free(lane_of);
    return done;
}

/* rebias.c - appends a group of gates that decide by the sums of another group, at other thresholds. */
#include "compiler/rebias.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"

/* Adds the cell as a step with this bias, clamped so that the sum with it fits wherever the sum alone does. */
static bool add_step(struct cf_netlist *netlist, uint32_t from, int64_t bias, uint32_t *index, struct cf_error *err)
{
    struct cf_cell cell = netlist->cells[from];
    cell.activation = CF_STEP;
    if (!cf_step_bias(&cell, bias, &cell.bias) || !cf_cell_infer_type(&cell, 0))
        return cf_fail(err, "%s: cell %" PRIu32 ": with the bias %" PRId64 " its sum would pass 62 bits",
                       netlist->label, from, bias);
    return cf_netlist_add_cell(netlist, &cell, index, err);
}

bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *bias, struct cf_error *err)
{
    assert(index > CF_INPUT && index < netlist->group_count);
    const struct cf_type bit = {1, false, 0};
    struct cf_group from = netlist->groups[index];
    uint32_t lanes = cf_group_lanes(&from), cells = netlist->cell_count;
    /* By cell: the step made from it, and 1 + the lane that it was made for last; 0 before the first. */
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

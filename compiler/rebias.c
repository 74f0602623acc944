/* rebias.c - appends a group of gates that decide by the sums of another group, at other thresholds. */
#include "compiler/rebias.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"

/* The bias that a gate gets in place of its own. All biases that no sum passes are alike, and so are all that every sum
 * passes: cf_step_bias makes them equal. */
static int64_t moved(const struct cf_cell *cell, const int64_t *from, int64_t to)
{
    int64_t own, expected;
    if (!from || (cf_step_bias(cell, cell->bias, &own) && cf_step_bias(cell, *from, &expected) && own == expected))
        return to;
    __int128 bias = (__int128)cell->bias - *from + to;
    return bias < INT64_MIN ? INT64_MIN : bias > INT64_MAX ? INT64_MAX : (int64_t)bias;
}

/* Adds the cell as a step with its bias moved, clamped so that the sum with it fits wherever the sum alone does. */
static bool add_step(struct cf_netlist *netlist, uint32_t index, const int64_t *from, int64_t to, uint32_t *made,
                     struct cf_error *err)
{
    struct cf_cell cell = netlist->cells[index];
    cell.activation = CF_STEP;
    if (!cf_step_bias(&cell, moved(&netlist->cells[index], from, to), &cell.bias) || !cf_cell_infer_type(&cell, 0))
        return cf_fail(err, "%s: cell %" PRIu32 ": with the bias %" PRId64 " its sum would pass 62 bits",
                       netlist->label, index, to);
    return cf_netlist_add_cell(netlist, &cell, made, err);
}

bool cf_rebias(struct cf_netlist *netlist, uint32_t index, const char *name, const int64_t *from, const int64_t *to,
               struct cf_error *err)
{
    assert(index > CF_INPUT && index < netlist->group_count);
    const struct cf_type bit = {1, false, 0};
    struct cf_group group = netlist->groups[index];
    uint32_t lanes = cf_group_lanes(&group), cells = netlist->cell_count;
    /* By cell: the step made from it, and 1 + the lane that it was made for last; 0 before the first. */
    uint32_t *made = calloc(cells, sizeof *made), *lane_of = calloc(cells, sizeof *lane_of);
    bool done = (made && lane_of) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && cf_netlist_add_group(netlist, name, group.rank, group.shape, group.ports, bit, true, err);
    if (done) {
        const struct cf_group *added = &netlist->groups[netlist->group_count - 1];
        memcpy(added->base, group.base, (size_t)group.count * group.ports * sizeof *added->base);
        for (uint32_t lane = 0; done && lane < lanes; lane++)
            for (uint32_t i = lane; done && i < group.count; i += lanes) {
                uint32_t cell = group.cell[i];
                if (lane_of[cell] != lane + 1)
                    done = add_step(netlist, cell, from ? &from[lane] : NULL, to[lane], &made[cell], err);
                lane_of[cell] = lane + 1;
                added->cell[i] = made[cell];
            }
    }
    free(made);
    free(lane_of);
    return done;
}

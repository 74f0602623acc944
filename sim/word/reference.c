/* reference.c - evaluates every gate by the definition of its cell, one after another, for tests of faster engines. */
#include "sim/word/reference.h"

#include "netlists/cell.h"

void cf_word_evaluate(const struct cf_netlist *netlist, int64_t *nets)
{
    for (uint32_t g = 1; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            const struct cf_cell *cell = &netlist->cells[group->cell[i]];
            nets[group->first_net + i] = cf_cell_output(cell, cf_cell_sum(cell, cf_instance_bases(group, i), nets));
        }
    }
}

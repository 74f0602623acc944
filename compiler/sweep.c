/* sweep.c - dead gate elimination, a whole group at a time, so that the groups left keep their shapes and names. */
#include <stdlib.h>

#include "compiler/compile.h"
#include "netlists/cell.h"

/* Which groups and cells stay, and the new numbers of the cells. */
struct renumbering {
    bool *keep_group;
    uint32_t *cell;           /* the new index + 1; 0 while not placed */
    struct cf_reach *reaches; /* of each old cell */
};

/* A group stays when it is an output, when a gate of a group that stays reads it, or when it lies between the base of
 * such a gate's port and the last net that the gate reads through that port. */
static void mark_groups(const struct cf_netlist *netlist, struct renumbering *map)
{
    map->keep_group[CF_INPUT] = true;
    for (uint32_t g = netlist->group_count; g-- > 1;) {
        const struct cf_group *group = &netlist->groups[g];
        map->keep_group[g] = map->keep_group[g] || group->output;
        for (uint32_t i = 0; map->keep_group[g] && i < group->count; i++)
            for (uint32_t p = 0; p < group->ports; p++) {
                const struct cf_reach *reach = &map->reaches[group->cell[i]];
                uint32_t base = cf_instance_bases(group, i)[p];
                if (reach->low[p] > reach->high[p])
                    continue;
                uint32_t last = cf_netlist_group_of(netlist, base + reach->high[p]);
                for (uint32_t s = cf_netlist_group_of(netlist, base); s <= last; s++)
                    map->keep_group[s] = true;
            }
    }
}

static bool copy_cells(const struct cf_netlist *from, struct cf_netlist *to, struct renumbering *map,
                       struct cf_error *err)
{
    for (uint32_t g = 1; g < from->group_count; g++)
        for (uint32_t i = 0; map->keep_group[g] && i < from->groups[g].count; i++)
            map->cell[from->groups[g].cell[i]] = 1;
    for (uint32_t c = 0; c < from->cell_count; c++) {
        uint32_t index;
        if (!map->cell[c])
            continue;
        if (!cf_netlist_add_cell(to, &from->cells[c], &index, err))
            return false;
        map->cell[c] = index + 1;
    }
    return true;
}

/* Copies the groups that stay. All groups from a port's base to the last net that is read through it stay, so the base
 * moves as far as they do. The base of a port through which nothing is read becomes net 0. */
static bool copy_groups(const struct cf_netlist *from, struct cf_netlist *to, const struct renumbering *map,
                        struct cf_error *err)
{
    uint32_t *moved = calloc(from->group_count, sizeof *moved); /* by how much each group's net numbers fall */
    bool done = moved || cf_fail(err, "%s: out of memory", from->label);
    uint32_t gone = 0;
    for (uint32_t g = 0; done && g < from->group_count; g++) {
        const struct cf_group *group = &from->groups[g];
        moved[g] = gone;
        if (!map->keep_group[g]) {
            gone += group->count;
            continue;
        }
        done = cf_netlist_add_group(to, group->name, group->rank, group->shape, group->ports, group->type,
                                    group->output, err);
        struct cf_group *copy = &to->groups[to->group_count - 1];
        for (uint32_t i = 0; done && g != CF_INPUT && i < group->count; i++) {
            copy->cell[i] = map->cell[group->cell[i]] - 1;
            for (uint32_t p = 0; p < group->ports; p++) {
                const struct cf_reach *reach = &map->reaches[group->cell[i]];
                bool reads = reach->low[p] <= reach->high[p];
                size_t at = (size_t)i * group->ports + p;
                copy->base[at] = reads ? group->base[at] - moved[cf_netlist_group_of(from, group->base[at])] : 0;
            }
        }
    }
    free(moved);
    return done;
}

static bool copy_kept(const struct cf_netlist *from, struct cf_netlist *to, struct cf_error *err)
{
    struct renumbering map = {calloc(from->group_count, sizeof *map.keep_group),
                              calloc(from->cell_count + 1, sizeof *map.cell),
                              calloc(from->cell_count + 1, sizeof *map.reaches)};
    bool done = (map.keep_group && map.cell && map.reaches) || cf_fail(err, "%s: out of memory", from->label);
    for (uint32_t c = 0; done && c < from->cell_count; c++)
        cf_cell_reach(&from->cells[c], &map.reaches[c]);
    if (done)
        mark_groups(from, &map);
    done = done && copy_cells(from, to, &map, err) && copy_groups(from, to, &map, err);
    done = done && cf_netlist_copy_notes(to, from, err);
    free(map.keep_group);
    free(map.reaches);
    free(map.cell);
    return done;
}

struct cf_netlist *cf_sweep(const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_netlist *swept = cf_netlist_new(netlist->label, err);
    if (swept && !copy_kept(netlist, swept, err)) {
        cf_netlist_free(swept);
        swept = NULL;
    }
    return swept;
}

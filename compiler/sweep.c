/* sweep.c - dead gate elimination, a whole group at a time, so that the groups left keep their shapes and names. */
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "netlists/cell.h"

/* Which groups and cells stay, and what they become. */
struct renumbering {
    bool *keep_group;
    uint32_t *cell;           /* the new index + 1; 0 while not placed */
    struct cf_reach *reaches; /* of each old cell */
};

/* A group stays when it is an output, or when a port of a group that stays reads it or lies across it. */
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

/* From a port's base to the last net that it reads all groups stay, so one distance moves them all. A port that reads
 * nothing may have its base anywhere: net 0. */
static bool copy_groups(const struct cf_netlist *from, struct cf_netlist *to, const struct renumbering *map,
                        struct cf_error *err)
{
    uint32_t *moved = calloc(from->group_count, sizeof *moved); /* how far each group's nets come down */
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
    for (uint32_t m = 0; done && m < from->meta_count; m++)
        done = cf_netlist_set_meta(to, from->meta[m].key, from->meta[m].value, err);
    to->input_scale = from->input_scale;
    to->class_count = from->class_count;
    if (done && from->class_scale) {
        double *scale = cf_arena_alloc(&to->arena, from->class_count, sizeof *scale);
        done = scale || cf_fail(err, "%s: out of memory", from->label);
        if (done)
            to->class_scale = memcpy(scale, from->class_scale, from->class_count * sizeof *scale);
    }
    free(map.keep_group);
    free(map.reaches);
    free(map.cell);
    return done;
}

bool cf_sweep(struct cf_netlist **netlist, struct cf_error *err)
{
    struct cf_netlist *swept = cf_netlist_new((*netlist)->label, err);
    if (!swept || !copy_kept(*netlist, swept, err)) {
        cf_netlist_free(swept);
        return false;
    }
    cf_netlist_free(*netlist);
    *netlist = swept;
    return true;
}

/* layouts.c - finds each group's layout: it first tries the layout that the group seems to have, and then the other. */
#include <assert.h>
#include <string.h>

#include "sim/word/passes.h"

uint32_t cf_group_of_run(const struct cf_netlist *netlist, uint64_t first, uint64_t count)
{
    assert(count > 0);
    if (first + count > netlist->net_count)
        return CF_NONE;
    uint32_t index = cf_netlist_group_of(netlist, (uint32_t)first);
    const struct cf_group *group = &netlist->groups[index];
    return first - group->first_net + count <= group->count ? index : CF_NONE;
}

bool cf_index_list_add(struct cf_index_list *list, uint32_t item)
{
    if (!cf_array_reserve(&list->items, &list->capacity, (size_t)list->count + 1, sizeof *list->items))
        return false;
    list->items[list->count++] = item;
    return true;
}

const uint32_t *cf_index_list_keep(const struct cf_index_list *list, struct cf_arena *arena)
{
    uint32_t *kept = cf_arena_alloc(arena, list->count, sizeof *kept);
    if (kept && list->count)
        memcpy(kept, list->items, list->count * sizeof *kept);
    return kept;
}

/* Whether lanes share a base. Gates 0 and 1 may be exceptions; the answer only decides which layout is tried first. */
static bool looks_dense(const struct cf_netlist *netlist, const struct cf_group *group, uint32_t lanes)
{
    enum { FEW_TERMS = 16 }; /* of a group with one lane, whose only gate in a row may be either */
    if (lanes == 1)
        return netlist->cells[group->cell[0]].term_count > FEW_TERMS;
    const uint32_t *a = cf_instance_bases(group, 0), *b = cf_instance_bases(group, 1);
    return memcmp(a, b, group->ports * sizeof *a) == 0;
}

static bool find_layout(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena, struct cf_layout *layout)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    uint32_t lanes = cf_group_lanes(group);
    *layout = (struct cf_layout){.kind = index == CF_INPUT ? CF_LAYOUT_INPUT : CF_LAYOUT_GENERAL,
                                 .storage = cf_storage_of(group->type),
                                 .lanes = lanes,
                                 .rows = group->count / lanes};
    if (index == CF_INPUT)
        return true;
    bool dense_first = looks_dense(plan->netlist, group, lanes);
    enum cf_recognised found =
        dense_first ? cf_recognise_dense(plan, index, arena, layout) : cf_recognise_rows(plan, index, arena, layout);
    if (found == CF_OTHER_LAYOUT)
        found = dense_first ? cf_recognise_rows(plan, index, arena, layout)
                            : cf_recognise_dense(plan, index, arena, layout);
    return found != CF_NO_MEMORY;
}

bool cf_find_layouts(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_layout **layouts)
{
    uint32_t count = plan->netlist->group_count;
    struct cf_layout *found = cf_arena_alloc(arena, count, sizeof *found);
    bool done = found != NULL;
    for (uint32_t g = 0; done && g < count; g++)
        done = find_layout(plan, g, arena, &found[g]);
    *layouts = found;
    return done;
}

/* netlist.c - builds netlists, copies them, and finds groups and metadata in them. */
#include "netlists/netlist.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool out_of_memory(const struct cf_netlist *netlist, struct cf_error *err)
{
    return cf_fail(err, "%s: out of memory", netlist->label ? netlist->label : "netlist");
}

struct cf_netlist *cf_netlist_new(const char *label, struct cf_error *err)
{
    struct cf_netlist *netlist = calloc(1, sizeof *netlist);
    if (netlist)
        netlist->label = cf_arena_strdup(&netlist->arena, label);
    if (!netlist || !netlist->label) {
        cf_fail(err, "%s: out of memory", label);
        cf_netlist_free(netlist);
        return NULL;
    }
    netlist->input_scale = 1.0;
    return netlist;
}

void cf_netlist_free(struct cf_netlist *netlist)
{
    if (!netlist)
        return;
    cf_arena_free(&netlist->arena);
    free(netlist);
}

/* Makes room for one more element of an array in the arena. The arena keeps the smaller array until it is freed, so
 * that both together take at most twice the final size. */
static bool grow(struct cf_netlist *netlist, void *array_pointer, uint32_t count, uint32_t *capacity, size_t size,
                 struct cf_error *err)
{
    if (count < *capacity)
        return true;
    uint32_t wanted = *capacity ? 2 * *capacity : 16;
    void *bigger = wanted > *capacity ? cf_arena_alloc(&netlist->arena, wanted, size) : NULL;
    if (!bigger)
        return out_of_memory(netlist, err);
    void *old;
    memcpy(&old, array_pointer, sizeof old);
    if (count)
        memcpy(bigger, old, count * size);
    memcpy(array_pointer, &bigger, sizeof bigger);
    *capacity = wanted;
    return true;
}

static void *copy_of(struct cf_arena *arena, const void *data, size_t count, size_t size)
{
    void *copy = cf_arena_alloc(arena, count, size);
    if (copy && count)
        memcpy(copy, data, count * size);
    return copy;
}

bool cf_netlist_add_cell(struct cf_netlist *netlist, const struct cf_cell *cell, uint32_t *index, struct cf_error *err)
{
    if (!grow(netlist, &netlist->cells, netlist->cell_count, &netlist->cell_capacity, sizeof *netlist->cells, err))
        return false;
    struct cf_cell copy = *cell;
    copy.ports = copy_of(&netlist->arena, cell->ports, cell->port_count, sizeof *cell->ports);
    copy.terms = copy_of(&netlist->arena, cell->terms, cell->term_count, sizeof *cell->terms);
    if (!copy.ports || !copy.terms)
        return out_of_memory(netlist, err);
    *index = netlist->cell_count++;
    netlist->cells[*index] = copy;
    return true;
}

bool cf_netlist_add_group(struct cf_netlist *netlist, const char *name, int rank, const uint32_t *shape, uint32_t ports,
                          struct cf_type type, bool output, struct cf_error *err)
{
    assert(rank >= 1 && rank <= CF_GROUP_MAX_RANK && (netlist->group_count > 0 || ports == 0));
    if (!grow(netlist, &netlist->groups, netlist->group_count, &netlist->group_capacity, sizeof *netlist->groups, err))
        return false;
    struct cf_group group = {.rank = rank, .first_net = netlist->net_count, .ports = ports, .type = type};
    uint64_t count = 1;
    for (int i = 0; i < rank; i++) {
        group.shape[i] = shape[i];
        count *= shape[i]; /* below 2^31 before each step, so below 2^63 after it */
        if (count == 0 || count + netlist->net_count > INT32_MAX)
            return cf_fail(err, "%s: group '%s' %s", netlist->label, name,
                           count ? "takes the circuit beyond 2^31 - 1 nets" : "is empty");
    }
    group.count = (uint32_t)count;
    group.output = output;
    group.name = cf_arena_strdup(&netlist->arena, name);
    if (ports > 0 || netlist->group_count != CF_INPUT) {
        group.cell = cf_arena_alloc(&netlist->arena, group.count, sizeof *group.cell);
        group.base = cf_arena_alloc(&netlist->arena, (size_t)group.count * ports, sizeof *group.base);
    }
    if (!group.name || (netlist->group_count != CF_INPUT && (!group.cell || !group.base)))
        return out_of_memory(netlist, err);
    netlist->groups[netlist->group_count++] = group;
    netlist->net_count += group.count;
    return true;
}

bool cf_netlist_name_lanes(struct cf_netlist *netlist, uint32_t index, const uint32_t *names, struct cf_error *err)
{
    assert(index != CF_INPUT && index < netlist->group_count);
    struct cf_group *group = &netlist->groups[index];
    group->lane_names = copy_of(&netlist->arena, names, cf_group_lanes(group), sizeof *names);
    return group->lane_names || out_of_memory(netlist, err);
}

/* Where a key stands among the sorted entries, or would stand. */
static uint32_t meta_place(const struct cf_netlist *netlist, const char *key)
{
    uint32_t place = 0;
    while (place < netlist->meta_count && strcmp(netlist->meta[place].key, key) < 0)
        place++;
    return place;
}

bool cf_netlist_set_meta(struct cf_netlist *netlist, const char *key, const char *value, struct cf_error *err)
{
    if (!grow(netlist, &netlist->meta, netlist->meta_count, &netlist->meta_capacity, sizeof *netlist->meta, err))
        return false;
    struct cf_meta entry = {cf_arena_strdup(&netlist->arena, key), cf_arena_strdup(&netlist->arena, value)};
    if (!entry.key || !entry.value)
        return out_of_memory(netlist, err);
    uint32_t place = meta_place(netlist, key);
    bool present = place < netlist->meta_count && strcmp(netlist->meta[place].key, key) == 0;
    if (!present) {
        memmove(netlist->meta + place + 1, netlist->meta + place,
                (netlist->meta_count - place) * sizeof *netlist->meta);
        netlist->meta_count++;
    }
    netlist->meta[place] = entry;
    return true;
}

const char *cf_netlist_meta(const struct cf_netlist *netlist, const char *key)
{
    uint32_t place = meta_place(netlist, key);
    return place < netlist->meta_count && strcmp(netlist->meta[place].key, key) == 0 ? netlist->meta[place].value
                                                                                     : NULL;
}

bool cf_netlist_set_class_scale(struct cf_netlist *netlist, const double *scale, uint32_t count, struct cf_error *err)
{
    netlist->class_scale = copy_of(&netlist->arena, scale, count, sizeof *scale);
    netlist->class_count = count;
    return netlist->class_scale || out_of_memory(netlist, err);
}

bool cf_netlist_copy_notes(struct cf_netlist *to, const struct cf_netlist *from, struct cf_error *err)
{
    for (uint32_t m = 0; m < from->meta_count; m++)
        if (!cf_netlist_set_meta(to, from->meta[m].key, from->meta[m].value, err))
            return false;
    to->input_scale = from->input_scale;
    return !from->class_scale || cf_netlist_set_class_scale(to, from->class_scale, from->class_count, err);
}

static bool copy_into(struct cf_netlist *to, const struct cf_netlist *from, struct cf_error *err)
{
    uint32_t index;
    for (uint32_t c = 0; c < from->cell_count; c++)
        if (!cf_netlist_add_cell(to, &from->cells[c], &index, err))
            return false;
    for (uint32_t g = 0; g < from->group_count; g++) {
        const struct cf_group *group = &from->groups[g];
        if (!cf_netlist_add_group(to, group->name, group->rank, group->shape, group->ports, group->type, group->output,
                                  err))
            return false;
        if (group->cell) {
            memcpy(to->groups[g].cell, group->cell, (size_t)group->count * sizeof *group->cell);
            memcpy(to->groups[g].base, group->base, (size_t)group->count * group->ports * sizeof *group->base);
        }
        if (group->lane_names && !cf_netlist_name_lanes(to, g, group->lane_names, err))
            return false;
    }
    return cf_netlist_copy_notes(to, from, err);
}

struct cf_netlist *cf_netlist_copy(const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_netlist *copy = cf_netlist_new(netlist->label, err);
    if (copy && !copy_into(copy, netlist, err)) {
        cf_netlist_free(copy);
        copy = NULL;
    }
    return copy;
}

int64_t cf_type_min(struct cf_type type)
{
    assert(type.width >= 1 && type.width <= CF_MAX_WIDTH);
    return type.is_signed ? -((int64_t)1 << (type.width - 1)) : 0;
}

int64_t cf_type_max(struct cf_type type)
{
    assert(type.width >= 1 && type.width <= CF_MAX_WIDTH);
    return (int64_t)(((uint64_t)1 << (type.is_signed ? type.width - 1 : type.width)) - 1);
}

uint32_t cf_netlist_group_of(const struct cf_netlist *netlist, uint32_t net)
{
    assert(net < netlist->net_count);
    uint32_t low = 0, high = netlist->group_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (netlist->groups[middle].first_net <= net)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t cf_netlist_find_group(const struct cf_netlist *netlist, const char *name)
{
    for (uint32_t g = 0; g < netlist->group_count; g++)
        if (strcmp(netlist->groups[g].name, name) == 0)
            return g;
    return UINT32_MAX;
}

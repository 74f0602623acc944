/* names.c - writes and reads the names of gates. */
#include "netlists/names.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cf_gate_name(const struct cf_group *group, uint32_t index, char *buffer, size_t size)
{
    assert(index < group->count);
    uint32_t at[CF_GROUP_MAX_RANK];
    for (int i = group->rank - 1; i >= 0; i--) {
        at[i] = index % group->shape[i];
        index /= group->shape[i];
    }
    at[group->rank - 1] = cf_group_lane_name(group, at[group->rank - 1]);
    int used = snprintf(buffer, size, "%s", group->name);
    for (int i = 0; i < group->rank && used >= 0 && (size_t)used < size; i++)
        used += snprintf(buffer + used, size - (size_t)used, "%c%u%s", i ? ',' : '[', at[i],
                         i == group->rank - 1 ? "]" : "");
    return buffer;
}

const char *cf_net_name(const struct cf_netlist *netlist, uint32_t net, char *buffer, size_t size)
{
    assert(net < netlist->net_count && size > 0);
    const struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, net)];
    return cf_gate_name(group, net - group->first_net, buffer, size);
}

/* Finds the lane of that name among those that a sweep left. */
static bool find_lane(const struct cf_group *group, const char *name, uint64_t wanted, uint64_t *lane,
                      struct cf_error *err)
{
    uint32_t low = 0, high = cf_group_lanes(group);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (group->lane_names[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    *lane = low;
    return group->lane_names[low] == wanted ||
           cf_fail(err, "%s: '%s' has %u lanes, from %u to %u, and %" PRIu64 " is none of them", name, group->name,
                   cf_group_lanes(group), group->lane_names[0], group->lane_names[cf_group_lanes(group) - 1], wanted);
}

/* Reads "[4,9,17]" into a row-major index. */
static bool parse_index(const struct cf_group *group, const char *name, const char *text, uint32_t *index,
                        struct cf_error *err)
{
    uint64_t total = 0;
    for (int i = 0; i < group->rank; i++) {
        if (*text != (i ? ',' : '[') || text[1] < '0' || text[1] > '9')
            return cf_fail(err, "%s: group '%s' takes %d indices, like %s[0%s]", name, group->name, group->rank,
                           group->name, &",0,0,0"[2 * (CF_GROUP_MAX_RANK - group->rank)]);
        char *end;
        errno = 0;
        uint64_t value = strtoull(text + 1, &end, 10);
        bool named = i == group->rank - 1 && group->lane_names;
        if (named && !errno && !find_lane(group, name, value, &value, err))
            return false;
        if (errno || value >= group->shape[i])
            return cf_fail(err, "%s: index %d is out of range: '%s' has 0 to %u there", name, i + 1, group->name,
                           group->shape[i] - 1);
        total = total * group->shape[i] + value;
        text = end;
    }
    if (strcmp(text, "]") != 0)
        return cf_fail(err, "%s: expected ']' after %d indices", name, group->rank);
    *index = (uint32_t)total;
    return true;
}

bool cf_net_find(const struct cf_netlist *netlist, const char *name, uint32_t *net, struct cf_error *err)
{
    size_t length = strcspn(name, "[");
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        if (strlen(group->name) != length || strncmp(group->name, name, length) != 0)
            continue;
        uint32_t index = 0;
        if (!parse_index(group, name, name + length, &index, err))
            return false;
        *net = group->first_net + index;
        return true;
    }
    return cf_fail(err, "%s: the netlist has no group of that name", name);
}

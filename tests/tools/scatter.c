/* scatter.c - changes many gates of a netlist, here and there: `scatter NET -o OUT COUNT`.
 *
 * Each chosen gate reads, through one port, the nets beside those it read; the netlist stays valid, and no other gate
 * changes. The choice is the same every time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/store.h"
#include "tests/support/random_netlist.h"

/* Moves the base by one net, to the side where all that is read stays within its group. */
static bool move_base(const struct cf_netlist *netlist, struct cf_group *group, uint32_t index, uint32_t port)
{
    struct cf_reach reach;
    cf_cell_reach(&netlist->cells[group->cell[index]], &reach);
    if (reach.low[port] > reach.high[port])
        return false;
    uint32_t *base = &group->base[(size_t)index * group->ports + port];
    uint32_t low = *base + reach.low[port], high = *base + reach.high[port];
    const struct cf_group *source = &netlist->groups[cf_netlist_group_of(netlist, low)];
    if (high + 1 < source->first_net + source->count)
        ++*base;
    else if (low > source->first_net && *base > 0)
        --*base;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct cf_error err;
    struct cf_netlist *netlist;
    if (argc != 5 || strcmp(argv[2], "-o") != 0) {
        fprintf(stderr, "usage: scatter NET -o OUT COUNT\n");
        return 2;
    }
    if (!cf_netlist_load(&netlist, argv[1], &err)) {
        fprintf(stderr, "scatter: %s\n", err.text);
        return 2;
    }
    struct random_source random = {2024};
    uint32_t gates = netlist->net_count - netlist->groups[CF_INPUT].count;
    bool *changed = calloc(netlist->net_count, sizeof *changed);
    if (!changed)
        return 2;
    for (long left = strtol(argv[4], NULL, 10); left > 0;) {
        uint32_t net = netlist->groups[CF_INPUT].count + (uint32_t)(random_next(&random) % gates);
        if (changed[net])
            continue;
        struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, net)];
        changed[net] =
            move_base(netlist, group, net - group->first_net, (uint32_t)(random_next(&random) % group->ports));
        left -= changed[net];
    }
    free(changed);
    bool done = cf_netlist_save(netlist, argv[3], &err);
    if (!done)
        fprintf(stderr, "scatter: %s\n", err.text);
    cf_netlist_free(netlist);
    return done ? 0 : 2;
}

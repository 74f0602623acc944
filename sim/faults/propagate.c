/* propagate.c - follows one changed net through the gates that read it, in the order of their nets. */
#include "sim/faults/propagate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"

/* The gates of a group, sorted by the base of one port: the gates with base `low` + k are gates[first[k]] to
 * gates[first[k+1]-1]. `offsets` are all that any of the group's cells reads through the port. */
struct index {
    uint32_t low, high; /* bases; low > high when there are none */
    uint32_t *first, *gates;
    uint32_t *offsets, offset_count;
};

struct cf_propagation {
    const struct cf_netlist *netlist;
    struct index **ports; /* [group_count][ports]; NULL for the input */
};

/* The gates whose sums have changed, as a heap by net. All nets that a gate reads come before its own, so the change of
 * its sum is complete when it is the first of the heap. */
struct cf_ripple {
    int64_t *change; /* by net: of the sum */
    uint8_t *queued; /* by net */
    uint32_t *heap, count;
};

static int compare_u32(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* Finds the offsets that the group's cells read through the port, sorted. `seen` [cell_count] is scratch. */
static bool index_offsets(struct index *index, const struct cf_netlist *netlist, const struct cf_group *group,
                          uint32_t port, uint8_t *seen)
{
    uint32_t total = 0, count = 0;
    memset(seen, 0, netlist->cell_count);
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < group->count; i++) {
            uint32_t c = group->cell[i];
            if (seen[c] == pass + 1)
                continue;
            seen[c] = (uint8_t)(pass + 1);
            for (uint32_t t = 0; t < netlist->cells[c].term_count; t++) {
                if (netlist->cells[c].terms[t].port != port)
                    continue;
                if (pass)
                    index->offsets[count++] = netlist->cells[c].terms[t].offset;
                else
                    total++;
            }
        }
        if (!pass && !(index->offsets = malloc((total ? total : 1) * sizeof *index->offsets)))
            return false;
    }
    qsort(index->offsets, count, sizeof *index->offsets, compare_u32);
    for (uint32_t i = 0; i < count; i++)
        if (index->offset_count == 0 || index->offsets[index->offset_count - 1] != index->offsets[i])
            index->offsets[index->offset_count++] = index->offsets[i];
    return true;
}

/* Sorts the group's gates by their base for the port. */
static bool index_bases(struct index *index, const struct cf_group *group, uint32_t port)
{
    index->low = UINT32_MAX;
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t base = cf_instance_bases(group, i)[port];
        index->low = base < index->low ? base : index->low;
        index->high = base > index->high ? base : index->high;
    }
    size_t span = (size_t)index->high - index->low + 1;
    index->first = calloc(span + 2, sizeof *index->first);
    index->gates = calloc(group->count, sizeof *index->gates);
    if (!index->first || !index->gates)
        return false;
    /* Counts stand two places up: placing then moves each start one place on, to where it belongs. */
    for (uint32_t i = 0; i < group->count; i++)
        index->first[cf_instance_bases(group, i)[port] - index->low + 2]++;
    for (size_t k = 2; k <= span + 1; k++)
        index->first[k] += index->first[k - 1];
    for (uint32_t i = 0; i < group->count; i++)
        index->gates[index->first[cf_instance_bases(group, i)[port] - index->low + 1]++] = i;
    return true;
}

bool cf_propagation_new(struct cf_propagation **out, const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_propagation *p = *out = calloc(1, sizeof *p);
    uint8_t *seen = malloc(netlist->cell_count ? netlist->cell_count : 1);
    bool done = p && seen;
    if (done) {
        p->netlist = netlist;
        p->ports = calloc(netlist->group_count, sizeof *p->ports);
        done = p->ports != NULL;
    }
    for (uint32_t g = 1; done && g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        p->ports[g] = calloc(group->ports, sizeof **p->ports);
        done = p->ports[g] != NULL;
        for (uint32_t port = 0; done && port < group->ports; port++)
            done = index_bases(&p->ports[g][port], group, port) &&
                   index_offsets(&p->ports[g][port], netlist, group, port, seen);
    }
    free(seen);
    if (!done) {
        cf_propagation_free(p);
        *out = NULL;
        return cf_fail(err, "%s: out of memory", netlist->label);
    }
    return true;
}

void cf_propagation_free(struct cf_propagation *p)
{
    if (!p)
        return;
    for (uint32_t g = 1; p->ports && g < p->netlist->group_count; g++) {
        for (uint32_t port = 0; p->ports[g] && port < p->netlist->groups[g].ports; port++) {
            free(p->ports[g][port].first);
            free(p->ports[g][port].gates);
            free(p->ports[g][port].offsets);
        }
        free(p->ports[g]);
    }
    free(p->ports);
    free(p);
}

bool cf_ripple_new(struct cf_ripple **out, const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_ripple *r = *out = calloc(1, sizeof *r);
    if (r) {
        r->change = calloc(netlist->net_count, sizeof *r->change);
        r->queued = calloc(netlist->net_count, 1);
        r->heap = calloc(netlist->net_count, sizeof *r->heap);
        if (r->change && r->queued && r->heap)
            return true;
    }
    cf_ripple_free(r);
    *out = NULL;
    return cf_fail(err, "%s: out of memory", netlist->label);
}

void cf_ripple_free(struct cf_ripple *r)
{
    if (!r)
        return;
    free(r->change);
    free(r->queued);
    free(r->heap);
    free(r);
}

/* Notes that the sum of the gate that drives `net` changes by `change`. */
static void push(struct cf_ripple *r, uint32_t net, int64_t change)
{
    r->change[net] += change;
    if (r->queued[net])
        return;
    r->queued[net] = 1;
    uint32_t at = r->count++;
    for (; at > 0 && r->heap[(at - 1) / 2] > net; at = (at - 1) / 2)
        r->heap[at] = r->heap[(at - 1) / 2];
    r->heap[at] = net;
}

/* Takes the gate of the least net off the heap, and the change of its sum. */
static uint32_t pop(struct cf_ripple *r, int64_t *change)
{
    uint32_t net = r->heap[0], last = r->heap[--r->count], at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= r->count)
            break;
        if (child + 1 < r->count && r->heap[child + 1] < r->heap[child])
            child++;
        if (last <= r->heap[child])
            break;
        r->heap[at] = r->heap[child];
        at = child;
    }
    r->heap[at] = last;
    *change = r->change[net];
    r->change[net] = 0;
    r->queued[net] = 0;
    return net;
}

/* The index of the cell's first term of that port and offset; term_count where there is none. */
static uint32_t find_term(const struct cf_cell *cell, uint32_t port, uint32_t offset)
{
    uint32_t low = 0, high = cell->term_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct cf_term *term = &cell->terms[middle];
        if (term->port < port || (term->port == port && term->offset < offset))
            low = middle + 1;
        else
            high = middle;
    }
    const struct cf_term *term = &cell->terms[low];
    return low < cell->term_count && term->port == port && term->offset == offset ? low : cell->term_count;
}

/* A net that has another value. */
struct changed {
    uint32_t net;
    int64_t from, to;
};

/* Passes the change of a net on to a gate of group `g`, if the gate reads the net at that offset through that port. */
static void notify_gate(const struct cf_propagation *p, struct cf_ripple *r, uint32_t g, uint32_t port, uint32_t gate,
                        uint32_t offset, const struct changed *changed)
{
    const struct cf_group *group = &p->netlist->groups[g];
    const struct cf_cell *cell = &p->netlist->cells[group->cell[gate]];
    /* A gate may read the net itself, and its square beside it. */
    for (uint32_t t = find_term(cell, port, offset);
         t < cell->term_count && cell->terms[t].port == port && cell->terms[t].offset == offset; t++)
        push(r, group->first_net + gate,
             cf_term_value(&cell->terms[t], changed->to) - cf_term_value(&cell->terms[t], changed->from));
}

/* Tells all gates of group `g` that read the net through a port. It goes one of two ways, whichever is shorter: through
 * the gates whose bases are within reach of the net (few gates have a base near, although a classifier's port reaches
 * far), or through the offsets (a pool reads few). */
static void notify(const struct cf_propagation *p, struct cf_ripple *r, uint32_t g, uint32_t port,
                   const struct changed *changed)
{
    const struct index *index = &p->ports[g][port];
    uint32_t net = changed->net;
    if (index->offset_count == 0 || index->offsets[0] > net || net - index->offsets[0] < index->low)
        return;
    uint32_t farthest = index->offsets[index->offset_count - 1], high = net - index->offsets[0];
    uint32_t low = farthest > net || net - farthest < index->low ? index->low : net - farthest;
    high = high > index->high ? index->high : high;
    if (low > high)
        return;
    uint32_t start = index->first[low - index->low], end = index->first[high - index->low + 1];
    if (end - start <= index->offset_count) {
        for (uint32_t i = start; i < end; i++)
            notify_gate(p, r, g, port, index->gates[i],
                        net - cf_instance_bases(&p->netlist->groups[g], index->gates[i])[port], changed);
        return;
    }
    for (uint32_t o = 0; o < index->offset_count && index->offsets[o] <= net; o++) {
        uint32_t base = net - index->offsets[o];
        if (base < index->low || base > index->high)
            continue;
        for (uint32_t i = index->first[base - index->low]; i < index->first[base - index->low + 1]; i++)
            notify_gate(p, r, g, port, index->gates[i], index->offsets[o], changed);
    }
}

/* Empties the heap. */
static void forget(struct cf_ripple *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        r->change[r->heap[i]] = 0;
        r->queued[r->heap[i]] = 0;
    }
    r->count = 0;
}

bool cf_propagate(const struct cf_propagation *p, struct cf_ripple *r, const int64_t *nets, const int64_t *sums,
                  uint32_t net, int64_t value)
{
    const struct cf_netlist *n = p->netlist;
    assert(r->count == 0 && net < n->net_count);
    bool first = true;
    while (first || r->count > 0) {
        if (!first) {
            int64_t change;
            net = pop(r, &change);
            const struct cf_group *group = &n->groups[cf_netlist_group_of(n, net)];
            const struct cf_cell *cell = &n->cells[group->cell[net - group->first_net]];
            value = cf_cell_output(cell, sums[net] + change);
        }
        first = false;
        const struct changed changed = {net, nets[net], value};
        if (changed.from == changed.to)
            continue;
        uint32_t g = cf_netlist_group_of(n, net);
        if (n->groups[g].output) {
            forget(r);
            return true;
        }
        for (g++; g < n->group_count; g++)
            for (uint32_t port = 0; port < n->groups[g].ports; port++)
                notify(p, r, g, port, &changed);
    }
    return false;
}

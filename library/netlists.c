/* netlists.c - offers, through the public interface, what a netlist holds: files and bytes, counts, metadata, and
 * single gates. */
#include <assert.h>
#include <stdio.h>

#include "base/safetensors.h"
#include "library/pass_on.h"
#include "netlists/analyse.h"
#include "netlists/cell.h"
#include "netlists/names.h"
#include "netlists/store.h"

_Static_assert(sizeof((cofiber_term *)0)->name == CF_NAME_MAX, "a gate's name fits its place");

bool cofiber_netlist_parse(cofiber_netlist **netlist, const void *data, size_t size, const char *name,
                           cofiber_error *error)
{
    struct cf_error err;
    struct cf_safetensors *file;
    struct cf_netlist *parsed = NULL;
    if (!netlist)
        return cf_refuse(error, "no place for the netlist");
    *netlist = NULL;
    if (!data || !name)
        return cf_refuse(error, data ? "no name" : "no data");
    if (!cf_safetensors_parse(&file, data, size, name, &err))
        return cf_pass_on(error, &err);
    bool done = cf_netlist_from_safetensors(&parsed, file, &err);
    cf_safetensors_close(file);
    *netlist = cf_hand_out(parsed);
    return done || cf_pass_on(error, &err);
}

bool cofiber_netlist_save(const cofiber_netlist *netlist, const char *path, cofiber_error *error)
{
    struct cf_error err;
    if (!netlist || !path)
        return cf_refuse(error, netlist ? "no path" : "no netlist");
    return cf_netlist_save(cofiber_unwrap(netlist), path, &err) || cf_pass_on(error, &err);
}

bool cofiber_netlist_file(const char *path)
{
    struct cf_safetensors *file;
    if (!path || !cf_safetensors_open(&file, path, NULL))
        return false;
    bool is_netlist = cf_is_netlist(file);
    cf_safetensors_close(file);
    return is_netlist;
}

const uint32_t *cofiber_group_lanes(const cofiber_netlist *netlist, uint32_t index)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    return n && index < n->group_count ? n->groups[index].lane_names : NULL;
}

bool cofiber_netlist_meta(const cofiber_netlist *netlist, uint32_t index, const char **key, const char **value)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    if (!n || !key || !value || index >= n->meta_count)
        return false;
    *key = n->meta[index].key;
    *value = n->meta[index].value;
    return true;
}

/* ---- counts ---------------------------------------------------------------------------------------------------- */

bool cofiber_netlist_stats(const cofiber_netlist *netlist, cofiber_counts *all, cofiber_counts *groups,
                           cofiber_error *error)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    struct cf_error err;
    struct cf_facts facts;
    if (!n || !all)
        return cf_refuse(error, n ? "no place for the counts" : "no netlist");
    if (!cf_netlist_analyse(n, &facts, &err))
        return cf_pass_on(error, &err);
    *all = (cofiber_counts){.gates = facts.gates,
                            .live = facts.live,
                            .edges = facts.edges,
                            .live_edges = facts.live_edges,
                            .cells = n->cell_count,
                            .level_low = facts.gates > 0,
                            .level_high = facts.depth};
    for (uint32_t g = 0; groups && g < n->group_count; g++)
        groups[g] = g == CF_INPUT ? (cofiber_counts){0}
                                  : (cofiber_counts){.gates = n->groups[g].count,
                                                     .live = facts.groups[g].live,
                                                     .edges = facts.groups[g].edges,
                                                     .live_edges = facts.groups[g].live_edges,
                                                     .cells = facts.groups[g].cells,
                                                     .level_low = facts.groups[g].level_low,
                                                     .level_high = facts.groups[g].level_high};
    cf_facts_free(&facts);
    return true;
}

/* ---- gates ----------------------------------------------------------------------------------------------------- */

bool cofiber_gate_find(const cofiber_netlist *netlist, const char *name, cofiber_gate_info *gate, cofiber_error *error)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    struct cf_error err;
    uint32_t net;
    if (!n || !name || !gate)
        return cf_refuse(error, !n ? "no netlist" : !name ? "no name" : "no place for the gate");
    if (!cf_net_find(n, name, &net, &err))
        return cf_pass_on(error, &err);
    uint32_t g = cf_netlist_group_of(n, net), index = net - n->groups[g].first_net;
    *gate = (cofiber_gate_info){.group = g, .index = index};
    if (g != CF_INPUT) {
        const struct cf_cell *cell = &n->cells[n->groups[g].cell[index]];
        gate->cell = n->groups[g].cell[index];
        gate->terms = cell->term_count;
        gate->bias = cell->bias;
        gate->activation = cf_activation_name(cell->activation);
    }
    return true;
}

bool cofiber_gate_term(const cofiber_netlist *netlist, const cofiber_gate_info *gate, uint32_t index,
                       cofiber_term *term)
{
    const struct cf_netlist *n = cofiber_unwrap(netlist);
    if (!n || !gate || !term || gate->group == CF_INPUT || gate->group >= n->group_count ||
        gate->index >= n->groups[gate->group].count)
        return false;
    const struct cf_group *group = &n->groups[gate->group];
    const struct cf_cell *cell = &n->cells[group->cell[gate->index]];
    if (index >= cell->term_count)
        return false;
    const struct cf_term *from = &cell->terms[index];
    uint32_t net = cf_instance_bases(group, gate->index)[from->port] + from->offset;
    cf_net_name(n, net, term->name, sizeof term->name);
    term->weight = from->weight;
    term->shift = from->shift;
    term->is_square = from->square;
    return true;
}

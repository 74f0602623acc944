/* check.c - checks every rule of FORMAT.md, and names the gate or cell that breaks one. */
#include "netlists/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_set.h"
#include "netlists/bank.h"
#include "netlists/cell.h"
#include "netlists/names.h"

static bool type_valid(struct cf_type type)
{
    return type.width >= 1 && type.width <= CF_MAX_WIDTH && type.frac >= -1024 && type.frac <= 1024;
}

/* Whether `a` comes before `b` in (port, offset, square). */
static bool stands_before(const struct cf_term *a, const struct cf_term *b)
{
    if (a->port != b->port)
        return a->port < b->port;
    return a->offset != b->offset ? a->offset < b->offset : a->square < b->square;
}

static bool check_terms(const struct cf_netlist *netlist, uint32_t index, struct cf_error *err)
{
    const struct cf_cell *cell = &netlist->cells[index];
    for (uint32_t t = 0; t < cell->term_count; t++) {
        const struct cf_term *term = &cell->terms[t], *before = term - 1;
        const char *wrong = NULL;
        if (term->port >= cell->port_count)
            wrong = "names a port that the cell does not have";
        else if (term->weight == 0)
            wrong = "has weight 0 (a zero weight is no wire)";
        else if (term->weight == INT32_MIN)
            wrong = "has a weight of -2^31 (31 bits and a sign at most)";
        else if (term->shift > CF_MAX_SHIFT)
            wrong = "is shifted by more than 62";
        else if (term->offset > INT32_MAX)
            wrong = "has an offset of 2^31 or more";
        else if (t > 0 && !stands_before(before, term))
            wrong = "is not after the term before it in (port, offset, square)";
        if (wrong)
            return cf_fail(err, "%s: cell %u: term %u %s", netlist->label, index, t, wrong);
    }
    return true;
}

static bool check_cell(const struct cf_netlist *netlist, uint32_t index, struct cf_error *err)
{
    const struct cf_cell *cell = &netlist->cells[index];
    if (cell->port_count < 1 || cell->port_count > CF_MAX_PORTS)
        return cf_fail(err, "%s: cell %u: has %u ports; 1 to %d are possible", netlist->label, index, cell->port_count,
                       CF_MAX_PORTS);
    for (uint32_t p = 0; p < cell->port_count; p++)
        if (!type_valid(cell->ports[p]))
            return cf_fail(err, "%s: cell %u: port %u is %u bits wide with %d fraction bits", netlist->label, index, p,
                           cell->ports[p].width, cell->ports[p].frac);
    if (!check_terms(netlist, index, err))
        return false;
    int64_t min, max;
    if (!cf_cell_range(cell, &min, &max))
        return cf_fail(err, "%s: cell %u: its sum could pass 63 bits", netlist->label, index);
    if (cell->activation == CF_STEP) {
        if (!cf_type_equal(cell->type, (struct cf_type){1, false, 0}))
            return cf_fail(err, "%s: cell %u: a step's output is 1 bit, unsigned, without fraction; this one says %u",
                           netlist->label, index, cell->type.width);
        return true;
    }
    if (cell->activation >= CF_ACTIVATION_COUNT)
        return cf_fail(err, "%s: cell %u: unknown activation %d", netlist->label, index, (int)cell->activation);
    if (!type_valid(cell->type))
        return cf_fail(err, "%s: cell %u: output of %u bits with %d fraction bits", netlist->label, index,
                       cell->type.width, cell->type.frac);
    cf_output_range(cell->activation, &min, &max);
    if (!cf_type_holds(cell->type, min) || !cf_type_holds(cell->type, max))
        return cf_fail(err, "%s: cell %u: %s from %" PRId64 " to %" PRId64 " do not fit its output of %u bits",
                       netlist->label, index, cell->activation == CF_LINEAR ? "sums" : "outputs", min, max,
                       cell->type.width);
    return true;
}

/* Adds to a message about a cell where it is first placed, so that it names a gate. */
static bool name_first_user(const struct cf_netlist *netlist, uint32_t cell, struct cf_error *err)
{
    for (uint32_t g = 1; err && g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        for (uint32_t i = 0; i < group->count; i++) {
            if (group->cell[i] != cell)
                continue;
            char name[CF_NAME_MAX];
            size_t used = strlen(err->text);
            snprintf(err->text + used, sizeof err->text - used, " (first placed at %s)",
                     cf_gate_name(group, i, name, sizeof name));
            return false;
        }
    }
    return false;
}

static bool name_valid(const char *name)
{
    size_t length = strlen(name);
    return length >= 1 && length <= 80 && !strchr("0123456789.", name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == length;
}

/* The names of the lanes that a sweep left increase; the input has no such names, as it keeps all of its lanes. */
static bool check_lanes(const struct cf_netlist *netlist, uint32_t index, struct cf_error *err)
{
    const struct cf_group *group = &netlist->groups[index];
    if (group->lane_names && index == CF_INPUT)
        return cf_fail(err, "%s: the lanes of the input have names", netlist->label);
    for (uint32_t l = 0; group->lane_names && l < cf_group_lanes(group); l++)
        if (group->lane_names[l] > INT32_MAX || (l > 0 && group->lane_names[l] <= group->lane_names[l - 1]))
            return cf_fail(err, "%s: group '%s': the names of its lanes do not rise from 0 on, at lane %u",
                           netlist->label, group->name, l);
    return true;
}

static bool check_groups(const struct cf_netlist *netlist, struct cf_string_set *names, struct cf_error *err)
{
    if (netlist->group_count < 1)
        return cf_fail(err, "%s: there is no input", netlist->label);
    if (netlist->group_count > CF_MAX_GROUPS)
        return cf_fail(err, "%s: %u groups; %d are possible", netlist->label, netlist->group_count, CF_MAX_GROUPS);
    uint64_t next = 0;
    bool fresh;
    for (uint32_t g = 0; g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        if (!name_valid(group->name))
            return cf_fail(err, "%s: group %u: '%s' is not a name (a letter or '_', then letters, digits, '_', '.')",
                           netlist->label, g, group->name);
        if (!cf_string_set_add(names, group->name, &fresh))
            return cf_fail(err, "%s: out of memory", netlist->label);
        if (!fresh)
            return cf_fail(err, "%s: two groups are called '%s'", netlist->label, group->name);
        if (!type_valid(group->type))
            return cf_fail(err, "%s: group '%s': nets of %u bits with %d fraction bits", netlist->label, group->name,
                           group->type.width, group->type.frac);
        uint64_t count = 1;
        for (int i = 0; i < group->rank && i < CF_GROUP_MAX_RANK; i++)
            count *= group->shape[i];
        if (group->rank < 1 || group->rank > CF_GROUP_MAX_RANK || count == 0 || count != group->count ||
            group->first_net != next)
            return cf_fail(err, "%s: group '%s': shape, count and first net disagree", netlist->label, group->name);
        if (!check_lanes(netlist, g, err))
            return false;
        next += count;
    }
    if (next != netlist->net_count || next > INT32_MAX)
        return cf_fail(err, "%s: the groups hold %" PRIu64 " nets", netlist->label, next);
    return true;
}

static bool wrong_gate(const struct cf_netlist *netlist, const struct cf_group *group, uint32_t index,
                       struct cf_error *err, const char *what, uint64_t value)
{
    char name[CF_NAME_MAX];
    return cf_fail(err, "%s: %s: %s %" PRIu64, netlist->label, cf_gate_name(group, index, name, sizeof name), what,
                   value);
}

/* Checks that each net that is read through a port has the port's type. Where all of them lie in one group, one look is
 * enough. `*cached` is a group that is likely to hold them. */
static bool check_port_types(const struct cf_netlist *netlist, const struct cf_group *group, uint32_t index,
                             uint32_t port, uint32_t low, uint32_t high, uint32_t *cached, struct cf_error *err)
{
    const struct cf_cell *cell = &netlist->cells[group->cell[index]];
    const struct cf_group *source = &netlist->groups[*cached];
    if (low < source->first_net || low - source->first_net >= source->count) {
        *cached = cf_netlist_group_of(netlist, low);
        source = &netlist->groups[*cached];
    }
    bool one_group = high - source->first_net < source->count;
    uint32_t base = cf_instance_bases(group, index)[port];
    for (uint32_t t = 0; t < (one_group ? 1 : cell->term_count); t++) {
        if (!one_group) {
            if (cell->terms[t].port != port)
                continue;
            source = &netlist->groups[cf_netlist_group_of(netlist, base + cell->terms[t].offset)];
        }
        if (!cf_type_equal(source->type, cell->ports[port])) {
            char name[CF_NAME_MAX];
            struct cf_type a = cell->ports[port], b = source->type;
            return cf_fail(err, "%s: %s: port %u of cell %u takes %u bits (%d fraction, %s), but '%s' has %u (%d, %s)",
                           netlist->label, cf_gate_name(group, index, name, sizeof name), port, group->cell[index],
                           a.width, a.frac, a.is_signed ? "signed" : "unsigned", source->name, b.width, b.frac,
                           b.is_signed ? "signed" : "unsigned");
        }
    }
    return true;
}

static bool check_instance(const struct cf_netlist *netlist, const struct cf_group *group, uint32_t index,
                           const struct cf_reach *reaches, uint32_t *cached, struct cf_error *err)
{
    uint32_t c = group->cell[index];
    if (c >= netlist->cell_count)
        return wrong_gate(netlist, group, index, err, "there is no cell", c);
    const struct cf_cell *cell = &netlist->cells[c];
    if (cell->port_count != group->ports)
        return wrong_gate(netlist, group, index, err,
                          "its cell's number of ports differs from the group's:", cell->port_count);
    if (!cf_type_equal(cell->type, group->type)) {
        char name[CF_NAME_MAX];
        return cf_fail(err, "%s: %s: cell %u drives %u bits (%d fraction), but the group's nets have %u (%d)",
                       netlist->label, cf_gate_name(group, index, name, sizeof name), c, cell->type.width,
                       cell->type.frac, group->type.width, group->type.frac);
    }
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t p = 0; p < group->ports; p++) {
        if (bases[p] >= group->first_net)
            return wrong_gate(netlist, group, index, err, "a gate reads only groups before its own, but a base is net",
                              bases[p]);
        if (reaches[c].low[p] > reaches[c].high[p])
            continue;
        uint64_t low = (uint64_t)bases[p] + reaches[c].low[p], high = (uint64_t)bases[p] + reaches[c].high[p];
        if (high >= group->first_net)
            return wrong_gate(netlist, group, index, err, "a gate reads only groups before its own, but it reads net",
                              high);
        if (!check_port_types(netlist, group, index, p, (uint32_t)low, (uint32_t)high, &cached[p], err))
            return false;
    }
    return true;
}

static bool check_instances(const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_reach *reaches = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *reaches);
    if (!reaches)
        return cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        cf_cell_reach(&netlist->cells[c], &reaches[c]);
    bool valid = true;
    for (uint32_t g = 1; valid && g < netlist->group_count; g++) {
        const struct cf_group *group = &netlist->groups[g];
        uint32_t cached[CF_MAX_PORTS] = {0};
        if (group->ports < 1 || group->ports > CF_MAX_PORTS)
            valid = cf_fail(err, "%s: group '%s': %u ports; 1 to %d are possible", netlist->label, group->name,
                            group->ports, CF_MAX_PORTS);
        for (uint32_t i = 0; valid && i < group->count; i++)
            valid = check_instance(netlist, group, i, reaches, cached, err);
    }
    free(reaches);
    return valid;
}

bool cf_netlist_check(const struct cf_netlist *netlist, struct cf_error *err)
{
    struct cf_string_set names = {0};
    bool valid = check_groups(netlist, &names, err);
    cf_string_set_free(&names);
    if (!valid)
        return false;
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        if (!check_cell(netlist, c, err))
            return name_first_user(netlist, c, err);
    if (!(netlist->input_scale > 0) || netlist->input_scale > 1e300)
        return cf_fail(err, "%s: the input scale is not a positive number of at most 1e300", netlist->label);
    return check_instances(netlist, err) && cf_implementation_check(netlist, err);
}

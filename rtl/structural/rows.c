/* rows.c - divides a netlist into rows and finds which of them can share a module. */
#include "rtl/structural/rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "netlists/check.h"

uint32_t cf_row_group(const struct cf_rows *rows, uint32_t row)
{
    uint32_t low = 0, high = rows->netlist->group_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (rows->first_row[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct cf_group *cf_input_group(const struct cf_rows *rows, const struct cf_row_module *module, uint32_t input)
{
    return &rows->netlist->groups[cf_row_group(rows, module->inputs[input].row)];
}

const char *cf_input_name(const struct cf_row_module *module, uint32_t input, char buffer[16])
{
    uint32_t port = module->inputs[input].port, number = 0;
    while (number < input && module->inputs[input - number - 1].port == port)
        number++;
    snprintf(buffer, 16, "%c%u", (char)('a' + port), number);
    return buffer;
}

const char *cf_row_name(const struct cf_rows *rows, uint32_t row, char buffer[CF_RTL_NAME_MAX])
{
    uint32_t g = cf_row_group(rows, row);
    return cf_rtl_row_name(&rows->names, g, row - rows->first_row[g], buffer);
}

const char *cf_row_module_name(const struct cf_rows *rows, const struct cf_row_module *module,
                               char buffer[CF_RTL_NAME_MAX])
{
    snprintf(buffer, CF_RTL_NAME_MAX, "%srow_%s_%u", rows->names.prefix, rows->names.identifier[module->group],
             module->number);
    return buffer;
}

uint32_t cf_row_of_net(const struct cf_rows *rows, uint32_t net, uint32_t *lane)
{
    uint32_t g = cf_netlist_group_of(rows->netlist, net);
    const struct cf_group *group = &rows->netlist->groups[g];
    uint32_t lanes = cf_group_lanes(group);
    *lane = (net - group->first_net) % lanes;
    return rows->first_row[g] + (net - group->first_net) / lanes;
}

/* ---- views ---- */

static bool reads(const struct cf_reach *reach, uint32_t port)
{
    return reach->low[port] <= reach->high[port];
}

/* Finds the net from which the bases of one port are counted. */
static void view_port(const struct cf_rows *rows, uint32_t port, struct cf_row_view *view)
{
    const struct cf_netlist *netlist = rows->netlist;
    const struct cf_group *group = &netlist->groups[view->group];
    uint32_t low = UINT32_MAX, high = 0;
    for (uint32_t l = 0; l < cf_group_lanes(group); l++) {
        const struct cf_reach *reach = &rows->reaches[group->cell[view->first + l]];
        uint32_t base = cf_instance_bases(group, view->first + l)[port];
        if (!reads(reach, port))
            continue;
        low = base + reach->low[port] < low ? base + reach->low[port] : low;
        high = base + reach->high[port] > high ? base + reach->high[port] : high;
    }
    view->source[port] = CF_SOURCE_NONE;
    view->origin[port] = 0;
    if (low > high)
        return;
    uint32_t g = cf_netlist_group_of(netlist, low);
    const struct cf_group *source = &netlist->groups[g];
    if (high - source->first_net >= source->count) {
        view->source[port] = CF_SOURCE_MANY;
        return;
    }
    view->source[port] = g;
    view->origin[port] = low - (low - source->first_net) % cf_group_lanes(source);
}

void cf_row_view(const struct cf_rows *rows, uint32_t row, struct cf_row_view *view)
{
    assert(row >= rows->first_row[1] && row < rows->first_row[rows->netlist->group_count]);
    *view = (struct cf_row_view){.row = row, .group = cf_row_group(rows, row)};
    const struct cf_group *group = &rows->netlist->groups[view->group];
    view->first = (row - rows->first_row[view->group]) * cf_group_lanes(group);
    for (uint32_t p = 0; p < group->ports; p++)
        view_port(rows, p, view);
}

uint32_t cf_row_wired_to(const struct cf_rows *rows, const struct cf_row_module *module, uint32_t input,
                         const struct cf_row_view *representative, const struct cf_row_view *member)
{
    assert(input < module->input_count && representative->group == member->group);
    uint32_t port = module->inputs[input].port, source = member->source[port];
    if (source == CF_SOURCE_MANY)
        return module->inputs[input].row;
    uint32_t lanes = cf_group_lanes(&rows->netlist->groups[source]);
    /* Unsigned numbers wrap round where the member stands before the representative. */
    return module->inputs[input].row + member->origin[port] / lanes - representative->origin[port] / lanes;
}

/* ---- which rows share a module ---- */

/* How far the base of one port of the gate in a lane is from the origin that the view has for the port. */
static uint32_t described_base(const struct cf_rows *rows, const struct cf_row_view *view, uint32_t lane, uint32_t port)
{
    const struct cf_group *group = &rows->netlist->groups[view->group];
    uint32_t index = view->first + lane;
    if (!reads(&rows->reaches[group->cell[index]], port))
        return 0;
    return cf_instance_bases(group, index)[port] - view->origin[port];
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t hash_view(const struct cf_rows *rows, const struct cf_row_view *view)
{
    const struct cf_group *group = &rows->netlist->groups[view->group];
    uint64_t hash = view->group;
    for (uint32_t p = 0; p < group->ports; p++)
        hash = mix(hash, view->source[p]);
    for (uint32_t l = 0; l < cf_group_lanes(group); l++) {
        hash = mix(hash, group->cell[view->first + l]);
        for (uint32_t p = 0; p < group->ports; p++)
            hash = mix(hash, described_base(rows, view, l, p));
    }
    return hash;
}

static bool equal_views(const struct cf_rows *rows, const struct cf_row_view *a, const struct cf_row_view *b)
{
    const struct cf_group *group = &rows->netlist->groups[a->group];
    if (a->group != b->group || memcmp(a->source, b->source, sizeof a->source) != 0)
        return false;
    for (uint32_t l = 0; l < cf_group_lanes(group); l++) {
        if (group->cell[a->first + l] != group->cell[b->first + l])
            return false;
        for (uint32_t p = 0; p < group->ports; p++)
            if (described_base(rows, a, l, p) != described_base(rows, b, l, p))
                return false;
    }
    return true;
}

/* An open-addressing table that finds the module of a row by what the row computes. */
struct module_table {
    uint32_t *slots;  /* the number of a module plus 1; 0: free */
    uint64_t *hashes; /* [slots] */
    uint32_t mask;
};

static bool add_module(struct cf_rows *rows, const struct cf_row_view *view, uint32_t *numbers)
{
    if (!cf_array_reserve(&rows->modules, &rows->module_capacity, rows->module_count + 1, sizeof *rows->modules))
        return false;
    rows->modules[rows->module_count++] =
        (struct cf_row_module){.group = view->group, .number = numbers[view->group]++, .representative = view->row};
    return true;
}

/* Finds the module that a row can share, or adds one. */
static bool find_module(struct cf_rows *rows, struct module_table *table, uint32_t row, uint32_t *numbers)
{
    struct cf_row_view view, other;
    cf_row_view(rows, row, &view);
    uint64_t hash = hash_view(rows, &view);
    uint32_t at = (uint32_t)(hash >> 32) & table->mask;
    for (;; at = (at + 1) & table->mask) {
        if (!table->slots[at]) {
            if (!add_module(rows, &view, numbers))
                return false;
            table->slots[at] = rows->module_count;
            table->hashes[at] = hash;
            break;
        }
        if (table->hashes[at] != hash)
            continue;
        cf_row_view(rows, rows->modules[table->slots[at] - 1].representative, &other);
        if (equal_views(rows, &view, &other))
            break;
    }
    rows->module_of[row] = table->slots[at] - 1;
    rows->modules[table->slots[at] - 1].uses++;
    return true;
}

static bool share_modules(struct cf_rows *rows)
{
    uint32_t count = rows->first_row[rows->netlist->group_count], size = 16;
    while (size < 2 * (uint64_t)count)
        size *= 2;
    struct module_table table = {calloc(size, sizeof *table.slots), calloc(size, sizeof *table.hashes), size - 1};
    uint32_t *numbers = calloc(rows->netlist->group_count, sizeof *numbers);
    bool done = table.slots && table.hashes && numbers;
    for (uint32_t row = 0; done && row < count; row++) {
        rows->module_of[row] = UINT32_MAX;
        if (row >= rows->first_row[1])
            done = find_module(rows, &table, row, numbers);
    }
    free(table.slots);
    free(table.hashes);
    free(numbers);
    return done;
}

/* ---- the rows that a module reads ---- */

/* Inserts a row into the module's inputs, which are kept in order, unless it is there. `*hint` is the place of the last
 * one: most terms read the row that the term before them read. */
static bool add_input(struct cf_row_module *module, size_t *capacity, uint32_t port, uint32_t row, uint32_t *hint)
{
    struct cf_row_input *inputs = module->inputs;
    if (*hint < module->input_count && inputs[*hint].port == port && inputs[*hint].row == row)
        return true;
    uint32_t low = 0, high = module->input_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool before = inputs[middle].port != port ? inputs[middle].port < port : inputs[middle].row < row;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *hint = low;
    if (low < module->input_count && inputs[low].port == port && inputs[low].row == row)
        return true;
    if (!cf_array_reserve(&module->inputs, capacity, module->input_count + 1, sizeof *module->inputs))
        return false;
    inputs = module->inputs;
    memmove(inputs + low + 1, inputs + low, (module->input_count - low) * sizeof *inputs);
    inputs[low] = (struct cf_row_input){port, row};
    module->input_count++;
    return true;
}

static bool find_inputs(const struct cf_rows *rows, struct cf_row_module *module)
{
    const struct cf_group *group = &rows->netlist->groups[module->group];
    uint32_t lanes = cf_group_lanes(group), hint = 0, lane;
    size_t capacity = 0;
    uint32_t first = (module->representative - rows->first_row[module->group]) * lanes;
    for (uint32_t l = 0; l < lanes; l++) {
        const struct cf_cell *cell = &rows->netlist->cells[group->cell[first + l]];
        const uint32_t *bases = cf_instance_bases(group, first + l);
        for (uint32_t t = 0; t < cell->term_count; t++) {
            const struct cf_term *term = &cell->terms[t];
            uint32_t row = cf_row_of_net(rows, bases[term->port] + term->offset, &lane);
            if (!add_input(module, &capacity, term->port, row, &hint))
                return false;
        }
    }
    return true;
}

/* ---- building ---- */

static bool allocate(struct cf_rows *rows)
{
    const struct cf_netlist *netlist = rows->netlist;
    rows->reaches = calloc(netlist->cell_count ? netlist->cell_count : 1, sizeof *rows->reaches);
    rows->first_row = calloc(netlist->group_count + 1, sizeof *rows->first_row);
    if (!rows->reaches || !rows->first_row)
        return false;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        rows->first_row[g + 1] = rows->first_row[g] + netlist->groups[g].count / cf_group_lanes(&netlist->groups[g]);
    rows->module_of = calloc(rows->first_row[netlist->group_count], sizeof *rows->module_of);
    return rows->module_of != NULL;
}

bool cf_rows_build(struct cf_rows *rows, const struct cf_netlist *netlist, const char *prefix, struct cf_error *err)
{
    assert(cf_netlist_is_valid(netlist));
    *rows = (struct cf_rows){.netlist = netlist};
    bool named = cf_rtl_names_make(&rows->names, netlist, prefix, err), done = named && allocate(rows);
    for (uint32_t c = 0; done && c < netlist->cell_count; c++)
        cf_cell_reach(&netlist->cells[c], &rows->reaches[c]);
    done = done && share_modules(rows);
    for (uint32_t c = 0; done && c < rows->module_count; c++)
        done = find_inputs(rows, &rows->modules[c]);
    if (!done) {
        cf_rows_free(rows);
        return named && cf_fail(err, "%s: out of memory", netlist->label);
    }
    return true;
}

void cf_rows_free(struct cf_rows *rows)
{
    for (uint32_t c = 0; c < rows->module_count; c++)
        free(rows->modules[c].inputs);
    free(rows->modules);
    free(rows->reaches);
    free(rows->first_row);
    free(rows->module_of);
    cf_rtl_names_free(&rows->names);
    *rows = (struct cf_rows){0};
}

/* rows.c - divides a netlist into rows, names them, and finds which of them can share a module. */
#include "rtl/structural/rows.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* ---- names ---- */

/* Runs of '.' and '_' become one '_': Verilator rewrites "__" in the names that its C++ shows. */
static void plain_identifier(const char *name, char *out, size_t size)
{
    size_t used = 0;
    for (; *name && used + 1 < size; name++) {
        if (isalnum((unsigned char)*name))
            out[used++] = *name;
        else if (used > 0 && out[used - 1] != '_')
            out[used++] = '_';
    }
    while (used > 0 && out[used - 1] == '_')
        used--;
    out[used] = '\0';
}

/* Could rows, instances ("u_...") or classes of two groups get the same name? */
static bool ambiguous(const char *a, const char *b)
{
    if (!isalpha((unsigned char)*a) || strncmp(a, "u_", 2) == 0)
        return true;
    size_t length = strlen(a);
    if (strncmp(a, b, length) != 0)
        return false;
    return strspn(b + length, "_0123456789") == strlen(b + length) && (b[length] == '_' || b[length] == '\0');
}

/* "s1.classify" is s1_classify. Where that leaves doubts, every group is called by its number too: g7_s1_classify. */
static void name_groups(struct cf_rows *rows)
{
    const struct cf_netlist *netlist = rows->netlist;
    bool doubt = false;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        plain_identifier(netlist->groups[g].name, rows->identifier[g], sizeof rows->identifier[g]);
    for (uint32_t a = 0; a < netlist->group_count && !doubt; a++) {
        doubt = ambiguous(rows->identifier[a], "");
        for (uint32_t b = 0; b < netlist->group_count && !doubt; b++)
            doubt = a != b && ambiguous(rows->identifier[a], rows->identifier[b]);
    }
    for (uint32_t g = 0; g < netlist->group_count && doubt; g++) {
        char plain[CF_NAME_MAX];
        plain_identifier(netlist->groups[g].name, plain, sizeof plain);
        snprintf(rows->identifier[g], sizeof rows->identifier[g], "g%u_%.100s", g, plain);
    }
}

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

const char *cf_row_name(const struct cf_rows *rows, uint32_t row, char buffer[CF_ROW_NAME_MAX])
{
    uint32_t g = cf_row_group(rows, row), index = row - rows->first_row[g];
    const struct cf_group *group = &rows->netlist->groups[g];
    uint32_t at[CF_GROUP_MAX_RANK];
    for (int i = group->rank - 2; i >= 0; i--) {
        at[i] = index % group->shape[i];
        index /= group->shape[i];
    }
    int used = snprintf(buffer, CF_ROW_NAME_MAX, "%s", rows->identifier[g]);
    for (int i = 0; i < group->rank - 1; i++)
        used += snprintf(buffer + used, CF_ROW_NAME_MAX - (size_t)used, "_%u", at[i]);
    if (group->rank == 1) /* no position: the name must still differ from a keyword, "input" say */
        snprintf(buffer + used, CF_ROW_NAME_MAX - (size_t)used, "_0");
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

/* Where one port's bases are counted from. */
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
    *view = (struct cf_row_view){.row = row, .group = cf_row_group(rows, row)};
    const struct cf_group *group = &rows->netlist->groups[view->group];
    view->first = (row - rows->first_row[view->group]) * cf_group_lanes(group);
    for (uint32_t p = 0; p < group->ports; p++)
        view_port(rows, p, view);
}

uint32_t cf_row_wired_to(const struct cf_rows *rows, const struct cf_row_class *class, uint32_t input,
                         const struct cf_row_view *representative, const struct cf_row_view *member)
{
    uint32_t port = class->inputs[input].port, source = member->source[port];
    if (source == CF_SOURCE_MANY)
        return class->inputs[input].row;
    uint32_t lanes = cf_group_lanes(&rows->netlist->groups[source]);
    /* Modular arithmetic: the member may stand before the representative. */
    return class->inputs[input].row + member->origin[port] / lanes - representative->origin[port] / lanes;
}

/* ---- classes ---- */

/* What one lane's port contributes to the description of its row. */
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

/* An open-addressing table from descriptions to classes. */
struct class_table {
    uint32_t *slots;  /* class + 1; 0: free */
    uint64_t *hashes; /* [slots] */
    uint32_t mask;
};

static bool add_class(struct cf_rows *rows, const struct cf_row_view *view, uint32_t *numbers)
{
    if (!cf_array_reserve(&rows->classes, &rows->class_capacity, rows->class_count + 1, sizeof *rows->classes))
        return false;
    rows->classes[rows->class_count++] =
        (struct cf_row_class){.group = view->group, .number = numbers[view->group]++, .representative = view->row};
    return true;
}

/* Finds or makes the class of one row. */
static bool classify_row(struct cf_rows *rows, struct class_table *table, uint32_t row, uint32_t *numbers)
{
    struct cf_row_view view, other;
    cf_row_view(rows, row, &view);
    uint64_t hash = hash_view(rows, &view);
    uint32_t at = (uint32_t)(hash >> 32) & table->mask;
    for (;; at = (at + 1) & table->mask) {
        if (!table->slots[at]) {
            if (!add_class(rows, &view, numbers))
                return false;
            table->slots[at] = rows->class_count;
            table->hashes[at] = hash;
            break;
        }
        if (table->hashes[at] != hash)
            continue;
        cf_row_view(rows, rows->classes[table->slots[at] - 1].representative, &other);
        if (equal_views(rows, &view, &other))
            break;
    }
    rows->class_of[row] = table->slots[at] - 1;
    rows->classes[table->slots[at] - 1].uses++;
    return true;
}

static bool classify_rows(struct cf_rows *rows)
{
    uint32_t count = rows->first_row[rows->netlist->group_count], size = 16;
    while (size < 2 * (uint64_t)count)
        size *= 2;
    struct class_table table = {calloc(size, sizeof *table.slots), calloc(size, sizeof *table.hashes), size - 1};
    uint32_t *numbers = calloc(rows->netlist->group_count, sizeof *numbers);
    bool done = table.slots && table.hashes && numbers;
    for (uint32_t row = 0; done && row < count; row++) {
        rows->class_of[row] = UINT32_MAX;
        if (row >= rows->first_row[1])
            done = classify_row(rows, &table, row, numbers);
    }
    free(table.slots);
    free(table.hashes);
    free(numbers);
    return done;
}

/* ---- the rows that a class reads ---- */

/* Inserts into the sorted inputs; most terms repeat the place that the one before them had. */
static bool add_input(struct cf_row_class *class, size_t *capacity, uint32_t port, uint32_t row, uint32_t *hint)
{
    struct cf_row_input *inputs = class->inputs;
    if (*hint < class->input_count && inputs[*hint].port == port && inputs[*hint].row == row)
        return true;
    uint32_t low = 0, high = class->input_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool before = inputs[middle].port != port ? inputs[middle].port < port : inputs[middle].row < row;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *hint = low;
    if (low < class->input_count && inputs[low].port == port && inputs[low].row == row)
        return true;
    if (!cf_array_reserve(&class->inputs, capacity, class->input_count + 1, sizeof *class->inputs))
        return false;
    inputs = class->inputs;
    memmove(inputs + low + 1, inputs + low, (class->input_count - low) * sizeof *inputs);
    inputs[low] = (struct cf_row_input){port, row};
    class->input_count++;
    return true;
}

static bool find_inputs(const struct cf_rows *rows, struct cf_row_class *class)
{
    const struct cf_group *group = &rows->netlist->groups[class->group];
    uint32_t lanes = cf_group_lanes(group), hint = 0, lane;
    size_t capacity = 0;
    uint32_t first = (class->representative - rows->first_row[class->group]) * lanes;
    for (uint32_t l = 0; l < lanes; l++) {
        const struct cf_cell *cell = &rows->netlist->cells[group->cell[first + l]];
        const uint32_t *bases = cf_instance_bases(group, first + l);
        for (uint32_t t = 0; t < cell->term_count; t++) {
            const struct cf_term *term = &cell->terms[t];
            uint32_t row = cf_row_of_net(rows, bases[term->port] + term->offset, &lane);
            if (!add_input(class, &capacity, term->port, row, &hint))
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
    rows->identifier = calloc(netlist->group_count, sizeof *rows->identifier);
    if (!rows->reaches || !rows->first_row || !rows->identifier)
        return false;
    for (uint32_t g = 0; g < netlist->group_count; g++)
        rows->first_row[g + 1] = rows->first_row[g] + netlist->groups[g].count / cf_group_lanes(&netlist->groups[g]);
    rows->class_of = calloc(rows->first_row[netlist->group_count], sizeof *rows->class_of);
    return rows->class_of != NULL;
}

bool cf_rows_build(struct cf_rows *rows, const struct cf_netlist *netlist, struct cf_error *err)
{
    *rows = (struct cf_rows){.netlist = netlist};
    bool done = allocate(rows);
    for (uint32_t c = 0; done && c < netlist->cell_count; c++)
        cf_cell_reach(&netlist->cells[c], &rows->reaches[c]);
    if (done)
        name_groups(rows);
    done = done && classify_rows(rows);
    for (uint32_t c = 0; done && c < rows->class_count; c++)
        done = find_inputs(rows, &rows->classes[c]);
    if (!done) {
        cf_rows_free(rows);
        return cf_fail(err, "%s: out of memory", netlist->label);
    }
    return true;
}

void cf_rows_free(struct cf_rows *rows)
{
    for (uint32_t c = 0; c < rows->class_count; c++)
        free(rows->classes[c].inputs);
    free(rows->classes);
    free(rows->reaches);
    free(rows->first_row);
    free(rows->class_of);
    free(rows->identifier);
    *rows = (struct cf_rows){0};
}

/* diff.c - compares two netlists gate by gate, and puts differences into words. */
#include "netlists/diff.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/cell.h"
#include "netlists/names.h"

/* Where differences go: they are counted, the first is kept, and `found` hears of all. */
struct notes {
    struct cf_netlist_diff *diff;
    void (*found)(void *context, uint32_t group, const char *text);
    void *context;
};

static void note(const struct notes *notes, uint32_t group, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void note(const struct notes *notes, uint32_t group, const char *format, ...)
{
    char text[sizeof notes->diff->first];
    bool first = notes->diff->different++ == 0;
    if (!first && !notes->found)
        return;
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (first)
        memcpy(notes->diff->first, text, sizeof text);
    if (notes->found)
        notes->found(notes->context, group, text);
}

static bool describe_types(const char *what, struct cf_type a, struct cf_type b, char *text, size_t size)
{
    return snprintf(text, size, "%s of %u bits (%d fraction, %s) against %u (%d, %s)", what, a.width, a.frac,
                    a.is_signed ? "signed" : "unsigned", b.width, b.frac, b.is_signed ? "signed" : "unsigned") > 0;
}

/* Describes the first difference of two cells; false when they are equal. */
static bool describe_cells(const struct cf_cell *a, const struct cf_cell *b, char *text, size_t size)
{
    if (a->activation != b->activation)
        return snprintf(text, size, "activation %s against %s", cf_activation_name(a->activation),
                        cf_activation_name(b->activation)) > 0;
    if (!cf_type_equal(a->type, b->type))
        return describe_types("output", a->type, b->type, text, size);
    if (a->port_count != b->port_count)
        return snprintf(text, size, "%u ports against %u", a->port_count, b->port_count) > 0;
    for (uint32_t p = 0; p < a->port_count; p++)
        if (!cf_type_equal(a->ports[p], b->ports[p])) {
            char what[16];
            snprintf(what, sizeof what, "port %u", p);
            return describe_types(what, a->ports[p], b->ports[p], text, size);
        }
    for (uint32_t t = 0; t < a->term_count && t < b->term_count; t++) {
        const struct cf_term *x = &a->terms[t], *y = &b->terms[t];
        if (x->port != y->port || x->offset != y->offset)
            return snprintf(text, size, "term %u reads port %u offset %u against port %u offset %u", t, x->port,
                            x->offset, y->port, y->offset) > 0;
        if (x->square != y->square)
            return snprintf(text, size, "term %u (port %u, offset %u) reads %s against %s", t, x->port, x->offset,
                            x->square ? "the square" : "the net", y->square ? "the square" : "the net") > 0;
        if (x->weight != y->weight || x->shift != y->shift)
            return snprintf(text, size, "term %u (port %u, offset %u): weight %d << %u against %d << %u", t, x->port,
                            x->offset, x->weight, x->shift, y->weight, y->shift) > 0;
    }
    if (a->term_count != b->term_count)
        return snprintf(text, size, "%u terms against %u", a->term_count, b->term_count) > 0;
    if (a->bias != b->bias)
        return snprintf(text, size, "bias %" PRId64 " against %" PRId64, a->bias, b->bias) > 0;
    return false;
}

/* Whether the lanes of two groups of one shape have the same names. */
static bool same_lanes(const struct cf_group *x, const struct cf_group *y)
{
    for (uint32_t l = 0; (x->lane_names || y->lane_names) && l < cf_group_lanes(x); l++)
        if (cf_group_lane_name(x, l) != cf_group_lane_name(y, l))
            return false;
    return true;
}

static bool same_groups(const struct cf_netlist *a, const struct cf_netlist *b, const struct notes *notes)
{
    for (uint32_t g = 0; g < a->group_count || g < b->group_count; g++) {
        if (g >= a->group_count || g >= b->group_count) {
            const struct cf_netlist *has = g < a->group_count ? a : b;
            note(notes, CF_INPUT, "only %s has group '%s'", has->label, has->groups[g].name);
            return false;
        }
        const struct cf_group *x = &a->groups[g], *y = &b->groups[g];
        const char *what = NULL;
        if (strcmp(x->name, y->name) != 0)
            what = "name";
        else if (x->rank != y->rank || memcmp(x->shape, y->shape, sizeof x->shape) != 0)
            what = "shape";
        else if (!same_lanes(x, y))
            what = "set of lanes";
        else if (!cf_type_equal(x->type, y->type))
            what = "type";
        else if (x->ports != y->ports)
            what = "number of ports";
        else if (x->output != y->output)
            what = "role as an output";
        if (what) {
            note(notes, CF_INPUT, "group %u ('%s' and '%s'): the %s differs", g, x->name, y->name, what);
            return false;
        }
    }
    return true;
}

/* Remembers, for each cell of `a`, the cell of `b` last found equal to it: gates that share cells compare in O(1). */
static void compare_group(const struct cf_netlist *a, const struct cf_netlist *b, uint32_t g, uint32_t *equal,
                          const struct notes *notes)
{
    const struct cf_group *x = &a->groups[g], *y = &b->groups[g];
    char gate[CF_NAME_MAX], net[2][CF_NAME_MAX], text[512];
    for (uint32_t i = 0; i < x->count; i++) {
        uint32_t ca = x->cell[i], cb = y->cell[i];
        notes->diff->compared++;
        if (equal[ca] != cb + 1 && describe_cells(&a->cells[ca], &b->cells[cb], text, sizeof text)) {
            note(notes, g, "%s: %s", cf_gate_name(x, i, gate, sizeof gate), text);
            continue;
        }
        equal[ca] = cb + 1;
        for (uint32_t p = 0; p < x->ports; p++) {
            uint32_t na = cf_instance_bases(x, i)[p], nb = cf_instance_bases(y, i)[p];
            if (na == nb)
                continue;
            note(notes, g, "%s: port %u is based at %s against %s", cf_gate_name(x, i, gate, sizeof gate), p,
                 cf_net_name(a, na, net[0], sizeof net[0]), cf_net_name(b, nb, net[1], sizeof net[1]));
            break;
        }
    }
}

bool cf_netlist_compare(const struct cf_netlist *a, const struct cf_netlist *b, struct cf_netlist_diff *diff,
                        void (*found)(void *context, uint32_t group, const char *text), void *context,
                        struct cf_error *err)
{
    const struct notes notes = {diff, found, context};
    *diff = (struct cf_netlist_diff){0};
    if (!same_groups(a, b, &notes))
        return true;
    if (a->input_scale != b->input_scale)
        note(&notes, CF_INPUT, "input: scale %.17g against %.17g", a->input_scale, b->input_scale);
    uint32_t *equal = calloc((size_t)a->cell_count + 1, sizeof *equal);
    if (!equal)
        return cf_fail(err, "%s: out of memory", a->label);
    for (uint32_t g = 1; g < a->group_count; g++)
        compare_group(a, b, g, equal, &notes);
    free(equal);
    return true;
}

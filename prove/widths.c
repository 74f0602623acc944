/* widths.c - finds the least and greatest sum of every cell's gates by linear forms, and evaluates the gates there. */
#include "prove/widths.h"

#include <assert.h>
#include <stdlib.h>

#include "base/array.h"
#include "netlists/cell.h"
#include "netlists/linear_form.h"
#include "netlists/names.h"

struct search {
    const struct cf_netlist *netlist;
    struct cf_form_finder *finder;
    struct cf_width *widths;
    int64_t *nets;      /* [net_count]: the inputs, and the values of the gates that were evaluated last */
    uint32_t *round_of; /* [net_count]: the round in which a net was last in the list */
    uint32_t round;
    uint32_t *list; /* the gates that are evaluated in this round */
    size_t count, capacity;
    struct cf_error *err;
};

/* ---- evaluating one gate ---- */

/* Adds the gates on which a net depends, its own included, to the list of this round. */
static bool collect(struct search *s, uint32_t root)
{
    size_t next = s->count;
    for (uint32_t net = root;; net = s->list[next++]) {
        uint32_t g = cf_netlist_group_of(s->netlist, net);
        const struct cf_group *group = &s->netlist->groups[g];
        const struct cf_cell *cell = &s->netlist->cells[group->cell[net - group->first_net]];
        const uint32_t *bases = cf_instance_bases(group, net - group->first_net);
        if (!cf_array_reserve(&s->list, &s->capacity, s->count + cell->term_count, sizeof *s->list))
            return false;
        for (uint32_t t = 0; t < cell->term_count; t++) {
            uint32_t source = bases[cell->terms[t].port] + cell->terms[t].offset;
            if (source < s->netlist->groups[CF_INPUT].count || s->round_of[source] == s->round)
                continue;
            s->round_of[source] = s->round;
            s->list[s->count++] = source;
        }
        if (next == s->count)
            return true;
    }
}

static int ascending(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Values of all gates that a gate depends on, in the order of the nets, in which gates read earlier ones alone. */
static bool evaluate(struct search *s, uint32_t net)
{
    s->round++;
    s->count = 0;
    if (!collect(s, net))
        return cf_fail(s->err, "%s: out of memory", s->netlist->label);
    if (s->count > 1)
        qsort(s->list, s->count, sizeof *s->list, ascending);
    for (size_t i = 0; i < s->count; i++) {
        const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, s->list[i])];
        uint32_t index = s->list[i] - group->first_net;
        const struct cf_cell *cell = &s->netlist->cells[group->cell[index]];
        s->nets[s->list[i]] = cf_cell_output(cell, cf_cell_sum(cell, cf_instance_bases(group, index), s->nets));
    }
    return true;
}

/* Checks that the gate has that sum when each input of the form has the value that makes the sum greatest (or least).
 * The inputs that are not in the form stay 0: the gate may depend on them, but their factors cancel. */
static bool confirm(struct search *s, uint32_t net, const struct cf_linear_form *form, bool greatest, int64_t sum)
{
    struct cf_type input = s->netlist->groups[CF_INPUT].type;
    const struct cf_group *group = &s->netlist->groups[cf_netlist_group_of(s->netlist, net)];
    const struct cf_cell *cell = &s->netlist->cells[group->cell[net - group->first_net]];
    const uint32_t *bases = cf_instance_bases(group, net - group->first_net);
    char name[CF_NAME_MAX];
    for (uint32_t i = 0; i < form->count; i++)
        s->nets[form->input[i]] = (form->factor[i] > 0) == greatest ? cf_type_max(input) : cf_type_min(input);
    if (!evaluate(s, net))
        return false;
    int64_t found = cf_cell_sum(cell, bases, s->nets);
    for (uint32_t i = 0; i < form->count; i++)
        s->nets[form->input[i]] = 0;
    return found == sum || cf_fail(s->err, "%s: %s: its form gives the sum %lld, its gates %lld", s->netlist->label,
                                   cf_net_name(s->netlist, net, name, sizeof name), (long long)sum, (long long)found);
}

/* ---- finding the ends ---- */

static bool extremes(const struct cf_linear_form *form, struct cf_type input, int64_t *least, int64_t *greatest)
{
    int64_t low = cf_type_min(input), high = cf_type_max(input), a, b;
    *least = *greatest = form->constant;
    for (uint32_t i = 0; i < form->count; i++) {
        if (__builtin_mul_overflow(form->factor[i], form->factor[i] > 0 ? low : high, &a) ||
            __builtin_mul_overflow(form->factor[i], form->factor[i] > 0 ? high : low, &b) ||
            __builtin_add_overflow(*least, a, least) || __builtin_add_overflow(*greatest, b, greatest))
            return false;
    }
    return true;
}

static bool both_decisions(const struct cf_width *w)
{
    return w->known && w->gates > 0 && w->least < 0 && w->greatest >= 0;
}

/* True when further gates of the cell cannot change the result. */
static bool settled(const struct cf_cell *cell, const struct cf_width *w)
{
    return w->placed && (!w->known || (cell->activation == CF_STEP && both_decisions(w)));
}

/* Takes one more gate of a cell into account. A new end is evaluated at once. */
static bool follow(struct search *s, uint32_t g, uint32_t index)
{
    const struct cf_group *group = &s->netlist->groups[g];
    uint32_t c = group->cell[index], net = group->first_net + index;
    struct cf_width *w = &s->widths[c];
    struct cf_linear_form form;
    int64_t least, greatest;
    if (settled(&s->netlist->cells[c], w))
        return true;
    if (!w->placed)
        *w = (struct cf_width){.placed = true, .known = true, .group = g};
    if (!cf_cell_is_plain(&s->netlist->cells[c]) || !cf_find_form(s->finder, net, &form) ||
        !extremes(&form, s->netlist->groups[CF_INPUT].type, &least, &greatest)) {
        w->known = false;
        return !cf_form_finder_failed(s->finder) || cf_fail(s->err, "%s: out of memory", s->netlist->label);
    }
    bool first = w->gates++ == 0;
    if (first || least < w->least) {
        w->least = least;
        w->least_gate = net;
        if (!confirm(s, net, &form, false, least))
            return false;
    }
    if (first || greatest > w->greatest) {
        w->greatest = greatest;
        w->greatest_gate = net;
        if (!confirm(s, net, &form, true, greatest))
            return false;
    }
    return true;
}

/* The fewest bits of a type with that sign. */
static int bits_for(int64_t least, int64_t greatest, bool is_signed)
{
    if (is_signed)
        return cf_signed_width(least, greatest);
    int bits = cf_signed_width(0, greatest) - 1;
    return bits > 0 ? bits : 1;
}

static void conclude(const struct cf_netlist *netlist, uint32_t c, struct cf_width *w)
{
    struct cf_type type = netlist->cells[c].type;
    if (!w->known || !w->placed)
        return;
    if (netlist->cells[c].activation == CF_STEP) {
        w->both = both_decisions(w);
        w->bits = 1;
        return;
    }
    w->both = w->least == cf_type_min(type) && w->greatest == cf_type_max(type);
    w->bits = bits_for(w->least, w->greatest, type.is_signed);
}

static bool find(struct search *s)
{
    for (uint32_t g = 1; g < s->netlist->group_count; g++)
        for (uint32_t i = 0; i < s->netlist->groups[g].count; i++)
            if (!follow(s, g, i))
                return false;
    for (uint32_t c = 0; c < s->netlist->cell_count; c++)
        conclude(s->netlist, c, &s->widths[c]);
    return true;
}

bool cf_find_widths(const struct cf_netlist *netlist, struct cf_width *widths, struct cf_error *err)
{
    struct search s = {.netlist = netlist,
                       .finder = cf_form_finder_new(netlist),
                       .widths = widths,
                       .nets = calloc(netlist->net_count, sizeof *s.nets),
                       .round_of = calloc(netlist->net_count, sizeof *s.round_of),
                       .err = err};
    for (uint32_t c = 0; c < netlist->cell_count; c++)
        widths[c] = (struct cf_width){0};
    bool done = (s.finder && s.nets && s.round_of) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && find(&s);
    cf_form_finder_free(s.finder);
    free(s.nets);
    free(s.round_of);
    free(s.list);
    return done;
}

bool cf_width_tight(const struct cf_netlist *netlist, uint32_t cell, const struct cf_width *width)
{
    assert(cell < netlist->cell_count);
    return width->known && width->bits == netlist->cells[cell].type.width;
}

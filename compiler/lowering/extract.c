/* extract.c - copies a few gates, and the nets that they read, into a netlist of their own. */
#include "compiler/lowering/extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/check.h"
#include "netlists/names.h"

struct extraction {
    const struct cf_netlist *from;
    const struct cf_group *group, *source; /* of the gates, and of what they read */
    const uint32_t *gates;                 /* nets */
    uint32_t count;
    uint8_t *read;  /* by net of the source: whether a gate reads it */
    uint32_t *rank; /* [source->count + 1]: how many that are read stand before */
    struct cf_netlist *piece;
    struct cf_error *err;
};

static bool out_of_memory(struct extraction *c)
{
    return cf_fail(c->err, "%s: out of memory", c->from->label);
}

static const struct cf_cell *cell_of(const struct extraction *c, uint32_t i)
{
    return &c->from->cells[c->group->cell[c->gates[i] - c->group->first_net]];
}

static const uint32_t *bases_of(const struct extraction *c, uint32_t i)
{
    return cf_instance_bases(c->group, c->gates[i] - c->group->first_net);
}

/* Finds the group of all gates and the group that they read, which is the input if they read nothing. */
static bool find_groups(struct extraction *c)
{
    char name[CF_NAME_MAX];
    uint32_t group = cf_netlist_group_of(c->from, c->gates[0]), source = UINT32_MAX;
    c->group = &c->from->groups[group];
    if (group == CF_INPUT)
        return cf_fail(c->err, "%s: an input is no gate", cf_net_name(c->from, c->gates[0], name, sizeof name));
    for (uint32_t i = 0; i < c->count; i++) {
        cf_net_name(c->from, c->gates[i], name, sizeof name);
        if (cf_netlist_group_of(c->from, c->gates[i]) != group)
            return cf_fail(c->err, "%s: is not of group '%s'; a netlist is cut from one group", name, c->group->name);
        const struct cf_cell *cell = cell_of(c, i);
        for (uint32_t t = 0; t < cell->term_count; t++) {
            uint32_t found = cf_netlist_group_of(c->from, bases_of(c, i)[cell->terms[t].port] + cell->terms[t].offset);
            if (source != UINT32_MAX && found != source)
                return cf_fail(c->err, "%s: reads '%s', and '%s' is read too; a netlist has one input", name,
                               c->from->groups[found].name, c->from->groups[source].name);
            source = found;
        }
    }
    c->source = &c->from->groups[source == UINT32_MAX ? CF_INPUT : source];
    return true;
}

static bool rank_nets(struct extraction *c)
{
    c->read = calloc(c->source->count, sizeof *c->read);
    c->rank = calloc((size_t)c->source->count + 1, sizeof *c->rank);
    if (!c->read || !c->rank)
        return out_of_memory(c);
    for (uint32_t i = 0; i < c->count; i++) {
        const struct cf_cell *cell = cell_of(c, i);
        for (uint32_t t = 0; t < cell->term_count; t++)
            c->read[bases_of(c, i)[cell->terms[t].port] + cell->terms[t].offset - c->source->first_net] = 1;
    }
    for (uint32_t net = 0; net < c->source->count; net++)
        c->rank[net + 1] = c->rank[net] + c->read[net];
    /* Gates that read nothing are constants. A netlist has an input all the same: one net, which nothing reads. */
    if (c->rank[c->source->count] == 0) {
        c->read[0] = 1;
        for (uint32_t net = 0; net < c->source->count; net++)
            c->rank[net + 1] = 1;
    }
    return true;
}

/* Returns the new base of a port: the first net at or after the old base that some gate reads. The old base may stand
 * before the group, and anywhere if nothing is read through the port. */
static uint32_t moved_base(const struct extraction *c, uint32_t base)
{
    uint32_t last = c->rank[c->source->count] - 1;
    if (base < c->source->first_net)
        return 0;
    if (base - c->source->first_net >= c->source->count)
        return last;
    uint32_t moved = c->rank[base - c->source->first_net];
    return moved < last ? moved : last;
}

/* Writes the terms of gate `i` with the offsets that they have among the nets that are left. */
static void move_terms(const struct extraction *c, uint32_t i, struct cf_term *terms)
{
    const struct cf_cell *cell = cell_of(c, i);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        uint32_t base = bases_of(c, i)[cell->terms[t].port], net = base + cell->terms[t].offset;
        terms[t] = cell->terms[t];
        terms[t].offset = c->rank[net - c->source->first_net] - moved_base(c, base);
    }
}

static bool same_terms(const struct cf_term *a, const struct cf_term *b, uint32_t count)
{
    for (uint32_t t = 0; t < count; t++)
        if (a[t].offset != b[t].offset) /* they come from one cell, and differ in nothing else */
            return false;
    return true;
}

/* Adds the cell of gate `i`. If the gate before it had the same cell and the same terms, the cell is shared. */
static bool place_gate(struct extraction *c, uint32_t i, struct cf_term *terms)
{
    struct cf_group *group = &c->piece->groups[1];
    struct cf_cell cell = *cell_of(c, i);
    move_terms(c, i, terms);
    for (uint32_t p = 0; p < group->ports; p++)
        group->base[(size_t)i * group->ports + p] = moved_base(c, bases_of(c, i)[p]);
    for (uint32_t before = i; before-- > 0;)
        if (cell_of(c, before) == cell_of(c, i)) {
            group->cell[i] = group->cell[before];
            if (same_terms(c->piece->cells[group->cell[i]].terms, terms, cell.term_count))
                return true;
            break;
        }
    cell.terms = terms;
    return cf_netlist_add_cell(c->piece, &cell, &group->cell[i], c->err);
}

static bool place_gates(struct extraction *c)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < c->count; i++)
        most = cell_of(c, i)->term_count > most ? cell_of(c, i)->term_count : most;
    struct cf_term *terms = calloc(most, sizeof *terms);
    bool done = terms || out_of_memory(c);
    for (uint32_t i = 0; done && i < c->count; i++)
        done = place_gate(c, i, terms);
    free(terms);
    return done;
}

/* Writes the gates' names, separated by blanks; neighbouring gates become "first...last". */
static bool keep_names(struct extraction *c)
{
    char *text = calloc(c->count, CF_NAME_MAX + 3), *end = text;
    if (!text)
        return out_of_memory(c);
    for (uint32_t i = 0; i < c->count; i++) {
        bool goes_on = i > 0 && c->gates[i] == c->gates[i - 1] + 1;
        if (goes_on && i + 1 < c->count && c->gates[i + 1] == c->gates[i] + 1)
            continue;
        end += sprintf(end, "%s", i == 0 ? "" : goes_on ? "..." : " ");
        end += strlen(cf_net_name(c->from, c->gates[i], end, CF_NAME_MAX));
    }
    bool done = cf_netlist_set_meta(c->piece, "cut.gates", text, c->err);
    free(text);
    return done;
}

static bool build(struct extraction *c)
{
    uint32_t input[3] = {1, 1, c->rank[c->source->count]}, gates[3] = {1, 1, c->count};
    c->piece = cf_netlist_new(c->from->label, c->err);
    if (!c->piece)
        return false;
    c->piece->input_scale = 1;
    return cf_netlist_add_group(c->piece, "input", 3, input, 0, c->source->type, false, c->err) &&
           cf_netlist_add_group(c->piece, c->group->name, 3, gates, c->group->ports, c->group->type, true, c->err) &&
           place_gates(c) && keep_names(c) && cf_netlist_check(c->piece, c->err);
}

bool cf_extract(struct cf_netlist **piece, const struct cf_netlist *netlist, const uint32_t *gates, uint32_t count,
                struct cf_error *err)
{
    struct extraction c = {.from = netlist, .gates = gates, .count = count, .err = err};
    *piece = NULL;
    bool done = find_groups(&c) && rank_nets(&c) && build(&c);
    free(c.read);
    free(c.rank);
    if (done)
        *piece = c.piece;
    else
        cf_netlist_free(c.piece);
    return done;
}

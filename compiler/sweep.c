/* sweep.c - removes dead gates. A group loses the lanes in which all gates are dead, and the positions after the
 * last live one along each axis; a group without gates is removed. The gates that stay keep their names. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compiler/passes.h"
#include "netlists/cell.h"

/* A cell of the old netlist with the offsets that its terms have in the new one. */
struct variant {
    uint32_t cell, next; /* the new cell; the index + 1 of the next variant of the same old cell, or 0 */
    size_t offsets;      /* where its offsets begin among all of them */
};

struct sweep {
    const struct cf_netlist *from;
    struct cf_netlist *to;
    uint8_t *keep;                          /* [net_count]: the net stays */
    uint32_t (*extents)[CF_GROUP_MAX_RANK]; /* the size along each axis of the part of each group that stays */
    uint32_t *place;          /* [net_count]: how many nets before it stay, which is its new number if it does */
    struct cf_reach *reaches; /* of each old cell */
    uint32_t *first;          /* [cell_count]: the index + 1 of the first variant of an old cell, or 0 */
    struct variant *variants;
    size_t variant_count, variant_capacity;
    uint32_t *offsets;
    size_t offset_count, offset_capacity;
    struct cf_error *err;
};

static bool no_memory(const struct sweep *s)
{
    return cf_fail(s->err, "%s: out of memory", s->from->label);
}

/* ---- what stays -------------------------------------------------------------------------------------------------- */

/* Keeps what the gate of net `net` reads. */
static void keep_operands(const struct sweep *s, const struct cf_group *group, uint32_t index)
{
    const struct cf_cell *cell = &s->from->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t t = 0; t < cell->term_count; t++)
        s->keep[bases[cell->terms[t].port] + cell->terms[t].offset] = 1;
}

/* The part of a group that stays: the lanes in which some gate stays and, along each axis, the positions up to the last
 * one in which some gate stays. */
struct box {
    uint8_t *lane;                      /* [lanes] */
    uint32_t extent[CF_GROUP_MAX_RANK]; /* the last axis' is that of the whole group */
};

static void split_index(const struct cf_group *group, uint32_t index, uint32_t at[CF_GROUP_MAX_RANK])
{
    for (int i = group->rank - 1; i >= 0; i--) {
        at[i] = index % group->shape[i];
        index /= group->shape[i];
    }
}

static void widen(const struct cf_group *group, uint32_t index, struct box *box)
{
    uint32_t at[CF_GROUP_MAX_RANK];
    split_index(group, index, at);
    box->lane[at[group->rank - 1]] = 1;
    for (int i = 0; i < group->rank; i++)
        box->extent[i] = at[i] >= box->extent[i] ? at[i] + 1 : box->extent[i];
}

static bool in_box(const struct cf_group *group, uint32_t index, const struct box *box)
{
    uint32_t at[CF_GROUP_MAX_RANK];
    split_index(group, index, at);
    bool inside = box->lane[at[group->rank - 1]];
    for (int i = 0; i + 1 < group->rank; i++)
        inside = inside && at[i] < box->extent[i];
    return inside;
}

/* Keeps outputs, gates that a gate that stays reads, and all other gates of the box around these. */
static bool keep_box(const struct sweep *s, const struct cf_group *group, uint32_t extent[CF_GROUP_MAX_RANK])
{
    struct box box = {.lane = calloc(cf_group_lanes(group), 1)};
    uint8_t *keep = s->keep + group->first_net;
    if (!box.lane)
        return no_memory(s);
    for (uint32_t i = 0; i < group->count; i++)
        if (keep[i] || group->output)
            widen(group, i, &box);
    for (uint32_t i = 0; i < group->count; i++) {
        keep[i] = in_box(group, i, &box);
        if (keep[i])
            keep_operands(s, group, i);
    }
    memcpy(extent, box.extent, sizeof box.extent);
    free(box.lane);
    return true;
}

static bool find_kept(const struct sweep *s)
{
    const struct cf_netlist *from = s->from;
    for (uint32_t g = from->group_count; g-- > 1;)
        if (!keep_box(s, &from->groups[g], s->extents[g]))
            return false;
    memset(s->keep, 1, from->groups[CF_INPUT].count);
    memcpy(s->extents[CF_INPUT], from->groups[CF_INPUT].shape, sizeof s->extents[CF_INPUT]);
    for (uint32_t net = 1; net < from->net_count; net++)
        s->place[net] = s->place[net - 1] + s->keep[net - 1];
    return true;
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

/* The offset of a term in the new netlist: how far its net stands behind the new place of the port's base. */
static uint32_t new_offset(const struct sweep *s, const uint32_t *bases, const struct cf_term *term)
{
    uint32_t base = bases[term->port];
    return s->place[base + term->offset] - s->place[base];
}

static bool is_variant(const struct sweep *s, const struct variant *variant, const struct cf_cell *cell,
                       const uint32_t *bases)
{
    for (uint32_t t = 0; t < cell->term_count; t++)
        if (s->offsets[variant->offsets + t] != new_offset(s, bases, &cell->terms[t]))
            return false;
    return true;
}

/* Adds the variant of the old cell for a gate with these bases. */
static bool add_variant(struct sweep *s, uint32_t old, const uint32_t *bases, uint32_t *index)
{
    const struct cf_cell *cell = &s->from->cells[old];
    if (!cf_array_reserve(&s->variants, &s->variant_capacity, s->variant_count + 1, sizeof *s->variants) ||
        !cf_array_reserve(&s->offsets, &s->offset_capacity, s->offset_count + cell->term_count, sizeof *s->offsets))
        return no_memory(s);
    struct cf_term *terms = malloc((cell->term_count + 1) * sizeof *terms);
    if (!terms)
        return no_memory(s);
    struct variant *made = &s->variants[s->variant_count];
    *made = (struct variant){.next = s->first[old], .offsets = s->offset_count};
    for (uint32_t t = 0; t < cell->term_count; t++) {
        terms[t] = cell->terms[t];
        s->offsets[s->offset_count++] = terms[t].offset = new_offset(s, bases, &cell->terms[t]);
    }
    struct cf_cell copy = *cell;
    copy.terms = terms;
    bool done = cf_netlist_add_cell(s->to, &copy, &made->cell, s->err);
    free(terms);
    *index = made->cell;
    s->first[old] = (uint32_t)++s->variant_count;
    return done;
}

/* The new cell of a gate that stays. */
static bool find_cell(struct sweep *s, uint32_t old, const uint32_t *bases, uint32_t *index)
{
    for (uint32_t v = s->first[old]; v; v = s->variants[v - 1].next)
        if (is_variant(s, &s->variants[v - 1], &s->from->cells[old], bases)) {
            *index = s->variants[v - 1].cell;
            return true;
        }
    return add_variant(s, old, bases, index);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* Adds the part of a group that stays, if any gate does. The gates of the first position show which lanes stay. */
static bool add_group(struct sweep *s, uint32_t index, bool *added)
{
    const struct cf_group *group = &s->from->groups[index];
    uint32_t lanes = cf_group_lanes(group), count = 0, shape[CF_GROUP_MAX_RANK];
    uint32_t *names = malloc(lanes * sizeof *names);
    if (!names)
        return no_memory(s);
    for (uint32_t l = 0; l < lanes; l++)
        if (s->keep[group->first_net + l])
            names[count++] = cf_group_lane_name(group, l);
    memcpy(shape, s->extents[index], sizeof shape);
    shape[group->rank - 1] = count;
    *added = count > 0;
    bool done = count == 0 || cf_netlist_add_group(s->to, group->name, group->rank, shape, group->ports, group->type,
                                                   group->output, s->err);
    if (done && count > 0 && (count < lanes || group->lane_names))
        done = cf_netlist_name_lanes(s->to, s->to->group_count - 1, names, s->err);
    free(names);
    return done;
}

/* The base of a port through which nothing is read becomes net 0. */
static bool copy_gates(struct sweep *s, const struct cf_group *group)
{
    struct cf_group *copy = &s->to->groups[s->to->group_count - 1];
    uint32_t at = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const uint32_t *bases = cf_instance_bases(group, i);
        const struct cf_reach *reach = &s->reaches[group->cell[i]];
        if (!s->keep[group->first_net + i])
            continue;
        if (!find_cell(s, group->cell[i], bases, &copy->cell[at]))
            return false;
        for (uint32_t p = 0; p < group->ports; p++)
            copy->base[(size_t)at * group->ports + p] = reach->low[p] <= reach->high[p] ? s->place[bases[p]] : 0;
        at++;
    }
    return true;
}

static bool copy_kept(struct sweep *s)
{
    const struct cf_netlist *from = s->from;
    for (uint32_t c = 0; c < from->cell_count; c++)
        cf_cell_reach(&from->cells[c], &s->reaches[c]);
    if (!find_kept(s))
        return false;
    for (uint32_t g = 0; g < from->group_count; g++) {
        bool added = false;
        if (!add_group(s, g, &added) || (added && g != CF_INPUT && !copy_gates(s, &from->groups[g])))
            return false;
    }
    return cf_netlist_copy_notes(s->to, from, s->err);
}

struct cf_netlist *cf_sweep(const struct cf_netlist *netlist, struct cf_error *err)
{
    struct sweep s = {.from = netlist,
                      .to = cf_netlist_new(netlist->label, err),
                      .keep = calloc(netlist->net_count, 1),
                      .place = calloc(netlist->net_count, sizeof *s.place),
                      .extents = calloc(netlist->group_count, sizeof *s.extents),
                      .reaches = calloc((size_t)netlist->cell_count + 1, sizeof *s.reaches),
                      .first = calloc((size_t)netlist->cell_count + 1, sizeof *s.first),
                      .err = err};
    bool room = (s.keep && s.place && s.extents && s.reaches && s.first) || no_memory(&s);
    if (s.to && !(room && copy_kept(&s))) {
        cf_netlist_free(s.to);
        s.to = NULL;
    }
    free(s.keep);
    free(s.place);
    free(s.extents);
    free(s.reaches);
    free(s.first);
    free(s.variants);
    free(s.offsets);
    return s.to;
}

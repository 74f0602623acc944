/* expand_head.c - places a head's cells at every position of every band. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compiler/expand.h"
#include "compiler/geometry.h"
#include "compiler/head_cells.h"
#include "compiler/units.h"

struct expansion {
    struct cf_netlist *netlist;
    const struct cf_head *head;
    const struct cf_compile_options *options;
    const struct cf_net_grid *bands; /* [scales] */
    struct cf_band_cells *cells;     /* [scales] */
    uint32_t *first_net;             /* [scales][CF_HEAD_GROUPS] */
    struct cf_error *err;
};

/* ---- bits ------------------------------------------------------------------------------------------------------ */

static void free_cells(const struct expansion *e)
{
    for (uint32_t k = 0; k < e->options->scales; k++)
        cf_band_cells_free(&e->cells[k]);
}

/* The cells of all bands with these widths of the layers beside the classifier. */
static bool make_cells(const struct expansion *e, struct cf_layer_bits bits, bool *too_wide)
{
    *too_wide = false;
    for (uint32_t k = 0; k < e->options->scales; k++) {
        if (cf_band_cells_make(&e->cells[k], e->head, e->options, k, e->bands[k].type, bits, e->err))
            continue;
        *too_wide = e->cells[k].too_wide;
        free_cells(e);
        return false;
    }
    return true;
}

/* How far off the outputs are, in a unit of no importance: each layer's rounding by its variance, 4^-bits. Decisions
 * depend on a bottleneck, boxes and centernesses on all layers; the weight is what the errors of all families say. */
static double rounding(struct cf_layer_bits bits)
{
    return 16 * ldexp(1, -2 * bits.project) + ldexp(1, -2 * bits.others);
}

/* The widths that fit, where none are asked for: at most 12 bits, and behind a bottleneck those that round the least. A
 * wider bottleneck leaves the layers behind it fewer bits, so that both are walked once. */
static bool choose_bits(const struct expansion *e, struct cf_layer_bits *best)
{
    enum { MOST = 12, LEAST = 2 };
    bool bottleneck = e->head->bands[CF_ROLE_PROJECT] > 0, found = false, too_wide;
    struct cf_layer_bits bits = {MOST, bottleneck ? LEAST : MOST};
    while (bits.project >= LEAST && bits.others >= LEAST && bits.others <= MOST) {
        bool fits = make_cells(e, bits, &too_wide);
        if (!fits && !too_wide)
            return false;
        if (fits && (!found || rounding(bits) < rounding(*best))) {
            *best = bits;
            found = true;
        }
        if (fits)
            free_cells(e);
        if (fits && !bottleneck)
            return true;
        if (!bottleneck)
            bits.others--;
        else if (fits)
            bits.others++;
        else
            bits.project--;
    }
    return found;
}

static bool choose_cells(const struct expansion *e, struct cf_layer_bits *bits)
{
    int asked = e->options->layer_bits;
    bool too_wide;
    *bits = (struct cf_layer_bits){asked, asked};
    return (asked != 0 || choose_bits(e, bits)) && make_cells(e, *bits, &too_wide);
}

/* ---- groups ---------------------------------------------------------------------------------------------------- */

/* Decisions, boxes and centernesses are outputs. If there are boxes or centernesses behind a LayerNorm, its root is an
 * output too, since whoever reads them divides by it. */
static bool is_output(const struct cf_band_cells *cells, enum cf_head_group group)
{
    bool linear = cells->group[CF_HEAD_BOX].cells || cells->group[CF_HEAD_CENTER].cells;
    return group == CF_HEAD_CLASSIFY || group == CF_HEAD_BOX || group == CF_HEAD_CENTER ||
           (group == CF_HEAD_ROOT && linear);
}

/* The first net, at a position, of the group that a port reads. */
static uint32_t base_of(const struct expansion *e, uint32_t k, enum cf_head_group source, uint32_t position)
{
    const struct cf_net_grid *band = &e->bands[k];
    uint32_t width = cf_band_size(e->options->width, k); /* the band may be wider, by padding */
    if (source == CF_HEAD_BAND)
        return band->first_net + (position / width * band->w + position % width) * e->head->channels;
    return e->first_net[k * CF_HEAD_GROUPS + source] + position * e->cells[k].group[source].lanes;
}

static bool place_group(const struct expansion *e, uint32_t k, enum cf_head_group which)
{
    const struct cf_head_cells *made = &e->cells[k].group[which];
    uint32_t h = cf_band_size(e->options->height, k), w = cf_band_size(e->options->width, k);
    uint32_t *index = calloc(made->lanes, sizeof *index);
    bool done = index || cf_fail(e->err, "%s: out of memory", e->netlist->label);
    for (uint32_t c = 0; done && c < made->lanes; c++)
        done = cf_netlist_add_cell(e->netlist, &made->cells[c], &index[c], e->err);
    char name[32];
    snprintf(name, sizeof name, "s%u.%s", k, cf_head_group_name(which));
    e->first_net[k * CF_HEAD_GROUPS + which] = e->netlist->net_count;
    done = done && cf_netlist_add_group(e->netlist, name, 3, (uint32_t[]){h, w, made->lanes}, made->ports, made->type,
                                        is_output(&e->cells[k], which), e->err);
    struct cf_group *group = done ? &e->netlist->groups[e->netlist->group_count - 1] : NULL;
    for (uint32_t g = 0; done && g < group->count; g++) {
        group->cell[g] = index[g % made->lanes];
        for (uint32_t p = 0; p < made->ports; p++)
            group->base[(size_t)g * made->ports + p] = base_of(e, k, made->source[p], g / made->lanes);
    }
    free(index);
    return done;
}

/* ---- the record ------------------------------------------------------------------------------------------------ */

/* A bare classifier that all bands share has its scales in class.scale. */
static bool is_bare(const struct cf_head *head)
{
    return !head->bands[CF_ROLE_NORM] && !head->bands[CF_ROLE_PROJECT] && head->bands[CF_ROLE_CLS] == 1;
}

static bool record_group(const struct expansion *e, uint32_t k, enum cf_head_group which)
{
    const struct cf_head_cells *made = &e->cells[k].group[which];
    char name[32], text[32], key[64];
    snprintf(name, sizeof name, "s%u.%s", k, cf_head_group_name(which));
    if (!made->cells)
        return true;
    if (which == CF_HEAD_CLASSIFY && is_bare(e->head))
        return cf_netlist_set_class_scale(e->netlist, made->scales, made->lanes, e->err);
    snprintf(text, sizeof text, "%.17g", cf_head_factor(e->head, k));
    snprintf(key, sizeof key, "factor.%s", name);
    return cf_units_record(e->netlist, name, made->units, made->lanes, e->err) &&
           (which != CF_HEAD_BOX || cf_netlist_set_meta(e->netlist, key, text, e->err));
}

static bool record(const struct expansion *e, struct cf_layer_bits bits)
{
    char number[32];
    for (uint32_t k = 0; k < e->options->scales; k++)
        if (!record_group(e, k, CF_HEAD_CLASSIFY) || !record_group(e, k, CF_HEAD_BOX) ||
            !record_group(e, k, CF_HEAD_CENTER))
            return false;
    bool others = false;
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        others = others || (role != CF_ROLE_CLS && role != CF_ROLE_SCALE && e->head->bands[role]);
    snprintf(number, sizeof number, "%d", bits.others);
    if (others && !cf_netlist_set_meta(e->netlist, "compile.layer_bits", number, e->err))
        return false;
    snprintf(number, sizeof number, "%d", bits.project);
    if (e->head->bands[CF_ROLE_PROJECT] && !cf_netlist_set_meta(e->netlist, "compile.project_bits", number, e->err))
        return false;
    snprintf(number, sizeof number, "%.17g", e->head->norm_eps);
    return !e->head->bands[CF_ROLE_NORM] || cf_netlist_set_meta(e->netlist, "head.norm_eps", number, e->err);
}

bool cf_expand_head(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
                    const struct cf_net_grid *bands, struct cf_error *err)
{
    struct expansion e = {.netlist = netlist, .head = head, .options = options, .bands = bands, .err = err};
    struct cf_layer_bits bits = {0};
    e.cells = calloc(options->scales, sizeof *e.cells);
    e.first_net = calloc((size_t)options->scales * CF_HEAD_GROUPS, sizeof *e.first_net);
    bool done = (e.cells && e.first_net) || cf_fail(err, "%s: out of memory", netlist->label);
    done = done && choose_cells(&e, &bits);
    for (int which = 0; which < CF_HEAD_GROUPS; which++)
        for (uint32_t k = 0; done && k < options->scales; k++)
            done = !e.cells[k].group[which].cells || place_group(&e, k, (enum cf_head_group)which);
    done = done && record(&e, bits);
    if (e.cells)
        free_cells(&e);
    free(e.cells);
    free(e.first_net);
    return done;
}

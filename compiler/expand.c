/* expand.c - makes the layers that give the bands, pools and subtracts, gate by gate. */
#include <stdio.h>
#include <stdlib.h>

#include "compiler/expand.h"
#include "compiler/geometry.h"
#include "compiler/passes.h"
#include "compiler/record.h"
#include "netlists/cell.h"

struct expansion {
    struct cf_netlist *netlist;
    const struct cf_head *head;
    const struct cf_compile_options *options;
    struct cf_net_grid *grids; /* [scales + 1]: the input, then each scale's pools */
    struct cf_error *err;
};

static uint32_t net_at(const struct expansion *e, const struct cf_net_grid *grid, uint32_t i, uint32_t j)
{
    return grid->first_net + (i * grid->w + j) * e->head->channels;
}

/* Gives a cell the output type that follows from its ports, terms and bias. */
static bool infer_type(const struct expansion *e, struct cf_cell *cell, int frac)
{
    return cf_cell_infer_type(cell, (int16_t)frac) ||
           cf_fail(e->err, "%s: widths would pass 63 bits: take fewer scales or input bits", e->netlist->label);
}

/* Adds a cell of that type. */
static bool add_cell(struct expansion *e, struct cf_cell *cell, int frac, uint32_t *index)
{
    return infer_type(e, cell, frac) && cf_netlist_add_cell(e->netlist, cell, index, e->err);
}

/* Adds the group "s<scale>.<kind>" and returns it, or NULL. */
static struct cf_group *add_group(struct expansion *e, uint32_t scale, const char *kind, uint32_t h, uint32_t w,
                                  uint32_t lanes, uint32_t ports, struct cf_type type, bool output)
{
    char name[32];
    snprintf(name, sizeof name, "s%u.%s", scale, kind);
    return cf_netlist_add_group(e->netlist, name, 3, (uint32_t[]){h, w, lanes}, ports, type, output, e->err)
               ? &e->netlist->groups[e->netlist->group_count - 1]
               : NULL;
}

/* What a pool covers along one axis: rows of the source, and the pattern by which pools share a cell. */
struct pool_span {
    uint32_t first, rows; /* of the source, without padding; 0 rows: it covers padding alone */
    uint32_t last_weight; /* of the last of them, which stands for padding as well where the edge is repeated */
    uint32_t pattern;     /* 0: no padding, 1: some, 2: padding alone */
};

static struct pool_span span_at(const struct expansion *e, uint32_t place, uint32_t side, uint32_t size)
{
    uint64_t first = (uint64_t)place * side;
    bool edge = e->options->pad == CF_PAD_EDGE;
    if (first >= size)
        return (struct pool_span){size - 1, edge, side, 2};
    uint32_t rows = size - first < side ? (uint32_t)(size - first) : side;
    return (struct pool_span){(uint32_t)first, rows, edge ? side - rows + 1 : 1, rows < side};
}

/* The cell of a pool: the sum of the values in its rows and columns, as terms [rows * columns]. */
static struct cf_cell pool_cell(const struct expansion *e, const struct cf_net_grid *source, struct pool_span row,
                                struct pool_span column, struct cf_term *terms)
{
    uint32_t count = 0;
    for (uint32_t a = 0; a < row.rows; a++)
        for (uint32_t b = 0; b < column.rows; b++)
            terms[count++] = (struct cf_term){.offset = (a * source->w + b) * e->head->channels,
                                              .weight = (int32_t)((a + 1 == row.rows ? row.last_weight : 1) *
                                                                  (b + 1 == column.rows ? column.last_weight : 1))};
    return (struct cf_cell){.ports = &source->type, .port_count = 1, .terms = terms, .term_count = count};
}

/* Fills the gates of a group of pools, whose cells all have its type. */
static bool place_pools(struct expansion *e, struct cf_group *group, const struct cf_net_grid *source, uint32_t side,
                        struct cf_term *terms)
{
    uint32_t channels = e->head->channels, cells[9];
    bool made[9] = {false};
    for (uint32_t position = 0; position < group->count / channels; position++) {
        struct pool_span row = span_at(e, position / group->shape[1], side, source->h);
        struct pool_span column = span_at(e, position % group->shape[1], side, source->w);
        uint32_t pattern = 3 * row.pattern + column.pattern;
        if (!made[pattern]) {
            struct cf_cell cell = pool_cell(e, source, row, column, terms);
            cell.type = group->type;
            if (!cf_netlist_add_cell(e->netlist, &cell, &cells[pattern], e->err))
                return false;
            made[pattern] = true;
        }
        for (uint32_t d = 0; d < channels; d++) {
            group->cell[position * channels + d] = cells[pattern];
            group->base[position * channels + d] = net_at(e, source, row.first, column.first) + d;
        }
    }
    return true;
}

/* Layer 0. Pool k sums side x side values: of the input (direct), or 2 x 2 of the pool below (iterated). */
static bool expand_pools(struct expansion *e, uint32_t scale)
{
    const struct cf_compile_options *o = e->options;
    bool direct = o->pools == CF_DIRECT;
    const struct cf_net_grid *source = &e->grids[direct ? 0 : scale];
    uint32_t side = direct ? 2u << scale : 2;
    struct cf_term *terms = calloc((size_t)side * side, sizeof *terms);
    if (!terms)
        return cf_fail(e->err, "%s: out of memory", e->netlist->label);
    /* A pool without padding has the widest sum. */
    struct pool_span whole = {0, side, 1, 0};
    struct cf_cell cell = pool_cell(e, source, whole, whole, terms);
    bool done = infer_type(e, &cell, e->grids[scale].type.frac + 2);
    struct cf_net_grid made = {e->netlist->net_count, cf_pool_size(o, o->height, scale, false),
                               cf_pool_size(o, o->width, scale, false), cell.type};
    struct cf_group *group =
        done ? add_group(e, scale, "pool", made.h, made.w, e->head->channels, 1, made.type, false) : NULL;
    done = group && place_pools(e, group, source, side, terms);
    e->grids[scale + 1] = made;
    free(terms);
    return done;
}

/* One axis of upsampling by 2 (align_corners = false, edges clamped): value i of the fine axis is the sum of one or
 * two neighbours of the coarse axis, weighted in quarters. */
struct axis {
    uint32_t first;    /* the lower neighbour */
    int32_t weight[2]; /* in quarters; weight[1] is 0 where the edge leaves one neighbour */
    uint32_t pattern;  /* 0: even, 1: odd, 2: edge */
};

static struct axis bilinear_axis(uint32_t i, uint32_t coarse)
{
    uint32_t half = i / 2;
    if (i % 2 == 0)
        return half == 0 ? (struct axis){0, {4, 0}, 2} : (struct axis){half - 1, {1, 3}, 0};
    return half + 1 == coarse ? (struct axis){half, {4, 0}, 2} : (struct axis){half, {3, 1}, 1};
}

static bool subtract_cell(struct expansion *e, uint32_t scale, struct axis row, struct axis column, uint32_t *index)
{
    const struct cf_net_grid *fine = &e->grids[scale], *coarse = &e->grids[scale + 1];
    bool bilinear = e->options->upsample == CF_BILINEAR;
    struct cf_type ports[2] = {fine->type, coarse->type};
    struct cf_term terms[5] = {{.weight = 1, .port = 0, .shift = bilinear ? 6 : 2}};
    struct cf_cell cell = {.ports = ports, .port_count = 2, .terms = terms, .term_count = 1};
    for (uint32_t a = 0; a < 2; a++)
        for (uint32_t b = 0; b < 2; b++) {
            int32_t weight = bilinear ? row.weight[a] * column.weight[b] : a + b == 0;
            if (weight)
                terms[cell.term_count++] =
                    (struct cf_term){.offset = (a * coarse->w + b) * e->head->channels, .weight = -weight, .port = 1};
        }
    return add_cell(e, &cell, coarse->type.frac + (bilinear ? 4 : 0), index);
}

/* Layer 1, the cofiber: s = x - up(pool). */
static bool expand_subtract(struct expansion *e, uint32_t scale, struct cf_net_grid *band)
{
    const struct cf_net_grid *fine = &e->grids[scale], *coarse = &e->grids[scale + 1];
    bool bilinear = e->options->upsample == CF_BILINEAR;
    const struct cf_compile_options *o = e->options;
    uint32_t channels = e->head->channels, cells[9], index;
    uint32_t coarse_h = cf_padded_size(o->height, o->scales) >> (scale + 1);
    uint32_t coarse_w = cf_padded_size(o->width, o->scales) >> (scale + 1);
    bool made[9] = {false};
    struct axis plain = {0, {4, 0}, 0};
    /* The widest cell gives the group's type: every pattern's weights sum to the same, so all are equally wide. */
    if (!subtract_cell(e, scale, bilinear ? bilinear_axis(0, coarse_h) : plain,
                       bilinear ? bilinear_axis(0, coarse_w) : plain, &index))
        return false;
    cells[bilinear ? 8 : 0] = index;
    made[bilinear ? 8 : 0] = true;
    *band = (struct cf_net_grid){e->netlist->net_count, cf_band_size(o->height, scale), cf_band_size(o->width, scale),
                                 e->netlist->cells[index].type};
    struct cf_group *group = add_group(e, scale, "subtract", band->h, band->w, channels, 2, band->type, false);
    if (!group)
        return false;
    for (uint32_t position = 0; position < band->h * band->w; position++) {
        uint32_t i = position / band->w, j = position % band->w;
        struct axis row = bilinear ? bilinear_axis(i, coarse_h) : (struct axis){.first = i / 2};
        struct axis column = bilinear ? bilinear_axis(j, coarse_w) : (struct axis){.first = j / 2};
        uint32_t pattern = 3 * row.pattern + column.pattern;
        if (!made[pattern] && !subtract_cell(e, scale, row, column, &cells[pattern]))
            return false;
        made[pattern] = true;
        uint32_t x = net_at(e, fine, i, j), p = net_at(e, coarse, row.first, column.first);
        for (uint32_t d = 0; d < channels; d++) {
            size_t g = (size_t)position * channels + d;
            group->cell[g] = cells[pattern];
            group->base[2 * g] = x + d;
            group->base[2 * g + 1] = p + d;
        }
    }
    return true;
}

static bool expand_layers(struct expansion *e, struct cf_net_grid *bands)
{
    uint32_t scales = e->options->scales;
    for (uint32_t k = 0; k < scales; k++)
        if (!expand_pools(e, k))
            return false;
    for (uint32_t k = 0; k < scales; k++)
        if (!expand_subtract(e, k, &bands[k]))
            return false;
    if (e->options->top == CF_RESIDUAL)
        bands[scales - 1] = e->grids[scales - 1];
    return cf_expand_head(e->netlist, e->head, e->options, bands, e->err);
}

static bool expand(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
                   struct cf_error *err)
{
    struct cf_type input = {(uint8_t)options->input_bits, true, 0};
    uint32_t shape[3] = {options->height, options->width, head->channels};
    if (!cf_netlist_add_group(netlist, "input", 3, shape, 0, input, false, err))
        return false;
    struct expansion e = {netlist, head, options, calloc(options->scales + 1, sizeof *e.grids), err};
    struct cf_net_grid *bands = calloc(options->scales, sizeof *bands);
    bool done = (e.grids && bands) || cf_fail(err, "%s: out of memory", netlist->label);
    if (done) {
        e.grids[0] = (struct cf_net_grid){0, options->height, options->width, input};
        done = expand_layers(&e, bands);
    }
    free(e.grids);
    free(bands);
    return done && cf_compile_record(netlist, head, options, err);
}

struct cf_netlist *cf_expand(const struct cf_head *head, const struct cf_compile_options *options, struct cf_error *err)
{
    struct cf_netlist *netlist = cf_netlist_new(head->label, err);
    if (netlist && !expand(netlist, head, options, err)) {
        cf_netlist_free(netlist);
        netlist = NULL;
    }
    return netlist;
}

/* expand.c - the three layers of the circuit, gate by gate. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "compiler/compile.h"
#include "compiler/record.h"
#include "compiler/weights.h"
#include "netlists/cell.h"

/* A [h][w][channels] array of nets: the input, the pools of one scale, or a band. */
struct plane {
    uint32_t first_net, h, w;
    struct cf_type type;
};

struct expansion {
    struct cf_netlist *netlist;
    const struct cf_head *head;
    const struct cf_compile_options *options;
    struct plane *levels; /* [scales + 1]: the input, then each scale's pools */
    struct cf_error *err;
};

static uint32_t net_at(const struct expansion *e, const struct plane *plane, uint32_t i, uint32_t j)
{
    return plane->first_net + (i * plane->w + j) * e->head->channels;
}

/* Adds a cell whose output type follows from its ports, terms and bias. */
static bool add_cell(struct expansion *e, struct cf_cell *cell, int frac, uint32_t *index)
{
    if (!cf_cell_infer_type(cell, (int16_t)frac))
        return cf_fail(e->err, "%s: widths would pass 63 bits: take fewer scales or input bits", e->netlist->label);
    return cf_netlist_add_cell(e->netlist, cell, index, e->err);
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

/* Layer 0. Pool k sums side x side values: of the input (direct), or 2 x 2 of the pool below (iterated). */
static bool expand_pools(struct expansion *e, uint32_t scale)
{
    bool direct = e->options->pools == CF_DIRECT;
    const struct plane *source = &e->levels[direct ? 0 : scale];
    const struct plane *below = &e->levels[scale];
    struct plane *made = &e->levels[scale + 1];
    uint32_t side = direct ? 2u << scale : 2, channels = e->head->channels;
    struct cf_term *terms = calloc((size_t)side * side, sizeof *terms);
    if (!terms)
        return cf_fail(e->err, "%s: out of memory", e->netlist->label);
    for (uint32_t t = 0; t < side * side; t++)
        terms[t] = (struct cf_term){.offset = (t / side * source->w + t % side) * channels, .weight = 1};
    struct cf_cell cell = {.ports = &source->type, .port_count = 1, .terms = terms, .term_count = side * side};
    uint32_t index;
    bool done = add_cell(e, &cell, below->type.frac + 2, &index);
    free(terms);
    if (!done)
        return false;
    *made = (struct plane){e->netlist->net_count, below->h / 2, below->w / 2, e->netlist->cells[index].type};
    struct cf_group *group = add_group(e, scale, "pool", made->h, made->w, channels, 1, made->type, false);
    for (uint32_t g = 0; group && g < group->count; g++) {
        uint32_t d = g % channels, i = g / channels / made->w, j = g / channels % made->w;
        group->cell[g] = index;
        group->base[g] = net_at(e, source, i * side, j * side) + d;
    }
    return group != NULL;
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
    const struct plane *fine = &e->levels[scale], *coarse = &e->levels[scale + 1];
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
static bool expand_subtract(struct expansion *e, uint32_t scale, struct plane *band)
{
    const struct plane *fine = &e->levels[scale], *coarse = &e->levels[scale + 1];
    bool bilinear = e->options->upsample == CF_BILINEAR;
    uint32_t channels = e->head->channels, cells[9], index;
    bool made[9] = {false};
    struct axis plain = {0, {4, 0}, 0};
    /* The widest cell gives the group's type: every pattern's weights sum to the same, so all are equally wide. */
    if (!subtract_cell(e, scale, bilinear ? bilinear_axis(0, coarse->h) : plain,
                       bilinear ? bilinear_axis(0, coarse->w) : plain, &index))
        return false;
    cells[bilinear ? 8 : 0] = index;
    made[bilinear ? 8 : 0] = true;
    *band = (struct plane){e->netlist->net_count, fine->h, fine->w, e->netlist->cells[index].type};
    struct cf_group *group = add_group(e, scale, "subtract", fine->h, fine->w, channels, 2, band->type, false);
    if (!group)
        return false;
    for (uint32_t position = 0; position < fine->h * fine->w; position++) {
        uint32_t i = position / fine->w, j = position % fine->w;
        struct axis row = bilinear ? bilinear_axis(i, coarse->h) : (struct axis){.first = i / 2};
        struct axis column = bilinear ? bilinear_axis(j, coarse->w) : (struct axis){.first = j / 2};
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

/* The cell of one class reading nets of `type`: its row of weights and its exact integer threshold. */
static bool classify_cell(struct expansion *e, uint32_t class, struct cf_type type, struct cf_term *terms,
                          uint32_t *index)
{
    const struct cf_head *head = e->head;
    struct cf_cell cell = {.ports = &type, .port_count = 1, .terms = terms, .activation = CF_STEP};
    for (uint32_t d = 0; d < head->channels; d++) {
        int8_t weight = head->quantised[(size_t) class * head->channels + d];
        if (weight)
            terms[cell.term_count++] = (struct cf_term){.offset = d, .weight = weight};
    }
    /* The bias may lie beyond the range of double, too: what matters is on which side. */
    double bias = head->bias[class] - cf_logit(e->options->score_threshold);
    bias = bias > DBL_MAX ? DBL_MAX : bias < -DBL_MAX ? -DBL_MAX : bias;
    bool exact = cf_threshold(bias, type.frac, e->options->input_scale, head->scale[class], &cell.bias);
    int64_t threshold = cell.bias, min, max;
    /* A threshold beyond all sums, or with which a sum would not fit, becomes the nearest that decides the same. */
    if (!exact || !cf_cell_range(&cell, &min, &max)) {
        bool fits = cf_step_bias(&cell, threshold, &cell.bias);
        if (!fits || (!exact && cell.bias == threshold))
            return cf_fail(e->err, "%s: class %u: its integer threshold would pass 62 bits", e->netlist->label, class);
    }
    return add_cell(e, &cell, 0, index);
}

/* Layer 2: one threshold gate per position and class. */
static bool expand_classify(struct expansion *e, uint32_t scale, const struct plane *source)
{
    uint32_t classes = e->head->classes, positions = source->h * source->w;
    uint32_t *cells = calloc(classes, sizeof *cells);
    struct cf_term *terms = calloc(e->head->channels, sizeof *terms);
    bool done = (cells && terms) || cf_fail(e->err, "%s: out of memory", e->netlist->label);
    for (uint32_t c = 0; done && c < classes; c++)
        done = classify_cell(e, c, source->type, terms, &cells[c]);
    struct cf_type bit = {1, false, 0};
    struct cf_group *group = done ? add_group(e, scale, "classify", source->h, source->w, classes, 1, bit, true) : NULL;
    for (uint32_t position = 0; group && position < positions; position++)
        for (uint32_t c = 0; c < classes; c++) {
            group->cell[(size_t)position * classes + c] = cells[c];
            group->base[(size_t)position * classes + c] = source->first_net + position * e->head->channels;
        }
    free(cells);
    free(terms);
    return group != NULL;
}

static bool expand_layers(struct expansion *e, struct plane *bands)
{
    uint32_t scales = e->options->scales;
    for (uint32_t k = 0; k < scales; k++)
        if (!expand_pools(e, k))
            return false;
    for (uint32_t k = 0; k < scales; k++)
        if (!expand_subtract(e, k, &bands[k]))
            return false;
    if (e->options->top == CF_RESIDUAL)
        bands[scales - 1] = e->levels[scales - 1];
    for (uint32_t k = 0; k < scales; k++)
        if (!expand_classify(e, k, &bands[k]))
            return false;
    return true;
}

static bool expand(struct cf_netlist *netlist, const struct cf_head *head, const struct cf_compile_options *options,
                   struct cf_error *err)
{
    struct cf_type input = {(uint8_t)options->input_bits, true, 0};
    uint32_t shape[3] = {options->height, options->width, head->channels};
    if (!cf_netlist_add_group(netlist, "input", 3, shape, 0, input, false, err))
        return false;
    struct expansion e = {netlist, head, options, calloc(options->scales + 1, sizeof *e.levels), err};
    struct plane *bands = calloc(options->scales, sizeof *bands);
    bool done = (e.levels && bands) || cf_fail(err, "%s: out of memory", netlist->label);
    if (done) {
        e.levels[0] = (struct plane){0, options->height, options->width, input};
        done = expand_layers(&e, bands);
    }
    free(e.levels);
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

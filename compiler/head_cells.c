/* head_cells.c - folds a band's LayerNorm into its layers, quantises them, and makes their cells. */
#include "compiler/head_cells.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/weights.h"
#include "netlists/cell.h"

static const char *const names[CF_HEAD_GROUPS] = {"sum", "root", "project", "classify", "hidden", "box", "center"};

const char *cf_head_group_name(enum cf_head_group group)
{
    assert(group < CF_HEAD_GROUPS);
    return names[group];
}

struct making {
    struct cf_band_cells *made;
    const struct cf_head *head;
    const struct cf_compile_options *options;
    uint32_t scale;
    struct cf_type band;
    struct cf_layer_bits bits;
    struct cf_error *err;
};

static bool out_of_memory(const struct making *m)
{
    return cf_fail(m->err, "%s: out of memory", m->head->label);
}

static bool too_wide(const struct making *m)
{
    m->made->too_wide = true;
    return cf_fail(m->err, "%s: widths would pass 63 bits: take fewer scales, input bits or weight bits",
                   m->head->label);
}

static const struct cf_head_layer *layer_of(const struct making *m, enum cf_role role)
{
    return cf_head_layer_of(m->head, role, m->scale);
}

static bool is_normed(const struct making *m)
{
    return layer_of(m, CF_ROLE_NORM) != NULL;
}

/* ---- layers in integers ---------------------------------------------------------------------------------------- */

/* The scale of a row does not follow from its weights if all of them are 0: such a row gets a scale that is fine enough
 * for its bias. */
static void refine_empty_rows(struct cf_head_layer *layer)
{
    for (uint32_t o = 0; o < layer->outputs; o++) {
        bool empty = true;
        for (uint32_t i = 0; i < layer->inputs; i++)
            empty = empty && layer->quantised[(size_t)o * layer->inputs + i] == 0;
        if (empty)
            layer->scale[o] = ldexp(1, -16);
    }
}

/* The layer with its weights times `factor` [inputs] and its bias with the weights times `offset` [inputs] added,
 * quantised. Either may be NULL; with both NULL integers as stored are kept, and the layer's own for OWN_BITS. */
enum { OWN_BITS = 0 };

static bool fold(const struct making *m, const struct cf_head_layer *from, const double *factor, const double *offset,
                 int bits, struct cf_head_layer *layer)
{
    *layer = (struct cf_head_layer){.outputs = from->outputs, .inputs = from->inputs};
    if (!cf_head_layer_allocate(layer, &m->made->arena))
        return out_of_memory(m);
    for (uint32_t o = 0; o < from->outputs; o++) {
        layer->bias[o] = from->bias[o];
        for (uint32_t i = 0; i < from->inputs; i++) {
            size_t at = (size_t)o * from->inputs + i;
            layer->weight[at] = factor ? from->weight[at] * factor[i] : from->weight[at];
            layer->bias[o] += offset ? from->weight[at] * offset[i] : 0;
            if (!isfinite(layer->weight[at]) || !isfinite(layer->bias[o]))
                return cf_fail(m->err, "%s: a weight or bias with the LayerNorm folded in is infinite", m->head->label);
        }
    }
    if (!factor && (from->already_quantised || bits == OWN_BITS)) {
        memcpy(layer->quantised, from->quantised, (size_t)from->outputs * from->inputs * sizeof *layer->quantised);
        memcpy(layer->scale, from->scale, from->outputs * sizeof *layer->scale);
        return true;
    }
    cf_head_layer_quantise(layer, bits);
    if (factor)
        refine_empty_rows(layer);
    return true;
}

/* A layer of the given role that reads the group `source`, whose scales it takes over. */
static bool integers_of(const struct making *m, enum cf_role role, enum cf_head_group source, int bits,
                        struct cf_head_layer *layer)
{
    const struct cf_head_layer *from = layer_of(m, role), *norm = layer_of(m, CF_ROLE_NORM);
    if (source == CF_HEAD_BAND)
        return fold(m, from, norm ? norm->weight : NULL, norm ? norm->bias : NULL,
                    role == CF_ROLE_CLS && !norm ? OWN_BITS : bits, layer);
    return fold(m, from, m->made->group[source].scales, NULL, bits, layer);
}

/* ---- cells ----------------------------------------------------------------------------------------------------- */

static struct cf_type source_type(const struct making *m, enum cf_head_group source)
{
    return source == CF_HEAD_BAND ? m->band : m->made->group[source].type;
}

/* Allocates a group of `lanes` cells that read `sources`, [ports], with room for `terms` terms each. */
static bool start_group(const struct making *m, enum cf_head_group group, uint32_t lanes, uint32_t ports,
                        const enum cf_head_group *sources, size_t terms)
{
    struct cf_head_cells *g = &m->made->group[group];
    struct cf_arena *arena = &m->made->arena;
    struct cf_type *types = cf_arena_alloc(arena, ports, sizeof *types);
    struct cf_term *all = cf_arena_alloc(arena, lanes, terms * sizeof *all);
    g->cells = cf_arena_alloc(arena, lanes, sizeof *g->cells);
    g->scales = cf_arena_alloc(arena, lanes, sizeof *g->scales);
    g->units = cf_arena_alloc(arena, lanes, sizeof *g->units);
    if (!types || !all || !g->cells || !g->scales || !g->units)
        return out_of_memory(m);
    g->lanes = lanes;
    g->ports = ports;
    for (uint32_t p = 0; p < ports; p++) {
        g->source[p] = sources[p];
        types[p] = source_type(m, sources[p]);
    }
    for (uint32_t c = 0; c < lanes; c++)
        g->cells[c] = (struct cf_cell){.ports = types, .port_count = ports, .terms = all + c * terms};
    return true;
}

/* The widest of the cells' types becomes that of all. */
static bool finish_group(const struct making *m, enum cf_head_group group)
{
    struct cf_head_cells *g = &m->made->group[group];
    for (uint32_t c = 0; c < g->lanes; c++) {
        if (!cf_cell_infer_type(&g->cells[c], m->band.frac))
            return too_wide(m);
        if (g->cells[c].type.width > g->type.width)
            g->type = g->cells[c].type;
    }
    for (uint32_t c = 0; c < g->lanes; c++)
        g->cells[c].type = g->type;
    return true;
}

/* Appends a term to a cell that start_group has made; a weight of 0 is no wire. */
static void add_term(struct cf_cell *cell, struct cf_term term)
{
    if (term.weight)
        ((struct cf_term *)cell->terms)[cell->term_count++] = term;
}

/* The term bias * R. A bias of more than 31 bits keeps its highest 31 bits as the weight, and a shift for the rest. */
static struct cf_term bias_term(int64_t bias, uint8_t port)
{
    uint8_t shift = 0;
    while (bias >> shift > INT32_MAX || bias >> shift < INT32_MIN)
        shift++;
    return (struct cf_term){.port = port, .shift = shift, .weight = (int32_t)(bias >> shift)};
}

static bool make_norm(const struct making *m)
{
    const enum cf_head_group sources[] = {CF_HEAD_BAND, CF_HEAD_SUM};
    uint32_t channels = m->head->channels;
    double squares = (double)channels * channels * m->head->norm_eps;
    if (channels > UINT16_MAX)
        return cf_fail(m->err, "%s: a LayerNorm over %u channels: at most %u are possible", m->head->label, channels,
                       UINT16_MAX);
    if (!start_group(m, CF_HEAD_SUM, 1, 1, sources, channels))
        return false;
    struct cf_cell *sum = m->made->group[CF_HEAD_SUM].cells;
    for (uint32_t d = 0; d < channels; d++)
        add_term(sum, (struct cf_term){.offset = d, .weight = 1});
    if (!finish_group(m, CF_HEAD_SUM) || !start_group(m, CF_HEAD_ROOT, 1, 2, sources, (size_t)channels + 1))
        return false;
    struct cf_cell *root = m->made->group[CF_HEAD_ROOT].cells;
    root->activation = CF_ROOT;
    for (uint32_t d = 0; d < channels; d++)
        add_term(root, (struct cf_term){.offset = d, .weight = (int32_t)channels, .square = true});
    add_term(root, (struct cf_term){.port = 1, .weight = -1, .square = true});
    double scale = m->options->input_scale;
    if (!cf_threshold(squares, 2 * m->band.frac, scale, scale, &root->bias))
        return too_wide(m);
    for (uint32_t g = CF_HEAD_SUM; g <= CF_HEAD_ROOT; g++)
        m->made->group[g].units[0] = ldexp(scale, -m->band.frac) / (g == CF_HEAD_ROOT ? channels : 1);
    return finish_group(m, CF_HEAD_ROOT);
}

/* A step's bias that is beyond what its cell holds, or that makes its sums too wide, becomes the nearest that decides
 * the same: one that no sum, or every sum, passes. */
static bool clamp_step(const struct making *m, uint32_t class, struct cf_cell *cell, bool exact)
{
    int64_t threshold = cell->bias, min, max;
    if (exact && cf_cell_range(cell, &min, &max))
        return true;
    bool fits = cf_step_bias(cell, threshold, &cell->bias);
    return (fits && (exact || cell->bias != threshold)) ||
           cf_fail(m->err, "%s: class %u: its integer threshold would pass 62 bits", m->head->label, class);
}

/* A plain layer's cell: its weights, and the bias as an integer. */
static bool plain_cell(const struct making *m, const struct cf_head_layer *layer, uint32_t output, double bias,
                       struct cf_cell *cell)
{
    for (uint32_t i = 0; i < layer->inputs; i++)
        add_term(cell, (struct cf_term){.offset = i, .weight = layer->quantised[(size_t)output * layer->inputs + i]});
    bool exact = cf_threshold(bias, m->band.frac, m->options->input_scale, layer->scale[output], &cell->bias);
    if (cell->activation == CF_STEP)
        return clamp_step(m, output, cell, exact);
    return exact || too_wide(m);
}

/* A cell behind a norm. `direct`: it reads the band, and sums its weights times D s - m; otherwise it reads a layer
 * whose integers stand for R times their real values already. */
static bool normed_cell(const struct making *m, const struct cf_head_layer *layer, uint32_t output, double bias,
                        bool direct, struct cf_cell *cell)
{
    int32_t factor = direct ? (int32_t)m->head->channels : 1;
    int64_t total = 0, integer;
    for (uint32_t i = 0; i < layer->inputs; i++) {
        int32_t weight = layer->quantised[(size_t)output * layer->inputs + i];
        total += weight;
        add_term(cell, (struct cf_term){.offset = i, .weight = weight * factor});
    }
    if (direct)
        add_term(cell, (struct cf_term){.port = 1, .weight = (int32_t)-total});
    bool exact = cf_threshold(bias, 0, 1, layer->scale[output], &integer);
    /* |A| is at most R times the root of D times the sum of the weights' magnitudes. A step whose bias is larger than
     * that decides the same for all inputs, and a bias clamped to 32 bits is. */
    if (cell->activation == CF_STEP && (integer > INT32_MAX || integer < INT32_MIN))
        integer = integer > 0 ? INT32_MAX : INT32_MIN;
    else if (!exact)
        return too_wide(m);
    add_term(cell, bias_term(integer, direct ? 2 : 1));
    return true;
}

/* The bias of a step includes the score threshold, as a logit. A bias beyond the range of double becomes the end of the
 * range that it passes, with which the step decides the same. */
static double bias_of(const struct making *m, const struct cf_head_layer *layer, uint32_t output, bool step)
{
    double bias = layer->bias[output] - (step ? cf_logit(m->options->score_threshold) : 0);
    return bias > DBL_MAX ? DBL_MAX : bias < -DBL_MAX ? -DBL_MAX : bias;
}

static bool make_layer(const struct making *m, enum cf_role role, enum cf_head_group group, enum cf_head_group source,
                       enum cf_activation activation)
{
    bool normed = is_normed(m), direct = source == CF_HEAD_BAND, step = activation == CF_STEP;
    const enum cf_head_group behind_norm[] = {CF_HEAD_BAND, CF_HEAD_SUM, CF_HEAD_ROOT},
                             behind[] = {source, CF_HEAD_ROOT};
    struct cf_head_layer layer;
    int bits = step ? m->head->weight_bits : role == CF_ROLE_PROJECT ? m->bits.project : m->bits.others;
    if (!integers_of(m, role, source, bits, &layer))
        return false;
    uint32_t ports = !normed ? 1 : direct ? 3 : 2;
    if (!start_group(m, group, layer.outputs, ports, normed && direct ? behind_norm : behind, layer.inputs + 2u))
        return false;
    struct cf_head_cells *g = &m->made->group[group];
    for (uint32_t o = 0; o < layer.outputs; o++) {
        double bias = bias_of(m, &layer, o, step);
        g->cells[o].activation = activation;
        g->scales[o] = layer.scale[o];
        g->units[o] = layer.scale[o] * (normed ? 1 : ldexp(m->options->input_scale, -m->band.frac));
        if (!(normed ? normed_cell(m, &layer, o, bias, direct, &g->cells[o])
                     : plain_cell(m, &layer, o, bias, &g->cells[o])))
            return false;
    }
    return finish_group(m, group);
}

bool cf_band_cells_make(struct cf_band_cells *made, const struct cf_head *head,
                        const struct cf_compile_options *options, uint32_t scale, struct cf_type band,
                        struct cf_layer_bits bits, struct cf_error *err)
{
    *made = (struct cf_band_cells){0};
    const struct making m = {made, head, options, scale, band, bits, err};
    bool project = head->bands[CF_ROLE_PROJECT] > 0;
    enum cf_head_group source = project ? CF_HEAD_PROJECT : CF_HEAD_BAND;
    if (head->bands[CF_ROLE_NORM] && !make_norm(&m))
        return false;
    const struct {
        enum cf_role role;
        enum cf_head_group group, source;
        enum cf_activation activation;
    } layers[] = {
        {CF_ROLE_PROJECT, CF_HEAD_PROJECT, CF_HEAD_BAND, CF_LINEAR},
        {CF_ROLE_CLS, CF_HEAD_CLASSIFY, source, CF_STEP},
        {CF_ROLE_REG_HIDDEN, CF_HEAD_HIDDEN, source, CF_RELU},
        {CF_ROLE_REG_OUT, CF_HEAD_BOX, CF_HEAD_HIDDEN, CF_LINEAR},
        {CF_ROLE_REG, CF_HEAD_BOX, source, CF_LINEAR},
        {CF_ROLE_CTR, CF_HEAD_CENTER, source, CF_LINEAR},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (head->bands[layers[i].role] &&
            !make_layer(&m, layers[i].role, layers[i].group, layers[i].source, layers[i].activation))
            return false;
    return true;
}

void cf_band_cells_free(struct cf_band_cells *cells)
{
    cf_arena_free(&cells->arena);
    *cells = (struct cf_band_cells){0};
}

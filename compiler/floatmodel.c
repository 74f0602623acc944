/* floatmodel.c - computes the trained head's own logits, in double precision, straight from features. */
#include "compiler/floatmodel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/geometry.h"

/* One channel's planes: the values of a scale, and their mean pool. */
struct channel {
    double *plane, *pool;
};

static void mean_pool(const double *x, uint32_t h, uint32_t w, double *pool)
{
    for (uint32_t i = 0; i < h / 2; i++)
        for (uint32_t j = 0; j < w / 2; j++) {
            const double *corner = x + (size_t)2 * i * w + 2 * j;
            pool[(size_t)i * (w / 2) + j] = (corner[0] + corner[1] + corner[w] + corner[w + 1]) / 4;
        }
}

/* The coordinate of fine cell i on the coarse axis (align_corners = false), clamped at the edges. */
static double source_coordinate(uint32_t i)
{
    double at = (i + 0.5) / 2 - 0.5;
    return at > 0 ? at : 0;
}

static double upsampled(const double *pool, uint32_t h, uint32_t w, uint32_t i, uint32_t j, enum cf_upsample method)
{
    if (method == CF_NEAREST)
        return pool[(size_t)(i / 2) * w + j / 2];
    double y = source_coordinate(i), x = source_coordinate(j);
    uint32_t i0 = (uint32_t)y, j0 = (uint32_t)x;
    uint32_t i1 = i0 + 1 < h ? i0 + 1 : i0, j1 = j0 + 1 < w ? j0 + 1 : j0;
    double fy = y - i0, fx = x - j0;
    return (1 - fy) * ((1 - fx) * pool[(size_t)i0 * w + j0] + fx * pool[(size_t)i0 * w + j1]) +
           fy * ((1 - fx) * pool[(size_t)i1 * w + j0] + fx * pool[(size_t)i1 * w + j1]);
}

/* Copies a channel's plane into that of the padded grid. */
static void pad_plane(const struct cf_compile_options *o, const double *from, uint32_t h, uint32_t w, double *to)
{
    for (uint32_t i = 0; i < h; i++)
        for (uint32_t j = 0; j < w; j++) {
            bool outside = i >= o->height || j >= o->width;
            uint32_t row = i < o->height ? i : o->height - 1, column = j < o->width ? j : o->width - 1;
            to[(size_t)i * w + j] = outside && o->pad == CF_PAD_ZEROS ? 0 : from[(size_t)row * o->width + column];
        }
}

/* The bands of all scales, [positions][channels] scale after scale, one channel of them. Works down the pyramid in
 * place: plane <- pool. */
static void split_channel(const struct cf_compile_options *o, uint32_t channels, struct channel *c, double *bands)
{
    for (uint32_t k = 0; k < o->scales; k++) {
        uint32_t h = cf_padded_size(o->height, o->scales) >> k, w = cf_padded_size(o->width, o->scales) >> k;
        mean_pool(c->plane, h, w, c->pool);
        bool residual = k + 1 == o->scales && o->top == CF_RESIDUAL;
        for (uint32_t i = 0; i < cf_band_size(o->height, k); i++)
            for (uint32_t j = 0; j < cf_band_size(o->width, k); j++, bands += channels)
                *bands =
                    c->plane[(size_t)i * w + j] - (residual ? 0 : upsampled(c->pool, h / 2, w / 2, i, j, o->upsample));
        double *swap = c->plane;
        c->plane = c->pool;
        c->pool = swap;
    }
}

static size_t position_count(const struct cf_compile_options *o)
{
    size_t positions = 0;
    for (uint32_t k = 0; k < o->scales; k++)
        positions += (size_t)cf_band_size(o->height, k) * cf_band_size(o->width, k);
    return positions;
}

static double *split(const struct cf_compile_options *o, uint32_t channels, const double *features)
{
    uint32_t h = cf_padded_size(o->height, o->scales), w = cf_padded_size(o->width, o->scales);
    size_t plane = (size_t)h * w;
    double *bands = malloc(position_count(o) * channels * sizeof *bands),
           *scratch = malloc(2 * plane * sizeof *scratch);
    for (uint32_t d = 0; bands && scratch && d < channels; d++) {
        struct channel channel = {scratch, scratch + plane};
        pad_plane(o, features + (size_t)d * o->height * o->width, h, w, channel.plane);
        split_channel(o, channels, &channel, bands + d);
    }
    if (!scratch) {
        free(bands);
        return NULL;
    }
    free(scratch);
    return bands;
}

/* ---- layers ---------------------------------------------------------------------------------------------------- */

/* out = weight . in + bias, summed in the order of the inputs; `across` is weight turned round, [inputs][outputs]. */
static void apply(const struct cf_head_layer *layer, const double *across, const double *in, double *out)
{
    memcpy(out, layer->bias, layer->outputs * sizeof *out);
    for (uint32_t i = 0; i < layer->inputs; i++, across += layer->outputs)
        for (uint32_t o = 0; in[i] != 0 && o < layer->outputs; o++)
            out[o] += across[o] * in[i];
}

static void normalise(const struct cf_head *head, const struct cf_head_layer *norm, double *x)
{
    double mean = 0, variance = 0;
    for (uint32_t d = 0; d < head->channels; d++)
        mean += x[d];
    mean /= head->channels;
    for (uint32_t d = 0; d < head->channels; d++)
        variance += (x[d] - mean) * (x[d] - mean);
    double deviation = sqrt(variance / head->channels + head->norm_eps);
    for (uint32_t d = 0; d < head->channels; d++)
        x[d] = (x[d] - mean) / deviation * norm->weight[d] + norm->bias[d];
}

/* A scale's layers, with their weights turned round; `across` is NULL where there is no such layer. */
struct band_model {
    const struct cf_head_layer *layer[CF_ROLE_COUNT];
    double *across[CF_ROLE_COUNT];
    double *projected, *hidden; /* scratch, as wide as those layers */
    double factor;              /* of the box distances */
};

static bool prepare(struct band_model *band, const struct cf_head *head, uint32_t k, struct cf_arena *arena)
{
    for (int role = 0; role < CF_ROLE_COUNT; role++) {
        const struct cf_head_layer *layer = band->layer[role] = cf_head_layer_of(head, (enum cf_role)role, k);
        if (!layer)
            continue;
        double *across = cf_arena_alloc(arena, (size_t)layer->outputs * layer->inputs, sizeof *across);
        if (!across)
            return false;
        for (uint32_t o = 0; o < layer->outputs; o++)
            for (uint32_t i = 0; i < layer->inputs; i++)
                across[(size_t)i * layer->outputs + o] = layer->weight[(size_t)o * layer->inputs + i];
        band->across[role] = across;
    }
    const struct cf_head_layer *project = band->layer[CF_ROLE_PROJECT], *hidden = band->layer[CF_ROLE_REG_HIDDEN];
    band->projected = cf_arena_alloc(arena, project ? project->outputs : 0, sizeof(double));
    band->hidden = cf_arena_alloc(arena, hidden ? hidden->outputs : 0, sizeof(double));
    band->factor = cf_head_factor(head, k);
    return band->projected && band->hidden;
}

static void apply_role(const struct band_model *band, enum cf_role role, const double *in, double *out)
{
    apply(band->layer[role], band->across[role], in, out);
}

/* One position: x [channels] is its band, which is overwritten. */
static void run_position(const struct cf_head *head, const struct band_model *band, double *x, double *logits,
                         double *sides, double *centerness)
{
    if (band->layer[CF_ROLE_NORM])
        normalise(head, band->layer[CF_ROLE_NORM], x);
    if (band->layer[CF_ROLE_PROJECT]) {
        apply_role(band, CF_ROLE_PROJECT, x, band->projected);
        x = band->projected;
    }
    apply_role(band, CF_ROLE_CLS, x, logits);
    if (centerness)
        apply_role(band, CF_ROLE_CTR, x, centerness);
    if (band->layer[CF_ROLE_REG])
        apply_role(band, CF_ROLE_REG, x, sides);
    if (band->layer[CF_ROLE_REG_HIDDEN]) {
        apply_role(band, CF_ROLE_REG_HIDDEN, x, band->hidden);
        for (uint32_t h = 0; h < band->layer[CF_ROLE_REG_HIDDEN]->outputs; h++)
            band->hidden[h] = fmax(band->hidden[h], 0);
        apply_role(band, CF_ROLE_REG_OUT, band->hidden, sides);
    }
    for (int side = 0; sides && side < 4; side++)
        sides[side] *= band->factor;
}

static bool run_scales(const struct cf_head *head, const struct cf_compile_options *o, double *bands,
                       struct cf_float_result *result, struct cf_arena *arena)
{
    size_t p = 0;
    for (uint32_t k = 0; k < o->scales; k++) {
        struct band_model band = {.factor = 1};
        if (!prepare(&band, head, k, arena))
            return false;
        for (size_t end = p + (size_t)cf_band_size(o->height, k) * cf_band_size(o->width, k); p < end; p++)
            run_position(head, &band, bands + p * head->channels, result->logits + p * head->classes,
                         result->sides ? result->sides + 4 * p : NULL,
                         result->centerness ? result->centerness + p : NULL);
    }
    return true;
}

bool cf_float_run(const struct cf_head *head, const struct cf_compile_options *options, const double *features,
                  struct cf_float_result *result)
{
    struct cf_arena arena = {0};
    size_t positions = position_count(options);
    bool boxes = cf_head_has_boxes(head), centerness = head->bands[CF_ROLE_CTR] > 0;
    *result = (struct cf_float_result){malloc(positions * head->classes * sizeof *result->logits),
                                       boxes ? malloc(4 * positions * sizeof *result->sides) : NULL,
                                       centerness ? malloc(positions * sizeof *result->centerness) : NULL};
    double *bands = split(options, head->channels, features);
    bool done = bands && result->logits && (!boxes || result->sides) && (!centerness || result->centerness) &&
                run_scales(head, options, bands, result, &arena);
    free(bands);
    cf_arena_free(&arena);
    if (!done)
        cf_float_free(result);
    return done;
}

void cf_float_free(struct cf_float_result *result)
{
    free(result->logits);
    free(result->sides);
    free(result->centerness);
    *result = (struct cf_float_result){0};
}

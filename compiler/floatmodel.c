/* floatmodel.c - the trained head's own logits, in double precision, straight from features. */
#include "compiler/floatmodel.h"

#include <stdlib.h>

#include "compiler/geometry.h"

/* One channel's planes: the values of a scale, and its mean pool. */
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

/* Adds one channel's share to the logits of all scales, by the classes' weights of that channel. Works down the pyramid
 * in place: plane <- pool. */
static void add_channel(const struct cf_compile_options *o, const double *weight, uint32_t classes, struct channel *c,
                        double *logits)
{
    for (uint32_t k = 0; k < o->scales; k++) {
        uint32_t h = cf_padded_size(o->height, o->scales) >> k, w = cf_padded_size(o->width, o->scales) >> k;
        mean_pool(c->plane, h, w, c->pool);
        bool residual = k + 1 == o->scales && o->top == CF_RESIDUAL;
        for (uint32_t i = 0; i < cf_band_size(o->height, k); i++)
            for (uint32_t j = 0; j < cf_band_size(o->width, k); j++, logits += classes) {
                double value =
                    c->plane[(size_t)i * w + j] - (residual ? 0 : upsampled(c->pool, h / 2, w / 2, i, j, o->upsample));
                for (uint32_t class = 0; value != 0 && class < classes; class ++)
                    logits[class] += weight[class] * value;
            }
        double *swap = c->plane;
        c->plane = c->pool;
        c->pool = swap;
    }
}

double *cf_float_logits(const struct cf_head *head, const struct cf_compile_options *o, const double *features)
{
    uint32_t h = cf_padded_size(o->height, o->scales), w = cf_padded_size(o->width, o->scales);
    size_t plane = (size_t)h * w, positions = 0;
    for (uint32_t k = 0; k < o->scales; k++)
        positions += (size_t)cf_band_size(o->height, k) * cf_band_size(o->width, k);
    double *logits = calloc(positions * head->classes, sizeof *logits);
    double *scratch = malloc((2 * plane + head->classes) * sizeof *scratch);
    if (!logits || !scratch) {
        free(logits);
        free(scratch);
        return NULL;
    }
    double *weight = scratch + 2 * plane; /* a channel's, side by side */
    for (size_t p = 0; p < positions; p++)
        for (uint32_t class = 0; class < head->classes; class ++)
            logits[p * head->classes + class] = head->bias[class];
    for (uint32_t d = 0; d < head->channels; d++) {
        struct channel channel = {scratch, scratch + plane};
        pad_plane(o, features + (size_t)d * o->height * o->width, h, w, channel.plane);
        for (uint32_t class = 0; class < head->classes; class ++)
            weight[class] = head->weight[(size_t) class * head->channels + d];
        add_channel(o, weight, head->classes, &channel, logits);
    }
    free(scratch);
    return logits;
}

/* floatmodel.c - the trained head's own logits, in double precision, straight from features. */
#include "compiler/floatmodel.h"

#include <stdlib.h>

/* One channel's planes: the values of a scale, its mean pool, and the band to classify. */
struct channel {
    double *plane, *pool, *band;
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

/* Adds one channel's share to the logits of all scales, by the classes' weights of that channel. Works down the pyramid
 * in place: plane <- pool. */
static void add_channel(const struct cf_compile_options *o, const double *weight, uint32_t classes, struct channel *c,
                        double *logits)
{
    for (uint32_t k = 0; k < o->scales; k++) {
        uint32_t h = o->height >> k, w = o->width >> k;
        mean_pool(c->plane, h, w, c->pool);
        bool residual = k + 1 == o->scales && o->top == CF_RESIDUAL;
        for (uint32_t i = 0; i < h; i++)
            for (uint32_t j = 0; j < w; j++) {
                size_t at = (size_t)i * w + j;
                c->band[at] = c->plane[at] - (residual ? 0 : upsampled(c->pool, h / 2, w / 2, i, j, o->upsample));
            }
        for (size_t at = 0; at < (size_t)h * w; at++, logits += classes) {
            double value = c->band[at];
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
    size_t plane = (size_t)o->height * o->width, positions = 0;
    for (uint32_t k = 0; k < o->scales; k++)
        positions += (size_t)(o->height >> k) * (o->width >> k);
    double *logits = calloc(positions * head->classes, sizeof *logits);
    double *scratch = malloc((3 * plane + head->classes) * sizeof *scratch);
    if (!logits || !scratch) {
        free(logits);
        free(scratch);
        return NULL;
    }
    double *weight = scratch + 3 * plane; /* a channel's, side by side */
    for (size_t p = 0; p < positions; p++)
        for (uint32_t class = 0; class < head->classes; class ++)
            logits[p * head->classes + class] = head->bias[class];
    for (uint32_t d = 0; d < head->channels; d++) {
        struct channel channel = {scratch, scratch + plane, scratch + 2 * plane};
        for (size_t i = 0; i < plane; i++)
            channel.plane[i] = features[d * plane + i];
        for (uint32_t class = 0; class < head->classes; class ++)
            weight[class] = head->weight[(size_t) class * head->channels + d];
        add_channel(o, weight, head->classes, &channel, logits);
    }
    free(scratch);
    return logits;
}

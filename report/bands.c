/* bands.c - checks on every value of a frame that the bands lose nothing and do not see each other. */
#include "report/bands.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A grid [height][width][lanes] of integers with `frac` fraction bits. */
struct grid {
    int64_t *values;
    uint32_t height, width, lanes;
    int frac;
};

static size_t size_of(const struct grid *g)
{
    return (size_t)g->height * g->width * g->lanes;
}

static bool make(struct grid *g, uint32_t height, uint32_t width, uint32_t lanes, int frac)
{
    *g = (struct grid){NULL, height, width, lanes, frac};
    g->values = malloc(size_of(g) * sizeof *g->values);
    return g->values != NULL;
}

static void count(struct cf_zeros *zeros, int64_t value)
{
    int64_t magnitude = value < 0 ? -value : value;
    zeros->values++;
    zeros->nonzero += value != 0;
    zeros->largest = magnitude > zeros->largest ? magnitude : zeros->largest;
}

/* A coarse position from which fine position i takes its value: the one that covers it (0), or that one's neighbour
 * (1), within the grid. Fine position i lies a quarter of a coarse step before or behind the centre of the one that
 * covers it.
 */
static int64_t neighbour(uint32_t i, int beside, uint32_t size)
{
    int64_t at = (int64_t)(i / 2) + (!beside ? 0 : i % 2 ? 1 : -1);
    return at < 0 ? 0 : at >= size ? size - 1 : at;
}

/* The value of the upsampled grid at one fine cell, times 1 (nearest) or 16 (bilinear). */
static int64_t upsampled(const struct grid *p, enum cf_upsample method, uint32_t i, uint32_t j, uint32_t lane)
{
    if (method == CF_NEAREST)
        return p->values[((size_t)(i / 2) * p->width + j / 2) * p->lanes + lane];
    int64_t sum = 0;
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++) {
            int64_t row = neighbour(i, a, p->height), column = neighbour(j, b, p->width);
            sum += (a ? 1 : 3) * (b ? 1 : 3) * p->values[(row * p->width + column) * p->lanes + lane];
        }
    return sum;
}

/* up(p) with its own binary point. */
static bool up(struct grid *fine, const struct grid *p, enum cf_upsample method)
{
    if (!make(fine, p->height * 2, p->width * 2, p->lanes, p->frac + (method == CF_BILINEAR ? 4 : 0)))
        return false;
    size_t at = 0;
    for (uint32_t i = 0; i < fine->height; i++)
        for (uint32_t j = 0; j < fine->width; j++)
            for (uint32_t lane = 0; lane < p->lanes; lane++)
                fine->values[at++] = upsampled(p, method, i, j, lane);
    return true;
}

/* The mean of 2 x 2: their sum, with two more fraction bits. */
static bool pool(struct grid *coarse, const struct grid *x)
{
    if (!make(coarse, x->height / 2, x->width / 2, x->lanes, x->frac + 2))
        return false;
    size_t row = (size_t)x->width * x->lanes, at = 0;
    for (uint32_t i = 0; i < coarse->height; i++)
        for (uint32_t j = 0; j < coarse->width; j++)
            for (uint32_t lane = 0; lane < x->lanes; lane++) {
                const int64_t *corner = x->values + 2 * i * row + (size_t)2 * j * x->lanes + lane;
                coarse->values[at++] = corner[0] + corner[x->lanes] + corner[row] + corner[row + x->lanes];
            }
    return true;
}

/* Counts where a - b - c is not 0; c may be NULL. */
static void compare(struct cf_zeros *zeros, const struct grid *a, const struct grid *b, const struct grid *c)
{
    int frac = a->frac > b->frac ? a->frac : b->frac;
    frac = c && c->frac > frac ? c->frac : frac;
    for (size_t i = 0; i < size_of(a); i++)
        count(zeros, a->values[i] * ((int64_t)1 << (frac - a->frac)) - b->values[i] * ((int64_t)1 << (frac - b->frac)) -
                         (c ? c->values[i] * ((int64_t)1 << (frac - c->frac)) : 0));
}

static bool read_group(struct grid *g, const struct cf_sums *sums, const cofiber_result *result, const char *name,
                       struct cf_error *err)
{
    uint32_t index = cf_netlist_find_group(sums->netlist, name);
    if (index == UINT32_MAX || sums->netlist->groups[index].rank != 3)
        return cf_fail(err, "%s: has no group '%s' of rank 3", sums->netlist->label, name);
    const struct cf_group *group = &sums->netlist->groups[index];
    if (!make(g, group->shape[0], group->shape[1], group->shape[2], group->type.frac))
        return cf_fail(err, "%s: out of memory", sums->netlist->label);
    return cofiber_read(result, index, g->values) ||
           cf_fail(err, "%s: the simulator has no values of %s", sums->netlist->label, name);
}

/* The classifiers' sums of one scale without their biases, pooled. */
static bool add_block(struct cf_bands *bands, const struct cf_sums *sums, uint32_t k, const cofiber_result *result,
                      struct cf_error *err)
{
    const struct cf_group *group = &sums->netlist->groups[sums->groups[k]];
    struct grid y, pooled = {0};
    bool done = read_group(&y, sums, result, group->name, err);
    for (size_t i = 0; done && i < size_of(&y); i++)
        y.values[i] -= sums->netlist->cells[group->cell[i]].bias;
    done = done && (pool(&pooled, &y) || cf_fail(err, "%s: out of memory", sums->netlist->label));
    for (size_t i = 0; done && i < size_of(&pooled); i++)
        count(&bands->block, pooled.values[i]);
    free(y.values);
    free(pooled.values);
    return done;
}

static bool add_scale(struct cf_bands *bands, const struct grid *x, const struct grid *p, const struct grid *s,
                      enum cf_upsample method)
{
    struct grid lifted = {0}, mixed = {0}, again = {0}, twice = {0};
    bool done = up(&lifted, p, method) && pool(&mixed, s) && pool(&again, &lifted) && up(&twice, &again, method);
    if (done) {
        compare(&bands->lossless, x, &lifted, s);
        compare(&bands->cofiber_of_up, &lifted, &twice, NULL);
        for (size_t i = 0; i < size_of(&mixed); i++)
            count(&bands->pool_of_cofiber, mixed.values[i]);
    }
    free(lifted.values);
    free(mixed.values);
    free(again.values);
    free(twice.values);
    return done;
}

bool cf_bands_add(struct cf_bands *bands, const struct cf_sums *sums, const struct cf_compile_options *options,
                  const cofiber_result *result, struct cf_error *err)
{
    assert(!options->sweep);
    struct grid x = {0};
    bool done = read_group(&x, sums, result, "input", err);
    for (uint32_t k = 0; done && k < options->scales; k++) {
        struct grid p = {0}, s = {0};
        char name[2][32];
        snprintf(name[0], sizeof name[0], "s%u.pool", k);
        snprintf(name[1], sizeof name[1], "s%u.subtract", k);
        done = read_group(&p, sums, result, name[0], err) && read_group(&s, sums, result, name[1], err) &&
               (add_scale(bands, &x, &p, &s, options->upsample) ||
                cf_fail(err, "%s: out of memory", sums->netlist->label));
        if (done && (k + 1 < options->scales || options->top == CF_COFIBER))
            done = add_block(bands, sums, k, result, err);
        free(s.values);
        free(x.values);
        x = p; /* the next scale splits this one's pool */
    }
    free(x.values);
    return done;
}

/* ---- single precision ---- */

/* up(p) at one fine cell, with the operations of one float each. */
static float up_float(const float *p, uint32_t h, uint32_t w, enum cf_upsample method, uint32_t i, uint32_t j)
{
    uint32_t a = i / 2, b = j / 2;
    if (method == CF_NEAREST)
        return p[(size_t)a * w + b];
    uint32_t c = i % 2 ? (a + 1 < h ? a + 1 : a) : (a > 0 ? a - 1 : a);
    uint32_t d = j % 2 ? (b + 1 < w ? b + 1 : b) : (b > 0 ? b - 1 : b);
    float near = 0.75F * p[(size_t)a * w + b] + 0.25F * p[(size_t)a * w + d];
    float far = 0.75F * p[(size_t)c * w + b] + 0.25F * p[(size_t)c * w + d];
    return 0.75F * near + 0.25F * far;
}

/* Splits one channel in place into bands, of which scale k has height >> k rows, and puts them together again. grids[k]
 * holds the grid of scale k, and bands[k] its cofiber. */
static void split_and_join(float *const *grids, float *const *bands, const struct cf_compile_options *o)
{
    for (uint32_t k = 0; k < o->scales; k++) {
        uint32_t h = o->height >> k, w = o->width >> k;
        for (uint32_t i = 0; i < h / 2; i++)
            for (uint32_t j = 0; j < w / 2; j++) {
                const float *corner = grids[k] + (size_t)2 * i * w + 2 * j;
                grids[k + 1][(size_t)i * (w / 2) + j] = (corner[0] + corner[1] + corner[w] + corner[w + 1]) * 0.25F;
            }
        for (uint32_t i = 0; i < h; i++)
            for (uint32_t j = 0; j < w; j++)
                bands[k][(size_t)i * w + j] =
                    grids[k][(size_t)i * w + j] - up_float(grids[k + 1], h / 2, w / 2, o->upsample, i, j);
    }
    for (uint32_t k = o->scales; k-- > 0;) { /* from the residual down */
        uint32_t h = o->height >> k, w = o->width >> k;
        for (uint32_t i = 0; i < h; i++)
            for (uint32_t j = 0; j < w; j++)
                grids[k][(size_t)i * w + j] =
                    up_float(grids[k + 1], h / 2, w / 2, o->upsample, i, j) + bands[k][(size_t)i * w + j];
    }
}

bool cf_reconstruct(struct cf_reconstruction *worst, const struct cf_compile_options *options, uint32_t channels,
                    const double *features, struct cf_error *err)
{
    enum { MOST = 12 };
    assert(options->scales + 1 < MOST);
    size_t plane = (size_t)options->height * options->width;
    float *memory = malloc(4 * plane * sizeof *memory), *at = memory; /* a geometric series, twice */
    float *grids[MOST], *bands[MOST];
    if (!memory)
        return cf_fail(err, "out of memory");
    for (uint32_t k = 0; k <= options->scales; k++) {
        grids[k] = at;
        at += plane >> (2 * k);
    }
    for (uint32_t k = 0; k < options->scales; k++) {
        bands[k] = at;
        at += plane >> (2 * k);
    }
    for (uint32_t d = 0; d < channels; d++, features += plane) {
        for (size_t i = 0; i < plane; i++)
            grids[0][i] = (float)features[i];
        split_and_join(grids, bands, options);
        for (size_t i = 0; i < plane; i++) {
            worst->error = fmax(worst->error, fabs((double)grids[0][i] - (double)(float)features[i]));
            worst->feature = fmax(worst->feature, fabs(features[i]));
        }
    }
    free(memory);
    return true;
}

/* measure.c - judges masks, remembers verdicts, and keeps the points of a search. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "prune/prune.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The digest of a mask and of who judges it. */
static bool key_of(const struct cf_prune *p, const uint8_t *mask, bool proxy, char key[CF_SHA256_HEX])
{
    size_t count = p->weights->count;
    uint8_t *bytes = malloc(count + 1);
    if (!bytes)
        return false;
    memcpy(bytes, mask, count);
    bytes[count] = proxy;
    cf_sha256(bytes, count + 1, key);
    free(bytes);
    return true;
}

bool cf_prune_measure(struct cf_prune *p, const uint8_t *mask, bool proxy, struct cf_verdict *verdict,
                      struct cf_error *err)
{
    char key[CF_SHA256_HEX];
    /* A proxy of all frames judges as all frames do. */
    bool by_proxy = proxy && p->judge->options.proxy < p->judge->count;
    if (!key_of(p, mask, by_proxy, key))
        return cf_fail(err, "%s: out of memory", p->weights->head.label);
    const struct cf_verdict *known = cf_prune_log_find(p->log, key);
    if (known) {
        *verdict = *known;
        return true;
    }
    double started = now();
    cf_prune_weights_apply(p->weights, mask);
    if (!cf_judge_head(p->judge, &p->weights->head, by_proxy, verdict, err))
        return false;
    if (verdict->stopped) {
        p->interrupted = true;
        return true;
    }
    p->seconds += now() - started;
    p->frames += by_proxy ? p->judge->options.proxy : p->judge->count;
    p->judged++;
    return cf_prune_log_add(p->log, key, verdict, err);
}

bool cf_prune_add_point(struct cf_prune *p, const char *name, const uint8_t *mask, const struct cf_verdict *verdict,
                        struct cf_error *err)
{
    uint8_t *copy = malloc(p->weights->count);
    if (!copy || !cf_array_reserve(&p->points, &p->point_capacity, p->point_count + 1, sizeof *p->points)) {
        free(copy);
        return cf_fail(err, "%s: out of memory", p->weights->head.label);
    }
    memcpy(copy, mask, p->weights->count);
    struct cf_prune_point *point = &p->points[p->point_count++];
    *point = (struct cf_prune_point){
        .mask = copy, .nonzero = cf_prune_weights_nonzero(p->weights, mask), .verdict = *verdict};
    snprintf(point->name, sizeof point->name, "%s", name);
    return true;
}

bool cf_prune_begin(struct cf_prune *p, struct cf_error *err)
{
    assert(p->options.step > 0 && p->options.floor >= 0 && p->options.floor <= 1 && p->options.tolerance >= 0);
    const uint8_t *mask = p->weights->zero;
    if (p->tell)
        p->tell(p->context, "the head itself");
    for (int proxy = 0; proxy < 2; proxy++)
        if (!cf_prune_measure(p, mask, proxy, &p->base[proxy], err))
            return false;
        else if (p->interrupted)
            return true;
    if (p->base[0].map < 0)
        return cf_fail(err, "%s: has no objects in the images of these frames", p->judge->truth.label);
    return cf_prune_add_point(p, "head", mask, &p->base[0], err);
}

void cf_prune_free(struct cf_prune *p)
{
    for (size_t i = 0; i < p->point_count; i++)
        free(p->points[i].mask);
    free(p->points);
    *p = (struct cf_prune){0};
}

/* ---- order ----------------------------------------------------------------------------------------------------- */

static int compare_magnitudes(const void *a, const void *b, void *context)
{
    const struct cf_prune_weights *w = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    double p = fabs(w->values[x]), q = fabs(w->values[y]);
    return p != q ? (p > q) - (p < q) : (x > y) - (x < y);
}

size_t cf_prune_order(const struct cf_prune_weights *w, const uint8_t *mask, size_t first, size_t count, size_t *order)
{
    assert(first + count <= w->count);
    size_t found = 0;
    for (size_t i = first; i < first + count; i++)
        if (!mask[i])
            order[found++] = i;
    qsort_r(order, found, sizeof *order, compare_magnitudes, (void *)w);
    return found;
}

/* ---- the choice ------------------------------------------------------------------------------------------------ */

/* As few parameters and as high a mAP, and one of the two better (or the same point, and named before). */
static bool dominates(const struct cf_prune_point *a, const struct cf_prune_point *b)
{
    if (a->nonzero > b->nonzero || a->verdict.map < b->verdict.map)
        return false;
    return a->nonzero < b->nonzero || a->verdict.map > b->verdict.map || a < b;
}

const struct cf_prune_point *cf_prune_choose(struct cf_prune *p)
{
    assert(p->point_count > 0);
    const struct cf_prune_point *best = &p->points[0];
    for (size_t i = 0; i < p->point_count; i++) {
        struct cf_prune_point *point = &p->points[i];
        point->on_front = true;
        for (size_t k = 0; k < p->point_count; k++)
            point->on_front = point->on_front && (k == i || !dominates(&p->points[k], point));
        if (point->verdict.map < p->base[0].map - p->options.tolerance)
            continue;
        if (point->nonzero < best->nonzero ||
            (point->nonzero == best->nonzero && point->verdict.map > best->verdict.map))
            best = point;
    }
    return best;
}

/* formulas.c - computes the circuit's formulas over plain arrays, and makes heads in memory to compile: see
 * formulas.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/census.h"
#include "netlists/check.h"
#include "netlists/names.h"
#include "sim/word/reference.h"
#include "tests/support/formulas.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

/* ---- a head in memory; all scales are powers of two, so that the reference's thresholds are exact in double ---- */

void make_head(struct cf_head *head, uint32_t classes, uint32_t channels, struct random_source *random)
{
    *head = (struct cf_head){.label = "head", .classes = classes, .channels = channels};
    head->bands[CF_ROLE_CLS] = 1;
    struct cf_head_layer *cls = &head->layer[CF_ROLE_CLS][0];
    cls->outputs = classes;
    cls->inputs = channels;
    assert_true(cf_head_layer_allocate(cls, &head->arena));
    for (uint32_t c = 0; c < classes; c++) {
        cls->scale[c] = ldexp(1, (int)random_between(random, -9, 0));
        cls->bias[c] = (double)random_between(random, -4000, 4000) / 64;
        for (uint32_t d = 0; d < channels; d++) {
            int32_t code = random_next(random) % 4 ? (int32_t)random_between(random, -127, 127) : 0;
            cls->quantised[c * channels + d] = code;
            cls->weight[c * channels + d] = code * cls->scale[c];
        }
    }
    strcpy(head->sha256, "0123");
}

/* ---- the reference: planes of [h][w], one channel at a time ---- */

struct plane new_plane(uint32_t h, uint32_t w)
{
    struct plane plane = {h, w, calloc((size_t)h * w, sizeof *plane.at)};
    assert_non_null(plane.at);
    return plane;
}

/* Pool k: the sum of 2^k x 2^k inputs. */
struct plane pool_of(struct plane x, uint32_t k)
{
    struct plane pool = new_plane(x.h >> k, x.w >> k);
    for (uint32_t i = 0; i < x.h; i++)
        for (uint32_t j = 0; j < x.w; j++)
            pool.at[(i >> k) * pool.w + (j >> k)] += x.at[i * x.w + j];
    return pool;
}

/* One axis of torch.nn.functional.interpolate(scale_factor=2, align_corners=False): value and neighbours. */
static double lerp_weight(uint32_t fine, uint32_t coarse, uint32_t size)
{
    double source = fmax((fine + 0.5) / 2 - 0.5, 0), low = floor(source), weight = 0;
    double high = fmin(low + 1, size - 1);
    if (coarse == low)
        weight += 1 - (source - low);
    if (coarse == high)
        weight += source - low;
    return weight;
}

/* x - up(pool), times 4 (nearest) or 64 (bilinear), as the pools are sums of four. */
struct plane band_of(struct plane x, struct plane pool, bool bilinear)
{
    struct plane band = new_plane(x.h, x.w);
    for (uint32_t i = 0; i < x.h; i++)
        for (uint32_t j = 0; j < x.w; j++) {
            double up = 0;
            for (uint32_t a = 0; bilinear && a < pool.h; a++)
                for (uint32_t b = 0; b < pool.w; b++)
                    up += 16 * lerp_weight(i, a, pool.h) * lerp_weight(j, b, pool.w) * (double)pool.at[a * pool.w + b];
            if (!bilinear)
                up = (double)pool.at[i / 2 * pool.w + j / 2];
            band.at[i * x.w + j] = x.at[i * x.w + j] * (bilinear ? 64 : 4) - (int64_t)up;
        }
    return band;
}

const struct cf_group *group_of(const struct cf_netlist *n, uint32_t scale, const char *kind)
{
    char name[32];
    snprintf(name, sizeof name, "s%u.%s", scale, kind);
    uint32_t g = cf_netlist_find_group(n, name);
    return g == UINT32_MAX ? NULL : &n->groups[g];
}

/* Compares one channel of a group with a plane; returns the values compared. */
static size_t compare_plane(const struct cf_netlist *n, const int64_t *nets, uint32_t scale, const char *kind,
                            struct plane plane, uint32_t lane, uint32_t lanes)
{
    const struct cf_group *group = group_of(n, scale, kind);
    if (!group)
        return 0;
    assert_int_equal(group->rank, 3);
    assert_true(group->shape[0] == plane.h && group->shape[1] == plane.w);
    assert_true(group->shape[2] == lanes || group->lane_names);
    uint32_t name = lane;
    lanes = group->shape[2];
    for (lane = 0; lane < lanes && cf_group_lane_name(group, lane) != name; lane++) {
    }
    if (lane == lanes) /* swept away */
        return 0;
    for (uint32_t p = 0; p < plane.h * plane.w; p++)
        if (nets[group->first_net + p * lanes + lane] != plane.at[p])
            fail_msg("%s[%u,%u,%u]: %lld, expected %lld", group->name, p / plane.w, p % plane.w, lane,
                     (long long)nets[group->first_net + p * lanes + lane], (long long)plane.at[p]);
    return (size_t)plane.h * plane.w;
}

size_t compare_with_formulas(const struct cf_netlist *n, const struct cf_head *head, const struct cf_compile_options *o,
                             const int64_t *nets)
{
    size_t compared = 0;
    struct plane *sums = calloc(o->scales * head->classes, sizeof *sums);
    assert_non_null(sums);
    for (uint32_t k = 0; k < o->scales * head->classes; k++)
        sums[k] = new_plane(o->height >> k / head->classes, o->width >> k / head->classes);
    for (uint32_t d = 0; d < head->channels; d++) {
        struct plane x = new_plane(o->height, o->width);
        for (uint32_t p = 0; p < x.h * x.w; p++)
            x.at[p] = nets[p * head->channels + d];
        for (uint32_t k = 0; k < o->scales; k++) {
            struct plane fine = pool_of(x, k), coarse = pool_of(x, k + 1);
            struct plane band = band_of(fine, coarse, o->upsample == CF_BILINEAR);
            compared += compare_plane(n, nets, k, "pool", coarse, d, head->channels);
            compared += compare_plane(n, nets, k, "subtract", band, d, head->channels);
            bool residual = k + 1 == o->scales && o->top == CF_RESIDUAL;
            for (uint32_t c = 0; c < head->classes; c++)
                for (uint32_t p = 0; p < fine.h * fine.w; p++)
                    sums[k * head->classes + c].at[p] +=
                        head->layer[CF_ROLE_CLS][0].quantised[c * head->channels + d] * (residual ? fine : band).at[p];
            free(fine.at);
            free(coarse.at);
            free(band.at);
        }
        free(x.at);
    }
    double logit = log(o->score_threshold / (1 - o->score_threshold));
    for (uint32_t k = 0; k < o->scales; k++)
        for (uint32_t c = 0; c < head->classes; c++) {
            bool residual = k + 1 == o->scales && o->top == CF_RESIDUAL;
            int frac = (int)(residual ? 2 * k : 2 * (k + 1) + (o->upsample == CF_BILINEAR ? 4 : 0));
            double limit = floor(ldexp(head->layer[CF_ROLE_CLS][0].bias[c] - logit, frac) /
                                 (o->input_scale * head->layer[CF_ROLE_CLS][0].scale[c]));
            struct plane *plane = &sums[k * head->classes + c];
            for (uint32_t p = 0; p < plane->h * plane->w; p++)
                plane->at[p] = plane->at[p] + (int64_t)limit >= 0;
            compared += compare_plane(n, nets, k, "classify", *plane, c, head->classes);
            free(plane->at);
        }
    free(sums);
    return compared;
}

struct cf_netlist *compile_head(const struct cf_head *head, const struct cf_compile_options *options)
{
    struct cf_netlist *netlist;
    struct cf_error err;
    assert_done(cf_compile(&netlist, head, options, &err), &err);
    assert_done(cf_netlist_check(netlist, &err), &err);
    return netlist;
}

int64_t *evaluate_at_random(const struct cf_netlist *n, uint64_t seed)
{
    struct random_source random = {seed};
    int64_t *nets = calloc(n->net_count, sizeof *nets);
    assert_non_null(nets);
    random_input(&random, n, nets);
    cf_word_evaluate(n, nets);
    return nets;
}

/* Channels that some class weighs. */
static uint32_t live_channels(const struct cf_head *head)
{
    uint32_t live = 0;
    for (uint32_t d = 0; d < head->channels; d++) {
        uint32_t zeros = 0;
        for (uint32_t c = 0; c < head->classes; c++)
            zeros += head->layer[CF_ROLE_CLS][0].quantised[c * head->channels + d] == 0;
        live += zeros < head->classes;
    }
    return live;
}

/* Gates as DESIGN's table counts them. */
size_t gates_of(const struct cf_compile_options *o, const struct cf_head *head)
{
    size_t gates = 0, classes = head->classes, channels = o->sweep ? live_channels(head) : head->channels;
    for (uint32_t k = 0; k < o->scales; k++) {
        size_t fine = (size_t)(o->height >> k) * (o->width >> k);
        gates += fine / 4 * channels + fine * channels + fine * classes;
        if (o->sweep && o->top == CF_RESIDUAL && k + 1 == o->scales)
            gates -= fine / 4 * channels + fine * channels;
    }
    return gates;
}

static const struct {
    uint32_t height, width, scales, channels, classes;
    int bits;
} geometries[] = {
    {2, 2, 1, 1, 1, 2},  {2, 6, 1, 3, 2, 8},  {4, 4, 2, 2, 3, 8},   {8, 4, 2, 5, 1, 16},
    {8, 24, 3, 3, 4, 8}, {16, 8, 3, 1, 2, 4}, {16, 16, 4, 2, 2, 8},
};

/* Calls `check` for every geometry and combination of options. */
void each_setting(void (*check)(const struct cf_head *head, const struct cf_compile_options *options))
{
    struct random_source random = {7};
    for (size_t g = 0; g < sizeof geometries / sizeof geometries[0]; g++) {
        struct cf_head head;
        make_head(&head, geometries[g].classes, geometries[g].channels, &random);
        for (int choice = 0; choice < 32; choice++) {
            struct cf_compile_options o = cf_compile_defaults();
            o.height = geometries[g].height;
            o.width = geometries[g].width;
            o.scales = geometries[g].scales;
            o.input_bits = geometries[g].bits;
            o.input_scale = 0.125;
            o.upsample = choice & 1 ? CF_BILINEAR : CF_NEAREST;
            o.pools = choice & 2 ? CF_ITERATED : CF_DIRECT;
            o.top = choice & 4 ? CF_COFIBER : CF_RESIDUAL;
            o.sweep = choice & 8;
            o.score_threshold = choice & 16 ? 0.3 : 0.5;
            check(&head, &o);
        }
        cf_head_free(&head);
    }
}

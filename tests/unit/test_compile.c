/* The compiler against the formulas of the circuit, written anew over plain arrays: no cells, no instances. */
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
#include "compiler/floatmodel.h"
#include "compiler/record.h"
#include "netlists/analyse.h"
#include "netlists/check.h"
#include "netlists/diff.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "sim/word/reference.h"
#include "tests/support/random_netlist.h"
#include "tests/support/scratch.h"

/* ---- a head in memory; all scales are powers of two, so that the reference's thresholds are exact in double ---- */

static void make_head(struct cf_head *head, uint32_t classes, uint32_t channels, struct random_source *random)
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

struct plane {
    uint32_t h, w;
    int64_t *at; /* malloc'd */
};

static struct plane new_plane(uint32_t h, uint32_t w)
{
    struct plane plane = {h, w, calloc((size_t)h * w, sizeof *plane.at)};
    assert_non_null(plane.at);
    return plane;
}

/* Pool k: the sum of 2^k x 2^k inputs. */
static struct plane pool_of(struct plane x, uint32_t k)
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
static struct plane subtract(struct plane x, struct plane pool, bool bilinear)
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

struct setting {
    struct cf_compile_options options;
    uint32_t classes, channels;
};

static const struct cf_group *group_of(const struct cf_netlist *n, uint32_t scale, const char *kind)
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

static size_t compare_with_formulas(const struct cf_netlist *n, const struct cf_head *head,
                                    const struct cf_compile_options *o, const int64_t *nets)
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
            struct plane band = subtract(fine, coarse, o->upsample == CF_BILINEAR);
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

static struct cf_netlist *compile(const struct cf_head *head, const struct cf_compile_options *options)
{
    struct cf_netlist *netlist;
    struct cf_error err;
    assert_done(cf_compile(&netlist, head, options, &err), &err);
    assert_done(cf_netlist_check(netlist, &err), &err);
    return netlist;
}

static int64_t *evaluate(const struct cf_netlist *n, uint64_t seed)
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
static size_t gates_of(const struct cf_compile_options *o, const struct cf_head *head)
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
static void each_setting(void (*check)(const struct cf_head *head, const struct cf_compile_options *options))
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

/* ---- the tests ---- */

static void check_values(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_netlist *n = compile(head, o);
    assert_int_equal(n->groups[CF_INPUT].type.width, o->input_bits);
    for (uint64_t seed = 0; seed < 3; seed++) {
        int64_t *nets = evaluate(n, seed);
        assert_int_equal(compare_with_formulas(n, head, o, nets), gates_of(o, head));
        free(nets);
    }
    cf_netlist_free(n);
}

static void every_gate_has_the_formulas_value(void **state)
{
    (void)state;
    each_setting(check_values);
}

/* A reference that cannot fail shows nothing: a weight, a bias, a base or a shift changed must be noticed. */
static void the_formulas_notice_a_changed_netlist(void **state)
{
    (void)state;
    struct random_source random = {9};
    struct cf_head head;
    struct cf_compile_options o = cf_compile_defaults();
    o.height = o.width = 8;
    o.scales = 2;
    o.input_scale = 0.125;
    make_head(&head, 3, 2, &random);
    for (int change = 0; change < 4; change++) {
        struct cf_netlist *n = compile(&head, &o);
        struct cf_group *pool = &n->groups[cf_netlist_find_group(n, "s0.pool")];
        struct cf_group *subtract = &n->groups[cf_netlist_find_group(n, "s0.subtract")];
        struct cf_group *classify = &n->groups[cf_netlist_find_group(n, "s1.classify")];
        struct cf_cell *cell = &n->cells[subtract->cell[0]];
        struct cf_term *terms = (struct cf_term *)(uintptr_t)cell->terms;
        int64_t *before = evaluate(n, 1);
        if (change == 0)
            terms[1].weight = 1;
        else if (change == 1)
            n->cells[classify->cell[0]].bias = -((int64_t)1 << 40);
        else if (change == 2)
            pool->base[5]++;
        else
            terms[0].shift = 1;
        if (change == 1)
            n->cells[classify->cell[0]].bias *= before[classify->first_net] ? 1 : -1;
        int64_t *after = evaluate(n, 1);
        assert_memory_not_equal(before, after, n->net_count * sizeof *before);
        free(before);
        free(after);
        cf_netlist_free(n);
    }
    cf_head_free(&head);
}

static void check_counts(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_netlist *n = compile(head, o);
    struct cf_facts facts;
    struct cf_error err;
    assert_done(cf_netlist_analyse(n, &facts, &err), &err);
    size_t closed = 0;
    for (uint32_t k = 0; k < o->scales; k++)
        for (int l = 0; l < CF_LAYER_COUNT; l++) {
            enum cf_layer layer = (enum cf_layer)l;
            const struct cf_group *group = group_of(n, k, cf_layer_name(layer));
            assert_int_equal(cf_closed_form_swept(o, n, k, layer), group ? group->count : 0);
            closed += cf_closed_form(o, n, k, layer);
        }
    struct cf_compile_options whole = *o;
    whole.sweep = false;
    assert_int_equal(closed, gates_of(&whole, head));
    assert_int_equal(facts.gates, gates_of(o, head));
    /* Direct: every pool is one level; iterated: one level more for each scale. */
    uint32_t levels = o->pools == CF_DIRECT ? 1 : o->scales;
    bool dead_top = o->top == CF_RESIDUAL && o->pools == CF_ITERATED;
    if (dead_top && o->sweep) /* one pool less; a single scale is left with classifiers of the input alone */
        assert_int_equal(facts.depth, o->scales == 1 ? 1 : o->scales - 1 + 2);
    else if (dead_top)
        assert_int_equal(facts.depth, o->scales + 1);
    else if (o->sweep && o->top == CF_RESIDUAL && o->scales == 1)
        assert_int_equal(facts.depth, 1);
    else if (o->top == CF_RESIDUAL && o->scales == 1)
        assert_int_equal(facts.depth, 2);
    else
        assert_int_equal(facts.depth, levels + 2);
    cf_facts_free(&facts);
    cf_netlist_free(n);
}

static void gates_and_depth_are_the_closed_form(void **state)
{
    (void)state;
    each_setting(check_counts);
}

static void check_record(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_netlist *n = compile(head, o);
    struct cf_compile_options read;
    struct cf_error err;
    assert_done(cf_compile_recorded(n, &read, &err), &err);
    assert_true(read.height == o->height && read.width == o->width && read.scales == o->scales);
    assert_true(read.upsample == o->upsample && read.pools == o->pools && read.top == o->top);
    assert_true(read.sweep == o->sweep && read.input_bits == o->input_bits);
    assert_true(read.score_threshold == o->score_threshold && read.input_scale == o->input_scale);
    assert_string_equal(cf_netlist_meta(n, "head.sha256"), "0123");
    assert_int_equal(n->class_count, head->classes);
    assert_memory_equal(n->class_scale, head->layer[CF_ROLE_CLS][0].scale, head->classes * sizeof(double));
    cf_netlist_free(n);
}

static void options_are_recorded(void **state)
{
    (void)state;
    each_setting(check_record);
}

static void broken_records_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *fragment;
    } broken[] = {
        {"compile.grid", "8", "metadata 'compile.grid' is '8'"},
        {"compile.grid", "8x8x3", "metadata 'compile.grid' is '8x8x3'"},
        {"compile.grid", " 8x8", "metadata 'compile.grid' is ' 8x8'"},
        {"compile.grid", "8x4294967304", "metadata 'compile.grid' is '8x4294967304'"}, /* 8 more than 2^32 */
        {"compile.grid", "16x8", "metadata 'compile.grid' is 16x8, which is not the shape of its input"},
        {"compile.scales", "x", "metadata 'compile.scales' is 'x'"},
        {"compile.scales", "0", "metadata 'compile.scales' is '0'"},
        {"compile.scales", "99", "metadata 'compile.scales' is '99'"},
        {"compile.scales", "4294967298", "metadata 'compile.scales' is '4294967298'"},
        {"compile.scales", "3 ", "metadata 'compile.scales' is '3 '"},
        {"compile.scales", "4", "metadata 'compile.scales' is 4, but 2^4 does not divide its 8x8 grid"},
        {"compile.input_bits", "8.0", "metadata 'compile.input_bits' is '8.0'"},
        {"compile.input_bits", "9", "metadata 'compile.input_bits' is 9, but its input has 8"},
        {"compile.upsample", "cubic", "metadata 'compile.upsample' is 'cubic'"},
        {"compile.pools", "", "metadata 'compile.pools' is ''"},
        {"compile.top", "Residual", "metadata 'compile.top' is 'Residual'"},
        {"compile.sweep", "maybe", "metadata 'compile.sweep' is 'maybe'"},
        {"compile.score_threshold", "nan", "metadata 'compile.score_threshold' is 'nan'"},
        {"compile.score_threshold", "1", "metadata 'compile.score_threshold' is '1'"},
        {"compile.score_threshold", "0.5x", "metadata 'compile.score_threshold' is '0.5x'"},
    };
    struct random_source random = {3};
    struct cf_head head;
    struct cf_compile_options o = cf_compile_defaults(), read;
    struct cf_error err;
    o.height = o.width = 8;
    o.input_scale = 1;
    make_head(&head, 1, 1, &random);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct cf_netlist *n = compile(&head, &o);
        assert_true(cf_compile_recorded(n, &read, &err));
        assert_true(cf_netlist_set_meta(n, broken[i].key, broken[i].value, &err));
        if (cf_compile_recorded(n, &read, &err))
            fail_msg("%s = %s was accepted", broken[i].key, broken[i].value);
        assert_says(&err, broken[i].fragment);
        cf_netlist_free(n);
    }
    cf_head_free(&head);
}

/* Operand widths of the published geometry: 11, 13 and 12 bits (nearest), 15 and 17 (bilinear). */
static void widths_are_the_published_ones(void **state)
{
    (void)state;
    struct random_source random = {3};
    struct cf_head head;
    struct cf_compile_options o = cf_compile_defaults();
    o.input_scale = 1;
    make_head(&head, 1, 1, &random);
    for (int bilinear = 0; bilinear < 2; bilinear++) {
        o.upsample = bilinear ? CF_BILINEAR : CF_NEAREST;
        struct cf_netlist *n = compile(&head, &o);
        for (uint32_t k = 0; k < 3; k++) {
            struct cf_type pool = group_of(n, k, "pool")->type, band = group_of(n, k, "subtract")->type;
            assert_true(cf_type_equal(pool, SIGNED((uint8_t)(10 + 2 * k), (int16_t)(2 * k + 2))));
            assert_true(cf_type_equal(
                band, SIGNED((uint8_t)((bilinear ? 15 : 11) + 2 * k), (int16_t)(2 * k + (bilinear ? 6 : 2)))));
            assert_true(cf_type_equal(group_of(n, k, "classify")->type, BIT));
            assert_true(group_of(n, k, "classify")->output && !group_of(n, k, "subtract")->output);
        }
        cf_netlist_free(n);
    }
    cf_head_free(&head);
}

/* Every gate of `some` has the value of the gate of that name in `all`. */
static void compare_by_name(const struct cf_netlist *some, const int64_t *values, const struct cf_netlist *all,
                            const int64_t *others)
{
    for (uint32_t net = 0; net < some->net_count; net++) {
        char name[CF_NAME_MAX];
        struct cf_error err;
        uint32_t other, back;
        cf_net_name(some, net, name, sizeof name);
        assert_done(cf_net_find(some, name, &back, &err), &err);
        assert_int_equal(back, net);
        assert_done(cf_net_find(all, name, &other, &err), &err);
        assert_int_equal(values[net], others[other]);
    }
}

/* A sweep removes no live gate. */
static void compare_live(const struct cf_netlist *whole, const struct cf_netlist *swept)
{
    struct cf_facts all, left;
    struct cf_error err;
    assert_done(cf_netlist_analyse(whole, &all, &err), &err);
    assert_done(cf_netlist_analyse(swept, &left, &err), &err);
    assert_int_equal(left.live, all.live);
    assert_int_equal(left.live_edges, all.live_edges);
    cf_facts_free(&all);
    cf_facts_free(&left);
}

/* Direct and iterated pools, whole and swept: equal values on every group that both have. */
static void check_shared_groups(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_compile_options plain = *o;
    plain.pools = CF_DIRECT;
    plain.sweep = false;
    struct cf_netlist *a = compile(head, &plain), *b = compile(head, o);
    int64_t *left = evaluate(a, 5), *right = evaluate(b, 5);
    uint32_t shared = 0;
    for (uint32_t g = 0; g < b->group_count; g++) {
        uint32_t other = cf_netlist_find_group(a, b->groups[g].name);
        assert_true(other != UINT32_MAX);
        shared += b->groups[g].output;
    }
    compare_by_name(b, right, a, left);
    assert_int_equal(shared, o->scales);
    free(left);
    free(right);
    cf_netlist_free(a);
    cf_netlist_free(b);
}

static void pools_and_sweep_change_no_value(void **state)
{
    (void)state;
    each_setting(check_shared_groups);
}

/* ---- padded grids ---- */

/* The input of the padded netlist with the frame's values in its upper left corner, and padding elsewhere. */
static int64_t *padded_input(const struct cf_netlist *n, const int64_t *frame, const struct cf_compile_options *o,
                             uint32_t channels)
{
    const uint32_t *shape = n->groups[CF_INPUT].shape;
    int64_t *nets = calloc(n->net_count, sizeof *nets);
    assert_non_null(nets);
    for (uint32_t i = 0; i < shape[0]; i++)
        for (uint32_t j = 0; j < shape[1]; j++)
            for (uint32_t d = 0; d < channels; d++) {
                uint32_t row = i < o->height ? i : o->height - 1, column = j < o->width ? j : o->width - 1;
                bool zero = o->pad == CF_PAD_ZEROS && (i >= o->height || j >= o->width);
                nets[(i * shape[1] + j) * channels + d] = zero ? 0 : frame[(row * o->width + column) * channels + d];
            }
    cf_word_evaluate(n, nets);
    return nets;
}

/* The real-valued model with padding has the logits of the padded grid's. */
static void check_padded_logits(const struct cf_head *head, const struct cf_compile_options *o,
                                const struct cf_compile_options *whole)
{
    struct random_source random = {29};
    size_t plane = (size_t)o->height * o->width, large = (size_t)whole->height * whole->width;
    double *frame = calloc(plane * head->channels, sizeof *frame), *all = calloc(large * head->channels, sizeof *all);
    assert_true(frame && all);
    for (size_t p = 0; p < plane * head->channels; p++)
        frame[p] = (double)random_between(&random, -1000, 1000) / 8;
    for (size_t p = 0; p < large * head->channels; p++) {
        uint32_t i = (uint32_t)(p % large / whole->width), j = (uint32_t)(p % whole->width);
        bool outside = i >= o->height || j >= o->width;
        i = i < o->height ? i : o->height - 1;
        j = j < o->width ? j : o->width - 1;
        all[p] = outside && o->pad == CF_PAD_ZEROS ? 0 : frame[p / large * plane + i * o->width + j];
    }
    struct cf_float_result some, others;
    assert_true(cf_float_run(head, o, frame, &some) && cf_float_run(head, whole, all, &others));
    size_t at = 0, other = 0;
    for (uint32_t k = 0; k < o->scales; k++)
        for (uint32_t i = 0; i < whole->height >> k; i++)
            for (uint32_t j = 0; j < whole->width >> k; j++)
                for (uint32_t c = 0; c < head->classes; c++, other++)
                    if (i < (o->height + (1u << k) - 1) >> k && j < (o->width + (1u << k) - 1) >> k)
                        assert_true(some.logits[at++] == others.logits[other]);
    cf_float_free(&some);
    cf_float_free(&others);
    free(frame);
    free(all);
}

/* A netlist with padding holds the gates of the padded grid's, by name and value; each decision depends on all that is
 * left after a sweep; and the closed form and the record know of it. */
static void check_padding(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_compile_options whole = *o, read;
    struct cf_error err;
    whole.pad = CF_PAD_NONE;
    whole.sweep = false;
    whole.height = (o->height + (1u << o->scales) - 1) >> o->scales << o->scales;
    whole.width = (o->width + (1u << o->scales) - 1) >> o->scales << o->scales;
    struct cf_netlist *a = compile(head, o), *b = compile(head, &whole);
    int64_t *some = evaluate(a, 17), *all = padded_input(b, some, o, head->channels);
    compare_by_name(a, some, b, all);
    struct cf_facts facts;
    assert_done(cf_netlist_analyse(a, &facts, &err), &err);
    if (o->sweep)
        assert_int_equal(facts.gates, facts.live);
    for (uint32_t k = 0; k < o->scales; k++) {
        const struct cf_group *classify = group_of(a, k, "classify");
        assert_int_equal(classify->shape[0], (o->height + (1u << k) - 1) >> k);
        assert_int_equal(classify->shape[1], (o->width + (1u << k) - 1) >> k);
        for (int l = 0; l < CF_LAYER_COUNT; l++) {
            const struct cf_group *group = group_of(a, k, cf_layer_name((enum cf_layer)l));
            assert_int_equal(cf_closed_form_swept(o, a, k, (enum cf_layer)l), group ? group->count : 0);
        }
    }
    assert_done(cf_compile_recorded(a, &read, &err), &err);
    assert_true(read.pad == o->pad && read.height == o->height && read.width == o->width);
    check_padded_logits(head, o, &whole);
    cf_facts_free(&facts);
    free(some);
    free(all);
    cf_netlist_free(a);
    cf_netlist_free(b);
}

static void padded_grids_are_the_corner_of_whole_ones(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = {{1, 1, 1},  {3, 5, 1},   {1, 2, 2},  {5, 7, 2}, {6, 3, 2},
                                        {9, 14, 3}, {11, 10, 3}, {13, 6, 3}, {2, 17, 4}};
    struct random_source random = {23};
    for (size_t g = 0; g < sizeof sizes / sizeof sizes[0]; g++) {
        struct cf_head head;
        make_head(&head, 2, 3, &random);
        for (int choice = 0; choice < 32; choice++) {
            struct cf_compile_options o = cf_compile_defaults();
            o.height = sizes[g][0];
            o.width = sizes[g][1];
            o.scales = sizes[g][2];
            o.input_scale = 0.125;
            o.upsample = choice & 1 ? CF_BILINEAR : CF_NEAREST;
            o.pools = choice & 2 ? CF_ITERATED : CF_DIRECT;
            o.top = choice & 4 ? CF_COFIBER : CF_RESIDUAL;
            o.sweep = choice & 8;
            o.pad = choice & 16 ? CF_PAD_EDGE : CF_PAD_ZEROS;
            check_padding(&head, &o);
        }
        cf_head_free(&head);
    }
}

/* A grid that needs no padding becomes the same netlist with and without the option. */
static void padding_that_is_not_needed_changes_nothing(void **state)
{
    (void)state;
    struct random_source random = {3};
    struct cf_head head;
    struct cf_compile_options o = cf_compile_defaults();
    struct cf_netlist_diff diff;
    o.height = o.width = 8;
    o.input_scale = 1;
    make_head(&head, 2, 2, &random);
    struct cf_netlist *plain = compile(&head, &o);
    o.pad = CF_PAD_EDGE;
    struct cf_netlist *padded = compile(&head, &o);
    assert_true(cf_netlist_compare(plain, padded, &diff, NULL));
    assert_int_equal(diff.different, 0);
    assert_null(cf_netlist_meta(padded, "compile.pad"));
    cf_netlist_free(plain);
    cf_netlist_free(padded);
    cf_head_free(&head);
}

/* ---- sweep on any netlist ---- */

static void check_sweep(struct cf_netlist *n)
{
    struct cf_error err;
    struct cf_netlist_diff diff;
    struct cf_netlist *swept = cf_sweep(n, &err);
    assert_done(swept, &err);
    assert_done(cf_netlist_check(swept, &err), &err);
    int64_t *whole = evaluate(n, 3), *left = evaluate(swept, 3);
    for (uint32_t g = 0; g < n->group_count; g++) {
        uint32_t found = cf_netlist_find_group(swept, n->groups[g].name);
        assert_false(n->groups[g].output && (found == UINT32_MAX || swept->groups[found].lane_names));
    }
    compare_by_name(swept, left, n, whole);
    compare_live(n, swept);
    struct cf_netlist *again = cf_sweep(swept, &err);
    assert_done(again, &err);
    assert_true(cf_netlist_compare(swept, again, &diff, NULL));
    assert_int_equal(diff.different, 0);
    assert_int_equal(swept->cell_count, again->cell_count);
    free(whole);
    free(left);
    cf_netlist_free(swept);
    cf_netlist_free(again);
}

static void sweep_keeps_every_output(void **state)
{
    (void)state;
    uint32_t removed = 0, narrowed = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct random_netlist_options options = random_netlist_defaults(seed);
        struct cf_error err;
        options.groups = 12;
        options.beyond = seed % 4 == 0;
        struct cf_netlist *n = random_netlist(&options);
        for (uint32_t g = 1; g + 1 < n->group_count; g++)
            n->groups[g].output = seed % 3 == 0 && n->groups[g].output;
        struct cf_netlist *swept = cf_sweep(n, &err);
        assert_done(swept, &err);
        removed += n->group_count - swept->group_count;
        for (uint32_t g = 1; g < swept->group_count; g++)
            narrowed += swept->groups[g].lane_names != NULL;
        cf_netlist_free(swept);
        check_sweep(n);
        cf_netlist_free(n);
    }
    assert_true(removed > 50 && narrowed > 50);
}

/* Pruned to one class of eight and one weight in three, a head leaves channels without a weight: no dead gate stays,
 * the others keep their names and values, also through a file. */
static void dead_channels_are_swept(void **state)
{
    (void)state;
    struct random_source random = {5};
    struct cf_error err;
    struct cf_head head;
    struct cf_compile_options o = cf_compile_defaults();
    o.height = o.width = 8;
    o.scales = 2;
    o.input_scale = 0.125;
    for (int choice = 0; choice < 8; choice++) {
        o.upsample = choice & 1 ? CF_BILINEAR : CF_NEAREST;
        o.pools = choice & 2 ? CF_ITERATED : CF_DIRECT;
        o.top = choice & 4 ? CF_COFIBER : CF_RESIDUAL;
        make_head(&head, 2, 12, &random);
        for (uint32_t d = 0; d < 12; d++)
            if (d != 1 && d != 5 && d != 6 && d != 11)
                head.layer[CF_ROLE_CLS][0].quantised[d] = head.layer[CF_ROLE_CLS][0].quantised[12 + d] = 0;
            else
                head.layer[CF_ROLE_CLS][0].quantised[d] = 3;
        o.sweep = false;
        struct cf_netlist *whole = compile(&head, &o), *loaded;
        o.sweep = true;
        struct cf_netlist *swept = compile(&head, &o);
        const char *path = scratch_path("swept");
        assert_done(cf_netlist_save(swept, path, &err), &err);
        assert_done(cf_netlist_load(&loaded, path, &err), &err);
        struct cf_facts facts;
        assert_done(cf_netlist_analyse(loaded, &facts, &err), &err);
        assert_int_equal(facts.live, facts.gates);
        assert_int_equal(group_of(loaded, 0, "subtract")->shape[2], 4);
        uint32_t net;
        assert_done(cf_net_find(loaded, "s0.subtract[7,0,11]", &net, &err), &err);
        assert_int_equal(net - group_of(loaded, 0, "subtract")->first_net, 7 * 8 * 4 + 3);
        assert_false(cf_net_find(loaded, "s0.subtract[7,0,4]", &net, &err));
        assert_says(&err, "'s0.subtract' has 4 lanes, from 1 to 11, and 4 is none of them");
        int64_t *left = evaluate(loaded, 5), *all = evaluate(whole, 5);
        compare_by_name(loaded, left, whole, all);
        free(left);
        free(all);
        cf_facts_free(&facts);
        cf_netlist_free(loaded);
        cf_netlist_free(swept);
        cf_netlist_free(whole);
        cf_head_free(&head);
    }
}

/* With no weight at all every pool and subtract is dead; the classifiers' ports then lead nowhere. */
static void a_head_of_zeros_is_swept(void **state)
{
    (void)state;
    struct random_source random = {3};
    struct cf_head head;
    struct cf_compile_options o = cf_compile_defaults();
    o.height = o.width = 8;
    o.input_scale = 1;
    o.sweep = true;
    make_head(&head, 2, 3, &random);
    memset(head.layer[CF_ROLE_CLS][0].quantised, 0, 6 * sizeof(int32_t));
    struct cf_netlist *n = compile(&head, &o);
    assert_int_equal(n->group_count, 4);
    assert_int_equal(n->net_count, 8 * 8 * 3 + (64 + 16 + 4) * 2);
    cf_netlist_free(n);
    cf_head_free(&head);
}

/* ---- the real-valued model ---- */

static void check_logits(const struct cf_head *head, const struct cf_compile_options *o)
{
    size_t plane = (size_t)o->height * o->width, at = 0;
    struct random_source random = {11};
    double *features = malloc(plane * head->channels * sizeof *features);
    struct plane *x = calloc(head->channels, sizeof *x);
    assert_true(features && x);
    for (uint32_t d = 0; d < head->channels; d++) {
        x[d] = new_plane(o->height, o->width);
        for (size_t p = 0; p < plane; p++) {
            x[d].at[p] = random_between(&random, -1000, 1000);
            features[d * plane + p] = (double)x[d].at[p] / 8;
        }
    }
    struct cf_float_result result;
    assert_true(cf_float_run(head, o, features, &result));
    assert_true(!result.sides && !result.centerness);
    for (uint32_t k = 0; k < o->scales; k++) {
        bool residual = k + 1 == o->scales && o->top == CF_RESIDUAL, bilinear = o->upsample == CF_BILINEAR;
        double unit = (residual ? 1 : bilinear ? 64 : 4) * ldexp(1, (int)(2 * k)) * 8;
        uint32_t h = o->height >> k, w = o->width >> k;
        struct plane *bands = calloc(head->channels, sizeof *bands);
        assert_non_null(bands);
        for (uint32_t d = 0; d < head->channels; d++) {
            struct plane fine = pool_of(x[d], k), coarse = pool_of(x[d], k + 1);
            bands[d] = residual ? pool_of(x[d], k) : subtract(fine, coarse, bilinear);
            free(fine.at);
            free(coarse.at);
        }
        for (uint32_t p = 0; p < h * w; p++)
            for (uint32_t c = 0; c < head->classes; c++, at++) {
                double wanted = head->layer[CF_ROLE_CLS][0].bias[c], size = fabs(wanted);
                for (uint32_t d = 0; d < head->channels; d++) {
                    double part =
                        head->layer[CF_ROLE_CLS][0].weight[c * head->channels + d] * (double)bands[d].at[p] / unit;
                    wanted += part;
                    size += fabs(part);
                }
                assert_true(fabs(result.logits[at] - wanted) <= size * 1e-13);
            }
        for (uint32_t d = 0; d < head->channels; d++)
            free(bands[d].at);
        free(bands);
    }
    for (uint32_t d = 0; d < head->channels; d++)
        free(x[d].at);
    free(x);
    cf_float_free(&result);
    free(features);
}

static void logits_are_the_formulas_in_double(void **state)
{
    (void)state;
    each_setting(check_logits);
}

/* ---- what cannot be compiled ---- */

#define SETTING(...)                                                                                                   \
    {                                                                                                                  \
        .height = 40, .width = 40, .scales = 3, .input_bits = 8, .score_threshold = 0.5, .input_scale = 1, __VA_ARGS__ \
    }

static void impossible_options_are_refused(void **state)
{
    (void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
    static const struct {
        struct cf_compile_options options;
        const char *fragment;
    } wrong[] = {
        {SETTING(.scales = 0), "0 scales: 1 to 10 are possible"},
        {SETTING(.scales = 11), "11 scales: 1 to 10 are possible"},
        {SETTING(.scales = 4), "a grid of 40x40: 4 scales need a height and width that 2^4 = 16 divides"},
        {SETTING(.height = 36), "a grid of 36x40: 3 scales need a height and width that 2^3 = 8 divides"},
        {SETTING(.width = 44), "a grid of 40x44: 3 scales need"},
        {SETTING(.height = 0), "a grid of 0x40"},
        {SETTING(.width = 0), "a grid of 40x0"},
        {SETTING(.input_bits = 1), "an input of 1 bits: 2 to 16 are possible"},
        {SETTING(.input_bits = 17), "an input of 17 bits: 2 to 16 are possible"},
        {SETTING(.score_threshold = 0), "a score threshold of 0: a score lies between 0 and 1"},
        {SETTING(.score_threshold = 1), "a score threshold of 1: a score lies between 0 and 1"},
        {SETTING(.score_threshold = NAN), "a score threshold of nan"},
        {SETTING(.input_scale = 0), "an input scale of 0: a scale is a positive number, at most 1e300"},
        {SETTING(.input_scale = -1), "an input scale of -1: a scale is a positive number, at most 1e300"},
        {SETTING(.input_scale = INFINITY), "an input scale of inf: a scale is a positive number, at most 1e300"},
        {SETTING(.input_scale = NAN), "an input scale of nan"},
        {SETTING(.input_scale = 1e301), "an input scale of 1e+301: a scale is a positive number, at most 1e300"},
        {SETTING(.height = 1u << 30, .width = 1u << 30), "more than 2^31 - 1 nets"},
        {SETTING(.height = 20480, .width = 32768), "beyond 2^31 - 1 nets"},
    };
#pragma GCC diagnostic pop
    struct random_source random = {3};
    struct cf_head head;
    make_head(&head, 1, 3, &random);
    head.layer[CF_ROLE_CLS][0].bias[0] = 1;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cf_netlist *netlist;
        struct cf_error err;
        if (cf_compile(&netlist, &head, &wrong[i].options, &err))
            fail_msg("accepted, expected: %s", wrong[i].fragment);
        assert_null(netlist);
        assert_says(&err, wrong[i].fragment);
    }
    cf_head_free(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gate_has_the_formulas_value),
        cmocka_unit_test(the_formulas_notice_a_changed_netlist),
        cmocka_unit_test(gates_and_depth_are_the_closed_form),
        cmocka_unit_test(options_are_recorded),
        cmocka_unit_test(broken_records_are_refused),
        cmocka_unit_test(widths_are_the_published_ones),
        cmocka_unit_test(pools_and_sweep_change_no_value),
        cmocka_unit_test(padded_grids_are_the_corner_of_whole_ones),
        cmocka_unit_test(padding_that_is_not_needed_changes_nothing),
        cmocka_unit_test(sweep_keeps_every_output),
        cmocka_unit_test(dead_channels_are_swept),
        cmocka_unit_test(a_head_of_zeros_is_swept),
        cmocka_unit_test(logits_are_the_formulas_in_double),
        cmocka_unit_test(impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

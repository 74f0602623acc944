/* The compiler against the formulas of the circuit (tests/support/formulas.h), and the options it records or refuses.
 */
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
#include "netlists/names.h"
#include "tests/support/formulas.h"
#include "tests/support/scratch.h"

static void check_values(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_netlist *n = compile_head(head, o);
    assert_int_equal(n->groups[CF_INPUT].type.width, o->input_bits);
    for (uint64_t seed = 0; seed < 3; seed++) {
        int64_t *nets = evaluate_at_random(n, seed);
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
        struct cf_netlist *n = compile_head(&head, &o);
        struct cf_group *pool = &n->groups[cf_netlist_find_group(n, "s0.pool")];
        struct cf_group *subtract = &n->groups[cf_netlist_find_group(n, "s0.subtract")];
        struct cf_group *classify = &n->groups[cf_netlist_find_group(n, "s1.classify")];
        struct cf_cell *cell = &n->cells[subtract->cell[0]];
        struct cf_term *terms = (struct cf_term *)(uintptr_t)cell->terms;
        int64_t *before = evaluate_at_random(n, 1);
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
        int64_t *after = evaluate_at_random(n, 1);
        assert_memory_not_equal(before, after, n->net_count * sizeof *before);
        free(before);
        free(after);
        cf_netlist_free(n);
    }
    cf_head_free(&head);
}

static void check_counts(const struct cf_head *head, const struct cf_compile_options *o)
{
    struct cf_netlist *n = compile_head(head, o);
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
    struct cf_netlist *n = compile_head(head, o);
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
        struct cf_netlist *n = compile_head(&head, &o);
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
        struct cf_netlist *n = compile_head(&head, &o);
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
            bands[d] = residual ? pool_of(x[d], k) : band_of(fine, coarse, bilinear);
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
        cmocka_unit_test(every_gate_has_the_formulas_value),   cmocka_unit_test(the_formulas_notice_a_changed_netlist),
        cmocka_unit_test(gates_and_depth_are_the_closed_form), cmocka_unit_test(options_are_recorded),
        cmocka_unit_test(broken_records_are_refused),          cmocka_unit_test(widths_are_the_published_ones),
        cmocka_unit_test(logits_are_the_formulas_in_double),   cmocka_unit_test(impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

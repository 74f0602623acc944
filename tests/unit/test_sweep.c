/* Passes that leave gates out or add none: shared pools, sweeps and padded grids keep every name and value that is
 * left. */
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
#include "compiler/passes.h"
#include "compiler/record.h"
#include "netlists/analyse.h"
#include "netlists/check.h"
#include "netlists/diff.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "sim/word/reference.h"
#include "tests/support/formulas.h"
#include "tests/support/scratch.h"

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
    struct cf_netlist *a = compile_head(head, &plain), *b = compile_head(head, o);
    int64_t *left = evaluate_at_random(a, 5), *right = evaluate_at_random(b, 5);
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
    struct cf_netlist *a = compile_head(head, o), *b = compile_head(head, &whole);
    int64_t *some = evaluate_at_random(a, 17), *all = padded_input(b, some, o, head->channels);
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
    struct cf_netlist *plain = compile_head(&head, &o);
    o.pad = CF_PAD_EDGE;
    struct cf_netlist *padded = compile_head(&head, &o);
    assert_true(cf_netlist_compare(plain, padded, &diff, NULL, NULL, NULL));
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
    int64_t *whole = evaluate_at_random(n, 3), *left = evaluate_at_random(swept, 3);
    for (uint32_t g = 0; g < n->group_count; g++) {
        uint32_t found = cf_netlist_find_group(swept, n->groups[g].name);
        assert_false(n->groups[g].output && (found == UINT32_MAX || swept->groups[found].lane_names));
    }
    compare_by_name(swept, left, n, whole);
    compare_live(n, swept);
    struct cf_netlist *again = cf_sweep(swept, &err);
    assert_done(again, &err);
    assert_true(cf_netlist_compare(swept, again, &diff, NULL, NULL, NULL));
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
        struct cf_netlist *whole = compile_head(&head, &o), *loaded;
        o.sweep = true;
        struct cf_netlist *swept = compile_head(&head, &o);
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
        int64_t *left = evaluate_at_random(loaded, 5), *all = evaluate_at_random(whole, 5);
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
    struct cf_netlist *n = compile_head(&head, &o);
    assert_int_equal(n->group_count, 4);
    assert_int_equal(n->net_count, 8 * 8 * 3 + (64 + 16 + 4) * 2);
    cf_netlist_free(n);
    cf_head_free(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_and_sweep_change_no_value),
        cmocka_unit_test(padded_grids_are_the_corner_of_whole_ones),
        cmocka_unit_test(padding_that_is_not_needed_changes_nothing),
        cmocka_unit_test(sweep_keeps_every_output),
        cmocka_unit_test(dead_channels_are_swept),
        cmocka_unit_test(a_head_of_zeros_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

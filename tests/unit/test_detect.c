/* From a head's numbers to detections: scores, boxes, suppression, ties; and the sums of a circuit's classifiers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "compiler/compile.h"
#include "detect/boxes.h"
#include "detect/names.h"
#include "detect/nms.h"
#include "detect/overlap.h"
#include "detect/sums.h"
#include "sim/library.h"
#include "tests/support/scratch.h"

static struct cf_detections detect(const struct cf_cells *scales, uint32_t count,
                                   const struct cf_detect_options *options)
{
    struct cf_detections found = {0};
    struct cf_error err;
    assert_done(cf_detect_boxes(&found, scales, count, options, &err), &err);
    return found;
}

static void assert_near(double found, double wanted)
{
    if (!(fabs(found - wanted) < 1e-9))
        fail_msg("%.17g, not %.17g", found, wanted);
}

static void assert_box(const struct cf_detection *one, double x, double y, double width, double height)
{
    assert_near(one->box[0], x);
    assert_near(one->box[1], y);
    assert_near(one->box[2], width);
    assert_near(one->box[3], height);
}

/* ---- scores and boxes ------------------------------------------------------------------------------------------ */

static void a_classifier_alone_gives_its_cell(void **state)
{
    (void)state;
    const double logits[] = {-9, -9, -9, -9, -9, -9, -9, -9, -9, 0.5, -9, -9}; /* row 1, column 1 of 2 x 3; class 1 */
    const struct cf_cells cells = {.height = 2, .width = 3, .classes = 2, .stride = 32, .logits = logits};
    struct cf_detect_options options = cf_detect_defaults();
    struct cf_detections found = detect(&cells, 1, &options);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].class_index, 1);
    assert_true(found.items[0].row == 1 && found.items[0].column == 1);
    assert_near(found.items[0].score, 1 / (1 + exp(-0.5)));
    assert_box(&found.items[0], 32, 32, 32, 32);
    cf_detections_free(&found);
}

static void sides_reach_from_the_centre(void **state)
{
    (void)state;
    const double logits[] = {-9, 3}, sides[] = {0, 0, 0, 0, 0, log(2) / 1.5, log(3) / 1.5, 1e9};
    const struct cf_cells cells = {
        .height = 1, .width = 2, .classes = 1, .stride = 16, .logits = logits, .sides = sides, .factor = 1.5};
    struct cf_detect_options options = cf_detect_defaults();
    struct cf_detections found = detect(&cells, 1, &options);
    assert_int_equal(found.count, 1);
    assert_box(&found.items[0], 24 - 16, 8 - 32, 16 + 48, 32 + (1 << 20));
    cf_detections_free(&found);
}

static void centerness_lowers_a_score(void **state)
{
    (void)state;
    const double logits[] = {2, 2}, centerness[] = {0, -2};
    const struct cf_cells cells = {
        .height = 1, .width = 2, .classes = 1, .stride = 16, .logits = logits, .centerness = centerness};
    struct cf_detect_options options = cf_detect_defaults();
    double best = 1 / (1 + exp(-2));
    struct cf_detections found = detect(&cells, 1, &options);
    assert_int_equal(found.count, 1); /* the other has 0.88 * 0.12 */
    assert_near(found.items[0].score, best / 2);
    options.root = true;
    cf_detections_free(&found);
    found = detect(&cells, 1, &options);
    assert_int_equal(found.count, 2);
    assert_near(found.items[0].score, sqrt(best / 2));
    assert_near(found.items[1].score, sqrt(best * (1 - best)));
    cf_detections_free(&found);
}

/* For many thresholds sigmoid(logit(t)) rounds to less than t. */
static void a_logit_at_the_threshold_is_enough(void **state)
{
    (void)state;
    for (int i = 1; i < 100; i++) {
        struct cf_detect_options options = cf_detect_defaults();
        options.score_threshold = i / 100.0;
        const double logits[] = {log(options.score_threshold) - log1p(-options.score_threshold)};
        const struct cf_cells cells = {.height = 1, .width = 1, .classes = 1, .stride = 16, .logits = logits};
        struct cf_detections found = detect(&cells, 1, &options);
        assert_int_equal(found.count, 1);
        cf_detections_free(&found);
    }
}

/* ---- suppression ----------------------------------------------------------------------------------------------- */

/* Three cells in a row; their boxes are equal squares of 100 pixels, `apart` pixels from each other. */
static struct cf_detections three(const double logits[6], double apart, const struct cf_detect_options *options)
{
    double z = log(50 / apart);
    const double sides[] = {z, z, z, z, z, z, z, z, z, z, z, z};
    const struct cf_cells cells = {
        .height = 1, .width = 3, .classes = 2, .stride = apart, .logits = logits, .sides = sides, .factor = 1};
    return detect(&cells, 1, options);
}

static void the_best_of_a_class_suppresses_the_others(void **state)
{
    (void)state;
    struct cf_detect_options options = cf_detect_defaults();
    const double one_class[] = {1, -9, 3, -9, 2, -9};
    struct cf_detections found = three(one_class, 10, &options); /* 90 of 110: 0.82 */
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].column, 1);
    cf_detections_free(&found);
    found = three(one_class, 20, &options); /* 80 of 120: 0.67; 60 of 140 for the outer two */
    assert_int_equal(found.count, 1);
    cf_detections_free(&found);
    const double outer[] = {4, -9, 3, -9, 2, -9}; /* the middle one is dropped and suppresses nothing itself */
    found = three(outer, 20, &options);
    assert_int_equal(found.count, 2);
    assert_true(found.items[0].column == 0 && found.items[1].column == 2);
    cf_detections_free(&found);
    const double two_classes[] = {1, -9, -9, 3, -9, -9};
    found = three(two_classes, 10, &options);
    assert_int_equal(found.count, 2);
    cf_detections_free(&found);
}

/* Squares 25 apart have 75 of 125 in common. */
static void an_overlap_at_the_limit_is_kept(void **state)
{
    (void)state;
    struct cf_detection pair[] = {{.score = 0.8, .column = 1, .box = {25, 0, 100, 100}},
                                  {.score = 0.9, .box = {0, 0, 100, 100}}};
    assert_true(cf_overlap(pair[0].box, pair[1].box, false) == 0.6);
    assert_int_equal(cf_nms(pair, 2, 0.6, 100), 2);
    assert_int_equal(cf_nms(pair, 2, 0.599, 100), 1);
    assert_int_equal(pair[0].column, 0);
}

static void equal_scores_stand_in_the_order_of_cells(void **state)
{
    (void)state;
    struct cf_detect_options options = cf_detect_defaults();
    const double fine[] = {1, 1, 1, 1, 1, 1, 1, 1}, coarse[] = {1, 2};
    const struct cf_cells scales[] = {{.height = 2, .width = 2, .classes = 2, .stride = 16, .logits = fine},
                                      {.height = 1, .width = 1, .classes = 2, .stride = 32, .logits = coarse}};
    struct cf_detections found = detect(scales, 2, &options);
    assert_int_equal(found.count, 10);
    assert_true(found.items[0].scale == 1 && found.items[0].class_index == 1);
    for (uint32_t i = 0; i < 8; i++) {
        const struct cf_detection *one = &found.items[1 + i];
        assert_true(one->scale == 0 && one->row == i / 4 && one->column == i / 2 % 2 && one->class_index == i % 2);
    }
    assert_true(found.items[9].scale == 1 && found.items[9].class_index == 0);
    cf_detections_free(&found);
    options.top = 3;
    found = detect(scales, 2, &options);
    assert_int_equal(found.count, 3);
    assert_true(found.items[2].scale == 0 && found.items[2].class_index == 1 && found.items[2].column == 0);
    cf_detections_free(&found);
}

static void classes_have_names(void **state)
{
    (void)state;
    char buffer[CF_CLASS_NAME];
    assert_string_equal(cf_class_name(0, 80, buffer), "person");
    assert_string_equal(cf_class_name(79, 80, buffer), "toothbrush");
    assert_string_equal(cf_class_name(11, 12, buffer), "class 11");
    assert_true(cf_class_id(0, 80) == 1 && cf_class_id(79, 80) == 90 && cf_class_id(11, 80) == 13);
    assert_true(cf_class_id(0, 3) == 0 && cf_class_id(2, 3) == 2);
}

/* ---- sums ------------------------------------------------------------------------------------------------------ */

enum { CHANNELS = 5, CLASSES = 3, SIDE = 8 };

static struct cf_netlist *compile(enum cf_upsample upsample, double threshold)
{
    struct cf_head head;
    struct cf_error err;
    struct cf_netlist *netlist;
    struct cf_compile_options options = cf_compile_defaults();
    float weight[CLASSES * CHANNELS], bias[CLASSES];
    uint64_t seed = 5;
    for (int i = 0; i < CLASSES * CHANNELS; i++)
        weight[i] = (float)((double)(cf_next_random(&seed) % 2001) / 1000 - 1);
    for (int c = 0; c < CLASSES; c++)
        bias[c] = (float)((double)(cf_next_random(&seed) % 2001) / 1000 - 1);
    const struct scratch_tensor tensors[] = {{"weight", CF_F32, 2, {CLASSES, CHANNELS}, weight},
                                             {"bias", CF_F32, 1, {CLASSES}, bias}};
    scratch_write(scratch_path("head"), tensors, 2);
    assert_done(cf_head_load(&head, scratch_path("head"), NULL, &err), &err);
    options.height = options.width = SIDE;
    options.upsample = upsample;
    options.score_threshold = threshold;
    options.input_scale = 0.03;
    assert_done(cf_compile(&netlist, &head, &options, &err), &err);
    cf_head_free(&head);
    return netlist;
}

/* Simulates a frame of random features; the caller frees. */
static cofiber_sim *simulate(const struct cf_netlist *netlist)
{
    float features[CHANNELS * SIDE * SIDE];
    uint64_t seed = 77;
    cofiber_error error;
    cofiber_sim *sim;
    for (int i = 0; i < CHANNELS * SIDE * SIDE; i++)
        features[i] = (float)((double)(cf_next_random(&seed) % 4001) / 1000 - 2);
    const cofiber_features frame = {features, COFIBER_F32};
    assert_true(cofiber_sim_new(&sim, cofiber_wrap(netlist), NULL, &error));
    assert_true(cofiber_sim_run(sim, &frame, &error));
    return sim;
}

/* A gate of the circuit fires exactly where the logit reaches the threshold, and the operands give the same sum. */
static void check_sums(enum cf_upsample upsample, double threshold)
{
    struct cf_netlist *netlist = compile(upsample, threshold);
    struct cf_sums sums;
    struct cf_logits logits;
    struct cf_cells cells[CF_SUMS_SCALES];
    struct cf_error err;
    assert_done(cf_sums_new(&sums, netlist, 16, &err), &err);
    assert_int_equal(sums.scale_count, 3);
    assert_true(sums.scales[2].stride == 64 && sums.scales[2].height == SIDE / 4);
    assert_done(cf_logits_new(&logits, &sums, &err), &err);
    cofiber_sim *bits = simulate(netlist), *words = simulate(sums.netlist);
    cf_sums_read(&sums, cofiber_sim_result(words), &logits, cells);
    size_t fired = 0, gates = 0;
    for (uint32_t k = 0; k < sums.scale_count; k++) {
        uint32_t count = netlist->groups[sums.groups[k]].count;
        int64_t *decisions = calloc(count, sizeof *decisions);
        assert_non_null(decisions);
        assert_true(cofiber_read(cofiber_sim_result(bits), sums.groups[k], decisions));
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(cells[k].logits[i] >= sums.offset, decisions[i]);
            fired += decisions[i] != 0;
            gates++;
        }
        free(decisions);
    }
    assert_true(fired > 0 && fired < gates);
    cofiber_sim_free(bits);
    cofiber_sim_free(words);
    cf_logits_free(&logits);
    cf_sums_free(&sums);
    cf_netlist_free(netlist);
}

static void sums_fire_where_the_gates_do(void **state)
{
    (void)state;
    check_sums(CF_NEAREST, 0.5);
    check_sums(CF_NEAREST, 0.3);
    check_sums(CF_BILINEAR, 0.6);
}

static void other_netlists_are_refused(void **state)
{
    (void)state;
    struct cf_error err;
    struct cf_sums sums;
    struct cf_netlist *netlist = scratch_netlist();
    assert_false(cf_sums_new(&sums, netlist, 16, &err));
    assert_says(&err, "do not say how it was compiled");
    cf_netlist_free(netlist);
    netlist = compile(CF_NEAREST, 0.5);
    netlist->class_scale = NULL;
    assert_false(cf_sums_new(&sums, netlist, 16, &err));
    assert_says(&err,
                "has neither a class scale for each of the 3 lanes of 's0.classify' nor metadata 'unit.s0.classify'");
    cf_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_classifier_alone_gives_its_cell),
        cmocka_unit_test(sides_reach_from_the_centre),
        cmocka_unit_test(centerness_lowers_a_score),
        cmocka_unit_test(a_logit_at_the_threshold_is_enough),
        cmocka_unit_test(the_best_of_a_class_suppresses_the_others),
        cmocka_unit_test(an_overlap_at_the_limit_is_kept),
        cmocka_unit_test(equal_scores_stand_in_the_order_of_cells),
        cmocka_unit_test(classes_have_names),
        cmocka_unit_test(sums_fire_where_the_gates_do),
        cmocka_unit_test(other_netlists_are_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

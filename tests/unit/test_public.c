/* The public interface beside simulation (cofiber.h): netlists in memory, counts, gates, compiling, detections, and
 * what is refused. What these give is held against the command by tests/python. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netlists/analyse.h"
#include "netlists/names.h"
#include "tests/support/library_subject.h"
#include "tests/support/scratch.h"

#define HEAD "tests/fixtures/head_pruned.safetensors"

enum { CHANNELS = 3, SIDE = 8, COUNT = CHANNELS * SIDE * SIDE };

/* A small swept circuit: channel 1 is gone. */
static cofiber_netlist *compile_small(void)
{
    cofiber_compile_options options = cofiber_compile_defaults();
    cofiber_netlist *netlist;
    cofiber_error error;
    options.height = options.width = SIDE;
    options.scales = 2;
    options.sweep = true;
    options.input_scale = 0.03125;
    assert_well(cofiber_compile(&netlist, HEAD, &options, &error), &error);
    return netlist;
}

static void make_features(float features[COUNT])
{
    for (int i = 0; i < COUNT; i++)
        features[i] = (float)((i * 37) % 101) / 25 - 2;
}

/* ---- netlists ---- */

static void a_netlist_is_saved_and_parsed(void **state)
{
    (void)state;
    cofiber_netlist *netlist = compile_small(), *parsed;
    cofiber_error error;
    const char *path = scratch_path("net");
    static char bytes[1 << 20];
    assert_false(cofiber_netlist_file(path));
    assert_well(cofiber_netlist_save(netlist, path, &error), &error);
    assert_true(cofiber_netlist_file(path));
    assert_false(cofiber_netlist_file(HEAD) || cofiber_netlist_file(NULL));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_well(cofiber_netlist_parse(&parsed, bytes, size, "memory", &error), &error);
    memset(bytes, 0xff, 100); /* the bytes may go */
    assert_int_equal(cofiber_group_count(parsed), cofiber_group_count(netlist));
    const char *key, *value;
    uint32_t entries = 0;
    for (; cofiber_netlist_meta(parsed, entries, &key, &value); entries++)
        assert_true(*key && *value);
    assert_true(entries > 10);
    cofiber_netlist_free(parsed);
    assert_refused(cofiber_netlist_parse(&parsed, bytes, size, "memory", &error), &error, "memory: ");
    assert_null(parsed);
    cofiber_netlist_free(netlist);
}

static void lanes_and_gates_have_the_names_of_the_whole(void **state)
{
    (void)state;
    cofiber_netlist *netlist = compile_small();
    cofiber_error error;
    cofiber_gate_info gate;
    cofiber_term term;
    const uint32_t *lanes = cofiber_group_lanes(netlist, cofiber_group_find(netlist, "s0.subtract"));
    assert_true(lanes && lanes[0] == 0 && lanes[1] == 2);
    assert_null(cofiber_group_lanes(netlist, cofiber_group_find(netlist, "s0.classify")));
    assert_well(cofiber_gate_find(netlist, "s0.subtract[3,5,2]", &gate, &error), &error);
    assert_int_equal(gate.index, (3 * SIDE + 5) * 2 + 1);
    assert_int_equal(gate.terms, 2);
    assert_true(strcmp(gate.activation, "linear") == 0 && gate.bias == 0);
    assert_true(cofiber_gate_term(netlist, &gate, 0, &term));
    assert_string_equal(term.name, "input[3,5,2]");
    assert_true(term.weight == 1 && term.shift == 2 && !term.is_square);
    assert_true(cofiber_gate_term(netlist, &gate, 1, &term));
    assert_string_equal(term.name, "s0.pool[1,2,2]");
    assert_false(cofiber_gate_term(netlist, &gate, 2, &term));
    assert_refused(cofiber_gate_find(netlist, "s0.subtract[3,5,1]", &gate, &error), &error, "1 is none of them");
    assert_well(cofiber_gate_find(netlist, "input[0,0,1]", &gate, &error), &error);
    assert_false(cofiber_gate_term(netlist, &gate, 0, &term));
    cofiber_netlist_free(netlist);
}

static void counts_are_those_of_the_analysis(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct subject s;
        struct cf_facts facts;
        struct cf_error err;
        cofiber_error error;
        cofiber_counts all, *groups;
        make_subject(&s, seed);
        assert_done(cf_netlist_analyse(s.netlist, &facts, &err), &err);
        groups = calloc(s.netlist->group_count, sizeof *groups);
        assert_non_null(groups);
        assert_well(cofiber_netlist_stats(s.loaded, &all, groups, &error), &error);
        assert_true(all.gates == facts.gates && all.live == facts.live && all.edges == facts.edges);
        assert_true(all.level_high == facts.depth && all.cells == s.netlist->cell_count);
        for (uint32_t g = 1; g < s.netlist->group_count; g++)
            assert_true(groups[g].gates == s.netlist->groups[g].count && groups[g].live == facts.groups[g].live &&
                        groups[g].level_high == facts.groups[g].level_high);
        assert_well(cofiber_netlist_stats(s.loaded, &all, NULL, &error), &error);
        free(groups);
        cf_facts_free(&facts);
        free_subject(&s);
    }
}

/* ---- frames in an array ---- */

static void an_array_of_frames_gives_what_single_frames_do(void **state)
{
    (void)state;
    enum { FRAMES = 5 };
    for (int engine = COFIBER_WORD; engine <= COFIBER_REFERENCE; engine++) {
        struct subject s;
        cofiber_error error;
        cofiber_sim *sim;
        make_subject(&s, 40 + (uint64_t)engine);
        const cofiber_options options = {.engine = (cofiber_engine)engine, .threads = 2};
        assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
        int32_t *frames = calloc((size_t)FRAMES * s.count, sizeof *frames);
        uint32_t last = cofiber_group_count(s.loaded) - 1;
        cofiber_group group;
        cofiber_group_info(s.loaded, last, &group);
        char *values = calloc((size_t)FRAMES * group.count, sizeof(int64_t));
        assert_true(frames && values);
        for (uint32_t f = 0; f < FRAMES; f++) {
            int64_t *nets = reference(&s, f);
            int32_t *input = quantised(&s, nets);
            memcpy(frames + (size_t)f * s.count, input, s.count * sizeof *frames);
            free(input);
            free(nets);
        }
        const cofiber_features features = {frames, COFIBER_QUANTISED};
        const cofiber_output output = {last, values}, nowhere = {last, NULL}, nothing = {last + 1, values};
        assert_well(cofiber_sim_run_array(sim, &features, FRAMES, &output, 1, &error), &error);
        for (uint32_t f = 0; f < FRAMES; f++) {
            const cofiber_features one = {frames + (size_t)f * s.count, COFIBER_QUANTISED};
            cofiber_storage storage;
            assert_well(cofiber_sim_run(sim, &one, &error), &error);
            const void *wanted = cofiber_values(cofiber_sim_result(sim), last, &storage);
            size_t size = group.count * ((size_t)1 << storage);
            assert_memory_equal(values + f * size, wanted, size);
        }
        assert_refused(cofiber_sim_run_array(sim, &features, 1, &nowhere, 1, &error), &error, "no place");
        assert_refused(cofiber_sim_run_array(sim, &features, 1, &nothing, 1, &error), &error, "no group");
        assert_refused(cofiber_sim_run_array(sim, NULL, 1, &output, 1, &error), &error, "no features");
        assert_refused(cofiber_sim_run_array(NULL, &features, 1, &output, 1, &error), &error, "no simulator");
        const cofiber_features unknown = {frames, (cofiber_dtype)99};
        assert_refused(cofiber_sim_run_array(sim, &unknown, 1, &output, 1, &error), &error, "unknown type");
        free(frames);
        free(values);
        cofiber_sim_free(sim);
        free_subject(&s);
    }
}

/* ---- compiling ---- */

static void the_scale_is_chosen_from_features(void **state)
{
    (void)state;
    float features[COUNT];
    double same[COUNT];
    make_features(features);
    for (int i = 0; i < COUNT; i++)
        same[i] = features[i];
    const cofiber_features frames[] = {{features, COFIBER_F32}, {same, COFIBER_F64}};
    cofiber_compile_options options = cofiber_compile_defaults();
    cofiber_error error;
    cofiber_input input[2];
    options.height = options.width = SIDE;
    options.scales = 2;
    for (int i = 0; i < 2; i++) {
        cofiber_netlist *netlist;
        options.features = &frames[i];
        options.feature_count = 1;
        assert_well(cofiber_compile(&netlist, HEAD, &options, &error), &error);
        assert_well(cofiber_netlist_input(netlist, &input[i], &error), &error);
        cofiber_netlist_free(netlist);
    }
    assert_true(input[0].scale > 0 && input[0].scale == input[1].scale);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    const cofiber_compile_options good = cofiber_compile_defaults();
    cofiber_compile_options o = good;
    cofiber_netlist *netlist;
    cofiber_error error;
    float features[COUNT] = {0};
    const cofiber_features frame = {features, COFIBER_F32}, nothing = {NULL, COFIBER_F32};
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "neither an input scale nor features");
    o.features = &frame;
    o.feature_count = 1;
    o.height = o.width = SIDE;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "calibration: every feature");
    features[7] = 0.0f / 0.0f;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "calibration: element 7 is NaN");
    o.features = &nothing;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "calibration: no features");
    o.height = UINT32_MAX;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "is too large");
    o = good;
    o.input_scale = 1;
    o.upsample = "cubic";
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "upsample 'cubic' is none of");
    o.upsample = good.upsample;
    o.norm_eps = 0;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "a norm_eps of 0");
    o.norm_eps = good.norm_eps;
    o.weight_bits = 17;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "weights of 17 bits");
    o.weight_bits = good.weight_bits;
    o.layer_bits = 1;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "layers of 1 bits");
    o.layer_bits = good.layer_bits;
    o.map = "absent";
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "absent: ");
    o.map = NULL;
    o.upsample = NULL;
    assert_refused(cofiber_compile(&netlist, HEAD, &o, &error), &error, "upsample '' is none of");
    assert_null(netlist);
    assert_refused(cofiber_compile(NULL, HEAD, &good, &error), &error, "no place");
    assert_refused(cofiber_compile(&netlist, NULL, &good, &error), &error, "no path");
    assert_refused(cofiber_compile(&netlist, HEAD, NULL, &error), &error, "no options");
    assert_refused(cofiber_compile(&netlist, "absent", &good, &error), &error, "absent: ");
}

/* ---- detections ---- */

static void a_detector_finds_and_refuses(void **state)
{
    (void)state;
    float frame[COUNT];
    make_features(frame);
    cofiber_netlist *netlist = compile_small();
    cofiber_detector *detector;
    cofiber_error error;
    const cofiber_features features = {frame, COFIBER_F32};
    const cofiber_detection *found;
    size_t count;
    char name[32];
    assert_well(cofiber_detector_new(&detector, netlist, 16, 1, &error), &error);
    cofiber_netlist_free(netlist); /* it has what it needs */
    cofiber_detect_options options = cofiber_detect_defaults();
    assert_well(cofiber_detector_run(detector, &features, NULL, &found, &count, &error), &error);
    assert_true(count > 0 && count <= options.top);
    for (size_t i = 0; i < count; i++) {
        assert_true(found[i].score >= options.score_threshold && found[i].score < 1 && found[i].class_index < 4);
        assert_true(i == 0 || found[i].score <= found[i - 1].score);
        assert_true(found[i].box[2] == (found[i].scale ? 32 : 16));
    }
    options.top = 1;
    assert_well(cofiber_detector_run(detector, &features, &options, &found, &count, &error), &error);
    assert_int_equal(count, 1);
    assert_int_equal(cofiber_detector_classes(detector), 4);
    assert_string_equal(cofiber_detector_class(detector, 3, name, sizeof name), "class 3");
    assert_null(cofiber_detector_class(detector, 4, name, sizeof name));
    const cofiber_detect_options wrong[] = {
        {0, 0.5, 1, false}, {1, 0.5, 1, false}, {0.5, 1.5, 1, false}, {0.5, -1, 1, false}, {0.5, 0.5, 0, false}};
    const char *reasons[] = {"a score threshold of 0", "a score threshold of 1", "an overlap of 1.5",
                             "an overlap of -1", "no detections are asked for"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused(cofiber_detector_run(detector, &features, &wrong[i], &found, &count, &error), &error,
                       reasons[i]);
    assert_refused(cofiber_detector_run(detector, NULL, NULL, &found, &count, &error), &error, "no features");
    assert_refused(cofiber_detector_run(NULL, &features, NULL, &found, &count, &error), &error, "no detector");
    cofiber_detector_free(detector);
    cofiber_detector_free(NULL);
}

/* A head of two classes with LayerNorms, boxes and a centerness, for two bands. */
static const double cls[2][CHANNELS] = {{1.27, 0.3, -0.8}, {-1.27, 0.5, 0.2}}, cls_bias[2] = {0.25, -9};
static const double reg[4][CHANNELS] = {{0.3, 0, 0}, {0, -0.5, 0}, {0, 0, 0.4}, {0.2, 0.1, 0}},
                    reg_bias[4] = {0.1, 0.2, 0.3, -0.2};
static const double ctr[CHANNELS] = {0.7, 0.2, -0.5}, ctr_bias[1] = {0.3};
static const double gains[CHANNELS] = {1, 1.5, 0.75}, shifts[CHANNELS] = {0.1, 0, -0.2}, factor[2] = {0.9, 1.1};

static void write_head_with_boxes(const char *path)
{
    const struct scratch_tensor tensors[] = {
        {"cls_weight", CF_F64, 2, {2, CHANNELS}, cls},
        {"cls_bias", CF_F64, 1, {2}, cls_bias},
        {"reg_weight", CF_F64, 2, {4, CHANNELS}, reg},
        {"reg_bias", CF_F64, 1, {4}, reg_bias},
        {"ctr_weight", CF_F64, 2, {1, CHANNELS}, ctr},
        {"ctr_bias", CF_F64, 1, {1}, ctr_bias},
        {"norm.0.weight", CF_F64, 1, {CHANNELS}, gains},
        {"norm.0.bias", CF_F64, 1, {CHANNELS}, shifts},
        {"norm.1.weight", CF_F64, 1, {CHANNELS}, gains},
        {"norm.1.bias", CF_F64, 1, {CHANNELS}, shifts},
        {"scale", CF_F64, 1, {2}, factor},
    };
    scratch_write(path, tensors, sizeof tensors / sizeof *tensors);
}

/* A linear layer behind the LayerNorm of features that are the same at all positions. */
static double layer_of(const double weight[CHANNELS], double bias, const double feature[CHANNELS])
{
    double mean = 0, variance = 0, sum = bias;
    for (int d = 0; d < CHANNELS; d++)
        mean += feature[d] / CHANNELS;
    for (int d = 0; d < CHANNELS; d++)
        variance += (feature[d] - mean) * (feature[d] - mean) / CHANNELS;
    for (int d = 0; d < CHANNELS; d++)
        sum += weight[d] * ((feature[d] - mean) / sqrt(variance + 1e-5) * gains[d] + shifts[d]);
    return sum;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Checks a detection against the head in floats, to what the integer weights leave. A class's own index, row and column
 * say which one it is. */
static void check_against_floats(const cofiber_detection *found, const double feature[CHANNELS], bool root)
{
    const double stride = 16 * (1 << found->scale), x = stride * (found->column + 0.5), y = stride * (found->row + 0.5);
    double score = sigmoid(layer_of(cls[found->class_index], cls_bias[found->class_index], feature)) *
                   sigmoid(layer_of(ctr, ctr_bias[0], feature));
    double side[4];
    for (int i = 0; i < 4; i++)
        side[i] = stride * exp(factor[found->scale] * layer_of(reg[i], reg_bias[i], feature));
    const double box[4] = {x - side[0], y - side[1], side[0] + side[2], side[1] + side[3]};
    assert_true(fabs(found->score - (root ? sqrt(score) : score)) < 0.01);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(found->box[i] - box[i]) < 0.01 * stride);
}

/* The features are the same everywhere, so that band 0 is 0 and band 1 the features themselves. */
static void heads_with_boxes_detect_as_in_floats(void **state)
{
    (void)state;
    static const double feature[CHANNELS] = {0.5, 0.25, -0.25}, nothing[CHANNELS] = {0};
    double frame[COUNT];
    for (int i = 0; i < COUNT; i++)
        frame[i] = feature[i / (SIDE * SIDE)];
    const cofiber_features features = {frame, COFIBER_F64};
    cofiber_compile_options options = cofiber_compile_defaults();
    cofiber_netlist *netlist;
    cofiber_detector *detector;
    cofiber_error error;
    options.height = options.width = SIDE;
    options.scales = 2;
    options.input_scale = 1.0 / 128;
    write_head_with_boxes(scratch_path("boxes"));
    assert_well(cofiber_compile(&netlist, scratch_path("boxes"), &options, &error), &error);
    assert_int_not_equal(cofiber_group_find(netlist, "s1.box"), 0);
    assert_well(cofiber_detector_new(&detector, netlist, 16, 1, &error), &error);
    cofiber_netlist_free(netlist);
    for (int root = 0; root < 2; root++) {
        const cofiber_detect_options asked = {.score_threshold = 0.1, .overlap = 1, .top = 1000, .root = root};
        const cofiber_detection *found;
        size_t count;
        assert_well(cofiber_detector_run(detector, &features, &asked, &found, &count, &error), &error);
        assert_int_equal(count, SIDE * SIDE + SIDE * SIDE / 4); /* class 0 everywhere, class 1 nowhere */
        for (size_t i = 0; i < count; i++)
            check_against_floats(&found[i], found[i].scale ? feature : nothing, root);
    }
    cofiber_detector_free(detector);
}

static void circuits_without_classifiers_detect_nothing(void **state)
{
    (void)state;
    cofiber_netlist *netlist;
    cofiber_detector *detector;
    cofiber_error error;
    assert_well(cofiber_netlist_load(&netlist, "netlists/golden/general.safetensors", &error), &error);
    assert_refused(cofiber_detector_new(&detector, netlist, 16, 1, &error), &error, "do not say how it was compiled");
    assert_null(detector);
    assert_refused(cofiber_detector_new(&detector, netlist, 0, 1, &error), &error, "a stride must be positive");
    assert_refused(cofiber_detector_new(&detector, NULL, 16, 1, &error), &error, "no netlist");
    cofiber_netlist_free(netlist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_netlist_is_saved_and_parsed),
        cmocka_unit_test(lanes_and_gates_have_the_names_of_the_whole),
        cmocka_unit_test(counts_are_those_of_the_analysis),
        cmocka_unit_test(an_array_of_frames_gives_what_single_frames_do),
        cmocka_unit_test(the_scale_is_chosen_from_features),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(a_detector_finds_and_refuses),
        cmocka_unit_test(heads_with_boxes_detect_as_in_floats),
        cmocka_unit_test(circuits_without_classifiers_detect_nothing),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

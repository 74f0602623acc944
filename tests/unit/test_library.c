/* The public interface (cofiber.h): shapes, runs, results, errors, threads; what it computes is held against the
 * reference simulator. Batches: test_batch.c. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/library_subject.h"
#include "tests/support/scratch.h"

static void runs_equal_the_reference(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct subject s;
        make_subject(&s, seed);
        for (int mode = 0; mode < 2; mode++)
            for (int i = 0; i < ISAS; i++) {
                cofiber_options options = {.mode = (cofiber_mode)mode, .isa = isas[i], .threads = 1 + (int)seed % 3};
                cofiber_sim *sim;
                cofiber_error error;
                assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
                for (uint64_t frame = 0; frame < 3; frame++) {
                    int64_t *nets = reference(&s, frame);
                    int32_t *values = quantised(&s, nets);
                    cofiber_features features = {values, COFIBER_QUANTISED};
                    assert_well(cofiber_sim_run(sim, &features, &error), &error);
                    uint32_t compared = compare(&s, cofiber_sim_result(sim), nets);
                    assert_true(mode == COFIBER_DECISIONS || compared == cofiber_group_count(s.loaded));
                    free(values);
                    free(nets);
                }
                cofiber_sim_free(sim);
            }
        free_subject(&s);
    }
}

/* The bit engine and the reference, asked for as engines. */
static void engines_equal_the_reference(void **state)
{
    (void)state;
    for (uint64_t seed = 20; seed < 28; seed++) {
        struct subject s;
        make_subject(&s, seed);
        for (int engine = COFIBER_BITS; engine <= COFIBER_REFERENCE; engine++)
            for (int i = 0; i < 2; i++) {
                cofiber_options options = {
                    .engine = (cofiber_engine)engine, .mode = (cofiber_mode)i, .isa = isas[i], .threads = 1 + i};
                cofiber_sim *sim;
                cofiber_error error;
                assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
                for (uint64_t frame = 0; frame < 3; frame++) {
                    int64_t *nets = reference(&s, frame);
                    int32_t *values = quantised(&s, nets);
                    cofiber_features features = {values, COFIBER_QUANTISED};
                    assert_well(cofiber_sim_run(sim, &features, &error), &error);
                    assert_int_equal(compare(&s, cofiber_sim_result(sim), nets), cofiber_group_count(s.loaded));
                    free(values);
                    free(nets);
                }
                cofiber_sim_free(sim);
            }
        free_subject(&s);
    }
}

/* Features [D, H, W] that quantise to given integers give the same result as the integers. */
static void features_are_transposed_and_quantised(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 5);
    int64_t *nets = reference(&s, 1);
    float *data = malloc(s.count * sizeof *data);
    uint32_t plane = s.input.height * s.input.width;
    for (uint32_t i = 0; i < s.count; i++)
        data[i % s.input.channels * plane + i / s.input.channels] = (float)((double)nets[i] * s.input.scale);
    cofiber_sim *sim;
    cofiber_error error;
    assert_well(cofiber_sim_new(&sim, s.loaded, NULL, &error), &error);
    cofiber_features features = {data, COFIBER_F32};
    assert_well(cofiber_sim_run(sim, &features, &error), &error);
    assert_int_equal(compare(&s, cofiber_sim_result(sim), nets), cofiber_group_count(s.loaded));
    /* A gate by its name. */
    int64_t value = -1;
    uint32_t group = cofiber_group_find(s.loaded, "s0.classify");
    assert_well(cofiber_gate(cofiber_sim_result(sim), "s0.classify[0,0,0]", &value, &error), &error);
    assert_int_equal(value, nets[s.netlist->groups[group].first_net]);
    assert_false(cofiber_gate(cofiber_sim_result(sim), "s0.classify[0,0]", &value, &error));
    assert_false(cofiber_gate(cofiber_sim_result(sim), "s7.classify[0,0,0]", &value, &error));
    cofiber_sim_free(sim);
    free(data);
    free(nets);
    free_subject(&s);
}

static void errors_say_what_is_wrong(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 3);
    cofiber_error error;
    cofiber_netlist *none;
    cofiber_sim *sim;
    assert_false(cofiber_netlist_load(&none, "/nowhere/net.cfn", &error));
    assert_null(none);
    assert_non_null(strstr(error.text, "/nowhere/net.cfn"));
    cofiber_options options = {.isa = "sse2"};
    assert_false(cofiber_sim_new(&sim, s.loaded, &options, &error));
    assert_null(sim);
    assert_non_null(strstr(error.text, "sse2"));
    assert_well(cofiber_sim_new(&sim, s.loaded, NULL, &error), &error);
    int32_t *values = calloc(s.count, sizeof *values);
    float *floats = calloc(s.count, sizeof *floats);
    values[s.count - 1] = 1 << 20;
    floats[s.count / 2] = 0.0f / 0.0f;
    cofiber_features features = {values, COFIBER_QUANTISED};
    assert_false(cofiber_sim_run(sim, &features, &error));
    assert_int_equal(error.element, s.count - 1);
    assert_non_null(strstr(error.text, "does not fit"));
    features = (cofiber_features){floats, COFIBER_F32};
    assert_false(cofiber_sim_run(sim, &features, &error));
    assert_int_equal(error.element, s.count / 2);
    assert_non_null(strstr(error.text, "NaN"));
    assert_false(cofiber_sim_run(sim, &features, NULL));
    assert_int_equal(cofiber_group_find(s.loaded, "nothing"), UINT32_MAX);
    free(values);
    free(floats);
    cofiber_sim_free(sim);
    free_subject(&s);
}

static void count_lines(void *context, const char *text)
{
    assert_null(strchr(text, '\n'));
    ++*(int *)context;
}

/* ---- what is refused ---- */

static void features_without_data_are_refused(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 4);
    cofiber_sim *sim;
    cofiber_error error;
    assert_well(cofiber_sim_new(&sim, s.loaded, NULL, &error), &error);
    cofiber_features nothing[] = {{NULL, COFIBER_F32}, {NULL, COFIBER_QUANTISED}, {NULL, COFIBER_I64}};
    for (int i = 0; i < 3; i++)
        assert_refused(cofiber_sim_run(sim, &nothing[i], &error), &error, "no data");
    assert_refused(cofiber_sim_run(sim, NULL, &error), &error, "no data");
    cofiber_features unknown = {"", (cofiber_dtype)99};
    assert_refused(cofiber_sim_run(sim, &unknown, &error), &error, "unknown type 99");
    cofiber_sim_free(sim);
    free_subject(&s);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 4);
    cofiber_sim *sim;
    cofiber_error error;
    cofiber_options mode = {.mode = (cofiber_mode)7}, threads = {.threads = -1};
    assert_refused(cofiber_sim_new(&sim, s.loaded, &mode, &error), &error, "mode 7");
    assert_null(sim);
    assert_refused(cofiber_sim_new(&sim, s.loaded, &threads, &error), &error, "-1 threads");
    assert_null(sim);
    free_subject(&s);
}

static void results_are_of_the_frame_that_ran_last_or_of_none(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 6);
    cofiber_sim *sim;
    cofiber_error error;
    assert_well(cofiber_sim_new(&sim, s.loaded, NULL, &error), &error);
    assert_empty(&s, cofiber_sim_result(sim));
    int64_t *nets = reference(&s, 0);
    int32_t *values = quantised(&s, nets);
    cofiber_features features = {values, COFIBER_QUANTISED}, nothing = {NULL, COFIBER_QUANTISED};
    assert_well(cofiber_sim_run(sim, &features, &error), &error);
    assert_int_equal(compare(&s, cofiber_sim_result(sim), nets), cofiber_group_count(s.loaded));
    assert_false(cofiber_sim_run(sim, &nothing, NULL));
    assert_empty(&s, cofiber_sim_result(sim));
    assert_well(cofiber_sim_run(sim, &features, &error), &error);
    values[1] = 1 << 20;
    assert_false(cofiber_sim_run(sim, &features, NULL));
    assert_empty(&s, cofiber_sim_result(sim));
    free(values);
    free(nets);
    cofiber_sim_free(sim);
    free_subject(&s);
}

static void null_is_refused_everywhere(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 2);
    cofiber_netlist *netlist;
    cofiber_input input;
    cofiber_group group;
    cofiber_sim *sim;
    cofiber_error error;
    int64_t value;
    int lines = 0;
    assert_refused(cofiber_netlist_load(NULL, "net", &error), &error, "no place");
    assert_refused(cofiber_netlist_load(&netlist, NULL, &error), &error, "no path");
    assert_refused(cofiber_netlist_input(NULL, &input, &error), &error, "no netlist");
    assert_refused(cofiber_netlist_input(s.loaded, NULL, &error), &error, "no place");
    assert_int_equal(cofiber_group_count(NULL), 0);
    assert_false(cofiber_group_info(NULL, 0, &group) || cofiber_group_info(s.loaded, 0, NULL));
    assert_int_equal(cofiber_group_find(NULL, "input"), UINT32_MAX);
    assert_int_equal(cofiber_group_find(s.loaded, NULL), UINT32_MAX);
    assert_refused(cofiber_sim_new(NULL, s.loaded, NULL, &error), &error, "no place");
    assert_refused(cofiber_sim_new(&sim, NULL, NULL, &error), &error, "no netlist");
    assert_null(sim);
    cofiber_features features = {"", COFIBER_F32};
    assert_refused(cofiber_sim_run(NULL, &features, &error), &error, "no simulator");
    assert_null(cofiber_sim_isa(NULL));
    assert_int_equal(cofiber_sim_threads(NULL), 0);
    cofiber_sim_describe(NULL, count_lines, &lines);
    assert_null(cofiber_sim_result(NULL));
    assert_null(cofiber_values(NULL, 0, NULL));
    assert_false(cofiber_read(NULL, 0, &value));
    assert_refused(cofiber_gate(NULL, "input[0,0,0]", &value, &error), &error, "no result");
    assert_well(cofiber_sim_new(&sim, s.loaded, NULL, &error), &error);
    cofiber_sim_describe(sim, NULL, NULL);
    assert_refused(cofiber_gate(cofiber_sim_result(sim), NULL, &value, &error), &error, "no name");
    assert_refused(cofiber_gate(cofiber_sim_result(sim), "input[0,0,0]", NULL, &error), &error, "no place");
    cofiber_sim_free(sim);
    free_subject(&s);
}

/* ---- simulators side by side ---- */

struct worker {
    const struct subject *subject;
    uint64_t number;
    bool good;
};

static void *work(void *argument)
{
    struct worker *w = argument;
    cofiber_options options = {.mode = (cofiber_mode)(w->number % 2), .threads = 1};
    cofiber_sim *sim;
    cofiber_error error;
    w->good = cofiber_sim_new(&sim, w->subject->loaded, &options, &error);
    for (uint64_t frame = 0; w->good && frame < 20; frame++) {
        int64_t *nets = reference(w->subject, w->number * 100 + frame);
        int32_t *values = quantised(w->subject, nets);
        cofiber_features features = {values, COFIBER_QUANTISED};
        w->good = cofiber_sim_run(sim, &features, &error);
        compare(w->subject, cofiber_sim_result(sim), nets);
        free(values);
        free(nets);
    }
    cofiber_sim_free(sim);
    return NULL;
}

static void simulators_share_a_netlist(void **state)
{
    (void)state;
    enum { WORKERS = 4 };
    struct subject s;
    make_subject(&s, 13);
    pthread_t threads[WORKERS];
    struct worker workers[WORKERS];
    for (uint64_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){&s, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(workers[i].good);
    }
    free_subject(&s);
}

static void a_simulator_describes_itself(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 2);
    cofiber_options options = {.mode = COFIBER_DECISIONS, .isa = "portable", .threads = 2};
    cofiber_sim *sim;
    cofiber_error error;
    int lines = 0;
    assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
    cofiber_sim_describe(sim, count_lines, &lines);
    assert_true(lines > (int)cofiber_group_count(s.loaded));
    assert_string_equal(cofiber_sim_isa(sim), "portable");
    assert_int_equal(cofiber_sim_threads(sim), 2);
    assert_string_equal(cofiber_version(), COFIBER_VERSION);
    cofiber_sim_free(sim);
    cofiber_sim_free(NULL);
    cofiber_netlist_free(NULL);
    free_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_equal_the_reference),
        cmocka_unit_test(engines_equal_the_reference),
        cmocka_unit_test(features_are_transposed_and_quantised),
        cmocka_unit_test(errors_say_what_is_wrong),
        cmocka_unit_test(features_without_data_are_refused),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(results_are_of_the_frame_that_ran_last_or_of_none),
        cmocka_unit_test(null_is_refused_everywhere),
        cmocka_unit_test(simulators_share_a_netlist),
        cmocka_unit_test(a_simulator_describes_itself),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

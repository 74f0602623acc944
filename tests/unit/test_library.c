/* The public interface alone (cofiber.h): shapes, runs, results, batches, errors, threads; what it computes is held
 * against the reference simulator. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cofiber.h"
#include "netlists/store.h"
#include "sim/word.h"
#include "tests/support/regular_netlist.h"
#include "tests/support/scratch.h"

static void assert_well(bool done, const cofiber_error *error)
{
    if (!done)
        fail_msg("%s", error->text);
}

/* A circuit in a file, loaded by the library, beside the structure itself. */
struct subject {
    struct cf_netlist *netlist;
    cofiber_netlist *loaded;
    cofiber_input input;
    uint32_t count; /* of the input's nets */
};

static void make_subject(struct subject *s, uint64_t seed)
{
    struct random_source random = {seed};
    struct cf_error err;
    cofiber_error error;
    s->netlist = random_circuit(&random);
    assert_non_null(s->netlist);
    const char *path = scratch_path("subject.cfn");
    assert_done(cf_netlist_save(s->netlist, path, &err), &err);
    assert_well(cofiber_netlist_load(&s->loaded, path, &error), &error);
    assert_well(cofiber_netlist_input(s->loaded, &s->input, &error), &error);
    s->count = s->input.channels * s->input.height * s->input.width;
    assert_int_equal(s->count, s->netlist->groups[CF_INPUT].count);
}

static void free_subject(struct subject *s)
{
    cofiber_netlist_free(s->loaded);
    cf_netlist_free(s->netlist);
}

/* Values of all nets for the frame of that number: integers [H, W, D]. */
static int64_t *reference(const struct subject *s, uint64_t frame)
{
    struct random_source random = {frame ^ 0xf7a3e};
    int64_t *nets = calloc(s->netlist->net_count, sizeof *nets);
    assert_non_null(nets);
    random_input(&random, s->netlist, nets);
    cf_word_evaluate(s->netlist, nets);
    return nets;
}

static int32_t *quantised(const struct subject *s, const int64_t *nets)
{
    int32_t *values = malloc(s->count * sizeof *values);
    for (uint32_t i = 0; i < s->count; i++)
        values[i] = (int32_t)nets[i];
    return values;
}

/* Compares every group that the result has; returns how many. */
static uint32_t compare(const struct subject *s, const cofiber_result *result, const int64_t *nets)
{
    uint32_t compared = 0;
    cofiber_group group;
    for (uint32_t g = 0; cofiber_group_info(s->loaded, g, &group); g++) {
        int64_t *values = malloc(group.count * sizeof *values);
        if (cofiber_read(result, g, values)) {
            compared++;
            assert_memory_equal(values, nets + s->netlist->groups[g].first_net, group.count * sizeof *values);
        } else {
            assert_null(cofiber_values(result, g, NULL));
            assert_false(group.is_output);
        }
        free(values);
    }
    return compared;
}

static const char *const isas[] = {NULL, "portable", "reference"};

static void runs_equal_the_reference(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct subject s;
        make_subject(&s, seed);
        for (int mode = 0; mode < 2; mode++)
            for (int i = 0; i < 3; i++) {
                cofiber_options options = {(cofiber_mode)mode, isas[i], 1 + (int)seed % 3};
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

/* ---- batches ---- */

enum { FRAMES = 40 };

struct batch {
    const struct subject *subject;
    int64_t *nets[FRAMES];
    int32_t *values[FRAMES];
    int seen[FRAMES], released[FRAMES];
    uint64_t bad_source, bad_sink, stop_after; /* UINT64_MAX: none */
    uint64_t sunk;
};

static bool give(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    struct batch *b = context;
    if (frame == b->bad_source) {
        snprintf(error->text, sizeof error->text, "frame %d is not there", (int)frame);
        return false;
    }
    *features = (cofiber_features){b->values[frame], COFIBER_QUANTISED};
    return true;
}

static void take_back(void *context, uint64_t frame)
{
    ((struct batch *)context)->released[frame]++;
}

static bool take(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    struct batch *b = context;
    if (frame == b->bad_sink) {
        snprintf(error->text, sizeof error->text, "no room for %d", (int)frame);
        return false;
    }
    compare(b->subject, result, b->nets[frame]);
    b->seen[frame]++;
    __atomic_fetch_add(&b->sunk, 1, __ATOMIC_RELAXED); /* `stop` looks at it from any thread */
    return true;
}

static bool stop(void *context)
{
    struct batch *b = context;
    return __atomic_load_n(&b->sunk, __ATOMIC_RELAXED) >= b->stop_after;
}

static void start_batch(struct batch *b, const struct subject *s)
{
    *b = (struct batch){.subject = s, .bad_source = UINT64_MAX, .bad_sink = UINT64_MAX, .stop_after = UINT64_MAX};
    for (int f = 0; f < FRAMES; f++) {
        b->nets[f] = reference(s, (uint64_t)f);
        b->values[f] = quantised(s, b->nets[f]);
    }
}

static void end_batch(struct batch *b)
{
    for (int f = 0; f < FRAMES; f++) {
        free(b->nets[f]);
        free(b->values[f]);
    }
}

static void batches_take_every_frame_once(void **state)
{
    (void)state;
    struct subject s;
    struct batch b;
    make_subject(&s, 8);
    for (int threads = 1; threads <= 4; threads++)
        for (int i = 0; i < 3; i++) {
            cofiber_options options = {COFIBER_ALL_GATES, isas[i], threads};
            cofiber_sim *sim;
            cofiber_error error;
            uint64_t done;
            start_batch(&b, &s);
            assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
            cofiber_batch batch = {3, FRAMES - 3, give, take_back, take, NULL, &b};
            assert_well(cofiber_sim_run_batch(sim, &batch, &done, &error), &error);
            assert_int_equal(done, FRAMES - 3);
            for (int f = 0; f < FRAMES; f++) {
                assert_int_equal(b.seen[f], f >= 3);
                assert_int_equal(b.released[f], f >= 3);
            }
            batch.count = 2; /* fewer than threads: one after another */
            assert_well(cofiber_sim_run_batch(sim, &batch, NULL, &error), &error);
            assert_int_equal(b.seen[4], 2);
            cofiber_sim_free(sim);
            end_batch(&b);
        }
    free_subject(&s);
}

static void batches_stop_and_say_how_far_they_came(void **state)
{
    (void)state;
    struct subject s;
    struct batch b;
    make_subject(&s, 9);
    for (int threads = 1; threads <= 3; threads++)
        for (int what = 0; what < 3; what++) {
            cofiber_options options = {COFIBER_DECISIONS, NULL, threads};
            cofiber_sim *sim;
            cofiber_error error;
            uint64_t done = 0;
            start_batch(&b, &s);
            assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
            cofiber_batch batch = {0, FRAMES, give, take_back, take, stop, &b};
            *(what == 0 ? &b.bad_source : what == 1 ? &b.bad_sink : &b.stop_after) = 11;
            bool well = cofiber_sim_run_batch(sim, &batch, &done, &error);
            assert_int_equal(well, what == 2);
            if (!well) {
                assert_int_equal(done, 11);
                assert_int_equal(error.frame, 11);
                assert_non_null(strstr(error.text, what ? "no room for 11" : "frame 11 is not there"));
            }
            assert_true(done >= 11 && done <= 11 + (uint64_t)threads);
            for (uint64_t f = 0; f < done; f++)
                assert_int_equal(b.seen[f], 1);
            cofiber_sim_free(sim);
            end_batch(&b);
        }
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
    cofiber_options options = {(cofiber_mode)(w->number % 2), NULL, 1};
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

static void count_lines(void *context, const char *text)
{
    assert_null(strchr(text, '\n'));
    ++*(int *)context;
}

static void a_simulator_describes_itself(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 2);
    cofiber_options options = {COFIBER_DECISIONS, "portable", 2};
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
        cmocka_unit_test(features_are_transposed_and_quantised),
        cmocka_unit_test(errors_say_what_is_wrong),
        cmocka_unit_test(batches_take_every_frame_once),
        cmocka_unit_test(batches_stop_and_say_how_far_they_came),
        cmocka_unit_test(simulators_share_a_netlist),
        cmocka_unit_test(a_simulator_describes_itself),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

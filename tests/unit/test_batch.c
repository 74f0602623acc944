/* Batches through the public interface (cofiber.h): every frame once, stops and errors, how memory is kept in bounds
 * (looked up inside); what is computed is held against the reference simulator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/library.h"
#include "tests/support/library_subject.h"
#include "tests/support/scratch.h"

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
        for (int i = 0; i <= ISAS; i++) {
            cofiber_options options = {.isa = i < ISAS ? isas[i] : NULL, .threads = threads};
            options.engine = i < ISAS ? COFIBER_WORD : COFIBER_BITS;
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
    for (int threads = 0; threads <= 3; threads++)
        for (int what = 0; what < 3; what++) {
            cofiber_options options = {.mode = COFIBER_DECISIONS, .threads = threads};
            if (threads == 0) /* the bit engine, with all threads */
                options.engine = COFIBER_BITS;
            cofiber_sim *sim;
            cofiber_error error;
            uint64_t done = 0;
            start_batch(&b, &s);
            assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
            cofiber_batch batch = {0, FRAMES, give, take_back, take, stop, &b};
            b.bad_source = what == 0 ? 11 : UINT64_MAX;
            b.bad_sink = what == 1 ? 11 : UINT64_MAX;
            b.stop_after = what == 2 ? 11 : UINT64_MAX;
            bool well = cofiber_sim_run_batch(sim, &batch, &done, &error);
            assert_int_equal(well, what == 2);
            if (!well) {
                assert_int_equal(done, 11);
                assert_int_equal(error.frame, 11);
                assert_non_null(strstr(error.text, what ? "no room for 11" : "frame 11 is not there"));
            }
            assert_true(done >= 11 && (threads == 0 || done <= 11 + (uint64_t)threads));
            for (uint64_t f = 0; f < done; f++)
                assert_int_equal(b.seen[f], 1);
            cofiber_sim_free(sim);
            end_batch(&b);
        }
    free_subject(&s);
}

static bool give_nothing(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    (void)context;
    (void)error;
    *features = (cofiber_features){frame == 5 ? NULL : "", frame == 5 ? COFIBER_F32 : (cofiber_dtype)-1};
    return true;
}

static void batches_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct subject s;
    struct batch b;
    make_subject(&s, 8);
    start_batch(&b, &s);
    cofiber_options options = {.threads = 2};
    cofiber_sim *sim;
    cofiber_error error;
    uint64_t done = 7;
    assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
    cofiber_batch good = {0, FRAMES, give, take_back, take, NULL, &b}, batch = good;
    assert_refused(cofiber_sim_run_batch(NULL, &batch, &done, &error), &error, "no simulator");
    assert_int_equal(done, 0);
    assert_refused(cofiber_sim_run_batch(sim, NULL, NULL, &error), &error, "no batch");
    batch.source = NULL;
    assert_refused(cofiber_sim_run_batch(sim, &batch, &done, &error), &error, "without a source");
    batch = good;
    batch.sink = NULL;
    assert_refused(cofiber_sim_run_batch(sim, &batch, &done, &error), &error, "without a sink");
    batch = good;
    batch.first = UINT64_MAX - FRAMES + 1;
    assert_refused(cofiber_sim_run_batch(sim, &batch, &done, &error), &error, "passes 2^64");
    batch = good;
    batch.source = give_nothing;
    batch.first = 5;
    assert_refused(cofiber_sim_run_batch(sim, &batch, &done, &error), &error, "no data");
    assert_int_equal(error.frame, 5);
    for (int f = 0; f < FRAMES; f++)
        assert_int_equal(b.seen[f], 0);
    /* Nothing is left of a batch, nor of the run before it, with frames one after another and side by side. */
    for (uint64_t count = 1; count <= FRAMES; count += FRAMES - 1) {
        cofiber_features features = {b.values[0], COFIBER_QUANTISED};
        assert_well(cofiber_sim_run(sim, &features, &error), &error);
        batch = (cofiber_batch){0, count, give, NULL, take, NULL, &b};
        assert_well(cofiber_sim_run_batch(sim, &batch, &done, &error), &error);
        assert_empty(&s, cofiber_sim_result(sim));
    }
    cofiber_sim_free(sim);
    end_batch(&b);
    free_subject(&s);
}

/* How many frames are between source and release at once. */
struct crowd {
    struct batch batch;
    _Atomic int inside, most;
};

static bool enter(void *context, uint64_t frame, cofiber_features *features, cofiber_error *error)
{
    struct crowd *crowd = context;
    int inside = atomic_fetch_add(&crowd->inside, 1) + 1, most = atomic_load(&crowd->most);
    while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
        ;
    return give(&crowd->batch, frame, features, error);
}

static void leave(void *context, uint64_t frame)
{
    struct crowd *crowd = context;
    atomic_fetch_sub(&crowd->inside, 1);
    take_back(&crowd->batch, frame);
}

static bool take_of_crowd(void *context, uint64_t frame, const cofiber_result *result, cofiber_error *error)
{
    return take(&((struct crowd *)context)->batch, frame, result, error);
}

/* With memory for `teams` frames, no more are under way, and threads that are left over work together on one. */
static void memory_limits_the_frames_side_by_side(void **state)
{
    (void)state;
    struct subject s;
    make_subject(&s, 11);
    for (int i = 0; i < ISAS; i++)
        for (int teams = 1; teams <= 5; teams++)
            for (int mode = 0; mode < 2; mode++) {
                struct crowd crowd = {.inside = 0};
                cofiber_options options = {.mode = (cofiber_mode)mode, .isa = isas[i], .threads = 7};
                cofiber_sim *sim;
                cofiber_error error;
                uint64_t done;
                start_batch(&crowd.batch, &s);
                assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
                options.memory = (size_t)teams * cf_frame_bytes(sim) + 1;
                cofiber_sim_free(sim);
                assert_well(cofiber_sim_new(&sim, s.loaded, &options, &error), &error);
                cofiber_batch batch = {0, FRAMES, enter, leave, take_of_crowd, NULL, &crowd};
                assert_well(cofiber_sim_run_batch(sim, &batch, &done, &error), &error);
                assert_int_equal(done, FRAMES);
                assert_int_equal(sim->team_count, teams > 1 ? teams : 0);
                int threads = 0;
                for (int t = 0; t < sim->team_count; t++)
                    threads += sim->teams[t].threads;
                assert_int_equal(threads, teams == 1 ? 0 : i == 2 ? teams : 7);
                assert_true(crowd.most <= teams);
                for (int f = 0; f < FRAMES; f++)
                    assert_true(crowd.batch.seen[f] == 1 && crowd.batch.released[f] == 1);
                cofiber_sim_free(sim);
                end_batch(&crowd.batch);
            }
    free_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_take_every_frame_once),
        cmocka_unit_test(batches_stop_and_say_how_far_they_came),
        cmocka_unit_test(batches_that_cannot_be_are_refused),
        cmocka_unit_test(memory_limits_the_frames_side_by_side),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
